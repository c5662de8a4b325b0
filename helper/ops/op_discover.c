/* SPDX-License-Identifier: MIT */
/*
 * op_discover.c - a provider's endpoints from its issuer: asks at each of the
 * places of metadata.h, until a document names the very issuer that was asked
 * for. A place that fails says nothing of the others, which may be served by
 * another program; but a server that cannot be reached is asked once.
 *
 * Redirects are followed here and nowhere else: the request has no secrets, and
 * what is found must name the issuer all the same. Only within its origin.
 */
#include "core/clock.h"
#include "core/origin.h"
#include "net/net.h"
#include "oauth/metadata.h"
#include "ops.h"
#include <valetkey.h>

#include <string.h>

#define LIMIT_MS 15000 /* a place */
#define REDIRECTS_MAX 2

/* What came of one place. */
enum look {
	LOOK_DONE = 0,	 /* found, or the end of it: problem says why */
	LOOK_NOTHING = 1 /* try the next place */
};

/* What is told if no place has it: what was wrong first, or that somebody
 * else's was there. */
static void keep_reason(struct job *job, const struct problem *why)
{
	if (!job->problem.result || (why->result == VALETKEY_ERR_DENIED &&
				     job->problem.result != why->result))
		job->problem = *why;
}

/* ---- redirects ---- */

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
		    "is there, give the issuer that it names: --issuer URL.",
		    problem_quote(quoted, buf_text(&next)));
	if (rc) {
		buf_free(&next);
	} else {
		buf_free(url);
		*url = next;
	}
	return rc;
}

/* ---- a place ---- */

static int ask_metadata(const struct job *job, const struct net *net,
			const char *url, struct http_answer *answer,
			struct problem *problem)
{
	const struct http_request request = {
	    .url = url,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	};

	return net->http_send(&request, answer, problem);
}

/* The answer at the end of the redirects. `url` becomes its address. */
static int fetch_metadata(const struct job *job, const struct net *net,
			  struct buf *url, struct http_answer *answer,
			  struct problem *problem)
{
	int rc = ask_metadata(job, net, url->data, answer, problem);

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
		net->http_answer_free(answer);
		rc = ask_metadata(job, net, url->data, answer, problem);
	}
	return rc;
}

/* An answer that is not a redirect. */
static int read_metadata_answer(struct job *job,
				const struct metadata_wish *wish,
				const struct http_answer *answer,
				struct problem *problem)
{
	if (http_success(answer->status))
		return metadata_read(wish, buf_text(&answer->body),
				     answer->body.len, &job->answer, problem);
	if (answer->status < 500 && answer->status != 429)
		return VALETKEY_PENDING; /* there is none */
	return problem_set(problem, VALETKEY_ERR_NETWORK,
			   "The server did not give its metadata (HTTP %ld). "
			   "Try again later.",
			   answer->status);
}

static enum look look_at_place(struct job *job,
			       const struct metadata_wish *wish,
			       struct buf *url)
{
	struct http_answer answer = {0};
	const struct net *net = net_load(&job->problem);
	struct problem why = {0};
	bool reached;
	int rc;

	if (!net)
		return LOOK_DONE;
	rc = fetch_metadata(job, net, url, &answer, &why);
	reached = !rc || answer.sent;
	if (!rc)
		rc = read_metadata_answer(job, wish, &answer, &why);
	net->http_answer_free(&answer);
	if (why.result)
		keep_reason(job, &why);
	if (!rc)
		job->problem = (struct problem){0};
	return rc && reached && rc != VALETKEY_ERR_NOMEM ? LOOK_NOTHING
							 : LOOK_DONE;
}

static enum look look_everywhere(struct job *job,
				 const struct metadata_wish *wish)
{
	enum look found = LOOK_NOTHING;

	for (int i = 0; i < METADATA_PLACES && found == LOOK_NOTHING; i++) {
		struct buf url = {0};

		if (metadata_place(wish->issuer, (enum metadata_place)i,
				   &url)) {
			problem_no_memory(&job->problem);
			found = LOOK_DONE;
		} else if (url.len) {
			found = look_at_place(job, wish, &url);
		}
		buf_free(&url);
	}
	return found;
}

int op_discover(struct job *job)
{
	const struct metadata_wish wish = {
	    .issuer = record_get(&job->request, "issuer"),
	    .auth = record_get(&job->request, "auth"),
	    .proof = record_get(&job->request, "proof"),
	    .machine = record_get(&job->request, "machine") != NULL,
	};

	if (!metadata_issuer_ok(wish.issuer))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The issuer must be an https URL without a "
				   "query or fragment.");
	if (look_everywhere(job, &wish) == LOOK_NOTHING && !job->problem.result)
		problem_set(&job->problem, VALETKEY_ERR_NETWORK,
			    "%s has no metadata (RFC 8414 or OpenID). Give its "
			    "endpoints: --authorization-endpoint and "
			    "--token-endpoint.",
			    wish.issuer);
	return job->problem.result;
}
