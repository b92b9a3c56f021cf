#include "fixture.h"

#include <malloc.h>
#include <string.h>
#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc 12 ships no header for it */
#endif

#include "base/sb.h"

static void
grows_and_stays_terminated(void **state)
{
	struct sb s = sb_new(cx.mem);

	(void)state;
	assert_string_equal(s.buf, "");
	for (size_t i = 1; i <= 1000; i++) {
		sb_puts(&s, "0123456789");
		assert_int_equal(s.len, 10 * i);
		assert_int_equal(strlen(s.buf), s.len);
	}
	for (size_t i = 0; i < s.len; i++)
		assert_int_equal(s.buf[i], '0' + (char)(i % 10));
}

/* Sizes around those where it must grow: the NUL needs a place, too. */
static void
any_size_fits(void **state)
{
	char text[300];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct sb s = sb_new(cx.mem), p = sb_new(cx.mem);

		memset(text, 'x', n);
		text[n] = '\0';
		sb_add(&s, text, n);
		sb_printf(&p, "%s", text);
		assert_string_equal(s.buf, text);
		assert_string_equal(p.buf, text);
		assert_int_equal(p.len, n);
		sb_putc(&s, '!');
		assert_int_equal(s.buf[n], '!');
		assert_int_equal(s.buf[n + 1], '\0');
	}
}

static void
numbers_to_their_ends(void **state)
{
	struct sb s = sb_new(cx.mem);

	(void)state;
	sb_i64(&s, INT64_MIN);
	sb_putc(&s, ' ');
	sb_i64(&s, INT64_MAX);
	sb_putc(&s, ' ');
	sb_i64(&s, 0);
	sb_printf(&s, " %s", "end");
	assert_string_equal(s.buf, "-9223372036854775808 9223372036854775807 0 end");
}

static void
room_is_written_to_in_place(void **state)
{
	struct sb s = sb_new(cx.mem);
	char *to;

	(void)state;
	sb_puts(&s, "head ");
	to = sb_room(&s, 500);
	memset(to, 'r', 500);
	sb_took(&s, 3); /* not all of what was asked for came */
	assert_string_equal(s.buf, "head rrr");
	sb_puts(&s, " tail");
	assert_string_equal(s.buf, "head rrr tail");
}

/* An answer of megabytes that stands somewhere already is not copied; whoever adds gets a copy. */
static void
a_view_is_copied_when_something_is_added(void **state)
{
	static const char text[] = "as it was answered";
	struct sb s = sb_view(cx.mem, text), empty = sb_view(cx.mem, "");

	(void)state;
	assert_ptr_equal(s.buf, text);
	assert_int_equal(s.len, strlen(text));
	sb_puts(&s, "");
	sb_puts(&s, ", and more");
	assert_string_equal(s.buf, "as it was answered, and more");
	assert_string_equal(text, "as it was answered");
	sb_puts(&empty, "x");
	assert_string_equal(empty.buf, "x");
}

/* Bug: a long text, which has a block of the arena for itself, was lengthened where it stood, and
 * moved. */
static void
a_view_leaves_a_long_text_where_it_is(void **state)
{
	enum { LONG = 300000 };
	char *text = arena_alloc(cx.mem, LONG + 1);
	struct sb s;

	(void)state;
	memset(text, 'x', LONG);
	s = sb_view(cx.mem, text);
	sb_puts(&s, "y");
	assert_ptr_not_equal(s.buf, text);
	assert_int_equal(strlen(text), LONG);
	assert_int_equal(s.len, LONG + 1);
}

static size_t
allocated(void)
{
#ifdef __SANITIZE_ADDRESS__
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().hblkhd + mallinfo2().uordblks;
#endif
}

/* Bug: a text of 4 MB, doubled from 64 bytes on, left 4 MB of outgrown copies behind: a reading of
 * 20,000 secrets cost a worker four times its length. */
static void
a_long_text_leaves_no_copies_behind(void **state)
{
	struct sb s = sb_new(cx.mem);
	size_t before = allocated();

	(void)state;
	for (size_t i = 0; i < (size_t)1 << 18; i++)
		sb_puts(&s, "0123456789abcdef");
	assert_int_equal(s.len, (size_t)4 << 20);
	assert_in_range(allocated() - before, s.len, s.cap + ((size_t)1 << 18));
	for (size_t i = 0; i < s.len; i += 16)
		assert_memory_equal(s.buf + i, "0123456789abcdef", 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(grows_and_stays_terminated),
		FIXTURE_TEST(any_size_fits),
		FIXTURE_TEST(numbers_to_their_ends),
		FIXTURE_TEST(room_is_written_to_in_place),
		FIXTURE_TEST(a_view_is_copied_when_something_is_added),
		FIXTURE_TEST(a_view_leaves_a_long_text_where_it_is),
		FIXTURE_TEST(a_long_text_leaves_no_copies_behind),
	};

	return cmocka_run_group_tests_name("sb", tests, NULL, NULL);
}
