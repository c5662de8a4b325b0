/* SPDX-License-Identifier: MIT */
/*
 * plain - the ordinary host: a token comes by the helper, the second one from
 * memory; a token outlives its handle; the call leaves no descriptor, child or
 * thread behind, and neither GLib nor curl in this process.
 */
#include "host.h"

#include <sys/wait.h>

static void check_token(const struct valetkey_token *token)
{
	must(token->size == sizeof(*token), "the token's size is wrong");
	must(strcmp(token->account, host_account()) == 0,
	     "the token's account is %s", token->account);
	must(token->expires_at > time(NULL) + 60 &&
		 token->expires_at < time(NULL) + 365 * 86400L,
	     "expires_at is %lld", (long long)token->expires_at);
	must(strstr(token->scope, "monitoring") != NULL, "the scope is %s",
	     token->scope);
	for (size_t i = 0; i < token->length; i++)
		must(token->access_token[i] > 0x20 &&
			 token->access_token[i] < 0x7f,
		     "the token is not printable ASCII");
}

static void check_memory(struct valetkey *handle)
{
	struct valetkey_request request = host_request(0);
	const struct valetkey_token *first, *second;

	request.flags = VALETKEY_CACHED_ONLY;
	request.min_valid_s = HOST_FRESH;
	must(host_try(handle, &request) == VALETKEY_ERR_NOT_CACHED,
	     "no cache can have such a token");
	request.min_valid_s = 0;
	first = host_get(handle, HOST_FRESH);
	must(host_try(handle, &request) == VALETKEY_OK,
	     "CACHED_ONLY finds nothing after a get");
	second = host_get(handle, 0);
	must(strcmp(first->access_token, second->access_token) == 0,
	     "the second get gave another token");
	check_token(first);
	lib.token_free(second);
	host_close(handle);
	check_token(first); /* valid after the close */
	lib.token_free(first);
}

int main(void)
{
	char before[4096], after[4096];
	struct valetkey *handle = host_open(NULL);

	host_descriptors(before, sizeof(before));
	check_memory(handle);
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	must(!host_has("/proc/self/maps", "libglib") &&
		 !host_has("/proc/self/maps", "libgio") &&
		 !host_has("/proc/self/maps", "libcurl") &&
		 !host_has("/proc/self/maps", "libsecret"),
	     "a foreign library is in this process");
	must(host_has("/proc/self/status", "Threads:\t1\n"),
	     "a thread is left");
	must(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD,
	     "a child is left");
	lib.token_free(NULL);
	host_close(NULL);
	return 0;
}
