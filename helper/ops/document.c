/* SPDX-License-Identifier: MIT */
/*
 * document.c - see document.h.
 */
#include "document.h"

#include "core/clock.h"
#include "core/origin.h"
#include "net/net.h"
#include <valetkey.h>

#include <string.h>

#define LIMIT_MS 15000
#define REDIRECTS_MAX 2

static bool has_scheme(const char *location)
{
	size_t len =
	    strspn(location, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return len && location[len] == ':';
}

/* RFC 3986 5.2; libcurl takes the dots out. */
static int resolve_location(const char *base, const char *location,
			    struct buf *url)
{
	size_t host = (size_t)(strstr(base, "://") + 3 - base);
	size_t keep;

	if (has_scheme(location))
		keep = 0;
	else if (strncmp(location, "//", 2) == 0)
		keep = host - strlen("//");
	else if (*location == '/')
		keep = host + strcspn(base + host, "/?#");
	else
		for (keep = strcspn(base, "?#"); base[keep - 1] != '/'; keep--)
			;
	return buf_add(url, base, keep) ||
	       buf_add(url, location, strcspn(location, "#"));
}

/* RFC 9110 15.4. */
static bool is_redirect(const struct http_answer *answer)
{
	switch (answer->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return *answer->location != '\0';
	default:
		return false;
	}
}

/* Where it leads, in place of `url`. */
static int follow_redirect(const struct http_answer *answer, struct buf *url,
			   struct problem *problem)
{
	struct buf next = {0};
	char from[ORIGIN_MAX], quoted[PROBLEM_QUOTE_MAX];
	int rc = VALETKEY_OK;

	if (resolve_location(url->data, answer->location, &next))
		rc = problem_no_memory(problem);
	else if (origin_of(url->data, from) != 0 || !origin_is(next.data, from))
		rc = problem_set(
		    problem, VALETKEY_ERR_NETWORK,
		    "The server's metadata is redirected to %s, which is not "
		    "followed because it is another server. If the provider "
		    "is there, give the URL that it names itself: --issuer "
		    "URL, or --mcp URL.",
		    problem_quote(quoted, buf_text(&next)));
	if (rc) {
		buf_free(&next);
	} else {
		buf_free(url);
		*url = next;
	}
	return rc;
}

static int ask_document(const struct job *job, const char *url,
			struct http_answer *answer, struct problem *problem)
{
	const struct http_request request = {
	    .url = url,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	};

	const struct net *net = net_load(problem);

	return net ? net->http_send(&request, answer, problem)
		   : problem->result;
}

/* The answer at the end of the redirects. `url` becomes its address. */
static int document_fetch(const struct job *job, struct buf *url,
			  struct http_answer *answer, struct problem *problem)
{
	int rc = ask_document(job, url->data, answer, problem);

	for (int i = 0; !rc && is_redirect(answer); i++) {
		if (i == REDIRECTS_MAX)
			return problem_set(
			    problem, VALETKEY_ERR_NETWORK,
			    "The server's metadata is redirected more than %d "
			    "times. Give its endpoints: "
			    "--authorization-endpoint and --token-endpoint.",
			    REDIRECTS_MAX);
		rc = follow_redirect(answer, url, problem);
		if (rc)
			break;
		net_load(problem)->http_answer_free(answer);
		rc = ask_document(job, url->data, answer, problem);
	}
	return rc;
}

/* ---- a place ---- */

/* What is told if no place has it: what was wrong first, or that somebody
 * else's was there. */
static void keep_reason(struct job *job, const struct problem *why)
{
	if (!job->problem.result || (why->result == VALETKEY_ERR_DENIED &&
				     job->problem.result != why->result))
		job->problem = *why;
}

static int document_refused(long status, struct problem *problem)
{
	if (status < 500 && status != 429)
		return VALETKEY_PENDING; /* there is none */
	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   "The server did not give its metadata (HTTP %ld). "
			   "Try again later.",
			   status);
}

enum document_look document_look(struct job *job, struct buf *url,
				 document_read *read, const void *data)
{
	struct http_answer answer = {0};
	const struct net *net = net_load(&job->problem);
	struct problem why = {0};
	bool reached;
	int rc;

	if (!net)
		return DOCUMENT_DONE;
	rc = document_fetch(job, url, &answer, &why);
	reached = !rc || answer.sent;
	if (!rc)
		rc = http_success(answer.status)
			 ? read(job, &answer.body, data, &why)
			 : document_refused(answer.status, &why);
	net->http_answer_free(&answer);
	if (why.result)
		keep_reason(job, &why);
	if (!rc)
		job->problem = (struct problem){0};
	return rc && reached && rc != VALETKEY_ERR_NOMEM ? DOCUMENT_NOTHING
							 : DOCUMENT_DONE;
}
