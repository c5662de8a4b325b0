/* SPDX-License-Identifier: MIT */
/*
 * unit.c - see unit.h.
 */
#include "unit.h"

#include "command/child.h"
#include "command/command.h"
#include "command/terminal.h"
#include "core/account.h"
#include "private_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int unit_path(const char *name, struct buf *path)
{
	int rc = account_config_home(path);

	if (!rc && buf_fmt(path, "/systemd/user/%s", name))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

/* ---- what stands in it ---- */

/* What systemd reads as something else there is `doubled`. */
static int add_unit_text(struct buf *out, const char *text, const char *doubled)
{
	int rc = buf_char(out, '"');

	for (; !rc && *text; text++)
		rc = (strchr("\"\\", *text) && buf_char(out, '\\')) ||
		     (strchr(doubled, *text) && buf_char(out, *text)) ||
		     buf_char(out, *text);
	return rc || buf_char(out, '"');
}

int unit_add_quoted(struct buf *out, const char *text)
{
	return add_unit_text(out, text, "%$");
}

int unit_add_program(struct buf *out)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return -1;
	path[len] = '\0';
	return buf_str(out, "ExecStart=") || unit_add_quoted(out, path);
}

int unit_add_path(struct buf *out, const char *path)
{
	int rc = 0;

	for (; !rc && *path; path++)
		rc = (*path == '%' && buf_char(out, '%')) ||
		     buf_char(out, *path);
	return rc;
}

int unit_add_folders(struct buf *out)
{
	static const char *const names[] = {"XDG_CONFIG_HOME", "XDG_STATE_HOME",
					    NULL};
	int rc = 0;

	for (const char *const *name = names; !rc && *name; name++) {
		const char *value = cmd_environment(*name);
		struct buf pair = {0};

		if (value)
			rc = buf_fmt(&pair, "%s=%s", *name, value) ||
			     buf_str(out, "Environment=") ||
			     /* Two $ would be two (systemd.exec(5)). */
			     add_unit_text(out, pair.data, "%") ||
			     buf_char(out, '\n');
		buf_free(&pair);
	}
	return rc;
}

int unit_write(const char *name, const struct buf *text)
{
	struct buf path = {0};
	int rc = unit_path(name, &path);

	if (!rc)
		rc = private_file_write(path.data, text);
	if (!rc)
		cmd_fail(0, "Wrote %s", path.data);
	buf_free(&path);
	return rc;
}

int unit_remove(const char *name)
{
	struct buf path = {0};
	int rc = unit_path(name, &path);

	if (!rc && unlink(path.data) == 0)
		cmd_fail(0, "Removed %s", path.data);
	else if (!rc && errno != ENOENT)
		rc = cmd_fail(VALETKEY_ERR_DENIED, "Cannot remove %s: %s.",
			      path.data, strerror(errno));
	buf_free(&path);
	return rc;
}

/* ---- systemd ---- */

bool unit_systemctl(const char *verb, const char *option, const char *unit)
{
	const char *argv[6] = {"systemctl", "--user", verb};
	struct buf out = {0};
	size_t n = 3;
	int status;

	if (option)
		argv[n++] = option;
	if (unit)
		argv[n++] = unit;
	status = cmd_child_output(argv, &out);
	buf_free(&out);
	return status == 0;
}

bool unit_systemd_answers(void)
{
	return unit_systemctl("show-environment", NULL, NULL);
}

void unit_show_line(const char *words, const char *unit)
{
	terminal_say(TERMINAL_PLAIN, "  systemctl --user %s%s%s%s\n", words,
		     unit ? " '" : "", unit ? unit : "", unit ? "'" : "");
}

int unit_start(const char *name, bool answers)
{
	if (!answers) {
		unit_show_line("daemon-reload", NULL);
		unit_show_line("enable --now", name);
		return VALETKEY_OK;
	}
	unit_systemctl("daemon-reload", NULL, NULL);
	unit_systemctl("enable", NULL, name);
	if (unit_systemctl("restart", NULL, name))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_DENIED,
			"systemd does not start it. See: systemctl --user "
			"status '%s'",
			name);
}

int unit_discard(const char *name, const char *service)
{
	bool answers = unit_systemd_answers();
	int rc;

	if (answers)
		unit_systemctl("disable", "--now", name);
	rc = unit_remove(name);
	if (!rc)
		rc = unit_remove(service);
	if (answers)
		unit_systemctl("daemon-reload", NULL, NULL);
	return rc;
}
