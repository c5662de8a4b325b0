/* SPDX-License-Identifier: MIT */
/*
 * account_choice.c - which account a command line means: the one it names, else
 * the one that has the URL's host, as the library finds it, else the only one
 * there is. Where that is none or several, the person hears which there are and
 * what to type.
 */
#include "client/unusable.h"
#include "command.h"

#include <string.h>

#define NAMES_MAX 10

/* The accounts that fit. */
struct choice {
	const char *origin; /* NULL: all do */
	char *name;	    /* the first one's */
	struct buf names;   /* of all, for a sentence */
	unsigned fit;
	unsigned all; /* that there are */
};

static bool choice_fits(const char *name, const char *origin, int *rc)
{
	struct record keys = {0};
	bool fits;

	if (!origin)
		return true;
	*rc = account_read(name, &keys, NULL);
	fits = !*rc && account_has_origin(&keys, origin);
	record_free(&keys);
	if (*rc != VALETKEY_ERR_NOMEM && *rc != VALETKEY_ERR_DENIED)
		*rc = VALETKEY_OK; /* as the library passes over it */
	return fits;
}

static int see_choice(const char *name, void *data)
{
	struct choice *choice = data;
	int rc = VALETKEY_OK;

	choice->all++;
	if (!choice_fits(name, choice->origin, &rc) ||
	    choice->fit++ > NAMES_MAX)
		return rc;
	if (choice->fit == 1)
		strcpy(choice->name, name);
	return (choice->fit > 1 && buf_str(&choice->names, ", ")) ||
		       buf_str(&choice->names,
			       choice->fit > NAMES_MAX ? "..." : name)
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

static int fail_none(const struct choice *choice)
{
	if (!choice->all)
		return cmd_fail(choice->origin ? VALETKEY_ERR_RESOURCE
					       : VALETKEY_ERR_ACCOUNT,
				"There are no accounts yet. Add one: valetkey "
				"add NAME --provider PROVIDER");
	return cmd_fail(VALETKEY_ERR_RESOURCE,
			"No account has the host %s. To see which hosts they "
			"have, run: valetkey status",
			choice->origin);
}

static int fail_several(const struct cmd_target *target,
			const struct choice *choice)
{
	const char *before = choice->origin ? target->before_url : "";
	const char *after = target->after ? target->after : "";

	if (!choice->origin)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account? There are %s. Say which one: "
				"valetkey %s %s%s",
				choice->names.data, target->verb, choice->name,
				after);
	return cmd_fail(VALETKEY_ERR_ACCOUNT,
			"Several accounts have the host %s: %s. Say which one: "
			"valetkey %s %s%s%s%s",
			choice->origin, choice->names.data, target->verb,
			choice->name, before, choice->origin, after);
}

int cmd_origin_of(const char *url, char origin[ORIGIN_MAX])
{
	if (origin_of(url, origin) == 0)
		return VALETKEY_OK;
	return cmd_fail(
	    VALETKEY_ERR_RESOURCE,
	    "\"%s\" is not a URL that a token may go to: it must be "
	    "https://HOST/... without a user name.",
	    url);
}

int cmd_tell_unusable(void)
{
	struct problem problem = {0};

	if (unusable_folder(NULL, &problem))
		return cmd_fail_problem(&problem);
	if (!unusable_environment(&problem))
		return VALETKEY_OK;
	cmd_is_told();
	return problem.result;
}

static int resource_origin(const char *url, char origin[ORIGIN_MAX])
{
	return origin_of_resource(url, origin) == 0
		   ? VALETKEY_OK
		   : cmd_origin_of(url, origin);
}

static int choose_unnamed(const struct cmd_target *target, const char *origin,
			  char *name)
{
	struct choice choice = {.origin = origin, .name = name};
	int rc = account_each(see_choice, &choice);

	if ((!rc || rc == VALETKEY_ERR_ACCOUNT) && !choice.all)
		rc = cmd_tell_unusable();
	if (!rc && !choice.fit)
		rc = fail_none(&choice);
	else if (!rc && choice.fit > 1)
		rc = fail_several(target, &choice);
	buf_free(&choice.names);
	return rc;
}

/* A file that cannot be read has no hosts either: the helper says why. */
static int check_named(const char *name, const char *origin)
{
	struct record keys = {0};
	int rc = cmd_account_exists(name);

	if (!rc && origin && account_read(name, &keys, NULL) == VALETKEY_OK &&
	    !account_has_origin(&keys, origin))
		rc = cmd_fail(VALETKEY_ERR_RESOURCE,
			      "The URL is not one of the hosts of account %s. "
			      "To see them, run: valetkey status %s",
			      name, name);
	record_free(&keys);
	return rc;
}

int cmd_account_choose(const struct cmd_target *target,
		       char name[ACCOUNT_NAME_MAX + 1])
{
	char origin[ORIGIN_MAX];
	int rc = VALETKEY_OK;

	*name = '\0';
	if (target->resource)
		rc = resource_origin(target->resource, origin);
	if (rc)
		return rc;
	if (!target->account)
		return choose_unnamed(target, target->resource ? origin : NULL,
				      name);
	strncat(name, target->account, ACCOUNT_NAME_MAX);
	return check_named(name, target->resource ? origin : NULL);
}
