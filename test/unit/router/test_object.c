/* Objects that a person changes by their id: refusals of the router are faults of a field. */
#include "router_peer.h"

#include "router/object.h"

static void
an_id_has_its_form(void **state)
{
	static const char *const bad[] = { "", "*", "1A", "*1G", "*123456789", "*1 " };

	(void)state;
	assert_true(object_is_id("*1A") && object_is_id("*FFFFFFFF"));
	for (size_t i = 0; i < countof(bad); i++)
		assert_false(object_is_id(bad[i]));
}

static void
an_added_object_answers_its_id(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!done|=ret=*1F\n"),
	};
	const struct object_attr attrs[] = { { "name", "office" }, { "comment", "a=b c" } };
	const char *id = NULL;

	(void)state;
	assert_int_equal(object_add(&cx, answering(turns), OBJECT_QUEUE, attrs, 2, &id), RC_OK);
	assert_string_equal(id, "*1F");
	assert_string_equal(hang_up(),
	    LOGIN_RECEIVED "/queue/simple/add|=name=office|=comment=a=b c\n");
}

static void
a_refused_value_names_its_field(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!trap|=category=1|=message=value of remote-address expects range\n!done\n"),
	};
	const struct object_attr attrs[] = { { "remote-address", "x" } };
	const char *id = NULL;

	(void)state;
	assert_int_equal(object_add(&cx, answering(turns), OBJECT_SECRET, attrs, 1, &id),
	    RC_INVALID);
	assert_string_equal(cx.err.fields->field, "remote_address");
}

static void
a_cleared_property_is_unset(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=q|=dynamic=false\n!done\n"),
		DONE,
		LAST("!done\n"),
	};
	const struct object_attr attrs[] = { { "max-limit", "1M/2M" }, { "comment", NULL } };

	(void)state;
	assert_int_equal(object_set(&cx, answering(turns), OBJECT_QUEUE, "*7", attrs, 2), RC_OK);
	assert_string_equal(hang_up(),
	    LOGIN_RECEIVED "/queue/simple/print|=.proplist=name,dynamic|?.id=*7\n"
			   "/queue/simple/set|=.id=*7|=max-limit=1M/2M\n"
			   "/queue/simple/unset|=.id=*7|=value-name=comment\n");
}

/* A refusal of the router is the answer to a change: of its values, and of what is to be cleared.
 */
static void
a_refused_change_is_an_error(void **state)
{
	static const struct turn values[] = {
		LOGIN,
		{ .listen = 1, .say = "!re|=name=q|=dynamic=false\n!done\n" },
		{ .listen = 1, .say = "!trap|=message=value of max-limit expects rate\n!done\n" },
		{ .listen = 1, .say = "!done\n", .end = PEER_HOLD },
	}, cleared[] = {
		LOGIN,
		{ .listen = 1, .say = "!re|=name=q|=dynamic=false\n!done\n" },
		{ .listen = 1, .say = "!done\n" },
		{ .listen = 1, .say = "!trap|=message=cannot unset\n!done\n", .end = PEER_HOLD },
	};
	const struct object_attr attrs[] = { { "max-limit", "x" }, { "comment", NULL } };

	(void)state;
	assert_int_equal(object_set(&cx, answering(values), OBJECT_QUEUE, "*7", attrs, 2),
	    RC_INVALID);
	assert_string_equal(cx.err.fields->field, "max_limit");
	assert_null(strstr(hang_up(), "unset"));
	assert_int_not_equal(object_set(&cx, answering(cleared), OBJECT_QUEUE, "*7", attrs, 2),
	    RC_OK);
}

static void
a_dynamic_object_stays(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!re|=name=<pppoe-ani>|=dynamic=true\n!done\n"),
	};

	(void)state;
	assert_int_equal(object_remove(&cx, answering(turns), OBJECT_QUEUE, "*7"), RC_CONFLICT);
	assert_null(strstr(hang_up(), "remove"));
}

static void
an_unknown_id_is_not_found(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!done\n"),
	};

	(void)state;
	assert_int_equal(object_remove(&cx, answering(turns), OBJECT_SECRET, "*7"), RC_NOT_FOUND);
}

/* Nothing listens there: each change says so. */
static void
a_router_that_does_not_answer_is_reported(void **state)
{
	const struct object_attr attrs[] = { { "comment", "x" } };
	const char *router = a_router("Main", 1), *id = NULL;

	(void)state;
	assert_int_equal(object_add(&cx, router, OBJECT_SECRET, attrs, 1, &id), RC_UPSTREAM);
	assert_null(id);
	assert_int_equal(object_set(&cx, router, OBJECT_QUEUE, "*7", attrs, 1), RC_UPSTREAM);
	assert_int_equal(object_remove(&cx, router, OBJECT_SECRET, "*7"), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Main"));
}

/* A change of a secret ends its sessions, also when the default router is another one. */
static void
a_change_goes_to_the_named_router(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=ani|=dynamic=false\n!done\n"),
		{ .listen = 1, .say = "!done\n", .end = PEER_NEXT },
		LOGIN,
		SAY("!re|=.id=*8|=name=ani\n!done\n"),
		LAST("!done\n"),
	};

	(void)state;
	(void)a_router("Dead", 1);
	assert_int_equal(object_remove(&cx, NULL, OBJECT_SECRET, "*7"), RC_UPSTREAM);
	assert_int_equal(object_remove(&cx, answering(turns), OBJECT_SECRET, "*7"), RC_OK);
	assert_string_equal(hang_up(),
	    LOGIN_RECEIVED "/ppp/secret/print|=.proplist=name,dynamic|?.id=*7\n"
			   "/ppp/secret/remove|=.id=*7\n" LOGIN_RECEIVED
			   "/ppp/active/print|=.proplist=.id,name|?name=ani\n"
			   "/ppp/active/remove|=.id=*8\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(an_id_has_its_form),
		ROUTER_TEST(an_added_object_answers_its_id),
		ROUTER_TEST(a_refused_value_names_its_field),
		ROUTER_TEST(a_cleared_property_is_unset),
		ROUTER_TEST(a_refused_change_is_an_error),
		ROUTER_TEST(a_dynamic_object_stays),
		ROUTER_TEST(an_unknown_id_is_not_found),
		ROUTER_TEST(a_router_that_does_not_answer_is_reported),
		ROUTER_TEST(a_change_goes_to_the_named_router),
	};

	return cmocka_run_group_tests_name("object", tests, rows_open, rows_close);
}
