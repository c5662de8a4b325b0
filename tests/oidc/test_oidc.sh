#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_oidc.sh - every flow and every way to authenticate, at a certified OpenID
# provider (npm's oidc-provider) over TLS. What it refuses it logs, and so it is
# seen here that nothing of ours was refused, or done twice.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

need_npm oidc-provider
oidc_start || exit 1

# A token that is good for longer than any is: always a refresh.
renew()
{
	valetkey token "$1" --min-valid 100000
}

# The provider's own word on the token of this account.
works()
{
	valetkey curl "$1" -- -sS -f --cacert "$OIDC_CA" "$OIDC_URL/me"
}

# logged PATTERN COUNT DESCRIPTION: so many lines since the last mark.
logged()
{
	is "$(tail -n "+$((mark + 1))" "$OIDC_FOLDER/log" |
		grep -Ec -e "$1" || :)" "$2" "$3"
}

mark_log()
{
	mark=$(wc -l <"$OIDC_FOLDER/log")
}

# ---- code, refresh, revocation ----

test_code()
{
	mark_log
	said 0 'native is added' 'by issuer' oidc_add native native \
		--auth none --scope openid
	said 0 'native is logged in' 'code and PKCE' oidc_login native
	like "$text" 'refresh token +yes' 'with a refresh token'
	logged '^request token .* auth=none grant=authorization_code error= ' 1 \
		'one token request, without authentication'
	ok 'the provider takes the token' works native
}

test_rotation()
{
	mark_log
	for _ in 1 2 3; do
		ok 'a refresh, the token rotates' renew native
	done
	logged 'grant=refresh_token error= ' 3 'three refreshes'
	logged 'event refresh_token.consumed' 3 'each consumed its token'
	logged 'event grant.revoked' 0 'and the grant lives'
}

test_storm()
{
	oidc_add many native --auth none --scope openid >/dev/null 2>&1
	echo cache=none >>"$CONFIG/many.conf"
	ok 'an account without a cache' oidc_login many
	age many
	mark_log
	started=
	for n in 1 2 3 4 5 6; do
		valetkey token many >"$VALETKEY_TEST_DIR/storm.$n" &
		started="$started $!"
	done
	failed=0
	for process in $started; do
		wait "$process" || failed=$((failed + 1))
	done
	is "$failed" 0 'six at once: each has a token'
	is "$(sort -u "$VALETKEY_TEST_DIR"/storm.* | wc -l)" 1 \
		'six at once: the same'
	logged 'grant=refresh_token' 1 'six at once: one refresh'
	logged 'event grant.revoked' 0 'six at once: the grant lives'
	remove many
}

test_logout()
{
	mark_log
	said 0 'revoked' 'a logout' valetkey logout native
	logged '^request revocation POST 200' 1 'revokes once'
	logged 'event grant.revoked' 1 'and the provider ends the grant'
	exits "$LOGIN" 'no token is left' valetkey token native
	remove native
}

# RFC 7591: not even a client id is needed.
test_registration()
{
	mark_log
	said 0 'registered a client' 'a client that nobody has registered' \
		valetkey add dynamic --issuer "$OIDC_URL" --ca-file "$OIDC_CA" \
		--register --scope openid
	said 0 'dynamic is logged in' 'it can log in' oidc_login dynamic
	like "$text" 'refresh token +yes' 'with a refresh token'
	ok 'and refresh' renew dynamic
	logged 'error=[^ ]' 0 'nothing was refused'
	remove dynamic
}

# ---- how the client shows who it is ----

# authenticated METHOD ACCOUNT: in whatever it asks, by this and nothing else.
# The client's id begins with the account's name.
authenticated()
{
	mark_log
	said 0 "$2 is logged in" "$1: a login" oidc_login "$2"
	ok "$1: a refresh" renew "$2"
	ok "$1: a logout" valetkey logout "$2"
	logged "^request [a-z_]+ POST 20. client=$2.* auth=$1 .* error= " 4 \
		"$1: pushed request, code, refresh, revocation"
	logged "^request (token|revocation|pushed[a-z_]*) POST .*=$2" 4 \
		"$1: and nothing else"
	remove "$2"
}

