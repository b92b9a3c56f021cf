BEGIN;
DROP TABLE import_rows, import_raw, import_keys;
COMMIT;
