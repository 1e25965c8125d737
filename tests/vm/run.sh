#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD_DIR... [RELEASE_PATTERN...] - run the live tests and saker doctor --probe on every kernel of the
# matrix, as many guests side by side as there are processors; TAP on stdout, one line a test and kernel.
#
# A BUILD_DIR holds the static executables saker and tests/live, for amd64 or arm64; its guests are of that
# architecture. Patterns choose kernels: '6.1.*', '*-arm64'. Without one, arm64 runs few tests, on Debian stable's.
# Raw output stays in ${SAKER_RESULTS:-BUILD_DIR/guests}/RELEASE.{tap,console}, of the first BUILD_DIR.
# Kernels are kept in ${SAKER_CACHE:-$HOME/.cache/saker}/kernels; WIDE=1 takes more of them.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
readonly here

# What tells one architecture from another: registers and numbers of calls, hooks, stacks, what is counted.
readonly arm64_names=exec_,fork_,exit_,signal_,open_,sock_,uring_,call_,calls_,seccomp_,race_open,stopped_,filter_random,\
filter_lineage,capture_stack,rights_calls,cgroup_life,existing,dns_udp,dns_tcp,policy_pushed

declare -A build_of=() busybox_of=()

# Debian's name of an executable's architecture.
arch_of() { # EXECUTABLE
	case $(readelf -h "$1" | sed -n 's/^ *Machine: *//p') in
	AArch64) echo arm64 ;;
	*X86-64) echo amd64 ;;
	*) return 1 ;;
	esac
}

# Not of this machine's architecture: sysroot.sh has fetched it.
find_busybox() { # ARCHITECTURE
	busybox_of[$1]=$cache/arm64/bin/busybox
	[ "$1" = arm64 ] || busybox_of[$1]=$(command -v busybox) || { echo 'Bail out! no busybox'; exit 1; }
}

add_build() { # BUILD_DIR
	local arch
	[ -x "$1/saker" ] || { echo "Bail out! no $1/saker"; exit 1; }
	arch=$(arch_of "$1/saker") || { echo "Bail out! no guests for $1/saker"; exit 1; }
	build_of[$arch]=$1
	find_busybox "$arch"
}

need() {
	local tool arch
	local -A emulator=([amd64]=qemu-system-x86_64 [arm64]=qemu-system-aarch64)
	for arch in "${!build_of[@]}"; do
		for tool in "${emulator[$arch]}" cpio; do
			command -v "$tool" > /dev/null || { echo "Bail out! no $tool"; exit 1; }
		done
		# An interpreter in the headers means a shared library that guests do not have.
		for tool in "${busybox_of[$arch]}" "${build_of[$arch]}/saker" "${build_of[$arch]}/tests/live"; do
			[ -x "$tool" ] || { echo "Bail out! no $tool"; exit 1; }
			! readelf -l "$tool" | grep -q INTERP || { echo "Bail out! $tool is not static"; exit 1; }
		done
	done
}

# One archive of what is the same for all kernels of an architecture. It is not compressed: unpacking
# would cost the emulated CPU more than reading does.
pack_common() { # ARCHITECTURE
	local root=$work/root-$1
	mkdir -p "$root"/{bin,tests,etc/saker,dev,lib/modules}
	cp "${busybox_of[$1]}" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$here/init" "$root/init"
	cp "${build_of[$1]}/saker" "$root/bin/saker"
	cp "${build_of[$1]}/tests/live" "$root/tests/live"
	[ ! -d "$here/../../conf" ] || cp -r "$here/../../conf/." "$root/etc/saker/"
	echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
	echo 'nobody:x:65534:65534:nobody:/:/bin/false' >> "$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
	printf 'root:*:19000:0:99999:7:::\n' > "$root/etc/shadow"
	printf '127.0.0.1 localhost guest\n::1 localhost\n' > "$root/etc/hosts"
	echo 'nameserver 127.0.0.1' > "$root/etc/resolv.conf"
	echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
	echo guest > "$root/etc/hostname"
	echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
	chmod 600 "$root/etc/shadow"
	archive "$root" > "$work/common-$1.cpio"
}

# The architecture is the end of a release's name: 6.1.0-50-cloud-arm64.
arch_in() { # RELEASE
	echo "${1##*-}"
}

# As results are called: amd64 is the rule.
shown() { # RELEASE
	local name=${1/-cloud/}
	echo "${name%-amd64}"
}

archive() { # FOLDER
	(cd "$1" && find . -mindepth 1 -print0 | cpio --null -o -H newc -R 0:0 --quiet)
}

# The kernel takes archives one after the other, so each adds only its own modules.
pack_kernel() { # RELEASE
	mkdir -p "$work/$1/lib/modules"
	find "$kernels/k/$1" -name '*.ko' -exec cp -t "$work/$1/lib/modules" {} +
	archive "$work/$1" | cat "$work/common-$(arch_in "$1").cpio" - > "$work/$1.initramfs"
}

why_died() { # STATUS CONSOLE
	local panic
	panic=$(grep -aom1 -E 'Kernel panic.*|RIP: 0010:[^ ]+|pc : [^ ]+' "$2" | tr -d '\r') || true
	if [ -n "$panic" ]; then
		echo "$panic"
	elif [ "$1" -eq 124 ]; then
		echo 'out of time'
	else
		echo "qemu exit status $1, nothing on its console"
	fi
}

