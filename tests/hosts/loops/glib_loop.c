/* SPDX-License-Identifier: MIT */
/*
 * glib_loop - loops.h on a GLib main loop, as in a desktop program.
 */
#include <glib-unix.h> /* has a variable "handle" in a function since 2.80 */

#include "loops.h"

static GMainContext *context;
static GMainLoop *loop;

static struct watch {
	int fd;
	loops_ready *ready;
	void *data;
	GSource *source;
} watches[GETS_MAX];

static gboolean on_ready(int fd, GIOCondition condition, gpointer data)
{
	struct watch *watch = data;

	(void)fd, (void)condition;
	watch->ready(watch->data);
	return watch->ready != NULL;
}

static void loop_watch(int fd, loops_ready *ready_function, void *data)
{
	size_t i = 0;

	while (i < GETS_MAX && watches[i].ready)
		i++;
	must(i < GETS_MAX, "too many gets");
	if (!context)
		context = g_main_context_new();
	watches[i] = (struct watch){fd, ready_function, data,
				    g_unix_fd_source_new(fd, G_IO_IN)};
	g_source_set_callback(watches[i].source, (GSourceFunc)(void *)on_ready,
			      &watches[i], NULL);
	g_source_attach(watches[i].source, context);
}

static void loop_unwatch(int fd)
{
	for (size_t i = 0; i < GETS_MAX; i++)
		if (watches[i].ready && watches[i].fd == fd) {
			watches[i].ready = NULL;
			g_source_destroy(watches[i].source);
			g_source_unref(watches[i].source);
		}
}

static gboolean on_tick(gpointer data)
{
	void (**tick_function)(void) = data;

	(*tick_function)();
	return G_SOURCE_CONTINUE;
}

static void loop_run(void (*tick_function)(void))
{
	GSource *timer = g_timeout_source_new(TICK_MS);

	loop = g_main_loop_new(context, FALSE);
	g_source_set_callback(timer, on_tick, &tick_function, NULL);
	g_source_attach(timer, context);
	g_main_loop_run(loop);
	g_source_destroy(timer);
	g_source_unref(timer);
	g_main_loop_unref(loop);
	g_main_context_unref(context);
	context = NULL;
}

static void loop_stop(void)
{
	g_main_loop_quit(loop);
}
