-- Revert company.
BEGIN;

ALTER TABLE settings DROP COLUMN company_name, DROP COLUMN company_address, DROP COLUMN company_phone,
	DROP COLUMN company_whatsapp;

COMMIT;
