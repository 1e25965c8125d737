#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# golden.sh [--update] BUILD - replay recordings and compare what is printed with what is kept here; TAP.
# With --update, keep what is printed now.
set -uo pipefail
export LC_ALL=C TZ=UTC0 TERM=xterm
unset NO_COLOR

here=$(dirname "$(realpath "$0")")
update=
[ "${1:-}" != --update ] || { update=yes && shift; }
[ $# -eq 1 ] || { echo 'usage: golden.sh [--update] BUILD' >&2; exit 2; }
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# name, kind of stream, options of replay
readonly rows=(
	'plain.json      plain  -o json'
	'plain.table     plain  --color never'
	'plain.color     plain  --color always'
	'kinds.json      kinds  -o json'
	'kinds.table     kinds  --color never'
	'kinds.full      kinds  --color never --full'
	'selected.json   kinds  -o json -e proc,-task_rename,openat'
	'count.json      kinds  -o json --count 2'
	'contained.json  contained  -o json'
	'nginx.json      contained  -o json container.name=nginx or container.name=web'
	'plain.falco     plain  -o falco'
	'plain.text      plain  -o falco_text'
)

bad=0 n=0
echo "1..${#rows[@]}"
for row in "${rows[@]}"; do
	read -r name kind options <<< "$row"
	n=$((n + 1))
	status=0
	"$build/tests/stream" "$kind" "$work/$kind.rec" || status=1
	# shellcheck disable=SC2086 # options are words
	"$build/saker" replay "$work/$kind.rec" $options > "$work/$name" 2> "$work/err" || status=$?
	[ -z "$update" ] || cp "$work/$name" "$here/$name"
	if [ "$status" -eq 0 ] && diff=$(diff -u "$here/$name" "$work/$name" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		{ echo "status $status"; cat "$work/err"; echo "${diff:-}"; } | head -n 20 | cut -c1-300 | sed 's/^/# /'
		bad=1
	fi
done
exit $bad
