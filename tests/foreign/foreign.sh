# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# foreign.sh - for the scripts that run programs of other people: the account
# "demo" at the provider, and servers that take its tokens. Sourced after lib.sh.
# A Dovecot asks the provider who has a token; the mailbox is his address.

FOREIGN=$VALETKEY_TEST_DIR/foreign
MAILBOX=demo@example.com
FOREIGN_PIDS=
IMAP_PORT='' IMAPS_PORT=0
IMAP_PASSWORD= # for logins without a token, if there is one
IMAP_PLAIN= # "plain login": these take a token as the password

# foreign_start: the provider with an account, and server.py.
foreign_start()
{
	mkdir "$FOREIGN" && : >"$FOREIGN/log" && provider_start && demo_account demo &&
		demo_login demo || return
	servers_start
}

# For the scripts' own use.
# shellcheck disable=SC2034
servers_start()
{
	start_server "$FOREIGN/ready" "$FOREIGN/server.out" \
		python3 "$VALETKEY_SRC/tests/foreign/server.py" "$FOREIGN" \
		"$PROVIDER_URL/ws/oauth/userinfo" || return
	FOREIGN_PIDS="$FOREIGN_PIDS $SERVED"
	read -r WEB_PORT SMTP_PORT <"$FOREIGN/ready"
}

# Dovecot keeps no mail for root, and so is nobody's then.
imap_user()
{
	if [ "$(id -u)" -eq 0 ]; then echo nobody; else id -un; fi
}

