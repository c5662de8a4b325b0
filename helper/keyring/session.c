/* SPDX-License-Identifier: MIT */
/*
 * session.c - see session.h.
 *
 * libsecret gives the encrypted session, and memory that is never swapped out.
 * The calls are made here: its item and collection objects ask for properties
 * that nobody needs, its convenience functions open dialogs, and its prompts
 * wait for ever if the keyring hangs.
 */
#include "session.h"

#include "core/clock.h"
#include <valetkey.h>

#include <gio/gio.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where the session bus is ---- */

/* One place is tried after the other. */

/* Addresses with ';' between them; none has one in it unescaped. */
#define BUS_VARIABLE "DBUS_SESSION_BUS_ADDRESS"

static void add_given(GPtrArray *addresses)
{
	const char *given = getenv(BUS_VARIABLE);
	char **all = g_strsplit(given ? given : "", ";", 0);

	/* GLib does not know unix:runtime=yes, which is the next place. */
	for (char **at = all; *at; at++)
		if (g_str_has_prefix(*at, "unix:") &&
		    g_dbus_is_supported_address(*at, NULL))
			g_ptr_array_add(addresses, g_strdup(*at));
	g_strfreev(all);
}

static void add_runtime(GPtrArray *addresses)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path, *escaped;
	struct stat info;

	if (!runtime || *runtime != '/')
		return;
	path = g_strconcat(runtime, "/bus", NULL);
	if (stat(path, &info) == 0 && S_ISSOCK(info.st_mode)) {
		escaped = g_dbus_address_escape_value(path);
		g_ptr_array_add(addresses,
				g_strconcat("unix:path=", escaped, NULL));
		g_free(escaped);
	}
	g_free(path);
}

/*
 * The addresses, for g_strfreev(): those of the variable that are sockets of this
 * machine, then the runtime directory's, because a variable may have outlived
 * its session. Nothing that would start a program is among them.
 */
static char **bus_addresses(void)
{
	GPtrArray *addresses = g_ptr_array_new();

	add_given(addresses);
	add_runtime(addresses);
	g_ptr_array_add(addresses, NULL);
	return (char **)g_ptr_array_free(addresses, FALSE);
}

/* ---- calls ---- */

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define OUTLAST_TRIES 200
#define SESSION "org.freedesktop.Secret.Session"
#define PROMPT "org.freedesktop.Secret.Prompt"
#define STEP_MS 1000
#define QUIET_MS 2000	/* for a prompt that shows no dialog */
#define GIVE_UP_MS 2000 /* after the deadline */

