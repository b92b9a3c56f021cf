-- The user who took the money: the cashier of a day's list.
BEGIN;

ALTER TABLE payments ADD COLUMN actor text;
UPDATE payments p SET actor = l.actor
  FROM billing_logs l
 WHERE l.action IN ('paid', 'part_paid', 'surplus', 'deposit') AND l.meta ->> 'payment_id' = p.id::text;
CREATE INDEX payments_actor ON payments (actor, received_on) WHERE actor IS NOT NULL;

COMMIT;
