#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_foreign.sh - programs of other people that take a token from a command, as
# they come from Debian, each with its own server: Dovecot, SMTP, WebDAV; those of
# mail with the README's lines. The
# large ones: ./dev hosts, tests/foreign/large.sh.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"

fails()
{
	! "$@"
}

# It reads a header's value from a file, and no token is an argument.
test_httpie()
{
	need_program http 'httpie' || return
	valetkey token demo | sed 's/^/Bearer /' >header
	like "$(http --ignore-stdin --check-status GET \
		"$PROVIDER_URL/v2/devices" Authorization:@header)" \
		ALDER-DC01 'httpie: lists the devices'
	rm header
}

test_msmtp()
{
	need_program msmtp 'msmtp' || return
	cat >msmtprc <<-END
	account default
	host 127.0.0.1
	port $SMTP_PORT
	tls off
	user $MAILBOX
	from $MAILBOX
	$(mail_lines msmtp)
	END
	chmod 600 msmtprc
	printf 'Subject: by-msmtp\n\nText\n' >message
	before=$(foreign_log 'smtp yes')
	ok 'msmtp: sends' msmtp -C msmtprc "$MAILBOX" <message
	like "$(cat "$FOREIGN/mail")" '^Subject: by-msmtp' 'msmtp: it arrives'
	is $(($(foreign_log 'smtp yes') - before)) 1 'msmtp: by a token'
	sed -i 's/^passwordeval .*/passwordeval echo no-token/' msmtprc
	ok 'msmtp: not by another' fails msmtp -C msmtprc "$MAILBOX" <message
}

# It sends; its IMAP in Debian 12 is built on a SASL library without OAuth.
test_mutt()
{
	need_program mutt 'mutt' || return
	cat >muttrc <<-END
	set ssl_force_tls=no ssl_starttls=no
	set smtp_url="smtp://$MAILBOX@127.0.0.1:$SMTP_PORT"
	$(mail_lines mutt)
	set from="$MAILBOX" copy=no
	END
	printf 'Text\n' >text
	ok 'mutt: sends' mutt -n -F muttrc -s by-mutt "$MAILBOX" <text
	like "$(cat "$FOREIGN/mail")" '^Subject: by-mutt' 'mutt: it arrives'
}

# Its exit status is none to trust: it may miss its own child's end (and then waits
# for the time that its sockets have).
test_getmail()
{
	need_program getmail 'getmail' || return
	mkdir getmail
	cat >getmail/rc <<-END
	[retriever]
	type = SimpleIMAPRetriever
	server = 127.0.0.1
	port = $IMAP_PORT
	username = $MAILBOX
	timeout = 10
	$(mail_lines getmail)
	[destination]
	type = MDA_external
	path = /usr/bin/tee
	arguments = ("$PWD/getmail/message",)
	allow_root_commands = True
	END
	getmail --getmaildir "$PWD/getmail" --rcfile rc >getmail/out 2>&1
	like "$(cat getmail/message)" '^Subject: first-message' \
		'getmail: fetches the message' || tap_note "$(cat getmail/out)"
}

test_offlineimap()
{
	need_program offlineimap 'offlineimap' || return
	cat >offlinerc <<-END
	[general]
	accounts = demo
	metadata = $PWD/offline
	[Account demo]
	localrepository = here
	remoterepository = there
	[Repository here]
	type = Maildir
	localfolders = $PWD/offline-mail
	[Repository there]
	type = IMAP
	remotehost = 127.0.0.1
	remoteport = $IMAP_PORT
	remoteuser = $MAILBOX
	ssl = no
	starttls = no
	$(mail_lines offlineimap)
	END
	ok 'offlineimap: synchronizes' offlineimap -o -u basic -c offlinerc
	like "$(cat offline-mail/INBOX/*/*)" '^Subject: first-message' \
		'offlineimap: the message is here'
}

# It knows OAuth by TLS only.
test_aerc()
{
	need_program aerc 'aerc' || return
	mkdir -p "$XDG_CONFIG_HOME/aerc"
	(umask 077
	cat >"$XDG_CONFIG_HOME/aerc/accounts.conf" <<-END
	[demo]
	$(mail_lines aerc)
	default = INBOX
	from = <$MAILBOX>
	END
	)
	ok 'aerc: reads' env TERM=xterm SSL_CERT_FILE="$PWD/cert.pem" \
		"$VALETKEY_BUILD/tests/lib/terminal" aerc <<-'END'
	expect first-message
	type :quit
	send
	END
}

test_rclone()
{
	need_program rclone 'rclone' || return
	cat >rclone.conf <<-END
	[dav]
	type = webdav
	url = http://127.0.0.1:$WEB_PORT/
	vendor = other
	bearer_token_command = valetkey token demo
	END
	echo contents >upload
	ok 'rclone: uploads' rclone --config rclone.conf -q copy upload dav:
	is "$(rclone --config rclone.conf -q cat dav:upload)" contents \
		'rclone: downloads'
	ok 'rclone: by a token' [ "$(foreign_log '^rclone yes')" -gt 0 ]
	is "$(foreign_log '^rclone no')" 0 'rclone: and by nothing else'
}

need_programs python3 dovecot openssl
cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and servers' foreign_start
ok 'a certificate' make_certificate
ok 'Dovecot starts' imap_start
test_httpie
test_msmtp
test_mutt
test_getmail
test_offlineimap
test_aerc
test_rclone
foreign_stop
done_testing
