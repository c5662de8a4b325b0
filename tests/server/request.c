/* SPDX-License-Identifier: MIT */
/*
 * One request and the usual forms of its answer: see request.h.
 */
#include "request.h"

#include "encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TYPE_FORM "application/x-www-form-urlencoded"

void request_log(struct request *request, const char *key, const char *value)
{
	buf_printf(&request->log, " %s=%s", key, value);
	if (!strcmp(key, "client") && !request->client_id)
		request->client_id = util_strdup(value);
}

void request_refuse(struct request *request, int status, const char *error,
		    const char *reason)
{
	struct answer *answer = &request->answer;

	request_log(request, "result", error);
	request_log(request, "reason", reason);
	answer->status = status;
	answer->type = "application/json";
	buf_clear(&answer->body);
	buf_adds(&answer->body, "{\"error\":");
	encode_json(&answer->body, error);
	buf_adds(&answer->body, ",\"error_description\":");
	encode_json(&answer->body, reason);
	buf_adds(&answer->body, "}");
}

static const char *request_status_text(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Payload Too Large";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	default:
		return "Not Found";
	}
}

void request_fail(struct request *request, int status, const char *reason)
{
	struct answer *answer = &request->answer;
	unsigned char id[16];

	util_random_bytes(id, sizeof(id));
	request_log(request, "result", "failure");
	request_log(request, "reason", reason);
	answer->status = status;
	answer->type = "application/json";
	buf_clear(&answer->body);
	buf_printf(&answer->body,
		   "{\"resultCode\":\"FAILURE\","
		   "\"errorMessage\":\"HTTP %d %s\",\"incidentId\":\"",
		   status, request_status_text(status));
	for (size_t i = 0; i < sizeof(id); i++)
		buf_printf(&answer->body, "%s%02x",
			   i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			   id[i]);
	buf_adds(&answer->body, "\"}");
}

void request_redirect(struct request *request, const char *uri)
{
	request->answer.status = 302;
	request->answer.type = NULL;
	buf_clear(&request->answer.body);
	answer_header(&request->answer, "Location", uri);
}

bool request_is_form(const struct request *request)
{
	const char *type = request->content_type;
	size_t len = strlen(TYPE_FORM);

	if (!type || strncasecmp(type, TYPE_FORM, len))
		return false;
	return strchr("; \t", type[len]) != NULL;
}

void request_free(struct request *request)
{
	if (!request)
		return;
	free(request->method);
	free(request->path);
	free(request->query);
	free(request->authorization);
	free(request->content_type);
	free(request->cookie);
	free(request->certificate);
	free(request->client_id);
	buf_clear(&request->body);
	buf_clear(&request->log);
	answer_reset(&request->answer);
	free(request);
}

void answer_header(struct answer *answer, const char *name, const char *value)
{
	if (answer->header_count == ANSWER_MAX_HEADERS)
		return;
	answer->headers[answer->header_count++] =
	    (struct answer_header){name, util_strdup(value)};
}

void answer_retry_after(struct answer *answer, int64_t seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, seconds);
	answer_header(answer, "Retry-After", text);
}

void answer_reset(struct answer *answer)
{
	for (size_t i = 0; i < answer->header_count; i++)
		free(answer->headers[i].value);
	buf_clear(&answer->body);
	memset(answer, 0, sizeof(*answer));
}
