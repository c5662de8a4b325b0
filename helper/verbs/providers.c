/* SPDX-License-Identifier: MIT */
/*
 * providers.c - `valetkey providers`: what --provider can name, one of them in
 * full, and the check of a file. Reads files only.
 */
#include "client/provider.h"
#include "client/provider_check.h"
#include "client/unusable.h"
#include "core/account.h"
#include "command/command.h"
#include "command/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct cmd_option options[] = {
    {"check", "FILE",
     "Read a provider's file, explain each of its keys and find what is wrong "
     "with it."},
    {"json", NULL, "An array of objects, one for each provider; or the one."},
    {NULL, NULL, NULL},
};

static int run_providers(struct cmd_args *args);

const struct cmd_verb cmd_providers = {
    .name = "providers",
    .summary = "list the providers that 'add' knows, or check a file",
    .usage = "providers [NAME | --check FILE] [--json]",
    .about =
	"Lists the providers, each with its instances and its kinds of client; "
	"or shows one of them, with the steps of registering a client; or "
	"checks a file of your own. Yours go into "
	"$XDG_CONFIG_HOME/valetkey/providers/NAME.conf and are used before the "
	"installed ones: man valetkey-provider. A provider that is not listed "
	"can also be added by its issuer or its endpoints: valetkey add --help",
    .options = options,
    .examples = "  valetkey providers\n"
		"  valetkey providers gitlab\n"
		"  valetkey providers --json | jq -r '.[].provider'\n"
		"  valetkey providers --check acme.conf\n",
    .account = true,
    .account_optional = true,
    .run = run_providers,
};

/* ---- the list ---- */

/* Text of files on standard output, as terminal.h promises it. */
static void print_text(struct buf *text)
{
	terminal_put(stdout, buf_text(text), text->len);
	buf_free(text);
}

/* The first words of a list's values in a line. */
static int add_first_words(struct buf *out, const char *label,
			   const struct record *provider, const char *key)
{
	const char *value = NULL;
	struct buf words = {0};
	int rc = 0;

	if (!record_get(provider, key))
		return 0;
	while (!rc && (value = record_next(provider, key, value)))
		if (strcmp(value, "*") == 0)
			rc = buf_str(&words, " (any host)");
		else
			rc = buf_char(&words, ' ') ||
			     buf_add(&words, value, strcspn(value, " "));
	rc = rc || buf_fmt(out, "  %-15s ", label) ||
	     cmd_wrap(out, 18, buf_text(&words) + 1);
	buf_free(&words);
	return rc;
}

