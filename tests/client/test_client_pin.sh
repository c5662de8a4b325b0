#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_client_pin.sh - what a registration was made for is compared at every login, for
# every kind of client, logged in or not; what has changed needs a person's leave,
# and a secret goes elsewhere by nobody's.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

FAR=31536000 # seconds: a token that is good for so long is always a new one
certificate c DNS:localhost,IP:127.0.0.1
liar_start || exit 1

# account KIND [OPTION...]: added under that name, not logged in, at $A.
account()
{
	kind=$1
	shift
	case $kind in
	secret) set -- --secret-fd 3 "$@" ;;
	key) set -- --client-key "$LIES/c.key" "$@" ;;
	certificate)
		set -- --client-key "$LIES/c.key" \
			--client-certificate "$LIES/c.crt" "$@"
		;;
	public) set -- --auth none "$@" ;;
	machine) set -- --client client_credentials --secret-fd 3 "$@" ;;
	esac
	valetkey add "$kind" --issuer "$A" --client-id me --scope read \
		--host "$A" "$@" </dev/null >"$OUT" 2>&1 \
		3<"$(secret_file liar-secret)" ||
		{ cat "$OUT" >&2; exit 1; }
	cp "$CONFIG/$kind.conf" "$VALETKEY_TEST_DIR/$kind.kept"
}

# file NAME [LINE...]: the file as it was added, with these lines more.
file()
{
	file_name=$1
	shift
	cp "$VALETKEY_TEST_DIR/$file_name.kept" "$CONFIG/$file_name.conf"
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$CONFIG/$file_name.conf"
}

# refused NAME KEY DESCRIPTION: a login does not take the change over.
refused()
{
	said "$LOGIN" "^valetkey: The $2 of account $1 has changed.*--accept-change" \
		"$3" valetkey login "$1"
}

# fixed NAME KEY DESCRIPTION: nor does one with --accept-change.
fixed()
{
	said "$LOGIN" "^valetkey: The $2 of account $1 is not the one.*kept.*valetkey edit $1 --" \
		"$3" valetkey login "$1" --accept-change
}

OTHER='hosts[]=https://other.example'

# Whatever the client shows: nothing is adopted in silence, before the first
# login, while it is logged in, and after it was.
test_kind()
{
	account "$1"
	for when in 'before the first login' 'logged in' 'after a logout'; do
		file "$1" "$OTHER"
		refused "$1" hosts "$1, $when: another host"
		[ "$when" = 'logged in' ] ||
			like "$(valetkey status "$1")" 'hosts .*has changed' \
				"$1, $when: status tells of another host"
		if [ "$1" != machine ]; then
			file "$1" pkce=none
			refused "$1" pkce "$1, $when: no PKCE any more"
		fi
		said "$LOGIN" . "$1, $when: nor does a program that may ask" \
			valetkey token "$1" --interactive --min-valid "$FAR"
		file "$1"
		said 0 'is logged in' "$1, $when: as it was" valetkey login "$1"
		[ "$when" != 'logged in' ] || valetkey logout "$1" >"$OUT" 2>&1
	done
}

# What the person has accepted is what holds from then on.
test_accepted()
{
	valetkey logout "$1" >"$OUT" 2>&1
	file "$1" "$OTHER"
	said 0 'is logged in' "$1: a change that is accepted" \
		valetkey login "$1" --accept-change
	said 0 . "$1: accepted, and works" \
		valetkey token "$1" --min-valid "$FAR"
	said 0 'is logged in' "$1: is not asked for again" valetkey login "$1"
	valetkey logout "$1" >"$OUT" 2>&1
	said 0 'is logged in' "$1: nor after a logout" valetkey login "$1"
	valetkey logout "$1" >"$OUT" 2>&1
	file "$1"
	refused "$1" hosts "$1: and back is a change again"
	said 0 'is logged in' "$1: back by leave" \
		valetkey login "$1" --accept-change
}

# What proves who the client is goes to one place for good.
test_destination()
{
	file "$1" "token_endpoint=$B/token"
	fixed "$1" token_endpoint "$1: another token endpoint"
	file "$1" "ca_file=$LIES/c.crt"
	fixed "$1" ca_file "$1: certificates where there were none"
	file "$1" "refresh_endpoint=$A/refresh"
	fixed "$1" refresh_endpoint "$1: an endpoint that there was not"
	file "$1"
}

# A client that says it has no secret does not set it free.
test_disguise()
{
	file secret auth=none "token_endpoint=$B/token"
	fixed secret token_endpoint 'a secret that the file does not tell of'
	file secret "token_endpoint=$B/token"
	fixed secret token_endpoint 'and tells of again'
	is "$(heard b .)" 0 'the other server heard nothing'
	file secret
	said 0 'is logged in' 'the secret is where it was' valetkey login secret
}

