/*
 * A batch from claim to result, against a router of two screens: provision.c
 * and what it is made of, provision_{profile,look,act,kick,check}.c.  The commands that
 * an account needs stand in test_account_plan.c, marks in test_provision_mark.c; here it is
 * their order, and what becomes of an answer.
 */
#include "provision_batch.h"

#include "router/drift.h"

/* As if the router had it all. */
static void
all_synced(void)
{
	(void)sql("UPDATE account_states SET synced_generation = generation, kick = false,"
		  " sync_state = 'synced', traces = ARRAY['ppp - ' || (SELECT username"
		  " FROM mikrotik_secrets m WHERE m.id = account_id)]");
}

static void
all_due(void)
{
	(void)sql("UPDATE account_states SET due_at = now()");
}

static void
no_jobs_open_no_connection(void **state)
{
	static const struct turn turns[] = { { .end = PEER_HANG_UP } };
	struct provision_report rep;

	(void)state;
	linked(turns);
	rep = batch();
	assert_false(rep.busy || rep.broken);
	assert_int_equal(rep.done + rep.failed, 0);
	assert_string_equal(hang_up(), "");
}

static void
a_new_account_gets_its_profile_first(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2,
		    .say = "!re|.tag=2|=.id=*0|=local-address=10.0.0.1|=remote-address=pool\n"
			   "!done|.tag=2\n!done|.tag=1\n" },
		SAY("!done|=ret=*A\n"),
		DONE,
		LAST("!done|=ret=*1F\n"),
	};
	const char *id, *package = a_package("home", "pppoe");
	struct provision_report rep;

	(void)state;
	linked(turns);
	id = an_account("citra", package, "");
	rep = batch();
	assert_int_equal(rep.done, 2); /* the account, and the profile that was due with it */
	assert_int_equal(rep.failed, 0);
	assert_string_equal(state_of(id), "synced");
	assert_string_equal(sql("SELECT mikrotik_id AS v FROM mikrotik_secrets"), "*1F");
	assert_string_equal(sql("SELECT sync_state AS v FROM profile_states"), "synced");
	assert_string_equal(sql("SELECT version AS v FROM router_states"), "7.20.4 (stable)");
	assert_string_equal(hang_up(),
	    arena_printf(cx.mem,
		HELLO_RECEIVED
		"/ppp/profile/print|=.proplist=.id,local-address,remote-address,rate-limit,comment"
		"|?name=home|.tag=1\n"
		"/ppp/profile/print|=.proplist=.id,local-address,remote-address,rate-limit,comment"
		"|?name=default|.tag=2\n"
		"/ppp/profile/add|=name=home|=local-address=10.0.0.1|=remote-address=pool"
		"|=rate-limit=5M/10M|=comment=isp:%s\n" SECRETS_RECEIVED "|?name=citra\n"
		"/ppp/secret/add|=name=citra|=password=kata sandi|=profile=home"
		"|=comment=isp:%s|=disabled=no|=service=pppoe\n",
		package, id));
}

/* A customer whose profile has no pool logs in and gets no address: the account is right, and
 * warns. */
static void
a_profile_without_addresses_is_a_warning(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2, .say = "!re|.tag=2|=.id=*0\n!done|.tag=2\n!done|.tag=1\n" },
		SAY("!done|=ret=*A\n"),
		DONE,
		LAST("!done|=ret=*1F\n"),
	};
	const char *id, *package = a_package("home", "pppoe");

	(void)state;
	linked(turns);
	id = an_account("citra", package, "");
	assert_int_equal(batch().done, 2);
	assert_string_equal(state_of(id),
	    "synced: profile home on Main gives no addresses: set a pool for the router or a "
	    "remote_address");
}

