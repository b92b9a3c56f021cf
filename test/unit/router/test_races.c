/*
 * Two at once on the accounts of a router: in which order they lock.
 */
#include "pair.h"

#define LOW   "00000000-0000-7000-8000-00000000000a"
#define HIGH  "00000000-0000-7000-8000-00000000000b"
#define OTHER "00000000-0000-7000-8000-00000000000c"

/*
 * A change of a package marks the accounts of a router in the order of their ids.  The nightly
 * check makes jobs of its differences first, then of its strays, whatever their ids: it locks all
 * of them in that order before.  Without this lock each of the two held an account that the other
 * waited for, and PostgreSQL ended one of them.
 */
static void
a_check_locks_accounts_in_the_order_of_a_change(void **state)
{
	(void)state;
	run("INSERT INTO router_settings (id, name, host, username)"
	    " VALUES ('" LOW "', 'race', 'race', 'u')");
	run("INSERT INTO mikrotik_secrets (id, router_id, username, service, imported) VALUES"
	    " ('" LOW "', '" LOW "', 'stray', 'pppoe', true),"
	    " ('" HIGH "', '" LOW "', 'different', 'pppoe', true),"
	    " ('" OTHER "', '" LOW "', 'right', 'pppoe', true)");
	run("UPDATE mikrotik_secrets SET wanted = 'absent' WHERE id = '" LOW "'");
	run("BEGIN");
	run("SELECT FROM account_states WHERE account_id = '" LOW "' FOR UPDATE");
	second_waits("SELECT account_found('" LOW "', '[\"" HIGH "\"]', '[]',"
		     " '[{\"id\": \"" LOW "\", \"service\": \"pppoe\", \"name\": \"stray\"}]')");
	run("SELECT FROM account_states WHERE account_id = '" HIGH "' FOR UPDATE NOWAIT");
	assert_string_equal(second_ends(), "");

	/* It waits for no account that it found in order. */
	run("BEGIN");
	run("SELECT FROM account_states WHERE account_id = '" OTHER "' FOR UPDATE");
	second_runs("SELECT account_found('" LOW "', '[\"" HIGH "\"]', '[]', '[]')");
	run("COMMIT");
	run("DELETE FROM mikrotik_secrets");
	run("DELETE FROM router_settings");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_locks_accounts_in_the_order_of_a_change),
	};

	return cmocka_run_group_tests_name("router races", tests, connect_both, disconnect_both);
}
