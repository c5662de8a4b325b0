#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hostile_answer.sh - answers that are right, and not as the standards write
# them: any 2xx, a form or a list instead of an object, members that are there
# and hold nothing. In every flow, and no refresh token is dropped for that.
# test_hostile.sh has the answers that are wrong.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

HONEST=refresh-of-a-0123456789abcdef
CODE='code-of-a-0123456789abcdef'
GOOD='"access_token":"fine","token_type":"bearer","expires_in":3600'
FORM='access_token=fine&token_type=bearer&expires_in=3600'
rotations=0

refresh()
{
	valetkey token work --min-valid 31536000
}

# sent TOKEN: how many refreshes sent it.
sent()
{
	heard a "&refresh_token=$1"
}

# rotated DESCRIPTION HOW BODY: a refresh that is answered so is a success, and
# the refresh token in it, {new} in BODY, goes out next.
rotated()
{
	rotations=$((rotations + 1))
	lie token "$2" "$(printf '%s' "$3" | sed "s/{new}/next-$rotations/")"
	is "$(refresh 2>&1)" fine "$1"
	lie token json "{$GOOD,\"refresh_token\":\"$HONEST\"}"
	ok "$1: a refresh after it" refresh
	is "$(sent "next-$rotations\$")" 1 "$1: the new refresh token is used"
}

test_statuses()
{
	for code in 201 202 203 206 226 299; do
		rotated "HTTP $code" "json $code" \
			"{$GOOD,\"refresh_token\":\"{new}\"}"
	done
}

test_shapes()
{
	rotated 'a form' form "$FORM&refresh_token={new}"
	rotated 'a form with a charset' 'form 201 UTF-8' \
		"$FORM&refresh_token={new}&scope=read+more"
	rotated 'a form that says it is JSON' json "$FORM&refresh_token={new}"
	rotated 'a form that says it is a page' html "$FORM&refresh_token={new}"
	rotated 'JSON that says it is a form' form \
		"{$GOOD,\"refresh_token\":\"{new}\"}"
	rotated 'a byte order mark' json \
		"$(printf '\357\273\277')  {$GOOD,\"refresh_token\":\"{new}\"}"
	rotated 'an object in a list' json \
		"[{$GOOD,\"refresh_token\":\"{new}\"}]"
}

# kept DESCRIPTION MEMBERS: a success that leaves us with the token we have.
kept()
{
	lie token json "{$GOOD,$2}"
	is "$(refresh 2>&1)" fine "$1"
	kept_before=$(sent "$HONEST\$")
	honest
	ok "$1: the old one goes on" refresh
	is "$(sent "$HONEST\$")" $((kept_before + 1)) \
		"$1: and is what was sent"
}

test_absent()
{
	for value in '""' '"  "' '"\t\r\n"' null '"null"' '"undefined"' \
		false '[]'; do
		kept "refresh_token $value" "\"refresh_token\":$value"
	done
	for value in '""' '"  "' null '"Bearer "' '" BEARER"'; do
		kept "token_type $value" "\"token_type\":$value"
	done
}

# strange PATTERN DESCRIPTION TYPE
strange()
{
	lie token json "{\"access_token\":\"x\",\"token_type\":\"$3\"}"
	said "$DENIED" "$1" "$2" refresh
	clean "$text" "$2: and shows it clean"
	honest
	forget_failures work
}

test_types()
{
	strange "\"BearerToken\".*'token_type\[\]=BearerToken'" \
		'another type of token' BearerToken
	strange '"\?\[2Jmac\?"' 'a type with escapes' '\u001b[2Jmac\n'
	ok 'types: and nothing is lost' refresh
}

test_nothing()
{
	for how in 'json 204' 'json 200' 'html 200' 'json 202'; do
		lie token "$how"
		said "$NETWORK" "HTTP ${how#* }\) is empty" "no body, $how" \
			refresh
		forget_failures work
	done
	lie token json "$(printf ' \n ')"
	said "$NETWORK" 'is empty' 'white space alone' refresh
	honest
	forget_failures work
	ok 'no body: and nothing is lost' refresh
}

# dead DESCRIPTION HOW BODY: that is an invalid_grant.
dead()
{
	lie token "$2" "$3"
	said "$LOGIN" 'invalid_grant.*valetkey login work' "$1" refresh
	honest
	ok "$1: a login" valetkey login work
}

