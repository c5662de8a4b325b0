/* SPDX-License-Identifier: MIT */
/*
 * client_pin.c - where a client's secrets belong, see client.h: a keyring item
 * records it inside its secret text, so a changed file cannot send the secret
 * anywhere else. A key that is absent is pinned as absent; the hosts are a set,
 * their order and spelling mean nothing.
 */
#include "client.h"
#include "core/origin.h"
#include <valetkey.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where a secret goes, and as whose: a grant is of use to the client that got it
 * alone. And what becomes of what comes back: without pkce whoever catches a
 * code could have the next one, and the hosts are where a token may go. What
 * differs first is told.
 */
static const char *const before[] = {"issuer", NULL};
static const char *const after[] = {"ca_file", "client_id", NULL};
static const char *const later[] = {"pkce", NULL};
static const char *const *const pinned[] = {before, client_endpoints, after,
					    later};

#define PINNED_LISTS (sizeof(pinned) / sizeof(*pinned))

static int client_pin_compare(const void *a, const void *b)
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
		if (n < count && origin_of_resource(host, origins[n]) == 0)
			n++;
	qsort(origins, n, sizeof(*origins), client_pin_compare);
	for (size_t i = 0; !rc && i < n; i++)
		if (!i || strcmp(origins[i - 1], origins[i]) != 0)
			rc = (line->len && buf_char(line, ' ')) ||
			     buf_str(line, origins[i]);
	free(origins);
	return rc ? -1 : 0;
}

#define PIN_NAME_MAX 64

static const char *pin_name(char name[PIN_NAME_MAX], const char *key)
{
	snprintf(name, PIN_NAME_MAX, "pin.%s", key);
	return name;
}

static int add_pin(struct record *item, const char *key, const char *value)
{
	char name[PIN_NAME_MAX];

	return record_set(item, pin_name(name, key), value ? value : "");
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

/* Not where a secret goes: only what becomes of a code or a token. */
static bool is_for_later(const char *key)
{
	return strcmp(key, "pkce") == 0 || strcmp(key, "hosts") == 0;
}

/* What an older version did not pin yet was never agreed on, so it has not
 * changed; but a secret goes only where it is pinned to. */
static bool pin_holds(const char *key, const char *then, const char *now)
{
	if (!then)
		return is_for_later(key) || !*now;
	return strcmp(then, now) == 0;
}

/* A person's own certificates, or one more endpoint of the server that has the
 * codes and tokens anyhow. */
static bool is_harmless(const struct record *item, const char *key,
			const char *then, const char *now)
{
	const char *token = record_get(item, "pin.token_endpoint");
	char origin[ORIGIN_MAX];

	if (!then || *then || is_for_later(key) ||
	    strcmp(key, "client_id") == 0 || strcmp(key, "issuer") == 0)
		return false;
	return strcmp(key, "ca_file") == 0 ||
	       (token && origin_of(token, origin) == 0 &&
		origin_is(now, origin));
}

static bool has_changed_since(const struct record *item, const char *key,
			      const char *now, enum client_pins pins)
{
	char name[PIN_NAME_MAX];
	const char *then = record_get(item, pin_name(name, key));

	now = now ? now : "";
	return !pin_holds(key, then, now) &&
	       !(pins == CLIENT_PINS_SECRET && is_for_later(key)) &&
	       !(pins == CLIENT_PINS_UNUSED &&
		 is_harmless(item, key, then, now));
}

bool client_pinned(const struct client *client, const struct record *item,
		   enum client_pins pins, const char **what)
{
	struct buf hosts = {0};

	*what = NULL;
	for (size_t i = 0; i < PINNED_LISTS; i++)
		for (const char *const *key = pinned[i]; *key && !*what; key++)
			if (has_changed_since(item, *key,
					      record_get(&client->config, *key),
					      pins))
				*what = *key;
	if (!*what && hosts_line(client, &hosts) != 0)
		*what = "memory"; /* better no answer than a wrong one */
	else if (!*what &&
		 has_changed_since(item, "hosts", buf_text(&hosts), pins))
		*what = "hosts";
	buf_free(&hosts);
	return *what == NULL;
}

const char *client_pin_of(const struct record *item, const char *key)
{
	char name[PIN_NAME_MAX];
	const char *value = record_get(item, pin_name(name, key));

	return value ? value : "";
}

int client_check_pins(const struct client *client, const struct record *item,
		      enum client_pins pins, struct problem *problem)
{
	char then[PROBLEM_QUOTE_MAX], now[PROBLEM_QUOTE_MAX];
	const char *what = "";

	if (client_pinned(client, item, pins, &what))
		return VALETKEY_OK;
	if (strcmp(what, "memory") == 0)
		return problem_no_memory(problem);
	problem_quote(then, client_pin_of(item, what));
	problem_quote(
	    now, record_get(&client->config,
			    strcmp(what, "hosts") == 0 ? "hosts[]" : what));
	return problem_set(problem, VALETKEY_ERR_LOGIN,
			   "The %s of account %s has changed, from \"%s\" to "
			   "\"%s\", so its secrets are not sent. If you made "
			   "this change, run: valetkey login %s "
			   "--accept-change",
			   what, client->account, then, now, client->account);
}
