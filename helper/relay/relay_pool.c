/* SPDX-License-Identifier: MIT */
/*
 * relay_pool.c - libcurl's connections and handles, see relay.h.
 *
 * A handle is told once what is the same for all requests to one server, and
 * used again and again. Its descriptors are in the relay's epoll: one that
 * libcurl has no use for at the moment stays in it, for the next request wants it
 * again, and is taken out if something happens on it.
 */
#include "relay.h"

#include "core/text.h"
#include <valetkey.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REST_MS 20000 /* then a connection to a server is closed */
#define TRANSFERS_KEPT 8u
#define CONNECTIONS_MAX (2 * RELAY_CLIENTS_MAX)
/* CURLMOPT_QUICK_EXIT of libcurl 8.20. An earlier one does not know it, and needs only
 * CURLOPT_QUICK_EXIT of each transfer. */
#define POOL_QUICK_EXIT ((CURLMoption)21)

/* ---- descriptors ---- */

static struct relay_socket *pool_socket(struct relay *relay, int fd)
{
	size_t size = relay->sockets_size ? relay->sockets_size : 64;
	struct relay_socket *sockets;

	if (fd < 0)
		return NULL;
	if ((size_t)fd < relay->sockets_size)
		return &relay->sockets[fd];
	while (size <= (size_t)fd)
		size *= 2;
	sockets = realloc(relay->sockets, size * sizeof(*sockets));
	if (!sockets)
		return NULL;
	memset(sockets + relay->sockets_size, 0,
	       (size - relay->sockets_size) * sizeof(*sockets));
	relay->sockets = sockets;
	relay->sockets_size = size;
	return &sockets[fd];
}

static int socket_watch(struct relay *relay, int fd, uint32_t events)
{
	struct relay_socket *sock = &relay->sockets[fd];
	struct epoll_event event = {.events = events,
				    .data.u64 = (uint64_t)fd << 1 | 1};
	int how = sock->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(relay->epoll_fd, how, fd, &event))
		return -1;
	sock->watched = events;
	return 0;
}

/*
 * libcurl's callback: what it wants to know of a descriptor. It never fails,
 * whatever happens: libcurl would give all transfers up, and 7.88 crashes then.
 */
static int pool_on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
			  void *mine)
{
	struct relay_pool *pool = context;
	struct relay *relay = pool->relay;
	struct relay_socket *sock = pool_socket(relay, fd);
	uint32_t events = EPOLLIN; /* at rest, its end */

	(void)easy, (void)mine;
	if (!sock)
		return 0;
	sock->pool = pool;
	sock->wanted = what != CURL_POLL_REMOVE && what != CURL_POLL_NONE;
	sock->since = relay->now;
	if (!sock->wanted && !sock->watched) { /* it was closed before */
		*sock = (struct relay_socket){0};
		return 0;
	}
	if (sock->wanted)
		events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
			 (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (events != sock->watched && socket_watch(relay, fd, events)) {
		sock->watched = 0; /* it was an earlier one of this number */
		socket_watch(relay, fd, events);
	}
	return 0;
}

/* libcurl does not tell of every descriptor that it closes: what was known of
 * this number is of an earlier one. */
void relay_pool_forget(struct relay *relay, int fd)
{
	if (fd >= 0 && (size_t)fd < relay->sockets_size)
		relay->sockets[fd] = (struct relay_socket){0};
}

static curl_socket_t pool_on_open(void *context, curlsocktype purpose,
				  struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
			address->protocol);

	(void)purpose;
	relay_pool_forget(context, fd);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int pool_on_close(void *context, curl_socket_t fd)
{
	struct relay *relay = context;

	/* Closed, it is out of the epoll as well. */
	relay_pool_forget(relay, fd);
	return close(fd);
}

static int pool_on_timer(CURLM *multi, long ms, void *context)
{
	struct relay_pool *pool = context;

	(void)multi;
	pool->due = ms < 0 ? INT64_MAX : pool->relay->now + ms;
	return 0;
}

/* ---- pools ---- */

static struct relay_pool *pool_open(struct relay *relay)
{
	struct relay_pool *pool = calloc(1, sizeof(*pool));
	int bad = 0;

	if (!pool)
		return NULL;
	pool->relay = relay;
	pool->due = INT64_MAX;
	pool->multi = curl_multi_init();
	if (!pool->multi) {
		free(pool);
		return NULL;
	}
	bad |= curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION,
				 pool_on_socket);
	bad |= curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	bad |= curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION,
				 pool_on_timer);
	bad |= curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	bad |= curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS,
				 (long)CONNECTIONS_MAX);
	curl_multi_setopt(pool->multi, POOL_QUICK_EXIT, 1L);
	if (bad) {
		curl_multi_cleanup(pool->multi);
		free(pool);
		return NULL;
	}
	pool->next = relay->pools;
	relay->pools = pool;
	return pool;
}

