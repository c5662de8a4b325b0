/* SPDX-License-Identifier: MIT */
/*
 * status_account.c - one account in full, for people. On a terminal lines are as
 * long as fit, and the token's life is a bar as well.
 */
#include "status.h"

#include "command/command.h"
#include "command/terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INDENT 17
#define BAR_MAX 20

static void print_line(const char *label, const char *text)
{
	if (!*text)
		return;
	printf("  %-14s ", label);
	if (terminal_out_room()) {
		terminal_out_wrap(INDENT, text);
		return;
	}
	terminal_put(stdout, text, strlen(text));
	putchar('\n');
}

__attribute__((format(printf, 2, 3))) static void
print_words(const char *label, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		print_line(label, text);
	va_end(args);
	free(text);
}

static void print_state(const struct entry *entry)
{
	static const struct {
		const char *state;
		const char *says;
	} words[] = {
	    {"ok", "ready"},
	    {"expired", "ready (refreshes at the next use)"},
	    {"login", "needs a login"},
	    {"changed", "its configuration has changed"},
	    {"broken", "cannot be used"},
	    {"removed", "removed, but not revoked yet"},
	};
	const char *says = entry_text(entry, "state");

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (entry_is(entry, "state", words[i].state))
			says = words[i].says;
	if (entry_is_refused(entry))
		says = "was refused a token";
	printf("%s: ", entry_text(entry, "account"));
	terminal_out(entry_result(entry) ? TERMINAL_WARNING : TERMINAL_GOOD,
		     says);
	putchar('\n');
}

/* What is left of the token's life, as a bar of a quarter of the line: "====----  " */
static const char *draw_bar(char bar[BAR_MAX + 4], const struct entry *entry)
{
	int64_t left = entry_number(entry, "expires_in");
	int64_t life = entry_number(entry, "token_life");
	size_t width = terminal_out_room() / 4, full;

	if (width > BAR_MAX)
		width = BAR_MAX;
	if (!width || life < left) {
		*bar = '\0';
		return bar;
	}
	full = (width * (size_t)left + (size_t)life - 1) / (size_t)life;
	memset(bar, '-', width);
	memset(bar, '=', full);
	strcpy(bar + width, "  ");
	return bar;
}

static void print_expiry(const struct entry *entry)
{
	int64_t left = entry_number(entry, "expires_in");
	char duration[32], bar[BAR_MAX + 4];

	if (entry_is(entry, "lifetime", "never")) {
		print_line("access token", "does not expire");
		if (!entry_number(entry, "refresh_token"))
			return;
	}
	if (left > 0 && *entry_text(entry, "expires_at"))
		print_words("access token", "%sgood for %s",
			    draw_bar(bar, entry),
			    cmd_duration(duration, sizeof(duration), left));
	else if (left > 0)
		print_line("access token",
			   "good, for how long the provider does not tell");
	if (!entry_is_machine(entry) && *entry_text(entry, "refresh_token"))
		print_line("refresh token",
			   entry_number(entry, "refresh_token")
			       ? "yes"
			       : "none: a login is needed when the access "
				 "token expires");
}

static void print_room(const struct entry *entry)
{
	if (entry_number(entry, "no_room"))
		print_line("kernel", "has no room for this token, which comes "
				     "more slowly. Run: valetkey doctor");
}

static void print_last_refresh(const struct entry *entry)
{
	int64_t ago = time(NULL) - entry_number(entry, "refreshed_at");
	const char *program = entry_text(entry, "refreshed_by");
	char duration[32];

	if (*entry_text(entry, "refreshed_at"))
		print_words(
		    "last refresh", "%s ago%s%s",
		    cmd_duration(duration, sizeof(duration), ago > 0 ? ago : 0),
		    *program ? ", by " : "", program);
}

/* How it is known when the login ends. */
static const char *dies_by_words(const struct entry *entry)
{
	if (entry_is(entry, "dies_by", "told"))
		return "told by the provider";
	if (entry_is(entry, "dies_by", "data"))
		return "as the provider documents";
	return "learned: an earlier login ended so";
}

