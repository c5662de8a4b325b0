/* SPDX-License-Identifier: MIT */
/*
 * test_sealed_file.c - the sealed store's files: what an earlier version has written
 * with a known key stays readable (sealed-1.grant, sealed-1*.key), and whatever is
 * changed in a file, its name or its first line, it does not open.
 *
 *	test_sealed_file make FOLDER	writes such files anew
 */
#include "lib/tap.h"
#include "store/sealed_file.h"
#include "store/sealed_key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 8192
#define PASSPHRASE "a passphrase for everybody"
#define CREDENTIAL "a credential that everybody may know"

static const struct sealed_name name = {"0123456789abcdef0123456789abcdef",
					STORE_GRANT};
static struct sealed_data_key data_key, other_key;

static void name_key(struct sealed_data_key *key, const char *text)
{
	if (buf_str(&key->text, text) || sealed_key_name(key))
		abort();
}

static FILE *open_in(const char *folder, const char *file, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return fopen(path, mode);
}

static void read_fixture(const char *file, struct buf *text)
{
	char path[4096], bytes[FILE_MAX];
	const char *source = getenv("VALETKEY_SRC");
	FILE *in;

	snprintf(path, sizeof(path), "%s/tests/store", source ? source : ".");
	in = open_in(path, file, "re");
	if (!in)
		return;
	if (buf_add(text, bytes, fread(bytes, 1, sizeof(bytes), in)))
		abort();
	fclose(in);
}

static void make_record(struct record *record)
{
	record_add(record, "access_token", "not-a-token");
	record_add(record, "refresh_token", "not-a-token-either");
	record_add_int(record, "generation", 7);
}

/* ---- what was written once ---- */

static int write_key(const char *folder, const struct sealed_holder *holder,
		     const char *file)
{
	struct sealed_wrapping wrapping = {.about = "valetkey-sealed-key 1",
					   .secret = PASSPHRASE};
	struct record lines = {0};
	struct problem problem = {0};
	struct buf text = {0};
	FILE *key = open_in(folder, file, "we");

	record_add(&lines, "version", "1");
	record_add(&lines, "id", data_key.id);
	record_add(&lines, "holder", holder->name);
	if (!key || holder->wrap(&wrapping, &data_key.text, &lines, &problem) ||
	    record_write(&lines, &text))
		return 1;
	fwrite(text.data, 1, text.len, key);
	return fclose(key);
}

static int write_fixtures(const char *folder)
{
	struct record record = {0};
	struct buf file = {0};
	FILE *item = open_in(folder, "sealed-1.grant", "we");

	make_record(&record);
	if (!item || sealed_file_make(&data_key, &name, &record, &file))
		return 1;
	fwrite(file.data, 1, file.len, item);
	return fclose(item) ||
	       write_key(folder, &sealed_passphrase, "sealed-1.key") ||
	       write_key(folder, &sealed_credential, "sealed-1-credential.key");
}

static void test_old_item(void)
{
	struct record record = {0};
	struct buf file = {0};

	read_fixture("sealed-1.grant", &file);
	tap_ok(sealed_file_open(&data_key, &name, &file, &record) == 0 &&
		   record_is(&record, "refresh_token", "not-a-token-either") &&
		   record_get_int(&record, "generation", 0) == 7,
	       "an item of the first version opens");
	record_free(&record);
	buf_free(&file);
}

static void test_old_key(void)
{
	struct sealed_wrapping wrapping = {.about = "valetkey-sealed-key 1",
					   .secret = PASSPHRASE};
	struct sealed_key_file key = {0};
	struct problem problem = {0};
	struct buf text = {0}, data = {0};

	read_fixture("sealed-1.key", &text);
	if (!tap_ok(sealed_key_parse(&text, &key) == 0 &&
			key.holder == &sealed_passphrase,
		    "a key file of the first version is understood"))
		exit(tap_done());
	tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data, &problem) ==
		       0 &&
		   strcmp(buf_text(&data), data_key.text.data) == 0,
	       "and opens with its passphrase");
	buf_clear(&data);
	wrapping.secret = PASSPHRASE ".";
	tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data, &problem) &&
		   !data.len,
	       "with another one it does not");
	wrapping.secret = PASSPHRASE;
	wrapping.about = "valetkey-sealed-key 2";
	tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data, &problem) &&
		   !data.len,
	       "nor for another key");
	sealed_key_file_free(&key);
	buf_free(&text);
	buf_free(&data);
}

