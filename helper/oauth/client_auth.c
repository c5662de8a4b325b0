/* SPDX-License-Identifier: MIT */
/*
 * client_auth.c - see client_auth.h. The method alone decides: a secret that is
 * there for another one stays where it is.
 */
#include "client_auth.h"

#include "assertion.h"
#include "key_file.h"
#include <valetkey.h>

#include <string.h>

static int no_memory(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

/* RFC 6749 2.3.1: both are form-urlencoded before they become Basic. */
static int add_basic(const struct endpoint_request *request,
		     struct http_request *http, struct client_auth *auth,
		     struct problem *problem)
{
	if (endpoint_encode(&auth->user, request->client->client_id) ||
	    endpoint_encode(&auth->password, request->client_secret))
		return no_memory(problem);
	http->basic_user = buf_text(&auth->user);
	http->basic_password = buf_text(&auth->password);
	return VALETKEY_OK;
}

static int add_to_body(const struct endpoint_request *request,
		       const char *secret, struct problem *problem)
{
	if (endpoint_param(request->params, "client_id",
			   request->client->client_id) ||
	    endpoint_param(request->params, "client_secret", secret))
		return no_memory(problem);
	return VALETKEY_OK;
}

static int add_assertion(const struct endpoint_request *request,
			 struct problem *problem)
{
	struct buf assertion = {0};
	int rc = assertion_make(request->client, &assertion, problem);

	if (!rc && (endpoint_param(request->params, "client_id",
				   request->client->client_id) ||
		    endpoint_param(request->params, "client_assertion_type",
				   ASSERTION_TYPE) ||
		    endpoint_param(request->params, "client_assertion",
				   assertion.data)))
		rc = no_memory(problem);
	buf_free(&assertion);
	return rc;
}

/* RFC 8705 2. The key is looked at here for the sake of a clear error. */
static int add_certificate(const struct endpoint_request *request,
			   struct http_request *http, struct problem *problem)
{
	struct buf pem = {0};
	int rc = key_file_read(request->client->client_key, &pem, problem);

	buf_free(&pem);
	if (rc)
		return rc;
	http->certificate = request->client->client_certificate;
	http->certificate_key = request->client->client_key;
	return add_to_body(request, NULL, problem);
}

int client_auth_add(const struct endpoint_request *request,
		    struct http_request *http, struct client_auth *auth,
		    struct problem *problem)
{
	const char *method = request->client->auth;

	if (strcmp(method, "private_key_jwt") == 0)
		return add_assertion(request, problem);
	if (strcmp(method, "tls_client_auth") == 0)
		return add_certificate(request, http, problem);
	if (strcmp(method, "none") == 0)
		return add_to_body(request, NULL, problem);
	if (request->client_secret &&
	    strcmp(method, "client_secret_basic") == 0)
		return add_basic(request, http, auth, problem);
	return add_to_body(request, request->client_secret, problem);
}

void client_auth_free(struct client_auth *auth)
{
	buf_free(&auth->user);
	buf_free(&auth->password);
}
