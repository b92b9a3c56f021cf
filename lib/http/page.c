/* page.c: Laravel's LengthAwarePaginator, to the letter. */
#include "http/page.h"

#include <string.h>

#include "base/jw.h"

enum { PER_PAGE = 20, PER_PAGE_MAX = 100, PAGE_MAX = 1000000000, ROWS_MAX = 100000, EACH_SIDE = 3 };

static enum rc
refuse_depth(struct ctx *cx, int64_t most)
{
	(void)err_field(cx, "page",
	    "The page must not be behind the first %d rows: use filters or sort.", ROWS_MAX);
	return err_field_code(cx, "max", arena_printf(cx->mem, "\"max\":%lld", (long long)most));
}

enum rc
page_read(struct ctx *cx, const struct req *rq, struct page *ret)
{
	struct page p = { 0 };
	enum rc a = req_param_int(cx, rq, "page", (struct req_range){ 1, PAGE_MAX, 1 }, &p.page);
	enum rc b = req_param_int(cx, rq, "per_page",
	    (struct req_range){ 1, PER_PAGE_MAX, PER_PAGE }, &p.per_page);

	if (a != RC_OK || b != RC_OK)
		return RC_INVALID;
	if (p.page * p.per_page > ROWS_MAX && p.page > 1)
		return refuse_depth(cx, ROWS_MAX / p.per_page);
	*ret = p;
	return RC_OK;
}

/* Copy the raw query without ?page=. */
static void
add_other_params(struct sb *s, const char *query)
{
	for (const char *p = query != NULL ? query : ""; *p != '\0'; p += strspn(p, "&")) {
		size_t n = strcspn(p, "&");

		if (n > 0 && (strncmp(p, "page", 4) != 0 || (p[4] != '=' && n != 4))) {
			sb_add(s, p, n);
			sb_putc(s, '&');
		}
		p += n;
	}
}

struct pager {
	struct sb *out;
	const struct page *page;
	int64_t last;
	const char *path; /* JSON with its quotes */
	const char *url;  /* JSON, without the page's number and the closing quote */
};

static void
put_url(struct pager *p, int64_t page)
{
	if (page < 1) {
		sb_puts(p->out, "null");
		return;
	}
	sb_puts(p->out, p->url);
	sb_i64(p->out, page);
	sb_putc(p->out, '"');
}

static void
put_link(struct pager *p, int64_t page, const char *label)
{
	sb_puts(p->out, "{\"url\":");
	put_url(p, page);
	sb_puts(p->out, ",\"label\":\"");
	if (label != NULL)
		sb_puts(p->out, label);
	else
		sb_i64(p->out, page);
	sb_puts(p->out, label == NULL && page == p->page->page ? "\",\"active\":true}"
							       : "\",\"active\":false}");
}

static void
put_range(struct pager *p, int64_t from, int64_t to)
{
	for (; from <= to; from++) {
		sb_putc(p->out, ',');
		put_link(p, from, NULL);
	}
}

static void
put_dots(struct pager *p)
{
	sb_putc(p->out, ',');
	put_link(p, 0, "...");
}

/* Laravel's UrlWindow with three links on each side of the current page. */
static void
put_window(struct pager *p)
{
	int64_t window = EACH_SIDE + 4, last = p->last, page = p->page->page;

	if (last < EACH_SIDE * 2 + 8) {
		put_range(p, 1, last);
		return;
	}
	if (page <= window) {
		put_range(p, 1, window + EACH_SIDE);
		put_dots(p);
		put_range(p, last - 1, last);
		return;
	}
	put_range(p, 1, 2);
	put_dots(p);
	if (page > last - window) {
		put_range(p, last - (window + EACH_SIDE - 1), last);
		return;
	}
	put_range(p, page - EACH_SIDE, page + EACH_SIDE);
	put_dots(p);
	put_range(p, last - 1, last);
}

static void
put_links(struct pager *p)
{
	int64_t page = p->page->page;

	sb_puts(p->out, ",\"links\":[");
	put_link(p, page > 1 ? page - 1 : 0, "&laquo; Previous");
	put_window(p);
	sb_putc(p->out, ',');
	put_link(p, page < p->last ? page + 1 : 0, "Next &raquo;");
	sb_putc(p->out, ']');
}

static void
put_i64(struct pager *p, const char *key, int64_t val)
{
	sb_puts(p->out, key);
	if (val > 0)
		sb_i64(p->out, val);
	else
		sb_puts(p->out, "null");
}

static const char *
quoted(struct ctx *cx, const char *s)
{
	struct sb q = sb_new(cx->mem);

	jw_quote(&q, s, strlen(s));
	return q.buf;
}

static struct pager
open_pager(struct ctx *cx, const struct req *rq, struct sb *out, const struct page *page)
{
	struct sb path = sb_new(cx->mem), url = sb_new(cx->mem);
	int64_t last = (page->total + page->per_page - 1) / page->per_page;
	struct pager p = { .out = out, .page = page, .last = last > 1 ? last : 1 };
	char *open;

	sb_puts(&path, rq->base != NULL ? rq->base : "");
	sb_puts(&path, rq->path);
	sb_puts(&url, path.buf);
	sb_putc(&url, '?');
	add_other_params(&url, rq->query);
	sb_puts(&url, "page=");
	p.path = quoted(cx, path.buf);
	open = arena_strdup(cx->mem, quoted(cx, url.buf));
	open[strlen(open) - 1] = '\0';
	p.url = open;
	return p;
}

void
page_write(struct ctx *cx, const struct req *rq, struct resp *rs, const struct page *page,
    const char *data, size_t count)
{
	struct pager p = open_pager(cx, rq, &rs->body, page);
	int64_t first = count > 0 ? (page->page - 1) * page->per_page + 1 : 0;

	rs->status = 200;
	put_i64(&p, "{\"current_page\":", page->page);
	sb_puts(p.out, ",\"data\":");
	sb_puts(p.out, data);
	sb_puts(p.out, ",\"first_page_url\":");
	put_url(&p, 1);
	put_i64(&p, ",\"from\":", first);
	put_i64(&p, ",\"last_page\":", p.last);
	sb_puts(p.out, ",\"last_page_url\":");
	put_url(&p, p.last);
	put_links(&p);
	sb_puts(p.out, ",\"next_page_url\":");
	put_url(&p, page->page < p.last ? page->page + 1 : 0);
	sb_puts(p.out, ",\"path\":");
	sb_puts(p.out, p.path);
	put_i64(&p, ",\"per_page\":", page->per_page);
	sb_puts(p.out, ",\"prev_page_url\":");
	put_url(&p, page->page > 1 ? page->page - 1 : 0);
	put_i64(&p, ",\"to\":", count > 0 ? first + (int64_t)count - 1 : 0);
	sb_puts(p.out, ",\"total\":");
	sb_i64(p.out, page->total);
	if (page->has_sum) {
		sb_puts(p.out, ",\"sum_amount\":");
		sb_i64(p.out, page->sum);
	}
	sb_puts(p.out, page->total_is_estimate ? ",\"total_is_estimate\":true}" : "}");
}
