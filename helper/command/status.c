/* SPDX-License-Identifier: MIT */
/*
 * status.c - `valetkey status`: what each account is, whether it works, and
 * what to do if it does not. Asks the keyring, never a provider.
 */
#include "client/client.h"
#include "command.h"
#include "core/account.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_S 30

static const struct cmd_option options[] = {
    {"json", NULL,
     "An array of objects, one for each account, for each removed one that is "
     "not revoked yet, and for items without an account."},
    {NULL, NULL, NULL},
};

static int run_status(struct cmd_args *args);

const struct cmd_verb cmd_status = {
    .name = "status",
    .summary = "show the accounts and what is wrong with them",
    .usage = "status [ACCOUNT] [--json]",
    .about =
	"Shows each account, or the one named: its provider, how long its "
	"token is good, and what to do next if something is wrong. Shows no "
	"secret and asks no provider. Without a name it also shows items in "
	"the keyring that have no account here, and removed accounts as long "
	"as a revocation waits to be sent; valetkey then tries to send it. "
	"With an account's name the exit status tells whether it can be used.",
    .options = options,
    .examples = "  valetkey status\n"
		"  valetkey status work && echo usable\n"
		"  valetkey status --json | jq -r '.[] | .account + \" \" + "
		".state'\n",
    .account = true,
    .account_optional = true,
    .run = run_status,
};

/* Account N of the helper's answer. */
struct entry {
	const struct record *answer;
	int64_t number;
};

static const char *entry_text(const struct entry *entry, const char *key)
{
	char name[64];
	const char *value;

	snprintf(name, sizeof(name), "%lld.%s", (long long)entry->number, key);
	value = record_get(entry->answer, name);
	return value ? value : "";
}

static int64_t entry_number(const struct entry *entry, const char *key)
{
	char name[64];

	snprintf(name, sizeof(name), "%lld.%s", (long long)entry->number, key);
	return record_get_int(entry->answer, name, 0);
}

static bool entry_is(const struct entry *entry, const char *key,
		     const char *value)
{
	return strcmp(entry_text(entry, key), value) == 0;
}

static bool entry_is_machine(const struct entry *entry)
{
	return grant_type_of(entry_text(entry, "grant")) ==
	       GRANT_TYPE_CLIENT_CREDENTIALS;
}

/* The result that a get would have, as far as it is known. */
static int result_of(const struct entry *entry)
{
	int64_t result = entry_number(entry, "result");

	if (entry_is(entry, "state", "login") ||
	    entry_is(entry, "state", "changed") ||
	    entry_is(entry, "secret", "missing"))
		return VALETKEY_ERR_LOGIN;
	if (result > 0 && result < 126)
		return (int)result;
	return entry_is(entry, "state", "broken") ? VALETKEY_ERR_ACCOUNT
						  : VALETKEY_OK;
}

/* ---- for people ---- */

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
	if (*entry_text(entry, "refusal") &&
	    entry_number(entry, "result") > 0 &&
	    result_of(entry) == entry_number(entry, "result"))
		says = "was refused a token";
	printf("%s: %s\n", entry_text(entry, "account"), says);
}

static void print_line(const char *label, const char *text)
{
	if (!*text)
		return;
	printf("  %-14s ", label);
	terminal_put(stdout, text, strlen(text));
	putchar('\n');
}

static void print_expiry(const struct entry *entry)
{
	int64_t left = entry_number(entry, "expires_in");
	char duration[32];

	if (entry_is(entry, "lifetime", "never")) {
		print_line("access token", "does not expire");
		if (!entry_number(entry, "refresh_token"))
			return;
	}
	if (left > 0 && *entry_text(entry, "expires_at"))
		printf("  %-14s good for %s\n", "access token",
		       cmd_duration(duration, sizeof(duration), left));
	if (!entry_is_machine(entry) && *entry_text(entry, "refresh_token"))
		print_line("refresh token",
			   entry_number(entry, "refresh_token")
			       ? "yes"
			       : "none: a login is needed when the access "
				 "token expires");
}

