/* icmp.c: probes from start to end: sending, replies, time-outs; see icmp.h. */
#include "net/icmp_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
static const int64_t RETRY_NS = 2 * NS_PER_MS;  /* after a full send queue */
static const int64_t GATHER_NS = NS_PER_MS / 2; /* for more replies and events to come */

/* Data of a request behind its ICMP header; the rest of PAYLOAD is zero. */
struct stamp {
	uint64_t token;
	uint32_t slot;
	uint32_t number;
};

/* ---- helpers ---- */

static int64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Is this the address of the probe's target?  It is 4 bytes (IPv4) or 16 (IPv6). */
static bool
is_target(const struct icmp_probe *p, const void *address, bool v6)
{
	const struct sockaddr_in *to4 = (const void *)&p->to;
	const struct sockaddr_in6 *to6 = (const void *)&p->to;

	if (v6)
		return p->to.ss_family == AF_INET6 && memcmp(address, &to6->sin6_addr, 16) == 0;
	return p->to.ss_family == AF_INET && memcmp(address, &to4->sin_addr, 4) == 0;
}

/* ---- starting and ending a probe ---- */

static uint32_t
take_slot(struct icmp *e, struct icmp_probe *p)
{
	uint32_t slot;

	if (e->nunused == 0) {
		size_t max = e->nslots, old = e->nslots;

		e->slots =
		    icmp_grow(e->mem, e->slots, e->nslots, &max, sizeof(struct icmp_probe *));
		e->nslots = max;
		e->unused = arena_alloc(e->mem, max * sizeof(*e->unused));
		for (size_t i = max; i > old; i--)
			e->unused[e->nunused++] = (uint32_t)(i - 1);
	}
	slot = e->unused[--e->nunused];
	e->slots[slot] = p;
	return slot;
}

static uint64_t
take_token(struct icmp *e)
{
	if (e->ntokens == 0 &&
	    getrandom(e->tokens, sizeof(e->tokens), 0) == (ssize_t)sizeof(e->tokens))
		e->ntokens = TOKENS;
	return e->ntokens > 0 ? e->tokens[--e->ntokens] : (uint64_t)now_ns(CLOCK_MONOTONIC);
}

void
icmp_start(struct icmp *e, struct icmp_probe *p)
{
	assert(p->count >= 1 && p->count <= ICMP_COUNT_MAX);
	p->sent = p->received = p->error = 0;
	p->mean_ms = p->min_ms = p->max_ms = p->jitter_ms = 0;
	p->answered = 0;
	p->token = take_token(e);
	p->slot = take_slot(e, p);
	p->due_ns = p->event_ns = now_ns(CLOCK_MONOTONIC);
	icmp_plan(e, p);
}

/* Compute mean, extremes and jitter, in the order in which the requests were sent. */
static void
compute_times(struct icmp_probe *p)
{
	double sum = 0, steps = 0, before = -1;

	for (int i = 0; i < p->sent; i++) {
		const double rtt = (double)p->time_ns[i] / (double)NS_PER_MS;

		if ((p->answered >> i & 1) == 0)
			continue;
		sum += rtt;
		p->min_ms = before < 0 || rtt < p->min_ms ? rtt : p->min_ms;
		p->max_ms = rtt > p->max_ms ? rtt : p->max_ms;
		if (before >= 0)
			steps += rtt > before ? rtt - before : before - rtt;
		before = rtt;
	}
	if (p->received > 0)
		p->mean_ms = sum / p->received;
	if (p->received > 1)
		p->jitter_ms = steps / (p->received - 1);
}

static void
end_probe(struct icmp *e, struct icmp_probe *p)
{
	compute_times(p);
	e->slots[p->slot] = NULL;
	e->unused[e->nunused++] = p->slot;
	e->ended =
	    icmp_grow(e->mem, e->ended, e->nended, &e->ended_max, sizeof(struct icmp_probe *));
	e->ended[e->nended++] = p;
}

/* ---- receiving ---- */

/* How long ago the reply came, by the kernel's stamp. */
static int64_t
age_ns(struct msghdr *msg, int64_t real_ns)
{
	int64_t age = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		age = real_ns - (ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec);
	}
	return age;
}

