/* SPDX-License-Identifier: MIT */
/*
 * id_token - a request with VALETKEY_ID_TOKEN gets the ID token and no other
 * request ever does, whatever was asked before; its own expiry counts; and no key
 * of the kernel's keyrings has it. argv[1] is the origin of the account's host,
 * argv[2] for how many seconds ID tokens are good; access tokens are for longer.
 */
#include "lib/calm.h"
#include "host.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

#define PAYLOAD_MAX 65536

static struct valetkey *handle;
static const char *origin;

static struct valetkey_request request_of(uint64_t flags)
{
	struct valetkey_request request = host_request(0);

	request.flags = flags;
	return request;
}

static const struct valetkey_token *take(const struct valetkey_request *request)
{
	const struct valetkey_token *token;
	int rc = lib.get(handle, request, &token);

	must(rc == VALETKEY_OK, "valetkey_get: %s", lib.strerror(rc));
	must(strlen(token->access_token) == token->length, "its length");
	return token;
}

/* The compact form of a JWS: three parts. The tests' access tokens have no dot. */
static bool is_id_token(const struct valetkey_token *token)
{
	const char *dot = strchr(token->access_token, '.');

	return strncmp(token->access_token, "eyJ", 3) == 0 && dot &&
	       strchr(dot + 1, '.');
}

static bool same(const struct valetkey_token *a, const struct valetkey_token *b)
{
	return strcmp(a->access_token, b->access_token) == 0;
}

/* Both kinds in turn, by account and by URL: each request gets its own. */
static void check_kinds(void)
{
	for (int i = 0; i < 40; i++) {
		uint64_t flags = i % 2 ? VALETKEY_ID_TOKEN : 0;
		struct valetkey_request request = request_of(flags);
		const struct valetkey_token *token;

		if (i / 2 % 2)
			request.resource = origin;
		if (i / 4 % 2 && request.resource)
			request.account = NULL;
		if (i / 8 % 2)
			request.scope = "openid";
		if (i >= 20) /* from this handle's memory */
			request.flags |= VALETKEY_CACHED_ONLY;
		token = take(&request);
		must(is_id_token(token) == (flags != 0),
		     "request %d has got the wrong kind of token", i);
		must(strcmp(token->account, host_account()) == 0, "account");
		must(strstr(token->scope, "openid") != NULL, "scope");
		lib.token_free(token);
	}
}

static void check_expiry(long lifetime)
{
	struct valetkey_request request = request_of(VALETKEY_ID_TOKEN);
	const struct valetkey_token *token = take(&request), *other;
	long left = (long)(token->expires_at - time(NULL));

	must(left > 0 && left <= lifetime + 1,
	     "it expires in %ld s, which is not its own expiry", left);
	other = take(&request);
	must(same(token, other), "another one, though that is good");
	lib.token_free(other);
	/* Longer than it is good: the next one is new, as for any token. */
	request.min_valid_s = (uint32_t)lifetime + 10;
	other = take(&request);
	must(is_id_token(other) && !same(token, other),
	     "min_valid_s does not count its own expiry");
	lib.token_free(other);
	lib.token_free(token);
}

/* Another handle, as in another process: only the helper can have it. */
static void check_cached(void)
{
	const struct valetkey_request request =
	    request_of(VALETKEY_ID_TOKEN | VALETKEY_CACHED_ONLY);
	struct valetkey *other = host_open(NULL);
	int rc = host_try(other, &request);

	must(rc == VALETKEY_ERR_NOT_CACHED, "another handle: %s",
	     lib.strerror(rc));
	must(host_try(handle, &request) == VALETKEY_OK, "this handle");
	host_close(other);
}

/* Keys are shown as "SERIAL(hex) ... TYPE NAME: SIZE". */
static void check_keys(const char *text)
{
	static char payload[PAYLOAD_MAX];
	FILE *keys = fopen("/proc/keys", "re");
	char line[1024];
	int seen = 0;

	while (keys && fgets(line, sizeof(line), keys)) {
		unsigned long serial = strtoul(line, NULL, 16);
		long n;

		if (!strstr(line, " user ") || !strstr(line, "valetkey"))
			continue;
		n = syscall(SYS_keyctl, KEYCTL_READ, serial, payload,
			    sizeof(payload), 0);
		if (n <= 0 || n > (long)sizeof(payload))
			continue;
		seen++;
		must(!memmem(payload, (size_t)n, text, strlen(text)),
		     "a key of the kernel has it");
	}
	if (keys)
		fclose(keys);
	fprintf(stderr, "# %d keys were read\n", seen);
}

static void tell(const struct valetkey_token *token)
{
	int rc = lib.invalidate(handle, token);

	must(rc == VALETKEY_OK, "valetkey_invalidate: %s", lib.strerror(rc));
	calm(token->account);
}

/* A refused one does not come back, nor does that harm the access token. */
static void check_refused(void)
{
	const struct valetkey_request request = request_of(VALETKEY_ID_TOKEN),
				      usual = request_of(0);
	const struct valetkey_token *access = take(&usual), *old, *new;

	old = take(&request);
	tell(old);
	new = take(&usual);
	must(same(access, new), "the access token is gone");
	lib.token_free(new);
	new = take(&request);
	must(is_id_token(new) && !same(old, new), "a refused one came back");
	lib.token_free(new);
	tell(access);
	new = take(&request);
	must(is_id_token(new) && !same(old, new),
	     "a refused one came back after another refusal");
	lib.token_free(new);
	lib.token_free(old);
	lib.token_free(access);
}

int main(int argc, char **argv)
{
	struct valetkey_request request;
	const struct valetkey_token *token;

	must(argc == 3, "id_token ORIGIN LIFETIME");
	origin = argv[1];
	handle = host_open(NULL);
	check_kinds();
	check_expiry(strtol(argv[2], NULL, 10));
	check_cached();
	check_refused();
	request = request_of(VALETKEY_ID_TOKEN);
	token = take(&request);
	check_keys(token->access_token);
	check_keys(strchr(token->access_token, '.') + 1);
	request.flags |= 8;
	must(host_try(handle, &request) == VALETKEY_ERR_ABI,
	     "a flag that is not known");
	lib.token_free(token);
	host_close(handle);
	return 0;
}
