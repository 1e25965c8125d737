#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [--quick|--peers|--table NAME] BUILD - what saker of a build folder costs and what it captures.
#
# Prints tables in Markdown, or the one that is named. --peers sets saker beside other tracers that are
# installed (Debian packages strace, linux-perf, bpftrace, libbpf-tools). --quick is a test of about half a
# minute that speaks TAP and holds generous limits, each tried up to three times before it fails.
#
# The load runs on the last processor, the tracer on the first. Costs are processor time of the load,
# the median of 64 batches, off and on in alternate order within one run, the median of REPEATS
# differences. The consumer's processor time is what the scheduler counted (/proc/PID/schedstat).
# Wants root, a C compiler, and 1 GB in TMPDIR (not with --quick).
# shellcheck disable=SC2034 # what the parts use
set -euo pipefail
export LC_ALL=C

readonly here=${BASH_SOURCE[0]%/*} repeats=${REPEATS:-7}
readonly tables=(costs kinds consumer policies file reload capture rest sinks expr)

for part in measure tables peers quick; do
	# shellcheck disable=SC1090 # a part beside this one
	source "$here/$part.sh"
done

heading() {
	echo "$(uname -sr), $(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg), $("$saker" --version)"
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
	expr=$(realpath "$1")/tests/bench_expr
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
