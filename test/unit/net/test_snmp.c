/* Agents asked over real sockets: right answers, answers to others, faults, silence. */
#include "unit.h"

#include <string.h>

#include "net/snmp_asker.h"

static void
values_arrive_whole(void **state)
{
	(void)state;
	get_all();
	assert_values();
	assert_int_equal(peer.asked, 1);
}

static void
a_bulk_reply_ends_with_the_view(void **state)
{
	static const struct snmp_oid first = OID(1, 3, 6, 1, 2, 1, 1, 5);

	(void)state;
	answers = 0;
	snmp_agent_bulk(agent, &first, 1, 4);
	await();
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 4);
	assert_int_equal(vars[1].type, SNMP_NUMBER);
	assert_int_equal(vars[2].type, SNMP_ABSENT);
}

/* Two tries, each its time; the agent is free for the next request then. */
static void
silence_ends_after_two_tries(void **state)
{
	int64_t began = clock_ms();

	(void)state;
	peer.how = SNMP_MUTE;
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
	assert_int_equal(peer.asked, 2);
	assert_in_range(clock_ms() - began, 2 * TIMEOUT_MS - 50, 2 * TIMEOUT_MS + 1500);
	peer.how = SNMP_RIGHT;
	get_all();
	assert_values();
}

static void
an_error_status_is_the_agents_word(void **state)
{
	(void)state;
	peer.how = SNMP_STATUS;
	get_all();
	assert_int_equal(got.outcome, SNMP_FAULT);
	assert_int_equal(got.status, 5);
	assert_int_equal(got.index, 1);
	assert_non_null(strstr(why, "genError"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN_TEST(values_arrive_whole),
		PLAIN_TEST(a_bulk_reply_ends_with_the_view),
		PLAIN_TEST(silence_ends_after_two_tries),
		PLAIN_TEST(an_error_status_is_the_agents_word),
	};

	return cmocka_run_group_tests_name("snmp", tests, NULL, NULL);
}
