#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_servers.sh - servers that keep the standards in ways of their own: where
# their metadata is, that they compare the loopback port, that they live in a
# folder, by what name they call a dead refresh token, and what they grant.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

FAR=31536000 # more than any token is good for: each call refreshes

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

# ---- where the metadata is ----

# document ISSUER: a server's that lives at $A.
document()
{
	printf '{"issuer":"%s","authorization_endpoint":"%s/authorize"' "$1" "$A"
	printf ',"token_endpoint":"%s/token"}' "$A"
}

add_mine()
{
	valetkey add mine --issuer "$1" --client-id me --no-prompt
}

# found DESCRIPTION ISSUER
found()
{
	said 0 'mine is added' "$1" add_mine "$2"
	remove mine
	honest
}

# places: those that were asked since places_before, in their order.
places()
{
	LC_ALL=C sed -n 's/^GET \([^ ]*\.well-known[^ ]*\).*/\1/p' \
		"$LIES/a.log" | tail -n "+$((places_before + 1))"
}

test_metadata_place_fails()
{
	lie metadata-oauth reset
	found 'the RFC 8414 place resets the connection' "$A"
	lie metadata-oauth raw
	found 'the RFC 8414 place closes it' "$A"
	lie metadata-oauth 'huge 2000000' '{}'
	found 'the RFC 8414 place sends 2 MB' "$A"
	lie metadata-oauth raw "$(printf 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{')"
	found 'the RFC 8414 place is cut off' "$A"
	lie metadata-oauth json '{"issuer":'
	found 'the RFC 8414 place has half a document' "$A"
	lie metadata-oauth json "$(document https://other.example)"
	found 'the RFC 8414 place has somebody else'"'"'s' "$A"
	lie metadata-oauth 'later 17' '{}'
	found 'the RFC 8414 place does not answer' "$A"
	lie metadata-oauth reset
	lie metadata-openid 'json 404'
	said "$NETWORK" 'connection|answer' \
		'what was wrong at the first place is told' add_mine "$A"
	honest
}

test_metadata_order()
{
	lie metadata 'json 404'
	places_before=$(heard a '^GET .*\.well-known')
	said "$NETWORK" 'has no metadata' 'an issuer with a path has three' \
		add_mine "$A/t/1"
	is "$(places)" "/.well-known/oauth-authorization-server/t/1
/.well-known/openid-configuration/t/1
/t/1/.well-known/openid-configuration" 'MCP'"'"'s order of places'
	places_before=$((places_before + 3))
	said "$NETWORK" 'has no metadata' 'one without a path has two' add_mine "$A"
	is "$(places)" "/.well-known/oauth-authorization-server
/.well-known/openid-configuration" 'and each is asked once'
	lie metadata-inserted json "$(document "$A/t/1")"
	found 'OpenID'"'"'s place before the path' "$A/t/1"
}

# moved STATUS LOCATION
moved()
{
	lie metadata-oauth "redirect $1 $2"
}

test_metadata_redirect()
{
	for status in 301 302 303 307 308; do
		lie metadata 'json 404'
		moved "$status" "$A/moved"
		lie moved json "$(document "$A")"
		found "metadata that moved by $status" "$A"
	done
	for to in /o/moved moved ../moved "//${A#*://}/moved" moved#x; do
		lie metadata 'json 404'
		moved 302 "$to"
		lie metadata-inserted json "$(document "$A")"
		lie moved json "$(document "$A")"
		found "metadata that moved to a relative $to" "$A"
	done
	lie metadata 'json 404'
	moved 301 "$A/one"
	lie one "redirect 301 $A/moved"
	lie moved json "$(document "$A")"
	found 'metadata that moved twice' "$A"
	lie metadata 'json 404'
	moved 301 "$A/moved"
	lie moved json "$(document "$A/")"
	said "$DENIED" 'names another issuer' \
		'the issuer of what it leads to is compared exactly' add_mine "$A"
	moved 301 "$B/moved"
	said "$NETWORK" "redirect.*$B.*not followed" \
		'a redirect elsewhere is named' add_mine "$A"
	is "$(heard b '^GET')" 0 'and not followed'
	moved 301 '{self}/round'
	lie round 'redirect 302 {self}/round'
	before=$(heard a '^GET /round')
	said "$NETWORK" 'redirect' 'a redirect in a circle is named' add_mine "$A"
	is $(($(heard a '^GET /round') - before)) 2 'and ends'
	honest
}

