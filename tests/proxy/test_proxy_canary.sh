#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_proxy_canary.sh - what `valetkey proxy` knows is where it belongs and nowhere
# else. Access token, refresh token and client's secret: in no file, no output, no
# command line, no environment, no error page. The proxy's own secret: in the
# environment of the command alone, or in the file of a service; in nothing that a
# journal would keep.
#
# A relay before the provider writes down what passes; there the test learns what it
# has to look for.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/proxy/proxy.sh
. "$VALETKEY_SRC/tests/proxy/proxy.sh"

# What the test itself knows; all else of the session is searched.
own=$VALETKEY_TEST_DIR/known-to-the-test
passed=$own/passed
processes=$own/processes
output=$VALETKEY_TEST_DIR/output
mkdir -m 700 "$own"
UPSTREAM=$own/upstream
PROXY_READY=$own/ready
PROXY_AUTH=$own/auth

relay_start()
{
	port=$(free_port)
	"$HOSTS/relay" "$port" "$PROVIDER_PORT" "$passed" &
	PROVIDER_URL=http://127.0.0.1:$port
	provider_file
	wait_until provider_control stats >/dev/null
}

# learn NAME: the values of these JSON members that have passed.
learn()
{
	grep -aoE "\"$1\":\"[^\"]+" "$passed" | sed 's/.*"//' |
		grep -E '.{16}' | sort -u
}

learn_all()
{
	learn access_token >"$own/access"
	learn refresh_token >"$own/refresh"
	cat "$(secret_file web-secret)" >"$own/secret"
	echo >>"$own/secret"
	cat "$own/access" "$own/refresh" "$own/secret" >"$own/all"
	for file in "$own"/proxy-secret.*; do
		cat "$file"
	done | sort -u >"$own/proxy-secrets"
}

# keep COMMAND...: its output is kept, to be searched.
keep()
{
	"$@" >>"$output" 2>&1
}

# The page that a client is shown, head and all.
page()
{
	page_path=$1
	shift
	keep curl -q -sS -i --path-as-is --noproxy '*' --max-time 60 "$@" \
		"$PROXY_URL$page_path"
}

known_page()
{
	page "$@" -H "@$PROXY_AUTH"
}

# Everything that a client may be told.
pages()
{
	known_page /status/200
	known_page /status/404
	known_page /redirect
	known_page /cut/length
	known_page /garbage/noise
	known_page /reset
	known_page /echo -X CONNECT
	known_page /echo -X TRACE
	known_page /echo -H 'Connection: Upgrade' -H 'Upgrade: websocket'
	known_page /echo -H 'Content-Length: 1' -H 'Transfer-Encoding: chunked'
	known_page /echo -H "X-A: $(printf '%0100000d' 0)"
	known_page /echo -H 'Host: evil.example'
	known_page /echo -H 'Origin: https://evil.example'
	page /echo
	page /echo -H 'Authorization: Bearer wrong'
	page /echo -u user:wrong
	page /ws/oauth/token -d 'grant_type=client_credentials&client_id=a&client_secret=wrong'
	page /ws/oauth/token -d 'grant_type=authorization_code&code=a'
	page /ws/oauth/token
}

# The provider fails while a token is wanted.
failures()
{
	for fault in html garbage http-500 http-429 wrong-type reset-before; do
		provider_fault none "$fault"
		age work
		"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id work)"
		known_page /status/200
		: >"$CONFIG/.$(account_id work).lock"
	done
	provider_fault none
	provider_expire
	known_page /status/200
}

# remember NAME: the secret of the proxy that runs.
remember()
{
	sed -n 's/.*Bearer //p' "$PROXY_AUTH" >"$own/proxy-secret.$1"
}

use()
{
	proxy_start work || return
	remember command
	pages
	failures
	proxy_stop
	cat "$PROXY_SAID" >>"$output"
	proxy_start work --socket "$XDG_RUNTIME_DIR/proxy" || return
	remember socket
	keep curl -q -sS -i --unix-socket "$XDG_RUNTIME_DIR/proxy" \
		http://localhost/status/200
	proxy_stop
	cat "$PROXY_SAID" >>"$output"
	alone
	service
}

# Without a command the secret is printed for a shell, and not to standard error.
alone()
{
	setpriv --pdeathsig TERM valetkey proxy work </dev/null \
		>"$own/printed" 2>"$VALETKEY_TEST_DIR/alone.err" &
	pid=$!
	wait_until grep -q '^VALETKEY_PROXY_TOKEN=' "$own/printed"
	sed -n 's/^VALETKEY_PROXY_TOKEN=//p' "$own/printed" \
		>"$own/proxy-secret.alone"
	kill "$pid"
	wait "$pid" 2>/dev/null
}

