/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server by libmicrohttpd: see http.h. Nothing of that library
 * leaves this file.
 *
 * The library decodes queries and forms in its own, generous way; here
 * the text is kept as it came, and form.c is strict about it.
 */
#include "http.h"

#include "authorize.h"
#include "provider.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Room for a header with the longest token. */
#define HTTP_MEMORY (256 * 1024)
#define HTTP_BLOCK 4096
#define HTTP_PORT_TRIES 20
#define HTTP_READ_MS 2000

struct http_server {
	struct MHD_Daemon *v4;
	struct MHD_Daemon *v6;
};

/* A body that goes out piece by piece. */
struct http_stream {
	enum delivery delivery;
	struct buf body;
	int64_t amount;
	int peer_fd;
	int stop_fd;
};

static int http_fd(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* The first that is known of a request: its line, not yet decoded. */
static void *http_begin(void *cls, const char *uri,
			struct MHD_Connection *connection)
{
	struct request *request = util_alloc(sizeof(*request));
	size_t path = strcspn(uri, "?");

	(void)cls;
	request->path = util_strndup(uri, path);
	request->query = util_strdup(uri[path] ? uri + path + 1 : "");
	request->fd = http_fd(connection);
	return request;
}

static char *http_value(struct MHD_Connection *connection,
			enum MHD_ValueKind kind, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, kind, name);

	return value ? util_strdup(value) : NULL;
}

static char *http_certificate(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info && info->tls_session ? assertion_peer(info->tls_session)
					 : NULL;
}

static void http_read_head(struct request *request,
			   struct MHD_Connection *connection,
			   const char *method)
{
	request->started = true;
	request->method = util_strdup(method);
	request->authorization =
	    http_value(connection, MHD_HEADER_KIND, "Authorization");
	request->content_type =
	    http_value(connection, MHD_HEADER_KIND, "Content-Type");
	request->certificate = http_certificate(connection);
	request->cookie =
	    http_value(connection, MHD_COOKIE_KIND, AUTHORIZE_COOKIE);
}

static void http_read_body(struct request *request, const char *data,
			   size_t size)
{
	if (request->body.len + size > REQUEST_MAX_BODY ||
	    memchr(data, 0, size))
		request->too_big = true;
	else
		buf_add(&request->body, data, size);
}

static size_t http_min(size_t left, size_t right)
{
	return left < right ? left : right;
}

/*
 * The part of an endless answer that starts at pos: the true body without
 * its last brace, one more member full of filler, and the end if any.
 */
static ssize_t http_read_huge(const struct http_stream *stream, uint64_t pos,
			      char *out, size_t max)
{
	const struct buf *body = &stream->body;
	uint64_t end = UINT64_MAX;

	if (stream->amount > 0)
		end = (uint64_t)stream->amount;
	if (end < body->len + 2)
		end = body->len + 2;
	if (pos == end)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (pos < body->len) {
		max = http_min(max, body->len - (size_t)pos);
		memcpy(out, body->data + pos, max);
	} else if (pos < end - 2) {
		max = (size_t)(end - 2 - pos) < max ? (size_t)(end - 2 - pos)
						    : max;
		memset(out, 'x', max);
	} else {
		max = 1;
		*out = pos == end - 2 ? '"' : '}';
	}
	return (ssize_t)max;
}

