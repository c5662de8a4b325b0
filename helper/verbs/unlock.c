/* SPDX-License-Identifier: MIT */
/*
 * unlock.c - `valetkey unlock` and `valetkey lock`: who holds the key of the sealed
 * store, and its passphrase, typed without echo or read from a descriptor, never
 * taken from argv or the environment. `valetkey add` asks here whether the store
 * takes an account.
 */
#include "command/command.h"
#include "command/terminal.h"

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
    {"holder", "HOLDER",
     "Who holds a new key: passphrase; systemd, 256 or later; or credential: "
     "of "
     "the service that runs valetkey. With --change: from now on. See man "
     "valetkey-headless."},
    {"change", NULL,
     "Choose another passphrase or holder. From a descriptor: the old "
     "passphrase in the first line, the new one in the second."},
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
	"to choose the passphrase. With another --holder nothing is asked for, "
	"then and later.",
    .options = unlock_options,
    .examples = "  valetkey unlock\n"
		"  valetkey unlock --for 8h\n"
		"  valetkey unlock --change\n"
		"  valetkey unlock --holder systemd\n"
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
	"valid until they expire; nothing is refreshed until valetkey unlock. "
	"If no passphrase holds the key, it cannot be locked.",
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
	bool change;
	bool old, new; /* which passphrases are to be typed */
	const char *holder;
	int64_t seconds;
	struct buf passphrase, new_passphrase;
};

static bool holder_asks(const char *holder)
{
	return strcmp(holder, "passphrase") == 0;
}

/* op unlock. */
static int send_unlocking(const struct unlocking *unlocking)
{
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "unlock") == 0 &&
	    record_add(&request, "passphrase",
		       unlocking->old ? buf_text(&unlocking->passphrase)
				      : NULL) == 0 &&
	    record_add(&request, "new_passphrase",
		       unlocking->new ? buf_text(&unlocking->new_passphrase)
				      : NULL) == 0 &&
	    record_add(&request, "holder", unlocking->holder) == 0 &&
	    record_add(&request, "change", unlocking->change ? "1" : NULL) ==
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
static int unlock_by_person(int terminal, struct unlocking *unlocking)
{
	int rc = VALETKEY_ERR_DENIED;

	if (unlocking->new && !unlocking->change)
		terminal_say(TERMINAL_PLAIN,
			     "The sealed store has no key yet. Choose a "
			     "passphrase: valetkey will ask for it once after "
			     "each start of the computer. Nobody can find it "
			     "out if you forget it.\n");
	for (int i = 0; rc == VALETKEY_ERR_DENIED && i < TRIES; i++) {
		buf_clear(&unlocking->passphrase);
		rc = VALETKEY_OK;
		if (unlocking->old)
			rc = terminal_ask_secret(
			    terminal,
			    unlocking->change ? "Old passphrase (not shown)"
					      : "Passphrase (not shown)",
			    &unlocking->passphrase);
		if (!rc && unlocking->new)
			rc = choose_passphrase(terminal,
					       &unlocking->new_passphrase);
		if (!rc)
			rc = send_unlocking(unlocking);
	}
	return rc;
}

static int take_passphrase(struct buf *text, struct buf *passphrase)
{
	size_t len = strcspn(buf_text(text), "\n");

	if (!len || !text_plain(text->data, len))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A passphrase must be one line without control "
				"characters.");
	if (buf_add(passphrase, text->data, len))
		return VALETKEY_ERR_NOMEM;
	buf_eat(text, len + (text->data[len] == '\n'));
	return VALETKEY_OK;
}

/* A passphrase a line. */
static int unlock_by_descriptor(int fd, struct unlocking *unlocking)
{
	struct buf text = {0};
	int rc = cmd_secret_read(fd, "The passphrase", PASSPHRASE_MAX, &text);

	if (!rc && unlocking->old && unlocking->new &&
	    !strchr(buf_text(&text), '\n'))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "--change needs two lines: the old passphrase, "
			      "and the new one.");
	if (!rc && unlocking->old)
		rc = take_passphrase(&text, &unlocking->passphrase);
	if (!rc && unlocking->new)
		rc = take_passphrase(&text, &unlocking->new_passphrase);
	if (!rc && text.len)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "There are more lines than passphrases.");
	if (!rc)
		rc = send_unlocking(unlocking);
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

