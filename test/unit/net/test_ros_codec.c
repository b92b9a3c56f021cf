#include "fixture.h"

#include <limits.h>
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "net/ros_codec.h"

static void
feed(struct ros_decoder *d, const char *bytes, size_t n)
{
	size_t room;

	while (n > 0) {
		char *to = ros_decoder_room(d, &room);

		room = room < n ? room : n;
		memcpy(to, bytes, room);
		ros_decoder_fed(d, room);
		bytes += room;
		n -= room;
	}
}

static void
word(struct sb *out, const char *bytes, size_t n)
{
	unsigned char head[5];

	sb_add(out, (const char *)head, ros_length_put((uint32_t)n, head));
	sb_add(out, bytes, n);
}

#define WORD(out, literal) word(out, literal, sizeof(literal) - 1)

static struct ros_decoder *
fed(struct arena *mem, const struct sb *in)
{
	struct ros_decoder *d = ros_decoder_new(mem);

	feed(d, in->buf, in->len);
	return d;
}

/* ----------------------------------------------------------------- lengths */

static void
lengths_at_every_boundary(void **state)
{
	static const struct {
		uint32_t n;
		size_t size;
		unsigned char bytes[5];
	} cases[] = {
		{ 0, 1, { 0x00 } },
		{ 127, 1, { 0x7F } },
		{ 128, 2, { 0x80, 0x80 } },
		{ 256, 2, { 0x81, 0x00 } },
		{ 16383, 2, { 0xBF, 0xFF } },
		{ 16384, 3, { 0xC0, 0x40, 0x00 } },
		{ 0x1FFFFF, 3, { 0xDF, 0xFF, 0xFF } },
		{ 0x200000, 4, { 0xE0, 0x20, 0x00, 0x00 } },
		{ 0xFFFFFFF, 4, { 0xEF, 0xFF, 0xFF, 0xFF } },
		{ 0x10000000, 5, { 0xF0, 0x10, 0x00, 0x00, 0x00 } },
		{ UINT32_MAX, 5, { 0xF0, 0xFF, 0xFF, 0xFF, 0xFF } },
	};
	unsigned char got[5];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(ros_length_put(cases[i].n, got), cases[i].size);
		assert_memory_equal(got, cases[i].bytes, cases[i].size);
	}
}

/* A value such that the whole word has n bytes comes back whole, in pieces of any size. */
static void
round_trip(struct arena *mem, size_t n, size_t piece)
{
	static const char head[] = "=x=";
	struct sb in = sb_new(mem);
	char *value = arena_alloc(mem, n);
	struct ros_decoder *d = ros_decoder_new(mem);
	struct ros_row row;
	const struct ros_attr *a;

	memcpy(memset(value, 'v', n), head, 3);
	WORD(&in, "!re");
	word(&in, value, n);
	sb_putc(&in, '\0');
	for (size_t i = 0; i < in.len; i += piece) {
		assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_NEED);
		feed(d, in.buf + i, piece < in.len - i ? piece : in.len - i);
	}
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	a = ros_row_attr(&row, "x");
	assert_non_null(a);
	assert_int_equal(a->len, n - 3);
	assert_memory_equal(a->val, value + 3, n - 3);
	assert_int_equal(a->val[a->len], '\0');
	assert_true(ros_decoder_idle(d));
}

static void
words_of_every_length_come_whole(void **state)
{
	static const size_t sizes[] = { 3, 127, 128, 256, 16383, 16384, 0x1FFFFF, 0x200000 };

	(void)state;
	for (size_t i = 0; i < countof(sizes); i++) {
		round_trip(cx.mem, sizes[i], SIZE_MAX / 2);
		round_trip(cx.mem, sizes[i], sizes[i] < 1000 ? 1 : 4093);
	}
	round_trip(cx.mem, ROS_WORD_MAX, 1 << 20);
}

