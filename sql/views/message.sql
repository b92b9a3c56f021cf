DROP VIEW IF EXISTS notification_setting_rows, message_template_rows, message_rows CASCADE;

-- has_NAME says whether the channel's secret is set; the secret is kept sealed in a column of its own.
CREATE VIEW notification_setting_rows AS
SELECT n.id, n.channel, n.name, n.audience,
       n.config || jsonb_build_object('has_' || CASE n.channel WHEN 'telegram' THEN 'bot_token' WHEN 'whatsapp' THEN 'token' ELSE 'secret' END,
                                      n.secret <> '') AS config,
       n.secret <> '' AS has_secret, n.events, n.gap_ms, n.is_active, s.failing_since, s.last_error, s.sent_today,
       n.created_at, n.updated_at
  FROM notification_settings n
  LEFT JOIN message_senders s ON s.sender = CASE n.channel WHEN 'email' THEN 'email' ELSE n.id::text END;

CREATE VIEW message_template_rows AS
SELECT t.id, t.event, t.audience, t.is_active, t.active_since, t.days, t.subject_id, t.body_id, t.subject_en, t.body_en,
       t.fields, t.wa_template, t.wa_fields, t.created_at, t.updated_at
  FROM message_templates t;

CREATE VIEW message_rows AS
SELECT m.id, m.event, m.channel, m.channel_id, n.name AS "channel_setting.name", m.state,
       m.state IN ('failed', 'unknown', 'cancelled') AS can_resend, m.recipient, m.subject, m.body, m.attempts, m.last_error,
       m.provider_id, m.alert_id, m.customer_id, c.name AS "customer.name", m.invoice_id, i.invoice_number AS "invoice.invoice_number",
       m.subscription_id, m.due_at, m.sent_at, m.created_at, m.updated_at
  FROM message_outbox m
  LEFT JOIN notification_settings n ON n.id = m.channel_id
  LEFT JOIN customers c ON c.id = m.customer_id
  LEFT JOIN invoices i ON i.id = m.invoice_id;
