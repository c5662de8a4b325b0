/* SPDX-License-Identifier: MIT */
/*
 * sealed_systemd.h - what io.systemd.Credentials answers, for sealed_systemd.c and the
 * tests.
 */
#ifndef VALETKEY_SEALED_SYSTEMD_H
#define VALETKEY_SEALED_SYSTEMD_H

#include "core/buf.h"
#include "core/text.h"

/* Adds the one member that is asked for, "data" (of Decrypt) or "blob" (of Encrypt),
 * in base64. ERR_LOGIN: what was to be decrypted never will be; ERR_DENIED: any
 * other error, or no answer at all. */
int sealed_systemd_read(const struct buf *answer, const char *member,
			struct buf *value, struct problem *problem);

#endif
