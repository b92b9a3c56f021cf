"""Money under concurrency, each race by name, on real connections. After each test every
invariant must hold (money_db)."""
import itertools
import json
import os
import sys
import threading
import time

import psycopg2
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from money import cluster, money_db  # noqa: F401 (fixtures)

# Lines begin on JAN_1; a period paid elsewhere ends on JAN_30. A first bill is overdue on FEB_1, and on MAR_1, the
# day of the payments, it is past its grace.
JAN_1, JAN_30, FEB_1, MAR_1 = "2026-01-01", "2026-01-30", "2026-02-01", "2026-03-01"


class Town:
    """A package of 100000 for 30 days, and the customers who buy it."""

    def __init__(self, connect):
        self.connect, self.names, self.db = connect, itertools.count(1), connect()
        self.package = self.one("INSERT INTO packages (name, bandwidth, price, router_profile)"
                                " VALUES ('P', '10M/10M', 100000, 'p') RETURNING id")

    def rows(self, text, *args, conn=None):
        with (conn or self.db).cursor() as cursor:
            cursor.execute(text, args)
            return cursor.fetchall()

    def one(self, text, *args):
        return self.rows(text, *args)[0][0]

    def customer(self):
        return self.one("INSERT INTO customers (name) VALUES ('C') RETURNING id")

    def subscription(self, customer, **fields):
        return self.one("SELECT subscription_create(%s, %s)", json.dumps(dict({
            "customer_id": customer, "package_id": self.package, "mikrotik_password": "x", "issue_invoice": True,
            "mikrotik_username": "u%d" % next(self.names)}, **fields)), JAN_1)

    def invoice(self, sub):
        return self.one("SELECT id FROM invoices WHERE subscription_id = %s", sub)

    def mark_overdue(self, sub):
        """Mark its invoice as overdue; it is past its grace, and the service is still on."""
        self.one("SELECT count(*) FROM billing_overdue(%s::uuid[], %s)", [self.invoice(sub)], FEB_1)

    def renewable(self, n):
        """Lines whose first 30 days were paid elsewhere."""
        return [self.subscription(self.customer(), issue_invoice=False, start_date=JAN_1, end_date=JAN_30)
                for _ in range(n)]


@pytest.fixture
def town(money_db):  # noqa: F811
    return Town(money_db)


def book(invoice, **fields):
    return "SELECT payment_id, repeated FROM payment_book(%s, %s)", (json.dumps(dict(fields, invoice_id=invoice)), MAR_1)


