/* SPDX-License-Identifier: MIT */
/*
 * populate - fills the keyring of a test session.
 *
 *	populate grants <SECRET IDS   one item like an account's grant for each
 *	                              line of the file IDS, with this secret
 *	populate foreign COUNT        items of no concern
 *	populate bench NAME <SECRET   the item that floor and first look up
 */
#include "bench.h"

#include <libsecret/secret.h>

static const SecretSchema grants = {
    .name = "org.valetkey.Item",
    .attributes = {{"account", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {"kind", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {"provider", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {NULL, 0}},
};
static const SecretSchema bench = {
    .name = "org.valetkey.Bench",
    .attributes = {{"bench", SECRET_SCHEMA_ATTRIBUTE_STRING}, {NULL, 0}},
};

static char secret[65536];

static void check(bool stored, const GError *error)
{
	need(stored, "%s", error ? error->message : "not stored");
}

static void add_grants(const char *path)
{
	FILE *file = fopen(path, "re");
	GError *error = NULL;
	char id[128];

	need(file != NULL, "cannot read %s", path);
	while (fgets(id, sizeof(id), file)) {
		id[strcspn(id, "\n")] = '\0';
		check(secret_password_store_sync(
			  &grants, NULL, "valetkey bench", secret, NULL, &error,
			  "account", id, "kind", "grant", "provider",
			  "ninjaone", NULL),
		      error);
	}
	fclose(file);
}

static void add_bench(const char *name)
{
	GError *error = NULL;

	check(secret_password_store_sync(&bench, NULL, "valetkey bench", secret,
					 NULL, &error, "bench", name, NULL),
	      error);
}

static void add_foreign(long count)
{
	memset(secret, 'x', 300);
	for (long i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "foreign-%ld", i);
		add_bench(name);
	}
}

int main(int argc, char **argv)
{
	need(argc == 3, "usage: populate grants IDS|foreign COUNT|bench NAME");
	if (strcmp(argv[1], "foreign") == 0) {
		add_foreign(strtol(argv[2], NULL, 10));
		return 0;
	}
	need(fread(secret, 1, sizeof(secret) - 1, stdin) > 0, "no secret");
	if (strcmp(argv[1], "grants") == 0)
		add_grants(argv[2]);
	else
		add_bench(argv[2]);
	return 0;
}
