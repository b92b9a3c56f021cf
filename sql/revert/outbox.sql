-- Revert outbox. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE restore_proofs CASCADE;
ALTER TABLE settings
	DROP COLUMN message_language CASCADE, DROP COLUMN quiet_from_hour CASCADE, DROP COLUMN quiet_until_hour CASCADE,
	DROP COLUMN message_day_first CASCADE, DROP COLUMN message_day_most CASCADE, DROP COLUMN private_peers CASCADE,
	DROP COLUMN restore_proof_days CASCADE;
ALTER TABLE customers DROP COLUMN message_opt_out CASCADE;
DROP TABLE message_senders CASCADE;
DROP TABLE message_outbox CASCADE;
DROP TABLE message_templates CASCADE;
ALTER TABLE notification_settings
	DROP COLUMN name CASCADE, DROP COLUMN secret CASCADE, DROP COLUMN audience CASCADE, DROP COLUMN gap_ms CASCADE;
ALTER TABLE alert_logs
	DROP COLUMN resolves CASCADE, DROP COLUMN repeats CASCADE, DROP COLUMN last_raised_at CASCADE, DROP COLUMN notify CASCADE;

CREATE TABLE message_outbox (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	alert_id   uuid NOT NULL REFERENCES alert_logs ON DELETE CASCADE,
	channel_id uuid REFERENCES notification_settings ON DELETE CASCADE, -- NULL: not fanned out yet
	state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
	attempts   int NOT NULL DEFAULT 0,
	last_error text,
	due_at     timestamptz NOT NULL DEFAULT now(),
	sent_at    timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (alert_id, channel_id)
);
CREATE INDEX message_outbox_due ON message_outbox (due_at) WHERE state = 'pending';

COMMIT;