def at_once(town, statements):
    """Run the statements at the same moment, each on a connection of its own. Returns for each its rows, or the
    SQLSTATE of its refusal."""
    barrier, answers = threading.Barrier(len(statements)), [None] * len(statements)

    def run(n, text, args):
        conn = town.connect()
        barrier.wait()
        try:
            answers[n] = town.rows(text, *args, conn=conn)
        except psycopg2.Error as error:
            answers[n] = error.pgcode
        conn.close()

    threads = [threading.Thread(target=run, args=(n, *s)) for n, s in enumerate(statements)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a request hangs"
    return answers


def wait_for_locks(town, n):
    """Wait until n connections wait for a lock."""
    end = time.monotonic() + 20
    while town.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND wait_event_type = 'Lock'") < n:
        assert time.monotonic() < end, "no connection waits for a lock"
        time.sleep(0.01)


def second_answer(town, first, second):
    """Do the first statement without committing it, send the second, which has to wait for a lock of the first,
    and then commit. Returns the answer of the second."""
    holder, answers = town.connect(), []
    holder.autocommit = False
    town.rows(*flat(first), conn=holder)
    thread = threading.Thread(target=lambda: answers.extend(at_once(town, [second])))
    thread.start()
    wait_for_locks(town, 1)
    holder.commit()
    thread.join(60)
    holder.close()
    return answers[0]


def flat(statement):
    return [statement[0], *statement[1]]


def state(town, sub):
    return town.rows("SELECT status, suspend_reason, end_date::text FROM subscriptions WHERE id = %s", sub)[0]


def test_marked_paid_twice_at_once(town):
    sub = town.subscription(town.customer())
    answers = at_once(town, [book(town.invoice(sub))] * 8)
    assert sorted(a for a in answers if isinstance(a, str)) == ["IS409"] * 7
    assert town.rows("SELECT count(*), sum(amount) FROM payments") == [(1, 100000)]


def test_one_key_from_16_connections(town):
    """One booking, fifteen repetitions of its answer, no error."""
    sub = town.subscription(town.customer())
    answers = at_once(town, [book(town.invoice(sub), idempotency_key="K", request_hash="h")] * 16)
    assert {a[0][0] for a in answers} == {town.one("SELECT id FROM payments")}
    assert sorted(a[0][1] for a in answers) == [False] + [True] * 15


def test_one_key_for_16_customers(town):
    """The same Idempotency-Key for other invoices at the same time: one is booked, the others clash."""
    invoices = [town.invoice(town.subscription(town.customer())) for _ in range(16)]
    answers = at_once(town, [book(i, idempotency_key="K", request_hash=i) for i in invoices])
    assert sorted(a for a in answers if isinstance(a, str)) == ["IS409"] * 15
    assert town.one("SELECT count(*) FROM payments") == 1


def test_one_reference_for_16_customers(town):
    """A reference is the clerk's free text and unique to nothing: all are booked."""
    invoices = [town.invoice(town.subscription(town.customer())) for _ in range(16)]
    answers = at_once(town, [book(i, reference="R") for i in invoices])
    assert [a[0][1] for a in answers] == [False] * 16
    assert town.rows("SELECT count(*), count(DISTINCT invoice_id) FROM payments") == [(16, 16)]


def test_a_key_whose_first_payment_rolls_back(town):
    """The second payment waits for the first; when the first rolls back, the second is booked."""
    one, two = (town.invoice(town.subscription(town.customer())) for _ in range(2))
    holder = town.connect()
    holder.autocommit = False
    town.rows(*flat(book(one, idempotency_key="K", request_hash="1")), conn=holder)
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(at_once(town, [book(two, idempotency_key="K", request_hash="2")])))
    thread.start()
    wait_for_locks(town, 1)
    holder.rollback()
    thread.join(60)
    assert answers[0][0][1] is False
    assert town.rows("SELECT invoice_id FROM payments") == [(two,)]


def test_two_invoices_of_one_subscription_paid_at_once(town):
    """Both settle, and the service reaches to the end of the later period, whoever is first."""
    for _ in range(10):
        sub = town.subscription(town.customer())
        town.one("SELECT invoice_create(%s, %s)", json.dumps({"subscription_id": sub}), JAN_1)
        invoices = [r[0] for r in town.rows("SELECT id FROM invoices WHERE subscription_id = %s", sub)]
        answers = at_once(town, [book(i) for i in invoices])
        assert [a[0][1] for a in answers] == [False, False]
        assert state(town, sub) == ("active", None, "2026-03-01")


SUSPEND = "SELECT outcome FROM billing_suspend(%s::uuid[], %s)"


def test_payment_racing_a_suspension(town):
    """In either order, a customer who has paid is online."""
    for _ in range(20):
        sub = town.subscription(town.customer())
        town.mark_overdue(sub)
        paid, cut = at_once(town, [book(town.invoice(sub)), (SUSPEND, ([sub], MAR_1))])
        assert paid[0][1] is False
        assert cut[0][0] in ("done", "skipped")
        assert state(town, sub)[:2] == ("active", None)


def test_payment_commits_while_the_suspension_waits(town):
    sub = town.subscription(town.customer())
    town.mark_overdue(sub)
    assert second_answer(town, book(town.invoice(sub)), (SUSPEND, ([sub], MAR_1))) == [("skipped",)]
    assert state(town, sub)[0] == "active"


def test_suspension_commits_while_the_payment_waits(town):
    sub = town.subscription(town.customer())
    town.mark_overdue(sub)
    second_answer(town, (SUSPEND, ([sub], MAR_1)), book(town.invoice(sub)))
    assert state(town, sub)[:2] == ("active", None)


def test_payment_commits_while_overdue_waits(town):
    sub = town.subscription(town.customer())
    step = ("SELECT outcome FROM billing_overdue(%s::uuid[], %s)", ([town.invoice(sub)], MAR_1))
    assert second_answer(town, book(town.invoice(sub)), step) == [("skipped",)]


