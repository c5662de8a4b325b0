/* SPDX-License-Identifier: MIT */
/*
 * relay_client.c - a client's connection, see relay.h: what has arrived, what
 * still must go out, and its end. One request after another; a client that sends
 * several at once (pipelining) gets the answers in order.
 *
 * The socket is watched once and for all for everything (EPOLLET), so a request
 * costs no call for that; what is known of it is in `readable` and `writable`.
 */
#include "relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define DRAINED_MAX (256u << 10) /* of a body that nobody wants */
#define LINGERED_MAX (16u << 20) /* of what comes after the last answer */
#define STEPS_MAX 16		 /* then it is another's turn */
/* What comes in pieces of up to a block, as by TLS, is sent when so much is there, or
 * when libcurl has no more. */
#define COLLECTED_MAX RELAY_LARGE

/* ---- times ---- */

static const int64_t client_patience[RELAY_WAITS] = {
    [RELAY_WAIT_IDLE] = 120000,
    [RELAY_WAIT_HEAD] = 30000,
    [RELAY_WAIT_MORE] = 300000,
    [RELAY_WAIT_LINGER] = 10000,
};

static void client_unwait(struct relay_client *client)
{
	struct relay *relay = client->relay;

	if (client->wait == RELAY_WAIT_NONE)
		return;
	if (client->wait_before)
		client->wait_before->wait_after = client->wait_after;
	else
		relay->waits[client->wait].first = client->wait_after;
	if (client->wait_after)
		client->wait_after->wait_before = client->wait_before;
	else
		relay->waits[client->wait].last = client->wait_before;
	client->wait = RELAY_WAIT_NONE;
	client->wait_before = client->wait_after = NULL;
}

static void client_wait(struct relay_client *client, enum relay_wait wait,
			bool anew)
{
	struct relay *relay = client->relay;

	if (client->wait == wait && !anew)
		return;
	client_unwait(client);
	if (wait == RELAY_WAIT_NONE)
		return;
	client->wait = wait;
	client->until = relay->now + client_patience[wait];
	client->wait_before = relay->waits[wait].last;
	if (client->wait_before)
		client->wait_before->wait_after = client;
	else
		relay->waits[wait].first = client;
	relay->waits[wait].last = client;
}

int64_t relay_client_rested(const struct relay_client *client)
{
	return client->relay->now - client->until +
	       client_patience[client->wait];
}

/* What the client must do next, and since when. */
static void client_set_wait(struct relay_client *client)
{
	const struct relay_turn *turn = client->turn;
	bool body = turn && !relay_client_body_ended(client) &&
		    (turn->state == RELAY_TURN_READ ||
		     turn->state == RELAY_TURN_FORWARD);

	if (client->state == RELAY_CLIENT_LINGER)
		client_wait(client, RELAY_WAIT_LINGER, false);
	else if (relay_bytes_left(&client->out) || body ||
		 client->state == RELAY_CLIENT_DRAIN)
		client_wait(client, RELAY_WAIT_MORE, client->moved);
	else if (client->state != RELAY_CLIENT_HEAD)
		client_wait(client, RELAY_WAIT_NONE, false);
	else if (relay_bytes_left(&client->in))
		client_wait(client, RELAY_WAIT_HEAD, false);
	else
		client_wait(client, RELAY_WAIT_IDLE, false);
	client->moved = false;
}

/* ---- begin and end ---- */

/* Whose the other end of a unix socket is. */
static int client_know(struct relay_client *client)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!client->relay->unix_socket)
		return 0;
	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -1;
	client->local = true;
	client->uid = cred.uid;
	return 0;
}

int relay_client_open(struct relay *relay, int fd, bool excess)
{
	struct relay_client *client = calloc(1, sizeof(*client));
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
					      EPOLLET,
				    .data.ptr = client};

	if (!client)
		return -1;
	relay_pool_forget(relay, fd);
	client->relay = relay;
	client->fd = fd;
	client->excess = excess;
	client->writable = true;
	if (client_know(client) ||
	    epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		free(client);
		return -1;
	}
	if (excess)
		relay->excess_count++;
	else
		relay->client_count++;
	client->next = relay->clients;
	if (client->next)
		client->next->before = client;
	relay->clients = client;
	client_wait(client, RELAY_WAIT_IDLE, true);
	return 0;
}

void relay_client_end(struct relay_client *client)
{
	struct relay *relay = client->relay;
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (client->ended)
		return;
	client->ended = true;
	if (client->turn)
		relay_turn_drop(client->turn);
	if (client->reset)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
	close(client->fd);
	client->fd = -1;
	client_unwait(client);
	relay_bytes_free(&relay->blocks, &client->in);
	relay_bytes_free(&relay->blocks, &client->out);
	if (client->excess)
		relay->excess_count--;
	else
		relay->client_count--;
	if (client->before)
		client->before->next = client->next;
	else
		relay->clients = client->next;
	if (client->next)
		client->next->before = client->before;
	/* An event of this round may still point to it. */
	client->next = relay->ended;
	relay->ended = client;
}

