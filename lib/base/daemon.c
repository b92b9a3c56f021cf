#include "base/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ISP_VERSION
#define ISP_VERSION "unknown"
#endif

/* Written by signal handlers only. */
static volatile sig_atomic_t stop_came, hup_came;
static int signal_pipe[2] = { -1, -1 };

static const int exit_of[RC__MAX] = {
	[RC_OK] = EXIT_DONE,
	[RC_RETRY] = EXIT_LATER,
};

int
daemon_exit(enum rc rc)
{
	return rc == RC_OK || rc == RC_RETRY ? exit_of[rc] : EXIT_FAILED;
}

/* A person's own wrong input needs no detail; any other failure shows it. */
static bool
is_detail_shown(const struct err *e)
{
	return e->detail[0] != '\0' &&
	       (e->rc == RC_RETRY || e->rc == RC_UPSTREAM || e->rc == RC_INTERNAL ||
		   (e->rc == RC_INVALID && e->fields == NULL));
}

int
daemon_fail(const struct ctx *cx, const struct daemon *d)
{
	const struct err *e = &cx->err;
	size_t len = strlen(e->detail);

	while (len > 0 && e->detail[len - 1] == '\n')
		len--;
	if (is_detail_shown(e))
		(void)fprintf(stderr, "%s: %s (%.*s)\n", d->name, e->msg, (int)len, e->detail);
	else
		(void)fprintf(stderr, "%s: %s\n", d->name, e->msg);
	return daemon_exit(e->rc);
}

int
daemon_usage(const struct daemon *d, const char *what)
{
	size_t n = strlen(what);

	if (n > 0 && what[n - 1] == '.') /* a sentence of the API */
		n--;
	(void)fprintf(stderr, "%s: %.*s; see %s --help\n", d->name, (int)n, what, d->name);
	return EXIT_USAGE;
}

static void
print_help(struct ctx *cx, const struct daemon *d)
{
	struct sb s = sb_new(cx->mem);

	sb_printf(&s, "usage: %s [--env FILE] %s\n\n%s\n\n", d->name, d->synopsis, d->summary);
	for (size_t i = 0; i < d->noptions; i++)
		sb_printf(&s, "  %-22s %s\n",
		    arena_printf(cx->mem, "%s %s", d->options[i].name,
			d->options[i].value != NULL ? d->options[i].value : ""),
		    d->options[i].help);
	sb_printf(&s, "  %-22s %s\n", "--env FILE", "the configuration (/etc/isp-billing/isp.env)");
	sb_puts(&s, "  --help, --version\n");
	if (d->more != NULL)
		sb_printf(&s, "\n%s", d->more);
	sb_puts(&s,
	    "\nexit: 0 done, 1 something failed, 2 usage, 75 try later\n\nconfiguration:\n");
	conf_describe(&s);
	(void)fputs(s.buf, stdout);
}

static _Noreturn void
refuse_option(const struct daemon *d, const char *what, const char *arg)
{
	(void)fprintf(stderr, "%s: %s %s; see %s --help\n", d->name, what, arg, d->name);
	exit(EXIT_USAGE);
}

static const struct daemon_option env_option = { "--env", "FILE", NULL };

static const struct daemon_option *
find_option(const struct daemon *d, const char *arg)
{
	size_t n = strcspn(arg, "=");

	for (size_t i = 0; i < d->noptions; i++)
		if (strlen(d->options[i].name) == n && strncmp(d->options[i].name, arg, n) == 0)
			return &d->options[i];
	if (strncmp("--env", arg, n) == 0 && n == strlen("--env"))
		return &env_option;
	return NULL;
}

/* The value of an option: after '=', or the next word, which is then consumed. */
static const char *
take_value(const struct daemon *d, const struct daemon_option *o, char ***at)
{
	const char *eq = strchr(**at, '='), *val;

	if (o->value == NULL && eq != NULL)
		refuse_option(d, "no value goes with", o->name);
	if (o->value == NULL)
		return "";
	val = eq != NULL ? eq + 1 : *++*at;
	if (val == NULL || val[0] == '\0')
		refuse_option(d, "a value must follow", o->name);
	return val;
}

