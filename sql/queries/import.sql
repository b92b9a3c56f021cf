-- import.sql: what lib/billing/import.c says; the rules are in sql/functions/import.sql.

-- name: import_add(uuid, jsonb)
INSERT INTO import_raw (batch, line, name, data)
SELECT $1::uuid, (r ->> 'line')::int, r ->> 'name', r -> 'data' FROM jsonb_array_elements($2::jsonb) r;

-- name: import_map_sheet(uuid)
SELECT import_map_sheet($1::uuid);

-- name: import_map_phpnuxbill(uuid)
SELECT import_map_phpnuxbill($1::uuid);

-- name: import_map_laravel(uuid)
SELECT import_map_laravel($1::uuid);

-- name: import_map_routers(uuid)
SELECT import_map_routers($1::uuid);

-- name: import_map_mikhmon(uuid)
SELECT import_map_mikhmon($1::uuid);

-- name: import_until(uuid, date, date)
SELECT import_until($1::uuid, nullif($2::text, '')::date, coalesce(nullif($3::text, '')::date, business_today()));

-- name: import_passwords(uuid)
SELECT line, data ->> 'password' AS password, coalesce(data ->> 'subscription', uuidv7()::text) AS subscription
  FROM import_rows WHERE batch = $1::uuid AND outcome IS NULL AND data ? 'password' ORDER BY line LIMIT 500;

-- name: import_sealed(uuid, jsonb)
UPDATE import_rows r
   SET data = r.data - 'password' || jsonb_build_object('sealed', s.sealed, 'subscription', s.subscription)
  FROM jsonb_to_recordset($2::jsonb) AS s (line int, sealed text, subscription text)
 WHERE r.batch = $1::uuid AND r.line = s.line;

-- name: import_left_out(uuid)
SELECT (SELECT count(*) FROM import_raw WHERE batch = $1::uuid AND name IN ('ppp', 'hotspot'))
       - (SELECT count(*) FROM import_rows WHERE batch = $1::uuid) AS n;

-- name: import_judge(uuid, text, boolean, date)
SELECT import_judge($1::uuid, $2::text, $3::boolean, coalesce(nullif($4::text, '')::date, business_today()));

-- name: import_apply(uuid, text, int, date)
SELECT import_apply($1::uuid, $2::text, $3::int, coalesce(nullif($4::text, '')::date, business_today())) AS n;

-- name: import_analyze()
SELECT import_analyze();

-- name: import_refused(uuid)
SELECT line, data ->> 'name' AS name, field, split_part(fault, E'\t', 1) AS fault,
       nullif(split_part(fault, E'\t', 2), '') AS code
  FROM import_rows WHERE batch = $1::uuid AND outcome = 'refused' ORDER BY line;

-- name: import_counts(uuid)
SELECT count(*) FILTER (WHERE outcome = 'created') AS created, count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
       count(*) FILTER (WHERE outcome = 'refused') AS refused
  FROM import_rows WHERE batch = $1::uuid;

-- name: import_forget(uuid)
WITH raw AS (DELETE FROM import_raw WHERE batch = $1::uuid)
DELETE FROM import_rows WHERE batch = $1::uuid;

-- name: import_batch()
SELECT uuidv7()::text AS id;
