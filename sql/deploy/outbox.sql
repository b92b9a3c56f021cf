-- Recoveries of alerts, templates, the outbox of every channel, proofs of restore.
BEGIN;

/*
 * notify: pending (the notifier has not looked at it), done (its messages stand in the outbox),
 * skipped (over before a message was sent), damped (its subject changes too often).
 */
ALTER TABLE alert_logs
	ADD COLUMN resolves       uuid REFERENCES alert_logs ON DELETE SET NULL, -- the alert this recovery ends
	ADD COLUMN repeats        int NOT NULL DEFAULT 0, -- raised again while open
	ADD COLUMN last_raised_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN notify         text NOT NULL DEFAULT 'done'
	                          CONSTRAINT alert_logs_notify_check CHECK (notify IN ('pending', 'done', 'skipped', 'damped'));
ALTER TABLE alert_logs ALTER COLUMN notify SET DEFAULT 'pending'; -- alerts from before stay as they are
CREATE INDEX alert_logs_key ON alert_logs (key, created_at) WHERE key IS NOT NULL;
CREATE INDEX alert_logs_notify ON alert_logs (created_at) WHERE notify = 'pending';

-- A channel tells the staff (alerts that `events` names) or the customers (messages about their bills).
ALTER TABLE notification_settings
	ADD COLUMN name     text NOT NULL DEFAULT '',
	ADD COLUMN secret   text NOT NULL DEFAULT '', -- sealed: bot token, signing secret, gateway token
	ADD COLUMN audience text NOT NULL DEFAULT 'staff'
	                    CONSTRAINT notification_settings_audience_check CHECK (audience IN ('staff', 'customers')),
	ADD COLUMN gap_ms   int CONSTRAINT notification_settings_gap_ms_check CHECK (gap_ms BETWEEN 0 AND 3600000); -- NULL: the channel's own

-- The text of a message: one row an event, in two languages. {name} stands for a field.
CREATE TABLE message_templates (
	id           uuid PRIMARY KEY DEFAULT uuidv7(),
	event        text NOT NULL CONSTRAINT message_templates_event_key UNIQUE,
	audience     text NOT NULL CHECK (audience IN ('staff', 'user', 'customers')),
	is_active    boolean NOT NULL,        -- those to customers: false until the owner says so
	active_since date,                    -- NULL: never switched on
	days         int CHECK (days BETWEEN 1 AND 30), -- due_soon: so many days before
	subject_id   text NOT NULL,
	body_id      text NOT NULL,
	subject_en   text NOT NULL,
	body_en      text NOT NULL,
	fields       text[] NOT NULL,
	wa_template  text,                    -- its name at Meta; NULL: not sent over the Cloud API
	wa_fields    text[] NOT NULL DEFAULT '{}', -- its parameters, in order
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now()
);

/*
 * pending → sending (committed before the call) → sent, failed, or unknown (a kill or a time-out:
 * nobody can know). cancelled: no longer true when its turn came.
 * sender: messages of one sender leave one after the other; all mail goes through one host.
 */
DROP TABLE message_outbox CASCADE; -- no program has ever read it
CREATE TABLE message_outbox (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	event           text NOT NULL REFERENCES message_templates (event),
	channel         text NOT NULL CHECK (channel IN ('telegram', 'email', 'webhook', 'whatsapp')),
	channel_id      uuid REFERENCES notification_settings ON DELETE CASCADE, -- NULL: mail of our own
	sender          text GENERATED ALWAYS AS (CASE WHEN channel = 'email' THEN 'email' ELSE channel_id::text END) STORED,
	alert_id        uuid REFERENCES alert_logs ON DELETE CASCADE,
	customer_id     uuid REFERENCES customers ON DELETE RESTRICT,
	invoice_id      uuid REFERENCES invoices ON DELETE RESTRICT,
	subscription_id uuid REFERENCES subscriptions ON DELETE RESTRICT,
	recipient       text NOT NULL,
	fields          jsonb NOT NULL DEFAULT '{}', -- beside those of its rows
	secret          text NOT NULL DEFAULT '', -- sealed, stands for {token}; gone once sent
	dedupe_key      text CONSTRAINT message_outbox_dedupe_key_key UNIQUE,
	subject         text,                     -- as it was sent last
	body            text,
	state           text NOT NULL DEFAULT 'pending'
	                CHECK (state IN ('pending', 'sending', 'sent', 'unknown', 'failed', 'cancelled')),
	attempts        int NOT NULL DEFAULT 0,
	last_error      text,
	provider_id     text,
	due_at          timestamptz NOT NULL DEFAULT now(),
	sent_at         timestamptz,
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT message_outbox_sender_check CHECK (channel = 'email' OR channel_id IS NOT NULL),
	CONSTRAINT message_outbox_alert_id_channel_id_key UNIQUE (alert_id, channel_id)
);
-- Staff and users first, then customers; what stands in line of one sender.
CREATE INDEX message_outbox_line ON message_outbox (sender, (customer_id IS NOT NULL), due_at) WHERE state = 'pending';
CREATE INDEX message_outbox_sending ON message_outbox (sender) WHERE state = 'sending';
CREATE INDEX message_outbox_customer ON message_outbox (customer_id, created_at) WHERE customer_id IS NOT NULL;
CREATE INDEX message_outbox_newest ON message_outbox (created_at DESC, id DESC);

