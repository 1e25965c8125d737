#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Part of run.sh: numbers, the load, the agent.
# shellcheck disable=SC2034,SC2154 # what run.sh, which reads this file, and the files beside it set or use

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
