-- Customers, packages and lines brought in from what an operator used before.
BEGIN;

-- The origin of a row of ours: with it a second import finds what the first one made.
CREATE TABLE import_keys (
	source    text NOT NULL, -- sheet, phpnuxbill, laravel: one old system each
	kind      text NOT NULL CONSTRAINT import_keys_kind_check
	          CHECK (kind IN ('customer', 'package', 'subscription', 'credit', 'debt')),
	source_id text NOT NULL,
	id        uuid NOT NULL,
	made_at   timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (source, kind, source_id)
);

-- The rows of a file while it is read: raw as they stand in the file, and as our fields. Emptied by
-- the import that filled them; a crash of the database may lose them, never what was made of them.
CREATE UNLOGGED TABLE import_raw (
	batch uuid NOT NULL,
	line  int NOT NULL,
	name  text NOT NULL, -- the table of a dump; 'heading' and 'row' of a sheet
	data  jsonb NOT NULL
);
CREATE INDEX import_raw_batch ON import_raw (batch, name);

CREATE UNLOGGED TABLE import_rows (
	batch   uuid NOT NULL,
	line    int NOT NULL,
	key     text NOT NULL, -- of the line's customer and account in the old system
	data    jsonb NOT NULL,
	field   text,          -- at fault
	fault   text,
	outcome text CONSTRAINT import_rows_outcome_check CHECK (outcome IN ('created', 'unchanged', 'refused')),
	PRIMARY KEY (batch, line)
);

COMMIT;
