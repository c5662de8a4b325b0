/* SPDX-License-Identifier: MIT */
/*
 * error.c - what a failed D-Bus call means to a person: a result, the
 * reason, and the next thing to do. If we do not know it, the service's own
 * words follow, quoted. Called by session.c and unlock.c.
 */
#include "session.h"

#include <valetkey.h>

#define NO_COLLECTION                                                         \
	"The keyring has no default collection. Create one in the keyring's " \
	"manager, and make it the default; without a desktop: "               \
	"gnome-keyring-daemon --unlock"

/* What D-Bus errors mean; the first whose name begins like this counts, and
 * the last is any other. */
static const struct meaning {
	const char *name;
	int result;
	const char *text;
} meanings[] = {
    {"org.freedesktop.Secret.Error.IsLocked", VALETKEY_ERR_LOCKED,
     "The keyring is locked. Unlock it: in the keyring's manager, by logging "
     "in to the desktop, or in its dialog: valetkey token ACCOUNT "
     "--interactive"},
    {"org.freedesktop.Secret.Error.NoSuchObject", VALETKEY_ERR_NO_KEYRING,
     NO_COLLECTION},
    {"org.freedesktop.DBus.Error.Unknown", VALETKEY_ERR_NO_KEYRING,
     NO_COLLECTION},
    {"org.freedesktop.DBus.Error.ServiceUnknown", VALETKEY_ERR_NO_KEYRING,
     "No keyring service is running. Install and start one: gnome-keyring, "
     "KWallet or KeePassXC (with its Secret Service switched on)."},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", VALETKEY_ERR_NO_KEYRING,
     "The keyring service has stopped. Start it again."},
    {"org.freedesktop.DBus.Error.NoReply", VALETKEY_ERR_NO_KEYRING,
     "The keyring service stopped while it was being asked. Start it again."},
    {"org.freedesktop.DBus.Error.Spawn", VALETKEY_ERR_NO_KEYRING,
     "The keyring service does not start. See the desktop's log."},
    {"org.freedesktop.DBus.Error.Time", VALETKEY_ERR_TIMEOUT,
     "The keyring did not answer in time. Try again."},
    {"org.freedesktop.DBus.Error.Disconnected", VALETKEY_ERR_NO_BUS,
     "The D-Bus session bus has closed the connection."},
    {"org.freedesktop.DBus.Error.NoMemory", VALETKEY_ERR_NOMEM,
     "The keyring is out of memory."},
    {"", VALETKEY_ERR_DENIED, "The keyring refused."},
};

int keyring_locked(struct problem *problem)
{
	return problem_set(problem, meanings[0].result, "%s", meanings[0].text);
}

int keyring_no_collection(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NO_KEYRING, "%s",
			   NO_COLLECTION);
}

int keyring_no_new_collection(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_NO_KEYRING,
			   "The keyring has no default collection, and its "
			   "dialog to create one was closed, or could not be "
			   "shown here. Create one in the keyring's manager, "
			   "and make it the default; or repeat the command, "
			   "and choose a password in the dialog.");
}

int keyring_unasked(struct problem *problem)
{
	return problem_set(problem, VALETKEY_ERR_LOCKED,
			   "The keyring wants to ask you something first. Run "
			   "the command at a terminal, or unlock the keyring "
			   "in its manager.");
}

/* An error of this side: no answer came, or not a proper one. */
static int explain_own(const GError *error, const char *quote,
		       struct problem *problem)
{
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return problem_set(problem, VALETKEY_ERR_TIMEOUT,
				   "The keyring did not answer in time. One of "
				   "its dialogs may be waiting for you.");
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT) ||
	    error->domain == SECRET_ERROR)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The keyring's answer is invalid. (%s)",
				   quote);
	return problem_set(problem, VALETKEY_ERR_NO_BUS,
			   "The D-Bus session bus cannot be reached. Log in to "
			   "the desktop again. (%s)",
			   quote);
}

int keyring_explain(GError *error, struct problem *problem)
{
	const struct meaning *meaning = meanings;
	char quote[PROBLEM_QUOTE_MAX];
	char *name = g_dbus_error_get_remote_error(error);
	int rc;

	g_dbus_error_strip_remote_error(error);
	problem_quote(quote, error->message);
	if (name) {
		while (!g_str_has_prefix(name, meaning->name))
			meaning++;
		rc = *meaning->name
			 ? problem_set(problem, meaning->result, "%s",
				       meaning->text)
			 : problem_set(problem, meaning->result, "%s (%s)",
				       meaning->text, quote);
	} else {
		rc = explain_own(error, quote, problem);
	}
	g_free(name);
	g_error_free(error);
	return rc;
}
