/* SPDX-License-Identifier: MIT */
/*
 * relay_trust.c - whom to trust, see relay_trust.h. What libcurl checks with
 * GnuTLS, with the same flags, and the purpose of the certificate beside; an
 * address must be one in the certificate.
 *
 * That the server has the certificate's key the handshake has proven, whether or
 * not anyone looks at the certificate.
 */
#include "relay_trust.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHAIN_MAX 16u
#define GOOD_MS 30000
#define LOOK_MS 30000	       /* then: whether the files have changed */
#define GNUTLS_SHARES 0x080900 /* libcurl: from there on by itself */

struct relay_trust {
	char *ca_file;
	gnutls_x509_trust_list_t list;
	struct stat marks[2]; /* of the file and of the directory */
	int64_t looked;
};

bool relay_trust_wanted(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	return info->ssl_version &&
	       strncmp(info->ssl_version, "GnuTLS/", 7) == 0 &&
	       info->version_num < GNUTLS_SHARES;
}

struct relay_trust *relay_trust_open(const char *ca_file)
{
	struct relay_trust *trust = calloc(1, sizeof(*trust));

	if (trust && ca_file && !(trust->ca_file = strdup(ca_file))) {
		free(trust);
		return NULL;
	}
	return trust;
}

void relay_trust_rest(struct relay_trust *trust)
{
	if (trust && trust->list)
		gnutls_x509_trust_list_deinit(trust->list, 1);
	if (trust)
		trust->list = NULL;
}

void relay_trust_close(struct relay_trust *trust)
{
	if (!trust)
		return;
	relay_trust_rest(trust);
	free(trust->ca_file);
	free(trust);
}

/* ---- the store ---- */

/* When it last changed; all zero: there is none. */
static struct stat trust_mark(const char *path)
{
	struct stat mark;

	if (!path || stat(path, &mark))
		memset(&mark, 0, sizeof(mark));
	return mark;
}

