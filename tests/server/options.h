/* SPDX-License-Identifier: MIT */
/*
 * What the command line said: where to listen, which clients and users
 * exist, how long tokens live, which faults to start with. Read once by
 * main and never changed afterwards; --help (help.c) explains each.
 */
#ifndef PROVIDER_OPTIONS_H
#define PROVIDER_OPTIONS_H

#include "client.h"
#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_MAX_CLIENTS 32
#define OPTIONS_MAX_USERS 16
#define OPTIONS_MAX_PAGES 8
#define OPTIONS_MAX_GRANTS 16

struct user {
	char *name;
	char *password;
};

/* Fields that --omit leaves out of token answers. */
enum omit {
	OMIT_EXPIRES_IN = 1,
	OMIT_SCOPE = 2,
	OMIT_REFRESH_TOKEN = 4,
};

/* A file that is served as JSON, read anew for each request. */
struct options_page {
	char *path;
	char *file;
};

/* One that was given before the start. */
struct options_grant {
	const struct client *client;
	char *access; /* either may be NULL */
	char *refresh;
};

struct options {
	int64_t port;
	bool ipv6;
	char *ready_file;
	char *log_file;
	char *https_cert; /* the texts, not the paths */
	char *https_key;
	char *client_ca; /* whose certificates of clients are good */
	bool require_pkce;
	bool any_scope;
	bool error_page;
	bool control;
	bool no_rotation;
	bool registers;
	bool mcp;
	bool device;
	bool device_complete;
	bool revoke_person;
	int64_t device_interval; /* 0: not told */
	int64_t device_lifetime;
	int64_t device_slow;
	int64_t device_early; /* 0: not earlier than told */
	int64_t access_lifetime;
	int64_t id_token_lifetime;
	int64_t refresh_lifetime;
	int64_t token_length;
	int64_t revoke_503;
	unsigned omit;
	struct faults faults;
	struct client clients[OPTIONS_MAX_CLIENTS];
	size_t client_count;
	struct user users[OPTIONS_MAX_USERS];
	size_t user_count;
	struct options_page pages[OPTIONS_MAX_PAGES];
	size_t page_count;
	struct options_grant grants[OPTIONS_MAX_GRANTS];
	size_t grant_count;
};

enum options_result {
	OPTIONS_RUN = 0,
	OPTIONS_HELP = 1,
	OPTIONS_BAD = 2, /* said on stderr */
};

enum options_result options_read(struct options *options, int argc,
				 char **argv);
void options_clear(struct options *options);

/* The text of --help. */
extern const char help_text[];

#endif
