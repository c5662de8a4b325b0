/* SPDX-License-Identifier: MIT */
/*
 * loop - gets in an event loop: loop PENDING|DONE. No call waits; the handle
 * stays open as long as one is begun; a token that is at hand is there at once;
 * the time-out comes through the same descriptor; nothing is left of a canceled
 * one. PENDING: the script has made the provider slow, and there is no valid
 * token to begin with.
 */
#include "hosts/host.h"

#include <poll.h>

#define AT_ONCE_MS 2000 /* the provider takes 3,000 */

static __typeof__(valetkey_begin) *begin;
static __typeof__(valetkey_fd) *descriptor;
static __typeof__(valetkey_finish) *finish;
static __typeof__(valetkey_cancel) *cancel;
static struct valetkey *handle;

static struct valetkey_wait *start(const struct valetkey_request *request)
{
	struct valetkey_wait *wait;
	int64_t began = host_ms();
	int rc = begin(handle, request, &wait);

	must(rc == VALETKEY_OK && wait, "valetkey_begin: %s", lib.strerror(rc));
	must(host_ms() - began < AT_ONCE_MS, "valetkey_begin has waited");
	must(descriptor(wait) > 2 &&
		 (fcntl(descriptor(wait), F_GETFD) & FD_CLOEXEC),
	     "descriptor %d", descriptor(wait));
	return wait;
}

/* Polls and finishes; *polls is how often there was something to do. */
static int end(struct valetkey_wait *wait, const struct valetkey_token **token)
{
	struct pollfd fds = {.fd = descriptor(wait), .events = POLLIN};
	int64_t began;
	int rc;

	do {
		must(poll(&fds, 1, 60000) == 1, "nothing happens");
		began = host_ms();
		rc = finish(wait, token);
		must(host_ms() - began < AT_ONCE_MS,
		     "valetkey_finish has waited");
	} while (rc == VALETKEY_PENDING);
	must((rc == VALETKEY_OK) == (*token != NULL),
	     "result %d and the token do not agree", rc);
	return rc;
}

static void check_pending(void)
{
	struct valetkey_request request = host_request(1);
	struct valetkey_wait *first = start(&request), *second, *third;
	const struct valetkey_token *token, *other;
	struct pollfd fds = {.fd = descriptor(first), .events = POLLIN};
	int rc;

	must(poll(&fds, 1, 50) == 0, "the descriptor is ready too soon");
	must(finish(first, &token) == VALETKEY_PENDING && !token,
	     "there is a result too soon");
	must(lib.close(handle) == VALETKEY_ERR_BUSY, "closed under a get");
	second = start(&request);
	request.timeout_ms = 100;
	third = start(&request);
	rc = end(third, &token);
	must(rc == VALETKEY_ERR_TIMEOUT, "a short time-out: %s",
	     lib.strerror(rc));
	cancel(start(&request));
	rc = end(first, &token);
	must(rc == VALETKEY_OK, "the first: %s", lib.strerror(rc));
	rc = end(second, &other);
	must(rc == VALETKEY_OK, "the second: %s", lib.strerror(rc));
	must(strcmp(token->access_token, other->access_token) == 0,
	     "two tokens");
	lib.token_free(token);
	lib.token_free(other);
}

static void check_hit(void)
{
	struct valetkey_request request = host_request(1);
	struct valetkey_wait *wait = start(&request);
	struct pollfd fds = {.fd = descriptor(wait), .events = POLLIN};
	const struct valetkey_token *token;
	int rc;

	must(poll(&fds, 1, 0) == 1, "a token at hand is not there at once");
	rc = finish(wait, &token);
	must(rc == VALETKEY_OK && token, "a token at hand: %s",
	     lib.strerror(rc));
	lib.token_free(token);
	cancel(start(&request));
	cancel(NULL);
}

static void check_errors(void)
{
	struct valetkey_request request = host_request(1);
	struct valetkey_wait *wait = NULL;
	const struct valetkey_token *token;
	int rc;

	must(begin(handle, &request, NULL) == VALETKEY_ERR_ARG &&
		 begin(NULL, &request, &wait) == VALETKEY_ERR_ARG && !wait &&
		 begin(handle, NULL, &wait) == VALETKEY_ERR_ARG && !wait,
	     "NULL was taken");
	request.account = "../nobody";
	must(begin(handle, &request, &wait) == VALETKEY_ERR_ARG && !wait,
	     "a bad name was taken");
	request.account = "nobody";
	rc = begin(handle, &request, &wait);
	if (rc == VALETKEY_OK)
		rc = end(wait, &token);
	must(rc == VALETKEY_ERR_ACCOUNT, "no such account: %s",
	     lib.strerror(rc));
}

int main(int argc, char **argv)
{
	char before[4096], after[4096];

	must(argc == 2, "loop PENDING|DONE");
	handle = host_open(NULL);
	*(void **)&begin = host_symbol("valetkey_begin");
	*(void **)&descriptor = host_symbol("valetkey_fd");
	*(void **)&finish = host_symbol("valetkey_finish");
	*(void **)&cancel = host_symbol("valetkey_cancel");
	host_descriptors(before, sizeof(before));
	if (strcmp(argv[1], "PENDING") == 0)
		check_pending();
	else
		lib.token_free(host_get(handle, 1));
	check_hit();
	check_errors();
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	host_close(handle);
	return 0;
}