/* Somebody else's profile of that name at another speed is neither changed nor used. */
static void
a_foreign_profile_fails_who_needs_it(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2,
		    .say = "!re|.tag=1|=.id=*7|=rate-limit=1M/1M|=comment=by hand\n"
			   "!done|.tag=1\n!done|.tag=2\n" },
		LAST("!done\n"),
	};
	const char *id, *package = a_package("home", "pppoe");
	struct provision_report rep;

	(void)state;
	linked(turns);
	id = an_account("citra", package, "");
	rep = batch();
	assert_int_equal(rep.failed, 2);
	assert_string_equal(rep.error, "profile home exists on Main and is not ours");
	assert_string_equal(state_of(id), "failed: profile home exists on Main and is not ours");
	assert_int_equal(times(hang_up(), "/set") + times(received, "/add"), 0);
}

/* The sessions end after the account is right; one that ended by itself is no failure. */
static void
a_suspended_account_is_cut_off(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY(CITRA_FOUND("|=service=pppoe|=profile=gold")),
		DONE,
		SAY("!re|=.id=*800|=name=citra\n!re|=.id=*801|=name=citra\n!done\n"),
		{ .listen = 2,
		    .say = "!done|.tag=2\n!trap|=message=no such item|.tag=1\n!done|.tag=1\n",
		    .end = PEER_HOLD },
	};

	(void)state;
	linked(turns);
	citra_is_suspended();
	assert_int_equal(batch().done, 1);
	assert_string_equal(state_of(CITRA), "synced");
	assert_string_equal(sql("SELECT mikrotik_id AS v FROM mikrotik_secrets"), "*1");
	assert_string_equal(hang_up() + strlen(HELLO_RECEIVED),
	    SECRETS_RECEIVED "|?name=citra\n"
			     "/ppp/secret/set|=.id=*1|=disabled=yes\n"
			     "/ppp/active/print|=.proplist=.id,name|?name=citra\n"
			     "/ppp/active/remove|=.id=*800|.tag=1\n"
			     "/ppp/active/remove|=.id=*801|.tag=2\n");
}

/* As many as the first room for them, none of which is left. */
static void
sixty_four_sessions_end(void **state)
{
	static const struct turn first[] = {
		HELLO,
		SAY(CITRA_FOUND("")),
		DONE,
	};
	static struct turn turns[countof(first) + 1 + 64 + 1];
	struct sb sessions = sb_new(cx.mem);
	size_t n = countof(first) + 1;

	(void)state;
	memcpy(turns, first, sizeof(first));
	for (int i = 1; i <= 64; i++) {
		sb_printf(&sessions, "!re|=.id=*%X|=name=citra\n", (unsigned)i);
		turns[n++] =
		    (struct turn){ .listen = 1, .say = arena_printf(cx.mem, "!done|.tag=%d\n", i) };
	}
	sb_puts(&sessions, "!done\n");
	turns[countof(first)] = (struct turn){ .listen = 1, .say = sessions.buf };
	turns[n] = (struct turn)LAST("!done\n");
	linked(turns);
	citra_is_suspended();
	assert_int_equal(batch().done, 1);
	assert_int_equal(times(hang_up(), "/ppp/active/remove|=.id=*"), 64);
}

/*
 * Bug: the command that disabled a customer also set the account's other properties; when
 * the router refused that, the customer stayed online for ever. Now disabling is a command
 * by itself.
 */
static void
other_differences_come_after_the_sessions(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY("!re|=.id=*1|=name=citra|=service=any|=profile=*2"
		    "|=comment=isp:" CITRA "\n!done\n"),
		DONE,
		SAY("!re|=.id=*800|=name=citra\n!done\n"),
		DONE,
		LAST("!trap|=message=input does not match any value of profile\n!done\n"),
	};

	(void)state;
	linked(turns);
	citra_is_suspended();
	assert_int_equal(batch().failed, 1);
	assert_string_equal(state_of(CITRA), "failed: profile gold does not exist on Main");
	assert_string_equal(hang_up() + strlen(HELLO_RECEIVED),
	    SECRETS_RECEIVED "|?name=citra\n"
			     "/ppp/secret/set|=.id=*1|=disabled=yes\n"
			     "/ppp/active/print|=.proplist=.id,name|?name=citra\n"
			     "/ppp/active/remove|=.id=*800\n"
			     "/ppp/secret/set|=.id=*1|=profile=gold|=service=pppoe\n");
}

