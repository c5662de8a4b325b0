#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # functions called by said
#
# test_network.sh - what the network can do to a token request, from the name to
# the answer: each has an error of its own, which says what to do next. The
# servers and proxies are real, on this computer. What only a name server or a
# clock can show is in test_http.c.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"

need_programs python3
mkdir -p "$CONFIG"
chmod 700 "$CONFIG"
accounts=0

# account URL [LINE...]: a new file "net" for a client that has nothing to show.
account()
{
	accounts=$((accounts + 1))
	(
	umask 077
	printf '%s\n' "id=$(printf %032x "$accounts")" "token_endpoint=$1" \
		client_id=net auth=none grant=client_credentials \
		'hosts[]=https://api.example.com' >"$CONFIG/net.conf"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$CONFIG/net.conf"
	)
}

# fails STATUS PATTERN DESCRIPTION [COMMAND...]
fails()
{
	fails_status=$1 fails_pattern=$2 fails_what=$3
	shift 3
	said "$fails_status" "$fails_pattern" "$fails_what" \
		"$@" valetkey token net
}

# background COMMAND...: ends with the script; its first line to $line, where
# there is to be one.
background()
{
	: >"$VALETKEY_TEST_DIR/line"
	setpriv --pdeathsig KILL "$@" </dev/null \
		>"$VALETKEY_TEST_DIR/line" 2>"$VALETKEY_TEST_DIR/line.err" &
	last=$!
	until [ -s "$VALETKEY_TEST_DIR/line" ]; do
		process_runs "$last" || return 1
		sleep 0.02
	done
	line=$(head -n 1 "$VALETKEY_TEST_DIR/line")
}

# proxy MODE: its URL without the scheme to $proxy, its log is proxy.MODE.
proxy()
{
	background python3 "$VALETKEY_SRC/tests/lib/proxy.py" "$1" \
		"$VALETKEY_TEST_DIR/proxy.$1" || exit 1
	proxy=127.0.0.1:$line
}

proxied()
{
	wc -l <"$VALETKEY_TEST_DIR/proxy.$1" 2>/dev/null || echo 0
}

# tls_server NAME OPTION...: one of openssl's, with this certificate and for one
# connection; its port to $port.
tls_server()
{
	tls_name=$1
	shift
	background openssl s_server -accept 127.0.0.1:0 -naccept 1 -www \
		-cert "$KEYS/$tls_name.crt" -key "$KEYS/$tls_name.key" \
		-CAfile "$KEYS/ca.crt" "$@" || exit 1
	# its first line is another one
	until grep -q '^ACCEPT ' "$VALETKEY_TEST_DIR/line"; do
		process_runs "$last" || exit 1
		sleep 0.02
	done
	port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' \
		"$VALETKEY_TEST_DIR/line")
}

has_ipv6()
{
	grep -q '^0\{31\}1 .* lo$' /proc/net/if_inet6 2>/dev/null
}

# ---- until there is a connection ----

test_reach()
{
	account https://no-such-name.invalid/token
	fails "$NETWORK" 'no-such-name.invalid.* was not found' 'a name' \
		env no_proxy=
	account "https://127.0.0.1:$(free_port)/token"
	fails "$NETWORK" 'the connection was refused' 'nobody listens'
	has_ipv6 || return
	account "https://[::1]:$(free_port)/token"
	fails "$NETWORK" '\[::1\] cannot be reached: .* refused' \
		'nobody listens, IPv6'
}

# Ten seconds; it waits beside the other tests.
slow_begin()
{
	proxy hang
	account "https://$proxy/token"
	mv "$CONFIG/net.conf" "$CONFIG/slow.conf"
	slow_began=$(date +%s)
	(
	status=0
	valetkey token slow --timeout 60 >"$VALETKEY_TEST_DIR/slow" 2>&1 ||
		status=$?
	echo "status $status after $(($(date +%s) - slow_began))" \
		>>"$VALETKEY_TEST_DIR/slow"
	) </dev/null &
	slow=$!
}

slow_end()
{
	wait "$slow"
	like "$(cat "$VALETKEY_TEST_DIR/slow")" \
		'did not accept the connection in time.*proxy' \
		'a connection that is not taken'
	like "$(cat "$VALETKEY_TEST_DIR/slow")" \
		"^status $NETWORK after (9|[1-4][0-9])\$" \
		'is given up after ten seconds'
}

# ---- TLS ----

start_tls()
{
	certificate_new self /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 &&
		authority_new &&
		certificate_new named /CN=other.example \
			-addext subjectAltName=DNS:other.example &&
		certificate_expired || return
	provider_start --https "$KEYS/server.crt" "$KEYS/server.key" --ipv6
}

with_ca()
{
	url=$1
	shift
	account "$url" "ca_file=$KEYS/ca.crt" "$@"
}

# Whatever the token endpoint says to this client, it was reached.
REACHED='answered invalid_client'

