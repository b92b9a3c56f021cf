"""Tests of Reader (midtrans.py), the model that processes the messages of Midtrans one after the other. The
amounts are small, so that a person can check them."""

from datetime import date, timedelta

import pytest

from midtrans import Books, Reader, Standing, is_order_irrelevant, standing

TODAY = date(2026, 3, 2)
ORDER = "INV-20260302-0001-1-abcd"


def day(n):
    return TODAY + timedelta(days=n)


class Desk:
    """One customer; line 1, begun so many days ago, with its first bill 1/1 of 100, due three days later."""

    def __init__(self, ago=0, auto_renew=True, policy="give_back"):
        self.books = Books()
        self.reader = Reader(self.books, TODAY)
        self("package", package=0, price=100, unit="day", length=30)
        self("customer", customer=0)
        self("create", day(-ago), sub=1, customer=0, package=0, cycle="rolling", mode="prepaid", policy=policy,
             auto_renew=auto_renew, dates=None)
        for n in range(-ago, 1):
            self("run", day(n))
        self.reader.order(ORDER, "1/1", 100)

    def __call__(self, op, on=TODAY, **args):
        assert self.books.apply({"day": on, "op": op, **args}) == "ok", (op, args)

    def process(self, status, t="t1", order=ORDER, **more):
        self.reader.process({"order_id": order, "transaction_id": t, "transaction_status": status,
                          "gross_amount": "100.00", **more})
        assert self.books.violations() == []

    def refund(self, *parts, t="t1", status="partial_refund"):
        rows = [{"refund_key": "k%d" % n, "refund_amount": "%d.00" % part} for n, part in enumerate(parts)]
        self.process(status, t, refunds=rows, refund_amount="%d.00" % sum(parts))

    @property
    def invoice(self):
        found = self.books.bills["1/1"]
        return found.status, found.paid

    @property
    def sub(self):
        found = self.books.lines[1]
        return found.status, found.reason, (found.end - TODAY).days

    @property
    def credit(self):
        return self.books.credit(0)


def test_a_settlement_pays_once_however_often_it_is_reported():
    desk = Desk()
    for status in ("pending", "settlement", "settlement", "pending", "expire", "failure"):
        desk.process(status)
    assert desk.invoice == ("paid", 100) and desk.credit == 0
    assert desk.sub == ("active", None, 29)


def test_a_card_is_booked_at_capture_and_not_again_at_settlement():
    desk = Desk()
    desk.process("capture", fraud_status="challenge")
    assert desk.invoice == ("unpaid", 0)
    desk.process("capture", fraud_status="accept")
    assert desk.invoice == ("paid", 100)
    desk.process("settlement", fraud_status="accept")
    assert desk.credit == 0 and len(desk.books.lots) == 1


@pytest.mark.parametrize("status", ["deny", "cancel"])
def test_a_card_under_review_that_is_refused_pays_nothing(status):
    desk = Desk()
    desk.process("capture", fraud_status="challenge")
    desk.process(status)
    assert desk.invoice == ("unpaid", 0) and not desk.books.lots


def test_debt_paid_resumes_and_a_reversal_cuts_off_again():
    desk = Desk(ago=10)
    assert desk.sub == ("suspended", "debt", -11) and desk.invoice == ("overdue", 0)
    desk.process("settlement")
    assert desk.sub == ("active", None, 24) and desk.invoice == ("paid", 100)  # five days off
    desk.process("deny")
    desk.process("deny")
    assert desk.sub == ("suspended", "debt", -6) and desk.invoice == ("overdue", 0)
    desk.process("settlement", "t2")
    assert desk.sub == ("active", None, 24)


def test_an_expired_line_is_given_its_days_off_which_stay_when_the_money_is_undone():
    desk = Desk(ago=60, auto_renew=False)
    assert desk.sub == ("expired", None, -61)
    desk.process("settlement")
    assert desk.sub == ("active", None, 29)
    desk.process("deny")
    assert desk.sub == ("active", None, -1)  # within grace of the end date


