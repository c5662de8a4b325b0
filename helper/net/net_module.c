/* SPDX-License-Identifier: MIT */
/*
 * net_module.c - the one symbol of the private module: the table through which
 * the helper reaches http.c, listener.c and relay.c. net_load() looks it up by name, so
 * it is visible; everything else of the module is hidden.
 */
#include "net_module.h"

extern const struct net valetkey_net __attribute__((visibility("default")));

const struct net valetkey_net = {
    .http_send = http_send,
    .http_answer_free = http_answer_free,
    .signer_open = signer_open,
    .signer_sign = signer_sign,
    .signer_close = signer_close,
    .listener_open = listener_open,
    .listener_address = listener_address,
    .listener_fd = listener_fd,
    .listener_run = listener_run,
    .listener_answer_free = listener_answer_free,
    .redirect_read = redirect_read,
    .listener_refused = listener_refused,
    .listener_reply = listener_reply,
    .listener_close = listener_close,
    .relay_open = relay_open,
    .relay_fd = relay_fd,
    .relay_run = relay_run,
    .relay_answer = relay_answer,
    .relay_read = relay_read,
    .relay_forward = relay_forward,
    .relay_pass = relay_pass,
    .relay_clients = relay_clients,
    .relay_close = relay_close,
};
