-- Revert midtrans. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE midtrans_logs CASCADE;
DROP TABLE midtrans_jobs CASCADE;
DROP TABLE midtrans_verdicts CASCADE;
DROP TABLE midtrans_copies CASCADE;
DROP TABLE midtrans_events CASCADE;
DROP TABLE midtrans_refund_keys CASCADE;
DROP TABLE midtrans_refunds CASCADE;
DROP TABLE midtrans_unknown_ids CASCADE;
DROP TABLE midtrans_transactions CASCADE;
DROP TABLE midtrans_attempts CASCADE;

COMMIT;
