/* SPDX-License-Identifier: MIT */
/*
 * recover.h - what a run that was killed has left is finished or taken back by
 * the next one, whatever that does. Only what is known to be of such a run goes:
 * an `add` on its way (adding.h), copies that a `move` has made (grant/move.h), files
 * that nobody writes any more, and locks of accounts that were removed. Other items of the keyring may be another
 * machine's; `status` tells of those.
 */
#ifndef VALETKEY_RECOVER_H
#define VALETKEY_RECOVER_H

/* Before an operation. Never asks anybody; what cannot be done now is left to the
 * next run. */
void recover_all(void);

/* The `add` of this account that nobody works on. */
void recover_adding(const char *account);

#endif
