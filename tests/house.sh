#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# house.sh [BUILD_DIR]             - check that the source keeps the rules of the house; TAP on stdout
# house.sh --selftest [BUILD_DIR]  - check that each rule can fail, on a copy with a planted offence
#
# A rule is a function rule_NAME that prints one line for each offender. BUILD_DIR is where headers
# that the build generates are found. There is no list of exceptions.
set -euo pipefail
export LC_ALL=C

readonly layers=(base config event kernel identity net expr policy detect output agent cmd)
# A folder includes itself and what ranks lower; those of equal rank do not know each other.
declare -rA rank=(
	[base]=1 [config]=2 [event]=3 [kernel]=4 [identity]=4 [net]=4 [expr]=5
	[policy]=6 [detect]=7 [output]=8 [agent]=9 [cmd]=10
)
readonly file_limit=600 function_limit=60

declare -rA title=(
	[top_level]='top level holds what the design names'
	[folders]='src holds main.c and the folders of the design'
	[libbpf]='only src/kernel includes libbpf or the skeleton'
	[yaml]='only src/config includes yaml.h'
	[agent]='only agent, cmd and main.c include agent headers'
	[order]='includes follow the order of the folders'
	[own_header]='each .c file includes its own header first'
	[headers]='each header compiles alone, and twice'
	[file_length]="no .c or .h file is over $file_limit lines"
	[function_length]="no function but a flat switch is over $function_limit lines"
	[leftovers]='no note of unfinished work'
	[license]='each source names its license'
	[calls]='src calls no unbounded string function, no alloca and no shell'
	[shell]='shell scripts pass shellcheck'
)
readonly rules=(top_level folders libbpf yaml agent order own_header headers
	file_length function_length leftovers license calls shell)

# --- what is looked at

# Everything that is or would be committed; in a self-test only what was put there for it.
files() { # [PATTERN...]
	git -c safe.directory='*' ls-files -co --exclude-standard --deduplicate -- "$@" |
		while read -r f; do [[ ! -f $f || ($only && " $only " != *" $f "*) ]] || echo "$f"; done
}

sources() { files 'src/*.c' 'src/*.h' 'bpf/*.c' 'bpf/*.h'; }

