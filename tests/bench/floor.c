/* SPDX-License-Identifier: MIT */
/*
 * floor - what a refresh cannot do without: one process that looks a secret up
 * in the keyring, makes one POST over fresh TLS, and stores one secret of the
 * answer's size. It parses nothing, promises nothing, prints the answer and does
 * not tidy up.
 *
 *	floor URL CA_FILE BODY_FILE NAME
 *
 * NAME is the item's attribute bench, which is there already.
 */
#include "bench.h"

#include <curl/curl.h>
#include <libsecret/secret.h>

static const SecretSchema schema = {
    .name = "org.valetkey.Bench",
    .attributes = {{"bench", SECRET_SCHEMA_ATTRIBUTE_STRING}, {NULL, 0}},
};

static char answer[65536];
static size_t answer_len;

static size_t take(char *data, size_t size, size_t n, void *user)
{
	(void)user;
	if (size * n >= sizeof(answer) - answer_len)
		return 0;
	memcpy(answer + answer_len, data, size * n);
	answer_len += size * n;
	return size * n;
}

static void post(const char *url, const char *ca_file, const char *body)
{
	CURL *curl;
	CURLcode rc;
	long status = 0;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	curl = curl_easy_init();
	need(curl != NULL, "no curl");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	/* (Or all of the system's authorities are read as well.) */
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	rc = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	need(rc == CURLE_OK && status == 200, "%s: %s, %ld", url,
	     curl_easy_strerror(rc), status);
}

static void read_body(const char *path, char *body, size_t size)
{
	FILE *file = fopen(path, "re");

	need(file && fgets(body, (int)size, file), "cannot read %s", path);
	body[strcspn(body, "\n")] = '\0';
	fclose(file);
}

int main(int argc, char **argv)
{
	char body[4096];
	GError *error = NULL;
	char *secret;

	need(argc == 5, "usage: floor URL CA_FILE BODY_FILE NAME");
	read_body(argv[3], body, sizeof(body));
	secret = secret_password_lookup_sync(&schema, NULL, &error, "bench",
					     argv[4], NULL);
	need(secret != NULL, "%s", error ? error->message : "no such item");
	post(argv[1], argv[2], body);
	answer[answer_len] = '\0';
	need(secret_password_store_sync(&schema, NULL, "valetkey bench", answer,
					NULL, &error, "bench", argv[4], NULL),
	     "%s", error ? error->message : "not stored");
	puts(answer);
	fflush(stdout);
	_exit(0);
}
