/* SPDX-License-Identifier: MIT */
/*
 * sanitizer.c - the sanitizers' options, compiled into the command and the
 * helper if these are built with one. The helper gets neither a standard
 * error nor options by the environment, so reports go to files of the build
 * tree; a test run that leaves one has failed.
 *
 * Leaks are not looked for: that needs ptrace, which the helper forbids.
 */
#define EXPORTED __attribute__((visibility("default"), used))
#define LOG "log_path=" VALETKEY_SANITIZER_LOG

EXPORTED const char *__asan_default_options(void);
EXPORTED const char *__tsan_default_options(void);
EXPORTED const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return LOG ":detect_leaks=0";
}

const char *__tsan_default_options(void)
{
	return LOG ":ignore_noninstrumented_modules=1";
}

const char *__ubsan_default_options(void)
{
	return LOG ":print_stacktrace=1";
}
