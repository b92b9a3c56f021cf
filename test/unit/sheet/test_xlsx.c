#include "fixture.h"

#include <string.h>
#include <zlib.h>

#include "rows.h"
#include "sheet/zip.h"

/* ---- a zip archive of parts that are stored as they are ---------------------------------------
 */

struct part {
	const char *name, *text;
};

static void
put(struct sb *out, size_t val, int bytes)
{
	for (int i = 0; i < bytes; i++, val >>= 8)
		sb_putc(out, (char)val);
}

/* The fields that both headers share, then the name. */
static void
put_header(struct sb *out, const struct part *p, bool central, size_t offset)
{
	sb_add(out, central ? "PK\1\2" : "PK\3\4", 4);
	put(out, 0, central ? 6 : 4);
	put(out, 0, 2); /* method: stored */
	put(out, 0, 8); /* time, checksum */
	put(out, strlen(p->text), 4);
	put(out, strlen(p->text), 4);
	put(out, strlen(p->name), 2);
	put(out, 0, central ? 12 : 2);
	if (central)
		put(out, offset, 4);
	sb_puts(out, p->name);
}

static struct sb
zip_of(const struct part *parts, size_t n)
{
	struct sb out = sb_new(cx.mem);
	size_t offset[8], directory;

	for (size_t i = 0; i < n; i++) {
		offset[i] = out.len;
		put_header(&out, &parts[i], false, 0);
		sb_puts(&out, parts[i].text);
	}
	directory = out.len;
	for (size_t i = 0; i < n; i++)
		put_header(&out, &parts[i], true, offset[i]);
	sb_add(&out, "PK\5\6", 4);
	put(&out, 0, 4);
	put(&out, n, 2);
	put(&out, n, 2);
	put(&out, 0, 4);
	put(&out, directory, 4);
	put(&out, 0, 2);
	return out;
}

static const char head[] =
    "<workbook xmlns:r='r'><workbookPr/><sheets><sheet name='old' state='hidden' "
    "r:id='rId1'/><sheet name='a' r:id='rId2'/></sheets></workbook>";
static const char relations[] =
    "<Relationships><Relationship Id='rId1' Target='worksheets/sheet1.xml'/>"
    "<Relationship Id='rId2' Target='worksheets/sheet2.xml'/></Relationships>";
static const char styles[] =
    "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='dd/mm/yyyy'/>"
    "<numFmt numFmtId='165' formatCode='&quot;day&quot; 0'/></numFmts>"
    "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
    "<cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='165'/></cellXfs></styleSheet>";
static const char strings[] =
    "<sst><si><t>nama</t></si><si><r><t>Bu </t></r><r><t>Sari</t></r></si></sst>";

static const char *
read_related(const char *book, const char *rels, const char *sheet)
{
	const struct part parts[] = { { "xl/workbook.xml", book },
		{ "xl/_rels/workbook.xml.rels", rels }, { "xl/styles.xml", styles },
		{ "xl/sharedStrings.xml", strings }, { "xl/worksheets/sheet1.xml", "<worksheet/>" },
		{ "xl/worksheets/sheet2.xml", sheet } };
	struct sb zip = zip_of(parts, countof(parts)), out = sb_new(cx.mem);

	if (sheet_read(&cx, zip.buf, zip.len, join_row, &out) != RC_OK)
		return cx.err.msg;
	return out.len > 0 ? out.buf : "";
}

static const char *
read_book(const char *book, const char *sheet)
{
	return read_related(book, relations, sheet);
}

static void
each_type_of_a_cell(void **state)
{
	(void)state;
	assert_string_equal(
	    read_book(head,
		"<worksheet><sheetData><row r='2'><c r='A2' t='s'><v>0</v></c>"
		"<c r='C2' t='s'><v>1</v></c></row>"
		"<row r='5'><c r='A5'><v>6.281234567890E+12</v></c><c r='B5' s='1'><v>46032</v></c>"
		"<c r='C5' s='1'><v>46032.5</v></c><c r='D5' s='2'><v>46032</v></c>"
		"<c r='E5' t='inlineStr'><is><t>x &amp; y</t></is></c><c r='F5' t='b'><v>1</v></c>"
		"<c r='G5' t='str'><f>A1</f><v>ready</v></c></row></sheetData></worksheet>"),
	    "2:nama||Bu Sari\n"
	    "5:6281234567890|2026-01-10|2026-01-10 12:00:00|46032|x & y|true|ready\n");
}

static void
a_cell_without_a_value_shows_its_reason(void **state)
{
	(void)state;
	assert_string_equal(read_book(head, "<worksheet><row r='1'><c r='A1'><f>B1</f></c>"
					    "<c r='B1' t='e'><v>#N/A</v></c>"
					    "<c r='C1' t='s'><v>99</v></c></row></worksheet>"),
	    "1:#FORMULA!|#N/A|#TEXT!\n");
}

