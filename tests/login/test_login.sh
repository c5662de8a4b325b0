#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_login.sh - `valetkey login`: through a scripted browser, and what is said
# where it does not work.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

PROVIDER_REDIRECT=http://127.0.0.1:$(free_port)/callback
no_refresh()
{
	provider_start --client "norefresh-client,web,$(secret_file web-secret),$PROVIDER_REDIRECT,norefresh" "$@"
}
no_refresh || exit 1
browser_setup
VALETKEY_BROWSER_SAVE=$VALETKEY_TEST_DIR/page.html
LOG=$VALETKEY_TEST_DIR/login.log
export VALETKEY_BROWSER_SAVE

# A browser that goes straight back with an error, its text full of control
# characters: C0, C1, and a line of its own.
make_evil_browser()
{
	cat >"$VALETKEY_TEST_DIR/evil" <<-'END'
	#!/bin/sh
	to=$(curl -q -s --noproxy '*' -o /dev/null -w '%{redirect_url}' "$1")
	query=$(printf '%s' "${to#*\?}" | tr '&' '\n')
	uri=$(printf '%s\n' "$query" | sed -n 's/^redirect_uri=//p' |
		sed 's/%3A/:/g; s/%2F/\//g')
	state=$(printf '%s\n' "$query" | sed -n 's/^state=//p')
	curl -q -s -L --noproxy '*' -o /dev/null "$uri?error=server_error&state=$state&error_description=%1B%5B2Jevil%1B%5D0;x%07%C2%9B31m%0Aok%0D"
	END
	chmod +x "$VALETKEY_TEST_DIR/evil"
}

# page PATTERN DESCRIPTION: what the browser shows in the end.
page()
{
	tries=100
	until [ -s "$VALETKEY_BROWSER_SAVE" ] || [ "$tries" -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.05
	done
	like "$(cat "$VALETKEY_BROWSER_SAVE" 2>&1)" "$1" "$2"
	rm -f "$VALETKEY_BROWSER_SAVE"
}

set_key()
{
	sed -i "s|^$2=.*|$2=$3|" "$CONFIG/$1.conf"
}

# ---- it works ----

test_web()
{
	demo_account work >/dev/null 2>&1
	said 0 '^work is logged in' 'a web client' valetkey login work
	like "$text" "$PROVIDER_URL/ws/oauth/authorize\?client_id=web-client&response_type=code" \
		'the address is printed'
	like "$text" 'code_challenge_method=S256' 'with PKCE'
	like "$text" 'refresh token +yes' 'with a refresh token'
	like "$text" 'Waiting for the browser \.\.\. [45]:[0-9][0-9] left' \
		'the time left is shown'
	like "$text" '^Next: valetkey token work' 'and what is next'
	page '<dd>work</dd>' 'the landing page names the account'
	ok 'there is a token' valetkey token work
}

test_native()
{
	demo_account native native >/dev/null 2>&1
	said 0 'native is logged in' 'a native client' valetkey login native
	page 'You are logged in' 'its landing page'
	ok 'there is a token' valetkey token native
	remove native
}

test_machine()
{
	demo_account robot api-services >/dev/null 2>&1
	said 0 'robot is logged in' 'api-services need no browser' \
		env BROWSER=false valetkey login robot
	unlike "$text" 'authorize' 'and no address'
	remove robot
}

test_no_refresh()
{
	demo_account forgot web --client-id norefresh-client >/dev/null 2>&1
	said 0 'Tick the grant type "Refresh Token"' 'no refresh token' \
		valetkey login forgot
	like "$text" 'refresh token +no' 'no refresh token: once more'
	page 'You are logged in' 'no refresh token: it is a login'
	run valetkey status forgot
	like "$text" 'refresh token +none' 'status says so too'
	remove forgot
}

test_browsers()
{
	said "$TIMEOUT" "$PROVIDER_URL/ws/oauth/authorize" '--no-browser' \
		valetkey login work --no-browser --timeout 1
	[ -e "$VALETKEY_BROWSER_SAVE" ]
	is $? 1 '--no-browser: none was started'
	# shellcheck disable=SC2016 # a pattern
	said "$TIMEOUT" 'No browser was started .\$BROWSER was not found.; open' \
		'a browser that is not there' \
		env BROWSER=/nonexistent/browser valetkey login work --timeout 1
	said 0 'work is logged in' 'the second browser of a list' \
		env BROWSER="/nonexistent/browser:$BROWSER" valetkey login work
	page 'You are logged in' 'its landing page'
	said "$TIMEOUT" 'ssh -L 2[0-9]*:127.0.0.1' 'in a remote session' \
		env SSH_CONNECTION='x' valetkey login work --no-browser \
		--timeout 1
}

# The browser's command line, which every user can list, in its own words and in
# the kernel's.
test_command_line()
{
	cat >"$VALETKEY_TEST_DIR/argv" <<-'END'
	#!/bin/sh
	printf '%s\n' "$@" >"$ARGV" && tr '\0' '\n' <"/proc/$$/cmdline" >>"$ARGV"
	env >>"$ARGV"
	exec "$NEXT" "$@"
	END
	chmod +x "$VALETKEY_TEST_DIR/argv"
	said 0 'work is logged in' 'a browser that tells' \
		env ARGV="$VALETKEY_TEST_DIR/argv.out" NEXT="$BROWSER" \
		BROWSER="$VALETKEY_TEST_DIR/argv" valetkey login work
	page 'You are logged in' 'a browser that tells: its landing page'
	argv=$(cat "$VALETKEY_TEST_DIR/argv.out")
	like "$argv" '^http://127\.0\.0\.1:[0-9]+/[0-9a-f]{32}$' \
		'the browser is given an address of this computer'
	state=$(printf '%s' "$text" | sed -n 's/.*[?&]state=\([^&]*\).*/\1/p')
	like "$state" '^.{43}$' 'the person is shown the provider'\''s'
	unlike "$argv" "$state|code_challenge|authorize" \
		'no state and no challenge in a command line'
}

# waiting COMMAND...: a login that has begun, and says so in $LOG; the redirect
# that would end it goes to $back.
waiting()
{
	: >"$LOG"
	"$@" </dev/null >"$LOG" 2>&1 &
	login=$!
	until grep -q Waiting "$LOG"; do sleep 0.05; done
	state=$(sed -n 's/.*[?&]\(state=[^&[:space:]]*\).*/\1/p' "$LOG")
	back="$PROVIDER_REDIRECT?$state&code=c"
}

# Somebody who has the state all the same, and a code of his own account.
test_other_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		skip 'only root can be another user' 'another user is told of'
		return
	fi
	waiting valetkey login work --no-browser --timeout 3
	run setpriv --reuid 60002 --clear-groups \
		curl -q -s --noproxy '*' --max-time 10 "$back"
	like "$status$text" '^5[26]$' 'another user gets no answer'
	status=0
	wait "$login" || status=$?
	is "$status" "$TIMEOUT" 'another user ends no login'
	is "$(grep -c 'Another user of this computer came' "$LOG")" 1 \
		'another user is told of'
}

