"""The model of contract section 5, rule by rule, on sums small enough to do in the head."""

from collections import Counter
from datetime import date, timedelta

import pytest

from billing import Model
from year import year

JAN1 = date(2026, 1, 1)
PRICE = 100


def day(n):
    """Day n of the story: day(1) is 1 January 2026."""
    return JAN1 + timedelta(days=n - 1)


class Town:
    """One customer, packages of 30 days (0), 30 days dearer (1), 60 days (2), free (3)."""

    def __init__(self):
        self.model = Model()
        self.lots = 0
        for number, (price, validity) in enumerate([(100, 30), (150, 30), (180, 60), (0, 30)]):
            self("package", 1, package=number, price=price, validity_days=validity)
        self("customer", 1, customer=0)

    def __call__(self, op, n, **args):
        return self.model.apply({"day": day(n), "op": op, **args})

    def create(self, sub=1, n=1, package=0, start=None, end=None, auto=True, issue=False):
        dates = {"start": start and day(start), "end": end and day(end)}
        flags = {"auto_renew": auto, "issue_invoice": issue}
        return self("create", n, sub=sub, customer=0, package=package, **dates, **flags)

    def runs(self, first, last):
        for n in range(first, last + 1):
            self("run", n)

    def pay(self, n, invoice, amount=PRICE, surplus=False, reference=None):
        """Answer and lot number."""
        self.lots += 1
        args = {"amount": amount, "surplus": surplus, "reference": reference}
        return self("pay", n, lot=self.lots, invoice=invoice, **args), self.lots

    def mark(self, n, invoice, amount=None):
        self.lots += 1
        return self(
            "mark_paid", n, lot=self.lots, invoice=invoice, amount=amount, reference=None
        )

    def gift(self, n, amount):
        self.lots += 1
        return self("gift", n, lot=self.lots, customer=0, amount=amount)

    def other(self, n, amount, due, sub=1):
        return self("other_invoice", n, sub=sub, amount=amount, due_date=day(due))

    def sub(self, number=1):
        """(status, reason, end_date as a day number)"""
        row = self.model.subs[number]
        return row.status, row.reason, (row.end - JAN1).days + 1

    def inv(self, key):
        """(status, amount, paid, due as a day number)"""
        row = self.model.invoices[key]
        return row.status, row.amount, row.paid, (row.due - JAN1).days + 1

    def period(self, key):
        row = self.model.invoices[key]
        return (row.start - JAN1).days + 1, (row.end - JAN1).days + 1

    @property
    def credit(self):
        return self.model.credit(0)


@pytest.fixture
def town():
    town = Town()
    yield town
    assert town.model.violations() == []


@pytest.fixture
def debtor(town):
    """Billed on day 23, due on day 30, overdue on 31, cut off on 32 for debt."""
    town.create()
    town.runs(2, 32)
    assert town.sub() == ("suspended", "debt", 30)
    return town


# ---- periods


def test_create_without_dates_grants_validity_from_today(town):
    assert town.create(n=5) == "ok"
    assert town.sub() == ("active", None, 34)
    assert town.model.invoices == {}


@pytest.mark.parametrize("start,end", [(3, None), (None, 3), (3, 2)])
def test_create_wants_both_dates_or_neither_in_order(town, start, end):
    assert town.create(start=start, end=end) == "422"
    assert town.model.subs == {}


def test_first_invoice_is_due_on_start_date_and_moves_no_end_date(town):
    town.create(n=5, start=3, end=12, issue=True)
    assert town.inv("1/1") == ("unpaid", 100, 0, 3)
    assert town.period("1/1") == (3, 12)
    town.mark(6, "1/1")
    assert town.sub() == ("active", None, 12)


# ---- a run


def test_renew_issues_once_lead_days_before_the_end(town):
    town.create()
    town.runs(2, 22)
    assert town.model.invoices == {}
    town.runs(23, 23)
    assert town.inv("1/1") == ("unpaid", 100, 0, 30)
    assert town.period("1/1") == (31, 60)
    assert town.model.invoices["1/1"].number == "INV-20260123-0001"
    town.runs(23, 30)
    assert list(town.model.invoices) == ["1/1"]
    assert town.model.report["refused"] == []


