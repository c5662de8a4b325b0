/* SPDX-License-Identifier: MIT */
/*
 * net.h - the private module that talks (http.c, libcurl), listens
 * (listener.c, libmicrohttpd) and signs (signer.c, GnuTLS).
 *
 * These libraries cost more to load than everything else a get does, so they
 * are in a module which net_load() brings in only when a provider must be
 * asked or a browser awaited. The module exports one symbol, valetkey_net.
 */
#ifndef VALETKEY_NET_H
#define VALETKEY_NET_H

#include "core/buf.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- one HTTP exchange (RFC 9110) ---- */

struct http_request {
	const char *url;	    /* https, or http to a loopback address */
	const struct buf *form;	    /* the body of a POST; NULL: GET */
	bool remove;		    /* DELETE instead, without a body */
	bool json;		    /* and that is JSON, not a form */
	const char *accept;	    /* media types; NULL: JSON */
	bool head;		    /* the answer's body is not waited for */
	const char *bearer;	    /* access token (RFC 6750 2.1), or NULL */
	const char *basic_user;	    /* HTTP Basic, already form-urlencoded as */
	const char *basic_password; /* RFC 6749 2.3.1 asks; both or none */
	const char *ca_file;	    /* NULL: the system's */
	const char *proxy;	 /* URL; NULL: the environment's, but none for
				       a loopback address; "none": none */
	const char *certificate; /* the client's (RFC 8705), with its key: */
	const char *certificate_key; /* paths of PEM files; both or none */
	int64_t deadline;	     /* of clock.h; bounds the whole exchange */

	/* Called with the body of a success whenever more of it is here, before
	 * the connection is closed, and at its end with `whole` if it came to
	 * one; or NULL. */
	void (*received)(const struct buf *body, bool whole, void *data);
	void *data;
};

struct http_answer {
	long status; /* 0: no whole answer arrived */
	bool sent;   /* the request may have reached the server: if status is
			0, nobody knows whether it acted on it */
	struct buf body; /* if status is 0: of a success that was cut off */
	struct buf challenge; /* WWW-Authenticate, all of them (challenge.h) */
	char location[2048];  /* "": absent */
	char content_type[128]; /* lower case, without parameters */
	int64_t retry_after_s;	/* Retry-After, at most a day; -1: absent */
	int64_t date;		/* Date, Unix seconds; 0: absent */
};

#define HTTP_BODY_MAX (256u << 10)

/* RFC 9110 15.3: which one a server chooses tells us nothing. */
static inline bool http_success(long status)
{
	return status >= 200 && status < 300;
}

/* ---- signing with the client's own key (RFC 7515) ---- */

struct signer;

/* ---- the loopback redirect (RFC 8252 7.3) ---- */

struct listener;

struct listener_options {
	const char *host;  /* 127.0.0.1, [::1] or localhost (both families) */
	uint16_t port;	   /* 0: any */
	const char *path;  /* "/callback"; "" and "/" are both the root */
	const char *state; /* what a redirect must carry; compared in constant
			      time, accepted once */
	const char *provider; /* its name, for the landing page */
	const char *account;  /* the account's name, for the landing page */
	const char *program;  /* who asks for the login, as it calls itself,
				 for that page; NULL: it does not say */
	bool form_post;	      /* the answer comes by a POST of a form and not by
				 a GET (OAuth 2.0 Form Post Response Mode) */
	const struct buf *to; /* the authorization request's URL, where
				 listener_address() leads; may be filled later */
};

/* How a login ended, for the page that tells of it. */
enum listener_end {
	LISTENER_FAILED = 0,
	LISTENER_LOGGED_IN = 1,
	LISTENER_DECLINED = 2, /* the person said no */
	LISTENER_ASKING = 3    /* not yet: a question waits in the terminal */
};

/* The authorization response's parameters, decoded; NULL: absent. */
struct listener_answer {
	char *code;
	char *iss;
	char *error;
	char *error_description;
	bool unseen; /* the system does not tell whose browser brought it */
};

