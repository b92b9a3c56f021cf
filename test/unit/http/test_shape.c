#include "fixture.h"

#include <string.h>

#include "base/value.h"
#include "http/http.h"
#include "http/shape.h"

static const char *const kinds[] = { "pppoe", "hotspot", NULL };
static const char *const days[] = { "mon", "tue", NULL };

enum { BOTH = FF_CREATE | FF_UPDATE };

static const struct field row_parts[] = { { "text", FT_TEXT }, { "price", FT_MONEY } };

/* clang-format off */
static const struct field fields[] = {
	{ "name",   FT_TEXT,   BOTH | FF_NEEDED, 1, 10 },
	{ "kind",   FT_TEXT,   BOTH, .max = 16, .among = kinds, .dflt = "\"pppoe\"" },
	{ "price",  FT_MONEY,  BOTH, 0, 999999999999 },
	{ "count",  FT_INT,    BOTH, -5, 10 },
	{ "active", FT_BOOL,   BOTH, .dflt = "true" },
	{ "from",   FT_DATE,   BOTH | FF_NULL },
	{ "ref",    FT_UUID,   BOTH | FF_NULL },
	{ "email",  FT_EMAIL,  BOTH | FF_NULL | FF_LOWER, .max = 255 },
	{ "secret", FT_SECRET, BOTH, .max = 8 },
	{ "days",   FT_LIST,   BOTH, .among = days },
	{ "meta",   FT_JSON,   BOTH },
	{ "rows",   FT_ROWS,   BOTH, .parts = row_parts, .nparts = countof(row_parts) },
	{ "at",     FT_TIME,   BOTH },
	{ "notes",  FT_TEXT,   BOTH | FF_LINES | FF_NULL, .max = 100 },
	{ "login",  FT_TEXT,   BOTH, 1, 64, .chars = "._-" },
	{ "fixed",  FT_TEXT,   FF_CREATE, .max = 5 },
	{ "state",  FT_TEXT,   FF_UPDATE | FF_LOCKED, .max = 5, .hint = "use /state" },
	{ "may",    FT_LIST,   BOTH | FF_GRANTS, .among = days },
	{ "role",   FT_TEXT,   BOTH | FF_GRANTS, .among = kinds },
};
/* clang-format on */

static enum rc
read_as(const char *body, enum fflag flag, struct cJSON **in)
{
	struct req rq = { .body = body,
		.body_len = strlen(body),
		.content_type = "application/json" };

	return shape_read(&cx, fields, countof(fields), flag, &rq, in);
}

/* The normalised body, or the first text of what is wrong with it. */
static const char *
update(const char *body)
{
	struct cJSON *in;

	return read_as(body, FF_UPDATE, &in) == RC_OK ? shape_json(&cx, in) : cx.err.msg;
}

static const char *
create(const char *body)
{
	struct cJSON *in;

	return read_as(body, FF_CREATE, &in) == RC_OK ? shape_json(&cx, in) : cx.err.msg;
}

#define SAME(a, b) assert_string_equal(a, b)

static void
defaults_and_unknown_fields(void **state)
{
	(void)state;
	SAME(create("{\"name\":\" A \",\"x\":{\"y\":1}}"),
	    "{\"name\":\"A\",\"kind\":\"pppoe\",\"active\":true}");
	SAME(update("{\"fixed\":\"no\",\"id\":7}"), "{}");
	SAME(update(""), "{}");
	SAME(create(""), "The name field is required.");
	SAME(create("{\"name\":null}"), "The name field is required.");
	SAME(create("{\"name\":\"  \"}"), "The name field is required.");
	/* Bug: the answer was 200, and the name stayed: a person who emptied it got no error. */
	SAME(update("{\"name\":null}"), "The name field is required.");
	SAME(update("{\"name\":\"\"}"), "The name field is required.");
}

static void
null_clears_what_may_be_null(void **state)
{
	(void)state;
	SAME(update("{\"from\":null,\"email\":\"\",\"notes\":\"\"}"),
	    "{\"from\":null,\"email\":null,\"notes\":null}");
}

