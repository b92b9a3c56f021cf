DROP VIEW IF EXISTS secret_rows CASCADE;

-- Accounts on routers: of subscriptions, and those that stand alone.
CREATE VIEW secret_rows AS
SELECT m.id, m.subscription_id, m.customer_id, m.router_id, m.package_id, m.username,
       m.password IS NOT NULL OR m.subscription_id IS NOT NULL AS has_password,
       m.service, m.profile, m.local_address, m.remote_address, m.comment, m.disabled, m.wanted, m.imported,
       m.mikrotik_id, account_online(m) AS online, a.sync_state, a.sync_error, a.synced_at, m.created_at, m.updated_at,
       c.name AS "customer.name"
  FROM mikrotik_secrets m
  LEFT JOIN customers c ON c.id = m.customer_id
  LEFT JOIN account_sync a ON a.account_id = m.id
 WHERE m.removed_at IS NULL;
