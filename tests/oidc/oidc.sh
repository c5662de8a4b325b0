# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# oidc.sh - starts tests/oidc/server.js and has accounts at it. Sourced after
# lib.sh and command.sh. What is needed from npm is where VALETKEY_TEST_NPM says
# (./dev test installs it, in build/npm); without it the script skips.

OIDC_FOLDER=$VALETKEY_TEST_DIR/oidc
OIDC_CA=$OIDC_FOLDER/ca.crt
OIDC_PID=
OIDC_URL=
OIDC_REDIRECT='http://127.0.0.1:{port}/callback'
NPM=${VALETKEY_TEST_NPM:-$VALETKEY_SRC/build/npm}
export OIDC_FOLDER

# The node that npm brought, else the system's: 20 is the oldest that will do.
oidc_node()
{
	for NODE in "$NPM"/node_modules/node-linux-*/bin/node \
		"$(command -v node)"; do
		[ -x "$NODE" ] && "$NODE" -e '
			const [major, minor] = process.versions.node.split(".");
			process.exit(+major > 20 || +major === 20 &&
				+minor >= 19 ? 0 : 1)' && return
	done
	return 1
}

# need_npm PACKAGE: skips the script where it is not installed.
need_npm()
{
	[ -d "$NPM/node_modules/$1" ] ||
		skip_all "npm's $1 is not in $NPM; ./dev test installs it"
	oidc_node || skip_all "no node that is new enough"
}

# certificate NAME SUBJECT EXTENSION: of the tests' own authority.
certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -keyout "$OIDC_FOLDER/$1.key" -out "$OIDC_FOLDER/$1.crt" \
		-CA "$OIDC_CA" -CAkey "$OIDC_FOLDER/ca.key" -subj "$2" \
		-addext basicConstraints=CA:false -addext "$3"
}

oidc_certificates()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -keyout "$OIDC_FOLDER/ca.key" -out "$OIDC_CA" \
		-subj '/CN=The tests of valetkey' \
		-addext keyUsage=critical,keyCertSign &&
		certificate server /CN=127.0.0.1 \
			subjectAltName=IP:127.0.0.1,DNS:localhost &&
		certificate client /CN=client extendedKeyUsage=clientAuth
}

# Scripts find their packages beside themselves only.
oidc_folder()
{
	mkdir -m 700 "$OIDC_FOLDER" && : >"$OIDC_FOLDER/log" &&
		cp "$VALETKEY_SRC"/tests/oidc/*.js \
			"$VALETKEY_SRC/tests/oidc/package.json" "$OIDC_FOLDER" &&
		ln -s "$NPM/node_modules" "$OIDC_FOLDER/node_modules" &&
		oidc_certificates 2>"$VALETKEY_TEST_DIR/openssl.log" &&
		cp "$(secret_file password)" "$OIDC_FOLDER/password" &&
		printf '%s+%%:&=/?' "$(cat "$(secret_file secret)")" \
			>"$OIDC_FOLDER/secret"
}

# oidc_start NAME=VALUE...: with this environment, see server.js.
oidc_start()
{
	[ -d "$OIDC_FOLDER" ] || oidc_folder || return
	start_server "$OIDC_FOLDER/ready" "$VALETKEY_TEST_DIR/oidc.out" env "$@" \
		"$NODE" "$OIDC_FOLDER/server.js" "$OIDC_FOLDER" || return
	OIDC_PID=$SERVED
	OIDC_URL=$(cat "$OIDC_FOLDER/ready")
}

oidc_stop()
{
	kill "$OIDC_PID" && wait "$OIDC_PID" 2>/dev/null
}

# oidc_count PATTERN: the lines of its log that match.
oidc_count()
{
	grep -Ec -e "$1" "$OIDC_FOLDER/log" || :
}

# oidc_add ACCOUNT CLIENT [OPTION...]: by its issuer.
oidc_add()
{
	oidc_account=$1 oidc_client=$2
	shift 2
	valetkey add "$oidc_account" --issuer "$OIDC_URL" --ca-file "$OIDC_CA" \
		--redirect-uri "$OIDC_REDIRECT" \
		--client-id "$oidc_client" --no-prompt "$@" </dev/null
}

# oidc_add_secret ACCOUNT CLIENT [OPTION...]
oidc_add_secret()
{
	oidc_add "$@" --secret-fd 3 3<"$OIDC_FOLDER/secret"
}

# oidc_login ACCOUNT [OPTION...]: by person.sh.
oidc_login()
{
	BROWSER=$VALETKEY_SRC/tests/oidc/person.sh valetkey login "$@" </dev/null
}
