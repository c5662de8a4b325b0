/* SPDX-License-Identifier: MIT */
/*
 * unit.h - units of the user's systemd, which are written, taken and removed by
 * `valetkey proxy --service`, `valetkey share` and `valetkey keepalive`. No unit has anything secret in
 * it.
 */
#ifndef VALETKEY_UNIT_H
#define VALETKEY_UNIT_H

#include "core/buf.h"

#include <stdbool.h>

/* Where the unit of this name belongs: 0 or a result. */
int unit_path(const char *name, struct buf *path);

/* A word of a unit's file, in quotes (systemd.service(5)). 0, or -1: no memory; so
 * the next three. */
int unit_add_quoted(struct buf *out, const char *text);

/* ExecStart= with this command itself, for its words to follow. */
int unit_add_program(struct buf *out);

/* A path as it stands, but for what systemd would put in place of %
 * (systemd.unit(5)). */
int unit_add_path(struct buf *out, const char *path);

/* Environment= with the folders that it is to find, if they are not the usual
 * ones. */
int unit_add_folders(struct buf *out);

/* Writes it, or takes it away, and says so: 0 or a result, told. */
int unit_write(const char *name, const struct buf *text);
int unit_remove(const char *name);

/* systemctl --user VERB [OPTION] [UNIT]: whether it says yes. */
bool unit_systemctl(const char *verb, const char *option, const char *unit);
bool unit_systemd_answers(void);

/* The same as a line for the person to type. */
void unit_show_line(const char *words, const char *unit);

/* Has it written into the list of units, and started: by systemd, or, if that does
 * not answer here, by the person. 0 or a result, told. */
int unit_start(const char *name, bool answers);

/* The reverse: what was started ends, and its file and the service's go. */
int unit_discard(const char *name, const char *service);

#endif
