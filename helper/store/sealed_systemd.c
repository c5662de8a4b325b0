/* SPDX-License-Identifier: MIT */
/*
 * sealed_systemd.c - the data key wrapped by a secret that systemd gives back to this
 * user alone, on this computer alone (io.systemd.Credentials, scope "user", since 256):
 * the host's key, a TPM or both hold it. Lines: blob (systemd's, base64), wrapped (hex).
 *
 * The secret is used as it comes back, in base64, which is one text for the same bytes.
 */
#include "sealed_systemd.h"

#include "core/clock.h"
#include "core/paths.h"
#include "crypto/crypto.h"
#include "json/json.h"
#include "sealed_key.h"
#include "varlink.h"
#include <valetkey.h>

#include <string.h>

#define CALL_MS 10000
#define ERRORS "io.systemd.Credentials."

/* ---- its answers ---- */

static int tell_lost(const char *why, struct problem *problem)
{
	return problem_set(
	    problem, VALETKEY_ERR_LOGIN,
	    "systemd cannot open the key of the sealed store (%s): it is of "
	    "another computer, installation or user, or was altered. If a "
	    "backup has the file `key` that belongs here, or "
	    "/var/lib/systemd/credential.secret, put it back. Otherwise "
	    "nothing will ever open it: run valetkey unlock --reset, then "
	    "valetkey unlock --holder systemd, and log in again.",
	    why);
}

static int tell_error(const char *name, const struct json *json,
		      const char *member, struct problem *problem)
{
	const char *number = json_member(json, "parameters.errno");
	bool decrypts = strcmp(member, "data") == 0;
	char quoted[PROBLEM_QUOTE_MAX];

	if (decrypts && strcmp(name, ERRORS "BadFormat") == 0)
		return tell_lost("BadFormat", problem);
	if (strcmp(name, "io.systemd.System") == 0 && number) {
		if (decrypts && strcmp(number, "2") == 0)
			return tell_lost("its host key is missing", problem);
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "systemd does not hold keys here (errno "
				   "%s). Let a passphrase hold it: valetkey "
				   "unlock --holder passphrase",
				   problem_quote(quoted, number));
	}
	if (strcmp(name, "io.systemd.InteractiveAuthenticationRequired") == 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "systemd wants an administrator to agree "
				   "(polkit), which a user's own keys do not "
				   "need: it takes this program for another "
				   "user's.");
	if (strcmp(name, ERRORS "NoSuchUser") == 0)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "systemd does not know this user: there is "
				   "no entry in the user database.");
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "systemd refuses to hold or open the key: %s.",
			   problem_quote(quoted, name));
}

int sealed_systemd_read(const struct buf *answer, const char *member,
			struct buf *value, struct problem *problem)
{
	struct json json = {0};
	char name[32] = "parameters.";
	const char *error, *text;
	int rc = VALETKEY_OK;

	strncat(name, member, sizeof(name) - strlen(name) - 1);
	if (json_parse(buf_text(answer), answer->len, &json))
		record_free(&json.strings);
	error = record_get(&json.strings, "error");
	text = record_get(&json.strings, name);
	if (error)
		rc = tell_error(error, &json, member, problem);
	else if (!text_word(text, VARLINK_ANSWER_MAX))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The answer of systemd cannot be understood.");
	else if (buf_str(value, text))
		rc = problem_no_memory(problem);
	json_free(&json);
	return rc;
}

/* ---- its calls ---- */

static int tell_missing(const struct problem *why, struct problem *problem)
{
	return problem_set(problem, why->result,
			   "systemd does not hold keys here: %s systemd 256 or "
			   "later has that, Debian 12 has not; where it is "
			   "turned off: systemctl start systemd-creds.socket. "
			   "Or choose another holder, see: man "
			   "valetkey-headless",
			   why->text);
}

/* `gives`: the member of the request, `takes`: that of the answer. */
static int call_systemd(const char *method, const char *gives,
			struct buf *given, struct buf *taken,
			struct problem *problem)
{
	const char *takes = strcmp(gives, "data") == 0 ? "blob" : "data";
	struct varlink_call call = {.path = paths_credentials,
				    .deadline = deadline_in(CALL_MS)};
	struct buf request = {0}, answer = {0};
	struct problem why = {0};
	int rc = VALETKEY_OK;

	if (buf_fmt(&request,
		    "{\"method\":\"io.systemd.Credentials.%s\","
		    "\"parameters\":{\"name\":\"valetkey\",\"%s\":\"%s\","
		    "\"scope\":\"user\"}}",
		    method, gives, buf_text(given)))
		rc = problem_no_memory(problem);
	call.request = buf_text(&request);
	if (!rc)
		rc = varlink_call(&call, &answer, &why);
	if (rc == VALETKEY_ERR_NO_KEYRING)
		tell_missing(&why, problem);
	else if (why.result)
		*problem = why;
	if (!rc)
		rc = sealed_systemd_read(&answer, takes, taken, problem);
	buf_free(&request);
	buf_free(&answer);
	return rc;
}

static bool systemd_offered(void)
{
	return varlink_offered(paths_credentials);
}

static int wrap_by_systemd(const struct sealed_wrapping *wrapping,
			   const struct buf *data_key, struct record *lines,
			   struct problem *problem)
{
	struct buf random = {0}, secret = {0}, blob = {0};
	int rc = VALETKEY_OK;

	if (crypto_random(&random) ||
	    buf_base64(&secret, random.data, random.len))
		rc = problem_no_memory(problem);
	if (!rc)
		rc = call_systemd("Encrypt", "data", &secret, &blob, problem);
	if (!rc &&
	    (sealed_wrap(secret.data, wrapping->about, data_key, lines) ||
	     record_set(lines, "blob", blob.data)))
		rc = problem_no_memory(problem);
	buf_free(&random);
	buf_free(&secret);
	buf_free(&blob);
	return rc;
}

/* It goes into the request as it is. */
static int take_blob(const struct record *lines, struct buf *blob)
{
	const char *text = record_get(lines, "blob");

	return text_word(text, VARLINK_ANSWER_MAX) && !strpbrk(text, "\"\\")
		   ? buf_str(blob, text)
		   : -1;
}

static int unwrap_by_systemd(const struct sealed_wrapping *wrapping,
			     const struct record *lines, struct buf *data_key,
			     struct problem *problem)
{
	struct buf blob = {0}, secret = {0};
	int rc = VALETKEY_OK;

	if (take_blob(lines, &blob))
		rc = tell_lost("the file is malformed", problem);
	if (!rc)
		rc = call_systemd("Decrypt", "blob", &blob, &secret, problem);
	if (!rc && sealed_unwrap(secret.data, wrapping->about, lines, data_key))
		rc = tell_lost("the file was altered", problem);
	buf_free(&blob);
	buf_free(&secret);
	return rc;
}

const struct sealed_holder sealed_systemd = {
    .name = "systemd",
    .asks = false,
    .in_kernel = true,
    .offered = systemd_offered,
    .wrap = wrap_by_systemd,
    .unwrap = unwrap_by_systemd,
};
