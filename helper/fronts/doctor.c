/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - `valetkey doctor`: looks at everything that a token depends on, a
 * line each: what is well, and what is not, why, and the command that mends it.
 * It changes nothing and sends no secret. Each request to the helper has a limit,
 * and on a terminal one sees what is looked at.
 */
#include "doctor.h"

#include "call.h"
#include "client/client.h"
#include "core/clock.h"
#include "core/far.h"
#include "command/terminal.h"
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEYRING_MS 15000
#define ACCOUNT_MS 20000
#define SERVER_MS 120000
#define INDENT 19

static const struct cmd_option options[] = {
    {"json", NULL, "An array of objects, one for each finding."},
    {NULL, NULL, NULL},
};

static int run_doctor(struct cmd_args *args);

const struct cmd_verb cmd_doctor = {
    .name = "doctor",
    .summary = "look for what keeps tokens from coming",
    .usage = "doctor [ACCOUNT] [--json]",
    .about =
	"Looks at what tokens depend on: folders, the session bus and the "
	"keyring, the kernel's keyring, the browser, git's configuration, and, "
	"for each account or the one named, its login, its servers and what "
	"they say of the client. A line each: ok, note or problem; a problem "
	"comes with its reason and the command that mends it.\n\n"
	"It changes nothing, sends no secret and shows no dialog. The exit "
	"status is 0 if there is no problem, otherwise that of the first one.",
    .options = options,
    .examples = "  valetkey doctor\n"
		"  valetkey doctor work\n"
		"  valetkey doctor --json | jq '.[] | select(.state == "
		"\"problem\")'\n",
    .account = true,
    .account_optional = true,
    .run = run_doctor,
};

/* ---- findings ---- */

static const char *const kinds[] = {
    [FOUND_OK] = "ok", [FOUND_NOTE] = "note", [FOUND_PROBLEM] = "problem"};

static int add_json(struct buf *out, const struct doctor *doctor,
		    const char *check, enum finding_kind kind,
		    const struct problem *problem)
{
	int rc =
	    buf_str(out, doctor->first ? "[{\"check\":" : ",\n {\"check\":") ||
	    text_json_string(out, check) ||
	    buf_fmt(out, ",\"state\":\"%s\"", kinds[kind]);

	if (!rc && doctor->account)
		rc = buf_str(out, ",\"account\":") ||
		     text_json_string(out, doctor->account);
	if (!rc && problem->result)
		rc = buf_fmt(out, ",\"result\":%d", problem->result);
	return rc || buf_str(out, ",\"text\":") ||
	       text_json_string(out, problem->text) || buf_char(out, '}');
}

/* Wrapped for a person, a line for everybody else. */
static int add_finding(struct buf *out, const char *check,
		       enum finding_kind kind, const struct problem *problem)
{
	int rc = buf_fmt(out, "%-7s  %-9s ", kinds[kind], check);

	if (!rc && isatty(STDOUT_FILENO))
		return cmd_wrap(out, INDENT, problem->text);
	return rc || buf_str(out, problem->text) || buf_char(out, '\n');
}

void doctor_found(struct doctor *doctor, const char *check,
		  enum finding_kind kind, const struct problem *problem)
{
	struct buf out = {0};
	int rc;

	terminal_wait_end();
	rc = doctor->json ? add_json(&out, doctor, check, kind, problem)
			  : add_finding(&out, check, kind, problem);
	if (!rc)
		terminal_put(stdout, out.data, out.len);
	fflush(stdout);
	buf_free(&out);
	doctor->first = false;
	if (kind == FOUND_PROBLEM && problem->result == VALETKEY_ERR_NO_BUS)
		doctor->bus_failed = true;
	if (kind == FOUND_PROBLEM && !doctor->result)
		doctor->result =
		    problem->result ? problem->result : VALETKEY_ERR_DENIED;
}

