-- Verify company_texts.
BEGIN;

SELECT company_receipt_footer, company_whatsapp_text FROM settings WHERE false;

ROLLBACK;
