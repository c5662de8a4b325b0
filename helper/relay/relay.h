/* SPDX-License-Identifier: MIT */
/*
 * relay.h - the parts of the server that passes requests on, see net.h, shared by
 * its files:
 *
 *   relay.c           the loop: descriptors, times, limits
 *   relay_client.c    a client's connection: what it sends, what it still gets
 *   relay_turn.c      one request and its answer; what the caller decides
 *   relay_transfer.c  the same request at the server: libcurl's side of it
 *   relay_pool.c      libcurl's connections and handles
 *   relay_trust.c     whom to trust, loaded once
 *   relay_head.c, relay_chunk.c, relay_fields.c, relay_bytes.c  pure functions
 *
 * All of it is one thread. What must be done is done in relay_run(), never in a
 * callback of libcurl; the caller's functions are called from there alone.
 */
#ifndef VALETKEY_RELAY_H
#define VALETKEY_RELAY_H

#include "net/http_exchange.h"
#include "net/net_module.h"
#include "relay_bytes.h"
#include "relay_chunk.h"
#include "relay_head.h"
#include "relay_trust.h"

#include <curl/curl.h>

#define RELAY_CLIENTS_MAX 512u
#define RELAY_EXCESS_MAX 64u	  /* more, who are told that it is too many */
#define RELAY_KEPT_MAX (1u << 20) /* of a body, for repeating the request */

/* ---- clients ---- */

enum relay_client_state {
	RELAY_CLIENT_HEAD = 0,	/* a head is awaited */
	RELAY_CLIENT_TURN = 1,	/* a request is being served */
	RELAY_CLIENT_DRAIN = 2, /* was answered; its body is dropped */
	RELAY_CLIENT_END = 3,	/* what is left is sent, then it is closed */
	RELAY_CLIENT_LINGER = 4 /* all was sent; so that it reads it */
};

/* For how long a client may stay as it is; each is a queue by age. */
enum relay_wait {
	RELAY_WAIT_NONE = 0, /* it is not the client's turn to do anything */
	RELAY_WAIT_IDLE = 1, /* between two requests */
	RELAY_WAIT_HEAD = 2, /* the rest of a head */
	RELAY_WAIT_MORE = 3, /* more of a body, or that it reads more */
	RELAY_WAIT_LINGER = 4,
	RELAY_WAITS = 5
};

/* How much of a request's body is still to come. */
struct relay_body {
	bool chunked;
	int64_t left; /* if it is not */
	struct relay_chunk chunk;
};

struct relay_client {
	struct relay *relay;
	int fd;
	enum relay_client_state state;
	bool excess;   /* one too many */
	bool local;    /* of struct relay_request */
	bool readable; /* as far as is known, */
	bool writable;
	bool closed; /* it has closed its side, */
	bool gone;   /* and all that it sent was read */
	bool broken; /* nothing can be done for it any more */
	bool reset;  /* its end must look like an accident */
	bool moved;  /* it has sent or read something in this round */
	bool listed; /* in relay->work */
	bool ended;
	uid_t uid;
	struct relay_bytes in, out;
	size_t seen;	/* of a head, see relay_head_end() */
	size_t drained; /* of what nobody wants */
	struct relay_body body;
	struct relay_turn *turn;
	enum relay_wait wait;
	int64_t until;
	struct relay_client *wait_before, *wait_after; /* in relay->waits */
	struct relay_client *next_work, *before, *next;
};

/* ---- turns ---- */

enum relay_turn_state {
	RELAY_TURN_ASKED = 0,	/* the caller decides */
	RELAY_TURN_READ = 1,	/* the caller wants the body */
	RELAY_TURN_FORWARD = 2, /* it is at the server */
	RELAY_TURN_REFUSED = 3, /* that said 401: the caller decides */
};

struct relay_turn {
	struct relay_exchange exchange; /* the caller's handle: first */
	struct relay_client *client;
	enum relay_turn_state state;
	struct relay_bytes text; /* the head's; relay_head points into it */
	struct relay_head head;
	struct relay_transfer *transfer;
	size_t read_max;
	struct buf body; /* for `read`, or kept for repeating */
	bool kept;	 /* all that was taken of the body is in `body` */
	bool told_100;
	bool chunked;	  /* how the answer's body is framed: in chunks, */
	bool until_end;	  /* by the connection's end, */
	int64_t promised; /* by its length: so much is left; -1: it is not */
	bool bodyless;	  /* the answer has none, whatever its length says */
	struct relay_turn *next; /* in relay->turns, while it is free */
};

static inline struct relay_turn *relay_turn_of(struct relay_exchange *exchange)
{
	return (struct relay_turn *)exchange;
}

/* ---- transfers ---- */

/* What all transfers to one server have in common. */
struct relay_server {
	char *origin, *ca_file, *proxy, *certificate, *certificate_key;
	struct relay_server *next;
	struct relay_transfer *free;
	struct relay_trust *trust; /* NULL: libcurl checks by itself */
	struct relay_trusted trusted;
};

enum relay_shape {
	RELAY_SHAPE_NONE = 0,
	RELAY_SHAPE_GET = 1,  /* any method without a body */
	RELAY_SHAPE_HEAD = 2, /* and without one in the answer */
	RELAY_SHAPE_PUT = 3   /* any method with a body */
};