# ---- the look before the browser ----

# refuses DESCRIPTION HOW BODY: the login ends before a browser is opened.
refuses()
{
	lie preflight "$2" "$3"
	rm -f "$SEEN"
	run valetkey login work --timeout 20
	honest
}

test_look_refused()
{
	for error in invalid_request invalid_client unauthorized_client \
		invalid_redirect_uri unsupported_response_type; do
		refuses "$error" 'json 400' "{\"error\":\"$error\",
			\"error_description\":\"Unregistered redirect_uri.\"}"
		is "$status" "$DENIED" "$error in the look ends the login"
		like "$text" "$error, Unregistered redirect_uri\." \
			"$error in the look: the server's words"
	done
	ok 'no browser was opened' test ! -e "$SEEN"
	like "$text" 'redirect URI http://127.0.0.1:[0-9]*/callback' \
		'what to compare is told'
	like "$text" 'redirect_port=' 'and how to have one port'
	refuses x 'json 401' '{"error":"invalid_client"}'
	is "$status" "$DENIED" 'by 401, too'
	refuses x 'json 400' '{"error":"invalid_scope"}'
	is "$status" "$SCOPE" 'a scope that the server does not know'
	like "$text" 'Tick these scopes' 'a scope that the server does not know: where to'
}

test_look_sees_page()
{
	refuses x 'html 400' '<p>Error: invalid_redirect_uri</p>'
	is "$status" "$DENIED" 'a page with an error of OAuth ends the login'
	like "$text" 'HTTP 400, invalid_redirect_uri' 'and is named'
}

# As the MCP SDK's server does it, whatever RFC 6749 4.1.2.1 says.
test_look_redirected()
{
	refuses x 'redirect 302 {redirect_uri}?error=invalid_request&error_description=Unregistered+redirect_uri&state={state}'
	is "$status" "$DENIED" 'an error at the redirect URI ends the login'
	like "$text" 'invalid_request, Unregistered redirect_uri\..*redirect_port=' \
		'an error at the redirect URI: the words, and the remedy'
}

# What a browser with a session would not be told.
test_look_passes()
{
	for answer in 'json 401 {"error":"You need to sign in."}' \
		'json 401 {"error":"unauthorized"}' \
		'json 400 {"error":"login_required"}' \
		'json 403 {"error":"access_denied"}' \
		'json 403 {"message":"Forbidden"}' \
		'json 503 {"error":"invalid_request"}' \
		'json 429 {"error":"invalid_request"}' \
		'html 400 <p>Bad Request</p>' \
		'html 403 <p>invalid_request</p>'; do
		rest=${answer#* }
		refuses x "${answer%% *} ${rest%% *}" "${rest#* }"
		is "$status" 0 "the look is answered $answer: the browser sees"
	done
}

test_registered_port()
{
	lie register 'json 201' '{"client_id":"me",
		"redirect_uris":["http://127.0.0.1/callback"]}'
	said 0 'mine is added' 'a server that takes the port away' \
		valetkey add mine --issuer "$A" --register --no-prompt \
		--redirect-uri 'http://127.0.0.1:{port}/callback'
	is "$(heard a "\"redirect_uris\":..http://127.0.0.1:$(key mine \
		redirect_port)/callback\"")" 1 'it was asked for one with a port'
	for port in 0 65536 x -1; do
		sed -i "s/^redirect_port=.*/redirect_port=$port/" \
			"$CONFIG/mine.conf"
		said "$ARG" 'redirect_port must be' "no port: $port" \
			valetkey login mine
	done
	honest
	remove mine
}

# ---- parameters that are ours ----

RESERVED='assertion client_assertion client_assertion_type client_id
	client_secret code code_challenge code_challenge_method code_verifier
	device_code grant_type nonce password redirect_uri refresh_token request
	request_uri resource response_mode response_type scope state'

