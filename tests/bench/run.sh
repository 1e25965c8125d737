#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [--quick|--peers|--table NAME] BUILD - what saker of a build folder costs and what it captures.
#
# Prints tables in Markdown, or the one that is named. --peers sets saker beside other tracers that are installed (Debian
# packages strace, linux-perf, bpftrace, libbpf-tools). --quick is a test of about half a minute that speaks
# TAP and holds generous limits, each tried up to three times before it fails.
#
# The load runs on the last processor, the tracer on the first. Costs are processor time of the load,
# the median of 64 batches, off and on in alternate order within one run, the median of REPEATS
# differences. The consumer's processor time is what the scheduler counted (/proc/PID/schedstat).
# Wants root, a C compiler, and 1 GB in TMPDIR (not with --quick).
set -euo pipefail
export LC_ALL=C

readonly here=${BASH_SOURCE[0]%/*} repeats=${REPEATS:-7}
readonly tables=(costs kinds consumer policies file reload capture rest sinks)
load_cpu=$(($(nproc) - 1)) agent_cpu=0 agent='' loading='' deaf=''

die() {
	echo "run.sh: $*" >&2
	exit 1
}

# --- numbers

calc() { # FORMAT EXPRESSION
	perl -e 'printf $ARGV[0], eval $ARGV[1]' -- "$@"
}

holds() { # EXPRESSION
	[ "$(calc %d "($1) ? 1 : 0")" -eq 1 ]
}

field() { # NAME JSON_LINE
	[[ $2 =~ \"$1\":([-0-9.]+) ]] && echo "${BASH_REMATCH[1]}"
}

# shellcheck disable=SC2016 # perl's own
median() { # a number a line
	perl -e '@n = sort { $a <=> $b } <STDIN>; chomp @n; print @n ? $n[@n / 2] : "nan"'
}

# Of the differences of two files, line by line.
# shellcheck disable=SC2016 # perl's own
median_difference() { # OFF ON
	paste "$1" "$2" | perl -lane 'print $F[1] - $F[0]' | median
}

# --- the load

load() { # [OPTION...] MODE OPS: one line of JSON
	"$work/bench-load" --cpu "$load_cpu" --file "$work/benched" "$@"
}

# Opens for ten seconds, until load_stop, under another name.
load_start() {
	"$work/bench-warm" --cpu "$load_cpu" --file "$work/benched" --rate 10000 openat 100000 > /dev/null &
	loading=$!
}

load_stop() {
	[ -n "$loading" ] || return 0
	kill "$loading" 2> /dev/null || true
	wait "$loading" 2> /dev/null || true
	loading=
}

cost() { # MODE OPS: nanoseconds of processor time for one
	field cpu_ns_median "$(load "$@")"
}

# --- the agent

cpu_ns() { # PID: nanoseconds of processor time so far, of all threads
	cat "/proc/$1"/task/*/schedstat | perl -ane '$n += $F[0]; END { print $n }'
}

# It waits for something to do, so it has loaded and attached all.
wait_ready() { # PID
	local i where
	for ((i = 0; i < 500; i++)); do
		where=$(cat "/proc/$1/wchan" 2> /dev/null) || return 1
		[[ $where != *epoll* && $where != ep_* ]] || return 0
		[[ $where != 0 || $i -lt 100 ]] || return 0	# no names of kernel functions: two seconds
		sleep 0.02
	done
	return 1
}

# Nearly no processor time is used any more: all that came has been worked off.
settle() { # PID
	local i before now
	before=$(cpu_ns "$1")
	for ((i = 0; i < 100; i++)); do
		sleep 0.1
		now=$(cpu_ns "$1")
		((now - before >= 3000000)) || return 0
		before=$now
	done
}

agent_start() { # OUTPUT OPTION...
	local out=$1
	shift
	taskset -c "$agent_cpu" "$saker" trace -o json "$@" > "$out" 2> "$work/agent.err" &
	agent=$!
	wait_ready "$agent" || die "saker trace $*: $(cat "$work/agent.err")"
}

