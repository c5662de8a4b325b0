/* SPDX-License-Identifier: MIT */
/*
 * oauth_parameter.h - the parameters of OAuth that valetkey sends itself, in one
 * request or the other: what no file gives another value to in any of them, and
 * what would weaken a request, such as somebody else's request object.
 */
#ifndef VALETKEY_OAUTH_PARAMETER_H
#define VALETKEY_OAUTH_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

bool oauth_parameter_is_ours(const char *name, size_t len);

#endif
