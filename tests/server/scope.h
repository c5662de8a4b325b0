/* SPDX-License-Identifier: MIT */
/*
 * The scopes that NinjaOne knows, as a set of bits. A scope that is not
 * in this list is an error everywhere (RFC 6749, section 3.3).
 */
#ifndef PROVIDER_SCOPE_H
#define PROVIDER_SCOPE_H

#include "util.h"

enum scope {
	SCOPE_MONITORING = 1,
	SCOPE_MANAGEMENT = 2,
	SCOPE_CONTROL = 4,
	SCOPE_OFFLINE_ACCESS = 8,
	SCOPE_OPENID = 16, /* not NinjaOne's */
};

/* Names with one blank between; -1 when empty or when one is unknown. */
int scope_parse(const char *text, unsigned *out);

/* Adds the names, with one blank between. */
void scope_print(struct buf *buf, unsigned scopes);

#endif
