#!/bin/sh
# SPDX-License-Identifier: MIT
#
# large.sh - ./dev hosts, inside tests/lib/session: programs of other people that are
# too large for ./dev test (that one: tests/foreign/test_foreign.sh). Each is the one in
# PATH, and is skipped if it is not there or too old.
#
# Left out, because they cannot work with the command alone: skopeo and docker
# (they look for docker-credential-NAME), git send-email and git imap-send (git asks
# for the protocols smtp and imap), Claude Code's headersHelper (a JSON that no
# format prints). Debian 12 has no Codex, and go without GOAUTH (1.24 has it).

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"

# have PROGRAM: else it is skipped.
have()
{
	! command -v "$1" >/dev/null || return 0
	skip "there is no $1" "$1"
	return 1
}

# recent PROGRAM SINCE VERSION: else it is skipped.
recent()
{
	printf '%s\n%s\n' "$2" "$3" | sort -V -c 2>/dev/null && return
	skip "needs $1 $2, not $3" "$1"
	return 1
}

make_certificate()
{
	mkdir -p "$FOREIGN/imap"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 \
		-keyout "$FOREIGN/imap/key.pem" -out "$FOREIGN/imap/cert.pem" \
		2>"$FOREIGN/openssl.out" && cp "$FOREIGN/imap"/*.pem .
}

# ---- a request ----

test_ansible()
{
	have ansible || return
	cat >play.yml <<-END
	- hosts: localhost
	  gather_facts: false
	  tasks:
	  - uri:
	      url: $PROVIDER_URL/v2/devices
	      use_proxy: false
	      return_content: true
	      headers:
	        Authorization: "Bearer {{ lookup('pipe', 'valetkey token demo') }}"
	    register: answer
	  - debug: var=answer.json[0].systemName
	END
	like "$(ansible-playbook -i localhost, -c local play.yml 2>&1)" \
		'answer.json.*ALDER-DC01' 'ansible: lists the devices'
}

# ---- mail ----

# It sends; as mutt's its IMAP in Debian 12 knows no OAuth.
test_neomutt()
{
	have neomutt || return
	cat >neomuttrc <<-END
	set ssl_force_tls=no ssl_starttls=no
	set smtp_url="smtp://$MAILBOX@127.0.0.1:$SMTP_PORT"
	set smtp_authenticators=xoauth2
	set smtp_oauth_refresh_command="valetkey token demo"
	set from="$MAILBOX" copy=no folder="$PWD"
	END
	printf 'Text\n' >text
	ok 'neomutt: sends' neomutt -n -F neomuttrc -s by-neomutt "$MAILBOX" \
		<text
	like "$(cat "$FOREIGN/mail")" '^Subject: by-neomutt' \
		'neomutt: it arrives'
}

# It knows OAuth by TLS only.
test_aerc()
{
	have aerc || return
	mkdir -p "$XDG_CONFIG_HOME/aerc"
	(umask 077
	cat >"$XDG_CONFIG_HOME/aerc/accounts.conf" <<-END
	[demo]
	source = imaps+xoauth2://demo%40example.com@127.0.0.1:$IMAPS_PORT
	source-cred-cmd = valetkey token demo
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

# With KDE's plugin for the SASL library.
test_mbsync()
{
	have mbsync || return
	mkdir -p mbsync
	cat >mbsyncrc <<-END
	IMAPStore there
	Host 127.0.0.1
	Port $IMAP_PORT
	SSLType None
	User $MAILBOX
	AuthMechs XOAUTH2
	PassCmd "valetkey token demo"

	MaildirStore here
	Path $PWD/mbsync/
	Inbox $PWD/mbsync/INBOX

	Channel demo
	Far :there:
	Near :here:
	Create Near
	END
	ok 'mbsync: synchronizes' mbsync -c mbsyncrc demo
	like "$(cat mbsync/INBOX/*/*)" '^Subject: first-message' \
		'mbsync: the message is here'
}

# ---- a registry ----

