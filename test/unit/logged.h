/* logged.h: the lines that are logged between log_catch() and log_caught(). */
#ifndef LOGGED_H
#define LOGGED_H

#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

static int log_file = -1, log_saved = -1;

static inline void
log_catch(void)
{
	log_saved = dup(STDERR_FILENO);
	log_file = memfd_create("log", MFD_CLOEXEC);
	assert_int_equal(dup2(log_file, STDERR_FILENO), STDERR_FILENO);
}

static inline const char *
log_caught(void)
{
	static char lines[8192];
	ssize_t n = pread(log_file, lines, sizeof(lines) - 1, 0);

	(void)dup2(log_saved, STDERR_FILENO);
	(void)close(log_saved);
	(void)close(log_file);
	assert_true(n >= 0);
	lines[n] = '\0';
	return lines;
}

#endif
