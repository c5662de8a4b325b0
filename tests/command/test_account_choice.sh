#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_account_choice.sh - which account a command line means that names none:
# the one that has the URL's host, or the only one; and what is said where that
# is not one.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

RESOURCE=27

# As Claude Code runs it.
headers_of()
{
	CLAUDE_CODE_MCP_SERVER_URL=$1 valetkey token --format headers
}

test_nobody()
{
	said "$ACCOUNT" 'no accounts yet. Add one: valetkey add NAME' \
		'token: there is none' valetkey token
	said "$RESOURCE" 'no accounts yet' 'token: none with a URL' \
		valetkey token --resource "$PROVIDER_URL/"
	said "$ACCOUNT" 'no accounts yet' 'run: there is none' \
		valetkey run -- true
	said "$RESOURCE" 'no accounts yet' 'curl: there is none' \
		valetkey curl -- "$PROVIDER_URL/"
}

test_one()
{
	token=$(valetkey token one)
	is "$(valetkey token)" "$token" 'token: the only account'
	is "$(valetkey token --resource "$PROVIDER_URL/v2/devices")" "$token" \
		'token: by the URL'
	# shellcheck disable=SC2016 # the inner shell's
	is "$(valetkey run -- sh -c 'echo "$VALETKEY_TOKEN"')" "$token" \
		'run: the only account'
	# shellcheck disable=SC2016
	is "$(valetkey run :MINE -- sh -c 'echo "$MINE"')" "$token" \
		'run: in a variable of choice'
	like "$(valetkey curl -- -sS "$PROVIDER_URL/v2/devices")" ALDER-DC01 \
		'curl: by the URL'
	is "$(headers_of "$PROVIDER_URL/mcp")" \
		"{\"Authorization\":\"Bearer $token\"}" \
		'headers: by the URL that Claude Code tells'
	said "$RESOURCE" 'No account has the host https://example.net\. .*valetkey status$' \
		'token: a host of nobody' \
		valetkey token --resource https://example.net/x
	said "$RESOURCE" 'No account has the host https://example.net' \
		'headers: a host of nobody' headers_of https://example.net/mcp
	said "$RESOURCE" 'No account has the host' 'run: a host of nobody' \
		valetkey run --resource https://example.net/ -- true
	said "$RESOURCE" 'No account has the host' 'curl: a host of nobody' \
		valetkey curl -- https://example.net/
	said "$RESOURCE" 'is not a URL that a token may go to' 'no URL' \
		valetkey token --resource ftp://127.0.0.1/
	said "$RESOURCE" 'not a URL' 'one with a user' valetkey token --resource \
		"http://user@${PROVIDER_URL#*//}/"
	said "$ARG" 'token ACCOUNT --format header' 'curl: an option, no account' \
		valetkey curl -- -v "$PROVIDER_URL/"
	said "$ARG" 'Which URL' 'curl: no URL' valetkey curl -- -sS
	said "$RESOURCE" "example.net is not one of the account's hosts" \
		'curl: another host than the first' valetkey curl -- -sS \
		"$PROVIDER_URL/v2/devices" https://example.net/
}

test_several()
{
	said "$ARG" 'Which account\? There are one, two\. Say which one: valetkey token one$' \
		'token: several' valetkey token
	said "$ARG" 'one, two\. .*: valetkey run one -- COMMAND$' 'run: several' \
		valetkey run -- true
	said "$ARG" 'valetkey invalidate one$' 'invalidate: several' \
		valetkey invalidate
	said "$ACCOUNT" "Several accounts have the host $PROVIDER_URL: one, two\. Say which one: valetkey token one --resource $PROVIDER_URL\$" \
		'token: a URL that two have' \
		valetkey token --resource "$PROVIDER_URL/v2"
	said "$ACCOUNT" "valetkey run one --resource $PROVIDER_URL -- COMMAND\$" \
		'run: a URL that two have' \
		valetkey run --resource "$PROVIDER_URL/v2" -- true
	said "$ACCOUNT" "valetkey curl one $PROVIDER_URL\$" \
		'curl: a URL that two have' \
		valetkey curl -- "$PROVIDER_URL/v2/devices"
	said "$ACCOUNT" 'valetkey invalidate one --resource' \
		'invalidate: a URL that two have' \
		valetkey invalidate --resource "$PROVIDER_URL/v2"
	said "$ACCOUNT" 'Several accounts' 'headers: a URL that two have' \
		headers_of "$PROVIDER_URL/mcp"
	is "$(valetkey token two --resource "$PROVIDER_URL/")" \
		"$(valetkey token two)" 'the one that is named'
	is "$(CLAUDE_CODE_MCP_SERVER_URL=https://example.net/mcp \
		valetkey token two --format headers)" \
		"{\"Authorization\":\"Bearer $(valetkey token two)\"}" \
		'headers: the one that is named, whatever the environment says'
	is "$(valetkey token --resource https://own.example:8443/x)" \
		"$(valetkey token two)" 'a host that one of them has'
	for n in $(seq 11); do
		cp -p "$CONFIG/two.conf" "$CONFIG/a$n.conf"
	done
	said "$ARG" 'There are a1, a10, a11, a2, a3, a4, a5, a6, a7, a8, \.\.\.\. Say' \
		'many' valetkey token
	rm "$CONFIG"/a*.conf
}

test_unusable()
{
	chmod g+w "$CONFIG"
	said "$ACCOUNT" "$CONFIG is not used: .*chmod go-w" \
		'a folder that others may write' valetkey token
	chmod g-w "$CONFIG"
	chmod g+w "$CONFIG/two.conf"
	is "$(valetkey token --resource "$PROVIDER_URL/")" \
		"$(valetkey token one)" 'a file that others may write has no hosts'
	chmod g-w "$CONFIG/two.conf"
}

provider_start
test_nobody
{ demo_account one && demo_login one; } >/dev/null 2>&1 || exit 1
test_one
demo_account two api-services --host "$PROVIDER_URL" \
	--host https://own.example:8443 >/dev/null 2>&1 || exit 1
test_several
test_unusable
remove one two
done_testing
