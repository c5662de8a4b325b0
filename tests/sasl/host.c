/* SPDX-License-Identifier: MIT */
/*
 * host.c - a program that logs in by Cyrus SASL, without a network: what it would
 * send goes to standard output, and what a server would say are its arguments.
 *
 *	host [-p] [-c] MECHANISMS SERVICE HOST USER [CHALLENGE...]
 *
 * -p: no plaintext mechanism is wanted. -c: the user's name comes from a callback
 * and not from a prompt. A CHALLENGE "" is what a host gives when the server has
 * let it in. Its lines: the mechanism, what each step returned and gave (with a |
 * for the control character between the parts), the error's text, and which
 * libraries are loaded that have no business here.
 */
#include <sasl/sasl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *user;
static int asked; /* for something else */

static int user_callback(void *context, int id, const char **result,
			 unsigned *length)
{
	(void)context;
	if (id != SASL_CB_AUTHNAME)
		return SASL_FAIL;
	*result = user;
	if (length)
		*length = (unsigned)strlen(user);
	return SASL_OK;
}

static void answer(sasl_interact_t *prompts)
{
	for (; prompts->id != SASL_CB_LIST_END; prompts++) {
		if (prompts->id != SASL_CB_AUTHNAME)
			asked = 1;
		prompts->result = user;
		prompts->len = (unsigned)strlen(user);
	}
}

static void tell(sasl_conn_t *conn, const char *what, int rc, const char *out,
		 unsigned length)
{
	printf("%s %d", what, rc);
	if (out) {
		printf(" [");
		for (unsigned i = 0; i < length; i++)
			putchar(out[i] == 1 ? '|' : out[i]);
		putchar(']');
	}
	putchar('\n');
	if (rc != SASL_OK && rc != SASL_CONTINUE)
		printf("error %s\n", sasl_errdetail(conn));
}

static int start(sasl_conn_t *conn, const char *mechanisms)
{
	const char *out = NULL, *mechanism = "";
	sasl_interact_t *prompts = NULL;
	unsigned length = 0;
	int rc;

	do {
		rc = sasl_client_start(conn, mechanisms, &prompts, &out,
				       &length, &mechanism);
		if (rc == SASL_INTERACT)
			answer(prompts);
	} while (rc == SASL_INTERACT);
	printf("mechanism %s\n", mechanism ? mechanism : "-");
	tell(conn, "start", rc, out, length);
	return rc;
}

static int go_on(sasl_conn_t *conn, const char *challenge)
{
	const char *out = NULL;
	unsigned length = 0;
	int rc = sasl_client_step(conn, challenge, (unsigned)strlen(challenge),
				  NULL, &out, &length);

	tell(conn, "step", rc, out, length);
	return rc;
}

static void tell_libraries(void)
{
	static const char *const others[] = {
	    "libglib",	 "libcurl",	 "libsecret",
	    "libgnutls", "valetkey-net", "valetkey-keyring"};
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4200];

	while (maps && fgets(line, sizeof(line), maps)) {
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			if (strstr(line, others[i]))
				printf("loaded %s", line);
		if (strstr(line, "libvaletkey-sasl.so"))
			user = NULL;
	}
	if (maps)
		fclose(maps);
	puts(user ? "plugin missing" : "plugin loaded");
}

static int log_in(char **argv, int noplain)
{
	sasl_security_properties_t wanted = {
	    .max_ssf = 0, .security_flags = noplain ? SASL_SEC_NOPLAINTEXT : 0};
	sasl_conn_t *conn = NULL;
	int rc = sasl_client_new(argv[1], argv[2], NULL, NULL, NULL, 0, &conn);

	if (rc == SASL_OK)
		rc = sasl_setprop(conn, SASL_SEC_PROPS, &wanted);
	if (rc == SASL_OK)
		rc = start(conn, argv[0]);
	if (rc == SASL_OK || rc == SASL_CONTINUE)
		for (argv += 4; *argv; argv++)
			rc = go_on(conn, *argv);
	tell_libraries();
	sasl_dispose(&conn);
	return rc;
}

int main(int argc, char **argv)
{
	static sasl_callback_t prompts[] = {{SASL_CB_AUTHNAME, NULL, NULL},
					    {SASL_CB_USER, NULL, NULL},
					    {SASL_CB_PASS, NULL, NULL},
					    {SASL_CB_LIST_END, NULL, NULL}};
	int option, noplain = 0, rc;

	while ((option = getopt(argc, argv, "pc")) != -1)
		if (option == 'p')
			noplain = 1;
		else
			prompts[0].proc =
			    (int (*)(void))(void (*)(void))user_callback;
	if (argc - optind < 4)
		return 2;
	user = argv[optind + 3];
	if (sasl_client_init(prompts) != SASL_OK)
		return 2;
	rc = log_in(argv + optind, noplain);
	sasl_client_done();
	if (asked)
		puts("asked for a password");
	return rc == SASL_OK || rc == SASL_CONTINUE ? 0 : 1;
}