static void
take_option(struct ctx *cx, const struct daemon *d, char ***at, struct daemon_args *ret)
{
	const struct daemon_option *o = find_option(d, **at);
	const char *val;

	if (strcmp(**at, "--help") == 0) {
		print_help(cx, d);
		exit(EXIT_DONE);
	}
	if (strcmp(**at, "--version") == 0) {
		(void)fputs(arena_printf(cx->mem, "%s %s\n", d->name, ISP_VERSION), stdout);
		exit(EXIT_DONE);
	}
	if (o == NULL)
		refuse_option(d, "there is no option", **at);
	val = take_value(d, o, at);
	if (o == &env_option)
		ret->env = val;
	else
		ret->val[o - d->options] = val;
}

/* The place of an option in the synopsis, or NULL. */
static const char *
synopsis_find(const struct daemon *d, const char *name)
{
	const size_t n = strlen(name);

	for (const char *p = d->synopsis; p != NULL && (p = strstr(p, name)) != NULL; p += n)
		if (strchr(" ]", p[n]) != NULL)
			return p;
	return NULL;
}

/* True when the synopsis has a '|' between two places, on the innermost level that holds both. */
static bool
are_alternatives(const char *from, const char *to)
{
	int depth = 0, lowest = 0;
	bool is_bar = false;

	for (const char *p = from; p < to; p++) {
		depth += (*p == '[') - (*p == ']');
		if (depth < lowest) {
			lowest = depth;
			is_bar = false;
		}
		is_bar = is_bar || (*p == '|' && depth == lowest);
	}
	return is_bar;
}

/* Refuse two options of which the synopsis allows one: the program would pass over the other. */
static void
check_alternatives(struct ctx *cx, const struct daemon *d, const struct daemon_args *args)
{
	for (size_t i = 0; i < d->noptions; i++)
		for (size_t j = i + 1; j < d->noptions; j++) {
			const char *a = synopsis_find(d, d->options[i].name);
			const char *b = synopsis_find(d, d->options[j].name);

			if (args->val[i] == NULL || args->val[j] == NULL || a == NULL || b == NULL)
				continue;
			if (a < b ? are_alternatives(a, b) : are_alternatives(b, a))
				refuse_option(d, "these exclude each other:",
				    arena_printf(cx->mem, "%s, %s", d->options[i].name,
					d->options[j].name));
		}
}

void
daemon_args(struct ctx *cx, const struct daemon *d, char **argv, struct daemon_args *ret)
{
	const char **rest;
	size_t n = 0, nrest = 0;
	bool options = true;

	while (argv[n] != NULL)
		n++;
	rest = arena_alloc(cx->mem, (n + 1) * sizeof(*rest));
	*ret = (struct daemon_args){ .args = rest };
	for (char **at = argv + (n > 0); *at != NULL; at++) {
		if (options && strcmp(*at, "--") == 0)
			options = false;
		else if (options && strncmp(*at, "--", 2) == 0)
			take_option(cx, d, &at, ret);
		else
			rest[nrest++] = *at;
	}
	ret->nargs = nrest;
	check_alternatives(cx, d, ret);
}

static void
on_signal(int sig)
{
	if (sig == SIGHUP)
		hup_came = 1;
	else
		stop_came = 1;
	(void)!write(signal_pipe[1], "s", 1);
}

void
daemon_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
drain_signals(void)
{
	char buf[64];

	while (read(signal_pipe[0], buf, sizeof(buf)) > 0)
		;
}

bool
daemon_stopping(void)
{
	drain_signals();
	return stop_came != 0;
}

enum rc
daemon_check_stop(struct ctx *cx)
{
	if (cx->stopping == NULL || !cx->stopping())
		return RC_OK;
	return FAIL(cx, RC_RETRY, "stopped by a signal; run it again for the rest");
}

bool
daemon_hup(void)
{
	bool came = hup_came != 0;

	drain_signals();
	hup_came = 0;
	return came;
}

int
daemon_signal_fd(void)
{
	return signal_pipe[0];
}
