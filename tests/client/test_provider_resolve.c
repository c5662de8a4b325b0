/* SPDX-License-Identifier: MIT */
/*
 * test_provider_resolve.c - what a person fills in in a provider's file: its
 * parameters, and a host where any may be named.
 */
#include "client/provider.h"
#include "lib/provider_files.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

/* "VALUE VALUE" of tenant and realm, NULL for none; what the text holds. */
static bool tenant_says(const struct record *provider, const char *tenant,
			const char *realm, const char *says)
{
	struct record keys = {0}, resolved = {0};
	const struct provider_choice choice = {NULL, "https://me.example",
					       &keys};
	struct problem problem = {0};
	const char *token;
	bool ok;

	record_add(&keys, "parameter.tenant", tenant);
	record_add(&keys, "parameter.realm", realm);
	if (provider_resolve(provider, &choice, &resolved, &problem))
		token = problem.text;
	else
		token = record_get(&resolved, "token_endpoint");
	ok = token && strstr(token, says);
	if (!ok)
		printf("# %s\n", token ? token : "nothing");
	record_free(&keys);
	record_free(&resolved);
	return ok;
}

static void test_parameters(void)
{
	static const char *const bad[] = {"a/b",  "..",	 "",  "-x", "a b",
					  "a%2f", "{a}", "ü", NULL};
	struct record provider = {0}, resolved = {0}, keys = {0};
	const struct provider_choice choice = {NULL, "https://me.example",
					       &keys};
	struct provider_parameter parameter;
	struct problem problem = {0};

	if (!loads("tenants", &provider))
		exit(99);
	tap_ok(
	    tenant_says(&provider, NULL, "r", "https://me.example/r/common/t"),
	    "a parameter's usual value");
	tap_ok(tenant_says(&provider, "contoso.com", "r-1_2",
			   "https://me.example/r-1_2/contoso.com/t"),
	       "its own value");
	tap_ok(tenant_says(&provider, NULL, NULL, "--set realm=VALUE"),
	       "one without a usual value must be given");
	for (size_t i = 0; bad[i]; i++)
		tap_ok(tenant_says(&provider, bad[i], "r", "letters, digits"),
		       "no value: \"%s\"", bad[i]);
	record_add(&keys, "parameter.realm", "r");
	tap_ok(provider_resolve(&provider, &choice, &resolved, &problem) == 0 &&
		   is(&resolved, "revocation_endpoint",
		      "https://me.example{tenant}/r") &&
		   is(&resolved, "userinfo_endpoint",
		      "https://{tenant}.example.com/u") &&
		   is(&resolved, "parameter[]", NULL),
	       "a parameter is never part of a host");
	tap_ok(provider_parameter_read("t - Your tenant", &parameter) &&
		   !*parameter.usual &&
		   strcmp(parameter.text, "Your tenant") == 0,
	       "a parameter's line");
	tap_ok(!provider_parameter_read("t", &parameter) &&
		   !provider_parameter_read("", &parameter) &&
		   !provider_parameter_read("T x y", &parameter) &&
		   !provider_parameter_read("origin x y", &parameter) &&
		   !provider_parameter_read("t a/b y", &parameter),
	       "no parameter's line");
	record_free(&provider);
	record_free(&resolved);
	record_free(&keys);
}

static void test_anywhere(void)
{
	struct record provider = {0};
	char origin[PROVIDER_BASE_MAX];
	struct problem problem = {0};

	if (!loads("tenants", &provider))
		exit(99);
	tap_ok(provider_instance(&provider, "Git.example.org:3000", origin,
				 &problem) == 0 &&
		   strcmp(origin, "https://git.example.org:3000") == 0,
	       "any host, where the file says so");
	tap_ok(provider_instance(&provider, "http://127.0.0.1:80", origin,
				 &problem) == 0 &&
		   provider_instance(&provider, "http://git.example.org",
				     origin, &problem) == VALETKEY_ERR_ARG &&
		   strstr(problem.text, "your own https host"),
	       "http for this computer alone");
	tap_ok(provider_instance(&provider, NULL, origin, &problem) ==
		   VALETKEY_ERR_ARG,
	       "it must be named");
	tap_ok(provider_instance(&provider, "https://Example.org/Git/", origin,
				 &problem) == 0 &&
		   strcmp(origin, "https://example.org/Git") == 0,
	       "a folder of a host");
	tap_ok(!provider_has_origin(&provider, "https://git.example.org"),
	       "any host is none of the provider's own");
	record_free(&provider);
}

int main(void)
{
	make_provider_folder();
	write_file("tenants",
		   "instance_domain[]=*\n"
		   "parameter[]=tenant common Which tenant\n"
		   "parameter[]=realm - Which realm\n"
		   "authorization_endpoint={origin}/{tenant}/a\n"
		   "token_endpoint={origin}/{realm}/{tenant}/t\n"
		   "revocation_endpoint={origin}{tenant}/r\n"
		   "userinfo_endpoint=https://{tenant}.example.com/u\n",
		   0600);
	test_parameters();
	test_anywhere();
	return tap_done();
}
