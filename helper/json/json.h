/* SPDX-License-Identifier: MIT */
/*
 * json.h - a provider's JSON object as records (RFC 8259, by yajl).
 *
 * Members of nested objects get dotted keys ("error.message"), array elements
 * the key with "[]". Strings go into one record, numbers and booleans into the
 * other, so that a token which is not a string cannot pass for one; null is
 * left out. Keys with other characters than a record's are passed over. Every
 * byte that yajl allocates is wiped when it is freed.
 */
#ifndef VALETKEY_JSON_H
#define VALETKEY_JSON_H

#include "core/record.h"

#include <stdbool.h>

struct json {
	struct record strings;
	struct record scalars;
};

#define JSON_DEPTH_MAX 16

/*
 * 0, or -1 if the text is not exactly one JSON object in UTF-8, nests deeper
 * than JSON_DEPTH_MAX, holds U+0000 in a string, or memory ran out. A byte order
 * mark in front is passed over. `json` must be empty and is to be freed in any
 * case.
 */
int json_parse(const char *text, size_t len, struct json *json);

/*
 * The same for what is read generously (answer_body.h): it may be an array,
 * members of an array's objects are named as if the array were not there
 * ("errors.message"), and '?' is the name of a key that a record cannot have.
 * Without `whole` the text may end anywhere. Where it is malformed, what came
 * completely before that is there.
 */
enum record_error json_parse_answer(const char *text, size_t len, bool whole,
				    struct json *json);

/* A member's text, be it a string, a number or a boolean: some servers send
 * numbers as text. NULL if it is absent. */
const char *json_member(const struct json *json, const char *key);

void json_free(struct json *json);

/*
 * Writes a record as one JSON object on `out`; values of the keys listed in
 * `bare` (NULL-terminated, may be NULL) are written without quotes if they
 * are a number, true or false. 0 or -1 for memory.
 */
int json_write(const struct record *record, const char *const *bare,
	       struct buf *out);

#endif
