/* SPDX-License-Identifier: MIT */
/*
 * stack.h - whether a function that called somebody else's was left for good: by
 * longjmp() or an exception that went through it, of which it learns nothing.
 * Its frame has a mark; who comes later looks whether the mark is still there.
 */
#ifndef VALETKEY_STACK_H
#define VALETKEY_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct stack_mark {
	uintptr_t words[32];
};

void stack_mark(struct stack_mark *mark);

/* Whether the frame with the mark, which was made in this thread (of gettid()),
 * is gone for sure. The stack itself may be gone. */
bool stack_left(const struct stack_mark *mark, pid_t thread);

#endif
