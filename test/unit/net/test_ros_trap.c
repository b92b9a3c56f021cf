#include "fixture.h"

#include <string.h>

#include "net/ros_trap.h"

/* clang-format off */
static const struct {
	const char *message;
	enum ros_trap_kind kind;
	const char *arg;
} known[] = {
	{ "failure: secret with the same name already exists", TRAP_EXISTS, "" },
	{ "failure: already have such name", TRAP_EXISTS, "" },
	{ "failure: already have user with this name for this server", TRAP_EXISTS, "" },
	{ "failure: already have such entry", TRAP_EXISTS, "" },
	{ "failure: pool with such name exists", TRAP_EXISTS, "" },
	{ "failure: already have static lease with this IP address", TRAP_EXISTS, "" },
	{ "input does not match any value of profile", TRAP_NO_REF, "profile" },
	{ "Input Does Not Match any value of interface", TRAP_NO_REF, "interface" },
	{ "ambiguous value of profile, more than one possible value matches input",
	  TRAP_BAD_VALUE, "profile" },
	{ "invalid value for argument remote-address", TRAP_BAD_VALUE, "remote-address" },
	{ "invalid value for argument remote-address:\n  invalid value of mac-address",
	  TRAP_BAD_VALUE, "remote-address" },
	{ "value of priority out of range (1..8)", TRAP_BAD_VALUE, "priority" },
	{ "failure: upload-max-limit less than upload-limit", TRAP_BAD_VALUE, "max-limit" },
	{ "failure: download-max-limit less than download-limit", TRAP_BAD_VALUE, "max-limit" },
	{ "missing =.id=", TRAP_USAGE, ".id" },
	{ "no such item", TRAP_NO_ITEM, "" },
	{ "no such item (4)", TRAP_NO_ITEM, "" },
	{ "unknown parameter", TRAP_USAGE, "" },
	{ "unknown parameter colour", TRAP_USAGE, "colour" },
	{ "no such command", TRAP_NO_COMMAND, "" },
	{ "no such command prefix", TRAP_NO_COMMAND, "" },
	{ "no such command or directory (hotspot)", TRAP_NO_COMMAND, "" },
	{ "can not remove default profile", TRAP_OTHER, "" },
	{ "not enough permissions (9)", TRAP_PERMISSION, "" },
	{ "NOT ENOUGH PERMISSIONS", TRAP_PERMISSION, "" },
	{ "action timed out - try again, if error continues contact MikroTik support (13)",
	  TRAP_BUSY, "" },
	{ "interrupted", TRAP_INTERRUPTED, "" },
	{ "invalid user name or password (6)", TRAP_LOGIN, "" },
	{ "cannot log in", TRAP_LOGIN, "" },
	{ "", TRAP_OTHER, "" },
	{ "invalid value for argument ", TRAP_BAD_VALUE, "" },
};
/* clang-format on */

static void
knows_the_messages_of_routers(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(known); i++) {
		struct ros_trap t = ros_trap_read(cx.mem, known[i].message, NULL);

		if (t.kind != known[i].kind || strcmp(t.arg, known[i].arg) != 0)
			fail_msg("\"%s\" is %d about \"%s\"", known[i].message, t.kind, t.arg);
		assert_int_equal(t.category, -1);
	}
}

static void
falls_back_to_the_category(void **state)
{
	(void)state;
	assert_int_equal(ros_trap_read(cx.mem, "hm", "1").kind, TRAP_BAD_VALUE);
	assert_int_equal(ros_trap_read(cx.mem, "hm", "2").kind, TRAP_INTERRUPTED);
	assert_int_equal(ros_trap_read(cx.mem, "hm", "4").kind, TRAP_OTHER);
	assert_int_equal(ros_trap_read(cx.mem, "hm", "4").category, 4);
	assert_int_equal(ros_trap_read(cx.mem, "no such item", "1").kind, TRAP_NO_ITEM);
	assert_int_equal(ros_trap_read(cx.mem, "hm", "12").category, -1);
	assert_int_equal(ros_trap_read(cx.mem, "hm", "x").category, -1);
}

static void
messages_become_one_short_line(void **state)
{
	char *endless = memset(arena_alloc(cx.mem, 100001), 'x', 100000);

	(void)state;
	assert_string_equal(ros_trap_read(cx.mem, "two\nlines\x1b[1m", NULL).message,
	    "two\\nlines\\x1b[1m");
	assert_in_range(strlen(ros_trap_read(cx.mem, endless, NULL).message), 100, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(knows_the_messages_of_routers),
		FIXTURE_TEST(falls_back_to_the_category),
		FIXTURE_TEST(messages_become_one_short_line),
	};

	return cmocka_run_group_tests_name("ros_trap", tests, NULL, NULL);
}
