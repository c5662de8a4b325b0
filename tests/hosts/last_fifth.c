/* SPDX-License-Identifier: MIT */
/*
 * last_fifth - a token in the last fifth of its life, which whoever asks has
 * renewed in the background: not one who takes cached tokens alone, be the token
 * in the kernel's keyring or in memory. It ages the published token of the
 * account for that. The plugin is linked in.
 */
#include "core/account.h"
#include "core/clock.h"
#include "core/kernel.h"
#include "valetkey.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static struct record account;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void age(void)
{
	struct record token = {0};
	char good_until[32], issued[32];

	must(kernel_read(&account, &token), "no token is published");
	snprintf(good_until, sizeof(good_until), "%lld",
		 (long long)deadline_in(200000));
	snprintf(issued, sizeof(issued), "%lld",
		 (long long)deadline_in(200000 - 3600000));
	record_remove(&token, "id");
	record_remove(&token, "hosts");
	must(record_set(&token, "good_until", good_until) == 0 &&
		 record_set(&token, "issued", issued) == 0,
	     "no memory");
	kernel_publish(&account, &token);
	record_free(&token);
}

static bool is_renewed(void)
{
	char name[64];

	snprintf(name, sizeof(name), "valetkey-ahead:%s",
		 record_get(&account, "id"));
	return keyctl_find(name) >= 0;
}

static void get(struct valetkey *handle, const struct valetkey_request *request)
{
	const struct valetkey_token *token;

	must(valetkey_get(handle, request, &token) == VALETKEY_OK, "get");
	valetkey_token_free(token);
}

int main(int argc, char **argv)
{
	struct valetkey_request request = {.size = sizeof(request)};
	struct valetkey *handle;

	must(argc == 2 && account_read(argv[1], &account, NULL) == 0,
	     "last_fifth ACCOUNT");
	request.account = argv[1];
	must(valetkey_open(NULL, &handle) == VALETKEY_OK, "open");
	get(handle, &request);
	must(valetkey_close(handle) == VALETKEY_OK, "close");
	age();
	must(valetkey_open(NULL, &handle) == VALETKEY_OK, "open");
	request.flags = VALETKEY_CACHED_ONLY;
	get(handle, &request);
	must(!is_renewed(), "CACHED_ONLY has the kernel's token renewed");
	get(handle, &request);
	must(!is_renewed(), "CACHED_ONLY has the token in memory renewed");
	request.flags = 0;
	get(handle, &request);
	must(is_renewed(), "nobody renews it");
	must(valetkey_close(handle) == VALETKEY_OK, "close");
	record_free(&account);
	return 0;
}
