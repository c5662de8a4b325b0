/* SPDX-License-Identifier: MIT */
/*
 * curl.c - `valetkey curl`: curl with a valid token for one account's hosts.
 * The header goes by a descriptor, never by argv, and only after a look at where
 * curl would send it. The heads of the answers are read for a 401, which
 * invalidates the token; nothing is sent again by itself.
 */
#include "command/child.h"
#include "command/command.h"
#include "core/challenge.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct cmd_option options[] = {
    {"min-valid", "SECONDS",
     "The token must be good for at least this long (default 60)."},
    {NULL, NULL, NULL},
};

static bool begins_curl(const struct cmd_words *words, const char *word);
static int run_curl(const struct cmd_words *words);

const struct cmd_verb cmd_curl = {
    .name = "curl",
    .summary = "run curl with a token for the account's hosts",
    .usage = "curl [ACCOUNT] [--] CURL-ARGUMENT...",
    .about =
	"Runs curl with the header \"Authorization: Bearer TOKEN\", which no "
	"process list shows. Every URL must be one of the account's hosts; "
	"without ACCOUNT it is the account that has the first one. A path, "
	"such as /v2/devices, is one of the account's host. "
	"Only options of curl that cannot take the token elsewhere are "
	"allowed: no -K, --next, --resolve, --connect-to, --proxy, "
	"--location-trusted, -v and so on, no globs, no ~/.curlrc. For those: "
	"curl -H \"$(valetkey token ACCOUNT --format header)\" ...\n\n"
	"If the server answers 401, the token is invalidated and a message "
	"says so; then repeat the command. If it answers 403 because the token "
	"lacks a scope, a message says how to log in with more. The exit "
	"status is curl's.",
    .options = options,
    .examples = "  valetkey curl work /v2/devices\n"
		"  valetkey curl https://eu.ninjarmm.com/v2/devices\n"
		"  valetkey curl work -sS -X PATCH --json @change.json "
		"/v2/device/7\n",
    .run_words = run_curl,
    .begins = begins_curl,
};

/* ---- what is meant for curl ---- */

/* Which of curl's options are let through: a list of the harmless ones, because
 * whatever could add a URL, change where one goes, read a configuration or print
 * the token must not slip in. curl reads its command line in the same way:
 * options end with the first that takes a value; long names may be cut short,
 * but not here. */

#define PATHS_MAX 64

struct curl_check {
	char name[ACCOUNT_NAME_MAX + 1]; /* the account's; "": not known yet */
	struct record account;		 /* its file */
	const char *url;		 /* one of those that were given */
	bool plain;			 /* there is an http one */
	bool follows;			 /* redirects */
	char *paths[PATHS_MAX];		 /* URLs that were made of paths */
	size_t path_count;
};

/* Short ones: without and with a value. Not v and the traces: they print the
 * token. */
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

static bool is_listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int refuse_option(const struct curl_check *curl, const char *option)
{
	return cmd_fail(VALETKEY_ERR_ARG,
			"curl's option %s is not on the list of those that "
			"keep the token where it belongs. To decide that "
			"yourself: curl -H \"$(valetkey token %s "
			"--format header)\" ...",
			option, *curl->name ? curl->name : "ACCOUNT");
}

/* Headers that would name another server or carry other credentials; a file of
 * headers cannot be judged. */
static int check_header(const struct curl_check *curl, const char *header)
{
	static const char *const names[] = {"Authorization",
					    "Proxy-Authorization", "Host"};
	size_t len = strcspn(header, ":; \t");

	if (*header == '@' || *header == ':' || !len)
		return refuse_option(curl, "-H @FILE, or -H without a name,");
	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], header, len) == 0)
			return cmd_fail(VALETKEY_ERR_ARG,
					"The header %s cannot be set here.",
					names[i]);
	return VALETKEY_OK;
}

/* If none is named the first URL says which it is; a path is of the only one. */
static int choose_curl_account(struct curl_check *curl, const char *url)
{
	const struct cmd_target target = {.resource = url,
					  .verb = "curl",
					  .before_url = " ",
					  .after = url ? NULL : " /PATH"};
	int rc = cmd_account_choose(&target, curl->name);

	return rc ? rc : cmd_account_read(curl->name, &curl->account);
}

