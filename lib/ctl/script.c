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
	bool takes_env; /* it finds the database by the env file; setup makes that file */
} scripts[] = {
	{ "setup", "setup", true, false },
	{ "upgrade", "setup", true, false },
	{ "backup", "backup", false, true },
	{ "restore", "restore", false, true },
	{ "restore-test", "restore-test", false, true },
};

/* Skip --env FILE, which may stand before the command's word; *ret_env: FILE, or NULL. */
static char **
skip_env(char **at, const char **ret_env)
{
	*ret_env = NULL;
	for (;; at++) {
		if (*at != NULL && strncmp(*at, "--env=", 6) == 0 && (*at)[6] != '\0')
			*ret_env = *at + 6;
		else if (*at != NULL && strcmp(*at, "--env") == 0 && at[1] != NULL &&
			 *at[1] != '\0')
			*ret_env = *++at;
		else
			return at;
	}
}

static _Noreturn void
become(const struct script *script, char **at)
{
	const char *dir = getenv("ISP_SCRIPTS");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : installed, script->file);
	(void)execv(path, script->with_word ? at - 1 : at); /* the first one stands for the path */
	(void)fprintf(stderr, "ispctl: %s: %s\n", path, strerror(errno));
	exit(EXIT_FAILED);
}

void
script_run(char **argv)
{
	const char *env;
	char **at = skip_env(argv + (argv[0] != NULL), &env);

	for (size_t i = 0; *at != NULL && i < countof(scripts); i++) {
		if (strcmp(*at, scripts[i].word) != 0)
			continue;
		if (env != NULL && !scripts[i].takes_env) {
			(void)fprintf(stderr, "ispctl: %s takes no --env; see ispctl --help\n",
			    *at);
			exit(EXIT_USAGE);
		}
		if (env != NULL)
			(void)setenv("ISP_ENV", env, 1);
		become(&scripts[i], at);
	}
}