void doctor_found_text(struct doctor *doctor, const char *check,
		       enum finding_kind kind, int result, const char *format,
		       ...)
{
	struct problem problem = {.result = result};
	va_list args;

	va_start(args, format);
	vsnprintf(problem.text, sizeof(problem.text), format, args);
	va_end(args);
	doctor_found(doctor, check, kind, &problem);
}

/* ---- what the helper sees ---- */

static int doctor_message(const struct valetkey_message *message, char *reply,
			  size_t size, void *data)
{
	(void)reply, (void)size, (void)data;
	cmd_debug_message(message);
	return 0;
}

/* One request to it; its failure is a finding. */
static int ask_doctor(struct doctor *doctor, const char *check,
		      struct record *request, int64_t limit_ms,
		      struct record *answer)
{
	const struct call call = {.request = request,
				  .deadline = deadline_in(limit_ms + 2000),
				  .converse = doctor_message};
	char text[64];
	int rc = VALETKEY_ERR_NOMEM;

	if (isatty(STDERR_FILENO)) {
		snprintf(text, sizeof(text), "Looking at %s", check);
		terminal_wait(text, (unsigned)(limit_ms / 1000));
	}
	if (record_add(request, "look", "1") == 0 &&
	    cmd_debug_request(request) == 0 &&
	    record_add_int(request, "timeout_ms", limit_ms) == 0)
		rc = call_helper(&call, answer);
	terminal_wait_end();
	if (rc == VALETKEY_ERR_TIMEOUT)
		doctor_found_text(doctor, check, FOUND_PROBLEM, rc,
				  "It gave no answer within %lld seconds.",
				  (long long)(limit_ms / 1000));
	else if (rc)
		doctor_found_text(doctor, check, FOUND_PROBLEM, rc, "%s.",
				  valetkey_strerror(rc));
	return rc;
}

static const char *answer_text(const struct record *answer, int64_t number,
			       const char *key)
{
	char name[64];
	const char *value;

	snprintf(name, sizeof(name), "%lld.%s", (long long)number, key);
	value = record_get(answer, name);
	return value ? value : "";
}

static void take_findings(struct doctor *doctor, const struct record *answer)
{
	int64_t count = record_get_int(answer, "count", 0);

	for (int64_t n = 0; n < count; n++) {
		struct problem problem = {0};
		char name[64];
		enum finding_kind kind = FOUND_OK;

		snprintf(name, sizeof(name), "%lld.result", (long long)n);
		problem.result = (int)record_get_int(answer, name, 0);
		snprintf(problem.text, sizeof(problem.text), "%s",
			 answer_text(answer, n, "text"));
		while (kind < FOUND_PROBLEM &&
		       strcmp(kinds[kind], answer_text(answer, n, "state")) !=
			   0)
			kind++;
		doctor_found(doctor, answer_text(answer, n, "check"), kind,
			     &problem);
	}
}

/* Whether an account keeps its secrets there, or there is none yet. */
struct need {
	unsigned accounts, in_keyring;
};

static int see_need(const char *name, void *data)
{
	struct need *need = data;
	struct record keys = {0};

	need->accounts++;
	if (account_read(name, &keys, NULL) != VALETKEY_OK ||
	    (!far_socket(&keys) && !record_is(&keys, "store", "sealed")))
		need->in_keyring++;
	record_free(&keys);
	return VALETKEY_OK;
}

static bool needs_keyring(const char *account)
{
	struct need need = {0};

	if (account)
		see_need(account, &need);
	else
		account_each(see_need, &need);
	return need.in_keyring || !need.accounts;
}

