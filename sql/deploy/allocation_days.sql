-- The business days of allocations and cancellations, so that a report can show the debt of a past day; the payment that
-- put a line on stands in the log by its id.
BEGIN;

ALTER TABLE allocations ADD COLUMN entered_on date; -- the day from which on the invoice is owed less, or again
UPDATE allocations a
   SET entered_on = CASE WHEN a.amount > 0 AND a.created_at = p.created_at
       THEN greatest(i.issued_on, least((p.payment_date AT TIME ZONE 'Asia/Jakarta')::date, p.received_on))
       ELSE (a.created_at AT TIME ZONE 'Asia/Jakarta')::date END
  FROM allocations b
  JOIN invoices i ON i.id = b.invoice_id
  LEFT JOIN payments p ON p.id = b.payment_id
 WHERE b.id = a.id;
ALTER TABLE allocations ALTER COLUMN entered_on SET NOT NULL;

ALTER TABLE invoices ADD COLUMN cancelled_on date;
UPDATE invoices i
   SET cancelled_on = coalesce((
       SELECT coalesce((l.meta ->> 'date')::date, (l.created_at AT TIME ZONE 'Asia/Jakarta')::date)
         FROM billing_logs l WHERE l.invoice_id = i.id AND l.action = 'invoice_cancelled'
        ORDER BY l.created_at DESC LIMIT 1), (i.updated_at AT TIME ZONE 'Asia/Jakarta')::date)
 WHERE status = 'cancelled';
CREATE INDEX invoices_cancelled_on ON invoices (cancelled_on) WHERE cancelled_on IS NOT NULL;

UPDATE billing_logs l
   SET meta = l.meta || jsonb_build_object('payment_id', p.id)
  FROM payments p
 WHERE l.action = 'activated' AND p.customer_id = l.customer_id AND p.created_at = l.created_at AND NOT l.meta ? 'payment_id';

COMMIT;
