/* Devices as the database knows them, and what a poll found out, stored in one go. */
#include "rows.h"

#include "monitor/device.h"

/* device_send() begins no transaction of its own: rows are committed, and deleted at the end. */
static int
begin(void **state)
{
	(void)state;
	cx.err = (struct err){ 0 };
	(void)sql("DELETE FROM snmp_devices");
	/* readings of before midnight, too */
	(void)sql("SELECT history_make(now() - interval '1 day') AS v");
	return 0;
}

static int
end(void **state)
{
	(void)sql("DELETE FROM monitor_states");
	(void)sql("DELETE FROM bandwidth_history");
	(void)sql("DELETE FROM snmp_devices");
	return rows_end(state);
}

static const char *
a_device(const char *name)
{
	const char *id = crypt_uuid(&cx), *sealed;

	assert_int_equal(crypt_seal(&cx, arena_printf(cx.mem, "snmp_devices:%s:community", id),
			     "s3cret", &sealed),
	    RC_OK);
	(void)sql("INSERT INTO snmp_devices (id, name, host, community, max_vars)"
		  " VALUES ('%s', '%s', '127.0.0.1', '%s', 20)",
	    id, name, sealed);
	return id;
}

static const char *
an_interface(const char *device, const char *name, int index)
{
	return sql("INSERT INTO snmp_interfaces (device_id, if_name, if_index, if_speed,"
		   " monitor_bandwidth) VALUES ('%s', '%s', %d, 1000000000, true)"
		   " RETURNING id::text AS v",
	    device, name, index);
}

static struct device *
the_device(const char *id)
{
	struct device *devices;
	size_t n;

	assert_int_equal(device_load(&cx, true, id, &devices, &n), RC_OK);
	assert_int_equal(n, 1);
	return devices;
}

static void
each_device_has_its_own_interfaces(void **state)
{
	const char *first = a_device("first"), *second = a_device("second");
	struct device *devices;
	size_t n, seen = 0;

	(void)state;
	(void)an_interface(first, "ether1", 1);
	(void)an_interface(second, "ether1", 7);
	(void)an_interface(second, "sfp1", 8);
	(void)sql("UPDATE snmp_interfaces SET monitor_bandwidth = false WHERE if_name = 'sfp1'");
	assert_int_equal(device_load(&cx, false, NULL, &devices, &n), RC_OK);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		bool is_first = strcmp(devices[i].id, first) == 0;

		assert_int_equal(devices[i].ninterfaces, 1);
		assert_int_equal(devices[i].interfaces[0].index, is_first ? 1 : 7);
		assert_false(devices[i].interfaces[0].has_base);
		assert_string_equal(devices[i].conf.community, "s3cret");
		assert_true(devices[i].is_discovery_due && devices[i].max_vars == 20);
		seen += is_first;
	}
	assert_int_equal(seen, 1);
}

