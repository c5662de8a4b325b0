/* SPDX-License-Identifier: MIT */
/*
 * valetkey.h - a valid OAuth 2.0 access token, on demand, for any program.
 *
 * The person has run `valetkey add` and `valetkey login` once. From then on:
 *
 *	struct valetkey *vk;
 *	const struct valetkey_token *token;
 *	struct valetkey_request request = {
 *		.size = sizeof(request), .account = "work" };
 *
 *	if (valetkey_open(NULL, &vk) == VALETKEY_OK) {
 *		int rc = valetkey_get(vk, &request, &token);
 *		if (rc == VALETKEY_OK) {
 *			... "Authorization: Bearer %s", token->access_token ...
 *			valetkey_token_free(token);
 *		} else {
 *			fprintf(stderr, "%s\n", valetkey_strerror(rc));
 *		}
 *		valetkey_close(vk);
 *	}
 *
 * Ask before every request and keep no copy: a token that is still good comes
 * from this process's memory or the kernel's keyring, otherwise a small helper
 * program reads the desktop keyring or refreshes the grant. The refresh token
 * and the client secret never enter your process. When a server answers 401,
 * call valetkey_invalidate() and ask once more.
 *
 * What you can rely on
 *
 * Threads. Any thread may use any handle, at the same time; one slow account
 * does not delay another. Many callers at the moment of expiry, in one process
 * or in many, cost one refresh.
 *
 * fork. A child may go on using a handle that was open at the fork, even if
 * other threads were inside a call; it must not use a call that the parent was
 * in. Tokens held at the fork are valid in both.
 *
 * Children and signals. No signal disposition is touched, no SIGCHLD arises
 * and wait() and waitpid(-1) see no child of ours; hosts that ignore SIGCHLD or
 * reap every child work. (Process 1 and a child subreaper inherit the helper
 * like any orphan and reap it as they reap those.) A Ctrl-C or the death of the
 * host does not disturb a refresh: the helper finishes it in a session of its
 * own.
 *
 * Descriptors. None is kept open between calls; those used inside are
 * close-on-exec from birth and above 2, even if 0, 1 and 2 are closed.
 *
 * Memory. What a handle keeps is bounded: a request that was refused leaves
 * nothing in it.
 *
 * Time. valetkey_get() returns when timeout_ms has passed, whatever the network
 * or the keyring does; suspended time counts (CLOCK_BOOTTIME). Your conversation
 * is not cut short: what it takes counts, and comes on top. What the helper began
 * it finishes and stores for the next call.
 *
 * Loading. libvaletkey.so.1 needs only libc. It has no constructors, threads
 * or exit handlers, so dlclose() is safe once every handle is closed. Not
 * async-signal-safe: do not call it from a signal handler.
 *
 * Set-user-ID and set-group-ID programs are refused (VALETKEY_ERR_SETUID).
 *
 * The ABI. Structures begin with their size and only ever grow at the end: a
 * host built against an older or a newer header works, unless it asks,
 * by a non-zero member, for something that the library does not know
 * (VALETKEY_ERR_ABI). Set `size` and zero the rest; a `size` that was forgotten
 * is ERR_ABI as well. Codes are never renumbered.
 */
#ifndef VALETKEY_H
#define VALETKEY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header; the library that is loaded may be another. */
#define VALETKEY_VERSION "0.1.0"

#if defined(__GNUC__)
#define VALETKEY_API __attribute__((visibility("default")))
#else
#define VALETKEY_API
#endif

/*
 * Results. The tens say what to do: 1x fix the call, 2x ask the person, 3x try
 * later, 4x report. `valetkey` (the command) exits with the same numbers.
 */
enum valetkey_result {
	VALETKEY_OK = 0,
	VALETKEY_PENDING = 1, /* no error: valetkey_finish() has no result yet*/

	/* 1x: the call, or the program that makes it, is wrong */
	VALETKEY_ERR_ARG = 10,	  /* an argument is missing or malformed */
	VALETKEY_ERR_ABI = 11,	  /* `size` is not set, or a newer header asks
				     for what is unknown */
	VALETKEY_ERR_BUSY = 12,	  /* called from within a conversation, or
				     closed while a call is running */
	VALETKEY_ERR_SETUID = 13, /* the process has changed its privileges */

