/* SPDX-License-Identifier: MIT */
/*
 * proxy_env.h - what a program must know to use the proxy, under the names that
 * it reads: those of every program, of the provider's known clients (proxy_env[])
 * and of --env. A later one takes an earlier one's place.
 */
#ifndef VALETKEY_PROXY_ENV_H
#define VALETKEY_PROXY_ENV_H

#include "client/client.h"
#include "command/command.h"
#include "proxy_guard.h"
#include "proxy_listen.h"

struct proxy_env {
	const struct client *client;
	const struct cmd_args *args;
	const struct proxy_guard *guard;
	const char *socket; /* NULL: a port */
};

/* NAME and value, in their order. 0 or a result, told. */
int proxy_env_fill(const struct proxy_env *env, struct record *variables);

/* Into our own environment, which a command inherits. */
int proxy_env_set(const struct record *variables);

/* Prints lines that a shell reads. */
int proxy_env_print(const struct record *variables);

#endif
