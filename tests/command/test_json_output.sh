#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_json_output.sh - what a program reads: --json of providers and login, and a
# failure of any verb that writes JSON.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

# get FILE EXPRESSION: of the JSON in there, by Python, which is strict.
get()
{
	python3 -c 'import json,sys
j = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$1" "$2" 2>&1
}

# written COMMAND...: standard output alone to $OUT, its status to $status.
written()
{
	status=0
	"$@" </dev/null >"$OUT" 2>"$OUT.err" || status=$?
}

# failure STATUS NAME DESCRIPTION COMMAND...: one object that tells of it.
failure()
{
	failure_status=$1 failure_name=$2 failure_what=$3
	shift 3
	written "$@"
	is "$status" "$failure_status" "$failure_what"
	is "$(get "$OUT" '(j["error"]["result"], j["error"]["name"])')" \
		"($failure_status, '$failure_name')" "$failure_what: its name"
	is "valetkey: $(get "$OUT" 'j["error"]["text"]')" \
		"$(tail -n 1 "$OUT.err")" "$failure_what: its sentence"
}

test_providers()
{
	written valetkey providers --json
	is "$status" 0 'providers --json'
	is "$(get "$OUT" 'sorted(p["provider"] for p in j)' | tr -d "[]',")" \
		"$(valetkey providers | sed -n 's/^\([a-z][^ ]*\) .*/\1/p' |
			sort | xargs)" 'has them all'
	is "$(get "$OUT" '[p["instances"] for p in j if p["provider"] == "gitlab"][0][0]')" \
		com 'and the instances of each'
	written valetkey providers ninjaone --json
	is "$(get "$OUT" '(j["name"], "web" in j["clients"])')" \
		"('NinjaOne', True)" 'one of them'
	failure "$ARG" arg 'one that is not there' \
		valetkey providers ninjaoen --json
	failure "$ARG" arg 'with --check' \
		valetkey providers --check /dev/null --json
}

test_login()
{
	written demo_login demo --json
	is "$status" 0 'login --json'
	is "$(get "$OUT" '(j["account"], j["scope"], j["refresh_token"], 0 < j["expires_in"] <= 3600)')" \
		"('demo', 'monitoring offline_access', True, True)" \
		'what was granted'
	unlike "$(cat "$OUT")" "$(valetkey token demo)" 'and no token'
	failure "$ACCOUNT" account 'login, no such account' \
		valetkey login dmeo --json
}

test_failures()
{
	failure "$ACCOUNT" account 'token --format json' \
		valetkey token dmeo --format json
	failure "$ACCOUNT" account 'status' valetkey status dmeo --json
	failure "$ARG" arg 'a wrong option' valetkey status --json --wrong
	valetkey logout demo --yes >/dev/null 2>&1
	failure "$LOGIN" login 'not logged in' valetkey token demo --format json
	written valetkey doctor demo --json
	like "$(get "$OUT" 'type(j)')" "'list'" \
		'what was written stays the only thing'
	written valetkey token demo
	is "$(cat "$OUT")" '' 'without --json nothing on standard output'
}

provider_start || exit 99
demo_account demo >/dev/null 2>&1 || exit 99
test_providers
test_login
test_failures
done_testing
