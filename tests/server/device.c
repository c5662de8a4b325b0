/* SPDX-License-Identifier: MIT */
/*
 * The device grant (RFC 8628), with --device: the endpoint that gives out codes,
 * the page where somebody enters one and logs in, and the grant of the token
 * endpoint. Whoever asks faster than the interval is told to slow down, and
 * has to wait five seconds more from then on.
 */
#include "provider.h"

#include "encode.h"
#include "scope.h"
#include "token.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_CODE_LENGTH 43
#define USER_CODE_LENGTH 8
#define DEFAULT_INTERVAL 5
#define SLOW_DOWN 5

enum device_state {
	DEVICE_PENDING = 0,
	DEVICE_ALLOWED = 1,
	DEVICE_DENIED = 2,
	DEVICE_USED = 3,
};

struct device {
	struct device *next;
	char *code;
	char user_code[USER_CODE_LENGTH + 2]; /* XXXX-XXXX */
	const struct client *client;
	const char *user;
	unsigned scope;
	enum device_state state;
	int64_t expires_ms;
	int64_t interval_ms;
	int64_t not_before_ms; /* when it may be asked for next */
	int64_t slow_downs;    /* how many are still due without a reason */
};

/* No vowels, so no words (RFC 8628, section 6.1). */
static void device_make_user_code(char *code)
{
	static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
	unsigned char bytes[USER_CODE_LENGTH];

	util_random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i == USER_CODE_LENGTH / 2)
			*code++ = '-';
		*code++ = letters[bytes[i] % (sizeof(letters) - 1)];
	}
	*code = '\0';
}

static struct device *device_add(struct provider *provider,
				 const struct device *wanted)
{
	const struct options *options = &provider->options;
	struct device *added = util_alloc(sizeof(*added));
	int64_t interval = options->device_interval;
	int64_t life = options->device_early ? options->device_early
					     : options->device_lifetime;

	*added = *wanted;
	added->code = util_random(DEVICE_CODE_LENGTH);
	device_make_user_code(added->user_code);
	added->interval_ms = (interval ? interval : DEFAULT_INTERVAL) * 1000;
	added->expires_ms = util_clock_ms() + life * 1000;
	added->not_before_ms = util_clock_ms() + added->interval_ms;
	added->slow_downs = options->device_slow;
	added->next = provider->devices;
	provider->devices = added;
	return added;
}

void device_free(struct provider *provider)
{
	while (provider->devices) {
		struct device *next = provider->devices->next;

		free(provider->devices->code);
		free(provider->devices);
		provider->devices = next;
	}
}

/* ---- the device authorization endpoint ---- */

static void device_write(const struct provider *provider,
			 struct request *request, const struct device *device)
{
	const struct options *options = &provider->options;
	struct buf *body = &request->answer.body;
	struct buf uri = {0};

	buf_printf(&uri, "%s/ws/device", provider->origin);
	buf_printf(body, "{\"device_code\":\"%s\",\"user_code\":\"%s\",",
		   device->code, device->user_code);
	buf_printf(body, "\"verification_uri\":\"%s\",", buf_text(&uri));
	if (options->device_complete)
		buf_printf(body,
			   "\"verification_uri_complete\":\"%s?user_code=%s\",",
			   buf_text(&uri), device->user_code);
	if (options->device_interval)
		buf_printf(body, "\"interval\":%" PRId64 ",",
			   options->device_interval);
	buf_printf(body, "\"expires_in\":%" PRId64 "}",
		   options->device_lifetime);
	request->answer.status = 200;
	request->answer.type = "application/json";
	buf_clear(&uri);
}

static void device_begin(struct provider *provider, struct request *request,
			 const struct form *form)
{
	struct device wanted = {.state = DEVICE_PENDING};
	const char *scope = form_get(form, "scope");

	if (client_authenticate(provider, request, form, &wanted.client))
		return;
	if (wanted.client->kind == CLIENT_API) {
		request_refuse(request, 400, "unauthorized_client", "kind");
		return;
	}
	if (!scope || scope_parse(scope, &wanted.scope)) {
		request_refuse(request, 400, "invalid_scope", "scope");
		return;
	}
	request_log(request, "result", "ok");
	device_write(provider, request, device_add(provider, &wanted));
}

