#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sealed_credential.sh - the sealed store's key held by a credential of the
# service that runs valetkey: with it nothing is typed, without it nothing opens; and
# how the key moves between that and a passphrase. Folders of credentials are laid
# out as systemd does: root's, for the service's user to read. As an ordinary user.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

# lay_out NAME MODE BYTES: a credential that systemd would make of BYTES random ones.
lay_out()
{
	folder=$VALETKEY_CREDENTIALS/$1
	mkdir -m 700 "$folder"
	od -An -N"$3" -tx1 /dev/urandom | tr -d ' \n' >"$folder/valetkey"
	chmod "$2" "$folder/valetkey"
	chmod 550 "$folder"
	[ "$(id -u)" -ne 0 ] || chgrp -R "$(id -g "$ORDINARY_USER")" "$folder"
}

if [ -z "${VALETKEY_CREDENTIALS-}" ]; then
	chmod 711 "$VALETKEY_TEST_DIR"
	export VALETKEY_CREDENTIALS="$VALETKEY_TEST_DIR/credentials"
	mkdir "$VALETKEY_CREDENTIALS"
	lay_out good 440 32
	lay_out other 440 32
	lay_out short 440 15
	lay_out loose 666 32
	lay_out open 440 32
	chmod 777 "$VALETKEY_CREDENTIALS/open"
	mkdir -m 550 "$VALETKEY_CREDENTIALS/empty"
fi

as_ordinary_user
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

LOCKED=23
KEY=$CONFIG/sealed/key
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR

# with FOLDER COMMAND...: as in a service that has this one.
with()
{
	folder=$VALETKEY_CREDENTIALS/$1
	shift
	CREDENTIALS_DIRECTORY=$folder "$@"
}

service()
{
	with good "$@"
}

# typed LINES COMMAND...: passphrases, a line each.
typed()
{
	printf '%b' "$1" >"$VALETKEY_TEST_DIR/typed"
	shift
	"$@" --passphrase-fd 3 3<"$VALETKEY_TEST_DIR/typed"
}

forget_cached()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$ID"
}

in_kernel()
{
	grep -q "valetkey-data-key:$(sed -n 's/^id=//p' "$KEY")" /proc/keys
}

# The kernel collects what nobody holds any more a moment later.
not_in_kernel()
{
	left=100
	while in_kernel && [ "$left" -gt 0 ]; do
		sleep 0.02
		left=$((left - 1))
	done
	! in_kernel
}

provider_start

# ---- the key ----

said $LOCKED 'no key yet.*valetkey unlock, and.*valetkey unlock --holder credential' \
	'no key yet, and a credential' service demo_account work web --store sealed
run demo_account work web --store sealed
unlike "$text" 'credential' 'without one it is not offered'
run with empty demo_account work web --store sealed
unlike "$text" 'credential' 'nor among others'
said $LOCKED 'not given.*systemd-run' 'no credential' \
	valetkey unlock --holder credential
said $DENIED '32 to 4096 bytes.*systemd-creds encrypt' 'a short one' \
	with short valetkey unlock --holder credential
said $DENIED 'nobody else can write' 'one that others can write' \
	with loose valetkey unlock --holder credential
said $LOCKED 'not given' 'one in a folder that others can write' \
	with open valetkey unlock --holder credential
said $ARG 'passphrase, systemd or credential' 'a holder that is none' \
	valetkey unlock --holder file
said $ARG 'no key to change' 'nothing to change' \
	service valetkey unlock --change --holder credential
ok 'nothing was made' test ! -e "$KEY"
said 0 'open.*credential' 'a key without anything typed' \
	service valetkey unlock --holder credential
like "$(cat "$KEY")" '^holder=credential$' 'the file says who holds it'
unlike "$(cat "$KEY")" "$(cat "$VALETKEY_CREDENTIALS/good/valetkey")" \
	'and not what'

# ---- an account ----

ok 'add' service demo_account work web --store sealed
ID=$(sed -n 's/^id=//p' "$CONFIG/work.conf")
ok 'login' service demo_login work
token=$(service valetkey token work)
forget_cached
is "$(service valetkey token work)" "$token" 'a token'
ok 'a refresh' service valetkey token work --min-valid 86400
ok 'the kernel has no data key' not_in_kernel
like "$(service valetkey status work)" 'store +.*credential' \
	'status names the holder'
like "$(service valetkey status --json)" '"holder":"credential"' \
	'for programs too'
like "$(service valetkey doctor work 2>&1)" 'ok +store +.*credential' 'doctor too'

# ---- without it ----

forget_cached
said $LOCKED 'not given.*LoadCredentialEncrypted' 'no token without it' \
	valetkey token work
said $LOCKED 'not given' 'nor with an empty folder' \
	with empty valetkey token work
said $LOCKED 'not given' 'nor a login' demo_login work
said $LOCKED 'not given' 'nor an account' demo_account more web --store sealed
said $LOCKED 'not given' 'unlock asks for no passphrase' valetkey unlock
said $DENIED 'not the one' 'nor with another one' \
	with other valetkey token work
ok 'with it there is one' service valetkey token work

# ---- unlock and lock ----

said 0 'open.*credential' 'unlock says so' service valetkey unlock
said $ARG 'always open' 'not for a time' service valetkey unlock --for 8h
said $DENIED 'cannot be locked.*--change --holder passphrase' 'lock says so' \
	service valetkey lock
said $ARG 'another holder: credential.*--change --holder passphrase' \
	'no second holder' service valetkey unlock --holder passphrase

# ---- another holder ----

cp -p "$KEY" "$VALETKEY_TEST_DIR/key"
said $LOCKED 'not given' 'it moves only if it opens' \
	typed 'long enough for now\n' valetkey unlock --change --holder passphrase
said $DENIED 'too short' 'and to what is good' \
	typed 'short\n' service valetkey unlock --change --holder passphrase
ok 'it did not move' cmp -s "$KEY" "$VALETKEY_TEST_DIR/key"
said 0 'held by passphrase now' 'to a passphrase' typed 'long enough for now\n' \
	service valetkey unlock --change --holder passphrase
like "$(cat "$KEY")" '^holder=passphrase$' 'as the file says'
forget_cached
ok 'it is unlocked' valetkey token work
ok 'and can be locked' valetkey lock
forget_cached
said $LOCKED 'valetkey unlock' 'for who has the credential, too' \
	service valetkey token work
ok 'the passphrase opens it' typed 'long enough for now' valetkey unlock
ok 'into the kernel' in_kernel
said $DENIED 'wrong' 'back: not with a wrong passphrase' \
	typed 'not long ago\n' service valetkey unlock --change --holder credential
said $DENIED '32 to 4096' 'nor to a bad credential' typed 'long enough for now\n' \
	with short valetkey unlock --change --holder credential
said $LOCKED 'not given' 'nor to none' typed 'long enough for now\n' \
	valetkey unlock --change --holder credential
ok 'the passphrase still opens it' typed 'long enough for now' valetkey unlock
said 0 'held by credential now' 'back to the credential' \
	typed 'long enough for now\n' \
	service valetkey unlock --change --holder credential
ok 'and out of the kernel' not_in_kernel
forget_cached
said $LOCKED 'not given' 'the rest has no key any more' valetkey token work
ok 'the service has' service valetkey token work --min-valid 86400

# ---- the end ----

ok 'reset needs no credential' valetkey unlock --reset --yes
is "$(ls -A "$CONFIG/sealed")" '' 'nothing is left'

done_testing