/* "2027-02-27" */
static const char *date_of(char date[16], time_t when)
{
	struct tm day;

	*date = '\0';
	if (localtime_r(&when, &day))
		strftime(date, 16, "%Y-%m-%d", &day);
	return date;
}

static void print_last_refresh(const struct entry *entry)
{
	int64_t ago = time(NULL) - entry_number(entry, "refreshed_at");
	const char *program = entry_text(entry, "refreshed_by");
	char duration[32];

	if (!*entry_text(entry, "refreshed_at"))
		return;
	printf("  %-14s %s ago%s", "last refresh",
	       cmd_duration(duration, sizeof(duration), ago > 0 ? ago : 0),
	       *program ? ", by " : "");
	terminal_put(stdout, program, strlen(program));
	putchar('\n');
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

	if (!*entry_text(entry, "dies_on"))
		return;
	cmd_duration(duration, sizeof(duration), left < 0 ? -left : left);
	printf("  %-14s %s, %s%s%s (%s)\n", "dies on", date_of(date, when),
	       left < 0 ? "" : "in ", duration, left < 0 ? " ago" : "",
	       dies_by_words(entry));
}

static void print_lacking(const struct entry *entry)
{
	const char *lacking = entry_text(entry, "not_granted");

	if (!*lacking)
		return;
	printf("  %-14s ", "not granted");
	terminal_put(stdout, lacking, strlen(lacking));
	puts(" (or by other names)");
}

static void print_refusal(const struct entry *entry)
{
	int64_t ago = time(NULL) - entry_number(entry, "refused_at");
	char duration[32];

	if (!*entry_text(entry, "refusal"))
		return;
	printf("  %-14s %s ago: ", "last refusal",
	       cmd_duration(duration, sizeof(duration), ago > 0 ? ago : 0));
	terminal_put(stdout, entry_text(entry, "refusal"),
		     strlen(entry_text(entry, "refusal")));
	putchar('\n');
}

/* RFC 7591 3.2.1: a client that was registered for a time. */
static void print_secret_expiry(const struct entry *entry)
{
	int64_t left = entry_number(entry, "secret_expires_at") - time(NULL);
	char duration[32];

	if (!*entry_text(entry, "secret_expires_at"))
		return;
	printf("  %-14s ", "warning");
	if (left > 0)
		printf("the client secret expires in %s; then",
		       cmd_duration(duration, sizeof(duration), left));
	else
		printf("the client secret has expired;");
	printf(" register again: valetkey remove %s, then valetkey add %s\n",
	       entry_text(entry, "account"), entry_text(entry, "account"));
}

