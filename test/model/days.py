"""A plain model of the ledger of days and of the bills, written from the rules in words alone, never from the SQL.

It is the other opinion: the real system is driven with the same events and must show the same money
and the same days every day. So it is naive on purpose: loops over lists, whole rupiah as int, days
as datetime.date, no database, no clock.

    m = Model(grace_days=1)
    m.apply({"day": D, "op": "run"})     -> "ok", "409" or "422"; a refusal changes nothing. Or what the act answers
    m.snapshot()                         -> plain comparable structure
    m.violations()                       -> [] while both laws hold

Events: "day" (the business date), "op", and:

    package           package, price, unit ("day" or "month"), length
    price             package, price
    customer          customer, exempt (from tax)
    create            sub, customer, package, cycle, mode, policy, auto_renew, dates (None or a pair),
                      billed (the dates are not paid elsewhere: they are the period of the first bill), router,
                      billing (day)
    other             sub, amount, due: a bill without a period
    item              item, sub, kind (item or discount), amount, percent, quantity, start, periods
    item_remove       item
    charge            customer, sub (None: any line), kind, amount, quantity, own_bill, due
    run               force (the guard is passed over)
    undo_run          the last run that was not undone
    away, back        router: no connection can be made, and can again
    pay               lot, invoice, amount (None: what is outstanding), surplus
    deposit           lot, customer, amount
    reverse           lot
    refund            lot, amount, reopen (what no credit covers is a debt again, else written off)
    gift, payout      lot and customer, amount (> 0)
    promise           sub, until
    pause             sub, first, until (first and last day off)
    suspend, resume, cancel               sub
    days              sub, days
    change            sub, package, effective (now or next_period), prorate; answers what it did
    prepay            sub, periods, discount; answers the bill
    cancel_invoice    invoice, waive
    move_due          invoice, due

An invoice is called "SUB/N": the N-th of that line in the order of issue, from 1. A lot is a payment
or a gift of credit.

Readings where the text leaves a choice

 1. One bill a night and prepaid line; a postpaid line is billed all periods and parts that have passed.
 2. Whether a bill is past its grace after a payment is judged by the end date that the return of the
    line on that day would give.
 3. Debt open means any open bill. Activating a line without one is no promise, but where the line is
    expired; a promise counts on the bills that stand as overdue.
 4. A line cut for debt and then suspended by hand: the first span ends and the second begins that day.
 5. Dates given with their bill that are exactly a period cost its price; only another length is rounded.
 6. The day of a plan change belongs to the new package, and a postpaid line is billed the days before
    it at the old one; a bill that is reissued is of the next period as it is on that day.
 7. The end date of a postpaid line that is back is the day before its return: the day before its next
    part, as everywhere else.
 8. The bill of the period that begins with its line is of kind first, also where it comes after a
    period that has passed, or again where the first was cancelled.
 9. A payment of which a part was refunded can be undone by hand, for what is left; not where a part of
    it was paid out.
10. Policy restart takes end_date as it stood on each day, and as it was at the cut.
11. A run is undone as long as the line stands as the run left it; it holds the night after the day on
    which it is undone. A pause that began with it is planned again. Days off before a bill that was issued meanwhile are
    given: that bill's dates stay. A postpaid period that was billed up to the cut is over, as after a return.
12. A line that begins later is off until then, as one that waits for its first payment is.
13. A bill on which less than suspend_min_amount is owed cuts no line, and keeps none off.
14. Each fixed discount takes its amount times its quantity from what the ones before it left of package and items; pending
    days have their price by package and items without these discounts, and take at most what they left. A bill over several periods takes an item once for each.
15. A charge waits for a bill of a period, or for a first one that is composed anew; on a bill that was cancelled it waits
    again, and where the line ends it has a bill of its own, not a place on the last bill. So has one that is entered later. A late fee is of what is outstanding and no fee itself, its percentage rounded up as
    every share; the fee for a return is a charge.
16. A rolling postpaid line begins a period, and its anchor, on the day of its return; a part of a period costs its price x
    its days / the days of the period. The first part of a postpaid line costs the whole price, too, under first_period full.
17. Merge is for the bill of sign-up, not for the one after it was cancelled, where the line is on. The first bill of a line that
    waits for it moves from the day after its issue on; cancelled, it is issued again by the next run, whatever auto_renew says.
18. A pause that is planned begins with the run of its first day, or the first run after it; that
    of a line which is off then, after its return; with the line itself, where that begins later.
19. Days on before a cut that have no bill come first: under keep the next period begins with them, and the days off inside it
    are lost; without such days it begins as if the line were back.
20. The part used (prorate_last) costs its share of the price on the bill, with the discount agreed for
    paying ahead; items are taken for the periods begun. A bill of whose period nothing was used is cancelled.
21. Paying ahead takes in the last bill of a period not begun, where nothing touched it; a part counts as a period, and the
    first one costs the whole price under first_period full. The discount is of the package's price alone. A line that is off
    may pay ahead; one that waits for its first payment then waits for this bill, and is refused while its first bill has
    money on it. Nothing can be paid ahead on a postpaid line.
22. A package for the next period comes with the next bill that is issued, and begins with that bill's period; the answer names
    its first day as it is then. A period before others that is billed again keeps its own package: the next one comes with that
    bill only where it came with the cancelled one. Another such change takes its place: what was billed for it is issued again,
    refused where that was paid. The running period of a postpaid line is used, and billed, at the present package: the next one
    follows it.
23. The days left are the last ones of the ledger in the order of the periods, not of payment; days taken back are days given
    before, and those given by policy restart, or for a bill that was waived, come before that bill's period. The old price is
    that on the bill, or that of the last change with proration; the new one is of the same periods, with the bill's own
    discounts and items, so that packages of one price make no difference. Without proration days keep their price. A
    difference to pay is rounded up as a part is, credit down to the rupiah; credit has no tax. A change to the present
    package changes nothing.
24. A promise ends when nothing is owed any more, but where the line has expired and is on by its promise alone: never a
    postpaid one, which does not expire.
25. Days given by hand move no open bill that a period which is fixed follows, as it was paid or has begun: they come after that one.
26. Days given by hand end an expiry, and no debt: an expired line with a bill past its grace stays off, as after a payment.
"""
import calendar
import copy
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

OPEN = ("unpaid", "overdue")
ONE = timedelta(days=1)


class Refused(Exception):
    """An event that the system must answer with this status."""


def refuse_unless(condition, status):
    if not condition:
        raise Refused(status)


def days(number):
    return timedelta(days=number)


def span(first, last):
    """All days from first to last."""
    return [first + days(n) for n in range((last - first).days + 1)]


