/* SPDX-License-Identifier: MIT */
/*
 * op_resource.c - whose tokens an MCP server wants, from its URL alone: asks it as a
 * client begins, without a token, and reads where its metadata is in the challenge of
 * the 401 (RFC 9728 5.1); else in the well-known places. Sends nothing else, and
 * nothing to an authorization server.
 */
#include "core/challenge.h"
#include "core/clock.h"
#include "document.h"
#include "net/net.h"
#include "oauth/resource.h"
#include "ops.h"
#include <valetkey.h>

#include <string.h>

#define LIMIT_MS 15000

/* What MCP clients send first. */
static const char hello[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
    "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
    "\"clientInfo\":{\"name\":\"valetkey\",\"version\":\"1\"}}}";

/* ---- the first request ---- */

struct looking {
	struct job *job;
	struct buf url;		 /* canonical */
	struct record challenge; /* its parameters */
	bool open;		 /* the server answers without a token */
};

static int redirected(struct job *job, const struct http_answer *answer)
{
	char quoted[PROBLEM_QUOTE_MAX];

	return problem_set(
	    &job->problem, VALETKEY_ERR_NETWORK,
	    "The MCP server redirects to \"%s\" (HTTP %ld), which is not "
	    "followed. If it has moved there, give that URL: --mcp URL.",
	    problem_quote(quoted, answer->location), answer->status);
}

static int hello_answered(struct looking *looking,
			  const struct http_answer *answer)
{
	struct job *job = looking->job;

	if (answer->status >= 500 || answer->status == 429)
		return problem_set(&job->problem, VALETKEY_ERR_NETWORK,
				   "The MCP server has a problem (HTTP %ld). "
				   "Try again later.",
				   answer->status);
	if (answer->status >= 300 && answer->status < 400)
		return redirected(job, answer);
	looking->open = http_success(answer->status);
	/* One that cannot be read is as none: the well-known places are left. */
	return challenge_read(buf_text(&answer->challenge), "Bearer",
			      &looking->challenge) == RECORD_NOMEM
		   ? problem_no_memory(&job->problem)
		   : VALETKEY_OK;
}

static int say_hello(struct looking *looking)
{
	struct job *job = looking->job;
	struct buf body = {0};
	const struct http_request request = {
	    .url = looking->url.data,
	    .form = &body,
	    .json = true,
	    .accept = "application/json, text/event-stream",
	    .head = true,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	};
	const struct net *net = net_load(&job->problem);
	struct http_answer answer = {0};
	int rc;

	if (!net)
		return job->problem.result;
	rc = buf_str(&body, hello)
		 ? problem_no_memory(&job->problem)
		 : net->http_send(&request, &answer, &job->problem);
	if (!rc)
		rc = hello_answered(looking, &answer);
	net->http_answer_free(&answer);
	buf_free(&body);
	return rc;
}

/* ---- its metadata ---- */

static int resource_document(struct job *job, const struct buf *text,
			     const void *data, struct problem *problem)
{
	return resource_read(data, text, &job->answer, problem);
}

static enum document_look look_at_resource(struct looking *looking,
					   struct buf *url,
					   enum resource_place place)
{
	const struct resource_wish wish = {looking->url.data, place};

	return document_look(looking->job, url, resource_document, &wish);
}

/* The challenge's word holds (MCP): nothing else is asked then. */
static enum document_look look_where_named(struct looking *looking,
					   const char *named)
{
	struct problem *problem = &looking->job->problem;
	enum document_look found = DOCUMENT_DONE;
	struct buf url = {0};

	if (resource_named_ok(looking->url.data, named, problem))
		return found;
	if (buf_str(&url, named))
		problem_no_memory(problem);
	else
		found = look_at_resource(looking, &url, RESOURCE_NAMED);
	buf_free(&url);
	return found;
}

static enum document_look look_in_well_known(struct looking *looking)
{
	enum document_look found = DOCUMENT_NOTHING;

	for (int i = RESOURCE_PATH;
	     i < RESOURCE_PLACES && found == DOCUMENT_NOTHING; i++) {
		struct buf url = {0};

		if (resource_place(looking->url.data, (enum resource_place)i,
				   &url)) {
			problem_no_memory(&looking->job->problem);
			found = DOCUMENT_DONE;
		} else if (url.len) {
			found = look_at_resource(looking, &url,
						 (enum resource_place)i);
		}
		buf_free(&url);
	}
	return found;
}

/* ---- what was found ---- */

static int no_metadata(struct looking *looking)
{
	struct problem *problem = &looking->job->problem;
	const char *url = looking->url.data;

	if (looking->open)
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "%.300s answers without a login, so it "
				   "needs no account. Give its URL to your MCP "
				   "client as it is.",
				   url);
	return problem_set(
	    problem, VALETKEY_ERR_NETWORK,
	    "%.200s does not say which authorization server it trusts (RFC "
	    "9728). If you know it, run: valetkey add NAME --issuer URL "
	    "--resource-indicator %.200s --host %.200s",
	    url, url, url);
}

/* The challenge's scopes are what is needed (MCP), the metadata's what there is. */
static int take_scope(struct looking *looking)
{
	struct job *job = looking->job;
	const char *scope = record_get(&looking->challenge, "scope");

	if (!scope || !*scope)
		return VALETKEY_OK;
	if (!challenge_scope_ok(scope))
		return problem_set(&job->problem, VALETKEY_ERR_DENIED,
				   "The MCP server asks for scopes that are "
				   "none (RFC 6749 3.3). Tell its operator, or "
				   "give those to ask for: --scope SCOPES.");
	return record_set(&job->answer, "scope", scope)
		   ? problem_no_memory(&job->problem)
		   : VALETKEY_OK;
}

static int find_resource(struct looking *looking)
{
	const char *named =
	    record_get(&looking->challenge, "resource_metadata");
	struct job *job = looking->job;
	enum document_look found = named ? look_where_named(looking, named)
					 : look_in_well_known(looking);

	if (job->problem.result)
		return job->problem.result;
	if (found == DOCUMENT_NOTHING ||
	    !record_get(&job->answer, "authorization_server[]"))
		return no_metadata(looking);
	return take_scope(looking);
}

int op_resource(struct job *job)
{
	const char *url = record_get(&job->request, "url");
	struct looking looking = {.job = job};
	int rc =
	    resource_canonical(url ? url : "", &looking.url, &job->problem);

	if (!rc)
		rc = say_hello(&looking);
	if (!rc)
		rc = find_resource(&looking);
	record_free(&looking.challenge);
	buf_free(&looking.url);
	return rc;
}
