/*
 * The rights of each program's role, by name. Applied after every deploy, as
 * the owner: all rights are taken back first, so that no grant of an earlier
 * version stays. The roles themselves are made with the database (scripts/db).
 *
 * No role can delete money: none has DELETE (or
 * TRUNCATE) on invoices, payments, allocations, credits or their logs.
 */
DO $$
DECLARE
	program text;
	fn      regprocedure;
BEGIN
	FOREACH program IN ARRAY '{isp_api,isp_billing,isp_router,isp_gateway,isp_notify,isp_snmp,isp_ping,
		isp_backup}'::text[] LOOP
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
			' isp_notify, isp_snmp, isp_ping, isp_backup', fn);
	END LOOP;
END $$;

-- ---- isp_backup: reads all (pg_read_all_data, sql/cluster.sql), adds the proof of a restore

GRANT INSERT                 ON restore_proofs                                                        TO isp_backup;

-- ---- isp_api: all that people do ------------------------------------------------------------------

GRANT SELECT ON ALL TABLES IN SCHEMA public TO isp_api;
-- people and settings
GRANT INSERT, UPDATE, DELETE ON users, personal_access_tokens, password_reset_tokens, throttles       TO isp_api;
GRANT UPDATE                 ON settings                                                              TO isp_api;
GRANT INSERT, UPDATE, DELETE ON company_logos                                                         TO isp_api;
GRANT INSERT                 ON audit_logs                                                            TO isp_api;
GRANT INSERT, UPDATE         ON row_counts                                                            TO isp_api;
-- catalogue and networks
GRANT INSERT, UPDATE         ON customers                                                             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON packages, router_settings, router_states, radius_settings             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON mikrotik_secrets, account_states, profile_states                      TO isp_api;
GRANT INSERT, UPDATE, DELETE ON router_snapshots, router_sessions, router_traffic                     TO isp_api;
GRANT INSERT, UPDATE, DELETE ON snmp_devices, snmp_interfaces, ping_targets, maintenance_windows      TO isp_api;
GRANT INSERT, UPDATE, DELETE ON notification_settings, billing_previews                               TO isp_api;
-- money
GRANT INSERT, UPDATE         ON subscriptions, invoices, invoice_counters                             TO isp_api;
GRANT INSERT, UPDATE (status, midtrans_status, notes, updated_at)              ON payments            TO isp_api;
GRANT INSERT                 ON allocations, customer_credits, credit_keys, charge_keys, payment_reversals, refunds TO isp_api;
GRANT INSERT                 ON billing_logs, service_days, promises                                  TO isp_api;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items                             TO isp_api;
GRANT INSERT, UPDATE, DELETE ON invoice_lines                                                         TO isp_api;
GRANT INSERT, UPDATE (finished_at, report, counts, duration_ms, undone_at, undone_by) ON billing_runs TO isp_api;
GRANT USAGE ON SEQUENCE service_seq                                   TO isp_api, isp_billing, isp_gateway;
GRANT UPDATE (is_read, updated_at)                                             ON alert_logs          TO isp_api;
GRANT UPDATE                 ON message_templates                                                     TO isp_api;
GRANT INSERT, UPDATE, DELETE ON import_raw, import_rows, import_keys                                  TO isp_api;
-- gateway
GRANT INSERT, UPDATE         ON midtrans_attempts, midtrans_transactions, midtrans_refunds, midtrans_refund_keys,
	midtrans_copies, midtrans_jobs                                                                 TO isp_api;
GRANT INSERT                 ON midtrans_events, midtrans_verdicts, midtrans_logs                     TO isp_api;
GRANT INSERT, UPDATE, DELETE ON midtrans_unknown_ids                                                    TO isp_api;

-- ---- isp_billing: the nightly run -----------------------------------------------------------------

GRANT SELECT ON settings, customers, packages, router_settings, subscriptions, invoices, invoice_counters, payments,
	payment_reversals, refunds, customer_credits, allocations, billing_logs, billing_runs, alert_logs,
	midtrans_attempts, midtrans_jobs, row_counts, service_days, service_offs, promises, invoice_lines,
	subscription_items, charges                                                                   TO isp_billing;
GRANT UPDATE (credit, updated_at)                                              ON customers           TO isp_billing;
GRANT UPDATE (status, suspend_reason, end_date, hold_until, gateway_holds, gateway_held_on, package_id, next_package_id,
	next_package_on, anchor_day, closed_on, pending_days, promises, pause_from, pause_until, waits_first, begin_on,
	router_holds, router_held_on, is_postpaid, updated_at)                 ON subscriptions       TO isp_billing;
