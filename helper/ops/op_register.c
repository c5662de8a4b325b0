/* SPDX-License-Identifier: MIT */
/*
 * op_register.c - registers a client at a server that lets anybody do so (RFC
 * 7591), and makes the account of what it answers (registration_answer.h): a client that
 * cannot be used as asked is told, not kept. The secret goes from the answer into
 * the keyring and nowhere else.
 */
#include "core/clock.h"
#include "core/origin.h"
#include "json/json.h"
#include "login/free_port.h"
#include "net/net.h"
#include "ops.h"
#include "registration_answer.h"
#include "recover.h"
#include <valetkey.h>

#include <string.h>

#define LIMIT_MS 30000

static int register_add_scope(struct record *body, const struct record *keys)
{
	const char *scope = record_get(keys, "scope");
	const char *offline = record_get(keys, "offline_scope");
	struct buf both = {0};
	int rc = (scope && buf_str(&both, scope)) ||
		 (offline && both.len && buf_char(&both, ' ')) ||
		 (offline && buf_str(&both, offline)) ||
		 record_add(body, "scope", both.data);

	buf_free(&both);
	return rc;
}

/* RFC 7591 2, OpenID Connect Dynamic Client Registration 2. */
static int make_body(const struct record *request, struct buf *out)
{
	bool redirect = record_get(request, "redirect_uri") != NULL;
	const char *grant = NULL;
	struct record body = {0};
	int rc =
	    record_add(&body, "client_name", "valetkey") ||
	    record_add(&body, "application_type", "native") ||
	    record_add(&body, "token_endpoint_auth_method",
		       record_get(request, "auth")) ||
	    registration_answer_redirect(&body, request) ||
	    record_add(&body, "response_types[]", redirect ? "code" : NULL) ||
	    register_add_scope(&body, request);

	while (!rc && (grant = record_next(request, "grant_types[]", grant)))
		rc = record_add(&body, "grant_types[]", grant);
	rc = rc || json_write(&body, NULL, out);
	record_free(&body);
	return rc;
}

static int refused_for(struct job *job, long status, const struct json *json)
{
	const struct record *strings = &json->strings;
	char error[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];

	if (status == 401 || status == 403)
		return problem_set(
		    &job->problem, VALETKEY_ERR_DENIED,
		    "The server does not register clients for just anybody "
		    "(HTTP %ld). Register one by hand on its pages and give "
		    "it: --client-id ID.",
		    status);
	if (status >= 500 || status == 429)
		return problem_set(&job->problem, VALETKEY_ERR_NETWORK,
				   "The server did not register a client (HTTP "
				   "%ld). Try again later.",
				   status);
	problem_quote(error, record_get(strings, "error"));
	problem_quote(detail, record_get(strings, "error_description"));
	return problem_set(&job->problem, VALETKEY_ERR_DENIED,
			   "The server did not register a client (HTTP %ld%s%s"
			   "%s%s). Register one by hand on its pages and give "
			   "it: --client-id ID.",
			   status, *error ? ", " : "", error,
			   *detail ? ": " : "", detail);
}

static int register_refused(struct job *job, const struct http_answer *answer)
{
	struct json json = {0};
	int rc;

	if (json_parse(buf_text(&answer->body), answer->body.len, &json))
		json_free(&json);
	rc = refused_for(job, answer->status, &json);
	json_free(&json);
	return rc;
}

/* Where an answer is parked as soon as it is here. */
struct parking {
	const struct adding *adding;
	const struct record *item;
};

static void park_answer(const struct buf *body, bool whole, void *data)
{
	const struct parking *parking = data;

	if (whole)
		registration_answer_park(parking->adding, parking->item, body);
}

/* The body of an answer that says a client was made. */
static int send_request(struct job *job, struct parking *parking,
			struct buf *made)
{
	struct buf body = {0};
	const struct http_request request = {
	    .url = record_get(&job->request, "registration_endpoint"),
	    .form = &body,
	    .json = true,
	    .ca_file = record_get(&job->request, "ca_file"),
	    .proxy = record_get(&job->request, "proxy"),
	    .deadline = deadline_in(LIMIT_MS),
	    .received = park_answer,
	    .data = parking,
	};
	const struct net *net = net_load(&job->problem);
	struct http_answer answer = {0};
	int rc;

	if (!net)
		return job->problem.result;
	rc = make_body(&job->request, &body)
		 ? problem_no_memory(&job->problem)
		 : net->http_send(&request, &answer, &job->problem);
	if (!rc && !http_success(answer.status)) {
		rc = register_refused(job, &answer);
	} else if (!rc) {
		*made = answer.body;
		answer.body = (struct buf){0};
	}
	buf_free(&body);
	net->http_answer_free(&answer);
	return rc;
}

/* RFC 8252 7.3: any port will do, but many servers compare it. So all logins
 * come back to one, as long as it is free. */
static int choose_port(struct job *job)
{
	const char *uri = record_get(&job->request, "redirect_uri");
	uint16_t port;

	if (!uri || !strstr(uri, ":{port}"))
		return VALETKEY_OK;
	port = free_port_choose();
	if (!port)
		return problem_set(
		    &job->problem, VALETKEY_ERR_HELPER,
		    "No port of 127.0.0.1 is free for the browser to come back "
		    "to. See `ss -ltn`, and try again.");
	record_remove(&job->request, "redirect_port");
	return record_add_int(&job->request, "redirect_port", port)
		   ? problem_no_memory(&job->problem)
		   : VALETKEY_OK;
}

/* In the order that leaves nothing unknown wherever we end. */
static int register_client(struct job *job, const struct adding *adding)
{
	struct buf made = {0};
	struct record item = {0};
	struct parking parking = {adding, &item};
	int rc = registration_answer_prepare(job, adding, &item);

	if (!rc)
		rc = send_request(job, &parking, &made);
	if (!rc)
		rc = registration_answer_take(job, adding, &item, &made);
	record_free(&item);
	buf_free(&made);
	return rc;
}

int op_register(struct job *job)
{
	const char *url = record_get(&job->request, "registration_endpoint");
	struct adding adding;
	char origin[ORIGIN_MAX];
	int rc;

	if (!url || origin_of(url, origin) != 0)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The registration_endpoint must be an https "
				   "URL.");
	/* The keyring first: what the server makes is to be kept. */
	rc = job_use_store_of(job, &job->request);
	if (!rc)
		rc = job_store_writable(job);
	if (!rc)
		rc = choose_port(job);
	if (!rc)
		rc = adding_begin(job, &adding, recover_adding);
	if (rc)
		return rc;
	rc = register_client(job, &adding);
	return adding_finish(job, &adding, rc);
}