/* Longer forms than needed, and a NUL as the second byte of a length. */
static void
long_forms_of_short_lengths(void **state)
{
	static const char bytes[] = "\xF0\x00\x00\x00\x03!re\xE0\x00\x00\x04=a=1\xC0\x00\x04=b=2"
				    "\x80\x04=c=3\x80\x00";
	struct ros_decoder *d = ros_decoder_new(cx.mem);
	struct ros_row row;

	(void)state;
	feed(d, bytes, sizeof(bytes) - 1);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_int_equal(row.nattrs, 3);
	assert_string_equal(ros_row_get(&row, "a"), "1");
	assert_string_equal(ros_row_get(&row, "c"), "3");
}

static void
refuses_what_is_not_the_protocol(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
	} cases[] = {
		{ "\xF8", 1, "reserved length byte" },
		{ "\xFF\x00", 2, "reserved length byte" },
		{ "\xF1\x00\x00\x00\x01", 5, "reserved length byte" },
		{ "\x03!re\xF9", 5, "reserved length byte" },
		{ "\xE1\x00\x00\x01", 4, "word too long" },
		{ "\xF0\xFF\xFF\xFF\xFF", 5, "word too long" },
		{ "\x04HTTP\x00", 6, "a reply without !" },
		{ "\x04=a=b\x00", 6, "a reply without !" },
	};
	struct ros_row row;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct ros_decoder *d = ros_decoder_new(cx.mem);

		feed(d, cases[i].bytes, cases[i].n);
		assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_BAD);
		assert_string_equal(ros_decoder_why(d), cases[i].why);
		feed(d, "\x03!re\x00", 5);
		assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_BAD);
	}
}

static void
refuses_too_many_words_and_bytes(void **state)
{
	struct sb in = sb_new(cx.mem);
	char *big = arena_alloc(cx.mem, ROS_WORD_MAX);
	struct ros_decoder *d;
	struct ros_row row;

	(void)state;
	WORD(&in, "!re");
	for (size_t i = 1; i < ROS_WORDS_MAX; i++)
		WORD(&in, "=a=");
	sb_putc(&in, '\0');
	d = fed(cx.mem, &in);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_int_equal(row.nattrs, ROS_WORDS_MAX - 1);

	in.len--;
	WORD(&in, "=a=");
	d = fed(cx.mem, &in);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_BAD);
	assert_string_equal(ros_decoder_why(d), "too many words in a sentence");

	in.len = 0;
	WORD(&in, "!re");
	word(&in, big, ROS_WORD_MAX);
	word(&in, big, ROS_WORD_MAX);
	d = fed(cx.mem, &in);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_BAD);
	assert_string_equal(ros_decoder_why(d), "sentence too long");
}

/* --------------------------------------------------------------- sentences */

static void
splits_what_a_router_says(void **state)
{
	struct sb in = sb_new(cx.mem);
	struct ros_decoder *d;
	struct ros_row row;

	(void)state;
	sb_add(&in, "\0\0", 2); /* empty sentences */
	WORD(&in, "!re");
	WORD(&in, "=.id=*1A");
	WORD(&in, ".tag=999999999"); /* nine digits, the most */
	WORD(&in, "=comment=a=b=");
	WORD(&in, "=once=");
	WORD(&in, "=flag");
	WORD(&in, "==odd");
	WORD(&in, "=bin=\0\n=\0");
	WORD(&in, "=.id=*2");
	sb_add(&in, "\0\0", 2);
	WORD(&in, "!re");
	sb_putc(&in, '\0');
	d = fed(cx.mem, &in);

	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_int_equal(row.kind, ROS_KIND_RE);
	assert_int_equal(row.tag, 999999999);
	assert_int_equal(row.nattrs, 7);
	assert_string_equal(ros_row_get(&row, ".id"), "*1A");
	assert_string_equal(ros_row_get(&row, "comment"), "a=b=");
	assert_string_equal(ros_row_get(&row, "once"), "");
	assert_string_equal(ros_row_get(&row, "flag"), "");
	assert_string_equal(ros_row_get(&row, ""), "odd");
	assert_int_equal(ros_row_attr(&row, "bin")->len, 4);
	assert_memory_equal(ros_row_get(&row, "bin"), "\0\n=\0", 5);
	assert_null(ros_row_get(&row, "commen"));
	assert_null(ros_row_get(&row, "missing"));

	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_int_equal(row.nattrs, 0);
	assert_int_equal(row.tag, 0);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_NEED);
	assert_true(ros_decoder_idle(d));
}

