/* SPDX-License-Identifier: MIT */
/*
 * relay_transfer.c - a request at the server, see relay.h: what libcurl is told
 * of it, and what comes back.
 *
 * Both bodies flow from buffer to socket without a copy where they can, and stop
 * where the other side does not keep up. libcurl's callbacks only move bytes and
 * note what happened; relay_transfer_work() draws the consequences.
 */
#include "relay.h"
#include "relay_fields.h"

#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ANSWER_HEAD_MAX (64u << 10)
#define HELD_MAX (64u << 10) /* of a 401's body while the caller decides */

/* ---- the answer ---- */

/* libcurl throws the body of a 417 away, and would send the request again, see
 * transfer_on_ready(). */
static bool transfer_unexpected(const struct relay_turn *turn,
				const struct relay_fields *fields)
{
	return fields->status == 417 && turn->head.awaits_100;
}

/* The head as the client gets it. */
static int transfer_head(struct relay_transfer *transfer,
			 const struct relay_fields *fields, struct buf *out)
{
	struct relay_turn *turn = transfer->turn;
	const struct relay_client *client = turn->client;
	const char *reason = *fields->reason
				 ? fields->reason
				 : relay_fields_reason(fields->status);
	bool bodyless = transfer->shape == RELAY_SHAPE_HEAD ||
			fields->status == 204 || fields->status == 304 ||
			transfer_unexpected(turn, fields);
	int bad;

	turn->bodyless = bodyless;
	turn->promised = bodyless ? -1 : fields->length;
	turn->chunked = !bodyless && fields->length < 0 && !turn->head.old;
	turn->until_end = !bodyless && fields->length < 0 && turn->head.old;
	if (!relay_client_body_ended(client))
		turn->head.close = true;
	bad = buf_fmt(out, "HTTP/1.1 %d %s\r\n", fields->status, reason) ||
	      buf_add(out, buf_text(&transfer->fields), transfer->fields.len);
	if (fields->length >= 0 && fields->status != 204)
		bad |= buf_fmt(out, "Content-Length: %lld\r\n",
			       (long long)fields->length);
	if (turn->chunked)
		bad |= buf_str(out, "Transfer-Encoding: chunked\r\n");
	if (turn->head.close || client->excess)
		bad |= buf_str(out, "Connection: close\r\n");
	return bad | buf_str(out, "\r\n");
}

/* The whole head of the final answer is here. 0 or -1. */
static int transfer_headed(struct relay_transfer *transfer)
{
	struct relay_fields fields = {.cookies = transfer->cookies,
				      .no_referrer = transfer->no_referrer,
				      .origin = transfer->origin,
				      .self = *transfer->self ? transfer->self
							      : NULL};
	struct relay_turn *turn = transfer->turn;
	struct buf out = {0};
	int bad;

	buf_clear(&transfer->fields);
	relay_fields_read(&fields, transfer->answer.data, transfer->answer.len,
			  &transfer->fields);
	if (fields.garbled || fields.cut) {
		transfer->failure =
		    fields.garbled ? HTTP_FAILURE_GARBLED : HTTP_FAILURE_NOMEM;
		return -1;
	}
	if (transfer_unexpected(turn, &fields)) {
		turn->head.close = transfer->spent = true;
		fields.length = 0;
	}
	bad = transfer_head(transfer, &fields, &out);
	transfer->headed = true;
	if (fields.status == 401) {
		transfer->refusing = true;
		turn->state = RELAY_TURN_REFUSED;
		buf_clear(&transfer->answer);
		bad |= buf_add(&transfer->answer, buf_text(&out), out.len);
	} else {
		transfer->shown = true;
		bad |= relay_client_add(turn->client, buf_text(&out), out.len);
	}
	buf_free(&out);
	relay_list(turn->client);
	return bad ? -1 : 0;
}

