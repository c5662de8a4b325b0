/* SPDX-License-Identifier: MIT */
/*
 * renewal.c - see renewal.h.
 */
#include "renewal.h"

#include "grant.h"
#include "oauth/endpoint.h"
#include "oauth/token_answer.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <string.h>

struct park_place renewal_place(const struct client *client,
				const struct record *grant)
{
	return (struct park_place){.id = client->id,
				   .slot = PARK_REFRESH,
				   .seal = record_get(grant, "seal")};
}

static bool is_refresh_token_of(const struct record *grant, const char *token)
{
	const char *own = record_get(grant, "refresh_token");

	return own && token && strcmp(own, token) == 0;
}

/* An answer that is of no use but for the token that supersedes ours leaves us
 * with that and what we have. */
static enum renewal take_token_only(const struct record *grant,
				    const struct arrival *arrival,
				    const char *token, struct record *renewed)
{
	const char *generation = record_get(&arrival->about, "generation");

	return record_append(renewed, grant) ||
		       record_set(renewed, "refresh_token", token) ||
		       record_set(renewed, "generation", generation)
		   ? RENEWAL_NOMEM
		   : RENEWAL_GRANT;
}

enum renewal renewal_of(const struct client *client, const struct record *grant,
			const struct arrival *arrival,
			const struct record *fields, struct record *renewed)
{
	const struct grant_source source = {
	    .answer = fields, .old = grant, .arrival = arrival};
	const struct buf body = arrival_body(arrival);
	enum renewal renewal = RENEWAL_NONE;
	struct buf token = {0};

	if (fields)
		return grant_from_answer(client, &source, renewed)
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
static enum renewal take_grant(const struct record *grant,
			       const struct arrival *arrival,
			       struct record *renewed)
{
	int64_t generation = generation_of(grant) + 1;

	if (record_append(renewed, &arrival->about))
		return RENEWAL_NOMEM;
	record_remove(renewed, "replaces");
	record_remove(renewed, "generation");
	return record_add_int(renewed, "generation", generation)
		   ? RENEWAL_NOMEM
		   : RENEWAL_GRANT;
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
				const struct record *grant,
				const struct arrival *arrival,
				struct record *renewed)
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
			const struct record *grant)
{
	if (!arrival->is_grant)
		return generation_of(&arrival->about) - generation_of(grant);
	return generation_has_digest(grant,
				     record_get(&arrival->about, "replaces"))
		   ? 1
		   : -1;
}

static enum renewal decide_parked(const struct client *client,
				  const struct record *grant,
				  const struct arrival *arrival,
				  struct record *renewed)
{
	int64_t order = order_of(arrival, grant);
	enum renewal renewal = RENEWAL_NONE;

	if (order >= 0)
		renewal = read_parked(client, grant, arrival, renewed);
	if (order > 0 || renewal <= RENEWAL_NONE)
		return renewal;
	if (renewal == RENEWAL_GRANT &&
	    !is_refresh_token_of(grant, record_get(renewed, "refresh_token")))
		return RENEWAL_OTHER;
	record_free(renewed);
	return RENEWAL_NONE;
}

enum renewal renewal_find(const struct client *client, int lock,
			  const struct record *grant, struct record *renewed)
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
	    !generation_is_another(client, lock, grant))
		park_clear(&arrival.place);
	arrival_free(&arrival);
	return renewal;
}
