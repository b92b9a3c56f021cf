"""The change `days` over the rows of a provider that billed before it: days of service get a ledger, bills get
lines, end_date and money stay for everybody; and the change can be taken back."""
import datetime

from test_sqitch import Database, cluster, plan  # noqa: F401 (fixture)

BEFORE = """
INSERT INTO packages (id, name, bandwidth, price, router_profile) VALUES ('00000000-0000-0000-0000-0000000000b1', 'Home', '10M/10M', 150000, 'home');
INSERT INTO customers (id, name, credit) SELECT ('00000000-0000-0000-0000-0000000000c' || n)::uuid, 'Customer ' || n, 0 FROM generate_series(1, 8) n;
INSERT INTO subscriptions (id, customer_id, package_id, mikrotik_username, mikrotik_password, start_date, end_date, status, suspend_reason)
SELECT ('00000000-0000-0000-0000-0000000000a' || n)::uuid, ('00000000-0000-0000-0000-0000000000c' || n)::uuid,
       '00000000-0000-0000-0000-0000000000b1', name, '', '2026-01-01', ends::date, status, reason
FROM (VALUES (1, 'paid_twice',      '2026-03-01', 'active',    NULL),
             (2, 'first_unpaid',    '2026-01-30', 'active',    NULL),
             (3, 'cut_for_debt',    '2026-01-30', 'suspended', 'debt'),
             (4, 'paid_late',       '2026-03-15', 'active',    NULL),
             (5, 'given_at_start',  '2026-02-14', 'active',    NULL),
             (6, 'expired',         '2026-01-30', 'expired',   NULL),
             (7, 'off_by_hand',     '2026-02-20', 'suspended', 'manual'),
             (8, 'gone',            '2026-01-10', 'cancelled', NULL)) AS line (n, name, ends, status, reason);
INSERT INTO invoices (id, invoice_number, subscription_id, customer_id, package_id, kind, amount, paid_amount, period_start, period_end,
	issued_on, due_date, status, replaced_end_date, settled_end_date)
SELECT ('00000000-0000-0000-0000-0000000000d' || n)::uuid, 'INV-20260101-000' || n, ('00000000-0000-0000-0000-0000000000a' || line)::uuid,
       ('00000000-0000-0000-0000-0000000000c' || line)::uuid, CASE kind WHEN 'other' THEN NULL ELSE uuid '00000000-0000-0000-0000-0000000000b1' END,
       kind, 150000, CASE status WHEN 'paid' THEN 150000 ELSE 0 END, first::date, last::date, '2026-01-01', '2026-01-04', status, replaced::date, settled::date
FROM (VALUES (1, 1, 'first',   '2026-01-01', '2026-01-30', 'paid',    '2026-01-30', '2026-01-30'),
             (2, 1, 'renewal', '2026-01-31', '2026-03-01', 'paid',    '2026-01-30', '2026-03-01'),
             (3, 2, 'first',   '2026-01-01', '2026-01-30', 'unpaid',  NULL, NULL),
             (4, 3, 'first',   '2026-01-01', '2026-01-30', 'paid',    '2026-01-30', '2026-01-30'),
             (5, 3, 'renewal', '2026-01-31', '2026-03-01', 'overdue', NULL, NULL),
             (6, 4, 'first',   '2026-01-01', '2026-01-30', 'paid',    '2026-01-30', '2026-01-30'),
             (7, 4, 'renewal', '2026-01-31', '2026-03-01', 'paid',    '2026-01-30', '2026-03-15'),
             (8, 5, 'other',   NULL, NULL, 'unpaid', NULL, NULL),
             (9, 8, 'first',   '2026-01-01', '2026-01-30', 'cancelled', NULL, NULL)) AS bill (n, line, kind, first, last, status, replaced, settled);
INSERT INTO billing_logs (customer_id, subscription_id, action, message, meta, created_at)
SELECT customer_id, id, 'created', '', jsonb_build_object('start_date', start_date, 'end_date',
       CASE mikrotik_username WHEN 'given_at_start' THEN date '2026-02-14' WHEN 'off_by_hand' THEN '2026-02-10' ELSE '2026-01-30' END), '2026-01-01'
FROM subscriptions;
INSERT INTO billing_logs (customer_id, subscription_id, action, message, created_at)
SELECT customer_id, id, status, '', '2026-02-01 00:05+07' FROM subscriptions WHERE status IN ('suspended', 'expired') AND mikrotik_username <> 'expired';
INSERT INTO payments (id, invoice_id, customer_id, amount, received_on, reference)
SELECT ('00000000-0000-0000-0000-0000000000e' || right(invoice_number, 1))::uuid, id, customer_id, 150000, '2026-01-02', 'R' || invoice_number FROM invoices WHERE status = 'paid';
INSERT INTO allocations (invoice_id, payment_id, amount) SELECT invoice_id, id, amount FROM payments;
"""
LINES = "SELECT mikrotik_username, start_date, end_date, status, suspend_reason, auto_renew FROM subscriptions ORDER BY seq"
MONEY = ("SELECT invoice_number, amount, paid_amount, due_date, status, (SELECT sum(amount)::bigint FROM allocations WHERE invoice_id = i.id)"
         " FROM invoices i ORDER BY seq")