	/* 2x: a person must do something */
	VALETKEY_ERR_ACCOUNT = 20,    /* no such account: valetkey add; or
					 several have the URL's origin: name
					 one in the request */
	VALETKEY_ERR_LOGIN = 21,      /* no usable grant: valetkey login */
	VALETKEY_ERR_SCOPE = 22,      /* the grant lacks the scope asked for */
	VALETKEY_ERR_LOCKED = 23,     /* the keyring is locked */
	VALETKEY_ERR_NO_KEYRING = 24, /* no keyring service answers */
	VALETKEY_ERR_NO_BUS = 25,     /* no D-Bus session bus */
	VALETKEY_ERR_CANCELED = 26,   /* the person or the host said no */
	VALETKEY_ERR_RESOURCE = 27,   /* the URL belongs to another account, or
					 to none */

	/* 3x: try later; nothing was lost */
	VALETKEY_ERR_NETWORK = 30,    /* the provider cannot be reached, or its
					 answer is invalid */
	VALETKEY_ERR_TIMEOUT = 31,    /* timeout_ms has passed */
	VALETKEY_ERR_NOT_CACHED = 32, /* CACHED_ONLY, and no cache has one */
	VALETKEY_ERR_THROTTLED = 33,  /* the provider asks us to slow down */

	/* 4x: report it */
	VALETKEY_ERR_HELPER = 40, /* the helper is missing or broken */
	VALETKEY_ERR_DENIED = 41, /* the provider or the system refuses us */
	VALETKEY_ERR_NOMEM = 42	  /* out of memory */
};

/* A short English sentence for a result. Static, never NULL, any thread. */
VALETKEY_API const char *valetkey_strerror(int result);

/*
 * The conversation: how the helper speaks to the person through the host, as
 * PAM does. Called in the thread that is inside valetkey_get(), one message at
 * a time. INFO, WAIT and ERROR only tell; OPEN, CODE, ASK and ASK_SECRET come
 * only if the request has VALETKEY_INTERACTIVE. Text is UTF-8, at most 1,000
 * bytes, without control characters; if a login is asked for it says which
 * program asks. A type that you do not know: return 0.
 */
enum valetkey_message_type {
	VALETKEY_MESSAGE_INFO = 1,	 /* text */
	VALETKEY_MESSAGE_ERROR = 2,	 /* text: why, and what to do next */
	VALETKEY_MESSAGE_OPEN = 3,	 /* open url in the person's browser (by
					   argv, never through a shell) */
	VALETKEY_MESSAGE_CODE = 4,	 /* as OPEN, and show code */
	VALETKEY_MESSAGE_ASK = 5,	 /* ask text, put the answer in reply */
	VALETKEY_MESSAGE_ASK_SECRET = 6, /* the same, without echo */
	VALETKEY_MESSAGE_WAIT = 7	 /* still waiting: seconds_left */
};

struct valetkey_message {
	size_t size;
	int32_t type;	       /* enum valetkey_message_type */
	uint32_t seconds_left; /* OPEN, CODE, ASK, WAIT: until it is
				  given up; 0: not told */
	const char *text;      /* never NULL */
	const char *url;       /* OPEN, CODE: http or https; else NULL */
	const char *code;      /* CODE: the user code (RFC 8628); else NULL */
};

/*
 * reply holds reply_size bytes and belongs to the plugin; write a
 * NUL-terminated answer to ASK and ASK_SECRET there. Return 0 to go on,
 * anything else to give up: the call then returns VALETKEY_ERR_CANCELED.
 * Everything the message points at is valid until you return.
 *
 * For one call it is called once at a time, in the thread that calls. Two threads
 * in calls on one handle may be in it together, with the same data: guard that, or
 * give each thread a handle if you must know whose message it is. Errors of the
 * call itself (ERR_ARG, ERR_ABI, ERR_ACCOUNT, ERR_RESOURCE) come without a message.
 *
 * In a language with exceptions: catch them all in here, and return non-zero.
 * Many foreign function interfaces turn what is thrown into 0, which would mean
 * that the person sees the page; set VALETKEY_ANSWERS, and it does not. If
 * you leave anyway by an exception or longjmp(), the call is given up.
 * The handle stays usable, and can be closed. What the call held is freed when
 * this thread next calls the handle, at the latest by valetkey_close(), which
 * from another thread may be ERR_BUSY until then; a call that was begun is still
 * yours to finish or to cancel.
 */