static bool same_mark(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* How many certificates were read; < 0: a file cannot be. */
static int trust_fill(gnutls_x509_trust_list_t list,
		      const struct http_trust *sources)
{
	int count = 0, n;

	if (!sources->file && !sources->directory)
		return gnutls_x509_trust_list_add_system_trust(list, 0, 0);
	if (sources->file) {
		n = gnutls_x509_trust_list_add_trust_file(
		    list, sources->file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
		if (n < 0 && n != GNUTLS_E_NO_CERTIFICATE_FOUND)
			return n;
		count += n > 0 ? n : 0;
	}
	if (sources->directory) {
		n = gnutls_x509_trust_list_add_trust_dir(
		    list, sources->directory, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
		count += n > 0 ? n : 0;
	}
	return count;
}

static int trust_load(struct relay_trust *trust)
{
	struct http_trust sources = http_setup_trust(trust->ca_file);
	struct stat marks[2] = {trust_mark(sources.file),
				trust_mark(sources.directory)};
	gnutls_x509_trust_list_t list;
	bool same = same_mark(&marks[0], &trust->marks[0]) &&
		    same_mark(&marks[1], &trust->marks[1]);

	if (trust->list && same)
		return 0;
	if (gnutls_x509_trust_list_init(&list, 0))
		return -1;
	/* What was trusted before is not any more, whatever comes instead. */
	relay_trust_rest(trust);
	if (trust_fill(list, &sources) <= 0) {
		gnutls_x509_trust_list_deinit(list, 1);
		return -1;
	}
	trust->list = list;
	memcpy(trust->marks, marks, sizeof(marks));
	return 0;
}

/* ---- the check ---- */

static enum http_failure trust_failure(const struct relay_trust *trust,
				       unsigned status)
{
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		return HTTP_FAILURE_WRONG_NAME;
	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		return HTTP_FAILURE_EXPIRED;
	return trust->ca_file ? HTTP_FAILURE_UNTRUSTED_BY_FILE
			      : HTTP_FAILURE_UNTRUSTED;
}

/* An address as the four or sixteen bytes of it. */
static unsigned trust_address(const char *host, unsigned char address[16])
{
	char text[INET6_ADDRSTRLEN] = "";
	size_t len = strlen(host);

	if (inet_pton(AF_INET, host, address) == 1)
		return 4;
	if (*host != '[' || len < 3 || len - 2 >= sizeof(text))
		return 0;
	memcpy(text, host + 1, len - 2);
	return inet_pton(AF_INET6, text, address) == 1 ? 16 : 0;
}

static unsigned trust_verify(struct relay_trust *trust,
			     gnutls_x509_crt_t *chain, unsigned count,
			     const char *host)
{
	unsigned char address[16];
	unsigned size = trust_address(host, address);
	unsigned status = GNUTLS_CERT_INVALID;
	gnutls_typed_vdata_st data[2] = {
	    {.type = GNUTLS_DT_KEY_PURPOSE_OID,
	     .data = (unsigned char *)(void *)GNUTLS_KP_TLS_WWW_SERVER},
	    {.type = GNUTLS_DT_DNS_HOSTNAME,
	     .data = (unsigned char *)(void *)host},
	};

	if (size)
		data[1] = (gnutls_typed_vdata_st){
		    .type = GNUTLS_DT_IP_ADDRESS,
		    .data = address,
		    .size = size,
		};
	if (gnutls_x509_trust_list_verify_crt2(
		trust->list, chain, count, data, 2,
		GNUTLS_VERIFY_ALLOW_X509_V1_CA_CRT |
		    GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_LOW),
		&status, NULL) < 0)
		return GNUTLS_CERT_INVALID;
	return status;
}

static enum http_failure trust_judge(struct relay_trust *trust,
				     const gnutls_datum_t *shown,
				     unsigned shown_count, const char *host)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned status = GNUTLS_CERT_INVALID;
	unsigned count = 0, i;

	if (shown_count > CHAIN_MAX)
		return trust_failure(trust, status);
	for (; count < shown_count; count++) {
		if (gnutls_x509_crt_init(&chain[count]))
			goto out;
		if (gnutls_x509_crt_import(chain[count], &shown[count],
					   GNUTLS_X509_FMT_DER)) {
			gnutls_x509_crt_deinit(chain[count]);
			goto out;
		}
	}
	status = trust_verify(trust, chain, count, host);
out:
	for (i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	return status ? trust_failure(trust, status) : HTTP_FAILURE_OTHER;
}

/* One after another, each with its length in front. */
static bool chain_is(const struct buf *known, const gnutls_datum_t *shown,
		     unsigned count)
{
	size_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned size = shown[i].size;

		if (known->len - at < sizeof(size) + size ||
		    memcmp(known->data + at, &size, sizeof(size)) != 0 ||
		    memcmp(known->data + at + sizeof(size), shown[i].data,
			   size) != 0)
			return false;
		at += sizeof(size) + size;
	}
	return at == known->len;
}

static void chain_keep(struct relay_trusted *trusted,
		       const gnutls_datum_t *shown, unsigned count)
{
	int bad = 0;

	buf_clear(&trusted->chain);
	trusted->until = deadline_in(GOOD_MS);
	for (unsigned i = 0; i < count; i++) {
		unsigned size = shown[i].size;

		bad |= buf_add(&trusted->chain, &size, sizeof(size)) ||
		       buf_add(&trusted->chain, shown[i].data, size);
	}
	if (bad)
		trusted->until = 0;
}

enum http_failure relay_trust_check(struct relay_trust *trust, void *session,
				    const char *host,
				    struct relay_trusted *trusted)
{
	const gnutls_datum_t *shown;
	enum http_failure failure;
	unsigned count = 0;
	int64_t now = clock_ms();

	if (!session || gnutls_certificate_type_get2(
			    session, GNUTLS_CTYPE_SERVER) != GNUTLS_CRT_X509)
		return HTTP_FAILURE_TLS;
	shown = gnutls_certificate_get_peers(session, &count);
	if (!shown || !count)
		return HTTP_FAILURE_TLS;
	if (now < trusted->until && chain_is(&trusted->chain, shown, count))
		return HTTP_FAILURE_OTHER;
	if (!trust->list || now - trust->looked >= LOOK_MS) {
		trust->looked = now;
		if (trust_load(trust) && !trust->list)
			return HTTP_FAILURE_CA_FILE;
	}
	failure = trust_judge(trust, shown, count, host);
	if (!failure)
		chain_keep(trusted, shown, count);
	return failure;
}
