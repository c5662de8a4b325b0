/* SPDX-License-Identifier: MIT */
/*
 * traces.h - what there is of an account beside its file and the keyring's items:
 * kernel keys and files, all named by its id.
 */
#ifndef VALETKEY_TRACES_H
#define VALETKEY_TRACES_H

/* All but the account's lock, which the caller holds: when it is removed. */
void traces_remove(const char *id);

/* What can be had again: the kernel's copy of the token. */
void traces_uncache(const char *id);

#endif