# As systemd starts it: all that it says would be in the journal.
service()
{
	valetkey proxy work --service </dev/null >"$own/service" \
		2>>"$output"
	sed -n 's/^VALETKEY_PROXY_TOKEN=//p' "$own/service" \
		>"$own/proxy-secret.service"
	python3 -c '
import os, socket, sys
one = socket.socket()
one.bind(("127.0.0.1", 0))
one.listen(16)
print("http://127.0.0.1:%d" % one.getsockname()[1], flush=True)
os.dup2(one.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.dup2(2, 1)
os.execvp("valetkey", ["valetkey", "proxy", "work", "--service"])' \
		</dev/null >"$own/address" 2>"$VALETKEY_TEST_DIR/journal" &
	pid=$!
	wait_until test -s "$own/address"
	PROXY_URL=$(cat "$own/address")
	(umask 077 && sed 's/^/Authorization: Bearer /' \
		"$own/proxy-secret.service" >"$PROXY_AUTH")
	pages
	through /status/200 >"$own/served"
	kill "$pid"
	wait "$pid" 2>/dev/null
}

# found_in_files LIST: the session's files with any of it.
found_in_files()
{
	grep -raFlf "$1" "$VALETKEY_TEST_DIR" --exclude-dir=known-to-the-test |
		grep -vxF "$VALETKEY_TEST_DIR/web-secret"
}

test_learned()
{
	is "$(cat "$own/served")" So. 'a service that systemd has started works' ||
		tap_note "$(cat "$VALETKEY_TEST_DIR/journal")"
	for file in access refresh secret; do
		like "$(wc -l <"$own/$file")" '^[1-9]' "the test knows each $file"
	done
	is "$(grep -cE '^[0-9a-f]{64}$' "$own/proxy-secrets")" 4 \
		'and the secrets of four proxies'
	ok 'the access token came to the API' \
		grep -qFf "$own/access" "$UPSTREAM/heads"
	is "$(grep -cFf "$own/proxy-secrets" "$UPSTREAM/heads")" 0 \
		'and no secret of a proxy'
	for page in '200 Said' '401 ' '403 ' '400 ' '502 '; do
		ok "there is a page with ${page% }" \
			grep -q "^HTTP/1.1 $page" "$output"
	done
}

test_files()
{
	is "$(found_in_files "$own/all")" '' \
		'no token and no client secret is in a file, nor in an output'
	is "$(found_in_files "$own/proxy-secrets" |
		sed "s|^$VALETKEY_TEST_DIR/||; s|/proxy-[^/]*$|/proxy-NAME|")" \
		home/.local/state/valetkey/proxy-NAME \
		"a proxy's secret: only in the file of the service"
	is "$(find "$HOME/.local/state/valetkey" -name 'proxy-*' \
		-exec stat -c %a {} +)" 600 'which is for its user alone'
	ok 'there is text for a journal to be searched' \
		[ -s "$VALETKEY_TEST_DIR/alone.err" ]
}

# Of processes the environment alone may have a proxy's secret, by its name.
test_processes()
{
	ok 'processes were seen: the proxy' grep -aq 'valetkey.proxy.work' \
		"$processes"
	ok 'processes were seen: the command' grep -aq VALETKEY_PROXY_TOKEN= \
		"$processes"
	is "$(grep -acFf "$own/all" "$processes")" 0 \
		'no token and no client secret in a command line or environment'
	is "$(grep -aFf "$own/proxy-secrets" "$processes" | tr '\0' '\n' |
		grep -aFf "$own/proxy-secrets" | sed 's/=.*//' | sort -u |
		tr '\n' ' ')" \
		'NINJAONE_CLIENT_SECRET NINJA_CLIENT_SECRET VALETKEY_PROXY_TOKEN ' \
		"a proxy's secret: in the command's environment, under its names"
}

test_end()
{
	valetkey proxy work --service --off </dev/null >>"$output" 2>&1
	is "$(found_in_files "$own/proxy-secrets")" '' \
		'nothing is left of a service that was removed'
	valetkey logout work </dev/null >>"$output" 2>&1
	remove work
	learn_all
	is "$(found_in_files "$own/all")" '' 'nor by logout and remove'
}

need_programs python3 openssl
cd "$VALETKEY_TEST_DIR" || exit
provider_start
relay_start
ok 'an API' upstream_start "$PROVIDER_URL/ws/oauth/userinfo"
ok 'an account' proxy_account work
"$HOSTS/watch" >"$processes" &
watch=$!
ok 'all that there is to see' use
learn_all
test_learned
test_files
test_processes
test_end
kill "$watch"
done_testing
