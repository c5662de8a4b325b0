/* SPDX-License-Identifier: MIT */
/*
 * no_helper - what a handle does and keeps where the helper cannot be started:
 * the conversation is told so by get, and by finish, never by begin; and
 * requests that came to nothing leave nothing behind. The plugin is linked in.
 */
#include "core/paths.h"
#include "valetkey.h"

#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS 2000
#define SCOPE_LEN 4000
#define MAY_GROW 65536

const char *const paths_helper = "/nowhere/valetkey-helper";
const char *const paths_net_module = "";
const char *const paths_providers = "";

static int told;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	(void)reply, (void)reply_size, (void)data;
	must(message->type == VALETKEY_MESSAGE_ERROR &&
		 strstr(message->text, paths_helper),
	     "the message does not name the helper");
	told++;
	return 0;
}

static void check_begin(struct valetkey *handle,
			const struct valetkey_request *request)
{
	const struct valetkey_token *token;
	struct valetkey_wait *wait;
	struct pollfd fds = {.events = POLLIN};

	must(valetkey_begin(handle, request, &wait) == VALETKEY_OK, "begin");
	must(told == 0, "begin has called the conversation");
	fds.fd = valetkey_fd(wait);
	must(poll(&fds, 1, 0) == 1, "the descriptor is not readable at once");
	must(valetkey_finish(wait, &token) == VALETKEY_ERR_HELPER && !token,
	     "finish");
	must(told == 1, "finish has told nothing");
	must(valetkey_begin(handle, request, &wait) == VALETKEY_OK, "begin");
	valetkey_cancel(wait);
	must(told == 1, "cancel has called the conversation");
}

static void check_memory(struct valetkey *handle,
			 struct valetkey_request *request)
{
	const struct valetkey_token *token;
	char scope[SCOPE_LEN + 1];
	size_t before = mallinfo2().uordblks;

	memset(scope, 'a', SCOPE_LEN);
	scope[SCOPE_LEN] = '\0';
	request->scope = scope;
	for (int i = 0; i < REQUESTS; i++) {
		snprintf(scope, sizeof(scope), "%d", i);
		scope[strlen(scope)] = ' ';
		must(valetkey_get(handle, request, &token) ==
			 VALETKEY_ERR_HELPER,
		     "get");
	}
	must(told == 1 + REQUESTS, "get has told nothing");
	must(mallinfo2().uordblks < before + MAY_GROW,
	     "requests that came to nothing are kept");
}

int main(int argc, char **argv)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .converse = talk};
	struct valetkey_request request = {.size = sizeof(request)};
	struct valetkey *handle;

	must(argc == 2, "no_helper ACCOUNT");
	request.account = argv[1];
	request.min_valid_s = 1000000;
	must(valetkey_open(&options, &handle) == VALETKEY_OK, "open");
	check_begin(handle, &request);
	check_memory(handle, &request);
	must(valetkey_close(handle) == VALETKEY_OK, "close");
	return 0;
}
