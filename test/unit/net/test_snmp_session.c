/* The login of an agent of version 3: which keys its level needs. */
#include "fixture.h"

#include <netinet/in.h>

#include "net/resolve.h"
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
		assert_int_equal(s.securityAuthProto != NULL, cases[i].has_auth);
		if (cases[i].has_priv)
			assert_memory_not_equal(s.securityPrivKey, s.securityAuthKey, 20);
	}
}

/* The address is written out for the library, which would read a name in its own way. */
static void
an_address_is_a_specifier(void **state)
{
	static const char *const all[][2] = { { "192.0.2.7", "udp:192.0.2.7:161" },
		{ "2001:db8::7", "udp6:[2001:db8::7]:161" } };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct snmp_agent agent = { .mem = cx.mem, .conf = conf, .engine_id.len = 5 };
		netsnmp_session s = { 0 };

		agent.conf.security_level = "noAuthNoPriv";
		assert_true(resolve_numeric(all[i][0], &agent.conf.to));
		if (agent.conf.to.ss_family == AF_INET6)
			((struct sockaddr_in6 *)(void *)&agent.conf.to)->sin6_port = htons(161);
		else
			((struct sockaddr_in *)(void *)&agent.conf.to)->sin_port = htons(161);
		assert_true(snmp_session_fill(&agent, &s));
		assert_string_equal(s.peername, all[i][1]);
		assert_int_equal(s.version, SNMP_VERSION_3);
		assert_int_equal(s.securityModel, SNMP_SEC_MODEL_USM);
		assert_string_equal(s.securityName, "u");
		assert_int_equal(s.securityNameLen, 1);
		assert_ptr_equal(s.securityEngineID, agent.engine_id.id);
		assert_int_equal(s.securityEngineIDLen, 5);
		assert_int_equal(s.contextEngineIDLen, 5);
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
	agent.conf.priv_password = "short";
	assert_false(snmp_session_fill(&agent, &s));
	agent.conf.priv_password = agent.conf.auth_password;
	agent.conf.auth_password = "short";
	assert_false(snmp_session_fill(&agent, &s));
}

/* A login that cannot work is refused before anybody is asked, with what is missing. */
static void
a_login_is_complete_or_refused(void **state)
{
	static const char auth[] = "the authentication protocol or password is missing or unknown",
			  priv[] = "the privacy protocol or password is missing or unknown",
			  name[] = "version 3 needs a security name and level";
	struct snmp_agent_conf c = conf;
	const struct {
		const char *level, **part, *value, *fault;
	} cases[] = { { "authPriv", &c.security_name, "u", NULL },
		{ "authPriv", &c.security_name, NULL, name }, { NULL, &c.version, "3", name },
		{ "authPriv", &c.auth_protocol, NULL, auth },
		{ "authNoPriv", &c.auth_protocol, NULL, auth },
		{ "noAuthNoPriv", &c.auth_protocol, NULL, NULL },
		{ "authNoPriv", &c.auth_protocol, "ROT13", auth },
		{ "authPriv", &c.priv_protocol, "NOPRIV", priv },
		{ "authPriv", &c.auth_password, NULL, auth },
		{ "authNoPriv", &c.auth_password, NULL, auth },
		{ "noAuthNoPriv", &c.auth_password, NULL, NULL },
		{ "authPriv", &c.priv_protocol, NULL, priv },
		{ "authPriv", &c.priv_protocol, "ROT13", priv },
		{ "authNoPriv", &c.priv_protocol, NULL, NULL },
		{ "authPriv", &c.priv_password, NULL, priv },
		{ "authNoPriv", &c.priv_password, NULL, NULL }, { NULL, &c.version, "2c", NULL },
		{ NULL, &c.version, "1", NULL } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *fault;

		c = conf;
		c.security_level = cases[i].level;
		*cases[i].part = cases[i].value;
		fault = snmp_session_fault(&c);
		if (cases[i].fault == NULL)
			assert_null(fault);
		else
			assert_string_equal(fault, cases[i].fault);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(each_level_has_its_keys),
		FIXTURE_TEST(an_address_is_a_specifier),
		FIXTURE_TEST(a_key_is_made_once),
		FIXTURE_TEST(a_login_is_complete_or_refused),
	};

	return cmocka_run_group_tests_name("snmp_session", tests, NULL, NULL);
}
