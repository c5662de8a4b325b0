/* SPDX-License-Identifier: MIT */
/*
 * curl_options.c - which of curl's options `valetkey curl` lets through: a
 * list of the harmless ones, because whatever could add a URL, change where one
 * goes, read a configuration or print the token must not slip in. curl reads
 * its command line in the same way: options end with the first that takes a
 * value, long names may be cut short (not here).
 */
#include "core/origin.h"
#include "curl.h"

#include <string.h>
#include <strings.h>

/* Short ones: without and with a value. Not v and the traces: they print it. */
static const char short_flags[] = "0#46GIJLNORSfgijs";
static const char short_values[] = "ACDFHTXYdemorwyz";

static const char *const flags[] = {"compressed",
				    "create-dirs",
				    "fail",
				    "fail-early",
				    "get",
				    "fail-with-body",
				    "globoff",
				    "head",
				    "http1.0",
				    "http1.1",
				    "http2",
				    "include",
				    "ipv4",
				    "ipv6",
				    "location",
				    "no-buffer",
				    "no-clobber",
				    "no-progress-meter",
				    "progress-bar",
				    "raw",
				    "post301",
				    "post302",
				    "post303",
				    "remote-header-name",
				    "remote-name",
				    "remote-name-all",
				    "remote-time",
				    "remove-on-error",
				    "retry-all-errors",
				    "retry-connrefused",
				    "show-error",
				    "silent",
				    "tcp-nodelay",
				    "tlsv1.2",
				    "tlsv1.3"};
static const char *const values[] = {
    "cacert",	      "capath",	     "connect-timeout", "continue-at",
    "data",	      "data-ascii",  "data-binary",	"data-raw",
    "data-urlencode", "form",	     "form-string",	"header",
    "json",	      "limit-rate",  "max-filesize",	"max-redirs",
    "max-time",	      "output",	     "output-dir",	"range",
    "referer",	      "request",     "retry",		"retry-delay",
    "retry-max-time", "speed-limit", "speed-time",	"stderr",
    "time-cond",      "tls-max",     "upload-file",	"url",
    "user-agent",     "write-out"};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int refuse(const struct cmd_curl *curl, const char *option)
{
	return cmd_fail(VALETKEY_ERR_ARG,
			"curl's option %s is not on the list of those that "
			"keep the token where it belongs. To decide that "
			"yourself: curl -H \"$(valetkey token %s "
			"--format header)\" ...",
			option, curl->name);
}

/* Headers that would name another server or carry other credentials; a file of
 * headers cannot be judged. */
static int check_header(const struct cmd_curl *curl, const char *header)
{
	static const char *const names[] = {"Authorization",
					    "Proxy-Authorization", "Host"};
	size_t len = strcspn(header, ":; \t");

	if (*header == '@' || *header == ':' || !len)
		return refuse(curl, "-H @FILE, or -H without a name,");
	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], header, len) == 0)
			return cmd_fail(VALETKEY_ERR_ARG,
					"The header %s cannot be set here.",
					names[i]);
	return VALETKEY_OK;
}

static int take_url(struct cmd_curl *curl, const char *url)
{
	char origin[ORIGIN_MAX];

	if (origin_of(url, origin) != 0)
		return cmd_fail(
		    VALETKEY_ERR_RESOURCE,
		    "\"%s\" is not a URL that a token may go to: it must be "
		    "https://HOST/... without a user name.",
		    url);
	if (!account_has_origin(curl->account, origin))
		return cmd_fail(
		    VALETKEY_ERR_RESOURCE,
		    "%s is not one of the account's hosts, so its token does "
		    "not go there. To see them, run: valetkey status",
		    origin);
	curl->plain |= strncmp(origin, "http:", 5) == 0;
	curl->tls |= strncmp(origin, "https:", 6) == 0;
	curl->url = url;
	return VALETKEY_OK;
}

/* A line break in what ends up in the request's head would add to it. */
static bool in_head(const char *name)
{
	static const char *const names[] = {
	    "-H",	    "--header", "-X",	     "--request", "-A",
	    "--user-agent", "-e",	"--referer", "-r",	  "--range"};

	return listed(names, COUNT(names), name);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 && *text != '\t')
			return true;
	return false;
}

/* An option's value, which may itself be what matters. */
static int take_value(struct cmd_curl *curl, const char *name,
		      const char *value)
{
	if (!value)
		return cmd_fail(VALETKEY_ERR_ARG,
				"curl's option %s needs a value.", name);
	/* Our own descriptors are among these. */
	if (strstr(value, "/dev/fd") || strstr(value, "/proc/") ||
	    strstr(value, "/dev/std"))
		return refuse(curl, "with a file of /proc or /dev/fd");
	if (in_head(name) && has_control(value))
		return refuse(curl, "with a line break");
	if (strcmp(name, "-H") == 0 || strcmp(name, "--header") == 0)
		return check_header(curl, value);
	if (strcmp(name, "-D") == 0)
		return refuse(curl, name); /* we read the headers ourselves */
	if (strcmp(name, "--url") == 0)
		return take_url(curl, value);
	return VALETKEY_OK;
}

/* A word like -sSo; *taken: the next word is its value. */
static int take_short(struct cmd_curl *curl, const char *word, const char *next,
		      bool *taken)
{
	char name[3] = "-";

	for (word++; *word; word++) {
		name[1] = *word;
		curl->follows |= *word == 'L';
		if (strchr(short_values, *word)) {
			*taken = !word[1];
			return take_value(curl, name, *taken ? next : word + 1);
		}
		if (!strchr(short_flags, *word))
			return refuse(curl, name);
	}
	return VALETKEY_OK;
}

static int take_long(struct cmd_curl *curl, const char *word, const char *next,
		     bool *taken)
{
	curl->follows |= strcmp(word, "--location") == 0;
	if (listed(flags, COUNT(flags), word + 2))
		return VALETKEY_OK;
	if (!listed(values, COUNT(values), word + 2))
		return refuse(curl, word);
	*taken = true;
	return take_value(curl, word, next);
}

int cmd_curl_check(struct cmd_curl *curl, char *const *words)
{
	int rc = VALETKEY_OK;

	for (; !rc && *words; words++) {
		bool taken = false;

		if (strncmp(*words, "--", 2) == 0)
			rc = take_long(curl, *words, words[1], &taken);
		else if (**words == '-' && (*words)[1])
			rc = take_short(curl, *words, words[1], &taken);
		else
			rc = take_url(curl, *words);
		words += !rc && taken;
	}
	if (!rc && !curl->url)
		rc = cmd_fail(VALETKEY_ERR_ARG, "Which URL? Usage: valetkey %s",
			      cmd_curl.usage);
	return rc;
}
