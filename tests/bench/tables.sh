#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Part of run.sh: what saker costs and captures, a function NAME_table a table.
# shellcheck disable=SC2034,SC2154 # what run.sh, which reads this file, and the files beside it set or use

# --- what it adds to the traced program

declare -rA selections=(
	[nothing]=agent_start [other]=uname [all]=all
	[call]="getppid,openat,connect,process_fork,process_exec,process_exit"
)
declare -rA ops=([getppid]=300000 [openat]=50000 [connect]=8000 [exec]=150)

measure_setting() { # SETTING MODE...
	local setting=$1 mode
	shift
	[ "$setting" = off ] || agent_start /dev/null -e "${selections[$setting]}"
	for mode; do cost "$mode" "${ops[$mode]}" >> "$work/cost.$setting.$mode"; done
	agent_stop
}

# Forwards and backwards in turn, so that what drifts hits off and on alike.
measure_costs() { # REPEATS SETTINGS MODE...
	local n=$1 settings i j
	read -ra settings <<< "$2"
	shift 2
	rm -f "$work"/cost.*
	for ((i = 0; i < n; i++)); do
		for ((j = 0; j < ${#settings[@]}; j++)); do
			measure_setting "${settings[i % 2 ? ${#settings[@]} - 1 - j : j]}" "$@"
		done
	done
}

added() { # SETTING MODE
	median_difference "$work/cost.off.$2" "$work/cost.$1.$2"
}

costs_table() {
	local mode s row
	measure_costs "$repeats" 'off nothing other call all' getppid openat connect exec
	echo '| ns of processor time for one | untraced | nothing selected | another call | this call | everything |'
	echo '|---|---|---|---|---|---|'
	for mode in getppid openat connect exec; do
		row="| $mode | $(calc %.0f "$(median < "$work/cost.off.$mode")")"
		for s in nothing other call all; do row+=" | $(calc %+.0f "$(added "$s" "$mode")")"; done
		echo "$row |"
	done
}

# --- what the consumer costs

# The agent's own figures at its end, summed over lanes or of one: NAME=VALUE words.
figures() { # FILE [LANE]
	grep '"event":"stats"' "$1" | tail -n 3 | perl -ne '
		BEGIN { $lane = shift // ""; @names = qw(filtered submitted dropped read delivered rejected invalid) }
		($args) = /"args":(\{[^}]*\})/ or next;
		next if $lane && $args !~ /"lane":"$lane"/;
		for $n (@names) { $sum{$n} += $1 if $args =~ /"$n":"?(\d+)/ }
		END { print join " ", map { "$_=" . ($sum{$_} // 0) } @names }' "${2:-}"
}

figure() { # NAME FIGURES
	[[ " $2" =~ \ $1=([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# Nanoseconds a record. Only the load passes the filter in the kernel, so others do not count.
json_cpu() { # OUTPUT
	local before after events
	agent_start "$1" -e openat --comm bench-load
	settle "$agent"
	before=$(cpu_ns "$agent")
	load openat 200000 > /dev/null
	settle "$agent"
	after=$(cpu_ns "$agent")
	agent_stop
	events=$(sed -n 's/^saker: \([0-9]*\) events.*/\1/p' "$work/agent.err")
	calc %.1f "($after - $before) / $events"
}

# Forks and exits always come up to user space, to keep the process table, and are rejected there
# when nobody selected them: read, checked, looked up, counted, and nothing written.
rejected_cpu() {
	local before after
	agent_start "$work/out" -e stats --comm bench-load
	settle "$agent"
	before=$(cpu_ns "$agent")
	load clone 50000 > /dev/null
	settle "$agent"
	after=$(cpu_ns "$agent")
	agent_stop
	calc %.1f "($after - $before) / $(figure rejected "$(figures "$work/out")")"
}

consumer_table() {
	local i lines bytes
	for ((i = 0; i < (repeats + 1) / 2; i++)); do
		rejected_cpu >> "$work/consumer.rejected" && echo >> "$work/consumer.rejected"
		json_cpu /dev/null >> "$work/consumer.null" && echo >> "$work/consumer.null"
		rm -f "$work/out"
		json_cpu "$work/out" >> "$work/consumer.file" && echo >> "$work/consumer.file"
	done
	lines=$(wc -l < "$work/out")
	bytes=$(stat -c %s "$work/out")
	rm -f "$work/out"
	taskset -c "$agent_cpu" "$saker" record -w "$work/raw" -e openat --comm bench-load 2> /dev/null &
	agent=$!
	wait_ready "$agent"
	load openat 100000 > /dev/null
	settle "$agent"
	agent_stop
	echo '| consumer, one openat a record | |'
	echo '|---|---|'
	echo "| rejected in user space | $(median < "$work/consumer.rejected") ns |"
	echo "| JSON to /dev/null | $(median < "$work/consumer.null") ns |"
	echo "| JSON to a file | $(median < "$work/consumer.file") ns |"
	echo "| bytes of a record | $(calc %.0f "$(stat -c %s "$work/raw") / 100000") |"
	echo "| bytes of its JSON line | $(calc %.0f "$bytes / $lines") |"
	rm -f "$work/raw"
}

# --- start, memory, idling

# Milliseconds from the start of the program to the first byte it writes, while the load runs.
first_event() { # EVENTS
	local begin end
	load_start
	begin=$EPOCHREALTIME
	# shellcheck disable=SC2034 # only that it came matters
	end=$(taskset -c "$agent_cpu" "$saker" trace -o json -e "$1" --count 1 2> /dev/null |
		{ IFS= read -rN 1 byte && echo "$EPOCHREALTIME" && cat > /dev/null; })
	load_stop
	calc %.1f "($end - $begin) * 1000"
}

watching() { # EVENTS: milliseconds until it watches, as it says itself
	local line
	line=$("$saker" trace -o json -e agent_start -e "$1" --for 1ms 2> /dev/null | grep -m1 '"agent_start"')
	calc %.1f "$(field elapsed "$line") / 1e6"
}

# Milliseconds from the start of saker run with the shipped policy until it says that it watches.
running() {
	local begin=$EPOCHREALTIME end
	printf 'agent: {run_dir: %s}\npolicies: [%s]\nsinks: {events: {type: stdout}}\n' "$work/run" \
		"$(realpath "$here/../../conf/policies/default.yaml")" > "$work/run.yaml"
	end=$(timeout 1 "$saker" run -c "$work/run.yaml" 2>&1 > /dev/null |
		while read -r line; do [[ $line != *watching* ]] || echo "$EPOCHREALTIME"; done)
	calc %.1f "($end - $begin) * 1000"
}

memory() { # PID: KiB as NAME=VALUE words
	perl -e '
		for (`cat /proc/$ARGV[0]/status`) { print "$1=$2 " if /^(VmRSS|VmHWM|RssAnon):\s*(\d+)/ }
		for (`cat /proc/$ARGV[0]/smaps`) {
			$lane = /bpf-map/ if /^[0-9a-f]+-[0-9a-f]+ /;
			$sum += $1 if $lane && /^Rss:\s*(\d+)/;
		}
		print "lanes=", $sum // 0' "$1"
}

idle_cpu() { # SECONDS: per cent of a processor; no process is named so
	local before
	agent_start /dev/null --comm nobody-is-this
	settle "$agent"
	before=$(cpu_ns "$agent")
	sleep "$1"
	calc %.3f "($(cpu_ns "$agent") - $before) / $1 / 1e7"
	agent_stop
}

several() { # TIMES COMMAND...: the median
	local i n=$1
	shift
	for ((i = 0; i < n; i++)); do "$@" && echo; done | median
}

rest_table() {
	[ -n "${memory_after:-}" ] || capture 1000000
	echo '| start, memory, idling | |'
	echo '|---|---|'
	echo "| start to first event, openat selected | $(several 5 first_event openat) ms |"
	echo "| start to first event, everything selected | $(several 5 first_event all) ms |"
	echo "| start to watching, openat selected | $(several 5 watching openat) ms |"
	echo "| start to watching, everything selected | $(several 5 watching all) ms |"
	echo "| start to watching, saker run with the shipped policy | $(several 5 running) ms |"
	echo "| resident after the flood | $(calc %.1f "$(figure VmRSS "$memory_after") / 1024") MiB |"
	echo "| of that lanes and other maps | $(calc %.1f "$(figure lanes "$memory_after") / 1024") MiB |"
	echo "| of that anonymous | $(calc %.1f "$(figure RssAnon "$memory_after") / 1024") MiB |"
	echo "| highest resident | $(calc %.1f "$(figure VmHWM "$memory_after") / 1024") MiB |"
	echo "| idle | $(idle_cpu 5) % of a processor |"
}

# --- what it captures

# Sets lines, lane (figures of the lane of openat) and memory_after.
capture() { # OPS [OPTION...]
	local n=$1
	shift
	agent_start "$work/out" -e openat,stats --comm bench-load
	settle "$agent"
	load "$@" openat "$n" > /dev/null
	settle "$agent"
	memory_after=$(memory "$agent")
	agent_stop
	lines=$(grep -c '"event":"openat"' "$work/out" || true)
	lane=$(figures "$work/out" normal)
	rm -f "$work/out"
}

# What the load did is what was written and what was dropped, and each step passes on what it got.
balanced() { # OPS
	local dropped submitted got
	dropped=$(figure dropped "$lane")
	submitted=$(figure submitted "$lane")
	got=$(figure read "$lane")
	((lines + dropped == $1 && submitted == lines && got == submitted && $(figure delivered "$lane") == lines))
}

capture_row() { # NAME OPS [OPTION...]
	local name=$1 n=$2 verdict='does not balance'
	shift
	capture "$@"
	! balanced "$n" || verdict=balanced
	echo "| $name | $(calc %.2f "100 * $lines / $n") % | $(figure dropped "$lane") | $verdict |"
}

capture_table() {
	local rate
	echo '| opens | captured | lost | accounts |'
	echo '|---|---|---|---|'
	for rate in 10000 50000 100000 200000; do
		capture_row "$((rate / 1000))k/s" $((2 * rate)) --rate "$rate"
	done
	capture_row '1M, as fast as one processor can' 1000000
}

# --- filters, policies, reloads

# What, the load, and an expression that is false for all of it.
readonly kinds=(
	'a process id|getppid|proc.pid = 1'
	'a user|getppid|user.uid = 12345'
	'a task name|getppid|proc.name = nobody'
	'a mount namespace|getppid|proc.mnt_ns = 1'
	'an executable by inode|getppid|proc.exe_ino = 1'
	'an executable by path|getppid|proc.exe = /no/where'
	'a cgroup and those below|getppid|proc.cgroup_path pmatch (/no/where)'
	'a process and all it started|getppid|proc.apid = 999999999'
	'the result|getppid|ret < 0'
	'flags|openat|args.flags contains O_PATH'
	'a path|openat|args.path startswith /no/where'
	'what was opened|openat|fd.name startswith /no/where'
	'an address|connect|args.addr = 10.0.0.0/8'
	'a port|connect|fd.rport = 1'
)

# In pairs of off and on, so that what drifts hits both alike.
kind_measure() { # FILE MODE OPTION...
	local file=$1 mode=$2
	shift 2
	cost "$mode" "${ops[$mode]}" >> "$file.off"
	agent_start /dev/null "$@"
	cost "$mode" "${ops[$mode]}" >> "$file.on"
	agent_stop
}

kinds_table() {
	local i n what mode expr ns
	local -A other=()
	rm -f "$work"/kind.*
	for ((n = 0; n < repeats; n++)); do
		for mode in getppid openat connect; do kind_measure "$work/kind.$mode" "$mode" -e uname; done
		for i in "${!kinds[@]}"; do
			IFS='|' read -r what mode expr <<< "${kinds[i]}"
			kind_measure "$work/kind.$i" "$mode" -e "$mode" "$expr"
		done
	done
	for mode in getppid openat connect; do
		other[$mode]=$(median_difference "$work/kind.$mode.off" "$work/kind.$mode.on")
	done
	echo '| what a filter of the kernel side asks | of | ns for one that it leaves out | times one of an event that nobody selects |'
	echo '|---|---|---|---|'
	for i in "${!kinds[@]}"; do
		IFS='|' read -r what mode expr <<< "${kinds[i]}"
		ns=$(median_difference "$work/kind.$i.off" "$work/kind.$i.on")
		echo "| $what | $mode | $(calc %+.0f "$ns") | $(calc %.1f "$ns / ${other[$mode]}") |"
	done
}

# The agent with the policies that are there, and a file as its sink.
run_start() {
	printf 'policies: [policies]\nsinks:\n  file: {type: file, path: run.json}\n' > "$work/saker.yaml"
	rm -f "$work/run.json"
	RUNTIME_DIRECTORY=$work/state taskset -c "$agent_cpu" "$saker" run -c "$work/saker.yaml" > /dev/null 2> "$work/agent.err" &
	agent=$!
	wait_ready "$agent" || die "saker run: $(cat "$work/agent.err")"
	settle "$agent"
}

# One policy wants the load's opens, the others ask each for another path.
policies_write() { # COUNT
	local i
	rm -rf "$work/policies"
	mkdir "$work/policies"
	printf 'name: load\nevents: {openat: {where: proc.name = bench-load}}\n' > "$work/policies/load.yaml"
	for ((i = 1; i < $1; i++)); do
		printf 'name: p%d\nevents: {openat: {where: "args.path startswith /nowhere/%d and proc.name != sh"}}\n' "$i" "$i" \
			> "$work/policies/p$i.yaml"
	done
}

policies_cpu() { # COUNT: nanoseconds of the agent's processor time a record, from hook to file
	local before after
	policies_write "$1"
	run_start
	before=$(cpu_ns "$agent")
	load --rate 100000 openat 200000 > /dev/null
	settle "$agent"
	after=$(cpu_ns "$agent")
	agent_stop
	calc %.1f "($after - $before) / $(grep -c '"names":\[[^]]*"load"' "$work/run.json")"
}

policies_table() {
	local n i one='' ns
	echo '| policies | consumer, ns for an openat to a file | records a second | times one policy |'
	echo '|---|---|---|---|'
	for n in 1 10 64; do
		rm -f "$work/many"
		for ((i = 0; i < (repeats + 1) / 2; i++)); do policies_cpu "$n" >> "$work/many" && echo >> "$work/many"; done
		ns=$(median < "$work/many")
		one=${one:-$ns}
		echo "| $n | $(calc %.0f "$ns") | $(calc %.0f "1e9 / $ns") | $(calc %.2f "$ns / $one") |"
	done
}

# How much of a steady load the agent writes to a file, all of it on one processor: its threads, too.
file_table() {
	local rate n lines
	policies_write 1
	echo '| opens a second for three seconds, a JSON line each to a file | written |'
	echo '|---|---|'
	for rate in 100000 200000 300000 400000 500000 600000; do
		n=$((3 * rate))
		run_start
		load --rate "$rate" openat "$n" > /dev/null
		settle "$agent"
		agent_stop
		lines=$(grep -c '"names":\["load"\]' "$work/run.json" || true)
		echo "| $((rate / 1000))k/s | $(calc %.2f "100 * $lines / $n") % |"
	done
}

# Tell the agent to read its files: what it says of the reload.
reload() { # FIELD..
	local before i field
	before=$(grep -c '"event":"policy_reload"' "$work/run.json" || true)
	kill -HUP "$agent"
	for ((i = 0; i < 1000; i++)); do
		[ "$(grep -c '"event":"policy_reload"' "$work/run.json" || true)" -le "$before" ] || break
		sleep 0.02
	done
	for field; do
		grep '"event":"policy_reload"' "$work/run.json" | tail -n 1 |
			perl -ne 'BEGIN { $f = shift } print /"$f":"?(\d+)/ ? $1 : "nan", "\n"' "$field"
	done
}

# With every hook that there is to load and attach, to detach, and with nothing but filters to fill.
reload_table() {
	local hooks i
	rm -f "$work"/reload.*
	for ((i = 0; i < (repeats + 1) / 2; i++)); do
		policies_write 1
		run_start
		cp "$here/../../conf/policies/everything.yaml" "$work/policies/every.yaml"
		{ read -r ns && read -r hooks; } < <(reload elapsed hooks) && echo "$ns" >> "$work/reload.add"
		rm "$work/policies/every.yaml"
		reload elapsed >> "$work/reload.remove"
		sed -i 's/bench-load/bench-warm/' "$work/policies/load.yaml"
		reload elapsed >> "$work/reload.change"
		agent_stop
	done
	echo '| a reload that | ms |'
	echo '|---|---|'
	echo "| adds all events, $hooks hooks in all | $(calc %.1f "$(median < "$work/reload.add") / 1e6") |"
	echo "| takes them away | $(calc %.1f "$(median < "$work/reload.remove") / 1e6") |"
	echo "| changes a filter | $(calc %.1f "$(median < "$work/reload.change") / 1e6") |"
}

# --- sinks and the loop

# Somebody who connects and never reads: where. And a resolver that never answers.
deaf_start() {
	rm -f "$work/deaf"
	perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
		$r = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.77:53");
		print $s->sockport, "\n"; $c = $s->accept; sleep 60' > "$work/deaf" &
	deaf=$!
	until [ -s "$work/deaf" ]; do sleep 0.02; done
}

# Of a histogram of the metrics: the bound below which 99 of 100 are, in milliseconds, and how many there are.
# shellcheck disable=SC2016 # perl's own
p99() { # NAME FILE
	perl -ne 'push @b, [$1, $2] if /^saker_$ARGV_NAME\_bucket\{le="([^"]+)"\} (\d+)/;
		BEGIN { $ARGV_NAME = shift }
		END { for (@b) { last if ($at = $_->[0]) ne "" && $_->[1] >= 0.99 * $b[-1][1] }
			printf "%s %d\n", $at eq "+Inf" ? "inf" : $at * 1000, $b[-1][1] }' "$1" "$2"
}

# Fifty thousand a second to a file, to one who never reads, to nobody, and to one whose name nobody tells: how long a turn of the loop takes,
# which is how long a timer may have to wait, and how late the timer of each second was.
lag_measure() {
	local port i
	deaf_start
	printf 'metrics: {address: "127.0.0.1:0"}\npolicies: [policies]\nsinks:\n  file: {type: file, path: lag.json}\n%s%s%s' \
		"  deaf: {type: tcp, address: \"127.0.0.1:$(cat "$work/deaf")\"}"$'\n' \
		"  nobody: {type: unix, path: $work/nobody.sock}"$'\n' \
		'  far: {type: tcp, address: "far.example:514"}'$'\n' > "$work/saker.yaml"
	printf 'nameserver 127.0.0.77\noptions timeout:30\n' > "$work/resolv.conf"
	mkdir -p "$work/policies"
	printf 'name: lag\nevents: {openat: {where: proc.name = bench-load}}\n' > "$work/policies/lag.yaml"
	# shellcheck disable=SC2016 # of the inner shell
	RUNTIME_DIRECTORY=$work/state taskset -c "$agent_cpu" unshare -m sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' \
		"$work/resolv.conf" "$saker" run -c "$work/saker.yaml" > /dev/null 2> "$work/agent.err" &
	agent=$!
	for ((i = 0; i < 500; i++)); do
		port=$(sed -n 's|.*metrics at http://127.0.0.1:\([0-9]*\).*|\1|p' "$work/agent.err")
		[ -z "$port" ] || break
		sleep 0.02
	done
	wait_ready "$agent" || die "saker run: $(cat "$work/agent.err")"
	load --rate 50000 openat "$1" > /dev/null
	for ((i = 0; i < 100; i++)); do
		lag_lines=$(grep -c '"event":"openat"' "$work/lag.json" || true)
		[ "$lag_lines" -lt "$1" ] || break
		sleep 0.1
	done
	curl -sf "http://127.0.0.1:$port/metrics" > "$work/metrics" || true
	agent_stop
	kill "$deaf" 2> /dev/null || true
	wait "$deaf" 2> /dev/null || true
	rm -f "$work/lag.json"
	read -r turn_p99 turns < <(p99 loop_turn_seconds "$work/metrics")
	read -r lag_p99 lags < <(p99 loop_lag_seconds "$work/metrics")
}

sinks_table() {
	echo '| sinks | |'
	echo '|---|---|'
	"$road" | sed -E 's/^([^:]*):? {2,}|: /&| /; s/^/| /; s/$/ |/; s/ {2,}/ /g; s/: \|/ |/'
	lag_measure 500000
	echo "| a turn of the loop at 50,000 events a second, p99 | $turn_p99 ms of $turns |"
	echo "| a timer is late then, p99 | $lag_p99 ms of $lags |"
}

expr_table() {
	echo '| a hundred conditions on an event, us | median | mean | p99 |'
	echo '|---|---|---|---|'
	"$expr" hundred | perl -ne 'print "| $4 | $1 | $2 | $3 |\n" if /([0-9.]+) +([0-9.]+) +([0-9.]+)  (.*)/'
}
