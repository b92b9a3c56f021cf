-- The person who added an item of a line: the discounts of an operator have one bound together.
BEGIN;

ALTER TABLE subscription_items ADD COLUMN actor text;

COMMIT;
