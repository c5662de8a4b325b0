/* SPDX-License-Identifier: MIT */
/*
 * loops.h - gets in an event loop, whose loop it is being another file's: epoll.c
 * and glib_loop.c. The program is run as LOOP MODE:
 *
 *	hit             a token that is at hand is there in the first round
 *	slow OTHER      three gets of the account and one of the account OTHER at
 *	                once, while the provider is slow: the loop ticks on
 *	cancel          one is given up; the script sees that it is finished
 *	invalidate      its token is refused: the next get has another
 *	deadline        the time-out comes through the same descriptor
 *	talk BROWSER    a login: the conversation comes inside valetkey_finish()
 *
 * Included once, by the file that has main.
 */
#ifndef VALETKEY_TEST_LOOPS_H
#define VALETKEY_TEST_LOOPS_H

#include "hosts/host.h"

#include <pthread.h>
#include <spawn.h>

#define TICK_MS 10
#define GAP_MS 400 /* on a busy machine; a refresh takes 1,500 here */
#define GETS_MAX 4

typedef void loops_ready(void *data);

/* What a loop must have; tick is called every TICK_MS. */
static void loop_watch(int fd, loops_ready *ready, void *data);
static void loop_unwatch(int fd);
static void loop_run(void (*tick)(void)); /* until loop_stop() */
static void loop_stop(void);

struct get {
	struct valetkey_wait *wait;
	int result, fd;
	bool invalidates;
	char token[8192];
};

static struct {
	__typeof__(valetkey_begin) *begin;
	__typeof__(valetkey_invalidate_begin) *invalidate_begin;
	__typeof__(valetkey_fd) *fd;
	__typeof__(valetkey_finish) *finish;
	__typeof__(valetkey_cancel) *cancel;
} async;

static struct valetkey *handle;
static struct get gets[GETS_MAX];
static int running, ticks;
static int64_t last_tick, longest_gap, cancel_at;
static bool finishing;
static pthread_t loop_thread;
static const char *browser;

static int converse(const struct valetkey_message *message, char *reply,
		    size_t reply_size, void *data)
{
	char *argv[] = {(char *)browser, NULL, NULL};
	char *url = NULL;
	pid_t pid;

	(void)reply, (void)reply_size, (void)data;
	must(finishing && pthread_equal(pthread_self(), loop_thread),
	     "the conversation comes from elsewhere");
	if (message->type == VALETKEY_MESSAGE_ERROR)
		fprintf(stderr, "# %s\n", message->text);
	if (message->type != VALETKEY_MESSAGE_OPEN)
		return 0;
	url = strdup(message->url);
	argv[1] = url;
	must(browser &&
		 posix_spawn(&pid, browser, NULL, NULL, argv, environ) == 0,
	     "no browser");
	free(url);
	return 0;
}

static void done(struct get *get)
{
	loop_unwatch(get->fd);
	get->wait = NULL;
	if (--running == 0)
		loop_stop();
}

static void ready(void *data)
{
	struct get *get = data;
	const struct valetkey_token *token = NULL;
	int64_t began = host_ms();
	int rc;

	finishing = true;
	rc = async.finish(get->wait, get->invalidates ? NULL : &token);
	finishing = false;
	must(host_ms() - began < GAP_MS, "valetkey_finish has waited");
	must((rc == VALETKEY_OK && !get->invalidates) == (token != NULL),
	     "result %d and the token do not agree", rc);
	if (rc == VALETKEY_PENDING)
		return;
	get->result = rc;
	if (token)
		snprintf(get->token, sizeof(get->token), "%s",
			 token->access_token);
	lib.token_free(token);
	done(get);
}

static void begin(struct get *get, const struct valetkey_request *request)
{
	int64_t began = host_ms();
	int rc = async.begin(handle, request, &get->wait);

	must(rc == VALETKEY_OK, "valetkey_begin: %s", lib.strerror(rc));
	must(host_ms() - began < GAP_MS, "valetkey_begin has waited");
	get->invalidates = false;
	get->result = -1;
	get->fd = async.fd(get->wait);
	running++;
	loop_watch(get->fd, ready, get);
}

static void begin_invalidate(struct get *get,
			     const struct valetkey_token *token)
{
	int64_t began = host_ms();
	int rc = async.invalidate_begin(handle, token, &get->wait);

	must(rc == VALETKEY_OK, "valetkey_invalidate_begin: %s",
	     lib.strerror(rc));
	must(host_ms() - began < GAP_MS,
	     "valetkey_invalidate_begin has waited");
	get->invalidates = true;
	get->result = -1;
	get->fd = async.fd(get->wait);
	running++;
	loop_watch(get->fd, ready, get);
}

