/* SPDX-License-Identifier: MIT */
/*
 * unlock.c - `valetkey unlock` and `valetkey lock`: the passphrase of the sealed
 * store, typed without echo or read from a descriptor, never taken from argv or the
 * environment. `valetkey add` asks here whether the store takes an account.
 */
#include "command.h"
#include "terminal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE_S 120 /* the keyring's dialog */
#define UNLOCK_S 60
#define PASSPHRASE_MAX 4096
#define TRIES 3
#define TIME_MAX_S (366LL * 86400)

static const struct cmd_option unlock_options[] = {
    {"for", "TIME",
     "Lock again after this long: a number with s, m, h or d, such as 8h. "
     "Default: until the computer is restarted, or valetkey lock."},
    {"passphrase-stdin", NULL,
     "Read the passphrase from standard input; on a terminal without showing "
     "it."},
    {"passphrase-fd", "N", "Read the passphrase from descriptor N."},
    {"change", NULL,
     "Choose another passphrase. From a descriptor: the old one in the first "
     "line, the new one in the second."},
    {"reset", NULL,
     "Give up the key, and delete all that is sealed: logins and client "
     "secrets. For a passphrase that is forgotten."},
    {"yes", NULL, "With --reset: do not ask."},
    {NULL, NULL, NULL},
};
static const struct cmd_option lock_options[] = {{NULL, NULL, NULL}};

static int run_unlock(struct cmd_args *args);
static int run_lock(struct cmd_args *args);

const struct cmd_verb cmd_unlock = {
    .name = "unlock",
    .summary = "unlock the sealed store, once after each start",
    .usage = "unlock [--for TIME] [OPTIONS]",
    .about =
	"Asks for the passphrase of the sealed store, which accounts use that "
	"were added with --store sealed, and keeps the store's key in the "
	"kernel until the computer is restarted. Until then your own programs "
	"get tokens, as with an unlocked keyring. The first time it asks you "
	"to choose the passphrase.",
    .options = unlock_options,
    .examples = "  valetkey unlock\n"
		"  valetkey unlock --for 8h\n"
		"  valetkey unlock --change\n"
		"  valetkey unlock --passphrase-fd 3 3</run/keys/passphrase\n",
    .run = run_unlock,
};

const struct cmd_verb cmd_lock = {
    .name = "lock",
    .summary = "lock the sealed store",
    .usage = "lock",
    .about =
	"Takes the key of the sealed store out of the kernel. Access tokens "
	"that programs already have, or that are cached in the kernel, stay "
	"valid until they expire; nothing is refreshed until valetkey unlock.",
    .options = lock_options,
    .examples = "  valetkey lock\n",
    .run = run_lock,
};

/* ---- asking the helper ---- */

static int ask_about_store(struct record *request, int64_t timeout_s,
			   bool person, struct record *answer)
{
	struct cmd_call call = {.request = request,
				.answer = answer,
				.timeout_s = timeout_s,
				.interactive = person};

	return cmd_call(&call);
}

/* op store. */
static int look_at_store(const char *store, bool person, struct record *answer)
{
	struct record request = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "store") == 0 &&
	    record_add(&request, "store", store) == 0)
		rc = ask_about_store(&request, STORE_S, person, answer);
	record_free(&request);
	return rc;
}

struct unlocking {
	const char *passphrase, *new_passphrase; /* the latter may be NULL */
	int64_t seconds;
};

/* op unlock. */
static int send_passphrase(const struct unlocking *unlocking)
{
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "unlock") == 0 &&
	    record_add(&request, "passphrase", unlocking->passphrase) == 0 &&
	    record_add(&request, "new_passphrase", unlocking->new_passphrase) ==
		0 &&
	    record_add_int(&request, "seconds", unlocking->seconds) == 0)
		rc = ask_about_store(&request, UNLOCK_S, false, &answer);
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* ---- the passphrase ---- */

