#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sent.sh - what goes out to a server, byte for byte, and what does not:
# who the client is, where secrets stand, PKCE, redirect URI, scopes, refresh
# tokens, revocations, pushed requests. The server is tests/hostile/server.py,
# which writes down whole requests.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

# last PATH: the last request for it: its line, headers, a blank line, its body.
last()
{
	awk -v path="/$1" '$1 ~ /^(GET|POST)$/ && $2 ~ /^\// {
			on = index($2, path) == 1
			if (on) text = "" }
		on { text = text $0 "\n" }
		END { printf "%s", text }' "$LIES/a.log" | tr -d '\r'
}

# field REQUEST NAME: of its query or form, still encoded.
field()
{
	printf '%s\n' "$1" | sed 's/^[A-Z]* [^?]*?//' | tr '&' '\n' |
		sed -n "s/^$2=//p"
}

# The challenge of a code verifier (RFC 7636 4.2).
challenge_of()
{
	python3 -c 'import base64, hashlib, sys
print(base64.urlsafe_b64encode(hashlib.sha256(
	sys.argv[1].encode()).digest()).decode().rstrip("="))' "$1"
}

# ---- who the client is (RFC 6749 2.3) ----

odd_secret()
{
	(umask 077; printf 's e:c%%r+et/=&\303\274' >"$LIES/odd")
	echo "$LIES/odd"
}

test_authentication()
{
	for auth in client_secret_basic client_secret_post; do
		valetkey add $auth --issuer "$A" --auth $auth \
			--client-id 'my id:%+' --secret-fd 3 \
			--client client_credentials \
			</dev/null >"$OUT" 2>&1 3<"$(odd_secret)"
	done
	run valetkey token client_secret_basic --min-valid 31536000
	request=$(last token)
	is "$(printf '%s\n' "$request" | sed -n 's/^Authorization: Basic //p' |
		base64 -d)" \
		'my%20id%3A%25%2B:s%20e%3Ac%25r%2Bet%2F%3D%26%C3%BC' \
		'Basic: both are form-encoded first'
	unlike "$request" 'client_secret|client_id' \
		'Basic: nothing of it in the body'
	run valetkey token client_secret_post --min-valid 31536000
	request=$(last token)
	is "$(field "$request" client_id) $(field "$request" client_secret)" \
		'my%20id%3A%25%2B s%20e%3Ac%25r%2Bet%2F%3D%26%C3%BC' \
		'in the body: both, form-encoded'
	unlike "$request" '^Authorization' 'in the body: no Basic beside it'
	remove client_secret_basic client_secret_post
}

# ---- the code grant ----

test_code()
{
	honest_login=$(last authorize) redeemed=$(last token)
	is "$(field "$honest_login" response_type)" code 'response_type is code'
	is "$(field "$redeemed" redirect_uri)" \
		"$(field "$honest_login" redirect_uri)" \
		'the redirect URI is the same in both requests'
	like "$(field "$honest_login" redirect_uri)" \
		'^http%3A%2F%2F127\.0\.0\.1%3A[0-9]+%2F[A-Za-z0-9._~%F-]*$' \
		'it is an address, with a port, without a fragment'
	verifier=$(field "$redeemed" code_verifier)
	like "$verifier" '^[A-Za-z0-9._~-]{43,128}$' \
		'the verifier is 43 to 128 unreserved characters'
	is "$(field "$honest_login" code_challenge_method)" S256 \
		'the challenge is S256'
	is "$(challenge_of dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk)" \
		E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM \
		'the test can tell (RFC 7636 appendix B)'
	is "$(challenge_of "$verifier")" "$(field "$honest_login" code_challenge)" \
		'the challenge is of the verifier'
	state=$(field "$honest_login" state)
	like "$state" '^[A-Za-z0-9_-]{43,}$' 'the state has 256 bits'
	run valetkey login work
	is "$(printf '%s\n' "$verifier" "$state" \
		"$(field "$(last token)" code_verifier)" \
		"$(field "$(last authorize)" state)" | sort -u | wc -l)" 4 \
		'verifier and state are new for each login'
}

