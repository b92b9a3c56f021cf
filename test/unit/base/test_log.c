/* Lines on standard error: each test reads those of its own events. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int saved, ends[2];
static char captured[16384];

static int
setup(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return dup2(ends[1], STDERR_FILENO) == STDERR_FILENO ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

/* All that was said since. */
static const char *
logged(void)
{
	ssize_t n = read(ends[0], captured, sizeof(captured) - 1);

	captured[n > 0 ? n : 0] = '\0';
	return captured;
}

/* One line, and this pair in it as a whole. */
static void
assert_pair(const char *line, const char *pair)
{
	const char *at = strstr(line, pair);
	char after = at != NULL ? at[strlen(pair)] : '?';

	if (at == NULL || at == line || at[-1] != ' ' || (after != ' ' && after != '\n'))
		fail_msg("no [%s] in [%s]", pair, line);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void
an_event_is_a_line_of_pairs(void **state)
{
	const char *line;

	(void)state;
	log_open("unit");
	log_event(LOG_WARN, "moved", "from", "here", "nothing", NULL, "to", "two words", NULL);
	line = logged();
	assert_int_equal(strncmp(line, "time=2", 6), 0);
	assert_pair(line, "level=warn");
	assert_pair(line, "program=unit");
	assert_pair(line, "event=moved");
	assert_pair(line, "from=here");
	assert_pair(line, "to=\"two words\"");
	assert_null(strstr(line, "nothing"));
}

/* A foreign text makes no line and no pair of its own. */
static void
texts_cannot_forge(void **state)
{
	const char *line;

	(void)state;
	log_event(LOG_INFO, "e", "a", "x\nlevel=error event=forged", NULL);
	line = logged();
	assert_pair(line, "a=\"x level=error event=forged\"");
	log_event(LOG_INFO, "e", "a", "\" b=c", "d", "back\\slash", "e", "", "f", "g=h", NULL);
	line = logged();
	assert_pair(line, "a=\"\\\" b=c\"");
	assert_pair(line, "d=\"back\\\\slash\"");
	assert_pair(line, "e=\"\"");
	assert_pair(line, "f=\"g=h\"");
	log_event(LOG_INFO, "e", "a", "\x1b[2J\x7f\r", NULL);
	line = logged();
	assert_pair(line, "a=\"\\x1b[2J\\x7f \"");
}

static void
a_line_is_one_short_write(void **state)
{
	char text[9000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_event(LOG_INFO, "long", "text", text, "last", "lost", NULL);
	line = logged();
	assert_true(strlen(line) <= 4096);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_null(strstr(line, "lost"));
}

static void
an_error_is_logged_with_all_that_is_known(void **state)
{
	struct ctx cx = { .request_id = "r-7" };
	const char *line;

	(void)state;
	(void)FAIL(&cx, RC_UPSTREAM, "router %s is away", "Main");
	log_err(LOG_ERROR, "request", &cx);
	line = logged();
	assert_pair(line, "level=error");
	assert_pair(line, "event=request");
	assert_pair(line, "rc=upstream");
	assert_pair(line, "msg=\"router Main is away\"");
	assert_pair(line, "rid=r-7");
	assert_non_null(strstr(line, "test_log.c:"));
	assert_null(strstr(line, "detail"));
	cx.request_id = "";
	(void)err_detail(&cx.err, "refused");
	log_err(LOG_ERROR, "request", &cx);
	line = logged();
	assert_pair(line, "detail=refused");
	assert_null(strstr(line, "rid="));
}

/* A code without a name would be a NULL in the log. */
static void
every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < RC__MAX; i++) {
		assert_non_null(rc_name((enum rc)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(rc_name((enum rc)i), rc_name((enum rc)j));
	}
	assert_string_equal(rc_name(RC__MAX), "unknown");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_event_is_a_line_of_pairs),
		CASE(texts_cannot_forge),
		CASE(a_line_is_one_short_write),
		CASE(an_error_is_logged_with_all_that_is_known),
		CASE(every_code_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