def run_steps(town, day):
    """A run as billing-cron makes it, in chunks of 5, without its advisory lock."""
    conn = town.connect()
    for step in ("begin", "renew", "overdue", "late", "expire", "suspend"):
        ids = [r[0] for r in town.rows("SELECT id FROM billing_candidates(%s, %s) ORDER BY n", step, day, conn=conn)]
        for at in range(0, len(ids), 5):
            town.rows("SELECT * FROM billing_%s(%%s::uuid[], %%s)" % step, ids[at:at + 5], day, conn=conn)
    conn.close()


def preview(town, day):
    conn = town.connect()
    conn.autocommit = False
    ids = [r[0] for r in town.rows("SELECT id FROM billing_candidates('renew', %s)", day, conn=conn)]
    town.rows("SELECT * FROM billing_renew(%s::uuid[], %s)", ids, day, conn=conn)
    conn.rollback()
    conn.close()


def test_two_runs_and_a_preview_at_once(town):
    """Even without the advisory lock: one invoice each, numbers 1 to n, nothing of the preview."""
    town.renewable(40)
    failures = []

    def guarded(work):
        try:
            work(town, "2026-01-25")
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(w,)) for w in (run_steps, run_steps, preview)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert town.rows("SELECT count(*), count(DISTINCT subscription_id), max(invoice_number) FROM invoices") == [
        (40, 40, "INV-20260125-0040")]


def test_numbers_without_gap_when_some_fail(town):
    """Issued one by one, in chunks and in transactions that roll back, all at once."""
    subs = town.renewable(30)
    other = [("SELECT invoice_create(%s, %s)", (json.dumps(
        {"subscription_id": s, "kind": "other", "amount": 5000}), "2026-01-25")) for s in subs[:10]]
    # These divide by zero after the number is taken, so each rolls back.
    broken = [("SELECT invoice_create(%s, %s), 1 / (SELECT count(*) FROM pg_class WHERE false)", o[1]) for o in other[:5]]
    chunks = [("SELECT outcome FROM billing_renew(%s::uuid[], %s)", (subs[a:a + 10], "2026-01-25")) for a in (0, 10, 20)]
    at_once(town, other + broken + chunks)
    assert town.rows("SELECT count(*), max(last_number) FROM invoices, invoice_counters") == [(40, 40)]


def test_credit_of_two_subscriptions_at_once(town):
    """Payments with surplus on two subscriptions of a customer, a gift and a run: no deadlock, no double use."""
    for _ in range(5):
        customer = town.customer()
        subs = [town.subscription(customer) for _ in range(3)]
        at_once(town, [book(town.invoice(s), amount=150000, surplus_to_credit=True) for s in subs[:2]]
                + [("SELECT credit_enter(%s, 1000, 'gift', %s)", (customer, MAR_1)),
                   ("SELECT outcome FROM billing_overdue(%s::uuid[], %s)", ([town.invoice(s) for s in subs], MAR_1)),
                   ("SELECT outcome FROM billing_suspend(%s::uuid[], %s)", (subs, MAR_1))])
        assert town.one("SELECT sum(paid_amount) FROM invoices WHERE customer_id = %s", customer) == 300000
        assert town.one("SELECT credit FROM customers WHERE id = %s", customer) == 1000


def test_reversal_racing_a_payout(town):
    """The surplus is paid out or taken back, never both."""
    for _ in range(10):
        customer = town.customer()
        sub = town.subscription(customer)
        payment = town.rows(*flat(book(town.invoice(sub), amount=160000, surplus_to_credit=True)))[0][0]
        answers = at_once(town, [
            ("SELECT payment_reverse(%s, 'reversal', NULL, %s)", (payment, MAR_1)),
            ("SELECT credit_enter(%s, -60000, 'payout', %s)", (customer, MAR_1))])
        assert sorted(isinstance(a, str) for a in answers) == [False, True], answers
        assert "IS409" in answers


# ---- each test is of one lock: the second request waits for it, and then acts on what the first has committed --------

