/* SPDX-License-Identifier: MIT */
/*
 * http.c - one HTTP exchange with a provider, see net.h; the file that knows
 * libcurl.
 *
 * Every call uses a connection of its own and HTTP/1.1: libcurl repeats a
 * request by itself only on reused connections and on HTTP/2 streams, and a
 * refresh token must never go out twice unnoticed. The form is posted from the
 * caller's buffer and the answer collected in ours. libcurl's own copy of the
 * Basic credentials cannot be wiped; the helper lives for this one exchange
 * and dumps no core.
 */
#include "config.h"

#include "net_module.h"

#include "clock.h"
#include "http_failure.h"
#include "http_header.h"
#include "valetkey.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 15000
#define TIMEOUT_MAX_MS 600000
#define BODY_USUAL 16384

struct exchange {
	const struct http_request *request;
	struct http_answer *answer;
	CURL *curl;
	struct curl_slist *sent_headers;
	char *host;
	bool https;
	bool loopback;
	bool too_long;
	bool nomem;
	struct http_headers headers;
	char error[CURL_ERROR_SIZE];
};

static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

/* Takes the URL apart and refuses what a credential must not be sent to. */
static int check_url(struct exchange *ex, struct problem *problem)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	char quoted[PROBLEM_QUOTE_MAX];
	int rc = VALETKEY_ERR_NETWORK;

	if (!url)
		return problem_set(problem, VALETKEY_ERR_NOMEM,
				   "Out of memory.");
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

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct exchange *ex = context;
	size_t len = size * count;

	if (len > HTTP_BODY_MAX - ex->answer->body.len) {
		ex->too_long = true;
		return 0;
	}
	if (buf_add(&ex->answer->body, data, len)) {
		ex->nomem = true;
		return 0;
	}
	return len;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct exchange *ex = context;

	http_header_line(&ex->headers, ex->answer, line, size * count);
	return size * count;
}

/* libcurl's own clock stands still while the machine sleeps. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	const struct exchange *ex = context;

	(void)a, (void)b, (void)c, (void)d;
	return clock_ms() >= ex->request->deadline;
}

/* libcurl does not look at OpenSSL's variables; its command line tool does. */
static int set_trust(struct exchange *ex)
{
	const char *file = ex->request->ca_file;
	const char *directory = getenv("SSL_CERT_DIR");
	CURL *curl = ex->curl;
	int bad = 0;

	if (file) {
		bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, file);
		bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		return bad;
	}
	file = getenv("SSL_CERT_FILE");
	if (file && *file)
		bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, file);
	if (directory && *directory)
		bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, directory);
	return bad;
}

static int set_protocol(struct exchange *ex)
{
	CURL *curl = ex->curl;
	int bad = 0;

#if CURL_AT_LEAST_VERSION(7, 85, 0)
	bad |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
				ex->https ? "https" : "http");
#else
	bad |= curl_easy_setopt(
	    curl, CURLOPT_PROTOCOLS,
	    (long)(ex->https ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
	bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
				(long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(curl, CURLOPT_SSLVERSION,
				(long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (ex->loopback)
		bad |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
	return bad;
}

static int add_header(struct exchange *ex, const char *line)
{
	struct curl_slist *longer = curl_slist_append(ex->sent_headers, line);

	if (!longer)
		return -1;
	ex->sent_headers = longer;
	return 0;
}

static int add_bearer(struct exchange *ex)
{
	struct buf line = {0};
	int rc;

	if (!ex->request->bearer)
		return 0;
	rc = buf_fmt(&line, "Authorization: Bearer %s", ex->request->bearer) ||
	     add_header(ex, line.data);
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
	bad |= add_header(ex, "Accept: application/json");
	bad |= add_bearer(ex);
	if (request->form) {
		bad |= add_header(ex, request->json
					  ? "Content-Type: application/json"
					  : "Content-Type: application/"
					    "x-www-form-urlencoded");
		bad |= add_header(ex, "Expect:");
		bad |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
		bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
					(long)request->form->len);
		bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
					buf_text(request->form));
	}
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

static int set_callbacks(struct exchange *ex, int64_t left)
{
	CURL *curl = ex->curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
				(long)CONNECT_TIMEOUT_MS);
	bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
				left < TIMEOUT_MAX_MS ? (long)left
						      : (long)TIMEOUT_MAX_MS);
	bad |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, ex->error);
	return bad;
}

/*
 * Which of the three complaints about a certificate it is: OpenSSL says so in
 * the text, GnuTLS in the bits of the result that mean "expired" and "not yet
 * valid" (OpenSSL's results are smaller than these).
 */
