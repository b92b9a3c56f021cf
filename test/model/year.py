"""A year of random events for test/model/billing.py and for the real system beside it.

    for event in year(seed=1, subscriptions=200): ...

yields the event dicts that billing.py describes, day by day; the same seed gives the same year.
The first events make packages and customers, subscriptions follow over the first months. Every
day begins with the nightly run, unless there is an outage; now and then a run is repeated, or
made again for an earlier day (its "day" is smaller then: compare snapshots after any event, or
whenever "day" grows). The generator keeps a model of its own, so that it knows what is
open, paid or suspended, and aims most events well and some badly: refusals are part of the year.

    python3 test/model/year.py [SEED [SUBSCRIPTIONS]]     prints the year as JSON lines

Names the events give (sub, lot, ...) are taken in order; a lot number is not used again after a
refusal, nor after a repeated reference: a driver may map lot -> payment id where it gets a new id.
"""

import json
import random
import sys
from datetime import date, timedelta

from billing import OPEN, Model

FIRST_DAY = date(2026, 1, 1)

# price and validity_days: monthly ones, a week, a day, a quarter, and a free one
PACKAGES = [(150000, 30), (250000, 30), (99999, 31), (45000, 7), (6000, 1), (400000, 90), (0, 30)]
PACKAGE_WEIGHTS = [40, 25, 12, 8, 2, 6, 4]

# how a customer answers a new invoice, and how often
HABITS = {
    "early": 22,
    "due": 22,
    "late": 20,
    "very_late": 7,
    "partial": 12,
    "double": 9,
    "never": 8,
}

# chance per subscription and day of what people do besides paying
SUB_CHANCES = {
    "plan_now": 0.0030,
    "plan_next": 0.0020,
    "suspend": 0.0020,
    "cancel_subscription": 0.0004,
    "end_date": 0.0015,
    "auto_renew": 0.0010,
    "other_invoice": 0.0020,
    "renewal_invoice": 0.0015,
    "cancel_invoice": 0.0010,
    "reverse": 0.0025,
    "gift": 0.0010,
    "payout": 0.0015,
}


def days(n):
    return timedelta(days=n)