/* ---- out ---- */

static bool client_sendmsg(struct relay_client *client, struct iovec *iov,
			   size_t count, size_t *sent)
{
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t n = sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	*sent = 0;
	if (n >= 0) {
		*sent = (size_t)n;
		client->moved = true;
		return true;
	}
	if (errno == EAGAIN || errno == EINTR) {
		client->writable = errno == EINTR;
		return true;
	}
	client->broken = true;
	return false;
}

bool relay_client_flush(struct relay_client *client)
{
	while (client->writable && relay_bytes_left(&client->out)) {
		struct iovec iov = {.iov_base = relay_bytes_text(&client->out),
				    .iov_len = relay_bytes_left(&client->out)};
		size_t sent;

		if (!client_sendmsg(client, &iov, 1, &sent))
			return false;
		relay_bytes_eat(&client->out, sent);
	}
	return !client->broken;
}

int relay_client_add(struct relay_client *client, const void *data, size_t len)
{
	if (relay_bytes_add(&client->relay->blocks, &client->out, data, len)) {
		client->broken = true;
		return -1;
	}
	relay_list(client);
	return 0;
}

/* All in one call; what does not go is kept. */
static bool client_send_parts(struct relay_client *client, struct iovec *parts,
			      size_t count)
{
	size_t sent = 0;

	if (client->writable && !client_sendmsg(client, parts, count, &sent))
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t size = parts[i].iov_len;
		size_t gone = sent < size ? sent : size;

		sent -= gone;
		if (i == 0)
			relay_bytes_eat(&client->out, gone);
		else if (gone < size &&
			 relay_client_add(client,
					  (char *)parts[i].iov_base + gone,
					  size - gone))
			return false;
	}
	return true;
}

bool relay_client_send(struct relay_client *client, const char *data,
		       size_t len)
{
	bool chunked = client->turn->chunked;
	char size[24];
	struct iovec parts[4] = {
	    {.iov_base =
		 client->out.data ? relay_bytes_text(&client->out) : NULL,
	     .iov_len = relay_bytes_left(&client->out)},
	    {.iov_base = size},
	    {.iov_base = (char *)data, .iov_len = len},
	    {.iov_base = (char *)"\r\n", .iov_len = chunked ? 2 : 0},
	};

	if (!len || client->broken)
		return !client->broken;
	if (chunked)
		parts[1].iov_len =
		    (size_t)snprintf(size, sizeof(size), "%zx\r\n", len);
	if (len > RELAY_BLOCK || parts[0].iov_len + len >= COLLECTED_MAX)
		return client_send_parts(client, parts, 4);
	for (int i = 1; i < 4; i++)
		if (relay_client_add(client, parts[i].iov_base,
				     parts[i].iov_len))
			return false;
	return true;
}

/* ---- in ---- */

/* False: nothing is there, or nothing will ever be. */
static bool client_recv(struct relay_client *client, char *out, size_t size,
			size_t *got)
{
	ssize_t n;

	*got = 0;
	if (!client->readable || !size)
		return false;
	n = recv(client->fd, out, size, MSG_DONTWAIT);
	if (n > 0) {
		/* A short one: all is taken (epoll(7)), but for its end. */
		client->readable = (size_t)n == size || client->closed;
		client->moved = true;
		*got = (size_t)n;
		return true;
	}
	if (n == 0)
		client->gone = true;
	else if (errno != EAGAIN && errno != EINTR)
		client->broken = true;
	client->readable = n < 0 && errno == EINTR;
	return false;
}

/* Takes more in, so that `want` bytes may be there. */
static bool client_fill(struct relay_client *client, size_t want)
{
	struct relay_bytes *in = &client->in;
	size_t left = relay_bytes_left(in);
	size_t got;

	if (!client->readable)
		return false;
	if (left >= want)
		return false;
	if (relay_bytes_room(&client->relay->blocks, in, want - left)) {
		client->broken = true;
		return false;
	}
	if (!client_recv(client, in->data + in->len, in->cap - in->len, &got))
		return false;
	in->len += got;
	return true;
}

bool relay_client_body_ended(const struct relay_client *client)
{
	return client->body.chunked
		   ? client->body.chunk.place == RELAY_CHUNK_END
		   : client->body.left == 0;
}

static ssize_t client_read_chunks(struct relay_client *client, char *out,
				  size_t size)
{
	struct relay_bytes *in = &client->in;
	struct relay_chunk *chunk = &client->body.chunk;

	for (;;) {
		size_t used = relay_bytes_left(in), made = size;

		if (used) {
			relay_chunk_read(chunk, relay_bytes_text(in), &used,
					 out, &made);
			relay_bytes_eat(in, used);
			if (made)
				return (ssize_t)made;
			if (chunk->place == RELAY_CHUNK_BAD)
				return -2;
			if (chunk->place == RELAY_CHUNK_END)
				return 0;
		}
		if (!client_fill(client, RELAY_BLOCK))
			return -1;
	}
}

