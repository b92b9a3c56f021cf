/*
 * The invariants of contract 6 that the database itself can see; `ispctl
 * check` adds them to those of billing.  No row: all is well.
 */
CREATE OR REPLACE FUNCTION check_accounts()
RETURNS TABLE (rule text, subject text, detail text) LANGUAGE sql STABLE AS $$
	SELECT 'every subscription not cancelled has an account', s.mikrotik_username, s.id::text
	  FROM subscriptions s
	 WHERE s.is_live
	   AND NOT EXISTS (SELECT FROM mikrotik_secrets m WHERE m.subscription_id = s.id AND m.removed_at IS NULL)
	UNION ALL
	SELECT 'the account of a cancelled subscription is removed', s.mikrotik_username, s.id::text
	  FROM subscriptions s
	  JOIN mikrotik_secrets m ON m.subscription_id = s.id
	 WHERE s.status = 'cancelled' AND (m.removed_at IS NULL OR m.wanted <> 'absent')
	UNION ALL
	SELECT 'an account mirrors its subscription', s.mikrotik_username, concat_ws(', ',
	       CASE WHEN m.username <> s.mikrotik_username THEN 'username ' || m.username END,
	       CASE WHEN m.wanted <> account_wanted(s.status, c.remove_expired) THEN format('wanted %s while %s', m.wanted, s.status) END,
	       CASE WHEN m.package_id IS DISTINCT FROM s.package_id THEN 'package' END,
	       CASE WHEN m.service <> p.type THEN 'service ' || m.service END,
	       CASE WHEN s.router_id <> m.router_id THEN 'router' END,
	       CASE WHEN m.profile IS DISTINCT FROM nullif(s.profile, '') THEN 'profile' END,
	       CASE WHEN m.local_address IS DISTINCT FROM nullif(s.local_address, '') THEN 'local_address' END,
	       CASE WHEN m.remote_address IS DISTINCT FROM nullif(s.remote_address, '') THEN 'remote_address' END)
	  FROM subscriptions s
	  JOIN packages p ON p.id = s.package_id
	  JOIN mikrotik_secrets m ON m.subscription_id = s.id
	 CROSS JOIN settings c
	 WHERE s.is_live
	   AND (m.username, m.wanted, m.package_id, m.service, m.profile, m.local_address, m.remote_address,
	        coalesce(s.router_id = m.router_id, true)) IS DISTINCT FROM
	       (s.mikrotik_username, account_wanted(s.status, c.remove_expired), s.package_id, p.type, nullif(s.profile, ''),
	        nullif(s.local_address, ''), nullif(s.remote_address, ''), true)
	UNION ALL
	SELECT 'an account has a state on its router', m.username, m.id::text
	  FROM mikrotik_secrets m
	 WHERE m.removed_at IS NULL AND m.router_id IS NOT NULL
	   AND NOT EXISTS (SELECT FROM account_states s
	                    WHERE s.account_id = m.id AND s.router_id = m.router_id AND s.present)
	UNION ALL
	SELECT 'an account is meant to be on one router', m.username, m.id::text
	  FROM mikrotik_secrets m
	  JOIN account_states s ON s.account_id = m.id AND s.present
	 GROUP BY m.id
	HAVING count(*) > 1
	UNION ALL
	SELECT 'with an active router every account has a router', m.username, m.id::text
	  FROM mikrotik_secrets m
	 WHERE m.removed_at IS NULL AND m.router_id IS NULL AND account_default_router() IS NOT NULL
	UNION ALL
	SELECT 'what is not synced has a job, and the reverse', m.username,
	       format('%s at generation %s of %s on %s', s.sync_state, s.synced_generation, s.generation, s.router_id)
	  FROM account_states s
	  JOIN mikrotik_secrets m ON m.id = s.account_id
	 WHERE (s.sync_state = 'synced') <> (s.generation = s.synced_generation) OR s.synced_generation > s.generation
	UNION ALL
	SELECT 'what a router no longer holds has no synced state', m.username, s.router_id::text
	  FROM account_states s
	  JOIN mikrotik_secrets m ON m.id = s.account_id
	 WHERE NOT s.present AND s.generation = s.synced_generation
	UNION ALL
	SELECT 'every profile in use has a state on its router', p.router_profile, m.router_id::text
	  FROM mikrotik_secrets m
	  JOIN packages p ON p.id = m.package_id
	 WHERE m.removed_at IS NULL AND m.router_id IS NOT NULL AND m.profile IS NULL AND m.service <> 'static'
	   AND NOT EXISTS (SELECT FROM profile_states s WHERE s.package_id = m.package_id AND s.router_id = m.router_id)
	 GROUP BY p.id, m.router_id
$$;
