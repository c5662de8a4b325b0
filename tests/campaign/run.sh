#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - the world of the fault campaign, see campaign.h: a strict provider,
# the accounts c0 to c7 at it, and one more that speaks TLS, in the keyring or in
# the sealed store. Run in tests/lib/session; options are those of campaign.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

certificates=$VALETKEY_TEST_DIR/certificates

# authority NAME: a certificate that signs others.
authority()
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$certificates/$1.key" -out "$certificates/$1.pem"
}

# certificate NAME SIGNER ADDRESS: for this address; one called "expired" ended
# long ago.
certificate()
{
	from=$(date -u +%y%m%d000000Z) to=$(date -u -d '+2 days' +%y%m%d000000Z)
	[ "$1" != expired ] || from=200101000000Z to=200201000000Z
	openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$3" \
		-addext "subjectAltName=IP:$3" \
		-keyout "$certificates/$1.key" -out "$certificates/$1.csr" &&
		: >"$certificates/index" && rm -f "$certificates/index.attr" &&
		openssl ca -batch -notext -md sha256 \
			-config "$certificates/ca.conf" \
			-cert "$certificates/$2.pem" \
			-keyfile "$certificates/$2.key" -startdate "$from" \
			-enddate "$to" -in "$certificates/$1.csr" \
			-out "$certificates/$1.pem"
}

make_certificates()
{
	mkdir -m 700 "$certificates" || return
	cat >"$certificates/ca.conf" <<-END
	[ca]
	default_ca = own
	[own]
	database = $certificates/index
	new_certs_dir = $certificates
	policy = any
	copy_extensions = copy
	rand_serial = yes
	unique_subject = no
	[any]
	commonName = supplied
	END
	authority ours && authority theirs &&
		certificate good ours 127.0.0.1 &&
		certificate expired ours 127.0.0.1 &&
		certificate name ours 127.0.0.9 &&
		certificate unknown theirs 127.0.0.1
}

# tls_provider NAME: with the certificate of this name; its port to "tls".
tls_provider()
{
	ready=$VALETKEY_TEST_DIR/tls.$1
	setpriv --pdeathsig KILL \
		"$VALETKEY_BUILD/tests/server/ninjaone-provider" \
		--https "$certificates/$1.pem" "$certificates/$1.key" \
		--ready-file "$ready" --client native-client,native,, \
		--password-file "$(secret_file password)" \
		</dev/null >/dev/null 2>&1 &
	for _ in $(seq 500); do
		[ ! -s "$ready" ] || break
		sleep 0.02
	done
	echo "$1 $(sed 's/.*://' "$ready")" >>"$VALETKEY_TEST_DIR/tls"
}

# wants_tls OPTION...: it takes time to prepare, and most groups do without.
wants_tls()
{
	case " $* " in
	*" --only tls "*) ;;
	*" --only "*) return 1 ;;
	esac
	command -v openssl >/dev/null
}

# The account "tls" asks a port that the campaign stands in front of.
tls_world()
{
	if ! make_certificates >"$VALETKEY_TEST_DIR/openssl.log" 2>&1; then
		cat "$VALETKEY_TEST_DIR/openssl.log" >&2
		return 1
	fi
	for name in good expired name unknown; do
		tls_provider "$name"
	done
	front=$(free_port)
	echo "front $front" >>"$VALETKEY_TEST_DIR/tls"
	providers=$XDG_CONFIG_HOME/valetkey/providers
	sed "s|^instance\[\]=demo .*|instance[]=demo https://127.0.0.1:$front|" \
		"$providers/ninjaone.conf" >"$providers/front.conf"
	valetkey add tls --provider front --instance demo --client native \
		--store "$CAMPAIGN_STORE" \
		--client-id native-client --scope monitoring </dev/null \
		>/dev/null || return
	echo "ca_file=$certificates/ours.pem" \
		>>"$XDG_CONFIG_HOME/valetkey/tls.conf"
}

# What may run full is what the accounts' files are on.
config_on_disk()
{
	rmdir "$XDG_CONFIG_HOME" && mkdir -m 700 "$VALETKEY_CAMPAIGN_DISK/config" &&
		ln -s "$VALETKEY_CAMPAIGN_DISK/config" "$XDG_CONFIG_HOME"
}

CAMPAIGN_STORE=keyring CAMPAIGN_OTHER=sealed
case " $* " in
*" --sealed "*) CAMPAIGN_STORE=sealed CAMPAIGN_OTHER=keyring ;;
esac
export CAMPAIGN_STORE CAMPAIGN_OTHER
if [ "$CAMPAIGN_STORE" = sealed ] && [ -n "${VALETKEY_CAMPAIGN_DISK-}" ]; then
	config_on_disk || exit 99
fi
printf 'four words and a number 7' >"$VALETKEY_TEST_DIR/passphrase"
valetkey unlock --passphrase-fd 3 3<"$VALETKEY_TEST_DIR/passphrase" \
	>/dev/null || exit 99
# The peer sends a scope that is not encoded.
any_scope=--any-scope
case " $* " in
*" peer "*) ;;
*" --short "* | *" --no-peer "* | *" --sealed "*) any_scope='' ;;
esac
# shellcheck disable=SC2086 # an option or nothing
provider_start --register $any_scope || exit 99
for n in 0 1 2 3 4 5 6 7; do
	kind=native
	[ "$n" -ne 0 ] || kind=web
	if ! { demo_account "c$n" "$kind" --store "$CAMPAIGN_STORE" &&
		demo_login "c$n"; } >"$VALETKEY_TEST_DIR/said" 2>&1; then
		cat "$VALETKEY_TEST_DIR/said" >&2
		echo "run.sh: c$n cannot log in" >&2
		exit 99
	fi
done
if wants_tls "$@"; then
	tls_world || exit 99
fi
browser_setup
# What the campaign's own lines for the shell need; the name that git calls.
export PROVIDER_URL PROVIDER_REDIRECT
mkdir "$VALETKEY_TEST_DIR/bin" || exit 99
ln -s "$(command -v valetkey)" "$VALETKEY_TEST_DIR/bin/git-credential-valetkey"
export PATH="$VALETKEY_TEST_DIR/bin:$PATH"
CURL_CA_BUNDLE=$certificates/ours.pem
[ ! -f "$CURL_CA_BUNDLE" ] || export CURL_CA_BUNDLE

# In our place, so that a signal reaches it; the providers end with it.
exec "$VALETKEY_BUILD/tests/campaign/campaign" "$@" "$PROVIDER_PORT" \
	"$PROVIDER_LOG" "$VALETKEY_BUILD/tests/tree/valetkey-helper"