static int choose_passphrase(int terminal, struct buf *passphrase)
{
	struct buf again = {0};
	bool same = false;
	int rc = VALETKEY_OK;

	while (!rc && !same) {
		buf_clear(passphrase);
		buf_clear(&again);
		rc = terminal_ask_secret(
		    terminal,
		    "New passphrase, 12 characters or more (not shown)",
		    passphrase);
		if (!rc)
			rc = terminal_ask_secret(terminal, "The same again",
						 &again);
		same = !rc && text_same(buf_text(passphrase), buf_text(&again));
		if (!rc && !same)
			terminal_say(TERMINAL_WARNING,
				     "These are two different ones.\n");
	}
	buf_free(&again);
	return rc;
}

/* Until the passphrase is right, or was wrong three times. */
static int unlock_by_person(int terminal, bool new, int64_t seconds)
{
	struct buf passphrase = {0};
	struct unlocking unlocking = {.seconds = seconds};
	int rc = VALETKEY_ERR_DENIED;

	if (new)
		terminal_say(TERMINAL_PLAIN,
			     "The sealed store has no key yet. Choose a "
			     "passphrase: valetkey will ask for it once after "
			     "each start of the computer. Nobody can find it "
			     "out if you forget it.\n");
	for (int i = 0; rc == VALETKEY_ERR_DENIED && i < TRIES; i++) {
		buf_clear(&passphrase);
		rc = new ? choose_passphrase(terminal, &passphrase)
			 : terminal_ask_secret(
			       terminal, "Passphrase (not shown)", &passphrase);
		unlocking.passphrase = buf_text(&passphrase);
		if (!rc)
			rc = send_passphrase(&unlocking);
	}
	buf_free(&passphrase);
	return rc;
}

static int change_by_person(int terminal)
{
	struct buf old = {0}, new = {0};
	struct unlocking unlocking = {0};
	int rc =
	    terminal_ask_secret(terminal, "Old passphrase (not shown)", &old);

	if (!rc)
		rc = choose_passphrase(terminal, &new);
	unlocking.passphrase = buf_text(&old);
	unlocking.new_passphrase = buf_text(&new);
	if (!rc)
		rc = send_passphrase(&unlocking);
	buf_free(&old);
	buf_free(&new);
	return rc;
}

/* A passphrase a line. */
static int unlock_by_descriptor(int fd, bool change, int64_t seconds)
{
	struct buf text = {0};
	struct unlocking unlocking = {.seconds = seconds};
	char *end = NULL;
	int rc = cmd_secret_read(fd, "The passphrase", PASSPHRASE_MAX, &text);

	if (!rc && change) {
		end = strchr(text.data, '\n');
		if (!end)
			rc = cmd_fail(VALETKEY_ERR_ARG,
				      "--change needs two lines: the old "
				      "passphrase, and the new one.");
		else
			*end = '\0';
	}
	if (!rc && (!text_plain(buf_text(&text), strlen(buf_text(&text))) ||
		    (end && !text_plain(end + 1, strlen(end + 1)))))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "A passphrase must be one line without control "
			      "characters.");
	unlocking.passphrase = buf_text(&text);
	unlocking.new_passphrase = end ? end + 1 : NULL;
	if (!rc)
		rc = send_passphrase(&unlocking);
	buf_free(&text);
	return rc;
}

/* ---- the verbs ---- */

static int option_time(const struct cmd_args *args, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *text = cmd_option(args, "for");
	char *end = NULL;
	long long number;
	int64_t unit = 0;

	*seconds = 0;
	if (!text)
		return VALETKEY_OK;
	number = strtoll(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (*end == units[i].unit && !end[1])
			unit = units[i].seconds;
	if (!unit || number < 1 || number > TIME_MAX_S / unit)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--for needs a number with s, m, h or d, such "
				"as 30m or 8h, and a year at most.");
	*seconds = number * unit;
	return VALETKEY_OK;
}

