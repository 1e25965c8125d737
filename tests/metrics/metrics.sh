#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# metrics.sh [--update] BUILD - alert rules and dashboard against a running agent, and a real Prometheus
# that scrapes it; TAP. With --update, README's list of metrics is made anew.
# Needs root, curl, jq, and prometheus with promtool.
set -uo pipefail
export LC_ALL=C

readonly tests=10 opens=3000
here=$(dirname "$(realpath "$0")")
readonly here conf=$here/../../conf
n=0 agent='' prometheus='' port=''

say() { # STATUS NAME [WHAT]
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed -n '1,20s/^/# /p' <<< "${3:-}"
	fi
}

finish() {
	[ -z "$prometheus" ] || { kill "$prometheus" && wait "$prometheus"; } 2> /dev/null
	[ -z "$agent" ] || { kill -9 "$agent" && wait "$agent"; } 2> /dev/null
	rm -rf "$work"
}

await() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# --- the agent

told_port() {
	port=$(sed -n 's,.*metrics at http://127.0.0.1:\([0-9]*\)/.*,\1,p' "$work/agent.err")
	[ -n "$port" ]
}

start_agent() {
	mkdir "$work/policies"
	cat > "$work/saker.yaml" <<- END
		agent: {canary_interval: 1s}
		metrics: {address: "127.0.0.1:0", bpf_stats: true}
		policies: [policies]
		sinks: {events: {type: file, path: events.json}}
	END
	# Only what the load does is delivered, beside what the agent says of itself.
	cat > "$work/policies/load.yaml" <<- END
		name: load
		events:
		  openat: {where: "args.path = $work/mark"}
		  sock_state: {where: "proc.name = nobody"}
		  oom_kill: {where: "proc.name = nobody"}
	END
	# An agent that serves this machine shall not be in the way.
	RUNTIME_DIRECTORY=$work "$saker" run -c "$work/saker.yaml" > "$work/agent.out" 2> "$work/agent.err" &
	agent=$!
	await 20 told_port && await 20 grep -q agent_start "$work/events.json"
}

# Runs and canaries are there once there was one.
scraped_all() {
	curl -sf --max-time 10 "http://127.0.0.1:$port/metrics" > "$work/metrics" &&
		grep -q '^saker_program_runs_total' "$work/metrics" && grep -q '^saker_canary_sent_total' "$work/metrics"
}

# --- expressions of the rules and the dashboard

# One a line.
rule_expressions() {
	awk '/^ *expr: /{ sub(/^ *expr: (>-)?/, ""); on = 1; printf "%s", $0; next }
		on && /^ *(for|labels|annotations):/ { on = 0; print "" }
		on { sub(/^ */, " "); printf "%s", $0 }' "$conf/prometheus/saker.rules.yaml"
}

dashboard_expressions() { jq -r '.panels[].targets[].expr' "$conf/grafana/saker.json"; }

# Labels that an expression matches or sums by, but for those that the scraper adds.
labels_of() { # EXPRESSION
	{
		grep -oE 'by \([^)]*' <<< "$1" | sed 's/by (//' | tr ', ' '\n'
		grep -oE '[{,] *[a-z_]+(=|!)' <<< "$1" | grep -oE '[a-z_]+'
	} | grep -vxE 'instance|job|' | sort -u
}

# Each metric must be there, with all labels that the expression names.
check_expressions() {
	local expression metric label
	while read -r expression; do
		while read -r metric; do
			grep -qE "^${metric}[ {]" "$work/metrics" || echo "no $metric, in: $expression"
			while read -r label; do
				grep -qE "^$metric\{(.*,)?$label=\"" "$work/metrics" || echo "$metric has no $label, in: $expression"
			done < <(labels_of "$expression")
		done < <(grep -oE 'saker_[a-z0-9_]+' <<< "$expression" | sort -u)
	done
}

# --- README

readonly list_begin='<!-- metrics: begin, made by tests/metrics/metrics.sh --update -->' list_end='<!-- metrics: end -->'

# Metrics by what they are kept for, which is their first word and their label.
list_metrics() {
	echo '| label | metrics |'
	echo '|---|---|'
	sed -n 's/^# TYPE saker_\([a-z0-9_]*\) .*/\1/p' "$work/metrics" | awk '
		BEGIN { split("lane event policy sink check canary program map secret", words) }
		{
			of = ""
			for (i in words) if (index($0, words[i] "_") == 1) of = words[i]
			name = of ? substr($0, length(of) + 2) : $0
			if (!(of in rows)) order[++n] = of
			rows[of] = rows[of] " `" name "`"
		}
		END {
			for (i = 1; i <= n; i++)
				print "| " (order[i] ? "`" order[i] "`: `saker_" order[i] "_`.." : "none: `saker_`..") " |" rows[order[i]] " |"
		}'
}