/* One that cannot be disabled is kicked all the same, and nothing more is set. */
static void
a_cut_that_fails_is_the_end_of_the_rest(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY(CITRA_FOUND("|=service=any|=profile=gold")),
		SAY("!trap|=message=action timed out (13)\n!done\n"),
		LAST("!done\n"),
	};

	(void)state;
	linked(turns);
	citra_is_suspended();
	assert_int_equal(batch().failed, 1);
	assert_non_null(strstr(state_of(CITRA), "action timed out"));
	assert_int_equal(times(hang_up(), "/set"), 1);
	assert_int_equal(times(received, "/ppp/active/print"), 1);
}

/* An account that takes over the name or the address of one that has ended would find it in use. */
static void
an_ended_account_goes_before_the_rest(void **state)
{
	struct turn turns[] = {
		HELLO,
		{ .listen = 2 },
		DONE,
		SAY("!done|=ret=*2\n"),
		LAST("!done\n"),
	};
	const char *added, *removed, *id;

	(void)state;
	linked(turns);
	id = plain_account("adi");
	all_synced();
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent'");
	(void)plain_account("budi");
	turns[2].say = arena_printf(cx.mem,
	    "!re|=.id=*1|=name=adi|=comment=isp:%s|.tag=1\n!done|.tag=1\n"
	    "!done|.tag=2\n",
	    id);
	assert_int_equal(batch().done, 2);
	removed = strstr(hang_up(), "/ppp/secret/remove|=.id=*1\n");
	added = strstr(received, "/ppp/secret/add|=name=budi|");
	assert_non_null(removed);
	assert_non_null(added);
	assert_true(removed < added);
}

static void
one_bad_account_stops_no_other(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2, .say = "!done|.tag=1\n!done|.tag=2\n" },
		{ .listen = 2,
		    .say =
			"!trap|=message=failure: secret with the same name already exists|.tag=3\n"
			"!done|.tag=3\n!done|=ret=*2|.tag=4\n",
		    .end = PEER_HOLD },
	};
	struct provision_report rep;

	(void)state;
	linked(turns);
	(void)plain_account("ani");
	(void)plain_account("budi");
	rep = batch();
	assert_int_equal(rep.done, 1);
	assert_int_equal(rep.failed, 1);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM account_states s"
				 " JOIN mikrotik_secrets m ON m.id = s.account_id"
				 " WHERE sync_error = m.username || ' exists on Main'"
				 " AND sync_state = 'failed' AND due_at > now()"),
	    1);
	assert_int_equal(sql_i64("SELECT count(*)::text AS v FROM account_states"
				 " WHERE sync_state = 'synced' AND sync_error IS NULL"),
	    1);
}

static void
a_password_no_key_opens_fails_its_account(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		LAST("!done\n"),
	};
	const char *id;

	(void)state;
	linked(turns);
	id = plain_account("citra");
	(void)sql("UPDATE subscriptions SET mikrotik_password = 's1.00000000.AAAA'");
	all_due();
	assert_int_equal(batch().failed, 1);
	assert_string_equal(state_of(id), "failed: its password cannot be opened: wrong APP_KEY?");
}

/* A job that a lost connection left undone says so, and the next batch dials again. */
static void
a_lost_connection_is_dialled_again(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 1, .end = PEER_AGAIN },
		HELLO,
		DONE,
		LAST("!done|=ret=*1\n"),
	};
	struct provision_report rep;
	const char *id;

	(void)state;
	linked(turns);
	id = plain_account("citra");
	rep = batch();
	assert_int_equal(rep.failed, 1);
	assert_false(rep.broken); /* it may be back at once */
	assert_non_null(strstr(state_of(id), "failed: router Main closed the connection"));
	all_due();
	assert_int_equal(batch().done, 1);
	assert_string_equal(state_of(id), "synced");
	assert_int_equal(times(hang_up(), "/login"), 2);
}

