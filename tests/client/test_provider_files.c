/* SPDX-License-Identifier: MIT */
/*
 * test_provider_files.c - every installed provider, each of its kinds of client
 * at each instance: what the flows are handed is complete and goes to https
 * alone, and stays there; its hosts may be mail servers. And the table of keys says what provider.h and
 * valetkey-provider(5) say.
 */
#include "client/client.h"
#include "core/origin.h"
#include "client/provider.h"
#include "client/provider_keys.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

/* ---- every provider ---- */

struct choice {
	const char *provider, *instance, *kind;
};

static void make_keys(const struct choice *choice, struct record *keys)
{
	record_add(keys, "id", ID);
	record_add(keys, "client_id", "me");
	record_add(keys, "provider", choice->provider);
	record_add(keys, "instance", choice->instance);
	record_add(keys, "client", choice->kind);
}

/* No template is left, nothing is http. */
static bool url_ok(const struct client *client, const char *key)
{
	const char *url = NULL;

	while ((url = record_next(&client->config, key, url)))
		if (strncmp(url, "https://", 8) != 0 || strpbrk(url, "{} ")) {
			printf("# %s: %s\n", key, url);
			return false;
		}
	return true;
}

/* As origins are written, so that a person can compare them. */
static bool hosts_ok(const struct client *client)
{
	const char *host = NULL;
	char origin[ORIGIN_MAX];
	bool any = false;

	while ((host = record_next(&client->config, "hosts[]", host))) {
		any = true;
		if (strncmp(host, "http://", 7) == 0 ||
		    origin_of_resource(host, origin) != 0 ||
		    strcmp(origin, host) != 0) {
			printf("# hosts[]: %s\n", host);
			return false;
		}
	}
	return any;
}

static bool endpoints_ok(const struct client *client)
{
	bool ok = hosts_ok(client) && url_ok(client, "issuer");

	for (const char *const *key = client_endpoints; *key; key++)
		ok = url_ok(client, *key) && ok;
	return ok && client->token_endpoint;
}

