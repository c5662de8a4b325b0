#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_protections.sh - what a login sends and what it takes for an answer: the
# issuer (RFC 9207), requests beforehand (RFC 9126), resources (RFC 8707), PKCE,
# the answer by a form, and a provider's own parameters, never instead of ours.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

PAGE=$VALETKEY_TEST_DIR/page
SEEN=$VALETKEY_TEST_DIR/seen
provider_start --page "/par=$PAGE-par" --page "/auth=$PAGE-auth" \
	--page "/token=$PAGE-token" || exit 1
ISSUER=$PROVIDER_URL/

# A browser that goes straight back with $BACK after the state, and keeps the
# address that it was sent to; $BACK_BY says how, $BACK_FROM where a request is
# that went beforehand.
make_browser()
{
	cat >"$VALETKEY_TEST_DIR/back" <<-'END'
	#!/bin/sh
	to=$(curl -q -s --noproxy '*' -o /dev/null -w '%{redirect_url}' "$1")
	printf '%s\n' "$to" >"$SEEN"
	query=$(printf '%s' "${to#*\?}" | cat - ${BACK_FROM:+"$BACK_FROM"} |
		tr '&' '\n')
	uri=$(printf '%s\n' "$query" | sed -n 's/^redirect_uri=//p' |
		sed 's/%3A/:/g; s/%2F/\//g')
	state=$(printf '%s\n' "$query" | sed -n 's/^state=//p')
	go()
	{
		curl -q -s -L --noproxy '*' -o "$SEEN.page" -w '%{http_code}\n' "$@"
	}
	case ${BACK_BY:-query} in
	query) go "$uri?state=$state&$BACK" ;;
	form) go -H 'Origin: https://as.example' -d "state=$state&$BACK" "$uri" ;;
	both)
		go "$uri?state=$state&$BACK"
		go -d "state=$state&$BACK" "$uri"
		;;
	twice)
		go "$uri?state=$state&$BACK&iss=https://evil.example"
		go "$uri?state=$state&$BACK"
		;;
	esac >"$SEEN.status"
	: >"$SEEN.done"
	END
	chmod +x "$VALETKEY_TEST_DIR/back"
}

# account KEY=VALUE...: mine, with these in its file.
account()
{
	remove mine
	{
		printf 'id=%s\n' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
		printf 'client_id=native-client\nauth=none\nscope=monitoring\n'
		printf 'authorization_endpoint=%s/auth?tenant=1\n' "$PROVIDER_URL"
		printf 'token_endpoint=%s/token\n' "$PROVIDER_URL"
		printf 'redirect_uri=http://127.0.0.1:{port}/callback\n'
		printf '%s\n' "$@"
	} >"$CONFIG/mine.conf"
	chmod 600 "$CONFIG/mine.conf"
	rm -f "$SEEN.page" "$PAGE"-*.body
}

# back PARAMETERS: a login by that browser.
back()
{
	rm -f "$SEEN" "$SEEN.done"
	BACK=$1
	export BACK SEEN
	run env BROWSER="$VALETKEY_TEST_DIR/back" \
		valetkey login mine --flow code --timeout "${2:-20}"
	[ ! -e "$SEEN" ] || until [ -e "$SEEN.done" ]; do sleep 0.02; done
}

# untaken HTTP-STATUS PARAMETERS DESCRIPTION: what the page says of that, and the login
# goes on until its time is over; a busy machine needs more of it.
untaken()
{
	for seconds in 1 10; do
		account
		back "$2" "$seconds"
		case $(cat "$SEEN.status") in [1-9]*) break ;; esac
	done
	is "$status $(cat "$SEEN.status")" "$TIMEOUT $1" "$3"
}

# has NAME VALUE DESCRIPTION: a parameter of the address, once; '' for none.
has()
{
	is "$(sed 's/[?&]/\n/g' "$SEEN" | grep -e "^$1=")" "${2:+$1=$2}" "$3"
}

# Whether the last login got as far as the token endpoint.
redeemed()
{
	[ -s "$PAGE-token.body" ]
}

