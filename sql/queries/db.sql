-- What lib/db itself says to the database.

-- name: db_who(text, text)
SELECT set_config('isp.actor', $1, false), set_config('isp.request_id', $2, false);
