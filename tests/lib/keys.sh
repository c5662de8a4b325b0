# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# keys.sh - keys and certificates of the tests' own, by openssl, in
# $VALETKEY_TEST_DIR. Sourced after lib.sh.

KEYS=$VALETKEY_TEST_DIR/keys
mkdir -m 700 "$KEYS"

# key_new NAME ALGORITHM [OPTION...]: NAME.key (PKCS #8) and NAME.pub.
key_new()
{
	key_name=$1 key_algorithm=$2
	shift 2
	(umask 077 && openssl genpkey -algorithm "$key_algorithm" "$@" \
		-out "$KEYS/$key_name.key") 2>"$KEYS/log" &&
		openssl pkey -in "$KEYS/$key_name.key" -pubout \
			-out "$KEYS/$key_name.pub" 2>"$KEYS/log"
}

# certificate_new NAME SUBJECT [OPTION...]: NAME.crt and NAME.key, of the
# authority "ca" if there is one, else signed by itself.
certificate_new()
{
	certificate_name=$1 certificate_subject=$2
	shift 2
	[ ! -f "$KEYS/ca.crt" ] ||
		set -- -CA "$KEYS/ca.crt" -CAkey "$KEYS/ca.key" "$@"
	(umask 077 && openssl req -x509 -newkey ec -nodes \
		-pkeyopt ec_paramgen_curve:P-256 -days 2 \
		-keyout "$KEYS/$certificate_name.key" \
		-out "$KEYS/$certificate_name.crt" \
		-subj "$certificate_subject" "$@") 2>"$KEYS/log"
}

# authority_new: "ca", and "server" for 127.0.0.1 and [::1].
authority_new()
{
	certificate_new ca '/CN=The tests of valetkey' \
		-addext keyUsage=critical,keyCertSign &&
		certificate_new server /CN=127.0.0.1 \
			-addext basicConstraints=CA:false -addext \
			subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost
}

# certificate_expired: "expired", of the authority, with the server's key: it ended
# long ago. (openssl x509 makes none that ended before today from 3.5 on.)
certificate_expired()
(
	cd "$KEYS" && cp server.key expired.key && : >index &&
		cat >expired.conf <<-END &&
		[ca]
		default_ca = own
		[own]
		database = index
		new_certs_dir = .
		policy = any
		copy_extensions = copy
		rand_serial = yes
		[any]
		commonName = supplied
		END
		openssl req -new -key expired.key -subj /CN=127.0.0.1 \
			-addext subjectAltName=IP:127.0.0.1 -out expired.csr &&
		openssl ca -batch -notext -md sha256 -config expired.conf \
			-cert ca.crt -keyfile ca.key -in expired.csr \
			-startdate 200101000000Z -enddate 200201000000Z \
			-out expired.crt
) 2>"$KEYS/log"