static bool grant_ok(const struct client *client)
{
	if (client->grant_type == GRANT_TYPE_DEVICE_CODE)
		return client->device_authorization_endpoint != NULL;
	if (client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		return client->auth_method != AUTH_NONE &&
		       !record_get(&client->config, "offline_scope");
	return client->authorization_endpoint && client->redirect_uri;
}

/* Nor in what a person is told of the registration. */
static bool steps_ok(const struct client *client)
{
	const char *step = NULL;
	bool any = false;

	while ((step = record_next(&client->config, "step[]", step))) {
		any = true;
		if (strpbrk(step, "{}")) {
			printf("# %s\n", step);
			return false;
		}
	}
	return any;
}

/* The same with one key more: refused. */
static bool stays(const struct choice *choice, const char *key)
{
	struct record keys = {0};
	struct client client = {0};
	struct problem problem = {0};
	int rc;

	make_keys(choice, &keys);
	record_add(&keys, key, "https://evil.example/x");
	rc = client_from_record("work", &keys, &client, &problem);
	client_free(&client);
	record_free(&keys);
	return rc == VALETKEY_ERR_ARG &&
	       strstr(problem.text, "not an instance");
}

/* No key of an account can lead it away. */
static bool all_stay(const struct choice *choice)
{
	bool all = true;

	for (const char *const *key = client_endpoints; *key; key++)
		all = stays(choice, *key) && all;
	return all;
}

static void try_choice(const struct choice *choice)
{
	struct record keys = {0};
	struct client client = {0};
	struct problem problem = {0};
	bool ok;

	make_keys(choice, &keys);
	ok = client_from_record("work", &keys, &client, &problem) == 0 &&
	     endpoints_ok(&client) && grant_ok(&client) && steps_ok(&client) &&
	     all_stay(choice);
	tap_ok(ok, "%s, %s, %s %s", choice->provider,
	       choice->instance ? choice->instance : "one instance",
	       choice->kind, problem.text);
	client_free(&client);
	record_free(&keys);
}

static void try_kinds(const struct record *provider, struct choice choice)
{
	while ((choice.kind = record_next(provider, "client[]", choice.kind)))
		try_choice(&choice);
}

static int try_provider(const char *name, void *data)
{
	struct record provider = {0};
	struct problem problem;
	const char *line = NULL;
	unsigned *count = data;

	++*count;
	if (provider_load(name, &provider, &problem)) {
		tap_ok(false, "%s: %s", name, problem.text);
		return 0;
	}
	if (!record_get(&provider, "instance[]") &&
	    !record_get(&provider, "instance_domain[]"))
		try_kinds(&provider, (struct choice){name, NULL, NULL});
	while ((line = record_next(&provider, "instance[]", line))) {
		char code[64];

		snprintf(code, sizeof(code), "%.*s", (int)strcspn(line, " "),
			 line);
		try_kinds(&provider, (struct choice){name, code, NULL});
	}
	while ((line = record_next(&provider, "instance_domain[]", line))) {
		char host[200];

		snprintf(host, sizeof(host), "acme%s",
			 *line == '*' ? ".example:8443" : line);
		try_kinds(&provider, (struct choice){name, host, NULL});
	}
	record_free(&provider);
	return 0;
}

/* ---- the keys, told three times ---- */

static char *read_source(const char *name)
{
	const char *source = getenv("VALETKEY_SRC");
	static char text[1 << 17];
	char path[4096];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/helper/%s", source ? source : ".",
		 name);
	file = fopen(path, "re");
	n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[n] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* "client.KIND.use" for what is of a kind alone. */
static void documented_name(const struct provider_key *key, char *out,
			    size_t size)
{
	snprintf(out, size, "%s%s",
		 key->place == PROVIDER_OF_KIND ? "client.KIND." : "",
		 key->name);
}

static bool is_word(const char *text, const char *at, size_t len)
{
	static const char part[] = "abcdefghijklmnopqrstuvwxyz_.[]KIND";

	return (at == text || !strchr(part, at[-1])) &&
	       (!at[len] || !strchr(part, at[len]));
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if (is_word(text, at, len))
			return true;
	printf("# %s is not there\n", word);
	return false;
}

/* Every key of the table is told of. */
static void test_told(const char *file)
{
	const char *text = read_source(file);
	bool all = true;
	char name[100], of_kind[100];

	for (const struct provider_key *key = provider_keys; key->name; key++) {
		documented_name(key, name, sizeof(name));
		snprintf(of_kind, sizeof(of_kind), "client.KIND.%s", key->name);
		if (!strstr(text, of_kind) && !has_word(text, name))
			all = false;
	}
	tap_ok(all, "%s tells of every key", file);
}

static bool is_key(const char *text, size_t len)
{
	char name[100];
	const char *bare = name;

	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	if (strncmp(name, "client.KIND.", 12) == 0)
		bare += 12;
	if (provider_key_find(bare, false) || provider_key_find(bare, true) ||
	    strcmp(bare, "*") == 0)
		return true;
	printf("# %s is in no table\n", name);
	return false;
}

/* Every key that the manual page tells of is in the table. */
static void test_manual(void)
{
	const char *at = read_source("man/valetkey-provider.5");
	bool all = true;
	unsigned count = 0;

	while ((at = strstr(at, "\n.It Va "))) {
		at += strlen("\n.It Va ");
		all = is_key(at, strcspn(at, " \n")) && all;
		count++;
	}
	tap_ok(all && count > 30, "the manual page tells of no other (%u)",
	       count);
}

/* The same of the header: its keys begin in the fourth column, "a, b,  text". */
static void test_header(void)
{
	const char *at = read_source("client/provider.h");
	bool all = true;
	unsigned count = 0;

	while ((at = strstr(at, "\n *   "))) {
		at += strlen("\n *   ");
		while (*at >= 'a' && *at <= 'z') {
			size_t len = strcspn(at, ", \n");

			all = is_key(at, len) && all;
			count++;
			at += len;
			at += strncmp(at, ", ", 2) == 0 ? 2 : 0;
		}
	}
	tap_ok(all && count > 30, "provider.h tells of no other (%u)", count);
}

static bool is_endpoint(const char *name)
{
	const char *const *key = client_endpoints;

	while (*key && strcmp(*key, name) != 0)
		key++;
	return *key != NULL;
}

/* Every endpoint of the table is pinned: client.h has it in its list. The issuer
 * is sent nothing. */
static void test_endpoints(void)
{
	unsigned count = 0;

	for (const struct provider_key *key = provider_keys; key->name; key++) {
		size_t len = strlen(key->name);
		bool named =
		    len > 9 && strcmp(key->name + len - 9, "_endpoint") == 0;

		if (strcmp(key->name, "issuer") == 0 ||
		    (key->value != PROVIDER_ENDPOINT && !named))
			continue;
		tap_ok(is_endpoint(key->name) &&
			   key->value == PROVIDER_ENDPOINT,
		       "%s is checked and pinned", key->name);
		count++;
	}
	for (const char *const *key = client_endpoints; *key; key++)
		count--;
	tap_ok(count == 0, "and nothing else is");
}

static void test_nearest(void)
{
	const char *near = provider_key_nearest("token_endpiont", false);

	tap_ok(near && strcmp(near, "token_endpoint") == 0,
	       "the nearest key of a misspelled one");
	near = provider_key_nearest("pcke", false);
	tap_ok(near && strcmp(near, "pkce") == 0, "of a short one");
	tap_ok(!provider_key_nearest("wholly_else", false), "none is near");
}

int main(void)
{
	unsigned count = 0;

	provider_each(try_provider, &count);
	tap_ok(count >= 20, "%u providers", count);
	test_told("client/provider.h");
	test_told("man/valetkey-provider.5");
	test_manual();
	test_header();
	test_endpoints();
	test_nearest();
	return tap_done();
}
