#!/bin/sh
# SPDX-License-Identifier: MIT
#
# shell.sh - the inside of ./dev shell, inside tests/lib/session: the provider,
# an account that is logged in, and then the command or a shell, in whose place
# this script steps.
#
#	shell.sh FOLDER [COMMAND [ARGUMENT...]]
#
# FOLDER is where it is to run. Standard output belongs to the command alone.

set -eu
# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

VALETKEY_LIB=$VALETKEY_PREFIX/lib/libvaletkey.so.1
LD_RUN_PATH=$VALETKEY_PREFIX/lib # what is linked here finds the library
export VALETKEY_LIB LD_RUN_PATH

set_up()
{
	provider_start &&
		demo_account demo && demo_login demo
}

set_up >"$VALETKEY_TEST_DIR/set-up.out" 2>&1 || {
	cat "$VALETKEY_TEST_DIR/set-up.out" >&2
	exit 1
}
browser_setup
export PROVIDER_URL PROVIDER_LOG PROVIDER_REDIRECT
cd "$1"
shift
[ $# -eq 0 ] || exec "$@"

cat >&2 <<END

A private session with a keyring of its own, which ends with this shell.
  provider   $PROVIDER_URL (\$PROVIDER_URL; its log: \$PROVIDER_LOG)
  issuer     \$PROVIDER_URL/ (the slash belongs to it)
  account    demo, logged in; a script answers \`valetkey login\`
  clients    web-client     its secret is in $(secret_file web-secret)
             native-client  has no secret
             api-client     its secret is in $(secret_file api-secret)
  person     demo; the password is in $(secret_file password)
  C          cc host.c \$(pkg-config --cflags --libs valetkey)
  Python     LD_LIBRARY_PATH=\$VALETKEY_PREFIX/lib python3 host.py
Try:
  valetkey status
  valetkey token demo --format header | curl -H @- \$PROVIDER_URL/v2/devices
To rehearse what a person is asked (provider ninjaone, instance demo, Web, client ID
web-client, and its secret), then a login:
  valetkey add work --redirect-uri \$PROVIDER_REDIRECT
  valetkey login work

END
exec "${SHELL:-/bin/sh}"