def test_renew_after_an_outage_is_due_on_the_day_of_issue(town):
    town.create()
    town.runs(40, 40)
    assert town.inv("1/1") == ("unpaid", 100, 0, 40)
    town.runs(41, 41)
    assert (town.inv("1/1")[0], town.sub()[0]) == ("overdue", "active")
    town.runs(42, 42)
    assert town.sub()[:2] == ("suspended", "debt")


def test_short_validity_is_billed_no_earlier_than_its_period_allows(town):
    town("package", 1, package=4, price=10, validity_days=1)
    town.create(package=4, start=1, end=20)
    town.runs(2, 19)
    assert town.model.invoices == {}
    town.runs(20, 20)
    assert town.period("1/1") == (21, 21)


def test_early_payment_shortens_nothing_and_bills_nothing_twice(town):
    town.create()
    town.runs(2, 23)
    town.mark(23, "1/1")
    assert town.sub() == ("active", None, 60)
    town.runs(24, 52)
    assert list(town.model.invoices) == ["1/1"]
    town.runs(53, 53)
    assert town.period("1/2") == (61, 90)


def test_suspended_is_not_billed(debtor):
    debtor.runs(33, 120)
    assert list(debtor.model.invoices) == ["1/1"]


def test_not_auto_renew_is_not_billed_and_expires_after_end_date(town):
    town.create(auto=False)
    town.runs(2, 30)
    assert town.sub()[0] == "active"
    town.runs(31, 31)
    assert town.sub() == ("expired", None, 30)
    assert town.model.invoices == {}


def test_expire_takes_suspended_too_and_forgets_the_reason(town):
    town.create(auto=False)
    town("suspend", 3, sub=1)
    town.runs(31, 31)
    assert town.sub() == ("expired", None, 30)


def test_overdue_and_suspend_wait_for_due_and_grace(town):
    town.create()
    town.runs(2, 30)
    assert town.inv("1/1")[0] == "unpaid"
    town.runs(31, 31)
    assert (town.inv("1/1")[0], town.sub()[0]) == ("overdue", "active")
    town.runs(32, 32)
    assert town.sub()[:2] == ("suspended", "debt")


def test_debt_of_another_subscription_does_not_suspend(town):
    town.create(sub=1)
    town.create(sub=2, start=1, end=300)
    town.runs(2, 40)
    assert (town.sub(1)[0], town.sub(2)[0]) == ("suspended", "active")


def test_a_run_for_an_earlier_day_turns_nothing_back(debtor):
    before = debtor.model.snapshot()
    debtor.runs(10, 10)
    assert debtor.model.snapshot() == before


def test_overlap_is_refused_and_reported_but_billed_start_is_silent(town):
    town.create(start=1, end=30)
    town("end_date", 2, sub=1, end_date=day(45))
    town("renewal_invoice", 2, sub=1, due_date=None)
    town("end_date", 3, sub=1, end_date=day(30))
    town.runs(23, 23)
    assert town.model.report["refused"] == [1]
    town("end_date", 24, sub=1, end_date=day(50))
    town.runs(44, 44)
    assert town.model.report["refused"] == [] and list(town.model.invoices) == ["1/1"]


def test_numbers_follow_subscriptions_and_start_anew_each_day(town):
    for sub in (1, 2, 3):
        town.create(sub=sub)
    town("suspend", 4, sub=2)
    town.runs(23, 23)
    town("activate", 24, sub=2, until=None)
    town.runs(24, 24)
    numbers = {key: i.number for key, i in town.model.invoices.items()}
    assert numbers == {
        "1/1": "INV-20260123-0001",
        "3/1": "INV-20260123-0002",
        "2/1": "INV-20260124-0001",
    }


# ---- settled


def test_payment_of_debt_lifts_suspension_and_extends_by_the_period(debtor):
    assert debtor.mark(33, "1/1") == "ok"
    assert debtor.inv("1/1") == ("paid", 100, 100, 30)
    assert debtor.sub() == ("active", None, 60)


def test_part_payment_lifts_nothing(debtor):
    assert debtor.pay(33, "1/1", 99)[0] == "ok"
    assert debtor.inv("1/1") == ("overdue", 100, 99, 30)
    assert debtor.sub() == ("suspended", "debt", 30)


def test_period_wholly_past_starts_anew_on_the_day_of_payment(debtor):
    debtor.mark(61, "1/1")
    assert debtor.sub() == ("active", None, 90)


