-- name: router_at(text, int)
SELECT id FROM router_settings WHERE host = $1::text AND port = $2::int;

-- name: router_remove(uuid, text)
SELECT router_remove($1::uuid), audit('delete', 'router_setting', $1::text, NULL, $2::text);

-- name: radius_row()
SELECT * FROM radius_setting_rows ORDER BY created_at LIMIT 1;
