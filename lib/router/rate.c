/* rate.c: reads digit by digit, because every number has a bound. */
#include "router/rate.h"

#include <string.h>

/* One half of a pair, and its place in the text. */
struct half {
	const char *text;
	size_t len;
	int64_t val;
};

struct pair {
	struct half first, second;
};

/* A burst; `plain` when it has only a limit. */
struct burst {
	bool any, plain;
	struct pair limit, threshold, seconds;
};

static int64_t
unit_of(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 1000;
	case 'M':
		return 1000000;
	case 'G':
		return 1000000000;
	default:
		return 0;
	}
}

/* Read digits into *val, up to a Tbit; returns the first character behind them. */
static const char *
read_digits(const char *s, int64_t *val)
{
	int64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (n <= RATE_MAX)
			n = n * 10 + (*s - '0');
	}
	*val = n;
	return s;
}

/* Read a number with its unit at *s and move *s behind it. */
static bool
read_half(const char **s, struct half *ret)
{
	const char *at = *s;
	int64_t tenth = 0, unit;

	ret->text = at;
	at = read_digits(at, &ret->val);
	if (at == ret->text)
		return false;
	if (*at == '.') {
		if (at[1] < '0' || at[1] > '9')
			return false;
		tenth = at[1] - '0';
		at += 2;
	}
	unit = unit_of(*at);
	if (unit != 0)
		at++;
	else if (tenth != 0)
		return false;
	else
		unit = 1;
	if (ret->val > RATE_MAX / unit)
		return false;
	ret->val = ret->val * unit + tenth * unit / 10;
	ret->len = (size_t)(at - ret->text);
	*s = at;
	return ret->val <= RATE_MAX;
}

static bool
read_pair(const char **s, struct pair *ret)
{
	if (!read_half(s, &ret->first) || **s != '/')
		return false;
	(*s)++;
	return read_half(s, &ret->second);
}

static bool
is_seconds(const struct half *h)
{
	return h->val >= 1 && h->val <= RATE_SECONDS_MAX && strspn(h->text, "0123456789") == h->len;
}

/* A rate that can be sold is above zero and has a unit; routers also print 2000000. */
static bool
is_sold(const struct half *h)
{
	return h->val > 0 && strchr("kMG", h->text[h->len - 1]) != NULL;
}

static bool
read_rates(const char **s, struct pair *ret)
{
	return read_pair(s, ret) && is_sold(&ret->first) && is_sold(&ret->second);
}

static bool
read_bandwidth(const char *text, struct pair *ret)
{
	return text != NULL && read_rates(&text, ret) && *text == '\0';
}

static bool
read_burst(const char *text, struct burst *ret)
{
	*ret = (struct burst){ .any = text != NULL && *text != '\0' };
	if (!ret->any)
		return true;
	if (!read_rates(&text, &ret->limit))
		return false;
	ret->plain = *text == '\0';
	if (ret->plain)
		return true;
	if (*text++ != ' ' || !read_rates(&text, &ret->threshold) || *text++ != ' ')
		return false;
	return read_pair(&text, &ret->seconds) && *text == '\0' &&
	       is_seconds(&ret->seconds.first) && is_seconds(&ret->seconds.second);
}

bool
rate_read(const char *text, struct rate *ret)
{
	struct pair p;

	if (!read_bandwidth(text, &p))
		return false;
	*ret = (struct rate){ .down = p.first.val, .up = p.second.val };
	return true;
}

bool
rate_burst_ok(const char *text)
{
	struct burst b;

	return text != NULL && *text != '\0' && read_burst(text, &b);
}

/* Bits per second in the largest unit that leaves a whole number. */
static const char *
short_rate(struct arena *mem, int64_t bits)
{
	if (bits % 1000000000 == 0)
		return arena_printf(mem, "%lldG", (long long)(bits / 1000000000));
	if (bits % 1000000 == 0)
		return arena_printf(mem, "%lldM", (long long)(bits / 1000000));
	if (bits % 1000 == 0)
		return arena_printf(mem, "%lldk", (long long)(bits / 1000));
	return arena_printf(mem, "%lld", (long long)bits);
}

/* Exchange the halves, keeping their texts. */
static const char *
swapped(struct arena *mem, const struct pair *p)
{
	return arena_printf(mem, "%.*s/%.*s", (int)p->second.len, p->second.text, (int)p->first.len,
	    p->first.text);
}

static const char *
three_quarters(struct arena *mem, const struct pair *p)
{
	return arena_printf(mem, "%s/%s", short_rate(mem, p->second.val / 4 * 3),
	    short_rate(mem, p->first.val / 4 * 3));
}

