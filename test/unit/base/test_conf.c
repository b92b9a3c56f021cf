/* conf: the env file, the environment before it, and what is refused. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"

struct box {
	struct ctx cx;
	struct conf cf;
	char path[32];
};

static int
setup(void **state)
{
	struct arena *mem = arena_new(4096);
	struct box *b = arena_alloc(mem, sizeof(*b));

	b->cx.mem = mem;
	(void)snprintf(b->path, sizeof(b->path), "/tmp/isp-conf-XXXXXX");
	(void)close(mkstemp(b->path));
	*state = b;
	return unsetenv("APP_ENV") + unsetenv("APP_KEY") + unsetenv("DATABASE_URL");
}

static int
teardown(void **state)
{
	struct box *b = *state;

	(void)unlink(b->path);
	arena_free(b->cx.mem);
	return unsetenv("APP_URL");
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static enum rc
load(struct box *b, const char *text)
{
	write_text(b->path, text);
	return conf_load(&b->cx, b->path, &b->cf);
}

static void
assert_refused(struct box *b, const char *text, const char *msg)
{
	assert_int_equal(load(b, text), RC_INVALID);
	if (strncmp(b->cx.err.msg, b->path, strlen(b->path)) == 0) /* the file's name goes before */
		assert_string_equal(b->cx.err.msg + strlen(b->path), msg);
	else
		assert_string_equal(b->cx.err.msg, msg);
}

static void
values_quotes_and_comments(void **state)
{
	struct box *b = *state;

	assert_int_equal(load(b, "# a comment\n  APP_ENV=local  # here\nAPP_URL=\"http://x #1\"\n"
				 "FRONTEND_URL='a b'\nMAIL_HOST=unknown\n\r\nAPP_KEY=k#1\r\n"),
	    RC_OK);
	assert_string_equal(conf_text(&b->cf, CONF_APP_ENV), "local");
	assert_string_equal(conf_text(&b->cf, CONF_APP_URL), "http://x #1");
	assert_string_equal(conf_text(&b->cf, CONF_FRONTEND_URL), "a b");
	assert_string_equal(conf_text(&b->cf, CONF_APP_KEY), "k#1");
	assert_string_equal(conf_text(&b->cf, CONF_APP_TIMEZONE), "Asia/Jakarta");
	assert_int_equal(conf_int(&b->cf, CONF_API_LOGIN_WORKERS), 2);
}

/* The pairs that test/cli/test_stack.py holds scripts/stack against. */
static void
odd_values(void **state)
{
	static const char *const pairs[][2] = { { "\"Asia/Jakarta\"", "Asia/Jakarta" },
		{ "'a b'  # why", "a b" }, { "a#b \t# c\r", "a#b" }, { "\"a # b\" c", "a # b" },
		{ "\"open # c", "\"open" }, { "", "" }, { "\"\"", "" }, { "# c", "" },
		{ "it's \"so\"", "it's \"so\"" } };
	struct box *b = *state;

	for (size_t i = 0; i < countof(pairs); i++) {
		const char *text =
		    arena_printf(b->cx.mem, "APP_ENV=local\nMAIL_FROM_ADDRESS=%s\n", pairs[i][0]);

		assert_int_equal(load(b, text), RC_OK);
		assert_string_equal(conf_text(&b->cf, CONF_MAIL_FROM_ADDRESS), pairs[i][1]);
	}
}

static void
environment_goes_before_file(void **state)
{
	struct box *b = *state;

	assert_int_equal(setenv("APP_URL", "http://env", 1), 0);
	assert_int_equal(load(b, "APP_ENV=local\nAPP_URL=http://file\n"), RC_OK);
	assert_string_equal(conf_text(&b->cf, CONF_APP_URL), "http://env");
}

static void
bad_values_stop_with_the_key(void **state)
{
	struct box *b = *state;

	assert_refused(b, "APP_ENV=local\nAPI_LOGIN_WORKERS=0\n",
	    ": API_LOGIN_WORKERS: 0 is no whole number from 1 to 256");
	assert_refused(b, "APP_ENV=local\nAPI_FAST_WORKERS=2x\n",
	    ": API_FAST_WORKERS: 2x is no whole number from 0 to 256");
	assert_refused(b, "APP_ENV=dev\n", ": APP_ENV: dev is none of local testing production ");
	assert_refused(b, "APP_ENV=local\nAPP_TODAY=1/2/2026\n",
	    ": APP_TODAY: 1/2/2026 is no day as YYYY-MM-DD");
	assert_refused(b, "APP_ENV=local\nMIKROTIK_SSL=ru\n",
	    ": MIKROTIK_SSL: ru is neither true nor false");
}