class Year:
    def __init__(self, seed, subscriptions, first_day, length):
        self.random = random.Random(seed)
        self.model = Model()
        self.subscriptions = subscriptions
        self.first_day = first_day
        self.length = length
        self.day = first_day
        self.next_lot = 0
        self.outage = 0
        self.answered = set()
        self.planned = {}
        self.references = []

    def event(self, op, **args):
        """One event, already applied to our own model."""
        event = {"day": self.day, "op": op, **args}
        self.model.apply(event)
        return event

    def chance(self, p):
        return self.random.random() < p

    def pick(self, weights):
        return self.random.choices(list(weights), list(weights.values()))[0]

    def lot(self):
        self.next_lot += 1
        return self.next_lot

    def events(self):
        yield from self.beginnings()
        arrivals = self.arrivals()
        for n in range(self.length):
            self.day = self.first_day + days(n)
            yield from self.night()
            for sub in arrivals.get(n, []):
                yield from self.create(sub)
            yield from self.payments()
            yield from self.accidents()
            if self.chance(0.01):
                package = self.random.randrange(len(PACKAGES) - 1)
                price = PACKAGES[package][0] + 500 * self.random.randrange(20)
                yield self.event("price", package=package, price=price)

    # ---- people and nights

    def beginnings(self):
        for number, (price, validity) in enumerate(PACKAGES):
            yield self.event("package", package=number, price=price, validity_days=validity)
        for customer in range(self.customers()):
            yield self.event("customer", customer=customer)

    def customers(self):
        return max(1, self.subscriptions * 3 // 4)

    def arrivals(self):
        """Day number -> subscriptions: half at once, the others over the first quarter."""
        found = {}
        for sub in range(self.subscriptions):
            n = 0 if sub % 2 == 0 else self.random.randrange(max(1, self.length // 4))
            found.setdefault(n, []).append(sub)
        return found

    def night(self):
        if self.outage == 0 and self.chance(0.02):
            self.outage = self.random.choice([1, 1, 2, 4, 9])
        if self.outage > 0:
            self.outage -= 1
            return
        yield self.event("run")
        if self.chance(0.03):
            yield self.event("run")
        if self.chance(0.01):
            today = self.day
            self.day = max(self.first_day, today - days(self.random.randint(1, 5)))
            yield self.event("run")
            self.day = today

    def create(self, sub):
        customer = self.random.randrange(self.customers())
        package = self.random.choices(range(len(PACKAGES)), PACKAGE_WEIGHTS)[0]
        start = end = None
        if self.chance(0.4):
            start = self.day + days(self.random.randint(-40, 6))
            end = start + days(self.random.choice([6, 13, 29, 29, 30, 59]))
        args = {
            "sub": sub,
            "customer": customer,
            "package": package,
            "start": start,
            "end": end,
            "auto_renew": self.chance(0.85),
            "issue_invoice": self.chance(0.5),
        }
        if self.chance(0.05):
            bad = self.day - days(1) if self.chance(0.5) else None
            yield self.event("create", **{**args, "start": self.day, "end": bad})
        yield self.event("create", **args)

    # ---- payments

    def payments(self):
        for invoice in list(self.model.invoices.values()):
            if invoice.key not in self.answered:
                self.answered.add(invoice.key)
                self.plan_payment(invoice)
        for key, how in self.planned.pop(self.day, []):
            yield from self.pay(self.model.invoices[key], how)

    def plan_payment(self, invoice):
        habit = self.pick(HABITS)
        wait = max(0, (invoice.due - self.day).days)
        if habit == "early":
            self.remind(self.random.randint(0, wait), invoice, "full")
        elif habit == "due":
            self.remind(wait, invoice, "full")
        elif habit == "late":
            self.remind(wait + self.random.randint(1, 20), invoice, "full")
        elif habit == "very_late":
            self.remind(wait + self.random.randint(21, 70), invoice, "full")
        elif habit == "partial":
            first = self.random.randint(0, wait + 5)
            self.remind(first, invoice, "part")
            if self.chance(0.8):
                self.remind(first + self.random.randint(0, 15), invoice, "full")
        elif habit == "double":
            first = self.random.randint(0, wait + 3)
            self.remind(first, invoice, self.random.choice(["surplus", "full"]))
            self.remind(first + self.random.randint(0, 3), invoice, "full")

    def remind(self, wait, invoice, how):
        self.planned.setdefault(self.day + days(wait), []).append((invoice.key, how))

    def pay(self, invoice, how):
        owed = invoice.outstanding
        if how == "full" and self.chance(0.5):
            yield self.mark_paid(invoice)
        else:
            amount = owed or invoice.amount or 1000
            if how == "part":
                amount = self.random.randint(1, max(1, amount - 1))
            surplus = how == "surplus"
            if surplus or self.chance(0.03):
                amount += self.random.choice([1, 500, amount, 3 * amount])
            yield self.payment(invoice, amount, surplus)
        if self.references and self.chance(0.05):
            yield self.repeat()

    def reference(self):
        return "R%d" % (self.next_lot + 1) if self.chance(0.3) else None

    def remember(self, event):
        if event["reference"] is not None and event["lot"] in self.model.lots:
            self.references.append(event)
        return event

    def mark_paid(self, invoice):
        amount = None
        if self.chance(0.1):
            amount = self.random.choice([0, 1000, invoice.outstanding + 1])
        reference = self.reference()
        event = self.event(
            "mark_paid", lot=self.lot(), invoice=invoice.key, amount=amount, reference=reference
        )
        return self.remember(event)

    def payment(self, invoice, amount, surplus):
        reference = self.reference()
        if self.chance(0.01):
            amount = 0
        event = self.event(
            "pay",
            lot=self.lot(),
            invoice=invoice.key,
            amount=amount,
            surplus=surplus,
            reference=reference,
        )
        return self.remember(event)

    def repeat(self):
        """The same reference again: mostly the same body, sometimes another."""
        again = dict(self.random.choice(self.references), lot=self.lot())
        if self.chance(0.3):
            again["amount"] = (again["amount"] or 0) + 7
        args = {k: v for k, v in again.items() if k not in ("day", "op")}
        return self.event(again["op"], **args)

    # ---- everything else

    def accidents(self):
        for sub in list(self.model.subs.values()):
            for what, p in SUB_CHANCES.items():
                if self.chance(p):
                    yield from getattr(self, what)(sub)
            if self.chance(0.012 if sub.status in ("suspended", "expired") else 0.0004):
                yield from self.activate(sub)
            if sub.reason == "debt" and self.chance(0.05):
                yield from self.come_back(sub)
            if self.model.credit(sub.customer) > 0 and self.chance(0.02):
                yield from self.payout(sub)

    def come_back(self, sub):
        """Who is cut off pays what is overdue, all of it or the first."""
        overdue = [i for i in sub.invoices if i.status == "overdue"]
        for invoice in overdue if self.chance(0.7) else overdue[:1]:
            yield from self.pay(invoice, "surplus" if self.chance(0.1) else "full")

    def activate(self, sub):
        until = None
        if self.chance(0.7):
            until = self.day + days(self.random.choice([-1, 0, 1, 2, 3, 5, 7, 10, 14, 15]))
        yield self.event("activate", sub=sub.number, until=until)

    def suspend(self, sub):
        yield self.event("suspend", sub=sub.number)

    def cancel_subscription(self, sub):
        yield self.event("cancel_subscription", sub=sub.number)

    def plan_now(self, sub):
        yield self.plan(sub, "now")

    def plan_next(self, sub):
        yield self.plan(sub, "next_period")

    def plan(self, sub, effective):
        package = self.random.choices(range(len(PACKAGES)), PACKAGE_WEIGHTS)[0]
        return self.event("plan", sub=sub.number, package=package, effective=effective)

    def end_date(self, sub):
        end = sub.end + days(self.random.choice([-60, -31, -10, -3, -1, 1, 2, 7, 30]))
        yield self.event("end_date", sub=sub.number, end_date=end)

    def auto_renew(self, sub):
        wanted = not sub.auto_renew or self.chance(0.2)
        yield self.event("auto_renew", sub=sub.number, auto_renew=wanted)

    def other_invoice(self, sub):
        amount = self.random.choice([25000, 75000, 350000])
        due = self.day + days(self.random.randint(0, 14))
        yield self.event("other_invoice", sub=sub.number, amount=amount, due_date=due)

    def renewal_invoice(self, sub):
        due = self.day + days(self.random.randint(0, 10)) if self.chance(0.4) else None
        yield self.event("renewal_invoice", sub=sub.number, due_date=due)

    def cancel_invoice(self, sub):
        found = [i for i in sub.invoices if i.status in OPEN] or sub.invoices
        if self.chance(0.2):
            found = sub.invoices
        if found:
            yield self.event("cancel_invoice", invoice=self.random.choice(found).key)

    def lots_of(self, customer):
        lots = self.model.lots.values()
        return [lot for lot in lots if lot.customer == customer and lot.is_payment]

    def reverse(self, sub):
        """Mostly a recent payment."""
        lots = self.lots_of(sub.customer)
        if lots:
            lot = self.random.choice(lots[-3:] if self.chance(0.8) else lots)
            yield self.event("reverse", lot=lot.number)

    def gift(self, sub):
        amount = self.random.choice([0, 1, 10000, 150000, 500000])
        yield self.event("gift", lot=self.lot(), customer=sub.customer, amount=amount)

    def payout(self, sub):
        credit = self.model.credit(sub.customer)
        amount = self.random.choice([0, 1, credit // 2, credit, credit, credit + 1])
        yield self.event("payout", customer=sub.customer, amount=-amount)


def year(seed, subscriptions=200, first_day=FIRST_DAY, length=365):
    return Year(seed, subscriptions, first_day, length).events()


def main(argv):
    seed = int(argv[1]) if len(argv) > 1 else 1
    subscriptions = int(argv[2]) if len(argv) > 2 else 200
    for event in year(seed, subscriptions):
        print(json.dumps(event, default=str))


if __name__ == "__main__":
    main(sys.argv)
