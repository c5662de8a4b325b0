#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # functions called by said
#
# test_client_auth.sh - how a client shows who it is, where that is no plain
# secret: a key, a certificate, and a secret that must be encoded. The provider
# (tests/server/assertion.c) is as strict as it can be.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"

ODD='a:b%41+c d/ü&=,'
ODD=${ODD%,}

make_keys()
{
	key_new rsa RSA -pkeyopt rsa_keygen_bits:2048 &&
		key_new small RSA -pkeyopt rsa_keygen_bits:1024 &&
		key_new p256 EC -pkeyopt ec_paramgen_curve:P-256 &&
		key_new p384 EC -pkeyopt ec_paramgen_curve:P-384 &&
		key_new p521 EC -pkeyopt ec_paramgen_curve:P-521 &&
		key_new ed ED25519 && key_new other ED25519 &&
		cd "$KEYS" && umask 077 &&
		openssl rsa -in rsa.key -traditional -out pkcs1.key 2>log &&
		openssl ecparam -name prime256v1 -genkey -out sec1.key 2>log &&
		openssl pkey -in sec1.key -pubout -out sec1.pub 2>log &&
		printf secret >word &&
		openssl pkey -in ed.key -aes256 -passout file:word \
			-out encrypted.key 2>log &&
		openssl rsa -in rsa.key -traditional -aes256 -passout file:word \
			-out encrypted1.key 2>log &&
		openssl pkey -in ed.key -outform DER -out der.key 2>log &&
		cp ed.pub public.key &&
		sed 's/^M.../Moops/' ed.key >damaged.key &&
		cp ed.key open.key && chmod 644 open.key
}

# The registered clients, all of the kind api but "login".
start()
{
	secret=$(secret_file api-secret)
	printf '%s' "$ODD" >"$VALETKEY_TEST_DIR/odd"
	set -- --client "$ODD,api,$VALETKEY_TEST_DIR/odd,"
	for name in rsa p256 p384 ed sec1; do
		set -- "$@" --client "$name,api,$secret," \
			--client-public-key "$name=$KEYS/$name.pub,key $name"
	done
	provider_start "$@" \
		--client "login,web,$secret,$PROVIDER_REDIRECT" \
		--client-public-key "login=$KEYS/p256.pub"
}

# add_machine ACCOUNT CLIENT OPTION...
add_machine()
{
	machine=$1 machine_client=$2
	shift 2
	valetkey add "$machine" --provider ninjaone --instance demo \
		--client api-services --client-id "$machine_client" "$@"
}

logged()
{
	like "$(tail -n 1 "$PROVIDER_LOG")" "$1" "$2"
}

# ---- private_key_jwt ----

# signs CLIENT FILE ALGORITHM
signs()
{
	said 0 "accepted the client's key" "$2 of $1" \
		add_machine "$1" "$1" --client-key "$KEYS/$2.key" \
		--client-key-id "key $1"
	logged "client=$1 alg=$3 aud=issuer .*result=ok" "$2 of $1: $3"
	ok "$2 of $1: another token" valetkey token "$1" --min-valid 7000
	requests 2 "$2 of $1: each with a statement of its own"
	is "$(sed -n 's/^auth=//p' "$CONFIG/$1.conf")" private_key_jwt \
		"$2 of $1: the key says by what method"
	remove "$1"
}

test_keys()
{
	requests_before=$(token_requests)
	signs rsa rsa RS256
	signs rsa pkcs1 RS256
	signs p256 p256 ES256
	signs sec1 sec1 ES256
	signs p384 p384 ES384
	signs ed ed EdDSA
	nothing_left 'after remove'
}

# ECDSA's numbers are shorter now and then: one in 128.
test_short_numbers()
{
	(cd "$KEYS" && add_machine p256 p256 --client-key p256.key \
		--client-key-id 'key p256') >"$OUT" 2>&1
	ok 'a key by a relative path' valetkey token p256
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		valetkey token p256 --min-valid 7000 >"$OUT" 2>&1 || break
	done
	is "$(provider_count 'reason=assertion')" 0 \
		'no statement was refused so far' ||
		tap_note "$(grep reason=assertion "$PROVIDER_LOG")"
	remove p256
}

