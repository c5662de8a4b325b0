/* SPDX-License-Identifier: MIT */
/*
 * Everything that was granted: see grants.h. Tokens are found by a hash
 * of their value, since a long test makes many; codes are few.
 */
#include "grants.h"

#include "util.h"

#include <stdlib.h>
#include <string.h>

#define CODE_LENGTH 86
#define CODE_LIFE_MS 60000

struct code *grants_add_code(struct grants *grants, const struct code *code)
{
	struct code *added = util_alloc(sizeof(*added));

	*added = *code;
	added->value = util_random(CODE_LENGTH);
	added->redirect = util_strdup(code->redirect);
	added->challenge =
	    code->challenge ? util_strdup(code->challenge) : NULL;
	added->nonce = code->nonce ? util_strdup(code->nonce) : NULL;
	added->expires_ms = util_clock_ms() + CODE_LIFE_MS;
	added->next = grants->codes;
	grants->codes = added;
	return added;
}

struct code *grants_find_code(struct grants *grants, const char *value)
{
	struct code *code = grants->codes;

	while (code && !util_same(code->value, value))
		code = code->next;
	return code;
}

struct family *grants_add_family(struct grants *grants,
				 const struct family *family)
{
	struct family *added = util_alloc(sizeof(*added));

	*added = *family;
	added->next = grants->families;
	grants->families = added;
	return added;
}

/* FNV-1a; the values are random, so nobody can make them collide. */
static struct token **grants_bucket(struct grants *grants, const char *value)
{
	uint32_t hash = 2166136261U;

	for (; *value; value++)
		hash = (hash ^ (unsigned char)*value) * 16777619U;
	return &grants->tokens[hash % GRANTS_BUCKETS];
}

struct token *grants_add_token(struct grants *grants, const struct token *token,
			       size_t length)
{
	struct token *added = util_alloc(sizeof(*added));
	struct token **bucket;

	*added = *token;
	added->value =
	    token->value ? util_strdup(token->value) : util_random(length);
	added->generation = grants->generation;
	bucket = grants_bucket(grants, added->value);
	added->next = *bucket;
	*bucket = added;
	if (added->kind == TOKEN_REFRESH)
		added->family->refresh = added->value;
	return added;
}

struct token *grants_find_token(struct grants *grants, const char *value)
{
	struct token *token = *grants_bucket(grants, value);

	while (token && !util_same(token->value, value))
		token = token->next;
	return token;
}

const char *grants_token_problem(const struct grants *grants,
				 const struct token *token)
{
	if (token->superseded)
		return "reused";
	if (token->revoked || token->family->dead)
		return "revoked";
	if (token->expires_ms <= util_clock_ms())
		return "expired";
	if (token->kind == TOKEN_ACCESS &&
	    token->generation != grants->generation)
		return "expired-early";
	return NULL;
}

static void grants_free_tokens(struct token *token)
{
	while (token) {
		struct token *next = token->next;

		free(token->value);
		free(token);
		token = next;
	}
}

static void grants_free_codes(struct code *code)
{
	while (code) {
		struct code *next = code->next;

		free(code->value);
		free(code->redirect);
		free(code->challenge);
		free(code->nonce);
		free(code);
		code = next;
	}
}

void grants_free(struct grants *grants)
{
	struct family *family = grants->families;

	for (size_t i = 0; i < GRANTS_BUCKETS; i++)
		grants_free_tokens(grants->tokens[i]);
	grants_free_codes(grants->codes);
	while (family) {
		struct family *next = family->next;

		free(family);
		family = next;
	}
	memset(grants, 0, sizeof(*grants));
}
