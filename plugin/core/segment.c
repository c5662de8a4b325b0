/* SPDX-License-Identifier: MIT */
/*
 * segment.c - see segment.h. A segment that is in use is never changed: what
 * replaces it is a new one. While it is attached a core has nothing of it, nor has a
 * child that the host happens to fork.
 */
#include "segment.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#define MODE 0600
#define MAGIC "valetkey-segment"
#define PAYLOAD_MAX 65536
#define YOUNG_S 60

struct segment {
	char magic[16];	   /* without a NUL */
	atomic_uint whole; /* first of all not, when it is wiped */
	uint32_t len;
	uint64_t word;
	char owner[SEGMENT_OWNER_MAX];
	char payload[];
};

static bool is_own(const struct shmid_ds *about)
{
	return about->shm_perm.uid == geteuid() &&
	       about->shm_perm.cuid == geteuid() &&
	       (about->shm_perm.mode & 0777) == MODE &&
	       about->shm_segsz >= sizeof(struct segment);
}

static struct segment *segment_attach(int id, size_t size, int flags)
{
	void *at = shmat(id, NULL, flags);

	if (at == (void *)-1)
		return NULL;
	madvise(at, size, MADV_DONTDUMP);
	madvise(at, size, MADV_DONTFORK);
	return at;
}

/* Attached, if it is one of ours; `word` 0: whichever. */
static struct segment *segment_open(int id, uint64_t word, int flags)
{
	struct shmid_ds about;
	struct segment *segment;

	if (shmctl(id, IPC_STAT, &about) != 0 || !is_own(&about))
		return NULL;
	segment = segment_attach(id, about.shm_segsz, flags);
	if (!segment)
		return NULL;
	if (memcmp(segment->magic, MAGIC, sizeof(segment->magic)) == 0 &&
	    segment->whole && (!word || segment->word == word) &&
	    segment->len <= about.shm_segsz - sizeof(*segment) &&
	    segment->len <= PAYLOAD_MAX &&
	    memchr(segment->owner, '\0', sizeof(segment->owner)))
		return segment;
	shmdt(segment);
	return NULL;
}

static int segment_address(int id, uint64_t word, struct buf *address)
{
	return buf_fmt(address, "%x.%016" PRIx64, (unsigned)id, word);
}

/* Locked before anything is in it. */
static int segment_fill(int id, const char *owner, const struct buf *payload,
			uint64_t word)
{
	struct segment *segment;

	if (shmctl(id, SHM_LOCK, NULL) != 0)
		return -1;
	segment = segment_attach(id, sizeof(*segment) + payload->len, 0);
	if (!segment)
		return -1;
	memcpy(segment->magic, MAGIC, sizeof(segment->magic));
	stpcpy(segment->owner, owner);
	segment->len = (uint32_t)payload->len;
	segment->word = word;
	memcpy(segment->payload, payload->data, payload->len);
	segment->whole = 1;
	shmdt(segment);
	return 0;
}

int segment_make(const char *owner, const struct buf *payload,
		 struct buf *address)
{
	uint64_t word = 0;
	int id;

	if (strlen(owner) >= SEGMENT_OWNER_MAX || !payload->len ||
	    payload->len > PAYLOAD_MAX ||
	    getrandom(&word, sizeof(word), GRND_NONBLOCK) != sizeof(word) ||
	    !word)
		return -1;
	id = shmget(IPC_PRIVATE, sizeof(struct segment) + payload->len,
		    IPC_CREAT | MODE);
	if (id < 0)
		return -1;
	if (segment_fill(id, owner, payload, word) == 0 &&
	    segment_address(id, word, address) == 0)
		return 0;
	shmctl(id, IPC_RMID, NULL);
	return -1;
}

/* "NUMBER.WORD", both in hexadecimal digits. */
static bool segment_parse(const char *address, int *id, uint64_t *word)
{
	char *end;
	unsigned long number = strtoul(address, &end, 16);

	if (end == address || *end != '.' || number > INT32_MAX)
		return false;
	*id = (int)number;
	address = end + 1;
	*word = strtoull(address, &end, 16);
	return end - address == 16 && !*end && *word;
}

bool segment_read(const char *address, struct buf *payload)
{
	const struct segment *segment;
	uint64_t word;
	bool good;
	int id;

	if (!segment_parse(address, &id, &word))
		return false;
	segment = segment_open(id, word, SHM_RDONLY);
	if (!segment)
		return false;
	good = buf_add(payload, segment->payload, segment->len) == 0;
	atomic_thread_fence(memory_order_seq_cst);
	good = good && segment->whole;
	shmdt(segment);
	if (!good)
		buf_free(payload);
	return good;
}

static void segment_free(int id, size_t size)
{
	struct segment *segment = segment_attach(id, size, 0);

	if (segment) {
		segment->whole = 0;
		explicit_bzero(&segment->len,
			       size - offsetof(struct segment, len));
		shmdt(segment);
	}
	shmctl(id, IPC_RMID, NULL);
}

static bool is_left(const struct segment *segment, int id, bool young,
		    const char *owner,
		    bool (*leads_to)(const char *owner, const char *address))
{
	struct buf address = {0};
	bool left = false;

	if ((!young || (owner && strcmp(owner, segment->owner) == 0)) &&
	    segment_address(id, segment->word, &address) == 0)
		left = !leads_to(segment->owner, address.data);
	buf_free(&address);
	return left;
}

void segment_sweep(const char *owner,
		   bool (*leads_to)(const char *owner, const char *address))
{
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);

	for (int i = 0; info.used_ids > 0 && i <= last; i++) {
		struct shmid_ds about;
		int id = shmctl(i, SHM_STAT, &about);
		struct segment *segment = NULL;
		bool left;

		if (id >= 0 && is_own(&about))
			segment = segment_open(id, 0, SHM_RDONLY);
		if (!segment)
			continue;
		left = is_left(segment, id,
			       llabs((long long)time(NULL) - about.shm_ctime) <
				   YOUNG_S,
			       owner, leads_to);
		shmdt(segment);
		if (left)
			segment_free(id, about.shm_segsz);
	}
}
