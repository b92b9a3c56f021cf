#include "fixture.h"

#include <string.h>

#include "http/page.h"

/* The answer of Laravel 11 for page 2 of 45 rows, 20 a page, with another parameter. */
static void
paginator_is_laravels(void **state)
{
	struct req rq = { .path = "/api/things",
		.query = "page=2&status=a%22b",
		.base = "http://x" };
	struct resp rs = { .body = sb_new(cx.mem) };
	struct page p;

	(void)state;
	assert_int_equal(page_read(&cx, &rq, &p), RC_OK);
	p.total = 45;
	page_write(&cx, &rq, &rs, &p, "[1]", 20);
	assert_string_equal(rs.body.buf,
	    "{\"current_page\":2,\"data\":[1],"
	    "\"first_page_url\":\"http://x/api/things?status=a%22b&page=1\",\"from\":21,"
	    "\"last_page\":3,\"last_page_url\":\"http://x/api/things?status=a%22b&page=3\","
	    "\"links\":[{\"url\":\"http://x/api/things?status=a%22b&page=1\","
	    "\"label\":\"&laquo; Previous\",\"active\":false},"
	    "{\"url\":\"http://x/api/things?status=a%22b&page=1\","
	    "\"label\":\"1\",\"active\":false},"
	    "{\"url\":\"http://x/api/things?status=a%22b&page=2\",\"label\":\"2\",\"active\":true},"
	    "{\"url\":\"http://x/api/things?status=a%22b&page=3\","
	    "\"label\":\"3\",\"active\":false},"
	    "{\"url\":\"http://x/api/things?status=a%22b&page=3\",\"label\":\"Next &raquo;\","
	    "\"active\":false}],"
	    "\"next_page_url\":\"http://x/api/things?status=a%22b&page=3\","
	    "\"path\":\"http://x/api/things\",\"per_page\":20,"
	    "\"prev_page_url\":\"http://x/api/things?status=a%22b&page=1\","
	    "\"to\":40,\"total\":45}");
}

/* The labels between the arrows. */
static const char *
labels(int64_t page, int64_t total)
{
	struct req rq = { .path = "/p", .base = "" };
	struct resp rs = { .body = sb_new(cx.mem) };
	struct page p = { .page = page, .per_page = 10, .total = total };
	struct sb out = sb_new(cx.mem);

	page_write(&cx, &rq, &rs, &p, "[]", 0);
	for (const char *s = rs.body.buf; (s = strstr(s, "\"label\":\"")) != NULL;) {
		s += strlen("\"label\":\"");
		if (*s != '&' && *s != 'N')
			sb_printf(&out, "%.*s ", (int)strcspn(s, "\""), s);
	}
	return out.buf;
}

static void
paginator_slides(void **state)
{
	(void)state;
	assert_string_equal(labels(1, 0), "1 ");
	assert_string_equal(labels(1, 130), "1 2 3 4 5 6 7 8 9 10 11 12 13 ");
	assert_string_equal(labels(7, 200), "1 2 3 4 5 6 7 8 9 10 ... 19 20 ");
	assert_string_equal(labels(10, 200), "1 2 ... 7 8 9 10 11 12 13 ... 19 20 ");
	assert_string_equal(labels(14, 200), "1 2 ... 11 12 13 14 15 16 17 18 19 20 ");
}

static void
pages_are_bounded(void **state)
{
	struct req rq = { .path = "/p", .query = "page=0&per_page=101" };
	struct page p;

	(void)state;
	assert_int_equal(page_read(&cx, &rq, &p), RC_INVALID);
	assert_string_equal(cx.err.fields->field, "page");
	assert_string_equal(cx.err.fields->next->field, "per_page");
	rq.query = "page=99999999999999999999";
	assert_int_equal(page_read(&cx, &rq, &p), RC_INVALID);
	rq.query = "page=3&per_page=100";
	assert_int_equal(page_read(&cx, &rq, &p), RC_OK);
	assert_int_equal(p.page, 3);
	assert_int_equal(p.per_page, 100);
	rq.query = "";
	assert_int_equal(page_read(&cx, &rq, &p), RC_OK);
	assert_int_equal(p.page, 1);
	assert_int_equal(p.per_page, 20);
}

/* The whole answer for a page of that many rows. */
static const char *
answer(struct page p, const char *query, size_t count)
{
	struct req rq = { .path = "/p", .query = query };
	struct resp rs = { .body = sb_new(cx.mem) };

	page_write(&cx, &rq, &rs, &p, "[]", count);
	assert_int_equal(rs.status, 200);
	return rs.body.buf;
}

static void
an_empty_page_is_from_null_to_null(void **state)
{
	const char *none = answer((struct page){ 1, 20, 0, false }, "", 0);
	const char *beyond = answer((struct page){ 9, 20, 45, false }, "", 0);

	(void)state;
	assert_non_null(strstr(none, "\"from\":null,\"last_page\":1,"));
	assert_non_null(strstr(none, "\"to\":null,\"total\":0}"));
	assert_non_null(strstr(none, "\"prev_page_url\":null"));
	assert_non_null(strstr(none, "\"next_page_url\":null"));
	assert_non_null(strstr(beyond, "\"from\":null,\"last_page\":3,"));
	assert_non_null(strstr(beyond, "\"prev_page_url\":\"/p?page=8\""));
	assert_non_null(strstr(beyond, "\"next_page_url\":null"));
	assert_non_null(
	    strstr(answer((struct page){ 3, 20, 45, false }, "", 5), "\"next_page_url\":null"));
}

/* Another parameter that begins with "page" stays. */
static void
links_keep_the_other_parameters(void **state)
{
	const char *all =
	    answer((struct page){ 1, 20, 1, false }, "page&per_page=20&pages=x&&page=7&a=%22\"", 1);

	(void)state;
	assert_non_null(
	    strstr(all, "\"first_page_url\":\"/p?per_page=20&pages=x&a=%22\\\"&page=1\""));
}

static void
an_estimate_says_so(void **state)
{
	(void)state;
	assert_non_null(strstr(answer((struct page){ 1, 20, 300000, true }, "", 20),
	    "\"total\":300000,\"total_is_estimate\":true}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(paginator_is_laravels),
		FIXTURE_TEST(paginator_slides),
		FIXTURE_TEST(pages_are_bounded),
		FIXTURE_TEST(an_empty_page_is_from_null_to_null),
		FIXTURE_TEST(links_keep_the_other_parameters),
		FIXTURE_TEST(an_estimate_says_so),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
