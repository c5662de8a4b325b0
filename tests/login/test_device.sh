#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_device.sh - `valetkey login` by the device grant (RFC 8628): what the
# person is shown, how often the server is asked, and every way it can end.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

# serve [OPTION...]: the provider, anew, with the device grant.
serve()
{
	provider_stop
	provider_start --device "$@"
}

serve --device-interval 1 || exit 1
TOKEN='POST /ws/oauth/token '
browser_setup
# Nothing here has a display, whatever the machine has.
unset DISPLAY WAYLAND_DISPLAY SSH_CONNECTION BROWSER

device_account()
{
	account=$1
	shift
	valetkey add "$account" --issuer "$PROVIDER_URL/" --auth none \
		--client-id native-client --scope 'monitoring offline_access' \
		--no-prompt "$@" </dev/null >/dev/null 2>&1
}

# background COMMAND...: until it waits for somebody.
background()
{
	: >"$OUT"
	setsid env --default-signal=INT "$@" </dev/null >"$OUT" 2>&1 &
	login=$!
	until grep -q '^Waiting ' "$OUT" || ! process_runs "$login"; do
		sleep 0.05
	done
}

# begin [OPTION...]: a login, until its code is shown.
begin()
{
	requests_before=$(token_requests)
	background valetkey login work --timeout 60 "$@"
}

# enter allow|deny: what the person does with the code.
enter()
{
	sed -n 's/^Code: //p' "$OUT" | head -n 1 | tr -d '\n' \
		>"$VALETKEY_TEST_DIR/user-code"
	curl -q -sS -f --noproxy '*' -o /dev/null \
		--data-urlencode "user_code@$VALETKEY_TEST_DIR/user-code" \
		-d username=demo -d "answer=$1" \
		--data-urlencode "password@$(secret_file password)" \
		"$PROVIDER_URL/ws/device/enter"
}

# ended STATUS PATTERN DESCRIPTION: how the login ends, and what it says.
ended()
{
	status=0
	wait "$login" || status=$?
	text=$(cat "$OUT")
	is "$status" "$1" "$3" || tap_note "$text"
	like "$text" "$2" "$3: and says so"
}

# polite DESCRIPTION: nobody asked faster than they should.
polite()
{
	is "$(provider_count too-fast)" 0 "$1"
}

# ---- it works ----

test_login()
{
	device_account work
	begin --timeout 900
	ok 'the code is entered' enter allow
	ended 0 '^work is logged in' 'without a display'
	like "$text" "^ +$PROVIDER_URL/ws/device\$" 'where to enter it is shown'
	like "$text" '^Code: [A-Z]{4}-[A-Z]{4}$' 'the code is shown'
	like "$text" 'never enter a code that somebody has sent' \
		'with a warning (RFC 8628 5.4)'
	like "$text" 'to be entered \.\.\. (10:00|9:[0-9][0-9]) left' \
		'the time left is the code'\''s, as it is the shorter'
	like "$text" 'refresh token +yes' 'with a refresh token'
	unlike "$text" 'No browser was started' 'no browser is tried'
	is "$(provider_count 'GET /ws/oauth/authorize')" 0 'nor the code flow'
	ok 'there is a token' valetkey token work
	ok 'which can be refreshed' valetkey token work --min-valid 100000
	polite 'a login: never too fast'
}

test_complete()
{
	serve --device-interval 1 --device-complete
	begin
	enter allow
	ended 0 '^work is logged in' 'an address with the code in it'
	like "$text" "^ +$PROVIDER_URL/ws/device\?user_code=[A-Z-]{9}\$" \
		'that address is shown'
	like "$text" "open $PROVIDER_URL/ws/device and enter" \
		'and the one without'
	like "$text" '^Code: [A-Z]{4}-[A-Z]{4}$' 'and the code (3.3.1)'
}

# A display: the browser is opened there, unless it is not wanted.
test_browser()
{
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\nprintf "%%s\\n" "$1" >"%s"\n' \
		"$VALETKEY_TEST_DIR/opened" >"$VALETKEY_TEST_DIR/open"
	chmod +x "$VALETKEY_TEST_DIR/open"
	rm -f "$VALETKEY_TEST_DIR/opened"
	BROWSER=$VALETKEY_TEST_DIR/open begin --flow device --no-browser
	enter deny
	ended "$CANCELED" 'declined' 'with a display, --no-browser'
	[ -e "$VALETKEY_TEST_DIR/opened" ]
	is $? 1 '--no-browser: none was started'
	BROWSER=$VALETKEY_TEST_DIR/open begin --flow device
	enter deny
	ended "$CANCELED" 'declined in the browser.*valetkey login work' \
		'with a display: the person says no'
	like "$(cat "$VALETKEY_TEST_DIR/opened")" '/ws/device\?user_code=' \
		'a browser was started at the address'
	ok 'the grant is as before' valetkey token work
}

# ---- how often ----

test_slow_down()
{
	serve --device-interval 1 --device-slow 1
	begin
	enter allow
	ended 0 '^work is logged in' 'told to slow down'
	requests 2 'told to slow down: one more question'
	polite 'told to slow down: never too fast'
	serve --device-interval 1 --device-slow 1000000
	begin --timeout 3
	ended "$TIMEOUT" 'in time' 'told to slow down for ever: the time ends it'
	polite 'told to slow down for ever: never too fast'
}

test_interval_missing()
{
	serve --device-interval 0
	begin
	enter allow
	ended 0 '^work is logged in' 'no interval is given'
	requests 1 'no interval is given: five seconds, so one question'
	polite 'no interval is given: never too fast'
}

