#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_mbsync.sh - mbsync at a Dovecot with the plugin for Cyrus SASL: it logs in, and
# what a person sees on its screen if it cannot.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"
# shellcheck source=tests/sasl/sasl.sh
. "$VALETKEY_SRC/tests/sasl/sasl.sh"

RC=mbsyncrc
# shellcheck disable=SC2034 # for imap_config
IMAP_PASSWORD=$(cat "$(secret_file mailbox-password)")

# mailbox NAME USER LINE...: a channel of mbsyncrc.
mailbox()
{
	name=$1 as=$2
	shift 2
	mkdir -p "mail-$name"
	printf '%s\n' "IMAPStore $name" "Host 127.0.0.1" "User $as" "$@" '' "MaildirStore $name-here" \
		"Path $PWD/mail-$name/" "Inbox $PWD/mail-$name/INBOX" '' \
		"Channel $name" "Far :$name:" "Near :$name-here:" \
		'Create Near' 'SyncState *' '' >>mbsyncrc
}

# fetch NAME: what mbsync says is in mbsync.out. It must end: a mail program that
# waits for ever is worse than one that fails.
fetch()
{
	rm -rf "mail-$1/INBOX"
	with_plugin timeout -k 5 120 mbsync -q -c "$RC" "$1" >mbsync.out 2>&1
}

fetches()
{
	ok "$2" fetch "$1" || tap_note "$(cat mbsync.out)"
	like "$(cat "mail-$1"/INBOX/*/*)" '^Subject: first-message' \
		'  the message is here'
}

# refused NAME PATTERN DESCRIPTION: with this on the screen, and at once.
refused()
{
	refused_status=0
	fetch "$1" || refused_status=$?
	is "$refused_status" 1 "$3"
	like "$(cat mbsync.out)" "$2" '  which says why'
}

refreshes()
{
	provider_count 'POST /ws/oauth/token .*grant=refresh'
}

test_works()
{
	fetches bearer 'OAUTHBEARER'
	fetches xoauth2 'XOAUTH2'
	fetches tls "by TLS, with the README's lines"
	unlike "$(cat mbsync.out)" . '  says nothing more'
}

# The server no longer knows the token, which still looks good here.
test_revoked()
{
	for name in bearer xoauth2; do
		provider_expire
		before=$(refreshes)
		refused "$name" 'AUTHENTICATE|NO |authentication' \
			"$name: a token that was revoked"
		fetches "$name" '  the next run has a new one'
		is $(($(refreshes) - before)) 1 '  by one refresh'
	done
}

# Tokens have a minute and a second, and valetkey gives none that has less than a
# minute.
test_expired()
{
	provider_stop
	provider_start --access-lifetime 61
	demo_login demo >/dev/null 2>&1
	before=$(refreshes)
	fetches bearer 'a token of a short life'
	sleep 2
	fetches bearer '  and when it has expired'
	ok '  by a new one' [ "$(refreshes)" -gt "$before" ]
}

# It says no whatever comes; each run ends by itself.
test_always_refused()
{
	: >"$FOREIGN/refuse"
	for run in 1 2 3; do
		refused xoauth2 'XOAUTH2.* (NO |returned an error)' \
			"always refused, run $run"
	done
	refused xoauth2 'valetkey: .* refused 3 new access tokens' \
		'  the fourth is told that there is no more'
	rm "$FOREIGN/refuse"
}

test_elsewhere()
{
	sed 's/^Host 127.0.0.1/Host localhost/' mbsyncrc >other.rc
	RC=other.rc
	refused bearer 'valetkey: imaps://localhost is not one of the hosts' \
		'another host'
	RC=mbsyncrc
}

# Two accounts have the server: the one that is called as the user has precedence.
test_two_accounts()
{
	demo_account "$MAILBOX" native --host imaps://127.0.0.1 \
		>/dev/null 2>&1
	refused bearer "valetkey: .*valetkey login $MAILBOX" \
		'two accounts: that of the user'
	demo_login "$MAILBOX" >/dev/null 2>&1
	before=$(foreign_log 'introspect yes')
	fetches bearer '  which has logged in now'
	VALETKEY_ACCOUNT=demo
	export VALETKEY_ACCOUNT
	fetches bearer '  or the one that VALETKEY_ACCOUNT names'
	is $(($(foreign_log 'introspect yes') - before)) 2 '  by a token each'
	valetkey logout "$MAILBOX" >/dev/null 2>&1
	fetches bearer '  even if the other has logged out'
	unset VALETKEY_ACCOUNT
	valetkey remove "$MAILBOX" --yes </dev/null >/dev/null 2>&1
}

test_logged_out()
{
	valetkey logout demo >/dev/null 2>&1
	refused xoauth2 'valetkey: .*valetkey login demo' 'after a logout'
}

# A mailbox with a password goes on as before, with the plugin and without it.
test_password()
{
	before=$(foreign_log 'introspect')
	fetches password 'a password, and the plugin is there'
	with=$SASL_WITH SASL_WITH=$(sasl_default)
	fetches password '  and without the plugin'
	refused bearer 'OAUTHBEARER|mechanism|SASL' '  which has no token then'
	SASL_WITH=$with
	is "$(foreign_log 'introspect')" "$before" '  no token was sent'
}

cd "$VALETKEY_TEST_DIR" || exit
sasl_foreign
sasl_start
need_programs mbsync dovecot openssl
mkdir "$FOREIGN" && : >"$FOREIGN/log"
ok 'a provider' provider_start
ok 'an account for the mail server' demo_account demo web \
	--host imaps://127.0.0.1
ok 'a login' demo_login demo
ok 'a mail server' servers_start
ok '  with a certificate' make_certificate
ok '  which is Dovecot' imap_start
# (Since isync 1.5 it has another name.)
case $(mbsync --version) in
*\ 1.[0-4]*) TLS_TYPE=SSLType ;;
*) TLS_TYPE=TLSType ;;
esac
PLAIN="Port $IMAP_PORT
$TLS_TYPE None"
mailbox bearer "$MAILBOX" "$PLAIN" 'AuthMechs OAUTHBEARER'
mailbox xoauth2 "$MAILBOX" "$PLAIN" 'AuthMechs XOAUTH2'
mailbox tls "$MAILBOX" "Port $IMAPS_PORT" "CertificateFile $PWD/cert.pem" \
	"$(mail_lines mbsync | sed "s/^SSLType/$TLS_TYPE/")"
mailbox password "$MAILBOX" "$PLAIN" "Pass $IMAP_PASSWORD"
chmod 600 mbsyncrc
test_works
test_revoked
test_elsewhere
test_two_accounts
test_password
test_expired
test_always_refused
test_logged_out
foreign_stop
done_testing
