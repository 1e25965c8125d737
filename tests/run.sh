#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [STAGE...] - build saker in several ways and run every test, or only the named stages.
#
# Every test program speaks TAP on standard output. Here it is counted: "ok" passes, "not ok" fails,
# "ok ... # SKIP reason" is skipped. A program that crashes, runs out of time, leaves its plan
# unfulfilled or has none, and any report of a sanitizer, is a failure as well.
# The last line is the sum; the exit status is 0 when something ran and nothing failed.
#   SAKER_BUILD    where build folders and results go, default build in the checkout
#   SAKER_CACHE    where kernels for guests are kept, default ~/.cache/saker
set -euo pipefail

# What a fresh Debian 12 lacks.
readonly packages=(
	gcc libc6-dev clang llvm bpftool meson ninja-build pkg-config git ca-certificates
	libbpf-dev libelf-dev zlib1g-dev nettle-dev libuv1-dev libyaml-dev libjansson-dev
	libcurl4-openssl-dev libmicrohttpd-dev libmnl-dev
	prometheus curl dnsmasq-base bind9-dnsutils tcpdump tshark
	libclang-rt-dev libcriterion-dev jq strace shellcheck binutils procps systemd
	qemu-system-x86 qemu-system-arm gcc-aarch64-linux-gnu busybox-static containerd runc crun podman cpio xz-utils debian-archive-keyring
	mmdebstrap rsyslog
)
# Peers that cannot be installed beside those above, with the libraries that they want.
readonly aside=(syslog-ng-core libivykis0 libwrap0 libnet1 libpcre3 libjson-c5 libglib2.0-0)
readonly stages=(unit golden fuzz house faults live strace guests bench)

root=$(dirname "$(dirname "$(realpath "$0")")")
readonly root

# --- what it needs

missing_packages() {
	local p have
	have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^.i  *//p')
	for p in "${packages[@]}"; do
		grep -qxF "$p" <<< "$have" || echo "$p"
	done
}

