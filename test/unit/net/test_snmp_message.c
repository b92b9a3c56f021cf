/* Messages of versions 1 and 2c: as net-snmp reads and writes them, and what no agent should send.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "unit.h"

#include "net/snmp_ber.h"
#include "net/snmp_message.h"

static const struct snmp_oid names[] = {
	{ 9, { 1, 3, 6, 1, 2, 1, 1, 3, 0 } },
	{ 12, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 4194304000U } },
	{ 11, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 127 } },
	{ 11, { 1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 128 } },
};

static size_t
written(unsigned char buf[SNMP_REQUEST_MAX], enum snmp_kind kind, uint32_t id, size_t n)
{
	const struct snmp_request q = { .community = "s3cret",
		.kind = kind,
		.id = id,
		.rows = 200,
		.oids = names,
		.n = n };

	return snmp_request_write(buf, &q);
}

/* Another reader finds each part in its place, whatever the lengths need. */
static void
a_request_is_read_by_the_library(void **state)
{
	static const uint32_t ids[] = { 0, 127, 128, 32768, 0x7fffffff };
	unsigned char buf[SNMP_REQUEST_MAX];

	(void)state;
	for (size_t i = 0; i < countof(ids); i++) {
		size_t len = written(buf, PDU_BULK, ids[i], countof(names));
		unsigned char *msg = buf + SNMP_REQUEST_MAX - len, community[32];
		size_t community_len = sizeof(community);
		netsnmp_pdu *pdu = snmp_pdu_create(0);
		const netsnmp_variable_list *vp;
		u_char *body;
		long number = -1;

		body = snmp_comstr_parse(msg, &len, community, &community_len, &number);
		assert_non_null(body);
		assert_int_equal(number, SNMP_VERSION_2c);
		assert_memory_equal(community, "s3cret", 6);
		assert_int_equal(snmp_pdu_parse(pdu, body, &len), 0);
		assert_int_equal(pdu->command, SNMP_MSG_GETBULK);
		assert_int_equal(pdu->reqid, ids[i]);
		assert_int_equal(pdu->max_repetitions, 200);
		vp = pdu->variables;
		for (size_t k = 0; k < countof(names); k++, vp = vp->next_variable) {
			assert_int_equal(vp->name_length, names[k].len);
			for (size_t m = 0; m < names[k].len; m++)
				assert_int_equal(vp->name[m], names[k].sub[m]);
		}
		assert_null(vp);
		snmp_free_pdu(pdu);
	}
}

static void
a_request_that_does_not_fit_is_none(void **state)
{
	static char long_one[SNMP_REQUEST_MAX + 1];
	unsigned char buf[SNMP_REQUEST_MAX];
	const struct snmp_request q = { .community = memset(long_one, 'x', SNMP_REQUEST_MAX),
		.kind = PDU_GET };

	(void)state;
	assert_int_equal(snmp_request_write(buf, &q), 0);
}

/* The bytes of an answer with these varbinds, from the end of b. */
static void
answered(struct ber *b, uint64_t number, int tag)
{
	const struct snmp_question q = { .version = 1, .community = { (const void *)"c", 1 } };
	size_t end;

	b->at = sizeof(b->buf);
	ber_head(b, 0x82, 0);
	ber_name(b, &names[3]);
	ber_head(b, 0x30, sizeof(b->buf) - b->at);
	end = b->at;
	ber_bytes(b, "a\xe9\n", 3);
	ber_head(b, SNMP_OCTETS, 3);
	ber_name(b, &names[1]);
	ber_head(b, 0x30, end - b->at);
	end = b->at;
	ber_number(b, tag, number);
	ber_name(b, &names[0]);
	ber_head(b, 0x30, end - b->at);
	snmp_write_pdu(b, SNMP_RESPONSE, 77, 0, 0);
	snmp_write_community(b, &q);
}

static bool
read_all(struct arena *mem, const unsigned char *msg, size_t len, struct snmp_reply *ret)
{
	struct snmp_response r;

	return snmp_response_read(msg, len, &r) && r.id == 77 && r.status == 0 &&
	       snmp_response_values(mem, &r, ret);
}

