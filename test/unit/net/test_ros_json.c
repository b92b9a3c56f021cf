#include "fixture.h"

#include <string.h>

#include "base/macro.h"
#include "net/ros_json.h"

/* The row of one attribute as JSON. */
static const char *
json_of(const char *key, const char *val)
{
	const struct ros_attr attr = { key, val, strlen(key), strlen(val) };
	const struct ros_row row = { .attrs = &attr, .nattrs = 1 };
	struct sb out = sb_new(cx.mem);
	struct jw w = jw_new(&out);

	ros_json_row(&w, &row);
	return out.buf;
}

static void
values_have_the_type_of_their_name(void **state)
{
	static const char *const as[][3] = {
		{ ".id", "*1F", "{\"id\":\"*1F\"}" },
		{ "name", "007", "{\"name\":\"007\"}" },
		{ "rx-byte", "12", "{\"rx_byte\":12}" },
		{ "rx-byte", "999999999999999999", "{\"rx_byte\":999999999999999999}" },
		{ "rx-byte", "9999999999999999999", "{\"rx_byte\":\"9999999999999999999\"}" },
		{ "rx-byte", "12 k", "{\"rx_byte\":\"12 k\"}" },
		{ "rx-byte", "", "{\"rx_byte\":\"\"}" },
		{ "disabled", "true", "{\"disabled\":true}" },
		{ "disabled", "yes", "{\"disabled\":true}" },
		{ "disabled", "false", "{\"disabled\":false}" },
		{ "disabled", "", "{\"disabled\":false}" },
	};

	(void)state;
	for (size_t i = 0; i < countof(as); i++)
		assert_string_equal(json_of(as[i][0], as[i][1]), as[i][2]);
	assert_false(ros_json_flag(NULL));
}

/* The longest name has 47 letters after its dot. */
static void
odd_names_are_left_out(void **state)
{
	const char *longest = ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	const char *odd[] = { "", ".", "a b", "A", "a_b", "a\"", "..a",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	(void)state;
	assert_int_equal(strlen(longest), 48);
	assert_string_equal(json_of(longest, "x"),
	    arena_printf(cx.mem, "{\"%s\":\"x\"}", longest + 1));
	for (size_t i = 0; i < countof(odd); i++)
		assert_string_equal(json_of(odd[i], "x"), "{}");
}

/* A short name after a long one has nothing of the long one. */
static void
each_property_has_its_own_name(void **state)
{
	const struct ros_attr attrs[] = {
		{ "remote-address", "10.0.0.2", 14, 8 },
		{ "no name", "x", 7, 1 },
		{ "mtu", "1480", 3, 4 },
		{ "running", "true", 7, 4 },
	};
	const struct ros_row row = { .attrs = attrs, .nattrs = countof(attrs) };
	struct sb out = sb_new(cx.mem);
	struct jw w = jw_new(&out);

	(void)state;
	ros_json_row(&w, &row);
	assert_string_equal(out.buf,
	    "{\"remote_address\":\"10.0.0.2\",\"mtu\":1480,\"running\":true}");
}

static void
a_number_is_digits_only(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1.5", "0x1",
		"1234567890123456789" };
	int64_t n = 7;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(ros_json_number(bad[i], &n));
	assert_false(ros_json_number(NULL, &n));
	assert_int_equal(n, 7);
	assert_true(ros_json_number("007", &n));
	assert_int_equal(n, 7);
	assert_true(ros_json_number("123456789012345678", &n));
	assert_int_equal(n, 123456789012345678);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(values_have_the_type_of_their_name),
		FIXTURE_TEST(odd_names_are_left_out),
		FIXTURE_TEST(each_property_has_its_own_name),
		FIXTURE_TEST(a_number_is_digits_only),
	};

	return cmocka_run_group_tests_name("ros_json", tests, NULL, NULL);
}
