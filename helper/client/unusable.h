/* SPDX-License-Identifier: MIT */
/*
 * unusable.h - why a file or folder of the person that is there is not used (see
 * account.h for the rules), as a sentence with the remedy. For the command and
 * the helper, so that both say the same.
 *
 * Each function returns 0 if nothing is wrong, else ERR_ACCOUNT or _NOMEM with
 * *problem set.
 */
#ifndef VALETKEY_UNUSABLE_H
#define VALETKEY_UNUSABLE_H

#include "core/text.h"

#include <stdbool.h>

/* The folder of the accounts, or one in it if `name` is not NULL. */
int unusable_folder(const char *name, struct problem *problem);

/* An account that account_read() does not find: that folder, or the file. */
int unusable_account(const char *account, struct problem *problem);

/* A directory that the environment names, instead of which another is used. */
int unusable_environment(struct problem *problem);

/* A file or a folder that is known not to be used: never 0. */
int unusable_because(const char *path, bool folder, struct problem *problem);

#endif