def test_last_day_of_the_period_is_not_past(debtor):
    debtor.mark(60, "1/1")
    assert debtor.sub() == ("active", None, 60)


def test_period_past_while_active_gives_only_the_period(town):
    town.create(start=1, end=30)
    town("renewal_invoice", 2, sub=1, due_date=day(100))
    town.mark(70, "1/1")
    assert town.sub() == ("active", None, 60)


def test_past_period_uses_the_length_that_was_billed(debtor):
    debtor("plan", 33, sub=1, package=2, effective="now")
    debtor.mark(70, "1/1")
    assert debtor.sub() == ("active", None, 99)


def test_past_period_never_shortens_what_was_granted(town):
    town.create(start=1, end=10, issue=True)
    town("plan", 2, sub=1, package=2, effective="now")
    town("renewal_invoice", 2, sub=1, due_date=None)
    town.mark(2, "1/2")
    assert town.sub() == ("active", None, 70)
    town.runs(3, 4)
    town.mark(12, "1/1")
    assert town.sub() == ("active", None, 70)


def test_other_debt_keeps_the_suspension(debtor):
    debtor.other(32, 50, due=32)
    debtor.runs(33, 33)
    debtor.mark(34, "1/1")
    assert debtor.sub() == ("suspended", "debt", 60)
    debtor.mark(34, "1/2")
    assert debtor.sub() == ("active", None, 60)


def test_manual_suspension_is_not_lifted_by_payment(debtor):
    assert debtor("suspend", 33, sub=1) == "ok"
    debtor.mark(33, "1/1")
    assert debtor.sub() == ("suspended", "manual", 60)


def test_expired_becomes_active_when_the_payment_reaches_today(town):
    town.create(auto=False)
    town.runs(31, 31)
    town("renewal_invoice", 33, sub=1, due_date=None)
    assert town.period("1/1") == (31, 60)
    town.mark(40, "1/1")
    assert town.sub() == ("active", None, 60)


def test_other_invoice_moves_no_end_date_but_suspends(town):
    town.create(start=1, end=300)
    town.other(2, 50, due=5)
    town.runs(6, 6)
    assert town.sub()[0] == "active"
    town.runs(7, 7)
    assert town.sub() == ("suspended", "debt", 300)
    town.mark(8, "1/1")
    assert town.sub() == ("active", None, 300)


def test_price_zero_is_paid_at_issue_with_all_effects(town):
    town.create(package=3)
    town.runs(23, 23)
    assert town.inv("1/1") == ("paid", 0, 0, 30)
    assert town.sub() == ("active", None, 60)


# ---- money in


def test_amounts_and_moments_that_are_refused(town):
    town.create(issue=True)
    town.create(sub=2, n=2, issue=True)
    assert town.pay(2, "1/1", 0)[0] == "422"
    assert town.pay(2, "1/1", 101)[0] == "422"
    assert town.mark(2, "1/1", 101) == "422"
    assert town.mark(2, "1/1") == "ok"
    assert town.mark(2, "1/1") == "409"
    assert town.pay(2, "1/1", 500, surplus=True)[0] == "409"
    assert town("cancel_invoice", 2, invoice="2/1") == "ok"
    assert town.pay(2, "2/1")[0] == "409"
    assert town.credit == 0


def test_same_reference_answers_again_and_other_body_is_refused(town):
    town.create(issue=True)
    assert town.pay(2, "1/1", 60, reference="A")[0] == "ok"
    assert town.pay(2, "1/1", 60, reference="A")[0] == "ok"
    assert town.inv("1/1") == ("unpaid", 100, 60, 1)
    assert town.pay(2, "1/1", 40, reference="A")[0] == "409"


def test_reference_of_a_refused_payment_is_free(town):
    town.create(issue=True)
    assert town.pay(2, "1/1", 101, reference="A")[0] == "422"
    assert town.pay(2, "1/1", 100, reference="A")[0] == "ok"


def test_surplus_pays_other_open_invoices_oldest_due_first(town):
    town.create(issue=True)
    town.other(2, 50, due=9)
    town.other(2, 50, due=8)
    assert town.pay(3, "1/1", 170, surplus=True)[0] == "ok"
    assert [town.inv(k)[2] for k in ("1/1", "1/2", "1/3")] == [100, 20, 50]
    assert town.credit == 0