test_audience()
{
	said 0 'accepted' 'a client without issuer' valetkey add plain \
		--token-endpoint "$PROVIDER_URL/ws/oauth/token" \
		--client client_credentials --client-id ed \
		--scope monitoring --client-key "$KEYS/ed.key" \
		--client-key-id 'key ed'
	logged 'aud=token_endpoint .*result=ok' \
		'without issuer: to the token endpoint'
	add_machine ed ed --client-key "$KEYS/ed.key" \
		--client-key-id 'key ed' >"$OUT" 2>&1
	echo assertion_audience=token_endpoint >>"$CONFIG/ed.conf"
	ok 'a server that knows its token endpoint only' \
		valetkey token ed --min-valid 7000
	logged 'aud=token_endpoint .*result=ok' 'to the token endpoint'
	echo assertion_audience=world >>"$CONFIG/ed.conf"
	said "$ARG" 'must be issuer or token_endpoint' 'any other audience' \
		valetkey token ed --min-valid 7000
	sed -i /^assertion_audience=/d "$CONFIG/ed.conf"
}

# A dotfile that was changed does not send statements elsewhere.
test_pinned()
{
	valetkey add far --token-endpoint "$PROVIDER_URL/ws/oauth/token" \
		--client client_credentials --client-id ed \
		--scope monitoring --client-key "$KEYS/ed.key" \
		--client-key-id 'key ed' >"$OUT" 2>&1
	sed -i 's|^\(token_endpoint=.*\)|\1?evil|' "$CONFIG/far.conf"
	requests_before=$(token_requests)
	said "$LOGIN" "not the one that the client's key was added for" \
		'another token endpoint' valetkey token far
	requests 0 'another token endpoint: gets nothing'
	remove ed far plain
	nothing_left 'after remove'
}

test_login()
{
	said 0 "accepted the client's key" 'a client that people log in by' \
		valetkey add login --provider ninjaone --instance demo \
		--client web --client-id login --scope monitoring \
		--redirect-uri "$PROVIDER_REDIRECT" \
		--client-key "$KEYS/p256.key"
	ok 'a login' demo_login login
	ok 'a refresh' valetkey token login --min-valid 7000
	like "$(valetkey status login --json)" '"state": *"ok"' 'status is ok'
	said 0 'revoked' 'a logout' valetkey logout login
	like "$(grep ' /ws/oauth/revoke ' "$PROVIDER_LOG")" \
		'client=login alg=ES256 aud=issuer .*result=ok' \
		'the revocation is signed as well'
	remove login
}

# ---- key files ----

# unusable PATTERN FILE DESCRIPTION: nothing is sent.
unusable()
{
	said "$DENIED" "$1" "$3" \
		add_machine bad ed --client-key "$KEYS/$2"
}

test_files()
{
	requests_before=$(token_requests)
	unusable 'chmod 600 /' open.key 'a key that others can read'
	unusable 'is encrypted.*openssl pkey -in' encrypted.key \
		'an encrypted key'
	unusable 'is encrypted' encrypted1.key 'an encrypted key, PKCS #1'
	unusable 'is not PEM' der.key 'DER'
	unusable 'contains no private key' public.key 'the public key'
	unusable 'damaged' damaged.key 'a damaged key'
	unusable 'at least 2048 bits' small.key 'a small RSA key'
	unusable 'Use RSA, EC P-256' p521.key 'an unusual curve'
	said "$ARG" '^valetkey: --client-key .*none.key cannot be read: No such' \
		'no file' add_machine bad ed --client-key "$KEYS/none.key"
	unusable 'is not a regular file' . 'a folder'
	mkfifo -m 600 "$KEYS/fifo"
	unusable 'is not a regular file' fifo 'a fifo'
	head -c 70000 /dev/zero | tr '\0' x >"$KEYS/large"
	chmod 600 "$KEYS/large"
	unusable 'larger than 64 KiB' large 'a large file'
	if [ "$(id -u)" -eq 0 ]; then
		cp "$KEYS/ed.key" "$KEYS/theirs.key"
		chown 1234 "$KEYS/theirs.key"
		unusable 'belongs to somebody else' theirs.key \
			'a key of somebody else'
	fi
	requests 0 'none of them: no token request'
	said "$DENIED" 'invalid_client' "another's key" \
		add_machine bad ed --client-key "$KEYS/other.key" \
		--client-key-id 'key ed'
	logged 'reason=assertion-signature' "another's key: its signature"
	said "$DENIED" 'invalid_client' 'another kid' \
		add_machine bad ed --client-key "$KEYS/ed.key" \
		--client-key-id 'no key'
	said "$ARG" '--client-key FILE' 'no key at all' \
		add_machine bad ed --auth private_key_jwt
	nothing_left 'all of these'
}