static int take_curl_url(struct curl_check *curl, const char *url)
{
	char origin[ORIGIN_MAX];
	int rc =
	    strstr(url, "://")
		? cmd_origin_of(url, origin)
		: cmd_fail(VALETKEY_ERR_RESOURCE,
			   "\"%s\" is neither a URL, such as "
			   "https://HOST/PATH, nor a path of the account's "
			   "host, which begins with a slash.",
			   url);

	if (!rc && !*curl->name)
		rc = choose_curl_account(curl, url);
	if (rc)
		return rc;
	if (!account_has_origin(&curl->account, origin))
		return cmd_fail(
		    VALETKEY_ERR_RESOURCE,
		    "%s is not one of the account's hosts, so its token does "
		    "not go there. To see them, run: valetkey status",
		    origin);
	curl->plain |= strncmp(origin, "http:", 5) == 0;
	curl->url = url;
	return VALETKEY_OK;
}

/* The one server that a path can mean: https, or this computer's own http. */
static int one_host(const struct curl_check *curl, char origin[ORIGIN_MAX])
{
	char each[ORIGIN_MAX];
	const char *host = NULL;
	unsigned count = 0;

	while ((host = record_next(&curl->account, "hosts[]", host)))
		if (origin_of(host, each) == 0 && !strchr(each, '*') &&
		    count++ == 0)
			strcpy(origin, each);
	if (count == 1)
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_ARG,
			"The account has %s, so a path does not say "
			"where to. Give the whole URL; to see the hosts, run: "
			"valetkey list",
			count ? "several hosts" : "no host of its own");
}

/* Puts the URL of a path in its place. */
static int take_curl_path(struct curl_check *curl, char **word)
{
	char origin[ORIGIN_MAX];
	struct buf url = {0};
	int rc = *curl->name ? VALETKEY_OK : choose_curl_account(curl, NULL);

	if (!rc)
		rc = one_host(curl, origin);
	if (!rc && curl->path_count == PATHS_MAX)
		rc = cmd_fail(VALETKEY_ERR_ARG, "Those are too many paths.");
	if (!rc && buf_fmt(&url, "%s%s", origin, *word) == 0)
		*word = curl->paths[curl->path_count] = strdup(url.data);
	buf_free(&url);
	if (rc)
		return rc;
	if (!curl->paths[curl->path_count])
		return VALETKEY_ERR_NOMEM;
	curl->path_count++;
	return take_curl_url(curl, *word);
}

/* A line break in what ends up in the request's head would add to it. */
static bool in_head(const char *name)
{
	static const char *const names[] = {
	    "-H",	    "--header", "-X",	     "--request", "-A",
	    "--user-agent", "-e",	"--referer", "-r",	  "--range"};

	return is_listed(names, COUNT(names), name);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 && *text != '\t')
			return true;
	return false;
}

/* An option's value, which may itself be what matters. */
static int take_curl_value(struct curl_check *curl, const char *name,
			   const char *value)
{
	if (!value)
		return cmd_fail(VALETKEY_ERR_ARG,
				"curl's option %s needs a value.", name);
	/* Our own descriptors are among these. */
	if (strstr(value, "/dev/fd") || strstr(value, "/proc/") ||
	    strstr(value, "/dev/std"))
		return refuse_option(curl, "with a file of /proc or /dev/fd");
	if (in_head(name) && has_control(value))
		return refuse_option(curl, "with a line break");
	if (strcmp(name, "-H") == 0 || strcmp(name, "--header") == 0)
		return check_header(curl, value);
	if (strcmp(name, "-D") == 0)
		return refuse_option(curl,
				     name); /* we read the headers ourselves */
	if (strcmp(name, "--url") == 0)
		return take_curl_url(curl, value);
	return VALETKEY_OK;
}

/* A word like -sSo; *taken: the next word is its value. */
static int take_short(struct curl_check *curl, const char *word,
		      const char *next, bool *taken)
{
	char name[3] = "-";

	for (word++; *word; word++) {
		name[1] = *word;
		curl->follows |= *word == 'L';
		if (strchr(short_values, *word)) {
			*taken = !word[1];
			return take_curl_value(curl, name,
					       *taken ? next : word + 1);
		}
		if (!strchr(short_flags, *word))
			return refuse_option(curl, name);
	}
	return VALETKEY_OK;
}

static int take_long(struct curl_check *curl, const char *word,
		     const char *next, bool *taken)
{
	curl->follows |= strcmp(word, "--location") == 0;
	if (is_listed(flags, COUNT(flags), word + 2))
		return VALETKEY_OK;
	if (!is_listed(values, COUNT(values), word + 2))
		return refuse_option(curl, word);
	*taken = true;
	return take_curl_value(curl, word, next);
}

/* Refuses what could take the token to another place. 0, ERR_ARG or
 * ERR_RESOURCE, told. */
