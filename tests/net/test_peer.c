/* SPDX-License-Identifier: MIT */
/*
 * test_peer.c - whose browser may bring the answer: real sockets of other
 * users, of root and of our own, in each state that a socket may be in when it
 * is looked at; in a user namespace, where numbers mean other users; and where
 * the system does not tell.
 *
 * As root it is an ordinary user who listens, and root in a few. An ordinary
 * user can test with its own programs alone.
 */
#include "lib/browser.h"
#include "core/clock.h"
#include "hosts/refuse_netlink.h"
#include "lib/peers.h"
#include "lib/tap.h"
#include "net/listener.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN 60001
#define OTHER 60002

enum place {
	HERE = 0,
	NAMESPACE = 1, /* as root of a user namespace of our own */
	NOBODY = 2,    /* as nobody known in one */
	SILENT = 3     /* where the system does not tell owners */
};

enum outcome {
	COMES = 1,	/* the answer counts */
	UNSEEN = 2,	/* it is said that its owner is not known */
	ANSWERED = 4,	/* something was sent to it */
	REFUSED = 8,	/* it was noticed */
	STARTS = 16,	/* there is an address to start the browser with */
	IMPOSSIBLE = 64 /* here */
};

#define GOOD_END (COMES | ANSWERED | STARTS)
#define BAD_END (REFUSED | STARTS)

struct scene {
	const char *what;
	uid_t own; /* who listens */
	uid_t peer;
	enum peer_way way;
	int family;
	enum place place;
	int outcome;
};

static const struct scene scenes[] = {
    {"our own", OWN, OWN, PEER_STAYS, AF_INET, HERE, GOOD_END},
    {"our own, by IPv6", OWN, OWN, PEER_STAYS, AF_INET6, HERE, GOOD_END},
    {"our own, IPv4 from an IPv6 socket", OWN, OWN, PEER_MAPPED, AF_INET, HERE,
     GOOD_END},
    {"our own, half closed", OWN, OWN, PEER_HALF, AF_INET, HERE, GOOD_END},
    {"our own, half closed, by IPv6", OWN, OWN, PEER_HALF, AF_INET6, HERE,
     GOOD_END},
    {"our own, bound to a device", OWN, OWN, PEER_DEVICE, AF_INET, HERE,
     GOOD_END},
    {"our own, in our user namespace", OWN, OWN, PEER_STAYS, AF_INET, NAMESPACE,
     GOOD_END},
    {"our own, where owners are not told", OWN, OWN, PEER_STAYS, AF_INET,
     SILENT, COMES | UNSEEN | ANSWERED},
    {"our own, where we are nobody", OWN, OWN, PEER_STAYS, AF_INET, NOBODY,
     COMES | UNSEEN | ANSWERED},

    {"another user", OWN, OTHER, PEER_STAYS, AF_INET, HERE, BAD_END},
    {"another user, by IPv6", OWN, OTHER, PEER_STAYS, AF_INET6, HERE, BAD_END},
    {"another user, IPv4 from an IPv6 socket", OWN, OTHER, PEER_MAPPED, AF_INET,
     HERE, BAD_END},
    {"another user, half closed", OWN, OTHER, PEER_HALF, AF_INET, HERE,
     BAD_END},
    {"another user who has closed", OWN, OTHER, PEER_CLOSES, AF_INET, HERE,
     BAD_END},
    {"another user who has closed, by IPv6", OWN, OTHER, PEER_CLOSES, AF_INET6,
     HERE, BAD_END},
    {"another user without a goodbye", OWN, OTHER, PEER_RESETS, AF_INET, HERE,
     STARTS},
    {"another user, bound to a device", OWN, OTHER, PEER_DEVICE, AF_INET, HERE,
     BAD_END},
    {"another user, bound to one that leads nowhere", OWN, OTHER,
     PEER_ELSEWHERE, AF_INET, HERE, BAD_END},
    {"another user, bound to nowhere, by IPv6", OWN, OTHER, PEER_ELSEWHERE,
     AF_INET6, HERE, BAD_END},
    {"another user, bound to nowhere, in a crowd", OWN, OTHER, PEER_HIDES,
     AF_INET, HERE, BAD_END},
    {"another user, outside our user namespace", OWN, OTHER, PEER_STAYS,
     AF_INET, NAMESPACE, BAD_END},
    {"another user who has closed, outside", OWN, OTHER, PEER_CLOSES, AF_INET,
     NAMESPACE, BAD_END},

    {"root", OWN, 0, PEER_STAYS, AF_INET, HERE, GOOD_END},
    {"root, by IPv6", OWN, 0, PEER_STAYS, AF_INET6, HERE, GOOD_END},
    {"root, half closed", OWN, 0, PEER_HALF, AF_INET, HERE, BAD_END},
    {"root who has closed", OWN, 0, PEER_CLOSES, AF_INET, HERE, BAD_END},
    {"another user who has left", OWN, OTHER, PEER_LEAVES, AF_INET, HERE,
     BAD_END},

    {"root at root's", 0, 0, PEER_STAYS, AF_INET, HERE, GOOD_END},
    {"root at root's, half closed", 0, 0, PEER_HALF, AF_INET, HERE, GOOD_END},
    {"another user at root's", 0, OTHER, PEER_STAYS, AF_INET, HERE, BAD_END},
    {"another user at root's who has closed", 0, OTHER, PEER_CLOSES, AF_INET,
     HERE, BAD_END},
    {"another user at root's who has left", 0, OTHER, PEER_LEAVES, AF_INET,
     HERE, BAD_END},
    {"another user at root's without a goodbye", 0, OTHER, PEER_RESETS, AF_INET,
     HERE, STARTS},

    {"one that is nowhere, though connected", OWN, 0, PEER_VANISHES, AF_INET,
     HERE, COMES | UNSEEN | STARTS},
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done ? 0 : -1;
}

