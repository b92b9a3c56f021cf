-- Lines adopted from routers: names under which other programs isolate who does not pay.
BEGIN;

ALTER TABLE settings
	ADD COLUMN isolation_names text NOT NULL DEFAULT 'isolir,isolated,isolasi,blokir,suspend,expired';

COMMIT;
