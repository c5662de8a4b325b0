/* SPDX-License-Identifier: MIT */
/*
 * cmd_providers.c - `valetkey providers`: what --provider can name, with its
 * instances and kinds of client. Reads files only.
 */
#include "cmd.h"
#include "provider.h"

#include <stdio.h>
#include <string.h>

static const struct cmd_option options[] = {{NULL, NULL, NULL}};

static int run_providers(struct cmd_args *args);

const struct cmd_verb cmd_providers = {
    .name = "providers",
    .summary = "list the providers that 'add' knows",
    .usage = "providers",
    .about = "Lists the providers, each with its instances and its kinds of "
	     "client. Your own go into $XDG_CONFIG_HOME/valetkey/providers/"
	     "NAME.conf and stand before the installed ones. A provider that "
	     "is not listed can be added by its issuer or its endpoints: "
	     "valetkey add --help",
    .options = options,
    .examples = "  valetkey providers\n",
    .run = run_providers,
};

static void print_words(const char *label, const struct record *provider,
			const char *key)
{
	const char *value = NULL;
	bool first = true;

	while ((value = record_next(provider, key, value))) {
		printf("%s%.*s", first ? label : " ", (int)strcspn(value, " "),
		       value);
		first = false;
	}
	if (!first)
		putchar('\n');
}

static int see(const char *name, void *data)
{
	struct record provider = {0};
	struct problem problem;
	const char *title;
	int *result = data;
	int rc = provider_load(name, &provider, &problem);

	if (rc) {
		*result = cmd_fail_problem(&problem);
	} else {
		title = record_get(&provider, "name");
		printf("%-14s %s\n", name, title ? title : "");
		print_words("  instances    ", &provider, "instance[]");
		print_words("  and below    ", &provider, "instance_domain[]");
		print_words("  clients      ", &provider, "client[]");
	}
	record_free(&provider);
	return 0;
}

static int run_providers(struct cmd_args *args)
{
	int result = VALETKEY_OK;
	int rc = provider_each(see, &result);

	(void)args;
	if (rc)
		return cmd_fail(rc, "%s.", valetkey_strerror(rc));
	rc = cmd_flush();
	return result ? result : rc;
}
