-- Deploy alert_languages: an alert keeps what its text was made of, so that a screen can say it in its reader's language.
BEGIN;

-- Alerts from before have none of the three: they show the text in which they were raised.
ALTER TABLE alert_logs
	ADD code   text,  -- the name of its text in alert_texts
	ADD texts  jsonb, -- {"id": {"title", "message"}, "en": ...}; {field} stands for a value
	ADD fields jsonb; -- the values

-- They have one argument more, or answer something else.
DROP FUNCTION IF EXISTS alert_raise(text, text, text, text, jsonb, text);
DROP FUNCTION IF EXISTS alert_resolve(text, text, text, jsonb);
DROP FUNCTION IF EXISTS alert_render(text, jsonb);
DROP FUNCTION IF EXISTS monitor_duration(interval);

UPDATE alert_texts SET
	message_en = '{name} ({host}) has not answered since {since}.{because}{affected}',
	message_id = '{name} ({host}) tidak menjawab sejak {since}.{because}{affected}'
WHERE name = 'device_down';

INSERT INTO alert_texts (name, title_en, message_en, title_id, message_id) VALUES
	('because', 'Why a device is down', ' {error}.', 'Sebab perangkat mati', ' {error}.'),
	('lasted_minutes', 'Under an hour', '{minutes} min', 'Di bawah satu jam', '{minutes} mnt'),
	('lasted_hours', 'Under a day', '{hours} h {minutes} min', 'Di bawah satu hari', '{hours} jam {minutes} mnt'),
	('lasted_days', 'A day or more', '{days} d {hours} h', 'Satu hari atau lebih', '{days} hari {hours} jam');

-- Words of the API inside a sentence: a status, a method of payment, a step of the night, how money went.
INSERT INTO alert_texts (name, title_en, message_en, title_id, message_id)
SELECT name, 'A word', en, 'Sebuah kata', id
  FROM (VALUES
	('unpaid', 'unpaid', 'belum dibayar'),
	('overdue', 'overdue', 'terlambat'),
	('paid', 'paid', 'lunas'),
	('cancelled', 'cancelled', 'dibatalkan'),
	('cash', 'cash', 'tunai'),
	('transfer', 'transfer', 'transfer'),
	('midtrans', 'Midtrans', 'Midtrans'),
	('qris', 'QRIS', 'QRIS'),
	('gopay', 'GoPay', 'GoPay'),
	('ovo', 'OVO', 'OVO'),
	('dana', 'DANA', 'DANA'),
	('card', 'card', 'kartu'),
	('bank_transfer', 'bank transfer', 'transfer bank'),
	('mobile_money', 'e-wallet', 'dompet digital'),
	('va', 'virtual account', 'virtual account'),
	('shopeepay', 'ShopeePay', 'ShopeePay'),
	('other', 'another way', 'cara lain'),
	('expire', '“End”', '“Berakhir”'),
	('suspend', '“Cut off”', '“Diputus”'),
	('void', 'voided', 'dibatalkan'),
	('chargeback', 'charged back', 'ditarik bank pelanggan'),
	('refund_written_off', 'refund written off', 'pengembalian dihapusbukukan')) AS w (name, en, id);

COMMIT;
