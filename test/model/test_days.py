"""The model of the days by examples that a person can check."""
from datetime import date, timedelta

import pytest

from days import Model, in_month, part_price


def on(text):
    return date.fromisoformat(text)


class Story:
    """One line, paid to 30 January, thirty days for 150000."""

    def __init__(self, policy="give_back", unit="day", length=30, dates=("2026-01-01", "2026-01-30"), **more):
        self.m = Model(**more.pop("settings", {}))
        self.lot = 0
        day = on("2026-01-01")
        for event in ({"op": "package", "package": 1, "price": 150000, "unit": unit, "length": length},
                      {"op": "customer", "customer": 1},
                      dict({"op": "create", "sub": 1, "customer": 1, "package": 1, "cycle": "rolling", "mode": "prepaid",
                            "policy": policy, "auto_renew": True,
                            "dates": tuple(map(on, dates)) if dates else None}, **more)):
            assert self.m.apply(dict(event, day=day)) == "ok"

    def runs(self, first, last):
        day = on(first)
        while day <= on(last):
            self.m.apply({"day": day, "op": "run"})
            assert self.m.violations() == []
            day += timedelta(days=1)
        return self

    def do(self, day, op, **args):
        args = {k: on(v) if k in ("until", "due") else v for k, v in args.items()}
        answer = self.m.apply(dict(args, day=on(day), op=op))
        assert self.m.violations() == []
        return answer

    def pay(self, day, bill="1/1", amount=None):
        self.lot += 1
        return self.do(day, "pay", lot=self.lot, invoice=bill, amount=amount, surplus=False)

    @property
    def end(self):
        return self.m.lines[1].end.isoformat()

    @property
    def state(self):
        return self.m.lines[1].status, self.m.lines[1].reason


@pytest.mark.parametrize("paid, policy, end", [
    ("2026-02-01", "give_back", "2026-03-01"), ("2026-02-25", "give_back", "2026-03-25"),
    ("2026-02-01", "restart", "2026-03-02"), ("2026-02-25", "restart", "2026-03-26"),
    ("2026-02-25", "keep", "2026-03-01")])
def test_late_by_policy(paid, policy, end):
    story = Story(policy).runs("2026-01-20", paid)
    assert story.state == ("suspended", "debt")
    assert story.pay(paid) == "ok"
    assert (story.end, story.state) == (end, ("active", None))


def test_restart_gives_no_second_gift_to_money_undone_and_paid_again():
    """Five days on in arrears and one of grace: each undoing found another day to give."""
    story = Story("restart", length=10, dates=("2026-01-01", "2026-01-10"), billed=True,
                  settings={"grace_days": 1}).runs("2026-01-01", "2026-01-07")
    ends = []
    for _ in range(3):
        assert story.pay("2026-01-07") == "ok"
        ends.append(story.end)
        assert story.do("2026-01-07", "reverse", lot=story.lot) == "ok"
    assert ends == ["2026-01-12"] * 3


def test_promise_costs_the_days_it_gave():
    story = Story().runs("2026-01-20", "2026-02-01")
    story.do("2026-02-01", "promise", sub=1, until="2026-02-10")
    story.runs("2026-02-02", "2026-02-14")
    assert story.state == ("suspended", "debt")
    story.pay("2026-02-15")
    assert story.end == "2026-03-05"  # off from 11 to 14 February


def test_reversed_and_paid_again_is_equal():
    story = Story().runs("2026-01-20", "2026-01-28")
    story.pay("2026-01-28")
    end = story.end
    story.do("2026-01-29", "reverse", lot=1)
    assert story.end == "2026-01-30"
    story.pay("2026-01-29")
    assert story.end == end == "2026-03-01"


def test_days_by_hand_move_the_bill_not_begun():
    story = Story().runs("2026-01-20", "2026-01-28")
    assert story.do("2026-01-28", "days", sub=1, days=5) == "ok"
    bill = story.m.bills["1/1"]
    assert (story.end, str(bill.start), str(bill.due)) == ("2026-02-04", "2026-02-05", "2026-02-04")
    assert story.do("2026-01-28", "days", sub=1, days=-6) == "422"


def test_months_keep_their_anchor():
    story = Story(unit="month", length=1, dates=("2026-01-01", "2026-01-30"))
    starts = []
    for day in ("2026-01-24", "2026-02-21", "2026-03-24"):
        story.runs(day, day)
        bill = list(story.m.bills.values())[-1]
        starts.append((str(bill.start), str(bill.end)))
        story.pay(day, bill.key)
    assert starts == [("2026-01-31", "2026-02-27"), ("2026-02-28", "2026-03-30"), ("2026-03-31", "2026-04-29")]


