/* Values of replies of version 3, out of the structures of net-snmp. */
#include "fixture.h"

#include "net/snmp_int.h"

static const oid name[SNMP_OID_MAX + 1] = { 1, 3, 6, 1, 2, 1, 4294967295U };

static void
add(netsnmp_pdu *pdu, size_t len, u_char type, const void *value, size_t size)
{
	assert_non_null(snmp_pdu_add_variable(pdu, name, len, type, value, size));
}

static struct snmp_reply
taken(netsnmp_pdu *pdu)
{
	struct snmp_reply reply = { 0 };

	snmp_take_values(cx.mem, pdu, &reply);
	snmp_free_pdu(pdu);
	return reply;
}

static void
numbers_have_32_or_64_bits(void **state)
{
	static const u_char types[] = { ASN_INTEGER, ASN_COUNTER, ASN_GAUGE, ASN_TIMETICKS,
		ASN_UINTEGER };
	const long number = -1;
	const struct counter64 wide = { 1, 4294967295U };
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
	struct snmp_reply reply;

	(void)state;
	for (size_t i = 0; i < countof(types); i++)
		add(pdu, 7, types[i], &number, sizeof(number));
	add(pdu, 7, ASN_COUNTER64, &wide, sizeof(wide));
	reply = taken(pdu);
	assert_int_equal(reply.n, countof(types) + 1);
	for (size_t i = 0; i < countof(types); i++)
		assert_true(
		    reply.vars[i].type == SNMP_NUMBER && reply.vars[i].number == UINT32_MAX);
	assert_int_equal(reply.vars[5].type, SNMP_NUMBER);
	assert_true(reply.vars[5].number == UINT64_C(0x1ffffffff));
	assert_int_equal(reply.vars[5].name.len, 7);
	assert_true(reply.vars[5].name.sub[6] == 4294967295U);
}

static void
other_values(void **state)
{
	static const u_char absent[] = { SNMP_NOSUCHOBJECT, SNMP_NOSUCHINSTANCE, SNMP_ENDOFMIBVIEW,
		ASN_NULL };
	const u_char address[4] = { 192, 0, 2, 1 };
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
	struct snmp_reply reply;

	(void)state;
	for (size_t i = 0; i < countof(absent); i++)
		add(pdu, 7, absent[i], NULL, 0);
	add(pdu, 7, ASN_IPADDRESS, address, sizeof(address));
	add(pdu, 7, ASN_OCTET_STR, "a\x01", 2);
	add(pdu, 7, ASN_OCTET_STR, "", 0);
	reply = taken(pdu);
	assert_int_equal(reply.n, 7);
	for (size_t i = 0; i < countof(absent); i++)
		assert_int_equal(reply.vars[i].type, SNMP_ABSENT);
	assert_int_equal(reply.vars[4].type, SNMP_UNKNOWN);
	assert_int_equal(reply.vars[5].type, SNMP_TEXT);
	assert_string_equal(reply.vars[5].text, "a");
	assert_int_equal(reply.vars[6].type, SNMP_TEXT);
	assert_string_equal(reply.vars[6].text, "");
}

/* A name longer than any that is asked for is empty. */
static void
names_have_a_limit(void **state)
{
	const long number = 1;
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
	struct snmp_reply reply;

	(void)state;
	add(pdu, SNMP_OID_MAX, ASN_INTEGER, &number, sizeof(number));
	add(pdu, SNMP_OID_MAX + 1, ASN_INTEGER, &number, sizeof(number));
	reply = taken(pdu);
	assert_int_equal(reply.vars[0].name.len, SNMP_OID_MAX);
	assert_int_equal(reply.vars[1].name.len, 0);
}

static void
a_reply_has_a_limit(void **state)
{
	const long number = 1;
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);

	(void)state;
	assert_int_equal(taken(pdu).n, 0);
	pdu = snmp_pdu_create(SNMP_MSG_RESPONSE);
	add(pdu, 7, ASN_INTEGER, &number, sizeof(number));
	for (int i = 1; i < 4100;
	     i++) /* at the front, as the library looks for the end each time */
		pdu->variables = memcpy(calloc(1, sizeof(netsnmp_variable_list)),
		    &(netsnmp_variable_list){ .next_variable = pdu->variables, .type = ASN_NULL },
		    sizeof(netsnmp_variable_list));
	assert_int_equal(taken(pdu).n, 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(numbers_have_32_or_64_bits),
		FIXTURE_TEST(other_values),
		FIXTURE_TEST(names_have_a_limit),
		FIXTURE_TEST(a_reply_has_a_limit),
	};

	return cmocka_run_group_tests_name("snmp_value", tests, NULL, NULL);
}
