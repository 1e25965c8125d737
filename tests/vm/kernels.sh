#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kernels.sh DIR - fetch Debian cloud kernels into DIR/k/RELEASE/{vmlinuz,config,*.ko}.
#
# Prints one line a kernel, "kernel SUITE RELEASE", oldest first, then one line for each that is
# missing, "skip SUITE REASON". Fails only when there is no kernel at all. What is already in DIR is
# not asked for again, so a second run needs no network.
#   WIDE=1     every minor release that the backports suite has, not just the newest
#   REFRESH=1  ask the archive again, for newer builds
set -euo pipefail

readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Modules that tests may load: a harmless one, and those that make containers and their networks.
readonly modules=(dummy veth overlay)

say() { echo "kernels: $*" >&2; }

# The archive's address comes from this machine's own apt sources: mirrors and proxies just work.
archive_uri() { # SUITE
	local want='^(bookworm|trixie|oldstable|stable)$'
	[[ $1 != *-security ]] || want='-security$'
	# shellcheck disable=SC2016 # the fields are apt's to fill in
	APT_CONFIG='' apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		sort -u | awk -v want="$want" '$2 ~ want { print $1; exit }'
}

# An apt world of its own for each suite: the host's package lists and state stay untouched.
apt_world() { # SUITE URI
	local d=$dir/apt/$1
	mkdir -p "$d"/{lists/partial,archives/partial,state,etc/apt.conf.d,etc/preferences.d}
	: > "$d/state/status"
	cat > "$d/etc/suite.sources" <<-SOURCES
		Types: deb
		URIs: $2
		Suites: $1
		Components: main
		Architectures: amd64
		Signed-By: $keyring
	SOURCES
	# Signatures are checked; dates are not, for a mirror of an old suite may lag its expiry.
	cat > "$d/apt.conf" <<-CONF
		APT::Architecture "amd64"; APT::Architectures { "amd64"; };
		APT::Sandbox::User "root";
		Dir::Etc "$d/etc"; Dir::Etc::sourcelist "$d/etc/suite.sources"; Dir::Etc::sourceparts "-";
		Dir::State "$d/state"; Dir::State::lists "$d/lists"; Dir::State::status "$d/state/status";
		Dir::Cache "$d"; Dir::Cache::archives "$d/archives";
		Acquire::Languages "none"; Acquire::Check-Valid-Until "false";
		Acquire::Retries "2"; Acquire::http::Timeout "20"; Acquire::https::Timeout "20";
	CONF
}

# apt in the world of a suite; what goes wrong is kept for skip_reason.
world() { # SUITE COMMAND...
	local suite=$1
	shift
	APT_CONFIG=$dir/apt/$suite/apt.conf "$@" 2>> "$dir/apt/$suite/errors"
}

skip_reason() { # SUITE
	local line
	line=$(grep -am1 '^[EW]:' "$dir/apt/$1/errors" | cut -c4-150 | sed 's,[a-z]*://[^ ]*/,,g') || true
	echo "${line:-$(tail -n 1 "$dir/apt/$1/errors" | cut -c1-150)}"
}

open_suite() { # SUITE
	local uri
	mkdir -p "$dir/apt/$1"
	: > "$dir/apt/$1/errors"
	[ -e "$keyring" ] || { echo "E: no $keyring" > "$dir/apt/$1/errors"; return 1; }
	uri=$(archive_uri "$1") || true
	[ -n "$uri" ] || { echo "E: no apt source here serves $1" > "$dir/apt/$1/errors"; return 1; }
	apt_world "$1" "$uri"
	# A silent archive must not hold up the run: the other suites still count.
	world "$1" timeout 120 apt-get -qq -o APT::Update::Error-Mode=any update
}

newest_release() { # SUITE
	world "$1" apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | awk 'NR == 1'
}

# The newest build of each minor release: 6.16.3+deb13-cloud-amd64 and so on.
minor_releases() { # SUITE
	world "$1" apt-cache pkgnames linux-image- |
		sed -n 's/^linux-image-\([0-9].*-cloud-amd64\)$/\1/p' | sort -Vr |
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
		echo "E: the packages of $2 hold no vmlinuz" >> "$dir/apt/$1/errors"
		return 1
	fi
	# The guests' busybox reads plain modules only.
	find "$tmp" -name '*.ko.xz' -exec xz -d {} +
	rm -rf "${dir:?}/k/$2"
	mv "$tmp" "$dir/k/$2"
	say "$1: $2"
}

cached() { # NAME
	local release found=
	[ -z "${REFRESH:-}" ] && [ -e "$dir/have/$1" ] && [ ! -e "$dir/have/$1.partial" ] || return 1
	while read -r _ release; do
		[ -e "$dir/k/$release/vmlinuz" ] || return 1
		found=1
	done < "$dir/have/$1"
	[ -n "$found" ]
}

add() { # NAME SUITE RELEASE...: fetch and note what was had under that name
	local name=$1 suite=$2 release
	shift 2
	[ -n "${1:-}" ] || { echo "skip $suite has no cloud kernel" >> "$skips"; return 0; }
	: > "$dir/have/$name.new"
	rm -f "$dir/have/$name.partial"
	for release; do
		if fetch "$suite" "$release"; then
			echo "$suite $release" >> "$dir/have/$name.new"
		else
			echo "skip $suite $release: $(skip_reason "$suite")" >> "$skips"
			: > "$dir/have/$name.partial"
		fi
	done
	[ ! -s "$dir/have/$name.new" ] || mv "$dir/have/$name.new" "$dir/have/$name"
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
	done > "$dir/have/newest.asked"
	best=$(grep '^[0-9]' "$dir/have/newest.asked" | sort -V | tail -n 1) || return 0
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
	local name list
	[ $# -eq 1 ] || { echo "usage: kernels.sh DIR" >&2; exit 2; }
	dir=$(realpath -m "$1")
	skips=$dir/skips
	mkdir -p "$dir"/{k,have}
	: > "$skips"
	# The package lists are many times larger than the kernels.
	trap 'rm -rf "$dir/apt"' EXIT
	local names=(bullseye-security bookworm trixie newest)
	for name in "${names[@]:0:3}"; do add_suite "$name"; done
	add_newest
	if [ -n "${WIDE:-}" ]; then
		names+=(minors)
		add_minors
	fi
	# Only what was had: a name that failed has no file, or an older one that still serves.
	list=$(for name in "${names[@]}"; do
		if [ -e "$dir/have/$name" ]; then cat "$dir/have/$name"; fi
	done | sort -V -k2 | awk '!seen[$2]++ { print "kernel", $0 }')
	[ -z "$list" ] || echo "$list"
	cat "$skips"
	[ -n "$list" ] || { say "no kernel could be had: $(tail -n 1 "$skips")"; exit 1; }
}

main "$@"
