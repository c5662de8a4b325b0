/* SPDX-License-Identifier: MIT */
/*
 * relay_trust.h - whom to trust, loaded once. libcurl before 8.9 with GnuTLS
 * reads all of the system's certificates for each connection, which takes 10 ms
 * and 4 MB; so its own check is switched off there, and relay_transfer.c asks
 * here before a request goes out on a connection, new or not.
 */
#ifndef VALETKEY_RELAY_TRUST_H
#define VALETKEY_RELAY_TRUST_H

#include "http_exchange.h"

#include <stdbool.h>
#include <stdint.h>

struct relay_trust;

/* A server's certificates that were found good; all zero at first. */
struct relay_trusted {
	struct buf chain;
	int64_t until;
};

/* Whether libcurl is such a one. */
bool relay_trust_wanted(void);

/* Of that file, or of the system if it is NULL; nothing is read before it is
 * used. NULL: no memory. */
struct relay_trust *relay_trust_open(const char *ca_file);

/*
 * Checks what the server of a session (gnutls_session_t) has shown in its
 * handshake: signed by someone we trust, for this name or address (IPv6 in
 * brackets), valid now, made for servers. HTTP_FAILURE_OTHER (0): it is good;
 * for half a minute the same certificates are taken without a second look.
 */
enum http_failure relay_trust_check(struct relay_trust *trust, void *session,
				    const char *host,
				    struct relay_trusted *trusted);

/* Gives the certificates' memory back, until they are needed again. */
void relay_trust_rest(struct relay_trust *trust);

void relay_trust_close(struct relay_trust *trust);

#endif