static void
values_are_read_by_their_types(void **state)
{
	static const struct {
		int tag;
		uint64_t number, read;
	} cases[] = {
		{ SNMP_INT, 7, 7 },
		{ SNMP_GAUGE, UINT32_MAX, UINT32_MAX },
		{ SNMP_TICKS, UINT64_C(0x1ffffffff), UINT32_MAX },
		{ SNMP_WIDE, UINT64_MAX, UINT64_MAX },
		{ SNMP_WIDE, UINT64_C(1) << 63, UINT64_C(1) << 63 },
	};
	static struct ber b;
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		answered(&b, cases[i].number, cases[i].tag);
		assert_true(read_all(mem, b.buf + b.at, sizeof(b.buf) - b.at, &reply));
		assert_int_equal(reply.n, 3);
		assert_memory_equal(&reply.vars[0].name, &names[0], 10 * sizeof(uint32_t));
		assert_int_equal(reply.vars[0].type, SNMP_NUMBER);
		assert_true(reply.vars[0].number == cases[i].read);
		assert_memory_equal(reply.vars[1].name.sub, names[1].sub, 12 * sizeof(uint32_t));
		assert_string_equal(reply.vars[1].text, "a\xc3\xa9");
		assert_int_equal(reply.vars[2].type, SNMP_ABSENT);
	}
	arena_free(mem);
}

/* Cut anywhere it is none; each copy is as long as its bytes, for the address sanitizer. */
static void
no_message_is_read_beyond_its_end(void **state)
{
	static struct ber b;
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	answered(&b, 5, SNMP_WIDE);
	for (size_t len = 0; len < sizeof(b.buf) - b.at; len++) {
		unsigned char *copy = malloc(len + 1);

		memcpy(copy, b.buf + b.at, len);
		assert_false(read_all(mem, copy, len, &reply));
		free(copy);
	}
	arena_free(mem);
}

/* Each octet changed: whatever is read then lies within the message. */
static void
a_broken_message_breaks_nothing(void **state)
{
	static struct ber b;
	struct arena *mem = arena_new(4096);

	(void)state;
	answered(&b, 5, SNMP_WIDE);
	for (size_t i = b.at; i < sizeof(b.buf); i++)
		for (int value = 0; value < 256; value += 5) {
			const unsigned char kept = b.buf[i];
			struct snmp_reply reply = { 0 };

			b.buf[i] = (unsigned char)value;
			(void)read_all(mem, b.buf + b.at, sizeof(b.buf) - b.at, &reply);
			assert_true(reply.n <= 3);
			b.buf[i] = kept;
			arena_reset(mem);
		}
	arena_free(mem);
}

static void
a_name_longer_than_any_asked_for_is_empty(void **state)
{
	static const struct snmp_question q = { .version = 1,
		.community = { (const void *)"", 0 } };
	static struct ber b;
	static const unsigned char arcs[SNMP_OID_MAX] = { 1 };
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	for (size_t more = 0; more < 2; more++) { /* 20 arcs, then 21: the first octet has two */
		b.at = sizeof(b.buf);
		ber_head(&b, 0x05, 0);
		ber_bytes(&b, arcs, SNMP_OID_MAX - 1 + more);
		ber_head(&b, 0x06, SNMP_OID_MAX - 1 + more);
		ber_head(&b, 0x30, sizeof(b.buf) - b.at);
		snmp_write_pdu(&b, SNMP_RESPONSE, 77, 0, 0);
		snmp_write_community(&b, &q);
		assert_true(read_all(mem, b.buf + b.at, sizeof(b.buf) - b.at, &reply));
		assert_int_equal(reply.vars[0].name.len, more == 0 ? SNMP_OID_MAX : 0);
	}
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_by_the_library),
		cmocka_unit_test(a_request_that_does_not_fit_is_none),
		cmocka_unit_test(values_are_read_by_their_types),
		cmocka_unit_test(no_message_is_read_beyond_its_end),
		cmocka_unit_test(a_broken_message_breaks_nothing),
		cmocka_unit_test(a_name_longer_than_any_asked_for_is_empty),
	};

	return cmocka_run_group_tests_name("snmp_message", tests, NULL, NULL);
}