/* libcurl's callback; a line, or more than one if they are folded. */
static size_t transfer_on_header(char *line, size_t size, size_t count,
				 void *context)
{
	struct relay_transfer *transfer = context;
	size_t len = size * count;
	struct buf *answer = &transfer->answer;

	if (transfer->headed) /* what follows a body */
		return len;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		buf_clear(answer);
	if (len > ANSWER_HEAD_MAX - answer->len) {
		transfer->failure = HTTP_FAILURE_GARBLED;
		return 0;
	}
	if (!len || len > 2 || line[len - 1] != '\n')
		return buf_add(answer, line, len) ? 0 : len;
	/* An interim answer (RFC 9110 15.2): "HTTP/1.1 103 ..." */
	if (answer->len > 9 && memchr(answer->data, ' ', 9) &&
	    ((char *)memchr(answer->data, ' ', 9))[1] == '1') {
		buf_clear(answer);
		return len;
	}
	return transfer_headed(transfer) ? 0 : len;
}

static size_t transfer_hold(struct relay_transfer *transfer, const char *data,
			    size_t len)
{
	if (transfer->held.len + len > HELD_MAX) {
		transfer->recv_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	return buf_add(&transfer->held, data, len) ? 0 : len;
}

static size_t transfer_on_body(char *data, size_t size, size_t count,
			       void *context)
{
	struct relay_transfer *transfer = context;
	struct relay_turn *turn = transfer->turn;
	struct relay_client *client = turn->client;
	size_t len = size * count;

	if (turn->bodyless)
		return len;
	if (!transfer->headed)
		return 0;
	if (turn->promised >= 0 &&
	    (int64_t)(transfer->held.len + len) > turn->promised)
		return 0;
	if (!transfer->shown)
		return transfer_hold(transfer, data, len);
	if (relay_bytes_left(&client->out) && !client->writable) {
		transfer->recv_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!relay_client_send(client, data, len)) {
		relay_list(client);
		return 0;
	}
	if (turn->promised >= 0)
		turn->promised -= (int64_t)len;
	return len;
}

/* ---- the request's body ---- */

static void transfer_keep(struct relay_turn *turn, const char *data, size_t len)
{
	if (!turn->kept)
		return;
	if (len > RELAY_KEPT_MAX - turn->body.len ||
	    buf_add(&turn->body, data, len)) {
		turn->kept = false;
		buf_free(&turn->body);
	}
}

static size_t transfer_on_read(char *out, size_t size, size_t count,
			       void *context)
{
	struct relay_transfer *transfer = context;
	struct relay_turn *turn = transfer->turn;
	struct relay_client *client = turn->client;
	size_t room = size * count;
	ssize_t n;

	relay_list(client);
	if (transfer->refusing)
		goto pause;
	if (transfer->repeated < turn->body.len) {
		size_t left = turn->body.len - transfer->repeated;

		if (left < room)
			room = left;
		memcpy(out, turn->body.data + transfer->repeated, room);
		transfer->repeated += room;
		return room;
	}
	relay_turn_continue(turn);
	n = relay_client_read(client, out, room);
	if (n > 0) {
		transfer_keep(turn, out, (size_t)n);
		transfer->repeated = turn->body.len;
		return (size_t)n;
	}
	if (n == 0)
		return 0;
	if (n == -2) {
		transfer->bad_body = true;
		return CURL_READFUNC_ABORT;
	}
pause:
	transfer->send_paused = true;
	return CURL_READFUNC_PAUSE;
}

/* ---- before it goes out ---- */

/* Whether the server is who it must be; HTTP_FAILURE_OTHER: it is. */
static enum http_failure transfer_check(struct relay_transfer *transfer)
{
	struct relay_server *server = transfer->server;
	struct curl_tlssessioninfo *session = NULL;

	if (!server->trust)
		return HTTP_FAILURE_OTHER;
	if (curl_easy_getinfo(transfer->ex.curl, CURLINFO_TLS_SSL_PTR,
			      &session) ||
	    !session || session->backend != CURLSSLBACKEND_GNUTLS)
		return HTTP_FAILURE_TLS;
	return relay_trust_check(server->trust, session->internals,
				 transfer->ex.host, &server->trusted);
}

/* libcurl's callback, when the connection is there and nothing of the request
 * has gone out. It comes again if libcurl wants to repeat the request: on another
 * connection, and what has an effect must not be sent twice; or after a 417, and
 * the client has that answer. */
static int transfer_on_ready(void *context, char *a, char *b, int c, int d)
{
	struct relay_transfer *transfer = context;

	(void)a, (void)b, (void)c, (void)d;
	if (transfer->headed || (transfer->begun && !transfer->idempotent)) {
		transfer->failure = HTTP_FAILURE_CUT_OFF;
		return CURL_PREREQFUNC_ABORT;
	}
	transfer->failure = transfer_check(transfer);
	if (transfer->failure)
		return CURL_PREREQFUNC_ABORT;
	transfer->begun = true;
	return CURL_PREREQFUNC_OK;
}

static bool is_idempotent(const char *method)
{
	static const char *const methods[] = {"GET",	"HEAD",	  "OPTIONS",
					      "PUT",	"DELETE", "QUERY",
					      "REPORT", "SEARCH", "PROPFIND"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i], method) == 0)
			return true;
	return false;
}

