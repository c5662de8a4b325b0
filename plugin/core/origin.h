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

/*
 * The same for what a token may be for: also "imaps://host", and smtps, pop3s and
 * ldaps, the services that log people in by SASL. Each is one service, which imap
 * and imaps name alike: which of its own ports (993, 143; 465, 587, 25; 995, 110;
 * 636, 389) and whether TLS is there from the start or begun by STARTTLS is the
 * matter of the program that connects, and not all programs tell. Another port
 * stays: "imaps://host:1993".
 */
int origin_of_resource(const char *url, char origin[ORIGIN_MAX]);

/* Whether the URL has this origin (as one of the two wrote it). */
bool origin_is(const char *url, const char *origin);

/* Whether it is one of loopback: 127.0.0.0/8, [::1], localhost. */
bool origin_is_loopback(const char *origin);

#endif
