BEGIN;
SELECT source, kind, source_id, id, made_at FROM import_keys WHERE false;
SELECT batch, line, name, data FROM import_raw WHERE false;
SELECT batch, line, key, data, field, fault, outcome FROM import_rows WHERE false;
SELECT 1 / count(*) FROM pg_indexes WHERE indexname = 'import_raw_batch';
SELECT 1 / (count(*) / 2) FROM pg_constraint WHERE conname IN ('import_keys_kind_check', 'import_rows_outcome_check');
SELECT 1 / (count(*) / 2) FROM pg_constraint WHERE conname IN ('import_keys_pkey', 'import_rows_pkey');
ROLLBACK;