agent_stop() {
	[ -n "$agent" ] || return 0
	kill -INT "$agent" 2> /dev/null || true
	wait "$agent" || true
	agent=
}

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
	echo '| start, memory, idling | |'
	echo '|---|---|'
	echo "| start to first event, openat selected | $(several 5 first_event openat) ms |"
	echo "| start to first event, everything selected | $(several 5 first_event all) ms |"
	echo "| start to watching, openat selected | $(several 5 watching openat) ms |"
	echo "| start to watching, everything selected | $(several 5 watching all) ms |"
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

# --- others

declare -rA peer_package=([strace]=strace [perf]=linux-perf [bpftrace]=bpftrace [opensnoop]=libbpf-tools)

peer_command() { # NAME OUTPUT: sets command
	case $1 in
	saker) command=("$saker" trace -o json -e openat) ;;
	perf) command=(perf trace -a -e openat -o "$2") ;;
	bpftrace) command=(bpftrace -o "$2" -e
		'tracepoint:syscalls:sys_enter_openat { printf("%d %s %s\n", pid, comm, str(args->filename)); }') ;;
	opensnoop) command=(/usr/sbin/opensnoop) ;;
	esac
}

# Milliseconds until the first line of the load shows; the peer goes on.
peer_start() { # NAME
	local begin=$EPOCHREALTIME out=$work/peer.out command i
	peer_command "$1" "$work/peer"
	[[ $1 != saker && $1 != opensnoop ]] || out=$work/peer
	: > "$work/peer"
	taskset -c "$agent_cpu" "${command[@]}" > "$out" 2> "$work/peer.err" &
	agent=$!
	load_start
	for ((i = 0; i < 500; i++)); do
		! grep -q bench-warm "$work/peer" || break
		sleep 0.02
	done
	peer_first=$(calc %.0f "($EPOCHREALTIME - $begin) * 1000")
	load_stop
	settle "$agent"
}

peer_cost() { # NAME
	local i mode
	rm -f "$work"/cost.*
	for ((i = 0; i < 3; i++)); do
		for mode in getppid openat; do cost $mode 30000 >> "$work/cost.off.$mode"; done
		peer_start "$1"
		for mode in getppid openat; do cost $mode 30000 >> "$work/cost.peer.$mode"; done
		agent_stop
	done
}

peer_capture() { # NAME OPS [OPTION...]: sets captured, in per cent, peer_cpu and peer_rss
	local name=$1 n=$2 before pattern=bench-load
	shift 2
	peer_start "$name"
	before=$(cpu_ns "$agent")
	[ "$name" != perf ] || pattern='bench-load/.* openat(dfd'	# other lines only continue one
	load "$@" openat "$n" > /dev/null
	settle "$agent"
	peer_cpu=$(calc %.2f "($(cpu_ns "$agent") - $before) / $n / 1000")
	peer_rss=$(calc %.1f "$(figure VmRSS "$(memory "$agent")") / 1024")
	agent_stop
	captured=$(calc %.1f "$(grep -c "$pattern" "$work/peer" || true) * 100 / $n")
	rm -f "$work/peer" "$work/peer.out"
}

peer_row() { # NAME
	local captured rate row
	peer_cost "$1"
	row="| $1 | $(calc %+.0f "$(added peer openat)") | $(calc %+.0f "$(added peer getppid)")"
	for rate in 10000 50000 100000 200000; do
		peer_capture "$1" "$rate" --rate "$rate"
		row+=" | $captured %"
	done
	peer_capture "$1" 200000
	echo "$row | $captured % | $peer_cpu | $peer_rss | $peer_first |"
}

# It stops the program at each call, so its cost is in time that passes.
strace_row() {
	local i mode command
	command=(taskset -c "$agent_cpu" strace -f -o /dev/null -e trace=openat "$work/bench-load" --cpu "$load_cpu")
	rm -f "$work"/cost.*
	for ((i = 0; i < 3; i++)); do
		for mode in getppid openat; do
			field ns_median "$(load $mode 30000)" >> "$work/cost.off.$mode"
			field ns_median "$("${command[@]}" $mode 3000)" >> "$work/cost.peer.$mode"
		done
	done
	echo "| strace -f | $(calc %+.0f "$(added peer openat)") | $(calc %+.0f "$(added peer getppid)") | | | | | | | | |"
}

