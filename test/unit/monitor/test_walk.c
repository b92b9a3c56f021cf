/* Interface tables out of replies that agents get wrong in every way. */
#include <string.h>

#include "unit.h"

#include "monitor/walk.h"

static struct arena *mem;
static struct walk w;

static int
begin(void **state)
{
	(void)state;
	mem = arena_new(4096);
	walk_begin(&w, mem);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static struct snmp_var
var(uint32_t table, uint32_t column, uint32_t index)
{
	if (table == 2)
		return (struct snmp_var){ .name = { 11,
					      { 1, 3, 6, 1, 2, 1, 2, 2, 1, column, index } } };
	return (
	    struct snmp_var){ .name = { 12, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, index } } };
}

static struct snmp_var
text(uint32_t table, uint32_t column, uint32_t index, const char *val)
{
	struct snmp_var v = var(table, column, index);

	v.type = SNMP_TEXT;
	v.text = val;
	return v;
}

static struct snmp_var
number(uint32_t table, uint32_t column, uint32_t index, uint64_t val)
{
	struct snmp_var v = var(table, column, index);

	v.type = SNMP_NUMBER;
	v.number = val;
	return v;
}

/* An agent with these values, asked until the walk is over; how often it was asked. */
static int
walk_all(const struct snmp_var *vars, size_t n)
{
	struct snmp_oid oids[WALK_COLUMNS];
	int asked = 0;

	while (walk_next(&w, oids) > 0 && asked < 10000) {
		walk_take(&w, vars, n);
		asked++;
	}
	walk_end(&w);
	return asked;
}

static void
rows_are_joined_by_index(void **state)
{
	const struct snmp_var vars[] = { text(2, 2, 1, "ether one"), text(2, 2, 2, "ether two"),
		number(2, 8, 1, 1), number(2, 8, 2, 2), number(2, 5, 1, 100000000),
		text(31, 1, 1, "ether1"), text(31, 1, 2, "ether2"), text(31, 18, 1, "uplink"),
		number(31, 15, 2, 10000) };

	(void)state;
	(void)walk_all(vars, countof(vars));
	assert_int_equal(w.nrows, 2);
	assert_string_equal(w.rows[0].name, "ether1");
	assert_string_equal(w.rows[0].descr, "ether one");
	assert_string_equal(w.rows[0].alias, "uplink");
	assert_int_equal(w.rows[0].oper, 1);
	assert_int_equal(w.rows[1].speed_mbit, 10000);
	assert_true(w.rows[1].has_high_counters);
}

static void
an_agent_that_repeats_itself_ends(void **state)
{
	const struct snmp_var vars[] = { text(2, 2, 7, "x"), text(2, 2, 7, "x"),
		text(2, 2, 3, "back") };

	(void)state;
	assert_true(walk_all(vars, countof(vars)) < 5);
	assert_int_equal(w.nrows, 1);
	assert_string_equal(w.rows[0].name, "x");
	assert_false(w.rows[0].has_high_counters);
}

static void
rows_have_a_limit(void **state)
{
	struct snmp_oid oids[WALK_COLUMNS];
	int asked = 0;

	(void)state;
	while (walk_next(&w, oids) > 0 && asked < 100000) {
		const struct snmp_var v = text(2, 2, (uint32_t)++asked, "endless");

		walk_take(&w, &v, 1);
	}
	assert_int_equal(w.nrows, WALK_ROWS_MAX);
	assert_true(asked < WALK_ROWS_MAX + 10);
}

static void
an_unasked_value_is_ignored(void **state)
{
	struct snmp_var vars[] = { number(2, 10, 1, 5), text(31, 1, 1, "too early"),
		text(2, 2, 4, "n"), { .name = { 0, { 0 } } }, number(2, 2, 5, 9) };

	(void)state;
	vars[3].type = SNMP_TEXT;
	vars[3].text = "of a name that is too long";
	struct snmp_oid oids[WALK_COLUMNS];

	assert_int_equal(walk_next(&w, oids), 4);
	walk_take(&w, vars, countof(vars));
	walk_end(&w);
	assert_int_equal(w.nrows, 2);
	assert_string_equal(w.rows[0].name, "n");
	assert_string_equal(w.rows[1].name, "if5"); /* a number where a text belongs */
}

/* OpenWrt keeps dead pppoe rows: the row that is up counts. */
static void
the_row_that_is_up_counts_of_one_name(void **state)
{
	const struct snmp_var vars[] = { text(2, 2, 3, "pppoe-wan"), text(2, 2, 5, "pppoe-wan"),
		text(2, 2, 9, "pppoe-wan"), number(2, 8, 3, 2), number(2, 8, 5, 1),
		number(2, 8, 9, 2) };

	(void)state;
	(void)walk_all(vars, countof(vars));
	assert_int_equal(w.nrows, 1);
	assert_int_equal(w.rows[0].index, 5);
}

