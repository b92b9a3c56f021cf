-- Verify accounts: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, subscription_id, customer_id, router_id, package_id, username, password, service,
	profile, local_address, remote_address, comment, disabled, wanted, imported, mikrotik_id,
	removed_at, created_at, updated_at FROM mikrotik_secrets WHERE false;
SELECT account_id, router_id, present, generation, synced_generation, kick, sync_state, sync_error,
	synced_at, traces, attempts, due_at, created_at, updated_at FROM account_states WHERE false;
SELECT package_id, router_id, generation, synced_generation, kick, sync_state, sync_error,
	synced_at, attempts, due_at FROM profile_states WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'mikrotik_secrets_address', 'mikrotik_secrets_customer', 'mikrotik_secrets_newest',
		'mikrotik_secrets_package', 'mikrotik_secrets_remote_address_key',
		'mikrotik_secrets_router', 'mikrotik_secrets_service', 'mikrotik_secrets_username_key',
		'account_states_due', 'account_states_left', 'profile_states_due']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'mikrotik_secrets_service_check', 'mikrotik_secrets_wanted_check',
		'mikrotik_secrets_customer_id_fkey', 'mikrotik_secrets_package_id_fkey',
		'mikrotik_secrets_router_id_fkey', 'mikrotik_secrets_subscription_id_fkey',
		'mikrotik_secrets_subscription_id_key', 'account_states_sync_state_check',
		'account_states_account_id_fkey', 'account_states_router_id_fkey',
		'profile_states_sync_state_check', 'profile_states_package_id_fkey',
		'profile_states_router_id_fkey']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