/* Lose the connection at each turn after the login: the job is failed, with the reason. */
static void
lose_at_each_turn(const struct turn *whole, size_t n, void (*prepare)(void))
{
	static struct turn turns[9];

	for (size_t at = 2; at < n; at++) {
		memcpy(turns, whole, n * sizeof(*turns));
		turns[at] = (struct turn){ .listen = 1, .end = PEER_HANG_UP };
		linked(turns);
		prepare();
		assert_int_equal(batch().done, 0);
		assert_string_equal(
		    sql("SELECT sync_state || ': ' || split_part(sync_error, ':', 1)"
			" AS v FROM account_states"),
		    "failed: router Main closed the connection");
		/* Nothing more is asked of a connection that is lost. */
		assert_null(sql("SELECT sync_error AS v FROM account_states"
				" WHERE sync_error LIKE '%%not connected%%'"));
		(void)hang_up();
		(void)sql("TRUNCATE customers, packages, router_settings CASCADE");
	}
}

static void
a_connection_lost_at_any_step_fails_the_cut(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY(CITRA_FOUND("|=service=any|=profile=gold")),
		DONE,
		SAY("!re|=.id=*800|=name=citra\n!done\n"),
		DONE,
		LAST("!done\n"),
	};

	(void)state;
	lose_at_each_turn(turns, countof(turns), citra_is_suspended);
}

static void
a_connection_lost_at_any_step_fails_the_search_for_a_mark(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		SAY("!re|=.id=*1|=name=upstairs|=service=pppoe|=profile=gold"
		    "|=comment=isp:" CITRA "\n!done\n"),
		DONE,
		{ .listen = 2, .say = "!done|.tag=1\n!done|.tag=2\n" },
		LAST("!done\n"),
	};

	(void)state;
	lose_at_each_turn(turns, countof(turns), citra_is_suspended);
}

static void
citra_is_new(void)
{
	(void)an_account("citra", a_package("home", "pppoe"), "");
}

static void
a_connection_lost_at_any_step_fails_the_profile(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2, .say = "!done|.tag=2\n!done|.tag=1\n" },
		LAST("!done|=ret=*A\n"),
	};

	(void)state;
	lose_at_each_turn(turns, countof(turns), citra_is_new);
}

static void
citra_is_isolated(void)
{
	(void)sql("UPDATE settings SET suspend_mode = 'isolate', isolation_profile = 'walled'");
	citra_is_suspended();
}

#define PROFILES_RECEIVED                                                                          \
	"/ppp/profile/print|=.proplist=.id,local-address,remote-address,rate-limit,comment"
#define SECRET_SAID CITRA_FOUND("|=service=pppoe|=profile=gold")

static void
a_connection_lost_at_any_step_fails_the_isolation(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY("!re|=.id=*5\n!done\n"),
		SAY(SECRET_SAID),
		DONE,
		LAST("!done\n"),
	};

	(void)state;
	lose_at_each_turn(turns, countof(turns), citra_is_isolated);
	linked(turns);
	citra_is_isolated();
	assert_int_equal(batch().done, 1);
	assert_string_equal(state_of(CITRA), "synced");
	assert_string_equal(hang_up() + strlen(HELLO_RECEIVED),
	    PROFILES_RECEIVED "|?name=walled\n" SECRETS_RECEIVED "|?name=citra\n"
			      "/ppp/secret/set|=.id=*1|=password=kata sandi|=profile=walled\n"
			      "/ppp/active/print|=.proplist=.id,name|?name=citra\n");
}

/* A session without a wall around it would be free: the customer is disabled, and it is said. */
static void
a_missing_wall_disables_the_customer(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		SAY(SECRET_SAID),
		DONE,
		DONE,
		LAST("!done\n"),
	};

	(void)state;
	linked(turns);
	citra_is_isolated();
	assert_int_equal(batch().failed, 1);
	assert_string_equal(state_of(CITRA),
	    "failed: profile walled does not exist on Main: disabled instead");
	assert_non_null(strstr(hang_up(), "/ppp/secret/set|=.id=*1|=disabled=yes\n"));
	assert_null(strstr(received, "=profile=walled"));
}

