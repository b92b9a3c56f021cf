/* main.c: isp-probe, see isp-probe.8. */
#include <unistd.h>

#include "base/conf.h"
#include "base/daemon.h"
#include "base/log.h"
#include "net/probe_serve.h"

enum { OPT_LISTEN };

static const struct daemon_option options[] = {
	[OPT_LISTEN] = { "--listen", NULL,
	    "listen at API_SOCKET_DIR/isp-probe.sock; else one request on stdin" },
};

static const struct daemon program = {
	.name = "isp-probe",
	.synopsis = "[--listen]",
	.summary = "pings a host or discovers a device for isp-api",
	.options = options,
	.noptions = countof(options),
};

int
main(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *mem = arena_new(16384);
	struct ctx cx = { .mem = mem, .request_id = "", .ip = "" };
	struct daemon_args args;
	struct conf conf;

	(void)argc;
	log_open(program.name);
	daemon_args(&cx, &program, argv, &args);
	if (args.nargs > 0)
		return daemon_usage(&program, "there are no arguments");
	if (args.val[OPT_LISTEN] == NULL)
		return probe_serve_one(&cx, args.env, STDIN_FILENO, STDOUT_FILENO);
	daemon_signals();
	if (conf_load(&cx, args.env, &conf) != RC_OK ||
	    probe_serve_listen(&cx, args.env, conf_text(&conf, CONF_API_SOCKET_DIR)) != RC_OK)
		return daemon_fail(&cx, &program);
	return EXIT_DONE;
}