def page(town, invoice):
    """An open payment page of an invoice."""
    return town.one("INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, expires_at, next_check_at, state)"
                    " SELECT id, 1, invoice_number || '-1-race', amount, 1, now() + interval '1 day', now(), 'open'"
                    " FROM invoices WHERE id = %s RETURNING id", invoice)


def message(order, transaction):
    return ("SELECT just_booked FROM midtrans_event_record('notification', %s, %s, %s, 'received', NULL)",
            (order, transaction, json.dumps({"transaction_id": transaction})))


def test_two_messages_about_one_order(town):
    """Customers can pay one order twice. The second message waits until the first is processed, so that decide.c
    compares it with the payment that the first has booked."""
    invoice = town.invoice(town.subscription(town.customer()))
    page(town, invoice)
    order = town.one("SELECT order_id FROM midtrans_attempts")
    assert second_answer(town, message(order, "T1"), message(order, "T2")) == [(False,)]
    assert town.one("SELECT count(*) FROM midtrans_events") == 2


def test_a_payment_page_is_refused_when_the_invoice_is_paid_meanwhile(town):
    """The page would ask for money that is not owed any more."""
    invoice = town.invoice(town.subscription(town.customer()))
    assert second_answer(town, book(invoice), ("SELECT owed FROM midtrans_page_find(%s, 'bill', false)", (invoice,))) == "IS409"


def test_a_look_up_that_ends_while_its_order_is_paid(town):
    """Bug: a look-up read the order as open, and wrote that over the payment that the webhook had booked meanwhile."""
    attempt = page(town, town.invoice(town.subscription(town.customer())))
    paid = ("UPDATE midtrans_attempts SET state = 'paid', closed_at = now() WHERE id = %s RETURNING state", (attempt,))
    second_answer(town, paid, ("SELECT midtrans_check_finish(%s, true)", (attempt,)))
    assert town.one("SELECT state FROM midtrans_attempts") == "paid"


def test_a_page_that_midtrans_makes_while_the_invoice_is_paid(town):
    invoice = town.invoice(town.subscription(town.customer()))
    attempt = page(town, invoice)
    answer = ("SELECT midtrans_attempt_record_answer(%s, 1, 'token', 'https://page', 'open', '{}')", (attempt,))
    assert second_answer(town, book(invoice), answer) == [(False,)], "the customer would be sent to the payment page of a paid invoice"


def refund(payment, number, amount):
    return "SELECT payment_refund(%s, %s, %s, false, NULL, %s)", (payment, number, amount, MAR_1)


def test_two_refunds_at_once_are_no_more_than_the_payment(town):
    payment = town.rows(*flat(book(town.invoice(town.subscription(town.customer())))))[0][0]
    assert second_answer(town, refund(payment, "R1", 60000), refund(payment, "R2", 60000)) == "IS422"
    assert town.one("SELECT sum(amount) FROM refunds") == 60000


def test_days_given_to_a_line_that_is_being_cancelled(town):
    sub = town.subscription(town.customer(), issue_invoice=False, start_date=JAN_1, end_date=JAN_30)
    end = ("SELECT subscription_cancel(%s, NULL, %s)", (sub, "2026-01-10"))
    assert second_answer(town, end, ("SELECT subscription_days_add(%s, 3, 'storm', '2026-01-10')", (sub,))) == "IS409"


def test_a_bill_changed_while_it_is_paid(town):
    invoice = town.invoice(town.subscription(town.customer()))
    lines = json.dumps({"lines": [{"kind": "package", "text": "P", "unit_price": 1}]})
    assert second_answer(town, book(invoice), ("SELECT invoice_update(%s, %s, %s)", (invoice, lines, MAR_1))) == "IS409"
    assert second_answer(town, ("SELECT customer_lock(customer_id) FROM invoices WHERE id = %s", (invoice,)),
                  ("SELECT invoice_cancel(%s, %s)", (invoice, MAR_1))) == "IS409"


def test_a_sale_to_a_customer_who_is_being_archived(town):
    customer = town.customer()
    sale = ("SELECT subscription_create(%s, %s)", (json.dumps({
        "customer_id": customer, "package_id": town.package, "mikrotik_username": "late", "mikrotik_password": "x"}), JAN_1))
    assert second_answer(town, ("SELECT customer_archive(%s, false, %s)", (customer, JAN_1)), sale) == "IS422"


