-- Every CHECK and every unique or exclusion constraint refuses something: each attempt must be
-- refused under the name given, and no constraint may be left without an attempt.
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT sub(person()) AS s \gset
SELECT sub(person()) AS other \gset
SELECT over(inv(:'s'), 150000, '2026-01-01') AS p \gset
SELECT payment_refund(:'p', 'R', 1, false, NULL, '2026-01-01') \g /dev/null
SELECT pay(inv(:'other'), '2026-01-01', '{"reference": "A"}') AS q \gset
SELECT payment_reverse(:'q', 'reversal', NULL, '2026-01-01') \g /dev/null
INSERT INTO service_offs (subscription_id, from_day, cause) VALUES (:'s', '2026-02-01', 'debt');
INSERT INTO promises (subscription_id, from_day, until) VALUES (:'s', '2026-02-01', '2026-02-02');
SELECT item_create(:'s', '{"kind": "item", "text": "modem", "amount": 5}', '2026-01-01') \g /dev/null
SELECT charge_create(owner(:'s'), '{"text": "cable", "amount": 5}', '2026-01-01') \g /dev/null
INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount) VALUES (inv(:'s'), 7, 'item', 'x', 0, 0);
INSERT INTO users (name, email, password) VALUES ('a', 'a@x', 'x'), ('b', 'b@x', 'x');
INSERT INTO personal_access_tokens (user_id, name, token) SELECT id, 't', rpad(email, 64) FROM users;
INSERT INTO router_settings (name, host, username) VALUES ('r', 'r1', 'u'), ('r', 'r2', 'u');
INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, expires_at) VALUES (inv(:'s'), 1, 'o1', 1, now()), (inv(:'s'), 2, 'o2', 1, now());
INSERT INTO midtrans_transactions (attempt_id, transaction_id, transaction_status, outlook, gross_amount) SELECT id, order_id, 'x', 'paid', 1 FROM midtrans_attempts;
INSERT INTO midtrans_refunds (refund_key, transaction_id, amount, reopen) VALUES ('k1', 'o1', 1, false), ('k2', 'o2', 1, false);
INSERT INTO midtrans_events (source, order_id, body, body_hash) VALUES ('status', 'o1', '{}', 'a'), ('status', 'o1', '[]', 'b');
INSERT INTO midtrans_jobs (attempt_id, kind) SELECT id, 'confirm' FROM midtrans_attempts LIMIT 1;
INSERT INTO midtrans_logs (order_id, event) VALUES ('o1', 'create');
INSERT INTO notification_settings (channel, config) VALUES ('email', '{"email": "a@b.example"}');
INSERT INTO message_outbox (event, channel, recipient, dedupe_key) VALUES ('test', 'email', 'a', 'a'), ('test', 'email', 'b', 'b');
SELECT alert_raise('system', 'info', 't', 'm') \g /dev/null
INSERT INTO snmp_devices (name, host) VALUES ('d', 'h');
INSERT INTO snmp_interfaces (device_id, if_index, if_name) SELECT id, n, 'e' || n FROM snmp_devices, generate_series(1, 2) n;
INSERT INTO ping_targets (name, host) VALUES ('t', 'h');
SELECT history_make() \g /dev/null
INSERT INTO ping_history (target_id, sent, received, packet_loss_percent, status, recorded_at) SELECT id, 4, 4, 0, 'up', now() FROM ping_targets;
INSERT INTO monitor_states (id, kind, checked_at) SELECT id, 'ping', now() FROM ping_targets;
INSERT INTO maintenance_windows (title, starts_at, ends_at) VALUES ('w', now(), now() + interval '1 hour');