with_key()
{
	oidc_add "$@" --client-key "$OIDC_FOLDER/client.key"
}

test_authentication()
{
	ok 'basic: added' oidc_add_secret basic 'basic:%/+&=' --scope openid \
		--auth client_secret_basic
	authenticated basic basic
	ok 'post: added' oidc_add_secret post post --scope openid \
		--auth client_secret_post
	authenticated post post
	ok 'jwt: added' with_key jwt jwt --scope openid \
		--auth private_key_jwt --client-key-id key-1
	authenticated jwt jwt
	ok 'tls: added' with_key mtls mtls --scope openid \
		--auth tls_client_auth \
		--client-certificate "$OIDC_FOLDER/client.crt"
	authenticated tls mtls
}

# robot METHOD ADD CLIENT [OPTION...]: client credentials.
robot()
{
	method=$1 add=$2
	shift 2
	mark_log
	said 0 'robot is added' "client credentials, $method" \
		"$add" robot "$@" --client client_credentials
	ok "client credentials, $method: a token" valetkey token robot
	ok "client credentials, $method: another" renew robot
	logged " auth=$method grant=client_credentials error= " 3 \
		"client credentials, $method: a proof and two tokens, all so"
	remove robot
}

test_machines()
{
	robot basic oidc_add_secret robot --auth client_secret_basic
	robot jwt with_key robot-jwt --auth private_key_jwt \
		--client-key-id key-1
	robot tls with_key robot-mtls --auth tls_client_auth \
		--client-certificate "$OIDC_FOLDER/client.crt"
}

# ---- what else a server may want ----

test_pushed()
{
	oidc_add pushed par --auth none --scope openid >/dev/null 2>&1
	mark_log
	said 0 'is logged in' 'a client that must push its requests' \
		oidc_login pushed
	logged '^request pushed_authorization_request POST 201 client=par' 1 \
		'pushed once'
	logged '^request authorization GET .* query=client_id,request_uri ' 1 \
		'the browser carries the client id and the reference alone'
	remove pushed
}

test_resource()
{
	api=https://api.example.com/
	oidc_add api native --auth none --scope 'openid read' \
		--resource-indicator "$api" >/dev/null 2>&1
	mark_log
	said 0 'is logged in' 'a resource indicator' oidc_login api
	ok 'a resource indicator: a refresh' renew api
	logged "^request token .* grant=[a-z_]+ error= resource=$api " 2 \
		'a resource indicator: in each token request'
	remove api
	oidc_add elsewhere native --auth none --scope openid \
		--resource-indicator https://elsewhere.example/ >/dev/null 2>&1
	said "$DENIED" 'invalid_target' 'a resource that there is not' \
		oidc_login elsewhere
	remove elsewhere
}

test_form_post()
{
	oidc_add posted native --auth none --scope openid >/dev/null 2>&1
	echo response_mode=form_post >>"$CONFIG/posted.conf"
	mark_log
	said 0 'is logged in' 'form_post' oidc_login posted
	logged '^request pushed.* response_mode=form_post ' 1 'form_post: is asked for'
	remove posted
}

test_offline()
{
	oidc_add offline strict --auth none \
		--scope 'openid offline_access' >/dev/null 2>&1
	said 0 'refresh token +yes' \
		'a refresh token for offline_access and consent alone' \
		oidc_login offline
	ok 'offline_access: a refresh' renew offline
	remove offline
}

test_register()
{
	mark_log
	said 0 'made is added' 'dynamic registration' valetkey add made \
		--issuer "$OIDC_URL" --ca-file "$OIDC_CA" --register \
		--scope openid --no-prompt
	logged 'event registration_create.success' 1 'one client is registered'
	said 0 'made is logged in' 'the registered client logs in' \
		oidc_login made
	ok 'the registered client refreshes' renew made
	remove made
}

