/* SPDX-License-Identifier: MIT */
/*
 * key_pair.c - whether a private key is that of another certificate, see
 * http_exchange.h. libcurl with GnuTLS has not looked since 8.14, and the server
 * then ends the handshake without a reason that would help anybody.
 *
 * What GnuTLS cannot read is left to libcurl, whose library may know more kinds.
 */
#include "http_exchange.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

struct key_id {
	unsigned char bytes[64];
	size_t size;
};

static int key_id_of(gnutls_pubkey_t key, struct key_id *id)
{
	id->size = sizeof(id->bytes);
	return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id->bytes,
					&id->size);
}

/* Of several certificates in the file the first is the one that is shown. */
static int key_id_of_certificate(const gnutls_datum_t *pem, struct key_id *id)
{
	gnutls_pubkey_t key;
	int rc = gnutls_pubkey_init(&key);

	if (rc)
		return rc;
	rc = gnutls_pubkey_import_x509_raw(key, pem, GNUTLS_X509_FMT_PEM, 0);
	if (!rc)
		rc = key_id_of(key, id);
	gnutls_pubkey_deinit(key);
	return rc;
}

static int key_id_of_private(const gnutls_datum_t *pem, struct key_id *id)
{
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	int rc = gnutls_privkey_init(&private);

	if (!rc)
		rc = gnutls_pubkey_init(&public);
	if (!rc)
		rc = gnutls_privkey_import_x509_raw(
		    private, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (!rc)
		rc = gnutls_pubkey_import_privkey(public, private, 0, 0);
	if (!rc)
		rc = key_id_of(public, id);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
	return rc;
}

/* key_id_in(PATH, ...): of the file's text, which is wiped. */
static int key_id_in(const char *path,
		     int (*find)(const gnutls_datum_t *, struct key_id *),
		     struct key_id *id)
{
	gnutls_datum_t pem = {0};
	int rc = gnutls_load_file(path, &pem);

	if (rc)
		return rc;
	rc = find(&pem, id);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return rc;
}

bool key_pair_differs(const char *certificate, const char *key)
{
	struct key_id shown = {0}, held = {0};

	return key_id_in(certificate, key_id_of_certificate, &shown) == 0 &&
	       key_id_in(key, key_id_of_private, &held) == 0 &&
	       (shown.size != held.size ||
		memcmp(shown.bytes, held.bytes, held.size) != 0);
}
