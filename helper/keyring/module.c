/* SPDX-License-Identifier: MIT */
/*
 * module.c - the one symbol of the private module (keyring.h), and how a
 * connection to the keyring begins and ends.
 */
#include "items.h"
#include "session.h"
#include <valetkey.h>

#include <stdlib.h>

static void keyring_close(struct keyring *keyring)
{
	if (keyring)
		keyring_disconnect(keyring);
	free(keyring);
}

static int keyring_open(bool may_prompt, int64_t deadline,
			struct keyring **keyring, struct problem *problem)
{
	struct keyring *new = calloc(1, sizeof(*new));
	int rc;

	*keyring = NULL;
	if (!new)
		return problem_no_memory(problem);
	new->may_prompt = may_prompt;
	new->deadline = deadline;
	rc = keyring_connect(new, problem);
	if (!rc)
		rc = keyring_attach(new, problem);
	if (rc)
		keyring_close(new);
	else
		*keyring = new;
	return rc;
}

static void keyring_set_deadline(struct keyring *keyring, int64_t deadline)
{
	keyring->deadline = deadline;
}

static void keyring_set_prompt(struct keyring *keyring, bool may_prompt)
{
	keyring->may_prompt = may_prompt;
}

static int check_writable(struct keyring *keyring, void *work,
			  struct problem *problem)
{
	(void)work;
	return keyring_writable(keyring, problem);
}

static int keyring_writable_twice(struct keyring *keyring,
				  struct problem *problem)
{
	return keyring_twice(keyring, check_writable, NULL, problem);
}

extern const struct keyring_module valetkey_keyring
    __attribute__((visibility("default")));

const struct keyring_module valetkey_keyring = {
    .open = keyring_open,
    .set_deadline = keyring_set_deadline,
    .set_prompt = keyring_set_prompt,
    .writable = keyring_writable_twice,
    .load = account_items_load,
    .save = account_items_save,
    .unverified = account_items_unverified,
    .delete = account_items_delete,
    .list_others = account_items_others,
    .name = keyring_bus_name,
    .outlast = keyring_outlast,
    .describe = keyring_describe,
    .git_find = git_items_find,
    .git_create = git_items_create,
    .git_replace = git_items_replace,
    .git_delete = git_items_delete,
    .git_free = git_items_free,
    .close = keyring_close,
};