static ssize_t http_read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
	struct http_stream *stream = cls;
	const struct buf *body = &stream->body;
	size_t end = body->len;

	if (stream->delivery == DELIVERY_HUGE)
		return http_read_huge(stream, pos, out, max);
	if (stream->delivery == DELIVERY_TRUNCATE)
		end /= 2;
	if (pos >= end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	max = http_min(max, end - (size_t)pos);
	if (stream->delivery == DELIVERY_DRIP) {
		max = 1;
		if (util_wait(stream->peer_fd, stream->stop_fd, stream->amount))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	memcpy(out, body->data + pos, max);
	return (ssize_t)max;
}

static void http_free_stream(void *cls)
{
	struct http_stream *stream = cls;

	buf_clear(&stream->body);
	free(stream);
}

static struct MHD_Response *http_stream_response(struct provider *provider,
						 struct request *request)
{
	struct http_stream *stream = util_alloc(sizeof(*stream));
	struct answer *answer = &request->answer;
	uint64_t size = answer->body.len;

	stream->delivery = answer->delivery;
	stream->amount = answer->amount;
	stream->peer_fd = request->fd;
	stream->stop_fd = provider->stop_fd;
	buf_add(&stream->body, answer->body.data, answer->body.len);
	if (answer->delivery == DELIVERY_HUGE) {
		size = MHD_SIZE_UNKNOWN;
		if (stream->body.len)
			stream->body.len--;
		buf_adds(&stream->body, ",\"padding\":\"");
	}
	return MHD_create_response_from_callback(
	    size, HTTP_BLOCK, http_read_stream, stream, http_free_stream);
}

/* Makes the end of the connection as rude as it can be. */
static enum MHD_Result http_abort(const struct request *request)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(request->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return MHD_NO;
}

static enum MHD_Result http_send(struct provider *provider,
				 struct MHD_Connection *connection,
				 struct request *request)
{
	const struct answer *answer = &request->answer;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (answer->delivery == DELIVERY_CLOSE)
		return http_abort(request);
	if (answer->delivery == DELIVERY_PLAIN)
		response = MHD_create_response_from_buffer(
		    answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
	else
		response = http_stream_response(provider, request);
	if (!response)
		return MHD_NO;
	if (answer->type)
		MHD_add_response_header(response, "Content-Type", answer->type);
	for (size_t i = 0; i < answer->header_count; i++)
		MHD_add_response_header(response, answer->headers[i].name,
					answer->headers[i].value);
	result =
	    MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result http_handle(void *cls, struct MHD_Connection *connection,
				   const char *url, const char *method,
				   const char *version, const char *data,
				   size_t *size, void **context)
{
	struct provider *provider = cls;
	struct request *request = *context;

	(void)url;
	(void)version;
	if (!request->started) {
		http_read_head(request, connection, method);
		return MHD_YES;
	}
	if (*size) {
		http_read_body(request, data, *size);
		*size = 0;
		return MHD_YES;
	}
	route_request(provider, request);
	return http_send(provider, connection, request);
}

/*
 * Whether the peer took the answer: one that dies before it has read all of it
 * resets the connection, one that is content closes it or asks on. One that had
 * closed it before the answer came resets it then, and only POLLERR tells. That the
 * answer was sent means only that it lies in some buffer.
 */
static bool http_was_read(const struct provider *provider,
			  const struct request *request)
{
	struct pollfd peer = {.fd = request->fd, .events = POLLIN};
	char byte;

	if (provider->options.https_cert)
		return true;
	return poll(&peer, 1, HTTP_READ_MS) <= 0 ||
	       (!(peer.revents & POLLERR) &&
		recv(request->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0);
}

static void http_completed(void *cls, struct MHD_Connection *connection,
			   void **context, enum MHD_RequestTerminationCode code)
{
	struct request *request = *context;
	bool read;

	(void)connection;
	if (!request)
		return;
	read = code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
	       ((!request->rotated && !request->given) ||
		http_was_read(cls, request));
	if (!read)
		provider_note_lost(cls, request);
	provider_note_given(cls, request, read);
	request_free(request);
	*context = NULL;
}

static struct MHD_Daemon *http_listen(struct provider *provider,
				      const struct sockaddr *address)
{
	const struct options *options = &provider->options;
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
			 MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, options->https_cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, options->https_key},
	    {options->client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END,
	     0, options->client_ca},
	    {MHD_OPTION_END, 0, NULL},
	};

	if (options->https_cert)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	if (address->sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(
	    flags, 0, NULL, NULL, http_handle, provider, MHD_OPTION_SOCK_ADDR,
	    address, MHD_OPTION_URI_LOG_CALLBACK, http_begin, provider,
	    MHD_OPTION_NOTIFY_COMPLETED, http_completed, provider,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY,
	    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static int http_listen_both(struct provider *provider,
			    struct http_server *server)
{
	const struct options *options = &provider->options;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const union MHD_DaemonInfo *info;

	v4.sin_port = htons((uint16_t)options->port);
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->v4 = http_listen(provider, (struct sockaddr *)&v4);
	if (!server->v4)
		return -1;
	info = MHD_get_daemon_info(server->v4, MHD_DAEMON_INFO_BIND_PORT);
	if (!info)
		return -1;
	snprintf(provider->origin, sizeof(provider->origin),
		 "%s://127.0.0.1:%u", options->https_cert ? "https" : "http",
		 info->port);
	if (!options->ipv6)
		return 0;
	v6.sin6_port = htons(info->port);
	v6.sin6_addr = in6addr_loopback;
	server->v6 = http_listen(provider, (struct sockaddr *)&v6);
	return server->v6 ? 0 : -1;
}

int http_start(struct provider *provider, struct http_server **out)
{
	struct http_server *server = util_alloc(sizeof(*server));
	bool fixed = provider->options.port || !provider->options.ipv6;

	*out = NULL;
	/* A free port of one family may be taken in the other: try more. */
	for (int i = 0; i < (fixed ? 1 : HTTP_PORT_TRIES); i++) {
		int rc;

		/* Early requests wait until the origin is known. */
		provider_lock(provider);
		rc = http_listen_both(provider, server);
		provider_unlock(provider);
		if (!rc) {
			*out = server;
			return 0;
		}
		if (server->v4)
			MHD_stop_daemon(server->v4);
		server->v4 = NULL;
	}
	fprintf(stderr, "ninjaone-provider: cannot listen\n");
	free(server);
	return -1;
}

void http_stop(struct http_server *server)
{
	if (!server)
		return;
	if (server->v4)
		MHD_stop_daemon(server->v4);
	if (server->v6)
		MHD_stop_daemon(server->v6);
	free(server);
}
