/* SPDX-License-Identifier: MIT */
/*
 * origin.h - the origin of a URL (RFC 6454): scheme, host, port. It decides
 * which account a URL belongs to and where a secret may go.
 */
#ifndef VALETKEY_ORIGIN_H
#define VALETKEY_ORIGIN_H

#include <stdbool.h>

#define ORIGIN_MAX 300

/*
 * Writes the URL's origin in one spelling: "https://host" or
 * "https://host:port", lower case, without the default port. Only https, and
 * http if the host is a loopback address or localhost. -1 for anything else:
 * userinfo, other schemes, white space, control or non-ASCII characters, a
 * trailing dot, what is not a port.
 */
int origin_of(const char *url, char origin[ORIGIN_MAX]);

/* Whether the URL has this origin (as origin_of() wrote it). */
bool origin_is(const char *url, const char *origin);

/* Whether it is one of loopback: 127.0.0.0/8, [::1], localhost. */
bool origin_is_loopback(const char *origin);

#endif
