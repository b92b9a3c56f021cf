-- Deploy alert_texts: what alerts say, in the two languages of the setting message_language.
BEGIN;

/*
 * {field} stands for a value of the alert. A part of another text is a field whose value names it:
 * {"text": "affected", "customers": 3, ...}.
 */
CREATE TABLE alert_texts (
	name       text PRIMARY KEY,
	title_id   text NOT NULL,
	message_id text NOT NULL,
	title_en   text NOT NULL,
	message_en text NOT NULL
);

INSERT INTO alert_texts (name, title_en, message_en, title_id, message_id) VALUES
-- The network.
('device_down', '{name} is down', '{name} ({host}) has not answered since {since} UTC.{error}{affected}',
 '{name} mati', '{name} ({host}) tidak menjawab sejak {since} UTC.{error}{affected}'),
('affected', 'Customers behind a router', ' It serves {customers} customers, {amount} a month.',
 'Pelanggan di balik router', ' Melayani {customers} pelanggan, {amount} per bulan.'),
('device_up', '{name} is up again', '{name} ({host}) answers again. It was down for {duration}.',
 '{name} hidup kembali', '{name} ({host}) menjawab lagi. Lama mati: {duration}.'),
('latency_high', '{name} answers slowly', '{name} ({host}) takes {latency} ms, more than {limit}.',
 '{name} lambat menjawab', '{name} ({host}) perlu {latency} ms, lebih dari {limit}.'),
('latency_normal', '{name} answers quickly again', '{name} ({host}) takes {latency} ms.',
 '{name} cepat menjawab lagi', '{name} ({host}) perlu {latency} ms.'),
('loss_high', '{name} loses packets', '{name} ({host}) loses {loss}%, more than {limit}%.',
 '{name} kehilangan paket', '{name} ({host}) kehilangan {loss}%, lebih dari {limit}%.'),
('loss_normal', '{name} loses no more packets', '{name} ({host}) loses {loss}%.',
 '{name} tidak lagi kehilangan paket', '{name} ({host}) kehilangan {loss}%.'),
('bandwidth_full', '{name} {interface} is nearly full', '{interface} of {name} carries {used} of {speed} Mbit/s.',
 '{name} {interface} hampir penuh', '{interface} di {name} memakai {used} dari {speed} Mbit/s.'),
('bandwidth_free', '{name} {interface} has room again', '{interface} of {name} carries {used} of {speed} Mbit/s.',
 '{name} {interface} longgar kembali', '{interface} di {name} memakai {used} dari {speed} Mbit/s.'),
-- The system about itself.
('router_broken', 'Router {name} cannot be reached or refuses us', 'Since {since}. {error}',
 'Router {name} tidak terjangkau atau menolak kami', 'Sejak {since}. {error}'),
('run_missing', 'The nightly billing run is missing', 'Last finished run: {last}',
 'Proses tagihan malam tidak berjalan', 'Terakhir selesai: {last}'),
('channel_failing', 'Messages over {channel} are failing', 'Since {since}: {error}',
 'Pesan lewat {channel} gagal terkirim', 'Sejak {since}: {error}'),
('webhook_silence', 'Midtrans notifications do not arrive', '{count} payments of the last 24 hours became known only because we asked.',
 'Notifikasi Midtrans tidak sampai', '{count} pembayaran dalam 24 jam terakhir baru diketahui karena kami bertanya.'),
('restore_unproved', 'No backup was proved by a restore', 'Last proof: {last}. Run ispctl restore-test.',
 'Belum ada cadangan yang teruji dengan pemulihan', 'Bukti terakhir: {last}. Jalankan ispctl restore-test.'),
('over', 'Over: {title}', '{message}', 'Selesai: {title}', '{message}'),
('drift', 'Router {name} differs from the database', '{difference}. See ispctl router plan.',
 'Router {name} berbeda dari basis data', '{difference}. Lihat ispctl router plan.'),
-- Lines.
('night_guarded', 'The night of {date} took no line off',
 'The step {step} would take {due} lines off, more than {most}. Look at the preview, then run it with --force.',
 'Malam {date} tidak memutus satu pun layanan',
 'Langkah {step} akan memutus {due} layanan, lebih dari {most}. Lihat pratinjau, lalu jalankan dengan --force.'),
