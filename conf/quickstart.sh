#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# quickstart.sh [OPTION..] [EXPR] - from a fresh Debian 12 to live events in one go: installs what the
# build lacks, builds saker in build/quickstart, says what it can see here, and watches. What it is given
# goes to saker trace: "quickstart.sh --for 10s 'user.uid != 0'" ends by itself and leaves root out.
set -euo pipefail

readonly packages=(
	gcc libc6-dev clang bpftool meson ninja-build pkg-config
	libbpf-dev libelf-dev zlib1g-dev libuv1-dev libyaml-dev libjansson-dev nettle-dev libmicrohttpd-dev
)
root=$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")
build=$root/build/quickstart
as_root=()
readonly root build

say() {
	printf '\n== %s\n' "$*"
}

die() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

# Fills as_root with what runs a command as root.
become_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo > /dev/null || die 'watching a machine needs root, and there is no sudo. Run this as root.'
	as_root=(sudo)
	echo 'Root is needed to watch, and to install packages: sudo may ask for your password.'
}

missing_packages() {
	local p
	for p in "${packages[@]}"; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2> /dev/null | grep -q '^.i' || echo "$p"
	done
}

install_packages() {
	local want log
	if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
		say 'This is no Debian: nothing is installed. The build wants what these Debian packages hold:'
		echo "   ${packages[*]}"
		return 0
	fi
	mapfile -t want < <(missing_packages)
	[ ${#want[@]} -gt 0 ] || { say 'All packages that the build needs are installed'; return 0; }
	say "Installing ${#want[@]} packages: ${want[*]}"
	log=$(mktemp)
	"${as_root[@]}" apt-get -q update > "$log" 2>&1 ||
		echo '   apt-get update failed; going on with the package lists there are'
	if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -qy install --no-install-recommends "${want[@]}" >> "$log" 2>&1 < /dev/null; then
		tail -n 15 "$log" >&2
		die "these packages could not be installed: ${want[*]}. The whole story is in $log"
	fi
	rm -f "$log"
}

build_saker() {
	local log tool
	for tool in meson ninja clang; do
		command -v $tool > /dev/null || die "there is no $tool; install it and run this again"
	done
	say "Building in $build"
	mkdir -p "$build" 2> /dev/null || die "cannot write to $root"
	[ -w "$build" ] || die "cannot write to $build: another user made it"
	log=$build/quickstart.log
	if [ ! -e "$build/build.ninja" ]; then
		rm -rf "$build/meson-private"
		meson setup -Dbuildtype=release -Dtests=false "$build" "$root" > "$log" 2>&1 ||
			{ grep -E 'ERROR|rror:' "$log" >&2 || true; die "the build cannot be set up: see $log"; }
	fi
	ninja -C "$build" saker > "$log" 2>&1 ||
		{ grep -E -A 5 'rror:|FAILED' "$log" | head -n 30 >&2 || true; die "the build failed: see $log"; }
}

watch() {
	"${as_root[@]}" "$build/saker" doctor > "$build/doctor.txt" ||
		die "nothing can be traced on this machine:
$(grep -E '^Nothing|^saker' "$build/doctor.txt" || true)"
	say "$(tail -n 1 "$build/doctor.txt"); for the details: $build/saker doctor"
	say 'Watching this machine. Open another terminal and do something; Ctrl-C stops'
	exec "${as_root[@]}" "$build/saker" trace "$@"
}

become_root
install_packages
build_saker
watch "$@"
