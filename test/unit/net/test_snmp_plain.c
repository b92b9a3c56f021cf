/* Agents of versions 1 and 2c, which share sockets: whose answer is whose. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "net/snmp_asker.h"
#include "refuse.h"

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
	peer.how = SNMP_BROKEN;
	get_all();
	assert_values();
}

static void
a_request_has_one_answer(void **state)
{
	(void)state;
	peer.how = SNMP_TWICE;
	get_all();
	for (int i = 0; i < 5; i++)
		snmp_engine_step(engine, 20);
	assert_int_equal(answers, 1);
	assert_values();
}

/* A socket of IPv6 that reaches the peer by its IPv4 address. */
static void
an_agent_of_ipv6_is_asked(void **state)
{
	struct sockaddr_in6 *to = (void *)&conf.to;
	const char *fault;

	(void)state;
	*to = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)peer.port) };
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to->sin6_addr), 1);
	agent = snmp_agent_open(engine, &conf, take, &got, &fault);
	get_all();
	assert_values();
	peer.how = SNMP_ELSEWHERE;
	set_timeout(TIMEOUT_MS);
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
}

static void
a_request_that_does_not_fit_is_not_sent(void **state)
{
	char community[9000];

	(void)state;
	memset(community, 'x', sizeof(community));
	community[sizeof(community) - 1] = '\0';
	conf.community = community;
	agent = agent_at(peer.port);
	get_all();
	assert_int_equal(got.outcome, SNMP_SILENT);
	assert_string_equal(why, "the request could not be sent");
	assert_int_equal(peer.asked, 0);
}

/* Open an agent in an engine of a process in which such a call fails; its reason. */
static int
open_without(unsigned call)
{
	struct snmp_engine *other;
	const char *fault = "";

	if (snmp_engine_open(&cx, &other) != RC_OK || !refuse_call(call, EMFILE))
		return 1;
	return snmp_agent_open(other, &conf, take, &got, &fault) == NULL &&
		       strcmp(fault, "no socket could be opened to it") == 0
		   ? 0
		   : 2;
}

static void
a_machine_without_sockets_asks_nobody(void **state)
{
	static const unsigned calls[] = { SYS_socket, SYS_epoll_ctl };

	(void)state;
	for (size_t i = 0; i < countof(calls); i++) {
		int status = -1;
		const pid_t child = fork();

		if (child == 0)
			_exit(open_without(calls[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static void
an_answer_from_elsewhere_is_none(void **state)
{
	(void)state;
	peer.how = SNMP_ELSEWHERE;
	set_timeout(TIMEOUT_MS);
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
	conf.timeout_ms = 3000; /* requests that the peer's buffer could not hold wait for it */
	for (size_t i = 0; i < MANY; i++) {
		many[i] = snmp_agent_open(engine, &conf, count_reply, counts, &fault);
		assert_non_null(many[i]);
		snmp_agent_get(many[i], oids, 1);
	}
	for (size_t i = MANY - 8; i < MANY; i++)
		snmp_agent_close(many[i]);
	until = clock_ms() + 3 * PATIENT_MS;
	while (counts[0] + counts[1] < MANY - 8 && clock_ms() < until)
		snmp_engine_step(engine, 20);
	snmp_engine_step(engine, 20);
	assert_int_equal(counts[0] + counts[1], MANY - 8);
	assert_true(counts[1] >= MANY / 2); /* the peer's own buffer may have been full */
}

/*
 * Bug: the poller stood still until all requests were over their time. It read 32 of the answers
 * that had come to a socket meanwhile, and asked the agents of the others again.
 */
static void
answers_that_have_come_are_read_before_time_is_up(void **state)
{
	enum { MANY = SOCKETS * 40 };
	static const struct snmp_oid oids[] = { NAME };
	int counts[2] = { 0, 0 };
	const char *fault;

	(void)state;
	conf.timeout_ms = TIMEOUT_MS;
	for (size_t i = 0; i < MANY; i++)
		snmp_agent_get(snmp_agent_open(engine, &conf, count_reply, counts, &fault), oids,
		    1);
	snmp_plain_flush(engine);
	snmp_peer_await(&peer, MANY);
	(void)poll(NULL, 0, TIMEOUT_MS + 50);
	snmp_engine_step(engine, 0);
	assert_int_equal(counts[1], MANY);
	assert_int_equal(peer.handled, MANY);
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
		PLAIN_TEST(a_request_has_one_answer),
		PLAIN_TEST(an_agent_of_ipv6_is_asked),
		PLAIN_TEST(a_request_that_does_not_fit_is_not_sent),
		PLAIN_TEST(a_machine_without_sockets_asks_nobody),
		PLAIN_TEST(agents_share_sockets),
		PLAIN_TEST(answers_that_have_come_are_read_before_time_is_up),
		PLAIN_TEST(places_are_limited),
	};

	return cmocka_run_group_tests_name("snmp_plain", tests, NULL, NULL);
}