/* A run that follows a killed one leaves out what that has polled. */
static void
a_device_polled_a_moment_ago_is_left_out(void **state)
{
	const char *id = a_device("one");
	struct device *devices, *list[1];
	size_t n;

	(void)state;
	list[0] = the_device(id);
	list[0]->is_up = true;
	list[0]->at_ms = sql_i64("SELECT (extract(epoch FROM now()) * 1000)::bigint AS v");
	assert_int_equal(device_send(&cx, list, 1), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
	assert_int_equal(device_load(&cx, false, NULL, &devices, &n), RC_OK);
	assert_int_equal(n, 0);
	assert_int_equal(device_load(&cx, true, NULL, &devices, &n), RC_OK);
	assert_int_equal(n, 1);
}

static void
a_secret_of_another_device_does_not_open(void **state)
{
	const char *first = a_device("first"), *second = a_device("second");
	struct device *devices;
	size_t n;

	(void)state;
	(void)sql("UPDATE snmp_devices SET community = (SELECT community FROM snmp_devices"
		  " WHERE id = '%s') WHERE id = '%s'",
	    first, second);
	assert_int_not_equal(device_load(&cx, true, second, &devices, &n), RC_OK);
	assert_null(strstr(cx.err.msg, "s3cret"));
}

/* Each secret of version 3 is sealed for its own column: one in the other's place does not open. */
static void
version_3_has_two_secrets(void **state)
{
	static const char *const columns[] = { "auth_password", "priv_password" };
	const char *id = crypt_uuid(&cx), *sealed[2];
	struct device *devices;
	size_t n;

	(void)state;
	for (size_t i = 0; i < countof(columns); i++)
		assert_int_equal(crypt_seal(&cx,
				     arena_printf(cx.mem, "snmp_devices:%s:%s", id, columns[i]),
				     columns[i], &sealed[i]),
		    RC_OK);
	(void)sql("INSERT INTO snmp_devices (id, name, host, version, security_name,"
		  " security_level, auth_protocol, auth_password, priv_protocol, priv_password)"
		  " VALUES ('%s', 'v3', '127.0.0.1', '3', 'ani', 'authPriv', 'SHA', '%s', 'AES',"
		  " '%s')",
	    id, sealed[0], sealed[1]);
	assert_string_equal(the_device(id)->conf.auth_password, "auth_password");
	assert_string_equal(the_device(id)->conf.priv_password, "priv_password");
	assert_string_equal(the_device(id)->conf.security_name, "ani");
	assert_string_equal(the_device(id)->conf.security_level, "authPriv");
	for (size_t i = 0; i < countof(columns); i++) {
		(void)sql("UPDATE snmp_devices SET auth_password = '%s', priv_password = '%s'",
		    sealed[i], sealed[i]);
		assert_int_not_equal(device_load(&cx, true, id, &devices, &n), RC_OK);
	}
}

/* A poll of one interface, with this verdict. */
static void
store_reading(const char *id, uint64_t in, enum counter_verdict verdict, int64_t rate, int64_t at_s)
{
	struct device *list[1] = { the_device(id) };
	struct device_interface *f = &list[0]->interfaces[0];

	list[0]->is_up = true;
	list[0]->at_ms = 1000 * at_s;
	f->has_in = f->has_out = true;
	f->now = (struct counter_reading){ .in = in, .out = in, .bits = 64, .boot = "b" };
	f->verdict = verdict;
	f->rates = (struct counter_rates){ .in = rate, .out = rate, .seconds = 300 };
	f->status = 1;
	assert_int_equal(device_send(&cx, list, 1), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
}

static const char *
rates(void)
{
	return sql("SELECT string_agg(CASE WHEN seconds[1] > 0 THEN in_rate[1]::text ELSE 'gap'"
		   " END, ' ' ORDER BY recorded_at) AS v FROM bandwidth_history");
}

/* An impossible reading leaves the baseline, once; 64 bits arrive without loss. */
static void
verdicts_decide_what_is_published(void **state)
{
	const char *id = a_device("one");
	int64_t now = sql_i64("SELECT extract(epoch FROM now())::bigint AS v");

	(void)state;
	(void)an_interface(id, "ether1", 1);
	store_reading(id, UINT64_MAX - 1, COUNTER_SEED, 0, now - 900);
	assert_string_equal(sql("SELECT in_octets[1]::text AS v FROM snmp_readings"), "-2");
	assert_true(the_device(id)->interfaces[0].base.in == UINT64_MAX - 1);
	store_reading(id, UINT64_MAX, COUNTER_RATE, 1234, now - 600);
	store_reading(id, 5, COUNTER_DROP, 0, now - 300);
	assert_string_equal(rates(), "gap 1234 gap");
	assert_string_equal(sql("SELECT in_octets[1] || ' ' || dropped[1] AS v FROM snmp_readings"),
	    "-1 1");
	assert_true(the_device(id)->interfaces[0].base.in == UINT64_MAX);
	assert_true(the_device(id)->interfaces[0].base.is_doubtful);
	assert_string_equal(sql("SELECT if_oper_status AS v FROM snmp_interfaces"), "up");
}

static void
store_silence(const char *id, int64_t clock_ms, int64_t uptime_ms, int64_t at_s)
{
	struct device *list[1] = { the_device(id) };
	struct device_interface *f = &list[0]->interfaces[0];

	list[0]->is_up = true;
	list[0]->at_ms = 1000 * at_s;
	list[0]->clock_ms = f->now.clock_ms = clock_ms;
	list[0]->uptime_ms = f->now.uptime_ms = uptime_ms;
	f->now.boot = "b";
	assert_int_equal(device_send(&cx, list, 1), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
}

/* An interface that its device leaves out once is compared with the reading before. */
static void
a_reading_outlives_a_poll_without_one(void **state)
{
	const char *id = a_device("one");
	int64_t now = sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
	const struct device_interface *f;

	(void)state;
	(void)an_interface(id, "ether1", 1);
	store_reading(id, 10, COUNTER_RATE, 8, now - 900);
	store_silence(id, 300000, 300000, now - 600);
	f = &the_device(id)->interfaces[0];
	assert_true(f->has_base && f->base.in == 10 && f->base.bits == 64);
	assert_int_equal(f->base.clock_ms, 0);
	assert_int_equal(f->base.uptime_ms, 0);
	assert_string_equal(rates(), "8 gap");
	assert_null(sql("SELECT in_rate::text AS v FROM interface_rates"));
	store_silence(id, 600000, 1000, now - 300); /* it has rebooted: nothing to compare with */
	assert_string_equal(rates(), "8 gap");
	store_silence(id, 960001, 960001, now); /* too old */
	assert_string_equal(rates(), "8 gap");
}

/* Devices that are stored together: each has the readings of its own interfaces. */
static void
devices_of_a_batch_keep_their_readings(void **state)
{
	const char *ids[] = { a_device("one"), a_device("none"), a_device("two") };
	struct device *list[countof(ids)];

	(void)state;
	(void)an_interface(ids[0], "ether1", 1);
	(void)an_interface(ids[0], "ether2", 2);
	(void)an_interface(ids[2], "ether1", 1);
	for (size_t i = 0; i < countof(ids); i++) {
		list[i] = the_device(ids[i]);
		list[i]->is_up = true;
		list[i]->at_ms = 1000 * sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
		for (size_t k = 0; k < list[i]->ninterfaces; k++) {
			struct device_interface *f = &list[i]->interfaces[k];

			f->has_in = f->has_out = true;
			f->verdict = COUNTER_RATE;
			f->rates =
			    (struct counter_rates){ 10 * (int64_t)i + 1 + (int64_t)k, 5, 300 };
			f->now.boot = "b";
		}
	}
	assert_int_equal(device_send(&cx, list, countof(ids)), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
	assert_string_equal(sql("SELECT string_agg(d.name || ' ' || h.in_rate::text, ', '"
				" ORDER BY d.name) AS v FROM bandwidth_history h"
				" JOIN snmp_devices d ON d.id = h.device_id"),
	    "one {1,2}, two {21}");
}

/* Readings are kept while no interface of the device is monitored. */
static void
readings_without_interfaces_are_passed_over(void **state)
{
	const char *id = a_device("one");

	(void)state;
	(void)an_interface(id, "ether1", 1);
	store_reading(id, 10, COUNTER_RATE, 8,
	    sql_i64("SELECT extract(epoch FROM now())::bigint AS v"));
	(void)sql("UPDATE snmp_interfaces SET monitor_bandwidth = false");
	assert_int_equal(the_device(id)->ninterfaces, 0);
	(void)sql("UPDATE snmp_interfaces SET monitor_bandwidth = true");
	assert_true(the_device(id)->interfaces[0].has_base);
}

/* The store of a run that was killed right after it: the same rows again change nothing. */
static void
a_reading_is_stored_once(void **state)
{
	const char *id = a_device("one");
	int64_t now = sql_i64("SELECT extract(epoch FROM now())::bigint AS v");

	(void)state;
	(void)an_interface(id, "ether1", 1);
	store_reading(id, 10, COUNTER_RATE, 8, now);
	store_reading(id, 10, COUNTER_RATE, 8, now);
	assert_string_equal(rates(), "8");
	assert_string_equal(sql("SELECT hits::text AS v FROM monitor_states"), "1");
}

static void
discovery_adds_moves_and_marks_interfaces(void **state)
{
	static struct device_row rows[] = {
		{ .index = 9, .name = "ether1", .oper = 1, .admin = 1, .speed_mbit = 10000 },
		{ .index = 3, .name = "new \\\"x\\\"", .descr = "d", .oper = 2, .admin = 9 },
	};
	const char *id = a_device("one");
	struct device *list[1];

	(void)state;
	(void)an_interface(id, "ether1", 1);
	(void)an_interface(id, "gone", 2);
	list[0] = the_device(id);
	list[0]->is_up = list[0]->was_discovered = true;
	list[0]->at_ms = 1000 * sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
	list[0]->sys_name = "core";
	list[0]->rows = rows;
	list[0]->nrows = countof(rows);
	assert_int_equal(device_send(&cx, list, 1), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
	assert_string_equal(
	    sql("SELECT string_agg(concat_ws(' ', if_name, if_index, if_oper_status,"
		" if_admin_status, if_speed, is_present), ', ' ORDER BY if_name) AS v"
		" FROM snmp_interfaces"),
	    "ether1 9 up up 10000000000 t, gone 2 unknown up 1000000000 f,"
	    " new \\\"x\\\" 3 down up t");
	assert_string_equal(sql("SELECT sys_name AS v FROM snmp_devices"), "core");
}

/* Statuses by their numbers, speeds that are known, and a device beside it without a walk. */
static void
rows_have_statuses_and_speeds(void **state)
{
	static struct device_row rows[] = {
		{ .index = 1, .name = "a", .oper = 1, .admin = 0 },
		{ .index = 2, .name = "b", .oper = 2, .admin = 1, .speed_bit = 1 },
		{ .index = 3, .name = "c", .oper = 3, .admin = 2, .alias = "x" },
		{ .index = 4, .name = "d", .oper = 4, .admin = 3 },
		{ .index = 5, .name = "e", .oper = 0, .admin = 4 },
	};
	const char *other = a_device("other");
	struct device *list[2] = { the_device(a_device("one")), the_device(other) };

	(void)state;
	for (size_t i = 0; i < countof(list); i++) {
		list[i]->is_up = true;
		list[i]->at_ms = 1000 * sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
		list[i]->rows = rows;
		list[i]->nrows = countof(rows);
	}
	list[0]->was_discovered = true;
	assert_int_equal(device_send(&cx, list, 2), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
	assert_string_equal(
	    sql("SELECT string_agg(concat_ws(' ', if_name, if_oper_status, if_admin_status,"
		" if_speed, nullif(if_alias, '')), ', ' ORDER BY if_name) AS v"
		" FROM snmp_interfaces"),
	    "a up up, b down up 1, c testing down x, d unknown testing, e unknown up");
	assert_null(sql("SELECT id AS v FROM snmp_interfaces WHERE device_id = '%s'", other));
}

/* A status changes when it was read, and is known. */
static void
only_a_read_status_changes(void **state)
{
	static const struct {
		bool has_in, has_out;
		int64_t status;
		const char *wanted;
	} polls[] = { { true, true, 2, "down" }, { true, true, 0, "down" },
		{ true, true, -1, "down" }, { false, true, 1, "down" }, { true, false, 1, "down" },
		{ true, true, 1, "up" }, { true, true, 7, "unknown" } };
	const char *id = a_device("one");

	(void)state;
	(void)an_interface(id, "ether1", 1);
	for (size_t i = 0; i < countof(polls); i++) {
		struct device *list[1] = { the_device(id) };
		struct device_interface *f = &list[0]->interfaces[0];

		list[0]->is_up = true;
		list[0]->at_ms = 1000 * sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
		f->has_in = polls[i].has_in;
		f->has_out = polls[i].has_out;
		f->status = polls[i].status;
		f->now.boot = "b";
		assert_int_equal(device_send(&cx, list, 1), RC_OK);
		assert_int_equal(db_sync(&cx), RC_OK);
		assert_string_equal(sql("SELECT if_oper_status AS v FROM snmp_interfaces"),
		    polls[i].wanted);
	}
}

/* A device that is down has an error and no times; what its interfaces had is not stored. */
static void
a_device_that_is_down_has_an_error(void **state)
{
	struct device *list[1];

	(void)state;
	list[0] = the_device(a_device("one"));
	list[0]->at_ms = 1000 * sql_i64("SELECT extract(epoch FROM now())::bigint AS v");
	list[0]->error = "no \"answer\"";
	list[0]->latency_ms = 5;
	list[0]->interfaces = &(struct device_interface){ .number = 1,
		.has_in = true,
		.has_out = true,
		.status = 2,
		.stored_status = "up",
		.now.boot = "b" };
	list[0]->ninterfaces = 1;
	assert_int_equal(device_send(&cx, list, 1), RC_OK);
	assert_int_equal(db_sync(&cx), RC_OK);
	assert_string_equal(sql("SELECT concat_ws(' ', status, error, latency_ms) AS v"
				" FROM monitor_states"),
	    "unknown no \"answer\"");
	assert_null(sql("SELECT device_id AS v FROM snmp_readings"));
}

/* A community that nobody set is the usual one. */
static void
an_empty_community_is_public(void **state)
{
	const char *id = a_device("one");

	(void)state;
	(void)sql("UPDATE snmp_devices SET community = ''");
	assert_string_equal(the_device(id)->conf.community, "public");
}

static void
a_failing_database_is_an_error(void **state)
{
	static const char *const functions[] = { "snmp_discovered", "snmp_store",
		"snmp_store_statuses", "snmp_store_readings" };
	const char *id = a_device("one"), *was;
	struct device *devices;
	size_t n;

	(void)state;
	(void)an_interface(id, "ether1", 1);
	for (size_t i = 0; i < countof(functions); i++) {
		struct device *list[1] = { the_device(id) };
		struct device_interface *f = &list[0]->interfaces[0];

		list[0]->is_up = list[0]->was_discovered = true;
		f->has_in = f->has_out = true;
		f->now.boot = "b";
		f->status = 2;
		was = sql("SELECT pg_get_functiondef('%s'::regproc) AS v", functions[i]);
		break_function(functions[i]);
		assert_int_equal(device_send(&cx, list, 1), RC_OK);
		assert_int_not_equal(db_sync(&cx), RC_OK);
		assert_non_null(
		    strstr(cx.err.detail, arena_printf(cx.mem, "no %s today", functions[i])));
		cx.err = (struct err){ 0 };
		(void)rows_sql(was);
	}
	was = sql("SELECT pg_get_functiondef('snmp_due'::regproc) AS v");
	break_function("snmp_due");
	assert_int_not_equal(device_load(&cx, true, NULL, &devices, &n), RC_OK);
	cx.err = (struct err){ 0 };
	(void)rows_sql(was);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_device_has_its_own_interfaces),
		CASE(a_device_polled_a_moment_ago_is_left_out),
		CASE(a_secret_of_another_device_does_not_open),
		CASE(version_3_has_two_secrets),
		CASE(verdicts_decide_what_is_published),
		CASE(a_reading_outlives_a_poll_without_one),
		CASE(devices_of_a_batch_keep_their_readings),
		CASE(readings_without_interfaces_are_passed_over),
		CASE(a_reading_is_stored_once),
		CASE(discovery_adds_moves_and_marks_interfaces),
		CASE(rows_have_statuses_and_speeds),
		CASE(only_a_read_status_changes),
		CASE(a_device_that_is_down_has_an_error),
		CASE(an_empty_community_is_public),
		CASE(a_failing_database_is_an_error),
	};

	return cmocka_run_group_tests_name("device", tests, rows_open, rows_close);
}