# ---- RFC 9207 ----

test_issuer()
{
	promise=authorization_response_iss_parameter_supported=true
	account "issuer=$ISSUER" "$promise"
	back "code=c&iss=$ISSUER"
	is "$status" 0 'the right issuer' || tap_note "$text"
	for wrong in "${ISSUER%/}" "$ISSUER/" https://evil.example \
		"$(echo "$ISSUER" | tr h H)" "$ISSUER%23"; do
		account "issuer=$ISSUER"
		back "code=c&iss=$wrong"
		is "$status" "$DENIED" "another issuer: $wrong"
		redeemed
		is $? 1 'and its code is not used'
	done
	like "$text" "than the one that was asked \(\"$ISSUER\"\)" \
		'both are shown'
	account "issuer=$ISSUER" "$promise"
	back 'code=c'
	is "$status" "$DENIED" 'promised and not there'
	like "$text" 'does not say which authorization server' 'and says so'
	redeemed
	is $? 1 'and its code is not used'
	back 'error=access_denied'
	is "$status" "$DENIED" 'promised and not there: an error counts no more'
	back 'error=access_denied&iss=https://evil.example'
	is "$status" "$DENIED" 'nor that of another issuer'
	account "issuer=$ISSUER"
	back 'code=c'
	is "$status" 0 'not promised and not there' || tap_note "$text"
	BACK_BY=twice back "code=c&iss=$ISSUER"
	is "$status $(tr '\n' ' ' <"$SEEN.status")" '0 400 200 ' \
		'an answer with two issuers is none'
	account
	back 'code=c&iss=https://whoever.example'
	is "$status" 0 'without an issuer there is nothing to compare'
}

# ---- RFC 9126 ----

test_push()
{
	par=pushed_authorization_request_endpoint=$PROVIDER_URL/par
	BACK_FROM=$PAGE-par.body
	export BACK_FROM
	account "$par" 'resource[]=https://api.example/'
	echo '201 {"request_uri":"urn:x:1 2","expires_in":60}' >"$PAGE-par"
	back 'code=c'
	is "$status" "$NETWORK" 'a reference with a blank' || tap_note "$text"
	echo '201 {"request_uri":"urn:x:1&2","expires_in":60}' >"$PAGE-par"
	before=$(provider_count ' /auth ')
	back 'code=c'
	is "$status" 0 'a request beforehand' || tap_note "$text"
	is "$(cat "$SEEN")" \
		"$PROVIDER_URL/auth?tenant=1&client_id=native-client&request_uri=urn%3Ax%3A1%262" \
		'the browser gets the reference alone'
	is $(($(provider_count ' /auth ') - before)) 0 \
		'and nobody has used it up before'
	body=$(tail -n 1 "$PAGE-par.body" | tr '&' '\n')
	is "$(printf '%s\n' "$body" | sed 's/=.*//' | sort | tr '\n' ' ')" \
		'client_id code_challenge code_challenge_method redirect_uri resource response_type scope state ' \
		'the provider has all of it, each once'
	like "$(tail -n 1 "$PAGE-token.body")" 'code_verifier=' \
		'PKCE is as without'
	echo '400 {"error":"invalid_scope","error_description":"no\u0007"}' \
		>"$PAGE-par"
	back 'code=c'
	is "$status" "$SCOPE" 'refused: the scope'
	like "$text" 'invalid_scope, no.*tick|invalid_scope, no.*Tick' 'and says so'
	echo '400 {"error":"invalid_target"}' >"$PAGE-par"
	back 'code=c'
	like "$text" 'not know this resource.*edit mine --resource-indicator' \
		'refused: the resource'
	echo '400 {"error":"invalid_request"}' >"$PAGE-par"
	back 'code=c'
	like "$status $text" "^$DENIED.*redirect URI http://127.0.0.1:[0-9]*/callback" \
		'refused: the redirect URI, perhaps'
	echo '503 {}' >"$PAGE-par"
	back 'code=c'
	is "$status" "$NETWORK" 'a problem of its own'
	account require_pushed_authorization_requests=true
	back 'code=c'
	is "$status" "$ARG" 'wanted beforehand, and nobody knows where'
	unset BACK_FROM
}

