/*
 * nginx.c: the route table in nginx's form (nginx/isp.conf includes it): the pool of
 * workers for each address, and the addresses with a limit.
 */
#include <string.h>

#include "api/api.h"
#include "base/conf.h"

/* GET is also HEAD; "/api/users/:id" is "/api/users/[^/]+". */
static void
put_pattern(struct sb *out, const struct route *rt)
{
	sb_printf(out, "%s:", strcmp(rt->method, "GET") == 0 ? "(GET|HEAD)" : rt->method);
	for (const char *at = rt->path; *at != '\0';) {
		size_t n = strcspn(at, ":.");

		sb_add(out, at, n);
		at += n;
		if (*at == '.')
			sb_puts(out, "\\.");
		else if (*at == ':')
			sb_puts(out, "[^/]+");
		at += *at == ':' ? strcspn(at, "/") : *at == '.';
	}
	sb_puts(out, "/?$\"");
}

static bool
is_paced(const struct route *rt)
{
	return rt->perm == 0 && rt->op != NULL && rt->op->paced;
}

/* Addresses with more literal parts come first: nginx takes the first match. */
static void
put_pools(struct sb *out, bool anyone)
{
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		if ((rt->perm == 0) != anyone || (!anyone && rt->pool == POOL_FAST))
			continue;
		sb_puts(out, "\t\"~^[01]:");
		put_pattern(out, rt);
		sb_printf(out, " %s%s;\n", http_pool_name(rt->pool), anyone ? "_anyone" : "");
	}
}

void
nginx_print(struct sb *out)
{
	sb_puts(out,
	    "# Made by isp-api --print-nginx from the route table at each upgrade.\n"
	    "\n# The location of /__pool/ that serves a request: by method and address; a list\n"
	    "# asked for as CSV goes to the slow pool.\n"
	    "map \"$isp_asks_csv:$request_method:$uri\" $isp_pool {\n\tdefault fast;\n");
	put_pools(out, true);
	sb_puts(out, "\t\"~^1:(GET|HEAD):\" gateway;\n");
	put_pools(out, false);
	sb_puts(out, "}\n\n# The key of the limit of requests by address, else nothing.\n"
		     "map \"$request_method:$uri\" $isp_paced_client {\n\tdefault \"\";\n");
	for (const struct route *rt = api_routes; rt < api_routes + api_nroutes; rt++) {
		if (!is_paced(rt))
			continue;
		sb_puts(out, "\t\"~^");
		put_pattern(out, rt);
		sb_puts(out, " $isp_client;\n");
	}
	sb_puts(out, "}\n");
}

/*
 * The server to which routers redirect the requests of isolated customers, whatever host
 * they name: it sends each browser on to the page. No browser may cache that answer for
 * the named host.
 */
enum rc
nginx_print_isolir(struct ctx *cx, const struct conf *cf, struct sb *out)
{
	const char *listen = conf_text(cf, CONF_ISOLIR_LISTEN), *url = conf_text(cf, CONF_APP_URL);

	sb_puts(out, "# Made by isp-api --print-isolir from ISOLIR_LISTEN and APP_URL.\n");
	if (listen[0] == '\0')
		return RC_OK;
	if (strcspn(url, "\"\\$; ") != strlen(url))
		return FAIL(cx, RC_INVALID, "APP_URL: nginx cannot redirect to %s", url);
	sb_printf(out,
	    "server {\n\tlisten %s;\n\tserver_name _;\n\tserver_tokens off;\n\taccess_log off;\n"
	    "\tkeepalive_timeout 0;\n\tadd_header Cache-Control no-store always;\n"
	    "\tlocation / {\n\t\treturn 302 \"%.*s/isolir\";\n\t}\n}\n",
	    listen, (int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
	return RC_OK;
}
