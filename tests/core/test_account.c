/* SPDX-License-Identifier: MIT */
/*
 * test_account.c - account files: which names, directories and files count, and
 * how an account is found by a URL's origin.
 */
#include "core/account.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[3000], config[3100], folder[3200];

static void write_file(const char *name, const char *text)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		exit(99);
	chmod(path, 0600);
}

static void mode(const char *name, mode_t bits)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	chmod(path, bits);
}

static int reads(const char *name)
{
	struct record account = {0};
	int rc = account_read(name, &account, NULL);

	record_free(&account);
	return rc;
}

static bool config_home_is(const char *expected)
{
	struct buf path = {0};
	bool good = account_config_home(&path) == VALETKEY_OK &&
		    strcmp(buf_text(&path), expected) == 0;

	if (!good)
		printf("# got: %s\n", buf_text(&path));
	buf_free(&path);
	return good;
}

static void test_names(void)
{
	char name[67];

	memset(name, 'a', 66);
	name[64] = '\0';
	tap_ok(account_name_ok("a") && account_name_ok("A.b_c@d-9") &&
		   account_name_ok(name),
	       "good names");
	name[64] = 'a';
	name[65] = '\0';
	tap_ok(!account_name_ok("") && !account_name_ok(".a") &&
		   !account_name_ok("-a") && !account_name_ok("a/b") &&
		   !account_name_ok("a b") && !account_name_ok("\xc3\xa4") &&
		   !account_name_ok("a\n") && !account_name_ok(name),
	       "bad names");
	tap_ok(reads("..") == VALETKEY_ERR_ACCOUNT &&
		   reads("../x") == VALETKEY_ERR_ACCOUNT,
	       "a bad name reads nothing");
}

