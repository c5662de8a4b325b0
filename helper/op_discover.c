/* SPDX-License-Identifier: MIT */
/*
 * op_discover.c - a provider's endpoints from its issuer: asks at RFC 8414's
 * place, then at OpenID Connect Discovery's, and takes the first document that
 * names the very issuer that was asked for (metadata.h).
 */
#include "clock.h"
#include "metadata.h"
#include "net.h"
#include "ops.h"
#include "valetkey.h"

#define LIMIT_MS 20000

/* What came of one place. */
enum look {
	LOOK_DONE = 0,	 /* found, or the end of it: problem says why */
	LOOK_NOTHING = 1 /* try the other place */
};

static enum look judge(struct job *job, const struct metadata_wish *wish,
		       const struct http_answer *answer)
{
	struct problem why = {0};

	if (!http_success(answer->status)) {
		if (answer->status >= 500 || answer->status == 429)
			problem_set(&job->problem, VALETKEY_ERR_NETWORK,
				    "The server did not give its metadata "
				    "(HTTP %ld). Try again later.",
				    answer->status);
		return LOOK_NOTHING;
	}
	if (metadata_read(wish, buf_text(&answer->body), answer->body.len,
			  &job->answer, &why) == VALETKEY_OK) {
		job->problem.result = VALETKEY_OK;
		return LOOK_DONE;
	}
	/* A page for people, or somebody else's: there may be ours there. */
	if (job->problem.result != VALETKEY_ERR_DENIED)
		job->problem = why;
	return why.result == VALETKEY_ERR_NOMEM ? LOOK_DONE : LOOK_NOTHING;
}

static enum look look(struct job *job, const struct metadata_wish *wish,
		      bool openid)
{
	struct buf url = {0};
	struct http_request request = {
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	};
	struct http_answer answer = {0};
	const struct net *net = net_load(&job->problem);
	enum look found = LOOK_DONE;

	if (!net)
		return LOOK_DONE;
	if (metadata_place(wish->issuer, openid, &url)) {
		problem_set(&job->problem, VALETKEY_ERR_NOMEM,
			    "Out of memory.");
	} else {
		request.url = url.data;
		if (!net->http_send(&request, &answer, &job->problem))
			found = judge(job, wish, &answer);
	}
	net->http_answer_free(&answer);
	buf_free(&url);
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
				   "The issuer must be an https URL without "
				   "query and fragment.");
	if (look(job, &wish, false) == LOOK_NOTHING &&
	    look(job, &wish, true) == LOOK_NOTHING && !job->problem.result)
		problem_set(&job->problem, VALETKEY_ERR_NETWORK,
			    "%s has no metadata (RFC 8414 or OpenID). Give its "
			    "endpoints: --authorization-endpoint and "
			    "--token-endpoint.",
			    wish.issuer);
	return job->problem.result;
}