('cut_unanswered', '{username} suspended without an answer',
 'Midtrans has given no answer for {nights} nights. If {customer} has paid, the payment will be found later.',
 '{username} dihentikan tanpa jawaban',
 'Midtrans tidak menjawab selama {nights} malam. Jika {customer} sudah membayar, pembayarannya akan ditemukan nanti.'),
-- Money.
('payment_received', 'Payment received: {amount}', '{amount} from {customer} by {method}',
 'Pembayaran diterima: {amount}', '{amount} dari {customer} lewat {method}'),
('money_archived', 'Money for an archived customer', '{amount} by {method} arrived for {invoice}. What no invoice needs is kept as credit.',
 'Uang untuk pelanggan yang diarsipkan', '{amount} lewat {method} masuk untuk {invoice}. Sisa yang tidak terpakai menjadi saldo.'),
('money_closed', 'Money for a {status} invoice', '{amount} by {method} arrived for {invoice}. What no invoice needs is kept as credit.',
 'Uang untuk tagihan berstatus {status}', '{amount} lewat {method} masuk untuk {invoice}. Sisa yang tidak terpakai menjadi saldo.'),
('payment_lost', 'Payment taken back: {what}', '{amount} of the payment {reference} is gone.',
 'Pembayaran ditarik kembali: {what}', '{amount} dari pembayaran {reference} hilang.'),
('order_unknown', 'Payment for an unknown order',
 'Midtrans reports a payment of {currency} {amount} for order {order}, which is not ours. Look it up in the dashboard of Midtrans.',
 'Pembayaran untuk pesanan tak dikenal',
 'Midtrans melaporkan pembayaran {currency} {amount} untuk pesanan {order} yang bukan milik kami. Periksa di dasbor Midtrans.'),
('payment_unknown', 'Midtrans does not know a payment in our books',
 'A notification for order {order} reported a payment of {amount} ({transaction}). Midtrans, asked, does not know it.',
 'Midtrans tidak mengenal pembayaran di pembukuan kami',
 'Notifikasi pesanan {order} melaporkan pembayaran {amount} ({transaction}). Midtrans, ketika ditanya, tidak mengenalnya.'),
('notice_unconfirmed', 'A notification was not confirmed',
 'A notification for order {order} reported {status}. Midtrans, asked, does not confirm it.',
 'Notifikasi tidak dikonfirmasi',
 'Notifikasi pesanan {order} melaporkan {status}. Midtrans, ketika ditanya, tidak mengonfirmasinya.');

-- Decisions about what Midtrans reports: a title each, one message.
INSERT INTO alert_texts (name, title_en, message_en, title_id, message_id)
SELECT name, title_en, 'Order {order} over {amount}: Midtrans reports {status} over {gross} (rule {rule}).', title_id,
       'Pesanan {order} sebesar {amount}: Midtrans melaporkan {status} sebesar {gross} (aturan {rule}).'
  FROM (VALUES
	('payment_foreign', 'Payment in another currency or of another merchant', 'Pembayaran dalam mata uang atau untuk merchant lain'),
	('payment_odd', 'Payment of an amount that is no whole rupiah', 'Pembayaran yang bukan rupiah bulat'),
	('notice_inconsistent', 'Notification that does not add up', 'Notifikasi yang tidak cocok'),
	('payment_status_unknown', 'Payment with an unknown status', 'Pembayaran dengan status tak dikenal'),
	('books_disagree', 'Midtrans and our books disagree', 'Midtrans dan pembukuan kami berbeda'),
	('payment_taken_back', 'Payment reported as taken back', 'Pembayaran dilaporkan ditarik kembali'),
	('payment_refunded', 'Payment refunded', 'Pembayaran dikembalikan'),
	('payment_charged_back', 'Payment charged back', 'Pembayaran ditarik bank pelanggan'),
	('card_review', 'Card payment under review', 'Pembayaran kartu sedang ditinjau'),
	('payment_cancelled', 'Settled payment cancelled', 'Pembayaran yang sudah selesai dibatalkan'),
	('payment_differs', 'Payment of another amount', 'Pembayaran dengan jumlah lain')) AS t (name, title_en, title_id);

COMMIT;
