/* SPDX-License-Identifier: MIT */
/*
 * relay_turn.c - one request and its answer, see relay.h: the caller is asked
 * what to do with it (net.h), and what it decides is done.
 */
#include "relay.h"
#include "relay_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURNS_KEPT 64u
#define UNREAD_MAX (256 << 10) /* of a body, if its connection is kept */

/* ---- answers of our own ---- */

/* Whether the connection can serve another request after this one. What was not
 * read of the body would be taken for the next head. */
static bool turn_keeps(const struct relay_turn *turn)
{
	const struct relay_client *client = turn->client;

	if (turn->head.close || client->excess || client->closed)
		return false;
	if (relay_client_body_ended(client))
		return true;
	if (turn->head.awaits_100 && !turn->told_100)
		return false;
	return client->body.chunked || client->body.left <= UNREAD_MAX;
}

static int reply_date(char *line, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	return gmtime_r(&now, &tm) &&
		       strftime(line, size,
				"Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm)
		   ? 0
		   : -1;
}

static int reply_head(const struct relay_reply *reply, bool close,
		      struct buf *out)
{
	size_t len = reply->body ? reply->body->len : 0;
	char date[64];
	int bad;

	bad = buf_fmt(out, "HTTP/1.1 %d %s\r\n", reply->status,
		      relay_fields_reason(reply->status));
	for (size_t i = 0; i < reply->headers_count; i++)
		bad |= buf_fmt(out, "%s: %s\r\n", reply->headers[i].name,
			       reply->headers[i].value);
	if (reply_date(date, sizeof(date)) == 0)
		bad |= buf_str(out, date);
	if (reply->status != 204 && reply->status != 304)
		bad |= buf_fmt(out, "Content-Length: %zu\r\n", len);
	if (close)
		bad |= buf_str(out, "Connection: close\r\n");
	return bad | buf_str(out, "\r\n");
}

static void reply_send(struct relay_client *client,
		       const struct relay_reply *reply, bool bodyless,
		       bool close)
{
	struct buf head = {0};

	if (reply_head(reply, close, &head))
		client->broken = true;
	else
		relay_client_add(client, head.data, head.len);
	if (reply->body && !bodyless && !client->broken)
		relay_client_add(client, buf_text(reply->body),
				 reply->body->len);
	buf_free(&head);
	relay_list(client);
}

static const struct relay_header reply_fields[] = {
    {"Content-Type", "text/plain; charset=utf-8"},
    {"Cache-Control", "no-store"},
    {"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}};

static int reply_text(struct relay_reply *reply, int status, const char *text,
		      struct buf *body)
{
	reply->status = status;
	reply->headers = reply_fields;
	reply->headers_count = status == 405 ? 3 : 2;
	reply->body = body;
	return buf_fmt(body, "%s\n", text);
}

/* Before there is a turn: the connection ends with it. */
void relay_client_tell(struct relay_client *client, int status,
		       const char *text)
{
	struct relay_reply reply = {0};
	struct buf body = {0};

	if (reply_text(&reply, status, text, &body))
		client->broken = true;
	else
		reply_send(client, &reply, false, true);
	client->state = RELAY_CLIENT_END;
	buf_free(&body);
}

void relay_turn_tell(struct relay_turn *turn, int status, const char *text)
{
	struct relay_reply reply = {0};
	struct buf body = {0};

	if (reply_text(&reply, status, text, &body))
		turn->client->broken = true;
	else
		relay_answer(&turn->exchange, &reply);
	buf_free(&body);
}

/* ---- begin and end ---- */

static struct relay_turn *turn_take(struct relay *relay)
{
	struct relay_turn *turn = relay->turns;

	if (!turn)
		return calloc(1, sizeof(*turn));
	relay->turns = turn->next;
	relay->turns_free--;
	turn->next = NULL;
	return turn;
}

/* Without a word to the caller. */
static void turn_give(struct relay_turn *turn)
{
	struct relay_client *client = turn->client;
	struct relay *relay = client->relay;

	client->turn = NULL;
	if (turn->transfer)
		relay_pool_remove(turn->transfer);
	relay_bytes_free(&relay->blocks, &turn->text);
	buf_free(&turn->body);
	if (relay->turns_free >= TURNS_KEPT) {
		free(turn);
		return;
	}
	/* All but the fields, which are read again before they are used. */
	turn->exchange = (struct relay_exchange){0};
	turn->client = NULL;
	turn->transfer = NULL;
	turn->told_100 = turn->chunked = turn->until_end = false;
	turn->bodyless = false;
	turn->next = relay->turns;
	relay->turns = turn;
	relay->turns_free++;
}

void relay_turn_drop(struct relay_turn *turn)
{
	const struct relay_options *options = &turn->client->relay->options;

	options->ended(&turn->exchange, options->data);
	turn_give(turn);
}

void relay_turns_free(struct relay *relay)
{
	while (relay->turns) {
		struct relay_turn *turn = relay->turns;

		relay->turns = turn->next;
		free(turn);
	}
	relay->turns_free = 0;
}

/* The head gets the buffer that it is in, what follows a new one. */
static int turn_split(struct relay_turn *turn, size_t head_len)
{
	struct relay_client *client = turn->client;
	struct relay_bytes in = client->in;
	size_t rest = relay_bytes_left(&in) - head_len;

	client->in = (struct relay_bytes){0};
	turn->text = in;
	return relay_bytes_add(&client->relay->blocks, &client->in,
			       relay_bytes_text(&in) + head_len, rest);
}

static void turn_arrived(struct relay_turn *turn)
{
	struct relay_client *client = turn->client;
	const struct relay_options *options = &client->relay->options;
	struct relay_request request = {
	    .method = turn->head.method,
	    .target = turn->head.target,
	    .headers = turn->head.fields,
	    .headers_count = turn->head.count,
	    .local = client->local,
	    .uid = client->uid,
	};

	client->state = RELAY_CLIENT_TURN;
	client->drained = 0;
	client->body = (struct relay_body){.chunked = turn->head.chunked};
	if (turn->head.length > 0)
		client->body.left = turn->head.length;
	turn->state = RELAY_TURN_ASKED;
	turn->kept = turn->head.length <= RELAY_KEPT_MAX;
	turn->promised = -1;
	options->arrived(&turn->exchange, &request, options->data);
}

void relay_turn_begin(struct relay_client *client, size_t head_len)
{
	struct relay_turn *turn = turn_take(client->relay);

	if (!turn) {
		client->broken = true;
		return;
	}
	turn->client = client;
	client->turn = turn;
	if (!head_len) {
		relay_head_too_long(&turn->head, relay_bytes_text(&client->in),
				    relay_bytes_left(&client->in));
	} else if (turn_split(turn, head_len)) {
		client->broken = true;
		turn_give(turn);
		return;
	} else if (relay_head_read(&turn->head, relay_bytes_text(&turn->text),
				   head_len) == 0 &&
		   !client->excess) {
		turn_arrived(turn);
		return;
	}
	if (turn->head.status)
		relay_client_tell(client, turn->head.status, turn->head.reason);
	else
		relay_client_tell(client, 503,
				  "Too many connections are open. Close some "
				  "and try again.");
	turn_give(turn);
}

void relay_turn_finish(struct relay_turn *turn, bool whole)
{
	struct relay_client *client = turn->client;
	bool keeps = whole && !turn->until_end && turn_keeps(turn);

	if (whole && turn->chunked)
		relay_client_add(client, "0\r\n\r\n", 5);
	if (!keeps)
		client->state = RELAY_CLIENT_END;
	else if (relay_client_body_ended(client))
		client->state = RELAY_CLIENT_HEAD;
	else
		client->state = RELAY_CLIENT_DRAIN;
	client->reset = !whole && turn->until_end;
	relay_turn_drop(turn);
	relay_list(client);
}

/* ---- what the caller decides ---- */

void relay_answer(struct relay_exchange *exchange,
		  const struct relay_reply *reply)
{
	struct relay_turn *turn = relay_turn_of(exchange);
	bool close = reply->close || !turn_keeps(turn);

	turn->head.close |= reply->close;
	turn->chunked = turn->until_end = false;
	reply_send(turn->client, reply, strcmp(turn->head.method, "HEAD") == 0,
		   close);
	relay_turn_finish(turn, true);
}

void relay_turn_continue(struct relay_turn *turn)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (!turn->head.awaits_100 || turn->told_100)
		return;
	turn->told_100 = true;
	relay_client_add(turn->client, line, sizeof(line) - 1);
}

void relay_read(struct relay_exchange *exchange, size_t max)
{
	struct relay_turn *turn = relay_turn_of(exchange);

	turn->state = RELAY_TURN_READ;
	turn->read_max = max;
	if (turn->head.length >= 0 && (uint64_t)turn->head.length > max) {
		relay_turn_tell(turn, 413, "The request's body is too long.");
		return;
	}
	relay_turn_continue(turn);
	relay_list(turn->client);
}

void relay_forward(struct relay_exchange *exchange,
		   const struct relay_upstream *upstream)
{
	struct relay_turn *turn = relay_turn_of(exchange);

	if (turn->transfer)
		relay_pool_remove(turn->transfer);
	turn->state = RELAY_TURN_FORWARD;
	relay_transfer_begin(turn, upstream);
}

void relay_pass(struct relay_exchange *exchange)
{
	struct relay_turn *turn = relay_turn_of(exchange);

	turn->state = RELAY_TURN_FORWARD;
	relay_transfer_pass(turn->transfer);
	relay_list(turn->client);
}

/* ---- at work ---- */

static void turn_read(struct relay_turn *turn)
{
	struct relay_client *client = turn->client;
	const struct relay_options *options = &client->relay->options;
	char part[4096];
	ssize_t n;

	while ((n = relay_client_read(client, part, sizeof(part))) > 0) {
		if ((size_t)n > turn->read_max - turn->body.len) {
			relay_turn_tell(turn, 413,
					"The request's body is too long.");
			return;
		}
		if (buf_add(&turn->body, part, (size_t)n)) {
			client->broken = true;
			return;
		}
	}
	if (n == -2) {
		turn->head.close = true;
		relay_turn_tell(turn, 400, "The body's chunks are damaged.");
	} else if (n == 0) {
		turn->state = RELAY_TURN_ASKED;
		options->read(&turn->exchange, &turn->body, options->data);
	}
	explicit_bzero(part, sizeof(part));
}

void relay_turn_work(struct relay_turn *turn)
{
	if (turn->state == RELAY_TURN_READ)
		turn_read(turn);
	else if (turn->transfer)
		relay_transfer_work(turn->transfer);
}
