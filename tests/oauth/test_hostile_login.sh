#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hostile_login.sh - an authorization endpoint and metadata that lie, and a
# browser that brings what others made up. test_hostile.sh has the token
# endpoint's lies.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

token_requests()
{
	heard a '^POST /token'
}

# page PATTERN DESCRIPTION: what the browser was shown.
page()
{
	tries=200
	until [ -e "$SEEN" ] || [ "$tries" -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.02
	done
	page=$(cat "$SEEN" 2>&1)
	rm -f "$SEEN"
	like "$page" "$1" "$2"
}

# answered CODE PATTERN DESCRIPTION LOCATION: a login whose browser is sent
# there, which never leads to a token request.
answered()
{
	heading='The login did not work'
	[ "$1" != "$CANCELED" ] || heading='You declined'
	lie authorize "redirect 302 $4"
	before=$(token_requests)
	said "$1" "$2" "$3" valetkey login work --timeout 10
	honest
	clean "$text" "$3: and shows it clean"
	page "$heading" "$3: the page says so"
	clean "$page" "$3: the page is clean"
	is "$(token_requests)" "$before" "$3: no token is asked for"
}

CODE_B=code-of-b-
CODE='{redirect_uri}?code=c&state={state}'
EVIL='%1B%5B2J%C2%9B31m%E2%80%AE%E2%81%A6%FF%0D%0Avaletkey:%20ok%3Cscript%3E'

# ---- the answer's issuer (RFC 9207) ----

test_issuer()
{
	answered "$DENIED" 'another authorization server' 'iss of another' \
		"$CODE&iss={other}"
	answered "$DENIED" 'another authorization server' 'iss with a slash' \
		"$CODE&iss={self}/"
	answered "$DENIED" 'another authorization server' 'iss in capitals' \
		"$CODE&iss=HTTP${A#http}"
	answered "$DENIED" . 'iss is missing' "$CODE"
	answered "$DENIED" . 'iss is empty' "$CODE&iss="
	answered "$DENIED" . 'iss is missing in an error' \
		'{redirect_uri}?error=access_denied&state={state}'
	answered "$DENIED" 'another authorization server' 'a mix-up' \
		'{other}/authorize?{query}'
	is "$(heard b '^GET /authorize')" 1 'a mix-up: the other one was there'
	is "$(heard a "$CODE_B")$(heard b '^POST')" 00 \
		'a mix-up: no code, no secret goes astray'
}

# ---- what else the answer may hold ----

test_answers()
{
	answered "$DENIED" 'server_error.*valetkey: ok' 'an error with escapes' \
		"{redirect_uri}?error=server_error$EVIL&error_description=$EVIL&iss={self}&state={state}"
	unlike "$page" '<script' 'an error with escapes: no script in the page'
	answered "$CANCELED" 'declined' 'an error and a code' \
		"$CODE&error=access_denied&iss={self}"
	lie authorize "redirect 302 $CODE&iss={self}"
	said "$DENIED" 'invalid_grant' 'a code for another client' \
		valetkey login work --timeout 10
	page 'The login did not work' 'a code for another client: the page'
	honest
	ok 'a code for another client: the grant is as before' \
		valetkey token work --min-valid 31536000
	lie authorize "redirect 302 {redirect_uri}?code=$(head -c 20000 \
		/dev/zero | tr '\0' c)&state={state}&iss={self}"
	lie token json '{"access_token":"fine","token_type":"bearer"}'
	said 0 'logged in' 'a code of 20 KB' valetkey login work --timeout 10
	page 'You are logged in' 'a code of 20 KB: the page says so'
	honest
	lie authorize "redirect 302 {redirect_uri}?code=code-of-a-0123456789abcdef&state={state}&iss={self}&x=$EVIL&session_state=1&Code=2"
	said 0 'logged in' 'unknown parameters' valetkey login work --timeout 10
	page 'You are logged in' 'unknown parameters: the page says so'
	honest
}

# The first look at the authorization endpoint, without a browser.
test_preflight()
{
	lie preflight "redirect 302 {redirect_uri}?error=x$EVIL&error_description=$EVIL"
	said "$DENIED" 'valetkey: ok' 'a refusal with escapes' \
		valetkey login work --timeout 10
	clean "$text" 'a refusal with escapes: and shows it clean'
	lie preflight 'huge 104857600' '{}'
	said 0 'logged in' 'a page of 100 MB' valetkey login work --timeout 10
	page 'You are logged in' 'a page of 100 MB: is not what counts'
	honest
}

# ---- what others bring: any program here, any page in the browser ----

# A browser that brings all of this before it brings the true answer; what each
# was answered is in $BROUGHT.
make_busy_browser()
{
	BROUGHT=$LIES/brought
	cat >"$LIES/busy" <<-'END'
	#!/bin/sh
	part() { printf '%s\n' "${1#*\?}" | tr '&' '\n' |
		sed -n "s/^$2=//p" | sed 's/%3A/:/g; s/%2F/\//g'; }
	to=$(curl -q -s --noproxy '*' -o /dev/null -w '%{redirect_url}' "$1")
	uri=$(part "$to" redirect_uri) state=$(part "$to" state)
	iss=${to%%/authorize*}
	bring() { what=$1; shift
		printf '%s %s\n' "$what" "$(curl -q -s --noproxy '*' \
			--max-time 10 -o /dev/null -w '%{http_code}' "$@")"
	}
	{
	bring nothing "$uri"
	bring no-state "$uri?code=c&iss=$iss"
	bring empty-state "$uri?code=c&state=&iss=$iss"
	bring wrong-state "$uri?code=c&state=${state%?}~&iss=$iss"
	bring longer-state "$uri?code=c&state=${state}x&iss=$iss"
	bring old-state "$uri?code=c&state=$(cat "$OLD_STATE")&iss=$iss"
	bring two-states "$uri?code=c&state=$state&state=$state&iss=$iss"
	bring two-codes "$uri?code=c&code=d&state=$state&iss=$iss"
	bring two-issuers "$uri?code=c&state=$state&iss=$iss&iss=$iss"
	bring nul "$uri?code=c%00d&state=$state&iss=$iss"
	bring no-code "$uri?state=$state&iss=$iss"
	bring fragment "$uri#code=c&state=$state&iss=$iss"
	bring posted -d "code=c&state=$state&iss=$iss" "$uri"
	bring other-path "$uri/x?code=c&state=$state&iss=$iss"
	bring other-host -H 'Host: evil.example' \
		"$uri?code=c&state=$state&iss=$iss"
	} >"$BROUGHT"
	printf '%s' "$state" >"$OLD_STATE"
	printf '%s' "$uri?code=code-of-a-0123456789abcdef&state=$state&iss=$iss" >"$REPLAY"
	exec "$HONEST" "$1"
	END
	chmod +x "$LIES/busy"
	OLD_STATE=$LIES/old-state HONEST=$LIES/browser REPLAY=$LIES/replay
	export OLD_STATE HONEST BROUGHT REPLAY
	: >"$OLD_STATE"
}

# forged STATUS DESCRIPTION: which ends with its name.
forged()
{
	like "$(cat "$BROUGHT")" "^${2#forged: } $1\$" "$2"
}

test_brought()
{
	make_busy_browser
	run env BROWSER="$LIES/busy" valetkey login work
	before=$(token_requests)
	said 0 'logged in' 'a login among forged answers' \
		env BROWSER="$LIES/busy" valetkey login work
	is $(($(token_requests) - before)) 1 'the code is redeemed once'
	for what in 'forged: nothing' 'forged: no-state' 'forged: empty-state' \
		'forged: wrong-state' 'forged: longer-state' \
		'forged: old-state' 'forged: two-states' 'forged: two-codes' \
		'forged: two-issuers' 'forged: nul' 'forged: no-code' \
		'forged: fragment'; do
		forged 400 "$what"
	done
	forged 405 'forged: posted'
	forged 404 'forged: other-path'
	forged 403 'forged: other-host'
	exits 7 'an answer that comes again: the port is closed' \
		curl -q -s --noproxy '*' "$(cat "$REPLAY")"
	is $(($(token_requests) - before)) 1 \
		'an answer that comes again: the code is not redeemed again'
}

# ---- who it is ----

# named DESCRIPTION HOW [BODY]: a login where UserInfo says so; it succeeds, and
# neither it nor status shows what a terminal would obey.
named()
{
	named_what=$1
	shift
	lie userinfo "$@"
	said 0 'logged in' "$named_what" valetkey login named --accept-change
	page 'You are logged in' "$named_what: the page says so"
	clean "$text$page" "$named_what: and shows it clean"
	honest
	run valetkey status named
	clean "$text" "$named_what: status"
	run valetkey status --json
	clean "$text" "$named_what: status --json"
}

test_identity()
{
	lie metadata json "$(members '"userinfo_endpoint":"{self}/userinfo",
		"scopes_supported":["openid","profile","email"]')"
	liar_account named || return
	page 'You are logged in' 'a login for a name'
	named 'a name with escapes' json '{"sub":"\u001b[2J1","name":
		"\u001b]0;x\u0007\u202e\u009b31m\r\nvaletkey: ok<script>"}'
	named 'a name of 100 KB' json "{\"sub\":\"1\",\"name\":\"$(head -c \
		100000 /dev/zero | tr '\0' x)\"}"
	named 'a name that is an object' json '{"sub":{"a":1},"name":[1]}'
	named 'no name but 100 MB' 'huge 104857600' '{}'
	named 'no name but 10,000 levels' 'deep 10000'
	before=$(heard b .)
	named 'a name that is elsewhere' 'redirect 307 {other}/userinfo'
	is $(($(heard b .) - before)) 0 \
		'a name that is elsewhere: nothing is asked there'
	is $(($(heard a '^GET /userinfo') > 4)) 1 'UserInfo was asked'
}

