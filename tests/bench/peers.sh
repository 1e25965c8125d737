#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Part of run.sh: saker beside other tracers.
# shellcheck disable=SC2034,SC2154 # what run.sh, which reads this file, and the files beside it set or use

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