/* The probe that a reply belongs to; NULL: none, or it is a duplicate or forged. */
static struct icmp_probe *
find_probe(const struct icmp *e, const struct stamp *stamp, const void *from, bool v6)
{
	struct icmp_probe *p = stamp->slot < e->nslots ? e->slots[stamp->slot] : NULL;

	if (p == NULL || p->token != stamp->token || stamp->number >= (uint32_t)p->sent ||
	    (p->answered >> stamp->number & 1) != 0 || !is_target(p, from, v6))
		return NULL;
	return p;
}

/*
 * The reply came between the request and now: an age that says otherwise is that of a wall clock
 * which was set meanwhile, and counts for nothing.
 */
static void
note_reply(struct icmp *e, struct icmp_probe *p, uint32_t number, int64_t now, int64_t age)
{
	const int64_t since = now - p->time_ns[number];
	const int64_t rtt = age > 0 && age <= since ? since - age : since;

	if (rtt > p->timeout_ms * NS_PER_MS)
		return;
	p->answered |= 1U << number;
	p->time_ns[number] = rtt > 0 ? rtt : 0;
	p->received++;
	if (p->received == p->count)
		end_probe(e, p);
}

/* IPv4 delivers its header, with the sender's address in it; IPv6 does not. */
static void
take_reply(struct icmp *e, struct incoming *in, size_t i, bool v6, int64_t now, int64_t age)
{
	const unsigned char *packet = in->packet[i];
	const size_t head = v6 ? 0 : (size_t)(packet[0] & 15) * 4;
	const void *from = v6 ? (const void *)&in->from[i].sin6_addr : packet + 12;
	struct icmp_probe *p;
	struct stamp stamp;

	if (in->msgs[i].msg_len < head + 8 + sizeof(stamp))
		return;
	memcpy(&stamp, packet + head + 8, sizeof(stamp));
	p = find_probe(e, &stamp, from, v6);
	if (p != NULL)
		note_reply(e, p, stamp.number, now, age);
}

static void
take_batch(struct icmp *e, struct incoming *in, size_t n, bool v6)
{
	const int64_t mono = now_ns(CLOCK_MONOTONIC), real = now_ns(CLOCK_REALTIME);

	for (size_t i = 0; i < n; i++) {
		struct msghdr *head = &in->msgs[i].msg_hdr;

		take_reply(e, in, i, v6, mono, age_ns(head, real));
		head->msg_controllen = sizeof(in->control[i]);
	}
}

static void
receive(struct icmp *e, int v)
{
	struct incoming *in = &e->in[v];
	int n = TAKE;

	while (e->fd[v] >= 0 && n == TAKE) {
		n = recvmmsg(e->fd[v], in->msgs, TAKE, MSG_DONTWAIT, NULL);
		if (n > 0)
			take_batch(e, in, (size_t)n, v == V6);
	}
}

/* ---- sending ---- */

