-- The rights of each program, and actions that none may do (sql/roles.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT sub(person()) AS s, inv(sub(person())) AS i, bare() AS b \gset
-- The fixtures' functions and pgTAP's: those of this transaction, and those of an extension.
DO $$
DECLARE
	fn regprocedure;
BEGIN
	FOR fn IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND xmin = pg_current_xact_id()::xid LOOP
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO isp_billing, isp_api, isp_gateway', fn);
	END LOOP;
END $$;
GRANT USAGE ON SEQUENCE usernames TO isp_api;
-- pgTAP's own tables and counters
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

-- no role deletes money
SELECT is(has_table_privilege(r, t, 'DELETE') OR has_table_privilege(r, t, 'TRUNCATE'), false, format('%s cannot delete %s', r, t))
FROM unnest('{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[]) r,
     unnest('{invoices,payments,payment_reversals,refunds,allocations,customer_credits,billing_logs,invoice_counters,customers,subscriptions,audit_logs,midtrans_events}'::text[]) t;
SELECT is(has_table_privilege(r, t, 'UPDATE') OR has_any_column_privilege(r, t, 'UPDATE'), false, format('%s cannot change %s', r, t))
FROM unnest('{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[]) r,
     unnest('{payment_reversals,refunds,allocations,customer_credits,billing_logs,audit_logs,midtrans_events,midtrans_verdicts}'::text[]) t;
-- only the API reads users
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
-- SECURITY DEFINER runs as the owner: with pg_temp searched first, which is so where search_path does not name
-- it, a caller's temporary table takes the place of ours. router_first() was such a door to the owner.
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc f WHERE pronamespace = 'public'::regnamespace AND prosecdef
	AND NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c ~ '^search_path=.*, *pg_temp$')$$,
	'each SECURITY DEFINER function searches pg_temp last');
SELECT is((SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc f WHERE pronamespace = 'public'::regnamespace AND prosecdef
	AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = f.oid AND deptype = 'e')),
	'account_added account_changed alert_raise alert_raise_text alert_resolve alert_resolve_text alert_sweep channel_check '
	'history_drop history_partition import_analyze message_chat_moved message_done message_due_senders message_fan_out message_fields '
	'message_on_invoice_change message_on_invoice_issue message_on_maintenance message_on_payment message_on_subscription_change '
	'message_preview message_queue_many message_queue_user message_recover message_remind message_resend message_take message_test '
	'message_would_send monitor_affected package_changed router_added router_changed router_first row_count_delete row_count_flip '
	'row_count_insert row_count_truncate row_sum_delete row_sum_insert settings_changed subscription_added subscription_changed', 'these functions run as the owner, and no other');
SELECT is_empty($$SELECT f.oid::regprocedure FROM pg_proc f WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
	AND xmin <> pg_current_xact_id()::xid AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = f.oid AND deptype = 'e')$$, 'PUBLIC calls no function of ours');
SELECT is(rolcreaterole OR rolcreatedb OR rolsuper OR rolreplication OR rolbypassrls, false, rolname || ' makes no role and no database')
  FROM pg_roles WHERE rolname ~ '^isp_';
SELECT is(has_column_privilege(r, 'payments', 'amount', 'UPDATE'), false, r || ' changes no amount of a payment')
  FROM unnest('{isp_api,isp_billing,isp_gateway}'::text[]) r;

SET ROLE isp_billing;
SELECT is(night('2026-01-25'), 'renew:done renew:done renew:done overdue:done overdue:done suspend:done suspend:done', 'isp_billing runs the night');
SELECT throws_ok('SELECT * FROM users', '42501', NULL, 'and sees no user');
SELECT throws_ok('DELETE FROM invoices', '42501', NULL, 'nor deletes');
RESET ROLE;
SET ROLE isp_api;
SELECT pay(:'i', '2026-01-26') AS p \gset
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-26') \g /dev/null
SELECT lives_ok(format('SELECT subscription_cancel(%L, NULL, %L)', :'s', '2026-01-26'), 'isp_api does what people do');
SELECT lives_ok(format('SELECT credit_enter_once(%L, 5, NULL, ''key'', %L)', owner(:'b'), '2026-01-26'), 'gifts');
SELECT lives_ok('SELECT sub(person())', 'and signs up');
RESET ROLE;
SET ROLE isp_gateway;
SELECT lives_ok(format('SELECT payment_book_locked(invoice_lock(%L), %L, %L)', :'i',
	'{"amount": 150000, "source": "midtrans", "reference": "R"}', '2026-01-26'), 'isp_gateway books');
RESET ROLE;
SELECT sub(person()) AS back \gset
SELECT gateway(inv(:'back'), 100000, '2026-01-01') AS charged \gset
SET ROLE isp_gateway;
SELECT lives_ok(format('SELECT payment_reverse(%L, %L, NULL, %L)', :'charged', 'chargeback', '2026-01-26'), 'books what a bank took back');
RESET ROLE;
SELECT is(is_now(:'back'), 'suspended(debt) 2025-12-31', 'and cuts the line');
-- Bug: isp_gateway could not book the payment that switches on a postpaid line in rolling months, nor that of one whose bill gets its
-- days off as a discount.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid')) AS after, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling')) AS ahead \gset
SELECT invoice_create(jsonb_build_object('subscription_id', l, 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-10'), '2026-01-10') FROM unnest(ARRAY[:'after', :'ahead']::uuid[]) l \g /dev/null
SELECT pay(inv(:'ahead'), '2026-01-10'), invoice_create(jsonb_build_object('subscription_id', :'ahead'), '2026-01-10') \g /dev/null
SELECT step('overdue', '2026-01-12') \g /dev/null
SELECT step('suspend', '2026-01-12') \g /dev/null
SELECT change(:'ahead', '{"mode": "postpaid"}', '2026-01-12') \g /dev/null
SET ROLE isp_gateway;
SELECT lives_ok(format('SELECT payment_book_locked(invoice_lock(%L), %L, %L)', i.id, jsonb_build_object('amount', 5000, 'source', 'midtrans', 'reference', i.id), '2026-01-15'),
	'books what switches a postpaid line on') FROM invoices i WHERE i.subscription_id IN (:'after', :'ahead') AND i.kind = 'other';
RESET ROLE;
SELECT is(is_now(:'after') || ', ' || is_now(:'ahead'), 'active 2026-01-14, active 2026-02-28', 'both lines are on');
SELECT is(discount > 0, true, 'with the days off as a discount') FROM invoices WHERE id = inv(:'ahead', 3);
SELECT sound();
SELECT finish();
ROLLBACK;