/*
 * Bug: with either of these each program started, and each statement that asked for the
 * day then failed: the answer said that a value of the body was malformed, and nothing was
 * logged.
 */
static void
days_and_zones_must_exist(void **state)
{
	static const char *const bad_zones[] = { "Asia/Jakata", "Asia", "../etc/passwd", "zone.tab",
		"/usr/share/zoneinfo/Asia/Jakarta", "WIB", "+07" };
	static const char *const bad_days[] = { "2026-02-30", "2025-02-29", "2026-13-01",
		"2026-00-10", "2026-01-00", "0000-01-01", "2026- 1- 1" };
	struct box *b = *state;

	for (size_t i = 0; i < countof(bad_zones); i++)
		assert_refused(b,
		    arena_printf(b->cx.mem, "APP_ENV=local\nAPP_TIMEZONE=%s\n", bad_zones[i]),
		    arena_printf(b->cx.mem,
			": APP_TIMEZONE: %s is no time zone of /usr/share/zoneinfo", bad_zones[i]));
	for (size_t i = 0; i < countof(bad_days); i++)
		assert_refused(b,
		    arena_printf(b->cx.mem, "APP_ENV=local\nAPP_TODAY=%s\n", bad_days[i]),
		    arena_printf(b->cx.mem, ": APP_TODAY: %s is no day as YYYY-MM-DD",
			bad_days[i]));
	assert_int_equal(load(b, "APP_ENV=local\nAPP_TIMEZONE=America/Argentina/Buenos_Aires\n"
				 "APP_TODAY=2028-02-29\n"),
	    RC_OK);
	assert_int_equal(load(b, "APP_ENV=local\nAPP_TIMEZONE=Etc/GMT-7\nAPP_TODAY=\n"), RC_OK);
}

static void
a_place_to_listen_is_a_port_with_or_without_an_address(void **state)
{
	static const char *const bad[] = { "0", "65536", ":80", "web", "80;", "1.2.3.4:", "[::1]" };
	static const char *const good[] = { "80", "127.0.0.1:8081", "[::]:8081", "*:80" };
	struct box *b = *state;

	for (size_t i = 0; i < countof(bad); i++)
		assert_refused(b,
		    arena_printf(b->cx.mem, "APP_ENV=local\nISOLIR_LISTEN=%s\n", bad[i]),
		    arena_printf(b->cx.mem,
			": ISOLIR_LISTEN: %s is no port or address:port to listen on", bad[i]));
	for (size_t i = 0; i < countof(good); i++)
		assert_int_equal(load(b, arena_printf(b->cx.mem,
					     "APP_ENV=local\nISOLIR_LISTEN=%s\n", good[i])),
		    RC_OK);
}

static void
production_refuses_what_is_for_tests(void **state)
{
	struct box *b = *state;

	assert_refused(b, "APP_KEY=base64:x\nAPP_TODAY=2026-01-01\n",
	    "APP_TODAY: not in production");
	assert_refused(b, "", "APP_KEY: must be set; ispctl key generate makes one");
	assert_refused(b, "APP_KEY=base64:x\n", "APP_URL: must be set in production");
	assert_int_equal(load(b, "APP_KEY=base64:x\nAPP_URL=https://a\n"), RC_OK);
	assert_true(conf_production(&b->cf));
}

