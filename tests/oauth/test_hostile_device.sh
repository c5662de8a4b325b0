#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hostile_device.sh - a device authorization endpoint that lies: the person
# is sent nowhere but to a web page, is shown nothing that a terminal would obey,
# and no lie keeps us asking. test_device.sh has how the flow should be.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

PENDING='{"error":"authorization_pending"}'

# fields MEMBER...: a device answer in which these come last, and so count.
fields()
{
	printf '{"device_code":"d","user_code":"WDJB-MJHT","interval":1,'
	printf '"verification_uri":"{self}/enter","expires_in":600,%s}' "$1"
}

# device_login SECONDS
# shellcheck disable=SC2317 # for said and exits
device_login()
{
	valetkey login work --flow device --timeout "$1"
}

# unusable CODE PATTERN DESCRIPTION HOW [BODY]: nobody is shown anything of it,
# and the token endpoint is not asked.
unusable()
{
	unusable_status=$1 unusable_pattern=$2 unusable_what=$3
	shift 3
	lie device "$@"
	before=$(heard a '^POST /token')
	said "$unusable_status" "$unusable_pattern" "$unusable_what" \
		device_login 10
	honest
	unlike "$text" '^Code:' "$unusable_what: no code is shown"
	clean "$text" "$unusable_what: and shows it clean"
	is "$(heard a '^POST /token')" "$before" "$unusable_what: no question"
}

bad_field()
{
	unusable "$NETWORK" 'not that of a device' "$1" json "$(fields "$2")"
}

test_unusable()
{
	bad_field 'a page that is a script' \
		'"verification_uri":"javascript:alert(1)"'
	bad_field 'a page that is a file' '"verification_uri":"file:///etc"'
	bad_field 'a page without TLS' '"verification_uri":"http://evil.example"'
	bad_field 'a page with a user name' \
		'"verification_uri":"https://accounts.google.com@evil.example/"'
	bad_field 'a page with escapes' \
		'"verification_uri":"{self}/\u001b[2J\u202e"'
	unusable "$NETWORK" 'not that of a device' 'a page that is a list' json \
		'{"device_code":"d","user_code":"W","verification_uri":["x"]}'
	bad_field 'a code with escapes' '"user_code":"\u001b[2JWDJB"'
	bad_field 'a code of two lines' '"user_code":"WDJB\nCode: EVIL"'
	bad_field 'a code that runs backwards' '"user_code":"\u202eWDJB"'
	bad_field 'a code of 100 KB' \
		"\"user_code\":\"$(head -c 100000 /dev/zero | tr '\0' x)\""
	bad_field 'a code that is empty' '"user_code":""'
	bad_field 'a device code of two lines' '"device_code":"x\r\ny"'
	unusable "$NETWORK" 'not that of a device' 'a device code of digits' \
		json '{"device_code":7,"user_code":"W",
		"verification_uri":"{self}/enter"}'
	unusable "$NETWORK" . 'a device answer of 100 MB' 'huge 104857600' \
		"$(fields '"x":1')"
	unusable "$NETWORK" . 'a device answer of 10,000 levels' 'deep 10000'
	unusable "$DENIED" 'server_error.*ok' 'a device error with escapes' \
		'json 400' '{"error":"server_error","error_description":
		"\u001b[2J\u202e\r\nok"}'
	unusable "$NETWORK" . 'a device answer somewhere else' \
		'redirect 307 {other}/device'
	is "$(heard b .)" 0 'a device answer somewhere else: nothing is sent'
}

# What is odd, and no harm.
test_odd()
{
	lie device json "$(fields '"device_code":"code-of-a-0123456789abcdef",
		"verification_uri_complete":"javascript:alert(1)",
		"interval":-5,"expires_in":1e400')"
	said 0 '^work is logged in' 'an odd device answer' device_login 10
	like "$text" '^Code: WDJB-MJHT$' 'an odd device answer: the code'
	unlike "$text" javascript 'an odd device answer: no script is shown'
	honest
}

# questions LEAST MOST DESCRIPTION
questions()
{
	asked=$(($(heard a '^POST /token') - before))
	[ "$asked" -ge "$1" ] && [ "$asked" -le "$2" ]
	is $? 0 "$3" || tap_note "$asked questions"
}

# A token endpoint that lies while we ask.
test_asking()
{
	before=$(heard a '^POST /token')
	lie device json "$(fields '"expires_in":2')"
	lie token 'json 400' "$PENDING"
	said "$TIMEOUT" 'has expired' 'a code that nobody enters' device_login 20
	questions 1 2 'a code that nobody enters: asked each second'
	before=$(heard a '^POST /token')
	lie device json "$(fields '"x":1')"
	lie token 'json 400' '{"error":"slow_down"}'
	said "$TIMEOUT" 'in time' 'told to slow down without an end' \
		device_login 3
	questions 1 1 'told to slow down: five seconds more'
	for what in 'invalid_grant ends it' 'an unknown_error ends it'; do
		before=$(heard a '^POST /token')
		error=${what% ends it}
		lie token 'json 400' "{\"error\":\"${error#an }\"}"
		exits "$DENIED" "$what" device_login 10
		questions 1 1 "$what: at the first question"
	done
	lie token json '{"access_token":"x","token_type":"mac"}'
	said "$DENIED" 'only Bearer' 'a device token of type mac' device_login 10
	honest
	ok 'after all that: the grant is as before' \
		valetkey token work --min-valid 31536000
}

liar_start || exit 1
liar_account work || exit 1
test_unusable
test_odd
test_asking
liar_stop
done_testing
