/* Agents asked over real sockets: right answers, answers to others, faults, silence. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "unit.h"

#include <string.h>
#include <sys/resource.h>

#include "descriptors.h"
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

#define GONE OID(1, 3, 6, 1, 2, 1, 1, 4, 0)

/* A value that the agent lacks: version 1 fails the request, and says which it was. */
static void
a_missing_value_is_absent_or_a_fault(void **state)
{
	static const struct snmp_oid oids[] = { NAME, GONE };

	(void)state;
	answers = 0;
	snmp_agent_get(agent, oids, 2);
	await();
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 2);
	assert_int_equal(vars[1].type, SNMP_ABSENT);
	conf.version = "1";
	agent = agent_at(peer.port);
	answers = 0;
	snmp_agent_get(agent, oids, 2);
	await();
	assert_int_equal(got.outcome, SNMP_FAULT);
	assert_int_equal(got.status, 2);
	assert_int_equal(got.index, 2);
	get_all();
	assert_values();
}

/* Version 1 has no bulk: it is asked for one successor of each name. */
static void
version_1_has_no_bulk(void **state)
{
	static const struct snmp_oid first = OID(1, 3, 6, 1, 2, 1, 1);

	(void)state;
	conf.version = "1";
	agent = agent_at(peer.port);
	answers = 0;
	snmp_agent_bulk(agent, &first, 1, 4);
	await();
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 1);
	assert_true(vars[0].number == 4294967295);
}

/* Agents are closed in any order, the rest with their engine, which leaves no descriptor. */
static void
an_engine_leaves_nothing(void **state)
{
	const int before = descriptors();
	struct snmp_engine *first = engine;
	struct snmp_agent *all[6];

	(void)state;
	assert_int_equal(snmp_engine_open(&cx, &engine), RC_OK);
	for (size_t i = 0; i < countof(all); i++) {
		conf.version = i % 2 == 0 ? "2c" : "3";
		conf.security_name = "u";
		conf.security_level = "noAuthNoPriv";
		all[i] = agent_at(peer.port);
		assert_non_null(all[i]);
	}
	snmp_agent_close(all[2]);
	snmp_agent_close(all[5]);
	snmp_agent_close(all[0]);
	snmp_agent_close(all[1]);
	snmp_engine_close(engine);
	assert_int_equal(descriptors(), before);
	engine = first;
	conf.version = "2c";
	get_all();
	assert_values();
}

/* Agents of version 3 have a socket each: as many as the machine allows. Net-snmp reads no file. */
static void
an_engine_sets_its_process_up(void **state)
{
	static const int off[] = { NETSNMP_DS_LIB_DONT_READ_CONFIGS,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES };
	struct snmp_engine *other;
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(setenv("MIBS", "ALL", 1), 0);
	assert_int_equal(snmp_engine_open(&cx, &other), RC_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	assert_string_equal(getenv("MIBS"), "");
	assert_string_equal(getenv("MIBDIRS"), "");
	assert_string_equal(getenv("SNMPCONFPATH"), "/nonexistent");
	for (size_t i = 0; i < countof(off); i++)
		assert_int_equal(netsnmp_ds_get_boolean(NETSNMP_DS_LIBRARY_ID, off[i]), 1);
	snmp_engine_close(other);
}

/* Two tries, each its time; the agent is free for the next request then. */
static void
silence_ends_after_two_tries(void **state)
{
	int64_t began;

	(void)state;
	peer.how = SNMP_MUTE;
	set_timeout(TIMEOUT_MS);
	began = clock_ms();
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
	assert_in_range(clock_ms() - began, 2 * TIMEOUT_MS - 50, PATIENT_MS);
	snmp_peer_await(&peer, 2);
	assert_int_equal(peer.asked, 2);
	peer.how = SNMP_RIGHT;
	set_timeout(PATIENT_MS);
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
		PLAIN_TEST(a_missing_value_is_absent_or_a_fault),
		PLAIN_TEST(version_1_has_no_bulk),
		PLAIN_TEST(an_engine_leaves_nothing),
		PLAIN_TEST(an_engine_sets_its_process_up),
	};

	return cmocka_run_group_tests_name("snmp", tests, NULL, NULL);
}