static int check_curl_words(struct curl_check *curl, char **words)
{
	int rc = VALETKEY_OK;

	for (; !rc && *words; words++) {
		bool taken = false;

		if (strncmp(*words, "--", 2) == 0)
			rc = take_long(curl, *words, words[1], &taken);
		else if (**words == '-' && (*words)[1])
			rc = take_short(curl, *words, words[1], &taken);
		else if (**words == '/')
			rc = take_curl_path(curl, words);
		else
			rc = take_curl_url(curl, *words);
		words += !rc && taken;
	}
	if (!rc && !curl->url)
		rc = cmd_fail(VALETKEY_ERR_ARG, "Which URL? Usage: valetkey %s",
			      cmd_curl.usage);
	return rc;
}

/* ---- the heads of the answers ---- */

struct answers {
	int fd;
	bool refused;	      /* a 401 was among them */
	bool forbidden;	      /* the one that is being read is a 403 */
	struct buf challenge; /* of the last one that was */
};

static void take_status(struct answers *answers, const char *line)
{
	const char *status = strchr(line, ' ');

	if (status && strncmp(status, " 401", 4) == 0)
		answers->refused = true;
	answers->forbidden = status && strncmp(status, " 403", 4) == 0;
	if (answers->forbidden)
		buf_clear(&answers->challenge);
}

/* Without memory it is as if the server had said nothing. */
static void take_challenge(struct answers *answers, const char *line)
{
	static const char name[] = "WWW-Authenticate:";
	struct buf *all = &answers->challenge;

	if (!answers->forbidden || strncasecmp(line, name, strlen(name)) != 0)
		return;
	line += strlen(name);
	if ((all->len && buf_str(all, ", ")) ||
	    buf_add(all, line, strcspn(line, "\r\n")))
		buf_clear(all);
}

/* The header lines of all answers, one after the other; a cut line is one. */
static void *read_answers(void *data)
{
	struct answers *answers = data;
	FILE *file = fdopen(answers->fd, "r");
	char line[CHALLENGE_MAX];
	bool begins = true;

	while (file && fgets(line, sizeof(line), file)) {
		if (begins && strncmp(line, "HTTP/", 5) == 0)
			take_status(answers, line);
		else if (begins)
			take_challenge(answers, line);
		begins = strchr(line, '\n') != NULL;
	}
	if (file)
		fclose(file);
	return NULL;
}

/* RFC 6750 3.1: what the token lacks. The server's words go into a command for a
 * shell only if they mean nothing to it. */
static void tell_lacking(const char *account, const struct buf *challenge)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789 .:/_-+=@,";
	struct record params = {0};
	const char *scope = NULL;

	if (challenge_read(buf_text(challenge), "Bearer", &params) ==
		RECORD_OK &&
	    record_is(&params, "error", "insufficient_scope"))
		scope = record_get(&params, "scope");
	if (scope && challenge_scope_ok(scope))
		cmd_fail(0,
			 "The token lacks a scope (403): the server wants "
			 "\"%s\". To log in with it as well, run: valetkey "
			 "login %s --add-scope %s%s%s",
			 scope, account, strchr(scope, ' ') ? "\"" : "",
			 scope[strspn(scope, harmless)] ? "SCOPES" : scope,
			 strchr(scope, ' ') ? "\"" : "");
	record_free(&params);
}

/* ---- running it ---- */

#define FIXED_MAX 16
/* The first curl that keeps a header from other ports and schemes as well. */
#define FOLLOWS_MAJOR 7
#define FOLLOWS_MINOR 83

/* Whether this curl can be trusted to follow redirects. */
static int check_version(void)
{
	static const char *const argv[] = {"curl", "-q", "--version", NULL};
	struct buf out = {0};
	char *end = NULL;
	long major = 0, minor = 0;

	if (cmd_child_output(argv, &out) == 0 &&
	    strncmp(buf_text(&out), "curl ", 5) == 0) {
		major = strtol(out.data + 5, &end, 10);
		minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	}
	buf_free(&out);
	if (major > FOLLOWS_MAJOR ||
	    (major == FOLLOWS_MAJOR && minor >= FOLLOWS_MINOR))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_ARG,
			"This curl may take the token along to another server "
			"when it follows a redirect (--location); %d.%d is the "
			"first version that does not.",
			FOLLOWS_MAJOR, FOLLOWS_MINOR);
}

static char **make_argv(const struct curl_check *curl, char *const *words,
			const char *header, const char *dump)
{
	const char *protocols = curl->plain ? "=http,https" : "=https";
	const char *fixed[FIXED_MAX] = {
	    "curl",    "-q", "--globoff", "--proto", protocols, "--proto-redir",
	    protocols, "-H", header,	  "-D",	     dump,
	};
	size_t n = 0, count = 0;
	char **argv;

	/* Plain http is for loopback only, and no proxy is to see it. */
	while (fixed[n])
		n++;
	if (curl->plain) {
		fixed[n++] = "--noproxy";
		fixed[n++] = "*";
	}
	while (words[count])
		count++;
	argv = calloc(n + count + 1, sizeof(*argv));
	if (argv) {
		memcpy(argv, fixed, n * sizeof(*argv));
		memcpy(argv + n, words, count * sizeof(*argv));
	}
	return argv;
}

