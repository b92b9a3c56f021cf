/* Refused requests are counted per address, and per /64 of IPv6: limit.c. */
#include <stdio.h>

#include "unit.h"

#include "http/limit.h"

/* How many of n requests at one moment are refused. */
static int
refused(const char *ip, int64_t now_ms, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += limit_take(ip, now_ms) > 0;
	return count;
}

static void
burst_then_one_a_second(void **state)
{
	(void)state;
	assert_int_equal(refused("192.0.2.1", 1000, 60), 0);
	assert_int_equal(refused("192.0.2.1", 1000, 5), 5);
	assert_int_equal(limit_take("192.0.2.1", 1000), 1);
	assert_int_equal(refused("192.0.2.1", 3000, 3), 1);
	assert_int_equal(refused("192.0.2.2", 1000, 60), 0);
	assert_int_equal(refused("192.0.2.1", 200000, 60), 0);
}

/* One customer has a whole /64: an address of it for each guess passed every limit. */
static void
network_of_ipv6_counts_as_one(void **state)
{
	(void)state;
	assert_int_equal(refused("2001:db8:1:2::1", 1000, 30), 0);
	assert_int_equal(refused("2001:db8:1:2:ffff::9", 1000, 40), 10);
	assert_int_equal(refused("2001:db8:1:3::1", 1000, 60), 0);
}

/* A full table forgets whose time is over, and never stops counting. */
static void
many_addresses_pass_by(void **state)
{
	char ip[32];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		(void)snprintf(ip, sizeof(ip), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		(void)limit_take(ip, 1000000);
	}
	assert_int_equal(refused("198.51.100.1", 2000000, 61), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_one_a_second),
		cmocka_unit_test(network_of_ipv6_counts_as_one),
		cmocka_unit_test(many_addresses_pass_by),
	};

	limit_open();
	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
