/* SPDX-License-Identifier: MIT */
/*
 * test_provider.c - what provider.h promises: the person's provider files and
 * the installed ones, instances and kinds of client.
 * test_provider_resolve.c has what a person fills in.
 */
#include "client/provider.h"
#include "lib/provider_files.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char acme[] = "# comment\n"
			   "name = Acme\n"
			   "instance[]=one https://one.example.com First\n"
			   "instance[]=two https://two.example.com:8443 Other\n"
			   "instance[]=here http://127.0.0.1:9 Local\n"
			   "instance_domain[]=.acme.example\n"
			   "issuer={origin}/\n"
			   "authorization_endpoint={origin}/authorize\n"
			   "token_endpoint={origin}/token\n"
			   "revocation_endpoint=https://revoke.example.org/\n"
			   "hosts[]={origin}\n"
			   "hosts[]=https://api.example.com\n"
			   "scope=read\n"
			   "offline_scope=offline_access\n"
			   "client[]=web\n"
			   "client[]=robot\n"
			   "client.web.name=Web\n"
			   "client.web.use=the usual one\n"
			   "client.web.auth=client_secret_post\n"
			   "client.web.redirect_uri=http://127.0.0.1:{port}/\n"
			   "client.web.step[]=At {origin}: {scope}, {nothing}\n"
			   "client.web.step[]=Copy {redirect_uri}\n"
			   "client.robot.grant=client_credentials\n"
			   "client.robot.offline_scope=\n"
			   "client.robot.hosts[]={origin}\n";

static void write_files(void)
{
	make_provider_folder();
	write_file("acme", acme, 0600);
	write_file("bare",
		   "authorization_endpoint=https://bare.example/a\n"
		   "token_endpoint=https://bare.example/t\n"
		   "redirect_uri=http://127.0.0.1:{port}/x\n",
		   0600);
	write_file("single",
		   "instance[]=only https://only.example X\n"
		   "token_endpoint={origin}/t\n",
		   0600);
	write_file("broken", "name=Broken\n\nno equals sign\n", 0600);
	write_file("open", "token_endpoint=https://open.example/\n", 0666);
	write_file("Capital", "token_endpoint=https://capital.example/\n",
		   0600);
}

/* ---- finding and reading ---- */

/* ERR_ARG, a sentence with this in it, and nothing read. */
static bool load_fails(const char *name, const char *says)
{
	struct record provider = {0};
	struct problem problem = {0};
	int rc = provider_load(name, &provider, &problem);

	printf("# %s\n", problem.text);
	return rc == VALETKEY_ERR_ARG && problem.result == rc &&
	       strstr(problem.text, says) && !provider.pairs.len;
}

static void test_load(void)
{
	struct record provider = {0};

	tap_ok(loads("acme", &provider) && is(&provider, "name", "Acme"),
	       "a file of the person's own");
	record_free(&provider);
	tap_ok(loads("ninjaone", &provider) &&
		   is(&provider, "name", "NinjaOne"),
	       "an installed one");
	record_free(&provider);
	write_file("ninjaone", "name=Mine\n", 0600);
	tap_ok(loads("ninjaone", &provider) && is(&provider, "name", "Mine"),
	       "the person's own stands before the installed one");
	record_free(&provider);
	tap_ok(load_fails("nobody", "no provider \"nobody\""), "none");
	tap_ok(load_fails("../acme", "no provider") &&
		   load_fails("", "no provider") &&
		   load_fails("Capital", "no provider"),
	       "a name that cannot be one");
	tap_ok(load_fails("broken", "line 3"), "a malformed file: which line");
	tap_ok(load_fails("open", "writable by nobody else"),
	       "a file that others can write");
}

static int collect(const char *name, void *data)
{
	return record_add(data, "name", name);
}

static void test_each(void)
{
	static const char *const expected[] = {
	    "acme", "bare", "broken", "open", "github", "ninjaone", "single"};
	struct record names = {0};
	const char *name = NULL, *before = "";
	size_t count = 0, known = 0;
	bool sorted = true;

	tap_ok(provider_each(collect, &names) == 0, "all providers");
	while ((name = record_next(&names, "name", name))) {
		sorted = sorted && strcmp(before, name) < 0;
		before = name;
		count++;
		for (size_t i = 0; i < 7; i++)
			known += strcmp(name, expected[i]) == 0;
	}
	tap_ok(sorted, "in order, each once");
	tap_ok(count > 20 && known == 7, "own ones and installed ones");
	record_free(&names);
}

/* ---- instances ---- */

static bool instance_is(const struct record *provider, const char *instance,
			const char *expected)
{
	struct problem problem = {0};
	char origin[PROVIDER_BASE_MAX];
	int rc = provider_instance(provider, instance, origin, &problem);

	if (expected)
		return rc == VALETKEY_OK && strcmp(origin, expected) == 0;
	printf("# %s\n", problem.text);
	return rc == VALETKEY_ERR_ARG && problem.result == rc && !*origin &&
	       (strstr(problem.text, "one, two") ||
		strstr(problem.text, "no instances"));
}