# Whoever refuses S256 is not offered less (RFC 7636 7.2).
test_no_fallback()
{
	lie authorize 'redirect 302 {redirect_uri}?error=invalid_request&error_description=transform+algorithm+not+supported&state={state}&iss={self}'
	before=$(heard a '^GET /authorize')
	said "$DENIED" 'transform algorithm' 'a server that refuses S256' \
		valetkey login work --timeout 10
	honest
	is $(($(heard a '^GET /authorize') - before)) 2 \
		'a server that refuses S256: it is not asked again'
	is "$(grep -a '^GET /authorize?' "$LIES/a.log" |
		grep -vc 'code_challenge_method=S256')" 0 \
		'no login request ever goes without S256'
	is "$(heard a 'grant_type=password')$(heard a 'response_type=token')" 00 \
		'no password grant, no implicit grant'
}

# ---- scopes (RFC 6749 3.3, 5.1) ----

FINE='"access_token":"fine","token_type":"bearer"'

test_scope()
{
	said 0 'scopes +read$' 'no scope in the answer: it is what was asked' \
		valetkey login work
	lie token json "{$FINE,\"refresh_token\":\"r\",\"scope\":\"write more\"}"
	said 0 'scopes +write more' 'another scope in the answer: is shown' \
		valetkey login work
	honest
	run valetkey status work
	like "$text" 'scopes? .*write more' 'and by status'
	said "$SCOPE" 'read' 'and what was not granted is not given out' \
		valetkey token work --scope read
	run valetkey login work
}

# ---- refresh tokens (RFC 6749 6) ----

# The refresh token that a refresh sends, if there is one.
refresh_sent()
{
	sent_before=$(heard a '^POST /token')
	run valetkey token work --min-valid 31536000
	[ "$(heard a '^POST /token')" -eq "$sent_before" ] ||
		field "$(last token)" refresh_token
}

test_refresh()
{
	lie token json "{$FINE,\"refresh_token\":\"second\"}"
	is "$(refresh_sent)" refresh-of-a-0123456789abcdef 'the first refresh'
	lie token json "{$FINE,\"refresh_token\":\"third\"}"
	is "$(refresh_sent)" second 'a new refresh token replaces the old'
	lie token json "{$FINE}"
	is "$(refresh_sent)" third 'and is replaced in turn'
	is "$(refresh_sent)" third 'where none comes the old one stays'
	unlike "$(last token)" 'scope=' 'a refresh asks for no other scope'
	is "$(heard a 'refresh_token=second')" 1 'none is sent again'
	honest
	run valetkey login work
}

# A machine has no use for one (RFC 6749 4.4.3).
test_machine()
{
	valetkey add robot --issuer "$A" --client-id me \
		--client client_credentials --secret-fd 3 </dev/null \
		>"$OUT" 2>&1 3<"$(secret_file liar-secret)"
	lie token json "{$FINE,\"refresh_token\":\"not-for-machines\"}"
	run valetkey token robot --min-valid 31536000
	run valetkey token robot --min-valid 31536000
	is "$(field "$(last token)" grant_type)" client_credentials \
		'a machine asks anew each time'
	is "$(heard a not-for-machines)" 0 'and uses no refresh token'
	honest
	remove robot
}

# ---- revocation (RFC 7009) ----

test_revocation()
{
	# Of the logins before, which the logout would send as well.
	valetkey logout --drop-revocations --yes 2>/dev/null
	lie revoke 'html 200' '<h1>whatever</h1>'
	said 0 'revoked at the provider' 'a logout, any answer with 200' \
		valetkey logout work
	honest
	request=$(last revoke)
	like "$request" '^POST /revoke$' 'a revocation is a POST'
	is "$(field "$request" token) $(field "$request" token_type_hint)" \
		'refresh-of-a-0123456789abcdef refresh_token' \
		'a revocation has the token and its hint'
	like "$request" '^Authorization: Basic ' \
		'a revocation says who the client is'
	run valetkey login work
}

# A provider that gives the same refresh token at each login.
test_same_again()
{
	lie revoke 'html 503'
	run valetkey logout work
	run valetkey login work
	honest
	ok 'a token in use: its revocation is forgotten' nothing_waits
	is "$(revoked_since_login)" 0 'a token in use: it is not revoked'
	is "$(refresh_sent)" refresh-of-a-0123456789abcdef \
		'a token in use: it is used'
}

revoked_since_login()
{
	LC_ALL=C awk '/grant_type=authorization_code/ { n = 0 }
		/^POST \/revoke/ { n++ }
		END { print n + 0 }' "$LIES/a.log"
}

# A few refreshes later: what could not be sent is not tried at once again.
nothing_waits()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		run valetkey token work --min-valid 31536000
		valetkey status >"$OUT"
		grep -q 'Revocations that wait' "$OUT" || return 0
		sleep 0.5
	done
	return 1
}

