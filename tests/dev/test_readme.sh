#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_readme.sh - runs the README's table of tools, each line as it is written
# there; only NinjaOne's address is the test provider's.

. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

README=$VALETKEY_SRC/README.md

# The lines of the table: the first `...` of each row.
# shellcheck disable=SC2016 # Markdown's quotes
lines()
{
	sed -n '/^| Tool | Line |/,/^$/s/^| [^|]* | [^`]*`\([^`]*\)`.*/\1/p' \
		"$README" | sed "s|https://app.ninjarmm.com|$PROVIDER_URL|g"
}

# What each of them must print.
expected()
{
	case $1 in
	*netrc*) echo 'machine 127.0.0.1 login oauth2 password' ;;
	*xoauth2*) echo '^[A-Za-z0-9+/=]+$' ;;
	*curl*) echo ALDER-DC01 ;;
	*report.sh*) echo "^token $token\$" ;;
	*) echo '^$' ;;
	esac
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
rm "$GIT_CONFIG_GLOBAL"
ok 'an account' demo_account work
ok 'logs in' demo_login work
ok 'another one' demo_account mail api-services
token=$(valetkey token work)
# shellcheck disable=SC2016 # the script's
printf '#!/bin/sh\necho "token $NINJA_TOKEN"\n' >report.sh
chmod +x report.sh

lines >table
ok 'the table is there' [ "$(wc -l <table)" -ge 8 ]
while read -r line; do
	case $line in
	*.sh | valetkey\ * | git\ * | curl\ * | set\ *)
		out=$(eval "$line" 2>err </dev/null)
		is "$?" 0 "$line"
		like "$out" "$(expected "$line")" 'prints what it should'
		;;
	esac
done <table
like "$(fill "url=$PROVIDER_URL/a.git")" "^password=$token\$" \
	'git has the token then'
is "$(git config --global --get-all credential.helper)" valetkey \
	'and everything else from us'
# (A sanitizer's library must be loaded first of all.)
if python3 -c 'import ctypes, json, urllib.request' 2>/dev/null &&
	! grep -q __.san_init "$VALETKEY_LIB"; then
	like "$(echo '{"id":1,"method":"tools/call","params":{"name":"devices"}}' |
		PYTHONPATH=$VALETKEY_SRC/plugin PYTHONDONTWRITEBYTECODE=1 \
		LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB") \
		"$VALETKEY_SRC/examples/ninjaone-mcp" work "$PROVIDER_URL")" \
		ALDER-DC01 'the MCP server'
else
	skip 'python3 cannot load the library' 'the MCP server'
fi
valetkey remove work --yes >/dev/null 2>&1
valetkey remove mail --yes >/dev/null 2>&1
done_testing