# As in some containers: the login works, and says what it could not see.
test_unseen()
{
	if ! "$VALETKEY_BUILD/tests/hosts/seccomp" NETLINK true 2>/dev/null; then
		skip "no filter can see a socket's family" \
			'where owners are not told: the answer counts'
		return
	fi
	waiting "$VALETKEY_BUILD/tests/hosts/seccomp" NETLINK \
		valetkey login work --no-browser --timeout 20
	curl -q -s --noproxy '*' --max-time 10 "$back" >/dev/null
	status=0
	wait "$login" || status=$?
	is "$status" "$DENIED" 'where owners are not told: the answer counts'
	is "$(grep -c 'does not tell whose browser' "$LOG")" 1 \
		'where owners are not told: and that is said'
	said 0 'work is logged in' 'where owners are not told: a login' \
		"$VALETKEY_BUILD/tests/hosts/seccomp" NETLINK \
		env ARGV="$VALETKEY_TEST_DIR/argv.out" NEXT="$BROWSER" \
		BROWSER="$VALETKEY_TEST_DIR/argv" valetkey login work
	page 'You are logged in' 'where owners are not told: its page'
	like "$(cat "$VALETKEY_TEST_DIR/argv.out")" "^$PROVIDER_URL/ws/oauth/" \
		'where owners are not told: the provider'\''s address it is'
}

# ---- it does not ----

test_denied()
{
	said "$CANCELED" 'declined in the browser' 'the person says no' \
		env VALETKEY_BROWSER_ANSWER=deny valetkey login work
	page 'You declined, and nothing was changed' 'the person says no: the page'
	ok 'the person says no: the grant is as before' valetkey token work
}

test_preflight()
{
	cp "$CONFIG/work.conf" "$VALETKEY_TEST_DIR/good"
	set_key work client_id stranger
	rm -f "$VALETKEY_BROWSER_SAVE"
	said "$LOGIN" 'client_id' 'a changed client id: its secret is not sent' \
		valetkey status work
	demo_account wrong native --client-id stranger >/dev/null 2>&1
	said "$DENIED" 'client id \(stranger\)' 'an unknown client id' \
		valetkey login wrong
	like "$text" 'instance is wrong' 'and what else it may be'
	[ -e "$VALETKEY_BROWSER_SAVE" ]
	is $? 1 'no browser was started for it'
	cp "$VALETKEY_TEST_DIR/good" "$CONFIG/work.conf"
	demo_account slash web --redirect-uri "$PROVIDER_REDIRECT/" \
		>/dev/null 2>&1
	said "$DENIED" "not exactly $PROVIDER_REDIRECT/" \
		'a redirect URI with a slash behind' valetkey login slash
	said "$SCOPE" 'invalid_scope' 'a scope that there is not' \
		login_with scope nonsense
	provider_stop
	no_refresh --error-page || return
	said "$DENIED" 'its own error page' 'an error page instead of the 404' \
		valetkey login wrong
	remove wrong slash
}