static int enter(enum place place, uid_t own)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned)own);
	if (place == SILENT)
		return refuse_netlink();
	if (place == HERE)
		return 0;
	/* Its own files are root's until it is dumpable again. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		return -1;
	return place == NAMESPACE ? write_file("/proc/self/uid_map", map) : 0;
}

static int play(const struct scene *scene)
{
	struct peer_order order = {
	    .uid = scene->peer, .family = scene->family, .way = scene->way};
	struct problem problem;
	struct buf text = {0};
	int outcome = 0, report;

	if (scene->own != geteuid() &&
	    setresuid(scene->own, scene->own, scene->own))
		return IMPOSSIBLE;
	if (enter(scene->place, scene->own) ||
	    open_listener(scene->family == AF_INET6 ? "[::1]" : "127.0.0.1", 0,
			  &problem))
		return IMPOSSIBLE;
	order.port = port;
	report = peers_send(&order);
	if (report < 0)
		return IMPOSSIBLE;
	pump(report, &text, 2000);
	pump(-1, NULL, 100);
	if (settled)
		outcome |= COMES;
	if (answer.unseen)
		outcome |= UNSEEN;
	if (text.len)
		outcome |= ANSWERED;
	if (listener_refused(listener))
		outcome |= REFUSED;
	if (*listener_address(listener))
		outcome |= STARTS;
	close(report);
	buf_free(&text);
	return outcome;
}

/* In a process of its own, which gives up its rights. */
static int play_apart(const struct scene *scene)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(play(scene));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
}

static bool can_enter(enum place place)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(geteuid() == 0 && setresuid(OWN, OWN, OWN) == 0
			  ? enter(place, OWN) != 0
			  : enter(place, geteuid()) != 0);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static rlim_t most_descriptors(void)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max;
}