static int unlock_store(int fd, struct unlocking *unlocking)
{
	if (!unlocking->old && !unlocking->new)
		return send_unlocking(unlocking);
	if (fd >= 0 && !isatty(fd))
		return unlock_by_descriptor(fd, unlocking);
	if (fd < 0 && !terminal_person())
		return cmd_fail(VALETKEY_ERR_ARG,
				"There is no terminal to ask for the "
				"passphrase at. Give it with "
				"--passphrase-stdin or --passphrase-fd N.");
	return unlock_by_person(fd < 0 ? STDIN_FILENO : fd, unlocking);
}

/* `present`: who holds the key, NULL: there is none. */
static int plan_unlocking(const char *present, struct unlocking *unlocking)
{
	const char *next = unlocking->holder;

	if (!next)
		next = present ? present : "passphrase";
	if (unlocking->change && !present)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The sealed store has no key to change yet. "
				"Run: valetkey unlock");
	if (!unlocking->change && present && strcmp(present, next) != 0)
		return VALETKEY_OK; /* the helper says why not */
	unlocking->old = present && holder_asks(present);
	unlocking->new = (unlocking->change || !present) && holder_asks(next);
	return VALETKEY_OK;
}

static void tell_unlocked(const struct unlocking *unlocking, const char *holder)
{
	if (unlocking->change && !unlocking->holder && holder_asks(holder))
		terminal_say(TERMINAL_GOOD, "The passphrase is changed.\n");
	else if (unlocking->change)
		terminal_say(TERMINAL_GOOD,
			     "The key of the sealed store is held by %s now.\n",
			     holder);
	else if (holder_asks(holder))
		terminal_say(TERMINAL_GOOD, "The sealed store is unlocked%s.\n",
			     unlocking->seconds ? " for that time" : "");
	else
		terminal_say(TERMINAL_GOOD,
			     "The sealed store is open: its key is held by "
			     "%s.\n",
			     holder);
}

static int run_unlock(struct cmd_args *args)
{
	struct unlocking unlocking = {.change =
					  cmd_option(args, "change") != NULL,
				      .holder = cmd_option(args, "holder")};
	struct record answer = {0};
	const char *holder;
	int fd, rc = option_time(args, &unlocking.seconds);

	if (!rc)
		rc = cmd_option_descriptor(args, "passphrase", &fd);
	if (rc)
		return rc;
	if (cmd_option(args, "reset"))
		return reset_store(args);
	rc = look_at_store("sealed", false, &answer);
	holder = record_get(&answer, "holder");
	if (!rc)
		rc = plan_unlocking(holder, &unlocking);
	if (!rc)
		rc = unlock_store(fd, &unlocking);
	if (unlocking.holder)
		holder = unlocking.holder;
	if (!rc)
		tell_unlocked(&unlocking, holder ? holder : "passphrase");
	buf_free(&unlocking.passphrase);
	buf_free(&unlocking.new_passphrase);
	record_free(&answer);
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
		terminal_say(TERMINAL_GOOD,
			     "The sealed store is locked. Access tokens that "
			     "are cached are given out until they expire.\n");
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* ---- before an account is added ---- */

/* A key is made by a command, which says who holds it. */
static int refuse_without_key(const struct record *answer)
{
	const char *holder = NULL;
	struct buf text = {0};
	int rc = buf_str(&text, "The sealed store has no key yet. Run: "
				"valetkey unlock, and choose a passphrase");

	while (!rc && (holder = record_next(answer, "offer[]", holder)))
		rc = buf_fmt(&text,
			     "; or, if nothing is to be typed: valetkey unlock "
			     "--holder %s",
			     holder);
	rc = rc ? VALETKEY_ERR_NOMEM
		: cmd_fail(VALETKEY_ERR_LOCKED, "%s", buf_text(&text));
	buf_free(&text);
	return rc;
}

int cmd_store_ready(const char *store, bool person)
{
	struct unlocking unlocking = {0};
	struct record answer = {0};
	int rc = look_at_store(store, person, &answer);

	unlocking.new = record_is(&answer, "key", "none");
	unlocking.old = record_is(&answer, "key", "locked");
	if (!rc && unlocking.new && (!person || record_get(&answer, "offer[]")))
		rc = refuse_without_key(&answer);
	else if (!rc && unlocking.old && !person)
		rc = cmd_fail(VALETKEY_ERR_LOCKED,
			      "The sealed store is locked. Run: valetkey "
			      "unlock");
	else if (!rc && (unlocking.new || unlocking.old))
		rc = unlock_by_person(STDIN_FILENO, &unlocking);
	buf_free(&unlocking.passphrase);
	buf_free(&unlocking.new_passphrase);
	record_free(&answer);
	return rc;
}
