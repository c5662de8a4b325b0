/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong at the token endpoint: see fault.h and --help.
 *
 * Three places: before the request is processed, instead of its answer,
 * and while the answer goes out (http.c does that by answer.delivery).
 */
#include "fault.h"

#include "provider.h"

#include <stdio.h>
#include <string.h>

#define GARBAGE_BYTES 512
#define DEEP_LEVELS 10000
/* The largest that util_wait() can take; bytes need no more. */
#define FAULT_VALUE_MAX INT32_MAX

/* Does the fault take a value? */
enum fault_value {
	VALUE_NONE = 0,
	VALUE_MAY = 1,
	VALUE_MUST = 2,
	VALUE_TEXT = 3,
};

static const struct {
	const char *name;
	enum fault_value value;
} fault_list[FAULT_COUNT] = {
    [FAULT_SLOW] = {"slow", VALUE_MUST},
    [FAULT_SLOW_BEFORE] = {"slow-before", VALUE_MUST},
    [FAULT_SILENT] = {"silent", VALUE_NONE},
    [FAULT_HUGE] = {"huge", VALUE_MAY},
    [FAULT_GARBAGE] = {"garbage", VALUE_NONE},
    [FAULT_HTML] = {"html", VALUE_NONE},
    [FAULT_HTTP_500] = {"http-500", VALUE_NONE},
    [FAULT_HTTP_503] = {"http-503", VALUE_MAY},
    [FAULT_HTTP_429] = {"http-429", VALUE_MAY},
    [FAULT_RESET_BEFORE] = {"reset-before", VALUE_NONE},
    [FAULT_RESET_AFTER] = {"reset-after", VALUE_NONE},
    [FAULT_TRUNCATE] = {"truncate", VALUE_NONE},
    [FAULT_DRIP] = {"drip", VALUE_MUST},
    [FAULT_REDIRECT] = {"redirect", VALUE_TEXT},
    [FAULT_WRONG_TYPE] = {"wrong-type", VALUE_NONE},
    [FAULT_TOKEN_TYPE] = {"token-type", VALUE_TEXT},
    [FAULT_DEEP] = {"deep", VALUE_NONE},
    [FAULT_AFTER] = {"after", VALUE_NONE},
    [FAULT_ANSWER] = {"answer", VALUE_TEXT},
    [FAULT_JSON] = {"json", VALUE_NONE},
    [FAULT_ID_TOKEN] = {"id-token", VALUE_TEXT},
    [FAULT_USERINFO] = {"userinfo", VALUE_TEXT},
};

static int fault_set_text(struct faults *faults, int fault, const char *value)
{
	char *text = faults->redirect;
	size_t size = FAULT_WORD_MAX;

	switch (fault) {
	case FAULT_ANSWER:
		text = faults->answer;
		break;
	case FAULT_ID_TOKEN:
		text = faults->id_token;
		break;
	case FAULT_USERINFO:
		text = faults->userinfo;
		break;
	case FAULT_TOKEN_TYPE:
		text = faults->token_type;
		size = FAULT_TEXT_MAX;
		break;
	default:
		size = FAULT_TEXT_MAX;
	}
	if (!value || !*value || strlen(value) >= size)
		return -1;
	strcpy(text, value);
	return 0;
}

static int fault_set_value(struct faults *faults, int fault, const char *value)
{
	int64_t number = -1;

	switch (fault_list[fault].value) {
	case VALUE_NONE:
		if (value)
			return -1;
		break;
	case VALUE_TEXT:
		if (fault_set_text(faults, fault, value))
			return -1;
		break;
	case VALUE_MUST:
	case VALUE_MAY:
		if (!value && fault_list[fault].value == VALUE_MAY)
			break;
		if (util_number(value, 0, FAULT_VALUE_MAX, &number))
			return -1;
		break;
	}
	faults->value[fault] = number;
	faults->on |= 1U << fault;
	return 0;
}

int fault_set(struct faults *faults, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const char *value = equals ? equals + 1 : NULL;

	if (!strcmp(text, "none")) {
		memset(faults, 0, sizeof(*faults));
		return 0;
	}
	if (len == 5 && !strncmp(text, "count", len))
		return util_number(value, 1, INT32_MAX, &faults->count);
	for (int fault = 0; fault < FAULT_COUNT; fault++)
		if (strlen(fault_list[fault].name) == len &&
		    !strncmp(text, fault_list[fault].name, len))
			return fault_set_value(faults, fault, value);
	return -1;
}

bool fault_is_on(const struct faults *faults, enum fault fault)
{
	return faults->on & 1U << fault;
}

