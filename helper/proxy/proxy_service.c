/* SPDX-License-Identifier: MIT */
/*
 * proxy_service.c - see proxy_service.h. No unit has anything secret in it, and
 * what the service prints goes to the journal: it prints no secret either.
 */
#include "proxy_service.h"

#include "command/terminal.h"
#include "proxy_secret.h"
#include "service/unit.h"

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

/* ---- what stands in the units ---- */

static int write_socket_unit(const struct proxy_service *service,
			     const struct proxy_listener *listener,
			     struct buf *out)
{
	int rc = buf_fmt(out,
			 "[Unit]\nDescription=valetkey proxy of account "
			 "%s\n\n[Socket]\n",
			 service->account);

	if (!rc && listener->path)
		rc = buf_str(out, LISTEN) ||
		     unit_add_path(out, listener->path) ||
		     buf_str(out, "\nSocketMode=0600\nDirectoryMode=0700\n"
				  "RemoveOnStop=yes\n");
	else if (!rc)
		rc = buf_fmt(out, PORT_PREFIX "%u\n", listener->port);
	return rc || buf_str(out, "\n[Install]\nWantedBy=sockets.target\n");
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
		 unit_add_program(out) || buf_str(out, " proxy ") ||
		 unit_add_quoted(out, service->account) ||
		 buf_str(out, " --service --idle " IDLE);

	if (!rc && host)
		rc = buf_str(out, " --host ") || unit_add_quoted(out, host);
	for (const char *const *flag = flags; !rc && *flag; flag++)
		if (cmd_option(service->args, *flag))
			rc = buf_fmt(out, " --%s", *flag);
	return rc || buf_char(out, '\n') || unit_add_folders(out) ||
	       buf_str(out, "KillMode=process\nLimitCORE=0\n");
}

/* ---- where it listens ---- */

/* The reverse of unit_add_path(). */
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
	struct buf name = {0}, path = {0};
	int rc = add_unit(service, ".socket", &name);

	if (!rc)
		rc = unit_path(name.data, &path);
	if (!rc)
		read_socket_unit(path.data, listener);
	buf_free(&name);
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

static int write_units(const struct proxy_service *service,
		       const struct proxy_listener *listener)
{
	struct buf socket = {0}, unit = {0}, name = {0};
	int rc = write_socket_unit(service, listener, &socket) ||
			 write_service_unit(service, &unit)
		     ? VALETKEY_ERR_NOMEM
		     : add_unit(service, ".socket", &name);

	if (!rc)
		rc = unit_write(name.data, &socket);
	buf_clear(&name);
	if (!rc)
		rc = add_unit(service, ".service", &name);
	if (!rc)
		rc = unit_write(name.data, &unit);
	buf_free(&socket);
	buf_free(&unit);
	buf_free(&name);
	return rc;
}

/* The next client meets the new secret. */
static void stop_service(const struct buf *unit, bool answers)
{
	if (answers) {
		unit_systemctl("stop", NULL, unit->data);
		return;
	}
	cmd_fail(0, "systemd does not answer here. Where it does, run:");
	unit_show_line("stop", unit->data);
}

int proxy_service_install(const struct proxy_service *service,
			  const struct proxy_listener *listener)
{
	bool rotate = cmd_option(service->args, "rotate");
	bool answers = unit_systemd_answers();
	struct buf socket = {0}, unit = {0};
	int rc = rotate ? VALETKEY_OK : write_units(service, listener);

	if (!rc)
		rc = add_unit(service, ".socket", &socket);
	if (!rc)
		rc = add_unit(service, ".service", &unit);
	if (!rc)
		stop_service(&unit, answers);
	if (!rc && !rotate)
		rc = unit_start(socket.data, answers);
	buf_free(&socket);
	buf_free(&unit);
	return rc;
}

int proxy_service_remove(const struct proxy_service *service)
{
	struct buf socket = {0}, unit = {0};
	bool answers = unit_systemd_answers();
	int rc = add_unit(service, ".socket", &socket);

	if (!rc)
		rc = add_unit(service, ".service", &unit);
	if (!rc && answers) {
		unit_systemctl("disable", "--now", socket.data);
		unit_systemctl("stop", NULL, unit.data);
	}
	if (!rc)
		rc = unit_remove(socket.data);
	if (!rc)
		rc = unit_remove(unit.data);
	if (!rc)
		proxy_secret_forget(service->account);
	if (!rc && answers)
		unit_systemctl("daemon-reload", NULL, NULL);
	buf_free(&socket);
	buf_free(&unit);
	return rc;
}
