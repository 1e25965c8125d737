#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# service.sh - whether the shipped unit is well-formed and as closed as it was promised; TAP on stdout.
set -euo pipefail

cd "$(dirname "$(realpath "$0")")/../.."
unit=conf/saker.service
n=0

# Print nothing when all is well.
report() { # NAME
	local wrong
	wrong=$(cat)
	n=$((n + 1))
	if [ -z "$wrong" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# ${wrong//$'\n'/$'\n'# }"
	fi
}

if ! command -v systemd-analyze > /dev/null; then
	echo '1..0 # SKIP there is no systemd-analyze'
	exit 0
fi
exposure=$(systemd-analyze security --offline=true --no-pager "$unit" 2>&1 | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
report "exposure level ${exposure:-unknown}" < <(
	awk -v e="${exposure:-10}" 'BEGIN { if (e > 3.0) print "exposure level " e ", want at most 3.0" }')
# The binary need not be installed where the unit says.
report 'systemd understands every line' < <(
	systemd-analyze verify --man=no "$PWD/$unit" 2>&1 | grep -v 'is not executable' | grep saker.service)
report 'it is restarted whatever happens, and watched' < <(
	for word in Type=notify WatchdogSec= Restart=always StartLimitIntervalSec=0 RuntimeDirectory=saker; do
		grep -q "^$word" "$unit" || echo "$word is missing"
	done)
report 'it writes nothing but its own folders' < <(
	for word in ProtectSystem=strict ProtectHome=read-only PrivateTmp=yes UMask=0077 NoNewPrivileges=yes; do
		grep -qx "$word" "$unit" || echo "$word is missing"
	done)
echo "1..$n"