# What there is for the account to send goes by its proxy, the token too.
test_proxy()
{
	proxy_start allow || return
	valetkey add proxied --issuer "$C" --ca-file "$LIES/c.crt" \
		--proxy "$PROXY" --client-id me --no-prompt >/dev/null 2>&1
	said 0 'proxied is logged in' 'by a proxy' \
		env CURL_CA_BUNDLE="$LIES/c.crt" valetkey login proxied
	is "$(heard c '^GET /userinfo')" 1 'by a proxy: UserInfo was asked'
	is "$(heard c '^User-Agent: valetkey')" \
		"$(grep -c '^CONNECT ' "$LIES/proxy.log")" 'by a proxy: all'
}

# ---- metadata ----

# unusable CODE PATTERN DESCRIPTION HOW [BODY]: no account comes of it.
unusable()
{
	unusable_status=$1 unusable_pattern=$2 unusable_what=$3
	shift 3
	lie metadata "$@"
	said "$unusable_status" "$unusable_pattern" "$unusable_what" \
		valetkey add other --issuer "$A" --client-id me --no-prompt
	clean "$text" "$unusable_what: and shows it clean"
	honest
	is "$(find "$CONFIG" -name 'other.conf')" '' "$unusable_what: no account"
}

# members MEMBER...: metadata in which these come last, and so count.
members()
{
	printf '{"issuer":"{self}","authorization_endpoint":"{self}/authorize",'
	printf '"token_endpoint":"{self}/token",%s}' "$1"
}

