/* crud_total.c: the number of all rows of a list. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "crud/crud_int.h"

enum { TOTAL_CACHE = 512, TOTAL_CACHE_MS = 5000, TOTAL_COSTLY_MS = 20, TOTAL_SHORT = 1000 };

/*
 * Totals of long lists that were slow to count, kept for a few seconds; a newer one takes the
 * place. A short list is counted again, however slow the machine is at the moment: its reader sees
 * a new row without its being counted.
 */
static struct remembered {
	const struct list_stmts *stmts;
	char vals[65]; /* SHA-256 of the parameters */
	int64_t total, sum, at;
} totals[TOTAL_CACHE];

static struct remembered *
place_of(const char *hash, const struct list_stmts *st)
{
	size_t at =
	    ((uintptr_t)st >> 4) + strtoul((char[]){ hash[0], hash[1], hash[2], 0 }, NULL, 16);

	return &totals[at % TOTAL_CACHE];
}

static const char *
hash_of(struct ctx *cx, const struct listing *l)
{
	struct sb s = sb_new(cx->mem);

	for (size_t i = 0; i < l->nvals; i++)
		sb_printf(&s, "%zu:%s", strlen(l->vals[i].text), l->vals[i].text);
	return crypt_sha256_hex(cx, s.buf);
}

static bool
recall(const struct list_stmts *st, const char *hash, struct page *ret)
{
	const struct remembered *m = place_of(hash, st);

	if (m->stmts != st || strcmp(m->vals, hash) != 0 || clock_ms() - m->at > TOTAL_CACHE_MS)
		return false;
	ret->total = m->total;
	ret->sum = m->sum;
	return true;
}

static void
remember(const struct list_stmts *st, const char *hash, const struct page *p)
{
	struct remembered *m = place_of(hash, st);

	*m = (struct remembered){ .stmts = st, .total = p->total, .sum = p->sum, .at = clock_ms() };
	memcpy(m->vals, hash, sizeof(m->vals));
}

/* A total beyond what is exact is shown as an estimate, and without a sum. */
static void
mark(struct listing *l)
{
	l->page.total_is_estimate = l->page.total > TOTAL_EXACT_MAX;
	l->page.has_sum = l->key.r->sum != NULL && !l->page.total_is_estimate;
}

enum rc
crud_total_estimate(struct ctx *cx, const struct list_stmts *st, struct listing *l)
{
	static const char key[] = "\"Plan Rows\":"; /* of the outermost node of the plan */
	struct page known = { 0 };
	struct db_rows *rows;
	const char *at;

	if (recall(st, hash_of(cx, l), &known)) {
		l->estimate = known.total;
		return RC_OK;
	}
	TRY(db_query_n(cx, &st->estimate, DB_ROW, &rows, l->vals, l->nvals));
	at = strstr(db_text(rows, 0, "QUERY PLAN"), key);
	if (at == NULL)
		return FAIL(cx, RC_INTERNAL, "a plan without rows");
	l->estimate = strtoll(at + strlen(key), NULL, 10);
	return RC_OK;
}

/*
 * Take the estimate for the total of a list with more rows than are counted, but no more than all
 * rows of the table that are shown: the planner adds up what several columns find.
 */
static enum rc
take_estimate(struct ctx *cx, const struct list_stmts *st, struct listing *l)
{
	const struct list_key all = { .r = l->key.r, .sort = "created_at", .down = true };
	struct db_rows *rows;
	int64_t most = INT64_MAX;

	if (l->estimate == 0)
		TRY(crud_total_estimate(cx, st, l));
	if (all.r->counted && !l->key.hidden) {
		TRY(db_query_n(cx, &crud_list_stmts(&all)->count, DB_ROW, &rows, NULL, 0));
		most = db_i64(rows, 0, "total");
	}
	if (l->page.total < l->estimate)
		l->page.total = l->estimate < most ? l->estimate : most;
	if (l->page.total <= TOTAL_EXACT_MAX)
		l->page.total = TOTAL_EXACT_MAX + 1;
	return RC_OK;
}

enum rc
crud_total_send(struct ctx *cx, const struct list_stmts *st, struct listing *l,
    struct total_query *ret)
{
	*ret = (struct total_query){ .hash = st->exact ? "" : hash_of(cx, l), .since = clock_ms() };
	if (!st->exact && recall(st, ret->hash, &l->page))
		return RC_OK;
	return db_send_n(cx, &st->count, DB_ROW, &ret->count, l->vals, l->nvals);
}

/* Take what was counted; more rows than are counted are estimated, by a further statement. */
static enum rc
take_count(struct ctx *cx, const struct list_stmts *st, struct listing *l,
    const struct total_query *q)
{
	struct page *p = &l->page;

	p->total = db_i64(q->count, 0, "total");
	if (l->key.r->sum != NULL)
		p->sum = db_i64(q->count, 0, "sum");
	if (p->total > TOTAL_EXACT_MAX)
		TRY(take_estimate(cx, st, l));
	if (p->total > TOTAL_SHORT && clock_ms() - q->since >= TOTAL_COSTLY_MS)
		remember(st, q->hash, p);
	return RC_OK;
}

enum rc
crud_total_take(struct ctx *cx, const struct list_stmts *st, struct listing *l,
    const struct total_query *q)
{
	if (st->exact) {
		l->page.total = db_i64(q->count, 0, "total");
		return RC_OK;
	}
	if (q->count != NULL)
		TRY(take_count(cx, st, l, q));
	mark(l);
	return RC_OK;
}
