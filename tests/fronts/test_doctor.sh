#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_doctor.sh - valetkey doctor: what it says if all is well, and what of each
# thing that can be wrong; that it changes nothing, sends no secret, and ends.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

LOCKED=23
NO_BUS=25
KEYRING=$VALETKEY_BUILD/tests/lib/keyring

# finds STATUS STATE CHECK PATTERN DESCRIPTION [COMMAND...]: doctor, of the account
# work if nothing else is said, ends so and has that line.
finds()
{
	finds_status=$1 finds_line="^$2 +$3 +.*$4" finds_what=$5
	shift 5
	[ $# -gt 0 ] || set -- valetkey doctor work
	said "$finds_status" "$finds_line" "$finds_what" "$@"
}

# A server that takes connections and says nothing, or holds a port.
listen()
{
	start_server "$VALETKEY_TEST_DIR/listen.ready" /dev/null \
		python3 -c '
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(8)
open(sys.argv[2], "w").write("%d\n" % s.getsockname()[1])
time.sleep(600)' "$1" "$VALETKEY_TEST_DIR/listen.ready"
}

# All that a doctor could change.
everything()
{
	"$KEYRING" all
	find "$CONFIG" "$XDG_RUNTIME_DIR/valetkey" -type f -exec cat {} + 2>/dev/null
	find "$CONFIG" "$XDG_RUNTIME_DIR/valetkey" 2>/dev/null | sort
}

test_well()
{
	before=$(everything)
	requests_before=$(token_requests)
	run valetkey doctor work
	is "$status" 0 'all is well' || tap_note "$text"
	unlike "$text" '^problem' 'all is well: no problem'
	for check in version folder bus keyring account login scopes \
		connection clock client; do
		like "$text" "^ok +$check " "all is well: $check"
	done
	requests 0 'no token is asked for'
	is "$(everything)" "$before" 'nothing is changed'
	is "$(printf '%s\n' "$text" | grep -cFe "$(cat "$(secret_file web-secret)")" \
		-e "$(valetkey token work)")" 0 'no secret is shown'
	finds 0 ok login 'Logged in as|Can have tokens' 'every account' valetkey doctor
	like "$text" '^robot$' 'every account: the other one too'
	run valetkey doctor --json
	ok '--json: is JSON' "$VALETKEY_BUILD/tests/lib/json" <"$OUT"
	like "$text" '"check":"connection","state":"ok","account":"work"' \
		'--json: an object for each finding'
	said "$ACCOUNT" 'There is no account "nobody"' 'of none' \
		valetkey doctor nobody
}

test_place()
{
	chmod g+w "$CONFIG"
	finds "$ACCOUNT" problem folder "chmod go-w $CONFIG" 'a folder for a group' \
		valetkey doctor
	chmod g-w "$CONFIG"
	finds "$DENIED" problem browser 'BROWSER is set to none-at-all' \
		'a browser that is none' env BROWSER=none-at-all DISPLAY=:9 \
		valetkey doctor work
	finds 0 note browser 'no screen here' 'no screen' env -u DISPLAY \
		-u WAYLAND_DISPLAY -u BROWSER valetkey doctor work
	printf 'id\n' >"$CONFIG/bad.conf"
	finds "$ACCOUNT" problem account 'malformed in line 1' 'a malformed file' \
		valetkey doctor bad
	rm "$CONFIG/bad.conf"
}

test_keyring()
{
	mkdir -p "$VALETKEY_TEST_DIR/elsewhere"
	finds "$NO_BUS" problem bus 'cannot be reached|session has ended|ended' 'no bus' \
		env "DBUS_SESSION_BUS_ADDRESS=unix:path=$VALETKEY_TEST_DIR/gone" \
		"XDG_RUNTIME_DIR=$VALETKEY_TEST_DIR/elsewhere" valetkey doctor work
	like "$text" '^ok +connection' 'no bus: the rest is looked at'
	run valetkey doctor
	like "$text" '^ok +keyring +The keyring \(gnome-keyring-daemon, collection login\)' \
		'which keyring it is'
	"$KEYRING" lock
	finds "$LOCKED" problem keyring 'locked' 'a locked keyring'
	"$KEYRING" unlock
	"$KEYRING" delete client "$(sed -n 's/^id=//p' "$CONFIG/robot.conf")"
	finds "$LOGIN" problem secret 'valetkey edit robot --secret-stdin' \
		'a secret is lost' valetkey doctor robot
}

# What is no verdict, since some pages are for browsers alone, is told all the same.
test_refusing_page()
{
	valetkey add odd --authorization-endpoint "$PROVIDER_URL/nowhere" \
		--token-endpoint "$PROVIDER_URL/ws/oauth/token" \
		--host https://odd.example --client-id native-client \
		--auth none --scope monitoring </dev/null >/dev/null 2>&1
	run valetkey doctor odd
	like "$text" '^note +client .*HTTP 404.*valetkey edit odd' \
		'a login page that refuses'
	run_until_waiting valetkey login odd --no-browser
	like "$(echo "$text" | tr '\n' ' ')" \
		'HTTP 404 .*redirect URI.*valetkey edit odd --redirect-uri' \
		'and the login says so before it waits'
	remove odd
}

test_login()
{
	demo_account fresh native >/dev/null 2>&1
	finds "$LOGIN" problem login 'valetkey login fresh' 'not logged in' \
		valetkey doctor fresh
	odd_account hour monitoring offline_scope= client.web.offline_scope=
	demo_login hour >/dev/null 2>&1
	finds "$LOGIN" problem refresh 'no refresh token.*"Refresh Token"' \
		'no refresh token' valetkey doctor hour
	finds 0 note client "Only a request with the client's secret tells" \
		'a machine' valetkey doctor robot2
	remove fresh hour
}

test_server()
{
	cp "$CONFIG/work.conf" "$VALETKEY_TEST_DIR/good"
	valetkey edit work --redirect-uri http://127.0.0.1:1/no >/dev/null 2>&1
	finds "$DENIED" problem client 'redirect URI there is not exactly.*valetkey edit work' \
		'another redirect URI'
	cp "$VALETKEY_TEST_DIR/good" "$CONFIG/work.conf"
	valetkey edit work --ca-file /dev/null >/dev/null 2>&1
	listen "${PROVIDER_REDIRECT##*:}" 2>/dev/null ||
		listen "$(printf '%s\n' "$PROVIDER_REDIRECT" |
			sed 's|.*:\([0-9]*\)/.*|\1|')"
	finds "$DENIED" problem redirect 'is in use' 'the port is taken'
	kill "$SERVED"
	provider_stop
	finds "$NETWORK" problem connection . 'a server that is down'
	provider_start
}

