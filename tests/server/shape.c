/* SPDX-License-Identifier: MIT */
/*
 * Other providers' shapes: see shape.h. error-200 is GitHub's, error-ok and
 * nested are Slack's, error-message is HubSpot's, error-word is Gitea's.
 */
#include "shape.h"

#include "encode.h"
#include "scope.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yajl/yajl_tree.h>

static const struct refusal {
	const char *shape;
	int status;
	const char *body;
} refusals[] = {
    {"error-200", 200,
     "{\"error\":\"bad_refresh_token\",\"error_description\":"
     "\"The refresh token passed is incorrect or expired.\"}"},
    {"error-ok", 200, "{\"ok\":false,\"error\":\"token_revoked\"}"},
    {"error-object", 400,
     "{\"error\":{\"code\":\"invalid_grant\",\"message\":\"gone\"}}"},
    {"error-message", 400,
     "{\"status\":\"BAD_REFRESH_TOKEN\",\"message\":\"gone\"}"},
    {"error-word", 400,
     "{\"error\":\"unauthorized_client\",\"error_description\":"
     "\"unable to parse refresh token\"}"},
};

bool shape_is(const struct faults *faults, const char *shape)
{
	return fault_is_on(faults, FAULT_ANSWER) &&
	       !strcmp(faults->answer, shape);
}

bool shape_refuse(struct request *request)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (!shape_is(&request->faults, refusals[i].shape))
			continue;
		request_log(request, "result", "refused");
		request->answer.status = refusals[i].status;
		request->answer.type = "application/json";
		buf_adds(&request->answer.body, refusals[i].body);
		return true;
	}
	return false;
}

/* Only an object of strings, as a form has nothing else. */
static int shape_to_form(yajl_val tree, struct buf *form)
{
	if (!YAJL_IS_OBJECT(tree))
		return -1;
	for (size_t i = 0; i < YAJL_GET_OBJECT(tree)->len; i++) {
		const char *value =
		    YAJL_GET_STRING(YAJL_GET_OBJECT(tree)->values[i]);

		if (!value)
			return -1;
		buf_adds(form, i ? "&" : "");
		encode_percent(form, YAJL_GET_OBJECT(tree)->keys[i]);
		buf_adds(form, "=");
		encode_percent(form, value);
	}
	return 0;
}

int shape_take_json(struct request *request)
{
	struct buf form = {0};
	yajl_val tree;
	int rc;

	if (!fault_is_on(&request->faults, FAULT_JSON))
		return request_is_form(request) ? 0 : -1;
	if (!request->content_type ||
	    strcmp(request->content_type, "application/json"))
		return -1;
	tree = yajl_tree_parse(buf_text(&request->body), NULL, 0);
	rc = shape_to_form(tree, &form);
	yajl_tree_free(tree);
	buf_clear(&request->body);
	request->body = form;
	return rc;
}

int64_t shape_lifetime(const struct faults *faults, int64_t lifetime)
{
	if (shape_is(faults, "ms"))
		return lifetime * 1000;
	if (shape_is(faults, "at"))
		return (int64_t)time(NULL) + lifetime;
	return lifetime;
}

void shape_refresh_lifetime(const struct faults *faults, int64_t lifetime,
			    struct buf *body)
{
	if (shape_is(faults, "told"))
		buf_printf(body, ",\"refresh_token_expires_in\":%" PRId64,
			   lifetime);
	else if (shape_is(faults, "told-otherwise"))
		buf_printf(body, ",\"refresh_expires_in\":%" PRId64, lifetime);
	else if (shape_is(faults, "told-never"))
		buf_printf(body, ",\"refresh_expires_in\":0");
}

void shape_scope(const struct faults *faults, unsigned scope, struct buf *body)
{
	bool list = shape_is(faults, "list");
	struct buf words = {0};
	size_t at;

	scope_print(&words, scope);
	buf_printf(body, list ? ",\"scope\":[\"" : ",\"scope\":\"");
	at = body->len;
	buf_adds(body, buf_text(&words));
	for (; body->data[at]; at++)
		if (body->data[at] == ' ' && shape_is(faults, "commas"))
			body->data[at] = ',';
	if (list) {
		body->len -= words.len;
		body->data[body->len] = '\0';
		for (const char *c = buf_text(&words); *c; c++)
			if (*c == ' ')
				buf_adds(body, "\",\"");
			else
				buf_add(body, c, 1);
	}
	buf_adds(body, list ? "\"]" : "\"");
	buf_clear(&words);
}

void shape_nest(struct buf *body)
{
	struct buf whole = {0};

	buf_printf(&whole,
		   "{\"ok\":true,\"access_token\":\"the-bot\",\"token_type\":"
		   "\"bot\",\"scope\":\"bot\",\"authed_user\":%s}",
		   buf_text(body));
	buf_clear(body);
	*body = whole;
}