def test_payment_pays_its_own_invoice_before_older_ones(town):
    town.create(issue=True)
    town.other(2, 50, due=9)
    town.pay(3, "1/2", 60, surplus=True)
    assert [town.inv(k)[:3] for k in ("1/1", "1/2")] == [("unpaid", 100, 10), ("paid", 50, 50)]


def test_credit_covers_other_subscriptions_and_lifts_them(debtor):
    debtor.create(sub=2, n=33, start=33, end=62, issue=True)
    debtor.pay(33, "2/1", 200, surplus=True)
    assert debtor.inv("1/1")[0] == "paid"
    assert debtor.sub(1) == ("active", None, 60)


def test_credit_is_used_at_issue(town):
    town.create()
    town.gift(2, 130)
    assert town.credit == 130
    town.runs(23, 23)
    assert town.inv("1/1") == ("paid", 100, 100, 30)
    assert (town.sub(), town.credit) == (("active", None, 60), 30)
    town.runs(53, 53)
    assert town.inv("1/2") == ("unpaid", 100, 30, 60)


def test_gift_and_payout_bounds(town):
    assert town.gift(2, 0) == "422"
    assert town.gift(2, 100) == "ok"
    assert town("payout", 2, customer=0, amount=0) == "422"
    assert town("payout", 2, customer=0, amount=-101) == "409"
    assert town("payout", 2, customer=0, amount=-40) == "ok"
    assert town.credit == 60


# ---- undone


def test_reversal_takes_back_end_date_and_suspends_beyond_grace(debtor):
    lot = debtor.pay(33, "1/1")[1]
    assert debtor("reverse", 34, lot=lot) == "ok"
    assert debtor.inv("1/1") == ("overdue", 100, 0, 30)
    assert debtor.sub() == ("suspended", "debt", 30)
    assert debtor("reverse", 34, lot=lot) == "409"


def test_reversal_before_due_leaves_it_unpaid_and_active(town):
    town.create()
    town.runs(23, 23)
    lot = town.pay(24, "1/1")[1]
    town("reverse", 25, lot=lot)
    assert town.inv("1/1")[0] == "unpaid"
    assert town.sub() == ("active", None, 30)


def test_reversal_within_grace_is_overdue_but_active(town):
    town.create()
    town.runs(23, 23)
    lot = town.pay(24, "1/1")[1]
    town("reverse", 31, lot=lot)
    assert (town.inv("1/1")[0], town.sub()) == ("overdue", ("active", None, 30))


def test_end_date_stays_when_it_is_no_longer_what_the_settlement_set(town):
    town.create()
    town.runs(23, 23)
    lot = town.pay(24, "1/1")[1]
    town("end_date", 25, sub=1, end_date=day(61))
    town("reverse", 26, lot=lot)
    assert town.sub() == ("active", None, 61)


def test_settlement_that_moved_nothing_restores_nothing(town):
    town.create(issue=True)
    lot = town.pay(2, "1/1")[1]
    assert town("reverse", 2, lot=lot) == "ok"
    assert town.sub() == ("active", None, 30)


def test_reversal_of_a_surplus_unwinds_all_it_paid(town):
    town.create()
    town.runs(23, 23)
    lot = town.pay(24, "1/1", 250, surplus=True)[1]
    town.runs(53, 53)
    assert (town.inv("1/2")[0], town.sub()[2], town.credit) == ("paid", 90, 50)
    town("reverse", 54, lot=lot)
    assert town.inv("1/1")[:3] == ("overdue", 100, 0)
    assert town.inv("1/2")[:3] == ("unpaid", 100, 0)
    assert (town.sub(), town.credit) == (("suspended", "debt", 30), 0)


def test_other_credit_is_applied_again_before_suspension_is_decided(debtor):
    lot = debtor.pay(33, "1/1")[1]
    debtor.gift(33, 100)
    debtor("reverse", 34, lot=lot)
    assert debtor.inv("1/1") == ("paid", 100, 100, 30)
    assert (debtor.sub(), debtor.credit) == (("active", None, 60), 0)


def test_money_paid_out_cannot_be_reversed(town):
    town.create(issue=True)
    lot = town.pay(2, "1/1", 150, surplus=True)[1]
    town("payout", 2, customer=0, amount=-10)
    assert town("reverse", 3, lot=lot) == "409"
    assert town.inv("1/1")[0] == "paid"