-- Pace and health of what sends.
CREATE TABLE message_senders (
	sender        text PRIMARY KEY,
	next_at       timestamptz NOT NULL DEFAULT now(), -- no message before
	failures      int NOT NULL DEFAULT 0,
	failing_since timestamptz,
	last_error    text,
	first_day     date, -- its first message to a customer: the daily cap grows from then
	sent_day      date,
	sent_today    int NOT NULL DEFAULT 0,
	updated_at    timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE customers ADD COLUMN message_opt_out boolean NOT NULL DEFAULT false;

ALTER TABLE settings
	ADD COLUMN message_language   text NOT NULL DEFAULT 'id' CHECK (message_language IN ('id', 'en')),
	ADD COLUMN quiet_from_hour    int NOT NULL DEFAULT 20 CHECK (quiet_from_hour BETWEEN 0 AND 23), -- the same as until: none
	ADD COLUMN quiet_until_hour   int NOT NULL DEFAULT 8 CHECK (quiet_until_hour BETWEEN 0 AND 23),
	ADD COLUMN message_day_first  int NOT NULL DEFAULT 20 CHECK (message_day_first BETWEEN 1 AND 100000), -- a number's first day
	ADD COLUMN message_day_most   int NOT NULL DEFAULT 500 CHECK (message_day_most BETWEEN 1 AND 100000),
	ADD COLUMN private_peers      boolean NOT NULL DEFAULT false, -- webhooks and gateways at private addresses
	ADD COLUMN restore_proof_days int NOT NULL DEFAULT 3 CHECK (restore_proof_days BETWEEN 1 AND 365);

-- One row a backup that was restored and held against every rule.
CREATE TABLE restore_proofs (
	id        uuid PRIMARY KEY DEFAULT uuidv7(),
	proved_at timestamptz NOT NULL DEFAULT now(),
	backup    text NOT NULL, -- the file
	taken_at  timestamptz,
	seconds   int NOT NULL DEFAULT 0
);
CREATE INDEX restore_proofs_newest ON restore_proofs (proved_at DESC);

INSERT INTO message_templates (event, audience, is_active, days, fields, subject_id, body_id, subject_en, body_en) VALUES
('alert', 'staff', true, NULL, '{company,severity,title,message,time}',
 '[{severity}] {title}', E'{title}\n\n{message}\n\n{time}',
 '[{severity}] {title}', E'{title}\n\n{message}\n\n{time}'),
('recovery', 'staff', true, NULL, '{company,severity,title,message,time}',
 '[pulih] {title}', E'{title}\n\n{message}\n\n{time}',
 '[resolved] {title}', E'{title}\n\n{message}\n\n{time}'),
('test', 'staff', true, NULL, '{company,time}',
 'Pesan percobaan', E'Pesan percobaan dari {company}.\nJika Anda membaca ini, saluran ini berfungsi.\n\n{time}',
 'Test message', E'A test message from {company}.\nIf you read this, the channel works.\n\n{time}'),
('password_reset', 'user', true, NULL, '{company,name,app_url,token}',
 'Atur ulang kata sandi', E'Halo {name},\n\nBuka tautan ini untuk mengatur ulang kata sandi Anda (berlaku 60 menit, satu kali):\n{app_url}/reset-password?token={token}\n\nAbaikan pesan ini jika Anda tidak memintanya.\n\n{company}',
 'Reset your password', E'Hello {name},\n\nOpen this link to set a new password (valid for 60 minutes, once):\n{app_url}/reset-password?token={token}\n\nIgnore this message if you did not ask for it.\n\n{company}'),
('bill_issued', 'customers', false, NULL, '{company,name,invoice_number,amount,outstanding,due_date,package,username,pay_url}',
 'Tagihan {invoice_number}', E'Yth. {name},\n\nTagihan {invoice_number} untuk {package} sebesar {outstanding} telah terbit, jatuh tempo {due_date}.\nBayar: {pay_url}\n\n{company}',
 'Bill {invoice_number}', E'Dear {name},\n\nBill {invoice_number} for {package} over {outstanding} has been issued, due on {due_date}.\nPay: {pay_url}\n\n{company}'),
('due_soon', 'customers', false, 3, '{company,name,invoice_number,amount,outstanding,due_date,days,package,username,pay_url}',
 'Tagihan {invoice_number} segera jatuh tempo', E'Yth. {name},\n\nTagihan {invoice_number} sebesar {outstanding} jatuh tempo dalam {days} hari, {due_date}.\nBayar: {pay_url}\n\n{company}',
 'Bill {invoice_number} is due soon', E'Dear {name},\n\nBill {invoice_number} over {outstanding} is due in {days} days, on {due_date}.\nPay: {pay_url}\n\n{company}'),
('due_today', 'customers', false, NULL, '{company,name,invoice_number,amount,outstanding,due_date,package,username,pay_url}',
 'Tagihan {invoice_number} jatuh tempo hari ini', E'Yth. {name},\n\nTagihan {invoice_number} sebesar {outstanding} jatuh tempo hari ini.\nBayar: {pay_url}\n\n{company}',
 'Bill {invoice_number} is due today', E'Dear {name},\n\nBill {invoice_number} over {outstanding} is due today.\nPay: {pay_url}\n\n{company}'),
('overdue', 'customers', false, NULL, '{company,name,invoice_number,amount,outstanding,due_date,package,username,pay_url}',
 'Tagihan {invoice_number} telah lewat jatuh tempo', E'Yth. {name},\n\nTagihan {invoice_number} sebesar {outstanding} telah lewat jatuh tempo ({due_date}).\nBayar: {pay_url}\n\n{company}',
 'Bill {invoice_number} is overdue', E'Dear {name},\n\nBill {invoice_number} over {outstanding} was due on {due_date}.\nPay: {pay_url}\n\n{company}'),
('cut', 'customers', false, NULL, '{company,name,package,username}',
 'Layanan {username} dihentikan sementara', E'Yth. {name},\n\nLayanan {package} ({username}) dihentikan sementara karena tagihan belum dibayar.\n\n{company}',
 'Service {username} is suspended', E'Dear {name},\n\nThe service {package} ({username}) is suspended until the open bill is paid.\n\n{company}'),
('paid', 'customers', false, NULL, '{company,name,invoice_number,amount,package,username,pay_url}',
 'Pembayaran {invoice_number} diterima', E'Yth. {name},\n\nTagihan {invoice_number} sebesar {amount} telah lunas. Terima kasih.\n\n{company}',
 'Bill {invoice_number} is paid', E'Dear {name},\n\nBill {invoice_number} over {amount} is paid. Thank you.\n\n{company}'),
('restored', 'customers', false, NULL, '{company,name,package,username}',
 'Layanan {username} aktif kembali', E'Yth. {name},\n\nLayanan {package} ({username}) aktif kembali. Terima kasih.\n\n{company}',
 'Service {username} is active again', E'Dear {name},\n\nThe service {package} ({username}) is active again. Thank you.\n\n{company}'),
('planned_outage', 'customers', false, NULL, '{company,name,package,username,starts,ends,note}',
 'Pemeliharaan jaringan {starts}', E'Yth. {name},\n\nAda pemeliharaan jaringan dari {starts} sampai {ends}. {note}\nMohon maaf atas gangguan ini.\n\n{company}',
 'Network maintenance {starts}', E'Dear {name},\n\nThe network is under maintenance from {starts} to {ends}. {note}\nWe apologise for the interruption.\n\n{company}');

COMMIT;
