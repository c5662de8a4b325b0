/* SPDX-License-Identifier: MIT */
/*
 * linked - a host that links against the library instead of loading it.
 */
#include "valetkey.h"

#include <stdio.h>

int main(void)
{
	const struct valetkey_request request = {.size = sizeof(request),
						 .account = "demo"};
	const struct valetkey_token *token;
	struct valetkey *handle;
	int rc = valetkey_open(NULL, &handle);

	if (!rc)
		rc = valetkey_get(handle, &request, &token);
	if (rc) {
		fprintf(stderr, "%s\n", valetkey_strerror(rc));
		return 1;
	}
	valetkey_token_free(token);
	return valetkey_close(handle);
}
