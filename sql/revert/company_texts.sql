-- Revert company_texts.
BEGIN;

ALTER TABLE settings DROP COLUMN company_receipt_footer, DROP COLUMN company_whatsapp_text;

COMMIT;