/* What a person pasted instead: */
enum redirect_verdict {
	REDIRECT_TAKEN = 0,   /* the answer is filled */
	REDIRECT_DAMAGED = 1, /* not the encoding of a form */
	REDIRECT_NO_CODE = 2, /* neither a code nor an error */
	REDIRECT_OTHER = 3,   /* another login's, or not all of it */
	REDIRECT_NOMEM = 4
};

/* ---- a server on this computer that passes requests on (RFC 9112) ---- */

struct relay;

/* One request and its answer; the relay's, until `ended` was called. */
struct relay_exchange {
	void *mine; /* the caller's, NULL at first */
};

struct relay_header {
	const char *name; /* a token (RFC 9110 5.6.2), as it came */
	const char *value;
};

/* A request whose head has come and is well formed; valid in the callback only. */
struct relay_request {
	const char *method;
	const char *target; /* as it came: origin-form, byte for byte */
	const struct relay_header *headers;
	size_t headers_count;
	bool local; /* it came by a unix socket, from this user: */
	uid_t uid;
};

/* What is answered here, without asking any server. */
struct relay_reply {
	int status;
	const struct relay_header *headers; /* beside Content-Length, Date */
	size_t headers_count;
	const struct buf *body; /* NULL: none */
	bool close;		/* the connection ends with it */
};

/* Where a request goes to. Texts are copied. */
struct relay_upstream {
	const char *origin; /* https://host[:port], or http on loopback */
	const char *target; /* sent as it is */
	const char *bearer; /* access token (RFC 6750 2.1) */
	const char *self;   /* our own origin and path, in front of which a
			       Location on `origin` is put, also one that is a
			       path alone; NULL: it is left */
	const char *ca_file, *proxy; /* as in struct http_request */
	const char *certificate, *certificate_key;
	bool cookies; /* Cookie and Set-Cookie pass */
	bool http2;   /* if the server offers it, see relay_transfer.c */
	/* That may be in the path of self: no field tells it to the server, and
	 * pages of the answer tell no other server where they are from
	 * (Referrer-Policy). NULL: none. */
	const char *secret;
};

/*
 * Each request that has arrived needs one of relay_answer(), relay_read() and
 * relay_forward(), in the callback or later; no other request waits for it.
 */
struct relay_options {
	int listener; /* a socket that listens, TCP or unix; the relay's */
	void (*arrived)(struct relay_exchange *exchange,
			const struct relay_request *request, void *data);
	/* After relay_read(): the body; relay_answer() it. */
	void (*read)(struct relay_exchange *exchange, const struct buf *body,
		     void *data);
	/* The server said 401. relay_forward() once more if the request is
	 * repeatable (its body is still here), else, or now, relay_pass(). */
	void (*refused)(struct relay_exchange *exchange, bool repeatable,
			void *data);
	/* It was answered, or its client has gone; do not use it again. */
	void (*ended)(struct relay_exchange *exchange, void *data);
	void *data;
};

struct net {
	/*
	 * Sends a request. 0, or a result code with *problem set: NETWORK
	 * (name, TCP, TLS or HTTP failed, the answer was too long, or was cut
	 * off), TIMEOUT, NOMEM. Redirects are not followed. The answer must be
	 * zero before; http_answer_free() it in any case.
	 */
	int (*http_send)(const struct http_request *request,
			 struct http_answer *answer, struct problem *problem);
	void (*http_answer_free)(struct http_answer *answer);

	/*
	 * A signer from a private key's PEM text (PKCS #8, PKCS #1 or SEC 1,
	 * not encrypted), and the name of its algorithm. 0, ERR_DENIED if
	 * the key cannot be used, ERR_NOMEM.
	 */
	int (*signer_open)(const struct buf *pem, struct signer **signer,
			   const char **algorithm, struct problem *problem);