static void look_at_keyring(struct doctor *doctor, bool needed)
{
	struct record request = {0}, answer = {0};
	const char *version;

	if (record_add(&request, "op", "doctor") == 0 &&
	    record_add(&request, "no_keyring", needed ? NULL : "1") == 0 &&
	    ask_doctor(doctor, "keyring", &request, KEYRING_MS, &answer) ==
		VALETKEY_OK) {
		version = record_get(&answer, "version");
		if (version && strcmp(version, PACKAGE_VERSION) == 0)
			doctor_found_text(doctor, "version", FOUND_OK, 0,
					  "valetkey and its helper are %s.",
					  PACKAGE_VERSION);
		else
			doctor_found_text(
			    doctor, "version", FOUND_PROBLEM,
			    VALETKEY_ERR_HELPER,
			    "valetkey is %s, and its helper is %s: install "
			    "both anew, from one build.",
			    PACKAGE_VERSION, version ? version : "unknown");
		take_findings(doctor, &answer);
	}
	record_free(&request);
	record_free(&answer);
}

/* ---- an account ---- */

/* NinjaOne's trap, and not its alone: the login works for an hour. */
static void look_at_refresh(struct doctor *doctor, const struct client *client,
			    const struct record *status)
{
	const char *offline = record_get(&client->config, "offline_scope");
	bool code = client->grant_type != GRANT_TYPE_CLIENT_CREDENTIALS;

	if (!code || !*answer_text(status, 0, "refresh_token") ||
	    record_get_int(status, "0.refresh_token", 0) ||
	    strcmp(answer_text(status, 0, "lifetime"), "never") == 0)
		return;
	doctor_found_text(
	    doctor, "refresh", FOUND_PROBLEM, VALETKEY_ERR_LOGIN,
	    "The login brought no refresh token, so it ends with the access "
	    "token. At %s, tick the grant type for it (\"Refresh Token\")%s%s, "
	    "then run: valetkey login %s",
	    client->provider_name, offline && *offline ? " and the scope " : "",
	    offline ? offline : "", client->account);
}

static void look_at_scopes(struct doctor *doctor, const struct client *client,
			   const struct record *status)
{
	const char *granted = answer_text(status, 0, "scope");
	const char *lacking = answer_text(status, 0, "not_granted");

	if (*lacking)
		doctor_found_text(doctor, "scopes", FOUND_NOTE, 0,
				  "Asked for and not granted: %s (or by other "
				  "names). Tick them at %s, then run: valetkey "
				  "login %s",
				  lacking, client->provider_name,
				  client->account);
	else if (*granted)
		doctor_found_text(doctor, "scopes", FOUND_OK, 0, "Granted: %s.",
				  granted);
}

/* What `status` tells, as findings. */
static void take_status(struct doctor *doctor, const struct client *client,
			const struct record *status)
{
	const char *state = answer_text(status, 0, "state");
	const char *text = answer_text(status, 0, "state_text");
	const char *refusal = answer_text(status, 0, "refusal");
	const char *who = answer_text(status, 0, "identity");
	bool well = strcmp(state, "ok") == 0 || strcmp(state, "expired") == 0;

	if (strcmp(answer_text(status, 0, "secret"), "missing") == 0)
		doctor_found_text(doctor, "secret", FOUND_PROBLEM,
				  VALETKEY_ERR_LOGIN,
				  "The client secret is not in the keyring, or "
				  "not for what the account's file says. To "
				  "give it again: valetkey edit %s "
				  "--secret-stdin",
				  client->account);
	else if (strcmp(answer_text(status, 0, "proof"), "unproven") == 0)
		doctor_found_text(doctor, "secret", FOUND_NOTE, 0,
				  "The client secret is kept, and not proven "
				  "until it is used.");
	if (well && *refusal)
		doctor_found_text(doctor, "login", FOUND_PROBLEM,
				  (int)record_get_int(status, "0.result",
						      VALETKEY_ERR_DENIED),
				  "The provider has refused a token: %s",
				  refusal);
	else if (well)
		doctor_found_text(doctor, "login", FOUND_OK, 0, "%s%s.",
				  *who ? "Logged in as " : "Can have tokens",
				  who);
	else
		doctor_found_text(doctor, "login", FOUND_PROBLEM,
				  VALETKEY_ERR_LOGIN, "%s", text);
	if (*answer_text(status, 0, "holder"))
		doctor_found_text(doctor, "store", FOUND_OK, 0,
				  "Sealed files, whose key is held by: %s.",
				  answer_text(status, 0, "holder"));
	if (well)
		look_at_refresh(doctor, client, status);
	if (well)
		look_at_scopes(doctor, client, status);
}

