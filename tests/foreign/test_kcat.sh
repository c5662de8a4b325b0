#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_kcat.sh - examples/librdkafka-plugin.c in kcat, which never polls, at a small
# broker (broker.py).

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

BROKER=$VALETKEY_TEST_DIR/broker

broker_start()
{
	mkdir "$BROKER" && : >"$BROKER/log"
	start_server "$BROKER/ready" "$BROKER/out" \
		python3 "$VALETKEY_SRC/tests/foreign/broker.py" "$BROKER" \
		"$PROVIDER_URL/ws/oauth/userinfo" || return
	BROKER_PID=$SERVED
}

build_plugin()
{
	# shellcheck disable=SC2086 # options
	${CC:-cc} -shared -fPIC -Wall -Wextra \
		-Wno-unused-parameter -I"$VALETKEY_SRC/plugin" \
		"$VALETKEY_SRC/examples/librdkafka-plugin.c" \
		-L"$(dirname "$VALETKEY_LIB")" -l:libvaletkey.so.1 \
		-o valetkey-rdkafka.so
}

# list ACCOUNT: the broker's topics.
list()
{
	kcat -L -m 15 -b "127.0.0.1:$(cat "$BROKER/ready")" \
		-X plugin.library.paths="$PWD/valetkey-rdkafka.so" \
		-X security.protocol=SASL_PLAINTEXT \
		-X sasl.mechanisms=OAUTHBEARER \
		-X sasl.oauthbearer.config="$1"
}

need_programs python3 kcat
# (A sanitizer's library must be loaded first of all.)
grep -q __.san_init "$VALETKEY_LIB" && skip_all 'built with a sanitizer'
cd "$VALETKEY_TEST_DIR" || exit
LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB")
export LD_LIBRARY_PATH
ok 'the provider' provider_start
ok 'an account' demo_account demo
ok 'a login' demo_login demo
ok 'one that is not logged in' demo_account out
ok 'a broker' broker_start
ok 'the plugin is built' build_plugin
said 0 'topic "devices"' 'kcat lists the topics' list demo
is "$(sort -u "$BROKER/log")" 'kafka yes' 'by a token'
age demo
"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
provider_expire
said 0 'topic "devices"' 'after it has expired' list demo
said 1 'valetkey login' 'not logged in' list out
said 1 '[Nn]o such account' 'no such account' list third
provider_expire
requests_before=$(token_requests)
said 1 'this token is not welcome' 'a token that was revoked' list demo
requests 0 'no loop'
valetkey token demo | valetkey invalidate demo
said 0 'topic "devices"' 'after it was invalidated' list demo
provider_stop
ok 'a provider that tells no expiry' provider_start --omit expires_in
ok 'its account' odd_account never monitoring expires_in=0
ok 'its login' demo_login never
unlike "$(valetkey token never --format json)" expires 'has no expiry'
said 0 'topic "devices"' 'a token without an expiry' list never
{ kill "$BROKER_PID"; wait "$BROKER_PID"; } 2>/dev/null
remove demo out never
done_testing
