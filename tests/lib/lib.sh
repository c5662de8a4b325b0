# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - what the test scripts share: the provider, accounts at it, and the
# Test Anything Protocol. Sourced inside tests/lib/session:
#
#	. "$VALETKEY_SRC/tests/lib/lib.sh"
#	provider_start --access-lifetime 5
#	demo_account demo && demo_login demo
#	is "$(valetkey token demo | wc -l)" 1 'a token is one line'
#	done_testing
#
# Needs VALETKEY_SRC and VALETKEY_BUILD (the source and the build tree) and
# valetkey in PATH. Secrets are random, made at the first start, and travel in
# files of $VALETKEY_TEST_DIR only. Nothing outlives the script.

# ---- the provider ----

PROVIDER_LOG=$VALETKEY_TEST_DIR/provider.log
PROVIDER_PID=
PROVIDER_PORT=
PROVIDER_REDIRECT=
PROVIDER_URL=

# secret_file NAME: the path of a random secret, which is made if it is not there.
secret_file()
{
	if [ ! -s "$VALETKEY_TEST_DIR/$1" ]; then
		(umask 077
		od -An -N24 -tx1 /dev/urandom | tr -d ' \n' \
			>"$VALETKEY_TEST_DIR/$1")
	fi
	printf '%s\n' "$VALETKEY_TEST_DIR/$1"
}

# A port that nobody listens on, outside the range that the kernel gives out.
free_port()
{
	while :; do
		port=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')
		port=$((20000 + port % 10000))
		grep -q "$(printf ':%04X [0-9A-F]*:[0-9A-F]* 0A' "$port")" \
			/proc/net/tcp || break
	done
	echo "$port"
}

# The person's own provider file: NinjaOne with one more instance, "demo".
provider_file()
(
	umask 077
	mkdir -p "$XDG_CONFIG_HOME/valetkey/providers"
	awk -v line="instance[]=demo $PROVIDER_URL Demonstration" \
		'/^instance\[\]=/ && !done { print line; done = 1 } { print }' \
		"$VALETKEY_SRC/helper/providers/ninjaone.conf" \
		>"$XDG_CONFIG_HOME/valetkey/providers/ninjaone.conf"
)

# Whether the process runs: not a zombie.
process_runs()
{
	grep -q ') [^XZ] ' "/proc/$1/stat" 2>/dev/null
}

# start_server READY OUT COMMAND...: a server of the tests, as long as we live. Waits until
# it has written to READY; $SERVED is its process, OUT what it says.
start_server()
{
	serve_ready=$1
	serve_out=$2
	shift 2
	rm -f "$serve_ready"
	setpriv --pdeathsig KILL "$@" </dev/null >"$serve_out" 2>&1 &
	SERVED=$!
	until [ -s "$serve_ready" ]; do
		if ! process_runs "$SERVED"; then
			echo "# it does not start: $1"
			sed 's/^/# /' "$serve_out"
			return 1
		fi
		sleep 0.02
	done
}