test_tls()
{
	account "$PROVIDER_URL/ws/oauth/token"
	fails "$NETWORK" 'not signed by an authority.*--ca-file' \
		'an authority that nobody knows'
	account "$PROVIDER_URL/ws/oauth/token" "ca_file=$KEYS/self.crt"
	fails "$NETWORK" "not signed by an authority in the account's CA file" \
		'an authority that is not in ca_file'
	with_ca "$PROVIDER_URL/ws/oauth/token"
	fails "$DENIED" "$REACHED" 'with ca_file'
	with_ca "https://localhost:$PROVIDER_PORT/ws/oauth/token"
	fails "$DENIED" "$REACHED" 'by a name'
	account "$PROVIDER_URL/ws/oauth/token" 'ca_file=/nonexistent'
	fails "$NETWORK" 'ca_file: it must be a readable' 'no such ca_file'
	tls_server named
	with_ca "https://127.0.0.1:$port/token"
	fails "$NETWORK" 'made for another name' 'a certificate for another'
	tls_server expired
	with_ca "https://127.0.0.1:$port/token"
	fails "$NETWORK" 'expired or is not valid yet.*clock' 'an expired one'
	tls_server server -tls1_1 -cipher ALL@SECLEVEL=0
	with_ca "https://127.0.0.1:$port/token"
	fails "$NETWORK" 'does not speak TLS 1.2' 'TLS 1.1'
	with_ca "https://[::1]:$PROVIDER_PORT/ws/oauth/token"
	if has_ipv6; then
		fails "$DENIED" "$REACHED" 'IPv6'
	fi
}

test_client_certificate()
{
	for version in -tls1_2 -tls1_3; do
		tls_server server "$version" -Verify 1 \
			-verify_return_error
		run valetkey add shown --client-id x --ca-file "$KEYS/ca.crt" \
			--token-endpoint "https://127.0.0.1:$port/token" \
			--client client_credentials --scope x \
			--client-key "$KEYS/self.key" \
			--client-certificate "$KEYS/self.crt"
		like "$text" 'refused our client certificate' \
			"a client certificate that is refused ($version)"
		remove shown
		tls_server server "$version" -Verify 1 \
			-verify_return_error
		with_ca "https://127.0.0.1:$port/token"
		fails "$NETWORK" 'wants a client certificate' \
			"none where one is wanted ($version)"
	done
}

# ---- proxies ----

test_own_proxy()
{
	proxy allow
	with_ca "$PROVIDER_URL/ws/oauth/token" "proxy=http://$proxy"
	fails "$DENIED" "$REACHED" 'through the account'\''s proxy' \
		env no_proxy='*'
	is "$(proxied allow)" 1 'the account'\''s proxy was asked'
	with_ca "https://localhost:$PROVIDER_PORT/ws/oauth/token" \
		"proxy=socks5h://$proxy"
	fails "$DENIED" "$REACHED" 'SOCKS'
	is "$(tail -n 1 "$VALETKEY_TEST_DIR/proxy.allow")" 'SOCKS type=3' \
		'SOCKS: the proxy looks up the name'
	with_ca "$PROVIDER_URL/ws/oauth/token"
	fails "$DENIED" "$REACHED" 'this computer itself' \
		env https_proxy="http://$proxy" ALL_PROXY="http://$proxy"
	is "$(proxied allow)" 2 'is not asked for by the environment'\''s proxy'
	account https://provider.invalid/token proxy=none
	fails "$NETWORK" 'provider.invalid.* was not found' 'proxy=none' \
		env https_proxy="http://$proxy"
	account https://provider.invalid/token \
		"proxy=http://me:hush@$proxy"
	fails "$ARG" 'proxy must not hold a user name or password' \
		'a password in the account'\''s file'
	unlike "$text" hush 'a password in the account'\''s file: not shown'
	account https://provider.invalid/token 'proxy=ftp://proxy'
	fails "$ARG" 'proxy must be "none", or http://HOST' 'another scheme'
}

# By each variable, as curl knows them.
test_environment()
{
	proxy refuse
	account https://provider.invalid/token
	count=0
	for variable in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
		account https://provider.invalid/token
		fails "$NETWORK" "proxy $proxy refuses to connect to provider" \
			"$variable" env "$variable=http://$proxy"
		count=$((count + 1))
		is "$(proxied refuse)" "$count" "$variable: it was asked"
	done
	for variable in no_proxy NO_PROXY; do
		account https://provider.invalid/token
		fails "$NETWORK" 'provider.invalid.* was not found' \
			"$variable" env "https_proxy=http://$proxy" \
			"$variable=example.com,.invalid"
	done
	is "$(proxied refuse)" "$count" 'no_proxy: it was not asked'
	proxy login
	account https://provider.invalid/token
	fails "$NETWORK" "proxy $proxy .*asks for a user name and password.*407" \
		'a proxy that wants a password' env "https_proxy=http://$proxy"
	account https://provider.invalid/token
	fails "$NETWORK" 'proxy 127.0.0.1:1 .*cannot be reached.*https_proxy' \
		'a proxy that is not there' env https_proxy=http://u:hush@127.0.0.1:1
	unlike "$text" hush 'a proxy that is not there: no password is shown'
}

