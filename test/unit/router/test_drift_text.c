/* A plan of differences in words and as JSON: one of each kind, as a router shows it. */
#include "router_peer.h"

#include "router/drift.h"

#define ID "00000000-0000-4000-8000-00000000000"

/* Secrets of the router; the accounts whose mark they have are ID and this digit. */
static const struct {
	const char *name, *profile, *more, *owner;
} secrets[] = {
	{ "ani", "silver", "|=remote-address=10.0.0.9|=disabled=true", "1" },
	{ "budi", "gold", "", NULL },
	{ "dewi", "gold", "|=disabled=true", "4" },
	{ "eko", "gold", "", "5" },
	{ "eko-old", "gold", "", "5" },
	{ "copied", "gold", "", "5" }, /* by a person, who may keep it */
	{ "fajar", "gold", "", "6" },
	{ "gita", "home", "", "7" },
	{ "hadi", "gold", "", "8" },
};

static const struct {
	const char *kind, *menu, *name, *text;
} differences[] = {
	{ "changed", "/ppp/secret", "ani", "profile: silver -> gold; disabled: yes -> no" },
	{ "changed", "/ppp/secret", "ani", "remote-address: 10.0.0.9 -> none" },
	{ "fault", "/ppp/secret", "budi", "budi exists on Main and is not ours" },
	{ "missing", "/ppp/secret", "citra",
	    "name: citra; profile: gold; comment: isp:" ID "3; disabled: no; service: pppoe" },
	{ "session", "/ppp/secret", "dewi", "online though the account is off" },
	{ "extra", "/ppp/secret", "eko-old", "" },
	{ "changed", "/ppp/profile", "home", "rate-limit: 1M/1M -> 5M/10M, with its addresses" },
	{ "extra", "/ppp/secret", "fajar", "its account is not on this router" },
	{ "extra", "/ppp/secret", "hadi", "its account is not on this router" },
};

/* As if the router had it all. */
static void
all_settled(void)
{
	(void)sql("UPDATE account_states SET synced_generation = generation, kick = false,"
		  " sync_state = 'synced', traces = ARRAY['ppp - ' || (SELECT username"
		  " FROM mikrotik_secrets m WHERE m.id = account_id)]");
	(void)sql("UPDATE profile_states SET synced_generation = generation");
}

/* Six of Main, one that is off among them; fajar should leave it, and hadi is on another router. */
static void
eight_accounts(void)
{
	static const char *const names[] = { "", "ani", "budi", "citra", "dewi", "eko", "fajar",
		"gita", "hadi" };

	(void)a_package("home", "pppoe");
	(void)sql("UPDATE packages SET id = '" ID "9'");
	for (size_t i = 1; i < countof(names); i++) {
		const char *id = an_account(names[i], ID "9", "");

		(void)sql("DELETE FROM account_states");
		(void)sql("UPDATE mikrotik_secrets SET id = '" ID "%zu' WHERE id = '%s'", i, id);
	}
	(void)sql("UPDATE mikrotik_secrets SET disabled = true, profile = 'gold'");
	(void)sql("UPDATE mikrotik_secrets SET disabled = false WHERE username <> 'dewi'");
	(void)sql("UPDATE mikrotik_secrets SET wanted = 'absent' WHERE username = 'fajar'");
	(void)sql("UPDATE mikrotik_secrets SET profile = NULL WHERE username = 'gita'");
	(void)sql("UPDATE mikrotik_secrets SET router_id = '%s' WHERE username = 'hadi'",
	    a_router("Other", 1));
	(void)sql("DELETE FROM account_states WHERE account_id = '" ID "8'");
	all_settled();
	(void)sql("UPDATE account_states SET traces = traces || 'ppp - eko-old'::text"
		  " WHERE account_id = '" ID "5'");
}

static const char *
secrets_said(void)
{
	struct sb out = sb_new(cx.mem);

	for (size_t i = 0; i < countof(secrets); i++) {
		sb_printf(&out, "!re|.tag=3|=.id=*%zu|=name=%s|=service=pppoe|=profile=%s%s", i,
		    secrets[i].name, secrets[i].profile, secrets[i].more);
		if (secrets[i].owner != NULL)
			sb_printf(&out, "|=comment=isp:" ID "%s", secrets[i].owner);
		sb_puts(&out, "\n");
	}
	sb_puts(&out, "!done|.tag=3\n!done|.tag=4\n!done|.tag=5\n!done|.tag=6\n!done|.tag=7\n");
	return out.buf;
}

