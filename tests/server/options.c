/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line: see options.h. Secrets and passwords come from
 * files only, so that no argument list ever holds one.
 */
#include "options.h"

#include "util.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME_MAX (10LL * 365 * 24 * 3600)

enum option_code {
	OPT_PORT = 1,
	OPT_IPV6 = 2,
	OPT_READY_FILE = 3,
	OPT_LOG = 4,
	OPT_HTTPS = 5,
	OPT_CLIENT = 6,
	OPT_USER = 7,
	OPT_PASSWORD_FILE = 8,
	OPT_REQUIRE_PKCE = 9,
	OPT_ERROR_PAGE = 10,
	OPT_CONTROL = 11,
	OPT_NO_ROTATION = 12,
	OPT_ACCESS_LIFETIME = 13,
	OPT_REFRESH_LIFETIME = 14,
	OPT_TOKEN_LENGTH = 15,
	OPT_REVOKE_503 = 16,
	OPT_REVOKE_PERSON = 22,
	OPT_OMIT = 17,
	OPT_FAULT = 18,
	OPT_HELP = 19,
	OPT_ANY_SCOPE = 20,
	OPT_PAGE = 21,
	OPT_ID_TOKEN_LIFETIME = 23,
	OPT_GRANT = 70,
	OPT_REGISTER = 71,
	OPT_MCP = 72,
	OPT_CLIENT_KEY = 60,
	OPT_CLIENT_CERTIFICATE = 61,
	OPT_CLIENT_CA = 62,
	OPT_DEVICE = 50,
	OPT_DEVICE_COMPLETE = 51,
	OPT_DEVICE_INTERVAL = 52,
	OPT_DEVICE_LIFETIME = 53,
	OPT_DEVICE_SLOW = 54,
	OPT_DEVICE_EARLY = 55,
};

static const struct option option_list[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"ipv6", no_argument, NULL, OPT_IPV6},
    {"ready-file", required_argument, NULL, OPT_READY_FILE},
    {"log", required_argument, NULL, OPT_LOG},
    {"https", required_argument, NULL, OPT_HTTPS},
    {"client", required_argument, NULL, OPT_CLIENT},
    {"user", required_argument, NULL, OPT_USER},
    {"password-file", required_argument, NULL, OPT_PASSWORD_FILE},
    {"require-pkce", no_argument, NULL, OPT_REQUIRE_PKCE},
    {"any-scope", no_argument, NULL, OPT_ANY_SCOPE},
    {"error-page", no_argument, NULL, OPT_ERROR_PAGE},
    {"control", no_argument, NULL, OPT_CONTROL},
    {"no-rotation", no_argument, NULL, OPT_NO_ROTATION},
    {"access-lifetime", required_argument, NULL, OPT_ACCESS_LIFETIME},
    {"id-token-lifetime", required_argument, NULL, OPT_ID_TOKEN_LIFETIME},
    {"refresh-lifetime", required_argument, NULL, OPT_REFRESH_LIFETIME},
    {"token-length", required_argument, NULL, OPT_TOKEN_LENGTH},
    {"revoke-503", required_argument, NULL, OPT_REVOKE_503},
    {"revoke-person", no_argument, NULL, OPT_REVOKE_PERSON},
    {"omit", required_argument, NULL, OPT_OMIT},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"page", required_argument, NULL, OPT_PAGE},
    {"grant", required_argument, NULL, OPT_GRANT},
    {"register", no_argument, NULL, OPT_REGISTER},
    {"mcp", no_argument, NULL, OPT_MCP},
    {"client-public-key", required_argument, NULL, OPT_CLIENT_KEY},
    {"client-certificate", required_argument, NULL, OPT_CLIENT_CERTIFICATE},
    {"client-ca", required_argument, NULL, OPT_CLIENT_CA},
    {"device", no_argument, NULL, OPT_DEVICE},
    {"device-complete", no_argument, NULL, OPT_DEVICE_COMPLETE},
    {"device-interval", required_argument, NULL, OPT_DEVICE_INTERVAL},
    {"device-lifetime", required_argument, NULL, OPT_DEVICE_LIFETIME},
    {"device-slow", required_argument, NULL, OPT_DEVICE_SLOW},
    {"device-early", required_argument, NULL, OPT_DEVICE_EARLY},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int options_add_user(struct options *options, const char *name,
			    size_t len, const char *password_file)
{
	struct user *user = &options->users[options->user_count];

	if (options->user_count == OPTIONS_MAX_USERS || !len)
		return -1;
	if (util_read_file(password_file, &user->password))
		return -1;
	user->name = util_strndup(name, len);
	options->user_count++;
	return 0;
}

