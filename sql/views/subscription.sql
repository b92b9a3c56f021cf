DROP VIEW IF EXISTS subscription_rows CASCADE;

-- Left joins all, though none comes up empty: what a count does not ask for is not looked at.
CREATE VIEW subscription_rows AS
SELECT s.id, s.customer_id, s.package_id, s.next_package_id, s.router_id, s.mikrotik_username,
       s.mikrotik_password <> '' AS has_password, s.start_date, s.end_date, s.status, s.suspend_reason, s.auto_renew,
       s.hold_until, s.cycle, s.mode, s.billing_day, s.late_policy, s.is_postpaid, s.pending_days, s.pause_from, s.pause_until,
       CASE WHEN s.status = 'active' AND NOT s.is_postpaid THEN greatest(business_today() - s.end_date, 0) ELSE 0 END AS days_owed,
       s.local_address, s.remote_address, s.profile, s.comment,
       a.sync_state, a.sync_error, a.synced_at,
       (SELECT coalesce(sum(i.amount - i.paid_amount), 0)::bigint FROM invoices i
         WHERE i.customer_id = s.customer_id AND i.subscription_id = s.id AND i.is_open) AS debt,
       (SELECT min(i.due_date) FROM invoices i
         WHERE i.customer_id = s.customer_id AND i.subscription_id = s.id AND i.is_open) AS next_due,
       (SELECT bool_or(account_online(m)) FROM mikrotik_secrets m
         WHERE m.subscription_id = s.id AND m.removed_at IS NULL) AS online,
       s.cancelled_at, s.created_at, s.updated_at,
       c.id AS "customer.id", c.name AS "customer.name", c.email AS "customer.email",
       c.phone AS "customer.phone", c.address AS "customer.address", c.status AS "customer.status",
       r.id AS "router.id", r.name AS "router.name",
       p.id AS "package.id", p.name AS "package.name", p.type AS "package.type",
       p.bandwidth AS "package.bandwidth", p.burst AS "package.burst", p.price AS "package.price",
       p.priority AS "package.priority", p.validity_days AS "package.validity_days",
       p.period_unit AS "package.period_unit", p.validity_months AS "package.validity_months",
       p.router_profile AS "package.router_profile", p.is_active AS "package.is_active"
  FROM subscriptions s
  LEFT JOIN customers c ON c.id = s.customer_id
  LEFT JOIN router_settings r ON r.id = s.router_id
  LEFT JOIN packages p ON p.id = s.package_id
  LEFT JOIN account_sync a ON a.subscription_id = s.id;
