/*
 * Two at once, where one must wait: the first admin, the last, the first router.
 */
#include "pair.h"

#define REGISTER(name)                                                                             \
	"SELECT user_register('{\"name\":\"" name "\",\"email\":\"" name                           \
	"@example.net\",\"password\":\"hash\"}', NULL, '')"

static void
two_registrations_make_one_admin(void **state)
{
	PGresult *res;

	(void)state;
	run("TRUNCATE users CASCADE");
	run("BEGIN");
	run(REGISTER("one"));
	assert_string_equal(second(REGISTER("two")), "IS403");
	res = PQexec(one, "SELECT count(*), min(role) FROM users");
	assert_string_equal(PQgetvalue(res, 0, 0), "1");
	assert_string_equal(PQgetvalue(res, 0, 1), "admin");
	PQclear(res);
}

static void
two_admins_cannot_demote_each_other(void **state)
{
	(void)state;
	run("INSERT INTO users (name, email, password, role) "
	    "VALUES ('two', 'two@example.net', 'hash', 'admin')");
	run("BEGIN");
	run("UPDATE users SET role = 'viewer' WHERE name = 'one'");
	assert_string_equal(second("DELETE FROM users WHERE name = 'two'"), "IS409");
	run("BEGIN");
	run("UPDATE users SET role = 'admin' WHERE name = 'one'");
	run("UPDATE users SET is_active = false WHERE name = 'two'");
	assert_string_equal(second("UPDATE users SET is_active = false WHERE name = 'one'"),
	    "IS409");
}

/*
 * Bug: a login that had verified the old password, and waited for the change of it, got a
 * session that outlived the change.
 */
static void
a_new_password_stops_a_login_under_way(void **state)
{
	PGresult *res;

	(void)state;
	run("BEGIN");
	run("SELECT user_set(id, '{\"password\":\"new\"}', 0, '') FROM users WHERE name = 'one'");
	assert_string_equal(second("SELECT session_open(id, 'hash', repeat('0', 64), 't', '')"
				   " FROM users WHERE name = 'one'"),
	    "");
	res = PQexec(one, "SELECT 1 FROM personal_access_tokens");
	assert_int_equal(PQntuples(res), 0);
	PQclear(res);
}

/* A session that makes a script's token while a new password ends it makes none. */
static void
a_new_password_stops_a_token_under_way(void **state)
{
	(void)state;
	run("INSERT INTO personal_access_tokens (user_id, name, token)"
	    " SELECT id, 'auth-token', repeat('1', 64) FROM users WHERE name = 'one'");
	run("BEGIN");
	run("SELECT user_set(id, '{\"password\":\"newer\"}', 0, '') FROM users WHERE name = 'one'");
	assert_string_equal(
	    second("SELECT token_add(t.user_id, t.id, '{\"name\":\"n\",\"abilities\":[\"*\"]}',"
		   " repeat('2', 64), '') FROM personal_access_tokens t"),
	    "IS403");
}

/* A token holds the role of its user: one made while that changes has the new one. */
static void
a_token_made_while_the_role_changes_has_the_new_one(void **state)
{
	PGresult *res;

	(void)state;
	run("INSERT INTO users (name, email, password, role) "
	    "VALUES ('three', 'three@example.net', 'hash', 'operator')");
	run("BEGIN");
	run("UPDATE users SET role = 'viewer' WHERE name = 'three'");
	assert_string_equal(second("INSERT INTO personal_access_tokens (user_id, name, token)"
				   " SELECT id, 'n', repeat('3', 64) FROM users"
				   " WHERE name = 'three'"),
	    "");
	res = PQexec(one,
	    "SELECT holder_role FROM personal_access_tokens WHERE token = repeat('3', 64)");
	assert_string_equal(PQgetvalue(res, 0, 0), "viewer");
	PQclear(res);
}

/* The use of a token is recorded once a minute; a request waits for no other that records it. */
static void
a_request_waits_for_no_other_of_its_token(void **state)
{
	static const char use[] = "SELECT token_used(id) FROM personal_access_tokens"
				  " WHERE token = repeat('4', 64)";
	PGresult *res;

	(void)state;
	run("INSERT INTO personal_access_tokens (user_id, name, token)"
	    " SELECT id, 'n', repeat('4', 64) FROM users WHERE name = 'three'");
	run("BEGIN");
	run(use);
	res = PQexec(two, use); /* without waiting: the time-out of locks would end it */
	assert_int_equal(PQresultStatus(res), PGRES_TUPLES_OK);
	assert_string_equal(PQgetvalue(res, 0, 0), "t");
	PQclear(res);
	run("COMMIT");
}

