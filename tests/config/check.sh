#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check.sh SAKER - what "saker check" prints and how it ends; TAP on stdout. Run in the source tree.
set -euo pipefail

saker=$(realpath "${1:?}")
readonly saker
cd "$(dirname "$(realpath "$0")")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
n=0

# The output's end and the exit status of "saker check ARGUMENT..", with the folder called W.
expect() { # NAME STATUS OUTPUT ARGUMENT...
	local name=$1 status=$2 want=$3 said got=0
	shift 3
	said=$("$saker" check "$@" 2>&1) || got=$?
	said=${said//$work/W}
	n=$((n + 1))
	if [ "$got" -eq "$status" ] && [[ $said == *"$want" ]]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# status $got, said: ${said//$'\n'/$'\n'# }"
	fi
}

put() { # FILE LINE...
	local file=$1
	shift
	printf '%s\n' "$@" > "$work/$file"
}

mkdir "$work/policies" "$work/empty" "$work/bad"
cp conf/policies/*.yaml "$work/policies"
cp conf/saker.yaml "$work"
expect 'the shipped configuration' 0 'W/saker.yaml: policies: 1, sinks: 1: ok' "$work/saker.yaml"
expect 'the shipped policies' 0 'W/policies/quiet.yaml: policy quiet, 2 events: ok' "$work/policies"
expect 'what a policy selects' 0 'policy default, 9 events: ok' --explain "$work/policies/default.yaml"

put never.yaml 'name: n' 'events:' '  openat: {where: evt.type = read}' '  connect:'
expect 'an entry that contradicts its event' 1 \
	$'W/never.yaml:3:3: "openat" never matches: scope or where ask for other events; if that is meant, add confirm: [never] to the policy\n  openat: {where: evt.type = read}\n  ^' \
	"$work/never.yaml"
put never.yaml 'name: n' 'confirm: [never]' 'scope: user.uid = 0' 'events:' '  openat: {where: user.uid != 0}' '  connect:'
expect 'or its scope, and somebody says so' 0 \
	$'W/never.yaml:5:3: warning: "openat" never matches: scope and where contradict each other (confirmed)\nW/never.yaml: policy n, 2 events: ok' \
	"$work/never.yaml"

put drown.yaml 'name: d' 'events:' '  read:' '  openat:' '  poll: {limit: 5/s}'
expect 'an entry that takes all of what comes at a high rate' 1 \
	$'W/drown.yaml:3:3: "read" takes every read of every process; scope, where, limit, sample and dedup take fewer; if that is meant, add confirm: [flood] to the policy\n  read:\n  ^' \
	"$work/drown.yaml"
put drown.yaml 'name: d' 'confirm: [flood]' 'events:' '  read:'
expect 'and somebody says so' 0 \
	$'W/drown.yaml:4:3: warning: "read" takes every read of every process; scope, where, limit, sample and dedup take fewer (confirmed)\nW/drown.yaml: policy d, 1 event: ok' \
	"$work/drown.yaml"
put shadow.yaml 'name: s' 'events:' "  'open*': {where: ret < 0}" '  fs_file_ops: {where: ret >= 0}'
expect 'an entry whose events another one has' 1 \
	$'W/shadow.yaml:4:3: "fs_file_ops" does not get 4 of its 19 events: they are those of "open*" in line 3, which comes first; if that is meant, add confirm: [shadow] to the policy\n  fs_file_ops: {where: ret >= 0}\n  ^' \
	"$work/shadow.yaml"
mkdir "$work/twins"
put twins/a.yaml 'name: a' 'events: {openat: {where: ret < 0}}'
put twins/b.yaml 'name: b' 'events: {openat: {where: "(ret < 0)"}}'
expect 'a policy that is as another' 1 \
	$'W/twins/b.yaml:1:7: policy "b" asks the same as policy "a" and adds nothing to it; if that is meant, add confirm: [shadow] to the policy\nname: b\n      ^' \
	"$work/twins"
put scoped.yaml 'name: s' 'scope: user.uid = 1000' 'events: {read: }'
expect 'or only of some' 0 'W/scoped.yaml: policy s, 1 event: ok' "$work/scoped.yaml"

put bad/a.yaml 'name: a' 'events:' '  openatt:'
expect 'line, column, caret, nearest name' 1 \
	$'W/bad/a.yaml:3:3: unknown event "openatt", did you mean "openat"?\n  openatt:\n  ^' "$work/bad/a.yaml"
put bad/b.yaml 'name: b' 'events:' '  openat:' '    where: >' '      ret = 0' '      and args.pth = x'
expect 'a place in a folded expression' 1 $'      and args.pth = x\n          ^' "$work/bad/b.yaml"
expect 'every wrong file of a folder' 1 $'      and args.pth = x\n          ^' "$work/bad"
put config.yaml 'policies: [policies/quiet.yaml]' 'sinks: {a: {type: file}}'
expect 'a wrong sink' 1 \
	$'W/config.yaml:2:12: sinks.a: "path" is missing: want a path\nsinks: {a: {type: file}}\n           ^' \
	"$work/config.yaml"
put where.yaml 'policies: [policies/quiet.yaml]' 'sinks: {a: {type: stdout, where: proc.nam = x}}'
expect 'a wrong filter of a sink' 1 \
	$'did you mean "proc.name"?\nsinks: {a: {type: stdout, where: proc.nam = x}}\n                                 ^' \
	"$work/where.yaml"
put redact.yaml 'policies: [policies/quiet.yaml]' 'agent:' "  redact: {patterns: [{name: badge, regex: 'a(b'}]}"
expect 'a wrong pattern of secrets' 1 \
	$': agent.redact.patterns.regex "a(b": the ( is not closed\n  redact: {patterns: [{name: badge, regex: \'a(b\'}]}\n                                               ^' \
	"$work/redact.yaml"
put fields.yaml 'policies: [policies/quiet.yaml]' 'sinks: {a: {type: stdout, fields: [time, proc.nam]}}'
expect 'a wrong field of a sink' 1 \
	$'did you mean "proc.name"?\nsinks: {a: {type: stdout, fields: [time, proc.nam]}}\n                                         ^' \
	"$work/fields.yaml"
put named.yaml 'policies: [bad/a.yaml]'
expect 'a wrong policy that a configuration names' 1 $'  openatt:\n  ^' "$work/named.yaml"
put sink.yaml 'name: s' 'events: {openat: {sinks: [evnts]}}'
put sinks.yaml 'policies: [sink.yaml]' 'sinks: {events: {type: stdout}}'
expect 'a sink by itself is not known to be wrong' 0 'policy s, 1 event: ok' "$work/sink.yaml"
expect 'a sink that no configuration has' 1 \
	$'unknown sink "evnts", did you mean "events"?\nevents: {openat: {sinks: [evnts]}}\n                          ^' \
	"$work/sinks.yaml"
SAKER_TEST_FOLDER=/tmp/secret
export SAKER_TEST_FOLDER
# shellcheck disable=SC2016 # saker replaces it
put secret.yaml 'policies: ["${SAKER_TEST_FOLDER}/x"]' 'agent: {}'
expect 'a secret is not printed' 1 \
	$'W/secret.yaml:1:12: policies "***": cannot open: No such file or directory\npolicies: ["${SAKER_TEST_FOLDER}/x"]\n           ^' \
	"$work/secret.yaml"
put lost.yaml 'policies:' '  - policies/quiet.yaml' '  - lost' '  - empty'
expect 'a path that leads nowhere' 1 \
	$'W/lost.yaml:3:5: policies "W/lost": cannot open: No such file or directory\n  - lost\n    ^\nW/lost.yaml:4:5: policies "W/empty": the folder has no *.yaml or *.yml\n  - empty\n    ^' \
	"$work/lost.yaml"
expect 'an empty folder' 1 'W/empty: the folder has no *.yaml or *.yml' "$work/empty"
expect 'no such file' 1 'W/none: cannot open: No such file or directory' "$work/none"
expect 'a device' 1 '/dev/null: is a device; want a regular file' /dev/null
mkfifo "$work/fifo"
expect 'a FIFO, without waiting' 1 'W/fifo: is a FIFO; want a regular file' "$work/fifo"
chmod g+w "$work/policies/quiet.yaml"
expect 'a file that run will refuse' 0 'policy quiet, 2 events: ok' "$work/policies/quiet.yaml"
expect 'nothing to check' 2 'see saker check --help'
expect 'options' 0 'true, in the last line: the file is whole (true or false, default false)' --help
echo "1..$n"
