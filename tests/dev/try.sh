#!/bin/sh
# SPDX-License-Identifier: MIT
#
# try.sh - the transcript of ./dev try, inside tests/lib/session. Every command
# that it shows is the one that it runs, in the session's folder. What must be
# true after a step is checked, and the script fails if it is not.
#
# $1: a file that gets the session's folder and the account's id, for
# tests/dev/gone.sh. PATH, VALETKEY_SRC, VALETKEY_BUILD and VALETKEY_PREFIX are
# set by ./dev.

set -u
# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

LIFETIME=10 # of the provider's access tokens, in seconds
bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m')
	plain=$(printf '\033[0m')
fi

say()
{
	printf '\n%s%s%s\n' "$dim" "$(
		echo "$1" | fold -s -w 79 | sed 's/ $//')" "$plain"
}

# show STATUS COMMAND: a line as one would type it. It must end with STATUS.
show()
{
	printf '%s$ %s%s\n' "$bold" "$2" "$plain"
	status=0
	eval "$2" 2>&1 || status=$?
	[ "$status" -eq 0 ] || echo "(exit status $status)"
	expect "exit status of: $2" "$status" "$1"
}

# expect WHAT ACTUAL EXPECTED: or it ends here.
expect()
{
	[ "$2" != "$3" ] || return 0
	echo "WRONG: $1: $2 instead of $3"
	exit 1
}

refreshes()
{
	provider_count 'grant=refresh_token .*result=ok'
}

start()
{
	umask 077
	cd "$VALETKEY_TEST_DIR" &&
		provider_start --access-lifetime "$LIFETIME" || exit
	browser_setup
	PATH=$VALETKEY_BUILD/tests/hosts:$PATH
	devices="devices $VALETKEY_PREFIX/lib/libvaletkey.so.1 \\
    demo $PROVIDER_URL/v2/devices 2"
}

registration_and_login()
{
	say "An administrator has registered a client app at the provider. Tell \
valetkey about it: the secret comes from a descriptor, is tried while it can \
still be corrected, and from then on is in the keyring only."
	show 0 "valetkey add demo --provider ninjaone --instance demo \\
    --client web --client-id web-client --scope monitoring \\
    --redirect-uri $PROVIDER_REDIRECT --secret-fd 3 3<web-secret"
	sed -n 's/^id=//p' config/valetkey/demo.conf >>"$1"
	say "Log in, once, in the browser. Here a script plays the person who \
types the password and presses Allow."
	show 0 'valetkey login demo'
}

tokens()
{
	say "From now on any program gets a token that is valid. (Cut short \
here. This provider's tokens live for $LIFETIME seconds, so that nobody has \
to wait for an hour; the usual --min-valid is 60.)"
	show 0 'valetkey token demo --min-valid 2 | cut -c -24'
	valetkey token demo --min-valid 2 >first-token
	expect 'exit status of the first half' $? 0
	say "A program in C that loads the plugin with dlopen(), asks it for a \
token and lists the devices: tests/hosts/devices.c"
	show 0 "$devices"
	expect 'refreshes so far' "$(refreshes)" 0
}

expiry()
{
	say "The token expires. The program runs as before: valetkey has \
refreshed it, and nobody had to notice."
	show 0 "sleep $LIFETIME"
	show 0 "$devices"
	show 0 'valetkey token demo --min-valid 2 | cut -c -24'
	expect 'refreshes after an expiry' "$(refreshes)" 1
	[ "$(valetkey token demo --min-valid 2)" != "$(cat first-token)" ] ||
		expect 'the token after an expiry' 'the old one' 'a new one'
}

withdrawal()
{
	say "The provider withdraws all its tokens before their time. The \
program meets a 401, tells valetkey, and has a good one at once."
	show 0 "curl -sS -d '' $PROVIDER_URL/control/expire && echo"
	show 0 "$devices"
	expect 'refreshes after a 401' "$(refreshes)" 2
}

the_end()
{
	say "How things stand."
	show 0 'valetkey status demo'
	say "Log out: the provider revokes the grant, the keyring forgets it. A \
program that asks now is told what to do."
	show 0 'valetkey logout demo'
	show 21 'valetkey token demo'
	say "And forget the client's secret and the account as well."
	show 0 'valetkey remove demo --yes'
	say "What the provider's log says: one refresh for the expiry and one \
for the 401, one revocation."
	show 0 "grep -E 'grant=refresh_token|revoke' provider.log"
	expect 'refreshes' "$(refreshes)" 2
}

echo "$VALETKEY_TEST_DIR" >"$1"
say "valetkey, from the registration to the logout. All of it is real but the \
provider, a program on this machine that behaves as NinjaOne does; the keyring \
is a gnome-keyring of its own."
start
registration_and_login "$1"
tokens
expiry
withdrawal
the_end
provider_stop || expect 'exit status of the provider' $? 0