static int see_provider(const char *name, void *data)
{
	struct record provider = {0};
	struct problem problem;
	struct buf out = {0};
	const char *title;
	int *result = data;
	int rc = provider_load(name, &provider, &problem);

	if (rc) {
		*result = cmd_fail_problem(&problem);
		rc = 0;
	} else {
		title = record_get(&provider, "name");
		rc = buf_fmt(&out, "%-17s %s\n", name, title ? title : "") ||
		     add_first_words(&out, "instances", &provider,
				     "instance[]") ||
		     add_first_words(&out, "hosts below", &provider,
				     "instance_domain[]") ||
		     add_first_words(&out, "asks for", &provider,
				     "parameter[]") ||
		     add_first_words(&out, "clients", &provider, "client[]");
	}
	print_text(&out);
	record_free(&provider);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int list_all(void)
{
	int result = VALETKEY_OK;
	int rc = provider_each(see_provider, &result);

	return rc ? rc : result;
}

/* ---- the list as JSON ---- */

static int add_json_words(struct buf *out, const char *label,
			  const struct record *provider, const char *key)
{
	int rc = buf_fmt(out, ",\"%s\":[", label);
	const char *value = NULL;
	struct buf word = {0};
	bool more = false;

	while (!rc && (value = record_next(provider, key, value))) {
		buf_clear(&word);
		rc = (more && buf_char(out, ',')) ||
		     buf_add(&word, value, strcspn(value, " ")) ||
		     text_json_string(out, buf_text(&word));
		more = true;
	}
	buf_free(&word);
	return rc || buf_char(out, ']');
}

static int add_provider_json(struct buf *out, const char *name,
			     const struct record *provider)
{
	const char *title = record_get(provider, "name");

	return buf_str(out, "{\"provider\":") || text_json_string(out, name) ||
	       buf_str(out, ",\"name\":") ||
	       text_json_string(out, title ? title : name) ||
	       add_json_words(out, "instances", provider, "instance[]") ||
	       add_json_words(out, "instance_domains", provider,
			      "instance_domain[]") ||
	       add_json_words(out, "parameters", provider, "parameter[]") ||
	       add_json_words(out, "clients", provider, "client[]") ||
	       buf_char(out, '}');
}

/* What cannot be read is told, and left out. */
struct json_list {
	struct buf out;
	int result;
};

static int see_provider_json(const char *name, void *data)
{
	struct record provider = {0};
	struct json_list *list = data;
	struct problem problem;
	int rc = 0;

	if (provider_load(name, &provider, &problem))
		list->result = cmd_fail_problem(&problem);
	else
		rc = (list->out.len > 1 && buf_char(&list->out, ',')) ||
		     add_provider_json(&list->out, name, &provider);
	record_free(&provider);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int print_json_line(const struct buf *out)
{
	fwrite(out->data, 1, out->len, stdout);
	putchar('\n');
	return cmd_flush();
}

static int list_all_json(void)
{
	struct json_list list = {.result = VALETKEY_OK};
	int rc = buf_char(&list.out, '[')
		     ? VALETKEY_ERR_NOMEM
		     : provider_each(see_provider_json, &list);

	if (!rc && buf_char(&list.out, ']'))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = print_json_line(&list.out);
	buf_free(&list.out);
	return rc ? rc : list.result;
}

static int show_provider_json(const char *name)
{
	struct record provider = {0};
	struct problem problem = {0};
	struct buf out = {0};
	int rc = provider_load(name, &provider, &problem);

	if (rc)
		rc = cmd_fail_provider(name, &problem);
	else if (add_provider_json(&out, name, &provider))
		rc = VALETKEY_ERR_NOMEM;
	else
		rc = print_json_line(&out);
	buf_free(&out);
	record_free(&provider);
	return rc;
}

/* ---- one ---- */

/* Each value on a line of its own. */
static int add_lines(struct buf *out, const char *label,
		     const struct record *provider, const char *key)
{
	const char *value = NULL;
	int rc = 0;

	while (!rc && (value = record_next(provider, key, value))) {
		bool any = strcmp(value, "*") == 0;

		rc = buf_fmt(out, "%-15s ", label) ||
		     cmd_wrap(out, 16, any ? "(any host)" : value);
		label = "";
	}
	return rc;
}

/* For a parameter's value, which nobody has given yet: its name in capitals. */
static int add_capitals(struct record *keys, const char *line)
{
	struct provider_parameter parameter;

	if (!provider_parameter_read(line, &parameter))
		return 0; /* provider_resolve() tells */
	for (char *c = parameter.name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return record_add(keys, parameter.key, parameter.name);
}

/* What the file says for this kind of client, with words in capitals for what
 * the person is yet to choose: https://your-host for the instance, if there
 * are several. */
static int fill_in_open(const struct record *provider, const char *kind,
			struct record *resolved, struct problem *problem)
{
	char base[PROVIDER_BASE_MAX];
	struct record keys = {0};
	const struct provider_choice choice = {kind, base, &keys};
	const char *line = NULL;
	int rc = 0;

	if (provider_instance(provider, NULL, base, problem))
		snprintf(base, sizeof(base), "https://your-host");
	while (!rc && (line = record_next(provider, "parameter[]", line)))
		rc = add_capitals(&keys, line);
	rc = rc ? problem_no_memory(problem)
		: provider_resolve(provider, &choice, resolved, problem);
	record_free(&keys);
	return rc;
}

static int add_kind(struct buf *out, const struct record *provider,
		    const struct record *resolved, const char *kind)
{
	const char *name = provider_of_kind(provider, kind, "name");
	const char *use = provider_of_kind(provider, kind, "use");
	const char *grant = provider_of_kind(provider, kind, "grant");
	const char *step = NULL;
	unsigned n = 0;
	int rc = buf_fmt(out, "\n--client %s: %s\n", kind, name ? name : kind);

	if (!rc && use)
		rc = buf_str(out, "    ") || cmd_wrap(out, 4, use);
	rc = rc || buf_fmt(out, "    grant: %s\n",
			   grant ? grant : "authorization_code");
	while (!rc && (step = record_next(resolved, "step[]", step)))
		rc = buf_fmt(out, "    %2u. ", ++n) || cmd_wrap(out, 8, step);
	return rc;
}

/* All kinds, each on its own. */
static int add_kinds(struct buf *out, const struct record *provider,
		     struct problem *problem)
{
	const char *kind = NULL;
	int rc = VALETKEY_OK;

	while (!rc && (kind = record_next(provider, "client[]", kind))) {
		struct record resolved = {0};

		rc = fill_in_open(provider, kind, &resolved, problem);
		if (!rc && add_kind(out, provider, &resolved, kind))
			rc = problem_no_memory(problem);
		record_free(&resolved);
	}
	return rc;
}

static int show_provider(const char *name)
{
	struct record provider = {0}, usual = {0};
	struct problem problem = {0};
	struct buf out = {0};
	const char *title;
	int rc = provider_load(name, &provider, &problem);

	if (rc)
		return cmd_fail_provider(name, &problem);
	title = record_get(&provider, "name");
	rc = fill_in_open(&provider, NULL, &usual, &problem);
	if (!rc &&
	    (buf_fmt(&out, "%-15s %s\n", name, title ? title : "") ||
	     add_lines(&out, "documentation", &provider, "documentation") ||
	     add_lines(&out, "--instance", &provider, "instance[]") ||
	     add_lines(&out, "hosts below", &provider, "instance_domain[]") ||
	     add_lines(&out, "--set", &provider, "parameter[]") ||
	     add_lines(&out, "scope", &usual, "scope") ||
	     add_lines(&out, "tokens are for", &usual, "hosts[]")))
		rc = problem_no_memory(&problem);
	if (!rc)
		rc = add_kinds(&out, &provider, &problem);
	print_text(&out);
	record_free(&usual);
	record_free(&provider);
	return rc ? cmd_fail_problem(&problem) : rc;
}

/* ---- --check ---- */

/* What each line of a provider's file means, and what is wrong with it, as
 * FILE:LINE, the way that compilers tell. A file without an error is one that
 * works. */

#define VALUE_MAX 60
#define FILE_MAX (64u << 10) /* the longest shipped one has 8,000 bytes */

struct told {
	const char *file;
	struct buf out;
	unsigned keys, errors, warnings;
	bool no_memory;
};

static void note_memory(struct told *told, int failed)
{
	if (failed)
		told->no_memory = true;
}

static void tell_line(void *data, const struct provider_line *line)
{
	struct told *told = data;
	size_t len = strlen(line->value);

	told->keys++;
	note_memory(told, buf_fmt(&told->out, "%s:%u: %s=%.*s%s\n", told->file,
				  line->number, line->key,
				  (int)(len > VALUE_MAX ? VALUE_MAX - 3 : len),
				  line->value, len > VALUE_MAX ? "..." : ""));
	if (line->meaning)
		note_memory(told,
			    buf_fmt(&told->out, "        %s\n", line->meaning));
}

static void tell_finding(void *data, unsigned number, bool error,
			 const char *text)
{
	struct told *told = data;
	const char *what = error ? "error" : "warning";

	if (error)
		told->errors++;
	else
		told->warnings++;
	if (number)
		note_memory(told, buf_fmt(&told->out, "%s:%u: %s: %s\n",
					  told->file, number, what, text));
	else
		note_memory(told, buf_fmt(&told->out, "%s: %s: %s\n",
					  told->file, what, text));
}

static int read_provider_text(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	int rc = VALETKEY_OK;
	char part[4096];
	size_t n;

	if (!file)
		return cmd_fail(VALETKEY_ERR_ARG, "%s cannot be read: %s.",
				path, strerror(errno));
	while (!rc && (n = fread(part, 1, sizeof(part), file)) > 0)
		if (text->len + n > FILE_MAX)
			rc = cmd_fail(VALETKEY_ERR_ARG,
				      "%s is too long for a provider's file: "
				      "%u bytes at most.",
				      path, FILE_MAX);
		else if (buf_add(text, part, n))
			rc = VALETKEY_ERR_NOMEM;
	if (!rc && ferror(file))
		rc = cmd_fail(VALETKEY_ERR_ARG, "%s cannot be read: %s.", path,
			      strerror(errno));
	fclose(file);
	return rc;
}

static void check_file_name(struct told *told)
{
	const char *slash = strrchr(told->file, '/');

	if (!provider_file_ok(slash ? slash + 1 : told->file))
		tell_finding(
		    told, 0, false,
		    "It is not used under this name. Call it NAME.conf, with "
		    "NAME of [a-z0-9-], a letter or digit first.");
}

/* As it is here: where it is going to be used it may be another's. */
static void check_file_owner(struct told *told)
{
	struct problem problem = {0};
	struct record unread = {0};
	struct stat st;

	if (stat(told->file, &st) == 0 && S_ISREG(st.st_mode) &&
	    account_read_file(told->file, false, &unread, NULL) ==
		VALETKEY_ERR_ACCOUNT &&
	    unusable_because(told->file, false, &problem))
		tell_finding(told, 0, false, problem.text);
	record_free(&unread);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* Tells what each line means; ERR_ARG if the file is bad. */
static int check_provider_file(const char *path)
{
	struct told told = {.file = path};
	const struct provider_reader reader = {tell_line, tell_finding, &told};
	struct buf text = {0};
	int rc = read_provider_text(path, &text);

	if (!rc)
		rc = provider_check(buf_text(&text), text.len, &reader);
	if (!rc)
		check_file_name(&told);
	if (!rc)
		check_file_owner(&told);
	if (!rc && told.no_memory)
		rc = VALETKEY_ERR_NOMEM;
	terminal_put(stdout, buf_text(&told.out), told.out.len);
	if (!rc) {
		printf("%u key%s, %u error%s, %u warning%s\n", told.keys,
		       plural(told.keys), told.errors, plural(told.errors),
		       told.warnings, plural(told.warnings));
		rc = told.errors ? VALETKEY_ERR_ARG : VALETKEY_OK;
		cmd_is_told();
	}
	buf_free(&told.out);
	buf_free(&text);
	return rc;
}

/* ---- the verb ---- */

/* The person's own ones may be missing from what was printed. */
static int check_folder(void)
{
	struct problem problem = {0};

	return unusable_folder("providers", &problem)
		   ? cmd_fail_problem(&problem)
		   : VALETKEY_OK;
}

static int run_json(const struct cmd_args *args)
{
	int rc =
	    args->account ? show_provider_json(args->account) : list_all_json();

	return rc ? rc : check_folder();
}

static int run_providers(struct cmd_args *args)
{
	const char *check = cmd_option(args, "check");
	bool json = cmd_option(args, "json") != NULL;
	int result, rc;

	if (check && (args->account || json))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--check FILE stands alone, without %s.",
				json ? "--json" : "a NAME");
	if (json)
		return run_json(args);
	if (check)
		result = check_provider_file(check);
	else
		result =
		    args->account ? show_provider(args->account) : list_all();
	rc = cmd_flush();
	if (!rc && !result && !check)
		rc = check_folder();
	return result ? result : rc;
}
