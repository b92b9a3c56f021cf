/* An import as a whole: a failure on its way ends it, and nothing of it stays.  Its rows:
 * test/sql/import.sql. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/crypt.h"
#include "base/sb.h"
#include "billing/import.h"
#include "db/db.h"

static struct ctx cx;

/* clang-format off */
static const struct db_stmt refuse_function = { NULL,
	"CREATE OR REPLACE FUNCTION import_refuse() RETURNS trigger LANGUAGE plpgsql AS"
	" $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$", 0 };
static const struct db_stmt staged = { NULL, "SELECT count(*) AS n FROM import_raw", 0 };
/* clang-format on */

static int
open_all(void **state)
{
	struct db_conf conf = { .conninfo = getenv("TEST_DB"), .program = "test_import" };

	(void)state;
	cx = (struct ctx){ .mem = arena_new(16384), .actor = { .name = "test" }, .request_id = "" };
	if (conf.conninfo == NULL || db_open(&cx, &conf, &cx.db) != RC_OK ||
	    crypt_open(&cx, "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "") != RC_OK)
		return -1;
	return db_exec(&cx, &refuse_function) == RC_OK ? 0 : -1;
}

static int
close_all(void **state)
{
	static const struct db_stmt drop = { NULL, "DROP FUNCTION import_refuse() CASCADE", 0 };

	(void)state;
	assert_int_equal(db_exec(&cx, &drop), RC_OK);
	db_close(cx.db);
	arena_free(cx.mem);
	return 0;
}

static void
run_text(const char *text)
{
	const struct db_stmt st = { NULL, text, 0 };

	cx.err = (struct err){ 0 };
	assert_int_equal(db_exec(&cx, &st), RC_OK);
}

#define run(...) run_text(arena_printf(cx.mem, __VA_ARGS__))

static const char *
text(const char *query)
{
	const struct db_stmt st = { NULL, query, 0 };
	struct db_rows *rows;

	assert_int_equal(db_row(&cx, &st, &rows), RC_OK);
	return db_text(rows, 0, "v");
}

static void
count_fault(const struct import_fault *fault, void *arg)
{
	(void)fault;
	++*(int *)arg;
}

/* A rehearsal of 600 rows, the last of them without a name. */
static enum rc
rehearse(struct import_counts *ret, int *faults)
{
	struct sb sheet = sb_new(cx.mem);
	struct import_job job = { .source = "csv",
		.day = "2026-03-02",
		.dry_run = true,
		.report = count_fault,
		.arg = faults };

	sb_puts(&sheet, "Nama;Paket;Harga;User;Password;Jatuh Tempo\n");
	for (int i = 1; i <= 600; i++)
		sb_printf(&sheet, "%s;Import;150.000;import-%d;rahasia;2026-03-20\n",
		    i < 600 ? "Sari" : "", i);
	job.data = sheet.buf;
	job.len = sheet.len;
	*faults = 0;
	return import_run(&cx, &job, ret);
}

static int64_t
left_behind(void)
{
	struct db_rows *rows;

	assert_int_equal(db_rows(&cx, &staged, &rows), RC_OK);
	return db_i64(rows, 0, "n");
}

static void
a_rehearsal_counts_and_leaves_nothing(void **state)
{
	struct import_counts n;
	int faults;

	(void)state;
	assert_int_equal(rehearse(&n, &faults), RC_OK);
	assert_int_equal(n.created, 599);
	assert_int_equal(n.refused, 1);
	assert_int_equal(faults, 1);
	assert_int_equal(left_behind(), 0);
}

/* Rows that could not be put down, sealed or taken are not left out in silence. */
static void
a_statement_that_fails_ends_the_import(void **state)
{
	static const struct {
		const char *event, *table, *when;
	} failing[] = { { "INSERT", "import_raw", "new.line = 1" },
		{ "INSERT", "import_raw", "new.line = 601" }, /* in the last statement */
		{ "INSERT", "import_rows", "true" }, { "UPDATE", "import_rows", "true" },
		{ "UPDATE", "import_rows", "new.data ? 'sealed'" },
		{ "INSERT", "customers", "true" } };

	(void)state;
	for (size_t i = 0; i < countof(failing); i++) {
		struct import_counts n;
		int faults;

		run("CREATE TRIGGER import_refuse BEFORE %s ON %s FOR EACH ROW WHEN (%s)"
		    " EXECUTE FUNCTION import_refuse()",
		    failing[i].event, failing[i].table, failing[i].when);
		if (rehearse(&n, &faults) == RC_OK)
			fail_msg("%s %s", failing[i].table, failing[i].when);
		run("DROP TRIGGER import_refuse ON %s", failing[i].table);
		assert_int_equal(left_behind(), 0);
	}
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A dump of PHPNuxBill with one line. */
static const char dump[] =
    "INSERT INTO `tbl_customers` (`id`,`username`,`password`,`fullname`,`balance`) VALUES"
    " (1,'import-dump','rahasia','Bu Hilang','0.00');\n"
    "INSERT INTO `tbl_bandwidth` (`id`,`rate_down`,`rate_down_unit`,`rate_up`,`rate_up_unit`)"
    " VALUES (1,10,'Mbps',5,'Mbps');\n"
    "INSERT INTO `tbl_plans` (`id`,`name_plan`,`id_bw`,`price`,`type`,`validity`,"
    "`validity_unit`) VALUES (1,'Import dump',1,'150000','PPPOE',30,'Days');\n"
    "INSERT INTO `tbl_user_recharges` (`id`,`customer_id`,`username`,`plan_id`,`namebp`,"
    "`expiration`,`time`,`status`,`routers`,`type`) VALUES"
    " (1,1,'import-dump',1,'Import dump','2026-03-20','10:00:00','on','Old','PPPOE');\n";

static struct import_fault last_fault;

static void
keep_fault(const struct import_fault *fault, void *arg)
{
	(void)arg;
	last_fault = *fault;
}

static enum rc
import(struct import_job job, struct import_counts *ret)
{
	job.day = "2026-03-02";
	job.report = keep_fault;
	cx.err = (struct err){ 0 };
	*ret = (struct import_counts){ 0 };
	return import_run(&cx, &job, ret);
}

/* A file with these bytes, gone with its last reader. */
static const char *
a_file(const char *bytes, size_t n)
{
	char *path = arena_strdup(cx.mem, "/tmp/unit-import-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	(void)close(fd);
	return path;
}

static const char *
packed(size_t *ret_n)
{
	unsigned char *to = arena_alloc(cx.mem, 4096);
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)dump,
		.avail_in = sizeof(dump) - 1,
		.next_out = to,
		.avail_out = 4096 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*ret_n = z.total_out;
	(void)deflateEnd(&z);
	return (const char *)to;
}

static void
a_dump_may_be_packed_and_a_file(void **state)
{
	struct import_job job = { .source = "phpnuxbill", .dry_run = true };
	struct import_counts n;

	(void)state;
	job.data = dump;
	job.len = sizeof(dump) - 1;
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 1);
	job.data = packed(&job.len);
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 1);
	job.path = a_file(dump, sizeof(dump) - 1);
	job.data = NULL;
	job.len = 0;
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 1);
	(void)unlink(job.path);
}