/* ---- the request ---- */

/* Once for each handle: what is the same for all its requests. */
int relay_transfer_setup(struct relay_transfer *transfer)
{
	CURL *curl = transfer->ex.curl;
	int bad = 0;

	bad |= curl_easy_setopt(curl, CURLOPT_URL, transfer->request.url);
	bad |=
	    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, transfer_on_header);
	bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, transfer_on_body);
	bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	bad |= curl_easy_setopt(curl, CURLOPT_READFUNCTION, transfer_on_read);
	bad |= curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	bad |=
	    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, transfer_on_ready);
	bad |= curl_easy_setopt(curl, CURLOPT_PREREQDATA, transfer);
	bad |= curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->ex.error);
	bad |= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 0L);
	bad |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 30000L);
	bad |= curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 5000L);
	return bad ? -1 : 0;
}

static int transfer_add_line(struct relay_transfer *transfer, const char *name,
			     const char *value)
{
	struct buf *lines = &transfer->lines;

	/* libcurl's spellings: a field without value, and one with. */
	if (!*value)
		return buf_str(lines, name) || buf_add(lines, ";", 2);
	return buf_str(lines, name) || buf_str(lines, ": ") ||
	       buf_add(lines, value, strlen(value) + 1);
}

static int transfer_add_field(struct relay_transfer *transfer,
			      const struct relay_header *field,
			      const struct relay_upstream *upstream)
{
	struct buf *lines = &transfer->lines;
	const char *before;
	const char *value = relay_fields_value(field, upstream, &before);

	if (!*before)
		return transfer_add_line(transfer, field->name, value);
	return buf_str(lines, field->name) || buf_str(lines, ": ") ||
	       buf_str(lines, before) ||
	       buf_add(lines, value, strlen(value) + 1);
}

/* What libcurl adds by itself is forbidden. */
static int transfer_add_own(struct relay_transfer *transfer, bool accept,
			    const char *bearer)
{
	const struct relay_head *head = &transfer->turn->head;
	struct buf *lines = &transfer->lines;
	int bad = 0;

	if (!accept)
		bad |= buf_add(lines, "Accept:", sizeof("Accept:"));
	if (head->awaits_100)
		bad |= transfer_add_line(transfer, "Expect", "100-continue");
	else
		bad |= buf_add(lines, "Expect:", sizeof("Expect:"));
	if (head->length == 0)
		bad |= transfer_add_line(transfer, "Content-Length", "0");
	if (bearer)
		bad |= buf_str(lines, "Authorization: Bearer ") ||
		       buf_add(lines, bearer, strlen(bearer) + 1);
	return bad;
}

