#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_keepalive.sh - `valetkey keepalive`: which login it refreshes, when, and by
# which units; and notifications, shown by a real daemon on a screen that nobody
# sees, and not taken by one that never answers. Ages are made by what the keyring
# has of the grant.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

need_programs dunst Xvfb notify-send busctl

KEYRING=$VALETKEY_BUILD/tests/lib/keyring
SHOWN=$VALETKEY_TEST_DIR/shown
DAY=86400

# idle ACCOUNT DAYS [LOGIN-DAYS]: the last answer is so old, and the login.
idle()
{
	idle_id=$(account_id "$1")
	"$KEYRING" dump grant "$idle_id" | awk -F= -v now="$(date +%s)" \
		-v idle="$(($2 * DAY))" -v login="$((${3:-$2} * DAY))" '
		$1 == "boot" || $1 == "access_token" { next }
		$1 == "issued_at" { $0 = $1 "=" now - idle }
		$1 == "login_at" { $0 = $1 "=" now - login }
		{ print }' >"$VALETKEY_TEST_DIR/item"
	"$KEYRING" replace grant "$idle_id" <"$VALETKEY_TEST_DIR/item"
	rm "$VALETKEY_TEST_DIR/item"
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$idle_id"
}

# kept COUNT STATUS PATTERN DESCRIPTION COMMAND...: costs so many token requests.
kept()
{
	kept_count=$1 kept_what=$4
	requests_before=$(token_requests)
	shift
	said "$@"
	requests "$kept_count" "$kept_what: requests"
}

# limits LINE...: what the provider's file tells of its refresh tokens' lives.
limits()
{
	provider_file
	printf '%s\n' "$@" >>"$XDG_CONFIG_HOME/valetkey/providers/ninjaone.conf"
}

# ---- refreshes ----

test_chosen()
{
	demo_account added web --keepalive yes >/dev/null 2>&1
	like "$(cat "$CONFIG/added.conf")" '^keepalive=yes$' \
		'add --keepalive yes'
	demo_account not web --keepalive no >/dev/null 2>&1
	unlike "$(cat "$CONFIG/not.conf")" keepalive 'add --keepalive no'
	remove added not
	kept 0 0 'No account has keepalive=yes' 'no account wants it' \
		valetkey keepalive
	said "$ARG" 'must be yes or no' 'edit --keepalive perhaps' \
		valetkey edit work --keepalive perhaps
	said 0 'keepalive was what is usual, and is yes' 'edit --keepalive yes' \
		valetkey edit work --keepalive yes
	idle work 8
	idle other 8
	kept 1 0 '^work: refreshed$' 'a week without use' valetkey keepalive
	unlike "$text" '^other' 'and no other account'
	like "$(valetkey status work)" \
		'last refresh .* by valetkey keepalive$' 'status tells by whom'
	kept 0 0 '^work: needs no refresh yet' 'the next time' \
		valetkey keepalive
	idle work 6
	kept 0 0 'needs no refresh yet' 'six days' valetkey keepalive
	kept 1 0 '^other: refreshed$' 'one that is named' \
		valetkey keepalive other
	kept 0 0 'nobody logs in to it' 'a machine' valetkey keepalive robot
	kept 0 "$LOGIN" 'valetkey login fresh' 'one without a login' \
		valetkey keepalive fresh
	said 0 'is what is usual' 'edit --keepalive no' \
		valetkey edit work --keepalive no
	unlike "$(cat "$CONFIG/work.conf")" keepalive 'the file has none of it'
	valetkey edit work --keepalive yes >/dev/null 2>&1
}

test_limits()
{
	limits refresh_idle_days=30
	idle work 9
	kept 0 0 'needs no refresh yet; dies on ....-..-..$' \
		'thirty days: not after nine' valetkey keepalive work
	idle work 11
	kept 1 0 '^work: refreshed; dies on' 'but after eleven' \
		valetkey keepalive work
	limits refresh_idle_days=3
	idle work 1
	kept 1 0 '^work: refreshed' 'three days: after one' \
		valetkey keepalive work
	provider_file
}

# ---- notifications ----

start_screen()
{
	setpriv --pdeathsig KILL Xvfb -displayfd 1 -screen 0 640x480x24 \
		-nolisten tcp >"$VALETKEY_TEST_DIR/screen" \
		2>"$VALETKEY_TEST_DIR/screen.log" &
	wait_until test -s "$VALETKEY_TEST_DIR/screen"
}

# $daemon is its process.
start_daemon()
{
	DISPLAY=:$(cat "$VALETKEY_TEST_DIR/screen") setpriv --pdeathsig KILL \
		dunst -conf /dev/null -print >"$SHOWN" 2>&1 &
	daemon=$!
	wait_until daemon_is_there
}

daemon_is_there()
{
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.NameHasOwner \
		string:org.freedesktop.Notifications 2>/dev/null |
		grep -q 'boolean true'
}

# shown COUNT DESCRIPTION: so many notifications since the last time.
shown()
{
	shown_now=$(grep -c 'summary:' "$SHOWN")
	is $((shown_now - ${shown_before:-0})) "$1" "$2" ||
		tap_note "$(cat "$SHOWN")"
	shown_before=$shown_now
}

