#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_oidc.sh - every flow and every way to authenticate, at a certified OpenID
# provider (npm's oidc-provider) over TLS. What it refuses it logs, and so it is
# seen here that nothing of ours was refused, or done twice.

# shellcheck source=tests/lib.sh
. "$VALETKEY_SRC/tests/lib.sh"
# shellcheck source=tests/command.sh
. "$VALETKEY_SRC/tests/command.sh"
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

# As an account's token ends by itself: the copy in the keyring is an old one.
age()
{
	id=$(sed -n 's/^id=//p' "$CONFIG/$1.conf")
	(umask 077
	"$VALETKEY_BUILD/tests/keyring" dump grant "$id" |
		sed -e 's/^issued_at=.*/issued_at=1/' -e '/^boot=/d' \
			>"$VALETKEY_TEST_DIR/old-grant")
	"$VALETKEY_BUILD/tests/keyring" replace grant "$id" \
		<"$VALETKEY_TEST_DIR/old-grant"
	rm -f "$VALETKEY_TEST_DIR/old-grant"
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

test_code
test_rotation
test_storm
test_logout
test_registration
nothing_left 'all of it'
oidc_stop
done_testing