const char *
rate_limit(struct arena *mem, const char *bandwidth, const char *burst, int priority)
{
	const char *tail = priority == 8 ? "" : arena_printf(mem, " %d", priority);
	struct pair p;
	struct burst b;

	if (!read_bandwidth(bandwidth, &p) || !read_burst(burst, &b))
		return NULL;
	if (!b.any && priority == 8)
		return swapped(mem, &p);
	if (!b.any)
		return arena_printf(mem, "%s 0/0 0/0 0/0%s", swapped(mem, &p), tail);
	return arena_printf(mem, "%s %s %s %s%s", swapped(mem, &p), swapped(mem, &b.limit),
	    b.plain ? three_quarters(mem, &p) : swapped(mem, &b.threshold),
	    b.plain ? "10/10" : swapped(mem, &b.seconds), tail);
}

/*
 * The numbers of a rate-limit: rate, burst, threshold and time, a pair each, then priority
 * and minimum.
 */
#define LIMIT_NUMBERS  11
#define LIMIT_PRIORITY 8

static bool
read_one_or_two(const char **s, int64_t *first, int64_t *second)
{
	struct half h;

	if (!read_half(s, &h))
		return false;
	*first = *second = h.val;
	if (**s != '/')
		return true;
	(*s)++;
	if (!read_half(s, &h))
		return false;
	*second = h.val;
	return true;
}

static bool
read_limit(const char *s, int64_t ret[static LIMIT_NUMBERS])
{
	size_t n = 0;

	memset(ret, 0, LIMIT_NUMBERS * sizeof(ret[0]));
	ret[LIMIT_PRIORITY] = 8;
	if (s == NULL)
		return true;
	while (*(s += strspn(s, " ")) != '\0') {
		if (n == LIMIT_PRIORITY) {
			s = read_digits(s, &ret[n++]);
		} else {
			if (n + 2 > LIMIT_NUMBERS || !read_one_or_two(&s, &ret[n], &ret[n + 1]))
				return false;
			n += 2;
		}
		if (*s != '\0' && *s != ' ')
			return false;
	}
	return true;
}

bool
rate_limit_same(const char *a, const char *b)
{
	int64_t x[LIMIT_NUMBERS], y[LIMIT_NUMBERS];

	return read_limit(a, x) && read_limit(b, y) && memcmp(x, y, sizeof(x)) == 0;
}

static int64_t
seconds_of(char unit)
{
	switch (unit) {
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return unit == 's' || unit == '/' || unit == '\0';
	}
}

/* Read "10", "10s" or "1m30s" at *s and move *s behind it. */
static bool
read_duration(const char **s, int64_t *ret)
{
	int64_t n, unit;

	*ret = 0;
	do {
		const char *end = read_digits(*s, &n);

		unit = end != *s ? seconds_of(*end) : 0;
		if (unit == 0)
			return false;
		*ret += n * unit;
		*s = end + (*end != '/' && *end != '\0');
	} while (**s != '/' && **s != '\0');
	return true;
}

static bool
read_times(const char *s, int64_t ret[static 2])
{
	ret[0] = ret[1] = 0;
	if (s == NULL)
		return true;
	return read_duration(&s, &ret[0]) && *s++ == '/' && read_duration(&s, &ret[1]) &&
	       *s == '\0';
}

bool
rate_times_same(const char *a, const char *b)
{
	int64_t x[2], y[2];

	return read_times(a, x) && read_times(b, y) && memcmp(x, y, sizeof(x)) == 0;
}

/* A queue takes whole numbers only: write decimals in a smaller unit. */
static const char *
queue_pair(struct arena *mem, const struct pair *p)
{
	return arena_printf(mem, "%s/%s", short_rate(mem, p->second.val),
	    short_rate(mem, p->first.val));
}

bool
rate_queue(struct arena *mem, const char *bandwidth, const char *burst, int priority,
    struct rate_queue *ret)
{
	struct pair p;
	struct burst b;

	if (!read_bandwidth(bandwidth, &p) || !read_burst(burst, &b))
		return false;
	*ret = (struct rate_queue){ .max_limit = queue_pair(mem, &p) };
	ret->priority = arena_printf(mem, "%d/%d", priority, priority);
	if (!b.any)
		return true;
	ret->burst_limit = queue_pair(mem, &b.limit);
	ret->burst_threshold = b.plain ? three_quarters(mem, &p) : queue_pair(mem, &b.threshold);
	ret->burst_time = b.plain
			      ? "10s/10s"
			      : arena_printf(mem, "%llds/%llds", (long long)b.seconds.second.val,
				    (long long)b.seconds.first.val);
	return true;
}