/* The id that is kept is the queue's, not that of the entry which blocks its address. */
static void
a_blocked_address_is_no_object_of_the_account(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2,
		    .say = "!re|.tag=1|=.id=*9|=name=citra|=target=10.0.0.5/32|=max-limit=5M/10M"
			   "|=priority=8/8|=comment=isp:" CITRA "\n!done|.tag=1\n"
			   "!re|.tag=2|=.id=*7|=address=10.0.0.5|=disabled=true"
			   "|=comment=isp:" CITRA "\n!done|.tag=2\n" },
		LAST("!done\n"),
	};

	(void)state;
	linked(turns);
	(void)an_account("citra", a_package("fix", "static"), "10.0.0.5");
	(void)sql("DELETE FROM account_states");
	(void)sql("UPDATE mikrotik_secrets SET id = '" CITRA "', mikrotik_id = '*9'");
	(void)sql("UPDATE mikrotik_secrets SET disabled = true");
	assert_int_equal(batch().done, 1);
	assert_string_equal(sql("SELECT mikrotik_id AS v FROM mikrotik_secrets"), "*9");
	assert_non_null(strstr(hang_up(), "/ip/firewall/address-list/set|=.id=*7|=disabled=no\n"));
}

static void
a_good_connection_is_kept(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		SAY("!done|=ret=*1\n"),
		DONE,
		LAST("!done|=ret=*2\n"),
	};

	(void)state;
	linked(turns);
	(void)plain_account("ani");
	assert_int_equal(batch().done, 1);
	all_synced();
	(void)plain_account("budi");
	(void)sql("UPDATE account_states SET synced_generation = generation WHERE account_id ="
		  " (SELECT id FROM mikrotik_secrets WHERE username = 'ani')");
	assert_int_equal(batch().done, 1);
	assert_int_equal(times(hang_up(), "/login"), 1);
}

/* Not asked before its next probe; and what waited is reported why meanwhile. */
static void
a_router_that_refuses_is_left_alone_for_a_while(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1,
		    .say = "!trap|=message=invalid user name or password (6)\n!done\n",
		    .end = PEER_AGAIN },
		HELLO,
		DONE,
		LAST("!done|=ret=*1\n"),
	};
	struct provision_report rep;
	const char *id;

	(void)state;
	linked(turns);
	id = plain_account("citra");
	rep = batch();
	assert_true(rep.broken);
	assert_non_null(strstr(rep.error, "login"));
	assert_string_equal(state_of(id), arena_printf(cx.mem, "failed: %s", rep.error));
	assert_string_equal(sql("SELECT concat_ws(' ', next_probe_at >= now() + p.pause,"
				" next_probe_at <= clock_timestamp() + p.pause) AS v"
				" FROM router_states, (SELECT interval '10 seconds') AS p (pause)"),
	    "t t"); /* it was 60: a password corrected on the router waited a minute */
	(void)sql("UPDATE router_states SET next_probe_at = next_probe_at + interval '1 minute'");
	all_due();
	rep = batch();
	assert_false(rep.broken);
	assert_int_equal(rep.done + rep.failed, 0);
	(void)sql("UPDATE router_states SET next_probe_at = now()");
	assert_int_equal(batch().done, 1);
	assert_int_equal(times(hang_up(), "/login"), 2);
	assert_null(sql("SELECT last_error AS v FROM router_states"));
}

static void
another_worker_has_the_router(void **state)
{
	static const struct turn turns[] = { { .end = PEER_HANG_UP } };
	struct ctx rival = rival_open();
	bool theirs = false;

	(void)state;
	linked(turns);
	(void)plain_account("citra");
	assert_int_equal(router_lock(&rival, router, &theirs), RC_OK);
	assert_true(theirs);
	assert_true(batch().busy);
	rival_close(&rival);
	assert_string_equal(hang_up(), "");
}

static int64_t
times_claimed(void)
{
	return sql_i64("SELECT coalesce(sum(calls), 0)::text AS v FROM pg_stat_xact_user_functions"
		       " WHERE funcname = 'account_claim'");
}