# The server says that one of its endpoints has moved.
test_metadata()
{
	sed -i 's/^metadata_at=.*/metadata_at=1/' "$CONFIG/key.conf"
	lie metadata json '{"issuer":"{self}","authorization_endpoint":"{self}/authorize",
		"token_endpoint":"{self}/token","revocation_endpoint":"{self}/elsewhere",
		"token_endpoint_auth_methods_supported":["private_key_jwt"]}'
	said "$LOGIN" 'valetkey edit key --token-endpoint URL --auth METHOD' \
		'key: an endpoint that the server has moved' \
		valetkey login key --accept-change
	is "$(grep -c elsewhere "$CONFIG/key.conf")" 0 \
		'key: an endpoint that the server has moved is not written down'
	honest
	file key
}

# Nobody logs in to it: a get is all that there is.
test_machine_get()
{
	valetkey logout machine >"$OUT" 2>&1
	file machine "$OTHER"
	said "$LOGIN" 'hosts .*has changed.*accept-change' \
		'machine: a get after a logout' valetkey token machine
	is "$(valetkey status --json | grep -c '"state":"changed"')" 1 \
		'machine: status --json says that it has changed'
	file machine
	said 0 . 'machine: a get of what it was' valetkey token machine
}

# Given by its endpoints, which are two.
bare()
{
	valetkey add bare --authorization-endpoint "$A/authorize" \
		--token-endpoint "$A/token" --auth none --client-id me \
		--host "$A" --no-prompt </dev/null >"$OUT" 2>&1 || exit 1
	cp "$CONFIG/bare.conf" "$VALETKEY_TEST_DIR/bare.kept"
}

# What has no secret and no grant has nothing that could go astray.
test_unused()
{
	bare
	file bare "refresh_endpoint=$B/token"
	refused bare refresh_endpoint 'no grant yet: one more endpoint elsewhere'
	file bare "token_endpoint=$A/other"
	refused bare token_endpoint 'no grant yet: another token endpoint'
	file bare client_id=other
	refused bare client_id 'no grant yet: another client'
	file bare "device_authorization_endpoint=$A/device" \
		"ca_file=$LIES/c.crt"
	unlike "$(valetkey status bare)" 'has changed' \
		'no grant yet: a device endpoint and certificates are no change'
	said 0 'is logged in' 'no grant yet: a login with them' \
		valetkey login bare
	said 0 'is logged in' 'no grant yet: and one more' valetkey login bare
	file bare
	refused bare device_authorization_endpoint 'a grant: an endpoint is gone'
	file bare "device_authorization_endpoint=$A/device" \
		"ca_file=$LIES/c.crt" "refresh_endpoint=$A/refresh"
	refused bare refresh_endpoint 'a grant: one more endpoint'
	valetkey logout bare >"$OUT" 2>&1
	file bare "device_authorization_endpoint=$A/device"
	refused bare ca_file 'after a logout: certificates that are gone'
}

# edit KIND NAME SCRIPT: what lies in the keyring of it, by sed.
edit()
{
	edit_id=$(sed -n 's/^id=//p' "$CONFIG/$2.conf")
	(umask 077
	"$VALETKEY_BUILD/tests/lib/keyring" dump "$1" "$edit_id" |
		sed "$3" >"$VALETKEY_TEST_DIR/item")
	"$VALETKEY_BUILD/tests/lib/keyring" replace "$1" "$edit_id" \
		<"$VALETKEY_TEST_DIR/item"
	rm -f "$VALETKEY_TEST_DIR/item"
}

# An item that an older version has made: what it did not pin is no change.
test_older()
{
	valetkey logout secret >"$OUT" 2>&1
	edit client secret /^pin.pkce=/d
	file secret pkce=none
	said 0 'is logged in' 'a pin that there was not yet' \
		valetkey login secret
	edit client secret /^pin.refresh_endpoint=/d
	file secret pkce=none "refresh_endpoint=$B/token"
	fixed secret refresh_endpoint 'but a secret goes only where it is pinned to'
	is "$(heard b .)" 0 'and went nowhere else'
}

for kind in secret key public machine; do
	test_kind "$kind"
	test_accepted "$kind"
done
account certificate
for kind in secret key certificate machine; do
	test_destination "$kind"
done
test_disguise
test_metadata
test_machine_get
test_unused
test_older
remove secret key public machine certificate bare
liar_stop
done_testing
