# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# hosts.sh - for the scripts that run host programs against a provider. Sourced
# after lib.sh.

HOSTS=$VALETKEY_BUILD/tests/hosts
: "${VALETKEY_LIB:=$VALETKEY_BUILD/tests/tree/.libs/libvaletkey.so.1}"
# A host that is linked against it, and not with the build tree's path in it.
LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB")
export VALETKEY_LIB LD_LIBRARY_PATH

# Whether the library was built with a sanitizer.
sanitized()
{
	grep -qE '__(asan|tsan|msan)_init' "$VALETKEY_LIB"
}

# ask OPTION...: see ask.c.
ask()
{
	"$HOSTS/ask" "$@"
}

# What the provider has counted, see control.c.
counted()
{
	provider_control stats | sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

refreshes()
{
	counted refreshes_ok
}

# wait_until COMMAND...: up to 20 seconds; if that was in vain, it is told.
wait_until()
{
	tries=400
	until "$@"; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			echo "# waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

counted_above()
{
	[ "$(counted "$1")" -gt "$2" ]
}

# The id of an account, which names its keyring items and its lock.
account_id()
{
	sed -n 's/^id *= *//p' "$XDG_CONFIG_HOME/valetkey/$1.conf"
}

# Whether the provider failed just now is remembered there.
forget_failures()
{
	: >"$XDG_CONFIG_HOME/valetkey/.$(account_id "${1:-demo}").lock"
}

# The helper that holds the lock of an account, whoever may look into it.
helper_of()
{
	inode=$(stat -c %i "$XDG_CONFIG_HOME/valetkey/.$(account_id "$1").lock")
	awk -v inode="$inode" '
		$2 == "FLOCK" && $6 ~ ":" inode "$" { print $5; exit }' \
		/proc/locks
}

# calm [ACCOUNT]: what servers refused is forgotten.
calm()
{
	calm_lock=$XDG_CONFIG_HOME/valetkey/.$(account_id "${1:-demo}").lock
	sed '/^refused/d' "$calm_lock" >"$VALETKEY_TEST_DIR/calm" &&
		cat "$VALETKEY_TEST_DIR/calm" >"$calm_lock"
}

# expire [ACCOUNT]: the next get finds no valid token, wherever it looks.
expire()
{
	ask -x -a "${1:-demo}"
}

# refresh_cost COUNT DESCRIPTION COMMAND...: succeeds, and makes the provider
# refresh so many times.
refresh_cost()
{
	cost=$1 cost_of=$2
	shift 2
	before=$(refreshes)
	ok "$cost_of" "$@"
	is $(($(refreshes) - before)) "$cost" "$cost_of: $cost refreshes"
}

# Removes the accounts: their tokens in the kernel's keyring would outlive us.
remove_accounts()
{
	for account in "$@"; do
		valetkey remove "$account" --yes </dev/null >/dev/null 2>&1
	done
}
