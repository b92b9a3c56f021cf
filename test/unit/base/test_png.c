/* A picture that anybody's browser will read: what is no whole PNG is refused by its bytes. */
#include "fixture.h"

#include <string.h>
#include <zlib.h>

#include "base/png.h"
#include "base/sb.h"

static const char head_2x2[] = "\0\0\0\2\0\0\0\2\10\2\0\0\0"; /* 2 x 2, 8 bits, colours */
enum { HEAD = sizeof(head_2x2) - 1 };

static void
put_number(struct sb *out, uint32_t n)
{
	const unsigned char bytes[] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16),
		(unsigned char)(n >> 8), (unsigned char)n };

	sb_add(out, (const char *)bytes, 4);
}

static void
put_chunk(struct sb *out, const char *type, const char *data, size_t n)
{
	const size_t at = out->len + 4;

	put_number(out, (uint32_t)n);
	sb_add(out, type, 4);
	sb_add(out, data, n);
	put_number(out, (uint32_t)crc32(0, (unsigned char *)out->buf + at, (uInt)n + 4));
}

static struct sb
begin(const char *head)
{
	struct sb out = sb_new(cx.mem);

	sb_add(&out, "\x89PNG\r\n\x1a\n", 8);
	put_chunk(&out, "IHDR", head, HEAD);
	return out;
}

/* Zeros that many, deflated. */
static struct sb
deflated(size_t n)
{
	uLongf len = compressBound(n);
	struct sb out = sb_new(cx.mem);
	unsigned char *zeros = arena_alloc(cx.mem, n + 1);

	memset(zeros, 0, n);
	assert_int_equal(compress((unsigned char *)sb_room(&out, len), &len, zeros, n), Z_OK);
	sb_took(&out, len);
	return out;
}

/* A picture with so many bytes of pixels. */
static struct sb
picture(const char *head, size_t pixels)
{
	struct sb out = begin(head), zip = deflated(pixels);

	put_chunk(&out, "IDAT", zip.buf, zip.len);
	put_chunk(&out, "IEND", "", 0);
	return out;
}

static const char *
fault(const struct sb *png)
{
	const char *text = png_fault(cx.mem, (const unsigned char *)png->buf, png->len);

	return text != NULL ? text : "";
}

#define assert_fault(png, text)                                                                    \
	do {                                                                                       \
		struct sb made_ = (png);                                                           \
		assert_string_equal(fault(&made_), text);                                          \
	} while (0)

static void
whole_pictures_pass(void **state)
{
	(void)state;
	assert_fault(picture(head_2x2, 2 * (1 + 6)), "");
	assert_fault(picture("\0\0\0\3\0\0\0\3\1\0\0\0\0", 3 * 2), "");
	/* Adam7, 5 x 5 of one byte: seven pictures. */
	assert_fault(picture("\0\0\0\5\0\0\0\5\10\0\0\0\1", (1 + 1) + (1 + 1) + (1 + 2) +
								2 * (1 + 1) + (1 + 3) +
								3 * (1 + 2) + 2 * (1 + 5)),
	    "");
}

static void
other_files_are_refused(void **state)
{
	struct sb svg = sb_new(cx.mem), nothing = sb_new(cx.mem);

	(void)state;
	sb_puts(&svg, "<svg onload='alert(1)'/>");
	assert_fault(svg, "must be a PNG.");
	assert_fault(nothing, "must be a PNG.");
}

static void
each_prefix_and_each_changed_byte_is_refused(void **state)
{
	struct sb good = picture(head_2x2, 14);

	(void)state;
	for (size_t n = 0; n < good.len; n++)
		assert_non_null(png_fault(cx.mem, (const unsigned char *)good.buf, n));
	for (size_t i = 0; i < good.len; i++) {
		good.buf[i] = (char)(good.buf[i] ^ 0x10);
		assert_string_not_equal(fault(&good), "");
		good.buf[i] = (char)(good.buf[i] ^ 0x10);
	}
	sb_puts(&good, "<script>");
	assert_string_equal(fault(&good), "has something behind its end.");
}