static void test_scene(struct scene scene)
{
	bool root = geteuid() == 0;
	int outcome, tries = 3;

	if (!root && (scene.peer != OWN || scene.own != OWN)) {
		skip(scene.what, "only root can be several users");
		return;
	}
	if (!root)
		scene.own = scene.peer = geteuid();
	if ((scene.place == NAMESPACE || scene.place == NOBODY) &&
	    !can_enter(NOBODY)) {
		skip(scene.what, "there are no user namespaces here");
		return;
	}
	if (scene.place == SILENT && !can_enter(SILENT)) {
		skip(scene.what, "no filter can see a socket's family");
		return;
	}
	if ((scene.way == PEER_ELSEWHERE || scene.way == PEER_HIDES) &&
	    !peers_have_device()) {
		skip(scene.what, "there is no second network device");
		return;
	}
	if (scene.way == PEER_HIDES && most_descriptors() < PEERS_HIDDEN) {
		skip(scene.what, "too few descriptors are allowed");
		return;
	}
	/* Where it stands in the table is luck. */
	do
		outcome = play_apart(&scene);
	while (scene.way == PEER_HIDES && outcome == scene.outcome && --tries);
	if (scene.way == PEER_CLOSES || scene.way == PEER_LEAVES)
		outcome |= REFUSED; /* some kernels still know whose it was */
	tap_ok(outcome == scene.outcome, "%s%s", scene.what,
	       outcome == scene.outcome ? "" : " (another outcome)");
	if (outcome != scene.outcome)
		printf("# %d, not %d\n", outcome, scene.outcome);
}

/* ---- crowds ---- */

static int play_crowd(uid_t peer)
{
	struct peer_order order = {
	    .uid = peer, .family = AF_INET, .way = PEER_SLOW};
	struct problem problem;
	struct buf text = {0};
	int64_t start;
	int report, ms = -1;

	if (geteuid() == 0 && setresuid(OWN, OWN, OWN))
		return IMPOSSIBLE;
	open_listener("127.0.0.1", 0, &problem);
	order.port = port;
	report = peers_send(&order);
	pump(-1, NULL, 1500);
	start = clock_ms();
	if (ask("GET " GOOD, &text) && settled)
		ms = (int)(clock_ms() - start);
	printf("# %d ms, %u in the crowd\n", ms, listener->guest_count);
	fflush(stdout);
	close(report);
	close_listener();
	buf_free(&text);
	/* Not by waiting until the slow ones have had their 5 s. */
	return ms >= 0 && ms < 3000;
}

static bool comes_through(uid_t peer)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(play_crowd(peer));
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void test_crowds(void)
{
	const char *others =
	    "900 slow connections of another user do not either";
	const char *own = "900 slow connections of our own keep no browser out";
	const char *preloaded = getenv("LD_PRELOAD");
	bool root = geteuid() == 0;

	/* They come again as fast as a listener that is thirty times slower can
	 * let go of them. */
	if (preloaded && strstr(preloaded, "vgpreload"))
		skip(own, "valgrind is too slow for such a crowd");
	else
		tap_ok(comes_through(root ? OWN : geteuid()), "%s", own);
	if (root)
		tap_ok(comes_through(OTHER), "%s", others);
	else
		skip(others, "only root can be several users");
}

/* Somebody of whom nothing is known, where owners are told. */
static void test_unknown_at_start(void)
{
	struct problem problem;
	struct buf text = {0}, line = {0};

	open_listener("127.0.0.1", 0, &problem);
	buf_str(&to, "https://as.example/?state=" STATE);
	buf_fmt(&line, "GET %s", strrchr(listener_address(listener), '/'));
	peer_close(&listener->peers);
	ask(line.data, &text);
	tap_ok(strstr(buf_text(&text), "HTTP/1.1 403") &&
		   strstr(buf_text(&text), "Whose browser") &&
		   !strstr(buf_text(&text), STATE),
	       "somebody of whom nothing is known is not sent to the provider");
	close_listener();
	buf_free(&to);
	buf_free(&line);
	buf_free(&text);
}

int main(void)
{
	size_t i;

	peers_start();
	for (i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		test_scene(scenes[i]);
	test_crowds();
	test_unknown_at_start();
	return tap_done();
}
