/* SPDX-License-Identifier: MIT */
/*
 * notify.h - a desktop notification, if there is a desktop that shows them.
 */
#ifndef VALETKEY_NOTIFY_H
#define VALETKEY_NOTIFY_H

#include <stdbool.h>

/* By notify-send, or by busctl if that is not installed; whoever does not answer
 * within some seconds is given up. True: it was taken. */
bool notify_show(const char *title, const char *text, bool urgent);

#endif