/* Bug: PUT of a package {"priority": null} was answered 200, and nothing changed. */
static void
null_is_no_change(void **state)
{
	static const char *const others[] = { "name", "kind", "price", "count", "active", "days",
		"meta", "at", "login", "may", "role" };

	(void)state;
	for (size_t i = 0; i < countof(others); i++) {
		const char *body = arena_printf(cx.mem, "{\"%s\":null}", others[i]);

		SAME(update(body), arena_printf(cx.mem, "The %s field is required.", others[i]));
		SAME(cx.err.fields->field, others[i]);
	}
	SAME(update("{\"kind\":\"\"}"), "The kind field is required.");
	SAME(update("{\"count\":\" \"}"), "The count field is required.");
	SAME(update("{\"state\":null}"), "The state field is required (use /state).");
}

/*
 * A form field left empty is not given, be it a number or a text. Bug: for a text "" was
 * refused.
 */
static void
nothing_typed_is_the_default(void **state)
{
	(void)state;
	SAME(create("{\"name\":\"A\",\"kind\":\"\",\"active\":\"\",\"count\":\"\",\"login\":\"\","
		    "\"fixed\":\"\",\"secret\":\"\"}"),
	    "{\"name\":\"A\",\"kind\":\"pppoe\",\"active\":true}");
	SAME(create("{\"name\":\"A\",\"kind\":null,\"active\":null,\"count\":null}"),
	    "{\"name\":\"A\",\"kind\":\"pppoe\",\"active\":true}");
}

/* Bug: {"abilities": null} made a token with all abilities. */
static void
null_asks_for_no_rights(void **state)
{
	(void)state;
	SAME(create("{\"name\":\"A\",\"may\":null}"), "The may field is required.");
	SAME(create("{\"name\":\"A\",\"may\":\"\"}"), "The may must be a list.");
	SAME(create("{\"name\":\"A\",\"role\":null}"), "The role field is required.");
	SAME(create("{\"name\":\"A\",\"role\":\"\"}"), "The role field is required.");
}

static void
all_bad_fields_at_once(void **state)
{
	struct cJSON *in;
	size_t n = 0;

	(void)state;
	assert_int_equal(read_as("{\"kind\":\"x\",\"price\":-1,\"from\":\"2026-02-30\"}", FF_CREATE,
			     &in),
	    RC_INVALID);
	for (const struct field_err *f = cx.err.fields; f != NULL; f = f->next)
		n++;
	assert_int_equal(n, 4);
	SAME(cx.err.fields->field, "name");
	SAME(cx.err.fields->next->msg, "The kind must be one of: pppoe, hotspot.");
}

static void
numbers_are_exact(void **state)
{
	(void)state;
	SAME(update("{\"price\":150000,\"count\":\"5\"}"), "{\"price\":150000,\"count\":5}");
	SAME(update("{\"price\":\"150000.00\"}"), "{\"price\":150000}");
	SAME(update("{\"price\":150000.0}"), "{\"price\":150000}");
	/*
	 * One rule holds for numbers and texts. Bug: 15e4 and 150000.000 passed as money though
	 * "15e4" did not: the same amount was right or wrong by its quotes.
	 */
	SAME(update("{\"price\":15e4}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":150000.000}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":999999999999}"), "{\"price\":999999999999}");
	SAME(update("{\"count\":-5.0}"), "{\"count\":-5}");
	SAME(update("{\"price\":1000000000000}"), "The price must be between 0 and 999999999999.");
	/* A double would not see that fraction. */
	SAME(update("{\"price\":150000.00000000000001}"),
	    "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":1e300}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":\"1,000\"}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":[]}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"price\":\"0x10\"}"), "The price must be a whole amount of rupiah.");
	SAME(update("{\"count\":true}"), "The count must be a whole number.");
}

/*
 * Bug: the lines of a bill went through doubles: a price of 1e5 passed, and so did the fraction of
 * a rupiah that a double cannot hold.  An amount inside a row is read as any other, and goes on as
 * it was written.
 */
static void
amounts_in_rows_are_exact(void **state)
{
	static const char whole[] = "The rows must hold a whole amount of rupiah as price.";

	(void)state;
	SAME(
	    update(
		"{\"rows\":[ {\"price\" : 150000.00,\"n\":[1e5]}, {\"price\":\"-999999999999\"}]}"),
	    "{\"rows\":[ {\"price\" : 150000.00,\"n\":[1e5]}, {\"price\":\"-999999999999\"}]}");
	SAME(update("{\"rows\":[]}"), "{\"rows\":[]}");
	SAME(update("{\"rows\":[{\"text\":\"]\"},{\"text\":\"\",\"price\":1e5}]}"), whole);
	SAME(update("{\"rows\":[{\"price\":150000.00000000000001}]}"), whole);
	SAME(update("{\"rows\":[{\"price\":\"150.000\"}]}"), whole);
	SAME(update("{\"rows\":[{\"price\":null}]}"), whole);
	SAME(update("{\"rows\":{\"price\":1}}"), "{\"rows\":{\"price\":1}}");
}

