/* SPDX-License-Identifier: MIT */
/*
 * test_store.c - what store.h promises, against gnome-keyring in a session of
 * its own (it starts tests/lib/session itself). The keyring is locked, stopped and
 * killed, and items are damaged, by tests/lib/keyring and by signals.
 */
#include "core/clock.h"
#include "store/store.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char tool[4096];

static const struct store_key grant = {STORE_GRANT, "id-1", "work", "ninjaone"};
static const struct store_key client = {STORE_CLIENT, "id-1", "work",
					"ninjaone"};
static const struct store_key other = {STORE_GRANT, "id-2", "home", "google"};

static bool keyring(const char *arguments)
{
	char command[8192];

	snprintf(command, sizeof(command), "%s %s", tool, arguments);
	return system(command) == 0;
}

static void send_signal(const char *variable, int number)
{
	const char *pid = getenv(variable);

	if (pid && strtol(pid, NULL, 10) > 1)
		kill((pid_t)strtol(pid, NULL, 10), number);
}

static struct store *open_store(bool may_prompt, int ms)
{
	struct store *store;
	struct problem problem;

	tap_ok(store_open(STORE_KEYRING, may_prompt, deadline_in(ms), &store,
			  &problem) == 0,
	       "the store opens");
	if (!store)
		exit(tap_done());
	return store;
}

/* Whether a store cannot be opened, with this result and a sentence. */
static bool refused(int result)
{
	struct store *store;
	struct problem problem = {0, ""};
	int rc = store_open(STORE_KEYRING, false, deadline_in(5000), &store,
			    &problem);

	store_close(store);
	printf("# %s\n", problem.text);
	return rc == result && problem.result == result && *problem.text &&
	       !store;
}

static int save(struct store *store, const struct store_key *key,
		const char *value)
{
	struct record record = {0};
	struct problem problem = {0, ""};
	int rc;

	record_add(&record, "refresh_token", value);
	record_add(&record, "scope", "a b");
	rc = store_save(store, key, &record, &problem);
	if (rc)
		printf("# %s\n", problem.text);
	record_free(&record);
	return rc;
}

/* The result; with `value` also whether this one is found. */
static int load(struct store *store, const struct store_key *key,
		const char *value)
{
	struct record record = {0};
	struct problem problem = {0, ""};
	const char *got;
	bool found = true;
	int rc = store_load(store, key, &record, &found, &problem);

	if (rc)
		printf("# %s\n", problem.text);
	if (rc && (found || record.pairs.len || problem.result != rc))
		rc = -2;
	got = record_get(&record, "refresh_token");
	if (!rc && (value ? !got || strcmp(got, value) != 0 : found))
		rc = -1;
	record_free(&record);
	return rc;
}

static bool absent(struct store *store, const struct store_key *key)
{
	return load(store, key, NULL) == 0;
}

static void test_items(void)
{
	struct store *store = open_store(false, 10000);
	struct problem problem;

	tap_ok(store_writable(store, &problem) == 0, "it is writable");
	tap_ok(absent(store, &grant), "nothing is there at first");
	tap_ok(save(store, &grant, "one") == 0, "a grant is saved");
	tap_ok(load(store, &grant, "one") == 0, "and loaded");
	tap_ok(absent(store, &client) && absent(store, &other),
	       "another kind, another account: not found");
	tap_ok(save(store, &client, "secret") == 0 &&
		   save(store, &other, "two") == 0 &&
		   save(store, &grant, "three") == 0,
	       "more are saved, one is replaced");
	tap_ok(load(store, &grant, "three") == 0 &&
		   load(store, &client, "secret") == 0 &&
		   load(store, &other, "two") == 0,
	       "each has its own secret");
	store_close(store);
	tap_ok(keyring("list >$VALETKEY_TEST_DIR/list") &&
		   system("test $(wc -l <$VALETKEY_TEST_DIR/list) = 3") == 0,
	       "a replacement makes no second item");
	tap_ok(system("grep -q '^account=id-1 kind=grant provider=ninjaone "
		      "xdg:schema=org.valetkey.Item label=valetkey: work "
		      "(ninjaone) - login$' $VALETKEY_TEST_DIR/list") == 0,
	       "attributes and label are as documented");
	tap_ok(system("! grep -qE 'three|secret.*=|two' "
		      "$VALETKEY_TEST_DIR/list") == 0,
	       "no secret is in an attribute");
}

static void test_delete(void)
{
	struct store *store = open_store(false, 10000);
	struct problem problem;

	tap_ok(store_delete(store, &client, &problem) == 0 &&
		   absent(store, &client),
	       "an item is deleted");
	tap_ok(store_delete(store, &client, &problem) == 0,
	       "deleting what is not there is fine");
	tap_ok(load(store, &grant, "three") == 0, "the others stay");
	store_close(store);
}

