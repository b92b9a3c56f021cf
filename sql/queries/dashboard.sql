-- Revenue is what was received less what was taken or paid back; the month is the business month.
-- name: dashboard_numbers()
SELECT c.total_customers, c.active_customers, p.total_packages, s.active_subscriptions, s.suspended_subscriptions,
       i.unpaid_invoices, i.overdue_invoices,
       m.total - r.total - b.total AS total_revenue, m.month - r.month - b.month AS monthly_revenue
  FROM (SELECT date_trunc('month', business_today())::date AS first) d,
       LATERAL (SELECT count(*) AS total_customers, count(*) FILTER (WHERE status = 'active') AS active_customers
                  FROM customers WHERE archived_at IS NULL) c,
       LATERAL (SELECT count(*) AS total_packages FROM packages) p,
       LATERAL (SELECT count(*) FILTER (WHERE status = 'active') AS active_subscriptions,
                       count(*) FILTER (WHERE status = 'suspended') AS suspended_subscriptions
                  FROM subscriptions WHERE status IN ('active', 'suspended')) s,
       LATERAL (SELECT count(*) FILTER (WHERE status = 'unpaid') AS unpaid_invoices,
                       count(*) FILTER (WHERE status = 'overdue') AS overdue_invoices
                  FROM invoices WHERE is_open) i,
       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total,
                       coalesce(sum(amount) FILTER (WHERE received_on >= d.first), 0)::bigint AS month
                  FROM payments) m,
       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total,
                       coalesce(sum(amount) FILTER (WHERE reversed_on >= d.first), 0)::bigint AS month
                  FROM payment_reversals) r,
       LATERAL (SELECT coalesce(sum(amount), 0)::bigint AS total,
                       coalesce(sum(amount) FILTER (WHERE refunded_on >= d.first), 0)::bigint AS month
                  FROM refunds) b;

-- name: dashboard_payments()
SELECT * FROM payment_rows ORDER BY created_at DESC, id DESC LIMIT 5;

-- name: dashboard_expiring()
SELECT * FROM subscription_rows
 WHERE status = 'active' AND end_date BETWEEN business_today() AND business_today() + 7
 ORDER BY end_date, id LIMIT 5;

-- name: dashboard_overdue()
SELECT r.* FROM invoices i JOIN invoice_rows r ON r.id = i.id
 WHERE i.is_open AND i.status = 'overdue' ORDER BY i.due_date, i.id LIMIT 5;

-- name: dashboard_activities(int)
SELECT *, "customer.name" AS customer_name FROM billing_log_rows ORDER BY created_at DESC, id DESC LIMIT $1::int;