static gboolean on_timer(GSource *source, GSourceFunc function, gpointer data)
{
	(void)function;
	(void)data;
	g_source_set_ready_time(source, -1);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_functions = {.dispatch = on_timer};

/* As the watchdog does it (store/lock.h). */
static void end_process(void)
{
	signal(SIGALRM, SIG_DFL);
	raise(SIGALRM);
}

/*
 * Lets the bus speak, for a second at most: GLib's clock stands still during
 * suspend, the deadline's does not. At the deadline `cancel` is cancelled. Even
 * that does not end a call for which GLib got no thread: the process ends. The
 * timer is set only when it must be: each setting wakes the context at once.
 */
static void session_step(struct keyring *keyring, GCancellable *cancel)
{
	int left = deadline_left(keyring->deadline);
	gint64 wait_ms = left ? MIN(left, STEP_MS) : STEP_MS;
	gint64 due = g_get_monotonic_time() + wait_ms * 1000;
	gint64 set = g_source_get_ready_time(keyring->timer);

	if (left == 0)
		g_cancellable_cancel(cancel);
	if (clock_ms() - GIVE_UP_MS > keyring->deadline)
		end_process();
	if (set < 0 || set > due)
		g_source_set_ready_time(keyring->timer, due);
	g_main_context_iteration(keyring->context, TRUE);
}

struct wait {
	GCancellable *cancel;
	GAsyncResult *result;
};

static void on_result(GObject *source, GAsyncResult *result, gpointer data)
{
	struct wait *wait = data;

	(void)source;
	wait->result = g_object_ref(result);
}

/* An asynchronous call is started between these two. */
static void wait_begin(struct keyring *keyring, struct wait *wait)
{
	wait->cancel = g_cancellable_new();
	wait->result = NULL;
	g_main_context_push_thread_default(keyring->context);
}

static GAsyncResult *session_wait_end(struct keyring *keyring,
				      struct wait *wait)
{
	while (!wait->result)
		session_step(keyring, wait->cancel);
	g_main_context_pop_thread_default(keyring->context);
	g_object_unref(wait->cancel);
	return wait->result;
}

static const char *keyring_name(struct keyring *keyring)
{
	return g_dbus_proxy_get_name(G_DBUS_PROXY(keyring->service));
}

int keyring_call(struct keyring *keyring, const struct call *call,
		 GVariant **answer, struct problem *problem)
{
	bool to_bus = strcmp(call->interface, BUS_NAME) == 0;
	GError *error = NULL;
	GVariant *got;
	struct wait wait;

	wait_begin(keyring, &wait);
	g_dbus_connection_call(
	    keyring->bus, to_bus ? BUS_NAME : keyring_name(keyring), call->path,
	    call->interface, call->method, call->arguments,
	    G_VARIANT_TYPE(call->answer), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
	    wait.cancel, on_result, &wait);
	got = g_dbus_connection_call_finish(
	    keyring->bus, session_wait_end(keyring, &wait), &error);
	g_object_unref(wait.result);
	if (answer)
		*answer = got;
	else if (got)
		g_variant_unref(got);
	return error ? keyring_explain(error, problem) : 0;
}

/* Whoever takes the socket of a session that ended is not believed. */
static bool is_own_bus(GDBusConnection *bus)
{
	GIOStream *stream = g_dbus_connection_get_stream(bus);
	GCredentials *peer;
	uid_t uid;

	if (!G_IS_SOCKET_CONNECTION(stream))
		return false;
	peer = g_socket_get_credentials(
	    g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)), NULL);
	uid = peer ? g_credentials_get_unix_user(peer, NULL) : (uid_t)-1;
	g_clear_object(&peer);
	return uid == geteuid() || uid == 0;
}

static int connect_to(struct keyring *keyring, const char *address,
		      struct problem *problem)
{
	GError *error = NULL;
	struct wait wait;

	wait_begin(keyring, &wait);
	g_dbus_connection_new_for_address(
	    address,
	    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
		G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
	    NULL, wait.cancel, on_result, &wait);
	keyring->bus = g_dbus_connection_new_for_address_finish(
	    session_wait_end(keyring, &wait), &error);
	g_object_unref(wait.result);
	if (error)
		return keyring_explain(error, problem);
	if (is_own_bus(keyring->bus))
		return 0;
	g_clear_object(&keyring->bus);
	return problem_set(problem, VALETKEY_ERR_NO_BUS,
			   "The D-Bus session bus belongs to another user.");
}

/* It was set, and led nowhere. */
static int explain_variable(const char *given, struct problem *problem)
{
	char address[PROBLEM_QUOTE_MAX];

	return problem_set(
	    problem, VALETKEY_ERR_NO_BUS,
	    "There is no D-Bus session bus of yours where " BUS_VARIABLE
	    " says: its session may have ended. Log in to the desktop again, "
	    "or set the variable as a new terminal there has it. (%s)",
	    problem_quote(address, given));
}

int keyring_connect(struct keyring *keyring, struct problem *problem)
{
	const char *given = getenv(BUS_VARIABLE);
	char **addresses = bus_addresses();
	struct problem kept = *problem;
	int rc;

	keyring->context = g_main_context_new();
	keyring->timer = g_source_new(&timer_functions, sizeof(GSource));
	g_source_attach(keyring->timer, keyring->context);
	rc = problem_set(
	    problem, VALETKEY_ERR_NO_BUS,
	    "There is no D-Bus session bus: " BUS_VARIABLE
	    " names no socket of this machine (unix:...), and "
	    "$XDG_RUNTIME_DIR/bus is not there, or that directory is "
	    "not yours alone to write. Log in to a desktop session, "
	    "or start the program under dbus-run-session.");
	for (char **at = addresses;
	     *at && !keyring->bus && rc != VALETKEY_ERR_TIMEOUT; at++)
		rc = connect_to(keyring, *at, problem);
	if (rc && rc != VALETKEY_ERR_TIMEOUT && *addresses && given && *given)
		rc = explain_variable(given, problem);
	if (!rc)
		*problem = kept;
	g_strfreev(addresses);
	return rc;
}

