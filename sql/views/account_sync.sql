/*
 * How far an account is: one row an account, for the screens to join.
 * Joined by subscription it shows sync_state, sync_error and synced_at of a
 * subscription: the worst of its routers, with the reason of each for people, one a line.
 */
CREATE OR REPLACE VIEW account_sync AS
SELECT m.id AS account_id,
       m.subscription_id,
       m.router_id,
       CASE WHEN s.worst = 2 THEN 'failed'
            WHEN s.worst = 1 THEN 'pending'
            WHEN s.worst = 0 OR m.removed_at IS NOT NULL THEN 'synced'
            ELSE 'pending' END AS sync_state,
       CASE WHEN s.worst IS NULL AND m.removed_at IS NULL THEN 'no active router' ELSE s.error END AS sync_error,
       s.synced_at
  FROM mikrotik_secrets m
 LEFT JOIN LATERAL (
	SELECT max(CASE a.sync_state WHEN 'failed' THEN 2 WHEN 'pending' THEN 1 ELSE 0 END) AS worst,
	       string_agg(coalesce(a.sync_error, r.name || ' is not active'), E'\n' ORDER BY a.present DESC, r.name)
	           FILTER (WHERE a.sync_error IS NOT NULL OR a.sync_state <> 'synced' AND NOT r.is_active) AS error,
	       max(a.synced_at) AS synced_at
	  FROM account_states a
	  JOIN router_settings r ON r.id = a.router_id
	 WHERE a.account_id = m.id) s ON true;
