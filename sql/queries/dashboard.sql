-- The numbers and three short lists in one statement; four numbers stand under the existing browser's names, too. Revenue is
-- what was received, by the day of payment, less what was taken or paid back; the month is the business month. A list finds
-- its five ids first: joins for all that might stand in it took 370 ms.
-- name: dashboard_stats()
WITH n AS (
	SELECT c.total_customers, c.active_customers, p.total_packages, s.active_subscriptions, s.suspended_subscriptions,
	       i.unpaid_invoices, i.overdue_invoices,
	       m.month - r.month - b.month AS monthly_revenue, t.total - r.total - b.total AS total_revenue
	  FROM (SELECT first, day_begin(first) AS begins FROM (SELECT date_trunc('month', business_today())::date AS first) m) d,
	       LATERAL (SELECT count(*) AS total_customers, count(*) FILTER (WHERE status = 'active') AS active_customers
	                  FROM customers WHERE archived_at IS NULL) c,
	       LATERAL (SELECT count(*) AS total_packages FROM packages) p,
	       LATERAL (SELECT count(*) FILTER (WHERE status = 'active') AS active_subscriptions,
	                       count(*) FILTER (WHERE status = 'suspended') AS suspended_subscriptions
	                  FROM subscriptions WHERE status IN ('active', 'suspended')) s,
	       LATERAL (SELECT count(*) FILTER (WHERE status = 'unpaid') AS unpaid_invoices,
	                       count(*) FILTER (WHERE status = 'overdue') AS overdue_invoices
	                  FROM invoices WHERE is_open) i,
	       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total FROM row_counts WHERE table_name = 'payments') t,
	       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS month FROM payments WHERE payment_date >= d.begins) m,
	       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total,
	                       coalesce(sum(amount) FILTER (WHERE reversed_on >= d.first), 0)::bigint AS month
	                  FROM payment_reversals) r,
	       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total,
	                       coalesce(sum(amount) FILTER (WHERE refunded_on >= d.first), 0)::bigint AS month
	                  FROM refunds) b
)
SELECT n.*, n.total_customers AS "totalCustomers", n.active_subscriptions AS "activeSubscriptions",
       n.unpaid_invoices AS "unpaidInvoices", n.monthly_revenue AS "monthlyRevenue",
       (SELECT coalesce(jsonb_agg(row_json(to_jsonb(p)) ORDER BY p.created_at DESC, p.id DESC), '[]') FROM (
               SELECT * FROM payment_rows ORDER BY created_at DESC, id DESC LIMIT 5) p) AS recent_payments,
       (SELECT coalesce(jsonb_agg(row_json(to_jsonb(s)) ORDER BY s.end_date, s.id), '[]') FROM (
               SELECT * FROM subscription_rows WHERE id = ANY (ARRAY(
                      SELECT id FROM subscriptions
                       WHERE is_live AND status = 'active' AND end_date BETWEEN business_today() AND business_today() + 7
                       ORDER BY end_date, id LIMIT 5))) s) AS expiring_subscriptions,
       (SELECT coalesce(jsonb_agg(row_json(to_jsonb(i)) ORDER BY i.due_date, i.id), '[]') FROM (
               SELECT * FROM invoice_rows WHERE id = ANY (ARRAY(
                      SELECT id FROM invoices WHERE is_open AND status = 'overdue' ORDER BY due_date, id LIMIT 5))) i) AS overdue_list
  FROM n;

-- name: dashboard_activities(int)
SELECT *, "customer.name" AS customer_name FROM billing_log_rows ORDER BY created_at DESC, id DESC LIMIT $1::int;