static int options_user(struct options *options, const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return -1;
	return options_add_user(options, text, (size_t)(colon - text),
				colon + 1);
}

static int options_client(struct options *options, const char *text)
{
	struct client *client = &options->clients[options->client_count];

	if (options->client_count == OPTIONS_MAX_CLIENTS)
		return -1;
	if (client_read(client, text))
		return -1;
	if (client_find(options->clients, options->client_count, client->id)) {
		client_clear(client);
		return -1;
	}
	options->client_count++;
	return 0;
}

static int options_page(struct options *options, const char *text)
{
	struct options_page *page = &options->pages[options->page_count];
	const char *equals = strchr(text, '=');

	if (options->page_count == OPTIONS_MAX_PAGES || *text != '/' || !equals)
		return -1;
	page->path = util_strndup(text, (size_t)(equals - text));
	page->file = util_strdup(equals + 1);
	options->page_count++;
	return 0;
}

/* CLIENT,ACCESS_FILE,REFRESH_FILE: a client that is there; a file may be left
 * out. */
static int options_grant(struct options *options, const char *text)
{
	struct options_grant *grant = &options->grants[options->grant_count];
	char *copy = util_strdup(text), *rest = copy;
	const char *id = strsep(&rest, ","), *access = strsep(&rest, ",");
	int rc = -1;

	if (!rest || options->grant_count == OPTIONS_MAX_GRANTS)
		goto out;
	options->grant_count++;
	grant->client =
	    client_find(options->clients, options->client_count, id);
	rc = !grant->client ||
		     (*access && util_read_file(access, &grant->access)) ||
		     (*rest && util_read_file(rest, &grant->refresh))
		 ? -1
		 : 0;
out:
	free(copy);
	return rc;
}

static int options_omit(struct options *options, const char *name)
{
	if (!strcmp(name, "expires_in"))
		options->omit |= OMIT_EXPIRES_IN;
	else if (!strcmp(name, "scope"))
		options->omit |= OMIT_SCOPE;
	else if (!strcmp(name, "refresh_token"))
		options->omit |= OMIT_REFRESH_TOKEN;
	else
		return -1;
	return 0;
}

/* --https takes two words; getopt gives the first and leaves the second. */
static int options_https(struct options *options, int argc, char **argv)
{
	if (optind >= argc || options->https_cert)
		return -1;
	if (util_read_file(optarg, &options->https_cert))
		return -1;
	return util_read_file(argv[optind++], &options->https_key);
}

static int options_path(char **path)
{
	free(*path);
	*path = util_strdup(optarg);
	return 0;
}

static int options_flag(bool *flag)
{
	*flag = true;
	return 0;
}

static int options_take_number(struct options *options, int code)
{
	switch (code) {
	case OPT_PORT:
		return util_number(optarg, 0, 65535, &options->port);
	case OPT_ACCESS_LIFETIME:
		return util_number(optarg, 0, LIFETIME_MAX,
				   &options->access_lifetime);
	case OPT_ID_TOKEN_LIFETIME:
		return util_number(optarg, 0, LIFETIME_MAX,
				   &options->id_token_lifetime);
	case OPT_REFRESH_LIFETIME:
		return util_number(optarg, 0, LIFETIME_MAX,
				   &options->refresh_lifetime);
	case OPT_TOKEN_LENGTH:
		return util_number(optarg, 22, 65536, &options->token_length);
	case OPT_DEVICE_INTERVAL:
		return util_number(optarg, 0, 3600, &options->device_interval);
	case OPT_DEVICE_LIFETIME:
		return util_number(optarg, 0, LIFETIME_MAX,
				   &options->device_lifetime);
	case OPT_DEVICE_EARLY:
		return util_number(optarg, 0, LIFETIME_MAX,
				   &options->device_early);
	case OPT_DEVICE_SLOW:
		return util_number(optarg, 0, INT32_MAX, &options->device_slow);
	case OPT_REVOKE_503:
		return util_number(optarg, 0, INT32_MAX, &options->revoke_503);
	default:
		return -1;
	}
}

