"""A plain model of contract section 5 (billing), written from the text alone.

It is the other opinion: the real system (SQL functions, API, billing-cron) is driven with the
same events and must show the same states and money every day. So it is naive on purpose: loops
over lists, whole rupiah as int, days as datetime.date, no database, no clock.

    m = Model()
    m.apply({"day": D, "op": "run"})        -> "ok", "409" or "422"; a refusal changes nothing
    m.snapshot()                            -> plain comparable structure (see there)
    m.report                                -> what the last run did
    m.violations()                          -> [] while every invariant of the contract holds

Events are plain dicts: "day" (the business date D), "op", and:

    package              package, price, validity_days
    price                package, price
    customer             customer
    create               sub, customer, package, start, end (date or None), auto_renew,
                         issue_invoice
    run                  (renew, overdue, expire, suspend of the business date "day")
    pay                  lot, invoice, amount, surplus (bool), reference (str or None)
    mark_paid            lot, invoice, amount (None = outstanding), reference (str or None)
    reverse              lot
    gift                 lot, customer, amount (> 0)
    payout               customer, amount (< 0)
    plan                 sub, package, effective ("now" or "next_period")
    suspend, cancel_subscription          sub
    activate             sub, until (date or None)
    end_date             sub, end_date
    auto_renew           sub, auto_renew
    other_invoice        sub, amount, due_date
    renewal_invoice      sub, due_date (date or None)
    cancel_invoice       invoice

Names are local: package, customer, sub and lot are numbers the events give (a lot is a payment or
a gift; its number is taken only when the event is "ok"). An invoice is called "SUB/N": the N-th
invoice of that subscription in order of issue, from 1.

The model also holds these rules beside the contract's words ("pinned": the SQL side agreed to the same)

 a. pinned: money comes in lots; allocations (lot -> invoice) say what pays what; credit is what
    lots have left; credit and payouts use lots oldest first.
 b. pinned: a payment pays its own invoice, the rest is credit and at once applied to the open
    invoices of the customer, oldest due_date first, ties in order of issue.
 c. pinned: amount over outstanding 422, on a paid or cancelled invoice 409.
 d. pinned: a reversal takes back the lot's credit and all its allocations; then other credit is
    applied again; then suspension is decided. 409 when some of the lot was paid out.
 e. pinned: the length of an invoice's period is what was billed.
 f. pinned: a start day that lies in a billed period is skipped silently; an overlap is refused.
 g. to q. pinned: see the functions below.

Added here, where text and pins are silent:

 1. A settlement of a period wholly past gives greatest(end_date, period_end, D + length - 1):
    it never shortens service already granted (a longer paid period may lie ahead).
 2. The overdue step marks invoices of cancelled subscriptions too ("begun ones stay due");
    "every step skips cancelled" is read as: cancelled invoices, and cancelled subscriptions
    never change state.
 3. The lead of renew, least(lead_days, validity_days - 1), uses the package the subscription has
    now; price and length of the new period are those of next_package where one is set.
 4. A renewal issued by hand is "the next period": it, too, takes next_package. The package changes
    when the first period billed at it begins, in the renew step, before anything is issued; at once
    where that day is past when it is billed. Cancelling that invoice makes it wait for the next one.
 5. A reversal undoes its invoices newest allocation first, so that end_date unwinds step by step.
 6. Only invoices that were paid before the reversal can suspend at once; one that merely lost a
    part payment waits for the suspend step.
 7. "With debt open" (activate) means any open invoice of the subscription, past due or not: who
    promises to pay by a day is not cut off before it. hold_until is cleared by a settlement that
    lifts a suspension for debt, or after which nothing of the subscription is open.
 8. expired and cancelled have no suspend reason. Expiring and suspending leave hold_until alone.
 9. Cancelling an invoice never lifts a suspension (only payment does).
10. A plan change now to another package forgets a stored next_package; next_period to the present
    package forgets it too; a change now to the package it already has changes nothing. Where the
    next period is billed at the next package already, another one is reissued for it; 409 once money
    touched it.
11. Reissue keeps the kind; a first invoice stays due on its first day (that is its rule), and where
    end_date is the end of its period that moves along. Several are reissued in order of period_start,
    and what followed on one follows on its successor; if a new period would overlap another invoice,
    the whole change is 409.
12. "Unpaid" in cancelling and reissuing means unpaid or overdue with paid_amount = 0.
13. Every change of a cancelled subscription but cancel is 409; validation (422) comes first.
    Amount over outstanding is judged after the invoice's state, and after the reference.
14. Expired and not auto_renew, activated by hand with end_date < D: the next run expires it again.
15. A manual end_date before start_date is 422; moving it changes no status by itself.
16. Credit given while nothing is open stays; it is used at the next issue of any invoice (b).
17. A refused event leaves no trace: a reference used in it is free.
18. resumed_on is stored by every activate and never cleared.
19. Archiving, refunds and gateway money on closed invoices are not modelled.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

OPEN = ("unpaid", "overdue")


class Refused(Exception):
    """An event the system must answer with this status."""


@dataclass(eq=False)
class Package:
    price: int
    validity_days: int


@dataclass(eq=False)
class Subscription:
    number: int
    customer: int
    package: int
    start: date
    end: date
    auto_renew: bool
    status: str = "active"
    reason: str | None = None
    next_package: int | None = None
    next_package_on: date | None = None
    resumed_on: date | None = None
    hold_until: date | None = None
    invoices: list = field(default_factory=list)


@dataclass(eq=False)
class Invoice:
    key: str
    serial: int
    number: str
    sub: Subscription
    kind: str
    amount: int
    due: date
    start: date | None
    end: date | None
    status: str = "unpaid"
    allocations: list = field(default_factory=list)
    end_before: date | None = None
    end_after: date | None = None

    @property
    def paid(self):
        return sum(a.amount for a in self.allocations)

    @property
    def outstanding(self):
        return 0 if self.status == "cancelled" else self.amount - self.paid

    @property
    def holds_period(self):
        return self.kind in ("first", "renewal") and self.status != "cancelled"


@dataclass(eq=False)
class Lot:
    number: int
    customer: int
    amount: int
    is_payment: bool
    paid_out: int = 0
    reversed: bool = False
    allocations: list = field(default_factory=list)

    @property
    def credit(self):
        if self.reversed:
            return 0
        return self.amount - self.paid_out - sum(a.amount for a in self.allocations)


@dataclass(eq=False)
class Allocation:
    lot: Lot
    invoice: Invoice
    amount: int


def days(n):
    return timedelta(days=n)


def length(invoice):
    return (invoice.end - invoice.start).days + 1


def overlaps(start, end, invoices):
    return any(start <= i.end and i.start <= end for i in invoices)


def refuse_unless(condition, status):
    if not condition:
        raise Refused(status)


class Model:
    def __init__(self, lead_days=7, grace_days=1):
        self.lead_days = lead_days
        self.grace_days = grace_days
        self.packages = {}
        self.customers = []
        self.subs = {}
        self.invoices = {}
        self.lots = {}
        self.references = {}
        self.numbers = {}
        self.payouts = {}
        self.report = {}

    def apply(self, event):
        args = {k: v for k, v in event.items() if k not in ("day", "op")}
        try:
            getattr(self, "op_" + event["op"])(event["day"], **args)
        except Refused as refused:
            return str(refused)
        return "ok"

    def snapshot(self):
        """Plain structure, dates as text, keyed by local names."""
        return {
            "subscriptions": {s.number: self.sub_row(s) for s in self.subs.values()},
            "invoices": {i.key: self.invoice_row(i) for i in self.invoices.values()},
            "credit": {c: self.credit(c) for c in self.customers},
        }

    @staticmethod
    def sub_row(s):
        return {
            "status": s.status,
            "suspend_reason": s.reason,
            "end_date": s.end.isoformat(),
            "package": s.package,
        }

    @staticmethod
    def invoice_row(i):
        return {
            "number": i.number,
            "kind": i.kind,
            "status": i.status,
            "amount": i.amount,
            "paid_amount": i.paid,
            "due_date": i.due.isoformat(),
            "period_start": i.start.isoformat() if i.start else None,
            "period_end": i.end.isoformat() if i.end else None,
        }

    # ---- what is there

    def credit(self, customer):
        return sum(lot.credit for lot in self.lots.values() if lot.customer == customer)

    def periods(self, sub):
        return [i for i in sub.invoices if i.holds_period]

    def open_invoices(self, customer):
        found = [
            i
            for s in self.subs.values()
            if s.customer == customer
            for i in s.invoices
            if i.status in OPEN
        ]
        return sorted(found, key=lambda i: (i.due, i.serial))

    def beyond_grace(self, invoice, day):
        return invoice.due + days(self.grace_days) < day

    @staticmethod
    def owes(sub):
        return any(i.status in OPEN for i in sub.invoices)

    @staticmethod
    def held(sub, day):
        return sub.hold_until is not None and sub.hold_until >= day

    @staticmethod
    def next_start(sub):
        following = sub.end + days(1)
        return max(following, sub.resumed_on) if sub.resumed_on else following

    # ---- money on invoices

    def allocate(self, lot, invoice, day):
        """As much of the lot as the invoice still needs."""
        amount = min(lot.credit, invoice.outstanding)
        if amount <= 0:
            return
        allocation = Allocation(lot, invoice, amount)
        lot.allocations.append(allocation)
        invoice.allocations.append(allocation)
        if invoice.outstanding == 0:
            self.settle(invoice, day)

    def apply_credit(self, customer, day):
        for invoice in self.open_invoices(customer):
            for lot in self.lots.values():
                if lot.customer == customer and invoice.status in OPEN:
                    self.allocate(lot, invoice, day)

    def settle(self, invoice, day):
        invoice.status = "paid"
        invoice.end_before = invoice.end_after = None
        sub = invoice.sub
        if sub.status == "cancelled":
            return
        if invoice.holds_period:
            self.extend(sub, invoice, day)
        self.lift(sub, day)

    @staticmethod
    def extend(sub, invoice, day):
        end = max(sub.end, invoice.end)
        if day > invoice.end and sub.status in ("suspended", "expired"):
            end = max(end, day + days(length(invoice) - 1))
        if end != sub.end:
            invoice.end_before = sub.end
            invoice.end_after = end
            sub.end = end

    def lift(self, sub, day):
        in_debt = any(i.status == "overdue" for i in sub.invoices)
        if sub.status == "suspended" and sub.reason == "debt" and not in_debt:
            sub.status = "active"
            sub.reason = None
            sub.hold_until = None
        if sub.status == "expired" and sub.end >= day:
            sub.status = "active"
        if not self.owes(sub):
            sub.hold_until = None

    @staticmethod
    def undo(invoice, day):
        """The invoice was paid and no longer is; with what it remembered of the end date that went back."""
        invoice.status = "overdue" if invoice.due < day else "unpaid"
        sub, was = invoice.sub, (invoice.end_before, invoice.end_after)
        invoice.end_before = invoice.end_after = None
        if sub.status == "cancelled" or was[1] is None or sub.end != was[1]:
            return invoice, None
        sub.end = was[0]
        return invoice, was

    def reopened(self, customer, undone, day):
        """Other credit steps in, as if it had been there before; who then still owes is cut off."""
        self.apply_credit(customer, day)
        for invoice, was in undone:
            if invoice.status == "paid" and was:
                invoice.end_before, invoice.end_after = was
                invoice.sub.end = max(invoice.sub.end, invoice.end_after)
        for invoice, _ in undone:
            self.suspend_undone(invoice, day)

    def suspend_undone(self, invoice, day):
        sub = invoice.sub
        if invoice.status in OPEN and self.beyond_grace(invoice, day):
            if sub.status == "active" and not self.held(sub, day):
                sub.status = "suspended"
                sub.reason = "debt"

    # ---- issuing

    def take_number(self, day):
        self.numbers[day] = self.numbers.get(day, 0) + 1
        return "INV-%s-%04d" % (day.strftime("%Y%m%d"), self.numbers[day])

    def issue(self, sub, kind, amount, due, period, day):
        start, end = period
        invoice = Invoice(
            key="%d/%d" % (sub.number, len(sub.invoices) + 1),
            serial=len(self.invoices),
            number=self.take_number(day),
            sub=sub,
            kind=kind,
            amount=amount,
            due=due,
            start=start,
            end=end,
        )
        self.invoices[invoice.key] = invoice
        sub.invoices.append(invoice)
        if amount == 0:
            self.settle(invoice, day)
        else:
            self.apply_credit(sub.customer, day)
        return invoice

    def next_period(self, sub):
        """(package, start, end) of the period that would be billed next."""
        package = sub.package if sub.next_package is None else sub.next_package
        start = self.next_start(sub)
        return package, start, start + days(self.packages[package].validity_days - 1)

    def issue_next(self, sub, due, day):
        package, start, end = self.next_period(sub)
        if sub.next_package is not None and sub.next_package_on is None:
            sub.next_package_on = start
            self.begin_package(sub, day)
        price = self.packages[package].price
        return self.issue(sub, "renewal", price, due, (start, end), day)

    @staticmethod
    def begin_package(sub, day):
        if sub.next_package_on is not None and sub.next_package_on <= day:
            sub.package = sub.next_package
            sub.next_package = sub.next_package_on = None

    # ---- a run

    def op_run(self, day):
        self.report = {"issued": [], "refused": [], "overdue": [], "expired": [], "suspended": []}
        for step in (self.renew, self.overdue, self.expire, self.suspend):
            step(day)

    def renew(self, day):
        for sub in self.subs.values():
            if sub.status != "cancelled":
                self.begin_package(sub, day)
            if sub.status != "active" or not sub.auto_renew:
                continue
            lead = min(self.lead_days, self.packages[sub.package].validity_days - 1)
            if sub.end - days(lead) > day:
                continue
            _, start, end = self.next_period(sub)
            if overlaps(start, start, self.periods(sub)):
                continue
            if overlaps(start, end, self.periods(sub)):
                self.report["refused"].append(sub.number)
                continue
            invoice = self.issue_next(sub, max(sub.end, day), day)
            self.report["issued"].append(invoice.key)

    def overdue(self, day):
        for invoice in self.invoices.values():
            if invoice.status == "unpaid" and invoice.due < day:
                invoice.status = "overdue"
                self.report["overdue"].append(invoice.key)

    def expire(self, day):
        for sub in self.subs.values():
            if sub.status in ("active", "suspended") and not sub.auto_renew and sub.end < day:
                sub.status = "expired"
                sub.reason = None
                self.report["expired"].append(sub.number)

    def suspend(self, day):
        for sub in self.subs.values():
            debt = any(i.status == "overdue" and self.beyond_grace(i, day) for i in sub.invoices)
            if sub.status == "active" and debt and not self.held(sub, day):
                sub.status = "suspended"
                sub.reason = "debt"
                self.report["suspended"].append(sub.number)

    # ---- packages, customers, subscriptions

    def op_package(self, day, package, price, validity_days):
        self.packages[package] = Package(price, validity_days)

    def op_price(self, day, package, price):
        self.packages[package].price = price

    def op_customer(self, day, customer):
        self.customers.append(customer)

    def op_create(self, day, sub, customer, package, start, end, auto_renew, issue_invoice):
        refuse_unless((start is None) == (end is None), "422")
        if start is None:
            start = day
            end = day + days(self.packages[package].validity_days - 1)
        refuse_unless(end >= start, "422")
        row = Subscription(sub, customer, package, start, end, auto_renew)
        self.subs[sub] = row
        if issue_invoice:
            price = self.packages[package].price
            self.issue(row, "first", price, start, (start, end), day)

    def living(self, number):
        sub = self.subs[number]
        refuse_unless(sub.status != "cancelled", "409")
        return sub

    def op_suspend(self, day, sub):
        sub = self.living(sub)
        refuse_unless(sub.status == "active" or sub.reason == "debt", "409")
        sub.status = "suspended"
        sub.reason = "manual"

    def op_activate(self, day, sub, until):
        if until is not None:
            refuse_unless(day <= until <= day + days(14), "422")
        sub = self.living(sub)
        refuse_unless(sub.status in ("suspended", "expired"), "409")
        sub.status = "active"
        sub.reason = None
        sub.resumed_on = day
        sub.hold_until = (until or day) if self.owes(sub) else None

    def op_cancel_subscription(self, day, sub):
        sub = self.subs[sub]
        if sub.status == "cancelled":
            return
        sub.status = "cancelled"
        sub.reason = None
        for invoice in self.untouched_ahead(sub, day):
            invoice.status = "cancelled"

    def op_end_date(self, day, sub, end_date):
        sub = self.subs[sub]
        refuse_unless(end_date >= sub.start, "422")
        refuse_unless(sub.status != "cancelled", "409")
        paid = [i.end for i in self.periods(sub) if i.status == "paid"]
        refuse_unless(all(end <= end_date for end in paid), "409")
        sub.end = end_date

    def op_auto_renew(self, day, sub, auto_renew):
        self.living(sub).auto_renew = auto_renew

    @staticmethod
    def untouched_ahead(sub, day):
        """Period invoices without money whose period has not begun, by period."""
        found = [
            i
            for i in sub.invoices
            if i.holds_period and i.status in OPEN and i.paid == 0 and i.start > day
        ]
        return sorted(found, key=lambda i: i.start)

    def op_plan(self, day, sub, package, effective):
        sub = self.living(sub)
        old = self.untouched_ahead(sub, day)
        if effective == "next_period":
            self.plan_next(day, sub, package, old)
        elif package != sub.package:
            drafts = self.reissue_drafts(sub, package, old)
            sub.package = package
            sub.next_package = sub.next_package_on = None
            self.reissue(day, sub, package, old, drafts)

    def plan_next(self, day, sub, package, old):
        on = sub.next_package_on
        if on is not None:
            old = [i for i in old if i.start >= on]
            refuse_unless(old and old[0].start == on, "409")
            self.reissue(day, sub, package, old, self.reissue_drafts(sub, package, old))
        sub.next_package = None if package == sub.package else package
        sub.next_package_on = None if package == sub.package else on

    def reissue_drafts(self, sub, package, old):
        """The periods the old invoices get; 409 where one would overlap."""
        validity = days(self.packages[package].validity_days - 1)
        taken = [(i.start, i.end) for i in self.periods(sub) if i not in old]
        drafts = []
        for n, invoice in enumerate(old):
            start = invoice.start
            if n > 0 and start == old[n - 1].end + days(1):
                start = drafts[-1][1] + days(1)
            drafts.append((start, start + validity))
            refuse_unless(all(start + validity < a or b < start for a, b in taken), "409")
            taken.append(drafts[-1])
        return drafts

    def reissue(self, day, sub, package, old, drafts):
        for invoice in old:
            invoice.status = "cancelled"
        for invoice, period in zip(old, drafts):
            due = period[0] if invoice.kind == "first" else max(sub.end, day)
            if invoice.kind == "first" and sub.end == invoice.end:
                sub.end = period[1]
            self.issue(sub, invoice.kind, self.packages[package].price, due, period, day)

    # ---- invoices by hand

    def op_other_invoice(self, day, sub, amount, due_date):
        refuse_unless(amount >= 0, "422")
        self.issue(self.living(sub), "other", amount, due_date, (None, None), day)

    def op_renewal_invoice(self, day, sub, due_date):
        sub = self.living(sub)
        _, start, end = self.next_period(sub)
        refuse_unless(not overlaps(start, end, self.periods(sub)), "409")
        self.issue_next(sub, due_date or max(sub.end, day), day)

    def op_cancel_invoice(self, day, invoice):
        invoice = self.invoices[invoice]
        refuse_unless(invoice.status in OPEN and invoice.paid == 0, "409")
        invoice.status = "cancelled"
        if invoice.start is not None and invoice.sub.next_package_on == invoice.start:
            invoice.sub.next_package_on = None

    # ---- money by hand

    def op_pay(self, day, lot, invoice, amount, surplus, reference):
        refuse_unless(amount > 0, "422")
        self.receive(day, lot, invoice, amount, surplus, reference)

    def op_mark_paid(self, day, lot, invoice, amount, reference):
        refuse_unless(amount is None or amount > 0, "422")
        self.receive(day, lot, invoice, amount, False, reference)

    def receive(self, day, number, invoice, amount, surplus, reference):
        body = (invoice, amount, surplus)
        if reference in self.references:
            refuse_unless(self.references[reference] == body, "409")
            return
        invoice = self.invoices[invoice]
        refuse_unless(invoice.status in OPEN, "409")
        amount = invoice.outstanding if amount is None else amount
        refuse_unless(surplus or amount <= invoice.outstanding, "422")
        customer = invoice.sub.customer
        lot = Lot(number, customer, amount, is_payment=True)
        self.lots[number] = lot
        if reference is not None:
            self.references[reference] = body
        self.allocate(lot, invoice, day)
        self.apply_credit(customer, day)

    def op_reverse(self, day, lot):
        lot = self.lots[lot]
        refuse_unless(not lot.reversed and lot.paid_out == 0, "409")
        lot.reversed = True
        undone = []
        for allocation in reversed(lot.allocations):
            invoice = allocation.invoice
            invoice.allocations.remove(allocation)
            if invoice.status == "paid":
                undone.append(self.undo(invoice, day))
        lot.allocations = []
        self.reopened(lot.customer, undone, day)

    def op_gift(self, day, lot, customer, amount):
        refuse_unless(amount > 0, "422")
        self.lots[lot] = Lot(lot, customer, amount, is_payment=False)
        self.apply_credit(customer, day)

    def op_payout(self, day, customer, amount):
        refuse_unless(amount < 0, "422")
        left = -amount
        refuse_unless(left <= self.credit(customer), "409")
        for lot in self.lots.values():
            if lot.customer == customer:
                taken = min(lot.credit, left)
                lot.paid_out += taken
                left -= taken
        self.payouts[customer] = self.payouts.get(customer, 0) - amount

    # ---- what must always hold

    def violations(self):
        found = []
        for customer in self.customers:
            found += self.money_violations(customer)
        for sub in self.subs.values():
            found += self.sub_violations(sub)
        return found + self.number_violations()

    def number_violations(self):
        used = {}
        for invoice in self.invoices.values():
            _, day, serial = invoice.number.split("-")
            used.setdefault(day, []).append(int(serial))
        return [
            "numbers of %s have a gap" % day
            for day, serials in used.items()
            if sorted(serials) != list(range(1, len(serials) + 1))
        ]

    def money_violations(self, customer):
        found = []
        lots = [lot for lot in self.lots.values() if lot.customer == customer]
        received = sum(lot.amount for lot in lots if not lot.reversed)
        subs = [s for s in self.subs.values() if s.customer == customer]
        paid = sum(i.paid for s in subs for i in s.invoices)
        credit = self.credit(customer)
        if received - self.payouts.get(customer, 0) != paid + credit:
            found.append("customer %d: money in and money used differ" % customer)
        if any(lot.credit < 0 for lot in lots):
            found.append("customer %d: negative credit" % customer)
        if credit > 0 and self.open_invoices(customer):
            found.append("customer %d: credit beside open debt" % customer)
        return found

    def sub_violations(self, sub):
        found = []
        periods = self.periods(sub)
        for n, invoice in enumerate(periods):
            if overlaps(invoice.start, invoice.end, periods[:n]):
                found.append("%s: period billed twice" % invoice.key)
        for i in sub.invoices:
            if not 0 <= i.paid <= i.amount:
                found.append("%s: paid_amount out of range" % i.key)
            if i.status != "cancelled" and (i.status == "paid") != (i.outstanding == 0):
                found.append("%s: status does not fit the money" % i.key)
            if i.status == "cancelled" and i.paid:
                found.append("%s: money on a cancelled invoice" % i.key)
        if (sub.status == "suspended") != (sub.reason is not None):
            found.append("subscription %d: reason without suspension" % sub.number)
        return found