/* The list that libcurl wants, over the lines. */
static void transfer_list(struct relay_transfer *transfer)
{
	struct buf *lines = &transfer->lines;
	size_t count = 0;

	for (size_t at = 0; at < lines->len;) {
		transfer->nodes[count].data = lines->data + at;
		transfer->nodes[count].next = &transfer->nodes[count + 1];
		at += strlen(lines->data + at) + 1;
		count++;
	}
	transfer->nodes[count - 1].next = NULL;
}

static int transfer_set_fields(struct relay_transfer *transfer,
			       const struct relay_upstream *upstream)
{
	const struct relay_head *head = &transfer->turn->head;
	bool accept = false;
	int bad = 0;

	buf_clear(&transfer->lines);
	for (size_t i = 0; i < head->count; i++) {
		const struct relay_header *field = &head->fields[i];

		if (!relay_fields_sent(head, field, upstream))
			continue;
		accept |= strcasecmp(field->name, "Accept") == 0;
		bad |= transfer_add_field(transfer, field, upstream);
	}
	if (bad || transfer_add_own(transfer, accept, upstream->bearer))
		return -1;
	transfer_list(transfer);
	return curl_easy_setopt(transfer->ex.curl, CURLOPT_HTTPHEADER,
				transfer->nodes)
		   ? -1
		   : 0;
}

static int transfer_set_shape(struct relay_transfer *transfer)
{
	const struct relay_head *head = &transfer->turn->head;
	CURL *curl = transfer->ex.curl;
	bool get = strcmp(head->method, "GET") == 0;
	enum relay_shape shape = RELAY_SHAPE_GET;
	const char *name = NULL;
	int bad = 0;

	if (strcmp(head->method, "HEAD") == 0)
		shape = RELAY_SHAPE_HEAD;
	if (head->chunked || head->length > 0)
		shape = RELAY_SHAPE_PUT;
	if (shape != transfer->shape) {
		bad |= curl_easy_setopt(curl, CURLOPT_NOBODY,
					(long)(shape == RELAY_SHAPE_HEAD));
		bad |= curl_easy_setopt(curl, CURLOPT_UPLOAD,
					(long)(shape == RELAY_SHAPE_PUT));
		if (shape == RELAY_SHAPE_GET)
			bad |= curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	}
	transfer->shape = shape;
	if (shape == RELAY_SHAPE_PUT)
		bad |= curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
					(curl_off_t)head->length);
	if (shape == RELAY_SHAPE_PUT || (shape == RELAY_SHAPE_GET && !get))
		name = head->method;
	if (name || transfer->named)
		bad |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, name);
	transfer->named = name;
	return bad;
}

/* With HTTP/2 libcurl lets a server send megabytes ahead of a client that does not
 * read (32 before 8.1, then 10), and keeps them: that is for who asks for it. */
static int transfer_set_version(struct relay_transfer *transfer, bool http2)
{
	return curl_easy_setopt(transfer->ex.curl, CURLOPT_HTTP_VERSION,
				http2 ? (long)CURL_HTTP_VERSION_2TLS
				      : (long)CURL_HTTP_VERSION_1_1);
}

static void transfer_fail(struct relay_transfer *transfer, CURLcode code);

static int transfer_prepare(struct relay_transfer *transfer,
			    const struct relay_upstream *upstream)
{
	int size = snprintf(transfer->origin, sizeof(transfer->origin), "%s",
			    upstream->origin);
	int self = snprintf(transfer->self, sizeof(transfer->self), "%s",
			    upstream->self ? upstream->self : "");

	if (size >= (int)sizeof(transfer->origin) ||
	    self >= (int)sizeof(transfer->self))
		return -1;
	transfer->cookies = upstream->cookies;
	transfer->no_referrer = upstream->secret != NULL;
	transfer->idempotent = is_idempotent(transfer->turn->head.method);
	transfer->ex.began = clock_ms();
	*transfer->ex.error = '\0';
	return curl_easy_setopt(transfer->ex.curl, CURLOPT_REQUEST_TARGET,
				upstream->target) ||
	       transfer_set_version(transfer, upstream->http2) ||
	       transfer_set_shape(transfer) ||
	       transfer_set_fields(transfer, upstream);
}

