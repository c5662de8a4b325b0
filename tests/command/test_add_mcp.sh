#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_add_mcp.sh - an account for an MCP server, from its URL alone: what is asked
# of whom and in which order, what is shown before anything is sent, that `resource`
# is in all requests, more scopes after a 403; and servers that lie, by which nothing
# is registered and nothing is left.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

WELL=/.well-known/oauth-protected-resource
liar_start || exit 1
provider_start --mcp --register || exit 1
MCP=$PROVIDER_URL/mcp

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

# ---- a server that is as it should be ----

registrations()
{
	provider_count ' POST /ws/oauth/register '
}

test_refused()
{
	said "$ARG" 'Nothing was changed.*--yes' 'nobody can be asked' \
		valetkey add notes --mcp "$MCP"
	like "$text" "^  MCP server +$MCP\$" 'for which server is shown'
	like "$text" "^  authorization server +$PROVIDER_URL/\$" \
		'whom it trusts is shown'
	like "$text" '^  scopes +monitoring offline_access$' \
		'the scopes of the challenge are shown, and not all there are'
	like "$text" '^  client +is registered there now$' \
		'that a client is to be registered is shown'
	terminal valetkey add notes --mcp "$MCP" <<-END
	expect Go on? [y/N]
	send n
	END
	is "$status" "$CANCELED" 'a person says no' || tap_note "$text"
	is "$(registrations) $(provider_count ' /ws/oauth/')" '0 0' \
		'and nothing was sent but questions for metadata'
	nothing_left 'nobody has agreed'
}

test_walk()
{
	terminal valetkey add notes --mcp "$MCP" <<-END
	expect Go on? [y/N]
	send y
	END
	is "$status $(registrations)" '0 1' 'a person says yes' ||
		tap_note "$text"
	like "$text" 'Next: valetkey login notes$' 'and is told what is next'
	is "$(key notes mcp) $(key notes 'resource\[\]')" "$MCP $MCP" \
		'its file: the server'
	is "$(key notes 'hosts\[\]') $(key notes issuer)" \
		"$PROVIDER_URL $PROVIDER_URL/" 'tokens are for its origin alone'
	is "$(key notes auth) $(key notes scope) $(key notes offline_scope)" \
		'none monitoring offline_access' 'a client without a secret'
	said 0 'notes is logged in' 'a login' demo_login notes
	resource="http+++127.0.0.1+$PROVIDER_PORT+mcp"
	is "$(provider_count "grant=authorization_code.* resource=$resource\\|resource=$resource.*grant=authorization_code")" 1 \
		'resource is in the token request'
	like "$(ask notes tools/list)" '"name":"organizations"' \
		'the server takes the token'
	provider_expire
	run ask notes tools/list
	like "$(ask notes tools/list)" '"name":"organizations"' \
		'and the one after it'
	is "$(provider_count "grant=refresh_token.* resource=$resource\\|resource=$resource.*grant=refresh_token")" 1 \
		'resource is in the refresh'
}

# ask ACCOUNT METHOD [NAME]: of the MCP server, by valetkey curl.
ask()
{
	valetkey curl "$1" -- -sS --json "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"$2\",\"params\":{\"name\":\"${3-}\"}}" \
		"$MCP"
}

# ---- more scopes ----

test_add_scope()
{
	run ask notes tools/call retire
	like "$text" 'valetkey login notes --add-scope management$' \
		'a token that may not do it: what to type'
	said "$ARG" 'Nothing was changed.*--yes' 'nobody can be asked' \
		demo_login notes --add-scope management
	like "$text" '^  scopes +monitoring management offline_access$' \
		'all that is asked for then is shown'
	is "$(key notes scope)" monitoring 'and the account is as before'
	said 0 'notes is logged in' 'with more scopes' \
		demo_login notes --add-scope management --yes
	is "$(key notes scope)" 'monitoring management' \
		'the account asks for both from now on'
	like "$(ask notes tools/call retire)" '"text":"done"' \
		'the new token may do it'
	like "$(ask notes tools/list)" organizations 'and what the old one could'
	said "$ARG" 'RFC 6749 3.3' 'no scope' \
		valetkey login notes --add-scope 'a"b'
	remove notes
	nothing_left 'after remove'
}

