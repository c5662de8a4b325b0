#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_ldapsearch.sh - ldapsearch with the plugin for Cyrus SASL: its bind has a token,
# by TLS or if it is told that none is needed.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/sasl/sasl.sh
. "$VALETKEY_SRC/tests/sasl/sasl.sh"

directory_start()
{
	: >binds
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout key.pem \
		-out cert.pem 2>openssl.out || return
	setpriv --pdeathsig KILL python3 "$VALETKEY_SRC/tests/sasl/directory.py" \
		"$VALETKEY_TEST_DIR" "$PROVIDER_URL/ws/oauth/userinfo" \
		cert.pem key.pem </dev/null >directory.out 2>&1 &
	DIRECTORY_PID=$!
	until [ -s directory ]; do
		process_runs "$DIRECTORY_PID" || return
		sleep 0.02
	done
	read -r port tls_port <directory
	DIRECTORY=ldap://127.0.0.1:$port
}

# search MECHANISM [OPTION...]: -N: libldap would ask the name server for another
# name of the host.
search()
{
	search_mechanism=$1
	shift
	with_plugin timeout -k 5 "$search_limit" ldapsearch -N -LLL -Y "$search_mechanism" \
		-U demo@example.com -H "$DIRECTORY" -b '' -s base "$@" \
		</dev/null >search.out 2>&1
}

binds()
{
	tail -n "$1" binds | tr '\n' ';'
}

test_bind()
{
	for mechanism in OAUTHBEARER XOAUTH2; do
		ok "a bind by $mechanism" search "$mechanism" -O none ||
			tap_note "$(cat search.out)"
		is "$(binds 1)" "$mechanism demo@example.com yes;" \
			'  has a token'
	done
}

search_limit=120

# libldap takes no mechanism of plain text unless there is TLS.
test_tls()
{
	plain=$DIRECTORY DIRECTORY=ldaps://127.0.0.1:$tls_port
	LDAPTLS_CACERT=$PWD/cert.pem
	export LDAPTLS_CACERT
	# libldap waits for ever for the answer to its search if TLS and a
	# sanitizer's library that was loaded first come together.
	if [ -n "$SASL_RUNTIME" ]; then
		skip 'a sanitizer is loaded first' 'by TLS'
		search_limit=10
		search OAUTHBEARER
		search_limit=120
	else
		ok 'by TLS' search OAUTHBEARER || tap_note "$(cat search.out)"
	fi
	is "$(binds 1)" 'OAUTHBEARER demo@example.com yes;' '  has a token'
	DIRECTORY=$plain

	before=$(wc -l <binds)
	ok 'without TLS it refuses by itself' fails search XOAUTH2
	is "$(wc -l <binds)" "$before" '  and sends nothing'
}

test_revoked()
{
	provider_expire
	ok 'a token that was revoked' fails search OAUTHBEARER -O none
	like "$(cat search.out)" 'Invalid credentials' '  is refused'
	is "$(binds 2)" \
		"OAUTHBEARER demo@example.com no;OAUTHBEARER then '\\x01';" \
		'OAUTHBEARER: the challenge is answered'
	ok '  the next run has another' search OAUTHBEARER -O none
	provider_expire
	ok 'the same with XOAUTH2' fails search XOAUTH2 -O none
	is "$(binds 2)" "XOAUTH2 demo@example.com no;XOAUTH2 then '';" \
		'XOAUTH2: the challenge is answered'
	ok '  the next run has another' search XOAUTH2 -O none
}

test_logged_out()
{
	valetkey logout demo >/dev/null 2>&1
	ok 'after a logout' fails search XOAUTH2 -O none
	like "$(cat search.out)" 'valetkey: .*valetkey login demo' \
		'  it says which command helps'
}

need_programs python3 ldapsearch openssl
cd "$VALETKEY_TEST_DIR" || exit
sasl_foreign
sasl_start
ok 'a provider' provider_start
ok 'an account for the directory' demo_account demo web \
	--host ldaps://127.0.0.1
ok 'a login' demo_login demo
ok 'a directory' directory_start
test_bind
test_tls
test_revoked
test_logged_out
kill "$DIRECTORY_PID"
done_testing
