-- A POST means a row that is there, or a new one: who looks for it waits for all who did before.
-- name: op_alone(text)
SELECT pg_advisory_xact_lock(hashtext('isp-billing: save ' || $1));

-- name: router_at(text, int)
SELECT id FROM router_settings WHERE host = $1::text AND port = $2::int;

-- name: router_remove(uuid, text)
SELECT router_remove($1::uuid), audit('delete', 'router_setting', $1::text, NULL, $2::text);

-- name: radius_row()
SELECT * FROM radius_setting_rows;