# parameters VALUE: a line for each of them, in each of the requests.
parameters()
{
	for name in $RESERVED; do
		for list in authorize token refresh; do
			echo "${list}_parameter[]=$name=$1"
		done
	done
}

test_reserved_parameters()
{
	{
		echo name=Odd
		parameters x
	} >"$VALETKEY_TEST_DIR/odd.conf"
	run valetkey providers --check "$VALETKEY_TEST_DIR/odd.conf"
	is "$(printf '%s\n' "$text" | grep -c 'valetkey sends itself')" \
		"$(parameters x | wc -l)" \
		'a file with any of them in any list: an error each'
	cp "$CONFIG/work.conf" "$VALETKEY_TEST_DIR/work.conf"
	parameters forged >>"$CONFIG/work.conf"
	printf '%s\n' 'authorize_parameter[]=extra=honest' \
		'token_parameter[]=extra=honest' \
		'refresh_parameter[]=extra=honest' >>"$CONFIG/work.conf"
	ok 'a login with all of them' valetkey login work --timeout 20
	ok 'a refresh with all of them' valetkey token work --min-valid "$FAR"
	is "$(heard a forged)" 0 'none of them is sent'
	is "$(heard a 'extra=honest')" 4 'others are'
	cp "$VALETKEY_TEST_DIR/work.conf" "$CONFIG/work.conf"
}

# RFC 6749 3.1: no parameter more than once.
test_parameter_twice()
{
	{
		echo name=Odd
		for list in authorize token refresh; do
			printf '%s\n' "${list}_parameter[]=extra=one" \
				"${list}_parameter[]=extra=two"
		done
		echo scope_parameter=user_scope
		echo 'authorize_parameter[]=user_scope=x'
	} >"$VALETKEY_TEST_DIR/odd.conf"
	run valetkey providers --check "$VALETKEY_TEST_DIR/odd.conf"
	is "$(printf '%s\n' "$text" | grep -c 'is there twice')" 6 \
		'a parameter that is there twice is an error'
	like "$text" 'authorize_parameter.*scope_parameter' \
		'and one that the scopes are sent as'
	grep _parameter "$VALETKEY_TEST_DIR/odd.conf" | grep -v scope \
		>>"$CONFIG/work.conf"
	ok 'a login with two' valetkey login work --timeout 20
	ok 'a refresh with two' valetkey token work --min-valid "$FAR"
	is "$(heard a 'extra=one.*extra=two')" 0 'only one of them is sent'
	cp "$VALETKEY_TEST_DIR/work.conf" "$CONFIG/work.conf"
}

# ---- what was granted ----

test_narrowed()
{
	run valetkey add few --issuer "$A" --client-id me --secret-fd 3 \
		--scope 'read api' 3<"$(secret_file liar-secret)"
	lie token json '{"access_token":"x","token_type":"Bearer",
		"expires_in":3600,"refresh_token":"r","scope":"dummy"}'
	run valetkey login few --timeout 20
	is "$status" 0 'a login that grants less than was asked for'
	like "$text" 'not granted +read api' 'the login tells'
	run valetkey status few
	like "$text" 'not granted +read api' 'status tells'
	like "$(valetkey status few --json)" '"not_granted":"read api"' \
		'and its JSON'
	is "$(valetkey token few)" x 'a get that names no scope gets what there is'
	ok 'one that names what was granted, too' \
		valetkey token few --scope dummy
	said "$SCOPE" 'few did not get.*"api".*at the last login.*Tick them' \
		'one that names what the file has, but was not granted' \
		valetkey token few --scope api
	unlike "$text" 'add-scope' 'the advice is not to add what is there'
	said "$SCOPE" "--add-scope" 'one that names something else' \
		valetkey token few --scope 'api other'
	lie token json '{"access_token":"x","token_type":"Bearer",
		"expires_in":3600,"refresh_token":"r","scope":"api read more"}'
	run valetkey login few --timeout 20
	unlike "$text$(valetkey status few)" 'not granted' \
		'more than was asked for is nothing to tell'
	lie token json '{"access_token":"x","token_type":"Bearer",
		"expires_in":3600,"refresh_token":"r"}'
	run valetkey login few --timeout 20
	unlike "$text$(valetkey status few)" 'not granted' \
		'no word on it means as asked for (RFC 6749 5.1)'
	honest
	remove few
}