GRANT SELECT (router_id, away_since)                                           ON router_states       TO isp_billing;
GRANT SELECT (subscription_id, router_id, removed_at)                          ON mikrotik_secrets    TO isp_billing;
GRANT INSERT, UPDATE (status, cancelled_on, amount, subtotal, discount, tax_amount, paid_amount, period_start, period_end, due_date,
	late_fee_on, midtrans_transaction_id, grants_days, updated_at)         ON invoices            TO isp_billing;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items                             TO isp_billing;
GRANT INSERT                 ON service_days                                                          TO isp_billing;
GRANT INSERT, UPDATE, DELETE ON invoice_lines                                                         TO isp_billing;
GRANT INSERT, UPDATE         ON invoice_counters, billing_runs, row_counts                            TO isp_billing;
GRANT INSERT                 ON allocations, customer_credits, billing_logs
                                                                                                      TO isp_billing;
GRANT INSERT, UPDATE (generation, attempts, due_at, done_at, created_at)       ON midtrans_jobs        TO isp_billing;

-- ---- isp_router: what routers hold ----------------------------------------------------------------

GRANT SELECT ON settings, packages, subscriptions, router_settings, router_states, mikrotik_secrets,
	account_states, account_jobs, profile_states                                                  TO isp_router;
GRANT UPDATE (last_connected_at)                                               ON router_settings     TO isp_router;
GRANT UPDATE (mikrotik_id)                                                     ON mikrotik_secrets    TO isp_router;
GRANT INSERT, UPDATE, DELETE ON account_states, profile_states                                        TO isp_router;
GRANT INSERT, UPDATE         ON router_states                                                         TO isp_router;
GRANT SELECT (id, subscription_id, action, created_at)                         ON billing_logs        TO isp_router;
GRANT INSERT                 ON router_acts                                                           TO isp_router, isp_api;
GRANT SELECT ON router_samples_due                                                                    TO isp_router;
GRANT SELECT, INSERT, UPDATE, DELETE ON router_snapshots, router_sessions, router_traffic, line_samples
                                                                                                      TO isp_router;

-- ---- isp_gateway: Midtrans ------------------------------------------------------------------------

GRANT SELECT ON settings, customers, packages, subscriptions, invoices, payments, payment_reversals, refunds,
	customer_credits, allocations, billing_logs, midtrans_attempts, midtrans_transactions, midtrans_refunds,
	midtrans_unknown_ids, midtrans_events, midtrans_copies, midtrans_verdicts, midtrans_jobs, alert_logs, row_counts,
	service_days, service_offs, promises, invoice_lines, subscription_items, charges
                                                                                                      TO isp_gateway;
GRANT UPDATE (credit, updated_at)                                              ON customers           TO isp_gateway;
GRANT UPDATE (status, suspend_reason, end_date, hold_until, gateway_holds, gateway_held_on, anchor_day, closed_on,
	pending_days, promises, pause_from, pause_until, waits_first, begin_on, next_package_id, next_package_on, package_id,
	is_postpaid, updated_at)                                               ON subscriptions       TO isp_gateway;
GRANT INSERT                 ON service_days, invoice_lines                                           TO isp_gateway;
GRANT INSERT, UPDATE         ON service_offs, charges, subscription_items, invoice_counters           TO isp_gateway;
GRANT INSERT                 ON invoices                                                              TO isp_gateway;
GRANT UPDATE (status, paid_amount, period_start, period_end, payment_url, payment_reference,
	midtrans_order_id, midtrans_transaction_id, grants_days, updated_at)   ON invoices            TO isp_gateway;
GRANT INSERT, UPDATE (status, midtrans_status, updated_at)                     ON payments            TO isp_gateway;
GRANT INSERT, UPDATE         ON midtrans_attempts, midtrans_transactions, midtrans_refunds, midtrans_copies,
	midtrans_jobs, row_counts
                                                                                                      TO isp_gateway;
GRANT INSERT                 ON payment_reversals, refunds, allocations, customer_credits, billing_logs,
	midtrans_events, midtrans_verdicts, midtrans_logs                             TO isp_gateway;
GRANT INSERT, UPDATE, DELETE ON midtrans_unknown_ids                                                    TO isp_gateway;

-- ---- isp_notify, isp_snmp, isp_ping ---------------------------------------------------------------

GRANT SELECT ON settings, notification_settings, alert_logs, message_outbox, message_templates        TO isp_notify;

GRANT SELECT ON settings, snmp_devices, snmp_interfaces, snmp_readings, ping_targets, monitor_states, bandwidth_history,
	bandwidth_5m, bandwidth_1h, bandwidth_5m_samples, maintenance_windows, history_rolls, monitor_things,
	alert_logs                                                                                    TO isp_snmp;
