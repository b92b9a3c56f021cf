/* The login of an agent of version 3: which keys its level needs. */
#include "fixture.h"

#include "net/snmp_int.h"

static const struct snmp_agent_conf conf = { .version = "3",
	.security_name = "u",
	.auth_protocol = "SHA",
	.auth_password = "long enough",
	.priv_protocol = "AES",
	.priv_password = "longer than that" };

/* A device may name passwords that its level does not use: they are no part of its login. */
static void
each_level_has_its_keys(void **state)
{
	static const struct {
		const char *level;
		int wanted;
		bool has_auth, has_priv;
	} cases[] = { { "noAuthNoPriv", SNMP_SEC_LEVEL_NOAUTH, false, false },
		{ "authNoPriv", SNMP_SEC_LEVEL_AUTHNOPRIV, true, false },
		{ "authPriv", SNMP_SEC_LEVEL_AUTHPRIV, true, true } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct snmp_engine *engine = arena_alloc(cx.mem, sizeof(*engine));
		struct snmp_agent agent = { .engine = engine, .mem = cx.mem, .conf = conf };
		netsnmp_session s = { 0 };

		engine->life = cx.mem;
		agent.conf.security_level = cases[i].level;
		agent.conf.to.ss_family = AF_INET;
		assert_true(snmp_session_fill(&agent, &s));
		assert_int_equal(s.securityLevel, cases[i].wanted);
		assert_int_equal(s.securityAuthKeyLen > 0, cases[i].has_auth);
		assert_int_equal(s.securityPrivKeyLen > 0, cases[i].has_priv);
		assert_int_equal(s.securityPrivProto != NULL, cases[i].has_priv);
	}
}

/* Keys cost a megabyte of hashing each: devices that share a passphrase share its key. */
static void
a_key_is_made_once(void **state)
{
	struct snmp_engine *engine = arena_alloc(cx.mem, sizeof(*engine));
	struct snmp_agent agent = { .engine = engine, .mem = cx.mem, .conf = conf };
	netsnmp_session s = { 0 };

	(void)state;
	engine->life = cx.mem;
	agent.conf.security_level = "authPriv";
	agent.conf.priv_password = conf.auth_password;
	for (int i = 0; i < 2; i++)
		assert_true(snmp_session_fill(&agent, &s));
	assert_non_null(engine->keys);
	assert_null(engine->keys->next);
	agent.conf.auth_protocol = "MD5"; /* another hash, another key */
	assert_true(snmp_session_fill(&agent, &s));
	assert_non_null(engine->keys->next);
	agent.conf.auth_password = "short";
	assert_false(snmp_session_fill(&agent, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(each_level_has_its_keys),
		FIXTURE_TEST(a_key_is_made_once),
	};

	return cmocka_run_group_tests_name("snmp_session", tests, NULL, NULL);
}
