/* SPDX-License-Identifier: MIT */
/*
 * token_request.c - see token_request.h. A form here is one that
 * endpoint_param() has made.
 */
#include "token_request.h"

#include "client/oauth_parameter.h"
#include "core/form.h"
#include "endpoint.h"
#include "json/json.h"

#include <string.h>

/* RFC 6749 3.1: none more than once. */
static int add_line(const char *line, struct record *there, struct buf *form)
{
	size_t len = strcspn(line, "=");
	struct buf name = {0};
	int rc = buf_add(&name, line, len);

	if (!rc && len && line[len] && !record_get(there, name.data) &&
	    !oauth_parameter_is_ours(name.data, len))
		rc = endpoint_param(form, name.data, line + len + 1) ||
		     record_add(there, name.data, "");
	buf_free(&name);
	return rc;
}

int token_request_add(const struct client *client, const char *list,
		      struct buf *form)
{
	struct record there = {0};
	const char *line = NULL;
	int rc = form_read(buf_text(form), form->len, &there);

	while (!rc && (line = record_next(&client->config, list, line)))
		rc = add_line(line, &there, form);
	record_free(&there);
	return rc ? -1 : 0;
}

/* As json_write() wants it: name[] where there are several. */
static int add_member(const struct record *pairs, const char *name,
		      const char *value, struct record *members)
{
	const char *first = record_next(pairs, name, NULL);
	struct buf list = {0};
	int rc;

	if (!record_next(pairs, name, first))
		return record_add(members, name, value);
	rc = buf_fmt(&list, "%s[]", name) ||
	     record_add(members, list.data, value);
	buf_free(&list);
	return rc;
}

int token_request_resources(const struct client *client, struct buf *form)
{
	const char *uri = NULL;
	int rc = 0;

	while (!rc && (uri = record_next(&client->config, "resource[]", uri)))
		rc = endpoint_param(form, "resource", uri);
	return rc;
}

int token_request_json(const struct buf *form, struct buf *json)
{
	struct record pairs = {0}, members = {0};
	const char *name, *value;
	size_t at = 0;
	int rc = form_read(buf_text(form), form->len, &pairs);

	while (!rc && (name = record_each(&pairs, &at, &value)))
		rc = add_member(&pairs, name, value, &members);
	if (!rc)
		rc = json_write(&members, NULL, json);
	record_free(&pairs);
	record_free(&members);
	return rc ? -1 : 0;
}