PAYMENTS = "SELECT id::text, invoice_id::text, amount, received_on, reference FROM payments ORDER BY seq"
# Breaches of the laws of the contract, 5.1, and of bills with lines.
BROKEN = """
SELECT s.mikrotik_username || ' ends on another day' FROM subscriptions s
 WHERE end_date <> start_date - 1 + (SELECT coalesce(sum(days), 0)::int FROM service_days WHERE subscription_id = s.id)
UNION ALL
SELECT i.invoice_number || ' stands in the ledger with other days' FROM invoices i
 WHERE (SELECT coalesce(sum(days), 0) FROM service_days WHERE invoice_id = i.id AND kind = 'period')
       <> CASE WHEN i.status = 'paid' AND i.grants_days THEN i.period_end - i.period_start + 1 ELSE 0 END
UNION ALL
SELECT i.invoice_number || ' is not its lines' FROM invoices i WHERE amount <> (SELECT sum(amount) FROM invoice_lines WHERE invoice_id = i.id)
UNION ALL
SELECT s.mikrotik_username || ' is off without a span, or on with one' FROM subscriptions s
 WHERE status <> 'cancelled' AND (status = 'active') = EXISTS (SELECT FROM service_offs WHERE subscription_id = s.id AND back_on IS NULL)
"""


def rows(database, text):
    with database.connect() as conn, conn.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else []


def ledger(database, name):
    return rows(database, "SELECT kind, days FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id"
                          " WHERE s.mikrotik_username = '%s' ORDER BY d.id" % name)


def test_old_rows_are_carried_over_and_back(cluster):  # noqa: F811
    database = Database(cluster, "days_over_old_rows")
    changes = plan()
    database.sqitch("deploy", "--to", changes[changes.index("days") - 1])
    rows(database, BEFORE)
    had = rows(database, LINES), rows(database, MONEY), rows(database, PAYMENTS)

    database.sqitch("deploy", "--to", "days")
    assert (rows(database, LINES), rows(database, MONEY), rows(database, PAYMENTS)) == had, "end dates and money stay"
    assert rows(database, BROKEN) == []
    assert ledger(database, "paid_twice") == [("period", 30), ("period", 30)]
    assert ledger(database, "first_unpaid") == [("start", 30)], "its days were granted with the bill"
    assert rows(database, "SELECT kind, grants_days FROM invoices WHERE invoice_number = 'INV-20260101-0003'") == [("other", False)]
    assert ledger(database, "cut_for_debt") == [("period", 30)]
    assert ledger(database, "paid_late") == [("period", 30), ("period", 30), ("gift", 14)], "what the late payment gave"
    assert ledger(database, "given_at_start") == [("start", 45)]
    assert ledger(database, "off_by_hand") == [("start", 41), ("gift", 10)]
    offs = rows(database, "SELECT s.mikrotik_username, o.from_day, o.cause FROM service_offs o JOIN subscriptions s ON s.id = o.subscription_id ORDER BY 1")
    assert offs == [("cut_for_debt", datetime.date(2026, 2, 1), "debt"), ("expired", datetime.date(2026, 1, 31), "expired"),
                    ("off_by_hand", datetime.date(2026, 2, 1), "manual")]
    assert rows(database, "SELECT l.kind, l.text, l.amount FROM invoice_lines l JOIN invoices i ON i.id = invoice_id"
                          " WHERE invoice_number IN ('INV-20260101-0001', 'INV-20260101-0008') ORDER BY i.seq") == [
                              ("package", "Home", 150000), ("charge", "Charge", 150000)]

    database.sqitch("revert", "-y", "--to", changes[changes.index("days") - 1])
    assert (rows(database, LINES), rows(database, MONEY), rows(database, PAYMENTS)) == had, "and back"
    database.sqitch("deploy", "--to", "days")
    assert rows(database, LINES) == had[0] and rows(database, BROKEN) == []
    database.sqitch("deploy", "--verify")
    assert (rows(database, LINES), rows(database, MONEY)) == had[:2], "whatever comes after it"
