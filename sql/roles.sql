/*
 * One role a program, each with the least it needs. Applied after every
 * deploy, as owner: all rights are taken back first, so that this file is the
 * whole truth, whatever stood here before.
 *
 * Nothing financial can be deleted, by nobody: no role has DELETE (or
 * TRUNCATE) on invoices, payments, allocations, credits or their logs.
 */
DO $$
DECLARE
	program text;
	fn      regprocedure;
BEGIN
	FOREACH program IN ARRAY '{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping}'::text[] LOOP
		EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', program);
		EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), program);
		EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', program);
	END LOOP;
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
	-- Our functions; those of extensions are not ours to take away.
	FOR fn IN
		SELECT oid FROM pg_proc f WHERE f.pronamespace = 'public'::regnamespace
		  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = f.oid AND deptype = 'e')
	LOOP
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, isp_api, isp_billing, isp_router, isp_gateway,'
			' isp_notify, isp_snmp, isp_ping', fn);
	END LOOP;
END $$;

-- ---- isp_api: all that people do ------------------------------------------------------------------

GRANT SELECT ON ALL TABLES IN SCHEMA public TO isp_api;
-- people and settings
GRANT INSERT, UPDATE, DELETE ON users, personal_access_tokens, password_reset_tokens, throttles       TO isp_api;
GRANT UPDATE                 ON settings                                                              TO isp_api;
GRANT INSERT                 ON audit_logs                                                            TO isp_api;
GRANT INSERT, UPDATE         ON row_counts                                                            TO isp_api;
-- catalogue and networks
GRANT INSERT, UPDATE         ON customers                                                             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON packages, router_settings, router_states, radius_settings             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON mikrotik_secrets, account_states, profile_states                      TO isp_api;
GRANT INSERT, UPDATE, DELETE ON snmp_devices, snmp_interfaces, ping_targets, maintenance_windows      TO isp_api;
GRANT INSERT, UPDATE, DELETE ON notification_settings, billing_previews                               TO isp_api;
-- money
GRANT INSERT, UPDATE         ON subscriptions, invoices, invoice_counters, payments                   TO isp_api;
GRANT INSERT                 ON allocations, customer_credits, payment_reversals, refunds             TO isp_api;
GRANT INSERT                 ON billing_logs, service_days, promises                                  TO isp_api;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items                             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON invoice_lines                                                         TO isp_api;
GRANT UPDATE (undone_at, undone_by)                                            ON billing_runs        TO isp_api;
GRANT USAGE ON SEQUENCE service_seq                                   TO isp_api, isp_billing, isp_gateway;
GRANT UPDATE (is_read, updated_at)                                             ON alert_logs          TO isp_api;
GRANT UPDATE                 ON message_templates                                                     TO isp_api;
-- gateway
GRANT INSERT, UPDATE         ON midtrans_attempts, midtrans_transactions, midtrans_refunds, midtrans_refund_keys,
	midtrans_copies, gateway_jobs                                                                 TO isp_api;
GRANT INSERT                 ON midtrans_events, midtrans_verdicts, midtrans_logs                     TO isp_api;
GRANT INSERT, UPDATE, DELETE ON midtrans_strangers                                                    TO isp_api;

-- ---- isp_billing: the nightly run -----------------------------------------------------------------

GRANT SELECT ON settings, customers, packages, router_settings, subscriptions, invoices, invoice_counters, payments,
	payment_reversals, refunds, customer_credits, allocations, billing_logs, billing_runs, alert_logs,
	midtrans_attempts, gateway_jobs, row_counts, service_days, service_offs, promises, invoice_lines,
	subscription_items, charges                                                                   TO isp_billing;
GRANT UPDATE (credit, updated_at)                                              ON customers           TO isp_billing;
GRANT UPDATE (status, suspend_reason, end_date, hold_until, gateway_holds, gateway_held_on, package_id, next_package_id,
	next_package_on, anchor_day, closed_on, pending_days, promises, pause_from, pause_until, waits_first, begin_on,
	updated_at)                                                            ON subscriptions       TO isp_billing;
GRANT INSERT, UPDATE (status, amount, subtotal, discount, tax_amount, paid_amount, period_start, period_end, due_date,
	late_fee_on, midtrans_transaction_id, updated_at)                      ON invoices            TO isp_billing;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items                             TO isp_billing;
GRANT INSERT                 ON service_days                                                          TO isp_billing;
GRANT INSERT, UPDATE, DELETE ON invoice_lines                                                         TO isp_billing;
GRANT INSERT, UPDATE         ON invoice_counters, billing_runs, row_counts                            TO isp_billing;
GRANT INSERT                 ON allocations, customer_credits, billing_logs
                                                                                                      TO isp_billing;
GRANT INSERT, UPDATE (generation, attempts, due_at, done_at, created_at)       ON gateway_jobs        TO isp_billing;

-- ---- isp_router: what routers hold ----------------------------------------------------------------

GRANT SELECT ON settings, packages, subscriptions, router_settings, router_states, mikrotik_secrets,
	account_states, account_jobs, profile_states                                                  TO isp_router;
GRANT UPDATE (last_connected_at)                                               ON router_settings     TO isp_router;
GRANT UPDATE (mikrotik_id)                                                     ON mikrotik_secrets    TO isp_router;
GRANT INSERT, UPDATE, DELETE ON account_states, profile_states                                        TO isp_router;
GRANT INSERT, UPDATE         ON router_states                                                         TO isp_router;

-- ---- isp_gateway: Midtrans ------------------------------------------------------------------------