static void print_death(const struct entry *entry)
{
	int64_t when = entry_number(entry, "dies_on");
	int64_t left = when - time(NULL);
	char duration[32], date[16];

	if (!*entry_text(entry, "dies_on")) {
		if (entry_number(entry, "refresh_token"))
			print_line("dies on",
				   "not known: the provider does not "
				   "tell");
		return;
	}
	cmd_duration(duration, sizeof(duration), left < 0 ? -left : left);
	print_words("dies on", "%s, %s%s%s (%s)", status_date(date, when),
		    left < 0 ? "" : "in ", duration, left < 0 ? " ago" : "",
		    dies_by_words(entry));
}

static void print_lacking(const struct entry *entry)
{
	const char *lacking = entry_text(entry, "not_granted");

	if (*lacking)
		print_words("not granted", "%s (or by other names)", lacking);
}

static void print_refusal(const struct entry *entry)
{
	int64_t ago = time(NULL) - entry_number(entry, "refused_at");
	char duration[32];

	if (*entry_text(entry, "refusal"))
		print_words(
		    "last refusal", "%s ago: %s",
		    cmd_duration(duration, sizeof(duration), ago > 0 ? ago : 0),
		    entry_text(entry, "refusal"));
}

/* RFC 7591 3.2.1: a client that was registered for a time. */
static void print_secret_expiry(const struct entry *entry)
{
	int64_t left = entry_number(entry, "secret_expires_at") - time(NULL);
	const char *account = entry_text(entry, "account");
	char duration[32];

	if (!*entry_text(entry, "secret_expires_at"))
		return;
	cmd_duration(duration, sizeof(duration), left);
	print_words("warning",
		    "the client secret %s%s%s register again: valetkey remove "
		    "%s, then valetkey add %s",
		    left > 0 ? "expires in " : "has expired;",
		    left > 0 ? duration : "", left > 0 ? "; then" : "", account,
		    account);
}

static void print_secret(const struct entry *entry)
{
	if (entry_is(entry, "secret", "missing"))
		print_words("client secret",
			    "missing from the %s. To give it again: valetkey "
			    "edit %s --secret-stdin",
			    entry_is(entry, "store", "sealed") ? "sealed store"
							       : "keyring",
			    entry_text(entry, "account"));
	else if (entry_is(entry, "secret", "stored"))
		print_words("client secret", "stored%s",
			    entry_is(entry, "proof", "unproven")
				? ", not proven until it is used"
				: "");
	if (entry_is(entry, "secret", "stored"))
		print_secret_expiry(entry);
}

/* A login that another has replaced ends with that one, see revocations.h. */
static void print_waiting(const struct entry *entry)
{
	int64_t held = entry_number(entry, "revocations_held");
	int64_t count = entry_number(entry, "revocations") - held;
	char date[16];

	if (count > 0)
		print_words("revocations", "%lld to be sent, since %s",
			    (long long)count,
			    status_date(date, entry_number(
						  entry, "revocations_since")));
	if (held > 0)
		print_words("revocations",
			    "%lld with the next logout: what later logins "
			    "replaced",
			    (long long)held);
}

void status_account(const struct entry *entry)
{
	const char *text = entry_text(entry, "state_text");
	const char *holder = entry_text(entry, "holder");

	print_state(entry);
	print_line("provider", entry_text(entry, "name"));
	if (entry_is(entry, "store", "sealed"))
		print_words("store", "sealed files, key held by: %s",
			    *holder ? holder : "nobody");
	print_line("client id", entry_text(entry, "client_id"));
	print_line("logged in as", entry_text(entry, "identity"));
	print_line("hosts", entry_text(entry, "hosts"));
	if (*entry_text(entry, "far"))
		print_words("kept by", "another machine, at %s",
			    entry_text(entry, "far"));
	if (entry_is(entry, "share", "yes"))
		print_line("shared", "with other machines");
	print_line("scopes", entry_text(entry, "scope"));
	print_lacking(entry);
	print_expiry(entry);
	print_room(entry);
	print_last_refresh(entry);
	print_death(entry);
	print_secret(entry);
	print_refusal(entry);
	print_waiting(entry);
	print_line("note", text);
	if (!*text && entry_result(entry) == VALETKEY_ERR_LOGIN)
		print_words("next", "valetkey login %s",
			    entry_text(entry, "account"));
}
