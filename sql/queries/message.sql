-- message.sql: the outbox, as the notifier and the API see it.

-- The next message of a sender and all that its channel needs; no row: nothing may leave now.
-- name: message_take(text, text)
SELECT m.id::text AS id, m.event, m.channel, m.channel_id::text AS channel_id, m.recipient, m.subject, m.body, m.secret,
       coalesce(n.config, '{}')::text AS config, n.secret AS channel_secret, message_alert(m.alert_id)::text AS alert,
       t.wa_template, message_parameters(m, $2)::text AS wa_values, s.message_language AS language, s.private_peers
  FROM message_take($1, $2) m
  JOIN message_templates t ON t.event = m.event
 CROSS JOIN settings s
  LEFT JOIN notification_settings n ON n.id = m.channel_id;

-- name: message_done(uuid, text, text, integer)
SELECT message_done($1, $2, $3, $4);

-- name: message_chat_moved(uuid, text)
SELECT message_chat_moved($1, $2);

-- name: message_recover(text)
SELECT message_recover($1) AS recovered;

-- name: message_fan_out()
SELECT message_fan_out() AS more;

-- name: message_due_senders()
SELECT sender, wait_ms FROM message_due_senders() ORDER BY wait_ms, sender;

-- One worker a sender, over all machines; held until the session ends.
-- name: message_sender_lock(text)
SELECT pg_try_advisory_lock(hashtextextended('message_sender:' || $1, 0)) AS locked;

-- name: alert_sweep()
SELECT alert_sweep(business_today());

-- A test of a channel, made in state `sending`: who asked waits for it.
-- name: message_test(uuid, text)
SELECT m.id::text AS id, m.event, m.channel, m.channel_id::text AS channel_id, m.recipient, m.subject, m.body, m.secret,
       n.config::text AS config, n.secret AS channel_secret, NULL AS alert, t.wa_template,
       message_parameters(m, $2)::text AS wa_values, s.message_language AS language, s.private_peers
  FROM message_test($1, $2) m
  JOIN message_templates t ON t.event = m.event
 CROSS JOIN settings s
  JOIN notification_settings n ON n.id = m.channel_id;

-- name: message_resend(uuid)
SELECT message_resend($1);

-- name: channel_of_kind(text)
SELECT channel_of_kind($1)::text AS id;

-- name: message_preview(uuid, text, text, text, uuid, text)
SELECT event, subject_text AS subject, body_text AS text, fields, would_send FROM message_preview($1, $2, $3, $4, $5, $6);