test_errors()
{
	dead 'an error in a list' 'json 401' '{"errors":[{"errorType":
		"invalid_grant","message":"Refresh token invalid: x"}],
		"success":false}'
	dead 'with HTTP 200' json '{"errors":[{"errorType":"invalid_grant",
		"message":"gone"},{"errorType":"other","message":"more"}]}'
	dead 'error is a list' 'json 400' '{"error":["invalid_grant"]}'
	dead 'error is a list of objects' 'json 400' \
		'{"error":[{"code":"invalid_grant","message":"gone"}]}'
	dead 'errors is a list of words' 'json 400' \
		'{"errors":["invalid_grant"]}'
	dead 'a list of errors' 'json 400' '[{"error":"invalid_grant"}]'
	dead 'a form with an error' 'form 400' \
		'error=invalid_grant&error_description=it+is+gone'
	dead 'a form with an error and HTTP 200' form 'error=invalid_grant'
}

# ---- the other flows ----

test_code()
{
	for how in 'json 201' 'form 202'; do
		body="{$GOOD,\"refresh_token\":\"$HONEST\"}"
		[ "$how" = 'json 201' ] || body="$FORM&refresh_token=$HONEST"
		lie token "$how" "$body"
		said 0 '^work is logged in' "a code, $how" valetkey login work
		honest
		ok "a code, $how: a refresh" refresh
	done
	lie token 'json 204'
	said "$NETWORK" 'is empty' 'a code, no content' valetkey login work
	honest
	ok 'a code, no content: the grant is as before' refresh
}

DEVICE="device_code=$CODE&user_code=WDJB-MJHT&expires_in=600&interval=1"

test_device()
{
	lie device 'json 201' "{\"device_code\":\"$CODE\",\"interval\":1,
		\"user_code\":\"WDJB-MJHT\",
		\"verification_uri\":\"{self}/enter\"}"
	lie token 'json 203' "{$GOOD,\"refresh_token\":\"$HONEST\"}"
	said 0 '^work is logged in' 'a device, 2xx' \
		valetkey login work --flow device --timeout 10
	lie device form "$DEVICE&verification_uri={self}/enter"
	said 0 '^work is logged in' 'a device, a form' \
		valetkey login work --flow device --timeout 10
	like "$text" '^Code: WDJB-MJHT$' 'a device, a form: the code'
	lie device 'json 400' '{"errors":[{"errorType":"unauthorized_client",
		"message":"no devices"}]}'
	said "$DENIED" 'unauthorized_client, no devices.*--flow code' \
		'a device, an error in a list' \
		valetkey login work --flow device --timeout 10
	lie device 'json 204'
	said "$NETWORK" 'not that of a device' 'a device, no content' \
		valetkey login work --flow device --timeout 10
	honest
	ok 'a device: a refresh' refresh
}

test_machine()
{
	valetkey add machine --authorization-endpoint "$A/authorize" \
		--token-endpoint "$A/token" --client-id me --secret-fd 3 \
		--client client_credentials </dev/null >"$OUT" 2>&1 \
		3<"$(secret_file liar-secret)"
	lie token 'json 201' "{$GOOD}"
	is "$(valetkey token machine 2>&1)" fine 'client credentials, 201'
	lie token 'form 299' "access_token=formed&expires_in=3600"
	is "$(valetkey token machine --min-valid 31536000 2>&1)" formed \
		'client credentials, a form'
	honest
	remove machine
}

test_userinfo()
{
	lie userinfo 'json 203' '{"sub":"u1","email":"u@example.com"}'
	said 0 'logged in as u@example.com' 'UserInfo, 203' valetkey login work
	honest
}

test_registration()
{
	for code in 200 202; do
		lie register "json $code" "{\"client_id\":\"mine-$code\"}"
		said 0 "registered a client: mine-$code" "registered, $code" \
			valetkey add mine --issuer "$A" --register
		remove mine
	done
	honest
}

test_pushed()
{
	lie metadata json "{\"issuer\":\"$A\",
		\"authorization_endpoint\":\"$A/authorize\",
		\"token_endpoint\":\"$A/token\",
		\"pushed_authorization_request_endpoint\":\"$A/par\"}"
	run valetkey add pushed --issuer "$A" --client-id me --scope read
	honest
	lie par 'json 202' '{"request_uri":"urn:x:1","expires_in":60}'
	said "$TIMEOUT" 'request_uri=urn%3Ax%3A1' 'pushed, 202' \
		valetkey login pushed --timeout 1 --no-browser
	lie par 'json 400' '[{"error":"invalid_scope",
		"error_description":"none"}]'
	said "$SCOPE" 'invalid_scope, none' 'pushed, an error in a list' \
		valetkey login pushed --timeout 1 --no-browser
	honest
	remove pushed
}

test_revocation()
{
	lie revoke 'json 202'
	said 0 'grant was revoked' 'a revocation, 202' valetkey logout work
	unlike "$(valetkey status)" 'Revocations that wait' \
		'a revocation, 202: none waits'
	honest
}

liar_start || exit 1
liar_account work || exit 1
test_statuses
test_shapes
test_absent
test_types
test_nothing
test_errors
test_code
test_device
test_machine
test_userinfo
test_registration
test_pushed
test_revocation
liar_stop
done_testing