static void
days_of_a_workbook_that_counts_from_1904(void **state)
{
	(void)state;
	assert_string_equal(
	    read_book("<workbook xmlns:r='r'><workbookPr date1904='1'/><sheets><sheet r:id='rId2'/>"
		      "</sheets></workbook>",
		"<worksheet><row r='1'><c r='A1' s='1'><v>44570</v></c></row></worksheet>"),
	    "1:2026-01-10\n");
}

/* Some programs name the part from the top of the archive, Excel from the folder of the workbook.
 */
static void
a_sheet_is_found_by_its_whole_path(void **state)
{
	(void)state;
	assert_string_equal(
	    read_related(head,
		"<Relationships><Relationship Id='rId2' Target='/xl/worksheets/sheet2.xml'/>"
		"</Relationships>",
		"<worksheet><row r='1'><c r='A1'><v>7</v></c></row></worksheet>"),
	    "1:7\n");
}

/* 200 columns are read; a blank cell beyond them is none. */
static void
a_row_of_too_many_columns_is_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(read_book(head, "<worksheet><row r='1'><c r='GR1'><v>7</v></c>"
					       "<c r='GS1'/></row></worksheet>"),
	    "||7\n"));
	assert_string_equal(read_book(head,
				"<worksheet><row r='1'><c r='GS1'><v>7</v></c></row></worksheet>"),
	    "Line 1 has more than 200 columns.");
}

static void
a_document_type_is_refused(void **state)
{
	(void)state;
	assert_non_null(
	    strstr(read_book(head, "<!DOCTYPE x [<!ENTITY a 'aa'>]><worksheet>&a;</worksheet>"),
		"document type"));
}

static void
broken_archives_are_refused(void **state)
{
	const struct part none[] = { { "other.xml", "<x/>" } };
	struct sb zip = zip_of(none, 1), out = sb_new(cx.mem);

	(void)state;
	assert_int_equal(sheet_read(&cx, zip.buf, zip.len, join_row, &out), RC_INVALID);
	assert_non_null(strstr(cx.err.msg, "no Excel workbook"));
	for (size_t cut = 4; cut < zip.len; cut++)
		assert_int_equal(sheet_read(&cx, zip.buf, cut, join_row, &out), RC_INVALID);
	zip.buf[zip.len - 6] = '\x7f'; /* the directory lies outside of the file */
	assert_int_equal(sheet_read(&cx, zip.buf, zip.len, join_row, &out), RC_INVALID);
}

static void
a_packed_text_has_its_own_length(void **state)
{
	static const char plain[] = "INSERT INTO customers VALUES (1);";
	unsigned char packed[256];
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain,
		.avail_in = sizeof(plain) - 1,
		.next_out = packed,
		.avail_out = sizeof(packed) };
	const char *text;
	size_t len;

	(void)state;
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	assert_int_equal(zip_gunzip(&cx, (char *)packed, z.total_out, 1 << 20, &text, &len), RC_OK);
	assert_int_equal(len, sizeof(plain) - 1);
	assert_memory_equal(text, plain, len);
}

/* A few bytes that unpack to a megabyte of blanks, again and again. */
static void
a_bomb_is_refused(void **state)
{
	static unsigned char blanks[4 << 20], packed[1 << 16];
	z_stream z = { .next_in = blanks,
		.avail_in = sizeof(blanks),
		.next_out = packed,
		.avail_out = sizeof(packed) };
	const char *text;
	size_t len;

	(void)state;
	memset(blanks, ' ', sizeof(blanks));
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	assert_int_equal(zip_gunzip(&cx, (char *)packed, z.total_out, 1 << 20, &text, &len),
	    RC_INVALID);
	assert_int_equal(zip_gunzip(&cx, (char *)packed, z.total_out, 8 << 20, &text, &len), RC_OK);
	assert_int_equal(len, sizeof(blanks));
	assert_int_equal(zip_gunzip(&cx, (char *)packed, z.total_out / 2, 8 << 20, &text, &len),
	    RC_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(each_type_of_a_cell),
		FIXTURE_TEST(a_cell_without_a_value_shows_its_reason),
		FIXTURE_TEST(days_of_a_workbook_that_counts_from_1904),
		FIXTURE_TEST(a_sheet_is_found_by_its_whole_path),
		FIXTURE_TEST(a_row_of_too_many_columns_is_refused),
		FIXTURE_TEST(a_document_type_is_refused),
		FIXTURE_TEST(a_packed_text_has_its_own_length),
		FIXTURE_TEST(broken_archives_are_refused),
		FIXTURE_TEST(a_bomb_is_refused),
	};

	return cmocka_run_group_tests_name("xlsx", tests, NULL, NULL);
}
