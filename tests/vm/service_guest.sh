#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# service_guest.sh - run saker as the service that it is, beside systemd; TAP on stdout, then the power goes.
set -uo pipefail
export LC_ALL=C SYSTEMD_PAGER='' SYSTEMD_COLORS=0

readonly events=/var/log/saker/events.json conf=/etc/saker
n=0

report() { # NAME COMMAND...
	local name=$1 said status=ok
	shift
	said=$("$@" 2>&1) || status='not ok'
	n=$((n + 1))
	echo "$status $n - $name"
	[ "$status" = ok ] || sed -n '1,25s/^/# /p' <<< "$said"
}

# Emulated processors take their time.
soon() { # COMMAND...
	local end=$((SECONDS + 30))
	local last
	until last=$("$@" 2>&1); do
		[ $SECONDS -lt $end ] || { echo "never: $*"; echo "$last"; return 1; }
		sleep 0.2
	done
}

property() { # NAME: of the service
	systemctl show --value -p "$1" saker
}

is() { # PROPERTY VALUE
	local now
	now=$(property "$1")
	[ "$now" = "$2" ] || { echo "$1 is $now, want $2"; return 1; }
}

said() { # PATTERN: by the service, in the journal
	journalctl -q -u saker -o cat | grep -E -- "$1"
}

# --- as it is shipped

starts() {
	systemctl enable --now saker || { journalctl -q -n 20 -u saker -o short; return 1; }
	is ActiveState active && is SubState running && is UnitFileState enabled && is NRestarts 0
}

tells_status() {
	property StatusText | grep -E '^Generation 1, 1 policies, [1-9][0-9]* hooks; [0-9]+ events, [0-9]+ lost$'
}

is_well() {
	local status
	status=$(saker ctl status 2>&1)
	echo "$status"
	grep -Eq '^healthy +yes' <<< "$status" && grep -Eq '^lost +0$' <<< "$status"
}

# Whose it is, and what it may do: not what a child of root could.
is_nobody() {
	local pid uid
	pid=$(property MainPID)
	uid=$(stat -c %u "/proc/$pid")
	if [ "$uid" -lt 61184 ] || [ "$uid" -gt 65519 ]; then echo "user $uid is not a dynamic one" && return 1; fi
	grep -Eq '^NoNewPrivs:\s+1' "/proc/$pid/status" || { echo 'new privileges'; return 1; }
	grep -Eq '^Seccomp:\s+2' "/proc/$pid/status" || { echo 'no filter of system calls'; return 1; }
	[ "$(cat "/proc/$pid/oom_score_adj")" = -500 ] || { echo 'not spared when memory runs out'; return 1; }
	[ "$(ps -o ni= -p "$pid" | tr -d ' ')" = -10 ] || { echo 'not nice'; return 1; }
}

# Events of the shipped configuration go to standard output, and so to the journal.
sees_programs() {
	soon seen_in_journal
}
seen_in_journal() {
	/bin/true saker-service-mark
	said '"event":"process_exec".*saker-service-mark' > /dev/null
}

# --- with sinks of its own

configure() {
	cat > $conf/saker.yaml <<-YAML
		strict: true
		agent: {group: adm, canary_interval: 1s}
		policies: [policies/watch.yaml]
		sinks:
		  events: {type: file, path: $events, rotate: {size: 1M}}
		  journal: {type: journald, where: evt.type = process_exec, identifier: seen}
		end: true
	YAML
	cat > $conf/policies/watch.yaml <<-YAML
		strict: true
		name: watch
		events:
		  process_exec: {capture: [hash, env, session]}
		  openat: {where: fd.name startswith /etc/marked}
		end: true
	YAML
	mkdir -p /run/systemd/system/saker.service.d
	printf '[Service]\nSupplementaryGroups=adm\n' > /run/systemd/system/saker.service.d/group.conf
	systemctl daemon-reload && systemctl restart saker && is ActiveState active
}

# Names are read off the loop, so the first lines may lack them.
named() {
	/usr/bin/env true saker-file-mark
	grep -q '"user":{[^}]*"name":"root".*saker-file-mark' $events
}

mark_in_file() {
	soon named || { tail -n 2 $events; saker ctl stats | grep names; return 1; }
	grep saker-file-mark $events | grep -q exe_sha256 || { echo 'no hash'; return 1; }
	[ "$(stat -Lc '%a' /var/log/saker $events | tr '\n' ' ')" = '750 640 ' ] || { stat -L /var/log/saker $events; return 1; }
}

mark_in_journal() {
	soon sh -c 'journalctl -q -t seen -o cat | grep -q saker-file-mark'
}

