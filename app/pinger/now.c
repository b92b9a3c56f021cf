/* now.c: see now.h. */
#include "now.h"

#include <stdio.h>
#include <string.h>

#include "base/jw.h"
#include "base/value.h"
#include "net/icmp.h"
#include "net/oping.h"

static void
print_number(struct jw *w, struct arena *mem, const char *key, const struct oping *o, double ms)
{
	jw_raw(w, key, o->received > 0 ? arena_printf(mem, "%.3f", ms) : "null");
}

static void
print_outcome(struct arena *mem, const struct oping *o)
{
	struct sb out = sb_new(mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "address", o->address);
	jw_i64(&w, "sent", o->sent);
	jw_i64(&w, "received", o->received);
	jw_raw(&w, "packet_loss_percent",
	    arena_printf(mem, "%.1f", 100.0 * (o->sent - o->received) / o->sent));
	print_number(&w, mem, "latency_ms", o, o->mean_ms);
	print_number(&w, mem, "min_ms", o, o->min_ms);
	print_number(&w, mem, "max_ms", o, o->max_ms);
	print_number(&w, mem, "jitter_ms", o, o->jitter_ms);
	jw_str(&w, "status", o->received > 0 ? "up" : "down");
	jw_end(&w);
	puts(out.buf);
}

/* A number of the command line; NULL leaves it as it is. */
static bool
is_within(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	return text == NULL || (value_whole(text, strlen(text), ret) && *ret >= min && *ret <= max);
}

int
now_run(struct ctx *cx, const struct daemon *program, const struct now *now)
{
	int64_t n = 4, ms = 1000;
	struct oping o;

	if (!is_within(now->count, 1, ICMP_COUNT_MAX, &n))
		return daemon_usage(program, "--count is a number from 1 to 20");
	if (!is_within(now->timeout, 10, 10000, &ms))
		return daemon_usage(program, "--timeout is a number from 10 to 10000");
	if (oping_run(cx, now->host, (int)n, (int)ms, &o) != RC_OK)
		return daemon_fail(cx, program);
	print_outcome(cx->mem, &o);
	return EXIT_DONE;
}