install_packages() {
	local want log=$results/install.log
	command -v dpkg-query > /dev/null || { echo 'This is no Debian: packages are not looked at.'; return 0; }
	mapfile -t want < <(missing_packages)
	[ ${#want[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "Missing packages: ${want[*]}. Run as root, or: apt-get install ${want[*]}" >&2
		exit 1
	fi
	echo "installing ${want[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update > "$log" 2>&1 || echo 'apt-get update failed; going on with the lists there are'
	if ! apt-get -qy install --no-install-recommends "${want[@]}" >> "$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "Packages could not be installed: $log" >&2
		exit 1
	fi
}

fetch_aside() { # FOLDER: each package's files into FOLDER/root
	rm -rf "$1"
	mkdir -p "$1"
	(cd "$1" && apt-get -q download "${aside[@]}" && for p in *.deb; do dpkg -x "$p" root; done)
}

# Unpacked into a folder of its own; without it the tests that want it are skipped and say so.
unpack_aside() {
	local to=${SAKER_CACHE:-$HOME/.cache/saker}/syslog-ng log=$results/aside.log
	export SYSLOG_NG=$to
	[ ! -x "$to/usr/sbin/syslog-ng" ] && command -v dpkg > /dev/null || return 0
	{ fetch_aside "$to.part" || { apt-get -q update && fetch_aside "$to.part"; }; } > "$log" 2>&1 ||
		{ echo "${aside[0]} could not be fetched, see $log"; return 0; }
	rm -rf "$to"
	mv "$to.part/root" "$to"
	rm -rf "$to.part"
}

# --- what came out: tab-separated notes in the results folder

note_failure() { # STAGE NAME WHAT
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$results/failures"
	echo "  FAILED $1 $2: $3"
}

note_skip() { # STAGE NAME REASON
	printf '%s\t%s\t%s\n' "$1" "$3" "$2" >> "$results/skips"
}

note_counts() { # STAGE PASSED FAILED SKIPPED
	printf '%s\t%d\t%d\t%d\n' "$1" "$2" "$3" "$4" >> "$results/counts"
}

skip_stage() { # STAGE NAME REASON
	note_skip "$1" "$2" "$3"
	note_counts "$1" 0 0 1
}

fail_stage() { # STAGE NAME WHAT
	note_failure "$1" "$2" "$3"
	note_counts "$1" 0 1 0
}

# Unlike head, reads to the end, so nobody before it in a pipe is cut off and called failed.
first() { # LINES [PREFIX]
	sed -n "1,$1p" | cut -c1-300 | sed "s/^/    ${2:-}/"
}

# Failed points with what they said, or else the end of the output.
show_failure() { # BASE
	if grep -qa '^not ok' "$1.tap"; then
		awk '/^not ok/ { left = 12 } /^ok/ { left = 0 } left-- > 0' "$1.tap"
	else
		tail -n 15 "$1.tap"
	fi | first 80
	tail -n 25 "$1.err" | first 25 '| '
	echo "    see $1.tap and .err"
}

# Lines "skip NAME<tab>REASON", "fail WHAT" and at last "sum PASSED FAILED SKIPPED".
read_tap() { # STATUS FILE
	awk -v status="$1" '
		BEGIN { plan = -1 }
		function skip(name, reason) { skipped++; print "skip " name "\t" (reason ? reason : "no reason given") }
		/^(not )?ok($|[ \t])/ {
			n++
			name = $0
			sub(/^(not )?ok *[0-9]* *(- *)?/, "", name)
			sub(/[ \t]*\([0-9.]+s\)$/, "", name)
			if (/^not/) {
				failed++
				print "fail " name
			} else if (match(name, /[ \t]*# *[Ss][Kk][Ii][Pp][^ \t]*[ \t]*/)) {
				skip(substr(name, 1, RSTART - 1), substr(name, RSTART + RLENGTH))
			} else {
				passed++
			}
			next
		}
		/^1\.\.[0-9]+/ {
			plan = substr($0, 4) + 0
			if (plan == 0 && sub(/^1\.\.0[ \t]*#[ \t]*([Ss][Kk][Ii][Pp][^ \t]*)?[ \t]*/, ""))
				skip("all", $0)
			next
		}
		/^Bail out!/ { failed++; print "fail " $0 }
		END {
			if (plan < 0) wrong = "no plan"
			else if (plan != n) wrong = plan " planned, " n + 0 " ran"
			if (status == 124) wrong = "out of time"
			else if (status != 0 && !failed) wrong = "exit status " status (wrong ? ", " wrong : "")
			if (wrong) { failed++; print "fail " wrong }
			print "sum " passed + 0 " " failed + 0 " " skipped + 0
		}' "$2"
}

# Whatever a sanitizer said, in these files or in those that reports go to.
judge_reports() { # STAGE NAME FILE...
	local stage=$1 name=$2 files
	shift 2
	mapfile -t files < <(grep -alE 'AddressSanitizer|LeakSanitizer|runtime error:' "$@" "$reports"/* 2> /dev/null)
	if [ ${#files[@]} -gt 0 ]; then
		fail_stage "$stage" "$name" 'sanitizer report'
		grep -ahE -A 12 'ERROR: |runtime error:' "${files[@]}" | first 40 || true
		cat "$reports"/* >> "$results/sanitizer.log" 2> /dev/null || true
	fi
	rm -f "$reports"/*
}

# Counts BASE.tap, the output of one program; BASE.err is what it wrote to standard error.
judge() { # STAGE NAME STATUS BASE
	local kind rest passed=0 failed=0 skipped=0
	while read -r kind rest; do
		case $kind in
		skip) note_skip "$1" "$2: ${rest%%$'\t'*}" "${rest#*$'\t'}" ;;
		fail) note_failure "$1" "$2" "$rest" ;;
		sum) read -r passed failed skipped <<< "$rest" ;;
		esac
	done < <(read_tap "$3" "$4.tap")
	[ "$failed" -eq 0 ] || show_failure "$4"
	judge_reports "$1" "$2" "$4.tap" "$4.err"
	note_counts "$1" "$passed" "$failed" "$skipped"
}

# --- how things are run

run_only() { # BASE SECONDS COMMAND...; the status is in BASE.status
	local base=$1 seconds=$2 status=0
	shift 2
	timeout -k 10 "$seconds" "$@" > "$base.tap" 2> "$base.err" || status=$?
	echo "$status" > "$base.status"
}

run_tap() { # STAGE NAME SECONDS COMMAND...
	local stage=$1 name=$2
	local base=$results/$stage-$name
	shift 2
	run_only "$base" "$@"
	judge "$stage" "$name" "$(cat "$base.status")" "$base"
}

declare -A build_options=(
	[asan]='-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1'
	[release]='-Dbuildtype=release'
	[static]='-Dbuildtype=release -Db_pie=false -Dstatic=true'
	[fuzz]='-Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dwerror=false'
)
# Of a tree of which not all is built, and by another compiler.
declare -A build_targets=([fuzz]=fuzzers)
declare -A build_compiler=([fuzz]=clang)
declare -A build_state=()

configure() { # KIND
	local dir=$builds/$1 options="-Dwerror=true ${build_options[$1]}"
	# A folder set up with other options is set up anew.
	if [ "$(cat "$dir/options" 2> /dev/null)" != "$options" ] || [ ! -e "$dir/build.ninja" ]; then
		rm -rf "$dir"
		# shellcheck disable=SC2086 # options are words
		${build_compiler[$1]:+env CC=${build_compiler[$1]}} meson setup $options "$dir" "$root" || return 1
		echo "$options" > "$dir/options"
	fi
}

# Builds are made when a stage first asks. Only their failures are counted: a build is no test.
need_build() { # KIND STAGE
	local begin=$SECONDS log=$results/build-$1.log
	if [ -z "${build_state[$1]:-}" ]; then
		# shellcheck disable=SC2086 # targets are words
		if (configure "$1" && meson compile -C "$builds/$1" ${build_targets[$1]:-}) > "$log" 2>&1; then
			build_state[$1]=good
			note_time "build $1" $((SECONDS - begin))
		else
			build_state[$1]=bad
			note_failure build "$1" "see $log"
			note_counts build 0 1 0
			{ grep -E -A 5 'error:|ERROR:|FAILED:' "$log" || tail -n 30 "$log"; } | first 60
		fi
	fi
	[ "${build_state[$1]}" = good ] || { skip_stage "$2" "$1" "the $1 build failed"; return 1; }
}

# A test of meson's that does not speak TAP is one point: its exit status.
meson_case() { # SUITE JSON_OF_ONE_TEST
	local name result status base directive=
	name=$(jq -r '.name | sub(".* / "; "")' <<< "$2")
	result=$(jq -r .result <<< "$2")
	status=$(jq -r '.returncode // 1' <<< "$2")
	base=$results/$1-${name//[^A-Za-z0-9_.-]/_}
	jq -j '.stdout // empty' <<< "$2" > "$base.tap"
	jq -j '.stderr // empty' <<< "$2" > "$base.err"
	case $result in
	OK) status=0 ;;
	TIMEOUT) status=124 ;;
	SKIP) [ "$status" -ne 77 ] || status=0 ;;
	*) [ "$status" -ne 0 ] || status=1 ;;
	esac
	if [ "$status" -eq 0 ] && ! grep -qaE '^1\.\.[0-9]' "$base.tap"; then
		[ "$result" != SKIP ] || directive=" # SKIP $(tail -n 1 "$base.tap")"
		cat "$base.tap" >> "$base.err"
		printf '1..1\nok - %s%s\n' "$name" "$directive" > "$base.tap"
	fi
	judge "$1" "$name" "$status" "$base"
}

# More at once than processors: some tests wait.
meson_suite() { # SUITE SECONDS
	local line json=$builds/asan/meson-logs/$1.json n=0
	need_build asan "$1" || return 0
	rm -f "$json"
	timeout -k 10 "$2" meson test -C "$builds/asan" --no-rebuild --suite "$1" --logbase "$1" \
		--num-processes $((2 * $(nproc))) --timeout-multiplier 2 > "$results/$1.log" 2>&1 || [ $? -ne 124 ] || fail_stage "$1" suite 'out of time'
	# The tests of a suite run side by side: reports in files cannot tell whose they are.
	judge_reports "$1" suite /dev/null
	[ ! -e "$json" ] || while read -r line; do
		meson_case "$1" "$line"
		n=$((n + 1))
	done < "$json"
	[ $n -gt 0 ] || fail_stage "$1" suite 'meson knows no test of this suite'
}

# --- stages

stage_house() {
	# Headers may include what the build generates.
	need_build asan house || return 0
	run_tap house rules 120 "$root/tests/house.sh" "$builds/asan"
	run_tap house selftest 240 "$root/tests/house.sh" --selftest "$builds/asan"
}

stage_unit() { meson_suite unit 240; }
stage_golden() { meson_suite golden 240; }

# What is kept and what chance makes of it; then by what the program does with it.
stage_fuzz() {
	meson_suite fuzz 300
	need_build release fuzz || return 0
	need_build fuzz fuzz || return 0
	run_tap fuzz guided 240 "$root/tests/fuzz/guided.sh" "$builds/fuzz" "$builds/release"
}

stage_faults() {
	need_build release faults || return 0
	run_tap faults release 300 "$root/tests/faults/faults.sh" "$builds/release"
}

# Side by side, for tests mostly wait; the second begins elsewhere, for some are one at a time.
stage_live() {
	local kind good=() from=
	for kind in asan release; do
		need_build $kind live || continue
		[ "$(id -u)" -eq 0 ] || { skip_stage live $kind 'loading BPF programs needs root'; continue; }
		good+=("$kind")
		# shellcheck disable=SC2086 # none, or two words
		SAKER=$builds/$kind/saker run_only "$results/live-$kind" 900 "$builds/$kind/tests/live" --tap $from &
		from='--from control_'
	done
	wait
	for kind in "${good[@]}"; do judge live "$kind" "$(cat "$results/live-$kind.status")" "$results/live-$kind"; done
	[ "$(id -u)" -ne 0 ] || ! need_build release live ||
		run_tap live metrics 120 "$root/tests/metrics/metrics.sh" "$builds/release"
}

optional_script() { # STAGE SECONDS SCRIPT ARGUMENT...
	local stage=$1 seconds=$2 script=$3
	shift 3
	if [ ! -x "$root/$script" ]; then
		skip_stage "$stage" all "there is no $script"
	elif [ "$(id -u)" -ne 0 ]; then
		skip_stage "$stage" all 'loading BPF programs needs root'
	else
		SAKER=$builds/release/saker run_tap "$stage" release "$seconds" "$root/$script" "$@"
	fi
}

stage_strace() {
	need_build release strace || return 0
	optional_script strace 240 tests/live/strace.sh "$builds/release"
}

stage_bench() {
	need_build release bench || return 0
	optional_script bench 240 tests/bench/run.sh --quick "$builds/release"
}

# Counts and time of each kernel, and guests that died even if a second try went well.
guests_table() { # FILE
	awk '/^(not )?ok - / {
			kernel = $0
			sub(/^(not )?ok - /, "", kernel)
			if (!sub(/: .*/, "", kernel)) next
			if (/^not/) failed[kernel]++
			else if (/# SKIP/) skipped[kernel]++
			else passed[kernel]++
		}
		/^# [^ ]+: guest died/ { print "    " substr($0, 3) }
		/^# [^ ]+: [0-9.]+ s$/ {
			kernel = substr($2, 1, length($2) - 1)
			printf "    %-16s %6.1f s   %d passed, %d failed, %d skipped\n", kernel, $3,
				passed[kernel], failed[kernel], skipped[kernel]
		}' "$1"
}

stage_guests() {
	local trees=("$builds/static") cache=${SAKER_CACHE:-$HOME/.cache/saker}
	build_options[arm64]="${build_options[static]} --cross-file $cache/arm64.ini --cross-file $root/tests/vm/arm64.ini"
	if [ "$(uname -m)" != x86_64 ]; then
		skip_stage guests all "guests are x86_64, this is $(uname -m)"
		return 0
	fi
	need_build static guests || return 0
	if ! "$root/tests/vm/sysroot.sh" "$cache" > "$results/sysroot.log" 2>&1; then
		skip_stage guests arm64 "$(tail -n 1 "$results/sysroot.log")"
	elif need_build arm64 guests; then
		trees+=("$builds/arm64")
	fi
	SAKER_RESULTS=$results/guests run_tap guests matrix 2400 "$root/tests/vm/run.sh" "${trees[@]}"
	guests_table "$results/guests-matrix.tap"
	! need_build release guests || SAKER_RESULTS=$results/guests run_tap guests service 420 "$root/tests/vm/service.sh" "$builds/release"
}

# --- the sum

note_time() { # WHAT SECONDS
	printf '%-16s %4d s\n' "$1" "$2" | tee -a "$results/times"
}

run_stage() { # STAGE
	local begin=$SECONDS counts
	"stage_$1"
	counts=$(awk -F '\t' -v s="$1" '$1 == s { p += $2; f += $3; k += $4 }
		END { printf "%d passed, %d failed, %d skipped", p, f, k }' "$results/counts")
	printf '%-16s %4d s   %s\n' "$1" $((SECONDS - begin)) "$counts" | tee -a "$results/times"
}

summary() {
	echo
	if [ -s "$results/skips" ]; then
		echo 'Skipped:'
		sort "$results/skips" | awk -F '\t' '
			function flush() { if (n) print "  " stage ": " reason ": " names (n > 4 ? " and " n - 4 " more" : "") }
			$1 != stage || $2 != reason { flush(); n = 0; names = ""; stage = $1; reason = $2 }
			++n <= 4 { names = names (n > 1 ? ", " : "") $3 }
			END { flush() }'
	fi
	if [ -s "$results/failures" ]; then
		echo 'Failed:'
		awk -F '\t' '{ print "  " $1 " " $2 ": " $3 }' "$results/failures"
	fi
	echo 'Time:'
	sed 's/^/  /' "$results/times"
	echo "Results in $results, $SECONDS s in all."
	awk -F '\t' '{ p += $2; f += $3; s += $4 }
		END {
			printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""
			exit f > 0 || p == 0
		}' "$results/counts"
}

select_stages() { # ARGUMENT...
	local s
	selected=("$@")
	[ $# -gt 0 ] || selected=("${stages[@]}")
	for s in "${selected[@]}"; do
		[[ " ${stages[*]} " == *" $s "* ]] || { echo "usage: run.sh [${stages[*]}]" >&2; exit 2; }
	done
}

main() {
	local stage
	trap 'echo "run.sh: stopped at line $LINENO" >&2' ERR
	select_stages "$@"
	exec < /dev/null
	export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
	builds=$(cd "$root" && realpath -m "${SAKER_BUILD:-build}")
	results=$builds/results
	reports=$results/reports
	rm -rf "$results"
	mkdir -p "$reports"
	: > "$results/counts"
	# Reports go to files, so those of children whose standard error nobody reads are found. GCC's
	# UBSan has no such option when it runs beside ASan, so it ends the process instead.
	export ASAN_OPTIONS=detect_leaks=1:log_path=$reports/asan
	export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	install_packages
	unpack_aside
	for stage in "${selected[@]}"; do run_stage "$stage"; done
	summary
}

main "$@"