static void pool_free(struct relay_pool *pool)
{
	curl_multi_cleanup(pool->multi);
	for (size_t i = 0; i < pool->relay->sockets_size; i++)
		if (pool->relay->sockets[i].pool == pool)
			pool->relay->sockets[i] = (struct relay_socket){0};
	free(pool);
}

/* ---- servers and their handles ---- */

static void server_free(struct relay_server *server)
{
	free(server->origin);
	free(server->ca_file);
	wipe_free(server->proxy); /* a password may be in it */
	free(server->certificate);
	free(server->certificate_key);
	relay_trust_close(server->trust);
	buf_free(&server->trusted.chain);
	free(server);
}

static int server_copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -1 : 0;
}

static struct relay_server *server_new(const struct relay_upstream *upstream)
{
	struct relay_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	if (server_copy(&server->origin, upstream->origin) ||
	    server_copy(&server->ca_file, upstream->ca_file) ||
	    server_copy(&server->proxy, upstream->proxy) ||
	    server_copy(&server->certificate, upstream->certificate) ||
	    server_copy(&server->certificate_key, upstream->certificate_key) ||
	    (relay_trust_wanted() &&
	     strncmp(upstream->origin, "https:", 6) == 0 &&
	     !(server->trust = relay_trust_open(upstream->ca_file)))) {
		server_free(server);
		return NULL;
	}
	return server;
}

static bool same_or_none(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

static struct relay_server *pool_server(struct relay *relay,
					const struct relay_upstream *upstream)
{
	struct relay_server *server = relay->servers;

	while (
	    server &&
	    !(same_or_none(server->origin, upstream->origin) &&
	      same_or_none(server->ca_file, upstream->ca_file) &&
	      same_or_none(server->proxy, upstream->proxy) &&
	      same_or_none(server->certificate, upstream->certificate) &&
	      same_or_none(server->certificate_key, upstream->certificate_key)))
		server = server->next;
	if (server)
		return server;
	server = server_new(upstream);
	if (server) {
		server->next = relay->servers;
		relay->servers = server;
	}
	return server;
}

static void transfer_free(struct relay_transfer *transfer)
{
	curl_easy_cleanup(transfer->ex.curl);
	curl_free(transfer->ex.host);
	buf_free(&transfer->lines);
	buf_free(&transfer->answer);
	buf_free(&transfer->fields);
	buf_free(&transfer->held);
	free(transfer);
}

static int transfer_options(struct relay_transfer *transfer)
{
	CURL *curl = transfer->ex.curl;
	int bad = http_setup_connection(&transfer->ex) ||
		  relay_transfer_setup(transfer);

	if (transfer->server->trust) { /* transfer_on_ready() checks */
		bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
		bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
		bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	} else if (transfer->ex.request->ca_file) {
		/* Or libcurl trusts what the file had a day ago. */
		bad |= curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);
		bad |= curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	}
	bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, pool_on_open);
	bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer->relay);
	bad |=
	    curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, pool_on_close);
	bad |= curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, transfer->relay);
	bad |=
	    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, (long)REST_MS / 1000);
	bad |=
	    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)(4 * RELAY_BLOCK));
	return bad;
}

static struct relay_transfer *transfer_new(struct relay *relay,
					   struct relay_server *server,
					   struct problem *problem)
{
	struct relay_transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer) {
		problem_no_memory(problem);
		return NULL;
	}
	transfer->relay = relay;
	transfer->server = server;
	transfer->request = (struct http_request){
	    .url = server->origin,
	    .ca_file = server->ca_file,
	    .proxy = server->proxy,
	    .certificate = server->certificate,
	    .certificate_key = server->certificate_key,
	};
	transfer->ex.request = &transfer->request;
	transfer->ex.hurried = true;
	if (http_setup_address(&transfer->ex, problem) ||
	    http_setup_identity(&transfer->ex, problem)) {
		transfer_free(transfer);
		return NULL;
	}
	transfer->ex.curl = curl_easy_init();
	if (!transfer->ex.curl || transfer_options(transfer)) {
		problem_no_memory(problem);
		transfer_free(transfer);
		return NULL;
	}
	return transfer;
}

struct relay_transfer *
relay_pool_transfer(struct relay *relay, const struct relay_upstream *upstream,
		    struct problem *problem)
{
	struct relay_server *server = pool_server(relay, upstream);
	struct relay_transfer *transfer;

	if (!server) {
		problem_no_memory(problem);
		return NULL;
	}
	transfer = server->free;
	if (!transfer)
		return transfer_new(relay, server, problem);
	server->free = transfer->next;
	relay->transfers_free--;
	transfer->next = NULL;
	return transfer;
}

int relay_pool_add(struct relay_transfer *transfer)
{
	struct relay *relay = transfer->relay;
	struct relay_pool *pool = relay->pools;

	if (!pool)
		pool = pool_open(relay);
	if (!pool || curl_multi_add_handle(pool->multi, transfer->ex.curl))
		return -1;
	transfer->pool = pool;
	pool->active++;
	return 0;
}

