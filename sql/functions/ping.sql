-- Ping: what is due, results, roll-ups, alerts, charts.

/*
 * The targets to measure in the coming seconds. A round is due a little early, so that runs that
 * begin each minute never skip one because the last took a second longer.
 */
CREATE OR REPLACE FUNCTION ping_due(seconds int)
RETURNS TABLE (id uuid, host text, address text, is_lookup_due boolean, interval_seconds int, timeout_ms int,
               packet_count int, due_ms int)
LANGUAGE sql STABLE AS $$
	SELECT t.id, t.host, t.address,
	       t.address IS NULL OR t.resolved_at < now() - interval '1 hour' OR s.status IS DISTINCT FROM 'up',
	       t.interval_seconds, t.timeout_ms, t.packet_count, d.due_ms
	  FROM ping_targets t
	  LEFT JOIN monitor_states s ON s.id = t.id,
	  LATERAL (SELECT greatest(0, 1000 * coalesce(extract(epoch FROM s.checked_at - now()) + t.interval_seconds
	                  - least(t.interval_seconds / 2.0, 10), 0))::int) AS d (due_ms)
	 WHERE t.is_active AND d.due_ms <= seconds * 1000
	 ORDER BY t.id
$$;

-- Results {id, at, sent, received, latency_ms, min_ms, max_ms, jitter_ms, error}; sent 0: not measured.
CREATE OR REPLACE FUNCTION ping_store(results jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, min_ms, max_ms, jitter_ms,
	                          packet_loss_percent, status)
	SELECT r.id, r.at, r.sent, r.received, r.latency_ms, r.min_ms, r.max_ms, r.jitter_ms,
	       100.0 * (r.sent - r.received) / r.sent, CASE WHEN r.received > 0 THEN 'up' ELSE 'down' END
	  FROM jsonb_to_recordset(results) AS r (id uuid, at timestamptz, sent int, received int, latency_ms float8, min_ms float8,
	                                         max_ms float8, jitter_ms float8)
	 WHERE r.sent > 0
	ON CONFLICT DO NOTHING;
	PERFORM monitor_measured('ping', (
		SELECT jsonb_agg(jsonb_build_object('id', r.id, 'at', r.at, 'ok', CASE WHEN r.sent > 0 THEN r.received > 0 END,
		       'error', r.error, 'latency_ms', r.latency_ms, 'jitter_ms', r.jitter_ms,
		       'loss_percent', 100.0 * (r.sent - r.received) / nullif(r.sent, 0)))
		  FROM jsonb_to_recordset(results) AS r (id uuid, at timestamptz, sent int, received int, latency_ms float8,
		                                         jitter_ms float8, error text)));
END $$;

-- Addresses that names now stand for: {id, address}.
CREATE OR REPLACE FUNCTION ping_resolved(found jsonb) RETURNS void
LANGUAGE sql AS $$
	UPDATE ping_targets t SET address = r.address, resolved_at = now()
	  FROM jsonb_to_recordset(found) AS r (id uuid, address text) WHERE t.id = r.id
$$;

