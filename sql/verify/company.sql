-- Verify company.
BEGIN;

SELECT company_name, company_address, company_phone, company_whatsapp FROM settings WHERE false;

ROLLBACK;