# provider_start [OPTION...]: ninjaone-provider with its three kinds of client
# (web-client, native-client, api-client) and the user demo; after
# provider_stop again at the same origin.
provider_start()
{
	: "${PROVIDER_REDIRECT:=http://127.0.0.1:$(free_port)/callback}"
	PROVIDER_PID=
	start_server "$VALETKEY_TEST_DIR/provider.ready" \
		"$VALETKEY_TEST_DIR/provider.out" \
		"$VALETKEY_BUILD/tests/server/ninjaone-provider" \
		--port "${PROVIDER_PORT:-0}" --control --log "$PROVIDER_LOG" \
		--ready-file "$VALETKEY_TEST_DIR/provider.ready" \
		--password-file "$(secret_file password)" \
		--client "web-client,web,$(secret_file web-secret),$PROVIDER_REDIRECT" \
		--client native-client,native,, \
		--client "api-client,api,$(secret_file api-secret)," \
		"$@" || return
	PROVIDER_PID=$SERVED
	PROVIDER_URL=$(cat "$VALETKEY_TEST_DIR/provider.ready")
	PROVIDER_PORT=${PROVIDER_URL##*:}
	provider_file
}

# Ends it; its exit status.
provider_stop()
{
	[ -n "$PROVIDER_PID" ] || return 0
	kill "$PROVIDER_PID" 2>/dev/null
	set -- "$PROVIDER_PID"
	PROVIDER_PID=
	wait "$1"
}

# provider_control PATH [CURL OPTION...]
provider_control()
{
	control_path=$1
	shift
	curl -q -sS -f --noproxy '*' --max-time 10 "$@" \
		"$PROVIDER_URL/control/$control_path"
}

# provider_fault LINE...: faults as for --fault; they add up, so `none` first.
provider_fault()
{
	printf '%s\n' "$@" |
		provider_control faults --data-binary @- >/dev/null
}

# Access tokens that were given out are no longer valid.
provider_expire()
{
	provider_control expire -d '' >/dev/null
}

# provider_count PATTERN: the lines of the log that match.
provider_count()
{
	grep -c -e "$1" "$PROVIDER_LOG" || :
}

# ---- accounts ----

# demo_account NAME [KIND [OPTION...]]: adds an account; KIND is web (the usual
# one), native or api-services.
demo_account()
{
	account=$1 kind=${2:-web} secret=/dev/null
	shift
	[ $# -eq 0 ] || shift
	case $kind in
	web)
		secret=$(secret_file web-secret)
		set -- --client-id web-client --secret-fd 3 \
			--redirect-uri "$PROVIDER_REDIRECT" "$@"
		;;
	native)
		set -- --client-id native-client "$@"
		;;
	api-services)
		secret=$(secret_file api-secret)
		set -- --client-id api-client --secret-fd 3 "$@"
		;;
	esac
	valetkey add "$account" --provider ninjaone --instance demo \
		--client "$kind" --scope monitoring "$@" </dev/null 3<"$secret"
}

# What makes tests/server/browser.sh the person's browser.
browser_setup()
{
	BROWSER=$VALETKEY_SRC/tests/server/browser.sh
	VALETKEY_BROWSER_PASSWORD_FILE=$(secret_file password)
	export BROWSER VALETKEY_BROWSER_PASSWORD_FILE
}

# demo_login NAME [OPTION...]: through the scripted browser.
demo_login()
{
	(browser_setup && valetkey login "$@" </dev/null)
}

# ---- the Test Anything Protocol ----

TAP_COUNT=0
TAP_FAILED=0

# tap_result STATUS DESCRIPTION: prints the line, and returns STATUS.
tap_result()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $TAP_COUNT - $2"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $2"
	fi
	return "$1"
}

# tap_note TEXT: each line as a comment, without what moves a terminal's cursor.
tap_note()
{
	printf '%s\n' "$1" | tr -d '\000-\010\013-\037' | sed 's/^/# /'
}

# ok DESCRIPTION COMMAND...: succeeds; its output is shown if it does not.
ok()
{
	tap_description=$1 tap_status=0
	shift
	"$@" >"$VALETKEY_TEST_DIR/ok.out" 2>&1 || tap_status=$?
	tap_result "$tap_status" "$tap_description" && return
	tap_note "exit status $tap_status"
	tap_note "$(cat "$VALETKEY_TEST_DIR/ok.out")"
	return "$tap_status"
}

# exits STATUS DESCRIPTION COMMAND...: ends with this exit status.
exits()
{
	tap_expected=$1 tap_description=$2 tap_status=0
	shift 2
	"$@" >"$VALETKEY_TEST_DIR/ok.out" 2>&1 || tap_status=$?
	is "$tap_status" "$tap_expected" "$tap_description" && return
	tap_note "$(cat "$VALETKEY_TEST_DIR/ok.out")"
	return 1
}

# is ACTUAL EXPECTED DESCRIPTION
is()
{
	if [ "$1" = "$2" ]; then
		tap_result 0 "$3"
		return
	fi
	tap_result 1 "$3" || :
	tap_note "     got: $1"
	tap_note "expected: $2"
	return 1
}