-- Whole buckets up to now. Rows never come late: one pinger runs at a time, and it rolls after it stored.
CREATE OR REPLACE FUNCTION ping_roll(until timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT history_roll('ping_5m', 'ping_history', interval '5 minutes', 'target_id', 'true',
		'{"sent": "sum(sent)", "received": "sum(received)", "sum_ms": "coalesce(sum(latency_ms * received), 0)",
		  "min_ms": "min(min_ms)", "max_ms": "max(max_ms)"}', until);
	SELECT history_roll('ping_1h', 'ping_5m', interval '1 hour', 'target_id', 'true',
		'{"sent": "sum(sent)", "received": "sum(received)", "sum_ms": "sum(sum_ms)",
		  "min_ms": "min(min_ms)", "max_ms": "max(max_ms)"}', until);
$$;

/*
 * Latency and loss over the last three rounds: the median and the mean, never one packet. They begin
 * at one limit and end at a lower one.
 */
CREATE OR REPLACE FUNCTION ping_judge() RETURNS void
LANGUAGE sql AS $$
	WITH judged AS (
		SELECT t.id, t.router_id, h.latency, h.loss, h.n, c.*,
		       jsonb_build_object('name', t.name, 'host', t.host, 'latency', round(h.latency::numeric, 1),
		                          'loss', round(h.loss::numeric, 1)) AS said
		  FROM settings c, ping_targets t
		  JOIN monitor_states s ON s.id = t.id
		 CROSS JOIN LATERAL (
			SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r.latency_ms) AS latency,
			       avg(r.packet_loss_percent) AS loss, count(*) AS n
			  FROM (SELECT latency_ms, packet_loss_percent FROM ping_history
			         WHERE target_id = t.id AND recorded_at >= s.since -- rounds of an outage are no loss
			           AND recorded_at > now() - greatest(make_interval(secs => 4 * t.interval_seconds), interval '5 minutes')
			         ORDER BY recorded_at DESC LIMIT 3) r) h
		 WHERE t.is_active AND s.status = 'up'
		   AND (s.latency_ms >= c.latency_raise_ms OR s.loss_percent >= c.loss_clear_percent
		        OR monitor_alert_is_open('high_latency:' || t.id) OR monitor_alert_is_open('packet_loss:' || t.id))
	), raised AS (
		SELECT alert_raise_text('high_latency', 'warning', 'latency_high', said || jsonb_build_object('limit', latency_raise_ms),
		                   jsonb_build_object('kind', 'ping', 'id', id), 'high_latency:' || id)
		  FROM judged WHERE n >= 3 AND latency >= latency_raise_ms AND NOT monitor_alert_is_open('high_latency:' || id)
		   AND NOT monitor_in_maintenance(id, router_id) AND NOT monitor_parent_fails(id, NULL)
		UNION ALL
		SELECT alert_raise_text('packet_loss', 'warning', 'loss_high', said || jsonb_build_object('limit', loss_raise_percent),
		                   jsonb_build_object('kind', 'ping', 'id', id), 'packet_loss:' || id)
		  FROM judged WHERE n >= 3 AND loss >= loss_raise_percent AND NOT monitor_alert_is_open('packet_loss:' || id)
		   AND NOT monitor_in_maintenance(id, router_id) AND NOT monitor_parent_fails(id, NULL)
		UNION ALL
		SELECT alert_resolve_text('high_latency:' || id, 'latency_normal', said)
		  FROM judged WHERE latency < latency_clear_ms AND monitor_alert_is_open('high_latency:' || id)
		UNION ALL
		SELECT alert_resolve_text('packet_loss:' || id, 'loss_normal', said)
		  FROM judged WHERE loss <= loss_clear_percent AND monitor_alert_is_open('packet_loss:' || id)
	)
	SELECT count(*) FROM raised
$$;

-- A chart of a target: every bucket of the period, with nulls where nothing was measured.
CREATE OR REPLACE FUNCTION ping_chart(target uuid, period text)
RETURNS TABLE (recorded_at timestamptz, latency_ms float8, min_ms float8, max_ms float8, packet_loss_percent float8, status text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	p record;
BEGIN
	-- A target measured once an hour has no points between.
	SELECT * INTO p FROM history_buckets(period,
		(SELECT make_interval(secs => t.interval_seconds) FROM ping_targets t WHERE t.id = target));
	RETURN QUERY
	WITH rows AS (
		SELECT * FROM (
			SELECT 'raw' AS source, target_id, recorded_at, sent, received, coalesce(latency_ms * received, 0) AS sum_ms,
			       min_ms, max_ms FROM ping_history
			UNION ALL SELECT '5m', h.* FROM ping_5m h
			UNION ALL SELECT '1h', h.* FROM ping_1h h) h
		 WHERE h.source = p.source AND h.target_id = target AND h.recorded_at >= p.first_at
	), buckets AS (
		SELECT date_bin(p.step, r.recorded_at, 'epoch') AS at, sum(r.sent) AS sent, sum(r.received) AS received,
		       sum(r.sum_ms) AS sum_ms, min(r.min_ms) AS min_ms, max(r.max_ms) AS max_ms
		  FROM rows r GROUP BY 1
	)
	SELECT g.at, b.sum_ms / nullif(b.received, 0), b.min_ms, b.max_ms,
	       (100.0 * (b.sent - b.received) / nullif(b.sent, 0))::float8,
	       CASE WHEN b.received > 0 THEN 'up' WHEN b.sent > 0 THEN 'down' ELSE 'unknown' END
	  FROM generate_series(p.first_at, now(), p.step) AS g (at)
	  LEFT JOIN buckets b ON b.at = g.at
	 ORDER BY g.at;
END $$;
