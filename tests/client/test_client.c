/* SPDX-License-Identifier: MIT */
/*
 * test_client.c - what client.h promises: an account's keys over its provider's,
 * what makes an account impossible, and what a secret is pinned to.
 */
#include "client/client.h"
#include "lib/provider_files.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char acme[] = "name=Acme\n"
			   "instance[]=one https://one.example.com First\n"
			   "instance[]=two https://two.example.com:8443 Other\n"
			   "issuer={origin}/\n"
			   "authorization_endpoint={origin}/authorize\n"
			   "token_endpoint={origin}/token\n"
			   "revocation_endpoint=https://revoke.example.org/\n"
			   "hosts[]={origin}\n"
			   "hosts[]=https://api.example.com\n"
			   "scope=read\n"
			   "offline_scope=offline_access\n"
			   "client[]=web\n"
			   "client.web.auth=client_secret_post\n"
			   "client.web.redirect_uri=http://127.0.0.1:{port}/\n";

static void write_files(void)
{
	make_provider_folder();
	write_file("acme", acme, 0600);
	write_file("bare",
		   "authorization_endpoint=https://bare.example/a\n"
		   "token_endpoint=https://bare.example/t\n"
		   "redirect_uri=http://127.0.0.1:{port}/x\n",
		   0600);
	write_file("anywhere",
		   "instance_domain[]=*\n"
		   "parameter[]=realm main Which realm\n"
		   "authorization_endpoint={origin}/{realm}/a\n"
		   "token_endpoint={origin}/{realm}/t\n"
		   "hosts[]={origin}\n"
		   "redirect_uri=http://127.0.0.1:{port}/x\n",
		   0600);
	write_file("broken", "name=Broken\n\nno equals sign\n", 0600);
}

static unsigned count(const struct record *record, const char *key)
{
	const char *value = NULL;
	unsigned n = 0;

	while ((value = record_next(record, key, value)))
		n++;
	return n;
}

/* ---- an account over them ---- */

#define ID "0123456789abcdef0123456789abcdef"

/* "key=value" lines over those of a good account. */
static void make_keys(struct record *keys, const char *const *lines)
{
	record_add(keys, "id", ID);
	record_add(keys, "client_id", "me");
	for (; *lines; lines++) {
		const char *equals = strchr(*lines, '=');
		char *key = strndup(*lines, (size_t)(equals - *lines));

		record_add(keys, key, equals + 1);
		free(key);
	}
}

static bool client_is_made(const char *const *lines, struct client *client)
{
	struct record keys = {0};
	struct problem problem = {0};
	int rc;

	make_keys(&keys, lines);
	rc = client_from_record("work", &keys, client, &problem);
	if (rc)
		printf("# %s\n", problem.text);
	record_free(&keys);
	return rc == VALETKEY_OK;
}

#define ACME "provider=acme", "instance=one", "client=web"
#define ANYWHERE "provider=anywhere", "instance=me.example"
#define CUSTOM                                         \
	"authorization_endpoint=https://as.example/a", \
	    "token_endpoint=https://as.example/t",     \
	    "redirect_uri=http://127.0.0.1:{port}/c"

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_layers(void)
{
	static const char *const plain[] = {ACME, NULL};
	static const char *const over[] = {
	    ACME,
	    "scope=read offline_access write",
	    "client_secret=hush",
	    "authorization_endpoint=https://two.example.com:8443/a",
	    "hosts[]=https://mine.example",
	    NULL};
	static const char *const custom[] = {CUSTOM, NULL};
	static const char *const realm[] = {
	    ANYWHERE, "parameter.realm=other",
	    "token_endpoint=https://me.example/else", NULL};
	static const char *const bare[] = {"provider=bare", NULL};
	struct client client = {0};

	tap_ok(client_is_made(plain, &client) &&
		   same(client.provider_name, "Acme") &&
		   same(client.scope, "read") &&
		   client.grant_type == GRANT_TYPE_AUTHORIZATION_CODE &&
		   same(client.issuer, "https://one.example.com/") &&
		   same(client.provider, "acme") && client_has_secret(&client),
	       "a provider's account");
	client_free(&client);
	tap_ok(client_is_made(over, &client) &&
		   same(client.authorization_endpoint,
			"https://two.example.com:8443/a") &&
		   count(&client.config, "hosts[]") == 1,
	       "the account's keys stand over the provider's");
	tap_ok(same(client.scope, "read write"),
	       "what the login adds itself is not in the scope");
	tap_ok(is(&client.config, "client_secret", NULL),
	       "a secret is no key of a client");
	client_free(&client);
	tap_ok(client_is_made(custom, &client) &&
		   same(client.provider, "custom") &&
		   same(client.provider_name, "as.example") &&
		   client.auth_method == AUTH_CLIENT_SECRET_BASIC &&
		   !client.scope && !client.revocation_endpoint,
	       "an account without a provider, and its defaults");
	client_free(&client);
	tap_ok(client_is_made(realm, &client) &&
		   same(client.authorization_endpoint,
			"https://me.example/other/a") &&
		   same(client.token_endpoint, "https://me.example/else") &&
		   is(&client.config, "hosts[]", "https://me.example"),
	       "a host of one's own, with a parameter");
	client_free(&client);
	tap_ok(client_is_made(bare, &client), "a provider of endpoints alone");
	client_free(&client);
}