# ---- who it is ----

test_identity()
{
	oidc_add who native --auth none --scope 'openid email profile' \
		>/dev/null 2>&1
	said 0 'logged in as alice@example\.com' 'who logged in is told' \
		oidc_login who
	like "$(valetkey status who)" 'logged in as +alice@example\.com$' \
		'and shown by status'
	mark_log
	OIDC_USER=bob
	export OIDC_USER
	said "$CANCELED" 'bob@example\.com.*--accept-change' 'somebody else' \
		oidc_login who
	ok 'somebody else: the grant is as before' works who
	said 0 'logged in as bob@example\.com' 'somebody else, accepted' \
		oidc_login who --accept-change
	unset OIDC_USER
	remove who
}

# ---- without a browser here ----

# device ANSWER: the log goes to a file, for it takes the five seconds that the
# server asks for.
device()
{
	oidc_add "box-$1" device --auth none --scope openid >/dev/null 2>&1
	OIDC_ANSWER=$1 oidc_login "box-$1" --flow device \
		>"$VALETKEY_TEST_DIR/device.$1" 2>&1
	echo "status $?" >>"$VALETKEY_TEST_DIR/device.$1"
}

devices_start()
{
	device allow &
	allowed=$!
	device deny &
	denied=$!
}

test_devices()
{
	wait "$allowed" "$denied"
	text=$(cat "$VALETKEY_TEST_DIR/device.allow")
	like "$text" '^status 0$' 'the device flow' || tap_note "$text"
	like "$text" '^Code: [A-Z]{4}-[A-Z]{4}$' 'the device flow: the code'
	ok 'the device flow: a refresh' renew box-allow
	text=$(cat "$VALETKEY_TEST_DIR/device.deny")
	like "$text" "^status $CANCELED\$" 'the device flow, declined' ||
		tap_note "$text"
	is "$(oidc_count ' client=device .* error=slow_down')" 0 \
		'the device flow: never too fast'
	remove box-allow box-deny
}

# What the server did not like: but for the code that `add` proves a secret
# with, and userinfo, which is another resource than the one that was asked for.
refused()
{
	grep -E ' error=[a-z]' "$OIDC_FOLDER/log" |
		grep -Ev 'error=(invalid_target|authorization_pending)' |
		grep -Ev 'error=(access_denied|insufficient_scope) ' |
		grep -Ev ' error=invalid_grant .*=http(://127.0.0.1:49152|s://hosted)'
}

# The redirect URI is somebody else's page; its address is pasted.
test_paste()
{
	OIDC_LAST=$VALETKEY_TEST_DIR/last
	export OIDC_LAST
	(OIDC_REDIRECT=https://hosted.example/callback
	oidc_add_secret hosted hosted --auth client_secret_post \
		--scope openid) >/dev/null 2>&1
	terminal env BROWSER="$VALETKEY_SRC/tests/oidc/person.sh" \
		valetkey login hosted <<-END
	expect browser ends at
	until test -s $OIDC_LAST
	secret $OIDC_LAST
	END
	is "$status" 0 'the paste-back flow' || tap_note "$text"
	like "$(cat "$OIDC_LAST")" '^https://hosted\.example/callback\?code=' \
		'the paste-back flow: from somebody else'\''s page'
	ok 'the paste-back flow: a refresh' renew hosted
	unset OIDC_LAST
	remove hosted
}

test_code
test_rotation
test_storm
devices_start
test_logout
test_authentication
test_machines
test_pushed
test_resource
test_form_post
test_offline
test_register
test_identity
test_paste
test_devices
nothing_left 'all of it'
refused | sed 's/^/# /'
is "$(refused | wc -l)" 0 'the server had no other reason to complain'
oidc_stop
done_testing
