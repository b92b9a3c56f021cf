/* oping.c: see oping.h. */
#include "net/oping.h"

#include <oping.h>
#include <time.h>

static const struct timespec gap = { .tv_nsec = 200000000 };

static void
destroy(void *ping)
{
	ping_destroy(ping);
}

static const char *
address_of(struct ctx *cx, pingobj_t *ping)
{
	char *text = arena_alloc(cx->mem, 64);
	size_t len = 63;

	(void)ping_iterator_get_info(ping_iterator_get(ping), PING_INFO_ADDRESS, text, &len);
	return text;
}

/* Send one request; the latency is negative when no reply came in time. */
static enum rc
ask_host(struct ctx *cx, pingobj_t *ping, double *ret)
{
	size_t len = sizeof(*ret);

	if (ping_send(ping) < 0)
		return FAIL(cx, RC_INTERNAL, "cannot send a ping: %s", ping_get_error(ping));
	*ret = -1;
	(void)ping_iterator_get_info(ping_iterator_get(ping), PING_INFO_LATENCY, ret, &len);
	return RC_OK;
}

static void
count_answer(struct oping *o, double rtt, double *before)
{
	o->min_ms = o->received == 0 || rtt < o->min_ms ? rtt : o->min_ms;
	o->max_ms = rtt > o->max_ms ? rtt : o->max_ms;
	o->mean_ms += rtt;
	if (o->received > 0)
		o->jitter_ms += rtt > *before ? rtt - *before : *before - rtt;
	o->received++;
	*before = rtt;
}

enum rc
oping_run(struct ctx *cx, const char *host, int count, int timeout_ms, struct oping *ret)
{
	pingobj_t *ping = ping_construct();
	double timeout_s = timeout_ms / 1000.0, rtt = -1, before = 0;
	struct oping o = { 0 };

	if (ping == NULL)
		return FAIL(cx, RC_INTERNAL, "cannot set a ping up");
	arena_defer(cx->mem, destroy, ping);
	(void)ping_setopt(ping, PING_OPT_TIMEOUT, &timeout_s);
	if (ping_host_add(ping, host) != 0)
		return FAIL(cx, RC_UPSTREAM, "%s: %s", host, ping_get_error(ping));
	for (; o.sent < count; o.sent++) {
		if (o.sent > 0)
			(void)nanosleep(&gap, NULL);
		TRY(ask_host(cx, ping, &rtt));
		if (rtt >= 0)
			count_answer(&o, rtt, &before);
	}
	if (o.received > 0)
		o.mean_ms /= o.received;
	if (o.received > 1)
		o.jitter_ms /= o.received - 1;
	o.address = address_of(cx, ping);
	*ret = o;
	return RC_OK;
}
