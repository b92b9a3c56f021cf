#include "monitor/now.h"

#include <string.h>

#include "base/jw.h"
#include "base/value.h"
#include "net/icmp.h"
#include "net/oping.h"

static void
put_number(struct jw *w, struct arena *mem, const char *key, const struct oping *o, double ms)
{
	jw_raw(w, key, o->received > 0 ? arena_printf(mem, "%.3f", ms) : "null");
}

static const char *
outcome_json(struct arena *mem, const struct oping *o)
{
	struct sb out = sb_new(mem);
	struct jw w = jw_new(&out);

	jw_obj(&w, NULL);
	jw_str(&w, "address", o->address);
	jw_i64(&w, "sent", o->sent);
	jw_i64(&w, "received", o->received);
	jw_raw(&w, "packet_loss_percent",
	    arena_printf(mem, "%.1f", 100.0 * (o->sent - o->received) / o->sent));
	put_number(&w, mem, "latency_ms", o, o->mean_ms);
	put_number(&w, mem, "min_ms", o, o->min_ms);
	put_number(&w, mem, "max_ms", o, o->max_ms);
	put_number(&w, mem, "jitter_ms", o, o->jitter_ms);
	jw_str(&w, "status", o->received > 0 ? "up" : "down");
	jw_end(&w);
	return out.buf;
}

/* Read a number of the command line within its bounds; NULL leaves the default. */
static bool
is_within(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	return text == NULL || (value_whole(text, strlen(text), ret) && *ret >= min && *ret <= max);
}

/* Read both numbers; returns a sentence about the first bad one. */
static const char *
read_numbers(const char *count, const char *timeout, int64_t *ret_count, int64_t *ret_ms)
{
	if (!is_within(count, 1, ICMP_COUNT_MAX, ret_count))
		return "--count is a number from 1 to 20";
	if (!is_within(timeout, 10, 10000, ret_ms))
		return "--timeout is a number from 10 to 10000";
	return NULL;
}

const char *
now_fault(const char *host, const char *count, const char *timeout)
{
	int64_t n, ms;

	if (host == NULL && (count != NULL || timeout != NULL))
		return "--count and --timeout go with --now";
	return read_numbers(count, timeout, &n, &ms);
}

enum rc
now_json(struct ctx *cx, const char *host, const char *count, const char *timeout, const char **ret)
{
	int64_t n = 4, ms = 1000;
	struct oping o;

	(void)read_numbers(count, timeout, &n, &ms); /* now_fault() has reported faults */
	TRY(oping_run(cx, host, (int)n, (int)ms, &o));
	*ret = outcome_json(cx->mem, &o);
	return RC_OK;
}
