#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_python.sh - the module valetkey.py: tokens, errors, threads, asyncio, and
# requests and httpx at a server that refuses (python.py does it).

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

# The python that has a package: the one in PATH, or the system's.
python_with()
{
	for python in python3 /usr/bin/python3; do
		"$python" -c "import $1" 2>/dev/null || continue
		echo "$python"
		return
	done
	return 1
}

# try_it PACKAGE WHAT: what python.py tells of it.
try_it()
{
	if ! python=$(python_with "$1"); then
		[ -e "$VALETKEY_SRC/.git" ] && ok "$1 is here" false
		skip "python3 has no $1" "$2"
		return
	fi
	demo_login demo >/dev/null 2>&1 # which forgets what was refused
	"$python" "$VALETKEY_SRC/tests/plugin/python.py" "$HERE" "$ELSEWHERE" \
		"$VALETKEY_TEST_DIR/here" "$PROVIDER_URL" "$2" \
		>lines 2>errors </dev/null
	is "$?" 0 "$2: it ends well" || tap_note "$(cat errors)"
	while read -r line; do
		case $line in
		'ok - '*) tap_result 0 "${line#ok - }" ;;
		*) tap_result 1 "$line" ;;
		esac
	done <lines
}

need_programs python3
# (A sanitizer's library must be loaded first of all.)
if ! python3 -c 'import ctypes' 2>/dev/null ||
	grep -q __.san_init "$VALETKEY_LIB"; then
	skip_all 'python3 cannot load the library'
fi
cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and a server' fronts_start
ok 'one that is not logged in' demo_account out
ok 'and a server that is nobody'\''s' server_start elsewhere
ELSEWHERE=$SERVER
LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB")
PYTHONPATH=$VALETKEY_SRC/plugin
PYTHONDONTWRITEBYTECODE=1
export LD_LIBRARY_PATH PYTHONPATH PYTHONDONTWRITEBYTECODE
try_it ctypes tokens
try_it requests requests
try_it requests requests-refused
try_it httpx httpx
try_it httpx httpx-refused
fronts_stop demo out
done_testing
