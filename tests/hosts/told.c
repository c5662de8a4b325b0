/* SPDX-License-Identifier: MIT */
/*
 * told - a refused token where all that can bring it back does:
 *
 *	told again COMMAND       the provider issues the very same again, until
 *				 COMMAND has run: it is tried once, then DENIED
 *	told locked LOCK UNLOCK  the helper cannot take it out of the keyring,
 *				 which these commands lock and unlock
 */
#include "host.h"

#define PATIENCE_MS 30000

static struct valetkey *handle;
static char said[1024];

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	(void)reply, (void)reply_size, (void)data;
	if (message->type == VALETKEY_MESSAGE_ERROR)
		snprintf(said, sizeof(said), "%s", message->text);
	return 0;
}

static void run(const char *command)
{
	/* NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe) ; the script's */
	must(system(command) == 0, "%s", command);
}

static void expect(int rc, int result, const char *what)
{
	must(rc == result, "%s: %s, not %s", what, lib.strerror(rc),
	     lib.strerror(result));
}

static void again(const char *honest)
{
	struct valetkey_request request = host_request(1);
	const struct valetkey_token *first = host_get(handle, 1), *token;
	int64_t began;

	expect(lib.invalidate(handle, first), VALETKEY_OK, "invalidate");
	token = host_get(handle, 1);
	must(strcmp(first->access_token, token->access_token) == 0,
	     "the provider issues another");
	lib.token_free(token);
	lib.token_free(host_get(handle, 1));
	expect(lib.invalidate(handle, first), VALETKEY_OK, "once more");
	for (int i = 0; i < 2; i++) {
		*said = '\0';
		expect(host_try(handle, &request), VALETKEY_ERR_DENIED,
		       "the same token, refused twice");
		must(strstr(said, "same access token") != NULL,
		     "the sentence is: %s", said);
	}
	run(honest);
	began = host_ms();
	while (host_try(handle, &request) == VALETKEY_ERR_DENIED &&
	       host_ms() - began < PATIENCE_MS)
		host_sleep(200);
	token = host_get(handle, 1);
	must(strcmp(first->access_token, token->access_token) != 0,
	     "it is given for the third time");
	lib.token_free(token);
	lib.token_free(first);
}

static void locked(const char *lock, const char *unlock)
{
	struct valetkey_request request = host_request(1);
	const struct valetkey_token *first = host_get(handle, 1), *token;

	run(lock);
	expect(lib.invalidate(handle, first), VALETKEY_ERR_LOCKED,
	       "invalidate, the keyring is locked");
	request.flags = VALETKEY_CACHED_ONLY;
	expect(host_try(handle, &request), VALETKEY_ERR_NOT_CACHED,
	       "CACHED_ONLY after it");
	run(unlock);
	token = host_get(handle, 1);
	must(strcmp(first->access_token, token->access_token) != 0,
	     "the keyring had it still, and it was given");
	lib.token_free(token);
	lib.token_free(first);
}

int main(int argc, char **argv)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .converse = talk};

	handle = host_open(&options);
	if (argc == 3 && strcmp(argv[1], "again") == 0)
		again(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "locked") == 0)
		locked(argv[2], argv[3]);
	else
		broken("told again COMMAND | told locked LOCK UNLOCK");
	host_close(handle);
	return 0;
}