typedef int valetkey_converse(const struct valetkey_message *message,
			      char *reply, size_t reply_size, void *data);

enum valetkey_option {
	VALETKEY_ANSWERS = 1 /* converse returns VALETKEY_DONE for each OPEN,
				CODE, ASK and ASK_SECRET that it has shown to
				the person; 0 means that it has not, and gives
				up. ERR_ABI if the library is older. */
};

enum valetkey_answer {
	VALETKEY_DONE = 100 /* with ANSWERS, also to all other messages */
};

struct valetkey_options {
	size_t size;
	const char *program;	     /* your name in prompts; NULL: none */
	valetkey_converse *converse; /* NULL: nobody to talk to */
	void *data;		     /* handed to converse */
	uint64_t flags;		     /* enum valetkey_option, or-ed */
};

struct valetkey; /* a handle */

/*
 * Opens a handle. options may be NULL and is copied. Cheap (no file is read,
 * nothing is started), but meant to be kept: the memory cache lives in it.
 * ERR_ARG, ERR_ABI, ERR_SETUID, ERR_NOMEM; *handle is NULL then.
 */
VALETKEY_API int valetkey_open(const struct valetkey_options *options,
			       struct valetkey **handle);

/*
 * Closes a handle and wipes what it cached. NULL is fine. While another thread
 * is inside a call it returns ERR_BUSY and changes nothing. Tokens that you
 * still hold stay valid until you free them.
 */
VALETKEY_API int valetkey_close(struct valetkey *handle);

/*
 * INTERACTIVE: one login per account is open at a time, whoever asks. Who waits
 * for it gets its token, or ERR_CANCELED with the person.
 */
enum valetkey_flag {
	VALETKEY_INTERACTIVE = 1, /* a person is there: may unlock, may log in*/
	VALETKEY_CACHED_ONLY = 2, /* never start the helper: ERR_NOT_CACHED */
	VALETKEY_ID_TOKEN = 4	  /* the ID token, not an access token
				     (VALETKEY_2; ERR_ABI if the library is
				     older) */
};

/*
 * ID_TOKEN: who logged in, as the provider says it (OpenID Connect Core 2), for
 * the few servers that want that instead: a Kubernetes cluster, or a service that
 * trades it for a token of its own. Nobody gets one who does not set the flag.
 * All that is said of tokens here holds for it, but for this: access_token is the
 * ID token, a JWT; expires_at is when that expires (its exp), and min_valid_s
 * counts until then; scope is the grant's. It is kept in this process's memory
 * and in the desktop keyring, never in the kernel's, so that the first one of a
 * process takes the helper. One that has expired is refreshed with the grant; if
 * the provider brings none then, or never did, it is ERR_LOGIN. ERR_SCOPE: the
 * account does not ask for the scope openid, or nobody logs in to it, or its
 * issuer is not known.
 */

struct valetkey_request {
	size_t size;
	const char *account;  /* its name; NULL: found by resource */
	const char *resource; /* the https URL the token is for; NULL: do not
				 check. With a URL whose origin (RFC 6454) is
				 not one of the account's hosts the answer is
				 ERR_RESOURCE and no token. Of a mail or
				 directory server: imaps://HOST, smtps, pop3s
				 or ldaps, whichever of its own ports you
				 connect to; imap:// and the like mean the
				 same. Send the token by TLS only, which may
				 have been begun by STARTTLS. */
	const char *scope;    /* space separated, RFC 6749 3.3. The token has
				 at least these, word for word, else
				 ERR_SCOPE. NULL: whatever was granted, which
				 may be less than the account's file asks for,
				 or the same in other words. */
	uint32_t min_valid_s; /* seconds the token must still be good for;
				 0: 60. If that is more than the provider's
				 lifetime, each call gives a fresh token. */
	uint32_t timeout_ms;  /* 0: 30,000; with INTERACTIVE 300,000 */
	uint64_t flags;	      /* enum valetkey_flag, or-ed */
};

struct valetkey_token {
	size_t size;
	const char *access_token; /* NUL-terminated, printable ASCII; if
				     ID_TOKEN was asked for, that */
	size_t length;		  /* strlen(access_token) */
	int64_t expires_at;	  /* Unix seconds; 0: the provider does not say
				     (RFC 6749 5.1), of an access token */
	const char *account;	  /* the account's name */
	const char *scope;	  /* as granted; "" if unknown */
};

