/* SPDX-License-Identifier: MIT */
/*
 * login_paste.c - a login by the authorization code grant, if no listener of
 * ours can be reached: over SSH, or because the registered redirect URI is
 * somebody else's https page. The browser may run anywhere; the person pastes
 * the address that it ended at, which is read just as strictly as a redirect
 * that the listener gets.
 */
#include "core/clock.h"
#include "login.h"
#include "net/net.h"
#include <valetkey.h>

#include <string.h>
#include <strings.h>

#define TRIES 3
#define EMPTY_MAX 100	  /* an empty line is not a try */
#define PORT_FIRST 0xc000 /* RFC 6335: from here on nobody has a claim */
#define LATE_MS 2000	  /* the host gave up asking because of the time */

/* On a computer that is not this one, most probably: any port will do, but to a
 * server that compares it. */
static int make_url(struct login *login, struct authorization *to)
{
	struct problem *problem = &login->job->problem;
	uint16_t port = (uint16_t)(PORT_FIRST | (clock_ms() & ~PORT_FIRST));
	int rc =
	    authorize_begin(login->client, login->options->scope, to, problem);

	to->form_post = false; /* it would not be in the address */
	if (to->any_port && to->port)
		port = to->port;
	return rc ? rc : authorize_url(login->client, port, to, problem);
}

/* An address has no blanks: those are where its lines were wrapped. And it may
 * have been copied with the quotes around it. */
static void tidy_paste(struct buf *text)
{
	static const char quotes[][2] = {
	    {'"', '"'}, {'\'', '\''}, {'`', '`'}, {'<', '>'}};
	size_t len = 0;

	for (size_t i = 0; i < text->len; i++)
		if (!strchr(" \t", text->data[i]))
			text->data[len++] = text->data[i];
	for (size_t i = 0; i < 4; i++)
		if (len >= 2 && text->data[0] == quotes[i][0] &&
		    text->data[len - 1] == quotes[i][1])
			memmove(text->data, text->data + 1, len -= 2);
	explicit_bzero(text->data + len, text->len - len);
	text->len = len;
}

/* The query of what was pasted, which may be all of it; NULL: there is none. */
static char *find_query(char *text)
{
	char *query = strchr(text, '?');

	text[strcspn(text, "#")] = '\0';
	if (query)
		return query + 1;
	return strchr(text, '=') && strncasecmp(text, "http", 4) != 0 ? text
								      : NULL;
}

/* For the person, by the verdict. The first: there was no query. */
static const char *const verdicts[] = {
    [REDIRECT_TAKEN] = "That is not an address with an answer in it. Copy "
		       "everything in the address bar, from http to the end, "
		       "after you have agreed.",
    [REDIRECT_DAMAGED] = "That address is damaged. Copy everything in the "
			 "address bar again.",
    [REDIRECT_NO_CODE] = "There is no code in that address. The browser ends "
			 "at the right one only after you have agreed.",
    [REDIRECT_OTHER] = "That address belongs to another login, or is "
		       "incomplete: its state is not the one that was sent.",
};

/* One paste. PENDING: it was not the address, and the person was told; or it was
 * empty, as nobody needs to be told. */
static int paste_ask(struct login *login, const struct authorization *to,
		     struct listener_answer *answer, bool *empty)
{
	const struct net *net = net_load(&login->job->problem);
	enum redirect_verdict verdict = REDIRECT_TAKEN;
	struct job *job = login->job;
	struct buf reply = {0};
	char *query = NULL;
	int rc =
	    job_ask(job, "Paste the address that the browser ends at:", &reply);

	if (rc == VALETKEY_ERR_TIMEOUT ||
	    (!rc && !reply.len && clock_ms() + LATE_MS >= job->deadline)) {
		rc = login_too_late(login);
		goto out;
	}
	if (rc) {
		rc = login_given_up(login);
		goto out;
	}
	if (reply.len)
		tidy_paste(&reply);
	*empty = !reply.len;
	if (*empty) {
		rc = VALETKEY_PENDING;
		goto out;
	}
	query = find_query(reply.data);
	if (query)
		verdict = net->redirect_read(query, to->state.data, answer);
	if (verdict == REDIRECT_NOMEM) {
		rc = problem_no_memory(&job->problem);
	} else if (!query || verdict != REDIRECT_TAKEN) {
		job_info(job, "%s", verdicts[verdict]);
		rc = VALETKEY_PENDING;
	}
out:
	buf_free(&reply);
	return rc;
}

static int ask_until_right(struct login *login, const struct authorization *to,
			   struct listener_answer *answer)
{
	int rc = VALETKEY_PENDING, tries = 0, empties = 0;
	bool empty = false;

	while (rc == VALETKEY_PENDING && tries < TRIES && empties < EMPTY_MAX) {
		rc = paste_ask(login, to, answer, &empty);
		tries += !empty;
		empties += empty;
	}
	if (rc == VALETKEY_PENDING)
		rc = problem_set(&login->job->problem, VALETKEY_ERR_CANCELED,
				 "That was not the address %d times. To try "
				 "again: valetkey login %s --flow paste",
				 tries ? tries : empties,
				 login->client->account);
	return rc;
}

int login_by_paste(struct login *login, struct grant *grant)
{
	struct authorization to = {.pushed = false};
	struct listener_answer answer = {0};
	const struct net *net = net_load(&login->job->problem);
	int rc;

	if (!net)
		return login->job->problem.result;
	rc = make_url(login, &to);
	if (!rc)
		rc = login_code_send(
		    login, &to, "",
		    "Log in with a browser on any computer. It ends at an "
		    "address that may show nothing but an error; copy that "
		    "address from the address bar.");
	if (!rc)
		rc = ask_until_right(login, &to, &answer);
	if (!rc)
		rc = login_code_take(login, &to, &answer, grant);
	net->listener_answer_free(&answer);
	authorize_end(&to);
	return rc;
}