static void test_instance(const struct record *acme_file)
{
	static const char *const wrong[] = {"three",
					    "On",
					    "onee",
					    "https://evil.example",
					    "a.b.acme.example",
					    ".acme.example",
					    "acme.example",
					    "x.acme.example.evil.example",
					    "http://x.acme.example",
					    "x.acme.example/path",
					    "user@x.acme.example",
					    "one.example.com:8443",
					    " one",
					    NULL};
	struct record single = {0}, bare = {0};

	tap_ok(instance_is(acme_file, "one", "https://one.example.com") &&
		   instance_is(acme_file, "One", "https://one.example.com"),
	       "an instance by its code, also in capitals");
	tap_ok(instance_is(acme_file, "two.example.com:8443",
			   "https://two.example.com:8443") &&
		   instance_is(acme_file, "ONE.example.com",
			       "https://one.example.com") &&
		   instance_is(acme_file, "https://one.example.com/ws/login",
			       "https://one.example.com"),
	       "by its host, or by a URL of it");
	tap_ok(instance_is(acme_file, "here", "http://127.0.0.1:9"),
	       "loopback may be http");
	tap_ok(instance_is(acme_file, "Shop.Acme.example",
			   "https://shop.acme.example"),
	       "one label below a domain");
	for (size_t i = 0; wrong[i]; i++)
		tap_ok(instance_is(acme_file, wrong[i], NULL),
		       "refused with the choices: \"%s\"", wrong[i]);
	tap_ok(instance_is(acme_file, NULL, NULL) &&
		   instance_is(acme_file, "", NULL),
	       "several: one must be chosen");
	tap_ok(loads("single", &single) &&
		   instance_is(&single, NULL, "https://only.example"),
	       "a single one need not be chosen");
	tap_ok(loads("bare", &bare) && instance_is(&bare, NULL, "") &&
		   instance_is(&bare, "one", NULL),
	       "a provider without instances");
	record_free(&single);
	record_free(&bare);
}

/* ---- resolving ---- */

static unsigned count(const struct record *record, const char *key)
{
	const char *value = NULL;
	unsigned n = 0;

	while ((value = record_next(record, key, value)))
		n++;
	return n;
}

static int resolves(const struct record *provider, const char *kind,
		    struct record *resolved)
{
	const struct provider_choice choice = {kind, "https://one.example.com",
					       NULL};
	struct problem problem = {0};

	return provider_resolve(provider, &choice, resolved, &problem);
}

static void test_resolve(const struct record *provider)
{
	struct record web = {0}, robot = {0}, usual = {0}, none = {0};
	const char *key, *value;
	bool choices = false;
	size_t at = 0;

	tap_ok(resolves(provider, "web", &web) == 0 &&
		   is(&web, "token_endpoint", "https://one.example.com/token"),
	       "{origin} is filled in");
	tap_ok(is(&web, "name", "Acme") && is(&web, "use", NULL),
	       "a kind's name and use are not the provider's");
	tap_ok(is(&web, "redirect_uri", "http://127.0.0.1:{port}/"),
	       "{port} stays");
	value = record_next(&web, "step[]", NULL);
	tap_ok(value && strcmp(value, "At https://one.example.com: read, "
				      "{nothing}") == 0,
	       "{scope} is filled in, other braces stay");
	tap_ok(is(&web, "step[]", "Copy http://127.0.0.1:PORT/"),
	       "{redirect_uri} is filled in");
	while ((key = record_each(&web, &at, &value)))
		choices = choices || strncmp(key, "client", 6) == 0 ||
			  strncmp(key, "instance", 8) == 0;
	tap_ok(!choices, "what describes the choice is not in the result");
	tap_ok(count(&web, "hosts[]") == 2, "the general hosts");
	tap_ok(resolves(provider, "robot", &robot) == 0 &&
		   is(&robot, "grant", "client_credentials") &&
		   count(&robot, "hosts[]") == 1,
	       "a kind's keys replace the general ones, lists as a whole");
	tap_ok(is(&robot, "offline_scope", NULL) &&
		   is(&web, "offline_scope", "offline_access"),
	       "an empty value takes a general key away");
	tap_ok(resolves(provider, NULL, &usual) == 0 &&
		   is(&usual, "auth", "client_secret_post"),
	       "no kind: the first one");
	tap_ok(resolves(provider, "we", &none) == VALETKEY_ERR_ARG,
	       "an unknown kind");
	record_free(&web);
	record_free(&robot);
	record_free(&usual);
	record_free(&none);
}

int main(void)
{
	struct record provider = {0};

	write_files();
	test_load();
	test_each();
	if (!loads("acme", &provider))
		return 99;
	test_instance(&provider);
	test_resolve(&provider);
	record_free(&provider);
	return tap_done();
}