static void
files_that_cannot_be_read_are_named(void **state)
{
	const char *empty = a_file("", 0), *broken = a_file("\x1f\x8b", 2);
	const struct {
		const char *source, *path, *msg;
	} cases[] = { { "csv", "/tmp/unit-import-none", "No such file or directory" },
		{ "csv", empty, "empty, or larger than 512 MiB" },
		{ "csv", "/tmp", "cannot be read whole" },
		{ "phpnuxbill", broken, "it does not unpack" },
		{ "splynx", empty,
		    "there is no source splynx: csv, phpnuxbill, laravel, routers" } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct import_job job = { .source = cases[i].source, .path = cases[i].path };
		struct import_counts n;

		assert_int_equal(import(job, &n), RC_INVALID);
		if (strstr(cx.err.msg, cases[i].msg) == NULL)
			fail_msg("%s", cx.err.msg);
		assert_int_equal(left_behind(), 0);
	}
	(void)unlink(empty);
	(void)unlink(broken);
}

/* The first rows are taken when the rows are counted: an import into an empty database planned each
 * look-up as one of an empty table. */
static void
the_rows_are_counted_before_the_first_are_taken(void **state)
{
	const char *whole =
	    text("SELECT pg_get_functiondef('import_analyze()'::regprocedure) AS v");
	struct import_job job = { .source = "phpnuxbill",
		.dry_run = true,
		.data = dump,
		.len = sizeof(dump) - 1 };
	struct import_counts n;

	(void)state;
	run("CREATE OR REPLACE FUNCTION import_analyze() RETURNS void LANGUAGE plpgsql AS"
	    " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$");
	assert_int_not_equal(import(job, &n), RC_OK);
	run_text(whole);
	assert_int_equal(left_behind(), 0);
}

/* A file of 512 MiB is read, and one of a byte more is refused before it is: its length comes from
 * outside. Holes stand for its bytes. */
static void
a_file_has_a_largest_length(void **state)
{
	static const struct {
		off_t size;
		const char *msg;
	} cases[] = { { 512 << 20, "it does not unpack" },
		{ (512 << 20) + 1, "empty, or larger than 512 MiB" } };
	const char *path = a_file("\x1f\x8b", 2);
	struct import_job job = { .source = "phpnuxbill", .path = path };
	struct import_counts n;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct arena *life = cx.mem;

		cx.mem = arena_new(16384); /* the bytes go before the next test */
		assert_int_equal(truncate(path, cases[i].size), 0);
		assert_int_equal(import(job, &n), RC_INVALID);
		if (strstr(cx.err.msg, cases[i].msg) == NULL)
			fail_msg("%s", cx.err.msg);
		arena_free(cx.mem);
		cx.mem = life;
	}
	(void)unlink(path);
}

/* ---- rows that are fed ----------------------------------------------------------------------- */

