/* SPDX-License-Identifier: MIT */
/*
 * user.c - the name of the user, see exchange.h. A host has a callback for it,
 * or wants a list of prompts that it answers before it calls again.
 */
#include "exchange.h"

#include <string.h>

/* The answer to our prompt, if the host has one; the list is ours to free. */
static int take_answer(sasl_interact_t *prompts, const char **user,
		       unsigned *length)
{
	for (sasl_interact_t *one = prompts; one->id != SASL_CB_LIST_END; one++)
		if (one->id == SASL_CB_AUTHNAME && one->result) {
			*user = one->result;
			*length = one->len;
			return SASL_OK;
		}
	return SASL_BADPARAM;
}

static int make_prompts(const sasl_utils_t *utils, sasl_interact_t **prompts)
{
	sasl_interact_t *list;

	if (!prompts)
		return SASL_BADPARAM;
	list = utils->calloc(2, sizeof(*list));
	if (!list)
		return SASL_NOMEM;
	list[0].id = SASL_CB_AUTHNAME;
	list[0].challenge = "Authentication Name";
	list[0].prompt = "User name";
	list[1].id = SASL_CB_LIST_END;
	*prompts = list;
	return SASL_INTERACT;
}

static int find_user(const sasl_utils_t *utils, sasl_interact_t **prompts,
		     const char **user, unsigned *length)
{
	sasl_callback_ft callback = NULL;
	void *context = NULL;
	int rc;

	if (prompts && *prompts)
		return take_answer(*prompts, user, length);
	rc = utils->getcallback(utils->conn, SASL_CB_AUTHNAME, &callback,
				&context);
	if (rc == SASL_INTERACT)
		return make_prompts(utils, prompts);
	if (rc == SASL_OK && callback)
		rc = ((sasl_getsimple_t *)(void (*)(void))callback)(
		    context, SASL_CB_AUTHNAME, user, length);
	if (rc == SASL_OK && !*user)
		rc = SASL_BADPARAM;
	return rc;
}

/* It stands in a message between control characters. */
static bool user_ok(const char *user, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
			return false;
	return length > 0;
}

int sasl_user_get(sasl_client_params_t *params, sasl_interact_t **prompts,
		  sasl_out_params_t *oparams)
{
	const sasl_utils_t *utils = params->utils;
	const char *user = NULL;
	unsigned length = 0;
	int rc = find_user(utils, prompts, &user, &length);

	if (rc == SASL_INTERACT)
		return rc;
	if (rc == SASL_OK && !length)
		length = (unsigned)strlen(user);
	if (rc == SASL_OK && user_ok(user, length))
		rc = params->canon_user(utils->conn, user, length,
					SASL_CU_AUTHID | SASL_CU_AUTHZID,
					oparams);
	else if (rc != SASL_NOMEM) {
		utils->seterror(utils->conn, 0,
				"valetkey: the user's name is missing");
		rc = SASL_BADPARAM;
	}
	if (prompts && *prompts) {
		utils->free(*prompts);
		*prompts = NULL;
	}
	return rc;
}
