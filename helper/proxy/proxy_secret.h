/* SPDX-License-Identifier: MIT */
/*
 * proxy_secret.h - the proxy's secret: new at each start, or, of a service, made
 * once and kept in $XDG_STATE_HOME/valetkey/proxy-ID, which only its user can
 * read. ID is the account's id: one that was removed and added again has another.
 */
#ifndef VALETKEY_PROXY_SECRET_H
#define VALETKEY_PROXY_SECRET_H

#include "core/buf.h"
#include "proxy_guard.h"

/* 0 or a result, told. */
int proxy_secret_make(char secret[PROXY_SECRET_LENGTH + 1]);

/* The one that is kept; if there is none, or `renew`, a new one is made. */
int proxy_secret_keep(const char *id, bool renew,
		      char secret[PROXY_SECRET_LENGTH + 1]);

/* Where it is kept. 0 or a result, told. */
int proxy_secret_path(const char *id, struct buf *path);

/* Takes it away. */
void proxy_secret_forget(const char *id);

#endif
