#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_browser.sh - logins in a real Chromium: at a certified OpenID provider and
# at the NinjaOne-shaped one. What a person sees at the end, after success and
# after failure, is looked at by a program, and kept as pictures in
# tests/pictures of the build tree; the README's helper/net/landing-page.png is one of
# them.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

need_npm oidc-provider
need_npm playwright-core
need_programs chromium
BROWSER_PATH=$(command -v chromium)
export BROWSER_PATH

JOBS=$VALETKEY_TEST_DIR/jobs
PICTURES=$VALETKEY_BUILD/tests/pictures
BROWSER=$VALETKEY_TEST_DIR/open
PERSON=alice
export JOBS BROWSER PERSON

# As xdg-open does, it hands the URL to a browser that runs already.
browser_start()
{
	mkdir -p "$PICTURES" && mkfifo -m 600 "$JOBS" || return
	cat >"$BROWSER" <<-'END'
	#!/bin/sh
	printf '%s %s %s %s\n' "$NAME" "$HOW" "$PERSON" "$1" >"$JOBS"
	END
	chmod +x "$BROWSER"
	TMPDIR=$VALETKEY_TEST_DIR setpriv --pdeathsig KILL "$NODE" \
		"$OIDC_FOLDER/browser.js" "$JOBS." "$PICTURES" \
		"$OIDC_FOLDER/password" "$OIDC_FOLDER/secret" <"$JOBS" \
		>"$VALETKEY_TEST_DIR/browser.out" 2>&1 &
	BROWSER_PID=$!
	exec 4>"$JOBS"
	wait_browser ready
}

# wait_browser NAME: until the browser has done that.
wait_browser()
{
	until [ -s "$JOBS.$1" ]; do
		process_runs "$BROWSER_PID" || {
			sed 's/^/# /' "$VALETKEY_TEST_DIR/browser.out"
			return 1
		}
		sleep 0.05
	done
}

# browse NAME HOW ACCOUNT [OPTION...]: a login; what the browser found.
browse()
{
	NAME=$1 HOW=$2
	export NAME HOW
	shift 2
	run valetkey login --timeout 60 "$@"
	wait_browser "$NAME" || return
	while read -r word rest; do
		case $word in
		ok) tap_result 0 "$rest" ;;
		*) tap_result 1 "${rest#ok }" ;;
		esac
	done <"$JOBS.$NAME"
}

# shows NAME PATTERN DESCRIPTION: the text of that page.
shows()
{
	like "$(cat "$JOBS.$1.text" 2>&1)" "$2" "$3"
}

test_success()
{
	oidc_add native native --auth none --scope 'openid email' \
		>/dev/null 2>&1
	browse success allow native
	is "$status" 0 'Chromium: a login' || tap_note "$text"
	shows success '^You are logged in' 'success: the page says so'
	like "$(cat "$JOBS.success")" \
		'^ok success: neither address bar nor history has the code$' \
		'Chromium: the code is in no address that stays'
	shows success '^native$' 'success: for which account'
	shows success '^alice@example\.com$' 'success: and for whom'
	ok 'there is a token' valetkey token native
}

test_denied()
{
	browse denied deny native
	is "$status" "$CANCELED" 'Chromium: the person says no' ||
		tap_note "$text"
	shows denied '^You declined, and nothing was changed' 'denied: the page says so'
	is "$(grep -c 'valetkey login native' "$JOBS.denied.text")" 1 \
		'denied: and what to type, once'
	ok 'denied: the grant is as before' valetkey token native
}

test_stranger()
{
	browse strange strange native
	is "$status" 0 'Chromium: strangers do not disturb a login' ||
		tap_note "$text"
	shows strange-stranger '^This page is not from the login' \
		'wrong state: the page says so'
	shows strange-nothing '^There is nothing here' \
		'another path: the page says so'
}

# From an https page to our http one on loopback, by a form.
test_form_post()
{
	oidc_add posted native --auth none --scope openid >/dev/null 2>&1
	echo response_mode=form_post >>"$CONFIG/posted.conf"
	browse posted allow posted
	is "$status" 0 'Chromium: form_post' || tap_note "$text"
	shows posted '^You are logged in' 'form_post: the page says so'
	remove posted
}

test_expired()
{
	oidc_add hasty hasty --auth none --scope openid >/dev/null 2>&1
	browse expired late hasty
	is "$status" "$DENIED" 'Chromium: a code that is too old' ||
		tap_note "$text"
	shows expired '^The login did not work' 'expired: the page says so'
	shows expired 'invalid_grant' 'expired: and why'
	remove hasty
}

test_timeout()
{
	browse timeout never native --timeout 3
	is "$status" "$TIMEOUT" 'Chromium: the person takes too long' ||
		tap_note "$text"
	ok 'too long: the grant is as before' valetkey token native
}

test_ninjaone()
{
	provider_start || return
	demo_account work >/dev/null 2>&1
	PERSON=demo
	browse ninjaone allow work
	is "$status" 0 'Chromium: a login at NinjaOne'\''s' || tap_note "$text"
	shows ninjaone '^NinjaOne' 'NinjaOne'\''s: the page names it'
	echo 'ninjaone side-by-side' >"$JOBS"
	remove work
}

oidc_start && browser_start || exit 1
test_success
test_denied
test_stranger
test_form_post
test_expired
test_timeout
test_ninjaone
remove native
nothing_left 'all of it'
echo end >&4
wait "$BROWSER_PID"
is $? 0 'Chromium ends'
oidc_stop
done_testing
