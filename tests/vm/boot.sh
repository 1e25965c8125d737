#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# boot.sh ARCHITECTURE VMLINUZ INITRAMFS CONSOLE_LOG [KERNEL_ARGUMENT...] - boot one guest to its end;
# what its results port says goes to stdout, the kernel's console to CONSOLE_LOG.
#
# Always emulated: nested virtualization is not to be had everywhere, and slow but equal is better.
# Both CPUs share one thread of the emulator. With a thread each, one CPU still runs what the other
# has just patched out of the kernel's text: attaching probes under load then ends in a stray int3
# in every other guest (QEMU 7.2, kernels 6.12 and 7.3; none with one thread).
# Not nice: a guest that stands still beside busy neighbours finds its own tests late.
# cx16 is masked, for with it QEMU 7.2's emulator corrupts EFLAGS and kills some boots of 6.12.
# Kernel 5.10 has the BPF LSM built in but not listed, hence lsm=.
set -euo pipefail

declare -A emulator=([amd64]=qemu-system-x86_64 [arm64]=qemu-system-aarch64)
declare -A machine=([amd64]='-cpu max,-cx16' [arm64]='-machine virt,gic-version=3 -cpu max,pauth-impdef=on')
# The board for arm64 has one serial port; the other is a card.
declare -A port=([amd64]='-serial chardev:results' [arm64]='-device pci-serial,chardev=results')
declare -A serial=([amd64]='console=ttyS0 results=ttyS1' [arm64]='console=ttyAMA0 results=ttyS0')

arch=$1 kernel=$2 initramfs=$3 console=$4
shift 4
# shellcheck disable=SC2086 # options are words
timeout -k 5 "${GUEST_TIMEOUT:-480}" "${emulator[$arch]}" ${machine[$arch]} \
	-accel tcg,thread=single -smp "${GUEST_CPUS:-2}" -m "${GUEST_MEMORY:-1024}" \
	-nodefaults -no-user-config -display none -no-reboot \
	-chardev "file,id=console,path=$console" -serial chardev:console \
	-chardev stdio,id=results,signal=off ${port[$arch]} \
	-kernel "$kernel" -initrd "$initramfs" \
	-append "${serial[$arch]} quiet loglevel=4 panic=-1 rdinit=/init lsm=landlock,lockdown,yama,integrity,apparmor,bpf live_seconds=${LIVE_SECONDS:-420} live_names=${LIVE_NAMES:-} $*" \
	< /dev/null
