#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_git_mail.sh - git send-email and git imap-send get a token from
# git-credential-valetkey, as the password of the mailbox; and what git tells the
# helper of mail servers, by the protocol itself.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

# shellcheck disable=SC2034 # for imap_config
IMAP_PLAIN='plain login'
MAIL='protocol=smtp
host=smtp.example.com:587'

key()
{
	sed -n "s/^$1=//p"
}

# Two names are the same service; Bearer is a way of HTTP alone.
test_protocol()
{
	token=$(valetkey token demo)
	for host in smtp.example.com smtp.example.com:587 \
		SMTP.example.com:465; do
		for protocol in smtp smtps; do
			is "$(helper get "protocol=$protocol" "host=$host" \
				"username=$MAILBOX" | key password)" "$token" \
				"$protocol, $host"
		done
	done
	is "$(helper get protocol=imaps host=imap.example.com:993 \
		"username=$MAILBOX" | key password)" "$token" imaps
	out=$(helper get "$MAIL" "username=$MAILBOX" 'capability[]=authtype')
	is "$(echo "$out" | key username)" "$MAILBOX" "the person's own name"
	is "$(echo "$out" | key authtype)" '' 'no Bearer'
	is "$(helper get "$MAIL" | key username)" demo \
		'without a name, that of the account'
	for other in 'protocol=smtp
host=smtp.example.com:2525' 'protocol=imap
host=smtp.example.com' 'protocol=ftp
host=smtp.example.com' 'protocol=https
host=smtp.example.com'; do
		is "$(helper get "$other")" '' \
			"nothing for $(echo "$other" | tr '\n' ' ')"
	done
}

# git stores what worked: a token must not become a password.
test_store()
{
	token=$(valetkey token demo)
	helper store "$MAIL" "username=$MAILBOX" "password=$token"
	is "$(helper get "$MAIL" "username=$MAILBOX" | key password)" "$token" \
		'a token that git would store'
	sleep 2
	ok '  (which has been renewed)' \
		[ "$(valetkey token demo --min-valid 3599)" != "$token" ]
	is "$(helper get "$MAIL" "username=$MAILBOX" | key password)" \
		"$(valetkey token demo)" '  is not stored'
	helper store "$MAIL" username=other@example.com password=of-another
	is "$(helper get "$MAIL" username=other@example.com | key password)" \
		of-another 'a password of another mailbox is stored, and found'
	helper erase "$MAIL" username=other@example.com password=of-another
	before=$(valetkey token demo)
	helper erase "$MAIL" "username=$MAILBOX" "password=$before"
	ok 'a token that git erases is invalidated' \
		[ "$(valetkey token demo)" != "$before" ]
}

# Without a cache nobody but the helper knows the token.
test_store_uncached()
{
	echo cache=none >>"$XDG_CONFIG_HOME/valetkey/demo.conf"
	token=$(valetkey token demo)
	helper store "$MAIL" username=first@example.com "password=$token"
	printf %s "$token" | valetkey invalidate demo
	is "$(helper get "$MAIL" username=first@example.com | key password)" \
		"$(valetkey token demo)" \
		'no cache: a token that git would store is not stored'
	helper store "$MAIL" username=second@example.com "password=$token" \
		"password_expiry_utc=$(($(date +%s) + 3000))"
	is "$(helper get "$MAIL" username=second@example.com | key password)" \
		"$(valetkey token demo)" '  nor one that is no longer current'
	sed -i '/^cache=none/d' "$XDG_CONFIG_HOME/valetkey/demo.conf"
}

test_send_email()
{
	git config --global sendemail.smtpServer 127.0.0.1
	git config --global sendemail.smtpServerPort "$SMTP_PORT"
	git config --global sendemail.smtpUser "$MAILBOX"
	ok 'git send-email' git -C repository send-email --quiet \
		--to "$MAILBOX" --confirm=never -1
	like "$(cat "$FOREIGN/mail")" '^Subject: \[PATCH\] by-git' \
		'  it arrives'
	is "$(foreign_log '^smtp yes')" 1 '  by a token'
	provider_expire
	ok '  a token that was revoked' fails git -C repository send-email \
		--quiet --to "$MAILBOX" --confirm=never -1
	ok '  is no more the next time' git -C repository send-email --quiet \
		--to "$MAILBOX" --confirm=never -1
}

imap_send()
{
	git -C repository format-patch --stdout -1 |
		git -C repository imap-send
}

test_imap_send()
{
	if ! imap_is_old; then
		skip 'Dovecot 2.4 takes no token as a password' 'git imap-send'
		return
	fi
	git config --global imap.host imap://127.0.0.1
	git config --global imap.port "$IMAP_PORT"
	git config --global imap.user "$MAILBOX"
	git config --global imap.folder INBOX
	ok 'git imap-send' imap_send
	like "$(cat "$FOREIGN"/imap/home/Maildir/*/*)" \
		'^Subject: \[PATCH\] by-git' '  it arrives'
}

test_several()
{
	demo_account other native --host smtp://smtp.example.com \
		>/dev/null 2>&1
	like "$(helper get "$MAIL" "username=$MAILBOX" 2>&1)" \
		"credential.smtp://smtp.example.com:587.helper 'valetkey --account" \
		'two accounts have the server: how to choose one'
	is "$(printf '%s\n' "$MAIL" "username=$MAILBOX" |
		git-credential-valetkey --account demo get | key password)" \
		"$(valetkey token demo)" '  as it says'
	is "$(helper get "$MAIL" username=demo | key password)" \
		"$(valetkey token demo)" '  or by the name of the user'
	valetkey remove other --yes </dev/null >/dev/null 2>&1
}

test_setup()
{
	demo_account mail native >/dev/null 2>&1
	sed -i 's|^hosts\[\]=.*|hosts[]=imaps://imap.example.com|' \
		"$XDG_CONFIG_HOME/valetkey/mail.conf"
	exits 27 'git-setup of an account for mail alone' valetkey git-setup mail
	like "$(valetkey git-setup mail 2>&1)" 'valetkey git-setup --apply' \
		'  says what to run'
	valetkey remove mail --yes </dev/null >/dev/null 2>&1
}

fails()
{
	! "$@"
}

need_programs python3 git dovecot
cd "$VALETKEY_TEST_DIR" || exit
mkdir "$FOREIGN" && : >"$FOREIGN/log"
ok 'a provider' provider_start
ok 'a mail server' servers_start
ok '  which is Dovecot' imap_start
ok 'an account for it' demo_account demo web --host smtps://smtp.example.com \
	--host imaps://imap.example.com --host "smtp://127.0.0.1:$SMTP_PORT" \
	--host "imap://127.0.0.1:$IMAP_PORT" --host imap://127.0.0.1
ok 'a login' demo_login demo
git init -q repository
echo text >repository/file
git -C repository add file && git -C repository commit -q -m by-git
test_protocol
test_store
test_store_uncached
test_several
test_setup
! need_program "$(git --exec-path)/git-send-email" 'git send-email' ||
	test_send_email
test_imap_send
foreign_stop
done_testing