static void
truth(void **state)
{
	(void)state;
	SAME(update("{\"active\":0}"), "{\"active\":false}");
	SAME(update("{\"active\":\"1\"}"), "{\"active\":true}");
	SAME(update("{\"active\":2}"), "The active must be true or false.");
	SAME(update("{\"active\":\"yes\"}"), "The active must be true or false.");
}

/* An address of so many characters, as a body. */
static const char *
mail_of(int len)
{
	char *domain = arena_strdup(cx.mem, arena_printf(cx.mem, "%0*d", len - 2, 0));

	for (size_t i = 60; i + 3 < strlen(domain); i += 60)
		domain[i] = '.';
	memcpy(domain + len - 5, ".id", 3);
	return arena_printf(cx.mem, "{\"email\":\"a@%s\"}", domain);
}

static void
texts_and_their_forms(void **state)
{
	(void)state;
	SAME(update("{\"name\":\"12345\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\"}"),
	    "{\"name\":\"12345\u00e9\u00e9\u00e9\u00e9\u00e9\"}");
	SAME(update("{\"name\":\"12345678901\"}"),
	    "The name must not be greater than 10 characters.");
	SAME(update("{\"name\":\"a\\u0007\"}"), "The name must not hold control characters.");
	SAME(update("{\"name\":\"a\\nb\"}"), "The name must not hold control characters.");
	SAME(update("{\"notes\":\"a\\nb\"}"), "{\"notes\":\"a\\nb\"}");
	SAME(update("{\"login\":\"a b\"}"), "The login may hold letters, digits and ._- only.");
	SAME(update("{\"email\":\"Ani@Example.COM\"}"), "{\"email\":\"ani@example.com\"}");
	SAME(update("{\"email\":\"ani\"}"), "The email must be a valid email address.");
	SAME(update(mail_of(255)), mail_of(255)); /* Bug: refused, though the table allows it */
	SAME(update(mail_of(256)), "The email must not be greater than 255 characters.");
	SAME(update("{\"ref\":\"x\"}"), "The ref must be a valid id.");
	SAME(update("{\"from\":\"2024-02-29\",\"at\":\"2026-01-02T03:04:05.678+07:00\"}"),
	    "{\"from\":\"2024-02-29\",\"at\":\"2026-01-02T03:04:05.678+07:00\"}");
	SAME(update("{\"at\":\"2026-01-02T25:00\"}"), "The at must be a time in ISO 8601.");
	SAME(update("{\"days\":[\"mon\",\"mon\"]}"), "{\"days\":[\"mon\"]}");
	SAME(update("{\"days\":[\"sun\"]}"), "The days must be one of: mon, tue.");
	SAME(update("{\"days\":[1]}"), "The days must be a list of texts.");
	SAME(update("{\"meta\":{\"a\":[1,null]}}"), "{\"meta\":{\"a\":[1,null]}}");
}

static void
secrets_are_kept(void **state)
{
	(void)state;
	SAME(update("{\"secret\":null}"), "{}");
	SAME(update("{\"secret\":\"\"}"), "{}");
	SAME(update("{\"secret\":\"********\"}"), "{}");
	SAME(update("{\"secret\":\" p w \"}"), "{\"secret\":\" p w \"}");
	SAME(update("{\"secret\":\"123456789\"}"),
	    "The secret must not be greater than 8 characters.");
}

static enum rc
refused(const char *body)
{
	struct cJSON *in;

	return read_as(body, FF_UPDATE, &in);
}