static void test_big(void)
{
	struct store *store = open_store(false, 10000);
	struct record record = {0}, got = {0};
	struct problem problem;
	char *value = calloc(1, 60001);
	bool found = false;

	memset(value, 'x', 60000);
	record_add(&record, "access_token", value);
	record_add(&record, "refresh_token", value);
	tap_ok(store_save(store, &other, &record, &problem) == 0 &&
		   store_load(store, &other, &got, &found, &problem) == 0 &&
		   found && got.pairs.len == record.pairs.len &&
		   memcmp(got.pairs.data, record.pairs.data, got.pairs.len) ==
		       0,
	       "120,000 bytes come back as they were");
	record_add(&record, "bad", "a\nb");
	tap_ok(store_save(store, &other, &record, &problem) ==
		   VALETKEY_ERR_HELPER,
	       "a value with a newline is refused");
	record_free(&record);
	record_free(&got);
	free(value);
	store_close(store);
}

static void test_damaged(void)
{
	struct store *store = open_store(false, 10000);
	char command[8192];

	snprintf(command, sizeof(command),
		 "printf 'a=b\\nno record\\377' | %s replace grant id-1", tool);
	tap_ok(system(command) == 0 &&
		   load(store, &grant, "three") == VALETKEY_ERR_LOGIN,
	       "an item with garbage asks for a login");
	snprintf(command, sizeof(command),
		 "head -c 1500000 /dev/zero | %s replace grant id-1", tool);
	tap_ok(system(command) == 0 &&
		   load(store, &grant, "three") == VALETKEY_ERR_LOGIN,
	       "and so does one that is too big");
	tap_ok(save(store, &grant, "four") == 0 &&
		   load(store, &grant, "four") == 0,
	       "saving mends it");
	store_close(store);
}

static void test_locked(void)
{
	struct store *store = open_store(false, 10000);
	struct problem problem;
	int64_t start;

	tap_ok(load(store, &grant, "four") == 0 && keyring("lock"),
	       "the keyring is locked behind an open store");
	start = clock_ms();
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_LOCKED,
	       "load: locked");
	tap_ok(save(store, &grant, "x") == VALETKEY_ERR_LOCKED &&
		   save(store, &client, "x") == VALETKEY_ERR_LOCKED,
	       "save, an old item and a new one: locked");
	tap_ok(store_delete(store, &grant, &problem) == VALETKEY_ERR_LOCKED,
	       "delete: locked");
	tap_ok(store_writable(store, &problem) == VALETKEY_ERR_LOCKED,
	       "writable: locked");
	tap_ok(clock_ms() - start < 2000, "all of it at once, without dialogs");
	store_close(store);
	store = open_store(true, 10000);
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_CANCELED,
	       "a dialog that cannot be shown counts as closed");
	tap_ok(keyring("unlock") && load(store, &grant, "four") == 0 &&
		   store_writable(store, &problem) == 0,
	       "unlocked, it works again");
	store_close(store);
}

/* Whether it took about as long as was allowed. */
static bool on_time(int64_t start)
{
	int64_t took = clock_ms() - start;

	printf("# %d ms\n", (int)took);
	return took >= 290 && took < 2000;
}

static void test_hung(void)
{
	struct store *store = open_store(false, 10000), *second;
	struct problem problem;
	int64_t start = clock_ms();

	send_signal("VALETKEY_TEST_KEYRING_PID", SIGSTOP);
	store_set_deadline(store, deadline_in(300));
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_TIMEOUT &&
		   on_time(start),
	       "a keyring that hangs: timeout, on time");
	send_signal("VALETKEY_TEST_KEYRING_PID", SIGCONT);
	store_set_deadline(store, deadline_in(10000));
	tap_ok(load(store, &grant, "four") == 0, "it goes on, so do we");
	send_signal("VALETKEY_TEST_BUS_PID", SIGSTOP);
	start = clock_ms();
	tap_ok(store_open(STORE_KEYRING, false, deadline_in(300), &second,
			  &problem) == VALETKEY_ERR_TIMEOUT &&
		   on_time(start),
	       "a bus that hangs: timeout, on time");
	send_signal("VALETKEY_TEST_BUS_PID", SIGCONT);
	tap_ok(load(store, &grant, "four") == 0, "it goes on, so do we");
	store_set_deadline(store, deadline_in(0));
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_TIMEOUT,
	       "no time left: timeout");
	store_close(store);
	store_close(NULL);
}

static char *copy_of(const char *variable)
{
	const char *value = getenv(variable);

	return value ? strdup(value) : NULL;
}