/*
 * Gives an access token that is valid for min_valid_s, see above for how long
 * it may take. *token is immutable, owned by you, to be freed by
 * valetkey_token_free(); NULL on error.
 */
VALETKEY_API int valetkey_get(struct valetkey *handle,
			      const struct valetkey_request *request,
			      const struct valetkey_token **token);

/* Wipes the token on the last use. NULL is fine. Any thread. */
VALETKEY_API void valetkey_token_free(const struct valetkey_token *token);

/*
 * Tells that a server refused this token (401), whatever its expiry says. If
 * somebody has refreshed already, nothing is done, so it is safe to call late or
 * twice. Still free the token. Waits for the helper up to 30 s. Errors as for
 * valetkey_get().
 *
 * This handle: no get that begins after this has returned gives that token, in
 * whichever thread, even if the result is an error (except ERR_NOMEM). The one
 * exception: a provider that issues the very same token again. That is given,
 * once; when it is refused as well, valetkey_get() returns ERR_DENIED until the
 * provider issues another.
 *
 * Other handles and other processes: once this has returned OK, the kernel's
 * keyring and the desktop keyring no longer have the token. Who has it in memory
 * gives it until it expires, is renewed, or is told the same. So tell the handle
 * that gave it to you.
 *
 * Refusals do not loop: once three new tokens were refused within a minute, no
 * other one is asked for: valetkey_get() returns ERR_DENIED, in every process, until
 * a minute has passed or somebody logs in. Refusals of tokens with a resource
 * count, and block, for that server alone; those without one, for all.
 */
VALETKEY_API int valetkey_invalidate(struct valetkey *handle,
				     const struct valetkey_token *token);

/*
 * The same for event loops: no call below waits (starting the helper takes a
 * millisecond). One get is begun; watch its descriptor for reading, and call
 * valetkey_finish() when it is readable, as often as it returns PENDING.
 */
struct valetkey_wait; /* a get or an invalidate that was begun */

/*
 * Begins a get. request is needed for the call only. Errors as valetkey_get()'s
 * for a wrong call; all others come from valetkey_finish(), and the conversation
 * is called by that alone. Until it is finished or canceled the handle cannot be
 * closed.
 */
VALETKEY_API int valetkey_begin(struct valetkey *handle,
				const struct valetkey_request *request,
				struct valetkey_wait **wait);

/*
 * Begins an invalidate; token is needed for the call only. What is said above of
 * this handle holds once it has returned OK. It takes up to 30 s. (VALETKEY_2)
 */
VALETKEY_API int valetkey_invalidate_begin(struct valetkey *handle,
					   const struct valetkey_token *token,
					   struct valetkey_wait **wait);

/*
 * Its descriptor: one end of a local stream socket, for poll(), epoll, GLib,
 * libuv, asyncio, ... It is the same as long as wait lives, belongs to it, and is
 * readable when there is something to do, at the latest when timeout_ms has
 * passed.
 * The last valetkey_finish() closes it. So if a loop must not find it closed:
 * stop watching, finish, and watch again on PENDING. If a loop reads and
 * closes what it watches (Node's net.Socket), give it a dup(): the bytes mean
 * nothing, but for what comes in, and for the end of file, call
 * valetkey_finish().
 */
VALETKEY_API int valetkey_fd(const struct valetkey_wait *wait);

/*
 * VALETKEY_PENDING: not yet, keep watching. ERR_ARG (no wait, or no token for a
 * get) and ERR_BUSY (from within the handle's conversation): nothing was done, and
 * wait is still yours. Anything else is the result of valetkey_get() or
 * valetkey_invalidate(), and wait is freed. token may be NULL for an invalidate,
 * which has none. The conversation is called from in here, in the thread that
 * calls; from within it valetkey_cancel() does nothing.
 */
VALETKEY_API int valetkey_finish(struct valetkey_wait *wait,
				 const struct valetkey_token **token);

/* Gives it up and frees wait; a refresh that was begun is still finished by the
 * helper, a login is not. NULL is fine. */
VALETKEY_API void valetkey_cancel(struct valetkey_wait *wait);

#ifdef __cplusplus
}
#endif

#endif
