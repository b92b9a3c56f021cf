/* The values to read of interfaces, and answers in any order: no agent is needed for either. */
#include "fixture.h"

#include <string.h>

#include "monitor/poll_int.h"

static struct device_interface interfaces[3];
static struct device device;
static struct job job;

static int
begin(void **state)
{
	(void)setup(state);
	memset(interfaces, 0, sizeof(interfaces));
	for (size_t i = 0; i < countof(interfaces); i++) {
		interfaces[i].name = arena_printf(cx.mem, "ether%zu", i);
		interfaces[i].index = 7 + (int64_t)i;
	}
	device = (struct device){ .conf.version = "2c",
		.interfaces = interfaces,
		.ninterfaces = 1,
		.uptime_ms = 5000 };
	job = (struct job){ .device = &device, .mem = cx.mem };
	return 0;
}

static const char *
oid_text(const struct snmp_oid *o)
{
	const char *text = "";

	for (uint32_t i = 6; i < o->len; i++) /* behind 1.3.6.1.2.1 */
		text = arena_printf(cx.mem, "%s.%u", text, o->sub[i]);
	return text;
}

/* The names of the questions from that one on. */
static const char *
questions(size_t from)
{
	const char *text = "";

	for (size_t i = from; i < job.nquestions; i++)
		text = arena_printf(cx.mem, "%s %s", text, oid_text(&job.questions[i].oid));
	return text;
}

#define WIDE    " .31.1.1.1.1.7 .31.1.1.1.6.7 .31.1.1.1.10.7 .2.2.1.8.7 .31.1.1.1.19.7"
#define NARROW  " .2.2.1.2.7 .2.2.1.10.7 .2.2.1.16.7 .2.2.1.8.7 .31.1.1.1.19.7"
#define RETRIED " .31.1.1.1.1.7 .2.2.1.10.7 .2.2.1.16.7 .2.2.1.8.7 .31.1.1.1.19.7"

static void
an_interface_has_five_questions(void **state)
{
	(void)state;
	interfaces[0].has_name = interfaces[0].has_in = interfaces[0].has_out = true;
	interfaces[0].is_lost = true;
	job.asked_from = job.asked = 9;
	poll_reading_begin(&job);
	assert_string_equal(questions(0), " .1.3.0" WIDE);
	assert_int_equal(job.nquestions, 1 + QUESTIONS);
	assert_int_equal(job.asked_from + job.asked, 0);
	assert_false(interfaces[0].has_name || interfaces[0].has_in || interfaces[0].has_out ||
		     interfaces[0].is_lost);
	interfaces[0].bits = 32;
	device.ninterfaces = 3;
	poll_reading_begin(&job);
	assert_int_equal(job.nquestions, 1 + 3 * QUESTIONS);
	job.nquestions = 1 + QUESTIONS;
	assert_string_equal(questions(0), " .1.3.0" NARROW);
}