test_lost_key()
{
	cp "$KEYS/ed.key" "$KEYS/lost.key"
	add_machine lost ed --client-key "$KEYS/lost.key" \
		--client-key-id 'key ed' >"$OUT" 2>&1
	rm "$KEYS/lost.key"
	requests_before=$(token_requests)
	said "$DENIED" 'lost.key cannot be opened' 'a key that went away' \
		valetkey token lost --min-valid 7000
	requests 0 'a key that went away: nothing is sent'
	remove lost
}

# ---- secrets ----

add_odd()
{
	add_machine "$@" --secret-fd 3 3<"$VALETKEY_TEST_DIR/odd"
}

test_encoded()
{
	said 0 'accepted the client secret' 'odd characters by Basic' \
		add_odd odd "$ODD" --auth client_secret_basic
	ok 'odd characters by Basic: a token' valetkey token odd
	remove odd
	said 0 'accepted the client secret' 'odd characters in the body' \
		add_odd odd "$ODD" --auth client_secret_post
	remove odd
	is "$(provider_count two-client-authentications)" 0 \
		'never two ways at once'
}

# ---- tls_client_auth ----

# add_shown ACCOUNT CLIENT NAME [OPTION...]
add_shown()
{
	shown=$1 shown_client=$2 shown_name=$3
	shift 3
	add_machine "$shown" "$shown_client" --ca-file "$KEYS/ca.crt" \
		--client-certificate "$KEYS/$shown_name.crt" \
		--client-key "$KEYS/$shown_name.key" "$@"
}

start_tls()
{
	provider_stop
	PROVIDER_PORT=
	certificate_new self /CN=self || return
	authority_new && certificate_new client /CN=client &&
		certificate_new stranger /CN=stranger || return
	cat "$KEYS/ca.crt" "$KEYS/self.crt" >"$KEYS/trust"
	cp "$KEYS/client.crt" "$KEYS/mixed.crt"
	cp "$KEYS/stranger.key" "$KEYS/mixed.key"
	provider_start --https "$KEYS/server.crt" "$KEYS/server.key" \
		--client-ca "$KEYS/trust" \
		--client "shown,api,$(secret_file api-secret)," \
		--client-certificate "shown=$KEYS/client.crt" \
		--client "self,api,$(secret_file api-secret)," \
		--client-certificate "self=$KEYS/self.crt"
}

test_certificate()
{
	said 0 'accepted the client certificate' 'a certificate' \
		add_shown shown shown client
	ok 'a certificate: another token' valetkey token shown --min-valid 7000
	logged 'client=shown .*result=ok' 'a certificate: seen by the server'
	said 0 'accepted the client certificate' 'one that it signed itself' \
		add_shown self self self
	said "$DENIED" 'invalid_client' "another's certificate" \
		add_shown bad shown stranger
	logged 'reason=certificate' "another's certificate: not the registered"
	add_machine bad shown --ca-file "$KEYS/ca.crt" --auth none \
		>"$OUT" 2>&1
	said "$DENIED" 'invalid_client' 'no certificate' valetkey token bad
	remove bad
	requests_before=$(token_requests)
	said "$DENIED" 'cannot be used: .*that of another certificate' \
		'a key of another certificate' add_shown mixed shown mixed
	requests 0 'a key of another certificate: nothing is sent'
	chmod 640 "$KEYS/client.key"
	said "$DENIED" 'chmod 600' 'a key that others can read' \
		valetkey token shown --min-valid 7000
	chmod 600 "$KEYS/client.key"
	said "$ARG" 'client_key is missing' 'a certificate without key' \
		add_machine bad shown \
		--client-certificate "$KEYS/client.crt"
	remove shown self
	nothing_left 'all of these'
}

make_keys || {
	tap_note "$(cat "$KEYS/log")"
	exit 1
}
: "${PROVIDER_REDIRECT:=http://127.0.0.1:$(free_port)/callback}"
start || exit 1
test_keys
test_short_numbers
test_audience
test_pinned
test_login
test_files
test_lost_key
test_encoded
start_tls || exit 1
test_certificate
done_testing
