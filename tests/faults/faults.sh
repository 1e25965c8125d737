#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# faults.sh BUILD - saker when memory or disk runs out at the N-th call, for every N; TAP.
# Whatever fails, it must end by itself, with a status and not by a signal, and say why.
set -uo pipefail
export LC_ALL=C

here=$(dirname "$(realpath "$0")")
[ $# -eq 1 ] || { echo 'usage: faults.sh BUILD' >&2; exit 2; }
saker=$(realpath "$1/saker")
fail=$(realpath -e "$1/tests/libfail.so") || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0

report() { # WHAT, then what was wrong on standard input
	local wrong
	wrong=$(cat)
	tests=$((tests + 1))
	if [ -z "$wrong" ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		head -20 <<< "$wrong" | sed 's/^/# /'
	fi
}

# How many allocations a run makes when nothing fails.
allocations() { # COMMAND..
	FAIL_COUNT=9 LD_PRELOAD=$fail "$@" 9> "$work/count" > /dev/null 2>&1 || true
	tail -n 1 "$work/count"
}

# Fail one allocation; nothing is printed when saker bore it.
bears() { # N COMMAND..
	local n=$1 status err=$work/err.$1
	shift
	FAIL_ALLOC=$n LD_PRELOAD=$fail timeout -s KILL 20 "$@" > /dev/null 2> "$err"
	status=$?
	if [ "$status" -ge 126 ]; then
		echo "allocation $n: ended with status $status: $(tail -n 1 "$err")"
	elif [ "$status" -ne 0 ] && [ ! -s "$err" ]; then
		echo "allocation $n: failed without a word"
	fi
	rm -f "$err"
}

some_allocations() { # FIRST STEP TOTAL COMMAND..
	local n=$1 step=$2 total=$3
	shift 3
	for (( ; n <= total; n += step)); do
		bears "$n" "$@"
	done
}

# Each processor takes its share.
every_allocation() { # WHAT STEP COMMAND..
	local what=$1 step=$2 i total shares
	shift 2
	total=$(allocations "$@")
	shares=$(nproc)
	for ((i = 0; i < shares; i++)); do
		some_allocations $((1 + i * step)) $((shares * step)) "${total:-0}" "$@" > "$work/wrong.$i" &
	done
	wait
	[ "${total:-0}" -gt 0 ] || echo 'nothing was counted' >> "$work/wrong.0"
	report "$what: each of $total allocations, in steps of $step" < <(cat "$work"/wrong.*)
}

full_disk() { # WHAT COMMAND..
	local what=$1 n status
	shift
	for n in 1 2 3; do
		FAIL_WRITE=$n LD_PRELOAD=$fail timeout -s KILL 20 "$@" > "$work/out" 2> "$work/err"
		status=$?
		[ "$status" -lt 126 ] || echo "write $n: ended with status $status"
		[ "$status" -eq 0 ] || grep -q 'No space left' "$work/err" || echo "write $n: $(cat "$work/err")"
	done > "$work/wrong"
	report "$what: the disk is full" < "$work/wrong"
}

# Hardened builds call others (__openat64_2), so what a library replaces is compared with what is called.
unreplaced() { # LIBRARY PATTERN PROGRAM..
	local library=$1 pattern=$2 called
	shift 2
	called=$(nm -D --undefined-only "$@" | awk '{ print $NF }' | sed 's/@.*//' | grep -xE "$pattern" | sort -u)
	[ -n "$called" ] || echo "nothing calls $pattern"
	comm -23 <(echo "$called") <(nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u) |
		sed 's/$/ is not replaced/'
}

"$1/tests/stream" kinds "$work/stream" || exit 1
echo 'TAP version 13'
every_allocation 'replay' 1 "$saker" replay "$work/stream" -o json
every_allocation 'replay by an expression' 3 "$saker" replay "$work/stream" 'fd.name startswith / and proc.name != x'
every_allocation 'check' 1 "$saker" check "$here/../../conf/policies/default.yaml"
full_disk 'replay' "$saker" replay "$work/stream" -o json
uv=$(ldd "$saker" | awk '/libuv/ { print $3 }')
report 'every call by which files are opened can be made to fail' \
	< <(unreplaced "$fail" '(__)?open(at)?(64)?(_2)?' "$saker" "$uv")
report 'every call by which files are read can be made to take long' \
	< <(unreplaced "$1/tests/libslow.so" '(__)?read(_chk)?' "$saker" "$uv")
if [ "$(id -u)" -eq 0 ]; then
	every_allocation 'trace' 29 "$saker" trace -e getppid -o json --for 20ms
	full_disk 'trace' "$saker" trace -e clock_nanosleep,process_exec -o json -- /bin/true
else
	tests=$((tests + 1))
	echo "ok $tests - trace # SKIP needs root"
fi
echo "1..$tests"
