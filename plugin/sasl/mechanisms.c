/* SPDX-License-Identifier: MIT */
/*
 * mechanisms.c - a client plugin of Cyrus SASL with the mechanisms XOAUTH2 and
 * OAUTHBEARER (RFC 7628): the one message that has the token, and the one answer
 * if the server refuses it. Such a token is invalidated, so that the program's
 * next run has another; one exchange cannot send a second.
 *
 * They pass on a bearer token, so they are refused if a host wants no plaintext
 * mechanism (SASL_SEC_NOPLAINTEXT), as libldap does without TLS. To libsasl they are
 * as good as PLAIN and LOGIN; if a host leaves the choice to it, the plugin that was
 * loaded first wins, which is why SASL_PATH names SASL's own folder first.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sasl_client_plug_init(const sasl_utils_t *utils, int max_version,
			  int *out_version, sasl_client_plug_t **plugins,
			  int *count);

/* ---- what is sent ---- */

/* RFC 5801 4: a "," ends the name. Returns the end. */
static char *put_name(char *at, const char *name)
{
	for (; *name; name++)
		if (*name == ',')
			at = stpcpy(at, "=2C");
		else if (*name == '=')
			at = stpcpy(at, "=3D");
		else
			*at++ = *name;
	return at;
}

static int make_response(struct sasl_exchange *exchange, const char *user,
			 const char *host)
{
	size_t room = 3 * strlen(user) + strlen(host) +
		      exchange->token->length +
		      sizeof("n,a=,\1host=\1auth=Bearer \1\1");
	char *at = malloc(room);

	if (!at)
		return SASL_NOMEM;
	exchange->response = at;
	if (exchange->oauthbearer) {
		at = put_name(stpcpy(at, "n,a="), user);
		at = stpcpy(stpcpy(at, ",\1host="), host);
	} else {
		at = stpcpy(stpcpy(at, "user="), user);
	}
	at = stpcpy(at, "\1auth=Bearer ");
	at = stpcpy(stpcpy(at, exchange->token->access_token), "\1\1");
	exchange->length = (size_t)(at - exchange->response);
	return SASL_OK;
}

/* ---- the steps ---- */

/* A host that hears SASL_OK here would not come again if the server refuses. */
static int step_send(struct sasl_exchange *exchange,
		     sasl_client_params_t *params, sasl_interact_t **prompts,
		     sasl_out_params_t *oparams)
{
	int rc = sasl_user_get(params, prompts, oparams);

	if (rc == SASL_OK)
		rc = sasl_token_get(exchange, params, oparams->authid);
	if (rc == SASL_OK)
		rc = make_response(exchange, oparams->authid,
				   params->serverFQDN);
	return rc == SASL_OK ? SASL_CONTINUE : rc;
}

/*
 * What the server says is an error; whatever it is, that token was of no use. It
 * wants an answer before it ends the exchange (RFC 7628 3.2.3).
 */
static const char *step_refused(struct sasl_exchange *exchange)
{
	valetkey_invalidate(exchange->handle, exchange->token);
	return exchange->oauthbearer ? "\1" : "";
}

static int sasl_step(void *context, sasl_client_params_t *params,
		     const char *from_server, unsigned length,
		     sasl_interact_t **prompts, const char **to_server,
		     unsigned *to_length, sasl_out_params_t *oparams)
{
	struct sasl_exchange *exchange = context;
	int rc;

	*to_server = NULL;
	*to_length = 0;
	if (exchange->done || (!exchange->response && length)) {
		params->utils->seterror(params->utils->conn, 0,
					"valetkey: the server speaks out of "
					"turn");
		return SASL_BADPROT;
	}
	(void)from_server;
	if (!exchange->response) {
		rc = step_send(exchange, params, prompts, oparams);
		*to_server = exchange->response;
		*to_length = (unsigned)exchange->length;
		return rc;
	}
	if (length) {
		*to_server = step_refused(exchange);
		*to_length = (unsigned)strlen(*to_server);
	}
	exchange->done = true;
	oparams->doneflag = 1;
	return SASL_OK;
}

/* ---- an exchange ---- */

static int exchange_new(void *oauthbearer, sasl_client_params_t *params,
			void **context)
{
	struct sasl_exchange *exchange;

	if (!params->service || !params->serverFQDN)
		return SASL_BADPARAM;
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return SASL_NOMEM;
	exchange->oauthbearer = oauthbearer;
	*context = exchange;
	return SASL_OK;
}

static void exchange_dispose(void *context, const sasl_utils_t *utils)
{
	struct sasl_exchange *exchange = context;

	(void)utils;
	if (!exchange)
		return;
	if (exchange->response)
		explicit_bzero(exchange->response, exchange->length);
	free(exchange->response);
	valetkey_token_free(exchange->token);
	valetkey_close(exchange->handle);
	free(exchange);
}

/* ---- what libsasl loads ---- */

#define SECURITY (SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS)
#define FEATURES (SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_NEEDSERVERFQDN)

static const unsigned long wanted[] = {SASL_CB_AUTHNAME, SASL_CB_LIST_END};

/* libsasl wants them writable. */
static sasl_client_plug_t mechanisms[] = {
    {.mech_name = "OAUTHBEARER",
     .security_flags = SECURITY,
     .features = FEATURES,
     .required_prompts = wanted,
     .glob_context = mechanisms, /* not NULL: this one */
     .mech_new = exchange_new,
     .mech_step = sasl_step,
     .mech_dispose = exchange_dispose},
    {.mech_name = "XOAUTH2",
     .security_flags = SECURITY,
     .features = FEATURES,
     .required_prompts = wanted,
     .mech_new = exchange_new,
     .mech_step = sasl_step,
     .mech_dispose = exchange_dispose},
};

VALETKEY_API int sasl_client_plug_init(const sasl_utils_t *utils,
				       int max_version, int *out_version,
				       sasl_client_plug_t **plugins, int *count)
{
	(void)utils;
	if (max_version < SASL_CLIENT_PLUG_VERSION)
		return SASL_BADVERS;
	*out_version = SASL_CLIENT_PLUG_VERSION;
	*plugins = mechanisms;
	*count = sizeof(mechanisms) / sizeof(*mechanisms);
	return SASL_OK;
}