# For this computer's address, and where we are too. Before imap_start.
make_certificate()
{
	mkdir -p "$FOREIGN/imap"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 \
		-keyout "$FOREIGN/imap/key.pem" -out "$FOREIGN/imap/cert.pem" \
		2>"$FOREIGN/openssl.out" && cp "$FOREIGN/imap"/*.pem .
}

# mail_lines PROGRAM: what the README's table has for it, here. (A single word is
# none of its lines.)
# shellcheck disable=SC2016 # Markdown's quotes
mail_lines()
{
	sed -n '/^| Mail program /,/^$/p' "$VALETKEY_SRC/README.md" |
		sed -n "s/^| $1[^|]* | \(.*\) |\$/\1/p" | grep -o '`[^`]*`' |
		tr -d '`' | grep '[ =]' | sed -e 's/token mail/token demo/' \
			-e 's/"mail"/"demo"/' \
			-e "s/me%40example.com@imap.example.com/demo%40example.com@127.0.0.1:$IMAPS_PORT/"
}

# The mechanisms that Dovecot offers.
imap_mechanisms()
{
	echo "auth_mechanisms = xoauth2 oauthbearer" \
		"$IMAP_PLAIN${IMAP_PASSWORD:+plain login}"
}

# What is written alike for all versions of Dovecot.
imap_common()
{
	user=$(imap_user) group=$(id -gn "$(imap_user)")
	cat <<-END
	protocols = imap
	listen = 127.0.0.1
	base_dir = $FOREIGN/imap/run
	state_dir = $FOREIGN/imap/state
	log_path = $FOREIGN/imap/log
	default_internal_user = $user
	default_internal_group = $group
	default_login_user = $user
	first_valid_uid = 1
	first_valid_gid = 1
	$(imap_mechanisms)
	service imap-login {
	  chroot =
	  inet_listener imap {
	    port = $IMAP_PORT
	  }
	  inet_listener imaps {
	    port = $IMAPS_PORT
	  }
	}
	auth_failure_delay = 0
	service anvil {
	  chroot =
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	END
	[ "$IMAPS_PORT" -ne 0 ] || echo 'ssl = no'
}

# Up to 2.3, after imap_common.
imap_config_old()
{
	cat >"$FOREIGN/imap/oauth2.conf" <<-END
	introspection_mode = post
	introspection_url = http://127.0.0.1:$WEB_PORT/introspect
	username_attribute = email
	active_attribute = active
	active_value = true
	END
	[ "$IMAPS_PORT" -eq 0 ] || cat <<-END
	ssl = yes
	ssl_cert = <$FOREIGN/imap/cert.pem
	ssl_key = <$FOREIGN/imap/key.pem
	END
	[ -z "$IMAP_PASSWORD" ] || cat <<-END
	passdb {
	  driver = static
	  mechanisms = plain login
	  args = password=$IMAP_PASSWORD
	}
	END
	cat <<-END
	disable_plaintext_auth = no
	mail_location = maildir:~/Maildir
	passdb {
	  driver = oauth2
	  mechanisms = xoauth2 oauthbearer $IMAP_PLAIN
	  args = $FOREIGN/imap/oauth2.conf
	}
	userdb {
	  driver = static
	  args = uid=$user gid=$group home=$FOREIGN/imap/home
	}
	END
}

# Before 2.4, which is configured in other words, and takes no token as a password: it
# would ask the provider for one by that password.
imap_is_old()
{
	case $(PATH=$PATH:/usr/sbin dovecot --version) in
	2.[0-3].*) ;;
	*) return 1 ;;
	esac
}

# Since 2.4, after imap_common.
imap_config_new()
{
	[ "$IMAPS_PORT" -eq 0 ] || cat <<-END
	ssl = yes
	ssl_server_cert_file = $FOREIGN/imap/cert.pem
	ssl_server_key_file = $FOREIGN/imap/key.pem
	END
	[ -z "$IMAP_PASSWORD" ] || cat <<-END
	passdb static {
	  passdb_mechanisms_filter = plain login
	  passdb_static_password = $IMAP_PASSWORD
	}
	END
	[ -z "$IMAP_PLAIN" ] || echo 'passdb oauth2 {
	}'
	cat <<-END
	auth_allow_cleartext = yes
	mail_driver = maildir
	mail_path = ~/Maildir
	oauth2 {
	  introspection_mode = post
	  introspection_url = http://127.0.0.1:$WEB_PORT/introspect
	  username_attribute = email
	  active_attribute = active
	  active_value = true
	}
	userdb static {
	  fields {
	    uid = $user
	    gid = $group
	    home = $FOREIGN/imap/home
	  }
	}
	END
}

imap_config()
{
	if imap_is_old; then
		imap_common
		imap_config_old
	else
		printf 'dovecot_%s_version = 2.4.0\n' config storage
		imap_common
		imap_config_new
	fi
}

imap_answers()
{
	curl -q -s --noproxy '*' --max-time 2 -o /dev/null \
		"imap://127.0.0.1:$IMAP_PORT" -X CAPABILITY
}

# mailbox_gets SUBJECT: a message in it.
mailbox_gets()
{
	printf 'From: a@example.com\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s@example.com>\n\nText\n' \
		"$MAILBOX" "$1" "$(date -R)" "$1" \
		>"$FOREIGN/imap/home/Maildir/new/1.$1.here"
}

# imap_start: with one message; by TLS as well if there is a certificate.
imap_start()
{
	[ ! -e "$FOREIGN/imap/cert.pem" ] || IMAPS_PORT=$(free_port)
	IMAP_PORT=$(free_port)
	mkdir -p "$FOREIGN/imap/home/Maildir/new" "$FOREIGN/imap/home/Maildir/cur" \
		"$FOREIGN/imap/home/Maildir/tmp" "$FOREIGN/imap/run" \
		"$FOREIGN/imap/state"
	mailbox_gets first-message
	imap_config >"$FOREIGN/imap/conf"
	set --
	if [ "$(id -u)" -eq 0 ]; then
		chmod 711 "$VALETKEY_TEST_DIR"
		chown -R "$user:$group" "$FOREIGN/imap"
		set -- --reuid="$user" --regid="$group" --clear-groups
	fi
	PATH=$PATH:/usr/sbin setpriv --pdeathsig TERM "$@" \
		dovecot -F -c "$FOREIGN/imap/conf" \
		</dev/null >"$FOREIGN/imap.out" 2>&1 &
	FOREIGN_PIDS="$FOREIGN_PIDS $!"
	imap_tries=250
	until imap_answers; do
		imap_tries=$((imap_tries - 1))
		if [ "$imap_tries" -eq 0 ] ||
			! process_runs "${FOREIGN_PIDS##* }"; then
			cat "$FOREIGN/imap.out" "$FOREIGN/imap/log" >&2
			return 1
		fi
		sleep 0.02
	done
}

# foreign_log PATTERN: how often the servers so decided.
foreign_log()
{
	grep -c -e "$1" "$FOREIGN/log" || :
}

foreign_stop()
{
	# shellcheck disable=SC2086 # numbers
	{ kill $FOREIGN_PIDS; wait $FOREIGN_PIDS; } 2>/dev/null
	valetkey remove demo --yes </dev/null >/dev/null 2>&1
}