# like TEXT PATTERN DESCRIPTION: a line of it matches (grep -E).
like()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		tap_result 0 "$3"
		return
	fi
	tap_result 1 "$3" || :
	tap_note "     got: $1"
	tap_note "expected: $2"
	return 1
}

# unlike TEXT PATTERN DESCRIPTION: no line of it matches. Does not show TEXT,
# which may be just what must not be seen.
unlike()
{
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		tap_result 1 "$3"
		return
	fi
	tap_result 0 "$3"
}

# skip REASON DESCRIPTION
skip()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $2 # SKIP $1"
}

# need_program PROGRAM DESCRIPTION: a checkout's tests are not complete without it;
# those of a release may do without.
need_program()
{
	if PATH=$PATH:/usr/sbin command -v "$1" >/dev/null; then
		return 0
	elif [ -e "$VALETKEY_SRC/.git" ]; then
		ok "$1 is installed" false
	else
		skip "$1 is not here" "$2"
	fi
	return 1
}

# need_programs PROGRAM...: the same for a whole script, which ends otherwise.
need_programs()
{
	for program; do
		need_program "$program" 'the whole script' || done_testing
	done
}

# age ACCOUNT: its token has expired, as the copy in the keyring is an old one.
age()
{
	id=$(sed -n 's/^id=//p' "$XDG_CONFIG_HOME/valetkey/$1.conf")
	(umask 077
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" |
		sed -e 's/^issued_at=.*/issued_at=1/' -e '/^boot=/d' \
			>"$VALETKEY_TEST_DIR/old-grant")
	"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" \
		<"$VALETKEY_TEST_DIR/old-grant"
	rm -f "$VALETKEY_TEST_DIR/old-grant"
}

# minute_later ACCOUNT: its token was issued a minute ago, wherever it lies.
minute_later()
{
	id=$(sed -n 's/^id=//p' "$XDG_CONFIG_HOME/valetkey/$1.conf")
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" | awk -F= '
		$1 == "issued_at" { $0 = $1 "=" $2 - 61 }
		$1 == "issued_clock" { $0 = $1 "=" $2 - 61000 }
		{ print }' >"$VALETKEY_TEST_DIR/aged"
	"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" \
		<"$VALETKEY_TEST_DIR/aged"
	rm "$VALETKEY_TEST_DIR/aged"
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
}

# need_keys BYTES: of the user's quota of kernel keys, which all processes of a
# user share; skips the script if less is left.
need_keys()
{
	left=$(awk -v uid="$(id -u):" '$1 == uid {
		split($NF, bytes, "/"); print bytes[2] - bytes[1] }' \
		/proc/key-users 2>/dev/null)
	[ "${left:-20000}" -ge "$1" ] ||
		skip_all "$left bytes left for kernel keys; $1 are needed"
}

# Who tests as an ordinary user if root runs them: an account (D-Bus insists), and not
# "nobody", whose quota of kernel keys ./dev test uses up at the same time.
ORDINARY_USER=games
id games >/dev/null 2>&1 || ORDINARY_USER=nobody

# Whether that ordinary user may look at the build.
others_see_build()
{
	setpriv --reuid="$ORDINARY_USER" --regid="$(id -g "$ORDINARY_USER")" \
		--clear-groups test -x "$VALETKEY_BUILD/tests/tree/valetkey"
}

# For a script about an ordinary user: if root runs it, that one does so instead, in a
# session of its own, and may read a build in root's folder.
as_ordinary_user()
{
	[ "$(id -u)" -eq 0 ] || return 0
	look=
	others_see_build || look='--inh-caps=+dac_read_search
		--ambient-caps=+dac_read_search'
	script=$(realpath "$0")
	cd / || exit
	# shellcheck disable=SC2086 # options or nothing
	exec setpriv --reuid="$ORDINARY_USER" \
		--regid="$(id -g "$ORDINARY_USER")" --clear-groups \
		$look env TMPDIR=/tmp "$VALETKEY_SRC/tests/lib/session" sh "$script"
}

# skip_all REASON: ends the script.
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# Ends the script.
done_testing()
{
	provider_stop || echo "# the provider ended with $?"
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" -eq 0 ] && [ "$TAP_COUNT" -gt 0 ]
	exit
}
