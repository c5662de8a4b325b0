/* SPDX-License-Identifier: MIT */
/*
 * proxy_service.h - the proxy as a service of the user's systemd: it has the
 * socket, starts the proxy for the first client, and the proxy ends when it has
 * had none for some minutes.
 */
#ifndef VALETKEY_PROXY_SERVICE_H
#define VALETKEY_PROXY_SERVICE_H

#include "command/command.h"
#include "proxy_listen.h"

struct proxy_service {
	const char *account;
	const struct cmd_args *args;
};

/* Where its socket is: as the options say, or its unit if there is one; else a
 * port that is free. 0 or a result, told. */
int proxy_service_place(const struct proxy_service *service,
			struct proxy_listener *listener);

/* Writes the units, unless only the secret is new, and has systemd take them, or
 * says how to; the service that runs is ended, so that the next client meets the
 * new one. */
int proxy_service_install(const struct proxy_service *service,
			  const struct proxy_listener *listener);

/* Ends it, and takes away its units and its secret. */
int proxy_service_remove(const struct proxy_service *service);

#endif