static void
headers_that_cannot_be(void **state)
{
	(void)state;
	assert_fault(picture("\0\0\0\2\0\0\0\2\10\5\0\0\0", 14), "has a broken header.");
	assert_fault(picture("\0\0\0\2\0\0\0\2\3\0\0\0\0", 14), "has a broken header.");
	assert_fault(picture("\0\0\0\2\0\0\0\2\4\2\0\0\0", 14), "has a broken header.");
	assert_fault(picture("\0\0\0\2\0\0\0\2\10\2\1\0\0", 14), "has a broken header.");
	assert_fault(picture("\0\0\0\2\0\0\0\2\10\2\0\0\2", 14), "has a broken header.");
	assert_fault(picture("\0\0\0\0\0\0\0\2\10\2\0\0\0", 14),
	    "must be at most 2000 pixels wide and high.");
	/* 2001 pixels; a picture of 200 kB could else unfold into gigabytes on a customer's phone.
	 */
	assert_fault(picture("\0\0\7\xd1\0\0\0\2\10\2\0\0\0", 2 * (1 + 3 * 2001)),
	    "must be at most 2000 pixels wide and high.");
}

static void
pixels_as_many_as_the_header_says(void **state)
{
	struct sb split = begin(head_2x2), zip = deflated(14);

	(void)state;
	assert_fault(picture(head_2x2, 13), "has damaged pixels.");
	assert_fault(picture(head_2x2, 15), "has damaged pixels.");
	assert_fault(picture(head_2x2, 1000000), "has damaged pixels.");
	assert_fault(picture("\0\0\0\2\0\0\0\2\10\3\0\0\0", 6),
	    "has damaged pixels."); /* no palette */
	put_chunk(&split, "IDAT", zip.buf, 4);
	put_chunk(&split, "IDAT", zip.buf + 4, zip.len - 4);
	put_chunk(&split, "IEND", "", 0);
	assert_string_equal(fault(&split), "");
}

static void
chunks_in_their_order(void **state)
{
	struct sb twice = begin(head_2x2), parted = begin(head_2x2), moving = begin(head_2x2);
	struct sb zip = deflated(14), coloured = begin("\0\0\0\2\0\0\0\2\10\3\0\0\0"),
		  few = deflated(6);

	(void)state;
	put_chunk(&twice, "IHDR", head_2x2, HEAD);
	assert_string_equal(fault(&twice), "has a broken header.");
	put_chunk(&parted, "IDAT", zip.buf, 4);
	put_chunk(&parted, "tEXt", "a", 1);
	put_chunk(&parted, "IDAT", zip.buf + 4, zip.len - 4);
	assert_string_equal(fault(&parted), "has damaged pixels.");
	put_chunk(&moving, "acTL", "\0\0\0\1\0\0\0\0", 8);
	assert_string_equal(fault(&moving), "has parts that no logo needs.");
	put_chunk(&coloured, "PLTE", "abc", 3);
	put_chunk(&coloured, "IDAT", few.buf, few.len);
	put_chunk(&coloured, "IEND", "", 0);
	assert_string_equal(fault(&coloured), "");
}

static void
a_palette_has_colours(void **state)
{
	struct sb uneven = begin("\0\0\0\2\0\0\0\2\10\3\0\0\0");

	(void)state;
	put_chunk(&uneven, "PLTE", "abcd", 4);
	assert_string_equal(fault(&uneven), "has a damaged palette.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(whole_pictures_pass),
		FIXTURE_TEST(other_files_are_refused),
		FIXTURE_TEST(each_prefix_and_each_changed_byte_is_refused),
		FIXTURE_TEST(headers_that_cannot_be),
		FIXTURE_TEST(pixels_as_many_as_the_header_says),
		FIXTURE_TEST(chunks_in_their_order),
		FIXTURE_TEST(a_palette_has_colours),
	};

	return cmocka_run_group_tests_name("png", tests, NULL, NULL);
}
