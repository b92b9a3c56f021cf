-- Lines adopted from routers: names under which other programs isolate who does not pay.
BEGIN;

ALTER TABLE settings
	ADD COLUMN isolation_names text NOT NULL DEFAULT 'isolir,isolated,isolasi,blokir,suspend,expired';

-- The next rows to take, among many that are taken.
CREATE INDEX import_rows_waiting ON import_rows (batch, line) WHERE outcome IS NULL;

COMMIT;