	/* Appends the signature as RFC 7518 and 8037 want it. */
	int (*signer_sign)(const struct signer *signer, const struct buf *input,
			   struct buf *signature, struct problem *problem);
	void (*signer_close)(struct signer *signer);

	/* Listens; at *port. 0 or a result code with *problem set. */
	int (*listener_open)(const struct listener_options *options,
			     struct listener **listener, uint16_t *port,
			     struct problem *problem);

	/*
	 * An address of this computer for the browser of our own user, and
	 * nobody else's: it leads to the options' `to`, as often as it is
	 * visited. "" if the system does not tell who comes.
	 */
	const char *(*listener_address)(const struct listener *listener);

	/* One descriptor to poll for POLLIN, then call listener_run(). */
	int (*listener_fd)(const struct listener *listener);

	/*
	 * Serves what is waiting, never blocks. True once the redirect with the
	 * right state has come; `answer` is filled then and belongs to the
	 * caller (listener_answer_free), and the browser, which was sent on to
	 * the landing page, waits there for listener_reply().
	 */
	bool (*listener_run)(struct listener *listener,
			     struct listener_answer *answer);
	void (*listener_answer_free)(struct listener_answer *answer);

	/*
	 * Reads the query of an address that the redirect led to, decoded in
	 * place, as strictly as listener_run(). Of one with another state no
	 * value is looked at (RFC 6749 10.12).
	 */
	enum redirect_verdict (*redirect_read)(char *query, const char *state,
					       struct listener_answer *answer);

	/* Whether another user's connection was refused since the last call. */
	bool (*listener_refused)(struct listener *listener);

	/*
	 * Shows the landing page to the browser that waits: success, with who
	 * logged in, or failure or a person's no with the reason (plain text;
	 * NULL if that is not known). Returns when it was sent or after two
	 * seconds. After LISTENER_ASKING the browser comes back and waits again
	 * for what is to be shown then.
	 */
	void (*listener_reply)(struct listener *listener, enum listener_end end,
			       const char *text);

	/* Closes the port. NULL is fine. */
	void (*listener_close)(struct listener *listener);

	/* Serves the options' listener. 0 or a result code with *problem set. */
	int (*relay_open)(const struct relay_options *options,
			  struct relay **relay, struct problem *problem);

	/* One descriptor to poll for POLLIN, then call relay_run(). */
	int (*relay_fd)(const struct relay *relay);

	/* Serves what is waiting, never blocks. When to call it at the latest,
	 * in milliseconds from now; -1: when the descriptor is readable. What
	 * is decided outside of the options' functions happens in the next
	 * call: make one before you wait. */
	int (*relay_run)(struct relay *relay);

	/* Answers here. What is left of the request's body is dropped. */
	void (*relay_answer)(struct relay_exchange *exchange,
			     const struct relay_reply *reply);

	/* Wants the body, of at most max bytes; if it is longer, or badly
	 * framed, the client is told so and `read` is not called. */
	void (*relay_read)(struct relay_exchange *exchange, size_t max);

	/* Passes the request on, and what comes back; if the server cannot be
	 * reached the client has 502 or 504 with the reason. */
	void (*relay_forward)(struct relay_exchange *exchange,
			      const struct relay_upstream *upstream);

	/* Hands the 401 to the client. */
	void (*relay_pass)(struct relay_exchange *exchange);

	/* Connections of clients that are open now. */
	size_t (*relay_clients)(const struct relay *relay);

	/* Ends all connections. NULL is fine. */
	void (*relay_close)(struct relay *relay);
};

/* The module, loaded at the first call; NULL with *problem set. */
const struct net *net_load(struct problem *problem);

/* An exchange that has ended: what http_send() was given, what it returned, and
 * how long it took. */
struct net_exchange {
	const struct http_request *request;
	const struct http_answer *answer;
	const struct problem *problem;
	int result;
	int64_t ms;
};

/* Before the module is loaded: who is told of each exchange. */
void net_observe(void (*observer)(const struct net_exchange *exchange,
				  void *data),
		 void *data);

#endif
