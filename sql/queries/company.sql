-- name: company_row()
SELECT * FROM company_rows;

-- name: company_logo_row()
SELECT encode(png, 'base64') AS png FROM company_logos;

-- name: company_logo_save(text, text)
SELECT company_logo_save($1, $2);
