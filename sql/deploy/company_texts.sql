-- The owner's words on papers, and in the text that an operator sends by WhatsApp from a bill; empty: those of the console.
BEGIN;

ALTER TABLE settings
	ADD COLUMN company_receipt_footer text NOT NULL DEFAULT '',
	ADD COLUMN company_whatsapp_text  text NOT NULL DEFAULT '';

COMMIT;
