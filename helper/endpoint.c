/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - see endpoint.h. Secrets go into the body or into HTTP Basic,
 * never both (RFC 6749 2.3), never into a URL.
 */
#include "endpoint.h"
#include "client_auth.h"
#include "clock.h"
#include "net.h"
#include "token_answer.h"
#include "valetkey.h"

#include <ctype.h>
#include <string.h>

int endpoint_encode(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	int rc = 0;

	for (; *text && !rc; text++) {
		unsigned char c = (unsigned char)*text;
		const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
			rc = buf_char(out, (char)c);
		else
			rc = buf_add(out, escaped, sizeof(escaped));
	}
	return rc;
}

int endpoint_param(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return 0;
	if ((form->len && buf_char(form, '&')) || buf_str(form, name) ||
	    buf_char(form, '=') || endpoint_encode(form, value))
		return -1;
	return 0;
}

static int post(const struct endpoint_request *request, const char *url,
		struct http_answer *answer, struct problem *problem)
{
	struct client_auth auth = {0};
	struct http_request http = {
	    .url = url,
	    .form = request->params,
	    .ca_file = request->client->ca_file,
	    .deadline = deadline_in(ENDPOINT_LIMIT_MS),
	};
	const struct net *net = net_load(problem);
	int rc;

	if (!net)
		return problem->result;
	rc = client_auth_add(request, url, &http, &auth, problem);
	if (!rc)
		rc = net->http_send(&http, answer, problem);
	client_auth_free(&auth);
	return rc;
}

int endpoint_token(const struct endpoint_request *request,
		   struct endpoint_answer *answer, struct problem *problem)
{
	struct http_answer http = {0};
	const struct net *net = net_load(problem);
	int rc;

	answer->retry_after_s = -1;
	if (!net)
		return problem->result;
	rc = post(request, request->client->token_endpoint, &http, problem);
	answer->unknown = http.sent && !http.status;
	if (!rc)
		rc = token_answer_read(request->client, &http, answer, problem);
	/* What it brings nobody can ask for again. If it was for want of
	 * memory, there may be some now. */
	if (rc && http.status == 200) {
		record_free(&answer->fields);
		rc = token_answer_read(request->client, &http, answer, problem);
	}
	net->http_answer_free(&http);
	return rc;
}

int endpoint_revoke(const struct endpoint_request *request,
		    struct problem *problem)
{
	const struct client *client = request->client;
	struct http_answer http = {0};
	const struct net *net = net_load(problem);
	int rc;

	if (!net)
		return problem->result;
	rc = post(request, client->revocation_endpoint, &http, problem);
	if (!rc && http.status != 200)
		rc = problem_set(problem,
				 http.status == 429   ? VALETKEY_ERR_THROTTLED
				 : http.status >= 500 ? VALETKEY_ERR_NETWORK
						      : VALETKEY_ERR_DENIED,
				 "%s did not revoke the grant (HTTP %ld).",
				 client->name, http.status);
	net->http_answer_free(&http);
	return rc;
}

void endpoint_answer_free(struct endpoint_answer *answer)
{
	record_free(&answer->fields);
}