/* A key could only stand in a file that every service and every administrator's editor reads. */
static void
a_secret_may_be_a_credential(void **state)
{
	static const char text[] = "APP_KEY=base64:file\nAPP_URL=http://file\n";
	struct box *b = *state;
	char dir[] = "/tmp/isp-cred-XXXXXX";
	const char *key, *url;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	key = arena_printf(b->cx.mem, "%s/APP_KEY", dir);
	url = arena_printf(b->cx.mem, "%s/APP_URL", dir);
	assert_int_equal(load(b, text), RC_OK);
	assert_string_equal(conf_text(&b->cf, CONF_APP_KEY), "base64:file");
	write_text(key, "base64:credential\n");
	write_text(url, "http://credential\n");
	assert_int_equal(load(b, text), RC_OK);
	assert_string_equal(conf_text(&b->cf, CONF_APP_KEY), "base64:credential");
	assert_string_equal(conf_text(&b->cf, CONF_APP_URL), "http://file"); /* no secret */
	assert_int_equal(setenv("APP_KEY", "base64:environment", 1), 0);
	assert_int_equal(load(b, text), RC_OK);
	assert_string_equal(conf_text(&b->cf, CONF_APP_KEY), "base64:environment");
	assert_int_equal(unsetenv("APP_KEY"), 0);
	write_text(key, "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	assert_refused(b, text, "APP_KEY: everybody knows this one");
	/* One that is there and cannot be read is no reason to take the file's. */
	assert_int_equal(unlink(key) + mkdir(key, 0700), 0);
	assert_refused(b, text, arena_printf(b->cx.mem, "%s/APP_KEY: Is a directory", dir));
	assert_int_equal(rmdir(key) + unlink(url) + rmdir(dir), 0);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void
a_missing_file_is_reported(void **state)
{
	struct box *b = *state;

	assert_int_equal(conf_load(&b->cx, "/nowhere/isp.env", &b->cf), RC_INVALID);
	assert_string_equal(b->cx.err.msg, "/nowhere/isp.env: No such file or directory");
}

static void
database_from_parts(void **state)
{
	struct box *b = *state;

	assert_int_equal(load(b, "APP_ENV=local\nDB_HOST=db\nDB_PASSWORD=it's\n"), RC_OK);
	assert_string_equal(conf_database(&b->cx, &b->cf),
	    "host='db' port='5432' dbname='isp' password='it\\'s' ");
	assert_int_equal(load(b, "APP_ENV=local\nDATABASE_URL=postgresql:///isp\n"), RC_OK);
	assert_string_equal(conf_database(&b->cx, &b->cf), "postgresql:///isp");
}

static void
booleans(void **state)
{
	struct box *b = *state;

	assert_int_equal(load(b, "APP_ENV=local\nMIKROTIK_SSL=yes\n"), RC_OK);
	assert_true(conf_bool(&b->cf, CONF_MIKROTIK_SSL));
	assert_int_equal(load(b, "APP_ENV=local\nMIKROTIK_SSL=0\n"), RC_OK);
	assert_false(conf_bool(&b->cf, CONF_MIKROTIK_SSL));
}

/*
 * Bug: each of these was ignored: payments were off, and lines were suspended without
 * asking Midtrans.
 */
static void
every_line_must_be_understood(void **state)
{
	static const char *const bad[][2] = {
		{ "MIDTRANS_SERVERKEY=x", ":2: there is no setting MIDTRANS_SERVERKEY"
					  " (the nearest is MIDTRANS_SERVER_KEY)" },
		{ "XYZ=1", ":2: there is no setting XYZ" },
		{ "MAIL_HOST = a", ":2: blanks beside = are not allowed" },
		{ "MAIL_HOST=\ta", ":2: blanks beside = are not allowed" },
		{ "export MAIL_HOST=a", ":2: export is not understood here" },
		{ "nonsense", ":2: this line is not NAME=value" },
		{ "=x", ":2: this line is not NAME=value" },
		{ "APP_URL=ftp://x", ": APP_URL: ftp://x is no http:// or https:// address" },
	};
	struct box *b = *state;

	for (size_t i = 0; i < countof(bad); i++)
		assert_refused(b, arena_printf(b->cx.mem, "APP_ENV=local\n%s\n", bad[i][0]),
		    bad[i][1]);
	assert_int_equal(load(b, "APP_ENV=local\nAPP_NAME=\"A B\"\nAPP_DEBUG=true\n"
				 "DB_CONNECTION=pgsql\nMAIL_MAILER=smtp\n"),
	    RC_OK);
}

static void
only_what_is_set_is_printed(void **state)
{
	struct box *b = *state;
	struct sb out = sb_new(b->cx.mem);

	assert_int_equal(load(b, "APP_ENV=local\nMAIL_FROM_NAME='a # b'\n"), RC_OK);
	conf_print(&b->cf, &out);
	assert_string_equal(out.buf, "APP_ENV=local\nMAIL_FROM_NAME=a # b\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(values_quotes_and_comments),
		T(odd_values),
		T(environment_goes_before_file),
		T(bad_values_stop_with_the_key),
		T(days_and_zones_must_exist),
		T(a_place_to_listen_is_a_port_with_or_without_an_address),
		T(production_refuses_what_is_for_tests),
		T(a_secret_may_be_a_credential),
		T(a_missing_file_is_reported),
		T(database_from_parts),
		T(booleans),
		T(every_line_must_be_understood),
		T(only_what_is_set_is_printed),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
