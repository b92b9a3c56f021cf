-- The statements of lib/db itself.

-- name: db_set_actor(text, text)
SELECT set_config('isp.actor', $1, false), set_config('isp.request_id', $2, false);

-- A search is planned with its text known, to the end of the transaction: how rare it is decides the way.
-- name: crud_custom_plan()
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);
