/* SPDX-License-Identifier: MIT */
/*
 * net_module.h - the functions behind the private module's table, see net.h
 * for their contracts. Only net_module.c and the tests that link the parts
 * directly include it; everybody else goes through net_load().
 */
#ifndef VALETKEY_NET_MODULE_H
#define VALETKEY_NET_MODULE_H

#include "net.h"

int http_send(const struct http_request *request, struct http_answer *answer,
	      struct problem *problem);
void http_answer_free(struct http_answer *answer);

int signer_open(const struct buf *pem, struct signer **signer,
		const char **algorithm, struct problem *problem);
int signer_sign(const struct signer *signer, const struct buf *input,
		struct buf *signature, struct problem *problem);
void signer_close(struct signer *signer);

enum redirect_verdict redirect_read(char *query, const char *state,
				    struct listener_answer *answer);

int listener_open(const struct listener_options *options,
		  struct listener **listener, uint16_t *port,
		  struct problem *problem);
const char *listener_address(const struct listener *listener);
int listener_fd(const struct listener *listener);
bool listener_run(struct listener *listener, struct listener_answer *answer);
void listener_answer_free(struct listener_answer *answer);
bool listener_refused(struct listener *listener);
void listener_reply(struct listener *listener, enum listener_end end,
		    const char *text);
void listener_close(struct listener *listener);

int relay_open(const struct relay_options *options, struct relay **relay,
	       struct problem *problem);
int relay_fd(const struct relay *relay);
int relay_run(struct relay *relay);
void relay_answer(struct relay_exchange *exchange,
		  const struct relay_reply *reply);
void relay_read(struct relay_exchange *exchange, size_t max);
void relay_forward(struct relay_exchange *exchange,
		   const struct relay_upstream *upstream);
void relay_pass(struct relay_exchange *exchange);
size_t relay_clients(const struct relay *relay);
void relay_close(struct relay *relay);

#endif
