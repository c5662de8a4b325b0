/* SPDX-License-Identifier: MIT */
/*
 * requests - what a request may ask, and the code of each refusal. argv[1] is
 * the origin of the account's host.
 */
#include "host.h"

static struct valetkey *handle;
static const char *origin;

#define ASK(code, ...)                  \
	ask(code, #__VA_ARGS__,         \
	    &(struct valetkey_request){ \
		.size = sizeof(struct valetkey_request), __VA_ARGS__})

static void ask(int code, const char *what,
		const struct valetkey_request *request)
{
	int rc = host_try(handle, request);

	must(rc == code, "%s: %d %s, expected %d", what, rc, lib.strerror(rc),
	     code);
}

static void check_arguments(void)
{
	const struct valetkey_token *token;
	struct valetkey_request good = host_request(0);
	char long_name[66];

	memset(long_name, 'a', 65);
	long_name[65] = '\0';
	ASK(VALETKEY_ERR_ARG, .account = NULL);
	ASK(VALETKEY_ERR_ARG, .account = "");
	ASK(VALETKEY_ERR_ARG, .account = "../demo");
	ASK(VALETKEY_ERR_ARG, .account = ".demo");
	ASK(VALETKEY_ERR_ARG, .account = "-demo");
	ASK(VALETKEY_ERR_ARG, .account = "de mo");
	ASK(VALETKEY_ERR_ARG, .account = long_name);
	ASK(VALETKEY_ERR_ACCOUNT, .account = long_name + 1);
	ASK(VALETKEY_ERR_ACCOUNT, .account = "nobody");
	ASK(VALETKEY_ERR_ARG, .account = host_account(), .scope = "a\nb=c");
	ASK(VALETKEY_ERR_ARG, .account = host_account(),
	    .resource = "https://a\n/");
	must(lib.get(NULL, &good, &token) == VALETKEY_ERR_ARG &&
		 lib.get(handle, NULL, &token) == VALETKEY_ERR_ARG &&
		 lib.get(handle, &good, NULL) == VALETKEY_ERR_ARG &&
		 lib.open(NULL, NULL) == VALETKEY_ERR_ARG,
	     "NULL was taken");
}

static void check_resource(void)
{
	char url[512];
	const struct valetkey_token *token;
	struct valetkey_request request = {.size = sizeof(request),
					   .resource = url};

	snprintf(url, sizeof(url), "%s/v2/devices?after=1#top", origin);
	ASK(VALETKEY_OK, .account = host_account(), .resource = url);
	must(lib.get(handle, &request, &token) == VALETKEY_OK,
	     "a resource without an account");
	must(strcmp(token->account, host_account()) == 0,
	     "the resource belongs to %s", token->account);
	lib.token_free(token);
	ASK(VALETKEY_ERR_RESOURCE, .resource = "https://elsewhere.example/");
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(),
	    .resource = "https://elsewhere.example/");
	snprintf(url, sizeof(url), "http://user@%s/", strstr(origin, "127"));
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(), .resource = url);
	snprintf(url, sizeof(url), "%s.elsewhere.example/", origin);
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(), .resource = url);
	snprintf(url, sizeof(url), "%s1/", origin);
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(), .resource = url);
	/* One digit of the port less, and another loopback address. */
	snprintf(url, sizeof(url), "%.*s/", (int)strlen(origin) - 1, origin);
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(), .resource = url);
	snprintf(url, sizeof(url), "http://127.0.0.2%s/", strrchr(origin, ':'));
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(), .resource = url);
	ASK(VALETKEY_ERR_RESOURCE, .resource = url);
	ASK(VALETKEY_ERR_RESOURCE, .account = host_account(),
	    .resource = "ftp://127.0.0.1/");
}

static void check_scope(void)
{
	const char *account = host_account();

	ASK(VALETKEY_OK, .account = account, .scope = "monitoring");
	ASK(VALETKEY_ERR_SCOPE, .account = account, .scope = "control");
	ASK(VALETKEY_ERR_SCOPE, .account = account,
	    .scope = "monitoring management");
	ASK(VALETKEY_ERR_SCOPE, .account = account, .scope = "monitor");
}

static void check_flags(void)
{
	const char *account = host_account();

	ASK(VALETKEY_ERR_NOT_CACHED, .account = account, .min_valid_s = 1000000,
	    .flags = VALETKEY_CACHED_ONLY);
	ASK(VALETKEY_OK, .account = account, .flags = VALETKEY_CACHED_ONLY);
	ASK(VALETKEY_ERR_ABI, .account = account, .flags = 8);
	ASK(VALETKEY_ERR_ABI, .account = account,
	    .flags = VALETKEY_ID_TOKEN | 8);
	ASK(VALETKEY_ERR_SCOPE, .account = account, .flags = VALETKEY_ID_TOKEN);
	ASK(VALETKEY_ERR_ABI, .account = account, .flags = 1ull << 63);
}

static void check_strerror(void)
{
	for (int rc = -2; rc < 130; rc++) {
		const char *text = lib.strerror(rc);

		must(text && *text, "result %d has no text", rc);
		must(rc == 0 || strcmp(text, lib.strerror(0)) != 0,
		     "result %d reads like success", rc);
		for (int other = 0; other < rc; other++)
			must(strcmp(text, lib.strerror(other)) != 0 ||
				 strcmp(text, lib.strerror(-1)) == 0,
			     "results %d and %d read the same", rc, other);
	}
}

int main(int argc, char **argv)
{
	must(argc == 2, "requests ORIGIN");
	origin = argv[1];
	handle = host_open(NULL);
	lib.token_free(host_get(handle, 0));
	check_arguments();
	check_resource();
	check_scope();
	check_flags();
	check_strerror();
	host_close(handle);
	return 0;
}