# ---- servers that lie ----

# says STATUS HEADER: how $A answers what an MCP client says first.
says()
{
	lie mcp raw "$(printf 'HTTP/1.1 %s\r\n%s\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}' \
		"$1" "${2:-X-Nothing: at all}")"
}

# challenges PARAMETERS
challenges()
{
	says '401 Unauthorized' "WWW-Authenticate: Bearer $1"
}

NAMED="resource_metadata=\"{self}$WELL/mcp\""

# resource MEMBER...: what is in the metadata of $A's /mcp beside its name.
resource()
{
	{
		printf '{"resource":"{self}/mcp"'
		[ $# -eq 0 ] || printf ',%s' "$@"
		printf '}'
	} >"$VALETKEY_TEST_DIR/resource"
	lie resource json "$(cat "$VALETKEY_TEST_DIR/resource")"
}

TRUSTS='"authorization_servers":["{self}"]'

# liar_is_fine: everything as it should be, with a registration.
liar_is_fine()
{
	honest
	challenges "$NAMED, scope=\"read\""
	resource "$TRUSTS" '"scopes_supported":["read","write"]'
	lie register 'json 201' '{"client_id":"made"}'
}

# fails STATUS PATTERN DESCRIPTION [OPTION...]: `add` does, and nobody was told
# anything, and nothing is left.
fails()
{
	fails_status=$1 fails_pattern=$2 fails_what=$3
	shift 3
	: >"$LIES/a.log"
	: >"$LIES/b.log"
	said "$fails_status" "$fails_pattern" "$fails_what" \
		valetkey add lies --mcp "$A/mcp" --yes "$@"
	clean "$text" "$fails_what: nothing that moves the cursor"
	is "$(heard a '^POST .*/register')$(heard a '/token\|/authorize')" 00 \
		"$fails_what: nothing is registered, nobody is asked to log in"
	is "$(heard b '')" 0 "$fails_what: nobody else hears of it"
	nothing_left "$fails_what"
}

test_fine()
{
	liar_is_fine
	said 0 'lies is added' 'the liar, as it should be' \
		valetkey add lies --mcp "$A/mcp" --yes
	is "$(key lies scope)" read 'scopes: of the challenge'
	is "$(heard a "^GET $WELL\$")$(heard a "^GET $WELL/mcp\$")" 01 \
		'nothing is asked but the place that it names'
	like "$(cat "$LIES/a.log")" '^Accept: application/json, text/event-stream' \
		'it is asked as a client of MCP would'
	remove lies
	challenges "$NAMED"
	said 0 'lies is added' 'a challenge without scopes' \
		valetkey add lies --mcp "$A/mcp" --yes
	is "$(key lies scope)" 'read write' 'scopes: of its metadata'
	remove lies
	resource "$TRUSTS"
	said 0 'lies is added' 'no scopes anywhere' \
		valetkey add lies --mcp "$A/mcp" --yes
	like "$text" '^  scopes +none are asked for$' 'no scopes: and says so'
	remove lies
	said 0 'lies is added' 'scopes that are given' \
		valetkey add lies --mcp "$A/mcp" --yes --scope other
	is "$(key lies scope)" other 'scopes: what is given stands'
	remove lies
}

test_places()
{
	liar_is_fine
	says '401 Unauthorized'
	said 0 'lies is added' 'a bare 401: the place with the path' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	says '404 Not Found'
	said 0 'lies is added' 'a server that takes no POST without a token' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	says '200 OK'
	said 0 'lies is added' 'a login that is optional' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	challenges 'broken="'
	said 0 'lies is added' 'a challenge that cannot be read is as none' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	rm "$LIES/a/resource"
	lie resource-root json "{\"resource\":\"{self}\",$TRUSTS}"
	said 0 'lies is added' 'the place without the path, of the whole host' \
		valetkey add lies --mcp "$A/mcp" --yes
	is "$(key lies 'resource\[\]')" "$A" 'resource is what that one is about'
	remove lies
	says '200 OK'
	rm "$LIES/a/resource-root"
	fails "$ARG" "$A/mcp answers without a login" 'a server that wants none'
	says '401 Unauthorized'
	fails "$NETWORK" 'does not say which authorization server.*--issuer' \
		'no metadata anywhere'
}

test_wrong_resource()
{
	liar_is_fine
	lie resource json "{\"resource\":\"https://victim.example/mcp\",$TRUSTS}"
	fails "$DENIED" 'names "https://victim.example/mcp", so it is not used' \
		'metadata about somebody else'
	lie resource json "{\"resource\":\"{self}/\",$TRUSTS}"
	fails "$DENIED" "give its URL: --mcp $A/\$" \
		'metadata about the host, where the path is named'
	lie resource json "{\"resource\":\"{self}/\$(touch x)\",$TRUSTS}"
	fails "$DENIED" 'Tell its operator' 'a resource that a shell would obey'
	lie resource json "{$TRUSTS}"
	fails "$NETWORK" 'names no resource' 'metadata about nothing'
	lie resource json '<html>'
	fails "$NETWORK" 'not a JSON object' 'a page for people'
	challenges 'resource_metadata="{other}/.well-known/x"'
	fails "$DENIED" 'not on the same server' 'metadata on another server'
	challenges 'resource_metadata="http://example.com/x"'
	fails "$DENIED" 'not on the same server' 'metadata without TLS'
	liar_is_fine
	lie resource 'redirect 302 {other}/x'
	fails "$NETWORK" 'redirected to.*not followed' 'metadata that redirects'
	says '307 Temporary Redirect' 'Location: {other}/mcp'
	fails "$NETWORK" 'The MCP server redirects to' 'a server that redirects'
}

test_wrong_issuer()
{
	liar_is_fine
	resource '"authorization_servers":["http://example.com/"]'
	fails "$DENIED" 'not a clean https URL' 'an authorization server without TLS'
	resource '"authorization_servers":["https://a@b.example"]'
	fails "$DENIED" 'not a clean https URL' 'one with a user name'
	resource '"authorization_servers":[]'
	fails "$NETWORK" 'does not say which' 'none at all'
	resource '"authorization_servers":["{self}/tenant"]'
	fails "$DENIED" 'names another issuer' 'another issuer in its metadata'
	resource "$TRUSTS"
	lie metadata json '{"issuer":"{self}","authorization_endpoint":"{self}/authorize","token_endpoint":"{self}/token","registration_endpoint":"{self}/register"}'
	fails "$DENIED" 'does not promise PKCE' 'no word on PKCE'
	lie metadata json '{"issuer":"{self}","authorization_endpoint":"{self}/authorize","token_endpoint":"{self}/token","registration_endpoint":"{self}/register","code_challenge_methods_supported":["plain"]}'
	fails "$DENIED" 'does not promise PKCE' 'PKCE without S256'
	rm "$LIES/a/metadata"
	challenges "$NAMED, "'scope="a\"b"'
	fails "$DENIED" 'scopes that are none' 'scopes that are none'
}

test_two_servers()
{
	liar_is_fine
	resource '"authorization_servers":["{self}/one","{self}"]'
	fails "$ARG" "Choose one: --issuer URL, of $A/one, $A\$" \
		'two authorization servers, and nobody to ask'
	fails "$ARG" 'does not trust https://third.example' \
		'one that it does not name' --issuer https://third.example
	said 0 'lies is added' 'one of them that is given' \
		valetkey add lies --mcp "$A/mcp" --yes --issuer "$A"
	remove lies
	terminal valetkey add lies --mcp "$A/mcp" <<-END
	expect Which authorization server?
	send 3
	expect Number
	send 2
	expect Go on? [y/N]
	send y
	END
	is "$status $(key lies issuer)" "0 $A" 'a person chooses' ||
		tap_note "$text"
	remove lies
}

test_bad_answers()
{
	liar_is_fine
	lie mcp reset
	fails "$NETWORK" 'broke off' \
		'a server that hangs up'
	says '503 Service Unavailable'
	fails "$NETWORK" 'has a problem \(HTTP 503\)' 'a server with problems'
	lie mcp raw 'garbage'
	fails "$NETWORK" 'HTTP' 'a server that speaks something else'
	liar_is_fine
	lie mcp raw "$(printf 'HTTP/1.1 401 x\r\nWWW-Authenticate: Bearer %s\r\nContent-Length: 99999999\r\n\r\nand no more' \
		"$NAMED")"
	said 0 'lies is added' 'a 401 whose body never ends' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	lie mcp raw "$(printf 'HTTP/1.1 200 x\r\nContent-Type: text/event-stream\r\n\r\n: and nothing more')"
	said 0 'lies is added' 'a stream that never ends' \
		valetkey add lies --mcp "$A/mcp" --yes
	remove lies
	lie resource 'huge 3000000' '{}'
	fails "$NETWORK" 'too long|longer' 'metadata without end'
	lie resource raw "$(printf 'HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n{"resource":')"
	fails "$NETWORK" 'broke off' 'metadata that is cut off'
}

# The arguments themselves.
test_options()
{
	for url in http://example.com/mcp ftp://x/ mcp.example.com \
		https://a@b.example/ 'https://a.example/#x'; do
		said "$ARG" '--mcp must be the https URL' "no server: $url" \
			valetkey add lies --mcp "$url" --yes
	done
	said "$ARG" 'leave out one of the two' '--provider and --mcp' \
		valetkey add lies --mcp "$A/mcp" --provider github
	said "$ARG" 'leave out one of the two' '--client and --mcp' \
		valetkey add lies --mcp "$A/mcp" --client client_credentials
	nothing_left 'bad options'
}

# ---- which client ----

test_clients()
{
	liar_is_fine
	: >"$LIES/a.log"
	said 0 'lies is added' 'a client id that is given' \
		valetkey add lies --mcp "$A/mcp" --yes --client-id mine
	is "$(key lies client_id) $(heard a '/register')" 'mine 0' \
		'a client id that is given: nothing is registered'
	remove lies
	said 0 'accepted' 'with a secret' valetkey add lies --mcp "$A/mcp" \
		--yes --client-id me --secret-fd 3 3<"$(secret_file liar-secret)"
	remove lies
	said 0 'does not say that it takes a URL' 'a client id that is a URL' \
		valetkey add lies --mcp "$A/mcp" --yes \
		--client-id https://me.example/valetkey.json
	like "$text" '^What is at https://me.example/valetkey.json must list the' \
		'a URL: what it must say'
	remove lies
	lie metadata json '{"issuer":"{self}","authorization_endpoint":"{self}/authorize","token_endpoint":"{self}/token","code_challenge_methods_supported":["S256"],"client_id_metadata_document_supported":true}'
	run valetkey add lies --mcp "$A/mcp" --yes \
		--client-id https://me.example/valetkey.json
	is "$status $(key lies auth) $(key lies client_id)" \
		'0 none https://me.example/valetkey.json' 'a server that takes URLs'
	unlike "$text" 'does not say' 'a server that takes URLs: no warning'
	is "$(grep -c client_id_metadata "$CONFIG/lies.conf")" 0 \
		'nothing else is in the file'
	remove lies
	fails "$ARG" 'Which client.*--client-id' \
		'no registration, and nobody to ask'
}

# The registration is for one authorization server.
test_other_server()
{
	liar_is_fine
	run valetkey add lies --mcp "$A/mcp" --yes
	run valetkey login lies
	is "$status" 0 'a login at the liar' || tap_note "$text"
	sed -i 's/^metadata_at=.*/metadata_at=1/' "$CONFIG/lies.conf"
	resource '"authorization_servers":["{other}"]'
	: >"$LIES/a.log"
	: >"$LIES/b.log"
	said "$LOGIN" "no longer trusts $A, but .*than lies: valetkey add NAME --mcp $A/mcp" \
		'it trusts another authorization server by now' \
		valetkey login lies
	is "$(heard b '') $(heard a authorize)" '0 0' \
		'another one: nothing is sent to either'
	resource "$TRUSTS"
	run valetkey login lies
	is "$status" 0 'the same again' || tap_note "$text"
	honest
	sed -i 's/^metadata_at=.*/metadata_at=1/' "$CONFIG/lies.conf"
	said 0 'the known ones are used' 'a server without metadata by now' \
		valetkey login lies
	remove lies
}

test_refused
test_walk
test_add_scope
test_fine
test_places
test_wrong_resource
test_wrong_issuer
test_two_servers
test_bad_answers
test_options
test_clients
test_other_server
liar_stop
done_testing
