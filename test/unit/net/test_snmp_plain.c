/* Agents of versions 1 and 2c, which share sockets: whose answer is whose. */
#include "unit.h"

#include <string.h>

#include "net/snmp_asker.h"

enum { SOCKETS = 8, QUEUE = 64, PLACES = 8192 };

/* Neither another request's answer nor bytes that are none end the request. */
static void
an_answer_to_another_request_is_passed_over(void **state)
{
	(void)state;
	peer.how = SNMP_OTHER_ID;
	get_all();
	assert_values();
	peer.how = SNMP_NOISE;
	get_all();
	assert_values();
}

static void
an_answer_from_elsewhere_is_none(void **state)
{
	(void)state;
	peer.how = SNMP_ELSEWHERE;
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
}

static void
count_reply(void *owner, const struct snmp_reply *reply)
{
	int *counts = owner;

	counts[reply->outcome == SNMP_REPLIED && reply->n == 1 &&
	       reply->vars[0].type == SNMP_TEXT]++;
}

/*
 * Each agent has its own answer, with more of them than the queues of the shared sockets hold, and
 * one that was closed with its request still in a queue has none.
 */
static void
agents_share_sockets(void **state)
{
	enum { MANY = SOCKETS * (QUEUE + 5) };
	static const struct snmp_oid oids[] = { NAME };
	static struct snmp_agent *many[MANY];
	int counts[2] = { 0, 0 };
	const char *fault;
	int64_t until;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		many[i] = snmp_agent_open(engine, &conf, count_reply, counts, &fault);
		assert_non_null(many[i]);
		snmp_agent_get(many[i], oids, 1);
	}
	for (size_t i = MANY - 8; i < MANY; i++)
		snmp_agent_close(many[i]);
	until = clock_ms() + 5000;
	while (counts[0] + counts[1] < MANY - 8 && clock_ms() < until)
		snmp_engine_step(engine, 20);
	snmp_engine_step(engine, 20);
	assert_int_equal(counts[0] + counts[1], MANY - 8);
	assert_true(counts[1] >= MANY / 2); /* the peer's own buffer may have been full, twice */
}

/* A place that was given up serves again. */
static void
places_are_limited(void **state)
{
	static struct snmp_agent *many[PLACES];
	const char *fault = NULL;

	(void)state;
	for (size_t i = 1; i < PLACES; i++) {
		many[i] = snmp_agent_open(engine, &conf, take, &got, &fault);
		assert_non_null(many[i]);
	}
	assert_null(snmp_agent_open(engine, &conf, take, &got, &fault));
	assert_string_equal(fault, "no socket could be opened to it");
	snmp_agent_close(many[7]);
	assert_non_null(snmp_agent_open(engine, &conf, take, &got, &fault));
	get_all();
	assert_values();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN_TEST(an_answer_to_another_request_is_passed_over),
		PLAIN_TEST(an_answer_from_elsewhere_is_none),
		PLAIN_TEST(agents_share_sockets),
		PLAIN_TEST(places_are_limited),
	};

	return cmocka_run_group_tests_name("snmp_plain", tests, NULL, NULL);
}
