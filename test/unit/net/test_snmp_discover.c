/* The Report that tells an engine id, read from agents that are broken or hostile. */
#include <string.h>

#include "unit.h"

#include "net/snmp_ber.h"
#include "net/snmp_discover.h"

enum { ID = 0x12345678 };

/* The Report of a net-snmp agent, for message id ID. */
static const unsigned char report[] = { 0x30, 0x6b, 0x02, 0x01, 0x03, 0x30, 0x10, 0x02, 0x04, 0x12,
	0x34, 0x56, 0x78, 0x02, 0x02, 0x05, 0xc0, 0x04, 0x01, 0x00, 0x02, 0x01, 0x03, 0x04, 0x1e,
	0x30, 0x1c, 0x04, 0x0d, 0x80, 0x00, 0x1f, 0x88, 0x80, 0x59, 0xdc, 0x48, 0x61, 0x45, 0xa2,
	0x63, 0x22, 0x02, 0x01, 0x08, 0x02, 0x02, 0x0a, 0xb9, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00,
	0x30, 0x00 };

static void
the_engine_id_and_the_clock_are_read(void **state)
{
	unsigned char msg[sizeof(report)];
	struct snmp_engine_id engine;

	(void)state;
	memcpy(msg, report, sizeof(msg));
	msg[1] = sizeof(report) - 2;
	assert_true(snmp_discover_read(msg, sizeof(msg), ID, &engine));
	assert_int_equal(engine.len, 13);
	assert_memory_equal(engine.id, report + 29, 13);
	assert_int_equal(engine.boots, 8);
	assert_int_equal(engine.seconds, 0x0ab9);
	assert_false(snmp_discover_read(msg, sizeof(msg), ID + 1, &engine));
	msg[4] = 1; /* another version */
	assert_false(snmp_discover_read(msg, sizeof(msg), ID, &engine));
}

/* Every length cut, every byte changed: no byte is read that is not there (ASan watches). */
static void
no_message_is_read_beyond_its_end(void **state)
{
	struct snmp_engine_id engine;

	(void)state;
	for (size_t len = 0; len < sizeof(report); len++) {
		unsigned char *msg = test_malloc(len + 1);

		memcpy(msg, report, len);
		assert_false(snmp_discover_read(msg, len, ID, &engine));
		test_free(msg);
	}
	for (size_t i = 0; i < sizeof(report); i++) {
		for (int b = 0; b < 256; b++) {
			unsigned char msg[sizeof(report)];

			memcpy(msg, report, sizeof(msg));
			msg[1] = sizeof(report) - 2;
			msg[i] = (unsigned char)b;
			if (snmp_discover_read(msg, sizeof(msg), ID, &engine))
				assert_in_range(engine.len, 5, SNMP_ENGINE_ID_MAX);
		}
	}
}

/* The answer of an engine with an id of that length, and a clock. */
static bool
is_answer(size_t len, uint64_t boots, uint64_t seconds, struct snmp_engine_id *ret)
{
	static const unsigned char id[SNMP_ENGINE_ID_MAX + 1] = "engine";
	static struct ber b;
	size_t end;

	b.at = sizeof(b.buf);
	ber_number(&b, SNMP_INT, seconds);
	ber_number(&b, SNMP_INT, boots);
	ber_bytes(&b, id, len);
	ber_head(&b, SNMP_OCTETS, len);
	ber_head(&b, 0x30, sizeof(b.buf) - b.at);
	ber_head(&b, SNMP_OCTETS, sizeof(b.buf) - b.at);
	end = b.at;
	ber_number(&b, SNMP_INT, ID);
	ber_head(&b, 0x30, end - b.at);
	ber_number(&b, SNMP_INT, 3);
	ber_head(&b, 0x30, sizeof(b.buf) - b.at);
	return snmp_discover_read(b.buf + b.at, sizeof(b.buf) - b.at, ID, ret);
}

static void
ids_and_clocks_have_limits(void **state)
{
	struct snmp_engine_id engine;

	(void)state;
	for (size_t len = 0; len <= SNMP_ENGINE_ID_MAX + 1; len++) {
		assert_int_equal(is_answer(len, 1, 2, &engine), len >= 5 && len <= 32);
		if (len >= 5 && len <= 32)
			assert_int_equal(engine.len, len);
	}
	assert_true(is_answer(6, INT32_MAX, INT32_MAX, &engine));
	assert_int_equal(engine.boots, INT32_MAX);
	assert_false(is_answer(6, UINT64_C(1) << 31, 0, &engine));
	assert_false(is_answer(6, 0, UINT64_C(1) << 31, &engine));
}

static void
the_question_is_well_formed(void **state)
{
	unsigned char msg[SNMP_DISCOVER_LEN];
	struct snmp_engine_id engine;

	(void)state;
	snmp_discover_write(msg, 0xffffffff);
	assert_int_equal(msg[1], SNMP_DISCOVER_LEN - 2);
	assert_int_equal(msg[9], 0x7f); /* ids are positive */
	/* It names no engine, so that it is no answer to itself. */
	assert_false(snmp_discover_read(msg, sizeof(msg), 0x7fffffff, &engine));
}

/* Bug: the request id was written over its own tag; net-snmp's agent looks no further than the
 * user. */
static void
a_strict_agent_reads_every_part(void **state)
{
	unsigned char msg[SNMP_DISCOVER_LEN];
	struct span in = { msg, sizeof(msg) }, whole, head, scoped;
	struct snmp_question q;

	(void)state;
	snmp_discover_write(msg, ID);
	whole = ber_take(&in);
	assert_int_equal(in.len, 0);
	assert_int_equal(ber_value(ber_take(&whole)), 3);
	head = ber_take(&whole);
	assert_int_equal(ber_value(ber_take(&head)), ID);
	(void)ber_take(&whole);
	scoped = ber_take(&whole);
	assert_int_equal(whole.len, 0);
	(void)ber_take(&scoped);
	(void)ber_take(&scoped);
	assert_int_equal(scoped.at[2], SNMP_INT);
	q = snmp_read_pdu(scoped);
	assert_int_equal(q.kind, 0xa0);
	assert_int_equal(q.id, ID);
	assert_int_equal(q.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_id_and_the_clock_are_read),
		cmocka_unit_test(no_message_is_read_beyond_its_end),
		cmocka_unit_test(ids_and_clocks_have_limits),
		cmocka_unit_test(the_question_is_well_formed),
		cmocka_unit_test(a_strict_agent_reads_every_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
