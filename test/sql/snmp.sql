-- Devices to poll, what a poll leaves, interfaces that are full, announced work (sql/functions/snmp.sql, monitor.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en', bandwidth_raise_percent = 90, bandwidth_clear_percent = 80;
INSERT INTO snmp_devices (name, host, is_active) VALUES ('core', '192.0.2.1', true), ('edge', '192.0.2.2', true), ('spare', '192.0.2.3', false);
CREATE FUNCTION device(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM snmp_devices WHERE name = n $$;

-- The devices that are due, * where their interfaces are listed, too.
CREATE FUNCTION due(everything boolean DEFAULT false, only_one text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(name || CASE WHEN is_discovery_due THEN '*' ELSE '' END, ' ' ORDER BY name) FROM snmp_due(everything, device(only_one)) $$;
-- A poll of a device that ended so long ago.
CREATE FUNCTION polled(n text, age interval, with_ jsonb DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
	DELETE FROM monitor_states WHERE id = device(n);
	SELECT snmp_store(jsonb_build_array(jsonb_build_object('id', device(n), 'at_ms', 0, 'ok', true, 'max_vars', 36, 'was_discovered', false) || with_));
	UPDATE monitor_states SET checked_at = now() - age WHERE id = device(n) $$;
SELECT is(due(), 'core* edge*', 'never polled: due, but for what is not watched');
SELECT polled('core', '1 second', '{"was_discovered": true, "sys_name": "gw", "sys_descr": "v7"}') \g /dev/null
SELECT is(due(), 'edge*', 'polled a moment ago: not due');
SELECT is((SELECT string_agg(name || ' ' || coalesce(sys_name, '-') || ' ' || (discovered_at IS NOT NULL), ', ' ORDER BY name) FROM snmp_devices),
	'core gw true, edge - false, spare - false', 'its own name is kept, of no other device');
SELECT polled('core', '150 seconds') \g /dev/null
SELECT is(due(), 'edge*', 'half a round ago: not yet');
SELECT polled('core', '151 seconds') \g /dev/null
SELECT is(due(), 'core edge*', 'then it is');
SELECT is(sys_name || ' ' || sys_descr, 'gw v7', 'an answer without a name leaves the last one') FROM snmp_devices WHERE name = 'core';
SELECT polled('core', '1 second', '{"max_vars": 20}') \g /dev/null
SELECT is((SELECT string_agg(max_vars::text, ' ' ORDER BY name) FROM snmp_devices), '20 36 36', 'a smaller packet is remembered');
SELECT is(due(true), 'core edge*', 'all that are watched, where all are asked for');
SELECT is(due(false, 'core') || ' ' || due(false, 'spare'), 'core* spare*', 'one by name, whole, also where it is not watched');
UPDATE snmp_devices SET discovered_at = now() - interval '1 day' WHERE name = 'core';
SELECT is(due(true), 'core edge*', 'listed a day ago');
UPDATE snmp_devices SET discovered_at = now() - interval '1 day 1 second' WHERE name = 'core';
SELECT is(due(true), 'core* edge*', 'it is listed once a day');

-- Interfaces that come, change and go.
CREATE FUNCTION listed(VARIADIC names text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM snmp_discovered((SELECT jsonb_agg(jsonb_build_object('device_id', device('core'), 'if_name', n, 'if_index', 1, 'if_speed', 100000000, 'oper', 'up', 'admin', 'up'))
		FROM unnest(names) n), jsonb_build_array(jsonb_build_object('id', device('core'), 'was_discovered', true), jsonb_build_object('id', device('edge'), 'was_discovered', false)));
	RETURN (SELECT string_agg(d.name || '/' || if_name || ' ' || if_oper_status || ' ' || i.is_present, ', ' ORDER BY d.name, if_name)
	          FROM snmp_interfaces i JOIN snmp_devices d ON d.id = i.device_id);
END $$;
INSERT INTO snmp_interfaces (device_id, if_name, if_index, if_oper_status) VALUES (device('edge'), 'e1', 1, 'up');
SELECT is(listed('a', 'b'), 'core/a up true, core/b up true, edge/e1 up true', 'new ones');
SELECT is(listed('a'), 'core/a up true, core/b unknown false, edge/e1 up true', 'one that is gone, and those of a device that was not listed');
SELECT is(listed('a', 'b'), 'core/a up true, core/b up true, edge/e1 up true', 'back again');

-- A full interface: raised at one share of its speed, cleared below another.
CREATE FUNCTION port(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM snmp_interfaces WHERE if_name = n $$;
UPDATE snmp_interfaces SET monitor_bandwidth = true WHERE if_name IN ('a', 'e1');
INSERT INTO snmp_readings (device_id, boot, clock_ms, uptime_ms, read_at, interfaces, age_ms, in_octets, out_octets, bits, discontinuity,
	dropped, seconds, in_rate, out_rate)
	SELECT device_id, '', 0, 0, now(), array_agg(number ORDER BY if_name), '{0,0}', '{0,0}', '{0,0}', '{64,64}', '{0,0}', '{0,0}', '{0,0}', '{0,0}', '{0,0}'
	  FROM snmp_interfaces WHERE if_name IN ('a', 'b') GROUP BY 1;
CREATE FUNCTION carries(in_ bigint, out_ bigint, age interval DEFAULT '1 minute') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE snmp_readings SET in_rate = ARRAY[coalesce(in_, 0), 0], out_rate = ARRAY[coalesce(out_, 0), 0], read_at = now() - age,
		seconds = ARRAY[CASE WHEN in_ IS NULL THEN 0 ELSE 300 END, 300];
	PERFORM monitor_judge('snmp');
	RETURN (SELECT string_agg(split_part(key, ':', 1), ' ') FROM alert_logs WHERE type = 'bandwidth' AND resolved_at IS NULL);
END $$;
SELECT is(carries(89999999, 0), NULL, 'below the limit');
SELECT is(carries(NULL, NULL), NULL, 'without a rate there is nothing to judge');
SELECT is(carries(0, 90000000, '10 minutes'), NULL, 'an old rate says nothing');
INSERT INTO maintenance_windows (title, starts_at, ends_at, device_id) VALUES ('w', now(), now() + interval '1 hour', device('core'));
SELECT is(carries(0, 90000000), NULL, 'nor one during announced work');
DELETE FROM maintenance_windows;
SELECT is(carries(0, 90000000), 'bandwidth', 'full in one direction: an alert, of the one that is watched');
SELECT is(carries(95000000, 0), 'bandwidth', 'once');
SELECT is((SELECT sum(repeats) FROM alert_logs WHERE type = 'bandwidth'), 0::bigint, 'not again each round');
SELECT is(carries(80000000, 0), 'bandwidth', 'at the lower limit it stays open');
SELECT is(carries(79999999, 0), NULL, 'below it ends');
SELECT is(carries(90000000, 0), 'bandwidth', 'full again');
UPDATE snmp_interfaces SET manual_speed = 1000000000 WHERE if_name = 'a';
SELECT is(carries(90000000, 0), NULL, 'the speed that a person gave counts');
UPDATE snmp_interfaces SET manual_speed = NULL WHERE if_name = 'a';
SELECT is(carries(90000000, 0), 'bandwidth', 'and again without it');
SELECT is(carries(0, 0), NULL, 'idle: the alert ends');
UPDATE snmp_interfaces SET if_speed = 0 WHERE if_name = 'a';
SELECT is(carries(90000000, 0), NULL, 'one whose speed is unknown is never full');
UPDATE snmp_interfaces SET if_speed = 100000000 WHERE if_name = 'a';
SELECT is(carries(90000000, 0), 'bandwidth', 'known again, it is');
UPDATE snmp_interfaces SET monitor_bandwidth = false WHERE if_name = 'a';
SELECT is(carries(90000000, 0), NULL, 'no longer watched: the alert ends');
UPDATE snmp_interfaces SET monitor_bandwidth = true WHERE if_name = 'a';
SELECT is(carries(90000000, 0), 'bandwidth', 'watched: it is back');
UPDATE snmp_devices SET is_active = false WHERE name = 'core';
SELECT is(carries(90000000, 0), NULL, 'so it is with its device');

-- Results of polls: a row a device, with its part of the arrays; sums are by interface.
SELECT history_make(now() - interval '1 day') \g /dev/null
SELECT date_bin('5 minutes', now(), 'epoch') - interval '10 minutes' AS bucket \gset
CREATE FUNCTION poll_at(at timestamptz, in_ bigint) RETURNS void LANGUAGE sql AS $$
	SELECT snmp_store_readings(ARRAY[device('core'), uuidv7(), device('edge')], array_fill((extract(epoch FROM at) * 1000)::bigint, '{3}'),
		'{70,70,80}', '{7,7,8}', '{1,3,4}', '{2,3,4}', (SELECT array_agg(number ORDER BY if_name) FROM snmp_interfaces WHERE if_name IN ('a', 'b')) ||
		0 || (SELECT number FROM snmp_interfaces WHERE if_name = 'e1'), '{0,1000,0,0}', '{-1,2,3,4}', '{5,6,7,8}', '{64,32,64,64}', '{0,0,0,0}',
		'{0,1,0,0}', '{300,0,300,100}', ARRAY[in_, 0, 3, 9223372036854775], '{20,0,3,40}', 'boot') $$;
SELECT poll_at(:'bucket', 10), poll_at(:'bucket', 10), poll_at(:'bucket'::timestamptz + interval '1 minute', 40) \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', d.name, r.boot, clock_ms, uptime_ms, age_ms, in_octets, bits, dropped), ', ' ORDER BY d.name) FROM snmp_readings r JOIN snmp_devices d ON d.id = device_id),
	'core boot 70 7 {0,1000} {-1,2} {64,32} {0,1}, edge boot 80 8 {0} {4} {64} {0}', 'the last reading of each device');
CREATE FUNCTION sums(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('SELECT string_agg(concat_ws('' '', if_name, %s), '', '' ORDER BY if_name, recorded_at) FROM %I JOIN snmp_interfaces i ON i.id = interface_id',
		CASE source WHEN 'bandwidth_samples' THEN 'seconds, in_rate, out_rate' ELSE 'seconds, in_bits, out_bits, in_max, out_max' END, source) INTO found;
	RETURN found;
END $$;
SELECT is(sums('bandwidth_samples'), 'a 300 10 20, a 300 40 20, e1 100 9223372036854775 40, e1 100 9223372036854775 40', 'a poll that is stored twice is there once, without gaps');
SELECT is((SELECT string_agg(concat_ws(' ', if_name, in_rate, out_rate, r.read_at - :'bucket'), ', ' ORDER BY if_name) FROM interface_rates r JOIN snmp_interfaces i ON i.id = interface_id),
	'a 40 20 00:01:00, b 00:00:59, e1 9223372036854775 40 00:01:00', 'the rates of the last, and since when one was not read');
SELECT snmp_roll(:'bucket'::timestamptz + interval '4 minutes') \g /dev/null
SELECT is(sums('bandwidth_5m_samples'), NULL, 'nothing of a bucket that goes on');
SAVEPOINT one_poll;
DELETE FROM bandwidth_history WHERE recorded_at = :'bucket';
SELECT snmp_roll(now()) \g /dev/null
SELECT is(sums('bandwidth_5m_samples'), 'a 300 12000 6000 40 20, e1 100 922337203685477500 4000 9223372036854775 40', 'one poll is its sum');
ROLLBACK TO one_poll;
SELECT snmp_roll(now()) \g /dev/null
SELECT is(sums('bandwidth_5m_samples'), 'a 600 15000 12000 40 20, e1 200 1844674407370955000 8000 9223372036854775 40', 'the sums of both polls');
SELECT snmp_roll(now()) \g /dev/null
DELETE FROM history_rolls;
SELECT snmp_roll(now() + interval '1 hour') \g /dev/null
SELECT is(sums('bandwidth_5m_samples'), 'a 600 15000 12000 40 20, e1 200 1844674407370955000 8000 9223372036854775 40', 'rolled again, nothing counts twice');
SELECT is(sums('bandwidth_1h'), sums('bandwidth_5m_samples'), 'and those of its hour');
SELECT is((SELECT string_agg(concat_ws(' ', in_rate, out_rate, in_max), ', ') FROM bandwidth_chart(port('a'), '1h') WHERE in_rate IS NOT NULL), '25 20 40', 'the chart of one interface');
SELECT is((SELECT count(*) FROM bandwidth_chart(port('b'), '1h') WHERE in_rate IS NOT NULL), 0::bigint, 'the chart of one with gaps alone');
SELECT poll_at(first_at, 70) FROM history_buckets('1h', '5 minutes') \g /dev/null
SELECT is((SELECT in_rate FROM bandwidth_chart(port('a'), '1h') LIMIT 1), 70::bigint, 'a poll at its first moment is on a chart');
SELECT snmp_store_statuses(array_agg(number ORDER BY if_name), '{down,up}') FROM snmp_interfaces WHERE if_name IN ('a', 'b') \g /dev/null
SELECT is((SELECT string_agg(if_name || ' ' || if_oper_status, ', ' ORDER BY if_name) FROM snmp_interfaces), 'a down, b up, e1 up', 'an interface that went down');

-- Announced work: on the thing, on its router, on everything.
CREATE FUNCTION quiet(d uuid, r uuid DEFAULT NULL) RETURNS boolean LANGUAGE sql AS $$ SELECT monitor_in_maintenance(d, r) $$;
INSERT INTO router_settings (name, host, username) VALUES ('R', 'r', 'u'), ('Q', 'q', 'u');
CREATE FUNCTION way(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM router_settings WHERE name = n $$;
INSERT INTO maintenance_windows (title, starts_at, ends_at, device_id) VALUES ('w', now() - interval '1 hour', now(), device('core'));
SELECT is(quiet(device('core')) || ' ' || quiet(device('edge')), 'true false', 'work on one device, to its last moment');
UPDATE maintenance_windows SET device_id = NULL, router_id = way('R');
SELECT is(quiet(device('core'), way('R')) || ' ' || quiet(device('core'), way('Q')) || ' ' || quiet(device('core')), 'true false false', 'work on a router');
UPDATE maintenance_windows SET router_id = NULL;
SELECT is(quiet(device('core')) || ' ' || quiet(device('edge'), way('Q')), 'true true', 'work on everything');
UPDATE maintenance_windows SET starts_at = now() + interval '1 second', ends_at = now() + interval '1 hour';
SELECT is(quiet(device('core')), false, 'work to come');
SELECT throws_ok('UPDATE maintenance_windows SET ends_at = starts_at', 'IS422', NULL, 'a window ends after it begins');
SELECT finish();
ROLLBACK;
