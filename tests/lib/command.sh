# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# command.sh - for the scripts that test the command. Sourced after lib.sh.

CONFIG=$XDG_CONFIG_HOME/valetkey
OUT=$VALETKEY_TEST_DIR/out
ESCAPE=$(printf '\033')

# The codes of valetkey.h.
ARG=10 ACCOUNT=20 LOGIN=21 SCOPE=22 CANCELED=26
NETWORK=30 TIMEOUT=31 DENIED=41
export ESCAPE ARG ACCOUNT LOGIN SCOPE CANCELED NETWORK TIMEOUT DENIED

# run COMMAND...: without a terminal; its status to $status, all its output to
# $text.
run()
{
	status=0
	"$@" </dev/null >"$OUT" 2>&1 || status=$?
	text=$(cat "$OUT")
}

# said STATUS PATTERN DESCRIPTION COMMAND...: ends so, and says that.
said()
{
	said_status=$1 said_pattern=$2 said_what=$3
	shift 3
	run "$@"
	is "$status" "$said_status" "$said_what" || tap_note "$text"
	like "$text" "$said_pattern" "$said_what: and says so"
}

# run_until_waiting COMMAND...: a login, which is given up as by Ctrl-C as soon as it
# waits for somebody; all its output to $text.
run_until_waiting()
{
	: >"$OUT"
	setsid env --default-signal=INT "$@" </dev/null >"$OUT" 2>&1 &
	waiting=$!
	until grep -q '^Waiting ' "$OUT" || ! process_runs "$waiting"; do
		sleep 0.05
	done
	kill -s INT "$waiting" 2>/dev/null
	wait "$waiting"
	text=$(cat "$OUT")
}

# terminal COMMAND...: see tests/lib/terminal.c; standard input says what is typed.
# As run(), and $text is what the terminal showed.
terminal()
{
	status=0
	TERM=xterm "$VALETKEY_BUILD/tests/lib/terminal" "$@" >"$OUT" || status=$?
	text=$(tr -d '\r' <"$OUT")
}

# The number of our items in the keyring.
items()
{
	"$VALETKEY_BUILD/tests/lib/keyring" list | wc -l
}

# nothing_left DESCRIPTION: no file, whole or half, and nothing in the keyring.
nothing_left()
{
	is "$(find "$CONFIG" -name '*.conf' -o -name '.new*' |
		grep -v /providers/)$(items)" 0 "$1: nothing is left behind"
}

# token_requests: what the provider's log has of them.
token_requests()
{
	provider_count ' /ws/oauth/token '
}

# requests COUNT DESCRIPTION: since the last time.
requests()
{
	is $(($(token_requests) - ${requests_before:-0})) "$1" "$2"
	requests_before=$(token_requests)
}

remove()
{
	for account in "$@"; do
		valetkey remove "$account" --yes </dev/null >/dev/null 2>&1
	done
}

# odd_account NAME SCOPE LINE...: a web account at a provider of the same name,
# which is NinjaOne with these lines.
odd_account()
{
	odd_folder=$XDG_CONFIG_HOME/valetkey/providers
	odd_name=$1 odd_scope=$2
	shift 2
	{
		cat "$odd_folder/ninjaone.conf" && printf '%s\n' "$@"
	} >"$odd_folder/$odd_name.conf"
	demo_account "$odd_name" web --provider "$odd_name" \
		--scope "$odd_scope" >/dev/null 2>&1
}