# gap: milliseconds between the last two token requests.
gap()
{
	sed -n "s|^\([0-9]*\)\.\([0-9]*\) $TOKEN.*|\1\2|p" "$PROVIDER_LOG" |
		tail -n 2 | paste -s -d ' ' | {
		read -r first second
		echo $((second - first))
	}
}

test_away()
{
	serve --device-interval 1
	provider_fault none reset-before count=1
	begin
	enter allow
	ended 0 '^work is logged in' 'a question that nobody answers'
	requests 2 'is asked again'
	ok 'after twice the time (3.5)' [ "$(gap)" -ge 1900 ]
	provider_fault none http-429=3 count=1
	begin
	enter allow
	ended 0 '^work is logged in' 'a server that has too much to do'
	ok 'is left alone as long as it says' [ "$(gap)" -ge 2900 ]
}

# ---- it does not ----

test_expired()
{
	serve --device-interval 1 --device-lifetime 2
	begin
	ended "$TIMEOUT" 'expired.*For a new one: valetkey login work' \
		'nobody enters the code'
	like "$text" '0:0[12] left' 'the time left was shown'
	serve --device-interval 1 --device-early 1
	codes=$(provider_count 'POST /ws/oauth/device_authorization')
	begin
	ended "$TIMEOUT" 'code has expired' 'the server says that it is over'
	is "$(provider_count 'POST /ws/oauth/device_authorization')" \
		$((codes + 1)) 'no other code is asked for without the person'
}

test_refused()
{
	serve --device-interval 1
	device_account stranger --client-id nobody
	said "$DENIED" 'invalid_client' 'an unknown client' \
		valetkey login stranger
	device_account greedy --scope nonsense
	said "$SCOPE" 'invalid_scope.*scope' 'an unknown scope' \
		valetkey login greedy
	device_account lost
	sed -i 's|/device_authorization$|/nowhere|' "$CONFIG/lost.conf"
	said "$LOGIN" 'device_authorization_endpoint' \
		'an endpoint that was changed' valetkey login lost
	said "$NETWORK" '404.*device_authorization_endpoint' \
		'an endpoint that there is not' \
		valetkey login lost --accept-change
	remove stranger greedy lost
	provider_fault none garbage
	begin
	ended "$NETWORK" 'not an OAuth answer' 'garbage in place of a token'
	provider_fault none
}

test_given_up()
{
	begin
	kill -s INT "$login"
	ended "$CANCELED" '^valetkey: Canceled' 'Ctrl-C'
	requests_before=$(token_requests)
	sleep 2.2
	requests 0 'Ctrl-C: and nobody asks any more'
	begin --timeout 20
	exits "$TIMEOUT" 'a second login waits for the first' \
		valetkey login work --timeout 1
	enter allow
	ended 0 'is logged in' 'and the first works'
}

# ---- which way ----

# way PATTERN DESCRIPTION COMMAND...: which one a login takes.
way()
{
	way_pattern=$1 way_what=$2
	shift 2
	background "$@"
	kill -s INT "$login"
	wait "$login"
	like "$(cat "$OUT")" "$way_pattern" "$way_what"
}

test_ways()
{
	code='redirect_uri=' device='^Code: '
	way "$code" 'a browser: code' env BROWSER=true valetkey login work
	way "$code" 'X11: code' env DISPLAY=:99 valetkey login work --no-browser
	way "$code" 'Wayland: code' \
		env WAYLAND_DISPLAY=w valetkey login work --no-browser
	way "$device" 'SSH: device' \
		env DISPLAY=:99 SSH_CONNECTION='1 2 3 4' valetkey login work
	way "$code" '--flow code' valetkey login work --flow code
	echo flow=code >>"$CONFIG/work.conf"
	way "$code" 'flow=code' valetkey login work
	way "$device" '--flow device over flow=code' \
		valetkey login work --flow device
	sed -i 's/^flow=code/flow=device/' "$CONFIG/work.conf"
	way "$device" 'flow=device' env BROWSER=true valetkey login work
	sed -i 's/^flow=device/flow=dance/' "$CONFIG/work.conf"
	said "$ARG" '"dance" is not a flow' 'flow=dance' valetkey login work
	sed -i '/^flow=/d' "$CONFIG/work.conf"
	said "$ARG" '"dance" is not a flow: choose code' '--flow dance' \
		valetkey login work --flow dance
	demo_account plain native >/dev/null 2>&1
	said "$ARG" 'no device_authorization_endpoint.*plain --flow code' \
		'--flow device without one' \
		valetkey login plain --flow device
	way "$code" 'no device grant and nobody to paste: code' \
		valetkey login plain
	demo_account robot api-services >/dev/null 2>&1
	said "$ARG" 'Leave --flow out' 'client_credentials' \
		valetkey login robot --flow device
	remove plain robot
}

# A host program that asks for a login takes the code flow, or what the
# account's file says.
test_host()
{
	valetkey logout work >/dev/null 2>&1
	way 'redirect_uri=' 'a host: code' \
		valetkey token work --interactive
	sed -i 's/^grant=.*/grant=device_code/' "$CONFIG/work.conf"
	way '^Code: ' 'a host, a client for the device grant alone' \
		valetkey token work --interactive
	said "$ARG" 'only for the device flow' '--flow code for it' \
		valetkey login work --flow code
	BROWSER=true begin
	enter allow
	ended 0 'is logged in' 'a client for the device grant alone'
	sed -i '/^device_authorization_endpoint/d' "$CONFIG/work.conf"
	said "$ARG" 'device_authorization_endpoint is missing' \
		'and without the endpoint' valetkey login work
}

test_login
test_complete
test_browser
test_slow_down
test_interval_missing
test_away
test_expired
test_refused
test_given_up
test_ways
test_host
done_testing
