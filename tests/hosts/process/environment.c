/* SPDX-License-Identifier: MIT */
/*
 * environment - what of a hostile host reaches the helper: of its environment
 * an allow-list, of its descriptors none, of its signal state and session
 * nothing. The plugin is linked in, with a helper that reports (reporter.c).
 */
#include "call.h"
#include "core/clock.h"
#include "core/paths.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const paths_helper = REPORTER;
const char *const paths_net_module = "";
const char *const paths_providers = "";

static int broken;

static void must(bool good, const char *what, const char *value)
{
	if (!good)
		fprintf(stderr, "%s: %s\n", what, value ? value : "nothing");
	broken += !good;
}

static void report(struct record *answer)
{
	struct record request = {0};
	const struct call call = {.request = &request,
				  .deadline = deadline_in(10000)};
	int rc;

	record_free(answer);
	record_add(&request, "op", "report");
	rc = call_helper(&call, answer);
	must(rc == VALETKEY_OK, "the call", valetkey_strerror(rc));
	record_free(&request);
}

/* The value of a variable in the helper, or NULL. */
static const char *seen(const struct record *answer, const char *name)
{
	const char *variable = NULL;
	size_t len = strlen(name);

	while ((variable = record_next(answer, "environment[]", variable)))
		if (strncmp(variable, name, len) == 0 && variable[len] == '=')
			return variable + len + 1;
	return NULL;
}

static void expect(const struct record *answer, const char *name,
		   const char *value)
{
	const char *got = seen(answer, name);

	must(got == value || (got && value && strcmp(got, value) == 0), name,
	     got);
}

static const char *const hostile[] = {
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "LD_DEBUG",
    "GIO_EXTRA_MODULES",
    "GIO_MODULE_DIR",
    "GIO_USE_VFS",
    "GSETTINGS_BACKEND",
    "G_MESSAGES_DEBUG",
    "G_SLICE",
    "SSLKEYLOGFILE",
    "GCONV_PATH",
    "MALLOC_TRACE",
    "MALLOC_PERTURB_",
    "SECRET_BACKEND",
    "CURL_HOME",
    "CURL_CA_BUNDLE",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "BASH_ENV",
    "ENV",
    "TMPDIR",
    "DISPLAY",
    "GNUTLS_DEBUG_LEVEL",
    "VALETKEY_HELPER",
    "OPENSSL_CONF",
    "HOME_proxyx",
};

static void check_variables(void)
{
	struct record answer = {0};
	const char *extra = NULL;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
		if (strncmp(hostile[i], "LD_", 3) != 0) /* would hit us too */
			setenv(hostile[i], "/tmp/evil", 1);
	setenv("LD_DEBUG_OUTPUT", "/tmp/evil", 1);
	setenv("LD_PRELOAD", "/tmp/evil", 1);
	setenv("LD_AUDIT", "/tmp/evil", 1);
	setenv("PATH", "/tmp/evil", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("LC_MESSAGES", "C", 1);
	setenv("TZ", "UTC", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("SSL_CERT_FILE", "/tmp/ca.pem", 1);
	report(&answer);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
		expect(&answer, hostile[i], NULL);
	while ((extra = record_next(&answer, "environment[]", extra)))
		must(strncmp(extra, "LD_", 3) != 0 && !strstr(extra, "evil"),
		     "reached the helper", extra);
	must(seen(&answer, "PATH") != NULL, "PATH", NULL);
	expect(&answer, "LANG", "C.UTF-8");
	expect(&answer, "LC_MESSAGES", "C");
	expect(&answer, "TZ", "UTC");
	expect(&answer, "https_proxy", "http://127.0.0.1:1");
	expect(&answer, "SSL_CERT_FILE", "/tmp/ca.pem");
	record_free(&answer);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
		unsetenv(hostile[i]);
}

static void check_directory(const char *name, const char *good)
{
	struct record answer = {0};
	char evil[4096];

	snprintf(evil, sizeof(evil), "%s/writable", good);
	must(mkdir(evil, 0700) == 0 && chmod(evil, 0777) == 0, "mkdir", evil);
	setenv(name, good, 1);
	report(&answer);
	expect(&answer, name, good);
	setenv(name, evil, 1);
	report(&answer);
	must(!seen(&answer, name) || strcmp(seen(&answer, name), evil) != 0,
	     "writable by others, and reached the helper", name);
	setenv(name, "relative/path", 1);
	report(&answer);
	must(!seen(&answer, name) || *seen(&answer, name) == '/' ||
		 !*seen(&answer, name),
	     "relative, and reached the helper", name);
	setenv(name, good, 1);
	record_free(&answer);
	rmdir(evil);
}

/* systemd's folder of a service's credentials is root's. */
static void check_credentials(void)
{
	static const char name[] = "CREDENTIALS_DIRECTORY";
	struct record answer = {0};

	setenv(name, "/usr", 1);
	report(&answer);
	expect(&answer, name, "/usr");
	setenv(name, "/tmp", 1);
	report(&answer);
	expect(&answer, name, NULL);
	unsetenv(name);
	record_free(&answer);
}

static void check_state(void)
{
	struct record answer = {0};
	const char *next = NULL;
	int own = open("/", O_RDONLY); /* without O_CLOEXEC */
	int high = fcntl(own, F_DUPFD, 200);
	char text[256] = "";
	sigset_t mask;

	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	report(&answer);
	while ((next = record_next(&answer, "descriptor[]", next)))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s ", next);
	must(strcmp(text, "0:device 1:device 2:device 3:socket ") == 0,
	     "the helper's descriptors", text);
	must(!record_next(&answer, "signal[]", NULL),
	     "a signal of the helper is blocked or ignored",
	     record_next(&answer, "signal[]", NULL));
	must(record_get_int(&answer, "session", 0) != getsid(0), "its session",
	     "the host's");
	must(record_get_int(&answer, "parent", 0) != getpid(), "its parent",
	     "the host");
	record_free(&answer);
	close(high);
	close(own);
}

int main(int argc, char **argv)
{
	char good[4096];

	if (argc != 2) {
		fputs("environment FOLDER\n", stderr);
		return 2;
	}
	snprintf(good, sizeof(good), "%s/environment", argv[1]);
	must(mkdir(good, 0700) == 0, "mkdir", good);
	check_variables();
	check_directory("XDG_RUNTIME_DIR", good);
	check_directory("XDG_CONFIG_HOME", good);
	check_directory("CREDENTIALS_DIRECTORY", good);
	check_credentials();
	check_state();
	rmdir(good);
	return broken != 0;
}
