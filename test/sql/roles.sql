-- The rights of each program, and actions that none may do (sql/roles.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT sub(person()) AS s, inv(sub(person())) AS i, bare() AS b \gset
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO isp_billing, isp_api, isp_gateway; -- the fixtures' too
GRANT USAGE ON SEQUENCE usernames TO isp_api;
-- pgTAP's own tables and counters
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

-- nobody deletes money
SELECT is(has_table_privilege(r, t, 'DELETE') OR has_table_privilege(r, t, 'TRUNCATE'), false, format('%s cannot delete %s', r, t))
FROM unnest('{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[]) r,
     unnest('{invoices,payments,payment_reversals,refunds,allocations,customer_credits,billing_logs,invoice_counters,customers,subscriptions,audit_logs,midtrans_events}'::text[]) t;
SELECT is(has_table_privilege(r, t, 'UPDATE') OR has_any_column_privilege(r, t, 'UPDATE'), false, format('%s cannot change %s', r, t))
FROM unnest('{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[]) r,
     unnest('{payment_reversals,refunds,allocations,customer_credits,billing_logs,audit_logs,midtrans_events,midtrans_verdicts}'::text[]) t;
-- only the API knows people
SELECT is(has_table_privilege(r, t, 'SELECT'), r = 'isp_api', format('%s and %s', r, t))
FROM unnest('{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[]) r,
     unnest('{users,personal_access_tokens,audit_logs}'::text[]) t;
-- the router's columns
SELECT ok(has_column_privilege('isp_router', 'router_settings', 'last_connected_at', 'UPDATE'), 'isp_router notes when it connected');
SELECT ok(NOT has_column_privilege('isp_router', 'router_settings', 'password', 'UPDATE'), 'and changes no password');
SELECT ok(NOT has_table_privilege('isp_router', 'invoices', 'SELECT'), 'nor sees money');
SELECT is_empty($$SELECT f.oid::regprocedure FROM pg_proc f WHERE pronamespace = 'public'::regnamespace
	AND proname ~ '^(payment_|invoice_|subscription_|credit_|billing_|check_invariants)' AND has_function_privilege('isp_notify', f.oid, 'EXECUTE')$$,
	'the notifier calls no rule');

-- the run and the API can do their work
SET ROLE isp_billing;
SELECT is(night('2026-01-25'), 'renew:done renew:done renew:done overdue:done overdue:done suspend:done suspend:done', 'isp_billing runs the night');
SELECT throws_ok('SELECT * FROM users', '42501', NULL, 'and sees no user');
SELECT throws_ok('DELETE FROM invoices', '42501', NULL, 'nor deletes');
RESET ROLE;
SET ROLE isp_api;
SELECT pay(:'i', '2026-01-26') AS p \gset
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-26') \g /dev/null
SELECT lives_ok(format('SELECT subscription_cancel(%L, NULL, %L)', :'s', '2026-01-26'), 'isp_api does what people do');
SELECT lives_ok(format('SELECT credit_enter(%L, 5, NULL, %L)', owner(:'b'), '2026-01-26'), 'gifts');
SELECT lives_ok('SELECT sub(person())', 'and signs up');
RESET ROLE;
SET ROLE isp_gateway;
SELECT lives_ok(format('SELECT gateway(%L, 150000, %L)', :'i', '2026-01-26'), 'isp_gateway books');
RESET ROLE;
SELECT sound();
SELECT finish();
ROLLBACK;
