/* SPDX-License-Identifier: MIT */
/*
 * proxy_service.c - see proxy_service.h. No unit has anything secret in it, and
 * what the service prints goes to the journal: it prints no secret either.
 */
#include "proxy_service.h"

#include "command/child.h"
#include "command/terminal.h"
#include "core/account.h"
#include "proxy_file.h"
#include "proxy_secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE "300"
#define LISTEN "ListenStream="
#define PORT_PREFIX LISTEN "127.0.0.1:"

/* ---- names ---- */

/* In the name of a unit '@' would make it a template's. */
static int add_unit(const struct proxy_service *service, const char *suffix,
		    struct buf *out)
{
	int rc = buf_str(out, "valetkey-proxy-");

	for (const char *c = service->account; !rc && *c; c++)
		rc = *c == '@' ? buf_str(out, "\\x40") : buf_char(out, *c);
	return rc || buf_str(out, suffix) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int unit_path(const struct proxy_service *service, const char *suffix,
		     struct buf *path)
{
	int rc = account_config_home(path);

	if (!rc && buf_str(path, "/systemd/user/"))
		rc = VALETKEY_ERR_NOMEM;
	return rc ? rc : add_unit(service, suffix, path);
}

/* ---- what stands in the units ---- */

/* A word of a unit's file, in quotes (systemd.service(5)). */
static int add_quoted(struct buf *out, const char *text)
{
	int rc = buf_char(out, '"');

	for (; !rc && *text; text++)
		rc = (strchr("\"\\", *text) && buf_char(out, '\\')) ||
		     (strchr("%$", *text) && buf_char(out, *text)) ||
		     buf_char(out, *text);
	return rc || buf_char(out, '"');
}

/* A path as it stands, but for what systemd would put in place of %
 * (systemd.unit(5)). */
static int add_path(struct buf *out, const char *path)
{
	int rc = 0;

	for (; !rc && *path; path++)
		rc = (*path == '%' && buf_char(out, '%')) ||
		     buf_char(out, *path);
	return rc;
}

static int write_socket_unit(const struct proxy_service *service,
			     const struct proxy_listener *listener,
			     struct buf *out)
{
	int rc = buf_fmt(out,
			 "[Unit]\nDescription=valetkey proxy of account "
			 "%s\n\n[Socket]\n",
			 service->account);

	if (!rc && listener->path)
		rc = buf_str(out, LISTEN) || add_path(out, listener->path) ||
		     buf_str(out, "\nSocketMode=0600\nDirectoryMode=0700\n"
				  "RemoveOnStop=yes\n");
	else if (!rc)
		rc = buf_fmt(out, PORT_PREFIX "%u\n", listener->port);
	return rc || buf_str(out, "\n[Install]\nWantedBy=sockets.target\n");
}

static int add_program(struct buf *out)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return -1;
	path[len] = '\0';
	return buf_str(out, "ExecStart=") || add_quoted(out, path);
}

/* The folders that it is to find, if they are not the usual ones. */
static int add_folders(struct buf *out)
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
			     add_quoted(out, pair.data) || buf_char(out, '\n');
		buf_free(&pair);
	}
	return rc;
}

/* The helper, which may be at work on a new token, is left to finish it. */
static int write_service_unit(const struct proxy_service *service,
			      struct buf *out)
{
	static const char *const flags[] = {"cookies", "http2",
					    "secret-in-path", NULL};
	const char *host = cmd_option(service->args, "host");
	int rc = buf_fmt(out,
			 "[Unit]\nDescription=valetkey proxy of account "
			 "%s\nRequires=",
			 service->account) ||
		 add_unit(service, ".socket\n\n[Service]\n", out) ||
		 add_program(out) || buf_str(out, " proxy ") ||
		 add_quoted(out, service->account) ||
		 buf_str(out, " --service --idle " IDLE);

	if (!rc && host)
		rc = buf_str(out, " --host ") || add_quoted(out, host);
	for (const char *const *flag = flags; !rc && *flag; flag++)
		if (cmd_option(service->args, *flag))
			rc = buf_fmt(out, " --%s", *flag);
	return rc || buf_char(out, '\n') || add_folders(out) ||
	       buf_str(out, "KillMode=process\nLimitCORE=0\n");
}

/* ---- where it listens ---- */

/* The reverse of add_path(). */
static void read_path(const char *text, struct proxy_listener *listener)
{
	size_t len = 0;

	for (; *text; text++) {
		if (len + 1 == sizeof(listener->place))
			return;
		listener->place[len++] = *text;
		if (text[0] == '%' && text[1] == '%')
			text++;
	}
	listener->place[len] = '\0';
	listener->path = listener->place;
}

/* What a unit of ours says; unchanged if there is none. */
static void read_socket_unit(const char *path, struct proxy_listener *listener)
{
	FILE *file = fopen(path, "re");
	char line[sizeof(LISTEN) + 2 * sizeof(listener->place)];
	long port;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, LISTEN "/", strlen(LISTEN "/")) == 0) {
			read_path(line + strlen(LISTEN), listener);
		} else if (strncmp(line, PORT_PREFIX, strlen(PORT_PREFIX)) ==
			   0) {
			port = strtol(line + strlen(PORT_PREFIX), NULL, 10);
			if (port > 0 && port <= UINT16_MAX)
				listener->port = (uint16_t)port;
		}
	}
	if (file)
		fclose(file);
}