-- The first screen in one statement; each column is a part of it.
-- name: dashboard_show()
WITH d AS (SELECT business_today() AS today, date_trunc('month', business_today())::date AS first),
taken AS MATERIALIZED (
	SELECT p.method, p.actor, p.amount FROM payments p, d
	 WHERE p.payment_date >= day_begin(d.today) AND p.payment_date < day_begin(d.today + 1)
),
given AS MATERIALIZED (
	SELECT r.reversed_on AS day, p.method, p.actor, r.amount FROM payment_reversals r JOIN payments p ON p.id = r.payment_id, d
	 WHERE r.reversed_on >= (d.first - interval '11 months')::date
	UNION ALL
	SELECT r.refunded_on, coalesce(r.method, p.method), p.actor, r.amount FROM refunds r JOIN payments p ON p.id = r.payment_id, d
	 WHERE r.refunded_on >= (d.first - interval '11 months')::date
),
owed AS MATERIALIZED (
	SELECT i.status, i.amount - i.paid_amount AS left,
	       CASE WHEN i.due_date >= d.today THEN 'not_due' WHEN d.today - i.due_date <= 7 THEN '1-7'
	            WHEN d.today - i.due_date <= 30 THEN '8-30' ELSE '31+' END AS age
	  FROM invoices i, d WHERE i.is_open
)
SELECT d.today AS date,
       (SELECT coalesce(jsonb_agg(t ORDER BY t.amount DESC), '[]') FROM (
               SELECT method, actor, count(*) FILTER (WHERE amount > 0) AS count, sum(amount)::bigint AS amount
                 FROM (SELECT * FROM taken UNION ALL SELECT method, actor, -amount FROM given WHERE day = d.today) m
                GROUP BY method, actor HAVING sum(amount) <> 0) t) AS received_today,
       (SELECT coalesce(sum(amount), 0)::bigint FROM taken)
           - (SELECT coalesce(sum(amount), 0)::bigint FROM given WHERE day = d.today) AS today_total,
       (SELECT coalesce(sum(amount), 0)::bigint FROM payments WHERE payment_date >= day_begin(d.first))
           - (SELECT coalesce(sum(amount), 0)::bigint FROM given WHERE day >= d.first) AS month_total,
       (SELECT jsonb_build_object('count', count(*), 'amount', coalesce(sum("left"), 0)) FROM owed WHERE status = 'unpaid') AS unpaid,
       (SELECT jsonb_build_object('count', count(*), 'amount', coalesce(sum("left"), 0)) FROM owed WHERE status = 'overdue') AS overdue,
       (SELECT jsonb_agg(jsonb_build_object('age', a.age, 'count', a.count, 'amount', a.amount) ORDER BY a.n) FROM (
               SELECT b.age, b.n, count(o.age) AS count, coalesce(sum(o."left"), 0)::bigint AS amount
                 FROM (VALUES ('not_due', 1), ('1-7', 2), ('8-30', 3), ('31+', 4)) b (age, n) LEFT JOIN owed o USING (age)
                GROUP BY b.age, b.n) a) AS ageing,
       (SELECT jsonb_build_object('date', v.business_date, 'made_at', utc_text(v.made_at),
               'answer', v.answer::jsonb)
          FROM billing_previews v WHERE v.business_date >= d.today ORDER BY v.made_at DESC LIMIT 1) AS preview,
       (SELECT jsonb_build_object('id', r.id, 'date', r.date, 'started_at', utc_text(r.started_at),
               'duration_ms', r.duration_ms, 'counts', r.counts, 'is_undone', r.undone_at IS NOT NULL)
          FROM run_rows r WHERE r.finished_at IS NOT NULL ORDER BY r.number DESC LIMIT 1) AS last_run,
       (SELECT count(*) FROM subscriptions s WHERE s.is_live AND s.status = 'active' AND s.end_date BETWEEN d.today AND d.today + 7) AS expiring_count,
       (SELECT coalesce(jsonb_agg(e ORDER BY e.end_date, e.id), '[]') FROM (
               SELECT s.id, s.mikrotik_username AS username, c.name AS customer_name, s.customer_id, s.end_date
                 FROM subscriptions s JOIN customers c ON c.id = s.customer_id
                WHERE s.is_live AND s.status = 'active' AND s.end_date BETWEEN d.today AND d.today + 7
                ORDER BY s.end_date, s.id LIMIT 10) e) AS expiring,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'name', r.name, 'broken_since',
               utc_text(r.broken_since), 'accounts', r.accounts, 'pending', r.pending,
               'failed', r.failed, 'online', r.online,
               'cpu', (SELECT s.data::jsonb -> 'cpu' FROM router_snapshots s WHERE s.router_id = r.id AND s.kind = 'live'),
               'has_drift', EXISTS (SELECT FROM alert_logs a WHERE a.key = 'drift ' || r.id AND a.resolved_at IS NULL)) ORDER BY r.name), '[]')
          FROM router_setting_rows r WHERE r.is_active) AS routers,
       (SELECT coalesce(jsonb_agg(a ORDER BY a.created_at DESC, a.id), '[]') FROM (
               SELECT a.id, a.type, a.severity, a.title, a.texts, a.fields, utc_text(a.created_at) AS created_at,
                      (SELECT count(DISTINCT m.customer_id) FROM mikrotik_secrets m
                        WHERE m.removed_at IS NULL AND m.router_id = coalesce(
                              (SELECT t.router_id FROM monitor_things t WHERE t.id::text = substring(a.key FROM '[0-9a-f-]{36}')),
                              substring(a.key FROM '[0-9a-f]{8}-[0-9a-f-]{27}')::uuid)) AS customers
                 FROM alert_logs a WHERE a.key IS NOT NULL AND a.resolved_at IS NULL
                ORDER BY a.created_at DESC LIMIT 20) a) AS alerts,
       (SELECT jsonb_agg(jsonb_build_object('month', to_char(m.month, 'YYYY-MM'), 'received', coalesce(t.amount, 0),
               'returned', coalesce(g.amount, 0), 'count', t.n) ORDER BY m.month)
          FROM generate_series(d.first - interval '11 months', d.first, interval '1 month') m (month)
         CROSS JOIN LATERAL (SELECT sum(p.amount)::bigint AS amount, count(*) AS n FROM payments p
                WHERE p.payment_date >= day_begin(m.month::date)
                  AND p.payment_date < day_begin((m.month + interval '1 month')::date)) t
          LEFT JOIN (SELECT date_trunc('month', day) AS month, sum(amount)::bigint AS amount FROM given GROUP BY 1) g
            ON g.month = m.month) AS months,
       (SELECT max(proved_at) FROM restore_proofs) AS last_proven_restore
  FROM d;