/* A month's end: one print of each table instead of a question a name. */
static void
many_accounts_are_looked_up_at_once(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		SAY("!re|=.id=*1|=name=foreigner\n!done\n"),
		SAY("!re|=.id=*8|=name=foreigner\n!re|=.id=*9|=name=u7\n!done\n"),
		LAST("!done\n"),
	};
	int64_t claims;

	(void)state;
	linked(turns);
	for (int i = 0; i < 51; i++)
		(void)plain_account(arena_printf(cx.mem, "u%d", i));
	all_synced();
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent'");
	(void)sql("SET LOCAL track_functions = 'all'");
	claims = times_claimed(); /* those of earlier tests, where all databases track */
	assert_int_equal(batch().done, 51);
	/* claimed again once, in case there are more: there were not */
	assert_int_equal(times_claimed() - claims, 2);
	assert_string_equal(hang_up() + strlen(HELLO_RECEIVED),
	    SECRETS_RECEIVED "\n"
			     "/ppp/active/print|=.proplist=.id,name\n"
			     "/ppp/active/remove|=.id=*9\n");
}

/* ---- what people wait for ------------------------------------------------ */

static void
an_account_is_put_in_order_now(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		DONE,
		{ .listen = 1, .say = "!done|=ret=*1\n", .end = PEER_AGAIN },
		HELLO,
		LAST("!trap|=message=not enough permissions (9)\n!done\n"),
	};
	const char *id;

	(void)state;
	linked(turns);
	id = plain_account("citra");
	(void)sql("UPDATE account_states SET due_at = now() + interval '1 hour'");
	assert_int_equal(provision_account(&cx, id), RC_OK);
	assert_string_equal(state_of(id), "synced");
	/* Also what is in order is looked at again when somebody asks. */
	assert_int_equal(provision_account(&cx, id), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "permission"));
	assert_non_null(strstr(state_of(id), "failed: "));
	assert_int_equal(times(hang_up(), "/ppp/secret/print"), 2);
}

static void
an_account_without_a_router_waits(void **state)
{
	const char *id = plain_account("citra");

	(void)state;
	assert_int_equal(provision_account(&cx, crypt_uuid(&cx)), RC_NOT_FOUND);
	assert_int_equal(provision_account(&cx, id), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "no active router");
	router = a_router("Main", 1);
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(provision_account(&cx, id), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "Main is not active");
}

/* On the second of two routers, though the first cannot be reached; which one is said. */
static void
a_package_goes_to_every_router(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2, .say = "!done|.tag=1\n!done|.tag=2\n" },
		LAST("!done|=ret=*A\n"),
	};
	const char *package = a_package("home", "pppoe"), *away;

	(void)state;
	assert_int_equal(provision_package(&cx, package), RC_CONFLICT);
	away = a_router("Away", 1);
	(void)sql("UPDATE router_settings SET created_at = created_at - interval '1 day'");
	linked(turns);
	assert_int_equal(provision_package(&cx, package), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "router Away"));
	assert_string_equal(sql("SELECT sync_state AS v FROM profile_states WHERE router_id = '%s'",
				router),
	    "synced");
	assert_string_equal(sql("SELECT sync_state AS v FROM profile_states WHERE router_id = '%s'",
				away),
	    "failed");
}

/* ---- a comparison -------------------------------------------------------- */

#define PRINT_ALL                                                                                  \
	"/ppp/secret/print|=.proplist=.id,name,service,profile,local-address,remote-address,"      \
	"disabled,comment|.tag=1\n"                                                                \
	"/ip/hotspot/user/print|=.proplist=.id,name,profile,address,"                              \
	"disabled,comment,limit-uptime|.tag=2\n"                                                   \
	"/queue/simple/print|=.proplist=.id,name,target,dynamic,disabled,comment,priority,"        \
	"max-limit,burst-limit,burst-threshold,burst-time|.tag=3\n"                                \
	"/ip/firewall/address-list/print|=.proplist=.id,address,dynamic,disabled,comment"          \
	"|?list=isp-blocked|.tag=4\n"                                                              \
	"/ipv6/firewall/address-list/print|=.proplist=.id,address,dynamic,disabled,comment"        \
	"|?list=isp-blocked|.tag=5\n"