with_list() { # README
	awk -v begin="$list_begin" '{ print } $0 == begin { exit }' "$1"
	printf '\n%s\n\n' "$(list_metrics)"
	awk -v end="$list_end" '$0 == end { on = 1 } on' "$1"
}

check_readme() {
	local readme=$here/../../README.md
	if ! grep -qxF -- "$list_begin" "$readme" || ! grep -qxF -- "$list_end" "$readme"; then
		echo 'README.md lacks the marks'
		return
	fi
	[ -z "$update" ] || { with_list "$readme" > "$work/readme" && cat "$work/readme" > "$readme"; }
	diff "$readme" <(with_list "$readme")
}

# --- Prometheus

free_port() {
	local p
	for p in $(shuf -i 20000-30000 -n 20); do
		(: < "/dev/tcp/127.0.0.1/$p") 2> /dev/null || { echo "$p"; return; }
	done
}

start_prometheus() {
	web=127.0.0.1:$(free_port)
	cat > "$work/prometheus.yml" <<- END
		global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}
		rule_files: [$(realpath "$conf")/prometheus/saker.rules.yaml]
		scrape_configs: [{job_name: saker, static_configs: [{targets: ["127.0.0.1:$port"]}]}]
	END
	prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address="$web" \
		> "$work/prometheus.log" 2>&1 &
	prometheus=$!
}

value() { # EXPRESSION
	curl -s --max-time 10 -G "http://$web/api/v1/query" --data-urlencode "query=$1" |
		jq -r '.data.result[0].value[1] // empty' 2> /dev/null
}

is_value() { [ "$(value "$1")" = "$2" ]; }

load() {
	local i
	for ((i = 0; i < opens; i++)); do : < "$work/mark"; done
}

targets_healthy() {
	curl -s "http://$web/api/v1/targets" | jq -e '.data.activeTargets
		| length == 1 and all(.[]; .health == "up" and .lastError == "")' > /dev/null
}

rules_healthy() {
	curl -s "http://$web/api/v1/rules" | jq -e '[.data.groups[].rules[]]
		| length > 10 and all(.[]; .health == "ok")' > /dev/null
}

main() {
	local out delivered
	update=
	[ "${1:-}" != --update ] || { update=yes && shift; }
	[ $# -eq 1 ] || { echo 'usage: metrics.sh [--update] BUILD' >&2; exit 2; }
	saker=$(realpath "$1")/saker
	if ! command -v promtool > /dev/null || ! command -v prometheus > /dev/null; then
		echo '1..0 # SKIP prometheus is not installed'
		exit 0
	fi
	work=$(mktemp -d)
	trap finish EXIT
	echo "1..$tests"
	out=$(promtool check rules "$conf/prometheus/saker.rules.yaml" 2>&1)
	say $? 'promtool finds nothing wrong in the rules' "$out"
	out=$(promtool test rules "$here/rules_test.yaml" 2>&1)
	say $? 'alerts fire when they shall, and only then' "$out"
	touch "$work/mark"
	start_agent
	say $? 'the agent tells its metrics' "$(cat "$work/agent.err")"
	await 10 scraped_all
	out=$(promtool check metrics < "$work/metrics" 2>&1)
	[ -z "$out" ]
	say $? 'promtool finds nothing wrong in the metrics' "$out"
	out=$({ rule_expressions; dashboard_expressions; } | check_expressions)
	[ -z "$out" ] && [ "$({ rule_expressions; dashboard_expressions; } | grep -c saker_)" -gt 40 ]
	say $? 'each metric and label of rules and dashboard is there' "$out"
	out=$(check_readme)
	[ -z "$out" ]
	say $? "README's list of metrics is what the agent tells; else: metrics.sh --update" "$out"
	start_prometheus
	await 20 is_value 'up{job="saker"}' 1 && await 10 targets_healthy
	say $? 'Prometheus scrapes it without an error' "$(tail -n 5 "$work/prometheus.log")"
	load
	await 20 is_value 'saker_event_delivered_total{event="openat"}' "$opens"
	say $? "Prometheus counts $opens opens" "$(value 'saker_event_delivered_total{event="openat"}')"
	await 20 rules_healthy
	say $? 'Prometheus evaluates all rules' "$(curl -s "http://$web/api/v1/rules" | jq -c '[.data.groups[].rules[] | [.name, .health, .lastError]]')"
	delivered=$(value 'sum(saker_lane_delivered_total)')
	kill -INT "$agent"
	wait "$agent"
	agent=''
	out=$(jq -r 'select(.event == "agent_stop").args.delivered' "$work/events.json")
	[ -n "$out" ] && [ "$out" = "$delivered" ]
	say $? 'its last figure is what the agent says at its end' "told $out, scraped $delivered"
}

main "$@"
