-- The company that asks customers for money: its name and addresses are shown on the pay page, on papers and in messages.
BEGIN;

ALTER TABLE settings
	ADD COLUMN company_name     text NOT NULL DEFAULT '',
	ADD COLUMN company_address  text NOT NULL DEFAULT '',
	ADD COLUMN company_phone    text NOT NULL DEFAULT '',
	ADD COLUMN company_whatsapp text NOT NULL DEFAULT '';

COMMIT;