static void tick(void)
{
	int64_t now = host_ms();

	ticks++;
	if (last_tick && now - last_tick > longest_gap)
		longest_gap = now - last_tick;
	last_tick = now;
	if (cancel_at && now >= cancel_at) {
		cancel_at = 0;
		async.cancel(gets[0].wait);
		done(&gets[0]);
	}
}

static void run(void)
{
	loop_thread = pthread_self();
	loop_run(tick);
}

static void expect(const struct get *get, int result)
{
	must(get->result == result, "a get: %s, not %s",
	     lib.strerror(get->result), lib.strerror(result));
}

static void slow(const char *other)
{
	struct valetkey_request request = host_request(0);

	for (int i = 0; i < 3; i++)
		begin(&gets[i], &request);
	request.account = other;
	begin(&gets[3], &request);
	run();
	for (int i = 0; i < 4; i++)
		expect(&gets[i], VALETKEY_OK);
	must(strcmp(gets[0].token, gets[1].token) == 0 &&
		 strcmp(gets[0].token, gets[2].token) == 0,
	     "one account's gets have brought several tokens");
	must(strcmp(gets[0].token, gets[3].token) != 0,
	     "two accounts have one token");
	must(ticks >= 30 && longest_gap < GAP_MS, "%d ticks, one after %lld ms",
	     ticks, (long long)longest_gap);
}

static void invalidate(void)
{
	struct valetkey_request request = host_request(0);
	const struct valetkey_token *token = host_get(handle, 0);

	begin_invalidate(&gets[0], token);
	begin(&gets[1], &request); /* begins later, though the other runs */
	run();
	expect(&gets[0], VALETKEY_OK);
	expect(&gets[1], VALETKEY_OK);
	must(strcmp(gets[1].token, token->access_token) != 0,
	     "the refused token came again");
	lib.token_free(token);
	must(async.invalidate_begin(handle, NULL, &gets[0].wait) ==
		     VALETKEY_ERR_ARG &&
		 !gets[0].wait,
	     "NULL was taken");
}

static void deadline(void)
{
	struct valetkey_request request = host_request(0);
	int64_t began = host_ms(), took;

	request.timeout_ms = 400;
	begin(&gets[0], &request);
	run();
	took = host_ms() - began;
	expect(&gets[0], VALETKEY_ERR_TIMEOUT);
	must(took >= 380 && took < 400 + GAP_MS, "it took %lld ms",
	     (long long)took);
}

static void one(int64_t cancel_after_ms, uint64_t flags)
{
	struct valetkey_request request = host_request(0);
	int polls_before = ticks;

	request.flags = flags;
	begin(&gets[0], &request);
	if (cancel_after_ms)
		cancel_at = host_ms() + cancel_after_ms;
	run();
	if (!cancel_after_ms)
		expect(&gets[0], VALETKEY_OK);
	else
		must(gets[0].result == -1, "it was done before the cancel");
	if (!cancel_after_ms && !flags)
		must(ticks - polls_before < 5, "a hit took %d ticks", ticks);
}

int main(int argc, char **argv)
{
	const struct valetkey_options options = {
	    .size = sizeof(options), .program = "loop", .converse = converse};
	const char *mode = argc > 1 ? argv[1] : "";
	char before[4096], after[4096];

	handle = host_open(&options);
	*(void **)&async.begin = host_symbol("valetkey_begin");
	*(void **)&async.invalidate_begin =
	    host_symbol("valetkey_invalidate_begin");
	*(void **)&async.fd = host_symbol("valetkey_fd");
	*(void **)&async.finish = host_symbol("valetkey_finish");
	*(void **)&async.cancel = host_symbol("valetkey_cancel");
	host_descriptors(before, sizeof(before));
	if (strcmp(mode, "hit") == 0)
		one(0, 0);
	else if (strcmp(mode, "slow") == 0 && argc == 3)
		slow(argv[2]);
	else if (strcmp(mode, "cancel") == 0)
		one(300, 0);
	else if (strcmp(mode, "invalidate") == 0)
		invalidate();
	else if (strcmp(mode, "deadline") == 0)
		deadline();
	else if (strcmp(mode, "talk") == 0 && argc == 3 && (browser = argv[2]))
		one(0, VALETKEY_INTERACTIVE);
	else
		must(false, "what is %s?", mode);
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	host_close(handle);
	return 0;
}

#endif