/* Sends it to whoever has the name, which the bus starts if it can. */
static GDBusMessage *send_message(struct keyring *keyring,
				  GDBusMessage *message, GError **error)
{
	GDBusMessage *answer;
	struct wait wait;

	wait_begin(keyring, &wait);
	g_dbus_connection_send_message_with_reply(
	    keyring->bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT,
	    NULL, wait.cancel, on_result, &wait);
	answer = g_dbus_connection_send_message_with_reply_finish(
	    keyring->bus, session_wait_end(keyring, &wait), error);
	g_object_unref(wait.result);
	g_object_unref(message);
	return answer;
}

/* The default collection's path in the answer, owned, or NULL: there is none. */
static char *read_path(GDBusMessage *answer)
{
	GVariant *body = g_dbus_message_get_body(answer);
	char *path = NULL;

	if (body && g_variant_is_of_type(body, G_VARIANT_TYPE("(o)")))
		g_variant_get(body, "(o)", &path);
	if (g_strcmp0(path, "/") == 0)
		g_clear_pointer(&path, g_free);
	return path;
}

/* Whoever answers is the keyring, even if it has no such collection: its unique
 * name comes with the answer. */
static int read_alias(struct keyring *keyring, char **name,
		      struct problem *problem)
{
	GDBusMessage *answer,
	    *message = g_dbus_message_new_method_call(
		SECRETS_NAME, SECRETS_PATH, SECRETS_SERVICE, "ReadAlias");
	GError *error = NULL;
	int rc = 0;

	g_dbus_message_set_body(message, g_variant_new("(s)", "default"));
	answer = send_message(keyring, message, &error);
	if (!answer)
		return keyring_explain(error, problem);
	g_free(*name);
	*name = g_strdup(g_dbus_message_get_sender(answer));
	if (g_strcmp0(*name, BUS_NAME) == 0 &&
	    g_dbus_message_to_gerror(answer, &error))
		rc = keyring_explain(error, problem);
	keyring->collection = read_path(answer);
	g_object_unref(answer);
	return rc;
}

/*
 * gnome-keyring (to 50 at least) may not know a program yet when its first
 * question is answered. A property's getter, or OpenSession, then ends the
 * keyring; this question gets "/", and the next one the truth. A path below
 * /aliases is no way around it: the keyring reads the alias while another thread
 * of it replaces the text.
 */
static int find_keyring(struct keyring *keyring, char **name,
			struct problem *problem)
{
	int rc;

	g_clear_pointer(&keyring->collection, g_free);
	rc = read_alias(keyring, name, problem);
	if (!rc && !keyring->collection)
		rc = read_alias(keyring, name, problem);
	return rc;
}

int keyring_find_collection(struct keyring *keyring, struct problem *problem)
{
	char *name = NULL;
	int rc = find_keyring(keyring, &name, problem);

	g_free(name);
	return rc;
}

/* SecretService's own constructor insists on GLib's shared connection, and on
 * properties and signals; GDBusProxy's takes what it is given. */
static void init_class(gpointer service_class, gpointer data)
{
	GObjectClass *proxy_class = g_type_class_peek(G_TYPE_DBUS_PROXY);

	(void)data;
	G_OBJECT_CLASS(service_class)->constructor = proxy_class->constructor;
}

static GType service_type(void)
{
	GType type = g_type_from_name("ValetkeyService");

	return type ? type
		    : g_type_register_static_simple(
			  SECRET_TYPE_SERVICE, "ValetkeyService",
			  sizeof(SecretServiceClass), init_class,
			  sizeof(SecretService), NULL, G_TYPE_FLAG_NONE);
}

