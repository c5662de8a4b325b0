/* SPDX-License-Identifier: MIT */
/*
 * unwind - a conversation that does not return but jumps out of the call, as a
 * raise does in many languages: the handle goes on, in this thread and others,
 * nothing waits for what was left, and close leaves no descriptor. A
 * conversation that is only suspended (a coroutine's) is no such thing. The
 * account has no grant.
 */
#include "hosts/host.h"

#include <pthread.h>
#include <setjmp.h>
#include <ucontext.h>

static struct valetkey *handle;
static __typeof__(valetkey_begin) *begin;
static __typeof__(valetkey_finish) *finish;
static __typeof__(valetkey_cancel) *cancel;
static jmp_buf out;
static bool jump;
static ucontext_t inside, outside;

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	(void)message, (void)reply, (void)reply_size;
	if (data)
		swapcontext(&inside, &outside);
	if (jump)
		longjmp(out, 1);
	return 1;
}

/* A get that asks a person, or is told why it fails, and is left. */
static bool jump_out(uint64_t flags)
{
	struct valetkey_request request = host_request(1);

	request.flags = flags;
	if (setjmp(out) == 0) {
		jump = true;
		host_try(handle, &request);
		return false;
	}
	jump = false;
	return true;
}

/* So deep that what was left lies in between. */
static int __attribute__((noinline)) deep(int depth)
{
	volatile char room[512];
	struct valetkey_request request = host_request(1);
	int rc;

	memset((void *)room, depth, sizeof(room));
	rc = depth ? deep(depth - 1) : host_try(handle, &request);
	return room[0] == (char)depth ? rc : -1;
}

static int __attribute__((noinline)) jump_out_deep(int depth)
{
	volatile char room[512];
	int rc;

	memset((void *)room, depth, sizeof(room));
	rc = depth ? jump_out_deep(depth - 1) : jump_out(0);
	return room[0] == (char)depth ? rc : -1;
}

static void check_get(const char *when)
{
	struct valetkey_request request = host_request(1);
	int rc;

	rc = host_try(handle, &request);
	must(rc == VALETKEY_ERR_LOGIN, "a get after %s: %s", when,
	     lib.strerror(rc));
	rc = deep(200);
	must(rc == VALETKEY_ERR_LOGIN, "a deeper one after %s: %s", when,
	     lib.strerror(rc));
	request.timeout_ms = 5000;
	rc = host_try(handle, &request);
	must(rc == VALETKEY_ERR_LOGIN, "the next after %s: %s", when,
	     lib.strerror(rc));
}

static void *in_thread(void *data)
{
	must(jump_out(0), "no message");
	check_get(data);
	must(jump_out(0), "no message");
	return data;
}

/* A get that is begun, and left out of finish. */
static struct valetkey_wait *jump_out_of_finish(void)
{
	static struct valetkey_wait *wait;
	struct valetkey_request request = host_request(1);
	const struct valetkey_token *token;
	int rc = begin(handle, &request, &wait);

	must(rc == VALETKEY_OK, "valetkey_begin: %s", lib.strerror(rc));
	jump = true;
	if (setjmp(out) == 0) {
		while (finish(wait, &token) == VALETKEY_PENDING)
			host_sleep(5);
		broken("finish has told nothing");
	}
	jump = false;
	return wait;
}

static void check_finish(void)
{
	const struct valetkey_token *token;
	int rc = finish(jump_out_of_finish(), &token);

	must(rc == VALETKEY_ERR_CANCELED, "finish, after a jump: %s",
	     lib.strerror(rc));
	check_get("finish");
	cancel(jump_out_of_finish());
	check_get("cancel");
}

static void get_inside(void)
{
	struct valetkey_request request = host_request(1);
	int rc = host_try(handle, &request);

	must(rc == VALETKEY_ERR_LOGIN, "a suspended conversation: %s",
	     lib.strerror(rc));
}

static void check_coroutine(void)
{
	static char stack[1 << 18];
	struct valetkey_options options = {
	    .size = sizeof(options), .converse = talk, .data = stack};
	struct valetkey_request request = host_request(1);

	handle = host_open(&options);
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = sizeof(stack);
	inside.uc_link = &outside;
	makecontext(&inside, get_inside, 0);
	swapcontext(&outside, &inside);
	must(host_try(handle, &request) == VALETKEY_ERR_BUSY &&
		 lib.close(handle) == VALETKEY_ERR_BUSY,
	     "a suspended conversation counts for none");
	swapcontext(&outside, &inside);
	host_close(handle);
}

int main(int argc, char **argv)
{
	struct valetkey_options options = {.size = sizeof(options),
					   .converse = talk};
	char before[4096], after[4096];
	pthread_t thread;

	handle = host_open(&options);
	*(void **)&begin = host_symbol("valetkey_begin");
	*(void **)&finish = host_symbol("valetkey_finish");
	*(void **)&cancel = host_symbol("valetkey_cancel");
	host_descriptors(before, sizeof(before));
	must(jump_out(0), "no message");
	check_get("a jump");
	must(jump_out(VALETKEY_INTERACTIVE), "no message");
	check_get("a jump out of a login");
	must(jump_out_deep(100) == 1, "no message");
	check_get("a jump from below");
	check_finish();
	pthread_create(&thread, NULL, in_thread, (void *)"a jump in a thread");
	pthread_join(thread, NULL);
	check_get("a thread that jumped and ended");
	must(jump_out(0), "no message");
	host_close(handle);
	host_descriptors(after, sizeof(after));
	must(strcmp(before, after) == 0, "descriptors before: %s after: %s",
	     before, after);
	if (argc > 1 && strcmp(argv[1], "coroutine") == 0)
		check_coroutine();
	return 0;
}
