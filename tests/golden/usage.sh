#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage.sh SAKER - what wrong use of each subcommand is told and how it ends; TAP. Wants no privileges.
set -uo pipefail
export LC_ALL=C

saker=$(realpath "${1:?}")
readonly saker
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir folder

# exit status | arguments, ~ for an empty one | the first or last line of standard error
readonly rows=(
	'2|tracee|saker: unknown command "tracee", did you mean "trace"? See saker --help'
	'2|~|saker: unknown command "". See saker --help'
	'2|trace --foo|saker: unknown option --foo, did you mean --for? See saker trace --help'
	'2|trace --xyzzy|saker: unknown option --xyzzy. See saker trace --help'
	'2|trace -x|saker: unknown option -x. See saker trace --help'
	'2|trace -e|saker: -e wants a value. See saker trace --help'
	'2|trace --for|saker: --for wants a value. See saker trace --help'
	'2|trace --full=yes|saker: --full takes no value. See saker trace --help'
	'2|trace -e ~|saker: a list of events has an empty place'
	'2|trace -w x|saker: trace has no use for --write. See saker trace --help'
	'2|trace --|saker: want a command to follow behind --: saker trace -- COMMAND'
	'2|trace evt.typ = openat|1:1: unknown field "evt.typ", did you mean "evt.type"?'
	'2|trace ls|saker: a command to follow comes after --: saker trace -- ls'
	'2|record|saker: record wants -w FILE (- for standard output)'
	'2|record -w ~|saker: record wants -w FILE (- for standard output)'
	'2|record -o json -w x|saker: record has no use for --output. See saker record --help'
	'1|record -w folder|saker: cannot write folder: Is a directory'
	'2|replay|saker: want saker replay FILE [OPTION].. (- for standard input)'
	'2|replay ~|saker: want saker replay FILE [OPTION].. (- for standard input)'
	'1|replay folder|saker: folder: cannot read: Is a directory'
	'2|replay x --lanes bulk=1M|saker: replay has no use for --lanes. See saker replay --help'
	'2|replay x -- ls|saker: replay follows no command'
	'2|replay x proc.nam=y|1:1: unknown field "proc.nam", did you mean "proc.name"?'
	'2|replay -o json|saker: want saker replay FILE [OPTION].. (- for standard input)'
	'1|replay -o json folder|saker: folder: cannot read: Is a directory'
	'2|replay x proc.name=y -o json|saker: options come before the expression'
	'2|check|saker: check what? saker check [--explain] FILE...; see saker check --help'
	'2|check ~|saker: unexpected ""; want saker check [--explain] FILE...'
	'2|check --explan x|saker: unknown option --explan, did you mean --explain? See saker check --help'
	'1|check x|x: cannot open: No such file or directory'
	'2|events -o xml|saker: unknown format "xml"; there are text, json and markdown'
	'2|events -o|saker: -o wants a value. See saker events --help'
	'2|doctor more|saker: unexpected "more"; want saker doctor [-o text|json] [--btf FILE] [--probe]'
	'2|doctor --prob=1|saker: --probe takes no value. See saker doctor --help'
	'2|doctor -o xml|saker: --output "xml": want text or json'
	'2|run more|saker: unexpected "more"; want saker run [-c FILE]'
	'2|run -c|saker: -c wants a value. See saker run --help'
	'2|run -c ~|saker: --config "": want the name of a file'
	'1|run -c x|x: cannot open: No such file or directory'
	'2|ctl -z|saker: unknown option -z. See saker ctl --help'
	'2|ctl statsu|saker: ctl has no command "statsu", did you mean "status"? See saker ctl --help'
	'2|ctl status now|saker: want saker ctl status'
	'2|ctl -s ~ status|saker: --socket "": want the name of a socket'
	'3|ctl -s folder status|saker: no agent listens at folder: is saker run running? Name the control.sock of its agent.run_dir with -s'
	'2|top more|saker: unexpected "more"; want saker top [-d SECONDS] [-n COUNT] [-s SOCKET]'
	'2|top -d 0|saker: --delay "0": want seconds from 0.1 to 3600'
	'2|top --cuont 1|saker: unknown option --cuont, did you mean --count? See saker top --help'
)
# What prints to a full disk says so.
readonly prints=('--help' '--version' 'trace --help' 'events' 'doctor --help' 'ctl --help' 'check folder/right.yaml')

n=0 bad=0
tell() { # NAME GOT WANT
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n# got:  %s\n# want: %s\n' "$n" "$1" "${2//$'\n'/ / }" "$3"
		bad=1
	fi
}

echo "1..$((${#rows[@]} + ${#prints[@]}))"
for row in "${rows[@]}"; do
	IFS='|' read -r status words said <<< "$row"
	read -ra argv <<< "$words"
	said=${row#"$status|$words|"}
	got=0
	err=$("$saker" "${argv[@]/#\~/}" 2>&1 > out < /dev/null) || got=$?
	[ "${err##*$'\n'}" = "$said" ] || err=${err%%$'\n'*}
	tell "saker $words" "$got|${err##*$'\n'}$(head -c 100 out)" "$status|$said"
done
printf 'name: right\nevents: {openat: }\n' > folder/right.yaml
for words in "${prints[@]}"; do
	read -ra argv <<< "$words"
	got=0
	err=$("$saker" "${argv[@]}" 2>&1 > /dev/full) || got=$?
	tell "saker $words > /dev/full" "$got|$err" '1|saker: cannot write: No space left on device'
done
exit $bad
