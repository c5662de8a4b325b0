/* SPDX-License-Identifier: MIT */
/*
 * notify.c - see notify.h. What is shown is in the programs' arguments, so it is
 * never anything secret.
 */
#include "notify.h"

#include "command/child.h"
#include "command/command.h"
#include "core/buf.h"

#include <unistd.h>

#define LIMIT_S 5
#define NOTIFICATIONS "org.freedesktop.Notifications"

/* Without a bus the programs would look for one on an X server. */
static bool session_bus_is_there(void)
{
	const char *folder = cmd_environment("XDG_RUNTIME_DIR");
	struct buf path = {0};
	bool there = cmd_environment("DBUS_SESSION_BUS_ADDRESS") ||
		     (folder && buf_fmt(&path, "%s/bus", folder) == 0 &&
		      access(path.data, F_OK) == 0);

	buf_free(&path);
	return there;
}

bool notify_show(const char *title, const char *text, bool urgent)
{
	const char *const by_notify_send[] = {"notify-send",
					      "--app-name=valetkey",
					      "--icon=dialog-password",
					      urgent ? "--urgency=critical"
						     : "--urgency=normal",
					      "--",
					      title,
					      text,
					      NULL};
	/* Notify(app, replaces, icon, title, text, actions, hints, expires) */
	const char *const by_busctl[] = {"busctl",
					 "--user",
					 "--",
					 "call",
					 NOTIFICATIONS,
					 "/org/freedesktop/Notifications",
					 NOTIFICATIONS,
					 "Notify",
					 "susssasa{sv}i",
					 "valetkey",
					 "0",
					 "dialog-password",
					 title,
					 text,
					 "0",
					 "1",
					 "urgency",
					 "y",
					 urgent ? "2" : "1",
					 "-1",
					 NULL};
	int status;

	if (!session_bus_is_there())
		return false;
	status = cmd_child_within(by_notify_send, LIMIT_S);
	if (status < 0)
		status = cmd_child_within(by_busctl, LIMIT_S);
	return status == 0;
}
