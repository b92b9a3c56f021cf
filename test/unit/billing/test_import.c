/* An import as a whole: a failure on its way ends it, and nothing of it stays.  Its rows:
 * test/sql/import.sql. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rehearsal_counts_and_leaves_nothing),
		cmocka_unit_test(a_statement_that_fails_ends_the_import),
	};

	return cmocka_run_group_tests_name("import", tests, open_all, close_all);
}
