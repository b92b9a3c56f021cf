/* Agents of version 3: their discovery, their clocks, what their Reports mean, their logins. */
#include "unit.h"

#include <poll.h>

#include "net/snmp_asker.h"
#include "net/snmp_v3_peer.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define PASSWORD "long enough"

static struct v3_peer v3;

static int
begin_with(const char *level)
{
	if (asker_begin((struct snmp_agent_conf){ .version = "3",
		.security_name = "ani",
		.security_level = level,
		.auth_protocol = "SHA",
		.auth_password = PASSWORD }) != 0)
		return -1;
	v3 = (struct v3_peer){ .agent = { .rows = table, .nrows = countof(table) },
		.engine = "\x80one engine",
		.user = "ani",
		.boots = 7,
		.seconds = 1000 };
	v3_peer_start(&v3);
	agent = agent_at(v3.agent.port);
	return agent != NULL ? 0 : -1;
}

static int
begin(void **state)
{
	(void)state;
	return begin_with("noAuthNoPriv");
}

/* The key of the peer's user, as the library makes it of the password. */
static void
give_key(const char *password)
{
	unsigned char all[64];
	size_t all_len = sizeof(all), len = sizeof(v3.key);

	assert_int_equal(generate_Ku(usmHMACSHA1AuthProtocol, OID_LENGTH(usmHMACSHA1AuthProtocol),
			     (const unsigned char *)password, strlen(password), all, &all_len),
	    SNMPERR_SUCCESS);
	assert_int_equal(generate_kul(usmHMACSHA1AuthProtocol, OID_LENGTH(usmHMACSHA1AuthProtocol),
			     (const unsigned char *)v3.engine, strlen(v3.engine), all, all_len,
			     v3.key, &len),
	    SNMPERR_SUCCESS);
	v3.has_key = true;
}

static int
begin_signed(void **state)
{
	(void)state;
	if (begin_with("authNoPriv") != 0)
		return -1;
	give_key(PASSWORD);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	asker_end();
	snmp_peer_stop(&v3.agent);
	return 0;
}

/* The engine is asked for once, then each request is one message. */
static void
values_arrive_whole(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		get_all();
		assert_values();
		assert_int_equal(v3.agent.asked, i);
		assert_int_equal(v3.discovered, 1);
	}
}

static void
a_bulk_reply_has_the_rows_asked_for(void **state)
{
	static const struct snmp_oid first = OID(1, 3, 6, 1, 2, 1, 1);

	(void)state;
	answers = 0;
	snmp_agent_bulk(agent, &first, 1, 2);
	await();
	assert_int_equal(got.n, 2);
	assert_true(vars[0].number == 4294967295 && vars[1].type == SNMP_TEXT);
	answers = 0;
	snmp_agent_bulk(agent, &first, 1, 5);
	await();
	assert_int_equal(got.n, 5);
	assert_int_equal(vars[2].type, SNMP_NUMBER);
	assert_int_equal(vars[3].type, SNMP_ABSENT);
}

static void
an_error_status_is_the_agents_word(void **state)
{
	(void)state;
	v3.agent.how = SNMP_STATUS;
	get_all();
	assert_int_equal(got.outcome, SNMP_FAULT);
	assert_int_equal(got.status, 5);
	assert_int_equal(got.index, 2);
	assert_non_null(strstr(why, "genError"));
}

/* Its clock came with the engine, so that the first signed request is in its time window. */
static void
a_signed_request_is_in_time_at_once(void **state)
{
	(void)state;
	v3.engine = "\x80in time"; /* that the library does not know yet */
	give_key(PASSWORD);
	get_all();
	assert_values();
	assert_int_equal(v3.agent.asked, 1);
}

/* An agent that has restarted since says so in a Report: the request is repeated. */
static void
an_agent_that_restarted_is_asked_again(void **state)
{
	(void)state;
	v3.engine = "\x80restarts"; /* its clock goes on in the library */
	give_key(PASSWORD);
	get_all();
	v3.boots++;
	v3.seconds = 5;
	get_all();
	assert_values();
	assert_int_equal(v3.discovered, 1);
}

/* The login of a session that was closed is gone: the next one has its own password. */
static void
a_changed_password_is_used(void **state)
{
	(void)state;
	get_all();
	assert_values();
	snmp_agent_close(agent);
	conf.auth_password = "another password";
	agent = agent_at(v3.agent.port);
	get_all();
	assert_int_equal(got.outcome, SNMP_REFUSED);
	assert_string_equal(why, "the authentication password or protocol is wrong");
	snmp_agent_close(agent);
	conf.auth_password = PASSWORD;
	agent = agent_at(v3.agent.port);
	get_all();
	assert_values();
}

static void
a_password_that_fits_no_protocol_is_refused(void **state)
{
	(void)state;
	snmp_agent_close(agent);
	conf.auth_password = "short";
	agent = agent_at(v3.agent.port);
	get_all();
	assert_int_equal(got.outcome, SNMP_REFUSED);
	assert_string_equal(why, "its passwords do not fit its protocols");
	assert_int_equal(v3.agent.asked, 0);
}

