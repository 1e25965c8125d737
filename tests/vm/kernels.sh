#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kernels.sh DIR [ARCHITECTURE [NAME...]] - fetch Debian cloud kernels into DIR/k/RELEASE/{vmlinuz,config,*.ko}.
#
# ARCHITECTURE is amd64 or arm64. A NAME is a suite or "newest"; without one it is all of them.
# Prints one line a kernel, "kernel SUITE RELEASE", oldest first, then one line for each that is
# missing, "skip SUITE REASON". Fails only when there is no kernel at all. What is already in DIR is
# not asked for again, so a second run needs no network.
#   WIDE=1     every minor release that the backports suite has, not just the newest
#   REFRESH=1  ask the archive again, for newer builds
set -euo pipefail

# Modules that tests may load: a harmless one, and those that make containers and their networks.
readonly modules=(dummy veth overlay)

# shellcheck source=tests/vm/apt.sh
. "$(dirname "$(realpath "$0")")/apt.sh"

say() { echo "kernels: $*" >&2; }

newest_release() { # SUITE
	world "$1" apt-cache depends "linux-image-cloud-$arch" |
		sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | awk 'NR == 1'
}

# The newest build of each minor release: 6.16.3+deb13-cloud-amd64 and so on.
minor_releases() { # SUITE
	world "$1" apt-cache pkgnames linux-image- |
		sed -n "s/^linux-image-\\([0-9].*-cloud-$arch\\)$/\\1/p" | sort -Vr |
		awk -F '[.+-]' '!seen[$1 "." $2]++'
}

# A name may be known and yet have no package to install, so the policy is asked, not the name.
candidate() { # SUITE PACKAGE
	[[ $(world "$1" apt-cache policy "$2") == *"Candidate: "[0-9]* ]]
}

# From 6.19 on images are split: the kernel is in linux-binary-*, modules and config elsewhere.
packages_of() { # SUITE RELEASE
	local kind found=
	for kind in binary base modules; do
		! candidate "$1" "linux-$kind-$2" || { echo "linux-$kind-$2" && found+=" $kind"; }
	done
	[[ $found == *binary* ]] || echo "linux-image-$2"
}

unpack() { # SUITE RELEASE PACKAGE TO
	local deb mod patterns=('./boot/vmlinuz-*' './boot/config-*' '*/lib/modules/*/vmlinuz' '*/lib/modules/*/config')
	for mod in "${modules[@]}"; do patterns+=("*/$mod.ko*"); done
	(cd "$4" && world "$1" apt-get -qq download "$3") || return 1
	for deb in "$4"/*.deb; do
		# tar calls a pattern that matches nothing an error; what matters is checked by fetch.
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$4" --wildcards --no-anchored \
			--transform 's,.*/,,' -xf - "${patterns[@]}" 2> /dev/null || true
		rm "$deb"
	done
	for mod in vmlinuz config; do
		[ ! -e "$4/$mod-$2" ] || mv "$4/$mod-$2" "$4/$mod"
	done
}

# Complete or absent: a kernel is unpacked beside its place and moved there last.
fetch() { # SUITE RELEASE
	local package tmp=$dir/k/.$2
	[ ! -e "$dir/k/$2/vmlinuz" ] || return 0
	rm -rf "$tmp"
	mkdir -p "$tmp"
	for package in $(packages_of "$1" "$2"); do
		unpack "$1" "$2" "$package" "$tmp" || return 1
	done
	if [ ! -e "$tmp/vmlinuz" ]; then
		echo "E: the packages of $2 hold no vmlinuz" >> "$(world_dir "$1")/errors"
		return 1
	fi
	# The guests' busybox reads plain modules only.
	find "$tmp" -name '*.ko.xz' -exec xz -d {} +
	rm -rf "${dir:?}/k/$2"
	mv "$tmp" "$dir/k/$2"
	say "$1: $2"
}

# Where is noted what was had under a name.
had() { # NAME
	echo "$dir/have/$1${arch#amd64}"
}

cached() { # NAME
	local had release found=
	had=$(had "$1")
	[ -z "${REFRESH:-}" ] && [ -e "$had" ] && [ ! -e "$had.partial" ] || return 1
	while read -r _ release; do
		[ -e "$dir/k/$release/vmlinuz" ] || return 1
		found=1
	done < "$had"
	[ -n "$found" ]
}

add() { # NAME SUITE RELEASE...: fetch and note what was had under that name
	local had suite=$2 release
	had=$(had "$1")
	shift 2
	[ -n "${1:-}" ] || { echo "skip $suite has no cloud kernel" >> "$skips"; return 0; }
	: > "$had.new"
	rm -f "$had.partial"
	for release; do
		if fetch "$suite" "$release"; then
			echo "$suite $release" >> "$had.new"
		else
			echo "skip $suite $release: $(skip_reason "$suite")" >> "$skips"
			: > "$had.partial"
		fi
	done
	[ ! -s "$had.new" ] || mv "$had.new" "$had"
}

add_suite() { # SUITE
	! cached "$1" || return 0
	if ! open_suite "$1"; then
		echo "skip $1 $(skip_reason "$1")" >> "$skips"
		return 0
	fi
	add "$1" "$1" "$(newest_release "$1")"
}

# Either of two suites may hold the newest kernel, so both are asked; one answer is enough.
add_newest() {
	local suite best
	! cached newest || return 0
	for suite in trixie-backports sid; do
		if open_suite "$suite"; then
			echo "$(newest_release "$suite") $suite"
		else
			echo "skip newest $suite: $(skip_reason "$suite")" >> "$skips"
		fi
	done > "$(had newest).asked"
	best=$(grep '^[0-9]' "$(had newest).asked" | sort -V | tail -n 1) || return 0
	add newest "${best#* }" "${best% *}"
}

add_minors() {
	local suite=trixie-backports releases
	! cached minors || return 0
	if ! open_suite "$suite"; then
		echo "skip minors $suite: $(skip_reason "$suite")" >> "$skips"
		return 0
	fi
	mapfile -t releases < <(minor_releases "$suite")
	add minors "$suite" "${releases[@]}"
}

main() {
	local name list had
	local -a names=()
	[ $# -ge 1 ] || { echo "usage: kernels.sh DIR [ARCHITECTURE [NAME...]]" >&2; exit 2; }
	dir=$(realpath -m "$1")
	arch=${2:-amd64}
	shift $(($# < 2 ? $# : 2))
	names=("$@")
	[ $# -gt 0 ] || names=(bullseye-security bookworm trixie newest ${WIDE:+minors})
	skips=$dir/skips
	mkdir -p "$dir"/{k,have}
	: > "$skips"
	# The package lists are many times larger than the kernels.
	trap 'rm -rf "$dir/apt"' EXIT
	for name in "${names[@]}"; do
		case $name in
		newest | minors) "add_$name" ;;
		*) add_suite "$name" ;;
		esac
	done
	# Only what was had: a name that failed has no file, or an older one that still serves.
	list=$(for name in "${names[@]}"; do
		had=$(had "$name")
		if [ -e "$had" ]; then cat "$had"; fi
	done | sort -V -k2 | awk '!seen[$2]++ { print "kernel", $0 }')
	[ -z "$list" ] || echo "$list"
	cat "$skips"
	[ -n "$list" ] || { say "no kernel could be had: $(tail -n 1 "$skips")"; exit 1; }
}

main "$@"