/* The whole diff, and the whole JSON. */
static void
assert_said(const struct drift *d, const char *router)
{
	static const char *const kinds[] = { "missing+", "extra-", "changed~", "session!",
		"fault?" };
	struct sb diff = sb_new(cx.mem), json = sb_new(cx.mem), got = sb_new(cx.mem);
	struct jw w = jw_new(&got);

	sb_puts(&diff, "--- Main, as it is\n+++ Main, as the database has it\n");
	sb_printf(&json,
	    "{\"router_id\":\"%s\",\"router\":\"Main\",\"accounts\":6,\"cuts\":3,"
	    "\"refusal\":\"why not\",\"differences\":[",
	    router);
	for (size_t i = 0; i < countof(differences); i++) {
		const char *kind = differences[i].kind, *text = differences[i].text;
		size_t k = 0, n = strlen(kind);

		while (strncmp(kinds[k], kind, n) != 0)
			k++;
		sb_printf(&diff, "%c %s %s%s%s\n", kinds[k][n], differences[i].menu,
		    differences[i].name, text[0] != '\0' ? "  " : "", text);
		sb_printf(&json,
		    "%s{\"kind\":\"%s\",\"menu\":\"%s\",\"name\":\"%s\",\"text\":\"%s\"}",
		    i > 0 ? "," : "", kind, differences[i].menu, differences[i].name, text);
	}
	sb_puts(&diff, "9 differences, 6 accounts compared, 3 to be cut or removed\n");
	sb_puts(&json, "]}");
	drift_json(&w, NULL, "why not", d);
	assert_string_equal(got.buf, json.buf);
	got = sb_new(cx.mem);
	drift_print(&got, d);
	assert_string_equal(got.buf, diff.buf);
}

static void
each_kind_of_difference_is_said(void **state)
{
	static struct turn turns[] = {
		HELLO,
		{ .listen = 2,
		    .say = "!re|.tag=1|=.id=*7|=rate-limit=1M/1M|=comment=isp:" ID "9\n"
			   "!done|.tag=1\n!done|.tag=2\n" },
		{ .listen = 5 },
		LAST("!re|=.id=*A|=name=dewi\n!done\n"),
	};
	const char *router;
	struct drift_jobs jobs;
	struct drift d;

	(void)state;
	turns[3].say = secrets_said();
	router = answering(turns);
	eight_accounts();
	assert_int_equal(drift_plan(&cx, router, &d), RC_OK);
	assert_said(&d, router);
	assert_int_equal(drift_apply(&cx, &d, false, &jobs), RC_OK);
	assert_int_equal(jobs.accounts, 5);
	assert_int_equal(jobs.profiles, 1);
	assert_int_equal(jobs.leaving, 2);
}

/* Compare a router that is empty with so many accounts. */
static const char *
refusal_of_an_empty_router(int accounts, const char *change)
{
	static const struct turn turns[] = {
		HELLO,
		{ .listen = 5,
		    .say = "!done|.tag=1\n!done|.tag=2\n!done|.tag=3\n!done|.tag=4\n"
			   "!done|.tag=5\n",
		    .end = PEER_HOLD },
	};
	const char *router = answering(turns), *package = a_package("home", "pppoe");
	struct drift_findings f;

	for (int i = 0; i < accounts; i++)
		(void)an_account(arena_printf(cx.mem, "u%d", i), package, "");
	(void)sql("UPDATE mikrotik_secrets SET profile = 'gold'");
	(void)sql("DELETE FROM profile_states");
	all_settled();
	if (change[0] != '\0')
		(void)sql("%s", change);
	assert_int_equal(drift_check(&cx, router, &f), RC_OK);
	(void)hang_up();
	assert_int_equal(f.accounts, accounts);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM account_states"
				 " WHERE sync_state = 'pending'"),
	    f.refusal != NULL ? 0 : accounts);
	assert_int_equal(sql_i64("SELECT count(*) AS v FROM alert_logs WHERE resolved_at IS NULL"
				 " AND message LIKE '%%right router%%'"),
	    f.refusal != NULL);
	(void)sql("TRUNCATE customers, packages, router_settings, alert_logs CASCADE");
	return f.refusal;
}

/* An empty answer is no proof of an empty router: somebody looks first. */
static void
a_router_that_shows_none_is_not_repaired(void **state)
{
	static const char why[] = "Main answers none of its accounts: is it the right router?";

	(void)state;
	assert_null(refusal_of_an_empty_router(4, ""));
	assert_string_equal(refusal_of_an_empty_router(5, ""), why);
	/* One of the five was never there. */
	assert_null(refusal_of_an_empty_router(5,
	    "UPDATE account_states SET synced_generation = 0, sync_state = 'pending' WHERE"
	    " account_id = (SELECT id FROM mikrotik_secrets WHERE username = 'u0')"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(each_kind_of_difference_is_said),
		ROUTER_TEST(a_router_that_shows_none_is_not_repaired),
	};

	return cmocka_run_group_tests_name("drift_text", tests, rows_open, rows_close);
}
