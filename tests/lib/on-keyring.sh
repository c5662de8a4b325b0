#!/bin/sh
# SPDX-License-Identifier: MIT
#
# on-keyring.sh - runs one of the test scripts with another keyring:
#
#	tests/lib/session --no-keyring sh tests/lib/on-keyring.sh kwallet|keepassxc SCRIPT

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/keyrings.sh
. "$VALETKEY_SRC/tests/lib/keyrings.sh"

export VALETKEY_TEST_KEYRING="$1"
if ! keyring_make "$1" >"$VALETKEY_TEST_DIR/make.log" 2>&1; then
	cat "$VALETKEY_TEST_DIR"/*.log >&2
	exit 1
fi
status=0
sh "$2" || status=$?
keyring_end
exit "$status"
