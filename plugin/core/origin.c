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

int origin_of(const char *url, char origin[ORIGIN_MAX])
{
	const char *rest;
	bool tls = strncasecmp(url, "https://", 8) == 0;
	char host[HOST_MAX + 1];
	size_t len;
	int port;

	if (!text_visible(url, strlen(url)) ||
	    (!tls && strncasecmp(url, "http://", 7) != 0))
		return -1;
	rest = url + (tls ? 8 : 7);
	len = host_length(rest);
	if (!len || len > HOST_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		host[i] = rest[i] >= 'A' && rest[i] <= 'Z'
			      ? (char)(rest[i] + ('a' - 'A'))
			      : rest[i];
	host[len] = '\0';
	rest += len;
	port = port_of(&rest, tls ? 443 : 80);
	if (port < 0 || (*rest && !strchr("/?#", *rest)) ||
	    (!tls && !loopback_host(host, len)))
		return -1;
	if (port == (tls ? 443 : 80))
		snprintf(origin, ORIGIN_MAX, "http%s://%s", tls ? "s" : "",
			 host);
	else
		snprintf(origin, ORIGIN_MAX, "http%s://%s:%d", tls ? "s" : "",
			 host, port);
	return 0;
}

bool origin_is(const char *url, const char *origin)
{
	char own[ORIGIN_MAX];

	return origin_of(url, own) == 0 && strcmp(own, origin) == 0;
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
