#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hostile_file.sh - an account's file that another program has changed, or
# the notes beside it: by other keys than the endpoints, which test_hostile.sh
# has, a secret gets nowhere and an account does not become useless either.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

REFRESH=refresh-of-

# changed NAME LINE...: the account's file with these lines more.
changed()
{
	changed_name=$1
	shift
	printf '%s\n' "$@" >>"$CONFIG/$changed_name.conf"
}

# A person's name that is to be read where the refresh token stands.
test_name()
{
	liar_account name || exit 1
	for key in identity identity_id; do
		changed name "$key=refresh_token"
		rm -f "$SEEN"
		said 0 '^name is logged in' "$key=refresh_token" \
			valetkey login name
		until [ -s "$SEEN" ]; do
			sleep 0.05
		done
		unlike "$text$(cat "$SEEN")$(valetkey status --json)" \
			"$REFRESH" "$key=refresh_token: is shown nowhere"
	done
	remove name
}

# Only TLS keeps a proxy from reading what goes through it.
test_plain_proxy()
{
	liar_account plain || exit 1
	changed plain "proxy=$B"
	said 0 . 'a proxy for plain HTTP' \
		valetkey token plain --min-valid 31536000
	is "$(heard b .)" 0 'a proxy for plain HTTP: is not asked'
	remove plain
}

# The token that a registration is managed with, past a proxy that leads to
# another server, whose certificate the changed file trusts.
test_registration()
{
	mkdir -p "$LIES/c"
	printf 'json 201\n%s' '{"client_id":"me","client_secret":"made-here",
		"registration_access_token":"manage-it",
		"registration_client_uri":"{self}/client"}' >"$LIES/c/register"
	proxy_start "to=${D##*:}" || exit 1
	for proxy in none "$PROXY"; do
		ok 'a registration' valetkey add made --issuer "$C" \
			--ca-file "$LIES/c.crt" --register --scope read
		sed -i "s,^ca_file=.*,ca_file=$LIES/d.crt," "$CONFIG/made.conf"
		changed made "proxy=$proxy"
		run valetkey remove made --yes
	done
	is "$(grep -c CONNECT "$LIES/proxy.log")" 1 'the proxy was asked'
	is "$(heard d .)" 0 "another ca_file: the other server heard nothing"
	is "$(heard c '^DELETE /client')$(heard c 'Bearer manage-it')" 11 \
		'another ca_file: the registration is deleted where it is'
}

# A note that some session has a newer grant, from a time that is to come.
test_note()
{
	liar_account note || exit 1
	printf 'boot=%s\nnewest=%s\nnewest_token=x\n' \
		"$(cat /proc/sys/kernel/random/boot_id)" 999999999999999 \
		>"$CONFIG/.$(sed -n 's/^id=//p' "$CONFIG/note.conf").lock"
	said 0 . 'a note from the future' \
		valetkey token note --min-valid 31536000
	remove note
}

# What opens only when somebody else comes, in place of a parked grant.
test_pipe()
{
	liar_account pipe || exit 1
	mkfifo "$CONFIG/.$(sed -n 's/^id=//p' "$CONFIG/pipe.conf").parked"
	said 0 . 'a pipe for a parked grant' \
		valetkey token pipe --min-valid 31536000 --timeout 5
	remove pipe
}

# Names of parameters that bring others with them.
test_parameters()
{
	liar_account names || exit 1
	changed names 'authorize_parameter[]=x&response_type=token' \
		'authorize_parameter[]=y&redirect_uri=https://evil.example' \
		'refresh_parameter[]=x&client_id=other' \
		scope_parameter=code_challenge
	run valetkey login names
	is "$status" 0 'names of parameters' || tap_note "$text"
	run valetkey token names --min-valid 31536000
	is "$(heard a '&response_type=token\|&redirect_uri=https\|&client_id=other')" \
		0 'names of parameters: bring nothing with them'
	is "$(heard a '&code_challenge=read')" 0 'no name of ours for the scope'
	is "$(heard a '&x%26client_id=other')" 1 'names of parameters: are sent'
	remove names
}

# Whoever catches a code could use it.
test_pkce()
{
	liar_account pkce --auth none || exit 1
	changed pkce pkce=none
	said "$LOGIN" 'pkce .*has changed.*accept-change' 'no PKCE any more' \
		valetkey login pkce
	said 0 'is logged in' 'no PKCE any more, by leave' \
		valetkey login pkce --accept-change
	remove pkce
}

# A harmless error by the name of one that ends a grant.
test_error()
{
	liar_account error || exit 1
	cp "$CONFIG/error.conf" "$LIES/error.conf"
	changed error error[]=come_back_later=invalid_grant
	said 0 . 'a changed name of an error: a refresh' \
		valetkey token error --min-valid 31536000
	lie token 'json 400' '{"error":"come_back_later"}'
	said "$LOGIN" "come_back_later.*'error\[\]'.*the grant is kept" \
		'a changed name of an error' \
		valetkey token error --min-valid 31536000
	honest
	cp "$LIES/error.conf" "$CONFIG/error.conf"
	said 0 . 'a changed name of an error: the grant is kept' \
		valetkey token error --min-valid 31536000
	remove error
}

certificate c IP:127.0.0.1 || exit 1
certificate d IP:127.0.0.1 || exit 1
liar_start || exit 1
test_name
test_plain_proxy
test_registration
test_note
test_pipe
test_parameters
test_pkce
test_error
liar_stop
done_testing
