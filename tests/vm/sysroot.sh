#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sysroot.sh DIR - fetch what a static saker for arm64 is built from, and what its guests need, into
# DIR/arm64; what is there already is not asked for again.
#
# The build is then set up with --cross-file DIR/arm64.ini --cross-file tests/vm/arm64.ini.
set -euo pipefail

readonly packages=(
	libc6 libc6-dev linux-libc-dev libbpf-dev libelf-dev zlib1g-dev nettle-dev libuv1-dev libyaml-dev libjansson-dev busybox-static
)
# The suite whose libraries the host has too.
readonly suite=bookworm

arch=arm64
# shellcheck source=tests/vm/apt.sh
. "$(dirname "$(realpath "$0")")/apt.sh"

# Complete or absent: unpacked beside its place and moved there last.
fetch() {
	local tmp=$dir/.$arch deb
	rm -rf "$tmp"
	mkdir -p "$tmp/debs" "$tmp/root"
	open_suite "$suite" || return 1
	(cd "$tmp/debs" && world "$suite" apt-get -qq download "${packages[@]}") || return 1
	for deb in "$tmp"/debs/*.deb; do dpkg-deb -x "$deb" "$tmp/root"; done
	rm -rf "${dir:?}/$arch"
	mv "$tmp/root" "$dir/$arch"
	rm -rf "$tmp"
}

main() {
	local tool
	[ $# -eq 1 ] || { echo "usage: sysroot.sh DIR" >&2; exit 2; }
	dir=$(realpath -m "$1")
	for tool in aarch64-linux-gnu-gcc dpkg-deb; do
		command -v $tool > /dev/null || { echo "no $tool"; exit 1; }
	done
	mkdir -p "$dir"
	trap 'rm -rf "$dir/apt"' EXIT
	[ -x "$dir/$arch/bin/busybox" ] || fetch || { skip_reason "$suite"; exit 1; }
	printf "[constants]\nsysroot = '%s'\n" "$dir/$arch" > "$dir/$arch.ini"
}

main "$@"