def test_deny_of_an_earlier_transaction_leaves_the_payment():
    desk = Desk()
    desk.process("deny", "t0")
    desk.process("settlement", "t1")
    desk.process("deny", "t0")
    assert desk.invoice == ("paid", 100)


def test_captured_money_can_be_voided_settled_money_not():
    desk = Desk()
    desk.process("capture", fraud_status="accept")
    desk.process("cancel")
    assert desk.invoice == ("unpaid", 0)
    desk = Desk()
    desk.process("settlement")
    desk.process("cancel")
    assert desk.invoice == ("paid", 100)


def test_the_credit_of_a_second_paid_order_pays_when_the_first_payment_is_undone():
    desk = Desk(ago=10)
    desk.reader.order("second", "1/1", 100)
    desk.process("settlement")
    desk.process("settlement", "t2", "second")
    assert desk.invoice == ("paid", 100) and desk.credit == 100
    desk.process("deny")
    assert desk.invoice == ("paid", 100) and desk.credit == 0
    assert desk.sub == ("active", None, 24)


def test_the_days_do_not_depend_on_which_money_pays():
    """Two payments, in either order, one of them taken back before or after the other."""
    ends = set()
    for order in (("t1", "t2", "-t1"), ("t1", "-t1", "t2"), ("t2", "t1", "-t1")):
        desk = Desk(ago=40)
        desk.reader.order("second", "1/1", 100)
        for what in order:
            name = what.lstrip("-")
            desk.process("deny" if what != name else "settlement", name, "second" if name == "t2" else ORDER)
        assert desk.invoice == ("paid", 100)
        ends.add(desk.sub)
    assert len(ends) == 1, ends


def test_money_after_cash_and_on_a_cancelled_invoice_is_credit():
    desk = Desk()
    desk("pay", lot=99, invoice="1/1", amount=None, surplus=False)
    desk.process("settlement")
    assert desk.invoice == ("paid", 100) and desk.credit == 100
    desk = Desk()
    desk("cancel_invoice", invoice="1/1", waive=False)
    desk.process("settlement")
    assert desk.invoice == ("cancelled", 0) and desk.credit == 100


def test_each_refund_is_booked_once_and_leaves_the_invoice_paid():
    desk = Desk()
    desk.process("settlement")
    desk.refund(30)
    desk.refund(30)
    desk.refund(30, 20)
    assert desk.invoice == ("paid", 100) and desk.credit == 0
    assert desk.books.lots[1].refunded == 50 and desk.books.lots[1].lost == 50
    desk.refund(30, 20, 50, status="refund")
    assert desk.books.lots[1].left == 0 and desk.invoice == ("paid", 100)


def test_a_refund_of_a_payment_that_was_never_reported_books_both():
    desk = Desk()
    desk.refund(100, status="refund")
    assert desk.invoice == ("paid", 100) and desk.books.lots[1].lost == 100


def test_a_refund_takes_the_payments_credit_first():
    desk = Desk()
    desk.reader.order("second", "1/1", 100)
    desk.process("settlement")
    desk.process("settlement", "t2", "second")
    desk.refund(70, t="t2")
    assert desk.credit == 30 and desk.books.lots[2].lost == 0


def test_a_refund_takes_other_credit_next_and_then_writes_off():
    desk = Desk()
    desk.reader.order("second", "1/1", 100)
    desk.process("settlement")
    desk.process("settlement", "t2", "second")
    desk.refund(70)
    assert desk.credit == 30 and desk.invoice == ("paid", 100) and desk.books.lots[1].lost == 0
    desk.refund(70, 30)
    assert desk.credit == 0 and desk.invoice == ("paid", 100) and desk.books.lots[1].lost == 0
    desk.refund(40, t="t2")
    assert desk.credit == 0 and desk.invoice == ("paid", 100) and desk.books.lots[2].lost == 40


@pytest.mark.parametrize("parts", [(100,), (40, 100)])
def test_chargebacks_open_the_debt(parts):
    desk = Desk(ago=10)
    desk.process("settlement")
    for part in parts:
        status = "chargeback" if part == 100 else "partial_chargeback"
        desk.process(status, refund_chargeback_amount="%d.00" % part)
        assert desk.invoice == ("overdue", 100 - part)
        assert desk.sub == ("suspended", "debt", -6)


