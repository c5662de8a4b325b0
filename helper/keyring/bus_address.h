/* SPDX-License-Identifier: MIT */
/*
 * bus_address.h - where the session bus may be: private to session.c, which tries
 * one place after the other.
 */
#ifndef VALETKEY_BUS_ADDRESS_H
#define VALETKEY_BUS_ADDRESS_H

#define BUS_VARIABLE "DBUS_SESSION_BUS_ADDRESS"

/*
 * The addresses, for g_strfreev(): those of the variable that are sockets of this
 * machine, then the runtime directory's, because a variable may have outlived
 * its session. Nothing that would start a program is among them.
 */
char **bus_addresses(void);

#endif
