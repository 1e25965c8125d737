#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# readme.sh [--update] SAKER - is README.md's table of events what "saker events" prints?
# With --update, make it so.
set -euo pipefail

readonly begin='<!-- events: begin, made by tests/golden/readme.sh --update -->' end='<!-- events: end -->'
readme=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../README.md
update=
[ "${1:-}" != --update ] || { update=yes && shift; }
[ $# -eq 1 ] || { echo 'usage: readme.sh [--update] SAKER' >&2; exit 2; }

made=$("$1" events -o markdown)
[ -n "$made" ] || { echo 'Bail out! saker events printed nothing'; exit 1; }

# README with the table in its place.
with_table() {
	awk -v begin="$begin" '{ print } $0 == begin { exit }' "$readme"
	printf '\n%s\n\n' "$made"
	awk -v end="$end" '$0 == end { on = 1 } on' "$readme"
}

if ! grep -qxF -- "$begin" "$readme" || ! grep -qxF -- "$end" "$readme"; then
	echo "Bail out! README.md lacks the lines $begin and $end"
	exit 1
fi
if [ -n "$update" ]; then
	with_table > "$readme.new"
	mv "$readme.new" "$readme"
fi
if difference=$(diff "$readme" <(with_table)); then
	echo "ok 1 - README's table of events is what saker prints"
else
	echo "not ok 1 - README's table of events is what saker prints"
	echo '# run: tests/golden/readme.sh --update SAKER'
	sed -n '1,20s/^/# /p' <<< "$difference" | cut -c1-160
fi
echo 1..1
