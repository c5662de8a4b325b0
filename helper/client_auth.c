/* SPDX-License-Identifier: MIT */
/*
 * client_auth.c - see client_auth.h.
 */
#include "client_auth.h"
#include "valetkey.h"

#include <string.h>

/* RFC 6749 2.3.1: both are form-urlencoded before they become Basic. */
static int add_basic(const struct endpoint_request *request,
		     struct http_request *http, struct client_auth *auth)
{
	if (endpoint_encode(&auth->user, request->client->client_id) ||
	    endpoint_encode(&auth->password, request->client_secret))
		return -1;
	http->basic_user = buf_text(&auth->user);
	http->basic_password = buf_text(&auth->password);
	return 0;
}

static int add_to_body(const struct endpoint_request *request)
{
	return endpoint_param(request->params, "client_id",
			      request->client->client_id) ||
	       endpoint_param(request->params, "client_secret",
			      request->client_secret);
}

int client_auth_add(const struct endpoint_request *request, const char *url,
		    struct http_request *http, struct client_auth *auth,
		    struct problem *problem)
{
	const char *method = request->client->auth;
	int rc;

	(void)url;
	if (request->client_secret &&
	    strcmp(method, "client_secret_basic") == 0)
		rc = add_basic(request, http, auth);
	else
		rc = add_to_body(request);
	return rc ? problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.")
		  : VALETKEY_OK;
}

void client_auth_free(struct client_auth *auth)
{
	buf_free(&auth->user);
	buf_free(&auth->password);
}
