/*
 * Snapshots of routers for the browser (contract 6): at most 5 seconds old,
 * read again by the first who asks, failures kept as well.  The kind 'link' holds
 * failures to reach the router at all; they count for every kind.
 */

-- A reading succeeded.  Readings of single interfaces (traffic:NAME) go when unused for an hour.
CREATE OR REPLACE FUNCTION router_snapshot_store(router uuid, kind text, data text)
RETURNS void LANGUAGE sql AS $$
	DELETE FROM router_snapshots s
	 WHERE s.router_id = router AND (s.kind = 'link'
	       OR s.kind LIKE 'traffic:%' AND s.kind <> $2 AND s.tried_at < now() - interval '1 hour');
	INSERT INTO router_snapshots AS s (router_id, kind, data, taken_at, tried_at)
	VALUES (router, $2, $3, clock_timestamp(), clock_timestamp())
	    ON CONFLICT ON CONSTRAINT router_snapshots_pkey DO UPDATE
	   SET data = excluded.data, taken_at = excluded.taken_at, error = NULL, tried_at = excluded.tried_at;
$$;

-- A reading failed; what was read before stays.
CREATE OR REPLACE FUNCTION router_snapshot_fail(router uuid, kind text, reason text)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO router_snapshots AS s (router_id, kind, error, tried_at)
	VALUES (router, $2, reason, clock_timestamp())
	    ON CONFLICT ON CONSTRAINT router_snapshots_pkey DO UPDATE
	   SET error = excluded.error, tried_at = excluded.tried_at
$$;

-- An action changed the router: the next reader reads it again.
CREATE OR REPLACE FUNCTION router_snapshot_expire(router uuid)
RETURNS void LANGUAGE sql AS $$
	UPDATE router_snapshots SET tried_at = '-infinity' WHERE router_id = router AND kind <> 'link'
$$;

-- Bits per second from two counters; NULL after a reset, or where they are too far apart.
CREATE OR REPLACE FUNCTION router_rate(before numeric, after numeric, seconds numeric)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN after >= before AND seconds BETWEEN 0.5 AND 120
	            THEN least(round((after - before) * 8 / seconds), 1e15)::bigint END
$$;

