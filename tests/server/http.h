/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server, with a thread for each connection, on loopback only.
 * It turns what the library says into a struct request, has it answered
 * by route_request(), and sends the answer in the way it asks for.
 */
#ifndef PROVIDER_HTTP_H
#define PROVIDER_HTTP_H

struct provider;
struct http_server;

/* Listens on 127.0.0.1 and sets provider->origin. -1: said on stderr. */
int http_start(struct provider *provider, struct http_server **out);

/* Ends all connections; provider->stop_fd is to be readable before. */
void http_stop(struct http_server *server);

#endif