# ---- a device endpoint by hand ----

test_device_endpoint()
{
	said 0 'd is added' 'a device endpoint by an option' \
		valetkey add d --authorization-endpoint "$A/authorize" \
		--token-endpoint "$A/token" --auth none --client-id me \
		--device-authorization-endpoint "$A/device" --no-prompt
	said 0 'd is logged in' 'and a login by it' \
		valetkey login d --flow device --timeout 20
	remove d
	said 0 'd is added' 'a server without a login page' \
		valetkey add d --client device_code --auth none --client-id me \
		--device-authorization-endpoint "$A/device" \
		--token-endpoint "$A/token" --no-prompt
	is "$(key d redirect_uri)$(key d grant)" device_code \
		'needs no redirect URI'
	said 0 'd is logged in' 'and the login is by a code' \
		valetkey login d --timeout 20
	remove d
	said "$ARG" '--device-authorization-endpoint URL' \
		'a client for devices without such an endpoint' \
		valetkey add d --client device_code --auth none --client-id me \
		--token-endpoint "$A/token" --no-prompt
	said "$ARG" 'must be an https URL' 'an endpoint that is none' \
		valetkey add d --token-endpoint "$A/token" --client-id me \
		--device-authorization-endpoint http://example.com/ --no-prompt
	run valetkey add d --authorization-endpoint "$A/authorize" \
		--token-endpoint "$A/token" --auth none --client-id me --no-prompt
	echo "device_authorization_endpoint=$A/device" >>"$CONFIG/d.conf"
	said 0 'd is logged in' 'written by hand: there is nothing to accept' \
		valetkey login d --flow device --timeout 20
	remove d
}

# ---- a server below a folder of its host ----

# in_folder PROVIDER PATH OPTION...: its login goes to PATH below the folder.
in_folder()
{
	folder_name=$1 folder_path=$2
	shift 2
	for folder in /git /git/ /a/b.c/~d; do
		said 0 'g is added' "$folder_name in $folder" valetkey add g \
			--provider "$folder_name" --instance "$A$folder" \
			--client-id x --no-prompt "$@"
		is "$(key g 'hosts\[\]')" "$A" \
			"$folder_name in $folder: its tokens are for the host"
		before=$(heard a "^GET ${folder%/}$folder_path?")
		run_until_waiting valetkey login g --no-browser
		is $(($(heard a "^GET ${folder%/}$folder_path?") - before)) 1 \
			"$folder_name in $folder: its login is there" ||
			tap_note "$text"
		remove g
	done
}

test_folder()
{
	in_folder gitea /login/oauth/authorize --client native
	in_folder forgejo /login/oauth/authorize --client native
	in_folder gitlab /oauth/authorize --client native
	in_folder keycloak /realms/r/protocol/openid-connect/auth \
		--client native --set realm=r
	for folder in '/git?x' '/git#x' '/a//b' /../git '/{realm}'; do
		said "$ARG" 'is not an instance' "no folder: $folder" \
			valetkey add g --provider gitea \
			--instance "$A$folder" --client-id x --no-prompt
	done
	said 0 'g is added' 'a host without https://, and a folder' \
		valetkey add g --provider gitea --client native \
		--instance git.example.org/git --client-id x --no-prompt
	run_until_waiting valetkey login g --no-browser
	like "$text" 'git\.example\.org/git/login/oauth/authorize' \
		'a host without https://, and a folder: its login is there'
	remove g
}

# ---- a refresh token that is dead by another name ----

refresh()
{
	run valetkey token work --min-valid "$FAR"
}

# refused ERROR [STATUS]: a refresh is answered so.
refused()
{
	lie token "json ${2:-400}" \
		"{\"error\":\"$1\",\"error_description\":\"It is over.\"}"
	refresh
}

json_of()
{
	valetkey status work --json | sed -n "s/.*\"$1\":\(\"[^\"]*\"\|[^,}]*\).*/\1/p"
}