static enum http_failure certificate_failure(const struct exchange *ex)
{
	const char *error = ex->error;
	long verdict = 0;

	curl_easy_getinfo(ex->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (strcasestr(error, "expired") ||
	    strcasestr(error, "not yet valid") || (verdict & (3 << 9)))
		return HTTP_FAILURE_EXPIRED;
	if (strcasestr(error, "subject name") ||
	    strcasestr(error, "does not match"))
		return HTTP_FAILURE_WRONG_NAME;
	return HTTP_FAILURE_UNTRUSTED;
}

/* libcurl names the address that it tried; where that is not ours, a proxy. */
static enum http_failure connect_failure(const struct exchange *ex)
{
	return *ex->error && !strcasestr(ex->error, ex->host)
		   ? HTTP_FAILURE_PROXY
		   : HTTP_FAILURE_CONNECT;
}

static enum http_failure transfer_failure(const struct exchange *ex,
					  CURLcode code)
{
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return HTTP_FAILURE_NOMEM;
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_FAILURE_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_FAILURE_PROXY_NAME;
	case CURLE_PROXY:
		return HTTP_FAILURE_PROXY;
	case CURLE_COULDNT_CONNECT:
		return connect_failure(ex);
	case CURLE_PEER_FAILED_VERIFICATION:
		return certificate_failure(ex);
	case CURLE_SSL_CACERT_BADFILE:
		return HTTP_FAILURE_CA_FILE;
	case CURLE_SSL_CONNECT_ERROR:
		return HTTP_FAILURE_TLS;
	case CURLE_OK: /* the connection ended among the headers */
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return HTTP_FAILURE_CUT_OFF;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return HTTP_FAILURE_GARBLED;
	default:
		return HTTP_FAILURE_OTHER;
	}
}

static enum http_failure failure_of(const struct exchange *ex, CURLcode code)
{
	long proxy_status = 0;

	if (ex->nomem)
		return HTTP_FAILURE_NOMEM;
	if (ex->too_long)
		return HTTP_FAILURE_TOO_LONG;
	if (clock_ms() >= ex->request->deadline)
		return HTTP_FAILURE_DEADLINE;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ex->answer->sent ? HTTP_FAILURE_DEADLINE
					: HTTP_FAILURE_SILENT;
	curl_easy_getinfo(ex->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	if (proxy_status && proxy_status / 100 != 2)
		return HTTP_FAILURE_PROXY;
	return transfer_failure(ex, code);
}

/*
 * Before the connection (with https: the handshake, and with it the check of
 * the certificate) was complete nothing can have gone out; from then on the
 * request may be there, whatever else we know.
 */
static bool may_have_been_sent(const struct exchange *ex)
{
	curl_off_t ready = 0;

	curl_easy_getinfo(ex->curl,
			  ex->https ? CURLINFO_APPCONNECT_TIME_T
				    : CURLINFO_CONNECT_TIME_T,
			  &ready);
	return ready > 0;
}

static int perform(struct exchange *ex, struct problem *problem)
{
	struct http_answer *answer = ex->answer;
	CURLcode code = curl_easy_perform(ex->curl);

	answer->sent = may_have_been_sent(ex);
	if (code != CURLE_OK || !ex->headers.complete)
		return http_failure_set(problem, failure_of(ex, code),
					ex->host);
	curl_easy_getinfo(ex->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	http_header_finish(&ex->headers, answer);
	return 0;
}

int http_send(const struct http_request *request, struct http_answer *answer,
	      struct problem *problem)
{
	struct exchange ex = {.request = request, .answer = answer};
	int64_t left = request->deadline - clock_ms();
	int rc;

	answer->retry_after_s = -1;
	rc = check_url(&ex, problem);
	if (rc)
		goto out;
	if (left <= 0) {
		rc = http_failure_set(problem, HTTP_FAILURE_DEADLINE, ex.host);
		goto out;
	}
	ex.curl = curl_easy_init();
	/* Room for the answer as well: it may be one that comes only once. */
	if (!ex.curl || set_protocol(&ex) || set_trust(&ex) ||
	    set_request(&ex) || set_callbacks(&ex, left) ||
	    buf_reserve(&answer->body, BODY_USUAL)) {
		rc = http_failure_set(problem, HTTP_FAILURE_NOMEM, ex.host);
		goto out;
	}
	rc = perform(&ex, problem);
out:
	curl_easy_cleanup(ex.curl);
	curl_slist_free_all(ex.sent_headers);
	curl_free(ex.host);
	return rc;
}

void http_answer_free(struct http_answer *answer)
{
	buf_free(&answer->body);
	*answer = (struct http_answer){.retry_after_s = -1};
}