CREATE TEMP TABLE refused (name text);
CREATE FUNCTION refuses(attempt text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
BEGIN
	EXECUTE attempt;
	RETURN fail(attempt || ': not refused');
EXCEPTION WHEN check_violation OR unique_violation OR exclusion_violation THEN
	GET STACKED DIAGNOSTICS got = CONSTRAINT_NAME;
	INSERT INTO refused VALUES (got);
	RETURN is(got, wanted, attempt);
END $$;

-- One row of the table is changed, its triggers kept out.
SET LOCAL session_replication_role = replica;
SELECT refuses(format('UPDATE %I SET %s', split_part(name, ' ', 1), change), split_part(name, ' ', 2)) FROM (VALUES
	('users users_role_check', 'role = ''king'''),
	('personal_access_tokens personal_access_tokens_token_check', 'token = ''short'''),
	('personal_access_tokens personal_access_tokens_token_key', 'token = rpad(''x'', 64)'),
	('settings settings_one_check', 'one = false'),
	('settings settings_suspend_mode_check', 'suspend_mode = ''x'''),
	('customers customers_status_check', 'status = ''x'''),
	('customers customers_credit_not_negative', 'credit = -1'),
	('packages packages_type_check', 'type = ''x'''),
	('packages packages_price_check', 'price = -1'),
	('packages packages_price_check', 'price = 1000000000000'),
	('packages packages_priority_check', 'priority = 9'),
	('packages packages_validity_days_check', 'validity_days = 0'),
	('packages packages_name_key', 'name = ''P'''),
	('packages packages_router_profile_key', 'router_profile = ''p'''),
	('router_settings router_settings_port_check', 'port = 65536'),
	('router_settings router_settings_tls_verify_check', 'tls_verify = ''x'''),
	('router_settings router_settings_host_key', 'host = ''same'''),
	('router_settings router_settings_tls_fingerprint_check', 'tls_verify = ''pin'', tls_fingerprint = NULL'),
	('subscriptions subscriptions_status_check', 'status = ''x'''),
	('subscriptions subscriptions_suspend_reason_check', 'status = ''suspended'', suspend_reason = ''x'''),
	('subscriptions subscriptions_reason_check', 'status = ''suspended'''),
	('subscriptions subscriptions_reason_check', 'suspend_reason = ''debt'''),
	('subscriptions subscriptions_end_date_check', 'end_date = start_date - 2'),
	('packages packages_period_unit_check', 'period_unit = ''x'''),
	('packages packages_validity_months_check', 'validity_months = 0'),
	('subscriptions subscriptions_cycle_check', 'cycle = ''x'''),
	('subscriptions subscriptions_mode_check', 'mode = ''x'''),
	('subscriptions subscriptions_billing_day_check', 'billing_day = 29'),
	('subscriptions subscriptions_late_policy_check', 'late_policy = ''x'''),
	('subscriptions subscriptions_anchor_day_check', 'anchor_day = 32'),
	('subscriptions subscriptions_pending_days_check', 'pending_days = -1'),
	('service_offs service_offs_cause_check', 'cause = ''x'''),
	('service_offs service_offs_days_check', 'back_on = from_day - 1'),
	('service_offs service_offs_days_check', 'lost_days = 1'),
	('service_days service_days_days_check', 'days = 0'),
	('service_days service_days_kind_check', 'kind = ''x'''),
	('service_days service_days_source_check', 'kind = ''period'', invoice_id = NULL'),
	('promises promises_until_check', 'until = from_day - 1'),
	('invoices invoices_discount_check', 'discount = -1'),
	('invoices invoices_tax_amount_check', 'tax_amount = -1'),
	('invoice_lines invoice_lines_kind_check', 'kind = ''x'''),
	('invoice_lines invoice_lines_quantity_check', 'quantity = 0'),
	('invoice_lines invoice_lines_pkey', 'position = 1'),
	('subscription_items subscription_items_kind_check', 'kind = ''x'''),
	('subscription_items subscription_items_amount_check', 'amount = 0'),
	('subscription_items subscription_items_percent_check', 'amount = NULL, percent = 101, kind = ''discount'''),
	('subscription_items subscription_items_quantity_check', 'quantity = 0'),
	('subscription_items subscription_items_periods_check', 'periods = 0'),
	('subscription_items subscription_items_size_check', 'percent = 1'),
	('charges charges_kind_check', 'kind = ''x'''),
	('charges charges_amount_check', 'amount = 0'),
	('charges charges_quantity_check', 'quantity = 0'),
	('settings settings_cycle_check', 'cycle = ''x'''),
	('settings settings_mode_check', 'mode = ''x'''),
	('settings settings_billing_day_check', 'billing_day = 0'),
	('settings settings_late_policy_check', 'late_policy = ''x'''),
	('settings settings_first_period_check', 'first_period = ''x'''),
	('settings settings_round_to_check', 'round_to = 2'),
	('settings settings_arrears_check', 'arrears = ''x'''),
	('settings settings_tax_mode_check', 'tax_mode = ''x'''),
	('settings settings_tax_base_check', 'tax_base = ''0/1'''),
	('invoice_counters invoice_counters_last_number_check', 'last_number = 0'),
	('invoices invoices_kind_check', 'kind = ''x'''),
	('invoices invoices_status_check', 'status = ''x'''),
	('invoices invoices_cancelled_check', 'status = ''cancelled'', paid_amount = 1'),
	('invoices invoices_amount_check', 'amount = -1'),
	('invoices invoices_amount_check', 'amount = 1000000000000'),
	('invoices invoices_paid_amount_check', 'paid_amount = amount + 1'),
	('invoices invoices_paid_amount_check', 'paid_amount = -1'),
	('invoices invoices_period_check', 'kind = ''other'''),
	('invoices invoices_period_check', 'period_end = NULL'),
	('invoices invoices_period_check', 'period_end = period_start - 1'),
	('invoices invoices_invoice_number_key', 'invoice_number = ''same'''),
	('payments payments_invoice_number_check', 'invoice_number = NULL'),
	('payments payments_amount_check', 'amount = 0'),
	('payments payments_fee_check', 'fee = -1'),
	('payments payments_method_check', 'method = ''barter'''),
	('payments payments_source_check', 'source = ''x'''),
	('payments payments_status_check', 'status = ''x'''),
	('payments payments_midtrans_status_check', 'midtrans_status = ''x'''),
	('payment_reversals payment_reversals_kind_check', 'kind = ''x'''),
	('payment_reversals payment_reversals_amount_check', 'amount = 0'),
	('refunds refunds_amount_check', 'amount = 0'),
	('customer_credits customer_credits_kind_check', 'kind = ''x'''),
	('customer_credits customer_credits_amount_check', 'amount = 0'),
	('customer_credits customer_credits_lot_check', 'payment_id = NULL'),
	('customer_credits customer_credits_lot_check', 'gift_id = id'),
	('allocations allocations_amount_check', 'amount = 0'),
	('allocations allocations_lot_check', 'payment_id = NULL'),
	('mikrotik_secrets mikrotik_secrets_service_check', 'service = ''x'''),
	('mikrotik_secrets mikrotik_secrets_wanted_check', 'wanted = ''x'''),
	('notification_settings notification_settings_channel_check', 'channel = ''x'''),
	('alert_logs alert_logs_type_check', 'type = ''x'''),
	('alert_logs alert_logs_severity_check', 'severity = ''x'''),
	('alert_logs alert_logs_notify_check', 'notify = ''x'''),
	('notification_settings notification_settings_audience_check', 'audience = ''x'''),
	('notification_settings notification_settings_gap_ms_check', 'gap_ms = -1'),
	('message_templates message_templates_audience_check', 'audience = ''x'''),
	('message_templates message_templates_days_check', 'days = 0'),
	('message_templates message_templates_event_key', 'event = ''same'''),
	('message_outbox message_outbox_state_check', 'state = ''x'''),
	('message_outbox message_outbox_channel_check', 'channel = ''x'''),
	('message_outbox message_outbox_sender_check', 'channel = ''webhook'''),
	('message_outbox message_outbox_dedupe_key_key', 'dedupe_key = ''same'''),
	('settings settings_message_language_check', 'message_language = ''x'''),
	('settings settings_quiet_from_hour_check', 'quiet_from_hour = 24'),
	('settings settings_quiet_until_hour_check', 'quiet_until_hour = 24'),
	('settings settings_message_day_first_check', 'message_day_first = 0'),
	('settings settings_message_day_most_check', 'message_day_most = 0'),
	('settings settings_restore_proof_days_check', 'restore_proof_days = 0'),
	('midtrans_attempts midtrans_attempts_attempt_check', 'attempt = 0'),
	('midtrans_attempts midtrans_attempts_order_id_check', 'order_id = rpad(order_id, 51, ''x'')'),
	('midtrans_attempts midtrans_attempts_order_id_key', 'order_id = ''same'''),
	('midtrans_attempts midtrans_attempts_invoice_id_attempt_key', 'attempt = 9'),
	('midtrans_attempts midtrans_attempts_amount_check', 'amount = 0'),
	('midtrans_attempts midtrans_attempts_state_check', 'state = ''x'''),
	('midtrans_transactions midtrans_transactions_transaction_id_key', 'transaction_id = ''same'''),
	('midtrans_transactions midtrans_transactions_outlook_check', 'outlook = ''x'''),
	('midtrans_refunds midtrans_refunds_pkey', 'refund_key = ''same'''),
	('midtrans_refunds midtrans_refunds_amount_check', 'amount = 0'),
	('midtrans_refunds midtrans_refunds_state_check', 'state = ''x'''),
	('midtrans_refunds midtrans_refunds_requested_key', 'transaction_id = ''o1'''),
	('midtrans_events midtrans_events_body_key', 'body_hash = ''a'''),
	('midtrans_events midtrans_events_source_check', 'source = ''x'''),
	('midtrans_events midtrans_events_money_check', 'money = ''x'''),
	('midtrans_jobs midtrans_jobs_kind_check', 'kind = ''x'''),
	('midtrans_logs midtrans_logs_event_check', 'event = ''x'''),
	('snmp_devices snmp_devices_port_check', 'port = 0'),
	('snmp_devices snmp_devices_version_check', 'version = ''4'''),
	('snmp_devices snmp_devices_security_level_check', 'security_level = ''x'''),
	('snmp_devices snmp_devices_device_type_check', 'device_type = ''x'''),
	('snmp_devices snmp_devices_max_vars_check', 'max_vars = 0'),
	('snmp_interfaces snmp_interfaces_if_oper_status_check', 'if_oper_status = ''x'''),
	('snmp_interfaces snmp_interfaces_if_admin_status_check', 'if_admin_status = ''x'''),
	('snmp_interfaces snmp_interfaces_device_id_if_name_key', 'if_name = ''e7'''),
	('snmp_interfaces snmp_interfaces_number_key', 'number = 7'),
	('ping_targets ping_targets_interval_seconds_check', 'interval_seconds = 9'),
	('ping_targets ping_targets_timeout_ms_check', 'timeout_ms = 9'),
	('ping_targets ping_targets_packet_count_check', 'packet_count = 0'),
	('monitor_states monitor_states_status_check', 'status = ''x'''),
	('monitor_states monitor_states_kind_check', 'kind = ''x'''),
	('maintenance_windows maintenance_windows_check', 'ends_at = starts_at'),
	('ping_history ping_history_status_check', 'status = ''x''')
) AS t (name, change);

-- Those a single change cannot meet.
SELECT refuses('INSERT INTO users (name, email, password) VALUES (''c'', ''A@X'', ''x'')', 'users_email_key');
SELECT refuses(format('UPDATE subscriptions SET mikrotik_username = (SELECT mikrotik_username FROM subscriptions WHERE id = %L)', :'s'), 'subscriptions_mikrotik_username_key');
SELECT refuses('UPDATE payments SET source = ''midtrans'', reference = ''same''', 'payments_reference_key');
SELECT refuses('UPDATE payments SET idempotency_key = ''same''', 'payments_idempotency_key');
SELECT refuses('INSERT INTO invoices (invoice_number, subscription_id, customer_id, period_start, period_end, amount, issued_on, due_date, first_due_date) SELECT ''X'', subscription_id, customer_id, period_end, period_end + 9, 1, issued_on, due_date, due_date FROM invoices LIMIT 1', 'invoices_period_excl');
SELECT refuses('INSERT INTO service_offs (subscription_id, from_day, cause) SELECT subscription_id, from_day, cause FROM service_offs', 'service_offs_excl');
SELECT refuses('INSERT INTO refunds (payment_id, refund_id, amount, refunded_on) SELECT payment_id, refund_id, amount, refunded_on FROM refunds', 'refunds_refund_id_key');
SELECT refuses('INSERT INTO midtrans_jobs (attempt_id, kind) SELECT attempt_id, kind FROM midtrans_jobs', 'midtrans_jobs_attempt_key');
SELECT refuses('INSERT INTO message_outbox (event, channel, alert_id, channel_id, recipient) SELECT ''alert'', ''webhook'', a.id, n.id, ''x'' FROM alert_logs a, notification_settings n, generate_series(1, 2)', 'message_outbox_alert_id_channel_id_key');
SELECT refuses('INSERT INTO mikrotik_secrets (username) SELECT username FROM mikrotik_secrets', 'mikrotik_secrets_username_key');
SELECT refuses('INSERT INTO mikrotik_secrets (username, router_id, service, remote_address) SELECT ''st'' || n, id, ''static'', ''10.0.0.1'' FROM router_settings, generate_series(1, 2) n WHERE host = ''r1''', 'mikrotik_secrets_remote_address_key');
SELECT refuses('INSERT INTO radius_settings (host, secret) SELECT ''h'', ''x'' FROM generate_series(1, 2)', 'radius_settings_one');
-- While no router was active two static customers got one address, and the first router to come could not take both.
SELECT refuses('INSERT INTO mikrotik_secrets (username, service, remote_address) SELECT ''sn'' || n, ''static'', ''10.0.0.1'' FROM generate_series(1, 2) n', 'mikrotik_secrets_remote_address_key');
SELECT refuses('INSERT INTO mikrotik_secrets (username, subscription_id) SELECT ''z'' || n, subscription_id FROM mikrotik_secrets, generate_series(1, 2) n', 'mikrotik_secrets_subscription_id_key');
SELECT refuses('INSERT INTO account_states (account_id, router_id, sync_state) SELECT m.id, r.id, ''x'' FROM mikrotik_secrets m, router_settings r LIMIT 1', 'account_states_sync_state_check');
SELECT refuses('INSERT INTO profile_states (package_id, router_id, sync_state) SELECT p.id, r.id, ''x'' FROM packages p, router_settings r LIMIT 1', 'profile_states_sync_state_check');
SELECT refuses('INSERT INTO router_sessions (router_id, service, session_id, username, taken_at) SELECT id, ''l2tp'', ''*1'', ''u'', now() FROM router_settings LIMIT 1', 'router_sessions_service_check');
SELECT refuses('UPDATE settings SET line_sample_minutes = 61', 'settings_line_sample_minutes_check');
SELECT refuses('INSERT INTO import_keys (source, kind, source_id, id) VALUES (''csv'', ''voucher'', ''1'', uuidv7())', 'import_keys_kind_check');
SELECT refuses('INSERT INTO import_rows (batch, line, key, data, outcome) VALUES (uuidv7(), 1, ''k'', ''{}'', ''maybe'')', 'import_rows_outcome_check');
SELECT refuses('INSERT INTO company_logos (one, png) VALUES (false, ''x'')', 'company_logos_one_check');
SELECT refuses('INSERT INTO company_logos (png) VALUES ('''')', 'company_logos_png_check');
SELECT refuses('INSERT INTO router_acts (subscription_id, act) VALUES (uuidv7(), ''exploded'')', 'router_acts_act_check');
SET LOCAL session_replication_role = origin;

-- Rows that money refers to cannot be deleted.
SELECT throws_ok(format('DELETE FROM %I', t), '23503', NULL, t || ' that money refers to stay')
FROM unnest('{customers,subscriptions,packages,invoices,payments}'::text[]) t;

-- An invoice is of the customer whose subscription it bills.
SELECT throws_ok(format('UPDATE invoices SET customer_id = %L WHERE subscription_id = %L',
	(SELECT customer_id FROM subscriptions WHERE id = :'other'), :'s'), '23503', NULL, 'an invoice keeps its customer');
-- (the key that says so is there to be referred to: the primary key refuses first what it would refuse)
SELECT is_empty($$
	SELECT conrelid::regclass, conname FROM pg_constraint
	WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x') AND conislocal AND coninhcount = 0
	  AND conrelid <> 0 AND conrelid::regclass::text <> 'usernames'
	  AND conname <> 'subscriptions_owner_key' AND conname NOT IN (SELECT name FROM refused)$$, 'no constraint without an attempt');
SELECT finish();
ROLLBACK;