# ---- IPv6 ----

add_six()
{
	six="http://[::1]:$PROVIDER_PORT/ws/oauth"
	valetkey add six --client-id web-client \
		--authorization-endpoint "$six/authorize" \
		--token-endpoint "$six/token" --redirect-uri "$PROVIDER_REDIRECT" \
		--scope 'monitoring offline_access' \
		--secret-stdin <"$(secret_file web-secret)"
}

# All of a login: the provider, the browser's way back to us, and a refresh.
test_ipv6()
{
	provider_stop
	PROVIDER_PORT='' PROVIDER_REDIRECT="http://[::1]:$(free_port)/callback"
	has_ipv6 || return
	provider_start --ipv6 || return
	ok 'IPv6 alone: an account' add_six
	ok 'IPv6 alone: a login' demo_login six
	ok 'IPv6 alone: a refresh' valetkey token six --min-valid 1000000
	remove six
}

# ---- HTTP and beyond ----

# bad_answer FAULT STATUS PATTERN DESCRIPTION
bad_answer()
{
	account "$PROVIDER_URL/ws/oauth/token"
	provider_fault none "$1"
	fails "$2" "$3" "$4"
}

test_answers()
{
	provider_stop
	PROVIDER_PORT='' PROVIDER_REDIRECT=
	provider_start || return
	bad_answer http-500 "$NETWORK" 'a problem of its own \(HTTP 500\)' \
		'HTTP 500'
	bad_answer reset-before "$NETWORK" 'broke off' 'no answer'
	bad_answer huge "$NETWORK" 'more than 256 KiB' 'an endless answer'
	bad_answer truncate "$NETWORK" 'broke off' 'half an answer'
	bad_answer html "$NETWORK" 'but a web page.*login page' 'a web page'
	bad_answer garbage "$NETWORK" 'not an OAuth answer' 'not JSON'
	bad_answer "redirect=https://me:hush@portal.example:8443/x?y" \
		"$NETWORK" 'a redirect to portal.example:8443, which is not' \
		'a redirect'
	unlike "$text" hush 'a redirect: its host alone'
	bad_answer redirect=/other "$NETWORK" \
		'a redirect to another path there' 'a redirect of its own'
	provider_fault none
	account "$PROVIDER_URL/nowhere"
	fails "$NETWORK" 'no token endpoint at .*nowhere \(HTTP 404\)' \
		'HTTP 404'
}

add_two()
{
	valetkey add two --client-id api-client \
		--token-endpoint "https://127.0.0.1:$1/ws/oauth/token" \
		--client client_credentials --ca-file "$KEYS/ca.crt" \
		--scope monitoring --secret-stdin \
		<"$(secret_file api-secret)"
}

# A server that prefers HTTP/2 and hands on what it gets.
test_http2()
{
	need_program lighttpd 'HTTP/2' || return
	port=$(free_port)
	cat "$KEYS/server.crt" "$KEYS/server.key" >"$KEYS/both.pem"
	cat >"$VALETKEY_TEST_DIR/lighttpd.conf" <<-END
	server.modules = ("mod_proxy", "mod_openssl", "mod_accesslog")
	server.document-root = "$KEYS"
	server.bind = "127.0.0.1"
	server.port = $port
	ssl.engine = "enable"
	ssl.pemfile = "$KEYS/both.pem"
	accesslog.filename = "$VALETKEY_TEST_DIR/http2.log"
	accesslog.format = "%r %s"
	proxy.server = ("" => (("host" => "127.0.0.1",
	    "port" => $PROVIDER_PORT)))
	END
	PATH=$PATH:/usr/sbin setpriv --pdeathsig KILL lighttpd -D \
		-f "$VALETKEY_TEST_DIR/lighttpd.conf" </dev/null \
		>"$VALETKEY_TEST_DIR/lighttpd.out" 2>&1 &
	lighttpd=$!
	until grep -q "$(printf ':%04X [0-9A-F]*:[0-9A-F]* 0A' "$port")" \
		/proc/net/tcp; do
		process_runs "$lighttpd" || break
		sleep 0.02
	done
	ok 'HTTP/2: an account' add_two "$port"
	ok 'HTTP/2: a token' valetkey token two
	kill "$lighttpd" && wait "$lighttpd"
	like "$(cat "$VALETKEY_TEST_DIR/http2.log")" \
		'^POST /ws/oauth/token HTTP/2.0 200$' 'HTTP/2: by ALPN'
}

slow_begin
test_reach
start_tls || {
	tap_note "$(cat "$KEYS/log")"
	exit 1
}
test_tls
test_client_certificate
test_own_proxy
test_environment
test_ipv6
test_answers
test_http2
slow_end
done_testing