/* Answers of all tables: the rows of the first, and nothing more. */
#define NOTHING_MORE "!done|.tag=1\n!done|.tag=2\n!done|.tag=3\n!done|.tag=4\n!done|.tag=5\n"
#define TABLES(first)                                                                              \
	{                                                                                          \
		.listen = 5, .say = first NOTHING_MORE, .end = PEER_HOLD                           \
	}
#define CITRA_ROW(disabled)                                                                        \
	"!re|.tag=1|=.id=*1|=name=citra|=service=pppoe|=profile=gold|=comment=isp:" CITRA          \
	"|=disabled=" disabled "\n"

static void
citra_is_settled(const char *wanted)
{
	citra_is_suspended();
	(void)sql("UPDATE mikrotik_secrets SET disabled = '%s' = 'suspended'", wanted);
	all_synced();
}

static struct drift_findings
compared(void)
{
	struct drift_findings f;

	if (drift_check(&cx, router, &f) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return f;
}

/* One print a table, whoever should be there; of foreign rows none is kept, and nothing is sent. */
static void
an_empty_database_is_compared(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		TABLES("!re|.tag=1|=.id=*1|=name=by-hand|=comment=hers\n"
		       "!re|.tag=1|=.id=*2|=name=old|=comment=isp:" CITRA "\n"),
	};
	struct drift_findings f;

	(void)state;
	linked(turns);
	f = compared();
	assert_int_equal(f.accounts + (size_t)f.different + (size_t)f.profiles, 0);
	assert_int_equal(f.misplaced, 0);
	assert_string_equal(hang_up(), HELLO_RECEIVED PRINT_ALL);
}

static void
a_right_account_makes_no_job(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		TABLES(CITRA_ROW("false")),
	};
	struct drift_findings f;

	(void)state;
	linked(turns);
	citra_is_settled("enabled");
	f = compared();
	assert_int_equal(f.accounts, 1);
	assert_int_equal(f.different + f.profiles + f.misplaced, 0);
	assert_string_equal(state_of(CITRA), "synced");
	assert_string_equal(hang_up(), HELLO_RECEIVED PRINT_ALL);
}

/* Only looked at: the job does the rest. */
static void
a_different_account_becomes_a_job(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		TABLES(CITRA_ROW("true")),
	};

	(void)state;
	linked(turns);
	citra_is_settled("enabled");
	assert_int_equal(compared().different, 1);
	assert_string_equal(state_of(CITRA), "pending");
	assert_string_equal(hang_up(), HELLO_RECEIVED PRINT_ALL);
}

/* The customer dialled in while the account was being disabled. */
static void
a_disabled_account_online_is_different(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 5, .say = CITRA_ROW("true") NOTHING_MORE },
		LAST("!re|=.id=*7|=name=dewi\n!re|=.id=*8|=name=citra\n!done\n"),
	};

	(void)state;
	linked(turns);
	citra_is_settled("suspended");
	assert_int_equal(compared().different, 1);
	assert_string_equal(hang_up(),
	    HELLO_RECEIVED PRINT_ALL "/ppp/active/print|=.proplist=.id,name\n");
}

/* A package's profile is looked up by name, and not made before the job. */
static void
a_profile_that_is_gone_becomes_a_job(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 2, .say = "!done|.tag=1\n!done|.tag=2\n" },
		{ .listen = 5,
		    .say = "!re|.tag=3|=.id=*1|=name=citra|=service=pppoe|=profile=home"
			   "|=comment=isp:" CITRA "|=disabled=false\n!done|.tag=3\n!done|.tag=4\n"
			   "!done|.tag=5\n!done|.tag=6\n!done|.tag=7\n",
		    .end = PEER_HOLD },
	};
	struct drift_findings f;

	(void)state;
	linked(turns);
	citra_is_settled("enabled");
	(void)sql("UPDATE mikrotik_secrets SET profile = NULL");
	all_synced();
	(void)sql("UPDATE profile_states SET synced_generation = generation");
	f = compared();
	assert_int_equal(f.profiles, 1);
	assert_int_equal(f.different, 0);
	assert_int_equal(times(hang_up(), "/add|") + times(received, "/set|"), 0);
}