ssize_t relay_client_read(struct relay_client *client, char *out, size_t size)
{
	struct relay_bytes *in = &client->in;
	size_t n = relay_bytes_left(in);

	if (relay_client_body_ended(client))
		return 0;
	if (client->body.chunked)
		return client_read_chunks(client, out, size);
	if ((int64_t)size > client->body.left)
		size = (size_t)client->body.left;
	if (n) {
		n = n < size ? n : size;
		memcpy(out, relay_bytes_text(in), n);
		relay_bytes_eat(in, n);
	} else if (!client_recv(client, out, size, &n)) {
		return -1;
	}
	client->body.left -= (int64_t)n;
	return (ssize_t)n;
}

/* ---- what is next ---- */

/* True: there is more to do at once. */
static bool client_head(struct relay_client *client)
{
	struct relay_bytes *in = &client->in;
	size_t len = 0;

	if (relay_bytes_left(&client->out))
		return false;
	/* RFC 9112 2.2: blank lines in front of a request are ignored. */
	while (relay_bytes_left(in) &&
	       (*relay_bytes_text(in) == '\r' || *relay_bytes_text(in) == '\n'))
		relay_bytes_eat(in, 1);
	if (relay_bytes_left(in))
		len = relay_head_end(relay_bytes_text(in), relay_bytes_left(in),
				     &client->seen);
	if (len || relay_bytes_left(in) >= RELAY_HEAD_MAX) {
		client->seen = 0;
		relay_turn_begin(client, len <= RELAY_HEAD_MAX ? len : 0);
		return true;
	}
	return client_fill(client, relay_bytes_left(in) < RELAY_BLOCK / 2
				       ? RELAY_BLOCK
				       : RELAY_HEAD_MAX);
}

static bool client_drain(struct relay_client *client)
{
	char dropped[16384];
	ssize_t n = relay_client_read(client, dropped, sizeof(dropped));

	if (n > 0)
		client->drained += (size_t)n;
	if (n == 0)
		client->state = RELAY_CLIENT_HEAD;
	else if (n == -2 || client->drained > DRAINED_MAX)
		client->state = RELAY_CLIENT_END;
	return n != -1;
}

/* A socket that is closed with unread bytes in it takes back what the client has
 * not read yet. */
static bool client_linger(struct relay_client *client)
{
	char dropped[16384];
	size_t n;

	if (client_recv(client, dropped, sizeof(dropped), &n)) {
		client->drained += n;
		client->broken |= client->drained > LINGERED_MAX;
		return true;
	}
	if (client->gone)
		client->broken = true;
	return false;
}

static bool client_stop(struct relay_client *client)
{
	if (relay_bytes_left(&client->out))
		return false;
	if (client->reset || shutdown(client->fd, SHUT_WR)) {
		client->broken = true;
		return false;
	}
	client->state = RELAY_CLIENT_LINGER;
	client->drained = 0;
	relay_bytes_free(&client->relay->blocks, &client->in);
	return true;
}

/* True: there is more to do at once. */
static bool client_step(struct relay_client *client)
{
	if (!relay_client_flush(client))
		return false;
	switch (client->state) {
	case RELAY_CLIENT_HEAD:
		return client_head(client);
	case RELAY_CLIENT_TURN:
		relay_turn_work(client->turn);
		return client->state != RELAY_CLIENT_TURN;
	case RELAY_CLIENT_DRAIN:
		return client_drain(client);
	case RELAY_CLIENT_END:
		return client_stop(client);
	default:
		return client_linger(client);
	}
}

/* True: there is more to do, but others are waiting as well. */
static bool client_steps(struct relay_client *client)
{
	for (int i = 0; i < STEPS_MAX; i++)
		if (client->broken || !client_step(client))
			return false;
	return !client->broken;
}

void relay_client_work(struct relay_client *client)
{
	if (client->ended)
		return;
	/* Who closes its side while we work for it does not wait any more: the
	 * system does not tell which sides it has closed. What was answered is
	 * sent. */
	if (client_steps(client))
		relay_list(client);
	else if (client->state == RELAY_CLIENT_TURN
		     ? client->closed || client->gone
		     : client->gone && !relay_bytes_left(&client->out))
		client->broken = true;
	if (client->broken) {
		relay_client_end(client);
		return;
	}
	relay_bytes_rest(&client->relay->blocks, &client->in);
	relay_bytes_rest(&client->relay->blocks, &client->out);
	client_set_wait(client);
}

void relay_client_event(struct relay_client *client, uint32_t events)
{
	if (client->ended)
		return;
	if (events & (EPOLLIN | EPOLLRDHUP))
		client->readable = true;
	if (events & EPOLLOUT)
		client->writable = true;
	if (events & EPOLLRDHUP)
		client->closed = true;
	if (events & (EPOLLHUP | EPOLLERR))
		client->broken = true;
	relay_list(client);
}

void relay_client_late(struct relay_client *client)
{
	if (client->wait == RELAY_WAIT_HEAD) {
		relay_client_tell(client, 408,
				  "The rest of the request's head did not "
				  "arrive within 30 seconds.");
		relay_list(client);
	} else {
		relay_client_end(client);
	}
}
