/* print.c: the --print options. */
#include <stdio.h>

#include "api/api.h"
#include "base/daemon.h"
#include "isp_api.h"

static int
print_routes(void)
{
	for (size_t i = 0; i < api_nroutes; i++)
		(void)printf("%-7s 0x%02x %-8s %s\n", api_routes[i].method, api_routes[i].perm,
		    http_pool_name(api_routes[i].pool), api_routes[i].path);
	return EXIT_DONE;
}

static int
print_openapi(struct ctx *cx)
{
	(void)puts(openapi_json(cx));
	return EXIT_DONE;
}

static int
print_pools(struct ctx *cx)
{
	struct sb out = sb_new(cx->mem);

	nginx_print(&out);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

static int
print_sql(struct ctx *cx)
{
	struct sb out = sb_new(cx->mem);

	for (size_t i = 0; i < api_nroutes; i++)
		if (api_routes[i].verb == crud_list)
			crud_print(&out, api_routes[i].resource);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

/* In development browsers also come from the usual places of a development server. */
const char *
isp_api_origins(struct ctx *cx, const struct conf *cf)
{
	const char *own = conf_text(cf, CONF_FRONTEND_URL);

	if (conf_production(cf))
		return own;
	return arena_printf(cx->mem,
	    "%s,http://localhost:5173,http://localhost:3000,http://localhost:8080", own);
}

static int
print_origins(struct ctx *cx, const struct conf *cf)
{
	struct sb out = sb_new(cx->mem);

	http_print_origins(&out, isp_api_origins(cx, cf));
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

static int
print_isolir(struct ctx *cx, const char *file)
{
	struct sb out = sb_new(cx->mem);
	struct conf cf;

	if (isp_api_configure(cx, file, &cf) != RC_OK || nginx_print_isolir(cx, &cf, &out) != RC_OK)
		return daemon_fail(cx, &isp_api_program);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

static int
print_env(struct ctx *cx, const char *file)
{
	struct sb out = sb_new(cx->mem);
	struct conf cf;

	if (conf_read(cx, file, &cf) != RC_OK)
		return daemon_fail(cx, &isp_api_program);
	conf_print(&cf, &out);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

static int
print_libpq(struct ctx *cx, const char *file)
{
	struct sb out = sb_new(cx->mem);
	struct conf cf;

	if (conf_read(cx, file, &cf) != RC_OK ||
	    db_print_env(cx, conf_database(cx, &cf), &out) != RC_OK)
		return daemon_fail(cx, &isp_api_program);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

static int
print_nginx(struct ctx *cx, const char *file)
{
	struct conf cf;

	if (isp_api_configure(cx, file, &cf) != RC_OK)
		return daemon_fail(cx, &isp_api_program);
	return print_origins(cx, &cf);
}

int
isp_api_print(struct ctx *cx, const struct daemon_args *args)
{
	if (args->val[OPT_ROUTES] != NULL)
		return print_routes();
	if (args->val[OPT_OPENAPI] != NULL)
		return print_openapi(cx);
	if (args->val[OPT_NGINX] != NULL)
		return print_pools(cx);
	if (args->val[OPT_SQL] != NULL)
		return print_sql(cx);
	if (args->val[OPT_ENV] != NULL)
		return print_env(cx, args->env);
	if (args->val[OPT_LIBPQ] != NULL)
		return print_libpq(cx, args->env);
	if (args->val[OPT_ISOLIR] != NULL)
		return print_isolir(cx, args->env);
	return args->val[OPT_ORIGINS] != NULL ? print_nginx(cx, args->env) : -1;
}
