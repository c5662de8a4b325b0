/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs a fuzzer on its small corpus in `make check`, without
 * libFuzzer: every file of tests/fuzz/corpus/NAME as it is, cut at every length,
 * and with every byte replaced by those that parsers care about. fuzz_NAME
 * FILE... runs just these files, to look at a finding.
 */
#include "lib/tap.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 10)
#define MUTATED_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t values[] = {0,   '\n', '\r', ' ', '=', '[',  ']',	'/',
				 ':', '@',  '.',  '9', 'a', 0x7f, 0x80, 0xff};

static void mutate(uint8_t *data, size_t size)
{
	for (size_t cut = 0; cut < size; cut++)
		LLVMFuzzerTestOneInput(data, cut);
	for (size_t i = 0; i < size; i++) {
		uint8_t before = data[i];

		for (size_t n = 0; n < sizeof(values); n++) {
			data[i] = values[n];
			LLVMFuzzerTestOneInput(data, size);
		}
		data[i] = before;
	}
}

/* False where the file cannot be read; a finding ends the program. */
static bool run_file(const char *path, bool mutations)
{
	static uint8_t data[FILE_MAX];
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file)
		return false;
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	if (mutations && size <= MUTATED_MAX)
		mutate(data, size);
	return true;
}

static void run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[4400];

		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		tap_ok(run_file(path, true), "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	const char *source = getenv("VALETKEY_SRC");
	const char *name = strstr(argv[0], "fuzz_");
	char folder[4096];

	for (int i = 1; i < argc; i++)
		tap_ok(run_file(argv[i], false), "%s", argv[i]);
	if (argc == 1 && source && name) {
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
			 source, name + strlen("fuzz_"));
		run_folder(folder);
	}
	return tap_done();
}