void device_handle(struct provider *provider, struct request *request)
{
	struct form form = {.count = 0};
	enum form_result parsed;

	answer_header(&request->answer, "Cache-Control", "no-store");
	if (!request_is_form(request) || *request->query) {
		request_refuse(request, 400, "invalid_request", "form");
		return;
	}
	parsed = form_parse(buf_text(&request->body), &form);
	if (parsed == FORM_OK)
		device_begin(provider, request, &form);
	else
		request_refuse(request, 400, "invalid_request",
			       form_problem(parsed));
	form_clear(&form);
}

/* ---- the page ---- */

/* However it was typed: case and dashes do not matter. */
static bool device_is_user_code(const struct device *device, const char *typed)
{
	const char *code = device->user_code;

	for (; *typed; typed++) {
		if (!isalpha((unsigned char)*typed))
			continue;
		code += *code == '-';
		if (toupper((unsigned char)*typed) != *code)
			return false;
		code++;
	}
	return !*code;
}

static struct device *device_find_user_code(struct provider *provider,
					    const char *typed)
{
	struct device *device = typed ? provider->devices : NULL;

	while (device && (device->state != DEVICE_PENDING ||
			  device->expires_ms <= util_clock_ms() ||
			  !device_is_user_code(device, typed)))
		device = device->next;
	return device;
}

void device_page_handle(struct provider *provider, struct request *request)
{
	struct form form;

	(void)provider;
	form_parse(request->query, &form);
	request_log(request, "result", "device-page");
	page_device(request, form_get(&form, "user_code"), NULL);
	form_clear(&form);
}

void device_enter_handle(struct provider *provider, struct request *request)
{
	struct form form = {.count = 0};
	const struct user *user = NULL;
	struct device *device = NULL;
	const char *answer;

	if (request_is_form(request) &&
	    form_parse(buf_text(&request->body), &form) == FORM_OK) {
		device = device_find_user_code(provider,
					       form_get(&form, "user_code"));
		user = consent_check_user(&provider->options, &form);
	}
	answer = form_get(&form, "answer");
	if (!device || !user || !answer) {
		request_log(request, "result", "wrong-code");
		page_device(request, NULL,
			    "The code, the user name or the password is "
			    "wrong.");
	} else {
		bool allow = !strcmp(answer, "allow");

		device->user = user->name;
		device->state = allow ? DEVICE_ALLOWED : DEVICE_DENIED;
		request_log(request, "result", allow ? "allowed" : "denied");
		page_message(request, 200, allow ? "Done" : "Denied",
			     "You can go back to your device.");
	}
	form_clear(&form);
}

/* ---- the token endpoint ---- */

static struct device *device_find(struct provider *provider, const char *code)
{
	struct device *device = provider->devices;

	while (device && !util_same(device->code, code))
		device = device->next;
	return device;
}

/* RFC 8628, section 3.5: an error of its own for each reason. */
static const char *device_check(struct device *device, const char **reason)
{
	int64_t now = util_clock_ms();
	bool early = now < device->not_before_ms;

	if (device->state == DEVICE_USED) {
		*reason = "code-reused";
		return "invalid_grant";
	}
	*reason = "device";
	if (device->expires_ms <= now)
		return "expired_token";
	if (early || device->slow_downs) {
		*reason = early ? "too-fast" : "told-to";
		device->slow_downs -= device->slow_downs > 0;
		device->interval_ms += SLOW_DOWN * 1000;
		device->not_before_ms = now + device->interval_ms;
		return "slow_down";
	}
	device->not_before_ms = now + device->interval_ms;
	if (device->state == DEVICE_DENIED)
		return "access_denied";
	return device->state == DEVICE_PENDING ? "authorization_pending" : NULL;
}

void device_token(const struct exchange *ex)
{
	const char *value = token_need(ex, "device_code");
	struct device *device;
	struct family family;
	const char *error, *reason;

	if (!value)
		return;
	device = device_find(ex->provider, value);
	if (!device || device->client != ex->client) {
		request_refuse(ex->request, 400, "invalid_grant",
			       device ? "other-client" : "unknown-code");
		return;
	}
	error = device_check(device, &reason);
	if (error) {
		request_refuse(ex->request, 400, error, reason);
		return;
	}
	device->state = DEVICE_USED;
	family = (struct family){
	    .client = ex->client, .user = device->user, .scope = device->scope};
	token_answer_login(ex, &family);
}