/* 64 bits are tried first, again after a reboot; version 1 has none. */
static void
counters_have_the_width_that_was_read(void **state)
{
	static const struct {
		const char *version;
		bool has_base;
		int bits, known;
		int64_t uptime_ms;
		int wanted;
	} cases[] = { { "2c", false, 0, 0, 0, 64 }, { "2c", false, 32, 0, 9000, 64 },
		{ "2c", true, 64, 0, 4000, 64 }, { "2c", true, 32, 0, 4000, 32 },
		{ "2c", true, 32, 0, 5000, 32 }, { "2c", true, 32, 0, 5001, 64 },
		{ "1", true, 64, 0, 4000, 32 }, { "1", false, 0, 0, 0, 32 },
		{ "3", true, 32, 64, 4000, 64 }, { "2c", false, 0, 32, 0, 32 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		device.conf.version = cases[i].version;
		interfaces[0].has_base = cases[i].has_base;
		interfaces[0].base.bits = cases[i].bits;
		interfaces[0].base.uptime_ms = cases[i].uptime_ms;
		interfaces[0].bits = cases[i].known;
		poll_reading_begin(&job);
		assert_int_equal(interfaces[0].bits, cases[i].wanted);
	}
}

static struct snmp_var
number(size_t question, uint64_t value)
{
	return (struct snmp_var){ .name = job.questions[question].oid, .number = value };
}

static void
take(const struct snmp_var *vars, size_t n)
{
	job.asked = job.nquestions;
	poll_reading_take(&job, &(struct snmp_reply){ .vars = vars, .n = n });
}

/* An answer belongs to the question of its name, wherever it stands. */
static void
answers_are_taken_by_their_names(void **state)
{
	const struct device_interface *f = &interfaces[0];
	struct snmp_var vars[7];

	(void)state;
	poll_reading_begin(&job);
	vars[0] = number(5, 123);
	vars[1] = number(4, 2);
	vars[2] = number(3, 6000);
	vars[3] = number(2, 5000);
	vars[4] = number(1, 0);
	vars[4].type = SNMP_TEXT;
	vars[4].text = "ether0";
	vars[5] = number(0, 700);
	vars[6] = number(2, 9); /* of another name */
	vars[6].name.sub[11]++;
	take(vars, countof(vars));
	assert_true(f->has_name && f->has_in && f->has_out);
	assert_int_equal(f->now.discontinuity, 123);
	assert_int_equal(f->status, 2);
	assert_int_equal(f->now.out, 6000);
	assert_int_equal(f->now.in, 5000);
	assert_in_range(f->now.clock_ms, poll_clock_ms() - 60000, poll_clock_ms());
	assert_int_equal(device.uptime_ms, 7000);
	assert_int_equal(job.asked_from, 1 + QUESTIONS);
	assert_int_equal(job.asked, 0);
}

static void
answers_of_other_types_are_none(void **state)
{
	const struct device_interface *f = &interfaces[0];
	struct snmp_var vars[4];

	(void)state;
	poll_reading_begin(&job);
	for (size_t i = 0; i < countof(vars); i++)
		vars[i] = number(i, 1);
	vars[0].type = vars[2].type = SNMP_TEXT;
	vars[0].text = vars[2].text = "1";
	vars[3].type = SNMP_ABSENT;
	take(vars, countof(vars));
	assert_false(f->has_name || f->has_in || f->has_out);
	assert_int_equal(device.uptime_ms, 5000);
	poll_reading_begin(&job);
	vars[1].type = SNMP_TEXT;
	vars[1].text = "ether1";
	take(vars, countof(vars));
	assert_false(f->has_name);
}

/* One that is not where it was is looked for, unless it was: it has no reading then. */
static void
an_interface_without_its_name_has_moved(void **state)
{
	(void)state;
	device.ninterfaces = 3;
	interfaces[0].has_name = true;
	interfaces[1].is_lost = interfaces[2].has_name = true;
	assert_false(poll_reading_moved(&device));
	for (size_t i = 0; i < 3; i++)
		interfaces[i].has_in = interfaces[i].has_out = true;
	poll_reading_drop_moved(&device);
	assert_true(interfaces[0].has_in && interfaces[0].has_out && interfaces[2].has_in);
	assert_false(interfaces[1].has_in || interfaces[1].has_out);
	interfaces[2].has_name = false;
	assert_true(poll_reading_moved(&device));
	device.ninterfaces = 2;
	assert_false(poll_reading_moved(&device));
}

static void
an_interface_without_wide_counters_is_asked_for_narrow_ones(void **state)
{
	static const struct {
		bool has_name, has_in, has_out;
		int bits;
		bool is_narrow;
	} cases[] = { { true, false, false, 64, true }, { true, true, false, 64, true },
		{ true, false, true, 64, true }, { true, true, true, 64, false },
		{ false, false, false, 64, false }, { true, false, false, 32, false } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct device_interface *f = &interfaces[0];

		f->bits = 64;
		poll_reading_begin(&job);
		f->has_name = cases[i].has_name;
		f->has_in = cases[i].has_in;
		f->has_out = cases[i].has_out;
		f->bits = cases[i].bits;
		interfaces[1].has_name = true; /* it is none of the device's */
		interfaces[1].bits = 64;
		assert_int_equal(poll_reading_retry_32_bit(&job), cases[i].is_narrow);
		assert_string_equal(questions(0),
		    cases[i].is_narrow ? " .1.3.0" WIDE RETRIED : " .1.3.0" WIDE);
		assert_int_equal(f->bits, cases[i].is_narrow ? 32 : cases[i].bits);
	}
	device.ninterfaces = 3;
	interfaces[1].bits = 64;
	poll_reading_begin(&job);
	interfaces[2].has_name = true;
	assert_true(poll_reading_retry_32_bit(&job));
	assert_int_equal(job.nquestions, 1 + 4 * QUESTIONS);
	assert_ptr_equal(job.questions[1 + 3 * QUESTIONS].interface, &interfaces[2]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_interface_has_five_questions),
		CASE(counters_have_the_width_that_was_read),
		CASE(answers_are_taken_by_their_names),
		CASE(answers_of_other_types_are_none),
		CASE(an_interface_without_its_name_has_moved),
		CASE(an_interface_without_wide_counters_is_asked_for_narrow_ones),
	};

	return cmocka_run_group_tests_name("poll_reading", tests, NULL, NULL);
}
