-- Revert company_logo.
BEGIN;

DROP TABLE company_logos;

COMMIT;