/* Two secrets of a router, the second of them ours; a feed may fail in between. */
static enum rc
feed(struct ctx *own, dump_row_fn take, void *take_arg, void *arg)
{
	static const char *const columns[] = { "router", "name", "password", "profile", "comment" };
	static const char *const rows[][5] = { { "r", "import-fed", "rahasia", "Fed", NULL },
		{ "r", "import-own", "x", "Fed", "isp:00000000-0000-4000-8000-000000000000" } };
	const bool *fails = arg;

	for (size_t i = 0; i < countof(rows); i++) {
		TRY(take(own, &(struct dump_row){ 1, "ppp", 5, columns, rows[i] }, take_arg));
		if (*fails)
			return FAIL(own, RC_UPSTREAM, "the router went away");
	}
	return RC_OK;
}

static void
rows_are_fed_and_what_is_ours_is_left_out(void **state)
{
	bool fails = false;
	struct import_job job = { .source = "routers",
		.dry_run = true,
		.until = "2026-03-20",
		.feed = feed,
		.path = "/tmp/unit-import-none", /* a source that is no file reads none */
		.arg = &fails };
	struct import_counts n;

	(void)state;
	run("INSERT INTO packages (name, bandwidth, price, router_profile)"
	    " VALUES ('Fed', '1M/1M', 50000, 'Fed')");
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created + n.refused, 1);
	assert_int_equal(n.left_out, 1);
	job.until = NULL;
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.refused, 1);
	assert_int_equal(last_fault.line, 1);
	assert_string_equal(last_fault.name, "import-fed");
	assert_non_null(last_fault.field);
	fails = true;
	assert_int_equal(import(job, &n), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "the router went away");
	assert_int_equal(left_behind(), 0);
	run("DELETE FROM packages");
}

/* ---- a real one ------------------------------------------------------------------------------ */

/* Faults are shown before any row is taken; passwords are sealed, each for its own row. */
static void
a_real_import_seals_passwords_and_is_taken_once(void **state)
{
	static const char sheet[] = "Nama;Paket;Harga;User;Password;Jatuh Tempo\n"
				    "Sari;Import;150.000;import-a;rahasia;2026-03-20\n"
				    "Budi;Import;150.000;import-b;sandi;2026-03-20\n"
				    ";Import;150.000;import-c;x;2026-03-20\n";
	static const struct db_stmt sealed = { NULL,
		"SELECT id::text AS id, mikrotik_password AS v FROM subscriptions"
		" ORDER BY mikrotik_username",
		0 };
	static const char *const plain[] = { "rahasia", "sandi" };
	struct import_job job = { .source = "csv", .data = sheet, .len = sizeof(sheet) - 1 };
	struct import_counts n;
	struct db_rows *rows;

	(void)state;
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 2);
	assert_int_equal(n.refused, 1);
	assert_int_equal(n.left_out, 0);
	assert_int_equal(last_fault.line, 4);
	assert_string_equal(last_fault.field, "name");
	assert_int_equal(left_behind(), 0);
	assert_string_equal(text("SELECT string_agg(status, ' ') AS v FROM subscriptions"),
	    "active active"); /* on the day that the job names; today they have ended */
	assert_int_equal(db_rows(&cx, &sealed, &rows), RC_OK);
	assert_int_equal(db_count(rows), countof(plain));
	for (size_t i = 0; i < countof(plain); i++) {
		const char *text;

		assert_int_equal(crypt_unseal(&cx,
				     arena_printf(cx.mem, "subscriptions:%s:mikrotik_password",
					 db_text(rows, i, "id")),
				     db_text(rows, i, "v"), &text),
		    RC_OK);
		assert_string_equal(text, plain[i]);
	}
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 0);
	assert_int_equal(n.unchanged, 2);
	run("TRUNCATE customers, packages, import_keys CASCADE");
}

/* A row may end before its last column: what is missing there is not that of the row above. */
static void
a_short_row_takes_nothing_of_the_row_above(void **state)
{
	static const char sheet[] = "Nama;Paket;Harga;User;Jatuh Tempo\n"
				    "Sari;Import;150.000;import-a;2026-03-20\n"
				    "Budi;Import;150.000;import-b\n";
	struct import_job job = { .source = "csv",
		.data = sheet,
		.len = sizeof(sheet) - 1,
		.dry_run = true };
	struct import_counts n;

	(void)state;
	assert_int_equal(import(job, &n), RC_OK);
	assert_int_equal(n.created, 1);
	assert_int_equal(n.refused, 1);
	assert_string_equal(last_fault.field, "end_date");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rehearsal_counts_and_leaves_nothing),
		cmocka_unit_test(a_statement_that_fails_ends_the_import),
		cmocka_unit_test(a_dump_may_be_packed_and_a_file),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(the_rows_are_counted_before_the_first_are_taken),
		cmocka_unit_test(a_file_has_a_largest_length),
		cmocka_unit_test(rows_are_fed_and_what_is_ours_is_left_out),
		cmocka_unit_test(a_real_import_seals_passwords_and_is_taken_once),
		cmocka_unit_test(a_short_row_takes_nothing_of_the_row_above),
	};

	return cmocka_run_group_tests_name("import", tests, open_all, close_all);
}