def test_payout_takes_the_oldest_lot(town):
    town.create(issue=True)
    town.create(sub=2, n=1, issue=True)
    town.mark(2, "2/1")
    town.gift(2, 10)
    assert town.inv("1/1")[2] == 10
    lot = town.pay(2, "1/1", 150, surplus=True)[1]
    town.gift(3, 60)
    town("payout", 3, customer=0, amount=-60)
    assert (town.credit, town("reverse", 3, lot=lot)) == (60, "409")


def test_undone_money_never_suspends_manual_expired_or_cancelled(town):
    town.create(auto=False, issue=True)
    lot = town.pay(2, "1/1")[1]
    town.runs(31, 31)
    town("reverse", 32, lot=lot)
    assert town.sub() == ("expired", None, 30)
    lot = town.pay(33, "1/1")[1]
    town("cancel_subscription", 34, sub=1)
    before = town.sub()
    town("reverse", 35, lot=lot)
    assert (town.inv("1/1")[0], town.sub()) == ("overdue", before)


# ---- states


def test_suspend_from_each_state(debtor):
    assert debtor("suspend", 33, sub=1) == "ok"
    assert debtor.sub()[:2] == ("suspended", "manual")
    assert debtor("suspend", 33, sub=1) == "409"
    debtor.create(sub=2, start=1, end=3, auto=False)
    debtor.runs(34, 34)
    assert debtor.sub(2)[0] == "expired"
    assert debtor("suspend", 34, sub=2) == "409"
    debtor("cancel_subscription", 34, sub=2)
    assert debtor("suspend", 34, sub=2) == "409"


@pytest.mark.parametrize("until,answer", [(32, "422"), (33, "ok"), (47, "ok"), (48, "422")])
def test_activate_holds_from_today_to_fourteen_days(debtor, until, answer):
    assert debtor("activate", 33, sub=1, until=day(until)) == answer


def test_hold_stands_until_its_day_then_the_suspend_step_acts(debtor):
    debtor("activate", 33, sub=1, until=day(36))
    debtor.runs(34, 36)
    assert debtor.sub()[0] == "active"
    debtor.runs(37, 37)
    assert debtor.sub()[:2] == ("suspended", "debt")


def test_hold_defaults_to_today(debtor):
    debtor("activate", 33, sub=1, until=None)
    debtor.runs(33, 33)
    assert debtor.sub()[0] == "active"
    debtor.runs(34, 34)
    assert debtor.sub()[:2] == ("suspended", "debt")


def test_activate_is_refused_when_active_or_cancelled(town):
    town.create()
    assert town("activate", 2, sub=1, until=None) == "409"
    town("cancel_subscription", 2, sub=1)
    assert town("activate", 2, sub=1, until=None) == "409"


def test_a_promise_for_what_is_not_due_yet_stands(town):
    """It was forgotten, and the subscription cut off days before the day promised."""
    town.create(issue=True)
    town("suspend", 1, sub=1)
    town("activate", 1, sub=1, until=day(9))
    town.runs(2, 9)
    assert town.inv("1/1")[0] == "overdue" and town.sub()[0] == "active"
    town.runs(10, 10)
    assert town.sub()[:2] == ("suspended", "debt")


def test_without_debt_there_is_no_hold(town):
    town.create()
    town("suspend", 2, sub=1)
    town("activate", 3, sub=1, until=day(9))
    assert town.model.subs[1].hold_until is None


def test_hold_protects_from_undone_money_and_settling_the_debt_ends_it(debtor):
    debtor("activate", 33, sub=1, until=day(45))
    lot = debtor.pay(34, "1/1")[1]
    assert debtor.model.subs[1].hold_until is None
    debtor("reverse", 35, lot=lot)
    assert debtor.sub()[:2] == ("suspended", "debt")


def test_hold_protects_from_undone_money(debtor):
    debtor.other(33, 10, due=33)
    lot = debtor.pay(33, "1/1")[1]
    debtor("suspend", 34, sub=1)
    debtor("activate", 35, sub=1, until=day(40))
    debtor("reverse", 36, lot=lot)
    assert (debtor.inv("1/1")[0], debtor.sub()[0]) == ("overdue", "active")


