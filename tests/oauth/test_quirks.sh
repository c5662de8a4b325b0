#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_quirks.sh - providers that are not quite the standard's, by data alone:
# what is sent to the token endpoint, and how its answers are read.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

PROVIDER_REDIRECT=http://127.0.0.1:$(free_port)/callback
provider_start || exit 1
browser_setup

# account NAME LINE...
account()
{
	new=$1
	shift
	odd_account "$new" 'monitoring management' "$@"
}

# renew NAME: by a refresh, whatever there is.
renew()
{
	valetkey token "$1" --min-valid 100000
}

# logged COUNT PATTERN DESCRIPTION: in the provider's log since the mark.
logged()
{
	is "$(tail -n "+$((mark + 1))" "$PROVIDER_LOG" |
		grep -Ec -e "$2" || :)" "$1" "$3"
}

mark_log()
{
	mark=$(wc -l <"$PROVIDER_LOG")
}

# ---- what is sent ----

test_parameters()
{
	account sent token_parameter[]=audience=login \
		token_parameter[]=code=mine \
		refresh_parameter[]=audience=refresh \
		'refresh_endpoint={origin}/ws/oauth/refresh' refresh_scope=yes
	mark_log
	ok 'a login' valetkey login sent
	ok 'a refresh' renew sent
	logged 1 '/ws/oauth/token audience=login grant=authorization_code' \
		'a parameter for logins, and the code is ours'
	logged 1 '/ws/oauth/refresh audience=refresh scope=monitoring\+management\+offline_access grant=refresh_token' \
		'a parameter, an endpoint and the scope for refreshes'
	remove sent
}

test_json()
{
	account json token_request=json # the client's proof in it, or beside it
	said "$DENIED" 'content-type' 'a provider that takes forms alone' \
		valetkey login json
	provider_fault none json
	for auth in client_secret_post client_secret_basic; do
		sed -i '/^auth=/d' "$CONFIG/json.conf"
		echo "auth=$auth" >>"$CONFIG/json.conf"
		ok "JSON: a login with $auth" valetkey login json
		ok "JSON: a refresh with $auth" renew json
	done
	provider_fault none
	ok 'JSON: the revocation is a form' valetkey logout json
	remove json
}

# ---- what is answered ----

# answers SHAPE PATTERN DESCRIPTION LINE...: a login and a refresh work, and
# status --json has that.
answers()
{
	provider_fault none "answer=$1"
	shape_pattern=$2 shape_what=$3
	shift 3
	account shape "$@"
	ok "$shape_what: a login" valetkey login shape
	like "$(valetkey status shape --json)" "$shape_pattern" "$shape_what"
	ok "$shape_what: a refresh" renew shape
	like "$(valetkey status shape --json)" "$shape_pattern" \
		"$shape_what: again"
	provider_fault none
	remove shape
}

test_shapes()
{
	hour='"expires_in":3[56][0-9][0-9],'
	both='"scope":"monitoring management offline_access"'
	answers ms "$hour" 'milliseconds' expires_in_unit=ms
	answers at "$hour" 'a time' expires_in_unit=at
	answers commas "$both" 'scopes with commas'
	answers list "$both" 'scopes in a list'
	answers no-type '"state":"ok"' 'no token_type'
	answers nested "$both" 'tokens in a member' token_path=authed_user
}

test_nested_token()
{
	provider_fault none answer=nested
	account nested
	said "$DENIED" 'only Bearer' "a bot's token" valetkey login nested
	provider_fault none
	remove nested
	provider_fault none token-type=user
	account typed token_type[]=user
	ok 'another name for Bearer' valetkey login typed
	ok 'the token is used' valetkey curl typed -- -sS -f \
		"$PROVIDER_URL/v2/organizations"
	provider_fault none token-type=dpop
	said "$DENIED" 'only Bearer' 'a type that nobody knows' renew typed
	provider_fault none
	remove typed
}

# ---- how long it is good ----

test_never()
{
	provider_stop
	provider_start --omit expires_in --omit refresh_token
	account never expires_in=0
	ok 'a token that never expires: a login' valetkey login never
	run valetkey status never
	is "$status" 0 'a token that never expires: status'
	like "$text" 'access token +does not expire' 'and says so'
	unlike "$text" 'refresh token' 'and wants no refresh token'
	mark_log
	ok 'it is good for a year' valetkey token never --min-valid 31536000
	echo cache=none >>"$CONFIG/never.conf"
	ok 'from the keyring too' valetkey token never --min-valid 31536000
	logged 0 '/ws/oauth/token' 'without a request'
	unlike "$(valetkey token never --format json)" 'expires' 'no date is told'
	remove never
	account day expires_in=86400
	ok 'a lifetime by default: a login' valetkey login day
	like "$(valetkey status day --json)" '"expires_in":86[34][0-9][0-9],' \
		'a lifetime by default'
	remove day
	provider_stop
	provider_start
}

# ---- errors ----

# ends SHAPE PATTERN DESCRIPTION: a refusal of this shape ends the grant.
ends()
{
	ok "$3: a login" valetkey login dead
	provider_fault none "answer=$1"
	said "$LOGIN" "$2" "$3" renew dead
	provider_fault none
	requests_before=$(token_requests)
	said "$LOGIN" "$2.*valetkey login dead" "$3: from then on" renew dead
	requests 0 "$3: is not asked again"
}

test_errors()
{
	account dead error[]=bad_refresh_token=invalid_grant \
		error[]=token_revoked=invalid_grant \
		error[]=BAD_REFRESH_TOKEN=invalid_grant
	ends error-200 'bad_refresh_token: The refresh token passed' \
		'an error with HTTP 200'
	ends error-ok 'token_revoked' 'an answer that is not ok'
	ends error-object 'invalid_grant: gone' 'an error that is an object'
	ends error-message 'BAD_REFRESH_TOKEN: gone' 'an error in other words'
	remove dead
	account alive
	ok 'a login' valetkey login alive
	provider_fault none answer=error-200
	said "$DENIED" 'bad_refresh_token.* expired\. If it happens again, run: valetkey login' \
		'a name that nobody explained' renew alive
	provider_fault none
	ok 'ends nothing' renew alive
	remove alive
}

# Gitea says unauthorized_client of a dead grant, and of a wrong secret too.
test_ambiguous()
{
	provider_fault none answer=error-word
	account dead error[]=unauthorized_client=invalid_grant
	said "$LOGIN" 'stored, not proven' 'a word for both proves no secret' \
		valetkey status dead
	provider_fault none
	ends error-word 'unable to parse' 'an error in a word of the standard'
	remove dead
}

# RFC 7009 has 200 with a body that is ignored; an empty answer says no less.
test_revocation()
{
	account gone
	ok 'a login' valetkey login gone
	provider_fault none answer=no-content
	said 0 'grant was revoked' 'a revocation that is answered with 204' \
		valetkey logout gone
	provider_fault none
	remove gone
}

test_parameters
test_json
test_shapes
test_nested_token
test_never
test_errors
test_ambiguous
test_revocation
nothing_left 'removed'
done_testing