static uint16_t
checksum(const unsigned char *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

static void
write_packet(unsigned char *packet, const struct icmp_probe *p, int number, bool v6)
{
	const struct stamp stamp = { p->token, p->slot, (uint32_t)number };

	memset(packet + 2, 0, 2);
	memcpy(packet + 6, &(uint16_t){ htons((uint16_t)number) }, 2);
	memcpy(packet + 8, &stamp, sizeof(stamp));
	if (!v6) /* the kernel computes that of IPv6; the rest of the packet is zero */
		memcpy(packet + 2, &(uint16_t){ checksum(packet, 8 + sizeof(stamp)) }, 2);
}

/* Request i of a batch has left, or (error) cannot leave. */
static void
note_sent(struct icmp_probe *p, int64_t at_ns, int error)
{
	p->time_ns[p->sent++] = at_ns;
	p->error = error;
	p->due_ns = p->event_ns =
	    at_ns + (p->sent < p->count ? p->gap_ms : p->timeout_ms) * NS_PER_MS;
}

static bool
is_queue_full(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

/*
 * Take a probe out of the batch: its request was sent (error 0), cannot be sent, or is
 * retried soon.  A queue that stays full for the time-out is an error: a pinger that waited for
 * it would never end.
 */
static void
take_off(struct icmp *e, struct icmp_probe *p, int64_t at_ns, int error)
{
	if (is_queue_full(error) && at_ns < p->due_ns + p->timeout_ms * NS_PER_MS)
		p->event_ns = at_ns + RETRY_NS;
	else
		note_sent(p, at_ns, error);
	icmp_plan(e, p);
}

/* Send the batch, then read: the default buffer holds 128 replies. */
static void
flush(struct icmp *e, int v)
{
	struct outgoing *out = &e->out[v];
	size_t done = 0;

	while (done < out->n) {
		const int64_t at = now_ns(CLOCK_MONOTONIC);
		int error = EAFNOSUPPORT, n = -1;
		int64_t took;

		if (e->fd[v] >= 0) {
			n = sendmmsg(e->fd[v], out->msgs + done, (unsigned)(out->n - done), 0);
			error = n > 0 ? 0 : errno;
		}
		took = now_ns(CLOCK_MONOTONIC) - at;
		for (int i = 0; i < (n > 0 ? n : 1); i++) /* they leave one after the other */
			take_off(e, out->probe[done++], at + (n > 0 ? took * i / n : 0), error);
	}
	out->n = 0;
	if (done > 0)
		receive(e, v);
}

/*
 * How many requests one call sends, by the most probes that were under way at once.  When the
 * process loses the processor in the middle of a call, all times of that call are wrong: calls are
 * short where there are so few probes that the number of calls does not matter.
 */
static size_t
batch_size(const struct icmp *e)
{
	enum { FEW = 2048, SHORT = 4 };

	return e->nslots < FEW ? SHORT : BATCH;
}

static void
queue_packet(struct icmp *e, struct icmp_probe *p)
{
	const int v = p->to.ss_family == AF_INET6 ? V6 : V4;
	struct outgoing *out = &e->out[v];
	struct msghdr *head = &out->msgs[out->n].msg_hdr;

	write_packet(out->packet[out->n], p, p->sent, v == V6);
	head->msg_name = &p->to;
	head->msg_namelen = v == V6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	out->probe[out->n++] = p;
	if (out->n >= batch_size(e))
		flush(e, v);
}

/* When the next events are due, with those that join them; at most end_ns. */
static int64_t
due_ns(const struct icmp *e, int64_t end_ns)
{
	const int64_t first_ns = icmp_next_ns(e);

	return first_ns < end_ns - GATHER_NS ? first_ns + GATHER_NS : end_ns;
}

/* Send, and end, what was due at until_ns: the replies that came until then have been read. */
static void
send_due(struct icmp *e, int64_t until_ns)
{
	if (due_ns(e, INT64_MAX) > until_ns)
		return;
	while (icmp_next_ns(e) <= until_ns) {
		struct icmp_probe *p = icmp_take_next(e);

		if (p != NULL && p->sent < p->count)
			queue_packet(e, p);
		else if (p != NULL)
			end_probe(e, p);
	}
	flush(e, V4);
	flush(e, V6);
}

static struct timespec
timespec_of(int64_t ns)
{
	const int64_t left = ns > 0 ? ns : 0;

	return (struct timespec){ left / INT64_C(1000000000), left % INT64_C(1000000000) };
}

/*
 * Sleep until replies or events have come, for some time more so that others join them, at
 * most until end_ns.  Waking for each alone took a fifth of the processor's time; the kernel
 * stamps the replies meanwhile.  False: a signal came.
 */
static bool
sleep_until(const struct icmp *e, int64_t end_ns)
{
	const struct timespec gathering = timespec_of(GATHER_NS);
	const struct timespec wait = timespec_of(due_ns(e, end_ns) - now_ns(CLOCK_MONOTONIC));
	struct pollfd fds[2] = { { .fd = e->fd[V4], .events = POLLIN },
		{ .fd = e->fd[V6], .events = POLLIN } };
	const int n = ppoll(fds, countof(fds), &wait, NULL);

	if (n > 0)
		(void)nanosleep(&gathering, NULL);
	return n >= 0 || errno != EINTR;
}

static size_t
take_ended(struct icmp *e, struct icmp_probe **done, size_t max)
{
	size_t n = 0;

	while (n < max && e->nended > 0)
		done[n++] = e->ended[--e->nended];
	return n;
}

size_t
icmp_step(struct icmp *e, int wait_ms, struct icmp_probe **done, size_t max)
{
	const int64_t end = now_ns(CLOCK_MONOTONIC) + wait_ms * NS_PER_MS;

	int64_t now;

	do { /* until a signal comes, too: the caller handles it */
		now = now_ns(CLOCK_MONOTONIC);
		receive(e, V4);
		receive(e, V6);
		send_due(e, now);
	} while (e->nended == 0 && now < end && sleep_until(e, end));
	return take_ended(e, done, max);
}
