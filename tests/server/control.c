/* SPDX-License-Identifier: MIT */
/*
 * What a test may ask of the running provider: the counts, the early end
 * of all access tokens, and other faults. Only with --control.
 */
#include "provider.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void control_json(struct request *request)
{
	request->answer.status = 200;
	request->answer.type = "application/json";
	answer_header(&request->answer, "Cache-Control", "no-store");
	request_log(request, "result", "ok");
}

static void control_count(struct buf *body, const char *name, uint64_t count)
{
	buf_printf(body, "%s\"%s\":%" PRIu64, body->len > 1 ? "," : "", name,
		   count);
}

void control_stats_handle(struct provider *provider, struct request *request)
{
	const struct stats *stats = &provider->stats;
	struct buf *body = &request->answer.body;

	buf_adds(body, "{");
	control_count(body, "token_requests", stats->token_requests);
	control_count(body, "authorization_code", stats->grant_code);
	control_count(body, "refresh_token", stats->grant_refresh);
	control_count(body, "client_credentials", stats->grant_client);
	control_count(body, "device_code", stats->grant_device);
	control_count(body, "other_grants", stats->grant_other);
	control_count(body, "refreshes_ok", stats->refreshes_ok);
	control_count(body, "reuse_detected", stats->reuses);
	control_count(body, "codes_reused", stats->code_reuses);
	control_count(body, "families_revoked", stats->families_revoked);
	control_count(body, "undelivered", stats->undelivered);
	control_count(body, "revocations", stats->revocations);
	control_count(body, "api_ok", stats->api_ok);
	control_count(body, "api_refused", stats->api_refused);
	buf_adds(body, "}");
	control_json(request);
}

void control_expire_handle(struct provider *provider, struct request *request)
{
	provider->grants.generation++;
	buf_adds(&request->answer.body, "{}");
	control_json(request);
}

/* All lines or none: a typing error must not leave half of the faults. */
static int control_read_faults(struct faults *faults, const char *text)
{
	char *copy = util_strdup(text), *rest = copy, *line;
	int rc = 0;

	while (!rc && (line = strsep(&rest, "\r\n")))
		if (*line)
			rc = fault_set(faults, line);
	free(copy);
	return rc;
}

void control_faults_handle(struct provider *provider, struct request *request)
{
	struct faults faults = provider->faults;

	if (control_read_faults(&faults, buf_text(&request->body))) {
		request_fail(request, 400, "unknown-fault");
		return;
	}
	provider->faults = faults;
	buf_adds(&request->answer.body, "{}");
	control_json(request);
}

static void control_given(struct buf *body, const char *what, unsigned number,
			  enum given given)
{
	static const char *const words[] = {[GIVEN_OPEN] = "open",
					    [GIVEN_READ] = "read",
					    [GIVEN_LOST] = "lost"};

	buf_printf(body, "%s %u %s ", what, number, words[given]);
}

void control_alive_handle(struct provider *provider, struct request *request)
{
	const struct registered *client = provider->registered;
	const struct family *family = provider->grants.families;
	struct buf *body = &request->answer.body;

	for (; family; family = family->next)
		if (!family->dead && family->refresh) {
			control_given(body, "grant", family->number,
				      family->given);
			buf_printf(body, "%s\n", family->refresh);
		}
	for (; client; client = client->next)
		if (!client->deleted) {
			control_given(body, "client", client->number,
				      client->given);
			buf_printf(body, "%s\n", client->id);
		}
	control_json(request);
	request->answer.type = "text/plain";
}
