/* SPDX-License-Identifier: MIT */
/*
 * layout - the sizes, offsets and numbers that hosts have been compiled with,
 * pinned for LP64 systems: this file compiles, or the ABI has changed. Only new
 * members at the end and new numbers may be added.
 */
#include "valetkey.h"

#define SIZE(type, size)                                                       \
	_Static_assert(sizeof(struct type) == (size), #type " has grown: pin " \
							    "its new members")
#define MEMBER(type, name, offset)                              \
	_Static_assert(offsetof(struct type, name) == (offset), \
		       #type "." #name " has moved")
#define NUMBER(name, value) \
	_Static_assert((name) == (value), #name " has changed")

#ifdef __LP64__
SIZE(valetkey_message, 40);
MEMBER(valetkey_message, size, 0);
MEMBER(valetkey_message, type, 8);
MEMBER(valetkey_message, seconds_left, 12);
MEMBER(valetkey_message, text, 16);
MEMBER(valetkey_message, url, 24);
MEMBER(valetkey_message, code, 32);

SIZE(valetkey_options, 40);
MEMBER(valetkey_options, size, 0);
MEMBER(valetkey_options, program, 8);
MEMBER(valetkey_options, converse, 16);
MEMBER(valetkey_options, data, 24);
MEMBER(valetkey_options, flags, 32);

SIZE(valetkey_request, 48);
MEMBER(valetkey_request, size, 0);
MEMBER(valetkey_request, account, 8);
MEMBER(valetkey_request, resource, 16);
MEMBER(valetkey_request, scope, 24);
MEMBER(valetkey_request, min_valid_s, 32);
MEMBER(valetkey_request, timeout_ms, 36);
MEMBER(valetkey_request, flags, 40);

SIZE(valetkey_token, 48);
MEMBER(valetkey_token, size, 0);
MEMBER(valetkey_token, access_token, 8);
MEMBER(valetkey_token, length, 16);
MEMBER(valetkey_token, expires_at, 24);
MEMBER(valetkey_token, account, 32);
MEMBER(valetkey_token, scope, 40);
#endif

NUMBER(VALETKEY_OK, 0);
NUMBER(VALETKEY_PENDING, 1);
NUMBER(VALETKEY_ERR_ARG, 10);
NUMBER(VALETKEY_ERR_ABI, 11);
NUMBER(VALETKEY_ERR_BUSY, 12);
NUMBER(VALETKEY_ERR_SETUID, 13);
NUMBER(VALETKEY_ERR_ACCOUNT, 20);
NUMBER(VALETKEY_ERR_LOGIN, 21);
NUMBER(VALETKEY_ERR_SCOPE, 22);
NUMBER(VALETKEY_ERR_LOCKED, 23);
NUMBER(VALETKEY_ERR_NO_KEYRING, 24);
NUMBER(VALETKEY_ERR_NO_BUS, 25);
NUMBER(VALETKEY_ERR_CANCELED, 26);
NUMBER(VALETKEY_ERR_RESOURCE, 27);
NUMBER(VALETKEY_ERR_NETWORK, 30);
NUMBER(VALETKEY_ERR_TIMEOUT, 31);
NUMBER(VALETKEY_ERR_NOT_CACHED, 32);
NUMBER(VALETKEY_ERR_THROTTLED, 33);
NUMBER(VALETKEY_ERR_HELPER, 40);
NUMBER(VALETKEY_ERR_DENIED, 41);
NUMBER(VALETKEY_ERR_NOMEM, 42);
NUMBER(VALETKEY_MESSAGE_INFO, 1);
NUMBER(VALETKEY_MESSAGE_ERROR, 2);
NUMBER(VALETKEY_MESSAGE_OPEN, 3);
NUMBER(VALETKEY_MESSAGE_CODE, 4);
NUMBER(VALETKEY_MESSAGE_ASK, 5);
NUMBER(VALETKEY_MESSAGE_ASK_SECRET, 6);
NUMBER(VALETKEY_MESSAGE_WAIT, 7);
NUMBER(VALETKEY_ANSWERS, 1);
NUMBER(VALETKEY_DONE, 100);
NUMBER(VALETKEY_INTERACTIVE, 1);
NUMBER(VALETKEY_CACHED_ONLY, 2);
NUMBER(VALETKEY_ID_TOKEN, 4);

int main(void)
{
	return 0;
}
