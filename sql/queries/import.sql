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

-- name: import_judge(uuid, text)
SELECT import_judge($1::uuid, $2::text);

-- name: import_apply(uuid, text, int, date)
SELECT import_apply($1::uuid, $2::text, $3::int, coalesce(nullif($4::text, '')::date, business_today())) AS n;

-- name: import_refused(uuid)
SELECT line, data ->> 'name' AS name, field, fault FROM import_rows WHERE batch = $1::uuid AND outcome = 'refused' ORDER BY line;

-- name: import_counts(uuid)
SELECT count(*) FILTER (WHERE outcome = 'created') AS created, count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
       count(*) FILTER (WHERE outcome = 'refused') AS refused
  FROM import_rows WHERE batch = $1::uuid;

-- name: import_forget(uuid)
WITH raw AS (DELETE FROM import_raw WHERE batch = $1::uuid)
DELETE FROM import_rows WHERE batch = $1::uuid;

-- name: import_batch()
SELECT uuidv7()::text AS id;