static void put_back(const char *variable, char *value)
{
	if (value)
		setenv(variable, value, 1);
	free(value);
}

static void test_bus_addresses(void)
{
	char *address = copy_of("DBUS_SESSION_BUS_ADDRESS");
	char *runtime = copy_of("XDG_RUNTIME_DIR");

	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "tcp:host=127.0.0.1,port=1", 1);
	tap_ok(refused(VALETKEY_ERR_NO_BUS), "tcp is refused");
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x;autolaunch:", 1);
	tap_ok(refused(VALETKEY_ERR_NO_BUS), "and what would start a bus");
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
	tap_ok(refused(VALETKEY_ERR_NO_BUS), "a dead socket: no bus");
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	store_close(open_store(false, 10000));
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	store_close(open_store(false, 10000));
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	tap_ok(refused(VALETKEY_ERR_NO_BUS), "nothing anywhere: no bus");
	unsetenv("XDG_RUNTIME_DIR");
	tap_ok(refused(VALETKEY_ERR_NO_BUS), "no runtime folder: no bus");
	put_back("DBUS_SESSION_BUS_ADDRESS", address);
	put_back("XDG_RUNTIME_DIR", runtime);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

static void test_closed(void)
{
	int before = open_descriptors();

	for (int i = 0; i < 5; i++) {
		struct store *store = open_store(false, 10000);

		load(store, &grant, "four");
		store_close(store);
	}
	for (int i = 0; i < 100 && open_descriptors() > before; i++)
		usleep(10000);
	tap_ok(open_descriptors() <= before, "no descriptor is left behind");
}

/* Opens, and asks a little, with no pause; its exit status. */
static int come_and_go(void)
{
	for (int i = 0; i < 300; i++) {
		struct store *store;
		struct problem problem;
		int rc = store_open(STORE_KEYRING, false, deadline_in(30000),
				    &store, &problem);

		if (!rc)
			rc = store_writable(store, &problem);
		store_close(store);
		if (rc) {
			printf("# %d: %d, %s\n", i, rc, problem.text);
			return 1;
		}
	}
	return 0;
}

/* gnome-keyring ends if a program's first question is of some kinds, and comes
 * at the wrong moment. */
static void test_crowd(const char *program)
{
	int status, failed = 0;

	fflush(stdout);
	for (int i = 0; i < 8; i++) {
		pid_t child = fork();

		if (child < 0)
			failed++;
		if (child == 0) { /* GLib's threads are not in a copy */
			execl("/proc/self/exe", program, "come and go",
			      (char *)NULL);
			_exit(127);
		}
	}
	while (wait(&status) > 0)
		failed += status != 0;
	tap_ok(failed == 0, "eight at once come and go: the keyring stays");
}

static void test_killed(void)
{
	struct store *store = open_store(true, 10000);
	struct problem problem;

	tap_ok(load(store, &grant, "four") == 0, "it answers");
	send_signal("VALETKEY_TEST_KEYRING_PID", SIGKILL);
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_NO_KEYRING,
	       "the keyring was killed: no keyring");
	tap_ok(save(store, &grant, "x") == VALETKEY_ERR_NO_KEYRING &&
		   store_writable(store, &problem) == VALETKEY_ERR_NO_KEYRING &&
		   store_delete(store, &grant, &problem) ==
		       VALETKEY_ERR_NO_KEYRING,
	       "whatever is asked");
	tap_ok(refused(VALETKEY_ERR_NO_KEYRING), "nor can it be opened");
	send_signal("VALETKEY_TEST_BUS_PID", SIGKILL);
	tap_ok(load(store, &grant, NULL) == VALETKEY_ERR_NO_BUS,
	       "the bus was killed: no bus");
	store_close(store);
}

static int in_session(char **argv)
{
	const char *source = getenv("srcdir");
	char session[4096];

	snprintf(session, sizeof(session), "%s/tests/lib/session",
		 source ? source : ".");
	execl(session, session, argv[0], (char *)NULL);
	perror(session);
	return 99;
}

int main(int argc, char **argv)
{
	char *path;

	if (argc > 1)
		return come_and_go();
	path = strdup(argv[0]);
	if (!getenv("VALETKEY_TEST_KEYRING_PID") ||
	    !getenv("DBUS_SESSION_BUS_ADDRESS") || !getenv("XDG_RUNTIME_DIR")) {
		free(path);
		return in_session(argv);
	}
	snprintf(tool, sizeof(tool), "%s/../lib/keyring", dirname(path));
	free(path);
	test_items();
	test_delete();
	test_big();
	test_damaged();
	test_locked();
	test_hung();
	test_bus_addresses();
	test_closed();
	test_crowd(argv[0]);
	test_killed();
	return tap_done();
}