static void
a_report_says_why_a_request_is_refused(void **state)
{
	static const struct {
		int report;
		const char *why;
	} all[] = { { 1, "it does not support this security level" },
		{ 3, "it does not know this user" }, { 4, "it does not know its own engine id" },
		{ 5, "the authentication password or protocol is wrong" },
		{ 6, "the privacy password or protocol is wrong" },
		{ 7, "it refused the request" } };

	(void)state;
	v3.has_name_in_report = true;
	for (size_t i = 0; i < countof(all); i++) {
		v3.report = all[i].report;
		get_all();
		assert_int_equal(got.outcome, SNMP_REFUSED);
		assert_string_equal(why, all[i].why);
	}
	v3.report = 0; /* what was reported is forgotten */
	get_all();
	assert_values();
	v3.report = 7;
	v3.has_name_in_report = false;
	get_all();
	assert_string_equal(why, "it refused the request");
}

/* Each of the two tries has its time, before and after the engine is known. */
static void
silence_ends_after_two_tries(void **state)
{
	int64_t began;

	(void)state;
	for (int known = 0; known < 2; known++) {
		v3.agent.how = SNMP_MUTE;
		set_timeout(TIMEOUT_MS);
		began = clock_ms();
		get_all();
		assert_int_equal(got.outcome, SNMP_SILENT);
		assert_string_equal(why, "no answer");
		assert_in_range(clock_ms() - began, 2 * TIMEOUT_MS - 50, PATIENT_MS);
		snmp_peer_await(&v3.agent, known ? 6 : 2);
		assert_int_equal(known ? v3.agent.asked - 1 : v3.discovered, 2);
		v3.agent.how = SNMP_RIGHT;
		set_timeout(PATIENT_MS);
		if (!known) {
			get_all();
			assert_values();
		}
	}
	get_all();
	assert_values();
}

static void
an_answer_from_elsewhere_is_none(void **state)
{
	(void)state;
	v3.agent.how = SNMP_ELSEWHERE;
	set_timeout(TIMEOUT_MS);
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
	snmp_peer_await(&v3.agent, 2);
	v3.agent.how = SNMP_RIGHT;
	set_timeout(PATIENT_MS);
	get_all();
	v3.agent.how = SNMP_ELSEWHERE;
	set_timeout(TIMEOUT_MS);
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
}

/* Two devices with one engine id would share net-snmp's keys and clock. */
static void
an_engine_id_belongs_to_one_device(void **state)
{
	struct v3_peer twin = v3, other = v3;
	struct snmp_agent *first = agent;

	(void)state;
	twin.engine = "\x80one engine";
	other.engine = "\x80two engine";
	v3_peer_start(&twin);
	v3_peer_start(&other);
	get_all();
	agent = agent_at(twin.agent.port);
	get_all();
	assert_int_equal(got.outcome, SNMP_REFUSED);
	assert_string_equal(why, "another device has the same engine id");
	snmp_agent_close(agent);
	agent = agent_at(other.agent.port);
	get_all();
	assert_values();
	snmp_agent_close(first); /* its engine is free again */
	agent = agent_at(twin.agent.port);
	get_all();
	assert_values();
	snmp_peer_stop(&twin.agent);
	snmp_peer_stop(&other.agent);
}

/* Nothing is answered to an agent that was closed with its request under way, or not sent yet. */
static void
a_closed_agent_has_no_answer(void **state)
{
	static const struct snmp_oid name = NAME;

	(void)state;
	for (int known = 0; known < 2; known++) {
		if (known)
			get_all();
		answers = 0;
		v3.agent.how = SNMP_MUTE;
		snmp_agent_get(agent, &name, 1);
		snmp_agent_close(agent);
		v3.agent.how = SNMP_RIGHT;
		agent = agent_at(v3.agent.port);
		for (int i = 0; i < 2 * TIMEOUT_MS / 20 + 5; i++)
			snmp_engine_step(engine, 20);
		assert_int_equal(answers, 0);
	}
}

static void
pass_over(void *owner, const struct snmp_reply *reply)
{
	(void)owner;
	(void)reply;
}

/* Bug: of agents that had all answered while the poller stood still, 64 were read in one step, and
 * the others were asked again. */
static void
answers_that_have_come_are_read_before_time_is_up(void **state)
{
	enum { MANY = 80 };
	static const struct snmp_oid name = NAME;
	const char *fault;

	(void)state;
	conf.timeout_ms = TIMEOUT_MS;
	for (size_t i = 0; i < MANY; i++)
		snmp_agent_get(snmp_agent_open(engine, &conf, pass_over, NULL, &fault), &name, 1);
	snmp_peer_await(&v3.agent, MANY);
	(void)poll(NULL, 0, TIMEOUT_MS + 50);
	snmp_engine_step(engine, 0);
	(void)poll(NULL, 0, 100); /* for the peer to get what should not have been sent */
	assert_int_equal(v3.discovered, MANY);
}

#define CASE(f)        cmocka_unit_test_setup_teardown(f, begin, end)
#define SIGNED_CASE(f) cmocka_unit_test_setup_teardown(f, begin_signed, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_arrive_whole),
		CASE(a_bulk_reply_has_the_rows_asked_for),
		CASE(an_error_status_is_the_agents_word),
		SIGNED_CASE(a_signed_request_is_in_time_at_once),
		SIGNED_CASE(an_agent_that_restarted_is_asked_again),
		SIGNED_CASE(a_changed_password_is_used),
		SIGNED_CASE(a_password_that_fits_no_protocol_is_refused),
		CASE(a_report_says_why_a_request_is_refused),
		CASE(silence_ends_after_two_tries),
		CASE(an_answer_from_elsewhere_is_none),
		CASE(an_engine_id_belongs_to_one_device),
		CASE(a_closed_agent_has_no_answer),
		CASE(answers_that_have_come_are_read_before_time_is_up),
	};

	return cmocka_run_group_tests_name("snmp_v3", tests, NULL, NULL);
}