/* What the last line adds to the others makes a client impossible. */
struct refused {
	const char *lines[5];
	const char *says;
};

static const struct refused refusals[] = {
    {{ACME, "token_endpoint=https://evil.example/t"}, "not an instance"},
    {{ACME, "authorization_endpoint=https://evil.example/a"},
     "not an instance"},
    {{ACME, "revocation_endpoint=https://evil.example/r"}, "not an instance"},
    {{ACME, "token_endpoint=https://api.example.com/t"}, "not an instance"},
    {{ACME, "token_endpoint=http://one.example.com/t"}, "token_endpoint"},
    {{ANYWHERE, "token_endpoint=https://evil.example/t"}, "not an instance"},
    {{ANYWHERE, "parameter.realm=../x"}, "realm must be"},
    {{ANYWHERE, "instance=http://me.example"}, "not an instance"},
    {{"provider=anywhere"}, "needs an instance"},
    {{ACME, "instance=three"}, "not an instance"},
    {{"provider=acme"}, "needs an instance"},
    {{ACME, "client=native"}, "no kind of client"},
    {{"provider=nobody"}, "no provider"},
    {{"provider=broken"}, "line 3"},
    {{CUSTOM, "id=XYZ"}, "id"},
    {{CUSTOM, "client_id="}, "client_id"},
    {{CUSTOM, "grant=password"}, "grant"},
    {{CUSTOM, "auth=client_secret_jwt"}, "auth"},
    {{CUSTOM, "ca_file=ca.pem"}, "ca_file"},
    {{CUSTOM, "token_endpoint=http://as.example/t"}, "token_endpoint"},
    {{CUSTOM, "token_endpoint=https://me@as.example/t"}, "token_endpoint"},
    {{CUSTOM, "issuer=ftp://as.example"}, "issuer"},
    {{CUSTOM, "hosts[]=http://as.example"}, "hosts[]"},
    {{CUSTOM, "redirect_uri=https://as.example/c#x"}, "redirect_uri"},
    {{CUSTOM, "redirect_uri=http://10.0.0.1:80/c"}, "redirect_uri"},
    {{CUSTOM, "redirect_uri=http://127.0.0.1:80/c?x"}, "redirect_uri"},
    {{"token_endpoint=https://as.example/t"}, "authorization_endpoint"},
    {{"authorization_endpoint=https://as.example/a"}, "token_endpoint"},
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refused *wrong = &refusals[i];
		struct record keys = {0};
		struct problem problem = {0};
		struct client client;
		size_t last = 0;
		int rc;

		while (last < 4 && wrong->lines[last + 1])
			last++;
		make_keys(&keys, wrong->lines);
		rc = client_from_record("work", &keys, &client, &problem);
		tap_ok(rc == VALETKEY_ERR_ARG && problem.result == rc &&
			   strstr(problem.text, wrong->says) &&
			   !client.config.pairs.len,
		       "refused: %s (%s)", wrong->lines[last], problem.text);
		record_free(&keys);
	}
}

static void test_client_load(void)
{
	struct client client;
	struct problem problem = {0};
	struct record keys = {0};

	tap_ok(client_load("absent", &client, &problem) ==
		       VALETKEY_ERR_ACCOUNT &&
		   strstr(problem.text, "no account \"absent\""),
	       "no account's file");
	write_file("../work", "id=" ID "\nclient_id=me\nprovider=bare\n", 0600);
	tap_ok(client_load("work", &client, &problem) == VALETKEY_OK &&
		   same(client.client_id, "me"),
	       "an account's file");
	client_free(&client);
	write_file("../work", "id=" ID "\nclient_id\n", 0600);
	tap_ok(client_load("work", &client, &problem) == VALETKEY_ERR_ACCOUNT &&
		   strstr(problem.text, "line 2"),
	       "a malformed one: which line");
	write_file("../work", "id=" ID "\n", 0620);
	tap_ok(client_load("work", &client, &problem) == VALETKEY_ERR_ACCOUNT &&
		   strstr(problem.text, "writable by nobody else"),
	       "one that others can write");
	tap_ok(client_from_record("-x", &keys, &client, &problem) ==
		   VALETKEY_ERR_ARG,
	       "a name that cannot be one");
}

/* ---- what a secret is pinned to ---- */

/* Pins by `then`, compares by `now`; what differs, "" where nothing. */
static const char *differs(const char *const *then, const char *const *now)
{
	struct client client = {0};
	struct record item = {0};
	const char *what = "no client";

	if (client_is_made(then, &client) && client_pin(&client, &item) == 0) {
		client_free(&client);
		if (client_is_made(now, &client) &&
		    client_pinned(&client, &item, CLIENT_PINS_ALL, &what))
			what = what ? "set" : "";
	}
	client_free(&client);
	record_free(&item);
	return what;
}

