/* SPDX-License-Identifier: MIT */
/*
 * invalidate - after a 401 a new token comes, everywhere; telling it twice, or
 * late, does nothing. The script counts one refresh.
 */
#include "host.h"

static void tell(struct valetkey *handle, const struct valetkey_token *token)
{
	int rc = lib.invalidate(handle, token);

	must(rc == VALETKEY_OK, "valetkey_invalidate: %s", lib.strerror(rc));
}

static bool same(const struct valetkey_token *a, const struct valetkey_token *b)
{
	return strcmp(a->access_token, b->access_token) == 0;
}

int main(void)
{
	struct valetkey *handle = host_open(NULL), *other = host_open(NULL);
	const struct valetkey_token *old = host_get(handle, 0), *new, *again;

	tell(handle, old);
	new = host_get(other, 0);
	must(!same(old, new), "the refused token came again");
	tell(handle, old);
	tell(other, old);
	again = host_get(handle, 0);
	must(same(new, again), "a late word on the old token cost the new one");
	must(*old->access_token, "the invalidated token must stay readable");
	lib.token_free(again);
	again = host_get(other, 0);
	must(same(new, again), "a late word on the old token cost the new one");
	must(lib.invalidate(NULL, old) == VALETKEY_ERR_ARG &&
		 lib.invalidate(handle, NULL) == VALETKEY_ERR_ARG,
	     "NULL was taken");
	lib.token_free(again);
	lib.token_free(new);
	lib.token_free(old);
	host_close(other);
	host_close(handle);
	return 0;
}
