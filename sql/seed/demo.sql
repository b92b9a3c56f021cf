/*
 * A small town for scripts/stack --demo: sixty households and shops, a year of
 * invoices and payments up to today, made by the very functions that make them
 * in earnest, night by night. Some pay early, some late, some not at all. Does
 * nothing where there are customers already.
 *
 * The accounts have empty passwords: only a program with APP_KEY can seal one.
 * The router comes from MIKROTIK_HOST, which scripts/stack sets to its own.
 */
CREATE TEMP TABLE town ON COMMIT DROP AS
SELECT n, name, street,
	lower(regexp_replace(split_part(name, ' ', 1), '[^A-Za-z]', '', 'g')) || '.' || to_char(n, 'FM00') AS login,
	-- how many days after the due date they pay; NULL: these days no longer
	(ARRAY[-6, -4, -3, -2, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2, 5, 12, NULL])[1 + n * 7 % 17] AS habit
FROM unnest('{
	Budi Santoso,Siti Aminah,Agus Wijaya,Dewi Lestari,Eko Prasetyo,Fitri Handayani,Gunawan Saputra,Hesti Rahayu,
	Indra Kusuma,Joko Susilo,Kartika Sari,Lukman Hakim,Maya Anggraini,Nur Hidayat,Oki Setiawan,Putri Maharani,
	Rahmat Hidayat,Ratna Dewi,Slamet Riyadi,Tri Wahyuni,Umar Faruq,Vina Melati,Wahyu Nugroho,Yanti Susanti,
	Zainal Abidin,Ahmad Fauzi,Bambang Sutrisno,Citra Permata,Dedi Kurniawan,Endang Sulastri,Ferry Irawan,
	Gita Puspita,Hendra Gunawan,Ida Ayu Made,I Wayan Sudira,I Made Artawan,Ni Luh Sari,Ketut Suardana,
	Andi Baso,Daeng Tata,Rizal Lubis,Butet Siregar,Togar Simanjuntak,Maria Goreti,Yohanes Kapitan,
	Warung Bu Tini,Toko Sinar Jaya,Bengkel Maju Motor,Kos Melati,Klinik Sehat,SD Negeri 2,Kafe Senja,
	Apotek Husada,Laundry Bersih,Masjid Al-Ikhlas,Balai Desa,Percetakan Kilat,Salon Ayu,Koperasi Tani,Studio Foto Cahaya
	}'::text[]) WITH ORDINALITY AS t (name, n),
LATERAL (SELECT (ARRAY['Jl. Merdeka', 'Jl. Sudirman', 'Jl. Melati', 'Gg. Kenanga', 'Jl. Pasar Baru'])[1 + n % 5]
	|| ' No. ' || n || ', RT 0' || 1 + n % 6 || '/RW 02' AS street) s
WHERE NOT EXISTS (SELECT FROM customers);

INSERT INTO packages (name, type, bandwidth, price, router_profile, description)
SELECT * FROM (VALUES
	('Hotspot 5 Mbps',     'hotspot', '5M/5M',   75000,  'hotspot-5-mbps',     'Wi-Fi in the market'),
	('Dedicated 30 Mbps',  'static',  '30M/30M', 900000, 'dedicated-30-mbps',  'A fixed address')
) AS p (name, type, bandwidth, price, router_profile, description)
WHERE EXISTS (SELECT FROM town) ON CONFLICT DO NOTHING;

INSERT INTO customers (name, email, phone, address, created_at)
SELECT name, login || '@example.com', '0812-' || to_char(n * 7919 % 10000, 'FM0000') || '-' || to_char(n * 104729 % 10000, 'FM0000'),
	street, now() - interval '366 days' + n * interval '1 minute'
FROM town ORDER BY n;

