# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# share.sh - two machines for the tests of `valetkey share`: the one that keeps the
# login is this session, the other one has a home, accounts and a runtime folder of
# its own, and no bus. What systemd's socket does with Accept=yes is done by
# systemd-socket-activate. Sourced after lib.sh and command.sh.

HELPER=${VALETKEY_PREFIX:+$VALETKEY_PREFIX/libexec/valetkey/valetkey-helper}
: "${HELPER:=$VALETKEY_BUILD/tests/tree/valetkey-helper}"
HOME_SOCKET=$XDG_RUNTIME_DIR/valetkey/share
FAR_HOME=$VALETKEY_TEST_DIR/far-home
FAR_RUNTIME=$VALETKEY_TEST_DIR/far-runtime
FAR_SOCKET=$FAR_RUNTIME/valetkey/far

export HOME_SOCKET FAR_SOCKET
for folder in "$FAR_HOME" "$FAR_RUNTIME" "$FAR_RUNTIME/valetkey" \
	"$XDG_RUNTIME_DIR/valetkey"; do
	[ -d "$folder" ] || mkdir -m 700 "$folder"
done

# far COMMAND...: on the other machine.
far()
{
	env -i PATH="$PATH" HOME="$FAR_HOME" XDG_RUNTIME_DIR="$FAR_RUNTIME" \
		VALETKEY_SRC="$VALETKEY_SRC" VALETKEY_BUILD="$VALETKEY_BUILD" \
		VALETKEY_LIB="$VALETKEY_LIB" \
		${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} "$@"
}

far_id()
{
	sed -n 's/^id=//p' "$FAR_HOME/.config/valetkey/${1:-demo}.conf"
}

# Its kernel keyring is ours, as the user is; the account's id is its own.
far_forget()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(far_id "$@")" \
		"valetkey-ahead:$(far_id "$@")"
}

# serve SOCKET: the helper answers there as the units of `valetkey share` say.
# $SERVING is its process.
serve()
{
	rm -f "$1"
	setpriv --pdeathsig KILL systemd-socket-activate --accept --listen "$1" \
		-E DBUS_SESSION_BUS_ADDRESS -E XDG_RUNTIME_DIR -E HOME \
		-E XDG_CONFIG_HOME ${ASAN_OPTIONS:+-E ASAN_OPTIONS} \
		"$HELPER" share </dev/null >"$VALETKEY_TEST_DIR/serve.log" 2>&1 &
	SERVING=$!
	until [ -S "$1" ]; do
		process_runs "$SERVING" || return 1
		sleep 0.02
	done
	chmod 600 "$1"
}

serve_stop()
{
	kill "$SERVING" 2>/dev/null
	wait "$SERVING" 2>/dev/null
}

# exchange SOCKET LINE...: what is answered to a request of these lines.
exchange()
{
	exchange_at=$1
	shift
	printf '%s\n' valetkey=1 "$@" '' |
		"$VALETKEY_BUILD/tests/ops/exchange" "$exchange_at"
}

# share_mark ACCOUNT: as `valetkey share` does in its file.
share_mark()
{
	echo share=yes >>"$XDG_CONFIG_HOME/valetkey/$1.conf"
}
