#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sasl.sh - the plugin for Cyrus SASL in a small host (host.c), which shows each
# step: what is sent, for whom, and what a host is told if there is nothing to send.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/sasl/sasl.sh
. "$VALETKEY_SRC/tests/sasl/sasl.sh"

HOST=$VALETKEY_BUILD/tests/sasl/host
CONTINUE=1 FAIL=-1 NOMECH=-4

# host OPTION... ARGUMENT...: its lines, with the token as TOKEN.
host()
{
	with_plugin env ASAN_OPTIONS= "$HOST" "$@" 2>&1 |
		sed "s|$(valetkey token demo 2>/dev/null || echo NONE)|TOKEN|"
}

# line TEXT NAME: what follows NAME there.
line()
{
	printf '%s\n' "$1" | sed -n "s/^$2 //p"
}

test_messages()
{
	out=$(host XOAUTH2 imap 127.0.0.1 me@example.com '')
	is "$(line "$out" start)" \
		"$CONTINUE [user=me@example.com|auth=Bearer TOKEN||]" 'XOAUTH2'
	is "$(line "$out" step)" '0 []' '  ends when the server lets in'
	is "$(line "$out" plugin)" loaded '  by the plugin'
	unlike "$out" 'asked|^loaded' '  no password asked, no library more'
	out=$(host OAUTHBEARER imap 127.0.0.1 'a=b,c' '')
	is "$(line "$out" start)" \
		"$CONTINUE [n,a=a=3Db=2Cc,|host=127.0.0.1|auth=Bearer TOKEN||]" \
		'OAUTHBEARER, and a name with its signs'
	is "$(line "$out" step)" '0 []' '  ends when the server lets in'
	out=$(host -c XOAUTH2 imap 127.0.0.1 me@example.com)
	is "$(line "$out" start)" \
		"$CONTINUE [user=me@example.com|auth=Bearer TOKEN||]" \
		'the name by a callback'
}

# The token that was refused is not given again; one exchange answers once.
test_refused()
{
	first=$(valetkey token demo)
	for mechanism in XOAUTH2 OAUTHBEARER; do
		out=$(host "$mechanism" imap 127.0.0.1 me \
			'{"status":"401"}' more)
		answer='0 []'
		[ "$mechanism" = XOAUTH2 ] || answer='0 [|]'
		is "$(line "$out" step)" "$answer
$FAIL" "$mechanism: the error is answered, and no more"
		second=$(valetkey token demo)
		ok '  and there is another token' [ "$first" != "$second" ]
		first=$second
	done
}

# told ARGUMENT... PATTERN DESCRIPTION
told()
{
	told_description=$1 told_pattern=$2
	shift 2
	out=$(host "$@")
	like "$(line "$out" start)" "^$FAIL\$" "$told_description"
	like "$(line "$out" error)" "generic failure: valetkey: $told_pattern" \
		'  and why'
}

test_where()
{
	told 'another host' 'imaps://mail.example.com is not one of the hosts' \
		XOAUTH2 imap mail.example.com me
	told 'another service' 'smtps://127.0.0.1 is not one of the hosts' \
		OAUTHBEARER smtp 127.0.0.1 me
	told 'a service without tokens' '.*not for xmpp' \
		XOAUTH2 xmpp 127.0.0.1 me
	told 'a host that is none' '.*hosts' XOAUTH2 imap 'a b/@127.0.0.1' me
	out=$(host XOAUTH2 pop ::1 me)
	like "$(line "$out" start)" "^$CONTINUE .*TOKEN" \
		'an IPv6 address; POP3, as SASL calls it'
	out=$(host -p XOAUTH2 imap 127.0.0.1 me)
	like "$(line "$out" start)" "^$NOMECH\$" 'none if plain text is refused'
	out=$(host 'XOAUTH2 OAUTHBEARER PLAIN LOGIN' imap 127.0.0.1 me)
	like "$(line "$out" mechanism)" 'PLAIN|LOGIN' \
		'a password has precedence where a host does not choose'
}

test_name()
{
	for name in '' "a$(printf '\001')auth=Bearer x"; do
		out=$(host XOAUTH2 imap 127.0.0.1 "$name")
		like "$(line "$out" error)" 'valetkey: the user' \
			"no token for the user \"$(printf %s "$name" | tr '\001' '|')\""
	done
}

test_account()
{
	demo_account other native --host imaps://127.0.0.1 >/dev/null 2>&1
	told 'two accounts have the host' 'several accounts .*VALETKEY_ACCOUNT' \
		XOAUTH2 imap 127.0.0.1 'a name'
	demo_account me native --host imaps://mail.example.com >/dev/null 2>&1
	told '  one is called as the user, and does not have it' \
		'several accounts .*VALETKEY_ACCOUNT' \
		XOAUTH2 imap 127.0.0.1 me
	valetkey remove me --yes </dev/null >/dev/null 2>&1
	out=$(VALETKEY_ACCOUNT=demo host XOAUTH2 imap 127.0.0.1 'a name')
	like "$(line "$out" start)" TOKEN '  VALETKEY_ACCOUNT chooses'
	out=$(host XOAUTH2 imap 127.0.0.1 demo)
	like "$(line "$out" start)" TOKEN '  or the name of the user'
	out=$(VALETKEY_ACCOUNT=other host XOAUTH2 imap 127.0.0.1 me)
	like "$(line "$out" error)" 'valetkey: .*valetkey login other' \
		'  and nobody has logged in to the other'
	out=$(VALETKEY_ACCOUNT=other host XOAUTH2 imap mail.example.com me)
	like "$(line "$out" error)" 'not one of the hosts of other' \
		'  which is for its own hosts alone'
	valetkey remove other --yes </dev/null >/dev/null 2>&1
}

test_opt_in()
{
	out=$(SASL_WITH=$(sasl_default) host XOAUTH2 imap 127.0.0.1 me)
	like "$(line "$out" start)" "^$NOMECH\$" 'nothing without SASL_PATH'
	is "$(line "$out" plugin)" missing '  not even loaded'
}

test_valgrind()
{
	need_program valgrind valgrind || return
	if [ -n "$SASL_RUNTIME" ]; then
		skip 'a sanitizer looks itself' valgrind
		return
	fi
	for challenge in '' refused; do
		ok "valgrind: ${challenge:-let in}" with_plugin valgrind -q \
			--error-exitcode=9 --leak-check=full \
			--show-leak-kinds=definite \
			--errors-for-leak-kinds=definite "$HOST" \
			OAUTHBEARER imap 127.0.0.1 me "$challenge"
	done
	ok 'valgrind: no token' [ "$(with_plugin valgrind -q \
		--error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite "$HOST" \
		XOAUTH2 imap mail.example.com me >/dev/null 2>&1
		echo $?)" -eq 1 ]
}

cd "$VALETKEY_TEST_DIR" || exit
sasl_start
ok 'a provider' provider_start
ok 'an account for mail servers' demo_account demo web \
	--host imaps://127.0.0.1 --host 'pop3://[::1]:110'
ok 'a login' demo_login demo
test_messages
test_where
test_name
test_account
test_opt_in
test_valgrind
test_refused
valetkey remove demo --yes </dev/null >/dev/null 2>&1
done_testing