/* A service's folder of credentials, with ours in it. */
static void lay_out_credential(char folder[static 32], const char *text)
{
	FILE *file;

	strcpy(folder, "/tmp/valetkey-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	file = open_in(folder, "valetkey", "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static void remove_credential(const char *folder)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/valetkey", folder);
	unlink(path);
	rmdir(folder);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_old_credential_key(void)
{
	struct sealed_wrapping wrapping = {.about = "valetkey-sealed-key 1"};
	struct sealed_key_file key = {0};
	struct problem problem = {0};
	struct buf text = {0}, data = {0};
	char folder[32];

	read_fixture("sealed-1-credential.key", &text);
	if (!tap_ok(sealed_key_parse(&text, &key) == 0 &&
			key.holder == &sealed_credential,
		    "a key file of the first version with a credential"))
		exit(tap_done());
	lay_out_credential(folder, CREDENTIAL "\n");
	tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data, &problem) ==
		       0 &&
		   strcmp(buf_text(&data), data_key.text.data) == 0,
	       "opens with it");
	wrapping.about = "valetkey-sealed-key 2";
	buf_clear(&data);
	tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data, &problem) &&
		   !data.len,
	       "and not for another key");
	remove_credential(folder);
	sealed_key_file_free(&key);
	buf_free(&text);
	buf_free(&data);
}

/* A file that asks for too little work, or for more than there is memory. */
static void test_costs(void)
{
	static const char *const bad[] = {"1024", "4294967295", "-1", "many"};
	struct sealed_wrapping wrapping = {.about = "valetkey-sealed-key 1",
					   .secret = PASSPHRASE};
	struct sealed_key_file key = {0};
	struct problem problem = {0};
	struct buf text = {0}, data = {0};

	read_fixture("sealed-1.key", &text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (sealed_key_parse(&text, &key) ||
		    record_set(&key.lines, "memory_kib", bad[i]))
			abort();
		tap_ok(key.holder->unwrap(&wrapping, &key.lines, &data,
					  &problem) &&
			   strstr(problem.text, "malformed"),
		       "memory_kib=%s is refused", bad[i]);
		sealed_key_file_free(&key);
	}
	buf_free(&text);
	buf_free(&data);
}

/* ---- what was changed ---- */

static bool opens_as(const struct sealed_name *as,
		     const struct sealed_data_key *key, const struct buf *file)
{
	struct record record = {0};
	int rc = sealed_file_open(key, as, file, &record);
	bool any = record.pairs.len > 0;

	record_free(&record);
	return !rc || any;
}

static void test_changes(void)
{
	const struct sealed_name renamed = {"1123456789abcdef0123456789abcdef",
					    STORE_GRANT};
	const struct sealed_name other_kind = {name.id, STORE_CLIENT};
	struct record record = {0};
	struct buf file = {0}, cut = {0};
	size_t opened = 0;

	make_record(&record);
	if (sealed_file_make(&data_key, &name, &record, &file))
		abort();
	tap_ok(opens_as(&name, &data_key, &file), "as it was made it opens");
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		file.data[bit / 8] ^= (char)(1 << bit % 8);
		opened += opens_as(&name, &data_key, &file);
		file.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	tap_ok(!opened, "with any one bit of %zu changed it does not",
	       file.len * 8);
	for (size_t len = 0; len < file.len; len++) {
		buf_clear(&cut);
		if (buf_add(&cut, file.data, len))
			abort();
		opened += opens_as(&name, &data_key, &cut);
	}
	tap_ok(!opened, "nor cut at any length");
	tap_ok(!opens_as(&renamed, &data_key, &file),
	       "nor as another account's");
	tap_ok(!opens_as(&other_kind, &data_key, &file),
	       "nor as an item of another kind");
	tap_ok(sealed_file_open(&other_key, &name, &file, &record) ==
		   SEALED_FILE_OTHER_KEY,
	       "and of another key it says so");
	record_free(&record);
	buf_free(&file);
	buf_free(&cut);
}

static void test_nonces(void)
{
	struct record record = {0};
	struct buf one = {0}, two = {0};

	make_record(&record);
	tap_ok(sealed_file_make(&data_key, &name, &record, &one) == 0 &&
		   sealed_file_make(&data_key, &name, &record, &two) == 0 &&
		   one.len == two.len &&
		   memcmp(one.data, two.data, one.len) != 0,
	       "no two files are the same");
	record_free(&record);
	buf_free(&one);
	buf_free(&two);
}

int main(int argc, char **argv)
{
	char folder[32];
	int rc;

	name_key(&data_key, "a key that everybody may know");
	name_key(&other_key, "another key that everybody may know");
	if (argc == 3 && strcmp(argv[1], "make") == 0) {
		lay_out_credential(folder, CREDENTIAL);
		rc = write_fixtures(argv[2]);
		remove_credential(folder);
		return rc;
	}
	test_old_item();
	test_old_key();
	test_old_credential_key();
	test_costs();
	test_changes();
	test_nonces();
	sealed_key_free(&data_key);
	sealed_key_free(&other_key);
	return tap_done();
}