group_may_look() {
	local look='runuser -u looker -- saker ctl'
	echo 'looker:x:1001:100::/:/bin/sh
other:x:1002:100::/:/bin/sh' >> /etc/passwd
	sed -i 's/^adm:.*/&looker/' /etc/group
	$look status > /dev/null || { echo 'a member of the group may not look'; return 1; }
	! $look reload || { echo 'a member of the group may reload'; return 1; }
	! runuser -u other -- saker ctl status 2>&1 || { echo 'anybody may look'; return 1; }
}

# --- reload

reloads() {
	sed -i 's/name: watch/name: watched/' $conf/policies/watch.yaml
	soon asked_reload && soon sh -c 'saker ctl status | grep -q "^policies *watched"' && soon is ActiveState active
}
asked_reload() { systemctl reload saker; }

status_tells() { property StatusText | grep -F "$1" || { property StatusText; return 1; }; }
status_is_clear() { ! status_tells refused; }

refuses() {
	sed -i 's/process_exec:/process_exce:/' $conf/policies/watch.yaml
	! systemctl reload saker || { echo 'systemctl reload: no error'; return 1; }
	soon is ActiveState active || return 1
	soon said 'watch.yaml:4:.*process_exce.*process_exec' || { said .; return 1; }
	soon status_tells refused || return 1
	saker ctl status | grep -q '^policies *watched'
}

recovers() {
	sed -i 's/process_exce:/process_exec:/' $conf/policies/watch.yaml
	soon asked_reload && soon status_is_clear
}

# --- ends

after_kill() {
	local pid
	pid=$(property MainPID)
	/usr/bin/env true saker-before-kill
	soon grep -q saker-before-kill $events || return 1
	kill -9 "$pid"
	soon is NRestarts 1 && soon is SubState running || return 1
	[ "$(property MainPID)" != "$pid" ] || return 1
	/usr/bin/env true saker-after-kill
	soon grep -q saker-after-kill $events && grep -q saker-before-kill $events && soon is_well
}

# A process that stands still feeds no watchdog.
after_silence() {
	printf '[Service]\nWatchdogSec=3\n' > /run/systemd/system/saker.service.d/soon.conf
	systemctl daemon-reload && systemctl restart saker || return 1
	kill -STOP "$(property MainPID)"
	soon is NRestarts 1 && soon is SubState running && soon said 'Watchdog timeout'
}

stops() {
	systemctl stop saker && is ActiveState inactive && is Result success && is ExecMainStatus 0 || return 1
	soon said '^[0-9]+ events in .*, none lost$' > /dev/null || { said . | tail -n 5; return 1; }
	[ -s $events ] || { echo 'events are gone'; return 1; }
	[ ! -e /run/saker ] || { echo '/run/saker is left'; return 1; }
}

# It waits for somebody to mend it.
mended() {
	cp $conf/saker.yaml /run/right.yaml
	echo 'policies: 7' > $conf/saker.yaml
	! systemctl start saker || { echo 'it started'; return 1; }
	cp /run/right.yaml $conf/saker.yaml
	soon is SubState running && soon said 'saker.yaml:1:11: policies '
}

# --- all of it

not_denied() {
	! said 'denied|not permitted|cannot|Read-only' | grep -v '"event":'
}

has_priorities() {
	journalctl -q -u saker -p err -o cat | grep -q 'watch.yaml:4' &&
		! journalctl -q -u saker -p err -o cat | grep -q 'watching'
}

finish() {
	echo "# $(systemd-analyze security saker | tail -n 1)"
	echo "# $(uname -r), up $(cut -d ' ' -f 1 /proc/uptime) s"
	journalctl -q -u saker -o short-monotonic | cut -c1-250 | grep -v '"event":' | tail -n 60 | sed 's/^/# /'
	echo "1..$n"
	# The port must run dry before the machine goes.
	sleep 0.5
	systemctl poweroff --force --force
}

trap finish EXIT
report 'enabled and started at once, it is ready' starts
# Else all that follows fails for the same reason.
is ActiveState active > /dev/null || exit
report 'its status line tells what it does' tells_status
report 'it is healthy' soon is_well
report 'it is nobody in particular, and spared' is_nobody
report 'programs are seen, in the journal' sees_programs
report 'restarted with sinks of its own' configure
is ActiveState active > /dev/null || exit
report 'a line with user and hash is in the file' mark_in_file
report 'a line is in the journal by its sink' mark_in_journal
report 'a group may look, and nobody else' group_may_look
report 'reload takes what is right' reloads
report 'reload tells what is wrong' refuses
report 'and then takes it mended' recovers
report 'killed, it comes again, with all its files' after_kill
report 'nothing was denied to it' not_denied
report 'stopped and silent, it is started anew' after_silence
report 'it stops in order' stops
report 'a wrong configuration is told, and tried again until it is right' mended
report 'its messages have priorities' has_priorities
