#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_relay.sh - a relay between raw bytes and a server that says what it was
# asked: what is refused, what passes, and what becomes of it. See relay.py.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"

need_programs python3

# leaf NAME SUBJECTALTNAME [OPTION...]
leaf()
{
	leaf_name=$1 leaf_names=$2
	shift 2
	certificate_new "$leaf_name" "/CN=$leaf_name" \
		-addext basicConstraints=CA:false \
		-addext "subjectAltName=$leaf_names" "$@"
}

# Of no authority.
stranger_new()
{
	own=$KEYS KEYS=$KEYS/apart
	mkdir "$KEYS" && certificate_new stranger /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 &&
		mv "$KEYS/stranger.key" "$KEYS/stranger.crt" "$own"
	set -- $?
	KEYS=$own
	return "$1"
}

authority_new &&
	leaf name DNS:localhost &&
	leaf other DNS:other.example &&
	leaf client IP:127.0.0.1 -addext extendedKeyUsage=clientAuth &&
	certificate_expired &&
	stranger_new ||
	echo 'Bail out! no certificates'

exec python3 "$VALETKEY_SRC/tests/relay/relay.py" \
	"$VALETKEY_BUILD/tests/relay/relay_driver" "$KEYS"
