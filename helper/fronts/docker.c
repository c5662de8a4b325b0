/* SPDX-License-Identifier: MIT */
/*
 * docker.c - docker-credential-valetkey: docker, podman, buildah, skopeo, helm,
 * oras and others get an account's token as the password for a registry
 * (docker-credential-helpers' protocol). They are told of a failure on standard
 * output, with exit status 1, and know a few sentences by their words.
 */
#include "front.h"

#include "config.h"

#include "client/provider.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

#define NOT_FOUND "credentials not found in native keychain"
#define NO_SERVER "no credentials server URL"
#define USER_KEY "docker_username"
#define USER "oauth2" /* what most registries take beside a token */

static int fail_docker(const char *sentence)
{
	puts(sentence);
	cmd_flush();
	return 1;
}

/* docker itself shows nobody what it is told, and goes on as nobody. */
static int fail_docker_loudly(const char *sentence)
{
	cmd_fail(0, "%s", sentence);
	return fail_docker(sentence);
}

/* ---- get ---- */

/* What the provider's file says for the account's kind of client; NULL: nothing.
 * The whole client, which client_load() makes, would take as long as all the rest. */
static const char *provider_docker_user(const struct record *keys,
					struct record *provider)
{
	const char *name = record_get(keys, "provider");
	const char *kind = record_get(keys, "client");
	const char *user = NULL;
	struct problem untold;

	if (!name || provider_load(name, provider, &untold) != VALETKEY_OK)
		return NULL;
	if (kind)
		user = provider_of_kind(provider, kind, USER_KEY);
	return user ? user : record_get(provider, USER_KEY);
}

/* The account's own key, else the provider's. In `user`, which is to be freed. */
static int find_docker_user(const char *name, struct buf *user)
{
	struct record keys = {0}, provider = {0};
	const char *own = NULL;
	int rc;

	if (account_read(name, &keys, NULL) == VALETKEY_OK)
		own = record_get(&keys, USER_KEY);
	if (!own)
		own = provider_docker_user(&keys, &provider);
	rc = buf_str(user, own ? own : "");
	record_free(&provider);
	record_free(&keys);
	return rc;
}

/*
 * A registry is named by host and port, or by a URL. One on this computer may be
 * plain http.
 */
static int get_for_registry(const char *server, struct front_token *token)
{
	const char *const schemes[] = {"https://", "http://"};
	struct front_asking asking = {.program = "docker"};
	bool whole = strstr(server, "://") != NULL;
	int rc = VALETKEY_ERR_RESOURCE;

	for (size_t i = 0; i < (whole ? 1 : 2); i++) {
		struct buf url = {0};

		front_token_close(token);
		if (buf_str(&url, whole ? "" : schemes[i]) ||
		    buf_str(&url, server))
			return problem_no_memory(&token->problem);
		asking.url = url.data;
		rc = front_token_get(&asking, token);
		buf_free(&url);
		if (rc != VALETKEY_ERR_RESOURCE)
			break;
	}
	return rc;
}

static int write_credentials(const char *server,
			     const struct valetkey_token *token)
{
	struct buf user = {0}, out = {0};
	int rc =
	    find_docker_user(token->account, &user) ||
	    buf_str(&out, "{\"ServerURL\":") ||
	    text_json_string(&out, server) || buf_str(&out, ",\"Username\":") ||
	    text_json_string(&out, user.len ? user.data : USER) ||
	    buf_str(&out, ",\"Secret\":") ||
	    text_json_string(&out, token->access_token) || buf_str(&out, "}\n");

	rc = rc ? fail_docker(valetkey_strerror(VALETKEY_ERR_NOMEM))
		: front_write(&out) != VALETKEY_OK;
	buf_free(&user);
	buf_free(&out);
	return rc;
}

static int docker_get(const char *server)
{
	struct front_token token = {0};
	int rc = get_for_registry(server, &token);

	if (rc == VALETKEY_ERR_RESOURCE)
		rc = fail_docker(NOT_FOUND);
	else if (rc)
		rc = fail_docker_loudly(token.problem.text);
	else
		rc = write_credentials(server, token.token);
	front_token_close(&token);
	return rc;
}

/* ---- list ---- */

struct docker_listing {
	struct buf out;
	struct record listed; /* server[]: each is named once */
};