static void
knows_the_first_words(void **state)
{
	static const struct {
		const char *word;
		enum ros_kind kind;
	} cases[] = {
		{ "!re", ROS_KIND_RE },
		{ "!done", ROS_KIND_DONE },
		{ "!trap", ROS_KIND_TRAP },
		{ "!empty", ROS_KIND_EMPTY },
		{ "!fatal", ROS_KIND_FATAL },
		{ "!rex", ROS_KIND_OTHER },
		{ "!", ROS_KIND_OTHER },
		{ "!done ", ROS_KIND_OTHER },
	};
	struct ros_row row;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct sb in = sb_new(cx.mem);

		word(&in, cases[i].word, strlen(cases[i].word));
		WORD(&in, "plain reason");
		WORD(&in, "more");
		sb_putc(&in, '\0');
		assert_int_equal(ros_decoder_next(fed(cx.mem, &in), &row), ROS_STEP_ROW);
		assert_int_equal(row.kind, cases[i].kind);
		assert_string_equal(row.text, "plain reason");
	}
}

static void
odd_tags_are_nobodys(void **state)
{
	static const char *const odd[] = { ".tag=", ".tag=x", ".tag=1x", ".tag=-1", ".tag=0",
		".tag=4294967296", ".tag=9999999999999999999999" };
	struct ros_row row;

	(void)state;
	for (size_t i = 0; i < countof(odd); i++) {
		struct sb in = sb_new(cx.mem);

		WORD(&in, "!done");
		word(&in, odd[i], strlen(odd[i]));
		sb_putc(&in, '\0');
		assert_int_equal(ros_decoder_next(fed(cx.mem, &in), &row), ROS_STEP_ROW);
		assert_int_equal(row.tag, UINT_MAX);
	}
}

/* Winbox of old writes the machine's code page: one such comment must not spoil a listing. */
static void
bytes_that_are_not_utf8_are_latin1(void **state)
{
	struct sb in = sb_new(cx.mem);
	struct ros_decoder *d;
	struct ros_row row, copy;

	(void)state;
	WORD(&in, "!re");
	WORD(&in, "=a=caf\xE9");
	WORD(&in, "=b=caf\xC3\xA9");
	WORD(&in, "=c=\xED\xA0\x80");
	sb_putc(&in, '\0');
	WORD(&in, "!done");
	sb_putc(&in, '\0');
	d = fed(cx.mem, &in);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_string_equal(ros_row_get(&row, "a"), "caf\xC3\xA9");
	assert_int_equal(ros_row_attr(&row, "a")->len, 5);
	assert_string_equal(ros_row_get(&row, "b"), "caf\xC3\xA9");
	assert_string_equal(ros_row_get(&row, "c"), "\xC3\xAD\xC2\xA0\xC2\x80");
	copy = ros_row_dup(cx.mem, &row);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_int_equal(row.kind, ROS_KIND_DONE);
	assert_string_equal(ros_row_get(&copy, "a"), "caf\xC3\xA9");
}

/* A connection is kept for days: texts that were turned into UTF-8 go with their sentence. */
static void
turned_texts_go_with_their_sentence(void **state)
{
	struct sb in = sb_new(cx.mem);
	struct ros_decoder *d;
	struct ros_row row;
	const char *first;

	(void)state;
	assert_false(__asan_address_is_poisoned(cx.mem));
	for (int i = 0; i < 2; i++) {
		WORD(&in, "!re");
		WORD(&in, "=a=caf\xE9");
		sb_putc(&in, '\0');
	}
	d = fed(cx.mem, &in);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	first = ros_row_get(&row, "a");
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_ROW);
	assert_true(__asan_address_is_poisoned(first));
	assert_string_equal(ros_row_get(&row, "a"), "caf\xC3\xA9");
}

/* A lying length must not make us reserve what never comes: the buffer grows with the bytes. */
static void
room_grows_with_what_came(void **state)
{
	struct ros_decoder *d = ros_decoder_new(cx.mem);
	struct ros_row row;
	size_t room;

	(void)state;
	feed(d, "\x03!re\xE0\xFF\xFF\xFF", 8);
	assert_int_equal(ros_decoder_next(d, &row), ROS_STEP_NEED);
	(void)ros_decoder_room(d, &room);
	assert_in_range(room, 1, 1 << 17);
}

