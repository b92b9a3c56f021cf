/* The reading of an import from a router: each menu once, nothing but prints. */
#include "router_peer.h"

#include "router/live.h"

static struct sb seen;

static enum rc
take(struct ctx *c, const struct dump_row *row, void *arg)
{
	(void)c;
	(void)arg;
	sb_printf(&seen, "%s:", row->table);
	assert_string_equal(row->columns[0], "router");
	for (size_t i = 1; i < row->n; i++)
		if (row->values[i] != NULL)
			sb_printf(&seen, " %s=%s", row->columns[i], row->values[i]);
	sb_puts(&seen, "\n");
	return RC_OK;
}

static enum rc
read_all(const struct turn *turns)
{
	seen = sb_new(cx.mem);
	return live_read(&cx, answering(turns), take, NULL);
}

static void
profiles_come_before_the_objects(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		SAY("!re|=name=10 Mbps|=rate-limit=5M/10M\n!done\n"),
		SAY(NO_MENU),
		SAY("!re|=name=pak budi|=password=*****|=service=any|=profile=10 Mbps|"
		    "=disabled=false|=comment=Budi - 0812\n!re|=comment=no name\n!done\n"),
		LAST(NO_MENU),
	};

	(void)state;
	assert_int_equal(read_all(turns), RC_OK);
	assert_string_equal(seen.buf,
	    "ppp-profile: name=10 Mbps rate-limit=5M/10M\n"
	    "ppp: name=pak budi password=***** service=any profile=10 Mbps disabled=false"
	    " comment=Budi - 0812\n");
	(void)hang_up();
	for (const char *at = received; (at = strstr(at, "\n/")) != NULL; at++)
		assert_non_null(strstr(at, "/print|"));
}

static void
a_refusal_of_secrets_is_one(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		LAST("!trap|=message=not enough permissions (9)\n!done\n"),
	};

	(void)state;
	assert_int_equal(read_all(turns), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "permission"));
	assert_int_equal(seen.len, 0);
}

static void
hotspot_users_have_their_own_columns(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		DONE,
		SAY("!re|=name=3h|=rate-limit=1M/2M|=on-login=:put 1\n!done\n"),
		DONE,
		LAST("!re|=name=ani|=password=x|=profile=3h|=address=10.0.0.2|"
		     "=disabled=true|=limit-uptime=3h|=comment=c\n!done\n"),
	};

	(void)state;
	assert_int_equal(read_all(turns), RC_OK);
	assert_string_equal(seen.buf,
	    "hotspot-profile: name=3h rate-limit=1M/2M on-login=:put 1\n"
	    "hotspot: name=ani password=x profile=3h address=10.0.0.2 disabled=true"
	    " limit-uptime=3h comment=c\n");
}

/* PPP belongs to every router: one without it is not read as a router without customers. */
static void
a_router_without_ppp_is_an_error(void **state)
{
	static const struct turn turns[] = {
		LOGIN,
		DONE,
		DONE,
		SAY(NO_MENU),
		DONE,
		DONE,
		LAST("!done\n"),
	};
	static const struct turn none[] = {
		LOGIN,
		SAY(NO_MENU),
		DONE,
		DONE,
		LAST("!done\n"),
	};

	(void)state;
	assert_int_equal(read_all(turns), RC_UPSTREAM);
	(void)hang_up();
	(void)sql("DELETE FROM router_settings");
	assert_int_equal(live_read(&cx, answering(none), take, NULL), RC_UPSTREAM);
	(void)sql("UPDATE router_settings SET port = 1"); /* where nobody listens */
	assert_int_equal(live_read(&cx, NULL, take, NULL), RC_UPSTREAM);
	assert_int_equal(seen.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(profiles_come_before_the_objects),
		ROUTER_TEST(a_refusal_of_secrets_is_one),
		ROUTER_TEST(hotspot_users_have_their_own_columns),
		ROUTER_TEST(a_router_without_ppp_is_an_error),
	};

	return cmocka_run_group_tests_name("live", tests, rows_open, rows_close);
}
