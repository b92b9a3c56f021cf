/* Agents asked over real sockets: right answers, answers to others, faults, silence. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/snmp_peer.h"

enum { TIMEOUT_MS = 200, SOCKETS = 8, QUEUE = 64, PLACES = 8192 };

#define OID(...)                                                                                   \
	{                                                                                          \
		sizeof((uint32_t[]){ __VA_ARGS__ }) / 4,                                           \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define UPTIME OID(1, 3, 6, 1, 2, 1, 1, 3, 0)
#define NAME   OID(1, 3, 6, 1, 2, 1, 1, 5, 0)
#define OCTETS OID(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 7)

static const struct snmp_row table[] = {
	{ UPTIME, SNMP_TICKS, 4294967295, NULL },
	{ NAME, SNMP_OCTETS, 0, "core \xe9\x01 <b>" },
	{ OCTETS, SNMP_WIDE, 18446744073709551615U, NULL },
};

/* The engine, an agent, and what came of the last request. */
static struct ctx cx;
static struct snmp_engine *engine;
static struct snmp_agent *agent;
static struct snmp_peer peer;
static struct snmp_agent_conf conf;
static struct snmp_reply got;
static struct snmp_var vars[64];
static char why[128];
static int answers;

static void
take(void *owner, const struct snmp_reply *reply)
{
	assert_ptr_equal(owner, &got);
	answers++;
	got = *reply;
	got.n = reply->n < countof(vars) ? reply->n : countof(vars);
	for (size_t i = 0; i < got.n; i++) {
		vars[i] = reply->vars[i];
		if (vars[i].text != NULL)
			vars[i].text = arena_strdup(cx.mem, vars[i].text);
	}
	(void)snprintf(why, sizeof(why), "%s", reply->why != NULL ? reply->why : "");
}

static int
begin(void **state)
{
	struct sockaddr_in *to = (void *)&conf.to;
	const char *fault;

	(void)state;
	answers = 0;
	got = (struct snmp_reply){ 0 };
	cx = (struct ctx){ .mem = arena_new(65536) };
	peer = (struct snmp_peer){ .rows = table, .nrows = countof(table) };
	snmp_peer_start(&peer);
	conf = (struct snmp_agent_conf){ .version = "2c",
		.community = "public1",
		.timeout_ms = TIMEOUT_MS };
	*to = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer.port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	if (snmp_engine_open(&cx, &engine) != RC_OK)
		return -1;
	agent = snmp_agent_open(engine, &conf, take, &got, &fault);
	return agent != NULL ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	snmp_engine_close(engine);
	snmp_peer_stop(&peer);
	arena_free(cx.mem);
	return 0;
}

/* Until the answer, or 3 s. */
static void
await(void)
{
	int64_t until = clock_ms() + 3000;

	while (answers == 0 && clock_ms() < until)
		snmp_engine_step(engine, 20);
	assert_int_equal(answers, 1);
}

static void
get_all(void)
{
	static const struct snmp_oid oids[] = { UPTIME, NAME, OCTETS };

	snmp_agent_get(agent, oids, countof(oids));
	await();
}

static void
assert_values(void)
{
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 3);
	assert_true(vars[0].type == SNMP_NUMBER && vars[0].number == 4294967295);
	assert_string_equal(vars[1].text,
	    "core \xc3\xa9  <b>"); /* Latin-1, no control characters */
	assert_true(vars[2].number == 18446744073709551615U);
}

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
	snmp_agent_bulk(agent, &first, 1, 4);
	await();
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 4);
	assert_int_equal(vars[1].type, SNMP_NUMBER);
	assert_int_equal(vars[2].type, SNMP_ABSENT);
}

/* Neither another request's answer nor bytes that are none end the request. */
static void
an_answer_to_another_request_is_passed_over(void **state)
{
	(void)state;
	peer.how = SNMP_OTHER_ID;
	get_all();
	assert_values();
	answers = 0;
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
	answers = 0;
	peer.how = SNMP_RIGHT;
	get_all();
	assert_values();
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

static void
version_3_needs_what_it_says(void **state)
{
	struct snmp_agent_conf wrong[] = {
		{ .version = "3" },
		{ .version = "3", .security_name = "u", .security_level = "authNoPriv" },
		{ .version = "3",
		    .security_name = "u",
		    .security_level = "authPriv",
		    .auth_protocol = "SHA",
		    .auth_password = "long enough",
		    .priv_protocol = "ROT13",
		    .priv_password = "long enough" },
	};
	const char *fault;

	(void)state;
	for (size_t i = 0; i < countof(wrong); i++) {
		fault = NULL;
		assert_null(snmp_agent_open(engine, &wrong[i], take, &got, &fault));
		assert_non_null(fault);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_arrive_whole, begin, end),
		cmocka_unit_test_setup_teardown(a_bulk_reply_ends_with_the_view, begin, end),
		cmocka_unit_test_setup_teardown(an_answer_to_another_request_is_passed_over, begin,
		    end),
		cmocka_unit_test_setup_teardown(an_answer_from_elsewhere_is_none, begin, end),
		cmocka_unit_test_setup_teardown(silence_ends_after_two_tries, begin, end),
		cmocka_unit_test_setup_teardown(agents_share_sockets, begin, end),
		cmocka_unit_test_setup_teardown(places_are_limited, begin, end),
		cmocka_unit_test_setup_teardown(an_error_status_is_the_agents_word, begin, end),
		cmocka_unit_test_setup_teardown(version_3_needs_what_it_says, begin, end),
	};

	return cmocka_run_group_tests_name("snmp", tests, NULL, NULL);
}
