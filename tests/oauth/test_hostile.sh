#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hostile.sh - a token endpoint that lies, and an account's file that was
# changed: every lie has the right result code and a message that says what is
# wrong, shows nothing that a terminal would obey, loses no grant and leaks no
# secret. test_hostile_login.sh has the lies of logins.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

# refused CODE PATTERN DESCRIPTION HOW [BODY]: a refresh that is answered so
# has this result, and once the server is honest again one that is good.
refused()
{
	refused_status=$1 refused_pattern=$2 refused_what=$3
	shift 3
	lie token "$@"
	said "$refused_status" "$refused_pattern" "$refused_what" \
		valetkey token work --min-valid 31536000
	clean "$text" "$refused_what: and shows it clean"
	nothing_lost "$refused_what"
}

# taken DESCRIPTION HOW [BODY]: as above, but it is the token "fine".
taken()
{
	lie token "$2" "${3-}"
	is "$(valetkey token work --min-valid 31536000 2>&1)" fine "$1"
	nothing_lost "$1"
}

nothing_lost()
{
	honest
	forget_failures work
	ok "$1: and nothing is lost" valetkey token work --min-valid 31536000
}

GOOD='"access_token":"fine","token_type":"bearer","expires_in":3600'
NO_ANSWER='not an OAuth answer'

# ---- what is no token ----

test_types()
{
	refused "$DENIED" 'only Bearer' 'token_type mac' json \
		'{"access_token":"x","token_type":"mac"}'
	refused "$DENIED" 'only Bearer' 'token_type DPoP' json \
		'{"access_token":"x","token_type":"DPoP"}'
	refused "$NETWORK" "$NO_ANSWER" 'an access token that is a number' \
		json '{"access_token":7,"token_type":"bearer"}'
	refused "$NETWORK" "$NO_ANSWER" 'an access token that is empty' \
		json '{"access_token":"","token_type":"bearer"}'
	refused "$NETWORK" "$NO_ANSWER" 'an access token of two lines' \
		json '{"access_token":"x\ny","token_type":"bearer"}'
	refused "$NETWORK" "$NO_ANSWER" 'an access token with escapes' \
		json '{"access_token":"\u001b[2J","token_type":"bearer"}'
	refused "$NETWORK" "$NO_ANSWER" 'an access token of 100 KB' json \
		"{\"access_token\":\"$(head -c 100000 /dev/zero | tr '\0' a)\"}"
	refused "$NETWORK" "$NO_ANSWER" 'a refresh token of two lines' json \
		"{$GOOD,\"refresh_token\":\"x\\ny\"}"
}

test_json()
{
	refused "$NETWORK" "$NO_ANSWER" 'JSON with a NUL' json \
		'{"access_token":"x\u0000y"}'
	refused "$NETWORK" "$NO_ANSWER" 'invalid UTF-8' json \
		"$(printf '{"access_token":"x\377\300y"}')"
	refused "$NETWORK" 'too long|too much|more than' '100 MB' \
		'huge 104857600' "{$GOOD}"
	refused "$NETWORK" "$NO_ANSWER" '10,000 levels' 'deep 10000'
	refused "$NETWORK" "$NO_ANSWER" '100 MB, compressed' \
		'gzip 104857600' "{$GOOD}"
	refused "$NETWORK" "$NO_ANSWER" 'an array' json '[]'
	refused "$NETWORK" "$NO_ANSWER" 'two objects' json "{$GOOD}{}"
	refused "$NETWORK" "$NO_ANSWER" 'NaN' json \
		'{"access_token":"x","token_type":"bearer","expires_in":NaN}'
}

# ---- what is one all the same ----

test_taken()
{
	taken 'token_type in capitals' json \
		'{"access_token":"fine","token_type":"BEARER"}'
	taken 'no expires_in' json \
		'{"access_token":"fine","token_type":"bearer"}'
	taken 'unknown members' json \
		"{\"x\":{\"y\":[1,null]},$GOOD,\"e\u001bvil\":\"\\u001b\"}"
	taken 'a refresh token that is a number' json \
		"{$GOOD,\"refresh_token\":7}"
	taken 'a refresh token that is null' json \
		"{$GOOD,\"refresh_token\":null}"
	taken 'members that come twice' json \
		"{\"access_token\":\"first\",\"expires_in\":\"x\",$GOOD}"
	for life in '"3600"' 0.5 -1 -99999999999999999999 '"nan"' '"inf"' '""' null \
		true '[1]'; do
		taken "expires_in $life" json \
			"{$GOOD,\"expires_in\":$life}"
	done
}

# Longer than anybody can ask for: ten years, and no overflow.
test_for_ever()
{
	for life in 1e400 99999999999999999999; do
		lie token json "{$GOOD,\"expires_in\":$life}"
		run valetkey login work
		like "$text" 'good for 36[0-9][0-9] days' "expires_in $life"
		honest
	done
	ok 'for ever: and nothing is lost' valetkey login work
}

# ---- errors ----

EVIL='\u001b]0;x\u0007\u001b[2J\u009b31m\u202e\u2066\r\nvaletkey: ok'

