/* SPDX-License-Identifier: MIT */
/*
 * browser.h - for test_listener.c and its like: a listener, and the
 * other end of it, which sends what a browser would, byte for byte, while the
 * listener is served in the same thread.
 */
#ifndef VALETKEY_TEST_BROWSER_H
#define VALETKEY_TEST_BROWSER_H

#include "net/net_module.h"

#define STATE "st4te-_~"
#define GOOD "/callback?code=c%2Fode+1&state=" STATE

extern struct listener *listener; /* the one that is served */
extern struct listener_answer answer;
extern uint16_t port;
extern bool form_post; /* of the next one that is opened */
extern struct buf to;  /* where its start leads */
extern bool settled;   /* listener_run() has returned true */

/* Opens the listener: path /callback, state STATE. A result code. */
int open_listener(const char *host, uint16_t at, struct problem *problem);
void close_listener(void);

/* A connection to the port, or -1. */
int dial(int family, uint16_t at);

/* Serves for ms, or until fd (-1: none) was closed by the other side (true);
 * what comes from fd is added to text. */
bool pump(int fd, struct buf *text, int ms);

/* Sends raw text; serves as long as the other side does not take it. */
void say(int fd, const char *text);

/* Sends a whole request: line is "METHOD target". */
void request(int fd, const char *line);

/* The same on a connection of its own; true: answered and closed. */
bool ask(const char *line, struct buf *text);

/* Where a 303 leads; "" if the text is not one. */
void location(const struct buf *text, char path[64]);

/* Follows one: a connection on which that was requested, or -1. */
int follow(const struct buf *text);

#endif
