/* SPDX-License-Identifier: MIT */
/*
 * http_exchange.h - one exchange while it lasts, shared by the files that know
 * libcurl: http.c runs it, http_setup.c tells libcurl what to do, http_verdict.c
 * what went wrong, and http_memory.c gives it memory.
 */
#ifndef VALETKEY_HTTP_EXCHANGE_H
#define VALETKEY_HTTP_EXCHANGE_H

#include "http_failure.h"
#include "http_header.h"
#include "net.h"

#include <curl/curl.h>

struct exchange {
	const struct http_request *request;
	struct http_answer *answer;
	CURL *curl;
	struct curl_slist *sent_headers;
	char *host;	 /* with brackets around IPv6 */
	char proxy[256]; /* host:port; "" where there certainly is none */
	int64_t began;	 /* clock_ms() */
	bool https;
	bool loopback;
	bool connected; /* a socket was, to the server or its proxy */
	size_t told;	/* so much of the body `received` has heard of */
	bool told_whole;
	bool too_long;
	bool nomem;
	struct http_headers headers;
	char error[CURL_ERROR_SIZE];
};

/* Has libcurl take its memory from us, with a reserve that is there afterwards:
 * before curl_easy_init(). 0 or -1. */
int http_memory(void);

/* All options but the callbacks for what arrives. 0 or -1. */
int http_setup(struct exchange *ex);

/* What the end of the transfer means, where it was not a whole answer. */
enum http_failure http_verdict(const struct exchange *ex, CURLcode code);

/* A whole answer that comes from the proxy and not from the server. */
bool http_verdict_of_proxy(const struct exchange *ex, long status);

#endif
