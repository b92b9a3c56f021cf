-- name: seal_after(text)
SELECT place, sealed FROM sealed_values WHERE place > $1 ORDER BY place LIMIT 500;

-- name: seal_replace(text, text, text)
SELECT seal_replace($1, $2, $3) AS replaced;
