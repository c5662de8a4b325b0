# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# ordinary.sh - for the scripts about what a user may do: root may do all of it.
# If root runs such a script, it is run once more as an ordinary user, in a
# session of that user. Sourced before lib.sh.

if [ "$(id -u)" -eq 0 ]; then
	exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
		env -u XDG_RUNTIME_DIR TMPDIR=/tmp \
		"$VALETKEY_SRC/tests/lib/session" "${SHELL:-sh}" "$0"
fi
