/*
 * Lines whose router is away are not cut for debt: router-sync could not carry
 * out the cut, and their customers have no service to lose. Each is spared for
 * at most 3 nights of one outage.
 */

-- Routers to which no connection could be made for 10 minutes. A router that refuses the login is not away.
CREATE OR REPLACE FUNCTION routers_away() RETURNS TABLE (id uuid, name text, since date)
LANGUAGE sql STABLE AS $$
	SELECT r.id, r.name, business_day(s.away_since)
	FROM router_states s JOIN router_settings r ON r.id = s.router_id
	WHERE r.is_active AND s.away_since < now() - interval '10 minutes'
$$;

CREATE OR REPLACE FUNCTION is_router_held(held_on date, holds int, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(held_on = today AND holds <= 3, false)
$$;

/*
 * Spare the lines that tonight's run would cut and whose router is not reached; report
 * each. A night counts once, however often it is run. After the third night the
 * line is cut, and people are alerted.
 */
CREATE OR REPLACE FUNCTION router_hold(today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	held uuid[];
BEGIN
	IF NOT EXISTS (SELECT FROM routers_away()) THEN
		RETURN;
	END IF;
	held := ARRAY(SELECT s.id FROM debts_past_grace(today) s JOIN mikrotik_secrets m ON m.subscription_id = s.id AND m.removed_at IS NULL
	              WHERE m.router_id IN (SELECT a.id FROM routers_away() a));
	PERFORM subscriptions_lock(held);
	UPDATE subscriptions s
	SET router_holds = CASE WHEN s.router_held_on >= a.since THEN s.router_holds ELSE 0 END + 1, router_held_on = today
	FROM mikrotik_secrets m JOIN routers_away() a ON a.id = m.router_id
	WHERE s.id = ANY(held) AND m.subscription_id = s.id AND m.removed_at IS NULL AND (s.router_held_on < today) IS NOT false;
	PERFORM router_hold_alert(a.id, a.name, today, ARRAY(SELECT s.id FROM subscriptions s JOIN mikrotik_secrets m ON m.subscription_id = s.id
			WHERE s.id = ANY(held) AND m.router_id = a.id AND m.removed_at IS NULL AND s.router_holds > 3))
	FROM routers_away() a;
	RETURN QUERY
		SELECT 'suspend', 'held', s.id, NULL::uuid, NULL::text, c.name, s.mikrotik_username, NULL::bigint, s.end_date,
			format('the router %s is away, night %s of 3', a.name, s.router_holds)
		FROM subscriptions s JOIN customers c ON c.id = s.customer_id
		JOIN mikrotik_secrets m ON m.subscription_id = s.id AND m.removed_at IS NULL
		JOIN routers_away() a ON a.id = m.router_id
		WHERE s.id = ANY(held) AND is_router_held(s.router_held_on, s.router_holds, today)
		ORDER BY s.seq;
END $$;

CREATE OR REPLACE FUNCTION router_hold_alert(router uuid, router_name text, today date, subs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subs <> '{}' THEN
		PERFORM alert_raise_text('subscription', 'warning', 'router_hold_over',
			jsonb_build_object('name', router_name, 'count', cardinality(subs)),
			jsonb_build_object('router_id', router, 'date', today, 'subscriptions', subs), format('router-hold:%s:%s', router, today));
	END IF;
END $$;