test_refresh_refused()
{
	for error in invalid_request invalid_token access_denied bad_token \
		unsupported_grant_type; do
		refused "$error"
		is "$status" "$DENIED" "a refresh is refused: $error"
		like "$text" "$error: It is over\..*If it happens again, run: valetkey login work\$" \
			"a refresh is refused, $error: what to do"
	done
	refused invalid_request 200
	like "$text" 'If it happens again, run: valetkey login work$' \
		'an error with HTTP 200: what to do'
	for error in invalid_client unauthorized_client invalid_scope \
		invalid_target slow_down temporarily_unavailable; do
		refused "$error"
		unlike "$text" 'valetkey login' "$error is no matter of a login"
	done
	refused invalid_request 429
	unlike "$text" 'valetkey login' 'nor is HTTP 429'
	forget_failures work
	lie token 'json 500' '{"error":"invalid_request"}'
	refresh
	unlike "$text" 'valetkey login' 'nor is HTTP 500'
	forget_failures work
}

test_refusal_in_status()
{
	refused invalid_request
	run valetkey status work
	is "$status" 0 'the access token is good: the account can be used'
	like "$text" '^work: ready' 'and is called ready'
	like "$text" 'last refusal .*ago: .*invalid_request: It is over' \
		'status shows the last refusal'
	like "$(json_of refusal)" '^".*invalid_request: It is over' \
		'and its JSON'
	ago=$(($(date +%s) - $(json_of refused_at)))
	ok 'and its JSON when it was' test "$ago" -ge 0 -a "$ago" -lt 60
	age work
	refused invalid_request
	run valetkey status work
	is "$status" "$DENIED" 'the access token is over: a get would say that'
	unlike "$text" '^work: ready' 'and it is not called ready'
	lie token 'json 500' '{}'
	refresh
	like "$(json_of refusal)" 'It is over' \
		'a problem of the server does not take its place'
	forget_failures work
	honest
	lie token 'json 400' "{\"error\":\"invalid_request\",
		\"error_description\":\"$(heard_refresh_token) is over\"}"
	refresh
	unlike "$text$(cat "$CONFIG"/.*.lock)$(valetkey status work --json)" \
		"$(heard_refresh_token)" \
		'a refresh token that the server shows is seen nowhere'
	honest
	ok 'the server takes it again' valetkey token work --min-valid "$FAR"
	run valetkey status work
	like "$text" '^work: ready' 'and it is ready'
	unlike "$text" 'last refusal' 'without the refusal'
	refused invalid_request
	honest
	run valetkey login work --timeout 20
	run valetkey status work
	unlike "$text" 'last refusal' 'a login takes the refusal away, too'
}

# The one that it was sent.
heard_refresh_token()
{
	LC_ALL=C sed -n 's/.*refresh_token=\(refresh-of[^&]*\).*/\1/p' \
		"$LIES/a.log" | tail -n 1
}

# Seen of NinjaOne itself.
test_ninjaone_dead()
{
	grep -q '^error\[\]=invalid_token=invalid_grant$' \
		"$VALETKEY_SRC/helper/providers/ninjaone.conf"
	tap_result "$?" "ninjaone.conf knows NinjaOne's name of a dead grant"
	echo 'error[]=invalid_token=invalid_grant' >>"$CONFIG/work.conf"
	run valetkey login work --timeout 20
	refused invalid_token
	honest
	is "$status" "$LOGIN" 'invalid_token where it is known ends the grant'
	run valetkey status work
	is "$status" "$LOGIN" 'and status says so'
	cp "$VALETKEY_TEST_DIR/work.conf" "$CONFIG/work.conf"
	run valetkey login work --timeout 20
}

liar_start || exit 1
liar_account work || exit 1
test_look_refused
test_look_sees_page
test_look_redirected
test_look_passes
test_registered_port
test_reserved_parameters
test_parameter_twice
test_narrowed
test_device_endpoint
test_folder
test_refresh_refused
test_refusal_in_status
test_ninjaone_dead
test_metadata_place_fails
test_metadata_order
test_metadata_redirect
liar_stop
done_testing
