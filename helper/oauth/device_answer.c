/* SPDX-License-Identifier: MIT */
/*
 * device_answer.c - see device_answer.h.
 */
#include "device_answer.h"

#include "answer_body.h"
#include "core/origin.h"
#include "core/text.h"
#include "token_answer.h"
#include "token_error.h"
#include <valetkey.h>

#include <stdlib.h>
#include <string.h>

#define DEVICE_CODE_MAX 8192
#define USER_CODE_MAX 64
#define URI_MAX 500 /* a person may have to type it */
#define URI_COMPLETE_MAX 2048
#define INTERVAL_S 5 /* RFC 8628 3.2, if none is given */
#define SECONDS_MAX 86400

static int device_answer_no_answer(const struct client *client, long status,
				   struct problem *problem)
{
	int rc = error_of_state(client, status, problem);

	if (rc)
		return rc;
	return problem_set(
	    problem, VALETKEY_ERR_NETWORK,
	    "The answer from %s (HTTP %ld) is not that of a device "
	    "authorization endpoint. Check device_authorization_endpoint: %s",
	    client->provider_name, status,
	    client->device_authorization_endpoint);
}

static int device_answer_refused(const struct client *client,
				 const struct json *json,
				 struct problem *problem)
{
	static const struct error_advice known[] = {
	    {"invalid_scope", VALETKEY_ERR_SCOPE, " Asked for: ASKED.",
	     " To ask for others, run: valetkey edit ACCOUNT --scope SCOPES"},
	    {"unauthorized_client", VALETKEY_ERR_DENIED,
	     " Tick the device flow for this client there, or log in with "
	     "--flow code or --flow paste.",
	     ""},
	    {"invalid_client", VALETKEY_ERR_DENIED,
	     " Check the client id and the client secret, and whether the "
	     "client may use the device flow.",
	     ""},
	    {NULL, VALETKEY_ERR_DENIED, "", ""},
	};
	char next[ERROR_ADVICE_MAX];
	char code[PROBLEM_QUOTE_MAX], detail[PROBLEM_QUOTE_MAX];
	const char *name = token_error_name(json);
	const struct error_advice *advice;

	problem_quote(code, name ? name : "no reason given");
	error_detail(detail, token_error_text(json));
	advice = error_advice_find(known, code);
	return problem_set(problem, advice->result,
			   "%s refuses the device login: %s%s%s.%s",
			   client->provider_name, code, *detail ? ", " : "",
			   detail, error_advice_next(next, advice, client));
}

static int64_t seconds_of(const struct json *json, const char *key,
			  int64_t absent)
{
	const char *text = json_member(json, key);
	double seconds;

	if (!text)
		return absent;
	seconds = strtod(text, NULL);
	if (!(seconds > 0))
		return 0;
	return seconds > SECONDS_MAX ? SECONDS_MAX : (int64_t)seconds;
}

/* One that a person may be sent to. */
static bool uri_ok(const char *uri, size_t max)
{
	char origin[ORIGIN_MAX];

	return uri && strlen(uri) <= max && origin_of(uri, origin) == 0;
}

static bool user_code_ok(const char *code)
{
	size_t len = code ? strlen(code) : 0;

	return len > 0 && len <= USER_CODE_MAX && text_printable(code, len);
}

static const char *uri_of(const struct record *text)
{
	const char *uri = record_get(text, "verification_uri");

	/* as drafts had it, and Google still has */
	return uri ? uri : record_get(text, "verification_url");
}

static bool fields_ok(const struct json *json)
{
	const struct record *text = &json->strings;

	return text_word(record_get(text, "device_code"), DEVICE_CODE_MAX) &&
	       user_code_ok(record_get(text, "user_code")) &&
	       uri_ok(uri_of(text), URI_MAX);
}

static int device_answer_take_fields(const struct json *json,
				     struct device_answer *answer,
				     struct problem *problem)
{
	const struct record *text = &json->strings;
	const char *whole = record_get(text, "verification_uri_complete");

	answer->interval_s = seconds_of(json, "interval", INTERVAL_S);
	if (answer->interval_s < 1)
		answer->interval_s = 1;
	answer->expires_in_s = seconds_of(json, "expires_in", -1);
	if (record_add(&answer->fields, "device_code",
		       record_get(text, "device_code")) ||
	    record_add(&answer->fields, "user_code",
		       record_get(text, "user_code")) ||
	    record_add(&answer->fields, "verification_uri", uri_of(text)) ||
	    (uri_ok(whole, URI_COMPLETE_MAX) &&
	     record_add(&answer->fields, "verification_uri_complete", whole)))
		return problem_no_memory(problem);
	return VALETKEY_OK;
}

int device_answer_read(const struct client *client,
		       const struct http_answer *http,
		       struct device_answer *answer, struct problem *problem)
{
	struct json json = {0};
	bool good = !answer_body_read(&http->body, true, &json);
	int rc;

	if (good && token_error_is(&json, http->status))
		rc = device_answer_refused(client, &json, problem);
	else if (good && http_success(http->status) && fields_ok(&json))
		rc = device_answer_take_fields(&json, answer, problem);
	else
		rc = device_answer_no_answer(client, http->status, problem);
	json_free(&json);
	return rc;
}

void device_answer_free(struct device_answer *answer)
{
	record_free(&answer->fields);
}
