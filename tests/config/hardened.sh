#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# hardened.sh SAKER - whether the executable is built so that a mistake with memory is hard to use; TAP on stdout.
set -euo pipefail
export LC_ALL=C

readonly saker=${1:?}
n=0

report() { # NAME COMMAND...
	local name=$1 said status=ok
	shift
	said=$("$@" 2>&1) || status='not ok'
	n=$((n + 1))
	echo "$status $n - $name"
	[ "$status" = ok ] || sed -n '1,20s/^/# /p' <<< "$said"
}

# What readelf says has a line like this; what it says is shown where it does not.
has() { # PATTERN OPTION...
	local pattern=$1 said
	shift
	said=$(readelf -W "$@" "$saker")
	grep -E -- "$pattern" <<< "$said" || { echo "$said" && false; }
}

lacks() { ! has "$@"; }

# Half of relro is the segment, the other half that all is bound before it becomes read-only.
all_bound() { has '^ *GNU_RELRO' -l && has 'BIND_NOW|FLAGS_1.*NOW' -d; }

# No segment may be written and executed; the stack is told apart.
none_both() { lacks '(LOAD|GNU_STACK) .* RWE ' -l && has '^ *GNU_STACK .* RW ' -l; }

# An indirect call may only lead to where the compiler said so.
# shellcheck disable=SC2016 # awk's own
marked() {
	objdump -d --no-show-raw-insn "$saker" | awk '
		/^[0-9a-f]+ <(main|pipeline_record|on_signal)>:$/ { name = $2; next }
		name && /[ \t](endbr64|bti|paciasp)/ { n++ }
		{ name = "" }
		END { print n + 0 " of 3 functions begin with a mark"; exit n != 3 }'
}

command -v readelf > /dev/null || { echo '1..0 # SKIP there is no readelf'; exit 0; }
report 'its place is random' has 'Type: +DYN' -h
report 'its tables are read-only once they are filled' all_bound
report 'nothing is both written and executed' none_both
report 'no folder of libraries is built in' lacks 'R(UN)?PATH' -d
report 'no text is relocated' lacks 'TEXTREL' -d
report 'stacks are guarded' has '__stack_chk_fail' --dyn-syms
report 'calls by pointer lead to functions' marked
if has '__asan_init|__ubsan' --dyn-syms > /dev/null; then
	n=$((n + 1))
	echo "ok $n - copies are checked # SKIP the sanitizers check them"
else
	report 'copies are checked' has '__(memcpy|snprintf|vsnprintf|read)_chk' --dyn-syms
fi
echo "1..$n"