# A mirror of the sources without comments and without what is inside quotes, line for line.
strip_sources() {
	local f
	sources > "$work/sources"
	while read -r f; do mkdir -p "$work/code/${f%/*}"; done < "$work/sources"
	# shellcheck disable=SC2016 # awk's own
	[ ! -s "$work/sources" ] || tr '\n' '\0' < "$work/sources" | xargs -0 awk -v to="$work/code/" '
		function code(line,    out, token) {
			while (line != "") {
				if (comment) {
					if (!index(line, "*/")) return out
					line = substr(line, index(line, "*/") + 2)
					comment = 0
				}
				if (!match(line, /\/\*|\/\/|["\047]/)) return out line
				token = substr(line, RSTART, RLENGTH)
				out = out substr(line, 1, RSTART - 1)
				line = substr(line, RSTART + RLENGTH)
				if (token == "//") return out
				if (token == "/*") { comment = 1; continue }
				if (!match(line, token == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : "^([^\047\\\\]|\\\\.)*\047")) return out
				out = out token token
				line = substr(line, RLENGTH + 1)
			}
			return out
		}
		FNR == 1 { if (file) close(file); file = to FILENAME; comment = 0 }
		!comment && /^[ \t]*#[ \t]*include/ { print > file; next }
		{ print code($0) > file }'
}

# FILE LINE TARGET of each include; a target keeps its <> or loses its "".
includes() { # [FOLDER]
	{ (cd "$work/code" && grep -rHnE '^[[:space:]]*#[[:space:]]*include' "${1:-.}" 2> /dev/null) || true; } |
		sed -nE 's,^(\./)?([^:]+):([0-9]+):[^"<]*("([^"]+)"|(<[^>]+>)).*,\2 \3 \5\6,p'
}

# Where an include leads: a folder of src, or bpf, or nothing for a foreign or generated header.
leads_to() { # FILE TARGET
	local dir=${1%/*} target=$2 path
	target=${target#<}
	target=${target%>}
	for path in "$dir/$target" "src/$target" "bpf/$target" "$target"; do
		path=$(normal "$path")
		[ -e "$path" ] || continue
		case $path in
		bpf/*) echo bpf ;;
		src/*/*) path=${path#src/} && echo "${path%%/*}" ;;
		esac
		return 0
	done
	# A header that does not exist yet, or is generated, still belongs to the folder it names.
	[[ ! $target == */* ]] || [ -z "${rank[${target%%/*}]:-}" ] || [[ $2 == '<'* ]] || echo "${target%%/*}"
}

normal() { # PATH: without a/../
	local path=$1
	while [[ $path =~ ^(.*/)?[^/.]+/\.\./(.*)$ ]]; do path=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
	echo "$path"
}

# --- rules

rule_top_level() {
	files | cut -d/ -f1 | sort -u |
		grep -vxE 'src|bpf|conf|tests|meson\.build|meson_options\.txt|README\.md|LICENSE.*|\..*' || true
}

rule_folders() {
	local allowed
	allowed=$(IFS='|' && echo "${layers[*]}")
	files 'src/*' | grep -vE "^src/(main\.c|($allowed)/[^/]+)\$" || true
}

rule_libbpf() {
	includes src | grep -E ' <bpf/| [^ ]*\.skel\.h>?$' | grep -v '^src/kernel/' || true
}

rule_yaml() {
	includes src | grep -E ' <?yaml\.h>?$' | grep -v '^src/config/' || true
}

rule_agent() {
	includes src | grep -vE '^src/(agent/|cmd/|main\.c )' | grep -E ' (.*/)?agent(/[^ ]*)?\.h$' || true
}

rule_order() {
	local file line target from to
	includes | while read -r file line target; do
		to=$(leads_to "$file" "$target")
		[ "${to:-bpf}" != bpf ] || continue
		case $file in
		src/*/*) from=${file#src/} && from=${from%%/*} ;;
		src/*) continue ;;
		*) from=bpf ;;
		esac
		[ "$from" != "$to" ] || continue
		[ "${rank[$from]:-0}" -gt "${rank[$to]:-99}" ] || echo "$file:$line: $from includes $to: $target"
	done
}

rule_own_header() {
	local file first
	files 'src/*.c' | while read -r file; do
		[ -e "${file%.c}.h" ] || continue
		first=$(includes "$file" | awk 'NR == 1 { print $3 }')
		[ "$(basename "$first")" = "$(basename "${file%.c}.h")" ] || echo "$file: first is ${first:-nothing}"
	done
}

# Headers of bpf/ that src uses are C for both sides; the others are for the BPF target alone.
rule_headers() {
	local file target shared='' flags=(-std=gnu11 -fsyntax-only -Wall -Werror -D_GNU_SOURCE -Isrc -Ibpf)
	[ -z "$build" ] || flags+=("-I$build" "-I$build/src" "-I$build/bpf")
	while read -r file _ target; do
		[ "$(leads_to "$file" "$target")" != bpf ] || shared+=" ${target#bpf/} "
	done < <(includes src)
	while read -r file; do
		if [[ $file == src/* || $shared == *" ${file#bpf/} "* ]]; then
			echo "gcc ${flags[*]} -include $file -include $file -x c /dev/null"
		else
			echo "clang -target bpf -D__TARGET_ARCH_x86 -I/usr/include/$(gcc -print-multiarch) -g -O2" \
				"${flags[*]} -include $file -include $file -x c /dev/null"
		fi
	done < <(files 'src/*.h' 'bpf/*.h') | tr '\n' '\0' | xargs -0 -r -P 2 -n 1 "$self" --compile
}

# One of rule_headers' commands; a function would not reach through xargs.
compile() { # COMMAND
	local said command
	read -ra command <<< "$1"
	said=$("${command[@]}" 2>&1) || echo "${command[-4]}: $(grep -m1 'error:' <<< "$said")"
}

# Tables may be as long as what they list: .def files, and lines of preprocessor conditions and names.
rule_file_length() {
	{ sources && files 'tests/*.c' 'tests/*.h'; } | tr '\n' '\0' | xargs -0 -r awk -v limit=$file_limit '
		function check() { if (n > limit) print file ": " n " lines" }
		FNR == 1 { check(); file = FILENAME; n = 0 }
		!/^#[ \t]*(if|ifdef|ifndef|else|elif|endif|define|undef)/ { n++ }
		END { check() }'
}

# A function runs from a brace after a parameter list to a brace in the first column; macros that
# begin functions are seen so too. Lines of a switch that only map one thing to another are free.
rule_function_length() {
	(cd "$work/code" && find . -name '*.[ch]' -exec awk -v limit=$function_limit '
		FNR == 1 { begin = 0 }
		!begin && (/^\{/ || /^[A-Za-z_].*\)[ \t]*\{[ \t]*$/) { begin = FNR; free = 0; next }
		begin && /^[ \t]*(case .*:|default:)|^[ \t]*break;[ \t]*$/ { free++ }
		begin && /^\}/ {
			n = FNR - begin + 1 - free
			if (n > limit) print substr(FILENAME, 3) ":" begin ": " n " lines"
			begin = 0
		}' {} +)
}

rule_leftovers() {
	# The pattern must not find itself.
	files | tr '\n' '\0' | xargs -0 -r grep -HnIwE 'TO[D]O|FIX[M]E|X[X]X|HA[C]K' || true
}

rule_license() {
	local file want
	{
		files '*.c' '*.h' '*.def' '*.sh' '*.awk' '*.py' '*meson.build' meson_options.txt
		files | tr '\n' '\0' | xargs -0 -r awk 'FNR == 1 && /^#!/ { print FILENAME } { nextfile }'
	} | sort -u | while read -r file; do
		want='SPDX-License-Identifier: Apache-2\.0( \*/)?$'
		[[ $file != bpf/*.[ch] && $file != bpf/*.def ]] ||
			want='SPDX-License-Identifier: GPL-2\.0-only OR BSD-2-Clause( \*/)?$'
		sed 3q "$file" | grep -qE "$want" || echo "$file"
	done
}

rule_calls() {
	(cd "$work/code" && grep -rnE \
		'(^|[^A-Za-z0-9_.>])(v?sprintf|strcpy|strcat|alloca|system|popen)[[:space:]]*\(' src 2> /dev/null) || true
}

rule_shell() {
	command -v shellcheck > /dev/null || { echo 'shellcheck is not installed'; return 0; }
	files | tr '\n' '\0' | xargs -0 -r awk 'FNR == 1 && /^#!.*[\/ ](ba)?sh/ { print FILENAME } { nextfile }' |
		tr '\n' '\0' | xargs -0 -r shellcheck -x -f gcc || true
}

# --- running them

check() { # RULE
	local offenders
	offenders=$("rule_$1")
	if [ -z "$offenders" ]; then
		echo "ok - ${title[$1]}"
	else
		echo "not ok - ${title[$1]}"
		echo "# ${offenders//$'\n'/$'\n'# }"
	fi
}

check_all() {
	local rule
	strip_sources
	echo "1..${#rules[@]}"
	for rule in "${rules[@]}"; do check "$rule"; done | tee "$work/tap"
	! grep -q '^not ok' "$work/tap"
}

# --- that each can fail: plant_NAME makes files called planted in a copy of the tree

put() { # PATH LINE...
	local path=$1
	shift
	mkdir -p "$(dirname "$path")"
	printf '%s\n' "$@" > "$path"
	planted+=("$path")
	only+=" $path"
}

lines() { # COUNT TEXT
	yes "$2" | head -n "$1" || true
}

plant_top_level() { put planted/file text; }
plant_folders() { put src/planted/file.c; }
plant_deeper_folder() { put src/base/planted/file.c; }
plant_libbpf() { put src/net/planted.c '#include <bpf/libbpf.h>'; }
plant_skeleton() { put src/agent/planted.c '#include "saker.skel.h"'; }
plant_yaml() { put src/expr/planted.c '#include <yaml.h>'; }
plant_agent() { put src/output/planted.c '#include "agent/agent.h"'; }
plant_upward() { put src/base/planted.c '#include "event/planted.h"'; }
plant_dotted() { put src/event/planted.h '' && put src/base/planted.c '#include "../event/planted.h"'; }
plant_sibling() { put src/kernel/planted.c '#include "net/planted.h"'; }
plant_from_bpf() { put bpf/planted.bpf.c '#include "../src/base/log.h"' && put src/base/log.h ''; }
plant_own_header() { put src/base/planted.h '' && put src/base/planted.c '#include <stdio.h>' '#include "base/planted.h"'; }
plant_header() { put src/base/planted.h 'void planted(size_t n);'; }
plant_header_twice() { put src/base/planted.h 'struct planted { int n; };'; }
plant_bpf_header() { put bpf/planted.h 'static int planted(u64 n);'; }
plant_file_length() { put src/base/planted.c "$(lines $((file_limit + 1)) 'int n;')"; }
plant_function_length() { put src/base/planted.c 'int f(int n)' '{' "$(lines $function_limit $'\tn++;')" '}'; }
plant_macro_function() { put bpf/planted.bpf.c 'PROBE(f, int n) {' "$(lines $function_limit $'\tn++;')" '}'; }
plant_leftovers() { put conf/planted.yaml '# TO''DO later'; }
plant_license() { put tests/unit/planted.c '/* no license */'; }
plant_bpf_license() { put bpf/planted.bpf.c '/* SPDX-License-Identifier: Apache-2.0 */'; }
plant_script_license() { put conf/planted '#!/bin/sh'; }
plant_calls() { put src/base/planted.c $'\tstrcpy(a, b); /* why */'; }
plant_shell() { put tests/planted.sh '#!/bin/bash' "rm \$1"; }

readonly plants=(top_level:top_level folders:folders folders:deeper_folder libbpf:libbpf libbpf:skeleton
	yaml:yaml agent:agent order:upward order:dotted order:sibling order:from_bpf own_header:own_header
	headers:header headers:header_twice headers:bpf_header file_length:file_length
	function_length:function_length function_length:macro_function leftovers:leftovers
	license:license license:bpf_license license:script_license calls:calls shell:shell)

# What only looks like an offence.
plant_innocent() {
	put src/base/innocent.h '/* SPDX-License-Identifier: Apache-2.0 */' '#ifndef INNOCENT_H' '#define INNOCENT_H' \
		'int innocent(int n);' '#endif'
	put src/base/innocent.c '/* SPDX-License-Identifier: Apache-2.0 */' '/* text' ' * system(3) */' \
		'#include "base/innocent.h"' '' '#include <stdio.h>' '' 'static const char *name = "strcpy(a, /* b";' \
		'int innocent(int n)' '{' $'\tsnprintf(s, 9, "XX''XXXX"); o->system(n);' $'\tswitch (n) {' \
		"$(lines $((function_limit + 9)) $'\tcase 1: return 2;')" $'\t}' '}'
}

copy_tree() {
	local copy=$work/copy
	mkdir -p "$copy"
	files | cpio -pdm --quiet "$copy"
	cd "$copy"
	git init -q .
}

uproot() {
	rm -rf "${planted[@]}" planted src/planted src/base/planted
	planted=()
	only=
	# Headers that the copy needs may have been overwritten.
	(cd "$origin" && files | cpio -pdmu --quiet "$work/copy")
}

selftest() {
	local plant rule said bad=0
	planted=()
	origin=$PWD
	copy_tree
	echo "1..$((${#plants[@]} + 1))"
	for plant in "${plants[@]}"; do
		rule=${plant%%:*}
		"plant_${plant#*:}"
		said=$(rm -rf "$work/code" && strip_sources && check "$rule")
		if grep -q '^not ok' <<< "$said" && grep -q '^# .*planted' <<< "$said"; then
			echo "ok - ${title[$rule]}: sees ${plant#*:}"
		else
			echo "not ok - ${title[$rule]}: sees ${plant#*:}"
			bad=1
		fi
		uproot
	done
	plant_innocent
	said=$(check_all) || true
	if grep innocent <<< "$said"; then
		echo 'not ok - what only looks like an offence passes'
		bad=1
	else
		echo 'ok - what only looks like an offence passes'
	fi
	return $bad
}

main() {
	local action=check_all
	[ "${1:-}" != --compile ] || { compile "$2"; return 0; }
	if [ "${1:-}" = --selftest ]; then
		action=selftest
		shift
	fi
	build=
	only=
	[ $# -eq 0 ] || build=$(realpath "$1")
	self=$(realpath "$0")
	cd "${self%/*}/.."
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/code"
	"$action"
}

main "$@"
