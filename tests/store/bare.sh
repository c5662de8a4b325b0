#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bare.sh - the sealed store on a computer without bus, keyring and desktop: nothing of
# them is installed while this runs. In a bare Debian, which is made for it:
#
#	./dev fresh --user bookworm -- sh tests/store/bare.sh
#
# or trixie instead. Builds, and takes away what the keyring alone needs; then a
# machine's account and a login by pasting, over https; tokens from an empty
# environment; refreshes; the kernel's keys forgotten, as by a restart.

set -u

REFRESHES=200
DESKTOP='libglib2.0-0* libdbus-1-3* libsecret-1-0* dbus* gnome-keyring*'

# Without these nothing can be asked of a keyring.
desktop_packages()
{
	# shellcheck disable=SC2086 # a list of patterns
	dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' $DESKTOP \
		2>/dev/null | sed -n 's/^ii  *//p'
}

desktop_libraries()
{
	/sbin/ldconfig -p | grep -E 'lib(glib-2|gio-2|dbus-1|secret-1)'
}

prepare()
{
	./dev build || exit
	sudo apt-get -y -qq install curl openssl ca-certificates >/dev/null &&
		make -s -C build/test -j2 tests/tree/valetkey \
			tests/tree/valetkey-helper tests/lib/terminal \
			tests/lib/forget tests/server/ninjaone-provider || exit
	# shellcheck disable=SC2046 # a list of words
	sudo apt-get -y -qq purge $(desktop_packages) >/dev/null || exit
	export VALETKEY_SRC="$PWD" VALETKEY_BUILD="$PWD/build/test"
	PATH=$VALETKEY_BUILD/tests/tree:$PATH exec tests/lib/session --no-bus \
		sh "$VALETKEY_SRC/tests/store/bare.sh"
}

[ -n "${VALETKEY_TEST_DIR-}" ] || prepare

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

LOCKED=23
SEALED=$CONFIG/sealed
CURL_CA_BUNDLE=$VALETKEY_TEST_DIR/tls.pem
export CURL_CA_BUNDLE
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR DISPLAY WAYLAND_DISPLAY

bare()
{
	env -i HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" \
		"$(command -v valetkey)" "$@"
}

unlock()
{
	valetkey unlock --passphrase-fd 3 3<"$VALETKEY_TEST_DIR/passphrase"
}

# What the kernel and the folder have of the accounts.
traces()
{
	grep -E "valetkey[a-z-]*:($MACHINE|$PERSON)" /proc/keys
	find "$CONFIG" -name '*.conf' -not -path '*/providers/*'
	find "$SEALED" -type f -not -name key
}

id_of()
{
	sed -n 's/^id=//p' "$CONFIG/$1.conf"
}

# The browser is elsewhere: the address that it ends at is pasted.
login_by_pasting()
{
	ended=$VALETKEY_TEST_DIR/ended
	browser_setup
	VALETKEY_BROWSER_URL=$ended
	export VALETKEY_BROWSER_URL
	terminal valetkey login person --flow paste <<-END
	expect browser ends at
	until sed '' '$ended' >'$ended.pasted' 2>/dev/null
	secret $ended.pasted
	END
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$VALETKEY_TEST_DIR/tls.key" \
	-out "$CURL_CA_BUNDLE" 2>/dev/null
provider_start --https "$CURL_CA_BUNDLE" "$VALETKEY_TEST_DIR/tls.key" || exit
tap_note "$(. /etc/os-release && echo "$PRETTY_NAME"), $PROVIDER_URL"
is "$(desktop_libraries)" '' 'no library of a desktop is installed'
for program in dbus-daemon gnome-keyring-daemon Xorg; do
	ok "there is no $program" test -z "$(command -v $program)"
done

printf 'four words and a number 7' >"$VALETKEY_TEST_DIR/passphrase"
ok 'unlock makes the key' unlock
ok 'a machine' demo_account machine api-services --store sealed \
	--ca-file "$CURL_CA_BUNDLE"
ok 'a person' demo_account person native --store sealed \
	--ca-file "$CURL_CA_BUNDLE"
MACHINE=$(id_of machine) PERSON=$(id_of person)
login_by_pasting
is "$status" 0 'login by pasting' || tap_note "$text"
ok 'the machine has a token from an empty environment' bare token machine
ok 'and so has the person' bare token person
unlike "$(valetkey move person --store keyring 2>&1)" 'now' \
	'there is no keyring to move to'

failed=0
for _ in $(seq "$REFRESHES"); do
	bare token person --min-valid 86400 >>"$VALETKEY_TEST_DIR/tokens" ||
		failed=$((failed + 1))
done
is "$failed" 0 "$REFRESHES refreshes"
is "$(sort -u "$VALETKEY_TEST_DIR/tokens" | wc -l)" "$REFRESHES" \
	'brought as many tokens'
is "$(provider_count 'reason=reused')" 0 'and none was sent twice'

# As by a restart.
"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$PERSON" "valetkey:$MACHINE" \
	"valetkey-parked:$PERSON" \
	"valetkey-data-key:$(sed -n 's/^id=//p' "$SEALED/key")"
said $LOCKED 'valetkey unlock' 'after a restart' bare token person
ok 'unlock' unlock
ok 'a token again' bare token person
ok 'and after a refresh' bare token person --min-valid 86400
like "$(valetkey status person)" 'store +sealed' 'status'
ok 'logout' valetkey logout person
is "$(provider_count ' /ws/oauth/revoke')" 1 'revokes the grant'
ok 'remove' valetkey remove person --yes
ok 'remove the machine' valetkey remove machine --yes
is "$(traces)" '' 'nothing is left'
ok 'lock' valetkey lock

done_testing