def test_calendar_part_and_whole():
    story = Story(cycle="calendar", unit="month", length=1, dates=None)
    assert str(story.m.bills["1/1"].end) == "2026-01-31"
    assert part_price(150000, 1, 18, 31, 100) == 87100
    assert in_month(on("2024-01-31"), 1, 31) == on("2024-02-29")


def test_postpaid_cut_is_billed_what_was_used():
    story = Story(mode="postpaid", cycle="calendar", unit="month", length=1, dates=None)
    story.runs("2026-01-02", "2026-02-12")
    bill = story.m.bills["1/1"]
    assert (str(bill.start), str(bill.end), bill.amount) == ("2026-01-01", "2026-01-31", 150000)
    story.runs("2026-02-13", "2026-02-13")
    assert story.state == ("suspended", "debt")
    used = story.m.bills["1/2"]
    assert (str(used.start), str(used.end)) == ("2026-02-01", "2026-02-12")


def test_postpaid_change_bills_the_used_days_at_the_old_package():
    story = Story(mode="postpaid", cycle="calendar", unit="month", length=1, dates=None)
    story.do("2026-01-01", "package", package=2, price=310000, unit="month", length=1)
    story.do("2026-01-11", "change", sub=1, package=2)
    story.runs("2026-02-01", "2026-02-01")
    assert [(bill.amount, str(bill.start), str(bill.end)) for bill in story.m.bills.values()] == [
        (48400, "2026-01-01", "2026-01-10"), (210000, "2026-01-11", "2026-01-31")]


def test_pause_keeps_the_days_left():
    story = Story().runs("2026-01-20", "2026-01-25")
    story.do("2026-01-26", "pause", sub=1)
    assert story.m.bills["1/1"].status == "cancelled"
    story.do("2026-02-05", "resume", sub=1)
    assert story.end == "2026-02-09"


def test_refund_takes_credit_and_writes_off_the_rest():
    story = Story().runs("2026-01-20", "2026-01-28")
    story.pay("2026-01-28")
    story.do("2026-01-28", "gift", lot=9, customer=1, amount=50000)
    assert story.do("2026-01-28", "refund", lot=1, amount=150000) == "ok"
    assert (story.m.credit(1), story.m.written_off[1], story.m.bills["1/1"].status) == (0, 100000, "paid")


def test_an_older_bill_that_is_cancelled_is_billed_again():
    """Bug: a promise kept the line on while two bills were open; the older one was cancelled, the later one paid.
    The next period was then taken from the later bill for ever, so that nothing more could be billed."""
    story = Story().runs("2026-01-20", "2026-01-31")
    assert story.do("2026-02-01", "promise", sub=1, until="2026-02-14") == "ok"
    story.runs("2026-02-01", "2026-02-14")
    assert story.do("2026-02-14", "promise", sub=1, until="2026-02-28") == "ok"
    story.runs("2026-02-15", "2026-02-24")
    assert story.do("2026-02-24", "cancel_invoice", invoice="1/1", waive=False) == "ok"
    again = story.m.bills["1/3"]
    assert (again.start, again.end, again.due) == (on("2026-01-31"), on("2026-03-01"), on("2026-02-24"))
    story.pay("2026-02-24", "1/2")
    story.pay("2026-02-24", "1/3")
    story.runs("2026-02-25", "2026-03-25")
    assert story.m.bills["1/4"].start == on("2026-04-01")


def test_an_older_period_that_is_billed_again_does_not_begin_the_next_package():
    """Bug: the answer had named the day after the last billed period; the cancelled bill of an older one began the next package at
    once (seed 1950)."""
    story = Story(length=10, dates=("2025-12-12", "2025-12-21"), billed=True).runs("2026-01-01", "2026-01-01")
    story.do("2026-01-02", "package", package=2, price=310000, unit="day", length=10)
    assert '"effective_from": "2026-01-01"' in story.do("2026-01-02", "change", sub=1, package=2, effective="next_period", prorate=False)
    assert story.do("2026-01-02", "cancel_invoice", invoice="1/1", waive=False) == "ok"
    line, again = story.m.lines[1], story.m.bills["1/3"]
    assert (again.start, again.package, line.package, line.next_package) == (on("2025-12-12"), 1, 1, 2)
