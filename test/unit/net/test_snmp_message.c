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

/* Lengths of one octet, two and three, and a version 1 request, which has no rows. */
static void
lengths_of_all_sizes_are_read_by_the_library(void **state)
{
	unsigned char buf[SNMP_REQUEST_MAX], community[512];
	char name[400];

	(void)state;
	memset(name, 'x', sizeof(name));
	for (size_t n = 0; n < sizeof(name); n++) {
		const struct snmp_request q = { .is_v1 = n % 2 == 0,
			.community = name + sizeof(name) - 1 - n,
			.kind = PDU_GET,
			.id = 1,
			.rows = 9,
			.oids = names,
			.n = 1 };
		size_t len, community_len = sizeof(community);
		netsnmp_pdu *pdu = snmp_pdu_create(0);
		long version = -1;
		u_char *body;

		name[sizeof(name) - 1] = '\0';
		len = snmp_request_write(buf, &q);
		body = snmp_comstr_parse(buf + SNMP_REQUEST_MAX - len, &len, community,
		    &community_len, &version);
		assert_non_null(body);
		assert_int_equal(community_len, n);
		assert_int_equal(version, q.is_v1 ? SNMP_VERSION_1 : SNMP_VERSION_2c);
		assert_int_equal(snmp_pdu_parse(pdu, body, &len), 0);
		assert_int_equal(pdu->command, SNMP_MSG_GET);
		assert_int_equal(pdu->errstat, 0);
		assert_int_equal(pdu->errindex, 0);
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

/* Write one value of a message, from its end. */
static void
put_value(struct ber *b, const void *name, size_t len, int tag, const char *value)
{
	size_t end = b->at;

	ber_bytes(b, value, strlen(value));
	ber_head(b, tag, strlen(value));
	ber_bytes(b, name, len);
	ber_head(b, 0x06, len);
	ber_head(b, 0x30, end - b->at);
}

static bool
read_written(struct ber *b, struct arena *mem, struct snmp_reply *ret)
{
	static const struct snmp_question q = { .version = 1,
		.community = { (const void *)"", 0 } };

	snmp_write_pdu(b, SNMP_RESPONSE, 77, 0, 0);
	snmp_write_community(b, &q);
	return read_all(mem, b->buf + b->at, sizeof(b->buf) - b->at, ret);
}

static void
values_of_other_types(void **state)
{
	static const struct {
		int tag;
		enum snmp_value type;
	} cases[] = { { 0x80, SNMP_ABSENT }, { 0x81, SNMP_ABSENT }, { 0x82, SNMP_ABSENT },
		{ 0x05, SNMP_ABSENT }, { 0x40, SNMP_UNKNOWN }, { 0x41, SNMP_NUMBER },
		{ 0x47, SNMP_NUMBER }, { 0x04, SNMP_TEXT } };
	static struct ber b;
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	b.at = sizeof(b.buf);
	for (size_t i = countof(cases); i-- > 0;)
		put_value(&b, "\x2b\x06", 2, cases[i].tag, "7");
	assert_true(read_written(&b, mem, &reply));
	assert_int_equal(reply.n, countof(cases));
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(reply.vars[i].type, cases[i].type);
		assert_int_equal(reply.vars[i].number, cases[i].type == SNMP_NUMBER ? '7' : 0);
		assert_int_equal(reply.vars[i].name.len, 3);
		assert_int_equal(reply.vars[i].name.sub[1], 3);
		assert_int_equal(reply.vars[i].name.sub[2], 6);
	}
	arena_free(mem);
}

/* An arc has 32 bits and an end. */
static void
names_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *name;
		bool is_one;
	} cases[] = { { "\x2b", true }, { "\x2b\x8f\xff\xff\xff\x7f", true }, { "", false },
		{ "\x2b\x90\x80\x80\x80\x01", false }, { "\x2b\x81", false }, { "\x81", false } };
	static struct ber b;
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		b.at = sizeof(b.buf);
		put_value(&b, cases[i].name, strlen(cases[i].name), 0x02, "7");
		assert_int_equal(read_written(&b, mem, &reply), cases[i].is_one);
	}
	arena_free(mem);
}

