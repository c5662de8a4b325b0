/* SPDX-License-Identifier: MIT */
/*
 * renewal.c - see renewal.h.
 */
#include "renewal.h"

#include "kept_id_token.h"
#include "oauth/endpoint.h"
#include "oauth/token_answer.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <string.h>

struct park_place renewal_place(const struct client *client,
				const struct grant *grant)
{
	return (struct park_place){
	    .id = client->id, .slot = PARK_REFRESH, .seal = grant->seal};
}

static bool is_refresh_token_of(const struct grant *grant, const char *token)
{
	const char *own = grant->refresh_token;

	return own && token && strcmp(own, token) == 0;
}

/* An answer that is of no use but for the token that supersedes ours leaves us
 * with that and what we have. */
static enum renewal take_token_only(const struct grant *grant,
				    const struct arrival *arrival,
				    const char *token, struct grant *renewed)
{
	if (grant_copy(grant, renewed) ||
	    grant_set(&renewed->refresh_token, token))
		return RENEWAL_NOMEM;
	renewed->generation = generation_of(&arrival->about);
	return RENEWAL_GRANT;
}

enum renewal renewal_of(const struct client *client, const struct grant *grant,
			const struct arrival *arrival,
			const struct record *fields, struct grant *renewed)
{
	const struct grant_source source = {
	    .answer = fields, .old = grant, .arrival = arrival};
	const struct buf body = arrival_body(arrival);
	enum renewal renewal = RENEWAL_NONE;
	struct buf token = {0};

	if (fields)
		return grant_from_answer(client, &source, renewed) ||
			       kept_id_token_renew(client, &source, renewed)
			   ? RENEWAL_NOMEM
			   : RENEWAL_GRANT;
	if (!body.len)
		return RENEWAL_NONE;
	switch (token_answer_refresh(client, &body, arrival->whole, &token)) {
	case REFRESH_NEW:
		if (!is_refresh_token_of(grant, token.data))
			renewal = take_token_only(grant, arrival, token.data,
						  renewed);
		break;
	case REFRESH_UNREADABLE:
		renewal = RENEWAL_UNREADABLE;
		break;
	case REFRESH_NOTHING:
		break;
	}
	buf_free(&token);
	return renewal;
}

/* An earlier version parked the grant itself. */
static enum renewal take_grant(const struct grant *grant,
			       const struct arrival *arrival,
			       struct grant *renewed)
{
	if (grant_read(&arrival->about, renewed))
		return RENEWAL_NOMEM;
	record_remove(&renewed->others, "replaces");
	renewed->generation = grant->generation + 1;
	return RENEWAL_GRANT;
}

/* A form may be cut off anywhere and still look like one. */
static bool may_be_whole(const struct arrival *arrival)
{
	const struct buf body = arrival_body(arrival);
	size_t len = body.len;

	while (len && strchr(" \t\r\n", body.data[len - 1]))
		len--;
	return arrival->whole || (len && (body.data[len - 1] == '}' ||
					  body.data[len - 1] == ']'));
}

static enum renewal read_parked(const struct client *client,
				const struct grant *grant,
				const struct arrival *arrival,
				struct grant *renewed)
{
	const struct http_answer http = {
	    .status = 200,
	    .body = arrival_body(arrival),
	    .date = record_get_int(&arrival->about, "issued_at", 0),
	};
	struct token_answer answer = {0};
	struct problem ignored = {0};
	enum renewal renewal;
	bool usable;

	if (arrival->is_grant)
		return take_grant(grant, arrival, renewed);
	usable = may_be_whole(arrival) &&
		 token_answer_read(client, &http, &answer, &ignored) == 0;
	renewal = renewal_of(client, grant, arrival,
			     usable ? &answer.fields : NULL, renewed);
	token_answer_free(&answer);
	return renewal;
}

/* Below 0: older than the stored grant, above 0: newer. */
static int64_t order_of(const struct arrival *arrival,
			const struct grant *grant)
{
	if (!arrival->is_grant)
		return generation_of(&arrival->about) - grant->generation;
	return generation_has_digest(grant->refresh_token,
				     record_get(&arrival->about, "replaces"))
		   ? 1
		   : -1;
}

static enum renewal decide_parked(const struct client *client,
				  const struct grant *grant,
				  const struct arrival *arrival,
				  struct grant *renewed)
{
	int64_t order = order_of(arrival, grant);
	enum renewal renewal = RENEWAL_NONE;

	if (order >= 0)
		renewal = read_parked(client, grant, arrival, renewed);
	if (order > 0 || renewal <= RENEWAL_NONE)
		return renewal;
	if (renewal == RENEWAL_GRANT &&
	    !is_refresh_token_of(grant, renewed->refresh_token))
		return RENEWAL_OTHER;
	grant_free(renewed);
	return RENEWAL_NONE;
}

enum renewal renewal_find(const struct client *client, int lock,
			  const struct grant *grant, struct grant *renewed)
{
	struct arrival arrival = {.place = renewal_place(client, grant)};
	enum park_state state = arrival_find(&arrival);
	enum renewal renewal = RENEWAL_NONE;

	if (state == PARK_IN_FLIGHT)
		renewal = RENEWAL_IN_FLIGHT;
	else if (state == PARK_SEALED)
		renewal = decide_parked(client, grant, &arrival, renewed);
	if (state != PARK_EMPTY && renewal == RENEWAL_NONE &&
	    (state == PARK_FOREIGN || order_of(&arrival, grant) != 0) &&
	    !generation_is_another(client, lock, grant->generation,
				   grant->refresh_token))
		park_clear(&arrival.place);
	arrival_free(&arrival);
	return renewal;
}