/* Bug: a table that was refused counted as empty, and every account in it as missing. */
static void
a_refused_look_changes_nothing(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		TABLES("!trap|.tag=1|=message=action timed out (13)\n"),
	};
	struct drift_findings f = { .accounts = 7 };

	(void)state;
	linked(turns);
	citra_is_settled("enabled");
	assert_int_equal(drift_check(&cx, router, &f), RC_UPSTREAM);
	assert_non_null(strstr(cx.err.msg, "action timed out"));
	assert_int_equal(f.accounts, 7);
	assert_string_equal(state_of(CITRA), "synced");
	(void)hang_up();
}

/* A router without hotspots or IPv6 has nothing there, which is no failure. */
static void
an_absent_menu_is_empty(void **state)
{
	static const struct turn turns[] = {
		HELLO,
		TABLES(CITRA_ROW("false") "!trap|.tag=2|=message=no such command prefix\n"
					  "!trap|.tag=5|=message=no such command prefix\n"),
	};

	(void)state;
	linked(turns);
	citra_is_settled("enabled");
	assert_int_equal(compared().different, 0);
	(void)hang_up();
}

static void
an_inactive_router_is_not_compared(void **state)
{
	static const struct turn turns[] = { { .end = PEER_HANG_UP } };
	struct drift_findings f;

	(void)state;
	linked(turns);
	(void)sql("UPDATE router_settings SET is_active = false");
	assert_int_equal(drift_check(&cx, router, &f), RC_UPSTREAM);
	assert_string_equal(cx.err.msg, "Main is not active");
	assert_string_equal(hang_up(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(no_jobs_open_no_connection),
		ROUTER_TEST(a_new_account_gets_its_profile_first),
		ROUTER_TEST(a_profile_without_addresses_is_a_warning),
		ROUTER_TEST(a_foreign_profile_fails_who_needs_it),
		ROUTER_TEST(a_suspended_account_is_cut_off),
		ROUTER_TEST(sixty_four_sessions_end),
		ROUTER_TEST(other_differences_come_after_the_sessions),
		ROUTER_TEST(a_cut_that_fails_is_the_end_of_the_rest),
		ROUTER_TEST(an_ended_account_goes_before_the_rest),
		ROUTER_TEST(one_bad_account_stops_no_other),
		ROUTER_TEST(a_password_no_key_opens_fails_its_account),
		ROUTER_TEST(a_lost_connection_is_dialled_again),
		ROUTER_TEST(a_connection_lost_at_any_step_fails_the_cut),
		ROUTER_TEST(a_connection_lost_at_any_step_fails_the_search_for_a_mark),
		ROUTER_TEST(a_connection_lost_at_any_step_fails_the_profile),
		ROUTER_TEST(a_blocked_address_is_no_object_of_the_account),
		ROUTER_TEST(a_connection_lost_at_any_step_fails_the_isolation),
		ROUTER_TEST(a_missing_wall_disables_the_customer),
		ROUTER_TEST(a_good_connection_is_kept),
		ROUTER_TEST(a_router_that_refuses_is_left_alone_for_a_while),
		ROUTER_TEST(another_worker_has_the_router),
		ROUTER_TEST(many_accounts_are_looked_up_at_once),
		ROUTER_TEST(an_account_is_put_in_order_now),
		ROUTER_TEST(an_account_without_a_router_waits),
		ROUTER_TEST(a_package_goes_to_every_router),
		ROUTER_TEST(an_empty_database_is_compared),
		ROUTER_TEST(a_right_account_makes_no_job),
		ROUTER_TEST(a_different_account_becomes_a_job),
		ROUTER_TEST(a_disabled_account_online_is_different),
		ROUTER_TEST(a_profile_that_is_gone_becomes_a_job),
		ROUTER_TEST(a_refused_look_changes_nothing),
		ROUTER_TEST(an_absent_menu_is_empty),
		ROUTER_TEST(an_inactive_router_is_not_compared),
	};

	return cmocka_run_group_tests_name("provision", tests, rows_open, rows_close);
}
