-- A bill is cancelled when its money has become credit. One that was paid while its line ended was cancelled with that money on
-- it, and the customer lost it: now the database refuses that. Bills of earlier days are not tested (NOT VALID): ispctl check
-- names those that hold money.
BEGIN;

ALTER TABLE invoices ADD CONSTRAINT invoices_cancelled_check CHECK (status <> 'cancelled' OR paid_amount = 0) NOT VALID;

COMMIT;
