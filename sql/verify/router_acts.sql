-- Verify router_acts.
BEGIN;

SELECT id, subscription_id, router_id, act, detail, log_id, created_at FROM router_acts WHERE false;
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['router_acts_router', 'router_acts_subscription'] LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY['router_acts_act_check', 'router_acts_router_id_fkey', 'router_acts_subscription_id_fkey'] LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