void fault_take(struct provider *provider, struct request *request)
{
	struct faults *faults = &provider->faults;

	provider_lock(provider);
	provider->stats.token_requests++;
	request->faults = *faults;
	if (faults->on && faults->count && --faults->count == 0)
		memset(faults, 0, sizeof(*faults));
	provider_unlock(provider);
	for (int fault = 0; fault < FAULT_COUNT; fault++)
		if (fault_is_on(&request->faults, fault))
			request_log(request, "fault", fault_list[fault].name);
}

static void fault_http(struct request *request, enum fault fault, int status)
{
	int64_t retry = request->faults.value[fault];

	request_fail(request, status, "fault");
	if (retry >= 0)
		answer_retry_after(&request->answer, retry);
}

static void fault_garbage(struct request *request)
{
	char bytes[GARBAGE_BYTES];

	util_random_bytes(bytes, sizeof(bytes));
	request->answer.status = 200;
	request->answer.type = "application/json";
	buf_add(&request->answer.body, bytes, sizeof(bytes));
}

/* Replaces the answer; false when no fault asks for that. */
static bool fault_replace(struct request *request)
{
	const struct faults *faults = &request->faults;
	const unsigned any = 1U << FAULT_REDIRECT | 1U << FAULT_HTML |
			     1U << FAULT_GARBAGE | 1U << FAULT_HTTP_500 |
			     1U << FAULT_HTTP_503 | 1U << FAULT_HTTP_429;

	if (!(faults->on & any))
		return false;
	answer_reset(&request->answer);
	if (fault_is_on(faults, FAULT_REDIRECT))
		request_redirect(request, faults->redirect);
	else if (fault_is_on(faults, FAULT_HTML))
		page_proxy(request);
	else if (fault_is_on(faults, FAULT_GARBAGE))
		fault_garbage(request);
	else if (fault_is_on(faults, FAULT_HTTP_500))
		fault_http(request, FAULT_HTTP_500, 500);
	else if (fault_is_on(faults, FAULT_HTTP_503))
		fault_http(request, FAULT_HTTP_503, 503);
	else
		fault_http(request, FAULT_HTTP_429, 429);
	return true;
}

bool fault_before(struct provider *provider, struct request *request)
{
	const struct faults *faults = &request->faults;

	if (fault_is_on(faults, FAULT_SLOW_BEFORE) &&
	    util_wait(request->fd, provider->stop_fd,
		      faults->value[FAULT_SLOW_BEFORE])) {
		request_log(request, "result", "gone");
		request->answer.delivery = DELIVERY_CLOSE;
		return true;
	}
	if (fault_is_on(faults, FAULT_RESET_BEFORE)) {
		request_log(request, "result", "reset");
		request->answer.delivery = DELIVERY_CLOSE;
		return true;
	}
	return !fault_is_on(faults, FAULT_AFTER) && fault_replace(request);
}

static void fault_deepen(struct buf *body)
{
	if (!body->len || body->data[body->len - 1] != '}')
		return;
	body->data[--body->len] = '\0';
	buf_adds(body, ",\"deep\":");
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_adds(body, "[");
	for (int i = 0; i < DEEP_LEVELS; i++)
		buf_adds(body, "]");
	buf_adds(body, "}");
}

static void fault_choose_delivery(const struct faults *faults,
				  struct answer *answer)
{
	if (fault_is_on(faults, FAULT_DEEP))
		fault_deepen(&answer->body);
	if (fault_is_on(faults, FAULT_RESET_AFTER)) {
		answer->delivery = DELIVERY_CLOSE;
	} else if (fault_is_on(faults, FAULT_TRUNCATE)) {
		answer->delivery = DELIVERY_TRUNCATE;
	} else if (fault_is_on(faults, FAULT_HUGE)) {
		answer->delivery = DELIVERY_HUGE;
		if (faults->value[FAULT_HUGE] > 0)
			answer->amount = faults->value[FAULT_HUGE];
	} else if (fault_is_on(faults, FAULT_DRIP)) {
		answer->delivery = DELIVERY_DRIP;
		answer->amount = faults->value[FAULT_DRIP];
	}
}

void fault_after(struct provider *provider, struct request *request)
{
	const struct faults *faults = &request->faults;
	struct answer *answer = &request->answer;

	if (fault_is_on(faults, FAULT_AFTER) && fault_replace(request))
		provider_note_lost(provider, request);
	fault_choose_delivery(faults, answer);
	if (fault_is_on(faults, FAULT_SLOW) &&
	    util_wait(request->fd, provider->stop_fd,
		      faults->value[FAULT_SLOW]))
		answer->delivery = DELIVERY_CLOSE;
	if (fault_is_on(faults, FAULT_SILENT)) {
		util_wait(request->fd, provider->stop_fd, -1);
		answer->delivery = DELIVERY_CLOSE;
	}
	if (answer->delivery == DELIVERY_CLOSE ||
	    answer->delivery == DELIVERY_TRUNCATE)
		provider_note_lost(provider, request);
}
