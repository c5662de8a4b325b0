#!/bin/sh
# SPDX-License-Identifier: MIT
#
# large.sh - by ./dev hosts: programs of other people that are too large for
# ./dev test (that one: tests/foreign/test_foreign.sh). Each is the one in
# PATH, and is skipped if it is not there or too old.
#
# Left out: Codex, which Debian has not.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

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
	$(mail_lines mutt)
	set from="$MAILBOX" copy=no folder="$PWD"
	END
	printf 'Text\n' >text
	ok 'neomutt: sends' neomutt -n -F neomuttrc -s by-neomutt "$MAILBOX" \
		<text
	like "$(cat "$FOREIGN/mail")" '^Subject: by-neomutt' \
		'neomutt: it arrives'
}

# ---- registries, at tests/fronts/server.py ----

registry_fetch()
{
	rm -rf cargo/registry uses/Cargo.lock
	CARGO_HOME=$PWD/cargo CARGO_TERM_COLOR=never cargo fetch -q \
		--manifest-path uses/Cargo.toml
}

make_registry()
{
	mkdir -p uses/src cargo
	: >uses/src/lib.rs
	printf '[package]\nname = "uses"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nhello = { version = "0.1", registry = "demo" }\n' \
		>uses/Cargo.toml
	printf '[registries.demo]\nindex = "sparse+%s/cargo/index/"\ncredential-provider = ["cargo-credential-valetkey"]\n' \
		"$1" >cargo/config.toml
}

# Credential providers came with 1.74.
test_cargo()
{
	have cargo || return
	recent cargo 1.74 "$(cargo --version 2>/dev/null |
		sed 's/[^0-9]*//; s/ .*//')" || return
	make_registry "$HERE"
	said 0 '' 'cargo: fetches from a registry' registry_fetch
	ok 'cargo: by a token' [ "$(server_log here '^cargo - yes')" -gt 0 ]
	expire fronts
	said 0 '' 'cargo: after the token has expired' registry_fetch
	provider_expire
	said 101 '401|token rejected' 'cargo: a token that was revoked' \
		registry_fetch
	valetkey token fronts | valetkey invalidate fronts 2>/dev/null
	said 0 '' 'cargo: after it was invalidated' registry_fetch
	: >here/refuse
	before=$(server_log here cargo)
	said 101 '401|token rejected' 'cargo: a server that refuses all' \
		registry_fetch
	ok 'cargo: no loop' [ $(($(server_log here cargo) - before)) -le 4 ]
	rm here/refuse
	demo_account second web --host "$HERE" >/dev/null 2>&1
	said 101 'Several accounts have the host .* fronts, second' \
		'cargo: two accounts' registry_fetch
	sed -i 's/"cargo-credential-valetkey"/&, "second"/' cargo/config.toml
	said 101 'valetkey login second' 'cargo: not logged in' registry_fetch
	sed -i 's/, "second"/, "fronts"/' cargo/config.toml
	said 0 '' 'cargo: the one that is named' registry_fetch
	remove second
	make_registry "http://localhost:${HERE##*:}"
	said 101 'no token found|credential' 'cargo: another host' registry_fetch
}

module_fetch()
{
	rm -rf modules && mkdir modules && printf 'module uses\n' >modules/go.mod
	(cd modules && GOPATH=$PWD/path GOFLAGS=-modcacherw GOSUMDB=off \
		GOPROXY=$SECURE/go GONOSUMDB='*' GOTOOLCHAIN=local \
		SSL_CERT_FILE="$VALETKEY_TEST_DIR/cert.pem" \
		go get 127.0.0.1/hello@v1.0.0)
}

# GOAUTH came with 1.24, and is for https alone.
test_go()
{
	have go || return
	recent go 1.24 "$(go env GOVERSION | sed 's/go//')" || return
	for GOAUTH in 'valetkey front goauth fronts' 'valetkey front goauth'; do
		export GOAUTH
		said 0 'added 127.0.0.1/hello' "go: $GOAUTH" module_fetch
	done
	ok 'go: by a token' [ "$(server_log secure '^go - yes')" -gt 0 ]
	expire fronts
	said 0 'added' 'go: after the token has expired' module_fetch
	provider_expire
	said 1 401 'go: a token that was revoked, if nobody is named' \
		module_fetch
	GOAUTH='valetkey front goauth fronts'
	sleep 11 # or it is taken for the new one
	said 0 'added' 'go: a token that was revoked' module_fetch
	: >secure/refuse
	requests_before=$(token_requests)
	said 1 401 'go: a server that refuses all' module_fetch
	ok 'go: no loop' [ $(($(token_requests) - requests_before)) -le 3 ]
	rm secure/refuse
	demo_login fronts >/dev/null 2>&1
	demo_account second web --host "$SECURE" >/dev/null 2>&1
	GOAUTH='valetkey front goauth second'
	terminal sh -c "cd modules; GOPATH=\$PWD/path GOFLAGS=-modcacherw GOSUMDB=off \
		GOPROXY=$SECURE/go GOTOOLCHAIN=local SSL_CERT_FILE=$PWD/cert.pem \
		go get 127.0.0.1/hello@v1.0.0" </dev/null
	like "$text" 'valetkey login second' 'go: not logged in, on its screen'
	remove second
	unset GOAUTH
	go_host
}

