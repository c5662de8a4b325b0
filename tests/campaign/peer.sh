#!/bin/sh
# SPDX-License-Identifier: MIT
#
# peer.sh - what peer.c does by the shell for oidc-agent: `serve`, the OpenID
# metadata that it insists on and that our provider does not have; `login`, which
# gives it a new grant: one that a login of ours got.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

certificates=$VALETKEY_TEST_DIR/certificates
keyring=$VALETKEY_BUILD/tests/lib/keyring
provider=http://127.0.0.1:$VALETKEY_PEER_PROVIDER
issuer=https://127.0.0.1:$VALETKEY_PEER_METADATA/

serve()
{
	mkdir -p "$VALETKEY_TEST_DIR/peer/.well-known" &&
		cd "$VALETKEY_TEST_DIR/peer" || exit
	{
		printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n'
		printf '{"issuer":"%s",' "$issuer"
		printf '"%s":"%s",' \
			authorization_endpoint "$provider/ws/oauth/authorize" \
			token_endpoint "$provider/ws/oauth/token"
		printf '"scopes_supported":["monitoring"],'
		printf '"response_types_supported":["code"],'
		printf '"grant_types_supported":["refresh_token"]}'
	} >.well-known/openid-configuration
	exec openssl s_server -quiet -HTTP -cert "$certificates/good.pem" \
		-key "$certificates/good.key" \
		-accept "127.0.0.1:$VALETKEY_PEER_METADATA" </dev/null
}

# The grant of c0 becomes the peer's.
login()
{
	id=$(sed -n 's/^id *= *//p' "$XDG_CONFIG_HOME/valetkey/c0.conf")
	demo_login c0 --accept-change || return
	refresh_token=$("$keyring" dump grant "$id" |
		sed -n 's/^refresh_token=//p')
	"$keyring" delete grant "$id" &&
		"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id" || return
	rm -f "$OIDC_CONFIG_DIR/peer"
	# Debian's oidc-gen takes a refresh token, even in the environment, only
	# together with a secret in its arguments: those of a test.
	oidc-gen peer --manual --iss="$issuer" --client-id=web-client \
		--client-secret="$(cat "$(secret_file web-secret)")" \
		--redirect-uri=http://localhost:4242 --scope=monitoring \
		--cp="$certificates/ours.pem" --flow=refresh \
		--rt="$refresh_token" --pw-file="$(secret_file peer-password)" \
		--confirm-yes --prompt=none </dev/null
}

case ${1-} in
serve | login) "$1" ;;
*) exit 2 ;;
esac
