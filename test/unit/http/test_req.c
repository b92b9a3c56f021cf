#include "fixture.h"

#include <string.h>

#include "http/http.h"

static const char *
param(const char *query, const char *name)
{
	struct req rq = { .query = query };

	return req_param(&cx, &rq, name);
}

static void
parameters_are_found_and_decoded(void **state)
{
	(void)state;
	assert_string_equal(param("a=1&b=2", "b"), "2");
	assert_string_equal(param("a=1&a=2", "a"), "2"); /* the last one wins, as in PHP */
	assert_string_equal(param("&&a=1&", "a"), "1");
	assert_string_equal(param("a=x%20y+z%2B", "a"), "x y z+");
	assert_string_equal(param("na%6De=v", "name"), "v");
	assert_string_equal(param("created+from=v", "created from"), "v");
	assert_string_equal(param("a=b=c", "a"), "b=c");
	assert_string_equal(param("a", "a"), "");
	assert_string_equal(param("a=", "a"), "");
	assert_string_equal(param("a=100%&b=%zz%4", "a"), "100%");
	assert_string_equal(param("a=100%&b=%zz%4", "b"), "%zz%4");
}

static void
an_absent_parameter_is_null(void **state)
{
	(void)state;
	assert_null(param("", "a"));
	assert_null(param(NULL, "a"));
	assert_null(param("aa=1&b=a&A=1", "a"));
	assert_null(param("a=%ff", "a")); /* the dispatcher answers 400 to it */
}

static enum rc
whole(const char *query, int64_t *ret)
{
	struct req rq = { .query = query };

	cx.err = (struct err){ 0 };
	return req_param_int(&cx, &rq, "n", (struct req_range){ -5, 100, 20 }, ret);
}

static void
numbers_have_bounds_and_a_default(void **state)
{
	static const char *const bad[] = { "n=-6", "n=101", "n=x", "n=1.0", "n=1e1", "n=+1",
		"n=%201", "n=-", "n=0x1", "n=1,0", "n=99999999999999999999",
		"n=18446744073709551617" };
	int64_t n = 42;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		if (whole(bad[i], &n) != RC_INVALID)
			fail_msg("%s", bad[i]);
		assert_string_equal(cx.err.fields->field, "n");
	}
	assert_int_equal(n, 42); /* untouched on failure */
	assert_int_equal(whole("", &n), RC_OK);
	assert_int_equal(n, 20);
	assert_int_equal(whole("n=", &n), RC_OK);
	assert_int_equal(n, 20);
	assert_int_equal(whole("n=-5", &n), RC_OK);
	assert_int_equal(n, -5);
	assert_int_equal(whole("n=0100", &n), RC_OK);
	assert_int_equal(n, 100);
}

static void
ids_are_uuids_in_small_letters(void **state)
{
	struct req rq = { .args = { { "other", "x" },
			      { "id", "ABCDEF00-0000-4000-8000-00000000000F" } } };
	const char *id = NULL;

	(void)state;
	assert_string_equal(req_arg(&rq, "other"), "x");
	assert_int_equal(req_uuid(&cx, &rq, "id", &id), RC_OK);
	assert_string_equal(id, "abcdef00-0000-4000-8000-00000000000f");
	assert_int_equal(req_uuid(&cx, &rq, "other", &id), RC_NOT_FOUND);
}

static void
paths_are_decoded_without_plus(void **state)
{
	const char *s = NULL;

	(void)state;
	assert_int_equal(req_decode(&cx, "a%2Fb+c%C3%A9/rest", 13, &s), RC_OK);
	assert_string_equal(s, "a/b+c\xC3\xA9");
	/* An escape cut by the end stands for itself; the byte behind is not looked at. */
	assert_int_equal(req_decode(&cx, "a%4", 3, &s), RC_OK);
	assert_string_equal(s, "a%4");
	assert_int_equal(req_decode(&cx, "a%41", 3, &s), RC_OK);
	assert_string_equal(s, "a%4");
	assert_int_equal(req_decode(&cx, "%00", 3, &s), RC_MALFORMED);
	assert_int_equal(req_decode(&cx, "%C3", 3, &s), RC_MALFORMED);
}

/* So that /api/%63ustomers meets the limits nginx keeps for /api/customers. */
static void
plain_paths_hide_nothing(void **state)
{
	(void)state;
	assert_string_equal(req_plain_path(&cx, "/api/%6cogin"), "/api/login");
	assert_string_equal(req_plain_path(&cx, "/%2D%2e%5F%7e%41%7a%30"), "/-._~Az0");
	/* Not what would change the meaning, and not twice. */
	assert_string_equal(req_plain_path(&cx, "/a%2Fb%20%C3%A9%3f"), "/a%2Fb%20%C3%A9%3f");
	assert_string_equal(req_plain_path(&cx, "/%2541"), "/%2541");
	assert_string_equal(req_plain_path(&cx, "/%"), "/%");
	assert_string_equal(req_plain_path(&cx, "/%4"), "/%4");
	assert_string_equal(req_plain_path(&cx, "/%zz%4g"), "/%zz%4g");
}

static void
json_is_declared(void **state)
{
	static const char *const good[] = { "application/json", "Application/JSON",
		"application/json; charset=utf-8", "application/json;charset=x",
		"application/problem+json", "application/vnd.api+json; x=y" };
	static const char *const bad[] = { "", "text/json", "application/jsonp", "application/jso",
		"application/x-www-form-urlencoded", "text/plain; application/json",
		"application/+json", "application/+jsonx", "text/x+json" };

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		if (!req_is_json(&(struct req){ .content_type = good[i] }))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < countof(bad); i++)
		if (req_is_json(&(struct req){ .content_type = bad[i] }))
			fail_msg("%s", bad[i]);
	assert_false(req_is_json(&(struct req){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(parameters_are_found_and_decoded),
		FIXTURE_TEST(an_absent_parameter_is_null),
		FIXTURE_TEST(numbers_have_bounds_and_a_default),
		FIXTURE_TEST(ids_are_uuids_in_small_letters),
		FIXTURE_TEST(paths_are_decoded_without_plus),
		FIXTURE_TEST(plain_paths_hide_nothing),
		FIXTURE_TEST(json_is_declared),
	};

	return cmocka_run_group_tests_name("req", tests, NULL, NULL);
}