static int options_take_flag(struct options *options, int code)
{
	switch (code) {
	case OPT_IPV6:
		return options_flag(&options->ipv6);
	case OPT_REQUIRE_PKCE:
		return options_flag(&options->require_pkce);
	case OPT_ANY_SCOPE:
		return options_flag(&options->any_scope);
	case OPT_ERROR_PAGE:
		return options_flag(&options->error_page);
	case OPT_REVOKE_PERSON:
		return options_flag(&options->revoke_person);
	case OPT_REGISTER:
		return options_flag(&options->registers);
	case OPT_MCP:
		return options_flag(&options->mcp);
	case OPT_DEVICE:
		return options_flag(&options->device);
	case OPT_DEVICE_COMPLETE:
		return options_flag(&options->device_complete);
	case OPT_CONTROL:
		return options_flag(&options->control);
	case OPT_NO_ROTATION:
		return options_flag(&options->no_rotation);
	default:
		return options_take_number(options, code);
	}
}

static int options_take(struct options *options, int code, int argc,
			char **argv)
{
	switch (code) {
	case OPT_READY_FILE:
		return options_path(&options->ready_file);
	case OPT_LOG:
		return options_path(&options->log_file);
	case OPT_HTTPS:
		return options_https(options, argc, argv);
	case OPT_CLIENT:
		return options_client(options, optarg);
	case OPT_USER:
		return options_user(options, optarg);
	case OPT_PASSWORD_FILE:
		return options_add_user(options, "demo", 4, optarg);
	case OPT_PAGE:
		return options_page(options, optarg);
	case OPT_GRANT:
		return options_grant(options, optarg);
	case OPT_CLIENT_KEY:
		return client_read_key(options->clients, options->client_count,
				       optarg);
	case OPT_CLIENT_CERTIFICATE:
		return client_read_certificate(options->clients,
					       options->client_count, optarg);
	case OPT_CLIENT_CA:
		return options->client_ca
			   ? -1
			   : util_read_file(optarg, &options->client_ca);
	case OPT_OMIT:
		return options_omit(options, optarg);
	case OPT_FAULT:
		return fault_set(&options->faults, optarg);
	default:
		return options_take_flag(options, code);
	}
}

static enum options_result options_bad(const char *what, const char *value)
{
	fprintf(stderr, "ninjaone-provider: bad %s%s%s (see --help)\n", what,
		value ? ": " : "", value ? value : "");
	return OPTIONS_BAD;
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
	int code, index = 0;

	memset(options, 0, sizeof(*options));
	options->access_lifetime = 3600;
	options->id_token_lifetime = 600;
	options->refresh_lifetime = 29LL * 24 * 3600;
	options->token_length = 600;
	options->device_interval = 5;
	options->device_lifetime = 600;
	while ((code = getopt_long(argc, argv, "", option_list, &index)) > 0) {
		if (code == OPT_HELP)
			return OPTIONS_HELP;
		if (code == '?')
			return OPTIONS_BAD;
		if (options_take(options, code, argc, argv))
			return options_bad(option_list[index].name, optarg);
	}
	if (optind != argc)
		return options_bad("argument", argv[optind]);
	return OPTIONS_RUN;
}

void options_clear(struct options *options)
{
	for (size_t i = 0; i < options->client_count; i++)
		client_clear(&options->clients[i]);
	for (size_t i = 0; i < options->user_count; i++) {
		free(options->users[i].name);
		free(options->users[i].password);
	}
	for (size_t i = 0; i < options->page_count; i++) {
		free(options->pages[i].path);
		free(options->pages[i].file);
	}
	for (size_t i = 0; i < options->grant_count; i++) {
		free(options->grants[i].access);
		free(options->grants[i].refresh);
	}
	free(options->ready_file);
	free(options->log_file);
	free(options->https_cert);
	free(options->https_key);
	free(options->client_ca);
}
