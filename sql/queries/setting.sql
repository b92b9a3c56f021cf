-- name: setting_row()
SELECT * FROM setting_rows;

-- name: setting_save(jsonb, text)
SELECT setting_save($1::jsonb, $2::text, business_today());

-- name: setting_preset(text, boolean, text)
SELECT setting_preset($1, $2::boolean, $3::text, business_today())::text AS unreached;