GRANT UPDATE (sys_name, sys_descr, max_vars, discovered_at)                    ON snmp_devices        TO isp_snmp;
GRANT INSERT, UPDATE         ON snmp_interfaces, snmp_readings, monitor_states, bandwidth_5m, bandwidth_1h,
	history_rolls                                                                                 TO isp_snmp;
GRANT INSERT                 ON bandwidth_history                                                     TO isp_snmp;

GRANT SELECT ON settings, ping_targets, monitor_states, ping_history, ping_5m, ping_1h, maintenance_windows,
	history_rolls, monitor_things, alert_logs                                                     TO isp_ping;
GRANT UPDATE (address, resolved_at)                                            ON ping_targets        TO isp_ping;
GRANT INSERT, UPDATE         ON monitor_states, ping_5m, ping_1h, history_rolls                       TO isp_ping;
GRANT INSERT                 ON ping_history                                                          TO isp_ping;

-- ---- functions ------------------------------------------------------------------------------------

-- Each function and the programs (isp_...) that may call it, one line a function, in the order of the
-- alphabet. Trigger functions need no grant; a function calls others with the rights of its caller. A
-- name without a function is an error, so that the list names nothing that is gone.
DO $$
DECLARE
	granted record;
	fn      regprocedure;
BEGIN
	EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO isp_billing, isp_api', current_database());
	FOR granted IN SELECT name, programs FROM (VALUES
	('account_address_error',             'api billing gateway'),
	('account_adopt',                     'api'),
	('account_claim',                     'api router'),
	('account_compared',                  'api router'),
	('account_default_router',            'api router'),
	('account_found',                     'api router'),
	('account_hints',                     'api router'),
	('account_import',                    'api'),
	('account_leave',                     'api router'),
	('account_mark_dirty',                'api router'),
	('account_of_subscription',           'api'),
	('account_online',                    'api'),
	('account_remove',                    'api router'),
	('account_require_own',               'api'),
	('account_results',                   'api router'),
	('account_settle',                    'api'),
	('account_stale',                     'api router'),
	('account_switch',                    'api'),
	('account_trace',                     'api router'),
	('account_wanted',                    'api'),
	('account_wanted_rows',               'api router'),
	('add_months',                        'api billing gateway'),
	('address_errors',                    'api'),
	('alert_raise_text',                  'api billing router gateway snmp ping'),
	('alert_resolve',                     'api billing router gateway snmp ping'),
	('alert_resolve_text',                'snmp ping'),
	('alert_sweep',                       'notify'),
	('alert_word',                        'api billing gateway'),
	('allocate',                          'api billing gateway'),
	('allocations_return',                'api gateway'),
	('allocations_take_over',             'api gateway'),
	('account_moves',                     'api'),
	('amount_errors',                     'api'),
	('are_lines_same',                    'api'),
	('audit',                             'api'),
	('audit_change',                      'api'),
	('backoff',                           'api gateway router'),
	('bandwidth_chart',                   'api'),
	('begins_due',                        'api billing'),
	('bill_compose',                      'api billing gateway'),
	('bill_extras',                       'api billing gateway'),
	('bill_line_new',                     'api billing gateway'),
	('bill_lines_insert',                 'api billing gateway'),
	('bill_lines_json',                   'api'),
	('bill_lines_of',                     'api billing gateway'),
	('bill_sums',                         'api billing gateway'),
	('bill_taxed',                        'api billing gateway'),
	('bills_consume',                     'api billing gateway'),
	('billing_begin',                     'api billing'),
	('billing_candidates',                'api billing'),
	('billing_expire',                    'api billing'),
	('billing_guard',                     'api billing'),
	('billing_guard_alert',               'api billing'),
	('billing_late',                      'api billing'),
	('billing_log',                       'api billing gateway'),
	('billing_overdue',                   'api billing'),
	('billing_renew',                     'api billing'),
	('billing_run_undo',                  'api'),
	('billing_suspend',                   'api billing'),
	('bulk_act',                          'api'),
	('bulk_ids',                          'api'),
	('bulk_one',                          'api'),
	('business_day',                      'api billing router gateway notify snmp ping'),
	('business_today',                    'api billing router gateway notify snmp ping'),
	('channel_of_kind',                   'api'),
	('charge_bill',                       'api'),
	('charge_create',                     'api'),
	('charge_create_once',                'api'),
	('charge_lines',                      'api billing gateway'),
	('charges_bill',                      'api billing'),
	('check_accounts',                    'api'),
	('check_credit',                      'api'),
	('check_days',                        'api'),
	('check_days_owed',                   'api'),
	('check_invariants',                  'api'),
	('check_invoices',                    'api'),
	('check_lines',                       'api'),
	('check_lots',                        'api'),
	('check_money',                       'api'),
	('check_numbers',                     'api'),
	('check_owners',                      'api'),
	('check_periods',                     'api'),
	('check_row_counts',                  'api'),
	('check_states',                      'api'),
	('company_logo_save',                 'api'),
	('credit_apply',                      'api billing gateway'),
	('credit_enter',                      'api'),
	('credit_enter_once',                 'api'),
	('credit_entry',                      'api billing gateway'),
	('credit_lots',                       'api billing gateway'),
	('credit_pay_out',                    'api'),
	('customer_archive',                  'api'),
	('customer_errors',                   'api'),
	('customer_lock',                     'api'),
	('customer_reconsider',               'api billing gateway'),
	('customer_statement',                'api'),
	('dates_errors',                      'api'),
	('date_text',                         'api'),
	('day_begin',                         'api gateway'),
	('day_noon',                          'api gateway'),
	('days_lines',                        'api billing gateway'),
	('days_price',                        'api billing gateway'),
	('days_removable',                    'api'),
	('days_sold',                         'api billing gateway'),
	('debt_reopen',                       'api gateway'),
	('debts_past_grace',                  'api billing'),
	('discount_agreed',                   'api billing gateway'),
	('discount_lines',                    'api billing gateway'),
	('discounts_of_actor',                'api'),
	('expiries_due',                      'api billing'),
	('field_error',                       'api billing router gateway'),
	('first_bill_again',                  'api billing'),
	('first_bill_begin',                  'api billing'),
	('first_bill_move',                   'api billing'),
	('first_from',                        'api billing gateway'),
	('first_issue',                       'api'),
	('first_lines',                       'api billing gateway'),
	('first_payment_wait',                'api'),
	('first_period',                      'api billing gateway'),
	('first_period_move',                 'api billing gateway'),
	('future_bills_release',              'api billing'),
	('gift_days_kept',                    'api'),
	('grid_months',                       'api billing gateway'),
	('grid_next',                         'api billing gateway'),
	('grid_start',                        'api billing gateway'),
	('guarded_steps',                     'api'),
	('guarded_steps_check',               'api'),
	('history_drop',                      'snmp ping'),
	('history_make',                      'snmp ping'),
	('history_partition',                 'snmp ping'),
	('history_partitions',                'snmp ping'),
	('history_buckets',                   'api'),
	('history_period',                    'api'),
	('history_due',                       'snmp ping'),
	('history_roll',                      'snmp ping'),
	('history_rolled',                    'snmp ping'),
	('history_tables',                    'snmp ping'),
	('import_address',                    'api'),
	('import_analyze',                    'api'),
	('import_apply',                      'api'),
	('import_balance',                    'api'),
	('import_balances',                   'api'),
	('import_bound_fault',                'api'),
	('import_comment_part',               'api'),
	('import_customers',                  'api'),
	('import_date',                       'api'),
	('import_email',                      'api'),
	('import_fault',                      'api'),
	('import_heading',                    'api'),
	('import_is_isolation',               'api'),
	('import_is_username',                'api'),
	('import_judge',                      'api'),
	('import_line_accounts',              'api'),
	('import_line_input',                 'api'),
	('import_line_state',                 'api'),
	('import_lines',                      'api'),
	('import_lines_off',                  'api'),
	('import_map_laravel',                'api'),
	('import_map_mikhmon',                'api'),
	('import_map_phpnuxbill',             'api'),
	('import_map_routers',                'api'),
	('import_map_sheet',                  'api'),
	('import_mikhmon',                    'api'),
	('import_money',                      'api'),
	('import_object',                     'api'),
	('import_old_id',                     'api'),
	('import_package',                    'api'),
	('import_package_named',              'api'),
	('import_phone',                      'api'),
	('import_price',                      'api'),
	('import_rate',                       'api'),
	('import_remember',                   'api'),
	('import_router',                     'api'),
	('import_state',                      'api'),
	('import_take',                       'api'),
	('import_until',                      'api'),
	('invoice_attempts_cancel',           'api billing gateway'),
	('invoice_cancel',                    'api'),
	('invoice_change_lines',              'api'),
	('invoice_create',                    'api'),
	('invoice_draft',                     'api billing gateway'),
	('invoice_finish_issue',              'api billing gateway'),
	('invoice_issue',                     'api billing'),
	('invoice_lock',                      'api gateway'),
	('invoice_lost_by_cancel',            'api'),
	('invoice_number',                    'api billing gateway'),
	('invoice_number_take',               'api billing'),
	('invoice_recompose',                 'api billing'),
	('invoice_release',                   'api billing'),
	('invoice_remind',                    'api'),
	('invoice_rewrite_days',              'api billing gateway'),
	('invoice_scope',                     'api gateway'),
	('invoice_scope_owed',                'api gateway'),
	('invoice_set_lines',                 'api billing gateway'),
	('invoice_settle',                    'api billing gateway'),
	('invoice_shorten',                   'api'),
	('invoice_standing',                  'api billing gateway'),
	('invoice_unsettle',                  'api billing gateway'),
	('invoice_update',                    'api'),
	('invoice_update_lines',              'api'),
	('invoice_void',                      'api billing'),
	('invoices_lock',                     'api billing'),
	('invoices_reissue',                  'api'),
	('is_bill_past_grace',                'api billing gateway'),
	('is_day_sold',                       'api'),
	('is_days_line',                      'api billing gateway'),
	('is_discount_agreed',                'api billing gateway'),
	('is_invoice_past_due',               'api billing'),
	('is_first_bill',                     'api billing gateway'),
	('is_invoice_untouched',              'api billing gateway'),
	('is_line',                          'api'),
	('is_line_past_grace',                'api billing gateway'),
	('is_no_suspend_day',                 'api billing'),
	('is_off_lost',                       'api billing gateway'),
	('is_pause_day',                      'api billing'),
	('is_payment_manual',                 'api gateway'),
	('is_period_ahead',                   'api billing'),
	('is_period_skipped',                 'api'),
	('is_period_taken',                   'api billing gateway'),
	('is_same_hash',                      'api'),
	('isolation_names',                   'api router'),
	('isolir_ask',                        'api'),
	('isolir_line',                       'api'),
	('is_refund_known',                   'api gateway'),
	('is_router_held',                    'api billing'),
	('is_restart_day',                    'api billing gateway'),
	('is_rolling_month',                  'api billing gateway'),
	('is_whole_period',                   'api billing gateway'),
	('item_check',                        'api'),
	('item_create',                       'api'),
	('item_discount',                     'api billing gateway'),
	('item_money',                        'api'),
	('item_remove',                       'api'),
	('item_update',                       'api'),
	('items_due',                         'api billing gateway'),
	('last_bill_prorate',                 'api'),
	('late_fee_base',                     'api billing'),
	('late_fee_of',                       'api billing'),
	('late_fees_due',                     'api billing'),
	('line_money',                        'api'),
	('line_sample',                       'router'),
	('line_sample_due',                   'router'),
	('lines_kept',                        'api'),
	('lines_priced',                      'api'),
	('lines_read',                        'api'),
	('login_give_back',                   'api'),
	('login_take',                        'api'),
	('lot_close',                         'api gateway'),
	('lot_credit',                        'api gateway'),
	('message_alert',                     'api notify'),
	('message_chat_moved',                'api notify'),
	('message_company',                   'api notify'),
	('message_done',                      'api notify'),
	('message_due_senders',               'notify'),
	('message_fan_out',                   'notify'),
	('message_fields',                    'api notify'),
	('message_parameters',                'api notify'),
	('message_preview',                   'api'),
	('message_queue',                     'api'),
	('message_queue_many',                'api'),
	('message_queue_user',                'api'),
	('message_recover',                   'notify'),
	('message_remind',                    'billing'),
	('message_render',                    'api'),
	('message_resend',                    'api'),
	('message_take',                      'notify'),
	('message_test',                      'api'),
	('message_would_send',                'api'),
	('midtrans_alert_once',               'api gateway'),
	('midtrans_alert_unconfirmed',        'api gateway'),
	('midtrans_amount_owed',              'api gateway'),
	('midtrans_asks_until_unknown',       'api gateway'),
	('midtrans_attempt_add',              'api gateway'),
	('midtrans_attempt_bills',            'api gateway'),
	('midtrans_attempt_close',            'api gateway'),
	('midtrans_attempt_is_owed',          'api gateway'),
	('midtrans_attempt_is_paid',          'api gateway'),
	('midtrans_attempt_needs_checks',     'api gateway'),
	('midtrans_attempt_open_state',       'api gateway'),
	('midtrans_attempt_record_answer',    'api gateway'),
	('midtrans_attempt_reopen',           'api gateway'),
	('midtrans_attempt_state_now',        'api gateway'),
	('midtrans_attempt_update',           'api gateway'),
	('midtrans_attempt_view',             'api gateway'),
	('midtrans_attempts_of_bill',         'api billing gateway'),
	('midtrans_attempts_of_debts',        'api gateway'),
	('midtrans_chargeback_book',          'api gateway'),
	('midtrans_check_finish',             'api gateway'),
	('midtrans_check_take',               'api gateway'),
	('midtrans_check_token_limit',        'api gateway'),
	('midtrans_claimed_money',            'api gateway'),
	('midtrans_decision_alert',           'api gateway'),
	('midtrans_decision_log',             'api gateway'),
	('midtrans_event_had_200',            'api gateway'),
	('midtrans_event_record',             'api gateway'),
	('midtrans_event_store',              'api gateway'),
	('midtrans_event_unknown_order',      'api gateway'),
	('midtrans_hold',                     'api gateway'),
	('midtrans_hold_end',                 'api gateway'),
	('midtrans_job_add',                  'api billing gateway'),
	('midtrans_job_add_confirm',          'api gateway'),
	('midtrans_job_fail',                 'api gateway'),
	('midtrans_job_finish',               'api gateway'),
	('midtrans_job_take',                 'api gateway'),
	('midtrans_named_at',                 'api gateway'),
	('midtrans_page_find',                'api gateway'),
	('midtrans_payment_book',             'api gateway'),
	('midtrans_payment_undo',             'api gateway'),
	('midtrans_refund',                   'api gateway'),
	('midtrans_refund_add',               'api gateway'),
	('midtrans_refund_begin',             'api gateway'),
	('midtrans_refund_bind_key',          'api gateway'),
	('midtrans_refund_by_key',            'api gateway'),
	('midtrans_refund_matches',           'api gateway'),
	('midtrans_refund_open',              'api gateway'),
	('midtrans_refund_settle',            'api gateway'),
	('midtrans_refunds_book',             'api gateway'),
	('midtrans_refunds_refuse_rest',      'api gateway'),
	('midtrans_returned',                 'api gateway'),
	('midtrans_set_actor',                'api gateway'),
	('midtrans_sweep',                    'api gateway'),
	('midtrans_sweep_expired',            'api gateway'),
	('midtrans_sweep_refunds',            'api gateway'),
	('midtrans_sweep_unapplied',          'api gateway'),
	('midtrans_transaction_confirm',      'api gateway'),
	('midtrans_transaction_is_open',      'api gateway'),
	('midtrans_transaction_move',         'api gateway'),
	('midtrans_transaction_save',         'api gateway'),
	('midtrans_transactions_to_ask',      'api gateway'),
	('midtrans_unconfirmed_ids',          'api gateway'),
	('midtrans_unconfirmed_ids_to_ask',   'api gateway'),
	('midtrans_unconfirmed_money',        'api gateway'),
	('midtrans_unknown_id_count',         'api gateway'),
	('midtrans_unknown_orders',           'api'),
	('midtrans_work_wait',                'api gateway'),
	('monitor_affected',                  'snmp ping'),
	('monitor_alert_is_open',             'snmp ping'),
	('monitor_alerted',                   'snmp'),
	('monitor_duration',                  'snmp ping'),
	('monitor_forget',                    'snmp ping'),
	('monitor_in_maintenance',            'snmp ping'),
	('monitor_judge',                     'snmp ping'),
	('monitor_judge_down',                'snmp ping'),
	('monitor_measured',                  'snmp ping'),
	('monitor_measured_once',             'snmp ping'),
	('monitor_parent_fails',              'snmp ping'),
	('month_day',                         'api billing gateway'),
	('months_share',                      'api billing gateway'),
	('next_anchor',                       'api billing gateway'),
	('next_package_begin',                'api billing gateway'),
	('next_package_schedule',             'api billing gateway'),
	('next_period_start',                 'api billing gateway'),
	('open_days',                         'api billing gateway'),
	('open_invoices',                     'api billing gateway'),
	('open_periods_after',                'api'),
	('open_periods_move',                 'api'),
	('other_issue',                       'api'),
	('package_address_twice',             'api'),
	('package_download',                  'api'),
	('package_errors',                    'api'),
	('package_monthly',                   'api'),
	('packages_begin',                    'api billing'),
	('packages_begin_due',                'api billing'),
	('part_price',                        'api billing gateway'),
	('part_text',                         'api billing gateway'),
	('password_forgot',                   'api'),
	('password_reset',                    'api'),
	('password_reset_hash',               'api'),
	('payment_alert',                     'api gateway'),
	('payment_alert_lost',                'api gateway'),
	('payment_allocate',                  'api gateway'),
	('payment_amount',                    'api gateway'),
	('payment_book',                      'api'),
	('payment_book_locked',               'api gateway'),
	('payment_day',                       'api gateway'),
	('payment_insert',                    'api gateway'),
	('payment_lock',                      'api gateway'),
	('payment_moment',                    'api gateway'),
	('payment_refund',                    'api gateway'),
	('payment_refund_by_hand',            'api'),
	('payment_refundable',                'api gateway'),
	('payment_repeated',                  'api gateway'),
	('payment_reverse',                   'api gateway'),
	('payment_update',                    'api'),
	('pending_days_add',                  'api billing gateway'),
	('pending_days_to_credit',            'api'),
	('period_bill_again',                 'api'),
	('period_draft',                      'api billing gateway'),
	('period_last',                       'api billing gateway'),
	('period_line',                       'api billing gateway'),
	('period_months',                     'api'),
	('period_price',                      'api'),
	('period_reprice',                    'api'),
	('periods_follow',                    'api billing gateway'),
	('periods_again',                     'api billing gateway'),
	('periods_ahead',                     'api billing gateway'),
	('periods_bill',                      'api billing gateway'),
	('periods_fixed_until',               'api'),
	('periods_of',                        'api billing gateway'),
	('ping_chart',                        'api'),
	('ping_due',                          'ping'),
	('ping_judge',                        'ping'),
	('ping_resolved',                     'ping'),
	('ping_roll',                         'ping'),
	('ping_store',                        'ping'),
	('plan_change',                       'api'),
	('plan_change_next',                  'api'),
	('plan_change_next_postpaid',         'api'),
	('plan_change_now',                   'api'),
	('plan_prorate',                      'api'),
	('profile_claim',                     'api router'),
	('profile_mark_dirty',                'api router'),
	('profile_mark_dirty_on_all_routers', 'api router'),
	('profile_results',                   'api router'),
	('promise_make',                      'api'),
	('public_read_pace',                  'api'),
	('public_token_pace',                 'api'),
	('raise_conflict',                    'api router gateway'),
	('raise_denied',                      'api router gateway'),
	('raise_invalid',                     'api billing router gateway'),
	('raise_invalid_all',                 'api billing router gateway'),
	('raise_not_found',                   'api router gateway'),
	('raise_throttled',                   'api router gateway'),
	('reactivation_charge',               'api billing gateway'),
	('receivables',                       'api'),
	('refund_enter',                      'api gateway'),
	('registration_open',                 'api'),
	('renewal_issue',                     'api'),
	('renewals_due',                      'api billing gateway'),
	('renewals_follow_up',                'api billing gateway'),
	('renewals_issue',                    'api billing gateway'),
	('renewals_refused',                  'api billing gateway'),
	('report_rows',                       'api billing'),
	('report_skipped',                    'api billing'),
	('require_days_removable',            'api'),
	('require_due_date',                  'api'),
	('require_found',                     'api router gateway'),
	('require_invoice_untouched',         'api'),
	('require_next_open',                 'api'),
	('require_operator_days',             'api'),
	('require_operator_discount',         'api'),
	('require_operator_lowering',         'api'),
	('require_operator_waive',            'api'),
	('require_payment_day',               'api gateway'),
	('require_payment_new',               'api gateway'),
	('require_payment_reversible',        'api gateway'),
	('round_up',                          'api billing gateway'),
	('router_broken',                     'api router'),
	('router_acts_add',                   'api router'),
	('router_bytes_text',                 'api'),
	('router_errors',                     'api'),
	('router_fail_waiting',               'api router'),
	('router_first',                      'api router'),
	('router_healthy',                    'api router'),
	('router_hold',                       'api billing'),
	('router_hold_alert',                 'api billing'),
	('router_is_due',                     'api router'),
	('router_is_seed',                    'api router'),
	('router_live_store',                 'api router'),
	('router_night',                      'api router'),
	('router_notify',                     'api router'),
	('router_online_rows',                'api router'),
	('router_rate',                       'api router'),
	('router_rate_text',                  'api router'),
	('router_ready',                      'api router'),
	('router_remove',                     'api router'),
	('router_snapshot_expire',            'api'),
	('router_snapshot_fail',              'api router'),
	('router_snapshot_store',             'api router'),
	('router_work',                       'api router'),
	('routers_away',                      'api billing'),
	('row_count_add',                     'api'),
	('row_count_keep',                    'api'),
	('row_json',                          'api'),
	('rupiah',                            'api billing gateway'),
	('seal_replace',                      'api'),
	('service_day_lots',                  'api'),
	('service_days_add',                  'api billing gateway'),
	('service_days_of',                   'api billing gateway'),
	('service_off_close',                 'api billing gateway'),
	('service_off_close_postpaid',        'api billing gateway'),
	('service_off_gain',                  'api billing gateway'),
	('service_off_lost',                  'api billing gateway'),
	('service_off_now',                   'api billing gateway'),
	('service_off_open',                  'api billing gateway'),
	('service_off_strike',                'api'),
	('service_restart_gift',              'api billing gateway'),
	('service_price',                     'api'),
	('session_actor',                     'api billing router gateway notify snmp ping'),
	('session_close',                     'api'),
	('session_open',                      'api'),
	('session_refuse',                    'api'),
	('session_request',                   'api billing router gateway notify snmp ping'),
	('setting_check',                     'api'),
	('setting_order_errors',              'api'),
	('setting_preset',                    'api'),
	('setting_preset_values',             'api'),
	('setting_save',                      'api'),
	('snmp_discovered',                   'snmp'),
	('snmp_due',                          'snmp'),
	('snmp_judge',                        'snmp'),
	('snmp_roll',                         'snmp'),
	('snmp_roll_5m',                      'snmp'),
	('snmp_store',                        'snmp'),
	('snmp_store_readings',               'snmp'),
	('snmp_store_statuses',               'snmp'),
	('subscription_activate',             'api'),
	('subscription_anchored',             'api billing gateway'),
	('subscription_as_billed',            'api billing gateway'),
	('subscription_begin',                'api billing'),
	('subscription_cancel',               'api'),
	('subscription_change',               'api'),
	('subscription_change_answer',        'api'),
	('subscription_create',               'api'),
	('subscription_days_add',             'api'),
	('subscription_end_date_set',         'api'),
	('subscription_end_hold',             'api billing gateway'),
	('subscription_errors',               'api'),
	('subscription_has_debt',             'api billing gateway'),
	('subscription_lift_debt',            'api'),
	('subscription_lock',                 'api gateway'),
	('subscription_lock_live',            'api'),
	('subscription_log_status',           'api billing gateway'),
	('subscription_new_errors',           'api'),
	('subscription_pause',                'api'),
	('subscription_pause_begin',          'api billing'),
	('subscription_prepay',               'api'),
	('subscription_prepay_answer',        'api'),
	('subscription_reconsider',           'api billing gateway'),
	('subscription_resume',               'api'),
	('subscription_set_status',           'api billing gateway'),
	('subscription_start',                'api'),
	('subscription_start_move',           'api'),
	('subscription_suspend',              'api'),
	('subscription_switch_off',           'api billing gateway'),
	('subscription_switch_on',            'api billing gateway'),
	('subscription_sync_mode',            'api billing gateway'),
	('subscription_update',               'api'),
	('subscription_update_dates',         'api'),
	('subscription_update_log',           'api'),
	('subscription_with',                 'api'),
	('subscriptions_follow_settings',     'api'),
	('subscriptions_insert',              'api'),
	('subscriptions_lock',                'api billing'),
	('subscriptions_paid_elsewhere',      'api'),
	('subscriptions_switch_off',          'api billing'),
	('suspensions_due',                   'api billing'),
	('tax_above',                         'api billing gateway'),
	('tax_below',                         'api billing gateway'),
	('tax_lines',                         'api billing gateway'),
	('tax_of',                            'api billing gateway'),
	('tax_on',                            'api billing gateway'),
	('template_errors',                   'api'),
	('template_unknown_fields',           'api'),
	('terms_errors',                      'api'),
	('terms_of',                          'api billing gateway'),
	('throttle_address',                  'api'),
	('throttle_give_back',                'api'),
	('throttle_pace',                     'api'),
	('throttle_sweep',                    'api'),
	('throttle_take',                     'api'),
	('token_add',                         'api'),
	('token_drop',                        'api'),
	('token_expired',                     'api'),
	('token_lives',                       'api'),
	('token_used',                        'api'),
	('unpaid_invoices_ahead',             'api'),
	('unused_paid_days',                  'api'),
	('used_days_bill',                    'api'),
	('user_add',                          'api'),
	('user_drop',                         'api'),
	('user_password',                     'api'),
	('user_register',                     'api'),
	('user_set',                          'api'),
	('utc_text',                          'api notify'),
	('username_errors',                   'api'),
	('uuidv7',                            'api billing router gateway snmp ping backup')
	) AS t (name, programs) LOOP
		PERFORM FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = granted.name;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'sql/roles.sql: there is no function %', granted.name;
		END IF;
		FOR fn IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = granted.name LOOP
			EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', fn,
				(SELECT string_agg('isp_' || program, ', ') FROM string_to_table(granted.programs, ' ') program));
		END LOOP;
	END LOOP;
END $$;