/* As many values as fit into a packet are read up to a limit; what is no value ends them. */
static void
a_message_has_a_limit(void **state)
{
	static struct ber b;
	struct arena *mem = arena_new(4096);
	struct snmp_reply reply = { 0 };

	(void)state;
	for (int n = 4095; n <= 4098; n++) {
		b.at = sizeof(b.buf);
		for (int i = 0; i < n; i++)
			put_value(&b, "\x2b", 1, 0x02, "7");
		assert_true(read_written(&b, mem, &reply));
		assert_int_equal(reply.n, n < 4096 ? n : 4096);
	}
	b.at = sizeof(b.buf);
	ber_head(&b, 0x05, 0);
	put_value(&b, "\x2b", 1, 0x02, "7");
	assert_false(read_written(&b, mem, &reply));
	arena_free(mem);
}

/* The head of a response: its version, its kind, and numbers with a sign. */
static void
heads_are_read(void **state)
{
	static struct ber b;
	struct snmp_response r;

	(void)state;
	for (uint32_t version = 0; version < 3; version++)
		for (int kind = 0xa1; kind <= 0xa3; kind++) {
			const struct snmp_question q = { .version = version,
				.community = { (const void *)"c", 1 } };

			b.at = sizeof(b.buf);
			snmp_write_pdu(&b, kind, 77, 5, 255);
			snmp_write_community(&b, &q);
			assert_int_equal(snmp_response_read(b.buf + b.at, sizeof(b.buf) - b.at, &r),
			    version < 2 && kind == SNMP_RESPONSE);
		}
	assert_int_equal(r.id, 77);
	assert_int_equal(r.status, 5);
	assert_int_equal(r.index, 255);
	assert_int_equal(r.varbinds.len, 0);
}

/* A response whose lengths are right, but which ends behind its id, its status or its index. */
static void
a_head_without_all_its_parts_is_none(void **state)
{
	static const struct snmp_question q = { .version = 1,
		.community = { (const void *)"c", 1 } };
	static struct ber b;
	struct snmp_response r;

	(void)state;
	for (int parts = 0; parts <= 4; parts++) {
		b.at = sizeof(b.buf);
		if (parts > 3)
			ber_head(&b, 0x30, 0);
		for (int i = 0; i < parts && i < 3; i++)
			ber_number(&b, SNMP_INT, 77);
		ber_head(&b, SNMP_RESPONSE, sizeof(b.buf) - b.at);
		snmp_write_community(&b, &q);
		assert_int_equal(snmp_response_read(b.buf + b.at, sizeof(b.buf) - b.at, &r),
		    parts == 4);
	}
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
		ber_head(&b, 0x40, 0);
		ber_bytes(&b, arcs, SNMP_OID_MAX - 1 + more);
		ber_head(&b, 0x06, SNMP_OID_MAX - 1 + more);
		ber_head(&b, 0x30, sizeof(b.buf) - b.at);
		snmp_write_pdu(&b, SNMP_RESPONSE, 77, 0, 0);
		snmp_write_community(&b, &q);
		assert_true(read_all(mem, b.buf + b.at, sizeof(b.buf) - b.at, &reply));
		assert_int_equal(reply.vars[0].name.len, more == 0 ? SNMP_OID_MAX : 0);
		assert_int_equal(reply.vars[0].type, SNMP_UNKNOWN); /* behind the name */
	}
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_by_the_library),
		cmocka_unit_test(a_request_that_does_not_fit_is_none),
		cmocka_unit_test(lengths_of_all_sizes_are_read_by_the_library),
		cmocka_unit_test(values_of_other_types),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(a_message_has_a_limit),
		cmocka_unit_test(heads_are_read),
		cmocka_unit_test(a_head_without_all_its_parts_is_none),
		cmocka_unit_test(values_are_read_by_their_types),
		cmocka_unit_test(no_message_is_read_beyond_its_end),
		cmocka_unit_test(a_broken_message_breaks_nothing),
		cmocka_unit_test(a_name_longer_than_any_asked_for_is_empty),
	};

	return cmocka_run_group_tests_name("snmp_message", tests, NULL, NULL);
}
