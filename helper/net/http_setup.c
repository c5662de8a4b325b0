/* SPDX-License-Identifier: MIT */
/*
 * http_setup.c - what libcurl is told before an exchange, see http_exchange.h:
 * TLS 1.2 at least, whom to trust, who we are, by which proxy.
 *
 * The environment's proxy is not for loopback addresses; one that the account
 * names is asked whatever the address is. Without TLS there
 * is none at all: it would read the secrets, and plain HTTP is for this computer.
 */
#include "config.h"
#include "http_exchange.h"

#include <valetkey.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- memory, and a reserve ---- */

/* libcurl gives an answer up when it gets no memory, although it has read all of
 * it; if that answer has a rotated refresh token in it, the grant is lost. So
 * something is held back: if there is no memory left, it is freed, and what was
 * asked for is tried again. */

#define RESERVE \
	65536 /* bytes; several times what an exchange takes at its end */

static void *reserve;

/* libcurl looks names up in a thread of its own. */
static bool http_setup_spend(void)
{
	void *held = __atomic_exchange_n(&reserve, NULL, __ATOMIC_ACQ_REL);
	bool there = held;

	free(held);
	return there;
}

static void *http_setup_take(size_t size)
{
	void *block = malloc(size);

	if (!block && http_setup_spend())
		block = malloc(size);
	return block;
}

static void *take_zeroed(size_t count, size_t size)
{
	void *block = calloc(count, size);

	if (!block && http_setup_spend())
		block = calloc(count, size);
	return block;
}

static void *take_more(void *old, size_t size)
{
	void *block = realloc(old, size);

	if (!block && http_setup_spend())
		block = realloc(old, size);
	return block;
}

static char *take_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = http_setup_take(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

int http_memory(void)
{
	static bool ready;

	if (!ready &&
	    curl_global_init_mem(CURL_GLOBAL_DEFAULT, http_setup_take, free,
				 take_more, take_copy, take_zeroed))
		return -1;
	ready = true;
	if (!reserve)
		reserve = malloc(RESERVE);
	return reserve ? 0 : -1;
}

/* ---- the address ---- */

static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

int http_setup_address(struct exchange *ex, struct problem *problem)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	char quoted[PROBLEM_QUOTE_MAX];
	int rc = VALETKEY_ERR_NETWORK;

	if (!url)
		return problem_no_memory(problem);
	if (curl_url_set(url, CURLUPART_URL, ex->request->url,
			 CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER) ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(url, CURLUPART_HOST, &ex->host, 0)) {
		problem_set(problem, rc,
			    "The provider's address is not a usable URL. Check "
			    "the endpoints in the provider's file.");
		goto out;
	}
	ex->https = strcmp(scheme, "https") == 0;
	ex->loopback = is_loopback(ex->host);
	if (ex->https || (strcmp(scheme, "http") == 0 && ex->loopback))
		rc = 0;
	else
		problem_set(problem, rc,
			    "The address at %s is not https, so nothing was "
			    "sent. Check the endpoints in the provider's file.",
			    problem_quote(quoted, ex->host));
out:
	curl_free(scheme);
	curl_url_cleanup(url);
	return rc;
}

/* ---- the options ---- */

#define CONNECT_TIMEOUT_MS 10000
#define TIMEOUT_MAX_MS 600000

/*
 * libcurl does not look at OpenSSL's variables; its command line tool does.
 * Debian's libcurl would read the system's bundle and then the directory with the
 * same certificates, which takes twice as long as all else of a TLS connection: if
 * there is a bundle and nobody names another, it is enough.
 */
struct http_trust http_setup_trust(const char *ca_file)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct http_trust trust = {.file = ca_file};
	const char *file = getenv("SSL_CERT_FILE");
	const char *directory = getenv("SSL_CERT_DIR");

	if (ca_file)
		return trust;
	trust.file = info->cainfo;
	trust.directory = info->capath;
	if (file && *file)
		trust.file = file;
	else if (trust.file && access(trust.file, R_OK) == 0)
		trust.directory = NULL;
	if (directory && *directory)
		trust.directory = directory;
	return trust;
}

static int set_trust(struct exchange *ex)
{
	struct http_trust trust = http_setup_trust(ex->request->ca_file);
	CURL *curl = ex->curl;
	int bad = 0;

	if (trust.file)
		bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, trust.file);
	bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, trust.directory);
	if (ex->request->ca_file)
		curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, trust.file);
	return bad;
}

int http_setup_identity(const struct exchange *ex, struct problem *problem)
{
	const struct http_request *request = ex->request;
	const struct http_failure_place place = {.host = ex->host, .proxy = ""};

	if (!request->certificate || !request->certificate_key ||
	    !key_pair_differs(request->certificate, request->certificate_key))
		return 0;
	return http_failure_set(problem, HTTP_FAILURE_CERTIFICATE_KEY, &place);
}

static int set_identity(struct exchange *ex)
{
	const struct http_request *request = ex->request;
	CURL *curl = ex->curl;
	int bad = 0;

	if (!request->certificate)
		return 0;
	bad |= curl_easy_setopt(curl, CURLOPT_SSLCERT, request->certificate);
	bad |= curl_easy_setopt(curl, CURLOPT_SSLKEY, request->certificate_key);
	return bad;
}