static void test_directories(void)
{
	char fallback[3100], open_dir[3100], linked[3100];

	snprintf(fallback, sizeof(fallback), "%s/.config", home);
	snprintf(open_dir, sizeof(open_dir), "%s/open", home);
	snprintf(linked, sizeof(linked), "%s/file", home);
	mkdir(open_dir, 0700);
	tap_ok(config_home_is(config), "$XDG_CONFIG_HOME");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	tap_ok(config_home_is(fallback), "relative: as if unset");
	setenv("XDG_CONFIG_HOME", "", 1);
	tap_ok(config_home_is(fallback), "empty: as if unset");
	setenv("XDG_CONFIG_HOME", open_dir, 1);
	chmod(open_dir, 0770);
	tap_ok(config_home_is(fallback), "writable by the group: as if unset");
	chmod(open_dir, 0702);
	tap_ok(config_home_is(fallback), "writable by others: as if unset");
	chmod(open_dir, 0755);
	tap_ok(config_home_is(open_dir), "readable by others: fine");
	close(open(linked, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	setenv("XDG_CONFIG_HOME", linked, 1);
	tap_ok(config_home_is(fallback), "a file: as if unset");
	setenv("HOME", open_dir, 1);
	chmod(open_dir, 0777);
	tap_ok(!config_home_is(strcat(open_dir, "/.config")),
	       "a home that others can write does not count");
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_HOME", config, 1);
}

static void test_files(void)
{
	char path[4096], target[4096], *big = malloc(70000);
	struct record account = {0};
	unsigned bad_line = 0;

	tap_ok(reads("good") == VALETKEY_ERR_ACCOUNT, "no such account");
	write_file("good.conf", "id = 1\n");
	tap_ok(reads("good") == VALETKEY_OK, "a good file");
	mode("good.conf", 0644);
	tap_ok(reads("good") == VALETKEY_OK, "others may read it");
	mode("good.conf", 0620);
	tap_ok(reads("good") == VALETKEY_ERR_ACCOUNT, "the group may write it");
	mode("good.conf", 0602);
	tap_ok(reads("good") == VALETKEY_ERR_ACCOUNT, "others may write it");
	mode("good.conf", 0600);
	write_file("bad.conf", "id=1\n\nwhat\n");
	tap_ok(account_read("bad", &account, &bad_line) == VALETKEY_ERR_ARG &&
		   bad_line == 3,
	       "malformed, and where");
	record_free(&account);
	memset(big, '\n', 69999);
	big[69999] = '\0';
	write_file("big.conf", big);
	tap_ok(reads("big") == VALETKEY_ERR_ACCOUNT, "too long");
	free(big);
	snprintf(path, sizeof(path), "%s/dir.conf", folder);
	mkdir(path, 0700);
	tap_ok(reads("dir") == VALETKEY_ERR_ACCOUNT, "a directory");
	snprintf(path, sizeof(path), "%s/fifo.conf", folder);
	tap_ok(mkfifo(path, 0600) == 0 && reads("fifo") == VALETKEY_ERR_ACCOUNT,
	       "a FIFO does not hang");
	snprintf(path, sizeof(path), "%s/link.conf", folder);
	snprintf(target, sizeof(target), "%s/good.conf", folder);
	tap_ok(symlink(target, path) == 0 && reads("link") == VALETKEY_OK,
	       "a link, as dotfile managers make them");
}

static int collect(const char *name, void *data)
{
	strcat(strcat(data, name), " ");
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

static void test_each(void)
{
	char names[4096] = "";

	write_file(".hidden.conf", "id=1\n");
	write_file("a.conf~", "id=1\n");
	write_file(".conf", "id=1\n");
	write_file("notes.txt", "id=1\n");
	tap_ok(account_each(collect, names) == 0 &&
		   strcmp(names, "bad big dir fifo good link ") == 0,
	       "every account, sorted: %s", names);
	write_file("stop.conf", "id=1\n");
	write_file("zzz.conf", "id=1\n");
	*names = '\0';
	tap_ok(account_each(collect, names) == 7 && !strstr(names, "zzz"),
	       "until one says stop");
}

static int find(const char *origin, const char *expected)
{
	struct record account = {0};
	char name[ACCOUNT_NAME_MAX + 1] = "";
	int rc = account_find(origin, name, &account);

	if (!rc && (strcmp(name, expected) != 0 ||
		    !account_has_origin(&account, origin)))
		rc = -1;
	record_free(&account);
	return rc;
}

static void test_find(void)
{
	write_file("one.conf", "id=1\nhosts[]=https://One.example:443/\n"
			       "hosts[]=https://both.example\n");
	write_file("two.conf", "id=2\nhosts[]=https://two.example:8443\n"
			       "hosts[]=https://both.example\n"
			       "hosts[]=not a url\n");
	tap_ok(find("https://one.example", "one") == VALETKEY_OK,
	       "found, whatever its spelling");
	tap_ok(find("https://two.example:8443", "two") == VALETKEY_OK,
	       "found by its port");
	tap_ok(find("https://two.example", "") == VALETKEY_ERR_RESOURCE &&
		   find("https://x.one.example", "") == VALETKEY_ERR_RESOURCE &&
		   find("http://one.example", "") == VALETKEY_ERR_RESOURCE,
	       "another origin: none");
	tap_ok(find("https://both.example", "") == VALETKEY_ERR_ACCOUNT,
	       "two have it: which one is to be said");
	mode("two.conf", 0666);
	tap_ok(find("https://both.example", "one") == VALETKEY_OK,
	       "a file that others can write does not count");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	tap_ok(find("https://one.example", "") == VALETKEY_ERR_RESOURCE,
	       "no directory: no accounts");
}

int main(void)
{
	const char *dir = getenv("VALETKEY_TEST_DIR");

	umask(077);
	snprintf(home, sizeof(home), "%s/account-home", dir ? dir : "/nowhere");
	snprintf(config, sizeof(config), "%s/config", home);
	snprintf(folder, sizeof(folder), "%s/valetkey", config);
	if (mkdir(home, 0700) || mkdir(config, 0700) || mkdir(folder, 0700)) {
		puts("Bail out! run it under tests/lib/session");
		return 1;
	}
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_HOME", config, 1);
	test_names();
	test_directories();
	test_files();
	test_each();
	test_find();
	return tap_done();
}
