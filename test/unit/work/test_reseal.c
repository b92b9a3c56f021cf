/* A new APP_KEY: every secret at rest is sealed anew, wherever it stands. */
#include "rows.h"

#include "base/sb.h"
#include "work/reseal.h"

#define NEW_KEY "base64:HBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw="

static int
restore(void **state)
{
	int rc = rows_end(state);

	return crypt_open(&cx, ROWS_KEY, "") == RC_OK ? rc : -1;
}

/* The places nobody's key opens. */
static void
note(void *arg, const char *place)
{
	sb_printf(arg, "%s;", place);
}

static struct reseal_report
run(struct sb *reported)
{
	struct reseal_report rep;

	*reported = sb_new(cx.mem);
	assert_int_equal(reseal_all(&cx, note, reported, &rep), RC_OK);
	return rep;
}

static size_t
not_of_the_new_key(void)
{
	const char *all =
	    sql("SELECT string_agg(place || ' ' || sealed, E'\\n') AS v FROM sealed_values");
	char *rest = arena_strdup(cx.mem, all), *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *sealed = strchr(line, ' ');
		const char *plain;

		*sealed++ = '\0';
		n += !crypt_is_current(sealed) || crypt_unseal(&cx, line, sealed, &plain) != RC_OK;
	}
	return n;
}

static void
every_secret_gets_the_present_key(void **state)
{
	const char *package = a_package("home", "pppoe");
	struct reseal_report rep;
	struct sb reported;

	(void)state;
	(void)a_router("Main", 1);
	(void)a_router("Other", 2);
	for (int i = 0; i < 3; i++)
		(void)an_account(arena_printf(cx.mem, "u%d", i), package, "");
	assert_int_equal(crypt_open(&cx, NEW_KEY, ROWS_KEY), RC_OK);
	assert_int_equal(not_of_the_new_key(), 5);
	rep = run(&reported);
	assert_int_equal(rep.seen, 5);
	assert_int_equal(rep.resealed, 5);
	assert_int_equal(rep.failed, 0);
	assert_int_equal(crypt_open(&cx, NEW_KEY, ""), RC_OK); /* the old one may go */
	assert_int_equal(not_of_the_new_key(), 0);
	assert_string_equal(reported.buf, "");
	/* A second run finds nothing left to do. */
	rep = run(&reported);
	assert_int_equal(rep.seen, 5);
	assert_int_equal(rep.resealed, 0);
}

/* It is reported and left as it is, and the others are sealed all the same. */
static void
a_secret_that_no_key_opens_is_reported_and_kept(void **state)
{
	struct reseal_report rep;
	const char *broken;
	struct sb reported;

	(void)state;
	(void)a_router("Main", 1);
	broken = a_router("Broken", 2);
	(void)sql("UPDATE router_settings SET password = 's1.00000000.AAAA' WHERE id = '%s'",
	    broken);
	assert_int_equal(crypt_open(&cx, NEW_KEY, ROWS_KEY), RC_OK);
	rep = run(&reported);
	assert_int_equal(rep.resealed, 1);
	assert_int_equal(rep.failed, 1);
	assert_string_equal(reported.buf,
	    arena_printf(cx.mem, "router_settings:%s:password;", broken));
	assert_string_equal(sql("SELECT password AS v FROM router_settings WHERE id = '%s'",
				broken),
	    "s1.00000000.AAAA");
}

/* More than a page of them: none is passed over. */
static void
many_are_read_page_by_page(void **state)
{
	struct reseal_report rep;
	struct sb reported;

	(void)state;
	(void)sql(
	    "INSERT INTO router_settings (host, username, password, is_active)"
	    " SELECT n::text, 'api', 's1.00000000.AAAA', false FROM generate_series(1, 1201) n");
	rep = run(&reported);
	assert_int_equal(rep.seen, 1201);
	assert_int_equal(rep.failed, 1201);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, rows_begin, restore)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_secret_gets_the_present_key),
		CASE(a_secret_that_no_key_opens_is_reported_and_kept),
		CASE(many_are_read_page_by_page),
	};

	return cmocka_run_group_tests_name("reseal", tests, rows_open, rows_close);
}
