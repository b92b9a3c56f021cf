/*
 * snmp_asker.h: an engine with an agent, the table of its peer, and its last answer.
 *
 * An agent that answers has PATIENT_MS, more than a busy machine needs: an answer that comes late
 * costs a second try, or none counts.  A test that expects silence sets TIMEOUT_MS first.
 */
#ifndef TEST_SNMP_ASKER_H
#define TEST_SNMP_ASKER_H

#include <stdio.h>

#include "base/clock.h"
#include "net/snmp_int.h"
#include "net/snmp_peer.h"

enum { TIMEOUT_MS = 200, PATIENT_MS = 10000 };

#define UPTIME OID(1, 3, 6, 1, 2, 1, 1, 3, 0)
#define NAME   OID(1, 3, 6, 1, 2, 1, 1, 5, 0)
#define OCTETS OID(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 7)

static const struct snmp_row table[] = {
	{ UPTIME, SNMP_TICKS, 4294967295, NULL },
	{ NAME, SNMP_OCTETS, 0, "core \xe9\x01 <b>" },
	{ OCTETS, SNMP_WIDE, 18446744073709551615U, NULL },
};

static struct ctx cx;
static struct snmp_engine *engine;
static struct snmp_agent *agent;
static struct snmp_agent_conf conf;
static struct snmp_reply got;
static struct snmp_var vars[64];
static char why[128];
static int answers;

static inline void
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

/* An agent at that port of 127.0.0.1, of the kind that conf says. */
static inline struct snmp_agent *
agent_at(int port)
{
	const char *fault;

	*(struct sockaddr_in *)(void *)&conf.to = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	return snmp_agent_open(engine, &conf, take, &got, &fault);
}

static inline int
asker_begin(struct snmp_agent_conf of_kind)
{
	got = (struct snmp_reply){ 0 };
	cx = (struct ctx){ .mem = arena_new(65536) };
	conf = of_kind;
	conf.timeout_ms = PATIENT_MS;
	return snmp_engine_open(&cx, &engine) == RC_OK ? 0 : -1;
}

static inline void
asker_end(void)
{
	snmp_engine_close(engine);
	arena_free(cx.mem);
}

/* The time that a try of the agent has from here on. */
static inline void
set_timeout(int ms)
{
	agent->conf.timeout_ms = ms;
	if (agent->session != NULL)
		snmp_sess_session(agent->session)->timeout = ms * 1000L;
}

/* Until the answer: it comes within the time of two tries. */
static inline void
await(void)
{
	int64_t until = clock_ms() + 3 * PATIENT_MS;

	while (answers == 0 && clock_ms() < until)
		snmp_engine_step(engine, 20);
	assert_int_equal(answers, 1);
}

static inline void
get_all(void)
{
	static const struct snmp_oid oids[] = { UPTIME, NAME, OCTETS };

	answers = 0;
	snmp_agent_get(agent, oids, countof(oids));
	await();
}

static inline void
assert_values(void)
{
	assert_int_equal(got.outcome, SNMP_REPLIED);
	assert_int_equal(got.n, 3);
	assert_true(vars[0].type == SNMP_NUMBER && vars[0].number == 4294967295);
	assert_string_equal(vars[1].text,
	    "core \xc3\xa9  <b>"); /* Latin-1, no control characters */
	assert_true(vars[2].number == 18446744073709551615U);
}

/* ---- of versions 1 and 2c, at a peer ---- */

static struct snmp_peer peer;

static inline int
begin_plain(void **state)
{
	(void)state;
	if (asker_begin((struct snmp_agent_conf){ .version = "2c", .community = "public1" }) != 0)
		return -1;
	peer = (struct snmp_peer){ .rows = table, .nrows = countof(table) };
	snmp_peer_start(&peer);
	agent = agent_at(peer.port);
	return agent != NULL ? 0 : -1;
}

static inline int
end_plain(void **state)
{
	(void)state;
	asker_end();
	snmp_peer_stop(&peer);
	return 0;
}

#define PLAIN_TEST(f) cmocka_unit_test_setup_teardown(f, begin_plain, end_plain)

#endif