# shellcheck disable=SC2016 # the quotes are Markdown's
peers_table() {
	local peer
	echo '| openat selected | openat+close, ns | getppid, ns | 10k/s | 50k/s | 100k/s | 200k/s | flood of 200k | consumer, us/open | MiB | first event, ms |'
	echo '|---|---|---|---|---|---|---|---|---|---|---|'
	for peer in saker strace perf bpftrace opensnoop; do
		if [ $peer != saker ] && ! command -v "$peer" > /dev/null; then
			echo "| $peer | skipped: not installed, package ${peer_package[$peer]} | | | | | | | | | |"
		elif [ $peer = strace ]; then
			strace_row
		else
			peer_row $peer
		fi
	done
}

# --- the quick test

points=0

point() { # WORD NAME
	points=$((points + 1))
	echo "$1 $points - $2"
}

attempt() { # NAME FUNCTION
	local try
	for try in 1 2 3; do
		echo "# $1, try $try"
		if "$2"; then
			point ok "$1"
			return
		fi
	done
	point 'not ok' "$1"
}

cheap() {
	local other call open
	measure_costs 5 'off other call' getppid openat
	other=$(added other getppid)
	call=$(added call getppid)
	open=$(added call openat)
	echo "# getppid: +$other ns when not selected, +$call when selected; openat+close: +$open when selected"
	holds "$other <= 80 && $call <= 440 && $open <= 900"
}

flood() {
	capture 200000
	echo "# $lines of 200000 written; $lane; $memory_after"
	balanced 200000
}

# Nobody reads for a while, and a small lane overflows: all that is missing is told by "lost".
starved() {
	local told
	agent_start "$work/out" -e openat,stats --comm bench-load --lanes normal=64K
	settle "$agent"
	kill -STOP "$agent"
	load openat 50000 > /dev/null
	kill -CONT "$agent"
	settle "$agent"
	agent_stop
	lines=$(grep -c '"event":"openat"' "$work/out" || true)
	lane=$(figures "$work/out" normal)
	told=$(grep '"event":"lost"' "$work/out" |
		perl -ne '$n += $1 if /"lane":"normal","reason".*?"count":"?(\d+)/; END { print $n // 0 }')
	echo "# $lines of 50000 written, $told told as lost; $lane"
	balanced 50000 && ((told > 0 && told == $(figure dropped "$lane")))
}

small() {
	echo "# $memory_after"
	(($(figure VmHWM "$memory_after") <= 24 << 10))
}

