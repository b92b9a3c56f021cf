-- Refused by a standby and by a read-only session, and locks no row.
-- name: health()
SELECT FROM settings WHERE false FOR SHARE;