-- The events of a day, before and after the nightly run.
CREATE FUNCTION pg_temp.people_come(first_day date, d date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT town.*, c.id AS customer, p.id AS package, p.type
		FROM town
		JOIN customers c ON c.name = town.name
		JOIN packages p ON p.name = CASE WHEN n = 47 THEN 'Dedicated 30 Mbps' WHEN n % 13 = 0 THEN 'Hotspot 5 Mbps'
			ELSE (ARRAY['10 Mbps', '10 Mbps', '20 Mbps', '10 Mbps', '20 Mbps', '50 Mbps', '10 Mbps', '100 Mbps'])[1 + n % 8] END
		WHERE first_day + (n * 37 % 240)::int = d
	LOOP
		PERFORM subscription_create(jsonb_build_object('customer_id', t.customer, 'package_id', t.package,
			'mikrotik_username', t.login, 'mikrotik_password', '', 'issue_invoice', true, 'auto_renew', t.n % 19 <> 0,
			'remote_address', CASE t.type WHEN 'static' THEN '10.20.30.' || t.n END), d);
	END LOOP;
END $$;

CREATE FUNCTION pg_temp.people_pay(d date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	i record;
BEGIN
	FOR i IN
		SELECT o.id, o.seq, o.amount, town.n
		FROM invoices o JOIN customers c ON c.id = o.customer_id JOIN town ON town.name = c.name
		WHERE o.is_open
		  AND greatest(o.issued_on, o.due_date + coalesce(town.habit,
			CASE WHEN o.due_date < business_today() - 50 THEN 0 ELSE 1000 END)) <= d
		ORDER BY o.seq
	LOOP
		PERFORM payment_book(jsonb_build_object('invoice_id', i.id,
			'amount', CASE WHEN (i.seq + i.n) % 23 = 0 THEN i.amount + 50000 END, 'surplus_to_credit', true,
			'method', (ARRAY['cash', 'transfer', 'qris', 'cash', 'gopay', 'transfer', 'cash', 'dana'])[1 + i.seq % 8],
			'payment_date', least(d + time '03:00' + (i.seq % 540) * interval '1 minute', now())), d);
	END LOOP;
END $$;

-- A night is recorded as billing-cron does it: a town without nights shows an alert that none was run.
CREATE FUNCTION pg_temp.night(d date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	moment constant timestamptz := least(d + time '00:05', now());
	step  text;
	steps jsonb := '{}';
	done  int;
	run   bigint;
BEGIN
	INSERT INTO billing_runs (business_date, started_at, finished_at, duration_ms, actor)
	VALUES (d, moment, moment, 0, 'billing-cron') RETURNING id INTO run;
	PERFORM set_config('isp.run', run::text, true);
	FOREACH step IN ARRAY '{renew,overdue,expire,suspend}'::text[] LOOP
		EXECUTE format('SELECT count(*) FROM billing_%s(ARRAY(SELECT id FROM billing_candidates($1, $2) ORDER BY n), $2) r
			WHERE r.outcome = $3', step) INTO done USING step, d, 'done';
		steps := steps || jsonb_build_object(step, jsonb_build_object('done', done));
	END LOOP;
	UPDATE billing_runs SET counts = steps, report = jsonb_build_object('date', d, 'dry_run', false, 'missed_days', NULL,
		'only', NULL, 'steps', steps, 'lines', '[]'::jsonb)
	WHERE id = run;
	PERFORM set_config('isp.run', '', true);
	-- Written now, but it tells of then.
	UPDATE invoices SET created_at = least(d + time '00:05', now()) WHERE created_at = now();
	UPDATE subscriptions SET created_at = least(d + time '02:00', now()) WHERE created_at = now();
	UPDATE payments SET created_at = payment_date WHERE created_at = now();
	UPDATE billing_logs SET created_at = least(d + time '03:00', now()) WHERE created_at = now();
END $$;

DO $$
DECLARE
	today date := business_today();
BEGIN
	IF NOT EXISTS (SELECT FROM town) THEN
		RETURN;
	END IF;
	FOR n IN 0..365 LOOP
		PERFORM pg_temp.people_come(today - 365, today - 365 + n);
		PERFORM pg_temp.night(today - 365 + n);
		PERFORM pg_temp.people_pay(today - 365 + n);
	END LOOP;
	-- An upgrade, somebody on holiday, somebody who moved away, a gift, a payment by mistake.
	PERFORM subscription_update(s.id, jsonb_build_object('package_id', p.id, 'effective', 'next_period'), today)
	  FROM subscriptions s, packages p WHERE s.mikrotik_username = 'budi.01' AND p.name = '50 Mbps';
	PERFORM subscription_suspend(id, 'on holiday', today) FROM subscriptions WHERE mikrotik_username = 'kartika.11' AND status = 'active';
	PERFORM subscription_cancel(id, 'moved away', today) FROM subscriptions WHERE mikrotik_username = 'oki.15';
	PERFORM credit_enter(id, 25000, 'for the long outage', today) FROM customers WHERE name = 'Warung Bu Tini';
	PERFORM payment_reverse(id, 'reversal', 'booked on the wrong customer', today) FROM payments
	  WHERE status = 'received' AND NOT EXISTS (SELECT FROM customer_credits c WHERE c.payment_id = payments.id) ORDER BY seq DESC LIMIT 1;
	PERFORM pg_temp.night(today);
END $$;

-- Devices and targets on loopback addresses, with a day of measurements.
DO $$ BEGIN PERFORM history_make(now() - interval '2 days', now()); END $$;

INSERT INTO ping_targets (name, host, "group", interval_seconds)
SELECT * FROM (VALUES ('Main Router', '127.0.10.1', 'core', 60), ('Tower Utara', '127.0.10.2', 'towers', 60),
	('Tower Selatan', '127.0.10.3', 'towers', 60), ('OLT Balai Desa', '127.0.10.4', 'towers', 60),
	('Upstream', '127.0.10.5', 'core', 30)) AS t (name, host, "group", every)
WHERE NOT EXISTS (SELECT FROM ping_targets);

INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, min_ms, max_ms, jitter_ms, packet_loss_percent, status)
SELECT t.id, at, 4, got, ms, ms * 0.8, ms * 1.4, ms * 0.1, 25 * (4 - got), 'up'
  FROM ping_targets t, generate_series(now() - interval '24 hours', now() - interval '5 minutes', interval '5 minutes') at,
       LATERAL (SELECT 4 - (random() < 0.03)::int AS got, 2 + 10 * random() * random() + length(t.name) / 4.0 AS ms) m
 WHERE NOT EXISTS (SELECT FROM ping_history) AND EXISTS (SELECT FROM town);

INSERT INTO snmp_devices (name, host, port, device_type, location, sys_name, discovered_at)
SELECT 'Core switch', '127.0.10.1', 1161, 'switch', 'Kantor', 'core-sw', now()
 WHERE NOT EXISTS (SELECT FROM snmp_devices);

-- A real agent: scripts/stack starts snmpd there where the machine has one.
\if :{?snmp_port}
\else
\set snmp_port 161
\endif
INSERT INTO snmp_devices (name, host, port, device_type, location)
SELECT 'Office server', '127.0.0.1', :snmp_port, 'server', 'Kantor'
 WHERE NOT EXISTS (SELECT FROM snmp_devices WHERE name = 'Office server') AND EXISTS (SELECT FROM town);

INSERT INTO snmp_interfaces (device_id, if_name, if_index, if_descr, if_alias, if_speed, if_oper_status, monitor_bandwidth)
SELECT d.id, 'sfp' || n, n, 'SFP+ ' || n, (ARRAY['Upstream', 'Tower Utara', 'Tower Selatan'])[n], 1000000000, 'up', true
  FROM snmp_devices d, generate_series(1, 3) n
 WHERE d.name = 'Core switch' AND NOT EXISTS (SELECT FROM snmp_interfaces);

INSERT INTO bandwidth_history (device_id, recorded_at, interfaces, seconds, in_rate, out_rate)
SELECT i.device_id, at, array_agg(i.number), array_agg(300), array_agg((busy * 400000000 / i.if_index)::bigint),
       array_agg((busy * 60000000 / i.if_index)::bigint)
  FROM snmp_interfaces i, generate_series(now() - interval '24 hours', now() - interval '5 minutes', interval '5 minutes') at,
       -- Evenings are busy.
       LATERAL (SELECT 0.5 + 0.4 * sin(2 * pi() * (extract(epoch FROM at) / 86400 + 0.55)) + 0.1 * random() AS busy) b
 WHERE NOT EXISTS (SELECT FROM bandwidth_history) AND EXISTS (SELECT FROM town)
 GROUP BY 1, 2;
