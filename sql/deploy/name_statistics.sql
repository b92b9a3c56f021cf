-- Whether a text that is searched is frequent among names decides how their bills are found. The planner saw none of 1,000 such
-- names among 20,000 in its sample of 100, and read all of their 50,000 bills for a page: 40 times as long as from the newest bill on.
BEGIN;

ALTER TABLE customers ALTER COLUMN name SET STATISTICS 1000;
ANALYZE customers (name);

COMMIT;
