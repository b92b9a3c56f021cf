-- paper.sql: the content of a bill's paper. The link alone ($2 false) shows no address and no number of the customer.

-- name: paper_head(uuid, boolean)
SELECT CASE i.status WHEN 'paid' THEN 'KUITANSI' WHEN 'cancelled' THEN 'DIBATALKAN' ELSE 'TAGIHAN' END AS title,
       i.invoice_number AS number, coalesce(nullif(g.company_name, ''), 'ISP') AS company, g.company_address AS address,
       concat_ws(' · ', nullif(g.company_phone, ''), 'WhatsApp ' || nullif(g.company_whatsapp, '')) AS contact, g.company_receipt_footer AS footer,
       c.name AS customer, CASE WHEN $2::boolean THEN c.address END AS customer_address,
       CASE WHEN $2::boolean THEN c.npwp END AS npwp, CASE WHEN $2::boolean THEN s.mikrotik_username END AS username,
       date_text(i.issued_on) AS issued, CASE WHEN i.is_open THEN date_text(i.due_date) END AS due,
       date_text(i.period_start) || ' – ' || date_text(i.period_end) AS period, i.notes,
       i.subtotal, i.discount, i.tax_amount, i.amount, i.paid_amount, i.is_open, i.status = 'cancelled' AS is_cancelled,
       coalesce((SELECT sum(amount) FROM invoice_lines WHERE invoice_id = i.id AND kind = 'tax'), 0)::bigint AS tax_line
  FROM invoices i
 CROSS JOIN settings g
  JOIN customers c ON c.id = i.customer_id
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
 WHERE i.id = $1::uuid;

-- name: paper_lines(uuid)
SELECT text, quantity, unit_price, amount FROM invoice_lines WHERE invoice_id = $1::uuid AND kind <> 'tax' ORDER BY position;

-- name: paper_payments(uuid)
SELECT date_text(business_day(coalesce(min(p.payment_date), min(a.created_at)))) AS label,
       rupiah(sum(a.amount)::bigint) || ' · ' || CASE WHEN p.id IS NULL THEN 'kredit' ELSE coalesce((SELECT message_id FROM alert_texts WHERE name = p.method), upper(p.method)) END AS value
  FROM allocations a LEFT JOIN payments p ON p.id = a.payment_id
 WHERE a.invoice_id = $1::uuid
 GROUP BY p.id, p.method, a.gift_id HAVING sum(a.amount) > 0
 ORDER BY min(a.id);