# ---- what is sent ----

test_request()
{
	account 'scope=openid a b' scope_separator=, \
		scope_parameter=user_scope 'resource[]=https://api.example/x' \
		'resource[]=urn:second' 'authorize_parameter[]=access_type=off line' \
		'authorize_parameter[]=state=evil' \
		'authorize_parameter[]=client_id=evil' \
		'authorize_parameter[]=code_challenge_method=plain' \
		'authorize_parameter[]=request_uri=https://evil.example' \
		'authorize_parameter[]=user_scope=evil' \
		'authorize_parameter[]=response_mode=fragment'
	back 'code=c'
	has user_scope 'openid%2Ca%2Cb' 'its own separator and parameter'
	has scope '' 'instead of the usual'
	has access_type 'off%20line' 'its own parameter'
	has client_id native-client 'never instead of ours'
	has code_challenge_method S256 'PKCE stays as it is'
	has request_uri '' 'no request of somebody else'
	has response_mode '' 'no fragment'
	has tenant 1 'the query of the endpoint'
	has resource "$(printf 'https%%3A%%2F%%2Fapi.example%%2Fx\nresource=urn%%3Asecond')" \
		'the resources'
	like "$(grep -o '^.*nonce=[A-Za-z0-9_-]*' "$SEEN")" 'nonce=.{43}$' \
		'a nonce'
	like "$(tail -n 1 "$PAGE-token.body")" \
		'resource=https%3A%2F%2Fapi.example%2Fx&resource=urn%3Asecond' \
		'the resources in the token request'
	account pkce=none
	back 'code=c'
	has code_challenge '' 'without PKCE where it breaks'
	has code_challenge_method '' 'nor its method'
	unlike "$(cat "$PAGE-token.body")" code_verifier 'nor the verifier'
	has nonce '' 'no nonce without openid'
	account response_mode=fragment
	back 'code=c'
	is "$status" "$ARG" 'an answer in a fragment is not asked for'
	account 'resource[]=https://api.example/#x'
	back 'code=c'
	like "$status $text" '^.*resource.* must be an absolute URI' \
		'a resource with a fragment'
	said "$ARG" 'absolute URI without a fragment' 'nor by option' \
		valetkey add more --token-endpoint "$PROVIDER_URL/token" \
		--resource-indicator x#y
}

test_form_post()
{
	account response_mode=form_post
	BACK_BY=both back 'code=a%26b%2Bc+d'
	has response_mode form_post 'asked for by form'
	is "$status $(tr '\n' ' ' <"$SEEN.status")" '0 405 200 ' \
		'it is taken by form, and by nothing else' || tap_note "$text"
	like "$(tail -n 1 "$PAGE-token.body")" 'code=a%26b%2Bc%20d&' 'decoded'
	like "$(cat "$SEEN.page")" 'You are logged in' 'and the page says so'
	BACK_BY=form untaken 405 'code=c' 'a form that was not asked for'
}

# RFC 6749 4.1.2: the code goes where the request said, and what is returned is
# checked in full.
test_answer()
{
	for malformed in 'code=c&code=d' 'code=' "code=c&state=x"; do
		untaken 400 "$malformed" "not an answer: $malformed"
	done
	redeemed
	is $? 1 'and nothing was redeemed'
	account
	back 'error=invalid_target'
	like "$text" 'not know this resource.*edit mine --resource-indicator' \
		'an unknown resource'
	back 'error=invalid_scope'
	is "$status" "$SCOPE" 'an unknown scope'
}

make_browser
echo '{}' >"$PAGE-auth"
echo '{"access_token":"t","token_type":"bearer","expires_in":99}' >"$PAGE-token"
test_issuer
test_push
test_request
test_form_post
test_answer
remove mine
done_testing