# examples/go-host
go_host()
{
	ok 'go: the example is built' env GOFLAGS=-mod=mod GOTOOLCHAIN=local \
		CGO_CFLAGS="-I$VALETKEY_SRC/plugin" \
		CGO_LDFLAGS="-L$(dirname "$VALETKEY_LIB") -l:libvaletkey.so.1" \
		PKG_CONFIG=true GOCACHE="$PWD/gocache" \
		go build -o go-host "$VALETKEY_SRC/examples/go-host/main.go"
	LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB")
	export LD_LIBRARY_PATH
	said 0 '^200 .*a device' 'go: the example' ./go-host fronts "$HERE/api"
	provider_expire
	said 0 '^200 .*a device' 'go: once more after a 401' \
		./go-host fronts "$HERE/api"
	said 27 . 'go: another host' ./go-host fronts http://127.0.0.1:1/
	ok 'go: a server at another port' server_start other
	said 0 '^302 ' 'go: a redirect to another port' \
		./go-host fronts "$HERE/elsewhere$SERVER/api"
	is "$(server_log other .)" 0 'go: which hears nothing'
	unset LD_LIBRARY_PATH
}

docker_inspect()
{
	DOCKER_CONFIG=$PWD/dockerconfig docker manifest inspect --insecure \
		"$1/demo/hello"
}

podman_pull()
{
	rm -rf podman
	REGISTRY_AUTH_FILE=$PWD/dockerconfig/config.json podman \
		--root "$PWD/podman/root" --runroot "$PWD/podman/run" \
		--storage-driver vfs pull -q --tls-verify=false "$1/demo/hello"
}

# image_cases TOOL COMMAND SAYS STATUS: the command fetches from the registry that it
# is given, and says so; if it cannot, it ends with that status.
image_cases()
{
	registry=${SECURE#https://}
	said 0 "$3" "$1: an image" "$2" "$registry"
	ok "$1: by a token" [ "$(server_log secure '^v2 oauth2 yes')" -gt 0 ]
	expire fronts
	said 0 "$3" "$1: after the token has expired" "$2" "$registry"
	provider_expire
	said "$4" 'no such manifest|authentication required' "$1: a token that was revoked" \
		"$2" "$registry"
	valetkey token fronts | valetkey invalidate fronts 2>/dev/null
	said 0 "$3" "$1: after it was invalidated" "$2" "$registry"
	: >secure/refuse
	before=$(server_log secure '^v2')
	said "$4" 'no such manifest|authentication required' "$1: a server that refuses all" \
		"$2" "$registry"
	ok "$1: no loop" [ $(($(server_log secure '^v2') - before)) -le 8 ]
	rm secure/refuse
	said "$4" . "$1: another host" "$2" "localhost:${SECURE##*:}"
	demo_account second web --host "$SECURE" >/dev/null 2>&1
	said "$4" 'Several accounts have the host .*: fronts, second' \
		"$1: two accounts" "$2" "$registry"
	remove second
	valetkey logout fronts --yes </dev/null >/dev/null 2>&1
	said "$4" 'valetkey login fronts' "$1: logged out" "$2" "$registry"
	demo_login fronts >/dev/null 2>&1
}

# docker shows an image's manifest without its daemon; and goes on without a
# credential whatever its helper says.
test_images()
{
	mkdir -p dockerconfig "$HOME/.config/containers"
	printf '{"credHelpers":{"%s":"valetkey"}}\n' "${SECURE#https://}" \
		>dockerconfig/config.json
	printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' \
		>"$HOME/.config/containers/policy.json"
	! have docker || image_cases docker docker_inspect image.layer.v1.tar 1
	! have podman || image_cases podman podman_pull '^[0-9a-f]{64}$' 125
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
	# shellcheck disable=SC2016 # Markdown's quotes
	sed -n 's/^| kubectl | `\([^`]*\)`.*/\1/p' "$VALETKEY_SRC/README.md" |
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
SECURE=
ok 'a registry' server_start here
HERE=$SERVER
ok 'one with TLS' server_start secure "$PWD/cert.pem" "$PWD/key.pem"
SECURE=$SERVER
ok 'its account' demo_account fronts web --host "$HERE" --host "$SECURE"
ok 'a login' demo_login fronts
test_cargo
test_images
test_go
remove fronts
fronts_stop
foreign_stop
test_kubectl
done_testing