/* A password forgotten by one who is being deactivated: the letter would have let that user in. */
static void
a_deactivated_user_gets_no_token_under_way(void **state)
{
	PGresult *res;

	(void)state;
	run("BEGIN");
	run("UPDATE users SET is_active = false WHERE name = 'three'");
	assert_string_equal(second("SELECT password_forgot('three@example.net', 'h', uuidv7(), 's',"
				   " '192.0.2.1')"),
	    "");
	res = PQexec(one, "SELECT 1 FROM password_reset_tokens");
	assert_int_equal(PQntuples(res), 0);
	PQclear(res);
	run("DELETE FROM users WHERE name = 'three'");
}

/*
 * Bug: a subscription made while the first router was being added saw no router, and the
 * router took over only the accounts it saw: that one stayed without a router for ever.
 */
static void
no_account_misses_the_first_router(void **state)
{
	PGresult *res;

	(void)state;
	run("UPDATE router_settings SET is_active = false");
	run("INSERT INTO customers (name) VALUES ('race')");
	run("INSERT INTO packages (name, bandwidth, price) VALUES ('race', '1M/1M', 1)");
	run("BEGIN");
	run("INSERT INTO router_settings (name, host, username) VALUES ('race', 'race', 'u')");
	assert_string_equal(
	    second("SELECT subscription_create(jsonb_build_object('customer_id', c.id,"
		   " 'package_id', p.id, 'mikrotik_username', 'race', 'mikrotik_password', 'x'),"
		   " '2026-01-01') FROM customers c, packages p"
		   " WHERE c.name = 'race' AND p.name = 'race'"),
	    "");
	res = PQexec(one, "SELECT r.name FROM mikrotik_secrets m JOIN router_settings r"
			  " ON r.id = m.router_id WHERE m.username = 'race'");
	assert_int_equal(PQntuples(res), 1);
	PQclear(res);
	run("UPDATE router_settings SET is_active = false");
}

/* A line without an address, on a package that becomes static at this moment, could neither be made
 * nor cut off on a router. */
static void
no_line_misses_that_its_package_became_static(void **state)
{
	(void)state;
	run("INSERT INTO customers (name) VALUES ('static race')");
	run("INSERT INTO packages (name, bandwidth, price) VALUES ('static race', '1M/1M', 1)");
	run("BEGIN");
	run("UPDATE packages SET type = 'static' WHERE name = 'static race'");
	assert_string_equal(
	    second("SELECT subscription_create(jsonb_build_object('customer_id', c.id,"
		   " 'package_id', p.id, 'mikrotik_username', 'static-race', 'mikrotik_password',"
		   " 'x'), '2026-01-01') FROM customers c, packages p"
		   " WHERE c.name = 'static race' AND p.name = 'static race'"),
	    "IS422");
}

/* Two roll-ups at a time: the second waits, and goes on where the first ended.  Without it, its
 * rows were those of the first once more, and it failed. */
static void
two_sums_of_one_history_count_once(void **state)
{
	static const char roll[] = "SELECT ping_roll('2026-03-02 01:00+00')";
	PGresult *res;

	(void)state;
	run("SELECT history_make('2026-03-02 00:00+00', '2026-03-02 02:00+00')");
	run("DELETE FROM history_rolls");
	run("INSERT INTO ping_targets (name, host) VALUES ('race', '192.0.2.1')");
	run("INSERT INTO ping_history (target_id, recorded_at, sent, received, packet_loss_percent,"
	    " status) SELECT id, '2026-03-02 00:07+00', 4, 4, 0, 'up' FROM ping_targets"
	    " WHERE name = 'race'");
	run("SELECT ping_roll('2026-03-02 00:05+00')");
	run("INSERT INTO history_rolls VALUES ('ping_5m', '2026-03-02 00:05+00')");
	run("BEGIN");
	run(roll);
	assert_string_equal(second(roll), "");
	res = PQexec(one, "SELECT sum(sent) FROM ping_5m p JOIN ping_targets t"
			  " ON t.id = p.target_id WHERE t.name = 'race'");
	assert_string_equal(PQgetvalue(res, 0, 0), "4");
	PQclear(res);
	run("DELETE FROM ping_targets WHERE name = 'race'");
	run("TRUNCATE ping_history, ping_5m, ping_1h, history_rolls");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_registrations_make_one_admin),
		cmocka_unit_test(two_admins_cannot_demote_each_other),
		cmocka_unit_test(a_new_password_stops_a_login_under_way),
		cmocka_unit_test(a_new_password_stops_a_token_under_way),
		cmocka_unit_test(a_token_made_while_the_role_changes_has_the_new_one),
		cmocka_unit_test(a_request_waits_for_no_other_of_its_token),
		cmocka_unit_test(a_deactivated_user_gets_no_token_under_way),
		cmocka_unit_test(no_account_misses_the_first_router),
		cmocka_unit_test(no_line_misses_that_its_package_became_static),
		cmocka_unit_test(two_sums_of_one_history_count_once),
	};

	return cmocka_run_group_tests_name("races", tests, connect_both, disconnect_both);
}