GRANT SELECT ON settings, customers, packages, subscriptions, invoices, payments, payment_reversals, refunds,
	customer_credits, allocations, billing_logs, midtrans_attempts, midtrans_transactions, midtrans_refunds,
	midtrans_strangers, midtrans_events, midtrans_copies, midtrans_verdicts, gateway_jobs, alert_logs, row_counts,
	service_days, service_offs, promises, invoice_lines, subscription_items, charges
                                                                                                      TO isp_gateway;
GRANT UPDATE (credit, updated_at)                                              ON customers           TO isp_gateway;
GRANT UPDATE (status, suspend_reason, end_date, hold_until, gateway_holds, gateway_held_on, anchor_day, closed_on,
	pending_days, promises, pause_from, pause_until, waits_first, begin_on, next_package_id, next_package_on, package_id,
	updated_at)                                                            ON subscriptions       TO isp_gateway;
GRANT INSERT                 ON service_days, invoice_lines                                           TO isp_gateway;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items, invoice_counters           TO isp_gateway;
GRANT INSERT                 ON invoices                                                              TO isp_gateway;
GRANT UPDATE (status, paid_amount, period_start, period_end, payment_url, payment_reference,
	midtrans_order_id, midtrans_transaction_id, updated_at)                ON invoices            TO isp_gateway;
GRANT INSERT, UPDATE         ON payments, midtrans_attempts, midtrans_transactions, midtrans_refunds, midtrans_copies,
	gateway_jobs, row_counts
                                                                                                      TO isp_gateway;
GRANT INSERT                 ON payment_reversals, refunds, allocations, customer_credits, billing_logs,
	midtrans_events, midtrans_verdicts, midtrans_logs                             TO isp_gateway;
GRANT INSERT, UPDATE, DELETE ON midtrans_strangers                                                    TO isp_gateway;

-- ---- isp_notify, isp_snmp, isp_ping ---------------------------------------------------------------

GRANT SELECT ON settings, notification_settings, alert_logs, message_outbox, message_templates        TO isp_notify;

GRANT SELECT ON settings, snmp_devices, snmp_interfaces, snmp_counters, ping_targets, monitor_states, bandwidth_history,
	bandwidth_5m, bandwidth_1h, maintenance_windows, history_rolls, monitor_things, alert_logs    TO isp_snmp;
GRANT UPDATE (sys_name, sys_descr, max_vars, discovered_at)                    ON snmp_devices        TO isp_snmp;
GRANT INSERT, UPDATE         ON snmp_interfaces, snmp_counters, monitor_states, bandwidth_5m, bandwidth_1h,
	history_rolls                                                                                 TO isp_snmp;
GRANT INSERT                 ON bandwidth_history                                                     TO isp_snmp;

GRANT SELECT ON settings, ping_targets, monitor_states, ping_history, ping_5m, ping_1h, maintenance_windows,
	history_rolls, monitor_things, alert_logs                                                     TO isp_ping;
GRANT UPDATE (address, resolved_at)                                            ON ping_targets        TO isp_ping;
GRANT INSERT, UPDATE         ON monitor_states, ping_5m, ping_1h, history_rolls                       TO isp_ping;
GRANT INSERT                 ON ping_history                                                          TO isp_ping;

-- ---- functions ------------------------------------------------------------------------------------

-- Role and the functions it may call, by the beginning of their names. Trigger functions need no
-- grant; a function calls others with the rights of who called it.
DO $$
DECLARE
	may record;
BEGIN
	EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO isp_billing, isp_api', current_database());
	FOR may IN
		SELECT program, f.oid::regprocedure AS fn
		FROM (VALUES
			('isp_api',     '.'),
			('isp_billing', '^uuidv7'),
			('isp_router',  '^uuidv7'),
			('isp_gateway', '^uuidv7'),
			('isp_notify',  '^uuidv7'),
			('isp_snmp',    '^uuidv7'),
			('isp_ping',    '^uuidv7'),
			('isp_billing', '^(backoff$|session_|raise_|require_|is_|business_|rupiah|alert_|billing_|bill_|credit_|allocat|customer_lock|customer_recon)'),
			('isp_billing', '^(invoice|open_invoices|renewal|expir|suspensions_|subscription|settled_|message_remind|next_|packages_begin|period_)'),
			('isp_billing', '^(service_|terms_of|month_day|add_months|grid_|part_|days_|round_up|open_|has_|items_|charge|discount_|tax_)'),
			('isp_billing', '^(pending_|first_|begins_|late_fee|future_|reactivation_|packages_|field_error|untouched_|message_remind$)'),
			('isp_gateway', '^(service_|terms_of|month_day|add_months|grid_|part_|days_|round_up|open_|has_|items_|charge|discount_|tax_)'),
			('isp_gateway', '^(first_|reactivation_|period_|next_p|renewal|packages_|bill_|billing_|lot_)'),
			('isp_billing', '^(account_|router_|profile_|gateway_job)'),
			('isp_router',  '^(backoff$|session_|raise_|business_|account_|router_|profile_|job_|alert_)'),
			('isp_gateway', '^(backoff$|session_|raise_|require_|is_|business_|rupiah|alert_|billing_log|credit_|allocat|customer_lock|customer_recon)'),
			('isp_gateway', '^(invoice|open_invoices|subscription_|settled_|end_date_|payment_|refund|lot_|debt_|midtrans_|gateway_)'),
			('isp_notify',  '^(backoff$|session_|business_|message_|alert_sweep)'),
			('isp_snmp',    '^(session_|business_|alert_|snmp_|monitor_|history_)'),
			('isp_ping',    '^(session_|business_|alert_|ping_|monitor_|history_)')
		) AS t (program, names)
		JOIN pg_proc f ON f.pronamespace = 'public'::regnamespace AND f.proname ~ t.names
		WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = f.oid AND deptype = 'e')
	LOOP
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', may.fn, may.program);
	END LOOP;
END $$;