def test_next_period_starts_no_earlier_than_resumed_on(town):
    town.create()
    town("suspend", 5, sub=1)
    town("activate", 50, sub=1, until=None)
    town.runs(51, 51)
    assert town.period("1/1") == (50, 79)
    assert town.inv("1/1")[3] == 51


# ---- plan changes


def test_plan_change_now_reissues_the_untouched_invoice(town):
    town.create()
    town.runs(23, 23)
    assert town("plan", 24, sub=1, package=2, effective="now") == "ok"
    assert town.inv("1/1")[0] == "cancelled"
    assert town.inv("1/2") == ("unpaid", 180, 0, 30)
    assert town.period("1/2") == (31, 90)


def test_plan_change_now_leaves_part_paid_and_begun_invoices(town):
    town.create()
    town.runs(23, 23)
    town.pay(24, "1/1", 1)
    town("plan", 24, sub=1, package=1, effective="now")
    town.create(sub=2, n=24, issue=True)
    town("plan", 24, sub=2, package=1, effective="now")
    assert town.inv("1/1") == ("unpaid", 100, 1, 30)
    assert town.inv("2/1") == ("unpaid", 100, 0, 24)
    assert len(town.model.invoices) == 2


def test_plan_change_now_to_a_free_package_is_paid_at_issue(town):
    town.create()
    town.runs(23, 23)
    town("plan", 24, sub=1, package=3, effective="now")
    assert town.inv("1/2")[:2] == ("paid", 0)
    assert town.sub() == ("active", None, 60)


def test_plan_change_for_next_period_waits_for_the_next_issue(town):
    town.create()
    town.runs(23, 23)
    town("plan", 24, sub=1, package=2, effective="next_period")
    assert town.inv("1/1")[:2] == ("unpaid", 100)
    town.mark(24, "1/1")
    town.runs(52, 52)
    assert town.model.subs[1].package == 0
    town.runs(53, 60)
    assert (town.inv("1/2")[1], town.period("1/2")) == (180, (61, 120))
    assert town.model.subs[1].package == 0
    town.runs(61, 61)
    assert town.model.subs[1].package == 2


def test_next_period_billed_already_is_billed_anew_until_money_touches_it(town):
    town.create()
    town("plan", 22, sub=1, package=2, effective="next_period")
    town.runs(23, 23)
    assert (town.inv("1/1")[1], town.period("1/1")) == (180, (31, 90))
    town("plan", 24, sub=1, package=1, effective="next_period")
    assert (town.inv("1/1")[0], town.inv("1/2")[1], town.period("1/2")[0]) == ("cancelled", town.model.packages[1].price, 31)
    town("cancel_invoice", 24, invoice="1/2")
    town.runs(25, 25)
    assert (town.inv("1/3")[1], town.period("1/3")[0]) == (town.model.packages[1].price, 31)
    town.pay(25, "1/3", 1)
    assert town("plan", 25, sub=1, package=0, effective="next_period") == "409"
    town.runs(31, 31)
    assert town.model.subs[1].package == 1


def test_the_days_of_a_first_period_move_with_its_package(town):
    town.create(start=5, end=34, issue=True)
    before = town.period("1/1")
    town("plan", 2, sub=1, package=2, effective="now")
    assert town.period("1/2") == (before[0], before[0] + 59)
    assert town.sub()[2] == before[0] + 59


def test_new_price_touches_only_later_invoices(town):
    town.create()
    town.runs(23, 23)
    town("price", 24, package=0, price=120)
    assert town.inv("1/1")[1] == 100
    town.mark(24, "1/1")
    town.runs(53, 53)
    assert town.inv("1/2")[1] == 120


# ---- cancelling


def test_cancelled_invoice_frees_its_period_and_is_billed_again(town):
    town.create()
    town.runs(23, 23)
    assert town("cancel_invoice", 24, invoice="1/1") == "ok"
    assert town("cancel_invoice", 24, invoice="1/1") == "409"
    town.runs(25, 25)
    assert town.period("1/2") == (31, 60)


def test_invoice_with_money_cannot_be_cancelled(town):
    town.create(issue=True)
    town.pay(2, "1/1", 1)
    assert town("cancel_invoice", 2, invoice="1/1") == "409"
    town.pay(2, "1/1", 99)
    assert town("cancel_invoice", 2, invoice="1/1") == "409"