# ---- resource indicators (RFC 8707) ----

# no_resource DESCRIPTION URI
no_resource()
{
	exits "$ARG" "$1" valetkey add bad --issuer "$A" --client-id me \
		--auth none --no-prompt --resource-indicator "$2"
}

test_resources()
{
	valetkey add aimed --issuer "$A" --client-id me --scope read \
		--resource-indicator https://one.example/a \
		--resource-indicator https://two.example/ --secret-fd 3 \
		</dev/null >"$OUT" 2>&1 3<"$(secret_file liar-secret)"
	run valetkey login aimed
	both='https%3A%2F%2Fone.example%2Fa
https%3A%2F%2Ftwo.example%2F'
	is "$(field "$(last authorize)" resource)" "$both" \
		'resources: in the login request'
	is "$(field "$(last token)" resource)" "$both" \
		'resources: in the token request'
	run valetkey token aimed --min-valid 31536000
	is "$(field "$(last token)" resource)" "$both" \
		'resources: in a refresh'
	lie token 'json 400' '{"error":"invalid_target"}'
	said "$DENIED" 'invalid_target.*resource' 'resources: refused' \
		valetkey token aimed --min-valid 31536000
	honest
	no_resource 'resources: none with a fragment' 'https://one.example/#x'
	no_resource 'resources: none without a scheme' /relative
	no_resource 'resources: none that is empty' ''
	remove aimed
}

# ---- pushed requests (RFC 9126) ----

pushing_account()
{
	lie metadata json "{\"issuer\":\"$A\",
		\"authorization_endpoint\":\"$A/authorize\",
		\"token_endpoint\":\"$A/token\",
		\"pushed_authorization_request_endpoint\":\"$A/par\"}"
	valetkey add pushed --issuer "$A" --client-id me --scope read \
		--secret-fd 3 </dev/null >"$OUT" 2>&1 \
		3<"$(secret_file liar-secret)"
	honest
}

test_pushed()
{
	pushing_account
	lie par 'json 201' '{"request_uri":"urn:x:1","expires_in":60}'
	said "$TIMEOUT" . 'a pushed login' valetkey login pushed --timeout 1 \
		--no-browser
	shown=$text
	request=$(last par)
	like "$request" '^POST /par$' 'pushed: by POST'
	like "$request" '^Authorization: Basic ' 'pushed: with the secret'
	is "$(field "$request" code_challenge_method)" S256 'pushed: with PKCE'
	is "$(printf '%s\n' "$shown" | sed -n 's/.*authorize?//p' | tr '&' '\n' |
		sort | tr '\n' ' ')" 'client_id=me request_uri=urn%3Ax%3A1 ' \
		'pushed: the browser has client_id and request_uri alone'
	before=$(heard a '^POST /par')
	run valetkey login pushed --timeout 1 --no-browser
	is $(($(heard a '^POST /par') - before)) 1 'pushed: each login anew'
	for answer in '{}' '{"request_uri":7}' '{"request_uri":""}' '[]'; do
		lie par 'json 201' "$answer"
		exits "$NETWORK" "pushed: the answer $answer" \
			valetkey login pushed --timeout 5 --no-browser
	done
	lie par 'json 400' '{"error":"invalid_request",
		"error_description":"\u001b[2J\u202eno"}'
	said "$DENIED" 'invalid_request' 'pushed: refused' \
		valetkey login pushed --timeout 5 --no-browser
	clean "$text" 'pushed: refused, and shown clean'
	lie par 'redirect 307 {other}/par'
	exits "$NETWORK" 'pushed: a redirect' \
		valetkey login pushed --timeout 5 --no-browser
	is "$(heard b .)" 0 'pushed: a redirect is not followed'
	honest
	remove pushed
}

# What never stands in an address: it ends in logs and histories.
test_addresses()
{
	lines=$(grep -a -hE '^(GET|POST|PUT|DELETE) ' "$LIES/a.log")
	unlike "$lines" "$(cat "$(secret_file liar-secret)")|client_secret=" \
		'no secret in any address'
	unlike "$lines" 'refresh-of-|code-of-|code_verifier=' \
		'no token, code or verifier in any address'
}

liar_start || exit 1
liar_account work || exit 1
test_code
test_authentication
test_no_fallback
test_scope
test_refresh
test_machine
test_revocation
test_same_again
test_resources
test_pushed
test_addresses
liar_stop
done_testing
