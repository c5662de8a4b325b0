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

# shellcheck disable=SC2034 # for imap_config
IMAP_PASSWORD=$(cat "$(secret_file mailbox-password)")

# mailbox NAME USER LINE...: a channel of mbsyncrc.
mailbox()
{
	name=$1 as=$2
	shift 2
	mkdir -p "mail-$name"
	printf '%s\n' "IMAPStore $name" "Host 127.0.0.1" "Port $IMAP_PORT" \
		'SSLType None' "User $as" "$@" '' "MaildirStore $name-here" \
		"Path $PWD/mail-$name/" "Inbox $PWD/mail-$name/INBOX" '' \
		"Channel $name" "Far :$name:" "Near :$name-here:" \
		'Create Near' 'SyncState *' '' >>mbsyncrc
}

# fetch NAME: what mbsync says is in mbsync.out. It must end: a mail program that
# waits for ever is worse than one that fails.
fetch()
{
	rm -rf "mail-$1/INBOX"
	with_plugin timeout -k 5 120 mbsync -c mbsyncrc "$1" >mbsync.out 2>&1
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

# Within mbsync's own time: its token has less than a minute left.
test_expired()
{
	age demo
	valetkey token demo --min-valid 3500 >/dev/null # forget the kernel's
	before=$(refreshes)
	provider_stop
	provider_start --access-lifetime 61
	demo_login demo >/dev/null 2>&1
	fetches bearer 'a token that is short-lived'
	sleep 2
	fetches bearer '  and when it has expired'
}

test_always_refused()
{
	provider_expire
	for run in 1 2 3; do
		refused stranger . "a server that always refuses: run $run"
	done
	refused stranger 'SASL.*valetkey: ' '  the fourth has no token'
}

cd "$VALETKEY_TEST_DIR" || exit
sasl_start
need_programs mbsync dovecot
mkdir "$FOREIGN"
ok 'a provider' provider_start
ok 'an account for the mail server' demo_account demo web \
	--host imaps://127.0.0.1
ok 'a login' demo_login demo
ok 'Dovecot starts' imap_start
mailbox bearer "$MAILBOX" 'AuthMechs OAUTHBEARER'
mailbox xoauth2 "$MAILBOX" 'AuthMechs XOAUTH2'
mailbox any "$MAILBOX"
mailbox stranger nobody@example.com 'AuthMechs XOAUTH2'
mailbox password "$MAILBOX" "Pass $IMAP_PASSWORD"
chmod 600 mbsyncrc
test_works
test_revoked
done_testing
