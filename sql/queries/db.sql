-- The statements of lib/db itself.

-- name: db_set_actor(text, text)
SELECT set_config('isp.actor', $1, false), set_config('isp.request_id', $2, false);

-- Plan each statement with its parameters known, to the end of the transaction: the best plan of a search or a
-- filter depends on how rare its value is. 100,000 rows that are found stay in memory.
-- name: crud_custom_plan()
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '16MB', true);

-- Settings of a new session, and those that it does not have afterwards.
-- name: db_session_set(text[], text[])
SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS t (name, value);

-- name: db_session_wrong(text[], text[])
SELECT t.name
  FROM unnest($1::text[], $2::text[]) AS t (name, value)
  LEFT JOIN pg_settings s ON lower(s.name) = t.name
 WHERE coalesce(s.setting, current_setting(t.name, true)) IS DISTINCT FROM t.value;
