/* SPDX-License-Identifier: MIT */
/*
 * http_exchange.h - one exchange while it lasts, shared by the files that know
 * libcurl: http.c runs it, http_setup.c gives libcurl memory and tells it what to
 * do, http_exchange.c tells what went wrong.
 */
#ifndef VALETKEY_HTTP_EXCHANGE_H
#define VALETKEY_HTTP_EXCHANGE_H

#include "core/text.h"
#include "net.h"

#include <curl/curl.h>
#include <stdbool.h>

struct exchange {
	const struct http_request *request;
	struct http_answer *answer;
	CURL *curl;
	struct curl_slist *sent_headers;
	char *host;	 /* with brackets around IPv6 */
	char proxy[256]; /* host:port; "": certainly none */
	int64_t began;	 /* clock_ms() */
	bool https;
	bool loopback;
	bool connected; /* a socket was, to the server or its proxy */
	size_t told;	/* so much of the body `received` has heard of */
	bool told_whole;
	bool too_long;
	bool nomem;
	bool hurried; /* nothing may be asked again to know what went wrong */
	bool
	    headers_complete; /* the blank line after the last status line came */
	bool stopped;	      /* by us: that was all we wanted */
	char error[CURL_ERROR_SIZE];
};

/* Has libcurl take its memory from us, with a reserve that is there afterwards:
 * before curl_easy_init(). 0 or -1. */
int http_memory(void);

/* Takes the request's URL apart and refuses what a credential must not be sent
 * to: 0 with host, https and loopback set, or a result with *problem set. */
int http_setup_address(struct exchange *ex, struct problem *problem);

/* Whether the private key is that of another certificate, as far as that can be
 * read from the two files. */
bool key_pair_differs(const char *certificate, const char *key);

/* Refuses a client certificate with the key of another one: 0, or a result with
 * *problem set. */
int http_setup_identity(const struct exchange *ex, struct problem *problem);

/* Of the options those for the connection: protocol, trust, identity, proxy.
 * 0 or -1. */
int http_setup_connection(struct exchange *ex);

/* Where the certificates are that count; NULL: not there. Without either, the TLS
 * library knows. */
struct http_trust {
	const char *file;
	const char *directory;
};

struct http_trust http_setup_trust(const char *ca_file);

/* All options but the callbacks for what arrives. 0 or -1. */
int http_setup(struct exchange *ex);

/* What the end of the transfer means, if it was not a whole answer. */
enum http_failure http_verdict(const struct exchange *ex, CURLcode code);

/* A whole answer that comes from the proxy and not from the server. */
bool http_verdict_of_proxy(const struct exchange *ex, long status);

/* ---- the sentences ---- */

/* What can go wrong between us and a provider, in our own terms, and the
 * sentence for a person that belongs to each. */

enum http_failure {
	HTTP_FAILURE_OTHER = 0,
	HTTP_FAILURE_NOMEM = 1,
	HTTP_FAILURE_NAME = 2,		 /* the name has no address */
	HTTP_FAILURE_NAME_SERVER = 3,	 /* nobody answers for names */
	HTTP_FAILURE_CONNECT = 4,	 /* refused */
	HTTP_FAILURE_ROUTE = 5,		 /* no route */
	HTTP_FAILURE_SILENT = 6,	 /* no connection in time */
	HTTP_FAILURE_DEADLINE = 7,	 /* no answer in time */
	HTTP_FAILURE_PROXY_NAME = 8,	 /* the proxy's name has no address */
	HTTP_FAILURE_PROXY = 9,		 /* the proxy cannot be reached */
	HTTP_FAILURE_PROXY_LOGIN = 10,	 /* the proxy wants a password */
	HTTP_FAILURE_PROXY_REFUSES = 11, /* the proxy does not connect us */
	HTTP_FAILURE_UNTRUSTED = 12,	 /* nobody we trust signed it */
	HTTP_FAILURE_EXPIRED = 13,	 /* out of date, or not yet valid */
	HTTP_FAILURE_WRONG_NAME = 14,	 /* made for another host */
	HTTP_FAILURE_CA_FILE = 15,	 /* ca_file cannot be read */
	HTTP_FAILURE_TLS = 16,		 /* no TLS 1.2 or later */
	HTTP_FAILURE_TLS_SILENT = 17,	 /* no TLS in time */
	HTTP_FAILURE_CERTIFICATE_FILE = 18,    /* our certificate or its key */
	HTTP_FAILURE_CERTIFICATE_REFUSED = 19, /* they do not want ours */
	HTTP_FAILURE_CERTIFICATE_WANTED = 20,  /* they want one */
	HTTP_FAILURE_CUT_OFF = 21,	       /* the answer ended too early */
	HTTP_FAILURE_TOO_LONG = 22,	       /* more than HTTP_BODY_MAX */
	HTTP_FAILURE_GARBLED = 23,	       /* not HTTP */
	HTTP_FAILURE_UNTRUSTED_BY_FILE = 24,   /* nobody in ca_file did */
	HTTP_FAILURE_CERTIFICATE_KEY = 25      /* our key is another's */
};

struct http_failure_place {
	const char *host;
	const char *proxy; /* host:port, or "" */
	bool late;	   /* the caller's deadline has passed */
};

/* Sets the problem; returns its result: NETWORK, TIMEOUT, NOMEM, and
 * DENIED for files of our own. */
int http_failure_set(struct problem *problem, enum http_failure failure,
		     const struct http_failure_place *place);

#endif
