/* SPDX-License-Identifier: MIT */
/*
 * providers_check.c - `valetkey providers --check FILE`: what each line of a
 * provider's file means, and what is wrong with it, as FILE:LINE, the way that
 * compilers tell. A file without an error is one that works.
 */
#include "client/provider.h"
#include "client/provider_check.h"
#include "command.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 60
#define FILE_MAX (64u << 10) /* the longest shipped one has 8,000 bytes */

struct told {
	const char *file;
	struct buf out;
	unsigned keys, errors, warnings;
	bool no_memory;
};

static void note(struct told *told, int failed)
{
	if (failed)
		told->no_memory = true;
}

static void tell_line(void *data, const struct provider_line *line)
{
	struct told *told = data;
	size_t len = strlen(line->value);

	told->keys++;
	note(told,
	     buf_fmt(&told->out, "%s:%u: %s=%.*s%s\n", told->file, line->number,
		     line->key, (int)(len > VALUE_MAX ? VALUE_MAX - 3 : len),
		     line->value, len > VALUE_MAX ? "..." : ""));
	if (line->meaning)
		note(told, buf_fmt(&told->out, "        %s\n", line->meaning));
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
		note(told, buf_fmt(&told->out, "%s:%u: %s: %s\n", told->file,
				   number, what, text));
	else
		note(told, buf_fmt(&told->out, "%s: %s: %s\n", told->file, what,
				   text));
}

static int read_file(const char *path, struct buf *text)
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

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

int cmd_providers_check(const char *path)
{
	struct told told = {.file = path};
	const struct provider_reader reader = {tell_line, tell_finding, &told};
	struct buf text = {0};
	int rc = read_file(path, &text);

	if (!rc)
		rc = provider_check(buf_text(&text), text.len, &reader);
	if (!rc)
		check_file_name(&told);
	if (!rc && told.no_memory)
		rc = VALETKEY_ERR_NOMEM;
	terminal_put(stdout, buf_text(&told.out), told.out.len);
	if (rc == VALETKEY_ERR_NOMEM)
		cmd_fail(rc, "Out of memory.");
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