static int reset_store(const struct cmd_args *args)
{
	struct record request = {0}, answer = {0};
	bool yes = cmd_option(args, "yes") != NULL;
	int rc = VALETKEY_OK;

	if (!yes && !terminal_person())
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nobody can be asked here. To delete all that "
				"is sealed, add --yes.");
	if (!yes)
		rc = cmd_answers_yes("Delete all logins and client secrets "
				     "that are sealed? [y/N]",
				     &yes);
	if (rc || !yes)
		return cmd_fail(VALETKEY_ERR_CANCELED, "Nothing was changed.");
	rc = VALETKEY_ERR_NOMEM;
	if (record_add(&request, "op", "unlock") == 0 &&
	    record_add(&request, "reset", "1") == 0)
		rc = ask_about_store(&request, UNLOCK_S, false, &answer);
	if (!rc)
		terminal_say(TERMINAL_GOOD,
			     "The sealed store is empty. Accounts that used it "
			     "stay, without login or secret: remove them, and "
			     "add them again.\n");
	record_free(&request);
	record_free(&answer);
	return rc;
}

static int passphrase_source(const struct cmd_args *args, int *fd)
{
	const char *text = cmd_option(args, "passphrase-fd");
	char *end;
	long number;

	*fd = cmd_option(args, "passphrase-stdin") ? STDIN_FILENO : -1;
	if (!text)
		return VALETKEY_OK;
	number = strtol(text, &end, 10);
	if (!*text || *end || number < 0 || number > INT_MAX)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--passphrase-fd needs the number of a "
				"descriptor.");
	*fd = (int)number;
	return VALETKEY_OK;
}

static int unlock_store(int fd, bool new, bool change, int64_t seconds)
{
	int terminal = fd < 0 ? STDIN_FILENO : fd;

	if (change && new)
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no passphrase to change yet. Run: "
				"valetkey unlock");
	if (fd >= 0 && !isatty(fd))
		return unlock_by_descriptor(fd, change, seconds);
	if (fd < 0 && !terminal_person())
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no terminal to ask for the "
				"passphrase at. Give it with "
				"--passphrase-stdin or --passphrase-fd N.");
	return change ? change_by_person(terminal)
		      : unlock_by_person(terminal, new, seconds);
}

static int run_unlock(struct cmd_args *args)
{
	bool change = cmd_option(args, "change") != NULL, new;
	struct record answer = {0};
	int64_t seconds;
	int fd, rc = option_time(args, &seconds);

	if (!rc)
		rc = passphrase_source(args, &fd);
	if (rc)
		return rc;
	if (cmd_option(args, "reset"))
		return reset_store(args);
	rc = look_at_store("sealed", false, &answer);
	new = record_is(&answer, "key", "none");
	record_free(&answer);
	if (!rc)
		rc = unlock_store(fd, new, change, seconds);
	if (!rc && change)
		terminal_say(TERMINAL_GOOD, "The passphrase is changed.\n");
	else if (!rc)
		terminal_say(TERMINAL_GOOD, "The sealed store is unlocked%s.\n",
			     seconds ? " for that time" : "");
	return rc;
}

static int run_lock(struct cmd_args *args)
{
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	(void)args;
	if (record_add(&request, "op", "lock") == 0)
		rc = ask_about_store(&request, UNLOCK_S, false, &answer);
	if (!rc)
		terminal_say(TERMINAL_GOOD, "The sealed store is locked.\n");
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* ---- before an account is added ---- */

int cmd_store_ready(const char *store, bool person)
{
	struct record answer = {0};
	bool new;
	int rc = look_at_store(store, person, &answer);

	new = record_is(&answer, "key", "none");
	if (!rc && (new || record_is(&answer, "key", "locked")))
		rc = person ? unlock_by_person(STDIN_FILENO, new, 0)
			    : cmd_fail(VALETKEY_ERR_LOCKED,
				       "The sealed store %s. Run: valetkey "
				       "unlock",
				       new ? "has no key yet" : "is locked");
	record_free(&answer);
	return rc;
}
