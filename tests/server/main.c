/* SPDX-License-Identifier: MIT */
/*
 * ninjaone-provider: an OAuth 2 authorization server and API in the shape
 * of NinjaOne's, for tests. Reads the options, starts the server, says
 * where it is, and waits for SIGTERM or SIGINT.
 *
 * The log is open and the server listens before the origin is told, so
 * whoever reads the origin can connect at once.
 */
#include "http.h"
#include "provider.h"
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void provider_lock(struct provider *provider)
{
	pthread_mutex_lock(&provider->lock);
}

void provider_unlock(struct provider *provider)
{
	pthread_mutex_unlock(&provider->lock);
}

void provider_kill_family(struct provider *provider, struct family *family)
{
	if (!family->dead)
		provider->stats.families_revoked++;
	family->dead = true;
}

void provider_note_lost(struct provider *provider, struct request *request)
{
	if (!request->rotated || request->lost)
		return;
	request->lost = true;
	provider_lock(provider);
	provider->stats.undelivered++;
	provider_unlock(provider);
	log_write_lost(provider, request);
}

void provider_note_given(struct provider *provider, struct request *request,
			 bool read)
{
	if (!request->given)
		return;
	provider_lock(provider);
	*request->given = read ? GIVEN_READ : GIVEN_LOST;
	provider_unlock(provider);
}

static int main_complain(const char *what)
{
	fprintf(stderr, "ninjaone-provider: %s: %s\n", what, strerror(errno));
	return -1;
}

/* The signals wait for sigwait(); every later thread inherits that. */
static void main_block_signals(sigset_t *signals)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGTERM, &standard, NULL);
	sigaction(SIGINT, &standard, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static int main_open(struct provider *provider)
{
	const char *log_file = provider->options.log_file;

	provider->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (provider->stop_fd < 0)
		return main_complain("eventfd");
	if (!log_file)
		return 0;
	provider->log_fd =
	    open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return provider->log_fd < 0 ? main_complain(log_file) : 0;
}

static int main_write_ready(const char *path, const char *origin)
{
	struct buf temporary = {0};
	FILE *file;
	int rc = -1;

	buf_printf(&temporary, "%s.%ld", path, (long)getpid());
	file = fopen(temporary.data, "we");
	if (!file)
		goto out;
	rc = fprintf(file, "%s\n", origin) > 0 ? 0 : -1;
	if (fclose(file) || rc || rename(temporary.data, path)) {
		rc = -1;
		unlink(temporary.data);
	}
out:
	buf_clear(&temporary);
	return rc ? main_complain(path) : 0;
}

static int main_announce(const struct provider *provider)
{
	const char *path = provider->options.ready_file;

	if (path && main_write_ready(path, provider->origin))
		return -1;
	if (printf("%s\n", provider->origin) < 0 || fflush(stdout))
		return main_complain("stdout");
	return 0;
}

static int main_serve(struct provider *provider, const sigset_t *signals)
{
	struct http_server *server = NULL;
	const uint64_t one = 1;
	int rc = -1, signal;

	if (main_open(provider) || http_start(provider, &server))
		goto out;
	rc = main_announce(provider);
	if (!rc)
		sigwait(signals, &signal);
	/* Wakes every thread that waits in util_wait(). */
	if (write(provider->stop_fd, &one, sizeof(one)) < 0)
		rc = main_complain("eventfd");
out:
	http_stop(server);
	if (provider->log_fd >= 0)
		close(provider->log_fd);
	if (provider->stop_fd >= 0)
		close(provider->stop_fd);
	return rc;
}

int main(int argc, char **argv)
{
	static struct provider provider = {
	    .stop_fd = -1,
	    .log_fd = -1,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	};
	enum options_result result;
	sigset_t signals;
	int rc = 0;

	main_block_signals(&signals);
	result = options_read(&provider.options, argc, argv);
	if (result == OPTIONS_HELP)
		fputs(help_text, stdout);
	if (result == OPTIONS_RUN) {
		provider.faults = provider.options.faults;
		provider.revoke_503 = provider.options.revoke_503;
		token_restore(&provider);
		rc = main_serve(&provider, &signals);
	}
	grants_free(&provider.grants);
	logins_free(&provider.logins);
	assertions_free(&provider.assertions);
	device_free(&provider);
	register_free(&provider);
	options_clear(&provider.options);
	if (result == OPTIONS_BAD)
		return 2;
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
