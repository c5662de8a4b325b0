/* SPDX-License-Identifier: MIT */
/*
 * signer.c - signs with a private key as JSON Web Signature wants it (RFC 7515,
 * 7518, 8037), see net.h; the file that knows GnuTLS. The key decides the
 * algorithm: there is one for each kind of key, and none to choose. GnuTLS wipes
 * what it copied of the key when that is closed.
 */
#include "net_module.h"

#include <valetkey.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MIN 2048 /* RFC 7518 3.3 */

struct kind {
	const char *name;
	gnutls_sign_algorithm_t algorithm;
	gnutls_ecc_curve_t curve;
	size_t half; /* bytes of r and of s; 0: the signature as it is */
};

static const struct kind rsa = {"RS256", GNUTLS_SIGN_RSA_SHA256,
				GNUTLS_ECC_CURVE_INVALID, 0};
static const struct kind eddsa = {"EdDSA", GNUTLS_SIGN_EDDSA_ED25519,
				  GNUTLS_ECC_CURVE_ED25519, 0};
static const struct kind ecdsa[] = {
    {"ES256", GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_ECC_CURVE_SECP256R1, 32},
    {"ES384", GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_ECC_CURVE_SECP384R1, 48},
};

struct signer {
	gnutls_privkey_t key;
	const struct kind *kind;
};

static int signer_refuse(struct problem *problem, const char *why)
{
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The client's key cannot sign: %s.", why);
}

static const struct kind *ecdsa_kind(gnutls_privkey_t key)
{
	gnutls_ecc_curve_t curve;

	if (gnutls_privkey_export_ecc_raw(key, &curve, NULL, NULL, NULL))
		return NULL;
	for (size_t i = 0; i < sizeof(ecdsa) / sizeof(*ecdsa); i++)
		if (ecdsa[i].curve == curve)
			return &ecdsa[i];
	return NULL;
}

static int signer_choose(struct signer *signer, struct problem *problem)
{
	unsigned bits = 0;

	switch (gnutls_privkey_get_pk_algorithm(signer->key, &bits)) {
	case GNUTLS_PK_RSA:
		if (bits < RSA_BITS_MIN)
			return signer_refuse(problem,
					     "RSA needs at least 2048 bits");
		signer->kind = &rsa;
		break;
	case GNUTLS_PK_ECDSA:
		signer->kind = ecdsa_kind(signer->key);
		break;
	case GNUTLS_PK_EDDSA_ED25519:
		signer->kind = &eddsa;
		break;
	default:
		break;
	}
	return signer->kind
		   ? VALETKEY_OK
		   : signer_refuse(problem,
				   "it is of a kind that cannot be used. Use "
				   "RSA, EC P-256 or P-384, or Ed25519");
}

int signer_open(const struct buf *pem, struct signer **out, const char **name,
		struct problem *problem)
{
	const gnutls_datum_t text = {(unsigned char *)pem->data,
				     (unsigned)pem->len};
	struct signer *signer = calloc(1, sizeof(*signer));
	int rc = VALETKEY_OK;

	*out = NULL;
	if (!signer || gnutls_privkey_init(&signer->key)) {
		free(signer);
		return problem_no_memory(problem);
	}
	if (gnutls_privkey_import_x509_raw(signer->key, &text,
					   GNUTLS_X509_FMT_PEM, NULL, 0) < 0)
		rc = signer_refuse(
		    problem,
		    "it is damaged, or not a private key that GnuTLS knows");
	if (!rc)
		rc = signer_choose(signer, problem);
	if (rc) {
		signer_close(signer);
		return rc;
	}
	*name = signer->kind->name;
	*out = signer;
	return VALETKEY_OK;
}

/* RFC 7518 3.4: r and s, each as long as the curve's field. */
static int add_half(struct buf *out, const gnutls_datum_t *number, size_t half)
{
	const unsigned char *at = number->data;
	size_t len = number->size;
	int rc = 0;

	for (; len > half; len--)
		if (*at++)
			return -1;
	for (size_t i = len; i < half && !rc; i++)
		rc = buf_char(out, '\0');
	return rc ? rc : buf_add(out, at, len);
}

static int add_ecdsa(const gnutls_datum_t *der, size_t half, struct buf *out)
{
	gnutls_datum_t r = {0}, s = {0};
	int rc = -1;

	if (gnutls_decode_rs_value(der, &r, &s) == 0)
		rc = add_half(out, &r, half) || add_half(out, &s, half);
	gnutls_free(r.data);
	gnutls_free(s.data);
	return rc;
}

int signer_sign(const struct signer *signer, const struct buf *input,
		struct buf *signature, struct problem *problem)
{
	const gnutls_datum_t data = {(unsigned char *)input->data,
				     (unsigned)input->len};
	gnutls_datum_t made = {0};
	int rc = gnutls_privkey_sign_data2(signer->key, signer->kind->algorithm,
					   0, &data, &made);

	if (!rc)
		rc = signer->kind->half
			 ? add_ecdsa(&made, signer->kind->half, signature)
			 : buf_add(signature, made.data, made.size);
	gnutls_free(made.data);
	return rc ? signer_refuse(problem, "the library refused") : VALETKEY_OK;
}

void signer_close(struct signer *signer)
{
	if (!signer)
		return;
	gnutls_privkey_deinit(signer->key);
	free(signer);
}