/* Takes it away from libcurl, wherever it is with it, and keeps the handle if it
 * is of any use. */
void relay_pool_remove(struct relay_transfer *transfer)
{
	struct relay_server *server = transfer->server;

	if (transfer->pool) {
		curl_multi_remove_handle(transfer->pool->multi,
					 transfer->ex.curl);
		transfer->pool->active--;
		transfer->pool = NULL;
	}
	if (transfer->turn)
		transfer->turn->transfer = NULL;
	transfer->turn = NULL;
	if (transfer->spent) {
		transfer_free(transfer);
		return;
	}
	buf_clear(&transfer->lines);
	buf_clear(&transfer->answer);
	buf_clear(&transfer->fields);
	buf_free(&transfer->held);
	transfer->headed = transfer->shown = transfer->refusing = false;
	transfer->told = transfer->bad_body = transfer->begun = false;
	transfer->recv_paused = transfer->send_paused = false;
	transfer->done = false;
	transfer->code = CURLE_OK;
	transfer->failure = HTTP_FAILURE_OTHER;
	transfer->repeated = 0;
	transfer->next = server->free;
	server->free = transfer;
	transfer->relay->transfers_free++;
}

/* ---- at work ---- */

void relay_pool_event(struct relay *relay, int fd, uint32_t events)
{
	struct relay_socket *sock = pool_socket(relay, fd);
	int mask = 0, running;

	if (!sock || !sock->pool || !sock->watched)
		return;
	if (!sock->wanted) { /* once more, and no more */
		if (sock->watched != (EPOLLIN | EPOLLET))
			socket_watch(relay, fd, EPOLLIN | EPOLLET);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP))
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(sock->pool->multi, fd, mask, &running);
}

static void pool_read_ends(struct relay_pool *pool)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct relay_transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  (char **)&transfer);
		transfer->done = true;
		transfer->code = message->data.result;
		relay_list(transfer->turn->client);
	}
}

bool relay_pool_run(struct relay *relay)
{
	bool ran = false;

	for (struct relay_pool *pool = relay->pools; pool; pool = pool->next) {
		int running;

		if (pool->due <= relay->now) {
			pool->due = INT64_MAX;
			curl_multi_socket_action(
			    pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
			ran = true;
		}
		pool_read_ends(pool);
	}
	return ran;
}

int64_t relay_pool_due(const struct relay *relay)
{
	int64_t due = INT64_MAX;

	for (struct relay_pool *pool = relay->pools; pool; pool = pool->next)
		if (pool->due < due)
			due = pool->due;
	return due;
}

/* ---- what is not needed any more ---- */

static size_t pool_tidy_transfers(struct relay *relay, size_t keep)
{
	size_t freed = 0;

	for (struct relay_server *server = relay->servers; server;
	     server = server->next)
		while (server->free && relay->transfers_free > keep) {
			struct relay_transfer *transfer = server->free;

			server->free = transfer->next;
			relay->transfers_free--;
			transfer_free(transfer);
			freed++;
		}
	return freed;
}

static bool pool_rests(struct relay *relay)
{
	for (size_t i = 0; i < relay->sockets_size; i++) {
		struct relay_socket *sock = &relay->sockets[i];

		if (!sock->pool || sock->pool != relay->pools || sock->wanted ||
		    relay->now - sock->since < REST_MS)
			continue;
		if (socket_watch(relay, (int)i, EPOLLIN) == 0)
			return true;
		relay_pool_forget(relay, (int)i); /* it is closed */
	}
	return false;
}

/* Closes connections that have rested for long, which libcurl does only when it
 * looks for one: with their pool, when its last transfer is done. */
void relay_pool_tidy(struct relay *relay, bool all)
{
	struct relay_pool **at = &relay->pools;
	struct relay_pool *kept = *at;
	size_t freed = 0;

	if (all || pool_rests(relay))
		kept = kept && kept->active && !all ? pool_open(relay) : NULL;
	while (*at) {
		struct relay_pool *pool = *at;

		if (pool->active || pool == kept) {
			at = &pool->next;
			continue;
		}
		*at = pool->next;
		pool_free(pool);
		freed++;
	}
	freed += pool_tidy_transfers(relay, all ? 0 : TRANSFERS_KEPT);
	for (struct relay_server *server = relay->servers;
	     server && !relay->pools; server = server->next)
		relay_trust_rest(server->trust);
	if (freed && !all) {
		relay_blocks_free(&relay->blocks);
		malloc_trim(0);
	}
}

void relay_pool_close(struct relay *relay)
{
	relay_pool_tidy(relay, true);
	while (relay->servers) {
		struct relay_server *server = relay->servers;

		relay->servers = server->next;
		server_free(server);
	}
	free(relay->sockets);
	relay->sockets = NULL;
	relay->sockets_size = 0;
}
