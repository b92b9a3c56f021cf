-- The rows that screens show of what is watched, of alerts and of messages (sql/views/monitor.sql, message.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
INSERT INTO snmp_devices (name, host, community, auth_password, priv_password, is_active) VALUES ('d', '192.0.2.1', 'sealed', 'x', '', true), ('e', '192.0.2.2', '', NULL, 'y', true), ('off', '192.0.2.3', '', NULL, NULL, false), ('new', '192.0.2.4', '', NULL, NULL, true);
INSERT INTO ping_targets (name, host, interval_seconds, is_active) VALUES ('t', '192.0.2.5', 60, true), ('slow', '192.0.2.6', 600, true), ('idle', '192.0.2.7', 60, false), ('fresh', '192.0.2.8', 60, true);
CREATE FUNCTION thing(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM monitor_things WHERE name = n $$;
CREATE FUNCTION checked(n text, age interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO monitor_states (id, kind, status, checked_at, since, uptime_ms, latency_ms, error) SELECT id, kind, 'up', now() - age, now() - age, 7999, 5, n FROM monitor_things WHERE name = n
	ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at $$;
CREATE FUNCTION devices() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', name, status, uptime_seconds, last_error), ', ' ORDER BY name) FROM snmp_device_rows $$;
CREATE FUNCTION targets() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', name, status, last_error), ', ' ORDER BY name) FROM ping_target_rows $$;
SELECT is((SELECT string_agg(concat_ws(' ', name, kind, every), ', ' ORDER BY name) FROM monitor_things WHERE name IN ('d', 'slow', 't')), 'd snmp 00:05:00, slow ping 00:10:00, t ping 00:01:00', 'all that is watched');
SELECT checked('d', '959 seconds'), checked('e', '16 minutes'), checked('off', '0'), checked('t', '299 seconds'), checked('slow', '1799 seconds'), checked('idle', '0') \g /dev/null
SELECT is(devices(), 'd up 7 d, e unknown 7 e, new unknown, off unknown 7 off', 'a status is known for three polls, of what is watched');
SELECT is(targets(), 'fresh unknown, idle unknown idle, slow up slow, t up t', 'so is that of a target, for three rounds or five minutes');
SELECT checked('t', '5 minutes'), checked('slow', '30 minutes') \g /dev/null
SELECT is(targets(), 'fresh unknown, idle unknown idle, slow unknown slow, t unknown t', 'and not longer');
SELECT is((SELECT string_agg(concat_ws(' ', name, has_community, has_auth_password, has_priv_password), ', ' ORDER BY name) FROM snmp_device_rows), 'd t t f, e f f t, new f f f, off f f f', 'whether a secret is set');

-- Interfaces: the rates of the last poll while it is not old, without gaps; by the position of their own number.
INSERT INTO snmp_interfaces (device_id, if_name, if_index, monitor_bandwidth) VALUES (thing('d'), 'a', 1, true), (thing('d'), 'b', 2, true), (thing('d'), 'c', 3, true), (thing('e'), 'a', 1, true);
CREATE FUNCTION number(d text, n text) RETURNS int LANGUAGE sql AS $$ SELECT number FROM snmp_interfaces WHERE device_id = thing(d) AND if_name = n $$;
INSERT INTO snmp_readings (device_id, boot, clock_ms, uptime_ms, read_at, interfaces, age_ms, in_octets, out_octets, bits, discontinuity, dropped, seconds, in_rate, out_rate) VALUES
	(thing('d'), '', 0, 0, now() - interval '959 seconds', ARRAY[number('d', 'b'), number('d', 'a')], '{0,500}', '{0,0}', '{0,0}', '{64,64}', '{0,0}', '{0,0}', '{0,300}', '{9,10}', '{9,20}'),
	(thing('e'), '', 0, 0, now() - interval '16 minutes', ARRAY[number('e', 'a')], '{0}', '{0}', '{0}', '{64}', '{0}', '{0}', '{300}', '{30}', '{40}');
SELECT is((SELECT string_agg(concat_ws(' ', d.name, i.if_name, r.in_rate, r.out_rate, extract(epoch FROM now() - r.read_at)::float8), ', ' ORDER BY d.name, i.if_name) FROM interface_rates r JOIN snmp_interfaces i ON i.id = r.interface_id JOIN snmp_devices d ON d.id = i.device_id),
	'd a 10 20 959.5, d b 959, e a 30 40 960', 'the reading of each, and when it was');
SELECT is((SELECT string_agg(concat_ws(' ', "device.name", if_name, in_rate, out_rate, CASE WHEN read_at IS NOT NULL THEN 'read' END), ', ' ORDER BY "device.name", if_name) FROM snmp_interface_rows), 'd a 10 20 read, d b read, d c, e a read', 'old rates are none');
SELECT history_make(now() - interval '1 day') \g /dev/null
INSERT INTO bandwidth_history (device_id, recorded_at, interfaces, seconds, in_rate, out_rate) VALUES (thing('d'), now(), ARRAY[number('d', 'b'), number('d', 'a')], '{0,300}', '{1,2}', '{3,4}'), (thing('e'), now(), ARRAY[number('e', 'a')], '{60}', '{5}', '{6}');
INSERT INTO bandwidth_5m (device_id, recorded_at, interfaces, seconds, in_bits, out_bits, in_max, out_max) VALUES (thing('d'), now(), ARRAY[number('d', 'b'), number('d', 'a')], '{0,300}', '{1,2}', '{3,4}', '{5,6}', '{7,8}'), (thing('e'), now(), ARRAY[number('e', 'a')], '{60}', '{9}', '{10}', '{11}', '{12}');
SELECT results_eq($$ SELECT d.name, i.if_name, s.seconds, s.in_rate, s.out_rate FROM bandwidth_samples s JOIN snmp_interfaces i ON i.id = s.interface_id JOIN snmp_devices d ON d.id = s.device_id ORDER BY 1, 2 $$, $$ VALUES ('d'::text, 'a'::text, 300, 2::bigint, 4::bigint), ('e', 'a', 60, 5, 6) $$, 'samples, without gaps');
SELECT results_eq($$ SELECT d.name, i.if_name, s.seconds, s.in_bits, s.out_bits, s.in_max, s.out_max FROM bandwidth_5m_samples s JOIN snmp_interfaces i ON i.id = s.interface_id JOIN snmp_devices d ON d.id = s.device_id ORDER BY 1, 2 $$,
	$$ VALUES ('d'::text, 'a'::text, 300, 2::bigint, 4::bigint, 6::bigint, 8::bigint), ('e', 'a', 60, 9, 10, 11, 12) $$, 'and their sums');

-- Windows and alerts.
INSERT INTO maintenance_windows (title, starts_at, ends_at) VALUES ('begins', now(), now() + interval '1 hour'), ('ends', now() - interval '1 hour', now()), ('over', now() - interval '1 hour', now() - interval '1 second'), ('ahead', now() + interval '1 second', now() + interval '1 hour');
SELECT is((SELECT string_agg(title, ' ' ORDER BY title) FROM maintenance_window_rows WHERE is_now), 'begins ends', 'work that goes on now');
DELETE FROM alert_logs;
SELECT alert_raise('system', 'info', 'event', 'm'), alert_raise('system', 'info', 'state', 'm', NULL, 'k'), alert_raise('system', 'info', 'over', 'm', NULL, 'l'), alert_resolve('l', 'recovery') \g /dev/null
SELECT is((SELECT string_agg(title || ' ' || is_open, ', ' ORDER BY title) FROM alert_rows), 'event false, over false, recovery false, state true', 'an alert is open while its state lasts');

-- Channels and messages, with the names of what they are about.
INSERT INTO notification_settings (name, channel, audience, config, secret) VALUES ('ops', 'telegram', 'staff', '{"chat_id": "-1"}', 'x'), ('mail', 'email', 'staff', '{"email": "a@b.id"}', ''), ('wa', 'whatsapp', 'customers', '{"url": "http://gw/"}', 'y'), ('hook', 'webhook', 'staff', '{"url": "http://x/"}', 'z');
INSERT INTO message_senders (sender, sent_today) SELECT 'email', 7 UNION ALL SELECT id::text, 3 FROM notification_settings WHERE name IN ('ops', 'mail');
SELECT is((SELECT string_agg(concat_ws(' ', name, has_secret, config - 'chat_id' - 'email' - 'url', sent_today), ', ' ORDER BY name) FROM notification_setting_rows),
	'hook t {"has_secret": true}, mail f {"has_secret": false} 7, ops t {"has_bot_token": true} 3, wa t {"has_token": true}', 'a channel says whether its secret is set; mail has one sender');
SELECT sub(person()) AS s \gset
UPDATE customers SET name = 'Sari';
INSERT INTO message_outbox (event, channel, channel_id, recipient, state, customer_id, invoice_id) SELECT 'paid', 'whatsapp', n.id, s, s, owner(:'s'), inv(:'s') FROM notification_settings n, unnest('{pending,sending,sent,failed,unknown,cancelled}'::text[]) s WHERE name = 'wa';
INSERT INTO message_outbox (event, channel, recipient) VALUES ('password_reset', 'email', 'alone');
SELECT is((SELECT string_agg(concat_ws(' ', recipient, can_resend, "channel_setting.name", "customer.name", "invoice.invoice_number" = (SELECT invoice_number FROM invoices WHERE id = inv(:'s'))), ', ' ORDER BY recipient) FROM message_rows),
	'alone f, cancelled t wa Sari t, failed t wa Sari t, pending f wa Sari t, sending f wa Sari t, sent f wa Sari t, unknown t wa Sari t', 'messages');
SELECT finish();
ROLLBACK;
