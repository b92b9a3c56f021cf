/* script.c: commands of ispctl that are scripts: they work on the machine, not on the database. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"

/* The directory of make install; $ISP_SCRIPTS names another one (a checkout's scripts). */
static const char installed[] = "/usr/share/isp-billing/scripts";

static const struct script {
	const char *word;
	const char *file;
	bool with_word; /* pass the command's word as the script's first argument */
} scripts[] = {
	{ "setup", "setup", true },
	{ "upgrade", "setup", true },
	{ "backup", "backup", false },
	{ "restore", "restore", false },
	{ "restore-test", "restore-test", false },
};

void
script_run(char **argv)
{
	const char *dir = getenv("ISP_SCRIPTS");
	char path[4096];

	for (size_t i = 0; argv[1] != NULL && i < countof(scripts); i++) {
		if (strcmp(argv[1], scripts[i].word) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : installed,
		    scripts[i].file);
		(void)execv(path, scripts[i].with_word ? argv : argv + 1);
		(void)fprintf(stderr, "ispctl: %s: %s\n", path, strerror(errno));
		exit(EXIT_FAILED);
	}
}
