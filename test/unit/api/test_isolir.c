/* The page of isolated customers and the traffic of one line, from what routers were last seen to
 * hold. */
#include "screen.h"

#include "sql.h"

/* An account with samples: minutes ago, bytes of the customer's upload and download. */
static const char *
a_sampled_line(const char *name, const char *samples)
{
	const char *account = an_account(name, a_package(name, "pppoe"), "");

	(void)sql("INSERT INTO line_samples (account_id, taken_at, online, rx_bytes, tx_bytes)"
		  " SELECT '%s', now() - make_interval(secs => s.age), s.up IS NOT NULL, s.up,"
		  " s.down FROM (VALUES %s) AS s (age, up, down)",
	    account, samples);
	return sql("SELECT subscription_id::text AS v FROM mikrotik_secrets WHERE id = '%s'",
	    account);
}

static const char *
traffic_of(const char *line)
{
	struct sb out = sb_new(cx.mem);
	struct db_rows *rows;

	assert_int_equal(db_rows(&cx, &SQL_line_traffic, &rows, V_TEXT(line)), RC_OK);
	for (size_t i = 0; i < db_count(rows); i++) {
		const char *down = db_text(rows, i, "download"), *up = db_text(rows, i, "upload");

		sb_printf(&out, "%s %s %s;", db_bool(rows, i, "online") ? "on" : "off",
		    down != NULL ? down : "-", up != NULL ? up : "-");
	}
	return out.buf;
}

/* Rates follow from the sample before, oldest first; a counter that went back or is not known has
 * none, and samples of a day ago or of another line say nothing. */
static void
a_line_shows_the_rates_of_its_samples(void **state)
{
	const char *line = a_sampled_line("ani",
	    "(86400.0, 0::numeric, 0::numeric), (86399, 100, 100), (400, 1000000, 9000000),"
	    " (300, 2250000, 34000000), (200, 2250000, 34000000), (100, 5, 6), (50, NULL, NULL)");

	(void)state;
	(void)a_sampled_line("budi", "(350.0, 7::numeric, 7::numeric)");
	assert_string_equal(traffic_of(line),
	    "on - -;on 0.001 0.000;on 2.000 0.100;on 0.000 0.000;on - -;off - -;");
}

/* The page names the company, and what the line owes. */
static void
the_page_shows_the_line_of_an_address(void **state)
{
	const char *router = a_router("Main", 1);
	const cJSON *screen;

	(void)state;
	(void)an_account("ani", a_package("home", "pppoe"), "");
	(void)sql("UPDATE settings SET company_name = 'Net', company_phone = '021',"
		  " company_whatsapp = '0812', company_address = 'Jl. A'");
	(void)sql("INSERT INTO router_sessions (router_id, service, session_id, username, address,"
		  " taken_at) VALUES ('%s', 'pppoe', '*1', 'ani', '192.0.2.1', now())",
	    router);
	screen = shown(isolir_show);
	SHOWS("status", "\"active\"");
	SHOWS("total_due", "0");
	SHOWS("invoice_id", "null");
	SHOWS("company",
	    "{\"name\":\"Net\",\"phone\":\"021\",\"whatsapp\":\"0812\",\"address\":\"Jl. A\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_line_shows_the_rates_of_its_samples),
		ROWS_TEST(the_page_shows_the_line_of_an_address),
	};

	return cmocka_run_group_tests_name("isolir", tests, rows_open, rows_close);
}
