-- Verify base: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, name, email, email_verified_at, password, role, is_active, remember_token, created_at,
	updated_at FROM users WHERE false;
SELECT email, token, created_at FROM password_reset_tokens WHERE false;
SELECT id, user_id, holder_email, holder_role, holder_active, name, token, abilities, last_used_at,
	expires_at, created_at, updated_at FROM personal_access_tokens WHERE false;
SELECT key, since, hits FROM throttles WHERE false;
SELECT id, user_id, actor, action, subject_type, subject_id, ip, request_id, meta, created_at FROM
	audit_logs WHERE false;
SELECT one, lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, remove_expired,
	token_idle_days, attempt_minutes, public_reads_per_minute, public_tokens_per_minute,
	invoice_tokens_per_minute, enabled_payments, setup_token, updated_at FROM settings WHERE false;
SELECT table_name, stripe, n FROM row_counts WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'users_email_key', 'users_newest', 'personal_access_tokens_user', 'audit_logs_newest',
		'audit_logs_subject']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'users_role_check', 'personal_access_tokens_token_check',
		'personal_access_tokens_user_id_fkey', 'personal_access_tokens_token_key',
		'audit_logs_user_id_fkey', 'settings_one_check', 'settings_suspend_mode_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'btree_gist', 'pg_trgm']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_extension WHERE extname = name), 'extension ' || name || ' is missing';
	END LOOP;
	ASSERT to_regprocedure('public.uuidv7()') IS NOT NULL, 'function uuidv7 is missing';
	ASSERT (SELECT count(*) FROM settings) = 1, 'the row of settings is missing';
END $$;

ROLLBACK;
