-- Verify company_logo.
BEGIN;

SELECT one, png, version, updated_at FROM company_logos WHERE false;
SELECT 1 / (count(*) / 2) FROM pg_constraint WHERE conname IN ('company_logos_one_check', 'company_logos_png_check');
SELECT 1 / count(*) FROM pg_constraint WHERE conname = 'company_logos_pkey';

ROLLBACK;
