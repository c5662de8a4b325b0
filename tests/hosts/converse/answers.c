/* SPDX-License-Identifier: MIT */
/*
 * answers - a conversation that came to nothing, and returned the 0 of a foreign
 * function interface whose callback has thrown: a login goes on for a host of
 * the old kind, and is given up at once for one that says what it did. The
 * account has no grant. argv[1] is the program that stands for the browser.
 */
#include "hosts/host.h"

#include <spawn.h>

static const char *browser; /* NULL: nothing is shown */
static int opened, answer;

static int talk(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	char *argv[] = {(char *)browser, NULL, NULL};
	char *url;
	pid_t pid;

	(void)reply, (void)reply_size, (void)data;
	if (message->type != VALETKEY_MESSAGE_OPEN)
		return answer;
	opened++;
	must(strncmp(message->text, "answers asks for a login. ", 26) == 0,
	     "the person does not read who asks: %s", message->text);
	if (!browser)
		return answer;
	argv[1] = url = strdup(message->url);
	must(posix_spawn(&pid, browser, NULL, NULL, argv, environ) == 0,
	     "no browser");
	free(url);
	return answer;
}

static int login(uint64_t flags, int answer_with, uint32_t timeout_ms)
{
	const struct valetkey_options options = {.size = sizeof(options),
						 .program = "answers",
						 .converse = talk,
						 .flags = flags};
	struct valetkey *handle = host_open(&options);
	struct valetkey_request request = host_request(0);
	int tries = 0, rc;

	opened = 0;
	answer = answer_with;
	request.flags = VALETKEY_INTERACTIVE;
	request.timeout_ms = timeout_ms;
	/* Who asks before the helper of the last one has ended waits for his
	 * answer, and gets it: no. */
	do
		rc = host_try(handle, &request);
	while (rc == VALETKEY_ERR_CANCELED && !opened && tries++ < 20);
	must(opened == 1, "%d times OPEN", opened);
	host_close(handle);
	return rc;
}

int main(int argc, char **argv)
{
	int64_t began = host_ms();
	int rc;

	must(argc == 2, "answers BROWSER");
	rc = login(VALETKEY_ANSWERS, 0, 60000);
	must(rc == VALETKEY_ERR_CANCELED && host_ms() - began < 20000,
	     "0 of a host that answers: %s, after %lld ms", lib.strerror(rc),
	     (long long)(host_ms() - began));
	rc = login(0, VALETKEY_DONE, 60000);
	must(rc == VALETKEY_ERR_CANCELED, "DONE of a host that does not: %s",
	     lib.strerror(rc));
	rc = login(0, 0, 6000);
	must(rc == VALETKEY_ERR_TIMEOUT, "0 of a host of the old kind: %s",
	     lib.strerror(rc));
	browser = argv[1];
	rc = login(VALETKEY_ANSWERS, VALETKEY_DONE, 0);
	must(rc == VALETKEY_OK, "DONE of a host that answers: %s",
	     lib.strerror(rc));
	return 0;
}