-- 1234567 bits per second as "1.2 Mbps"; unit 'bit' gives "1.2 Mbit", for screens that add "/s".
-- Each number is cast to text by name: `numeric || text` is only STABLE, and a function that says IMMUTABLE
-- around it is not inlined (30,000 rates took 170 ms, inlined 15).
CREATE OR REPLACE FUNCTION router_rate_text(rate bigint, unit text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN rate >= 1000000000 THEN round(rate / 1e9, 1)::text || ' G'
	            WHEN rate >= 1000000 THEN round(rate / 1e6, 1)::text || ' M'
	            WHEN rate >= 1000 THEN round(rate / 1e3, 1)::text || ' k'
	            ELSE coalesce(rate, 0)::text || ' ' END || unit
$$;

-- The sessions of a router as online-users answers them, without the brackets of the array. Rendered once a
-- reading: rendered for each browser that polls, 15,000 of them took 350 ms of the database each time.
CREATE OR REPLACE FUNCTION router_online_rows(router uuid)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT coalesce(string_agg(row_to_json(o)::text, ',' ORDER BY o.username, o.id), '')
	  FROM (SELECT router_id || service || session_id AS id, username, service AS type, coalesce(address, '') AS address,
	               coalesce(uptime, '') AS uptime, router_rate_text(tx_rate, 'bps') AS "downloadSpeed",
	               router_rate_text(rx_rate, 'bps') AS "uploadSpeed", router_id
	          FROM router_sessions
	         WHERE router_id = router) o
$$;

/*
 * A live reading: the sessions with the counters of their interfaces.  Rates
 * follow from the reading before, if there was one within two minutes.
 * (jsonb_to_recordset has no statistics: nested loops over 15,000 sessions
 * would take minutes.)
 */
CREATE OR REPLACE FUNCTION router_live_store(router uuid, system text, ppp jsonb, hotspot jsonb, counters jsonb)
RETURNS void LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
	moment timestamptz := clock_timestamp();
BEGIN
	WITH seen AS (
		SELECT DISTINCT ON (p.id) 'pppoe' AS service, p.id AS session_id, p.name AS username, p.address,
		       p.caller_id AS mac_address, p.uptime, i.rx_byte AS rx_bytes, i.tx_byte AS tx_bytes,
		       i.rx_packet AS rx_packets, i.tx_packet AS tx_packets
		  FROM jsonb_to_recordset(ppp) AS p (id text, name text, service text, address text, caller_id text, uptime text)
		  LEFT JOIN jsonb_to_recordset(counters) AS i (name text, rx_byte numeric, tx_byte numeric, rx_packet numeric,
		       tx_packet numeric) ON i.name = '<' || coalesce(p.service, 'pppoe') || '-' || p.name || '>'
		 WHERE p.id IS NOT NULL AND p.name IS NOT NULL
		UNION ALL
		SELECT DISTINCT ON (h.id) 'hotspot', h.id, h."user", h.address, h.mac_address, h.uptime, h.bytes_in, h.bytes_out,
		       h.packets_in, h.packets_out
		  FROM jsonb_to_recordset(hotspot) AS h (id text, "user" text, address text, mac_address text, uptime text,
		       bytes_in numeric, bytes_out numeric, packets_in numeric, packets_out numeric)
		 WHERE h.id IS NOT NULL AND h."user" IS NOT NULL
	), rated AS (
		SELECT n.*, router_rate(o.rx_bytes, n.rx_bytes, extract(epoch FROM moment - o.taken_at)) AS rx_rate,
		       router_rate(o.tx_bytes, n.tx_bytes, extract(epoch FROM moment - o.taken_at)) AS tx_rate
		  FROM seen n
		  LEFT JOIN router_sessions o ON o.router_id = router AND o.service = n.service
		       AND o.session_id = n.session_id AND o.username = n.username
	), gone AS (
		DELETE FROM router_sessions o
		 WHERE o.router_id = router
		   AND NOT EXISTS (SELECT FROM seen n WHERE n.service = o.service AND n.session_id = o.session_id)
	), stored AS (
		INSERT INTO router_sessions AS s (router_id, service, session_id, username, address, mac_address, uptime,
		       rx_bytes, tx_bytes, rx_packets, tx_packets, rx_rate, tx_rate, taken_at)
		SELECT router, service, session_id, username, address, mac_address, uptime, rx_bytes, tx_bytes, rx_packets,
		       tx_packets, rx_rate, tx_rate, moment
		  FROM rated
		    ON CONFLICT (router_id, service, session_id) DO UPDATE
		   SET username = excluded.username, address = excluded.address, mac_address = excluded.mac_address,
		       uptime = excluded.uptime, rx_bytes = excluded.rx_bytes, tx_bytes = excluded.tx_bytes,
		       rx_packets = excluded.rx_packets, tx_packets = excluded.tx_packets, rx_rate = excluded.rx_rate,
		       tx_rate = excluded.tx_rate, taken_at = excluded.taken_at
		RETURNING rx_rate, tx_rate
	)
	INSERT INTO router_traffic (router_id, taken_at, rx_rate, tx_rate)
	SELECT router, moment, coalesce(sum(rx_rate), 0), coalesce(sum(tx_rate), 0)
	  FROM stored
	HAVING count(rx_rate) > 0 OR count(*) = 0;

	DELETE FROM router_traffic t WHERE t.router_id = router AND t.taken_at < moment - interval '10 minutes';
	PERFORM router_snapshot_store(router, 'online', router_online_rows(router));
	PERFORM router_snapshot_store(router, 'live', system);
END $$;

CREATE OR REPLACE FUNCTION router_bytes_text(bytes numeric)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN bytes >= 1e9 THEN round(bytes / 1e9, 1)::text || ' GB'
	            WHEN bytes >= 1e6 THEN round(bytes / 1e6, 1)::text || ' MB'
	            WHEN bytes >= 1e3 THEN round(bytes / 1e3, 1)::text || ' kB'
	            ELSE coalesce(bytes, 0)::text || ' B' END
$$;

/*
 * A live reading as a sample of the accounts of a router (contract 6): a row an
 * account that should be there, its counters where it is online.  Without a reading
 * of the last half minute there is no sample.
 */
CREATE OR REPLACE FUNCTION line_sample(router uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	moment timestamptz := clock_timestamp();
BEGIN
	IF NOT EXISTS (SELECT FROM router_snapshots s
	                WHERE s.router_id = router AND s.kind = 'live' AND s.taken_at > moment - interval '30 seconds') THEN
		RETURN;
	END IF;
	INSERT INTO line_samples (account_id, taken_at, online, address, rx_bytes, tx_bytes)
	SELECT m.id, moment, s.username IS NOT NULL, s.address, s.rx_bytes, s.tx_bytes
	  FROM mikrotik_secrets m
	  LEFT JOIN (SELECT DISTINCT ON (service = 'hotspot', username) *
	               FROM router_sessions WHERE router_id = router
	              ORDER BY service = 'hotspot', username, rx_bytes DESC NULLS LAST) s
	       ON s.username = m.username AND (s.service = 'hotspot') = (m.service = 'hotspot')
	 WHERE m.router_id = router AND m.removed_at IS NULL AND m.service <> 'static';
	DELETE FROM line_samples WHERE taken_at < moment - interval '24 hours';
	UPDATE router_states SET sampled_at = moment WHERE router_id = router;
END $$;

-- Active routers that answer and whose sessions were not sampled for line_sample_minutes.
CREATE OR REPLACE VIEW router_samples_due AS
SELECT r.id
  FROM router_settings r
 CROSS JOIN settings c
  LEFT JOIN router_states b ON b.router_id = r.id
 WHERE r.is_active AND c.line_sample_minutes > 0 AND b.broken_since IS NULL
   AND coalesce(b.sample_tried_at <= clock_timestamp() - make_interval(mins => c.line_sample_minutes), true);

-- The same; each is noted as tried.
CREATE OR REPLACE FUNCTION line_sample_due()
RETURNS SETOF uuid LANGUAGE sql AS $$
	INSERT INTO router_states AS s (router_id, sample_tried_at)
	SELECT id, clock_timestamp() FROM router_samples_due
	    ON CONFLICT (router_id) DO UPDATE SET sample_tried_at = excluded.sample_tried_at
	RETURNING router_id
$$;

/*
 * Is an account online?  By the newest reading of its router, if that is at most
 * 10 minutes old; else NULL.  Screens read this; it reads no router.
 */
CREATE OR REPLACE FUNCTION account_online(account mikrotik_secrets)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN account.service = 'static' THEN NULL
	            WHEN n.taken_at IS NOT NULL AND n.taken_at >= coalesce(l.taken_at, n.taken_at)
	            THEN EXISTS (SELECT FROM router_sessions s
	                          WHERE s.router_id = account.router_id AND s.username = account.username
	                            AND (s.service = 'hotspot') = (account.service = 'hotspot'))
	            ELSE l.online END
	  FROM (SELECT 1) one
	  LEFT JOIN (SELECT taken_at FROM router_snapshots
	              WHERE router_id = account.router_id AND kind = 'live' AND taken_at > now() - interval '10 minutes') n ON true
	  LEFT JOIN (SELECT taken_at, online FROM line_samples
	              WHERE account_id = account.id AND taken_at > now() - interval '10 minutes'
	              ORDER BY taken_at DESC LIMIT 1) l ON true
$$;

/*
 * The line that a customer of the isolation page means: by the address of the
 * request, where exactly one live session over all routers has it; else by the
 * username with the last 4 digits of the phone.  It shows no more than the public
 * invoice does.
 */
CREATE OR REPLACE FUNCTION isolir_line(address text, name text, digits text)
RETURNS TABLE (customer text, status text, suspend_reason text, invoice_id uuid, total_due bigint, company jsonb)
LANGUAGE sql STABLE AS $$
	WITH by_address AS (
		SELECT min(s.username) AS username
		  FROM router_sessions s
		 WHERE s.address = isolir_line.address AND s.taken_at > now() - interval '10 minutes'
		HAVING count(*) = 1
	), line AS (
		SELECT b.*
		  FROM subscriptions b
		  JOIN customers c ON c.id = b.customer_id
		 WHERE b.is_live
		   AND CASE WHEN isolir_line.name IS NULL THEN b.mikrotik_username = (SELECT username FROM by_address)
		            ELSE b.mikrotik_username = isolir_line.name AND length(digits) = 4
		                 AND right(regexp_replace(c.phone, '\D', '', 'g'), 4) = digits END
	)
	SELECT c.name, l.status, l.suspend_reason,
	       (SELECT i.id FROM invoices i WHERE i.subscription_id = l.id AND i.status IN ('unpaid', 'overdue')
	         ORDER BY i.due_date, i.id LIMIT 1),
	       coalesce((SELECT sum(i.amount - i.paid_amount) FROM invoices i
	                  WHERE i.subscription_id = l.id AND i.status IN ('unpaid', 'overdue')), 0)::bigint,
	       (SELECT jsonb_build_object('name', t.company_name, 'phone', t.company_phone, 'whatsapp', t.company_whatsapp,
	                                  'address', t.company_address) FROM settings t)
	  FROM line l
	  JOIN customers c ON c.id = l.customer_id
$$;

-- The same for a person who may guess: five misses a minute for each username, from all addresses together.
CREATE OR REPLACE FUNCTION isolir_ask(address text, name text, digits text)
RETURNS TABLE (customer text, status text, suspend_reason text, invoice_id uuid, total_due bigint, company jsonb)
LANGUAGE plpgsql AS $$
DECLARE
	wait int := CASE WHEN name IS NULL THEN 0 ELSE throttle_take('isolir:' || name, 5) END;
BEGIN
	IF wait > 0 THEN
		PERFORM raise_throttled('Too many tries for this username. Please wait a minute.', wait);
	END IF;
	RETURN QUERY SELECT * FROM isolir_line(address, name, digits);
	IF FOUND AND name IS NOT NULL THEN
		PERFORM throttle_give_back('isolir:' || name);
	END IF;
END $$;