def test_two_payouts_of_one_credit(town):
    customer = town.customer()
    town.one("SELECT credit_enter(%s, 1000, 'gift', %s)", customer, MAR_1)
    payout = ("SELECT credit_enter(%s, -1000, 'payout', %s)", (customer, MAR_1))
    assert second_answer(town, payout, payout) == "IS409"


def test_a_run_undone_twice_at_once(town):
    sub = town.subscription(town.customer())
    town.mark_overdue(sub)
    run = town.one("INSERT INTO billing_runs (business_date, started_at) VALUES (%s, now()) RETURNING id", MAR_1)
    undo = ("SELECT billing_run_undo(%s, %s)", (run, MAR_1))
    first = town.connect()
    first.autocommit = False
    town.rows("SELECT FROM billing_runs WHERE id = %s FOR UPDATE", run, conn=first)
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(at_once(town, [undo, undo])))
    thread.start()
    wait_for_locks(town, 2)
    first.rollback()
    thread.join(60)
    first.close()
    assert sorted(str(a) for a in answers) == ["IS409", "[(0,)]"]


def test_a_run_is_undone_once_it_has_ended(town):
    """Bug: a run that was still switching lines off was undone. Those that it switched off afterwards stayed off, since a
    run is undone once. A run that was killed has no counts either, and is undone."""
    run = town.one("INSERT INTO billing_runs (business_date, started_at) VALUES (%s, now()) RETURNING id", MAR_1)
    undo = ("SELECT billing_run_undo(%s, %s)", (run, MAR_1))
    program = town.connect()
    town.rows("SELECT pg_advisory_lock(hashtext('isp-billing: run'))", conn=program)
    assert at_once(town, [undo]) == ["IS409"]
    town.rows("SELECT pg_advisory_unlock(hashtext('isp-billing: run'))", conn=program)  # close() returns before the server is done
    program.close()
    assert at_once(town, [undo]) == [[(0,)]]


def test_the_mode_of_a_line_that_is_paid_meanwhile(town):
    """Bug: the line was read before its payment, and then counted as off: no bill of its days ever followed."""
    month = town.one("INSERT INTO packages (name, bandwidth, price, period_unit, router_profile)"
                     " VALUES ('M', '10M/10M', 100000, 'month', 'm') RETURNING id")
    sub = town.subscription(town.customer(), package_id=month)
    town.mark_overdue(sub)
    town.one("SELECT count(*) FROM billing_suspend(%s::uuid[], %s)", [sub], "2026-02-10")
    assert state(town, sub)[0] == "suspended"
    second_answer(town, book(town.invoice(sub)), ("SELECT setting_save('{\"mode\": \"postpaid\"}', NULL, %s)", (MAR_1,)))
    assert town.rows("SELECT status, is_postpaid, closed_on, end_date::text FROM subscriptions WHERE id = %s", sub) == [
        ("active", True, None, "2026-02-19")]


def test_many_lines_at_once_wait_for_customers_before_they_issue_a_bill(town):
    """Bug: the first line's bill held the counter of numbers while the act waited for the second customer, who waited
    for the counter."""
    month = town.one("INSERT INTO packages (name, bandwidth, price, period_unit, router_profile)"
                     " VALUES ('M', '10M/10M', 100000, 'month', 'm') RETURNING id")
    customers = sorted(town.customer() for _ in range(2))
    subs = [town.subscription(c, package_id=month, mode="postpaid") for c in customers]
    for sub in subs:
        town.one("SELECT subscription_suspend(%s, NULL, '2026-01-11')", sub)
    other, answers = town.connect(), []
    other.autocommit = False
    town.rows("SELECT customer_lock(%s)", customers[1], conn=other)
    bulk = ("SELECT ok FROM bulk_act('subscription', %s, '2026-01-20')", (json.dumps({"act": "activate", "ids": subs}),))
    thread = threading.Thread(target=lambda: answers.extend(at_once(town, [bulk])))
    thread.start()
    wait_for_locks(town, 1)
    town.rows("SELECT invoice_number_take('2026-01-20')", conn=other)
    other.rollback()
    thread.join(60)
    other.close()
    assert answers == [[(True,), (True,)]]
