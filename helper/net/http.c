/* SPDX-License-Identifier: MIT */
/*
 * http.c - one HTTP exchange with a provider, see net.h; with http_setup.c and
 * http_exchange.c the files that know libcurl.
 *
 * Every call uses a connection of its own: on a reused one libcurl repeats a
 * request by itself, and a refresh token must never go out twice unnoticed. With
 * HTTP/2 it repeats what the server says it has not looked at (REFUSED_STREAM
 * and HTTP_1_1_REQUIRED, RFC 9113 7 and 8.7; whoever resets a stream otherwise
 * may have answered) and nothing else. The form is posted from the caller's buffer
 * and the answer collected in ours. libcurl's own copy of the Basic credentials
 * cannot be wiped; the helper lives for this one exchange and dumps no core.
 */
#include "net_module.h"

#include "core/challenge.h"
#include "core/clock.h"
#include "http_exchange.h"
#include <valetkey.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BODY_USUAL 16384
#define DAY_S 86400
#define CLOCK_SLACK_MS 20 /* libcurl's clock is another one */

static bool succeeds(const struct exchange *ex)
{
	long status = 0;

	curl_easy_getinfo(ex->curl, CURLINFO_RESPONSE_CODE, &status);
	return http_success(status);
}

static void http_tell(struct exchange *ex, bool whole)
{
	const struct buf *body = &ex->answer->body;

	if (!ex->request->received || !body->len ||
	    (ex->told == body->len && ex->told_whole == whole))
		return;
	ex->told = body->len;
	ex->told_whole = whole;
	ex->request->received(body, whole, ex->request->data);
}

static bool is_all(const struct exchange *ex)
{
	curl_off_t length = -1;

	curl_easy_getinfo(ex->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
			  &length);
	return length >= 0 && (size_t)length == ex->answer->body.len;
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
	if (succeeds(ex))
		http_tell(ex, is_all(ex));
	return len;
}

/* Whether the head of the answer is all that is wanted, and it is here. */
static bool has_enough(const struct exchange *ex)
{
	long status = 0;

	curl_easy_getinfo(ex->curl, CURLINFO_RESPONSE_CODE, &status);
	return ex->request->head && status >= 200;
}

/* For libcurl a connection that ends among the headers is a whole answer. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct exchange *ex = context;
	size_t len = size * count;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		ex->headers_complete = false;
	else if (len && len <= 2 && line[len - 1] == '\n')
		ex->headers_complete = true;
	ex->stopped = ex->headers_complete && has_enough(ex);
	return ex->stopped ? 0 : len;
}

/* libcurl's own clock stands still while the machine sleeps. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	const struct exchange *ex = context;

	(void)a, (void)b, (void)c, (void)d;
	return clock_ms() >= ex->request->deadline;
}

/* libcurl counts a connection when TLS is done as well. */
static int on_close(void *context, curl_socket_t fd)
{
	struct exchange *ex = context;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		ex->connected = true;
	return close(fd);
}

static int set_callbacks(struct exchange *ex)
{
	CURL *curl = ex->curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	bad |= curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, ex);
	bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, ex->error);
	return bad;
}

static int http_failed(const struct exchange *ex, enum http_failure failure,
		       struct problem *problem)
{
	const struct http_failure_place place = {
	    .host = ex->host,
	    .proxy = ex->proxy,
	    .late = clock_ms() >= ex->request->deadline - CLOCK_SLACK_MS,
	};

	return http_failure_set(problem, failure, &place);
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

/* ---- what the headers say ---- */

/* The final answer's, not that of an interim one (1xx), of a proxy or of what
 * follows the body. Of several the last counts; "": there is none. (libcurl 7.88
 * has the end of the line in place of a value that is empty.) */
static const char *header_value(const struct exchange *ex, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(ex->curl, name, 0, CURLH_HEADER, -1, &header) ||
	    curl_easy_header(ex->curl, name, header->amount - 1, CURLH_HEADER,
			     -1, &header) ||
	    *header->value == '\r')
		return "";
	return header->value;
}

/* What is too long for its place counts as absent. */
static void copy_header(const struct exchange *ex, const char *name, char *out,
			size_t size)
{
	const char *value = header_value(ex, name);
	size_t len = strlen(value);

	if (len < size)
		memcpy(out, value, len + 1);
}