# A client of another region, which that one knows.
test_region()
{
	start_server "$VALETKEY_TEST_DIR/other.ready" "$VALETKEY_TEST_DIR/other.out" \
		"$VALETKEY_BUILD/tests/server/ninjaone-provider" --port 0 \
		--ready-file "$VALETKEY_TEST_DIR/other.ready" \
		--password-file "$(secret_file password)" \
		--client far-client,native,, || return
	sed -i "/^instance\[\]=demo /a instance[]=far $(cat \
		"$VALETKEY_TEST_DIR/other.ready") Far away" \
		"$CONFIG/providers/ninjaone.conf"
	demo_account lost native --client-id far-client >/dev/null 2>&1
	finds "$LOGIN" problem region 'instance "far" knows .*valetkey edit lost --instance far$' \
		'another region' valetkey doctor lost
	ok 'and that mends it' valetkey edit lost --instance far
	finds "$LOGIN" ok client 'nothing against the client id far-client' \
		'the right region' valetkey doctor lost
	is "$(sed -n 's/^hosts\[\]=//p' "$CONFIG/lost.conf")" \
		"$(cat "$VALETKEY_TEST_DIR/other.ready")" 'and its hosts'
	remove lost
	kill "$SERVED"
	sed -i '/^instance\[\]=far /d' "$CONFIG/providers/ninjaone.conf"
}

test_silent()
{
	listen 0 || return
	printf '%s\n' "id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" \
		client_id=x auth=none \
		"authorization_endpoint=http://127.0.0.1:$(cat \
			"$VALETKEY_TEST_DIR/listen.ready")/a" \
		"token_endpoint=http://127.0.0.1:$(cat \
			"$VALETKEY_TEST_DIR/listen.ready")/t" \
		'redirect_uri=http://127.0.0.1:{port}/' \
		'hosts[]=https://api.example' >"$CONFIG/silent.conf"
	finds "$LOGIN" problem connection . 'a server that is silent' \
		timeout 40 valetkey doctor silent
	rm "$CONFIG/silent.conf"
	kill "$SERVED"
}

# It has no redirect URI that could be tried.
test_device()
{
	valetkey add screen --issuer "$PROVIDER_URL/" --auth none \
		--client-id native-client --scope monitoring --no-prompt \
		</dev/null >/dev/null 2>&1
	sed -i -e '/^redirect_uri=/d' -e 's/^grant=.*/grant=device_code/' \
		"$CONFIG/screen.conf"
	finds "$LOGIN" note client 'Only a login tells.*valetkey login screen' \
		'a device' valetkey doctor screen
	unlike "$text" '^problem +client' 'a device: its redirect URI is no problem'
	valetkey remove screen --yes </dev/null >/dev/null 2>&1
}

test_git()
{
	rm -f "$GIT_CONFIG_GLOBAL"
	run valetkey doctor work
	unlike "$text" '^[a-z]+ +git ' 'git is not set up: nothing is said'
	valetkey git-setup work --apply >/dev/null 2>&1
	finds 0 ok git 'asks valetkey, and nobody else' 'git is set up'
	git config --global --add credential.helper store
	finds 0 note git 'also gives' 'another helper behind'
	rm "$GIT_CONFIG_GLOBAL"
	git config --global credential.helper store
	git config --global --add credential.helper valetkey
	finds "$DENIED" problem git 'first.*valetkey git-setup work --apply' \
		'another helper before'
	rm "$GIT_CONFIG_GLOBAL"
}

provider_start || exit 1
demo_account work >/dev/null 2>&1
demo_account robot api-services >/dev/null 2>&1
demo_account robot2 api-services >/dev/null 2>&1
demo_login work >/dev/null 2>&1
valetkey token robot >/dev/null
DISPLAY=:9 BROWSER=true
export DISPLAY BROWSER
test_well
test_place
test_keyring
test_refusing_page
test_login
test_server
test_region
test_git
test_silent
provider_stop
provider_start --device
test_device
remove work robot robot2
done_testing
