/*
 * worker.h: the program isp-api: its options and what they print, its pools of workers, and one
 * worker.
 */
#ifndef API_WORKER_H
#define API_WORKER_H

#include "base/conf.h"
#include "base/daemon.h"
#include "base/sb.h"
#include "http/prefork.h"

enum { API_POOLS = 4 }; /* the route table says which address each serves */

/* The name, options and help of isp-api. */
extern const struct daemon api_program;

/* Print the answer to a --print-... option; *ret_asked false: none was given. */
enum rc api_print(struct ctx *, const struct daemon_args *, struct sb *out,
    bool *ret_asked) _must_check_;

/* The pools as configured; they live in cx->mem. */
void api_pools(struct ctx *, const struct conf *, struct pool ret[static API_POOLS]);

/* The origins that browsers may call from, a comma list; lives in cx->mem or the configuration. */
const char *api_origins(struct ctx *, const struct conf *);

/* Read the configuration, in the master and in every new worker: SIGHUP applies a changed file. */
enum rc api_configure(struct ctx *, const char *env, struct conf *cf) _must_check_;

/* One worker, for prefork_run(); arg is its struct daemon_args. */
int api_work(const struct pool *, const struct pool_fds *, void *arg);

#endif
