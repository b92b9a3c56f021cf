/* print.c: what isp-api can say of itself. */
#include <stdio.h>

#include "api/api.h"
#include "base/daemon.h"
#include "isp_api.h"

int
print_routes(void)
{
	for (size_t i = 0; i < api_nroutes; i++)
		(void)printf("%-7s 0x%02x %-8s %s\n", api_routes[i].method, api_routes[i].perm,
		    http_pool_name(api_routes[i].pool), api_routes[i].path);
	return EXIT_DONE;
}

int
print_openapi(struct ctx *cx)
{
	(void)puts(openapi_json(cx));
	return EXIT_DONE;
}

int
print_nginx(struct ctx *cx)
{
	struct sb out = sb_new(cx->mem);

	nginx_print(&out);
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}

int
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

int
print_origins(struct ctx *cx, const struct conf *cf)
{
	struct sb out = sb_new(cx->mem);

	http_print_origins(&out, isp_api_origins(cx, cf));
	(void)fputs(out.buf, stdout);
	return EXIT_DONE;
}