static void
a_column_that_version_1_lacks_is_left_out(void **state)
{
	struct snmp_oid oids[WALK_COLUMNS];

	(void)state;
	assert_int_equal(walk_next(&w, oids), 4);
	walk_skip(&w, 0);
	walk_skip(&w, 99);
	assert_int_equal(walk_next(&w, oids), 4);
	assert_int_equal(oids[0].sub[9], 5);
	walk_skip(&w, 4); /* there is none: they are 0 to 3 */
	walk_skip(&w, 3);
	assert_int_equal(walk_next(&w, oids), 4);
	assert_int_equal(oids[0].sub[9], 5);
	assert_int_equal(oids[2].sub[9], 8);
	assert_int_equal(oids[3].sub[10], 15); /* the name went */
}

/* Rows that come in any order are kept in that of their indexes, of which 0 is one. */
static void
rows_are_in_the_order_of_their_indexes(void **state)
{
	struct snmp_oid oids[WALK_COLUMNS];
	struct snmp_var vars[200];

	(void)state;
	assert_int_equal(walk_next(&w, oids), 4);
	assert_int_equal(oids[0].len, 10);
	for (uint32_t i = 0; i < countof(vars); i++)
		vars[i] = number(2, 5, i, i);
	walk_take(&w, vars, countof(vars));
	assert_int_equal(walk_next(&w, oids), 4); /* the speeds go on, two others begin */
	assert_int_equal(oids[0].len, 11);
	assert_int_equal(oids[0].sub[10], 199);
	vars[0] = number(31, 15, 250, 1);
	vars[1] = number(31, 15, 240, 1); /* back: passed over */
	vars[2] = number(31, 15, 251, 1);
	vars[3] = number(2, 5, 245, 1);
	walk_take(&w, vars, 4);
	walk_end(&w);
	assert_int_equal(w.nrows, 203);
	for (size_t i = 0; i < 200; i++)
		assert_true(w.rows[i].index == (int64_t)i && w.rows[i].speed_bit == (int64_t)i);
	assert_int_equal(w.rows[200].index, 245);
	assert_int_equal(w.rows[201].index, 250);
	assert_int_equal(w.rows[202].index, 251);
}

/* An empty name is none; the last of two rows that are both down, or both up, counts. */
static void
names_that_are_missing_are_made(void **state)
{
	const struct snmp_var vars[] = { text(2, 2, 1, ""), text(2, 2, 2, "d"),
		text(2, 2, 3, "same"), text(2, 2, 4, "same"), text(2, 2, 5, "both"),
		text(2, 2, 6, "both"), number(2, 8, 3, 2), number(2, 8, 4, 2), number(2, 8, 5, 1),
		number(2, 8, 6, 1), text(31, 1, 2, "") };

	(void)state;
	(void)walk_all(vars, countof(vars));
	assert_int_equal(w.nrows, 4);
	assert_string_equal(w.rows[0].name, "if1");
	assert_string_equal(w.rows[1].name, "d");
	assert_false(w.rows[1].has_high_counters);
	assert_int_equal(w.rows[2].index, 4);
	assert_int_equal(w.rows[3].index, 6);
}

static void
a_speed_is_what_both_gauges_say(void **state)
{
	(void)state;
	assert_int_equal(device_speed(100000000, 100), 100000000);
	assert_int_equal(device_speed(4294967295, 10000), 10000000000);
	assert_int_equal(device_speed(4294967295, 0), 0);
	assert_int_equal(device_speed(0, 1000), 1000000000);
	assert_int_equal(device_speed(1000000000, 1000000000), 1000000000); /* D-Link */
	assert_int_equal(device_speed(0, 0), 0);
	assert_int_equal(device_speed(0, 1000000), 1000000000000);
	assert_int_equal(device_speed(0, 1000001), 1000001);
	assert_int_equal(device_speed(1, 4294), 1);
	assert_int_equal(device_speed(1, 4295), 4295000000);
	assert_int_equal(device_speed(4294967294, 1), 4294967294);
	assert_int_equal(device_speed(4294967295, 1), 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_joined_by_index, begin, end),
		cmocka_unit_test_setup_teardown(an_agent_that_repeats_itself_ends, begin, end),
		cmocka_unit_test_setup_teardown(rows_have_a_limit, begin, end),
		cmocka_unit_test_setup_teardown(an_unasked_value_is_ignored, begin, end),
		cmocka_unit_test_setup_teardown(the_row_that_is_up_counts_of_one_name, begin, end),
		cmocka_unit_test_setup_teardown(a_column_that_version_1_lacks_is_left_out, begin,
		    end),
		cmocka_unit_test_setup_teardown(rows_are_in_the_order_of_their_indexes, begin, end),
		cmocka_unit_test_setup_teardown(names_that_are_missing_are_made, begin, end),
		cmocka_unit_test(a_speed_is_what_both_gauges_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
