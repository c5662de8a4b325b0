/* SPDX-License-Identifier: MIT */
/*
 * exchange_text.h - an HTTP exchange in one line for a person who looks inside
 * (--debug): method, address, status, the error's name, how long it took.
 */
#ifndef VALETKEY_EXCHANGE_TEXT_H
#define VALETKEY_EXCHANGE_TEXT_H

#include "core/buf.h"
#include "net/net.h"

/*
 * Adds the line. No secret is in it: of the address neither query nor user, of the
 * answer's body nothing but an error's name that is made of letters alone. 0 or -1:
 * no memory.
 */
int exchange_text(const struct net_exchange *exchange, struct buf *line);

#endif