struct relay_transfer {
	struct exchange ex; /* with the easy handle */
	struct http_request request;
	struct relay *relay;
	struct relay_server *server;
	struct relay_pool *pool;
	struct relay_turn *turn;
	enum relay_shape shape;
	bool named;	  /* a method of its own is set */
	struct buf lines; /* the fields that are sent, NUL behind each */
	struct curl_slist nodes[RELAY_FIELDS_MAX + 8];
	struct buf answer; /* the lines of its head */
	struct buf fields; /* those that go on */
	bool headed;	   /* the answer's head is whole, */
	bool shown;	   /* and was given to the client */
	bool refusing;	   /* a 401 that the caller decides on */
	bool told;	   /* it knows */
	bool bad_body;	   /* the client's chunks were no chunks */
	struct buf held;   /* the body of a 401 as far as it is here */
	size_t repeated;   /* so much of the kept body was given again */
	bool recv_paused, send_paused;
	bool idempotent; /* may go out twice, RFC 9110 9.2.2 */
	bool begun;	 /* has gone out, perhaps */
	bool again;	 /* libcurl wanted to send it once more */
	bool spent;	 /* the handle will never wait for a 100 again */
	bool done;	 /* libcurl is done with it, with this: */
	CURLcode code;
	enum http_failure failure; /* that we found ourselves; OTHER: none */
	char self[512], origin[512];
	bool cookies, no_referrer;
	struct relay_transfer *next; /* in server->free */
};

/* ---- the relay ---- */

/* A descriptor of libcurl's. */
struct relay_socket {
	struct relay_pool *pool;
	uint32_t watched; /* of epoll(7); 0: not in it */
	bool wanted;	  /* by libcurl; else it rests in its pool */
	int64_t since;	  /* when it came to rest */
};

/* A multi handle. One that has too many connections at rest gets no new work,
 * and is closed with all of them when what it has is done. */
struct relay_pool {
	struct relay *relay;
	CURLM *multi;
	int64_t due; /* INT64_MAX: not at all */
	size_t active;
	struct relay_pool *next;
};

struct relay {
	struct relay_options options;
	int epoll_fd;
	bool unix_socket;
	bool deaf; /* the listener is not watched: no descriptor is free */
	int64_t now;
	int64_t tidy_at;
	size_t clients_max;
	size_t client_count, excess_count, peak;
	struct relay_client *clients, *work, *ended;
	struct {
		struct relay_client *first, *last;
	} waits[RELAY_WAITS];
	struct relay_blocks blocks;
	struct relay_turn *turns; /* free */
	size_t turns_free;
	size_t transfers_free;
	struct relay_server *servers;
	struct relay_pool *pools;     /* the first takes new work */
	struct relay_socket *sockets; /* by descriptor */
	size_t sockets_size;
};

/* relay.c */
void relay_list(struct relay_client *client); /* looks at it in this round */

/* relay_client.c */
int relay_client_open(struct relay *relay, int fd, bool excess);
void relay_client_event(struct relay_client *client, uint32_t events);
void relay_client_work(struct relay_client *client);
void relay_client_late(struct relay_client *client);
void relay_client_end(struct relay_client *client);
/* For how long it has done what it does, in milliseconds. */
int64_t relay_client_rested(const struct relay_client *client);
/* What is left of the request's body: > 0 bytes, 0 at its end, or -1 if it has
 * not come yet, -2 if it is badly framed. */
ssize_t relay_client_read(struct relay_client *client, char *out, size_t size);
bool relay_client_body_ended(const struct relay_client *client);
/* Sends, as far as it goes now. False: the client is broken. */
bool relay_client_flush(struct relay_client *client);
int relay_client_add(struct relay_client *client, const void *data, size_t len);
/* Of the answer's body, in its framing; false: the client is broken. */
bool relay_client_send(struct relay_client *client, const char *data,
		       size_t len);

/* relay_turn.c */
void relay_turn_begin(struct relay_client *client, size_t head_len);
void relay_turn_work(struct relay_turn *turn);
void relay_turns_free(struct relay *relay);
void relay_turn_drop(struct relay_turn *turn);
/* Answers with a sentence. */
void relay_turn_tell(struct relay_turn *turn, int status, const char *text);
void relay_client_tell(struct relay_client *client, int status,
		       const char *text);
/* The whole answer was given. */
void relay_turn_finish(struct relay_turn *turn, bool whole);
void relay_turn_continue(struct relay_turn *turn);

/* relay_transfer.c */
void relay_transfer_begin(struct relay_turn *turn,
			  const struct relay_upstream *upstream);
void relay_transfer_work(struct relay_transfer *transfer);
void relay_transfer_pass(struct relay_transfer *transfer);
int relay_transfer_setup(struct relay_transfer *transfer);

/* relay_pool.c */
struct relay_transfer *
relay_pool_transfer(struct relay *relay, const struct relay_upstream *upstream,
		    struct problem *problem);
int relay_pool_add(struct relay_transfer *transfer);
void relay_pool_remove(struct relay_transfer *transfer);
void relay_pool_event(struct relay *relay, int fd, uint32_t events);
bool relay_pool_run(struct relay *relay); /* false: nothing was due */
int64_t relay_pool_due(const struct relay *relay);
void relay_pool_forget(struct relay *relay, int fd);
void relay_pool_tidy(struct relay *relay, bool all);
void relay_pool_close(struct relay *relay);

#endif
