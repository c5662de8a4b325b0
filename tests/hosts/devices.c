/* SPDX-License-Identifier: MIT */
/*
 * devices.c - a host program to learn from: the devices of a NinjaOne account.
 *
 *	devices LIBRARY ACCOUNT URL [MIN_VALID_S]
 *	devices libvaletkey.so.1 demo http://127.0.0.1:8080/v2/devices
 *
 * It is not linked to valetkey but opens it as a plugin, and knows nothing of
 * OAuth: it asks for a token before each request and, where the server refuses
 * it, says so and asks once more. A real program has a library for HTTP and
 * JSON; here they are done by hand, for a loopback server only.
 */
#include "valetkey.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	__typeof__(valetkey_open) *open;
	__typeof__(valetkey_close) *close;
	__typeof__(valetkey_get) *get;
	__typeof__(valetkey_token_free) *token_free;
	__typeof__(valetkey_invalidate) *invalidate;
	__typeof__(valetkey_strerror) *strerror;
} plugin;

static int load(const char *library)
{
	void *object = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!object) {
		fprintf(stderr, "devices: %s\n", dlerror());
		return -1;
	}
	*(void **)&plugin.open = dlsym(object, "valetkey_open");
	*(void **)&plugin.close = dlsym(object, "valetkey_close");
	*(void **)&plugin.get = dlsym(object, "valetkey_get");
	*(void **)&plugin.token_free = dlsym(object, "valetkey_token_free");
	*(void **)&plugin.invalidate = dlsym(object, "valetkey_invalidate");
	*(void **)&plugin.strerror = dlsym(object, "valetkey_strerror");
	return plugin.open && plugin.close && plugin.get && plugin.token_free &&
		       plugin.invalidate && plugin.strerror
		   ? 0
		   : -1;
}

/* Copies what stands before one of the characters in `end`; what follows. */
static const char *take(const char *text, const char *end, char *out,
			size_t size)
{
	size_t length = strcspn(text, end);

	snprintf(out, size, "%.*s", (int)length, text);
	return text + length;
}

/* A connection to the server of http://ADDRESS:PORT/PATH, or -1. */
static int connect_to(const char *url, const char **path)
{
	static const char scheme[] = "http://";
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST};
	struct addrinfo *address = NULL;
	char host[64] = "", port[8] = "";
	int fd = -1;

	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return -1;
	*path = take(url + strlen(scheme), ":/", host, sizeof(host));
	if (**path == ':')
		*path = take(*path + 1, "/", port, sizeof(port));
	if (getaddrinfo(host, *port ? port : "80", &hints, &address) != 0)
		return -1;
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(address);
	return fd;
}

/* GET with the token; the HTTP status, and the answer in `answer`. */
static int fetch(const char *url, const struct valetkey_token *token,
		 char *answer, size_t size)
{
	const char *path = "/";
	size_t used = 0;
	ssize_t n = 1;
	int fd = connect_to(url, &path);

	if (fd < 0)
		return -1;
	dprintf(fd, "GET %s HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n",
		*path ? path : "/", token->access_token);
	while (n > 0 && used < size - 1) {
		n = read(fd, answer + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	answer[used] = '\0';
	return used > 12 ? (int)strtol(answer + 9, NULL, 10) : -1;
}

static void show_names(const char *json)
{
	static const char key[] = "\"displayName\":\"";

	while ((json = strstr(json, key)) != NULL) {
		json += strlen(key);
		printf("%.*s\n", (int)strcspn(json, "\""), json);
	}
}

/* The whole of what a host has to do. */
static int list_devices(struct valetkey *handle,
			const struct valetkey_request *request)
{
	static char answer[65536];
	const struct valetkey_token *token;
	int status = 401;

	for (int attempt = 0; attempt < 2 && status == 401; attempt++) {
		int rc = plugin.get(handle, request, &token);

		if (rc != VALETKEY_OK) {
			fprintf(stderr, "devices: %s\n", plugin.strerror(rc));
			return rc;
		}
		status =
		    fetch(request->resource, token, answer, sizeof(answer));
		if (status == 401) {
			fprintf(stderr, "devices: the server refuses the token "
					"(401)\n");
			plugin.invalidate(handle, token);
		}
		plugin.token_free(token);
	}
	if (status != 200) {
		fprintf(stderr, "devices: no list, HTTP status %d\n", status);
		return 1;
	}
	show_names(answer);
	return 0;
}

int main(int argc, char **argv)
{
	struct valetkey_request request = {.size = sizeof(request)};
	struct valetkey *handle;
	int rc;

	if (argc < 4) {
		fprintf(stderr, "usage: devices LIBRARY ACCOUNT URL "
				"[MIN_VALID_S]\n");
		return VALETKEY_ERR_ARG;
	}
	request.account = argv[2];
	request.resource = argv[3];
	if (argc > 4)
		request.min_valid_s = (uint32_t)strtoul(argv[4], NULL, 10);
	if (load(argv[1]) != 0)
		return 1;
	rc = plugin.open(NULL, &handle);
	if (rc != VALETKEY_OK) {
		fprintf(stderr, "devices: %s\n", plugin.strerror(rc));
		return rc;
	}
	rc = list_devices(handle, &request);
	plugin.close(handle);
	return rc;
}
