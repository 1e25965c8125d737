#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# guided.sh FUZZ_BUILD RELEASE_BUILD - run each fuzzer for some seconds, two at a time, and the fast ones by chance
# to see what an input costs; TAP on stdout. What they find is kept in FUZZ_BUILD/found, what ends them in
# FUZZ_BUILD/findings.
#   FUZZ_SECONDS   for each of them, default 4
#   FUZZ_COUNT     inputs by chance for each, default 5000
#   FUZZ_SEED      another way through the inputs, default 1
set -euo pipefail

build=$(realpath "${1:?}")
release=$(realpath "${2:?}")
root=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
readonly build release root seconds=${FUZZ_SECONDS:-4} count=${FUZZ_COUNT:-5000}

mapfile -t targets < <(printf '%s\n' "$root"/tests/fuzz/fuzz_*.c | sed 's/.*fuzz_//; s/\.c$//')
readonly targets

# Folders to begin with.
seeds_of() { # TARGET
	case $1 in
	capture) echo "$build/tests/seeds/capture" "$root/tests/fuzz/corpus/capture" ;;
	decoder | record) echo "$build/tests/seeds/record" ;;
	yaml) echo "$root/tests/fuzz/corpus/config" "$root/tests/fuzz/corpus/policy" ;;
	*) echo "$root/tests/fuzz/corpus/$1" ;;
	esac
}

# MiB that one allocation may take: a policy may ask for a table of a million keys.
limit_of() { # TARGET
	case $1 in policy) echo 256 ;; *) echo 16 ;; esac
}

guided() { # TARGET
	mkdir -p "$build/found/$1" "$build/findings"
	# shellcheck disable=SC2046 # folders are words
	"$build/tests/fuzz_$1" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=10 \
		-malloc_limit_mb="$(limit_of "$1")" -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix="$build/findings/$1-" "$build/found/$1" $(seeds_of "$1") > "$build/findings/$1.log" 2>&1
}

by_chance() { # TARGET
	# shellcheck disable=SC2046 # folders are words
	(cd "$build/findings" && "$release/tests/replay_$1" -n "$count" $(seeds_of "$1") > "$1.chance" 2>&1)
}

n=0
point() { # STATUS NAME DETAILS
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
	echo "# $3"
}

finish() { # TARGET PID
	local status=0
	wait "$2" || status=$?
	[ $status -eq 0 ] || grep -hE -A 12 'ERROR: |runtime error:' "$build/findings/$1.log" | sed 's/^/# /' || true
	point $status "$1, guided" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/findings/$1.log") inputs in $seconds s"
	status=0
	by_chance "$1" || status=$?
	point $status "$1, by chance" "$(sed -n 's/^# //p' "$build/findings/$1.chance" | tail -n 1)"
}

echo "1..$((${#targets[@]} * 2))"
for ((i = 0; i < ${#targets[@]}; i += 2)); do
	guided "${targets[i]}" & first=$!
	[ $((i + 1)) -eq ${#targets[@]} ] || { guided "${targets[i + 1]}" & second=$!; }
	finish "${targets[i]}" "$first"
	[ $((i + 1)) -eq ${#targets[@]} ] || finish "${targets[i + 1]}" "$second"
done
