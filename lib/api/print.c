/* print.c: the options of isp-api, and the output of those that begin with --print. */
#include "api/api.h"
#include "api/worker.h"

enum { OPT_ENV, OPT_LIBPQ, OPT_ROUTES, OPT_OPENAPI, OPT_NGINX, OPT_SQL, OPT_ORIGINS, OPT_ISOLIR };

static const struct daemon_option options[] = {
	[OPT_ENV] = { "--print-env", NULL, "NAME=value of every key that is set, secrets too" },
	[OPT_LIBPQ] = { "--print-libpq", NULL,
	    "PG... variables of the database, for libpq's programs" },
	[OPT_ROUTES] = { "--print-routes", NULL,
	    "every address, its method, permission bits and pool" },
	[OPT_OPENAPI] = { "--print-openapi", NULL, "the OpenAPI document of every address" },
	[OPT_NGINX] = { "--print-nginx", NULL, "the pool of each address, as nginx reads it" },
	[OPT_SQL] = { "--print-sql", NULL, "the statements composed for plain resources" },
	[OPT_ORIGINS] = { "--print-origins", NULL,
	    "who may call from a browser, as nginx wants to know it" },
	[OPT_ISOLIR] = { "--print-isolir", NULL, "nginx's server for isolated customers" },
};

const struct daemon api_program = {
	.name = "isp-api",
	.synopsis = "[--print-env | --print-libpq | --print-routes | --print-openapi |"
		    " --print-nginx | --print-sql | --print-origins | --print-isolir]",
	.summary = "Serves /api to a web server that speaks FastCGI.",
	.options = options,
	.noptions = countof(options),
};

/* In development, browsers also come from the usual addresses of development servers. */
const char *
api_origins(struct ctx *cx, const struct conf *cf)
{
	const char *own = conf_text(cf, CONF_FRONTEND_URL);

	if (conf_production(cf))
		return own;
	return arena_printf(cx->mem,
	    "%s,http://localhost:5173,http://localhost:3000,http://localhost:8080", own);
}

/* ---- without a configuration ---- */

static void
print_routes(struct ctx *cx, struct sb *out)
{
	(void)cx;
	for (size_t i = 0; i < api_nroutes; i++)
		sb_printf(out, "%-7s 0x%02x %-8s %s\n", api_routes[i].method, api_routes[i].perm,
		    http_pool_name(api_routes[i].pool), api_routes[i].path);
}

static void
print_openapi(struct ctx *cx, struct sb *out)
{
	sb_puts(out, openapi_json(cx));
	sb_putc(out, '\n');
}

static void
print_nginx(struct ctx *cx, struct sb *out)
{
	(void)cx;
	nginx_print(out);
}

static void
print_sql(struct ctx *cx, struct sb *out)
{
	(void)cx;
	for (size_t i = 0; i < api_nroutes; i++)
		if (api_routes[i].verb == crud_list)
			crud_print(out, api_routes[i].resource);
}

/* ---- of an env file ---- */

static enum rc
print_env(struct ctx *cx, const char *env, struct sb *out)
{
	struct conf cf;

	TRY(conf_read(cx, env, &cf));
	conf_print(&cf, out);
	return RC_OK;
}

static enum rc
print_libpq(struct ctx *cx, const char *env, struct sb *out)
{
	struct conf cf;

	TRY(conf_read(cx, env, &cf));
	return db_print_env(cx, conf_database(cx, &cf), out);
}

static enum rc
print_origins(struct ctx *cx, const char *env, struct sb *out)
{
	struct conf cf;

	TRY(api_configure(cx, env, &cf));
	http_print_origins(out, api_origins(cx, &cf));
	return RC_OK;
}

static enum rc
print_isolir(struct ctx *cx, const char *env, struct sb *out)
{
	struct conf cf;

	TRY(api_configure(cx, env, &cf));
	return nginx_print_isolir(cx, &cf, out);
}

/* An option and the function that prints for it. */
static const struct printer {
	void (*plain)(struct ctx *, struct sb *);
	enum rc (*of_env)(struct ctx *, const char *env, struct sb *);
} printers[] = {
	[OPT_ENV] = { .of_env = print_env },
	[OPT_LIBPQ] = { .of_env = print_libpq },
	[OPT_ROUTES] = { .plain = print_routes },
	[OPT_OPENAPI] = { .plain = print_openapi },
	[OPT_NGINX] = { .plain = print_nginx },
	[OPT_SQL] = { .plain = print_sql },
	[OPT_ORIGINS] = { .of_env = print_origins },
	[OPT_ISOLIR] = { .of_env = print_isolir },
};

enum rc
api_print(struct ctx *cx, const struct daemon_args *args, struct sb *out, bool *ret_asked)
{
	size_t i = 0;

	while (i < countof(printers) && args->val[i] == NULL)
		i++;
	*ret_asked = i < countof(printers);
	if (!*ret_asked)
		return RC_OK;
	if (printers[i].of_env != NULL)
		return printers[i].of_env(cx, args->env, out);
	printers[i].plain(cx, out);
	return RC_OK;
}