/* A line of a unit ends at a newline, and a backslash there continues it. */
static int check_service_path(const char *path)
{
	size_t len = strlen(path);

	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			len = 0;
	if (!len || strchr(" /\\", path[len - 1]))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A service's socket has no control characters "
				"in its path, and no space, slash or backslash "
				"at its end.");
	return proxy_listen_check(path);
}

static int read_service_place(const struct proxy_service *service,
			      struct proxy_listener *listener)
{
	struct buf path = {0};
	int rc = unit_path(service, ".socket", &path);

	if (!rc)
		read_socket_unit(path.data, listener);
	buf_free(&path);
	return rc;
}

int proxy_service_place(const struct proxy_service *service,
			struct proxy_listener *listener)
{
	bool rotate = cmd_option(service->args, "rotate");
	bool given = !rotate && (listener->path || listener->port);
	int rc = given ? VALETKEY_OK : read_service_place(service, listener);

	if (!rc && listener->path)
		return check_service_path(listener->path);
	if (rc || listener->port)
		return rc;
	if (rotate)
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no service yet. Run: valetkey proxy "
				"%s --service",
				service->account);
	rc = proxy_listen_port(0, listener);
	if (!rc)
		close(listener->fd);
	listener->fd = -1;
	return rc;
}

/* ---- systemd ---- */

static bool run_systemctl(const char *verb, const char *option,
			  const char *unit)
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

static bool systemd_answers(void)
{
	return run_systemctl("show-environment", NULL, NULL);
}

static int write_units(const struct proxy_service *service,
		       const struct proxy_listener *listener)
{
	struct buf socket = {0}, unit = {0}, path = {0};
	int rc = write_socket_unit(service, listener, &socket) ||
			 write_service_unit(service, &unit)
		     ? VALETKEY_ERR_NOMEM
		     : unit_path(service, ".socket", &path);

	if (!rc)
		rc = proxy_file_write(path.data, &socket);
	if (!rc)
		cmd_fail(0, "Wrote %s", path.data);
	buf_clear(&path);
	if (!rc)
		rc = unit_path(service, ".service", &path);
	if (!rc)
		rc = proxy_file_write(path.data, &unit);
	if (!rc)
		cmd_fail(0, "Wrote %s", path.data);
	buf_free(&socket);
	buf_free(&unit);
	buf_free(&path);
	return rc;
}

/* A line for the person to type. */
static void show_line(const char *words, const struct buf *unit)
{
	terminal_say(TERMINAL_PLAIN, "  systemctl --user %s%s%s%s\n", words,
		     unit ? " '" : "", unit ? unit->data : "", unit ? "'" : "");
}

/* The next client meets the new secret. */
static void stop_service(const struct buf *unit, bool answers)
{
	if (answers) {
		run_systemctl("stop", NULL, unit->data);
		return;
	}
	cmd_fail(0, "systemd does not answer here. Where it does, run:");
	show_line("stop", unit);
}

static int start_socket(const struct buf *socket, bool answers)
{
	if (!answers) {
		show_line("daemon-reload", NULL);
		show_line("enable --now", socket);
		return VALETKEY_OK;
	}
	run_systemctl("daemon-reload", NULL, NULL);
	run_systemctl("enable", NULL, socket->data);
	if (run_systemctl("restart", NULL, socket->data))
		return VALETKEY_OK;
	return cmd_fail(VALETKEY_ERR_DENIED,
			"systemd does not start it. See: systemctl --user "
			"status '%s'",
			socket->data);
}

int proxy_service_install(const struct proxy_service *service,
			  const struct proxy_listener *listener)
{
	bool rotate = cmd_option(service->args, "rotate");
	bool answers = systemd_answers();
	struct buf socket = {0}, unit = {0};
	int rc = rotate ? VALETKEY_OK : write_units(service, listener);

	if (!rc)
		rc = add_unit(service, ".socket", &socket);
	if (!rc)
		rc = add_unit(service, ".service", &unit);
	if (!rc)
		stop_service(&unit, answers);
	if (!rc && !rotate)
		rc = start_socket(&socket, answers);
	buf_free(&socket);
	buf_free(&unit);
	return rc;
}

static int remove_unit(const struct proxy_service *service, const char *suffix)
{
	struct buf path = {0};
	int rc = unit_path(service, suffix, &path);

	if (!rc && unlink(path.data) == 0)
		cmd_fail(0, "Removed %s", path.data);
	else if (!rc && errno != ENOENT)
		rc = cmd_fail(VALETKEY_ERR_DENIED, "Cannot remove %s: %s.",
			      path.data, strerror(errno));
	buf_free(&path);
	return rc;
}

int proxy_service_remove(const struct proxy_service *service)
{
	struct buf socket = {0}, unit = {0};
	bool answers = systemd_answers();
	int rc = add_unit(service, ".socket", &socket);

	if (!rc)
		rc = add_unit(service, ".service", &unit);
	if (!rc && answers) {
		run_systemctl("disable", "--now", socket.data);
		run_systemctl("stop", NULL, unit.data);
	}
	if (!rc)
		rc = remove_unit(service, ".socket");
	if (!rc)
		rc = remove_unit(service, ".service");
	if (!rc)
		proxy_secret_forget(service->account);
	if (!rc && answers)
		run_systemctl("daemon-reload", NULL, NULL);
	buf_free(&socket);
	buf_free(&unit);
	return rc;
}
