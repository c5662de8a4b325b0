/* SPDX-License-Identifier: MIT */
/*
 * provider_keys.h - every key of a provider's file: what it means and what it
 * may hold. The one place that the checker, the manual page valetkey-provider(5)
 * and provider.h are compared with.
 */
#ifndef VALETKEY_PROVIDER_KEYS_H
#define VALETKEY_PROVIDER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum provider_value {
	PROVIDER_TEXT = 0,	 /* anything */
	PROVIDER_LINK = 1,	 /* an https page, for people */
	PROVIDER_ENDPOINT = 2,	 /* an https URL, with templates */
	PROVIDER_ORIGIN = 3,	 /* the same without a path */
	PROVIDER_CHOICE = 4,	 /* one of `choices` */
	PROVIDER_NUMBER = 5,	 /* of seconds, from 0 */
	PROVIDER_CHARACTER = 6,	 /* one */
	PROVIDER_WORD = 7,	 /* without blanks */
	PROVIDER_PAIR = 8,	 /* NAME=VALUE, none of the standard's own */
	PROVIDER_ERROR = 9,	 /* NAME=ERROR */
	PROVIDER_URI = 10,	 /* absolute, without a fragment */
	PROVIDER_INSTANCE = 11,	 /* CODE ORIGIN TEXT */
	PROVIDER_DOMAIN = 12,	 /* .example.com or * */
	PROVIDER_PARAMETER = 13, /* NAME USUAL TEXT */
	PROVIDER_KIND = 14,	 /* [a-z0-9-] */
	PROVIDER_REDIRECT = 15,
	PROVIDER_SCOPE_NAME = 16, /* a parameter's, none of our own but scope */
	PROVIDER_PATH = 17,	  /* of a URL */
	PROVIDER_PATHS = 18,	  /* FROM=TO */
	PROVIDER_VARIABLE = 19,	  /* NAME=url, NAME=token and so on */
	PROVIDER_DAYS = 20,	  /* from 1 */
	PROVIDER_SCOPE = 21,	  /* SCOPE TEXT */
};

/* Where a key may stand: as KEY, as client.KIND.KEY, or as both. */
enum provider_place {
	PROVIDER_GENERAL = 1,
	PROVIDER_OF_KIND = 2,
	PROVIDER_BOTH = 3,
};

struct provider_key {
	const char *name; /* without client.KIND. */
	enum provider_place place;
	enum provider_value value;
	const char *choices; /* "|a|b|", NULL for other values */
	const char *meaning;
};

/* The last one has no name. */
extern const struct provider_key provider_keys[];

/* The key of that name at such a place, NULL if there is none. */
const struct provider_key *provider_key_find(const char *name, bool of_kind);

/* The name that is spelled most like it, NULL if none is near. */
const char *provider_key_nearest(const char *name, bool of_kind);

/* Whether it is a key of an account's file that a provider's must not have. */
bool provider_key_of_account(const char *name);

/* ---- parameters that valetkey sends itself ---- */

/* The parameters of OAuth that valetkey sends itself, in one request or the
 * other: what no file gives another value to in any of them, and what would
 * weaken a request, such as somebody else's request object. */

bool oauth_parameter_is_ours(const char *name, size_t len);

#endif
