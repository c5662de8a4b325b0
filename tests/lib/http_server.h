/* SPDX-License-Identifier: MIT */
/*
 * http_server.h - for the test programs of one HTTP exchange: a server that
 * answers from a script, byte for byte, and hands the request back, and name
 * servers that we need not have.
 */
#ifndef VALETKEY_HTTP_SERVER_H
#define VALETKEY_HTTP_SERVER_H

#include "net/net_module.h"

#include "tap.h"
#include "valetkey.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>

#define PLENTY_MS 60000 /* of time, even under valgrind */

/* What getaddrinfo() says of a name, and after what time: libcurl's calls come
 * here too. 0: that it is this computer, by IPv6 first. */
extern int names_answer;
extern unsigned names_ms;
extern atomic_uint names_answered; /* how often it has said something */

/* Of the last exchange. */
extern struct http_answer answer;
extern struct problem problem;
extern struct buf seen; /* the request, as the server saw it */

struct server {
	uint16_t port;
	int listen_fd;
	int seen_fd; /* the request comes back through here */
	pid_t pid;
};

/* Ignores the environment's proxies; and the end. */
void http_server_setup(void);
void http_server_done(void);

/* A socket of this computer that listens. */
int listen_any(uint16_t *port);

/* One answer: script (NULL: silence), then repeat KiB of filler. */
struct server start(const char *script, size_t repeat);

/* Ends it, and fills in `seen`. */
void stop(const struct server *server);

/* Asks; with Basic if there is a form. */
int ask_url(const char *url, const struct buf *form, int ms);

/* Asks a server that answers with script. */
int ask(const char *script, size_t repeat, bool post, int ms);

/* Whether the request has this in it. */
bool has(const char *part);

/* Nothing of what was sent may be in an error's text. */
bool discreet(void);

/* A test: nothing is sent to the URL, and the error says this. */
static inline void refuse(const char *url, const char *says)
{
	int rc = ask_url(url, NULL, PLENTY_MS);

	tap_ok(rc == VALETKEY_ERR_NETWORK && !answer.sent && discreet() &&
		   strstr(problem.text, says),
	       "%s: %s", url, problem.text);
}

#endif
