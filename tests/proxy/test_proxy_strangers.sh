#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_proxy_strangers.sh - who may not use `valetkey proxy`, and what it does not
# pass on: another user, web pages in a real Chromium, wrong secrets, requests for
# other hosts, and requests that two programs would read in two ways. No byte of
# them gets to the API.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"
# shellcheck source=tests/proxy/proxy.sh
. "$VALETKEY_SRC/tests/proxy/proxy.sh"

# unheard DESCRIPTION: the API, since the last time.
unheard()
{
	is "$(sed "1,${heard}d" "$UPSTREAM/log")" '' "$1: the API hears nothing"
	heard=$(upstream_heard)
}

# What is well formed up to a body that is not may have begun to pass; the second
# request that is hidden in it is none.
test_smuggling()
{
	tells smuggling with_proxy python3 "$VALETKEY_SRC/tests/proxy/smuggle.py"
	is "$(sed "1,${heard}d" "$UPSTREAM/log" |
		grep -v -e '^open$' -e '^POST /evil$')" '' \
		'smuggling: the API hears no second request'
	is "$(sed -n '/^GET .evil/p' "$UPSTREAM/heads")" '' \
		'and none that is hidden in another'
	heard=$(upstream_heard)
	is "$(through /status/200)" So. 'an honest request passes'
	heard=$(upstream_heard)
}

# ---- web pages ----

test_pages()
{
	if [ ! -d "$NPM/node_modules/playwright-core" ] || ! oidc_node; then
		skip "npm's playwright-core is not in $NPM" 'web pages'
		return
	fi
	need_program chromium 'web pages' || return
	mkdir pages && cp "$VALETKEY_SRC/tests/proxy/stranger.js" \
		"$VALETKEY_SRC/tests/oidc/package.json" pages &&
		ln -s "$NPM/node_modules" pages/node_modules
	tells 'web pages' with_proxy env BROWSER_PATH="$(command -v chromium)" \
		TMPDIR="$VALETKEY_TEST_DIR" setpriv --pdeathsig KILL "$NODE" \
		pages/stranger.js <"$PROXY_AUTH"
	unheard 'web pages'
}

# ---- another user ----

as_nobody()
{
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
}

test_another_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		skip 'only root can be two users' 'another user'
		return
	fi
	is "$(as_nobody curl -q -s --noproxy '*' -o /dev/null \
		-w '%{http_code}' "$PROXY_URL/evil")" 401 \
		'another user: nothing without the secret'
	unheard 'another user'
	is "$(as_nobody cat "/proc/$PROXY_PID/environ" "/proc/$PROXY_PID/mem" \
		"/proc/$PROXY_PID/maps" 2>/dev/null | tr -d '\0')" '' \
		'nor can he look into the proxy'
}

# ---- the unix socket ----

# Whoever may open the socket is asked who he is, too.
test_socket()
{
	socket=$VALETKEY_TEST_DIR/proxy.socket
	ok 'a proxy at a socket' proxy_start work --socket "$socket" || return
	is "$(stat -c '%a %F' "$socket")" '600 socket' 'its mode'
	is "$(curl -q -s --noproxy '*' --unix-socket "$socket" \
		http://localhost/status/200)" So. 'its user needs no secret'
	is "$(status_of --unix-socket "$socket" -H 'Origin: https://a.example' \
		http://localhost/evil)" 403 'a page may not'
	heard=$(upstream_heard)
	if [ "$(id -u)" -eq 0 ]; then
		chmod 711 "$VALETKEY_TEST_DIR"
		as_nobody curl -q -s --unix-socket "$socket" \
			http://localhost/evil >got
		is $? 7 'another user cannot open it'
		chmod 666 "$socket"
		is "$(as_nobody curl -q -s --unix-socket "$socket" -o /dev/null \
			-w '%{http_code}' http://localhost/evil)" 403 \
			'and is refused if he could'
		chmod 700 "$VALETKEY_TEST_DIR"
		unheard 'another user at the socket'
	else
		skip 'only root can be two users' 'another user at the socket'
	fi
	proxy_stop
	ok 'the socket is gone' [ ! -e "$socket" ]
}

# ---- other hosts ----

# /127.0.0.1:PORT/ would be a host if the account had several.
test_other_hosts()
{
	for target in //evil.example/a /https://evil.example/a \
		/evil.example/a /http:%2f%2fevil.example/a; do
		through "$target" -o got
	done
	is "$(grep -c 'evil\.example' "$UPSTREAM/log")" 4 \
		'a host in the path is a path'
	is "$(tr -d '\r' <"$UPSTREAM/heads" | sed -n 's/^[Hh]ost: //p' | sort -u)" \
		"${UPSTREAM_URL#https://}" 'at the one host that there is'
}

need_programs python3 openssl
cd "$VALETKEY_TEST_DIR" || exit
ok 'a provider' provider_start
ok 'an API' upstream_start
ok 'an account' proxy_account work
ok 'the proxy' proxy_start work || done_testing
heard=$(upstream_heard)
is "$heard" 0 'nothing is asked before the first request'
test_smuggling
test_pages
test_another_user
test_other_hosts
proxy_stop
test_socket
done_testing