# A second try only for a guest that died before its end, which emulators do; said aloud.
boot() { # RELEASE
	local try status names=${LIVE_NAMES:-}
	[ "$(arch_in "$1")" = amd64 ] || names=${names:-$few}
	for try in 1 2; do
		status=0
		LIVE_NAMES=$names "$here/boot.sh" "$(arch_in "$1")" "$kernels/k/$1/vmlinuz" "$work/$1.initramfs" "$results/$1.console" \
			> "$results/$1.tap" 2>&1 || status=$?
		! grep -aq '^guest: done' "$results/$1.tap" || return 0
		echo "# $(shown "$1"): guest died on try $try: $(why_died "$status" "$results/$1.console")"
		cp "$results/$1.console" "$results/$1.console.died"
		cp "$results/$1.tap" "$results/$1.tap.died"
	done
	return 1
}

# What the guest said becomes one flat list of results, its plan checked; diagnostics pass through.
results_of() { # RELEASE
	tr -d '\r' < "$results/$1.tap" | awk -v kernel="$(shown "$1")" '
		function result(ok, what) { print (ok ? "ok" : "not ok") " - " kernel ": " what }
		function diag(line) { print (line ~ /^#/ ? line : "# " line) }
		function name(line) { sub(/^(not )?ok *[0-9]* *(- )?/, "", line); return line }
		/^guest: doctor begins/ { part = "doctor"; next }
		/^guest: doctor ends/ {
			part = ""
			result($NF == 0 && probed && !refused, "saker doctor --probe, exit status " $NF)
			next
		}
		# These kernels have it all, one way or another.
		part == "doctor" && / not here|refuses to load|then it failed/ { refused = 1 }
		part == "doctor" && / hooks loaded and attached$/ { probed = 1 }
		/^guest: live begins/ { part = "live"; next }
		/^guest: live ends/ { part = ""; live_ended = 1; status = $NF; next }
		/^guest: / { print "# " kernel ": " substr($0, 8); next }
		part != "live" { diag($0); next }
		/^(not )?ok($| )/ { n++; bad += /^not/; result(!/^not/, name($0)); next }
		/^1\.\.0/ { planned = 1; plan = n = 1; sub(/^1\.\.0 *#? */, ""); result(1, "live # " $0); next }
		/^1\.\.[0-9]+/ { planned = 1; plan = substr($0, 4) + 0; next }
		/^Bail out!/ { result(0, "live: " $0); next }
		{ diag($0) }
		END {
			if (!live_ended) result(0, "live tests come to their end")
			if (!planned) result(0, "live tests announce a plan")
			else if (plan != n) result(0, "live tests keep their plan: " plan " planned, " n " ran")
			# Exit status 1 with failed tests is what a test program owes; anything else is news.
			if (live_ended && status != 0 && !bad)
				result(0, "live tests, exit status " status (status == 143 ? ", out of time" : ""))
		}'
}

# An oops need not stop the guest, and is a failure of whatever provoked it.
console_result() { # RELEASE
	local oops name
	name=$(shown "$1")
	if oops=$(grep -aom1 -E 'BUG: (unable|kernel|KASAN|KFENCE).*|Oops.*|general protection.*|Internal error: .*' "$results/$1.console"); then
		echo "not ok - $name: kernel log is clean"
		echo "# $oops" | tr -d '\r'
	else
		echo "ok - $name: kernel log is clean"
	fi
}

guest() { # RELEASE
	local begin=$EPOCHREALTIME died=0 name
	name=$(shown "$1")
	pack_kernel "$1"
	boot "$1" || died=1
	results_of "$1"
	console_result "$1"
	[ $died -eq 0 ] || echo "not ok - $name: guest comes to its end"
	awk -v from="$begin" -v to="$EPOCHREALTIME" -v k="$name" 'BEGIN { printf "# %s: %.1f s\n", k, to - from }'
	rm -f "$work/$1.initramfs"
}

wanted() { # RELEASE PATTERN...
	local release=$1 pattern
	shift
	[ $# -gt 0 ] || return 0
	for pattern; do
		# shellcheck disable=SC2053 # a pattern is what it is for
		[[ $release != $pattern ]] || return 0
	done
	return 1
}

# An emulator is one thread, so each processor takes a guest. What they say is told one after the other.
guests() { # RELEASE...
	local release running=0
	for release; do
		if [ $running -ge "$(nproc)" ]; then
			wait -n
			running=$((running - 1))
		fi
		guest "$release" > "$work/$release.out" &
		running=$((running + 1))
	done
	while [ $running -gt 0 ]; do
		wait -n
		running=$((running - 1))
	done
	for release; do
		cat "$work/$release.out"
	done
}

matrix() { # PATTERN...
	local kind suite rest arch
	local -a releases=() names=()
	for arch in "${!build_of[@]}"; do
		names=()
		[ "$arch" = amd64 ] || [ -z "$few" ] || names=(trixie)
		pack_common "$arch"
		"$here/kernels.sh" "$kernels" "$arch" "${names[@]}" > "$work/list" || echo "not ok - a kernel for $arch can be had"
		while read -r kind suite rest; do
			case $kind in
			kernel) ! wanted "$rest" "$@" || releases+=("$rest") ;;
			skip) echo "ok - $arch kernel of $suite # SKIP $rest" ;;
			esac
		done < "$work/list"
	done
	guests "${releases[@]}"
}

main() {
	cache=${SAKER_CACHE:-$HOME/.cache/saker}
	kernels=$cache/kernels
	[ $# -ge 1 ] || { echo "usage: run.sh BUILD_DIR... [RELEASE_PATTERN...]" >&2; exit 2; }
	results=$(realpath -m "${SAKER_RESULTS:-$1/guests}")
	while [ $# -gt 0 ] && [ -d "$1" ]; do
		add_build "$(realpath "$1")"
		shift
	done
	few=$arm64_names
	[ $# -eq 0 ] || few=
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$kernels" "$results"
	need
	matrix "$@" | tee "$work/tap"
	echo "1..$(grep -cE '^(not )?ok ' "$work/tap")"
	! grep -q '^not ok ' "$work/tap"
}

main "$@"