static void print_secret(const struct entry *entry)
{
	if (entry_is(entry, "secret", "missing"))
		printf("  %-14s missing from the %s. To give it again: "
		       "valetkey edit %s --secret-stdin\n",
		       "client secret",
		       entry_is(entry, "store", "sealed") ? "sealed store"
							  : "keyring",
		       entry_text(entry, "account"));
	else if (entry_is(entry, "secret", "stored"))
		printf("  %-14s stored%s\n", "client secret",
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
		printf("  %-14s %lld to be sent, since %s\n", "revocations",
		       (long long)count,
		       date_of(date, entry_number(entry, "revocations_since")));
	if (held > 0)
		printf("  %-14s %lld with the next logout: what later logins "
		       "replaced\n",
		       "revocations", (long long)held);
}

static void print_entry(const struct entry *entry)
{
	const char *text = entry_text(entry, "state_text");
	const char *holder = entry_text(entry, "holder");

	print_state(entry);
	print_line("provider", entry_text(entry, "name"));
	if (entry_is(entry, "store", "sealed"))
		printf("  %-14s sealed files, key held by: %s\n", "store",
		       *holder ? holder : "nobody");
	print_line("client id", entry_text(entry, "client_id"));
	print_line("logged in as", entry_text(entry, "identity"));
	print_line("hosts", entry_text(entry, "hosts"));
	if (*entry_text(entry, "far"))
		printf("  %-14s another machine, at %s\n", "kept by",
		       entry_text(entry, "far"));
	if (entry_is(entry, "share", "yes"))
		print_line("shared", "with other machines");
	print_line("scopes", entry_text(entry, "scope"));
	print_lacking(entry);
	print_expiry(entry);
	print_last_refresh(entry);
	print_death(entry);
	print_secret(entry);
	print_refusal(entry);
	print_waiting(entry);
	print_line("note", text);
	if (!*text && result_of(entry) == VALETKEY_ERR_LOGIN)
		printf("  %-14s valetkey login %s\n", "next",
		       entry_text(entry, "account"));
}

/* ---- for programs ---- */

static int add_text_member(struct buf *out, const struct entry *entry,
			   const char *key)
{
	const char *value = entry_text(entry, key);

	if (!*value)
		return 0;
	return buf_fmt(out, ",\"%s\":", key) || text_json_string(out, value);
}

static int add_number_member(struct buf *out, const struct entry *entry,
			     const char *key)
{
	return *entry_text(entry, key)
		   ? buf_fmt(out, ",\"%s\":%lld", key,
			     (long long)entry_number(entry, key))
		   : 0;
}

static int add_hosts(struct buf *out, const struct entry *entry)
{
	const char *at = entry_text(entry, "hosts");
	bool first = true;
	int rc = buf_str(out, ",\"hosts\":[");

	while (!rc && *at) {
		size_t len = strcspn(at, " ");
		struct buf host = {0};

		rc = buf_str(out, first ? "" : ",") ||
		     buf_add(&host, at, len) ||
		     text_json_string(out, host.data);
		buf_free(&host);
		first = false;
		at += len;
		at += strspn(at, " ");
	}
	return rc || buf_char(out, ']');
}

static int add_object(struct buf *out, const struct entry *entry)
{
	static const char *const texts[] = {
	    "provider", "name",	       "store",	       "client_id",   "grant",
	    "identity", "identity_id", "scope",	       "state",	      "secret",
	    "proof",	"state_text",  "refusal",      "not_granted", "far",
	    "share",	"dies_by",     "refreshed_by", "holder"};
	int rc = buf_str(out, entry->number ? ",\n {\"account\":"
					    : "{\"account\":") ||
		 text_json_string(out, entry_text(entry, "account"));

	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(*texts); i++)
		rc = add_text_member(out, entry, texts[i]);
	rc = rc || add_number_member(out, entry, "expires_in") ||
	     add_number_member(out, entry, "expires_at") ||
	     add_number_member(out, entry, "dies_on") ||
	     add_number_member(out, entry, "logged_in_at") ||
	     add_number_member(out, entry, "refreshed_at") ||
	     add_number_member(out, entry, "refused_at") ||
	     add_number_member(out, entry, "revocations") ||
	     add_number_member(out, entry, "revocations_held") ||
	     add_number_member(out, entry, "revocations_since");
	if (!rc && *entry_text(entry, "refresh_token"))
		rc = buf_fmt(out, ",\"refresh_token\":%s",
			     entry_number(entry, "refresh_token") ? "true"
								  : "false");
	rc = rc || add_number_member(out, entry, "secret_expires_at");
	return rc || add_hosts(out, entry) || buf_char(out, '}');
}

/* The labels of the items that other N of the helper's answer has. */
static const char *next_label(const struct record *answer, int64_t n,
			      const char *label)
{
	char name[64];

	snprintf(name, sizeof(name), "other.%lld.label[]", (long long)n);
	return record_next(answer, name, label);
}

static const char *other_id(const struct record *answer, int64_t n)
{
	char name[64];
	const char *id;

	snprintf(name, sizeof(name), "other.%lld.id", (long long)n);
	id = record_get(answer, name);
	return id ? id : "";
}

