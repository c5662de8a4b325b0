/* SPDX-License-Identifier: MIT */
/*
 * fresh - min_valid_s: a token that is good for less is replaced, and where the
 * provider's lifetime is shorter than what is asked for, the fresh token comes
 * all the same. Prints nothing; the script counts the refreshes: 1.
 */
#include "host.h"

int main(void)
{
	struct valetkey *handle = host_open(NULL);
	const struct valetkey_token *first = host_get(handle, 1), *second;

	second = host_get(handle, HOST_FRESH);
	must(strcmp(first->access_token, second->access_token) != 0,
	     "the old token came");
	lib.token_free(first);
	first = host_get(handle, 1);
	must(strcmp(first->access_token, second->access_token) == 0,
	     "the fresh token was not kept");
	lib.token_free(first);
	lib.token_free(second);
	host_close(handle);
	return 0;
}
