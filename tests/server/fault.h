/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong at the token endpoint, on demand. A set of faults is
 * a plain value; each token request works on its own copy, so that a
 * change at run time never reaches a request that is under way.
 */
#ifndef PROVIDER_FAULT_H
#define PROVIDER_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct provider;
struct request;

enum fault {
	FAULT_SLOW = 0,
	FAULT_SLOW_BEFORE = 1,
	FAULT_SILENT = 2,
	FAULT_HUGE = 3,
	FAULT_GARBAGE = 4,
	FAULT_HTML = 5,
	FAULT_HTTP_500 = 6,
	FAULT_HTTP_503 = 7,
	FAULT_HTTP_429 = 8,
	FAULT_RESET_BEFORE = 9,
	FAULT_RESET_AFTER = 10,
	FAULT_TRUNCATE = 11,
	FAULT_DRIP = 12,
	FAULT_REDIRECT = 13,
	FAULT_WRONG_TYPE = 14,
	FAULT_TOKEN_TYPE = 15,
	FAULT_DEEP = 16,
	FAULT_AFTER = 17,
	FAULT_ANSWER = 18,
	FAULT_JSON = 19,
	FAULT_ID_TOKEN = 20,
	FAULT_USERINFO = 21,
	FAULT_COUNT = 22, /* how many there are */
};

#define FAULT_TEXT_MAX 512
#define FAULT_WORD_MAX 32

struct faults {
	unsigned on;		    /* bit 1 << FAULT_... */
	int64_t value[FAULT_COUNT]; /* -1: none was given */
	char redirect[FAULT_TEXT_MAX];
	char token_type[FAULT_TEXT_MAX];
	char answer[FAULT_WORD_MAX];
	char id_token[FAULT_WORD_MAX];
	char userinfo[FAULT_WORD_MAX];
	int64_t count; /* requests that it is for; 0: all */
};

/* Reads NAME[=VALUE]; also count=N and none. -1 when it is not known. */
int fault_set(struct faults *faults, const char *text);

bool fault_is_on(const struct faults *faults, enum fault fault);

/* Takes the faults for one token request. Locks the provider. */
void fault_take(struct provider *provider, struct request *request);

/* Before processing; true when there is to be no processing. */
bool fault_before(struct provider *provider, struct request *request);

/* After processing: spoils or delays the answer. */
void fault_after(struct provider *provider, struct request *request);

#endif