def test_the_fee_of_midtrans_is_not_booked():
    desk = Desk()
    info = {"gross_amount_info": {"original_amount": "100.00"}}
    desk.process("settlement", gross_amount="104.00", metadata={"extra_info": info})
    assert desk.invoice == ("paid", 100) and desk.credit == 0
    desk.refund(104, status="refund")
    assert desk.books.lots[1].refunded == 100


def test_another_amount_than_asked_is_booked_as_it_is():
    desk = Desk()
    desk.process("settlement", gross_amount="60.00")
    assert desk.invoice == ("unpaid", 60)
    desk.reader.order("second", "1/1", 40)
    desk.process("settlement", "t2", "second", gross_amount="70")
    assert desk.invoice == ("paid", 100) and desk.credit == 30


def test_money_paid_out_before_it_was_taken_back_is_a_loss():
    desk = Desk()
    desk("cancel_invoice", invoice="1/1", waive=False)
    desk.process("settlement")
    desk("payout", customer=0, amount=100)
    desk.process("deny")
    assert desk.books.lots[1].lost == 100 and desk.credit == 0


def shown(status, fraud="accept", **more):
    return {"transaction_status": status, "fraud_status": fraud, "gross_amount": 104, "fee": 4,
            "refunds": [], "charged_back": 0, **more}


# booked None: the payment may be missing, and must not count.
@pytest.mark.parametrize("status,fraud,booked", [
    ("pending", "accept", False), ("expire", "accept", False), ("failure", "accept", False),
    ("capture", "challenge", False), ("capture", "accept", True), ("settlement", "accept", True),
    ("deny", "accept", None), ("cancel", "accept", None), ("chargeback", "accept", None)])
def test_standing(status, fraud, booked):
    assert standing(shown(status, fraud)) == Standing(booked, 100)


def test_standing_of_refunds_and_parts():
    rows = [{"key": "a", "amount": 60}, {"key": "b", "amount": 44}]
    assert standing(shown("refund", refunds=rows)) == Standing(True, 100, {"a": 60, "b": 40})
    assert standing(shown("partial_chargeback", charged_back=30)) == Standing(True, 100, {}, 30)


def test_is_order_irrelevant():
    desk = Desk()
    desk.reader.order("second", "1/1", 100)
    desk.process("settlement")
    assert is_order_irrelevant(desk.books, 0, TODAY, refunded=True, undone=True)
    desk.process("settlement", "t2", "second")
    assert is_order_irrelevant(desk.books, 0, TODAY, refunded=False, undone=True)
    assert not is_order_irrelevant(desk.books, 0, TODAY, refunded=True, undone=False)
    desk("other", sub=1, amount=300, due=TODAY)
    assert not is_order_irrelevant(desk.books, 0, TODAY, refunded=False, undone=False)
    assert not is_order_irrelevant(Desk(auto_renew=False).books, 0, TODAY, refunded=False, undone=True)
    # The line is off. Money ends its off period, and another begins on the day on which that money is undone.
    desk = Desk(ago=10)
    assert is_order_irrelevant(desk.books, 0, TODAY, refunded=True, undone=False)
    assert not is_order_irrelevant(desk.books, 0, TODAY, refunded=False, undone=True)


def test_money_that_is_undone_on_the_day_of_the_cut_leaves_the_days_that_restart_gave():
    """Grace is a day: the line is cut on the fifth day, and was on for one day after its bill was due."""
    quiet, reported = (Desk(ago=5, policy="restart") for _ in range(2))
    assert (quiet.sub, is_order_irrelevant(quiet.books, 0, TODAY, refunded=False, undone=True)) == (
        ("suspended", "debt", -6), True)
    reported.process("capture", fraud_status="accept")
    reported.process("cancel")
    assert (reported.sub, is_order_irrelevant(reported.books, 0, TODAY, refunded=False, undone=True)) == (
        ("suspended", "debt", -5), False)
