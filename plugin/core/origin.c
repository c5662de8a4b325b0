/* SPDX-License-Identifier: MIT */
/*
 * origin.c - see origin.h. Small and strict: what it does not understand it
 * refuses, because its answer decides where a token goes.
 */
#include "origin.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253

/* The length of the host at the front of the authority, 0 if it is bad. */
static size_t host_length(const char *text)
{
	size_t n;

	if (*text == '[') {
		n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		return n > 2 && text[n] == ']' ? n + 1 : 0;
	}
	n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
	if (n > HOST_MAX || !n || text[n - 1] == '.' || *text == '.' ||
	    *text == '-')
		return 0;
	return n;
}

/* Reads ":port" or nothing; -1 if it is not one. */
static int port_of(const char **text, unsigned default_port)
{
	char *end;
	unsigned long port;

	if (**text != ':')
		return (int)default_port;
	if (!strchr("0123456789", (*text)[1]) || !(*text)[1])
		return -1;
	port = strtoul(*text + 1, &end, 10);
	*text = end;
	return port >= 1 && port <= 65535 ? (int)port : -1;
}

static bool loopback_host(const char *host, size_t len)
{
	char ip[16];
	unsigned dots = 0;

	if (len == 9 && strncmp(host, "localhost", 9) == 0)
		return true;
	if (len == 5 && strncmp(host, "[::1]", 5) == 0)
		return true;
	if (len >= sizeof(ip) || strncmp(host, "127.", 4) != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (host[i] != '.' && (host[i] < '0' || host[i] > '9'))
			return false;
		dots += host[i] == '.';
	}
	return dots == 3;
}

static const struct scheme {
	const char *name;
	const char *as;	   /* in an origin */
	unsigned ports[3]; /* its own, which an origin leaves out */
} schemes[] = {
    {"https", "https", {443}},		{"http", "http", {80}},
    {"imaps", "imaps", {993, 143}},	{"imap", "imaps", {993, 143}},
    {"smtps", "smtps", {465, 587, 25}}, {"smtp", "smtps", {465, 587, 25}},
    {"pop3s", "pop3s", {995, 110}},	{"pop3", "pop3s", {995, 110}},
    {"ldaps", "ldaps", {636, 389}},	{"ldap", "ldaps", {636, 389}},
};

#define WEB 2
#define ALL (sizeof(schemes) / sizeof(*schemes))

/* The scheme of the URL, one of the first `count`; *rest: what follows "://". */
static const struct scheme *scheme_of(const char *url, size_t count,
				      const char **rest)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(schemes[i].name);

		if (strncasecmp(url, schemes[i].name, len) != 0 ||
		    strncmp(url + len, "://", 3) != 0)
			continue;
		*rest = url + len + 3;
		return &schemes[i];
	}
	return NULL;
}

static bool is_own_port(const struct scheme *scheme, unsigned port)
{
	for (size_t i = 0; i < 3; i++)
		if (scheme->ports[i] == port)
			return true;
	return false;
}

static int origin_read(const char *url, size_t count, char origin[ORIGIN_MAX])
{
	const struct scheme *scheme;
	const char *rest;
	char host[HOST_MAX + 1];
	size_t len;
	int port;

	if (!text_visible(url, strlen(url)))
		return -1;
	scheme = scheme_of(url, count, &rest);
	len = scheme ? host_length(rest) : 0;
	if (!len || len > HOST_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		host[i] = rest[i] >= 'A' && rest[i] <= 'Z'
			      ? (char)(rest[i] + ('a' - 'A'))
			      : rest[i];
	host[len] = '\0';
	rest += len;
	port = port_of(&rest, scheme->ports[0]);
	if (port < 0 || (*rest && !strchr("/?#", *rest)) ||
	    (strcmp(scheme->as, "http") == 0 && !loopback_host(host, len)))
		return -1;
	if (is_own_port(scheme, (unsigned)port))
		snprintf(origin, ORIGIN_MAX, "%s://%s", scheme->as, host);
	else
		snprintf(origin, ORIGIN_MAX, "%s://%s:%d", scheme->as, host,
			 port);
	return 0;
}

int origin_of(const char *url, char origin[ORIGIN_MAX])
{
	return origin_read(url, WEB, origin);
}

int origin_of_resource(const char *url, char origin[ORIGIN_MAX])
{
	return origin_read(url, ALL, origin);
}

bool origin_is(const char *url, const char *origin)
{
	char own[ORIGIN_MAX];

	return origin_of_resource(url, own) == 0 && strcmp(own, origin) == 0;
}

bool origin_is_loopback(const char *origin)
{
	const char *host = strstr(origin, "://");
	size_t len;

	if (!host)
		return false;
	host += 3;
	len = host_length(host);
	return loopback_host(host, len);
}
