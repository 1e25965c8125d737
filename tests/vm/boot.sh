#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# boot.sh VMLINUZ INITRAMFS CONSOLE_LOG [KERNEL_ARGUMENT...] - boot one guest to its end; what its
# second serial port says goes to stdout, the kernel's console to CONSOLE_LOG.
#
# Always emulated: nested virtualization is not to be had everywhere, and slow but equal is better.
# Both CPUs share one thread of the emulator. With a thread each, one CPU still runs what the other
# has just patched out of the kernel's text: attaching probes under load then ends in a stray int3
# in every other guest (QEMU 7.2, kernels 6.12 and 7.3; none with one thread).
# Not nice: a guest that stands still beside busy neighbours finds its own tests late.
# cx16 is masked, for with it QEMU 7.2's emulator corrupts EFLAGS and kills some boots of 6.12.
# Kernel 5.10 has the BPF LSM built in but not listed, hence lsm=.
set -euo pipefail

kernel=$1 initramfs=$2 console=$3
shift 3
timeout -k 5 "${GUEST_TIMEOUT:-480}" qemu-system-x86_64 \
	-accel tcg,thread=single -cpu max,-cx16 -smp "${GUEST_CPUS:-2}" -m "${GUEST_MEMORY:-1024}" \
	-nodefaults -no-user-config -display none -no-reboot \
	-chardev "file,id=console,path=$console" -serial chardev:console \
	-chardev stdio,id=results,signal=off -serial chardev:results \
	-kernel "$kernel" -initrd "$initramfs" \
	-append "console=ttyS0 quiet loglevel=4 panic=-1 rdinit=/init lsm=landlock,lockdown,yama,integrity,apparmor,bpf live_seconds=${LIVE_SECONDS:-420} live_names=${LIVE_NAMES:-} $*" \
	< /dev/null
