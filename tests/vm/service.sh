#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# service.sh BUILD_DIR [KERNEL] - install saker into a small Debian with systemd, boot it in a guest and
# run it there as the service that it is shipped as; TAP on stdout.
#
# BUILD_DIR is a release build; KERNEL is a name that kernels.sh knows, default that of the system. The root
# filesystem is kept in ${SAKER_CACHE:-$HOME/.cache/saker}/service.tar, kernels beside it.
# Raw output stays in ${SAKER_RESULTS:-BUILD_DIR/guests}/service.{tap,console}.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
readonly here
readonly packages=systemd,systemd-sysv,dbus,procps,libbpf1,libelf1,libjansson4,libnettle8,libuv1,libyaml-0-2

skip() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

# Complete or absent. What nobody reads there is left out: the guest has it all in memory.
fetch_root() {
	[ ! -e "$tree" ] || return 0
	mmdebstrap --quiet --format=tar --variant=essential --include="$packages" --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		bookworm "$tree.part" 2> "$results/service.fetch" || return 1
	mv "$tree.part" "$tree"
}

# Nobody logs in, and nothing is done twice a day.
mask() { # ROOT UNIT...
	local root=$1 unit
	shift
	for unit; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
}

fill_root() { # ROOT
	tar -C "$1" -xf "$tree" --exclude='./usr/share/perl*' --exclude='./var/cache/*' --exclude='./var/lib/apt/*'
	DESTDIR=$1 meson install -C "$build" --no-rebuild --quiet
	install -m 755 "$here/service_guest.sh" "$1/usr/lib/service_guest.sh"
	install -m 644 "$here/service_guest.service" "$1/etc/systemd/system/"
	ln -s ../service_guest.service "$1/etc/systemd/system/multi-user.target.wants/"
	mask "$1" getty@tty1.service serial-getty@ttyS0.service systemd-logind.service apt-daily{,-upgrade}.timer \
		dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-update-utmp.service
	echo 0123456789abcdef0123456789abcdef > "$1/etc/machine-id"
	echo guest > "$1/etc/hostname"
}

pack() { # INITRAMFS
	mkdir -p "$work/first/bin" "$work/root"
	fill_root "$work/root"
	tar -C "$work/root" -cf "$work/first/root.tar" .
	cp "$(command -v busybox)" "$work/first/bin/busybox"
	ln -s busybox "$work/first/bin/sh"
	install -m 755 "$here/service_init" "$work/first/init"
	(cd "$work/first" && find . -mindepth 1 -print0 | cpio --null -o -H newc -R 0:0 --quiet) > "$1"
}

main() {
	local release
	[ $# -ge 1 ] || { echo 'usage: service.sh BUILD_DIR [KERNEL]' >&2; exit 2; }
	build=$(realpath "$1")
	cache=${SAKER_CACHE:-$HOME/.cache/saker}
	kernels=$cache/kernels tree=$cache/service.tar
	results=$(realpath -m "${SAKER_RESULTS:-$build/guests}")
	mkdir -p "$kernels" "$results"
	for tool in qemu-system-x86_64 busybox cpio mmdebstrap; do
		command -v "$tool" > /dev/null || skip "there is no $tool"
	done
	fetch_root || skip "packages cannot be had: $(grep -m1 '^E:' "$results/service.fetch" | cut -c1-150)"
	release=$("$here/kernels.sh" "$kernels" amd64 "${2:-bookworm}" 2>> "$results/service.fetch" |
		awk '$1 == "kernel" { print $3 }') || true
	[ -n "$release" ] || skip 'no kernel can be had'
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	pack "$work/initramfs"
	GUEST_TIMEOUT=200 GUEST_MEMORY=1536 "$here/boot.sh" amd64 "$kernels/k/$release/vmlinuz" "$work/initramfs" \
		"$results/service.console" > "$results/service.tap" 2>&1 || true
	# The guest ends with its plan; without one whoever counts finds that it died.
	tr -d '\r' < "$results/service.tap"
	grep -aq '^1\.\.' "$results/service.tap" && ! grep -aq '^not ok' "$results/service.tap"
}

main "$@"