# bad_url "MEMBER: WHAT" URL
bad_url()
{
	unusable "$DENIED" "a ${1%%:*} that is not a clean https" "$1" json \
		"$(members "\"${1%%:*}\":\"$2\"")"
}

test_metadata()
{
	unusable "$DENIED" 'another issuer' 'metadata of another issuer' json \
		"$(members '"issuer":"{other}"')"
	unusable "$DENIED" 'slash' 'an issuer with a slash' json \
		"$(members '"issuer":"{self}/"')"
	unusable "$NETWORK" 'no issuer' 'an issuer that is a list' json \
		'{"issuer":["{self}"],"token_endpoint":"{self}/token"}'
	unusable "$DENIED" . 'an issuer with escapes' json \
		"$(members '"issuer":"{self}\u001b[2J\u202e"')"
	for what in 'token_endpoint: http' 'authorization_endpoint: http' \
		'revocation_endpoint: http' 'userinfo_endpoint: http' \
		'device_authorization_endpoint: http' \
		'registration_endpoint: http' \
		'pushed_authorization_request_endpoint: http'; do
		bad_url "$what" 'http://evil.example/token'
		bad_url "${what%http}a user name" 'http://u:p@127.0.0.1/token'
		bad_url "${what%http}a fragment" '{self}/x#y'
		bad_url "${what%http}lines" '{self}/\r\nHost: evil'
	done
	bad_url 'token_endpoint: a script' 'javascript:alert(1)'
	bad_url 'token_endpoint: a file' 'file:///etc/passwd'
	bad_url 'token_endpoint: escapes' '{self}/\u001b[2J\u202e'
	bad_url 'token_endpoint: no host' 'https://'
	unusable "$NETWORK" . 'metadata of 100 MB' 'huge 104857600' \
		"$(members '"x":1')"
	unusable "$NETWORK" . 'metadata of 10,000 levels' 'deep 10000'
	unusable "$NETWORK" . 'metadata that is a page' html '<h1>Hello</h1>'
	unusable "$NETWORK" . 'metadata that is a list' json '[1]'
	unusable "$NETWORK" . 'metadata with a NUL' json \
		"$(members '"x":"\u0000","issuer":"x\u0000"')"
	unusable "$NETWORK" . 'metadata somewhere else' \
		'redirect 302 {other}/.well-known/oauth-authorization-server'
	is "$(heard b well-known)" 0 'metadata somewhere else: is not followed'
}

certificate c IP:127.0.0.1 || exit 1
liar_start || exit 1
liar_account work || exit 1
page 'You are logged in' 'a login: the page says so'
test_issuer
test_answers
test_preflight
test_brought
test_metadata
test_identity
test_proxy
liar_stop
done_testing