def in_month(first, months, anchor):
    """The anchor's day, so many months after the month of first, or that month's last day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(anchor, calendar.monthrange(year, month + 1)[1]))


def part_price(price, whole, used, length, round_to):
    """price / whole * used / length, rounded up to round_to."""
    return rounded_up(Fraction(price * used, whole * length), round_to)


def answer(**parts):
    return "ok " + json.dumps(parts, sort_keys=True, default=str)


def half_up(exact):
    return math.floor(exact + Fraction(1, 2))


def rounded_up(exact, round_to):
    return math.ceil(exact / round_to) * round_to


def months_of(first, last, billing):
    """The days from first to last in months that run from billing day to billing day, as a fraction."""
    found = Fraction(0)
    month = in_month(first, -1, billing)
    while in_month(month, 1, billing) <= first:
        month = in_month(month, 1, billing)
    while month <= last:
        after = in_month(month, 1, billing)
        used = min(last, after - ONE) - max(first, month) + ONE
        found += Fraction(used.days, (after - month).days)
        month = after
    return found


@dataclass(eq=False)
class Package:
    price: int
    unit: str
    length: int


@dataclass(eq=False)
class Off:
    start: date
    cause: str
    back: date | None = None
    lost: int = 0
    given: int = 0
    settled: list = field(default_factory=list)  # bills of periods
    before: int = 0  # rows of the ledger when it began

    @property
    def days(self):
        return span(self.start, self.back - ONE)


@dataclass(eq=False)
class Row:
    kind: str
    days: int
    entered: date
    bill: object = None
    at: date | None = None  # of a gift: its first day
    first: bool = False     # and before a bill of that day


@dataclass(eq=False)
class Line:
    number: int
    customer: int
    package: int
    start: date
    cycle: str
    mode: str
    policy: str
    auto_renew: bool
    status: str = "active"
    reason: str | None = None
    hold: date | None = None
    anchor: int | None = None
    rows: list = field(default_factory=list)
    offs: list = field(default_factory=list)
    bills: list = field(default_factory=list)
    promised: set = field(default_factory=set)
    gifted: date = date.min  # last day that a gift of policy restart made up for
    pause_from: date | None = None  # planned
    pause_until: date | None = None
    router: int | None = None
    billing: int | None = None  # its own billing day
    waits: bool = False  # for its first payment
    given: bool = False  # dates came with its first bill
    spared: int = 0  # nights of one outage of its router
    spared_on: date | None = None
    open_promises: int = 0
    ended: date | None = None
    pending: int = 0
    next_package: int | None = None  # comes with the first period that has no bill yet
    next_from: date | None = None    # that period's first day: known when it is billed, of a postpaid line when it is asked for

    @property
    def paid_to(self):
        return self.paid_to_on(date.max)

    def paid_to_on(self, day):
        """The end date as it stood at the end of a day."""
        return self.start - ONE + days(sum(r.days for r in self.rows if r.entered <= day))

    @property
    def billed_to(self):
        ends = [b.end for b in self.bills if b.holds or b.waived]
        return max(ends, default=self.start - ONE)

    @property
    def end(self):
        if self.mode != "postpaid":
            return self.paid_to
        returns = [o.back - ONE for o in self.offs if o.back is not None and o.back > o.start]
        return max([self.billed_to, *returns])

    @property
    def off(self):
        """The span that is open."""
        return self.offs[-1] if self.offs and self.offs[-1].back is None else None


@dataclass(eq=False)
class Item:
    line: Line
    kind: str
    amount: int | None
    percent: int | None
    quantity: int
    start: date
    periods: int | None
    removed: bool = False


@dataclass(eq=False)
class Charge:
    customer: int
    line: Line | None  # None: any line of the customer
    kind: str
    amount: int
    bill: object = None
    removed: bool = False


@dataclass(eq=False)
class Entry:
    """One line of a bill."""
    kind: str
    amount: int
    item: Item | None = None
    charge: Charge | None = None
    times: int = 0   # periods of the item
    days: int = 0    # pending days

    @property
    def is_service(self):
        return self.kind in ("package", "part", "item") or (self.kind == "discount" and not self.days)

    @property
    def is_agreed(self):
        """The price of the periods, with the discount that was agreed for paying ahead."""
        return self.kind in ("package", "part") or (self.kind == "discount" and not self.days and not self.item)

    @property
    def is_taxable(self):
        return self.kind not in ("deposit", "late_fee", "tax")


@dataclass(eq=False)
class Bill:
    key: str
    serial: int
    line: Line
    kind: str
    entries: list
    due: date
    issued: date
    start: date | None = None
    end: date | None = None
    status: str = "unpaid"
    first_due: date | None = None
    package: int = 0
    moved: date = date.min  # a first one, to this day
    changed_price: int | None = None  # of its period, at the package of the last change with proration
    periods: int = 1
    tax: int = 0
    late: bool = False    # its late fee was charged
    touched: bool = False
    waived: bool = False
    promises: int = 0
    pays: list = field(default_factory=list)

    @property
    def amount(self):
        return sum(e.amount for e in self.entries)

    @property
    def price(self):
        """The price of its days, before what pending days take off."""
        return sum(e.amount for e in self.entries if e.is_service)

    @property
    def days_price(self):
        """By which pending days have theirs: without recurring discounts."""
        return sum(e.amount for e in self.entries if e.is_agreed or e.kind == "item")

    @property
    def discount(self):
        return -sum(e.amount for e in self.entries if e.kind == "discount")

    @property
    def subtotal(self):
        return sum(e.amount for e in self.entries if e.kind not in ("discount", "tax"))

    @property
    def taken(self):
        """Pending days that it has taken."""
        return sum(e.days for e in self.entries)

    @property
    def paid(self):
        return sum(p.amount for p in self.pays)

    @property
    def outstanding(self):
        return 0 if self.status == "cancelled" else self.amount - self.paid

    @property
    def holds(self):
        return self.start is not None and self.status != "cancelled"

    @property
    def length(self):
        return (self.end - self.start).days + 1


@dataclass(eq=False)
class Lot:
    number: int
    customer: int
    amount: int
    payment: bool
    gateway: bool = False
    refunded: int = 0
    paid_out: int = 0
    lost: int = 0
    over: bool = False
    pays: list = field(default_factory=list)

    @property
    def credit(self):
        if self.over:
            return 0
        return self.amount + self.lost - self.taken - sum(p.amount for p in self.pays)

    @property
    def taken(self):
        return self.refunded + self.paid_out

    @property
    def left(self):
        """The amount that could still be refunded."""
        return 0 if self.over else self.amount - self.refunded


@dataclass(eq=False)
class Pay:
    lot: Lot
    bill: Bill
    amount: int


class Model:
    def __init__(self, **settings):
        self.set = dict({"lead_days": 7, "grace_days": 1, "due_days": 0, "first_due_days": 3, "round_to": 100,
                         "billing_day": 1, "postpaid_due_days": 10, "promises_max": 2, "suspend_guard": None,
                         "tax_mode": "none", "tax_rate": 1100, "tax_base": "1/1", "late_fee": 0, "late_fee_percent": 0,
                         "late_fee_days": 0, "reactivation_fee": 0, "other_due_days": 7,
                         "first_period": "prorate", "merge_days": 10, "first_payment_first": False, "prorate_last": False,
                         "arrears": "stop", "arrears_max": 3,
                         "suspend_min_amount": 0, "no_suspend_days": []}, **settings)
        self.packages, self.customers, self.lines = {}, [], {}
        self.bills, self.lots = {}, {}
        self.runs, self.away = [], set()
        self.items, self.charges, self.exempt = {}, [], set()
        self.paid_out, self.written_off, self.undone = Counter(), Counter(), Counter()  # by customer

    def apply(self, event):
        args = {k: v for k, v in event.items() if k not in ("day", "op")}
        if event["op"] in ("change", "prepay") and self.may_overlap(self.lines[event["sub"]], event["day"]):
            try:  # a refusal changes nothing
                getattr(copy.deepcopy(self), "op_" + event["op"])(event["day"], **args)
            except Refused as refused:
                return str(refused)
        try:
            return getattr(self, "op_" + event["op"])(event["day"], **args) or "ok"
        except Refused as refused:
            return str(refused)

    def may_overlap(self, line, day):
        """Are there bills that stand, which one that is issued now could overlap?"""
        again = [b for b in self.not_begun(line, day) if b.paid == 0]
        first = min([self.next_first(line, day)] + [b.start for b in again])
        return any(b.holds and b.end >= first for b in line.bills if b not in again)

    @staticmethod
    def refuse_overlap(line, first, last):
        refuse_unless(not any(b.holds and b.start <= last and first <= b.end for b in line.bills), "409")

    def snapshot(self):
        return {
            "lines": {s.number: self.line_row(s) for s in self.lines.values()},
            "bills": {b.key: self.bill_row(b) for b in self.bills.values()},
            "credit": {c: self.credit(c) for c in self.customers},
        }

    @staticmethod
    def line_row(s):
        return {"status": s.status, "suspend_reason": s.reason, "end_date": s.end.isoformat(), "package": s.package}

    @staticmethod
    def bill_row(b):
        return {"kind": b.kind, "status": b.status, "amount": b.amount, "paid_amount": b.paid,
                "subtotal": b.subtotal, "discount": b.discount, "tax_amount": b.tax,
                "due_date": b.due.isoformat(), "period_start": b.start and b.start.isoformat(),
                "period_end": b.end and b.end.isoformat()}

    # ---- what is there

    def credit(self, customer):
        return sum(lot.credit for lot in self.lots.values() if lot.customer == customer)

    def open_bills(self, customer):
        found = [b for b in self.bills.values() if b.line.customer == customer and b.status in OPEN]
        return sorted(found, key=lambda b: (b.due, b.serial))

    @staticmethod
    def rolls(line):
        return line.cycle == "rolling" and line.mode == "prepaid"

    def past_grace(self, bill, day, end=None):
        last = bill.due
        if bill.start is not None and self.rolls(bill.line):
            last = max(last, end or bill.line.end)
        least = bill.outstanding >= self.set["suspend_min_amount"]
        return bill.status in OPEN and least and last + days(self.set["grace_days"]) < day

    @staticmethod
    def in_debt(line, day):
        return any(b.status in OPEN and b.due < day for b in line.bills)

    @staticmethod
    def held(line, day):
        return line.hold is not None and line.hold >= day

    # ---- the ledger of days

    def covered(self, line, settled=None):
        """All days that a bill or the start pays for."""
        found = set()
        for row in line.rows:
            if row.kind == "start":
                found.update(span(line.start, line.start + days(row.days - 1)))
        for bill in line.bills:
            if bill.holds:
                found.update(span(bill.start, bill.end))
        return found

    @staticmethod
    def loses(line, off):
        """Are its days off lost where they were sold?"""
        by_hand = off.cause in ("manual", "pause")
        return line.policy == "keep" and off.cause != "new" and not (by_hand and line.cycle == "rolling")

    def split(self, line, off, back):
        """(given, lost) of a span that would end on the day back."""
        out = span(off.start, back - ONE)
        if not self.loses(line, off):
            return len(out), 0
        sold = self.covered(line)
        lost = len([d for d in out if d in sold])
        return len(out) - lost, lost

    def goes_off(self, line, day, cause):
        if line.off is None:
            line.offs.append(Off(max(day, line.start), cause, before=len(line.rows)))

    def comes_back(self, line, day):
        off = line.off
        if off is None:
            return
        if off.start < day:
            self.bill_used(line, day)
        given, lost = self.split(line, off, day)
        off.back, off.given, off.lost = day, given, lost
        if line.mode == "postpaid" and (off.start < day or self.closed(line, off)):
            self.moved_anchor(line)
        if line.mode == "postpaid":
            return
        if line.cycle == "calendar" and off.cause in ("manual", "pause"):
            self.pend(line, day, lost)
        if given:
            line.rows.append(Row("off", given, day))
            self.moved_anchor(line)

    @staticmethod
    def closed(line, off):
        """Was the running period billed up to the cut?"""
        return line.billed_to == off.start - ONE and line.anchor and in_month(off.start, 0, line.anchor) != off.start

    @staticmethod
    def postpaid_anchor(line):
        """The months of a rolling postpaid line begin with its package."""
        if line.mode == "postpaid" and line.anchor and in_month(line.next_from, 0, line.anchor) != line.next_from:
            line.anchor = None

    @staticmethod
    def moved_anchor(line):
        line.anchor = None

    def was_on(self, line, day):
        return day >= line.start and not any(
            o.start <= day and (o.back is None or day < o.back) for o in line.offs)

    def restart_days(self, line, day):
        """The days on after end_date, as it stood on each and as it is without what was paid since the cut, up to due date and grace of the oldest bill of a
        period settled while off; never promised ones, nor those that another bill settled with it pays for."""
        settled = [b for b in line.off.settled if b.status == "paid"]
        if line.policy != "restart" or line.cycle == "calendar" or not settled:
            return [], None
        oldest = min(settled, key=lambda b: (b.first_due, b.serial))
        last = min(oldest.first_due + days(self.set["grace_days"]), day - ONE)
        paid = [r.days for r in line.rows[:line.off.before]] + [r.days for r in line.rows[line.off.before:] if r.kind != "period"]
        sold = [d for b in settled if b is not oldest for d in span(b.start, b.end)]
        found = [d for d in span(max(line.start + days(sum(paid)), line.gifted + ONE), last) if self.was_on(line, d)
                 and line.paid_to_on(d) < d and d not in line.promised and d not in sold]
        return found, last

    # ---- money on bills

    def allocate(self, lot, bill, day):
        """apply_credit() follows, which switches lines on once all of the money is used."""
        amount = min(lot.credit, bill.outstanding)
        if amount <= 0:
            return
        pay = Pay(lot, bill, amount)
        lot.pays.append(pay)
        bill.pays.append(pay)
        bill.touched = True
        if bill.outstanding == 0:
            self.settle(bill, day, lifts=False)

    def apply_credit(self, customer, day):
        for bill in self.open_bills(customer):
            for lot in self.lots.values():
                if lot.customer == customer and bill.status in OPEN:
                    self.allocate(lot, bill, day)
        for line in self.lines.values():  # a part of a bill is a payment, too: on, where no bill is past its grace
            if line.customer == customer and line.status != "cancelled":
                self.lift(line, day)

    def settle(self, bill, day, lifts=True):
        line = bill.line
        bill.status = "paid"
        if self.opens(bill) and bill.start < day and line.cycle == "rolling":
            line.anchor = day.day
            bill.start, bill.end = day, day + days(bill.length - 1) if self.given(bill) else self.as_billed(bill, day)[0]
        if bill.start is not None and line.mode == "prepaid":
            line.rows.append(Row("period", bill.length, day, bill))
            line.open_promises = 0
            if line.off:
                line.off.settled.append(bill)
        if lifts and line.status != "cancelled":
            self.lift(line, day)

    def lift(self, line, day, paid=True, fee=True):
        """A payment or a cancelled bill may switch the line on again; a moved due date, if nothing overdue remains."""
        overdue = not paid and any(b.status == "overdue" for b in line.bills)
        if line.waits and line.reason == "new" and line.start <= day and self.first_is_paid(line) \
                and self.clear(line, day):
            self.put_on(line, day)
        if line.status == "suspended" and line.reason == "debt" and self.clear(line, day) and not overdue:
            self.put_on(line, day, fee)
        elif line.status == "expired" and self.end_if_back(line, day) >= day and self.clear(line, day):
            self.put_on(line, day)
        if not any(b.status in OPEN for b in line.bills) and (line.auto_renew or line.mode == "postpaid" or line.end >= day):
            line.hold = None

    def restart(self, line, day):
        found, last = self.restart_days(line, day) if line.off else ([], None)
        gift = min(len(found), self.set["grace_days"])
        if gift:
            line.gifted = last
            settled = [b for b in line.off.settled if b.status == "paid"]
            self.give(line, gift, day, min(b.start for b in settled))  # for days before the period that was paid

    def give(self, line, number, day, at=None):
        line.rows.append(Row("gift", number, day, at=at or line.end + ONE, first=at is not None))
        self.moved_anchor(line)

    def end_if_back(self, line, day):
        if line.off is None or line.mode == "postpaid":
            return line.end
        return line.end + days(self.split(line, line.off, day)[0])

    def clear(self, line, day):
        end = self.end_if_back(line, day)
        return not any(self.past_grace(b, day, end) for b in line.bills)

    def put_on(self, line, day, fee=True):
        """fee: where the cut had its reason."""
        cause = line.off.cause if line.off else None
        if cause in ("debt", "expired"):
            self.restart(line, day)
        line.status, line.reason = ("active", None) if line.start <= day else ("suspended", "new")
        self.comes_back(line, day)
        if fee and cause == "debt" and self.set["reactivation_fee"]:
            self.charge_fee(line, "charge", self.set["reactivation_fee"])
        if line.pause_from is None or (line.pause_until is not None and line.pause_until < day):
            line.pause_from = line.pause_until = None
        line.waits = False

    def undo(self, bill, day):
        bill.status = "overdue" if bill.due < day else "unpaid"
        line = bill.line
        if bill.start is not None and line.mode == "prepaid":
            line.rows.append(Row("period", -bill.length, day, bill))

    # ---- issuing

    def issue(self, line, kind, entries, due, day, period=(None, None), periods=1, package=None, by_run=False):
        """entries: the lines that it begins with; of a bill of periods items, charges and discounts follow. package: of a
        period that is billed again, else the line's, or the next one, which begins with this bill. by_run: as the run
        bills periods, which switches lines on only where credit pays."""
        anchor = period[0] and self.anchor_at(line, period[0])
        key = "%d/%d" % (line.number, len(line.bills) + 1)
        bill = Bill(key, len(self.bills), line, kind, list(entries), due, day, period[0], period[1], first_due=due, periods=periods, package=line.package)
        if bill.start is not None:
            bill.package = package or self.package_on(line, bill.start)
            if package is None:
                self.schedule(line, bill.start, day)
        self.bills[key] = bill
        line.bills.append(bill)
        if bill.start is not None:  # months that come after days begin with the first of them
            line.anchor = anchor if self.packages[bill.package].unit == "month" else None
            self.furnish(bill, day)
        self.finish(bill)
        if bill.amount == 0:
            self.settle(bill, day)
        elif not by_run or self.credit(line.customer) > 0:
            self.apply_credit(line.customer, day)
        return bill

    def furnish(self, bill, day):
        price = bill.amount
        agreed = [Entry("discount", max(e.amount, e.amount - price)) for e in bill.entries if e.kind == "discount"]  # when paying ahead
        bill.entries = [e for e in bill.entries if e.kind != "discount"]
        due = [(item, self.times_of(item, bill)) for item in self.items.values()
               if item.line is bill.line and item.start <= day and not item.removed]
        due.sort(key=lambda d: d[0].start)
        for item, times in due:
            if item.kind == "item" and times > 0:
                bill.entries.append(Entry("item", item.amount * item.quantity * times, item=item, times=times))
        for entry in agreed:
            bill.entries.append(entry)
        for item, times in due:
            if item.kind == "discount" and times > 0:
                bill.entries.append(Entry("discount", -self.discount_of(item, times, bill), item=item, times=times))
        for charge in self.waiting(bill.line):
            charge.bill = bill
            bill.entries.append(Entry(charge.kind, charge.amount, charge=charge))

    def times_of(self, item, bill):
        """Periods of the bill that the item stands for."""
        used = sum(e.times for b in item.line.bills if b.status != "cancelled" for e in b.entries if e.item is item)
        return bill.periods if item.periods is None else min(bill.periods, item.periods - used)

    @staticmethod
    def discount_of(item, times, bill):
        if item.percent is not None:
            off = half_up(Fraction(bill.price * item.percent * times, 100 * bill.periods))
        else:
            off = item.amount * item.quantity * times
        return min(off, bill.price)

    def waiting(self, line):
        """Charges for the next bill of the line."""
        return [c for c in self.charges if c.customer == line.customer and c.line in (line, None) and not c.removed
                and (c.bill is None or c.bill.status == "cancelled")]

    def finish(self, bill):
        """Pending days and tax, which stand behind all else."""
        line = bill.line
        line.pending += bill.taken
        bill.entries = [e for e in bill.entries if not e.days and e.kind != "tax"]
        if bill.start is not None and line.pending > 0:
            taken = min(line.pending, bill.length)
            off = min(bill.price, part_price(bill.days_price, 1, taken, bill.length, self.set["round_to"]))
            line.pending -= taken
            bill.entries.append(Entry("discount", -off, days=taken))
        bill.tax = self.tax_of(bill)
        if bill.tax and self.set["tax_mode"] == "exclusive":
            bill.entries.append(Entry("tax", bill.tax))

    def tax_of(self, bill):
        if self.set["tax_mode"] == "none" or bill.line.customer in self.exempt:
            return 0
        rate = Fraction(self.set["tax_rate"], 10000) * Fraction(self.set["tax_base"])
        taxable = sum(e.amount for e in bill.entries if e.is_taxable)
        return half_up(taxable * rate if self.set["tax_mode"] == "exclusive" else taxable * rate / (1 + rate))

    def drop(self, bills, day):
        for bill in bills:
            self.void(bill)
        if bills:
            self.apply_credit(bills[0].line.customer, day)

    def void(self, bill):
        """Cancels a bill; what was paid on it becomes credit, and days that it took wait again."""
        bill.status = "cancelled"
        self.let_go(bill)
        for pay in bill.pays:
            pay.lot.pays.remove(pay)
        bill.pays = []

    @staticmethod
    def let_go(bill):
        """Days that it took wait again; as charges do."""
        bill.line.pending += bill.taken
        if bill.line.mode == "prepaid" and bill.start is not None and bill.line.next_from == bill.start:
            bill.line.next_from = None

    def release(self, bill, day):
        """Cancels a bill of an ended line, whether paid or not."""
        if bill.status == "paid":
            self.undo(bill, day)
        self.void(bill)

    def not_begun(self, line, day):
        return [b for b in line.bills if b.holds and b.status in OPEN and (b.start > day or self.opens(b))]

    @staticmethod
    def opens(bill):
        """Does its line wait for it to be paid? Also for one that pays ahead from the first period on."""
        return bill.line.waits and bill.holds and bill.kind in ("first", "prepay")

    def next_first(self, line, day):
        """The day after the end date if every open period bill were paid on the day."""
        if line.mode == "postpaid":
            return self.postpaid_first(line)
        first = line.end + days(sum(b.length for b in line.bills if b.holds and b.status in OPEN)) + ONE
        if line.off is None:
            return first
        back = first + days(self.split(line, line.off, day)[0])
        return first if back < day and self.loses(line, line.off) else back

    def postpaid_first(self, line):
        """The first day on that was not billed yet."""
        first = line.billed_to + ONE
        while first <= date.max - ONE and not self.was_on(line, first) and (line.off is None or first < line.off.start):
            first += ONE
        return first

    def anchor_at(self, line, first):
        """The day of month on which months from this day on begin. Days that a line which is off gets back set it anew; of
        several bills meanwhile the later ones follow the first."""
        unshifted = line.end + days(sum(b.length for b in line.bills if b.holds and b.status in OPEN)) + ONE
        is_new = line.off and line.mode == "prepaid" and first > unshifted and not any(b.holds and b.end == first - ONE for b in line.bills)
        return first.day if is_new else line.anchor or first.day

    def period(self, line, first, anchor=None):
        """(last day, price) of the period or part that begins on the day."""
        package = self.packages[self.package_on(line, first)]
        if line.cycle == "calendar":
            return self.calendar_period(line, package, first)
        if package.unit == "day":
            return first + days(package.length - 1), package.price
        return in_month(first, package.length, anchor or self.anchor_at(line, first)) - ONE, package.price

    def package_on(self, line, first):
        """The package of the period that begins on the day and has no bill yet."""
        is_next = line.next_package is not None and (line.mode == "prepaid" or first >= line.next_from)
        return line.next_package if is_next else line.package

    def schedule(self, line, first, day):
        """The first period with the next package is billed: it begins with that period."""
        if line.mode == "prepaid" and line.next_package is not None and line.next_from is None:
            line.next_from = first
            if first <= day:
                self.next_begins(line)

    @staticmethod
    def next_begins(line):
        line.package, line.next_package, line.next_from = line.next_package, None, None

    def calendar_period(self, line, package, first):
        """N months from the first billing day after sign-up on; of one that has begun, the part that is left."""
        billing, length = self.billing_day(line), package.length
        begin = in_month(line.start, 0, billing)
        if begin < line.start:
            begin = in_month(line.start, 1, billing)
        while begin > first:
            begin = in_month(begin, -length, billing)
        while in_month(begin, length, billing) <= first:
            begin = in_month(begin, length, billing)
        last = in_month(begin, length, billing) - ONE
        return last, self.days_price(line, package, first, last)

    def billing_day(self, line):
        return line.billing or self.set["billing_day"]

    def days_price(self, line, package, first, last):
        """The price of some days of a period."""
        if line.cycle == "rolling":
            whole = (in_month(first, package.length, line.anchor or first.day) - first).days
            return part_price(package.price, 1, (last - first).days + 1, whole, self.set["round_to"])
        months = months_of(first, last, self.billing_day(line))
        return package.price if months == package.length else rounded_up(package.price * months / package.length, self.set["round_to"])

    def services(self, line, first, signs_up=False, anchor=None, opens=False):
        """(last day, entries) of the bill of the period that begins on the day."""
        last, price = self.period(line, first, anchor)
        whole = self.packages[self.package_on(line, first)].price
        if not (first == line.start or signs_up or opens) or line.cycle != "calendar" or price == whole:
            return last, [Entry("package", price)]
        if self.set["first_period"] == "full":
            return last, [Entry("package", whole)]
        if self.set["first_period"] == "merge" and signs_up and (last - first).days + 1 < self.set["merge_days"]:
            return self.period(line, last + ONE)[0], [Entry("package", price), Entry("package", whole)]
        return last, [Entry("package", price)]

    def several(self, line, first, periods, signs_up=False, opens=False):
        """(last day, entries) of so many periods; with the first of them the line opens."""
        entries, last, anchor = [], first - ONE, self.anchor_at(line, first)
        for n in range(periods):
            last, period = self.services(line, last + ONE, signs_up, anchor, opens and n == 0)
            entries += period
        return last, entries

    def issue_next(self, line, kind, day, due=None, signs_up=False, by_run=False):
        first = self.next_first(line, day)
        last, entries = self.services(line, first, signs_up)
        if due is None:
            due = self.first_due(first, day) if kind == "first" else max(first - ONE + days(self.set["due_days"]), day)
        return self.issue(line, kind, entries, due, day, (first, last), by_run=by_run)

    # ---- a run

    def op_run(self, day, force=False):
        active = len([s for s in self.lines.values() if s.status == "active"])
        guard = self.set["suspend_guard"] if self.set["suspend_guard"] is not None else max(20, active // 10)
        run = []  # spans that it opened, with what it made of the line
        self.runs.append(run)
        for step in (self.begin, self.renew, self.overdue, self.late):
            self.take_off(list(self.lines.values()), None, (lambda line, day: True, step), run, day)
        for due, step in ((self.expires, self.expire), (self.suspends, self.suspend)):
            self.take_off([s for s in self.lines.values() if due(s, day)], None if force else guard, (due, step), run, day)

    @staticmethod
    def take_off(found, guard, rule, run, day):
        """A step that would take too many lines takes none."""
        if guard is not None and len(found) > guard:
            return
        due, step = rule
        for line in found:
            before, planned = line.off, line.pause_from
            if due(line, day):  # again: another one's bill may have changed it
                step(line, day)
                if line.off not in (before, None):
                    run.append((line, line.off, (line.status, line.reason), planned))

    def op_undo_run(self, day):
        refuse_unless(self.runs, "409")
        for line, off, made, planned in self.runs.pop():
            if line.off is off and (line.status, line.reason) == made:
                if off.cause == "pause":  # else one may have been planned since
                    line.pause_from = planned
                self.strike(line, day)
                line.status, line.reason = "active", None
                line.hold = max(line.hold or date.min, day + ONE)

    def strike(self, line, day):
        """Bills issued meanwhile begin after the days off that a return would give back: those come before the first of them."""
        off, gain = line.off, (self.end_if_back(line, day) - line.end).days
        line.offs.remove(off)
        if line.mode == "postpaid" and self.closed(line, off):
            self.moved_anchor(line)
        meanwhile = [b for b in line.bills if b.holds and b.issued >= off.start and b.start > off.start]
        if meanwhile and line.mode == "prepaid":
            gap = (max(b.end for b in line.bills if b.holds) + ONE - self.next_first(line, day)).days
            if min(gain, gap) > 0:
                self.give(line, min(gain, gap), day, min(b.start for b in meanwhile))

    def op_away(self, day, router):
        self.away.add(router)

    def op_back(self, day, router):
        self.away.discard(router)
        for line in self.lines.values():
            if line.router == router:
                line.spared = 0

    def begin(self, line, day):
        if line.reason == "new" and line.start <= day:
            if not line.waits:
                self.put_on(line, day)
            else:
                self.lift(line, day)
                self.first_moves(line, day)
        if line.reason == "new" and line.waits:
            self.first_again(line, day)
        if line.reason == "pause" and line.pause_until is not None and line.pause_until < day:
            self.put_on(line, day)
        if line.pause_from is not None and line.pause_from <= day and line.status != "cancelled":
            if line.status == "active" and line.pause_until is not None and line.pause_until < day:
                line.pause_from = line.pause_until = None
            elif line.status == "active":
                line.pause_from = None
                self.by_hand(line, day, "pause")

    @staticmethod
    def first_is_paid(line):
        """It was paid or waived; of one that was cancelled days given by hand take the place."""
        return line.end >= line.start and not any(b.holds and b.status in OPEN for b in line.bills)

    def first_moves(self, line, day):
        """The first bill of a line that waits for it, while nothing touched it: as if it signed up on the day."""
        for bill in line.bills:
            if self.opens(bill) and bill.status in OPEN and not bill.touched and bill.start <= day and max(bill.issued, bill.moved) < day:
                bill.moved = day
                self.to_day(bill, day)
                bill.due = max(bill.due, day + days(self.set["first_due_days"]) if bill.kind == "prepay" else self.first_due(day, day))
                bill.status = "unpaid"
                if bill.amount == 0:
                    self.settle(bill, day)

    def first_again(self, line, day):
        """Its first bill was cancelled, and it has no days: it is billed as if it signed up on the day."""
        if line.end >= line.start or any(b.holds for b in line.bills):
            return
        first, line.anchor = max(line.start, day), None
        if line.given:
            length = [b for b in line.bills if b.kind == "first"][-1].length
            self.issue_dates(line, (first, first + days(length - 1)), day)
        else:
            self.issue_next(line, "first", day, self.first_due(first, day), signs_up=True)

    def to_day(self, bill, day):
        line = bill.line
        line.anchor = day.day
        length = bill.length
        bill.start = day
        if self.given(bill):
            bill.end = day + days(length - 1)
        else:
            bill.end, entries = self.as_billed(bill, day)
            if line.cycle == "calendar":
                self.compose_anew(bill, entries + self.agreed(bill), day)

    def as_billed(self, bill, day):
        """A first bill from another day on, with its own package, whatever the next one is."""
        line = bill.line
        kept = line.package, line.next_package
        line.package, line.next_package = bill.package, None
        made = self.several(line, day, bill.periods, signs_up=bill.kind == "first", opens=True)
        line.package, line.next_package = kept
        return made

    @staticmethod
    def given(bill):
        return bill.line.given and bill.kind == "first"

    @staticmethod
    def agreed(bill):
        """The discount that was agreed for paying ahead."""
        return [Entry("discount", e.amount) for e in bill.entries if e.kind == "discount" and e.is_agreed]

    def compose_anew(self, bill, entries, day):
        bill.line.pending += bill.taken
        for entry in bill.entries:
            if entry.charge:
                entry.charge.bill = None
        bill.entries = entries
        self.furnish(bill, day)
        self.finish(bill)

    def renew(self, line, day):
        if line.mode == "postpaid":
            self.bill_used(line, day)
        if line.next_from is not None and line.next_from <= day and line.status != "cancelled":
            self.postpaid_anchor(line)
            self.next_begins(line)
        if not (line.status == "active" or self.is_billed_off(line)) or not line.auto_renew or line.mode != "prepaid":
            return
        first = self.next_first(line, day)
        length = (self.period(line, first)[0] - first).days + 1
        if any(b.holds and b.start <= first + days(length - 1) and first <= b.end for b in line.bills):
            return  # a person must look
        if first - days(min(self.set["lead_days"], length - 1)) <= day:
            self.issue_next(line, self.kind_of(line, first), day, by_run=True)

    def is_billed_off(self, line):
        """Arrears: a line that is off for debt or has expired is billed on, under keep alone."""
        for_debt = line.status == "expired" or line.reason == "debt"
        return self.set["arrears"] == "bill" and line.policy == "keep" and for_debt and line.status != "cancelled" and \
            len([b for b in line.bills if b.holds and b.status in OPEN]) < self.set["arrears_max"]

    @staticmethod
    def kind_of(line, first):
        return "first" if first == line.start else "renewal"

    def bill_used(self, line, day, until=None):
        """Postpaid: each period or part that has passed; of a line that is on, up to a day that is given. Was a part billed?"""
        part = False
        while line.mode == "postpaid":
            first = self.postpaid_first(line)
            last, entries = self.services(line, first)
            stop = line.off.start - ONE if line.off else line.ended or until
            if line.next_from is not None and first < line.next_from <= last:
                last = line.next_from - ONE
                entries = [Entry("package", self.days_price(line, self.packages[line.package], first, last))]
            if stop is not None and stop < last:
                last, entries = stop, [Entry("package", self.days_price(line, self.packages[self.package_on(line, first)], first, stop))]
                part = part or last >= first
            if last < first or (last >= day and stop is None) or (line.status == "cancelled" and stop is None):
                return part
            due = day + days(self.set["postpaid_due_days"])
            self.issue(line, self.kind_of(line, first), entries, due, day, (first, last), by_run=True)
        return part

    def overdue(self, line, day):
        for bill in line.bills:
            if bill.status == "unpaid" and bill.due < day:
                bill.status = "overdue"

    def late(self, line, day):
        ended = False
        for bill in list(line.bills):
            fee = self.set["late_fee"] or rounded_up(Fraction(self.late_base(bill) * self.set["late_fee_percent"], 100), self.set["round_to"])
            if bill.status == "overdue" and not bill.late and bill.due + days(self.set["late_fee_days"]) <= day \
                    and fee > 0 and self.late_base(bill) > 0:
                bill.late = True
                self.charge_fee(line, "late_fee", fee)
                if line.status == "cancelled":
                    ended = True
        if ended:
            self.bill_last(line, day)

    @staticmethod
    def late_base(bill):
        """Owed for anything but late fees."""
        return min(bill.outstanding, bill.amount - sum(e.amount for e in bill.entries if e.kind == "late_fee"))

    def expires(self, line, day):
        may = line.status == "active" or (line.status == "suspended" and line.reason == "debt")
        return may and line.mode == "prepaid" and not line.auto_renew and line.end < day and not self.held(line, day)

    def expire(self, line, day):
        line.status, line.reason = "expired", None
        self.goes_off(line, day, "expired")
        self.drop(self.not_begun(line, day), day)

    def suspends(self, line, day):
        """In debt past the grace, and nothing spares the line tonight."""
        if line.status != "active" or self.held(line, day) or self.is_spared_day(day) or not any(
                b.status == "overdue" and self.past_grace(b, day) for b in line.bills):
            return False
        if line.router in self.away and line.spared_on != day and line.spared < 3:
            line.spared, line.spared_on = line.spared + 1, day
        return not (line.router in self.away and line.spared_on == day)

    def is_spared_day(self, day):
        return day.isoformat() in self.set["no_suspend_days"] or day.strftime("%A").lower() in self.set["no_suspend_days"]

    def suspend(self, line, day):
        line.status, line.reason = "suspended", "debt"
        self.goes_off(line, day, "debt")
        self.bill_used(line, day)

    # ---- packages, customers, lines

    def op_package(self, day, package, price, unit, length):
        self.packages[package] = Package(price, unit, length)

    def op_price(self, day, package, price):
        self.packages[package].price = price

    def op_customer(self, day, customer, exempt=False):
        self.customers.append(customer)
        if exempt:
            self.exempt.add(customer)

    def op_create(self, day, sub, customer, package, cycle, mode, policy, auto_renew, dates, billed=False, router=None,
                  billing=None):
        line = Line(sub, customer, package, dates[0] if dates else day, cycle, mode,
                    "keep" if cycle == "calendar" else policy, auto_renew, router=router, billing=billing)
        self.lines[sub] = line
        line.waits = self.set["first_payment_first"] and mode == "prepaid" and (billed or not dates)
        if line.waits or line.start > day:
            line.status, line.reason = "suspended", "new"
        if line.waits:
            self.goes_off(line, line.start, "new")
        if billed:
            self.issue_dates(line, dates, day)
        elif dates and mode == "prepaid":
            line.rows.append(Row("start", (dates[1] - dates[0]).days + 1, day))
        elif mode == "prepaid":
            self.issue_next(line, "first", day, self.first_due(line.start, day), signs_up=True)

    def issue_dates(self, line, dates, day):
        last, price = self.period(line, dates[0])
        line.given = dates[1] != last
        if line.given:
            length = (last - dates[0]).days + 1
            price = part_price(price, 1, (dates[1] - dates[0]).days + 1, length, self.set["round_to"])
        self.issue(line, "first", [Entry("package", price)], self.first_due(dates[0], day), day, dates)

    def first_due(self, first, day):
        """As of every prepaid bill, but never before D + first_due_days."""
        return max(first - ONE + days(self.set["due_days"]), day + days(self.set["first_due_days"]))

    def op_other(self, day, sub, amount, due):
        self.issue(self.living(sub), "other", [Entry("charge", amount)], due, day)

    def op_item(self, day, item, sub, kind, amount, percent, quantity, start, periods):
        self.items[item] = Item(self.living(sub), kind, amount, percent, quantity, start, periods)

    def op_item_remove(self, day, item):
        refuse_unless(not self.items[item].removed, "404")
        self.items[item].removed = True

    def op_charge(self, day, customer, sub, kind, amount, quantity, own_bill, due):
        line = self.lines[sub] if sub is not None else None
        charge = Charge(customer, line, kind, amount * quantity)
        self.charges.append(charge)
        if own_bill or (line is not None and line.status == "cancelled"):
            self.bill_charges(line, [charge], due or day + days(self.set["other_due_days"]), day)

    def bill_charges(self, line, charges, due, day):
        if not charges:
            return
        bill = self.issue(line, "other", [Entry(c.kind, c.amount, charge=c) for c in charges], due, day)
        for charge in charges:
            charge.bill = bill

    def charge_fee(self, line, kind, amount):
        self.charges.append(Charge(line.customer, line, kind, amount))

    def bill_last(self, line, day):
        """Bill what still waits for a bill of a line that ends, or has ended."""
        mine = [c for c in self.waiting(line) if c.line is line]
        self.bill_charges(line, mine, day + days(self.set["other_due_days"]), day)

    def living(self, number):
        line = self.lines[number]
        refuse_unless(line.status != "cancelled", "409")
        return line

    def op_promise(self, day, sub, until):
        refuse_unless(day <= until <= day + days(14), "422")
        line = self.living(sub)
        refuse_unless(line.reason != "new" or line.start <= day, "409")
        owing, expired = any(b.status in OPEN for b in line.bills), line.status == "expired"
        refuse_unless(owing or line.status != "active", "409")
        overdue = [b for b in line.bills if b.status == "overdue"]
        refuse_unless(all(b.promises < self.set["promises_max"] for b in overdue), "409")
        refuse_unless(not expired or owing or line.open_promises < self.set["promises_max"], "409")
        for bill in overdue:
            bill.promises += 1
        line.open_promises += expired
        if owing or expired:
            line.hold = until
            line.promised.update(span(day, until))
        if line.status != "active":
            self.put_on(line, day)

    def op_suspend(self, day, sub):
        line = self.living(sub)
        refuse_unless(line.reason not in ("manual", "pause"), "409")
        self.by_hand(line, day, "manual")

    def op_pause(self, day, sub, first=None, until=None):
        line = self.living(sub)
        first = first or day
        refuse_unless(first >= day and (until is None or until >= first), "422")
        refuse_unless(line.reason not in ("manual", "pause"), "409")
        line.pause_from, line.pause_until = first if first > day else None, until
        if first == day:
            self.by_hand(line, day, "pause")

    def by_hand(self, line, day, cause):
        if line.off is not None:
            self.comes_back(line, day)
        line.status, line.reason = "suspended", cause
        self.goes_off(line, day, cause)
        self.drop(self.not_begun(line, day), day)

    def op_resume(self, day, sub):
        line = self.living(sub)
        planned = line.pause_from is not None and (line.pause_until is None or line.pause_until >= day)
        refuse_unless(line.reason == "pause" or planned, "409")
        if line.reason == "pause":
            self.put_on(line, day)
        line.pause_from = line.pause_until = None

    def op_cancel(self, day, sub):
        line = self.lines[sub]
        if line.status == "cancelled":
            return
        line.status, line.reason = "cancelled", None
        line.ended = day
        self.goes_off(line, day + ONE, "manual")
        ahead = [b for b in line.bills if b.holds and (b.start > day or self.opens(b))]
        if self.set["prorate_last"] and line.cycle == "calendar" and line.mode == "prepaid":
            for bill in [b for b in line.bills if b.holds and b.status in OPEN and b.start <= day <= b.end and not b.touched]:
                if line.off.start <= bill.end:
                    self.prorate(bill, min(day, line.off.start - ONE), day)
        for bill in ahead:
            self.release(bill, day)
        self.pending_credit(line, day)
        self.bill_last(line, day)
        self.apply_credit(line.customer, day)

    def prorate(self, bill, last, day):
        """The part used of the last bill, which nothing touched, stays due."""
        line = bill.line
        self.bill_last(line, day)
        if last < bill.start:
            self.void(bill)
            return
        months = [months_of(bill.start, end, self.billing_day(line)) for end in (last, bill.end)]
        used = rounded_up(sum(e.amount for e in bill.entries if e.is_agreed) * months[0] / months[1], self.set["round_to"])
        bill.end = last
        while self.several(line, bill.start, bill.periods - 1)[0] >= last:
            bill.periods -= 1
        self.compose_anew(bill, [Entry("part", used)], day)
        if bill.outstanding == 0:
            self.settle(bill, day)
        self.apply_credit(line.customer, day)

    def pending_credit(self, line, day):
        """Days pending when the line ends become credit, at the price of the bill of the newest period."""
        priced = sorted((b for b in line.bills if b.holds), key=lambda b: b.end)
        if line.pending and priced:
            worth = part_price(priced[-1].days_price, 1, line.pending, priced[-1].length, self.set["round_to"])
            line.pending = 0
            self.op_gift(day, -len(self.lots), line.customer, worth)

    def op_days(self, day, sub, days):
        """Days by hand."""
        line = self.living(sub)
        if not self.rolls(line):
            self.pending_days(line, day, days)
            return
        refuse_unless(days > 0 or self.days_removable(line, day) + days >= 0, "422")
        self.give(line, days, day)
        for bill in self.movable(line, day)[1]:
            if line.next_from == bill.start:
                line.next_from += timedelta(days=days)
            bill.start += timedelta(days=days)
            bill.end += timedelta(days=days)
            self.due_moves(bill, max(bill.due + timedelta(days=days), bill.issued), day)
        self.lift(line, day)

    def days_removable(self, line, day):
        """Down to what periods and start pay for: no paid or begun period stands upon these given days."""
        given = sum(r.days for r in line.rows if r.kind == "gift")
        fixed, moving = self.movable(line, day)
        free = min((b.start for b in moving), default=self.next_first(line, day))
        return max(min(given, (free - fixed - ONE).days if fixed else given), 0)

    def movable(self, line, day):
        """(last day of the periods that are fixed, open bills that days by hand move: those after it)."""
        ahead = [b for b in self.not_begun(line, day) if b.start > day]
        fixed = max((b.end for b in line.bills if b.holds and b not in ahead), default=None)
        return fixed, [b for b in ahead if fixed is None or b.start > fixed]

    def pending_days(self, line, day, days):
        """Days of a calendar or postpaid line: on the newest untouched bill that is out, else on the next."""
        refuse_unless(line.pending + days >= 0, "422")
        self.pend(line, day, days)
        self.lift(line, day)

    def pend(self, line, day, days):
        line.pending += days
        for bill in [b for b in line.bills if b.status in OPEN and b.holds and days > 0]:
            self.due_moves(bill, bill.due + timedelta(days=days), day)
        untouched = [b for b in line.bills if b.status in OPEN and b.holds and not b.touched]
        if untouched:
            self.finish(untouched[-1])
            if untouched[-1].amount == 0:
                self.settle(untouched[-1], day)

    def op_prepay(self, day, sub, periods, discount):
        """One bill over so many periods; an untouched next bill is taken in."""
        line = self.living(sub)
        refuse_unless(line.mode == "prepaid", "409")
        ahead = sorted(self.not_begun(line, day), key=lambda b: b.start)[-1:]
        refuse_unless(not any(b.touched and self.opens(b) for b in ahead), "409")
        self.set_aside([b for b in ahead if not b.touched])
        first = self.next_first(line, day)
        last, entries = self.several(line, first, periods, opens=line.waits and bool(ahead))
        self.refuse_overlap(line, first, last)
        entries += [Entry("discount", -discount)] if discount else []
        bill = self.issue(line, "prepay", entries, day + days(self.set["first_due_days"]), day, (first, last), periods)
        return answer(amount=bill.amount, period_start=bill.start, period_end=bill.end, due_date=bill.due, status=bill.status,
                      kind=bill.kind)

    def op_change(self, day, sub, package, effective="now", prorate=None):
        """prorate None: by PUT, which answers the line."""
        line = self.lines[sub]
        refuse_unless(prorate is not None or package == line.package or self.packages[package].unit == "month" or self.rolls(line), "422")
        self.living(sub)
        refuse_unless(self.packages[package].unit == "month" or self.rolls(line), "422")
        if effective == "next_period":
            return self.change_next(line, package, day)
        bill, credit = None, 0
        if package != line.package:
            bill, credit = self.change_now(line, package, day, prorate)
        return None if prorate is None else answer(
            effective_from=day, amount=bill.amount if bill else 0, credit=credit, end_date=line.end,
            lines=[(e.kind, e.amount) for e in bill.entries] if bill else [])

    def change_next(self, line, package, day):
        """From the first period on that has no bill yet; of a postpaid line, the one after that which runs. Another change
        takes the place of one that has not begun: what was billed for it is issued again, unless it was paid."""
        again = []
        if line.mode == "postpaid":
            line.next_package = line.next_from = None
            self.bill_used(line, day)
            first = self.next_first(line, day)
            if line.off is None and first <= day:
                first = self.period(line, first)[0] + ONE
            first = max(first, day)
        else:
            again = [b for b in self.not_begun(line, day) if b.paid == 0 and line.next_from and b.start >= line.next_from]
            refuse_unless(not line.next_from or any(b.start == line.next_from for b in again), "409")
            self.set_aside(again)
            first = None
        is_other = package != line.package
        line.next_package, line.next_from = (package, first) if is_other else (None, None)
        for bill in again:
            self.issue_again(bill, day)
        return answer(effective_from=first or line.next_from or self.next_first(line, day), amount=0, credit=0, end_date=line.end, lines=[])

    def set_aside(self, bills):
        for bill in bills:
            bill.status = "cancelled"
            self.let_go(bill)

    def change_now(self, line, package, day, prorate):
        """(bill, credit) for the days left."""
        again = [b for b in self.not_begun(line, day) if b.paid == 0]
        unused = self.unused(line, day) if prorate and line.mode == "prepaid" else []
        if line.mode == "postpaid":
            line.next_package = line.next_from = None
            if self.bill_used(line, day, day - ONE):
                self.moved_anchor(line)
        self.set_aside(again)
        line.package, line.next_package, line.next_from = package, None, None
        for bill in again:
            self.issue_again(bill, day)
        made = self.settle_difference(line, unused, day)
        if again:
            self.lift(line, day, fee=False)
        return made

    def settle_difference(self, line, unused, day):
        """(bill, credit): what the paid days left would have been sold at with the new package, against what they were sold at."""
        more = Fraction(0)
        for bill, n in unused:
            old = sum(e.amount for e in bill.entries if e.kind in ("package", "part")) if bill.changed_price is None else bill.changed_price
            bill.changed_price = self.price_with(bill, self.packages[line.package])
            more += Fraction((self.net(bill, bill.changed_price) - self.net(bill, old)) * n, bill.length)
        if more > 0:
            price = rounded_up(more, self.set["round_to"])
            return self.issue(line, "change", [Entry("part", price)], day + days(self.set["first_due_days"]), day), 0
        credit = math.floor(-more)
        if credit > 0:
            self.op_gift(day, -len(self.lots), line.customer, credit)
        return None, credit

    def price_with(self, bill, package):
        """The price of the period of a bill with another package: whole periods, and the part that is left of one."""
        line = bill.line
        if package.unit == "day":
            periods = Fraction(bill.length, package.length)
        else:
            periods = self.months_in(line, bill) / package.length
        whole = math.floor(periods)
        return whole * package.price + rounded_up((periods - whole) * package.price, self.set["round_to"])

    def months_in(self, line, bill):
        sold = self.packages[bill.package]
        if line.cycle == "calendar" and self.set["first_period"] == "full" and (bill.kind == "first" or bill.start == line.start):
            return Fraction(sold.length * bill.periods)
        if line.cycle == "calendar":
            return months_of(bill.start, bill.end, self.billing_day(line))
        if sold.unit == "month" and not self.given(bill):
            return Fraction(sold.length * bill.periods)
        return months_of(bill.start, bill.end, bill.start.day)

    @staticmethod
    def net(bill, price):
        """The price of the periods and items of a bill, less its discounts, if the package cost so much."""
        left = price
        for entry in bill.entries:
            if entry.kind == "discount" and entry.is_agreed:
                left -= min(left, -entry.amount)
        left += sum(e.amount for e in bill.entries if e.kind == "item")
        for item, times in [(e.item, e.times) for e in bill.entries if e.kind == "discount" and e.item]:
            if item.percent is not None:
                left -= half_up(Fraction(left * item.percent * times, 100 * bill.periods))
            else:
                left -= min(left, item.amount * item.quantity * times)
        return left

    def unused(self, line, day):
        """(bill, days): the days of paid periods that are left."""
        left = (self.end_if_back(line, day) - max(day, line.start)).days + 1
        found = []
        for bill, n in reversed(self.in_order(line)):
            if min(left, n) > 0:
                found += [(bill, min(left, n))] if bill else []
                left -= min(left, n)
        return found

    @staticmethod
    def in_order(line):
        """(bill or None, days) of all days in the ledger but those off: given where they were given, the taken ones last."""
        found = [(line.start, 0, None, r.days) for r in line.rows if r.kind == "start"]
        found += [(b.start, 1, b, b.length) for b in line.bills if b.holds and b.status == "paid"]
        gifts = []
        for row in line.rows:
            if row.kind == "gift" and row.days > 0:
                gifts.append([row.at, 0 if row.first else 2, None, row.days])
            elif row.kind == "gift":
                taken = -row.days
                for gift in reversed(gifts):
                    part = min(taken, gift[3])
                    gift[3] -= part
                    taken -= part
        found += map(tuple, gifts)
        return [(bill, n) for _, _, bill, n in sorted(found, key=lambda f: f[:2])]

    def issue_again(self, bill, day):
        """At the new price and length, over as many periods, with its due date: no longer over dates that were given."""
        bill.line.given = bill.line.given and bill.kind != "first"
        first = self.next_first(bill.line, day)
        last, entries = self.several(bill.line, first, bill.periods, opens=bill.line.waits and bill.kind in ("first", "prepay"))
        self.refuse_overlap(bill.line, first, last)
        self.issue(bill.line, bill.kind, entries + self.agreed(bill), max(bill.due, day), day, (first, last), bill.periods)

    # ---- bills and money by hand

    def op_cancel_invoice(self, day, invoice, waive):
        bill = self.bills[invoice]
        refuse_unless(bill.status in OPEN and bill.paid == 0, "409")
        begins_next = bill.start is not None and bill.line.next_from == bill.start
        bill.status = "cancelled"
        self.let_go(bill)
        bill.waived = waive and bill.start is not None
        if waive and bill.start is not None and bill.line.mode == "prepaid":
            self.give(bill.line, bill.length, day, bill.start)
        if not waive:
            self.bill_again(bill, begins_next, day)
        self.lift(bill.line, day, fee=False)

    def bill_again(self, bill, begins_next, day):
        """No run comes back to a period that lies before another one that is billed, or, of a postpaid line, before days off;
        nor does it know the package that a postpaid line used then."""
        line = bill.line
        if bill.start is None:
            return
        if line.mode == "postpaid":
            skipped, due = line.end >= bill.start or line.package != bill.package, day + days(self.set["postpaid_due_days"])
        else:
            skipped = line.status != "cancelled" and any(b.holds and b.start > bill.start for b in line.bills)
            due = max(bill.start - ONE + days(self.set["due_days"]), day)
        if skipped:
            base, anchor = [Entry(e.kind, e.amount) for e in bill.entries if e.is_agreed], line.anchor
            self.issue(line, bill.kind, base, due, day, (bill.start, bill.end), bill.periods, bill.package)
            line.anchor = anchor and line.anchor  # the next period sets it
            if begins_next:
                self.schedule(line, bill.start, day)

    def op_move_due(self, day, invoice, due):
        bill = self.bills[invoice]
        refuse_unless(bill.status in OPEN, "409")
        self.due_moves(bill, due, day)
        self.lift(bill.line, day, paid=False)

    @staticmethod
    def due_moves(bill, due, day):
        bill.due = due
        if due >= day:
            bill.status = "unpaid"

    def op_pay(self, day, lot, invoice, amount, surplus):
        bill = self.bills[invoice]
        refuse_unless(bill.status in OPEN, "409")
        amount = bill.outstanding if amount is None else amount
        refuse_unless(surplus or amount <= bill.outstanding, "422")
        received = self.lots[lot] = Lot(lot, bill.line.customer, amount, True)
        self.allocate(received, bill, day)
        self.apply_credit(bill.line.customer, day)

    def op_deposit(self, day, lot, customer, amount):
        self.lots[lot] = Lot(lot, customer, amount, True)
        self.apply_credit(customer, day)

    def op_gift(self, day, lot, customer, amount):
        self.lots[lot] = Lot(lot, customer, amount, False)
        self.apply_credit(customer, day)

    def op_payout(self, day, customer, amount):
        refuse_unless(amount <= self.credit(customer), "409")
        self.paid_out[customer] += amount
        for lot in self.lots.values():
            if lot.customer == customer:
                part = min(lot.credit, amount)
                lot.paid_out += part
                amount -= part

    def op_reverse(self, day, lot):
        lot = self.lots[lot]
        refuse_unless(lot.left > 0 and lot.paid_out == 0 and not lot.gateway, "409")
        self.undo_lot(lot, day)

    def op_refund(self, day, lot, amount, reopen=False):
        lot = self.lots[lot]
        refuse_unless(amount <= lot.left, "409")
        self.take_over(lot, amount - lot.credit)
        undone = self.give_back(lot, amount - lot.credit, day) if reopen else []
        lost = max(amount - lot.credit, 0)
        lot.refunded += amount
        lot.lost += lost
        self.paid_out[lot.customer] += amount
        self.written_off[lot.customer] += lost
        self.reopened(lot.customer, undone, day)

    def undo_lot(self, lot, day):
        """The money is gone, and what was paid out of it is a loss."""
        undone = self.give_back(lot, lot.amount, day)
        self.undone[lot.customer] += lot.amount - lot.refunded + lot.lost
        self.written_off[lot.customer] += lot.paid_out
        lot.over = True
        lot.lost += lot.paid_out
        self.reopened(lot.customer, undone, day)

    def take_over(self, lot, money):
        """Other credit of the customer pays so much of what the lot pays, oldest due date first, which becomes the
        lot's credit."""
        for other in self.lots.values():
            for pay in sorted(lot.pays, key=lambda p: (p.bill.due, p.bill.serial)):
                part = min(money, pay.amount, other.credit)
                if other is not lot and other.customer == lot.customer and part > 0:
                    money -= part
                    self.take_from(pay, part)
                    instead = Pay(other, pay.bill, part)
                    other.pays.append(instead)
                    pay.bill.pays.append(instead)

    def give_back(self, lot, money, day):
        """Take so much from what the lot pays, newest due date first; the bills that were paid."""
        undone = []
        for pay in sorted(lot.pays, key=lambda p: (p.bill.due, p.bill.serial), reverse=True):
            part = min(money, pay.amount)
            if part > 0:
                money -= part
                self.take_from(pay, part)
                if pay.bill.status == "paid":
                    self.undo(pay.bill, day)
                    undone.append(pay.bill)
        return undone

    @staticmethod
    def take_from(pay, money):
        pay.amount -= money
        if pay.amount == 0:
            pay.lot.pays.remove(pay)
            pay.bill.pays.remove(pay)

    def reopened(self, customer, undone, day):
        """Other credit steps in; who then owes past the grace is cut, also for another bill whose grace the days
        that went have ended."""
        self.apply_credit(customer, day)
        for bill in undone:
            line = bill.line
            late = any(self.past_grace(b, day) for b in line.bills)
            if line.status == "active" and late and not self.held(line, day):
                line.status, line.reason = "suspended", "debt"
                self.goes_off(line, day, "debt")

    # ---- the laws

    def violations(self):
        found = []
        for customer in self.customers:
            found += self.money_law(customer)
        for line in self.lines.values():
            found += self.days_law(line)
        return found

    def money_law(self, customer):
        lots = [x for x in self.lots.values() if x.customer == customer]
        received = sum(x.amount for x in lots) - self.undone[customer]
        received += self.written_off[customer] - self.paid_out[customer]
        used = sum(b.paid for b in self.bills.values() if b.line.customer == customer)
        found = []
        if received != used + self.credit(customer):
            found.append("customer %d: money in and money used differ" % customer)
        if any(x.credit < 0 for x in lots):
            found.append("customer %d: negative credit" % customer)
        return found

    def days_law(self, line):
        found = []
        periods = [b for b in line.bills if b.holds]
        for n, bill in enumerate(periods):
            if any(bill.start <= b.end and b.start <= bill.end for b in periods[:n]):
                found.append("%s: billed twice" % bill.key)
            stands = sum(r.days for r in line.rows if r.bill is bill)
            if line.mode == "prepaid" and stands != (bill.length if bill.status == "paid" else 0):
                found.append("%s: its days stand in the ledger %d times" % (bill.key, stands))
        for off in line.offs:
            if off.back is not None and off.given + off.lost != len(off.days) and line.mode == "prepaid":
                found.append("line %d: a span without its row" % line.number)
        return found
