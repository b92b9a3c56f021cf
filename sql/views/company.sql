DROP VIEW IF EXISTS company_rows CASCADE;

-- The company that asks customers for money, for anybody; the address of a logo changes with the logo.
CREATE VIEW company_rows AS
SELECT t.company_name AS name, t.company_phone AS phone, t.company_whatsapp AS whatsapp, t.company_address AS address,
       '/api/public/logo?v=' || l.version AS logo
  FROM settings t
  LEFT JOIN company_logos l ON true;