/* Starts it with the header in one descriptor and its answers in another. */
static int start_curl(const struct curl_check *curl, char *const *words,
		      int header, int dump, pid_t *child)
{
	char header_path[40], dump_path[40];
	char **argv;

	snprintf(header_path, sizeof(header_path), "@/dev/fd/%d", header);
	snprintf(dump_path, sizeof(dump_path), "/dev/fd/%d", dump);
	argv = make_argv(curl, words, header_path, dump_path);
	if (!argv)
		return VALETKEY_ERR_NOMEM;
	*child = cmd_child_start(argv);
	free(argv);
	if (*child < 0)
		return cmd_fail(VALETKEY_ERR_DENIED, "curl cannot be run: %s.",
				strerror(errno));
	return VALETKEY_OK;
}

/* Its exit status, which is ours. */
static int wait_for_curl(pid_t child)
{
	cmd_is_told();
	return cmd_child_wait(child);
}

static int transfer(const struct curl_check *curl, char *const *words,
		    const struct valetkey_token *token, bool *refused)
{
	struct buf text = {0};
	int ends[2] = {-1, -1}, header = -1, rc = VALETKEY_OK;
	struct answers answers = {.fd = -1};
	pthread_t reader;
	pid_t child = -1;

	if (buf_str(&text, "Authorization: Bearer ") ||
	    buf_str(&text, token->access_token) || buf_char(&text, '\n') ||
	    (header = cmd_child_once(text.data, text.len)) < 0 ||
	    pipe(ends) != 0)
		rc = cmd_fail(VALETKEY_ERR_DENIED,
			      "No descriptor for the token: %s.",
			      strerror(errno));
	buf_free(&text);
	if (!rc) {
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		rc = start_curl(curl, words, header, ends[1], &child);
	}
	if (header >= 0)
		close(header);
	if (ends[1] >= 0)
		close(ends[1]);
	answers.fd = ends[0];
	if (rc || pthread_create(&reader, NULL, read_answers, &answers) != 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		return rc ? rc : wait_for_curl(child);
	}
	rc = wait_for_curl(child);
	pthread_join(reader, NULL);
	*refused = answers.refused;
	if (answers.challenge.len)
		tell_lacking(curl->name, &answers.challenge);
	buf_free(&answers.challenge);
	return rc;
}

static int with_token(const struct curl_check *curl, char *const *words,
		      uint32_t min_valid_s)
{
	const struct valetkey_request request = {.size = sizeof(request),
						 .account = curl->name,
						 .resource = curl->url,
						 .min_valid_s = min_valid_s};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	bool refused = false;
	int rc = cmd_get_token("valetkey curl", &request, &handle, &token);

	if (!rc)
		rc = transfer(curl, words, token, &refused);
	if (refused && valetkey_invalidate(handle, token) == VALETKEY_OK)
		cmd_fail(0, "The server refused the token (401). It was "
			    "invalidated; repeat the command to get another "
			    "one.");
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}

static int take_curl_account(struct curl_check *curl, const char *account)
{
	if (!account_name_ok(account))
		return cmd_fail(VALETKEY_ERR_ARG,
				"That is not an account's name.");
	strcpy(curl->name, account);
	return cmd_account_read(account, &curl->account);
}

/* After the account or, if there is none, with a URL or a path. */
static bool begins_curl(const struct cmd_words *words, const char *word)
{
	return words->count ? true : *word != '-' && strpbrk(word, ":/");
}

static int run_curl(const struct cmd_words *words)
{
	struct curl_check curl = {.plain = false};
	uint32_t min_valid_s;
	int rc;

	if (words->count > 1 || !words->command)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account, and which URL? Usage: valetkey "
				"%s",
				cmd_curl.usage);
	rc = cmd_option_min_valid(&words->args, &min_valid_s);
	if (!rc && words->count)
		rc = take_curl_account(&curl, words->words[0]);
	if (!rc)
		rc = check_curl_words(&curl, words->command);
	if (!rc && curl.follows)
		rc = check_version();
	if (!rc)
		rc = with_token(&curl, words->command, min_valid_s);
	record_free(&curl.account);
	while (curl.path_count)
		free(curl.paths[--curl.path_count]);
	return rc;
}
