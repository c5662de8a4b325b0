/* SPDX-License-Identifier: MIT */
/*
 * busy - from within a conversation every call on that handle is ERR_BUSY (on
 * another handle it works), a running call keeps its handle from being closed,
 * and what the conversation refuses is ERR_CANCELED. The account has no grant;
 * argv[1] is one that has.
 */
#include "hosts/host.h"

static struct valetkey *handle, *other;
static __typeof__(valetkey_begin) *begin;
static __typeof__(valetkey_finish) *finish;
static struct valetkey_wait *outer; /* a get that was begun */
static const char *good_account;
static int opened;

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	struct valetkey_request request = host_request(1);
	const struct valetkey_token *token = NULL;
	struct valetkey_wait *inner = NULL;
	int rc;

	must(data == &opened, "the conversation's data is another");
	must(message->size == sizeof(*message), "the message's size is wrong");
	must(message->text && strlen(message->text) <= 1000, "no proper text");
	if (message->type != VALETKEY_MESSAGE_OPEN)
		return 0;
	must(reply && reply_size >= 256, "no room for a reply");
	must(message->url && strncmp(message->url, "http", 4) == 0,
	     "no URL to open");
	must(message->seconds_left > 0, "no time is left");
	opened++;
	request.account = good_account;
	must(host_try(handle, &request) == VALETKEY_ERR_BUSY,
	     "get from within a conversation");
	must(lib.close(handle) == VALETKEY_ERR_BUSY,
	     "close from within a conversation");
	must(begin(handle, &request, &inner) == VALETKEY_ERR_BUSY && !inner,
	     "begin from within a conversation");
	if (outer)
		must(finish(outer, &token) == VALETKEY_ERR_BUSY && !token,
		     "finish from within its own conversation");
	rc = lib.get(other, &request, &token);
	must(rc == VALETKEY_OK, "another handle: %s", lib.strerror(rc));
	must(lib.invalidate(handle, token) == VALETKEY_ERR_BUSY,
	     "invalidate from within a conversation");
	lib.token_free(token);
	return 1;
}

static int begin_and_finish(const struct valetkey_request *request)
{
	const struct valetkey_token *token;
	int rc = begin(handle, request, &outer);

	must(rc == VALETKEY_OK, "valetkey_begin: %s", lib.strerror(rc));
	while ((rc = finish(outer, &token)) == VALETKEY_PENDING)
		host_sleep(5);
	must(!token, "a token without a login");
	return rc;
}

/* The same conversation from within finish. What the person has just refused
 * is not asked again of whoever was waiting then, so it may take some time. */
static void check_begun(const struct valetkey_request *request)
{
	int rc = VALETKEY_ERR_CANCELED;

	for (int i = 0; i < 50 && rc == VALETKEY_ERR_CANCELED && opened == 1;
	     i++) {
		host_sleep(100);
		rc = begin_and_finish(request);
	}
	must(rc == VALETKEY_ERR_CANCELED, "a refused message: %s",
	     lib.strerror(rc));
	must(opened == 2, "%d times OPEN", opened);
}

int main(int argc, char **argv)
{
	struct valetkey_options options = {
	    .size = sizeof(options), .converse = talk, .data = &opened};
	struct valetkey_request request = host_request(1);
	int rc;

	good_account = argc > 1 ? argv[1] : "demo";
	handle = host_open(&options);
	other = host_open(NULL);
	*(void **)&begin = host_symbol("valetkey_begin");
	*(void **)&finish = host_symbol("valetkey_finish");
	must(host_try(handle, &request) == VALETKEY_ERR_LOGIN && !opened,
	     "a get that is not interactive asked a person");
	request.flags = VALETKEY_INTERACTIVE;
	must(host_try(other, &request) == VALETKEY_ERR_LOGIN,
	     "a handle without a conversation logged in");
	rc = host_try(handle, &request);
	must(rc == VALETKEY_ERR_CANCELED, "a refused message: %s",
	     lib.strerror(rc));
	must(opened == 1, "%d times OPEN", opened);
	check_begun(&request);
	host_close(other);
	host_close(handle);
	return 0;
}