/* As a registry is called; NULL: it is none. */
static const char *registry_of_host(const char *host)
{
	if (strncmp(host, "https://", 8) == 0)
		return host + 8;
	return strncmp(host, "http://", 7) == 0 ? host + 7 : NULL;
}

static bool is_listed(const struct docker_listing *listing, const char *server)
{
	const char *other = NULL;

	while ((other = record_next(&listing->listed, "server[]", other)))
		if (strcmp(other, server) == 0)
			return true;
	return false;
}

static int list_server(struct docker_listing *listing, const char *server,
		       const char *user)
{
	struct buf *out = &listing->out;

	if (!server || is_listed(listing, server))
		return 0;
	return record_add(&listing->listed, "server[]", server) ||
	       (out->len > 1 && buf_char(out, ',')) ||
	       text_json_string(out, server) || buf_char(out, ':') ||
	       text_json_string(out, user);
}

/* An account is for registries if a docker_username says so. */
static int list_account(const char *name, void *data)
{
	struct record keys = {0};
	struct buf user = {0};
	const char *host = NULL;
	int rc = 0;

	if (account_read(name, &keys, NULL) == VALETKEY_OK &&
	    find_docker_user(name, &user) == 0 && user.len)
		while (!rc && (host = record_next(&keys, "hosts[]", host)))
			rc = list_server(data, registry_of_host(host),
					 user.data);
	record_free(&keys);
	buf_free(&user);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int docker_list(void)
{
	struct docker_listing listing = {.out = {0}};
	int rc = buf_char(&listing.out, '{')
		     ? VALETKEY_ERR_NOMEM
		     : account_each(list_account, &listing);

	if (!rc && buf_str(&listing.out, "}\n"))
		rc = VALETKEY_ERR_NOMEM;
	rc = rc ? fail_docker(valetkey_strerror(rc))
		: front_write(&listing.out) != 0;
	buf_free(&listing.out);
	record_free(&listing.listed);
	return rc;
}

/* ---- the rest ---- */

static int docker_refuse(const char *verb)
{
	if (strcmp(verb, "store") == 0)
		return fail_docker(
		    "valetkey keeps no passwords: it gives a registry the "
		    "token of the account that has its host. Run: valetkey "
		    "login ACCOUNT");
	return fail_docker("valetkey has no password to erase. To end a login, "
			   "run: valetkey logout ACCOUNT");
}

static int docker_with_input(const char *verb)
{
	struct buf input = {0};
	char *server;
	size_t len;
	int rc = front_read(&input, NULL);

	if (rc) {
		rc = fail_docker(valetkey_strerror(rc));
		goto out;
	}
	if (strcmp(verb, "get") != 0) {
		rc = docker_refuse(verb);
		goto out;
	}
	server = input.len ? input.data : NULL;
	if (server)
		server += strspn(server, " \t\r\n");
	len = server ? strcspn(server, " \t\r\n") : 0;
	if (!len)
		rc = fail_docker(NO_SERVER);
	else if (server[len + strspn(server + len, " \t\r\n")])
		rc = fail_docker(NOT_FOUND);
	else
		server[len] = '\0', rc = docker_get(server);
out:
	buf_free(&input);
	return rc;
}

static int print_docker_help(void)
{
	puts("Usage: docker-credential-valetkey <store|get|erase|list|version>"
	     "\n\nA registry's host in ~/.docker/config.json:\n"
	     "  {\"credHelpers\": {\"registry.example.com\": \"valetkey\"}}\n"
	     "See: man valetkey-fronts");
	return cmd_flush();
}

static int run_docker(int argc, char **argv)
{
	const char *verb = argc == 2 ? argv[1] : "";

	if (strcmp(verb, "get") == 0 || strcmp(verb, "store") == 0 ||
	    strcmp(verb, "erase") == 0)
		return docker_with_input(verb);
	if (strcmp(verb, "list") == 0)
		return docker_list();
	if (strcmp(verb, "version") == 0 || strcmp(verb, "--version") == 0 ||
	    strcmp(verb, "-v") == 0) {
		puts("docker-credential-valetkey (valetkey) " PACKAGE_VERSION);
		return cmd_flush();
	}
	if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
		return print_docker_help();
	print_docker_help();
	return 1;
}

const struct front front_docker = {
    .name = "docker",
    .program = "docker-credential-valetkey",
    .summary = "docker, podman, buildah, skopeo, helm",
    .run = run_docker,
};