test_soon()
{
	limits refresh_max_days=30
	idle work 1 20
	said 0 'dies on' 'ten days before' valetkey keepalive work
	shown 0 'nothing is notified'
	idle work 1 28
	said 0 '^work: notified$' 'two days before' valetkey keepalive work
	shown 1 'it is notified'
	like "$(cat "$SHOWN")" "summary: 'The login of work ends on $(date -d \
		'+2 days' +%Y-%m-%d)'" 'of whom, and when'
	like "$(cat "$SHOWN")" 'body: .To log in again, type: valetkey login work' \
		'and what to type'
	said 0 'dies on' 'and again' valetkey keepalive work
	unlike "$text" notified 'said once'
	shown 0 'notified once'
	demo_login work >/dev/null 2>&1
	idle work 1 29
	said 0 '^work: notified$' 'the next login' valetkey keepalive work
	shown 1 'is notified anew'
	provider_file
}

test_dead()
{
	idle work 8
	provider_fault none answer=error-object
	said "$LOGIN" 'valetkey login work' 'it has ended' \
		valetkey keepalive work
	like "$text" '^work: notified$' 'that is notified'
	shown 1 'it is shown'
	like "$(tail -n 30 "$SHOWN")" "summary: 'The login of work has ended'" \
		'as what it is'
	said "$LOGIN" 'valetkey login work' 'the next time' \
		valetkey keepalive work
	shown 0 'it is not shown again'
	provider_fault none
	demo_login work >/dev/null 2>&1
}

# Without notify-send, by busctl.
test_busctl()
{
	mkdir "$VALETKEY_TEST_DIR/few"
	ln -s "$(command -v busctl)" "$VALETKEY_TEST_DIR/few/busctl"
	limits refresh_max_days=30
	idle work 1 28
	said 0 '^work: notified$' 'without notify-send' \
		env PATH="$VALETKEY_TEST_DIR/few" "$(command -v valetkey)" \
		keepalive work
	shown 1 'it is shown'
	like "$(tail -n 30 "$SHOWN")" "summary: 'The login of work ends" \
		'the same'
	provider_file
	demo_login work >/dev/null 2>&1
}

# The name on the bus is there, and nobody answers.
test_silent()
{
	limits refresh_max_days=30
	idle work 1 29 # not the day that was told just now
	kill -STOP "$daemon"
	began=$(date +%s)
	said 0 'dies on' 'a daemon that never answers' valetkey keepalive work
	took=$(($(date +%s) - began))
	ok 'is given up after five seconds' test "$took" -ge 5 -a "$took" -le 20
	unlike "$text" notified 'that is not taken for told'
	kill "$daemon"
	kill -CONT "$daemon"
	wait "$daemon"
	said 0 'dies on' 'no daemon at all: no error' valetkey keepalive work
	unlike "$text" 'notified|rror' 'nor a word of it'
	start_daemon
	shown_before=0
	said 0 '^work: notified$' 'when one is there again' \
		valetkey keepalive work
	shown 1 'it is shown'
	provider_file
}

# ---- units ----

# (Of the machine's own units it may say something, too.)
systemd_verifies()
{
	systemd-analyze --user verify "$units/valetkey-keepalive.service" \
		"$units/valetkey-keepalive.timer" >"$OUT" 2>&1
	! grep valetkey-keepalive "$OUT"
}

test_units()
{
	units=$XDG_CONFIG_HOME/systemd/user
	said 0 "systemctl --user enable --now 'valetkey-keepalive.timer'" \
		'keepalive --install' valetkey keepalive --install
	for line in Persistent=true RandomizedDelaySec=2h \
		'OnCalendar=\*-\*-\* 00/6:00:00' WantedBy=timers.target; do
		like "$(cat "$units/valetkey-keepalive.timer")" "^$line\$" \
			"the timer has $line"
	done
	ok 'systemd finds nothing wrong with the units' systemd_verifies
	like "$(systemd-analyze calendar '*-*-* 00/6:00:00')" 'Next elapse' \
		'and knows when'
	program=$(sed -n 's/^ExecStart="\(.*\)" keepalive$/\1/p' \
		"$units/valetkey-keepalive.service")
	said 0 '^work: ' 'what the service runs' "$program" keepalive
	said "$ARG" 'stand alone' 'with an account' \
		valetkey keepalive work --install
	said 0 'Removed' 'keepalive --off' valetkey keepalive --off
	is "$(find "$units" -name 'valetkey-keepalive*')" '' 'the units are gone'
	said 0 '' 'and once more' valetkey keepalive --off
}

provider_start
{
	for account in work other; do
		demo_account "$account" && demo_login "$account"
	done
	demo_account fresh
	demo_account robot api-services
} >/dev/null 2>&1

test_chosen
test_limits
if start_screen && start_daemon; then
	test_soon
	test_dead
	test_busctl
	test_silent
else
	skip 'no notification daemon starts here' 'what the person is notified of'
fi
test_units
remove work other fresh robot
done_testing
