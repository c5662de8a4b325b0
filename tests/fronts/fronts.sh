# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# fronts.sh - for the scripts that test fronts: their programs in PATH, and
# server.py with the account "demo", whose host it is. Sourced after lib.sh.

SERVERS=
mkdir "$VALETKEY_TEST_DIR/bin"
valetkey front | while read -r _ program _; do
	[ "$program" = - ] || ln -s "$(command -v valetkey)" \
		"$VALETKEY_TEST_DIR/bin/$program"
done
PATH=$VALETKEY_TEST_DIR/bin:$PATH

# server_start NAME [CERTIFICATE KEY]: $SERVER is its address.
server_start()
{
	server_folder=$VALETKEY_TEST_DIR/$1
	shift
	mkdir -p "$server_folder" && : >"$server_folder/log"
	start_server "$server_folder/ready" "$server_folder/out" \
		python3 "$VALETKEY_SRC/tests/fronts/server.py" "$server_folder" \
		"$PROVIDER_URL/ws/oauth/userinfo" "$@" || return
	# shellcheck disable=SC2153 # start_server's, not ours
	SERVERS="$SERVERS $SERVED"
	SERVER=$(cat "$server_folder/ready")
}

# server_log NAME PATTERN: how often it so decided.
server_log()
{
	grep -c -e "$2" "$VALETKEY_TEST_DIR/$1/log" || :
}

# For the scripts' own use.
# shellcheck disable=SC2034
fronts_start()
{
	provider_start "$@" && server_start here || return
	HERE=$SERVER
	demo_account demo web --host "$HERE" && demo_login demo
}

# json_value MEMBER: of the object on standard input; a path with dots.
json_value()
{
	python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value)' "$1"
}

# The current token is no longer good at any server, and nobody here knows.
revoke()
{
	provider_expire
}

# It has expired, there and here.
expire()
{
	age "$1"
	# shellcheck disable=SC2154 # of age()
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
	provider_expire
}

# renew ACCOUNT: what a person does who has seen a 401.
renew()
{
	printf 'url=%s\nusername=%s\npassword=%s\n' "$HERE" "$1" \
		"$(valetkey token "$1")" | git-credential-valetkey erase
}

fronts_stop()
{
	for server in $SERVERS; do
		{ kill "$server"; wait "$server"; } 2>/dev/null
	done
	for account; do
		valetkey remove "$account" --yes </dev/null >/dev/null 2>&1
	done
}