# The crate hello, in the registry that server.py has at /cargo/.
make_registry()
{
	mkdir -p hello-0.1.0/src "$FOREIGN/files/cargo/index/he/ll"
	printf '[package]\nname = "hello"\nversion = "0.1.0"\n' \
		>hello-0.1.0/Cargo.toml
	: >hello-0.1.0/src/lib.rs
	tar -czf "$FOREIGN/files/cargo/hello-0.1.0.crate" hello-0.1.0
	web=http://127.0.0.1:$WEB_PORT/cargo
	printf '{"dl":"%s/{crate}-{version}.crate","api":"%s","auth-required":true}\n' \
		"$web" "$web" >"$FOREIGN/files/cargo/index/config.json"
	printf '{"name":"hello","vers":"0.1.0","deps":[],"features":{},"yanked":false,"cksum":"%s"}\n' \
		"$(sha256sum <"$FOREIGN/files/cargo/hello-0.1.0.crate" |
			sed 's/ .*//')" \
		>"$FOREIGN/files/cargo/index/he/ll/hello"
	mkdir -p uses/src cargo
	: >uses/src/lib.rs
	printf '[package]\nname = "uses"\nversion = "0.1.0"\n[dependencies]\nhello = { version = "0.1", registry = "demo" }\n' \
		>uses/Cargo.toml
	cat >cargo/config.toml <<-END
	[registries.demo]
	index = "sparse+$web/index/"
	credential-provider = ["cargo:token-from-stdout", "valetkey", "token", "demo"]
	END
}

# Credential providers came with 1.74.
test_cargo()
{
	have cargo || return
	recent cargo 1.74 "$(cargo --version 2>/dev/null |
		sed 's/[^0-9]*//; s/ .*//')" || return
	make_registry
	ok 'cargo: fetches from a registry' \
		env CARGO_HOME="$PWD/cargo" cargo fetch -q \
		--manifest-path uses/Cargo.toml
	ok 'cargo: by a token' [ "$(foreign_log '^cargo yes')" -gt 0 ]
}

# ---- a cluster ----

# Without TLS it sends no header: the address has the secret. (The provider is no
# cluster; what is asked there has passed.)
kubectl_by_proxy()
{
	others=$(provider_count ' GET (other) .*no-such-path')
	# shellcheck disable=SC2016 # for the command
	run valetkey proxy cluster --secret-in-path -- sh -c 'umask 077
		cat >kubeconfig.proxy <<-END
		apiVersion: v1
		kind: Config
		clusters: [{name: here, cluster: {server: "$VALETKEY_PROXY_URL"}}]
		contexts: [{name: here, context: {cluster: here, user: nobody}}]
		current-context: here
		END
		NO_PROXY=127.0.0.1 KUBECONFIG=kubeconfig.proxy \
			exec kubectl api-versions'
	ok 'kubectl: through the proxy' [ "$(provider_count ' GET (other) .*no-such-path')" \
		-gt "$others" ] || tap_note "$text"
}

# It sends a token by TLS only; README.md has the line. Debian 12's 1.20 crashes
# when it writes its file.
test_kubectl()
{
	have kubectl || return
	recent kubectl 1.22 "$(kubectl version --client -o yaml 2>/dev/null |
		sed -n 's/^ *gitVersion: v//p')" || return
	provider_stop
	provider_start --https "$PWD/cert.pem" "$PWD/key.pem"
	ok 'kubectl: an account' demo_account cluster web \
		--ca-file "$PWD/cert.pem"
	ok 'kubectl: a login' env CURL_CA_BUNDLE="$PWD/cert.pem" \
		BROWSER="$VALETKEY_SRC/tests/server/browser.sh" \
		VALETKEY_BROWSER_PASSWORD_FILE="$(secret_file password)" \
		valetkey login cluster
	KUBECONFIG=$PWD/kubeconfig
	export KUBECONFIG
	sed -n 's/^| kubectl | .\(.*\). |$/\1/p' "$VALETKEY_SRC/README.md" |
		sed 's/token,work,/token,cluster,/' >line.sh
	ok "kubectl: the manual's line" sh line.sh
	kubectl config set-cluster here --server "$PROVIDER_URL" \
		--certificate-authority "$PWD/cert.pem" >kube.out &&
		kubectl config set-context here --cluster here --user work \
			>>kube.out
	like "$(NO_PROXY=127.0.0.1 kubectl --context here get --raw \
		/v2/devices 2>&1)" ALDER-DC01 'kubectl: is let in'
	kubectl_by_proxy
	valetkey remove cluster --yes </dev/null >/dev/null 2>&1
}

cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and servers' foreign_start
ok 'a certificate' make_certificate
ok 'Dovecot starts' imap_start
test_ansible
test_neomutt
test_aerc
test_mbsync
test_cargo
foreign_stop
test_kubectl
done_testing
