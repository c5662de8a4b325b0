/* SPDX-License-Identifier: MIT */
/*
 * grow - hosts built against an older and against a newer header: structures
 * that are shorter or longer than the library's. What a shorter one lacks reads
 * zero; of a longer one what is unknown must be zero.
 */
#include "host.h"

static struct valetkey *handle;

/* The structures of a header that is yet to come. */
struct newer_options {
	struct valetkey_options known;
	uint64_t more[2];
};

struct newer_request {
	struct valetkey_request known;
	uint64_t more[2];
};

static int open_with(const void *options)
{
	struct valetkey *opened = NULL;
	int rc = lib.open(options, &opened);

	must((rc == VALETKEY_OK) == (opened != NULL),
	     "result %d and the handle do not agree", rc);
	if (!rc)
		host_close(opened);
	return rc;
}

static void check_options(void)
{
	struct newer_options newer = {
	    .known = {.size = sizeof(newer), .program = "newer"}};
	struct valetkey_options older = {
	    .size = offsetof(struct valetkey_options, converse),
	    .program = "older"};

	/* A host that knows no more would not have this memory at all. */
	memset(&older.converse, 0xff, sizeof(older) - older.size);
	must(open_with(&older) == VALETKEY_OK, "shorter options");
	older.size = offsetof(struct valetkey_options, program);
	must(open_with(&older) == VALETKEY_OK, "options of a size alone");
	older.size = sizeof(size_t) - 1;
	must(open_with(&older) == VALETKEY_ERR_ABI, "options without a size");
	older.size = 0;
	must(open_with(&older) == VALETKEY_ERR_ABI, "options of size 0");
	must(open_with(&newer) == VALETKEY_OK, "longer options, zero");
	newer.more[1] = 1ull << 63;
	must(open_with(&newer) == VALETKEY_ERR_ABI, "longer options, used");
	newer.more[1] = 0;
	newer.known.flags = 1ull << 63;
	must(open_with(&newer) == VALETKEY_ERR_ABI, "an unknown flag");
	newer.known.flags = 0;
	newer.known.size = (size_t)-1;
	must(open_with(&newer) == VALETKEY_ERR_ABI, "options without end");
}

static int get_with(const void *request)
{
	const struct valetkey_token *token = NULL;
	int rc = lib.get(handle, request, &token);

	must((rc == VALETKEY_OK) == (token != NULL),
	     "result %d and the token do not agree", rc);
	lib.token_free(token);
	return rc;
}

static void check_request(void)
{
	struct newer_request newer = {
	    .known = {.size = sizeof(newer), .account = host_account()}};
	struct valetkey_request older = {
	    .size = offsetof(struct valetkey_request, resource),
	    .account = host_account()};

	memset(&older.resource, 0xff, sizeof(older) - older.size);
	must(get_with(&older) == VALETKEY_OK, "a shorter request");
	older.size = offsetof(struct valetkey_request, account);
	must(get_with(&older) == VALETKEY_ERR_ARG, "a request of a size alone");
	older.size = 0;
	must(get_with(&older) == VALETKEY_ERR_ABI, "a request of size 0");
	must(get_with(&newer) == VALETKEY_OK, "a longer request, zero");
	newer.more[0] = 1;
	must(get_with(&newer) == VALETKEY_ERR_ABI, "a longer request, used");
	newer.more[0] = 0;
	newer.more[1] = 1ull << 63;
	must(get_with(&newer) == VALETKEY_ERR_ABI, "a longer request, used");
	newer.known.size = (size_t)-1;
	must(get_with(&newer) == VALETKEY_ERR_ABI, "a request without end");
}

int main(void)
{
	host_load();
	check_options();
	handle = host_open(NULL);
	check_request();
	host_close(handle);
	return 0;
}
