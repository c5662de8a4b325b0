/* SPDX-License-Identifier: MIT */
/*
 * client_pin.c - where a client's secrets belong, see client.h: a keyring item
 * records it inside its secret text, so a changed file cannot send the secret
 * anywhere else. A key that is absent is pinned as absent; the hosts are a set,
 * their order and spelling mean nothing.
 */
#include "client.h"
#include "origin.h"

#include <stdlib.h>
#include <string.h>

/*
 * client_id too: a grant is of use to the client that got it alone. And pkce:
 * without it whoever catches a code could have the next one. What differs first
 * is told; a client secret may go where pkce or hosts alone differ, so these
 * come last.
 */
static const char *const before[] = {"issuer", NULL};
static const char *const after[] = {"ca_file", "client_id", "pkce", NULL};
static const char *const *const pinned[] = {before, client_endpoints, after};

#define PINNED_LISTS (sizeof(pinned) / sizeof(*pinned))

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The origins of the hosts in one line, sorted, each once. */
static int hosts_line(const struct client *client, struct buf *line)
{
	char(*origins)[ORIGIN_MAX] = NULL;
	const char *host = NULL;
	size_t count = 0, n = 0;
	int rc = 0;

	while ((host = record_next(&client->config, "hosts[]", host)))
		count++;
	origins = calloc(count + 1, sizeof(*origins));
	if (!origins)
		return -1;
	while ((host = record_next(&client->config, "hosts[]", host)))
		if (n < count && origin_of(host, origins[n]) == 0)
			n++;
	qsort(origins, n, sizeof(*origins), compare);
	for (size_t i = 0; !rc && i < n; i++)
		if (!i || strcmp(origins[i - 1], origins[i]) != 0)
			rc = (line->len && buf_char(line, ' ')) ||
			     buf_str(line, origins[i]);
	free(origins);
	return rc ? -1 : 0;
}

static int add_pin(struct record *item, const char *key, const char *value)
{
	struct buf name = {0};
	int rc = buf_fmt(&name, "pin.%s", key) ||
		 record_set(item, name.data, value ? value : "");

	buf_free(&name);
	return rc ? -1 : 0;
}

int client_pin(const struct client *client, struct record *item)
{
	struct buf hosts = {0};
	int rc = hosts_line(client, &hosts);

	for (size_t i = 0; i < PINNED_LISTS; i++)
		for (const char *const *key = pinned[i]; *key && !rc; key++)
			rc = add_pin(item, *key,
				     record_get(&client->config, *key));
	if (!rc)
		rc = add_pin(item, "hosts", buf_text(&hosts));
	buf_free(&hosts);
	return rc;
}

/* The same name, but one that outlives the record it was found in. */
static const char *lasting(const char *pin)
{
	for (size_t i = 0; i < PINNED_LISTS; i++)
		for (const char *const *key = pinned[i]; *key; key++)
			if (strcmp(pin + strlen("pin."), *key) == 0)
				return *key;
	return "hosts";
}

bool client_pinned(const struct client *client, const struct record *item,
		   const char **what)
{
	struct record now = {0};
	const char *key, *value, *then;
	size_t at = 0;

	*what = "memory"; /* ran out: better no answer than a wrong one */
	if (client_pin(client, &now) == 0)
		*what = NULL;
	while (!*what && (key = record_each(&now, &at, &value))) {
		then = record_get(item, key);
		if (strcmp(then ? then : "", value) != 0)
			*what = lasting(key);
	}
	record_free(&now);
	return *what == NULL;
}
