/* isp_api.h: what isp-api is made of besides its loop. */
#ifndef ISP_API_H
#define ISP_API_H

#include "base/conf.h"
#include "base/daemon.h"
#include "http/prefork.h"

enum { ISP_API_POOLS = 4 }; /* nginx/isp.conf says which address goes to which */

/* The pools as configured; they live in cx->mem. */
void isp_api_pools(struct ctx *, const struct conf *, struct pool ret[static ISP_API_POOLS]);

/* A comma list of who may call from a browser; lives in cx->mem or the configuration. */
const char *isp_api_origins(struct ctx *, const struct conf *);

extern const struct daemon isp_api_program;

/* Read by the master and anew by every worker: SIGHUP makes a changed file count. */
enum rc isp_api_configure(struct ctx *, const char *env, struct conf *cf) _must_check_;

/* One worker, for prefork_run(); arg is its struct daemon_args. */
int isp_api_work(const struct pool *, const struct pool_fds *, void *arg);

enum { OPT_ENV, OPT_LIBPQ, OPT_ROUTES, OPT_OPENAPI, OPT_NGINX, OPT_SQL, OPT_ORIGINS, OPT_ISOLIR };

/* Do what a --print-... option asks for; the exit code, -1: there is none. */
int isp_api_print(struct ctx *, const struct daemon_args *);

#endif