test_errors()
{
	refused "$DENIED" 'not_bad.*valetkey: ok' 'an error with escapes' \
		'json 400' "{\"error\":\"not_bad$EVIL\",
			\"error_description\":\"$EVIL\"}"
	refused "$DENIED" 'client secret' 'invalid_client, 401' 'json 401' \
		'{"error":"invalid_client"}'
	refused "$SCOPE" 'scopes' 'invalid_scope, 400' 'json 400' \
		'{"error":"invalid_scope"}'
	refused "$DENIED" 'x{60}' 'an error of 100 KB' 'json 400' \
		"{\"error\":\"$(head -c 100000 /dev/zero | tr '\0' x)\"}"
	refused "$NETWORK" "$NO_ANSWER" 'an error that is an object' \
		'json 400' '{"error":{"error":"invalid_grant"}}'
	refused "$NETWORK" "$NO_ANSWER" 'a page' 'html 400' '<h1>Log in</h1>'
}

# ---- HTTP ----

test_redirects()
{
	for how in 'redirect 301' 'redirect 302' 'redirect 303' 'redirect 307' \
		'redirect 308'; do
		refused "$NETWORK" . "$how" "$how {other}/token"
	done
	is "$(heard b .)" 0 'redirects: the other server heard nothing'
}

# raw ANSWER: printf's escapes.
raw()
{
	printf '%b' "$1"
}

test_http()
{
	taken 'a hundred interim answers' raw "$(
		yes 'HTTP/1.1 100 Continue' | sed -n 'G;p;100q'
		raw "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{$GOOD}")"
	refused "$NETWORK" . 'another protocol' raw \
		"$(raw 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n')"
	refused "$NETWORK" . 'HTTP/0.9' raw "{$GOOD}"
	refused "$NETWORK" . 'a megabyte of headers' raw \
		"$(printf 'HTTP/1.1 200 OK\r\n'
		yes 'X: this fills a line of the header' | head -n 30000
		raw "\r\n{$GOOD}")"
	refused "$NETWORK" . 'a chunk that is too big' raw "$(raw "HTTP/1.1\
 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{$GOOD}")"
	refused "$NETWORK" . 'a negative length' raw \
		"$(raw "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{$GOOD}")"
	refused "$NETWORK" . 'a body that is cut off' raw \
		"$(raw "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{$GOOD")"
	taken 'a body that trickles' 'drip 10' "{$GOOD}"
	refused "$NETWORK" . 'nothing at all' raw
}

# ---- scopes ----

test_scope()
{
	lie token json "{$GOOD,\"scope\":\"read $EVIL\"}"
	run valetkey token work --min-valid 31536000
	run valetkey status work
	clean "$text" 'a scope with escapes: status'
	run valetkey status --json
	clean "$text" 'a scope with escapes: status --json'
	run valetkey token work --format json
	clean "$text" 'a scope with escapes: token --format json'
	honest
	ok 'a scope with escapes: and nothing is lost' \
		valetkey token work --min-valid 31536000
}

# ---- the account's file, changed to point elsewhere ----

# pointed KEY: to the other server. The secrets stay here until a person agrees.
pointed()
{
	cp "$CONFIG/work.conf" "$LIES/kept"
	sed -i "/^$1=/d" "$CONFIG/work.conf"
	printf '%s=%s/token\n' "$1" "$B" >>"$CONFIG/work.conf"
	said "$LOGIN" "$1 .*has changed" "another $1" \
		valetkey token work --min-valid 31536000
	said "$LOGIN" 'it is not sent' "another $1: a login" \
		valetkey login work --timeout 5
	run valetkey logout work
	cp "$LIES/kept" "$CONFIG/work.conf"
	run valetkey login work
	is "$status" 0 "another $1: and back" || tap_note "$text"
}

test_changed()
{
	for key in issuer authorization_endpoint token_endpoint \
		refresh_endpoint revocation_endpoint \
		device_authorization_endpoint \
		pushed_authorization_request_endpoint userinfo_endpoint; do
		pointed "$key"
	done
	is "$(heard b .)" 0 'a changed file: the other server heard nothing'
}

# ---- TLS ----

# tls_account NAME ORIGIN [OPTION...]: a machine with a secret there.
tls_account()
{
	tls_name=$1 tls_origin=$2
	shift 2
	valetkey add "$tls_name" --authorization-endpoint "$tls_origin/authorize" \
		--token-endpoint "$tls_origin/token" --client-id me --secret-fd 3 \
		--client client_credentials "$@" </dev/null >"$OUT" 2>&1 \
		3<"$(secret_file liar-secret)"
}

test_tls()
{
	tls_account stranger "$C"
	said "$NETWORK" 'trust|certificate' 'an unknown certificate' \
		valetkey token stranger --min-valid 31536000
	tls_account misnamed "$D" --ca-file "$LIES/d.crt"
	said "$NETWORK" 'name|another' 'the certificate of another name' \
		valetkey token misnamed --min-valid 31536000
	is "$(heard c .)$(heard d .)" 00 'bad certificates: nothing is sent'
	tls_account known "$C" --ca-file "$LIES/c.crt"
	ok 'a known certificate' valetkey token known --min-valid 31536000
	is "$(heard c '^POST /token')" 2 'a known certificate: it was asked'
	exits "$ARG" 'an address without TLS' tls_account plain http://192.0.2.1
	remove stranger misnamed known
}

certificate c IP:127.0.0.1 || exit 1
certificate d DNS:elsewhere.example || exit 1
liar_start || exit 1
liar_account work || exit 1
test_types
test_json
test_taken
test_for_ever
test_errors
test_redirects
test_http
test_scope
test_changed
test_tls
liar_stop
done_testing
