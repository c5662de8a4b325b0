/* SPDX-License-Identifier: MIT */
/*
 * futex.c - see futex.h. The three-state lock of Drepper's "Futexes are
 * tricky", with a relative time-out that is computed anew for every wait.
 */
#include "futex.h"

#include "core/clock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

int futex_lock(struct futex *futex, int64_t deadline)
{
	uint32_t free_word = 0;

	if (atomic_compare_exchange_strong(&futex->word, &free_word, 1))
		return 0;
	while (atomic_exchange(&futex->word, 2) != 0) {
		int left = deadline_left(deadline);
		struct timespec wait = {left / 1000, left % 1000 * 1000000L};

		if (left == 0)
			return -1;
		syscall(SYS_futex, &futex->word, FUTEX_WAIT_PRIVATE, 2, &wait,
			NULL, 0);
	}
	return 0;
}

void futex_unlock(struct futex *futex)
{
	if (atomic_exchange(&futex->word, 0) == 2)
		syscall(SYS_futex, &futex->word, FUTEX_WAKE_PRIVATE, 1, NULL,
			NULL, 0);
}