/* Without parameters and in lower case. */
static void trim_type(char *type)
{
	type[strcspn(type, "; \t")] = '\0';
	for (; *type; type++)
		*type = (char)tolower((unsigned char)*type);
}

/* RFC 9110 10.2.3: seconds, or a date, which the server's own clock judges;
 * libcurl (CURLINFO_RETRY_AFTER) would take this computer's. */
static int64_t retry_after(const char *text, int64_t now)
{
	int64_t wait;
	time_t date;

	if (!*text)
		return -1;
	if (strspn(text, "0123456789") == strlen(text)) {
		wait = strlen(text) > 9 ? DAY_S : strtol(text, NULL, 10);
	} else {
		date = curl_getdate(text, NULL);
		if (date < 0)
			return -1;
		wait = (int64_t)date - now;
	}
	return wait < 0 ? 0 : wait > DAY_S ? DAY_S : wait;
}

/* Several lines are one list (RFC 9110 5.3). What is too long, or does not fit
 * into memory, counts as absent. */
static void read_challenge(const struct exchange *ex)
{
	struct buf *out = &ex->answer->challenge;
	struct curl_header *header;
	int bad = 0;

	for (size_t i = 0;
	     !bad && curl_easy_header(ex->curl, "WWW-Authenticate", i,
				      CURLH_HEADER, -1, &header) == CURLHE_OK;
	     i++)
		bad = (out->len && buf_str(out, ", ")) ||
		      buf_add(out, header->value,
			      strcspn(header->value, "\r\n")) ||
		      out->len > CHALLENGE_MAX;
	if (bad)
		buf_free(out);
}

static void read_headers(const struct exchange *ex)
{
	struct http_answer *answer = ex->answer;
	time_t date = curl_getdate(header_value(ex, "Date"), NULL);

	copy_header(ex, "Location", answer->location, sizeof(answer->location));
	copy_header(ex, "Content-Type", answer->content_type,
		    sizeof(answer->content_type));
	trim_type(answer->content_type);
	read_challenge(ex);
	answer->date = date > 0 ? (int64_t)date : 0;
	answer->retry_after_s =
	    retry_after(header_value(ex, "Retry-After"),
			answer->date ? answer->date : (int64_t)time(NULL));
}

/* ---- the exchange ---- */

static int perform(struct exchange *ex, struct problem *problem)
{
	struct http_answer *answer = ex->answer;
	CURLcode code = curl_easy_perform(ex->curl);
	long status = 0;

	if (ex->stopped)
		code = CURLE_OK;
	answer->sent = may_have_been_sent(ex);
	if (succeeds(ex))
		http_tell(ex, code == CURLE_OK);
	else if (code != CURLE_OK)
		buf_clear(&answer->body);
	if (code != CURLE_OK || !ex->headers_complete)
		return http_failed(ex, http_verdict(ex, code), problem);
	curl_easy_getinfo(ex->curl, CURLINFO_RESPONSE_CODE, &status);
	if (http_verdict_of_proxy(ex, status)) {
		answer->sent = false;
		return http_failed(ex, HTTP_FAILURE_PROXY_LOGIN, problem);
	}
	answer->status = status;
	read_headers(ex);
	return 0;
}

int http_send(const struct http_request *request, struct http_answer *answer,
	      struct problem *problem)
{
	struct exchange ex = {
	    .request = request, .answer = answer, .began = clock_ms()};
	int rc;

	answer->retry_after_s = -1;
	rc = http_setup_address(&ex, problem);
	if (!rc)
		rc = http_setup_identity(&ex, problem);
	if (rc)
		goto out;
	if (request->deadline <= ex.began) {
		rc = http_failed(&ex, HTTP_FAILURE_DEADLINE, problem);
		goto out;
	}
	ex.curl = http_memory() ? NULL : curl_easy_init();
	/* Room for the answer as well: it may be one that comes only once. */
	if (!ex.curl || http_setup(&ex) || set_callbacks(&ex) ||
	    buf_reserve(&answer->body, BODY_USUAL)) {
		rc = http_failed(&ex, HTTP_FAILURE_NOMEM, problem);
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
	buf_free(&answer->challenge);
	*answer = (struct http_answer){.retry_after_s = -1};
}
