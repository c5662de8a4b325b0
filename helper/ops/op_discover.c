/* SPDX-License-Identifier: MIT */
/*
 * op_discover.c - a provider's endpoints from its issuer: asks at each of the
 * places of metadata.h, until a document names the very issuer that was asked
 * for. A place that fails says nothing of the others, which may be served by
 * another program; but a server that cannot be reached is asked once.
 */
#include "document.h"
#include "oauth/metadata.h"
#include "ops.h"
#include <valetkey.h>

#include <string.h>

static int discover_read(struct job *job, const struct buf *text,
			 const void *data, struct problem *problem)
{
	return metadata_read(data, buf_text(text), text->len, &job->answer,
			     problem);
}

static enum document_look look_everywhere(struct job *job,
					  const struct metadata_wish *wish)
{
	enum document_look found = DOCUMENT_NOTHING;

	for (int i = 0; i < METADATA_PLACES && found == DOCUMENT_NOTHING; i++) {
		struct buf url = {0};

		if (metadata_place(wish->issuer, (enum metadata_place)i,
				   &url)) {
			problem_no_memory(&job->problem);
			found = DOCUMENT_DONE;
		} else if (url.len) {
			found = document_look(job, &url, discover_read, wish);
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
	    .choices = record_get(&job->request, "choices") != NULL,
	    .mcp = record_get(&job->request, "mcp") != NULL,
	};

	if (!metadata_issuer_ok(wish.issuer))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The issuer must be an https URL without a "
				   "query or fragment.");
	if (look_everywhere(job, &wish) == DOCUMENT_NOTHING &&
	    !job->problem.result)
		problem_set(&job->problem, VALETKEY_ERR_NETWORK,
			    "%s has no metadata (RFC 8414 or OpenID). Give its "
			    "endpoints: --authorization-endpoint and "
			    "--token-endpoint.",
			    wish.issuer);
	return job->problem.result;
}
