-- The price at which the days of a paid bill count after a change of the package with proration.
BEGIN;

ALTER TABLE invoices ADD COLUMN changed_price bigint; -- of its whole period, with the new package; NULL: as its lines say

COMMIT;