def test_cancelling_a_subscription_keeps_begun_part_paid_and_other(town):
    town.create(issue=True)
    town.other(2, 50, due=60)
    town("renewal_invoice", 2, sub=1, due_date=None)
    town.create(sub=2, n=2)
    town("renewal_invoice", 2, sub=2, due_date=None)
    town.pay(2, "2/1", 1)
    assert town("cancel_subscription", 3, sub=1) == "ok"
    town("cancel_subscription", 3, sub=2)
    status = [town.inv(k)[0] for k in ("1/1", "1/2", "1/3", "2/1")]
    assert status == ["unpaid", "unpaid", "cancelled", "unpaid"]
    assert town("cancel_subscription", 4, sub=1) == "ok"


def test_settling_an_invoice_of_a_cancelled_subscription_moves_nothing(town):
    town.create(issue=True)
    town("cancel_subscription", 3, sub=1)
    town.runs(4, 40)
    assert town.inv("1/1")[0] == "overdue"
    assert town.mark(90, "1/1") == "ok"
    assert town.sub() == ("cancelled", None, 30)


def test_settling_a_later_period_of_a_cancelled_subscription_moves_nothing(town):
    town.create()
    town("renewal_invoice", 2, sub=1, due_date=None)
    town.pay(2, "1/1", 1)
    town("cancel_subscription", 3, sub=1)
    assert town.mark(4, "1/1") == "ok"
    assert (town.inv("1/1")[0], town.sub()) == ("paid", ("cancelled", None, 30))


def test_cancelled_refuses_everything_but_cancel(town):
    town.create()
    town("cancel_subscription", 3, sub=1)
    before = town.model.snapshot()
    assert town("plan", 4, sub=1, package=1, effective="now") == "409"
    assert town("end_date", 4, sub=1, end_date=day(99)) == "409"
    assert town("auto_renew", 4, sub=1, auto_renew=False) == "409"
    assert town.other(4, 10, due=9) == "409"
    assert town("renewal_invoice", 4, sub=1, due_date=None) == "409"
    town.runs(5, 60)
    assert town.model.snapshot() == before


# ---- by hand


def test_renewal_by_hand_is_the_next_unbilled_period_once(town):
    town.create()
    assert town("renewal_invoice", 2, sub=1, due_date=None) == "ok"
    assert (town.period("1/1"), town.inv("1/1")[3]) == ((31, 60), 30)
    assert town("renewal_invoice", 2, sub=1, due_date=None) == "409"
    town.runs(23, 23)
    assert list(town.model.invoices) == ["1/1"]


def test_end_date_by_hand_stays_behind_what_is_paid(town):
    town.create()
    town.runs(23, 23)
    assert town("end_date", 24, sub=1, end_date=day(29)) == "ok"
    assert town("end_date", 24, sub=1, end_date=day(0)) == "422"
    town.mark(24, "1/1")
    assert town("end_date", 24, sub=1, end_date=day(59)) == "409"
    assert town("end_date", 24, sub=1, end_date=day(60)) == "ok"


# ---- the year


def test_the_same_seed_gives_the_same_year():
    assert list(year(7, 20, length=60)) == list(year(7, 20, length=60))
    assert list(year(7, 20, length=60)) != list(year(8, 20, length=60))


def test_a_refusal_changes_nothing():
    model = Model()
    refused = 0
    for event in year(3, 20, length=150):
        before = model.snapshot()
        if model.apply(event) != "ok":
            refused += 1
            assert model.snapshot() == before, event
    assert refused > 20


@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_keeps_every_invariant_and_meets_every_answer(seed):
    model = Model()
    answers = Counter()
    suspended = today = None
    for event in year(seed, 80):
        if event["day"] != today:
            today = event["day"]
            assert model.violations() == [], event
        answers[event["op"], model.apply(event)] += 1
        suspended = suspended or (event["op"] == "run" and model.report["suspended"])
    assert model.violations() == []
    assert suspended
    assert EXPECTED - set(answers) == set()


EXPECTED = {
    (op, answer)
    for answer, ops in {
        "ok": "run create pay mark_paid reverse gift payout plan suspend activate end_date "
        "auto_renew other_invoice renewal_invoice cancel_invoice cancel_subscription price",
        "409": "pay mark_paid reverse payout plan suspend activate end_date renewal_invoice "
        "cancel_invoice",
        "422": "create pay mark_paid gift payout activate",
    }.items()
    for op in ops.split()
}