static void look_at_login(struct doctor *doctor, const struct client *client)
{
	struct record request = {0}, answer = {0};

	if (record_add(&request, "op", "status") == 0 &&
	    record_add(&request, "account[]", client->account) == 0 &&
	    ask_doctor(doctor, "login", &request, ACCOUNT_MS, &answer) ==
		VALETKEY_OK)
		take_status(doctor, client, &answer);
	record_free(&request);
	record_free(&answer);
}

/* Of a login that another machine keeps only that one knows more. */
static void look_at_far(struct doctor *doctor, const struct client *client)
{
	struct record request = {0}, answer = {0};
	const char *text;

	if (record_add(&request, "op", "status") == 0 &&
	    record_add(&request, "account[]", client->account) == 0 &&
	    ask_doctor(doctor, "login", &request, ACCOUNT_MS, &answer) ==
		VALETKEY_OK) {
		text = answer_text(&answer, 0, "state_text");
		if (record_is(&answer, "0.state", "broken"))
			doctor_found_text(
			    doctor, "login", FOUND_PROBLEM,
			    (int)record_get_int(&answer, "0.result",
						VALETKEY_ERR_NETWORK),
			    "%s", text);
		else
			doctor_found_text(doctor, "login", FOUND_NOTE, 0,
					  "Another machine keeps the login, "
					  "and answers. Run there: valetkey "
					  "doctor %s",
					  client->account);
	}
	record_free(&request);
	record_free(&answer);
}

static void look_at_server(struct doctor *doctor)
{
	struct record request = {0}, answer = {0};

	if (record_add(&request, "op", "doctor") == 0 &&
	    record_add(&request, "account", doctor->account) == 0 &&
	    ask_doctor(doctor, "servers", &request, SERVER_MS, &answer) ==
		VALETKEY_OK)
		take_findings(doctor, &answer);
	record_free(&request);
	record_free(&answer);
}

static int look_at_account(const char *name, void *data)
{
	struct doctor *doctor = data;
	struct client client = {0};
	struct problem problem = {0};

	doctor->account = name;
	if (!doctor->json)
		printf("\n%s\n", name);
	if (client_load(name, &client, &problem) != VALETKEY_OK) {
		doctor_found(doctor, "account", FOUND_PROBLEM, &problem);
	} else {
		doctor_found_text(doctor, "account", FOUND_OK, 0, "%s%s%s.",
				  client.provider_name,
				  client.client_id ? ", client id " : "",
				  client.client_id ? client.client_id : "");
		if (far_socket(&client.config))
			look_at_far(doctor, &client);
		else if (!doctor->bus_failed ||
			 record_is(&client.config, "store", "sealed"))
			look_at_login(doctor, &client);
		if (!far_socket(&client.config))
			look_at_server(doctor);
		doctor_look_at_git(doctor, name);
	}
	client_free(&client);
	return VALETKEY_OK;
}

/* ---- the whole ---- */

static int run_doctor(struct cmd_args *args)
{
	struct doctor doctor = {.json = cmd_option(args, "json") != NULL,
				.first = true};
	int rc =
	    args->account ? cmd_account_exists(args->account) : VALETKEY_OK;

	if (rc)
		return rc;
	doctor_look_at_place(&doctor);
	look_at_keyring(&doctor, needs_keyring(args->account));
	if (args->account)
		rc = look_at_account(args->account, &doctor);
	else
		rc = account_each(look_at_account, &doctor);
	if (rc == VALETKEY_ERR_ACCOUNT) /* that was said of the folder */
		rc = VALETKEY_OK;
	if (doctor.json)
		puts("]");
	if (!rc)
		rc = cmd_flush();
	if (rc)
		return rc;
	if (doctor.result)
		cmd_is_told(); /* by what was printed */
	return doctor.result;
}