static int add_other_object(struct buf *out, const struct record *answer,
			    int64_t n, bool first)
{
	const char *label = NULL;
	int rc = buf_str(out, first ? "" : ",\n ") ||
		 buf_str(out, "{\"account\":\"\",\"state\":\"no_account\","
			      "\"hosts\":[],\"id\":") ||
		 text_json_string(out, other_id(answer, n)) ||
		 buf_str(out, ",\"items\":[");

	first = true;
	while (!rc && (label = next_label(answer, n, label))) {
		rc = (!first && buf_char(out, ',')) ||
		     text_json_string(out, label);
		first = false;
	}
	return rc || buf_str(out, "]}");
}

static int print_json(const struct record *answer, int64_t count)
{
	int64_t others = record_get_int(answer, "others", 0);
	struct buf out = {0};
	int rc = buf_char(&out, '[');

	for (int64_t n = 0; !rc && n < count; n++) {
		const struct entry entry = {answer, n};

		rc = add_object(&out, &entry);
	}
	for (int64_t n = 0; !rc && n < others; n++)
		rc = add_other_object(&out, answer, n, !count && !n);
	if (rc || buf_str(&out, "]\n"))
		rc = VALETKEY_ERR_NOMEM;
	else
		fputs(out.data, stdout);
	buf_free(&out);
	return rc;
}

/* ---- asking ---- */

static void print_others(const struct record *answer)
{
	int64_t count = record_get_int(answer, "others", 0);

	if (count > 0)
		puts("\nItems in the keyring, or sealed, without an account "
		     "here; another machine or folder may have it:");
	for (int64_t n = 0; n < count; n++) {
		const char *id = other_id(answer, n), *label = NULL;

		while ((label = next_label(answer, n, label))) {
			fputs("  ", stdout);
			terminal_put(stdout, label, strlen(label));
			putchar('\n');
		}
		printf("    To delete it: valetkey remove %s\n", id);
	}
}

static int print_status(const struct record *answer, bool json)
{
	int64_t count = record_get_int(answer, "count", 0);

	if (json)
		return print_json(answer, count);
	if (!count)
		puts("There are no accounts yet. Add one: valetkey add NAME "
		     "--provider ninjaone");
	for (int64_t n = 0; n < count; n++) {
		const struct entry entry = {answer, n};

		if (n)
			putchar('\n');
		print_entry(&entry);
	}
	if (record_get_int(answer, "revocations", 0) > 0)
		printf("\nRevocations that wait to be sent: %s. valetkey tries "
		       "them again now\n"
		       "and with later commands, for 30 days at most. To drop "
		       "them: valetkey logout --drop-revocations\n",
		       record_get(answer, "revocations"));
	print_others(answer);
	return VALETKEY_OK;
}

static int add_account_name(const char *name, void *data)
{
	return record_add(data, "account[]", name) ? VALETKEY_ERR_NOMEM : 0;
}

static int ask_for_status(const struct cmd_args *args, struct record *request,
			  struct record *answer)
{
	struct cmd_call call = {.request = request,
				.answer = answer,
				.timeout_s = TIMEOUT_S,
				.talk = {.account = args->account}};
	const struct entry first = {answer, 0};
	bool json = cmd_option(args, "json");
	int rc = cmd_call(&call);

	if (!rc)
		rc = print_status(answer, json);
	if (!rc)
		rc = cmd_flush();
	if (rc || !args->account)
		return rc;
	cmd_is_told(); /* by what was printed */
	return result_of(&first);
}

static int run_status(struct cmd_args *args)
{
	struct record request = {0}, answer = {0};
	int rc = VALETKEY_OK;

	if (args->account) {
		rc = cmd_account_exists(args->account);
		if (rc)
			return rc;
		rc = add_account_name(args->account, &request);
	} else {
		rc = account_each(add_account_name, &request);
		if ((!rc || rc == VALETKEY_ERR_ACCOUNT) && !request.pairs.len) {
			rc = cmd_tell_unusable();
			if (rc)
				return rc;
		}
		if (!rc && record_add(&request, "others", "1"))
			rc = VALETKEY_ERR_NOMEM;
	}
	if (!rc && record_add(&request, "op", "status"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		rc = ask_for_status(args, &request, &answer);
	record_free(&request);
	record_free(&answer);
	return rc;
}
