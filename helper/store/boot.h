/* SPDX-License-Identifier: MIT */
/*
 * boot.h - which run of the machine this is: times of clock.h mean something
 * only within one, and there they are right whatever the wall clock does.
 */
#ifndef VALETKEY_BOOT_H
#define VALETKEY_BOOT_H

#include <stdbool.h>

#define BOOT_ID_SIZE 37

/* The kernel's boot_id; false (and "") where it cannot be had. */
bool boot_id(char id[BOOT_ID_SIZE]);

/* Whether `id` (NULL: no) is that of this boot. */
bool boot_is(const char *id);

#endif
