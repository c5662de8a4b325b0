/* SPDX-License-Identifier: MIT */
/*
 * The scopes that NinjaOne knows: see scope.h.
 */
#include "scope.h"

#include <string.h>

static const struct {
	const char *name;
	enum scope scope;
} scope_names[] = {
    {"monitoring", SCOPE_MONITORING}, {"management", SCOPE_MANAGEMENT},
    {"control", SCOPE_CONTROL},	      {"offline_access", SCOPE_OFFLINE_ACCESS},
    {"openid", SCOPE_OPENID},
};

#define SCOPE_COUNT (sizeof(scope_names) / sizeof(*scope_names))

static unsigned scope_find(const char *name, size_t len)
{
	for (size_t i = 0; i < SCOPE_COUNT; i++)
		if (strlen(scope_names[i].name) == len &&
		    !memcmp(scope_names[i].name, name, len))
			return scope_names[i].scope;
	return 0;
}

int scope_parse(const char *text, unsigned *out)
{
	unsigned scopes = 0;

	*out = 0;
	for (;;) {
		size_t len = strcspn(text, " ");
		unsigned one = scope_find(text, len);

		if (!one)
			return -1;
		scopes |= one;
		text += len;
		if (!*text)
			break;
		text++;
	}
	*out = scopes;
	return 0;
}

void scope_print(struct buf *buf, unsigned scopes)
{
	const char *blank = "";

	for (size_t i = 0; i < SCOPE_COUNT; i++) {
		if (!(scopes & scope_names[i].scope))
			continue;
		buf_printf(buf, "%s%s", blank, scope_names[i].name);
		blank = " ";
	}
}
