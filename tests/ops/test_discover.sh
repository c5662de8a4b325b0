#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_discover.sh - a provider by its issuer: where its metadata is looked for,
# what of it is believed, and what the account's file has of it.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

WELL=/.well-known
OAUTH=$WELL/oauth-authorization-server
OPENID=$WELL/openid-configuration
PAGE=$VALETKEY_TEST_DIR/page
provider_start --page "$OAUTH/tenant/1=$PAGE-path" \
	--page "/suffix$OPENID=$PAGE-openid" \
	--page "$OAUTH/wild=$PAGE-wild" --page "/reg=$PAGE-reg" \
	--page "/reg/1=$PAGE-deleted" || exit 1
WEB_SECRET=$(secret_file web-secret)

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

# document NAME ISSUER [MEMBER...]: a page with these members beside the usual.
document()
{
	document_name=$1 document_issuer=$2
	shift 2
	{
		printf '{"issuer":"%s"' "$document_issuer"
		printf ',"authorization_endpoint":"{origin}/ws/oauth/authorize"'
		printf ',"token_endpoint":"{origin}/ws/oauth/token"'
		[ $# -eq 0 ] || printf ',%s' "$@"
		echo '}'
	} >"$PAGE-$document_name"
}

# found NAME [OPTION...]: an account for the issuer that page-wild is of.
found()
{
	found_name=$1
	shift
	valetkey add "$found_name" --issuer "$PROVIDER_URL/wild" \
		--client-id native-client "$@"
}

# ---- where ----

test_places()
{
	document path '{origin}/tenant/1'
	said 0 'mine is added' 'an issuer with a path (RFC 8414 3.1)' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1" --client-id x
	is "$(key mine issuer)" "$PROVIDER_URL/tenant/1" 'its issuer'
	is "$(provider_count ' GET .*openid-configuration ')" 0 \
		'nothing else was asked'
	remove mine
	document path '{origin}/tenant/1/'
	said 0 'mine is added' 'one with a slash at its end is looked for there' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1/" --client-id x
	remove mine
	document openid '{origin}/suffix'
	said 0 'mine is added' 'an issuer of OpenID alone' \
		valetkey add mine --issuer "$PROVIDER_URL/suffix" --client-id x
	remove mine
	said "$NETWORK" 'has no metadata.*--authorization-endpoint' \
		'an issuer without metadata' \
		valetkey add mine --issuer "$PROVIDER_URL/no" --client-id x
	for issuer in http://example.com https://a.example/?x https://a.example/#x
	do
		said "$ARG" 'https URL without a query' "no issuer: $issuer" \
			valetkey add mine --issuer "$issuer" --client-id x
	done
	nothing_left 'no metadata'
}

test_issuer()
{
	document path '{origin}/tenant/1/'
	said "$DENIED" "asked for \"$PROVIDER_URL/tenant/1\" and names \"$PROVIDER_URL/tenant/1/\".*slash at the end" \
		'a slash too much: both are shown' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1" --client-id x
	document path 'https://evil.example'
	said "$DENIED" 'names "https://evil.example"' 'another issuer' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1" --client-id x
	printf '{"token_endpoint":"%s/t"}' "$PROVIDER_URL" >"$PAGE-path"
	said "$NETWORK" 'names no issuer' 'no issuer in it' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1" --client-id x
	echo '<html>' >"$PAGE-path"
	said "$NETWORK" 'not a JSON object' 'a page for people' \
		valetkey add mine --issuer "$PROVIDER_URL/tenant/1" --client-id x
	nothing_left 'no issuer that is right'
}

test_endpoints()
{
	for url in http://example.com/t https://a@example.com/t ftp://x/ \
		'{origin}/t#f' javascript:1
	do
		document wild '{origin}/wild' "\"revocation_endpoint\":\"$url\""
		said "$DENIED" 'revocation_endpoint that is not a clean https URL' \
			"an endpoint that is none: $url" found mine
	done
	document wild '{origin}/wild' '"token_endpoint":""'
	said "$NETWORK" 'no token_endpoint' 'without a token endpoint' found mine
	nothing_left 'bad endpoints'
}

# ---- what ----

test_taken()
{
	document wild '{origin}/wild' \
		'"revocation_endpoint":"{origin}/r"' \
		'"device_authorization_endpoint":"{origin}/d"' \
		'"pushed_authorization_request_endpoint":"{origin}/p"' \
		'"userinfo_endpoint":"{origin}/u"' \
		'"registration_endpoint":"{origin}/reg"' \
		'"authorization_response_iss_parameter_supported":true' \
		'"require_pushed_authorization_requests":true' \
		'"scopes_supported":["openid","email","offline_access"]' \
		'"token_endpoint_auth_methods_supported":["none"]' \
		'"code_challenge_methods_supported":["S256"]' \
		'"mtls_endpoint_aliases":{"token_endpoint":"{origin}/mtls"}'
	said 0 '^mine is added' 'nothing but issuer and client id' found mine
	like "$text" ' http://127\.0\.0\.1/callback/127\.0\.0\.1-[0-9]+/wild ' \
		'what to register is told'
	unlike "$text" 'metadata' 'no warnings'
	is "$(key mine revocation_endpoint) $(key mine userinfo_endpoint)" \
		"$PROVIDER_URL/r $PROVIDER_URL/u" 'its endpoints'
	is "$(key mine device_authorization_endpoint)" "$PROVIDER_URL/d" \
		'for devices'
	is "$(key mine pushed_authorization_request_endpoint)" \
		"$PROVIDER_URL/p" 'for pushed requests'
	is "$(key mine authorization_response_iss_parameter_supported) $(key \
		mine require_pushed_authorization_requests)" 'true true' \
		'what it promises and wants'
	is "$(key mine scope), $(key mine offline_scope), $(key mine \
		'authorize_parameter\[\]')" \
		'openid email, offline_access, prompt=consent' \
		'scopes: what of the usual is supported'
	is "$(key mine auth) $(key mine token_endpoint)" \
		"none $PROVIDER_URL/ws/oauth/token" 'a client without a secret'
	is "$(key mine registration_endpoint)$(key mine 'warning\[\]')" '' \
		'nothing else'
	is "$(key mine redirect_uri)" \
		"http://127.0.0.1:{port}/callback/127.0.0.1-$PROVIDER_PORT/wild" \
		'a redirect URI for this issuer alone'
	age=$(($(date +%s) - $(key mine metadata_at)))
	ok 'when it was asked' test "$age" -ge 0 -a "$age" -lt 60
	remove mine
	said 0 'mine is added' 'the person'"'"'s scope' \
		found mine --scope 'a b'
	is "$(key mine scope)" 'a b' 'the person'"'"'s scope stands'
	remove mine
}

test_auth()
{
	for methods in '"client_secret_post"' \
		'"client_secret_post","client_secret_basic"' '"none"'; do
		document wild '{origin}/wild' \
			"\"token_endpoint_auth_methods_supported\":[$methods]" \
			'"code_challenge_methods_supported":["plain"]'
		run valetkey add mine --issuer "$PROVIDER_URL/wild" \
			--client-id web-client --secret-fd 3 3<"$WEB_SECRET"
		auths="${auths:-}$(key mine auth) "
		remove mine
	done
	is "$auths" 'client_secret_post client_secret_basic client_secret_basic ' \
		'with a secret: what the server takes, Basic first'
	like "$text" 'does not list client_secret_basic' \
		'what it does not list is said'
	like "$text" 'not list PKCE with S256' 'no S256 is said'
	document wild '{origin}/wild'
	terminal valetkey add mine --issuer "$PROVIDER_URL/wild" \
		--client-id web-client <<-END
	expect Scopes, separated by spaces
	send
	expect client secret? [y/N]
	send y
	expect (not shown)
	secret $WEB_SECRET
	END
	is "$status $(key mine auth)" '0 client_secret_basic' \
		'a person is asked whether there is one' || tap_note "$text"
	remove mine
	nothing_left 'after remove'
}

# ---- again, after a day ----

# day_later [SECONDS]: it was looked up then, for all that the file knows.
day_later()
{
	sed -i "s/^metadata_at=.*/metadata_at=$(($(date +%s) - ${1:-90000}))/" \
		"$CONFIG/mine.conf"
}

asked()
{
	provider_count " $OAUTH/wild "
}

fresh()
{
	age=$(($(date +%s) - $(key mine metadata_at)))
	[ "$age" -ge 0 ] && [ "$age" -lt 60 ]
}

test_again()
{
	document wild '{origin}/wild' \
		'"revocation_endpoint":"{origin}/ws/oauth/revoke"'
	run found mine --scope monitoring --redirect-uri 'http://127.0.0.1:{port}'
	sed -i '1a# a remark' "$CONFIG/mine.conf"
	before=$(asked)
	day_later 80000
	run demo_login mine
	is "$status $(($(asked) - before))" '0 0' \
		'within a day nobody is asked again'
	day_later
	run demo_login mine
	is "$status $(($(asked) - before))" '0 1' 'after a day the server is'
	ok 'unchanged: good for another day' fresh
	ok 'nothing else of the file has changed' \
		grep -qx '# a remark' "$CONFIG/mine.conf"
	unlike "$text" 'changed' 'unchanged: nothing is said'
	document wild '{origin}/wild' '"userinfo_endpoint":"{origin}/u"' \
		'"revocation_endpoint":"{origin}/ws/oauth/revoke"' \
		'"authorization_response_iss_parameter_supported":true'
	day_later
	run demo_login mine
	is "$status $(key mine userinfo_endpoint)" "$DENIED " \
		'what is new is not taken, but for a promise'
	like "$text" 'does not say which authorization server' \
		'which is then expected to be kept'
	sed -i '/^authorization_response_iss/d' "$CONFIG/mine.conf"
}

test_changed()
{
	document wild '{origin}/wild' \
		'"revocation_endpoint":"{origin}/elsewhere"'
	day_later
	run demo_login mine
	is "$status" "$LOGIN" 'a changed endpoint'
	like "$text" "revocation_endpoint was $PROVIDER_URL/ws/oauth/revoke and is $PROVIDER_URL/elsewhere" \
		'a changed endpoint is told'
	like "$text" 'valetkey login mine --accept-change' 'and what to do'
	is "$(key mine revocation_endpoint)" "$PROVIDER_URL/ws/oauth/revoke" \
		'and not taken over'
	ok 'the grant is as it was' valetkey token mine
	run demo_login mine --accept-change
	is "$status $(key mine revocation_endpoint)" \
		"0 $PROVIDER_URL/elsewhere" 'but where it is told to'
	ok 'and that holds' fresh
	document wild '{origin}/wild'
	day_later
	run demo_login mine
	like "$text" 'revocation_endpoint was .* is no longer there' 'a lost one'
	rm "$PAGE-wild"
	day_later
	run demo_login mine
	is "$status" 0 'a server without metadata by now'
	like "$text" 'the known ones are used' 'and that is said'
	document wild 'https://evil.example'
	run demo_login mine
	is "$status" "$DENIED" 'metadata that names another issuer by now'
	run demo_login mine --accept-change
	is "$status" 0 'but where it is told to: with what is known'
	remove mine
}

# The client secret is not sent elsewhere, whatever the person says.
test_changed_secret()
{
	document wild '{origin}/wild' '"revocation_endpoint":"{origin}/r"'
	run valetkey add mine --issuer "$PROVIDER_URL/wild" \
		--client-id web-client --scope monitoring \
		--redirect-uri "$PROVIDER_REDIRECT" --secret-fd 3 3<"$WEB_SECRET"
	document wild '{origin}/wild' '"revocation_endpoint":"{origin}/evil"'
	day_later
	run demo_login mine --accept-change
	is "$status" "$LOGIN" 'with a client secret'
	like "$text" 'valetkey edit mine --token-endpoint URL --secret-stdin' \
		'with a client secret: what to do'
	is "$(key mine revocation_endpoint)" "$PROVIDER_URL/r" \
		'with a client secret: nothing is taken over'
	remove mine
	nothing_left 'after remove'
}

# ---- registration (RFC 7591) ----

# registers STATUS MEMBER...: what the registration answers.
registers()
{
	registers_status=$1
	shift
	{
		printf '%s {"a":1' "$registers_status"
		printf ',%s' "$@"
		echo '}'
	} >"$PAGE-reg"
}

registration_document()
{
	document wild '{origin}/wild' '"registration_endpoint":"{origin}/reg"' \
		'"revocation_endpoint":"{origin}/ws/oauth/revoke"' \
		'"scopes_supported":["monitoring","offline_access"]' "$@"
}

test_registration()
{
	expires=$(($(date +%s) + 280000))
	registration_document
	registers 201 '"client_id":"web-client"' \
		"\"client_secret\":\"$(cat "$WEB_SECRET")\"" \
		"\"client_secret_expires_at\":$expires" \
		'"registration_access_token":"manage-it"' \
		"\"registration_client_uri\":\"$PROVIDER_URL/reg/1\"" \
		'"token_endpoint_auth_method":"client_secret_post"'
	requests_before=$(token_requests)
	said 0 'registered a client: web-client' 'no client id' \
		valetkey add mine --issuer "$PROVIDER_URL/wild" --register \
		--scope monitoring --redirect-uri "$PROVIDER_REDIRECT"
	like "$text" '^Next: valetkey login mine' 'and what is next'
	like "$(cat "$PAGE-reg.body")" \
		"^\{\"client_name\":\"valetkey\",\"application_type\":\"native\",\"token_endpoint_auth_method\":\"client_secret_basic\",\"redirect_uris\":\[\"$PROVIDER_REDIRECT\"\],\"response_types\":\[\"code\"\],\"scope\":\"monitoring offline_access\",\"grant_types\":\[\"authorization_code\",\"refresh_token\"\]\}\$" \
		'what was asked for'
	unlike "$(cat "$CONFIG/mine.conf")" "$(cat "$WEB_SECRET")|manage-it" \
		'nothing secret is in its file'
	is "$(key mine auth) $(key mine client_id)" \
		'client_secret_post web-client' 'what the server answered holds'
	is "$(items)" 1 'the secret is in the keyring'
	run demo_login mine
	is "$status" 0 'it is good for a login' || tap_note "$text"
	run valetkey status mine
	like "$text" 'the client secret expires in 3 days; then' \
		'until when is told'
	echo 204 >"$PAGE-deleted"
	run valetkey remove mine --yes
	is "$(cat "$PAGE-deleted.body")" 'DELETE Bearer manage-it' \
		'remove deletes the registration'
	nothing_left 'after remove'
}

test_registration_public()
{
	registration_document '"token_endpoint_auth_methods_supported":["none"]'
	registers 201 '"client_id":"native-client"' '"scope":"other monitoring"' \
		'"registration_access_token":"t"' \
		'"registration_client_uri":"https://elsewhere.example/1"'
	said 0 'registered' 'a client without a secret' \
		valetkey add mine --issuer "$PROVIDER_URL/wild" --register \
		--scope 'monitoring management'
	is "$(key mine auth), $(key mine scope)" 'none, monitoring' \
		'its scopes are what the server allows'
	like "$(cat "$PAGE-reg.body")" \
		"\"redirect_uris\":.\"http://127.0.0.1:$(key mine redirect_port)/callback/127.0.0.1-[0-9]*/wild\"." \
		'a redirect URI of its own, with the port that is kept'
	rm -f "$PAGE-deleted.body"
	remove mine
	terminal valetkey add mine --issuer "$PROVIDER_URL/wild" <<-END
	expect Numbers or names
	send 1
	expect registered now? [y/N]
	send y
	END
	is "$status" 0 'a person is asked' || tap_note "$text"
	remove mine
	nothing_left 'after remove'
}

# A program on a person's computer keeps no secret (RFC 8252 8.5), and what has
# none does not expire.
test_registration_none_first()
{
	registration_document '"token_endpoint_auth_methods_supported":["client_secret_post","none"]'
	registers 201 '"client_id":"native-client"'
	said 0 'registered' 'a server that takes clients without a secret, too' \
		valetkey add mine --issuer "$PROVIDER_URL/wild" --register
	like "$(cat "$PAGE-reg.body")" '"token_endpoint_auth_method":"none"' \
		'none is asked for before any secret'
	is "$(key mine auth)" none 'and holds'
	remove mine
	terminal valetkey add mine --issuer "$PROVIDER_URL/wild" <<-END
	expect Numbers or names
	send 1
	expect registered now? [y/N]
	send y
	END
	is "$status $(key mine auth)" '0 none' 'and by a person' ||
		tap_note "$text"
	remove mine
	registers 201 '"client_id":"x"' '"client_secret":"y"'
	run valetkey add mine --issuer "$PROVIDER_URL/wild" --register \
		--auth client_secret_post
	is "$status $(key mine auth)" '0 client_secret_post' \
		'but where an option says another' || tap_note "$text"
	remove mine
	nothing_left 'none first'
}

# register_fails STATUS PATTERN DESCRIPTION
register_fails()
{
	said "$1" "$2" "$3" valetkey add mine \
		--issuer "$PROVIDER_URL/wild" --register
}

test_registration_refused()
{
	registration_document
	registers 400 '"error":"invalid_redirect_uri"' \
		'"error_description":"not\u001b[2J allowed"'
	register_fails "$DENIED" 'invalid_redirect_uri: not.*allowed.*--client-id' \
		'the server refuses'
	registers 401 '"error":"invalid_token"'
	register_fails "$DENIED" 'not register clients for just anybody' \
		'it wants a token'
	registers 503 '"b":1'
	register_fails "$NETWORK" 'HTTP 503' 'it has a problem of its own'
	registers 201 '"client_secret":"x"'
	register_fails "$NETWORK" 'no client id' 'no client id in the answer'
	registers 201 '"client_id":"x"' '"redirect_uris":["http://127.0.0.1/"]'
	register_fails "$DENIED" 'redirect URI is not what was asked' \
		'another redirect URI in it'
	registers 201 '"client_id":"x"' '"grant_types":["implicit"]'
	register_fails "$DENIED" 'grant types are not what was asked' \
		'another grant type in it'
	document wild '{origin}/wild'
	register_fails "$ARG" 'does not register clients by itself' \
		'a server that does not'
	said "$ARG" 'leave out either --client-id' 'both' found mine --register
	said "$ARG" 'needs the server.s --issuer' 'without an issuer' \
		valetkey add mine --provider ninjaone --register
	said "$ARG" 'Which client.*--register' 'neither' \
		valetkey add mine --issuer "$PROVIDER_URL/wild"
	nothing_left 'no registration'
}

test_places
test_issuer
test_endpoints
test_taken
test_auth
test_again
test_changed
test_changed_secret
test_registration
test_registration_public
test_registration_none_first
test_registration_refused
done_testing