/* ---------------------------------------------------------------- commands */

static void
assert_sent(const struct ros_cmd *c, unsigned tag, const char *want, size_t n)
{
	struct sb out = sb_new(c->out.mem);

	assert_false(c->bad);
	ros_cmd_seal(c, tag, &out);
	assert_int_equal(out.len, n);
	assert_memory_equal(out.buf, want, n);
}

#define ASSERT_SENT(c, tag, literal) assert_sent(c, tag, literal, sizeof(literal) - 1)

static void
builds_a_command(void **state)
{
	struct ros_cmd c = ros_cmd_new(cx.mem, "/ppp/secret/add");

	(void)state;
	ros_cmd_set(&c, "name", "budi=x");
	ros_cmd_set(&c, "comment", NULL);
	ros_cmd_set(&c, "profile", "");
	ros_cmd_set(&c, "disabled", "yes");
	ASSERT_SENT(&c, 0, "\x0f/ppp/secret/add\x0c=name=budi=x\x09=profile=\x0d=disabled=yes\0");
	ASSERT_SENT(&c, 12,
	    "\x0f/ppp/secret/add\x0c=name=budi=x\x09=profile=\x0d=disabled=yes"
	    "\x07.tag=12\0");
}

static void
builds_a_query(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	struct ros_cmd c = ros_cmd_new(cx.mem, "/x");

	(void)state;
	ros_cmd_props(&c, ".id,name");
	ros_cmd_any(&c, "name", names, 3);
	ros_cmd_where(&c, ">comment", "");
	ros_cmd_query(&c, "?-dynamic");
	ASSERT_SENT(&c, 0,
	    "\x02/x\x13=.proplist=.id,name\x07?name=a\x07?name=b\x07?name=c\x03?#|\x03?#|"
	    "\x0a?>comment=\x09?-dynamic\0");
}

static void
marks_a_misused_builder(void **state)
{
	static const char *const paths[] = { "", "ppp", "/ppp secret", "/ppp\n", "/p=x" };
	static const char *const keys[] = { "", "a=b", "a b", "a\x01", "\xC3\xA9" };
	struct ros_cmd c;

	(void)state;
	for (size_t i = 0; i < countof(paths); i++)
		assert_true(ros_cmd_new(cx.mem, paths[i]).bad);
	for (size_t i = 0; i < countof(keys); i++) {
		c = ros_cmd_new(cx.mem, "/x");
		ros_cmd_set(&c, keys[i], "v");
		assert_true(c.bad);
	}
	c = ros_cmd_new(cx.mem, "/x");
	ros_cmd_any(&c, "name", NULL, 0); /* no condition would mean every row */
	assert_true(c.bad);
	c = ros_cmd_new(cx.mem, "/x");
	ros_cmd_query(&c, "=name=x");
	assert_true(c.bad);
	c = ros_cmd_new(cx.mem, "/x");
	ros_cmd_set(&c, "k", memset(arena_alloc(cx.mem, ROS_WORD_MAX + 1), 'x', ROS_WORD_MAX));
	assert_true(c.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_at_every_boundary),
		FIXTURE_TEST(words_of_every_length_come_whole),
		FIXTURE_TEST(long_forms_of_short_lengths),
		FIXTURE_TEST(refuses_what_is_not_the_protocol),
		FIXTURE_TEST(refuses_too_many_words_and_bytes),
		FIXTURE_TEST(splits_what_a_router_says),
		FIXTURE_TEST(knows_the_first_words),
		FIXTURE_TEST(odd_tags_are_nobodys),
		FIXTURE_TEST(bytes_that_are_not_utf8_are_latin1),
		FIXTURE_TEST(turned_texts_go_with_their_sentence),
		FIXTURE_TEST(room_grows_with_what_came),
		FIXTURE_TEST(builds_a_command),
		FIXTURE_TEST(builds_a_query),
		FIXTURE_TEST(marks_a_misused_builder),
	};

	return cmocka_run_group_tests_name("ros_codec", tests, NULL, NULL);
}
