-- Lines that a router which is away spares, one by one; the nights themselves: test/sql/run.sql (sql/functions/router_hold.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
SELECT router('Far') AS far, router('Gone') AS gone, router('Near') AS near, router('Old') AS old \gset
CREATE FUNCTION a_line(name text, r uuid, with_ jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$ SELECT bare(jsonb_build_object('mikrotik_username', name, 'router_id', r) || with_) $$;
SELECT a_line('f1', :'far') AS f1, a_line('f2', :'far') AS f2, a_line('g1', :'gone') AS g1, a_line('n1', :'near') AS n1, a_line('o1', :'old') AS o1, a_line('paid', :'far', '{"package_id": null}' || jsonb_build_object('package_id', pkg('F'))) AS paid \gset
SELECT step('renew', '2026-01-24'), step('overdue', '2026-01-31') \g /dev/null
INSERT INTO router_states (router_id, away_since) VALUES (:'far', '2026-01-31 20:00+07'), (:'gone', '2026-01-31 20:00+07'), (:'near', now() - interval '10 minutes'), (:'old', '2026-01-31 20:00+07')
	ON CONFLICT (router_id) DO UPDATE SET away_since = excluded.away_since;
SELECT is((SELECT string_agg(name || ' ' || since, ', ' ORDER BY name) FROM routers_away()), 'Far 2026-01-31, Gone 2026-01-31, Old 2026-01-31', 'away for more than ten minutes');
UPDATE router_settings SET is_active = false WHERE id = :'old';
SELECT is((SELECT string_agg(name, ' ' ORDER BY name) FROM routers_away()), 'Far Gone', 'and in use');
SELECT is((SELECT string_agg(is_router_held(d, n, '2026-02-01')::text, ' ' ORDER BY d NULLS LAST, n) FROM (VALUES (NULL::date, 1), ('2026-01-31', 1), ('2026-02-01', 3), ('2026-02-01', 4)) AS t (d, n)), 'false true false false', 'held tonight, for at most three nights');

CREATE FUNCTION held(d date) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(subscriber || ' ' || detail, ', ') FROM (SELECT s.mikrotik_username AS subscriber, h.detail FROM router_hold(d) h JOIN subscriptions s ON s.id = h.subscription_id) t $$;
CREATE FUNCTION nights() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(mikrotik_username || ' ' || router_holds || ' ' || coalesce(router_held_on::text, '-'), ', ' ORDER BY mikrotik_username) FROM subscriptions $$;
UPDATE customers SET notes = notes; -- no lock of the fixtures stands on the new rows
SELECT is(locks('SELECT router_hold(''2026-02-01'')', format('customers WHERE id = %L', owner(s))), wanted, what) FROM (VALUES (:'f1'::uuid, true, 'the customers of those are locked before their lines'), (:'n1', false, 'and no other')) AS t (s, wanted, what);
SELECT is(held('2026-02-01'), 'f1 the router Far is away, night 1 of 3, f2 the router Far is away, night 1 of 3, g1 the router Gone is away, night 1 of 3', 'those who owe, behind a router that is away');
SELECT is(nights(), 'f1 1 2026-02-01, f2 1 2026-02-01, g1 1 2026-02-01, n1 0 -, o1 0 -, paid 0 -', 'a night is counted for each');
UPDATE subscriptions SET router_held_on = '2026-01-31', router_holds = 3 WHERE id = :'f2';
UPDATE subscriptions SET router_held_on = '2026-01-30', router_holds = 2 WHERE id = :'g1';
UPDATE subscriptions SET hold_until = '2026-02-09' WHERE id = :'f1';
SELECT is(held('2026-02-02'), 'g1 the router Gone is away, night 1 of 3', 'a night before this outage is not counted; one that is over is not spared');
SELECT is(nights(), 'f1 1 2026-02-01, f2 4 2026-02-02, g1 1 2026-02-02, n1 0 -, o1 0 -, paid 0 -', 'nor is one that owes nothing tonight');
SELECT results_eq($$ SELECT type, severity, meta ->> 'date', (meta ->> 'router_id')::uuid, meta -> 'subscriptions', key FROM alert_logs WHERE key LIKE 'router-hold:%' $$,
	format($$ VALUES ('subscription', 'warning', '2026-02-02', %L::uuid, '["%s"]'::jsonb, 'router-hold:%s:2026-02-02') $$, :'far', :'f2', :'far'), 'the alert names the line that is cut, and its router');
SELECT held('2026-02-02') \g /dev/null
SELECT is(nights(), 'f1 1 2026-02-01, f2 4 2026-02-02, g1 1 2026-02-02, n1 0 -, o1 0 -, paid 0 -', 'a night counts once');
UPDATE router_states SET away_since = NULL;
SELECT is(held('2026-02-03'), NULL, 'all are back');
SELECT is(nights(), 'f1 1 2026-02-01, f2 4 2026-02-02, g1 1 2026-02-02, n1 0 -, o1 0 -, paid 0 -', 'nothing is counted');
SELECT finish();
ROLLBACK;