static void
a_body_that_is_no_json_object(void **state)
{
	static const char *const bad[] = { "{", "[]", "1", "\"x\"", "null", "{}x", "{\"a\":1,}",
		"{\"a\":01}", "{\"a\":1.}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}", "{'a':1}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\t\"}", "{\"a\":\"\\x\"}", "{\"a\":1}{}", "{\"a\"}",
		"{\"name\":\"a\",\"name\":\"b\"}", "{\"a\":tru}", "{\"n\\u0061me\":1,\"name\":2}" };
	char deep[200] = "{\"a\":";

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_int_equal(refused(bad[i]), RC_MALFORMED);
	memset(deep + 5, '[', 100);
	assert_int_equal(refused(deep), RC_MALFORMED);
	assert_int_equal(refused(" { \"a\" : [ 1 , {} , [] , \"\\ud83d\\ude00\" ] } \n"), RC_OK);
}

static void
bodies_must_be_declared(void **state)
{
	struct req rq = { .body = "{}", .body_len = 2, .content_type = "text/html" };
	struct cJSON *in;

	(void)state;
	assert_int_equal(shape_read(&cx, fields, 1, FF_UPDATE, &rq, &in), RC_MEDIA);
	rq.content_type = "application/vnd.api+json";
	assert_int_equal(shape_read(&cx, fields, 1, FF_UPDATE, &rq, &in), RC_OK);
}

/*
 * A webhook's fields are checked elsewhere. Bug: a field that the table does not name was
 * dropped.
 */
static void
a_body_whole(void **state)
{
	struct req rq = { .body = "{\"a\":{\"b\":1},\"a\":2}", .content_type = "application/json" };
	struct cJSON *in;

	(void)state;
	rq.body_len = strlen(rq.body);
	assert_int_equal(shape_whole(&cx, &rq, &in), RC_MALFORMED);
	rq.body = "{\"unheard_of\":\"x\"}";
	rq.body_len = strlen(rq.body);
	assert_int_equal(shape_whole(&cx, &rq, &in), RC_OK);
	assert_string_equal(shape_text(in, "unheard_of"), "x");
	rq.content_type = "text/html";
	assert_int_equal(shape_whole(&cx, &rq, &in), RC_MEDIA);
}

static void
parameters(void **state)
{
	const struct field number = { "n", FT_INT, 0, 1, 9 }, date = { "d", FT_DATE };

	(void)state;
	assert_int_equal(shape_param(&cx, &number, "5"), RC_OK);
	assert_int_equal(shape_param(&cx, &number, "5.0"), RC_INVALID);
	assert_int_equal(shape_param(&cx, &number, "10"), RC_INVALID);
	assert_int_equal(shape_param(&cx, &number, "x"), RC_INVALID);
	assert_int_equal(shape_param(&cx, &date, "2026-13-01"), RC_INVALID);
	assert_int_equal(shape_param(&cx, &fields[1], "hotspot"), RC_OK);
	assert_int_equal(shape_param(&cx, &fields[1], "static"), RC_INVALID);
}

static void
whole_numbers(void **state)
{
	int64_t n;

	(void)state;
	assert_true(value_whole("100e-2", 6, &n) && n == 1);
	assert_true(value_whole("0e9999", 6, &n) && n == 0);
	assert_true(value_whole("-0", 2, &n) && n == 0);
	assert_true(value_whole("0.000", 5, &n) && n == 0);
	assert_true(value_whole("999999999999999999", 18, &n) && n == 999999999999999999);
	assert_false(value_whole("1e18", 4, &n));
	assert_false(value_whole("1e-1", 4, &n));
	assert_false(value_whole("", 0, &n));
	assert_false(value_whole("-", 1, &n));
	assert_false(value_whole("1e", 2, &n));
	assert_false(value_whole("1e99999", 7, &n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(defaults_and_unknown_fields),
		FIXTURE_TEST(null_clears_what_may_be_null),
		FIXTURE_TEST(null_is_no_change),
		FIXTURE_TEST(nothing_typed_is_the_default),
		FIXTURE_TEST(null_asks_for_no_rights),
		FIXTURE_TEST(all_bad_fields_at_once),
		FIXTURE_TEST(numbers_are_exact),
		FIXTURE_TEST(amounts_in_rows_are_exact),
		FIXTURE_TEST(truth),
		FIXTURE_TEST(texts_and_their_forms),
		FIXTURE_TEST(secrets_are_kept),
		FIXTURE_TEST(a_body_that_is_no_json_object),
		FIXTURE_TEST(bodies_must_be_declared),
		FIXTURE_TEST(a_body_whole),
		FIXTURE_TEST(parameters),
		FIXTURE_TEST(whole_numbers),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