/* Host and port alone: there may be a password before them. */
static void name_proxy(struct exchange *ex, const char *text)
{
	CURLU *url = curl_url();
	char *host = NULL, *port = NULL;

	if (url &&
	    curl_url_set(url, CURLUPART_URL, text,
			 CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == 0 &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == 0) {
		curl_url_get(url, CURLUPART_PORT, &port, 0);
		snprintf(ex->proxy, sizeof(ex->proxy), "%s%s%s", host,
			 port ? ":" : "", port ? port : "");
	} else {
		strcpy(ex->proxy, "that is configured");
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

/* The one that libcurl finds by itself, in its order. */
static const char *proxy_of_environment(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY",
					    "all_proxy", "ALL_PROXY"};
	const char *value = NULL;

	for (size_t i = 0; i < 4 && !(value && *value); i++)
		value = getenv(names[i]);
	return value && *value ? value : NULL;
}

static int set_proxy(struct exchange *ex)
{
	const char *own = ex->request->proxy;
	const char *found = own;
	CURL *curl = ex->curl;
	int bad = 0;

	if (!own && !ex->loopback)
		found = proxy_of_environment();
	if (!ex->https || !found || strcmp(found, "none") == 0)
		return curl_easy_setopt(curl, CURLOPT_PROXY, "");
	name_proxy(ex, found);
	if (own) {
		bad |= curl_easy_setopt(curl, CURLOPT_PROXY, own);
		bad |= curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	}
	bad |= curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return bad;
}

static int set_protocol(struct exchange *ex)
{
	CURL *curl = ex->curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
				ex->https ? "https" : "http");
	/* If the library has no HTTP/2 this is an error that does not matter:
	 * ALPN is for HTTP/1.1 then. */
	if (curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
			     (long)CURL_HTTP_VERSION_2TLS))
		bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
					(long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(curl, CURLOPT_SSLVERSION,
				(long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	return bad;
}

static int http_setup_add_header(struct exchange *ex, const char *line)
{
	struct curl_slist *longer = curl_slist_append(ex->sent_headers, line);

	if (!longer)
		return -1;
	ex->sent_headers = longer;
	return 0;
}

static int add_accept(struct exchange *ex)
{
	const char *types = ex->request->accept;
	struct buf line = {0};
	int rc =
	    buf_fmt(&line, "Accept: %s", types ? types : "application/json") ||
	    http_setup_add_header(ex, line.data);

	buf_free(&line);
	return rc;
}

static int add_bearer(struct exchange *ex)
{
	struct buf line = {0};
	int rc;

	if (!ex->request->bearer)
		return 0;
	rc = buf_fmt(&line, "Authorization: Bearer %s", ex->request->bearer) ||
	     http_setup_add_header(ex, line.data);
	buf_free(&line);
	return rc;
}

static int set_request(struct exchange *ex)
{
	const struct http_request *request = ex->request;
	CURL *curl = ex->curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_URL, request->url);
	bad |= curl_easy_setopt(curl, CURLOPT_USERAGENT,
				"valetkey/" PACKAGE_VERSION);
	bad |= add_accept(ex);
	bad |= add_bearer(ex);
	if (request->form) {
		bad |= http_setup_add_header(
		    ex, request->json ? "Content-Type: application/json"
				      : "Content-Type: application/"
					"x-www-form-urlencoded");
		bad |= http_setup_add_header(ex, "Expect:");
		bad |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
		bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
					(long)request->form->len);
		bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
					buf_text(request->form));
	}
	if (request->remove)
		bad |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
	bad |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, ex->sent_headers);
	if (request->basic_user && request->basic_password) {
		bad |= curl_easy_setopt(curl, CURLOPT_HTTPAUTH,
					(long)CURLAUTH_BASIC);
		bad |= curl_easy_setopt(curl, CURLOPT_USERNAME,
					request->basic_user);
		bad |= curl_easy_setopt(curl, CURLOPT_PASSWORD,
					request->basic_password);
	}
	return bad;
}

/* A name lookup ends with the deadline, and one that hangs is left alone. */
static int set_lookup(struct exchange *ex)
{
	int bad = 0;

	bad |= curl_easy_setopt(ex->curl, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(ex->curl, CURLOPT_QUICK_EXIT, 1L);
	return bad;
}

static int set_times(struct exchange *ex)
{
	int64_t left = ex->request->deadline - ex->began;
	CURL *curl = ex->curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
				(long)CONNECT_TIMEOUT_MS);
	bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
				left < TIMEOUT_MAX_MS ? (long)left
						      : (long)TIMEOUT_MAX_MS);
	return bad;
}

int http_setup_connection(struct exchange *ex)
{
	return set_protocol(ex) || set_trust(ex) || set_identity(ex) ||
		       set_proxy(ex) || set_lookup(ex)
		   ? -1
		   : 0;
}

int http_setup(struct exchange *ex)
{
	return http_setup_connection(ex) || set_request(ex) || set_times(ex)
		   ? -1
		   : 0;
}