static void test_pins(void)
{
	static const char *const then[] = {CUSTOM, "hosts[]=https://a.example",
					   "hosts[]=https://b.example", NULL};
	static const char *const order[] = {CUSTOM,
					    "hosts[]=https://B.example:443/",
					    "hosts[]=https://a.example",
					    "hosts[]=https://a.example",
					    "scope=other",
					    "auth=client_secret_post",
					    NULL};
	static const struct {
		const char *line, *what;
	} changes[] = {
	    {"hosts[]=https://c.example", "hosts"},
	    {"token_endpoint=https://as.example/t2", "token_endpoint"},
	    {"authorization_endpoint=https://other.example/a",
	     "authorization_endpoint"},
	    {"revocation_endpoint=https://as.example/r", "revocation_endpoint"},
	    {"issuer=https://as.example", "issuer"},
	    {"ca_file=/tmp/ca.pem", "ca_file"},
	    {"client_id=another", "client_id"},
	};

	tap_ok(same(differs(then, then), ""), "a client is what it was");
	tap_ok(same(differs(then, order), ""),
	       "order, spelling and repetition of hosts mean nothing, nor "
	       "other keys");
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *const now[] = {CUSTOM, "hosts[]=https://a.example",
					   "hosts[]=https://b.example",
					   changes[i].line, NULL};

		tap_ok(same(differs(then, now), changes[i].what), "noticed: %s",
		       changes[i].line);
		tap_ok(same(differs(now, then), changes[i].what),
		       "and the other way round");
	}
}

/* Whatever a credential may be sent to. */
static void test_every_endpoint(void)
{
	static const char *const then[] = {CUSTOM, NULL};
	char line[200];

	for (const char *const *key = client_endpoints; *key; key++) {
		const char *const now[] = {CUSTOM, "hosts[]=https://c.example",
					   "pkce=none", line, NULL};

		snprintf(line, sizeof(line), "%s=https://c.example/x", *key);
		tap_ok(same(differs(then, now), *key),
		       "%s is told before hosts and pkce", *key);
	}
}

static void test_empty_item(void)
{
	static const char *const lines[] = {CUSTOM, NULL};
	struct client client = {0};
	struct record item = {0};
	const char *what = NULL;

	tap_ok(client_is_made(lines, &client) &&
		   !client_pinned(&client, &item, CLIENT_PINS_ALL, &what) &&
		   what && *what,
	       "an item without pins belongs to nobody");
	client_free(&client);
}

/* Pins by `then` without `lost`, compares by `now`. */
static bool holds(const char *lost, const char *now, enum client_pins pins)
{
	const char *const before[] = {CUSTOM, NULL};
	const char *const after[] = {CUSTOM, now, NULL};
	struct client client = {0};
	struct record item = {0};
	const char *what = NULL;
	bool good = false;

	if (client_is_made(before, &client) &&
	    client_pin(&client, &item) == 0) {
		if (lost)
			record_remove(&item, lost);
		client_free(&client);
		good = client_is_made(after, &client) &&
		       client_pinned(&client, &item, pins, &what);
	}
	client_free(&client);
	record_free(&item);
	return good;
}

static void test_rules(void)
{
	static const char device[] =
	    "device_authorization_endpoint=https://as.example/d";

	tap_ok(holds("pin.pkce", "pkce=none", CLIENT_PINS_ALL),
	       "what was not pinned yet has not changed");
	tap_ok(!holds("pin.device_authorization_endpoint", device,
		      CLIENT_PINS_ALL),
	       "but an endpoint is where it was pinned to");
	tap_ok(
	    holds(NULL, "pkce=none", CLIENT_PINS_SECRET) &&
		holds(NULL, "hosts[]=https://c.example", CLIENT_PINS_SECRET) &&
		!holds(NULL, device, CLIENT_PINS_SECRET),
	    "a secret does not go to hosts, and needs no PKCE");
	tap_ok(holds(NULL, device, CLIENT_PINS_UNUSED) &&
		   holds(NULL, "ca_file=/tmp/ca.pem", CLIENT_PINS_UNUSED),
	       "unused, it may gain an endpoint and certificates");
	tap_ok(
	    !holds(NULL, "device_authorization_endpoint=https://c.example/d",
		   CLIENT_PINS_UNUSED) &&
		!holds(NULL, "pkce=none", CLIENT_PINS_UNUSED) &&
		!holds(NULL, "hosts[]=https://c.example", CLIENT_PINS_UNUSED) &&
		!holds(NULL, "issuer=https://as.example", CLIENT_PINS_UNUSED) &&
		!holds(NULL, "client_id=another", CLIENT_PINS_UNUSED),
	    "and nothing else");
}

int main(void)
{
	write_files();
	test_layers();
	test_refused();
	test_client_load();
	test_pins();
	test_every_endpoint();
	test_rules();
	test_empty_item();
	return tap_done();
}