/* Not every keyring ends a session with the connection. */
static void close_session(struct keyring *keyring)
{
	GDBusMessage *message;
	const char *path =
	    keyring->service
		? secret_service_get_session_dbus_path(keyring->service)
		: NULL;

	if (!path)
		return;
	message = g_dbus_message_new_method_call(keyring_name(keyring), path,
						 SESSION, "Close");
	g_dbus_message_set_flags(message,
				 G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
	g_dbus_connection_send_message(
	    keyring->bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_object_unref(message);
}

/* With a unique name and these flags the new object asks the bus nothing. */
int keyring_attach(struct keyring *keyring, struct problem *problem)
{
	GError *error = NULL;
	char *name = NULL;
	int rc;

	close_session(keyring);
	g_clear_object(&keyring->service);
	rc = find_keyring(keyring, &name, problem);
	if (rc)
		goto out;
	keyring->service = g_initable_new(
	    service_type(), NULL, &error, "g-connection", keyring->bus,
	    "g-name", name, "g-object-path", SECRETS_PATH, "g-interface-name",
	    SECRETS_SERVICE, "g-default-timeout", G_MAXINT, "g-flags",
	    G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
		G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
	    NULL);
	rc = error ? keyring_explain(error, problem) : 0;
	if (!rc)
		keyring_look(keyring);
out:
	g_free(name);
	return rc;
}

int keyring_open_session(struct keyring *keyring, struct problem *problem)
{
	GError *error = NULL;
	struct wait wait;

	if (secret_service_get_session_dbus_path(keyring->service))
		return 0;
	wait_begin(keyring, &wait);
	secret_service_ensure_session(keyring->service, wait.cancel, on_result,
				      &wait);
	secret_service_ensure_session_finish(
	    keyring->service, session_wait_end(keyring, &wait), &error);
	g_object_unref(wait.result);
	return error ? keyring_explain(error, problem) : 0;
}

enum ending { WAITING = 0, DONE = 1, DISMISSED = 2 };

/* The prompt's Completed(bv), or NameOwnerChanged(sss): the keyring is gone. */
static void on_ending(GDBusConnection *bus, const char *sender,
		      const char *path, const char *interface,
		      const char *signal, GVariant *arguments, gpointer data)
{
	enum ending *ending = data;
	gboolean dismissed = TRUE;

	(void)bus, (void)sender, (void)path, (void)interface, (void)signal;
	if (g_variant_is_of_type(arguments, G_VARIANT_TYPE("(bv)")))
		g_variant_get_child(arguments, 0, "b", &dismissed);
	*ending = dismissed ? DISMISSED : DONE;
}

static int prompt_problem(struct keyring *keyring, enum ending ending,
			  struct problem *problem)
{
	if (ending == DISMISSED)
		return problem_set(
		    problem, VALETKEY_ERR_CANCELED,
		    "The keyring's dialog was closed, or could not be "
		    "shown here. Unlock the keyring: in its "
		    "manager, or by logging in to the desktop; "
		    "then repeat the command.");
	if (keyring->may_prompt)
		return problem_set(problem, VALETKEY_ERR_TIMEOUT,
				   "Nobody answered the keyring's dialog.");
	return keyring_unasked(problem);
}

/*
 * The prompt's end, which may come before the answer to Prompt. If no dialog
 * may be shown it has a moment to end by itself, as some do, and is taken back.
 */
static int await_ending(struct keyring *keyring, const char *path,
			const enum ending *ending, struct problem *problem)
{
	struct call call = {path, PROMPT, "Prompt", "()",
			    g_variant_new("(s)", "")};
	int64_t deadline = keyring->deadline;
	int rc;

	if (!keyring->may_prompt)
		keyring->deadline = MIN(deadline, deadline_in(QUIET_MS));
	rc = keyring_call(keyring, &call, NULL, problem);
	while (!rc && *ending == WAITING && deadline_left(keyring->deadline))
		session_step(keyring, NULL);
	keyring->deadline = deadline;
	if (*ending == DONE)
		return 0;
	if (rc && rc != VALETKEY_ERR_TIMEOUT)
		return rc;
	if (*ending == WAITING)
		g_dbus_connection_call(keyring->bus, keyring_name(keyring),
				       path, PROMPT, "Dismiss", NULL, NULL,
				       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL,
				       NULL);
	return prompt_problem(keyring, *ending, problem);
}

static int follow_prompt(struct keyring *keyring, const char *path,
			 struct problem *problem)
{
	enum ending ending = WAITING;
	guint ended, gone;
	int rc;

	g_main_context_push_thread_default(keyring->context);
	ended = g_dbus_connection_signal_subscribe(
	    keyring->bus, keyring_name(keyring), PROMPT, "Completed", path,
	    NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_ending, &ending, NULL);
	gone = g_dbus_connection_signal_subscribe(
	    keyring->bus, BUS_NAME, BUS_NAME, "NameOwnerChanged", BUS_PATH,
	    keyring_name(keyring), G_DBUS_SIGNAL_FLAGS_NONE, on_ending, &ending,
	    NULL);
	rc = await_ending(keyring, path, &ending, problem);
	g_dbus_connection_signal_unsubscribe(keyring->bus, ended);
	g_dbus_connection_signal_unsubscribe(keyring->bus, gone);
	g_main_context_pop_thread_default(keyring->context);
	return rc;
}

int keyring_call_prompt(struct keyring *keyring, const struct call *call,
			size_t index, struct problem *problem)
{
	GVariant *answer;
	const char *path;
	int rc = keyring_call(keyring, call, &answer, problem);

	if (rc)
		return rc;
	g_variant_get_child(answer, index, "&o", &path);
	if (strcmp(path, "/") != 0)
		rc = follow_prompt(keyring, path, problem);
	g_variant_unref(answer);
	return rc;
}

void keyring_disconnect(struct keyring *keyring)
{
	close_session(keyring);
	g_clear_object(&keyring->service);
	g_clear_pointer(&keyring->collection, g_free);
	if (keyring->bus)
		g_dbus_connection_flush_sync(keyring->bus, NULL, NULL);
	g_clear_object(&keyring->bus);
	if (keyring->timer)
		g_source_destroy(keyring->timer);
	g_clear_pointer(&keyring->timer, g_source_unref);
	g_clear_pointer(&keyring->context, g_main_context_unref);
}

const char *keyring_bus_name(const struct keyring *keyring)
{
	return g_dbus_connection_get_unique_name(keyring->bus);
}

/* Each question makes the bus look at all its sockets once more. */
void keyring_outlast(struct keyring *keyring, const char *bus_name)
{
	struct problem ignored = {0};
	gboolean there = TRUE;

	if (!g_dbus_is_unique_name(bus_name))
		return;
	for (int tries = 0; there && tries < OUTLAST_TRIES; tries++) {
		const struct call call = {BUS_PATH, BUS_NAME, "NameHasOwner",
					  "(b)",
					  g_variant_new("(s)", bus_name)};
		GVariant *answer = NULL;

		if (keyring_call(keyring, &call, &answer, &ignored))
			return;
		g_variant_get(answer, "(b)", &there);
		g_variant_unref(answer);
	}
}

/* ---- which one it is ---- */

/* The first word of its command line, without the folder. */
static int add_program(unsigned pid, struct buf *out)
{
	char path[40], words[256];
	const char *slash;
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	file = fopen(path, "re");
	if (file) {
		n = fread(words, 1, sizeof(words) - 1, file);
		fclose(file);
	}
	words[n] = '\0';
	slash = strrchr(words, '/');
	return text_plain(words, strlen(words))
		   ? buf_str(out, slash ? slash + 1 : words)
		   : 0;
}

void keyring_describe(struct keyring *keyring, struct buf *out)
{
	const struct call call = {BUS_PATH, BUS_NAME,
				  "GetConnectionUnixProcessID", "(u)",
				  g_variant_new("(s)", keyring_name(keyring))};
	const char *slash =
	    keyring->collection ? strrchr(keyring->collection, '/') : NULL;
	struct problem ignored = {0};
	GVariant *answer = NULL;
	guint32 pid;
	int rc = 0;

	if (keyring_call(keyring, &call, &answer, &ignored) == 0) {
		g_variant_get(answer, "(u)", &pid);
		g_variant_unref(answer);
		rc = add_program(pid, out);
	}
	if (!rc && slash)
		rc = buf_fmt(out, "%scollection %s", out->len ? ", " : "",
			     slash + 1);
	if (rc)
		buf_clear(out);
}
