#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# strace.sh BUILD - run programs under strace and under saker, and compare both call by call; TAP.
#   KEEP=DIR   leave what both wrote there
set -uo pipefail
export LC_ALL=C TZ=UTC0

here=$(dirname "$(realpath "$0")")
[ $# -eq 1 ] || { echo "usage: strace.sh BUILD" >&2; exit 2; }
build=$(realpath "$1")
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
readonly here build work
# Structures that saker reads, too; all others are addresses for both.
readonly decoded=execve,pipe,pipe2,connect,bind,accept,accept4,sendto,recvfrom,getsockname,getpeername
readonly tests=(pipeline find tar perl ls python threads calls32 uring missing)

program() { # NAME: the command in the array command, or a reason in skip
	command=()
	skip=
	case $1 in
	# Each pipe carries one small write, so that reads do not depend on timing.
	pipeline) command=(/bin/sh -c 'echo one two | /bin/cat | /usr/bin/wc -c') ;;
	find) command=(/usr/bin/find /usr/share/perl5 /usr/share/doc/bash -newer /etc/passwd -o -name '*.pm') ;;
	tar) command=(/bin/tar -cf "$work/tar.out" -C /usr/share/doc bash) ;;
	perl) command=(/usr/bin/perl -e 'open F, "<", "/etc/passwd"; print scalar(<F>); system "/bin/true"; kill 0, $$') ;;
	ls) command=(/bin/ls -laR /usr/share/doc/bash /etc/apt) ;;
	python) command=(/usr/bin/python3 -S -E -c 'import os, socket; s = socket.socket(); os.listdir("/"); print(os.getpid() > 0)') ;;
	missing) command=(/bin/sh -c '/nonexistent; exec /bin/false') ;;
	threads) compile threads -pthread ;;
	uring) compile uring "$here/uring.c" ;;
	calls32) compile calls32 -m32 -nostdlib -static -fno-pie -no-pie -fno-stack-protector -ffreestanding ;;
	esac
	[ -n "$skip" ] || [ -x "${command[0]}" ] || skip="there is no ${command[0]}"
}

compile() { # NAME OPTION...
	local name=$1
	shift
	command=("$work/$name")
	gcc -D_GNU_SOURCE -O1 -I"$here" "$here/programs/$name.c" "$@" -o "$work/$name" 2> "$work/$name.log" ||
		skip="it cannot be compiled: $(grep -m1 error "$work/$name.log")"
}

# The same folder, environment and descriptors for both; addresses are not random.
run() { # NAME HOW...
	local name=$1
	shift
	(cd / && env -i PATH=/usr/bin:/bin LC_ALL=C setarch -R timeout -k 5 60 "$@" < /dev/null > "$work/$name.out" 2> "$work/$name.err")
}

compare() { # NAME
	local name=$1
	# What the program prints goes nowhere: saker's own lines have its standard output.
	command=(/bin/sh -c 'exec "$@" > /dev/null 2>&1' sh "${command[@]}")
	run "$name.s" strace -f -y -s 65536 -e "verbose=$decoded" -e signal=none -o "$work/$name.strace" -- "${command[@]}"
	run "$name.k" "$build/saker" trace -o json --lanes normal=64M,bulk=64M -e syscalls,lost -- "${command[@]}"
	grep '^{' "$work/$name.k.out" > "$work/$name.json"
	if grep -q '"event":"lost"' "$work/$name.json"; then
		echo '# records were lost'
		return 1
	fi
	perl "$here/compare.pl" "$work/$name.strace" "$work/$name.json" 2>&1 | sed 's/^[^#]/# &/'
	return "${PIPESTATUS[0]}"
}

main() {
	local n=0 name bad=0 text
	echo "1..${#tests[@]}"
	for name in "${tests[@]}"; do
		n=$((n + 1))
		program "$name"
		if [ -n "$skip" ]; then
			echo "ok $n - $name # SKIP $skip"
		elif text=$(compare "$name"); then
			echo "ok $n - $name"
			echo "$text"
		else
			echo "not ok $n - $name"
			echo "$text"
			bad=1
		fi
	done
	exit $bad
}

[ "$(id -u)" -eq 0 ] || { echo '1..0 # SKIP loading BPF programs needs root'; exit 0; }
command -v strace > /dev/null || { echo '1..0 # SKIP there is no strace'; exit 0; }
main