# The same number of allocations, whether few or many events pass.
frugal() {
	local counts n
	rm -f "$work/mallocs"
	MALLOC_COUNT=$work/mallocs LD_PRELOAD=$work/malloc_count.so agent_start "$work/out" \
		-e agent_start,openat,process_fork,process_exec,process_exit --comm bench-load
	settle "$agent"
	for n in 1000 100000; do
		kill -USR2 "$agent"
		load --rate 100000 openat "$n" > /dev/null
		settle "$agent"
	done
	kill -USR2 "$agent"
	sleep 0.1
	n=$(grep -c '"event":"openat"' "$work/out")
	agent_stop
	rm -f "$work/out"
	mapfile -t counts < "$work/mallocs"
	echo "# allocations: ${counts[*]} after 0, 1000 and 101000 events; $n lines"
	((${#counts[@]} == 3 && counts[0] > 0 && counts[2] - counts[1] <= counts[1] - counts[0] && n == 101000))
}

# Each further sink of the same format costs a part of the first, nothing is allocated, and full
# queues take the memory that they may.
sinks_cheap() {
	local said
	said=$("$road") || return 1
	echo "# ${said//$'\n'/$'\n'# }"
	perl -ne '/^(2|10) sinks  .* ([0-9.]+) times one/ and $times{$1} = $2;
		END { exit !($times{2} && $times{2} <= 1.5 && $times{10} <= 3) }' <<< "$said"
}

# Somebody who connects and never reads: where.
deaf_start() {
	rm -f "$work/deaf"
	perl -MIO::Socket::INET -e '$| = 1; $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
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

# Fifty thousand a second to a file, to one who never reads and to nobody: how long a turn of the loop takes,
# which is how long a timer may have to wait, and how late the timer of each second was.
lag_measure() {
	local port i
	deaf_start
	printf 'metrics: {address: "127.0.0.1:0"}\npolicies: [policies]\nsinks:\n  file: {type: file, path: lag.json}\n%s%s' \
		"  deaf: {type: tcp, address: \"127.0.0.1:$(cat "$work/deaf")\"}"$'\n' \
		"  nobody: {type: unix, path: $work/nobody.sock}"$'\n' > "$work/saker.yaml"
	mkdir -p "$work/policies"
	printf 'name: lag\nevents: {openat: {where: proc.name = bench-load}}\n' > "$work/policies/lag.yaml"
	RUNTIME_DIRECTORY=$work/state taskset -c "$agent_cpu" "$saker" run -c "$work/saker.yaml" > /dev/null 2> "$work/agent.err" &
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

prompt() {
	lag_measure 200000
	echo "# $lag_lines of 200000 lines; 99 of 100 of $turns turns took at most $turn_p99 ms, of $lags timers were late at most $lag_p99 ms"
	[ "$lag_lines" -eq 200000 ] && holds "$turns > 100 && $turn_p99 <= 20 && $lag_p99 <= 20"
}

quick() {
	attempt 'a system call costs little' cheap
	attempt 'a flood is captured or counted as lost, to the last record' flood
	attempt 'what a small lane loses is told, to the last record' starved
	attempt 'memory stays below 24 MiB' small
	attempt 'no memory is allocated for an event' frugal
	attempt 'a second and a tenth sink cost little, full queues what they may' sinks_cheap
	attempt 'under load and with peers that do not read the loop is late by at most 20 ms' prompt
	echo "1..$points"
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

# --- putting it together

heading() {
	echo "$(uname -sr), $(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg), $("$saker" --version)"
}

sinks_table() {
	echo '| sinks | |'
	echo '|---|---|'
	"$road" | sed -E 's/^([^:]*):? {2,}|: /&| /; s/^/| /; s/$/ |/; s/ {2,}/ /g; s/: \|/ |/'
	lag_measure 500000
	echo "| a turn of the loop at 50,000 events a second, p99 | $turn_p99 ms of $turns |"
	echo "| a timer is late then, p99 | $lag_p99 ms of $lags |"
}

tables_print() { # NAME...
	local name
	for name; do
		echo
		"${name}_table"
	done
}

finish() {
	load_stop
	[ -z "$agent" ] || kill "$agent" 2> /dev/null || true
	rm -rf "$work"
}

main() {
	local quick='' chosen
	chosen=("${tables[@]}")
	case ${1:-} in
	--quick) quick=yes && shift ;;
	--peers) chosen=(peers) && shift ;;
	--table) chosen=("${2:-}") && shift "$(($# < 2 ? $# : 2))" ;;
	esac
	if [ $# -ne 1 ] || [[ " ${tables[*]} peers " != *" ${chosen[0]} "* ]]; then
		echo "usage: run.sh [--quick|--peers|--table NAME] BUILD, NAME one of: ${tables[*]}" >&2
		exit 2
	fi
	saker=$(realpath "$1")/saker
	road=$(realpath "$1")/tests/bench_road
	[ -x "$saker" ] || die "there is no $saker"
	[ "$(id -u)" -eq 0 ] || die 'loading BPF programs needs root'
	work=$(mktemp -d)
	trap finish EXIT
	: > "$work/benched"
	cc -std=gnu11 -O2 -static -D_GNU_SOURCE -o "$work/bench-load" "$here/load.c"
	cp "$work/bench-load" "$work/bench-warm"
	cc -std=gnu11 -O2 -shared -fPIC -D_GNU_SOURCE -o "$work/malloc_count.so" "$here/malloc_count.c"
	if [ -n "$quick" ]; then
		quick
	else
		heading
		tables_print "${chosen[@]}"
	fi
}

main "$@"