void relay_transfer_begin(struct relay_turn *turn,
			  const struct relay_upstream *upstream)
{
	struct problem problem;
	struct relay_transfer *transfer;

	transfer = relay_pool_transfer(turn->client->relay, upstream, &problem);
	if (!transfer) {
		relay_turn_tell(turn, 502, problem.text);
		return;
	}
	transfer->turn = turn;
	turn->transfer = transfer;
	if (transfer_prepare(transfer, upstream) || relay_pool_add(transfer)) {
		transfer->failure = HTTP_FAILURE_NOMEM;
		transfer_fail(transfer, CURLE_OUT_OF_MEMORY);
	}
}

/* ---- the end ---- */

static void transfer_fail(struct relay_transfer *transfer, CURLcode code)
{
	struct relay_turn *turn = transfer->turn;
	enum http_failure failure = transfer->failure;
	struct http_failure_place place = {.host = transfer->ex.host,
					   .proxy = transfer->ex.proxy};
	struct problem problem;
	bool late = code == CURLE_OPERATION_TIMEDOUT;

	if (!failure)
		failure = http_verdict(&transfer->ex, code);
	http_failure_set(&problem, failure, &place);
	turn->transfer = NULL;
	relay_pool_remove(transfer);
	turn->head.close |= !relay_client_body_ended(turn->client);
	relay_turn_tell(turn, late ? 504 : 502, problem.text);
}

static void transfer_end(struct relay_transfer *transfer)
{
	struct relay_turn *turn = transfer->turn;
	bool whole = transfer->code == CURLE_OK && turn->promised <= 0;

	if (transfer->bad_body && !transfer->shown) {
		turn->head.close = true;
		relay_turn_tell(turn, 400, "The body's chunks are damaged.");
		return;
	}
	if (!transfer->shown) {
		transfer_fail(transfer, transfer->code);
		return;
	}
	turn->transfer = NULL;
	relay_pool_remove(transfer);
	relay_turn_finish(turn, whole);
}

/* libcurl's buffers go on, and it calls the callbacks at once. */
static void transfer_unpause(struct relay_transfer *transfer)
{
	const struct relay_client *client = transfer->turn->client;
	bool recv = transfer->recv_paused && transfer->shown &&
		    !relay_bytes_left(&client->out);
	bool send = transfer->send_paused && !transfer->refusing &&
		    (client->readable || relay_bytes_left(&client->in) ||
		     transfer->repeated < transfer->turn->body.len);
	int bits = 0;
	CURLcode code;

	if (!recv && !send)
		return;
	transfer->recv_paused &= !recv;
	transfer->send_paused &= !send;
	bits |= transfer->recv_paused ? CURLPAUSE_RECV : 0;
	bits |= transfer->send_paused ? CURLPAUSE_SEND : 0;
	code = curl_easy_pause(transfer->ex.curl, bits);
	if (code && !transfer->done) {
		transfer->done = true;
		transfer->code = code;
	}
}

void relay_transfer_work(struct relay_transfer *transfer)
{
	struct relay_turn *turn = transfer->turn;
	const struct relay_options *options = &transfer->relay->options;

	if (transfer->refusing) {
		if (transfer->told)
			return;
		transfer->told = true;
		options->refused(&turn->exchange, turn->kept, options->data);
		return;
	}
	if (!transfer->done)
		transfer_unpause(transfer);
	if (transfer->done)
		transfer_end(transfer);
}

/* The 401 goes to the client after all. */
void relay_transfer_pass(struct relay_transfer *transfer)
{
	struct relay_turn *turn = transfer->turn;

	transfer->refusing = false;
	transfer->shown = true;
	if (relay_client_add(turn->client, buf_text(&transfer->answer),
			     transfer->answer.len) ||
	    !relay_client_send(turn->client, buf_text(&transfer->held),
			       transfer->held.len))
		return;
	if (turn->promised >= 0)
		turn->promised -= (int64_t)transfer->held.len;
	buf_clear(&transfer->held);
}