# login_with KEY VALUE: in the account's file, for this login.
login_with()
{
	set_key work "$1" "$2"
	login_status=0
	valetkey login work || login_status=$?
	cp "$VALETKEY_TEST_DIR/good" "$CONFIG/work.conf"
	return "$login_status"
}

test_given_up()
{
	setsid env --default-signal=INT valetkey login work --no-browser \
		</dev/null >"$OUT" 2>&1 &
	login=$!
	until grep -q Waiting "$OUT"; do sleep 0.05; done
	kill -s INT "$login"
	status=0
	wait "$login" || status=$?
	is "$status" "$CANCELED" 'Ctrl-C'
	like "$(cat "$OUT")" '^valetkey: Canceled' 'Ctrl-C: and says so'
	: >"$OUT" # or the one before would be seen in it
	env --ignore-signal=INT valetkey login work --no-browser --timeout 2 \
		</dev/null >"$OUT" 2>&1 &
	login=$!
	until grep -q Waiting "$OUT"; do sleep 0.05; done
	kill -s INT "$login"
	status=0
	wait "$login" || status=$?
	is "$status" "$TIMEOUT" 'Ctrl-C, where it is ignored, as in the background'
	said "$TIMEOUT" 'in time.*valetkey login work' 'nobody comes' \
		valetkey login work --no-browser --timeout 1
	said 0 'logged in' 'the port is free again' valetkey login work
	rm -f "$VALETKEY_BROWSER_SAVE"
}

test_terminal()
{
	terminal valetkey login work --no-browser <<-END
	expect left (Ctrl-C gives up)
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C on a terminal'
	like "$text" '^valetkey: Canceled' 'Ctrl-C on a terminal: and says so'
	make_evil_browser
	terminal env BROWSER="$VALETKEY_TEST_DIR/evil" NO_COLOR=1 \
		valetkey login work </dev/null
	is "$status" "$DENIED" 'an error with escape sequences'
	like "$text" 'server_error, .*evil' 'is shown'
	# Ours are the link (OSC 8) and the line that is taken away.
	unlike "$(printf '%s' "$text" | tr -d '\n' |
		sed "s/$ESCAPE\]8;;[^$ESCAPE]*$ESCAPE\\\\//g
			s/$ESCAPE\[K//g")" \
		"$ESCAPE|$(printf '\007|\302\233')" \
		'without its escape sequences'
	unlike "$text" '^ok' 'nor its newline'
}

# What the account's file or the provider's is changed to does not matter to the
# secrets until the person says so, with or without a grant.
test_changed()
{
	demo_account native native >/dev/null 2>&1
	run demo_login native
	# shellcheck disable=SC2154 # CONFIG: of command.sh
	printf 'hosts[]=https://elsewhere.example\n' >>"$CONFIG/native.conf"
	said "$LOGIN" 'hosts .*has changed.*accept-change' 'a changed file' \
		valetkey token native --min-valid 100000
	run demo_login native
	is "$status" "$LOGIN" 'a login does not take it over by itself'
	run demo_login native --accept-change
	is "$status" 0 'but where it is told to'
	sed -i 's|^hosts\[\]=https://elsewhere.*|hosts[]=https://other.example|' \
		"$CONFIG/native.conf"
	said 0 'was revoked at the provider' 'a logout goes where it came from' \
		valetkey logout native
	run demo_login native
	is "$status" "$LOGIN" 'a public client without a grant is pinned too'
	remove native
}

test_wrong()
{
	said "$ACCOUNT" 'valetkey add nobody' 'no such account' \
		valetkey login nobody
	said "$ARG" 'Which account' 'no account' valetkey login
	said "$ARG" 'whole number' 'a time-out that is none' \
		valetkey login work --timeout soon
	printf 'id\n' >"$CONFIG/bad.conf"
	said "$ACCOUNT" 'malformed in line 1' 'a malformed file' valetkey login bad
	rm "$CONFIG/bad.conf"
	provider_stop
	run valetkey login work --timeout 1
	like "$status" "^($NETWORK|$TIMEOUT)\$" 'a provider that is gone'
}

test_web
test_native
test_machine
test_no_refresh
test_browsers
test_command_line
test_other_user
test_unseen
test_denied
test_preflight
test_given_up
test_terminal
test_changed
test_wrong
remove work
done_testing
