/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - `valetkey proxy`: an HTTP server on this computer that passes
 * requests on to an account's hosts, each with a token that is valid now. For
 * programs that take a base URL and nothing else.
 */
#ifndef VALETKEY_PROXY_H
#define VALETKEY_PROXY_H

#include "command/command.h"

extern const struct cmd_verb cmd_proxy;

#endif
