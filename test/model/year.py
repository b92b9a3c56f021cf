"""A town for a year: lines of every kind, and people who pay, forget, ask, err and go away.

    town = Town(seed)
    town.events(day, model)    the acts of one day, chosen by dice and by what the model knows

Every town is made of one seed. It has its own packages and customers, so that several of them share
one database and one set of settings (block_settings()) without touching each other.
"""
import random
from datetime import date, timedelta

from days import OPEN

START = date(2026, 1, 5)
DAYS = 365
BLOCK = 5  # seeds that share a database and its settings
KINDS = (  # cycle, mode, unit
    ("rolling", "prepaid", "day"), ("rolling", "prepaid", "day"), ("rolling", "prepaid", "month"),
    ("calendar", "prepaid", "month"), ("calendar", "postpaid", "month"), ("rolling", "postpaid", "month"), ("calendar", "prepaid", "month"))
POLICIES = ("give_back", "restart", "keep")
PERIODS = (("day", 30), ("day", 7), ("month", 1), ("month", 3), ("day", 30), ("month", 1))  # of its packages
# Weights of the acts of one line, of which one happens on every seventh day or so.
ACTS = {"part": 6, "surplus": 3, "too_much": 1, "deposit": 2, "gateway": 3, "reverse": 3, "undo": 2, "refund": 3, "gift": 2, "payout": 2,
        "promise": 6, "suspend": 2, "pause": 3, "resume": 6, "days": 4, "change": 4, "prepay": 4, "cancel": 0.5, "cancel_invoice": 3, "move_due": 3,
        "other": 2, "price": 1, "item": 2, "discount": 2, "item_remove": 1, "charge": 3}
RATE = 0.15


def block_settings(block):
    dice = random.Random("settings %d" % block)
    return {"lead_days": dice.choice((0, 3, 7, 10)), "grace_days": dice.choice((0, 1, 1, 3, 9)),
            "due_days": dice.choice((0, 0, 3, 10)), "first_due_days": dice.choice((0, 3)),
            "round_to": dice.choice((1, 100, 500, 1000)), "billing_day": dice.choice((1, 1, 10, 28)),
            "postpaid_due_days": dice.choice((5, 10)), "promises_max": dice.choice((1, 2, 3)),
            "tax_mode": dice.choice(("none", "exclusive", "inclusive")), "tax_rate": dice.choice((1100, 1200)),
            "tax_base": dice.choice(("1/1", "11/12")), "late_fee": (fee := dice.choice((0, 0, 5000))),
            "late_fee_percent": 0 if fee else dice.choice((0, 2)), "late_fee_days": dice.choice((0, 3)),
            "reactivation_fee": dice.choice((0, 25000)), "other_due_days": dice.choice((0, 7)),
            "first_period": dice.choice(("prorate", "full", "merge")), "merge_days": dice.choice((10, 25)),
            "first_payment_first": dice.random() < 0.3, "prorate_last": dice.random() < 0.5,
            "arrears": dice.choice(("stop", "bill")), "arrears_max": dice.choice((1, 3)),
            "suspend_guard": dice.choice((None, 0, 1, 3)), "suspend_min_amount": dice.choice((0, 0, 40000)),
            "no_suspend_days": dice.choice(([], [], ["sunday"], ["friday", "2026-03-20", "2026-06-01"]))}


def outages(block):
    """The numbers of the days on which no billing run is made."""
    dice = random.Random("outages %d" % block)
    return {first + n for first in (dice.randrange(DAYS) for _ in range(3)) for n in range(dice.choice((1, 2, 6)))}


def run_events(dice, day):
    """The night's run, and now and then another, one past the guard, and the undoing of one."""
    yield {"day": day, "op": "run", "force": False}
    for _ in range(dice.choice((0, 0, 0, 0, 1, 2))):
        if dice.random() < 0.3:
            yield {"day": day, "op": "undo_run"}
        else:
            yield {"day": day, "op": "run", "force": dice.random() < 0.7}


class Town:
    def __init__(self, seed, first=0):
        """first: added to each number of a package, customer, line or lot (days.py), so that towns that share a
        database have numbers of their own."""
        self.seed, self.first = seed, first
        self.dice = random.Random("town %d" % seed)
        self.lines, self.lots = {}, 0
        self.payment_chances = {}  # by customer: the chance that an open bill is paid on a day
        self.away = False
        self.items = 0

    def number(self, n):
        return self.first + n

    def lot(self):
        self.lots += 1
        return self.number(self.lots)

    def first_day(self, day):
        """The events of the first day: the packages, the customers, and a line of each kind."""
        made = []
        for n, (unit, length) in enumerate(PERIODS):
            made.append({"op": "package", "package": self.number(n), "price": self.dice.choice((150000, 99999, 200000, 310000)),
                         "unit": unit, "length": length})
        for n, kind in enumerate(KINDS):
            customer = self.number(n // 2 * 2)  # each customer but the last has two lines
            if n % 2 == 0:
                made.append({"op": "customer", "customer": customer, "exempt": self.dice.random() < 0.2})
                self.payment_chances[customer] = self.dice.choice((0.5, 0.2, 0.07, 0.03))
            made.append(self.create_line(n, customer, kind, day))
        return [dict(event, day=day) for event in made]

    def create_line(self, n, customer, kind, day):
        """The event that creates the n-th line."""
        cycle, mode, unit = kind
        dice, policy = self.dice, self.dice.choice(POLICIES)
        package = self.some_package(unit)
        dates = None
        if mode == "prepaid" and dice.random() < (0.6 if cycle == "rolling" else 0.2):
            first = day - timedelta(days=dice.randrange(-5, 20))
            dates = (first, first + timedelta(days=dice.choice((6, 29, 29, 40))))
        self.lines[self.number(n)] = customer
        return {"op": "create", "sub": self.number(n), "customer": customer, "package": package, "cycle": cycle, "mode": mode,
                "policy": policy, "auto_renew": dice.random() < 0.9, "dates": dates, "billed": dates is not None and cycle == "rolling" and dice.random() < 0.3,
                "router": self.number(dice.choice((1, 2))), "billing": dice.choice((None, None, 5, 28))}

    def sign_up(self, day, customer):
        """Another line where one has ended."""
        n = len(self.lines)
        return dict(self.create_line(n, customer, self.dice.choice(KINDS), day), day=day)

    # ---- a day

    def events(self, day, model):
        """A generator: each event is chosen after the one before it has been done."""
        if self.dice.random() < (0.2 if self.away else 0.02):
            self.away = not self.away
            yield {"day": day, "op": "away" if self.away else "back", "router": self.number(1)}
        for sub, customer in list(self.lines.items()):
            line = model.lines.get(sub)
            if line is None:
                continue
            for bill in [b for b in line.bills if b.status in OPEN]:
                if self.dice.random() < self.payment_chances[customer] and bill.status in OPEN:
                    yield {"day": day, "op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": None, "surplus": False}
            if self.dice.random() < RATE:
                act = self.dice.choices(list(ACTS), list(ACTS.values()))[0]
                event = getattr(self, "act_" + act)(day, model, line)
                if event:
                    yield dict(event, day=day, op=event.get("op", act))
                if act == "cancel" and len(self.lines) < 11:
                    yield self.sign_up(day, customer)

    def some_package(self, unit):
        return self.number(self.dice.choice([n for n, period in enumerate(PERIODS) if period[0] == unit]))

    def open_bill(self, line):
        found = [b for b in line.bills if b.status in OPEN]
        return self.dice.choice(found) if found else None

    def some_lot(self, model, line):
        mine = [lot for lot in model.lots.values() if lot.customer == line.customer and lot.payment]
        return self.dice.choice(mine[-5:]) if mine else None

    def act_part(self, day, model, line):
        bill = self.open_bill(line)
        if bill:
            return {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": self.dice.randint(1, bill.outstanding), "surplus": False}
        return None

    def act_surplus(self, day, model, line):
        bill = self.open_bill(line)
        if bill:
            amount = bill.outstanding + self.dice.choice((1, 20000, 150000, 400000))
            return {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": amount, "surplus": True}
        return None

    def act_too_much(self, day, model, line):
        bill = self.open_bill(line)
        if bill:
            return {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": bill.outstanding + 1, "surplus": False}
        return None

    def act_deposit(self, day, model, line):
        return {"lot": self.lot(), "customer": line.customer, "amount": self.dice.choice((5000, 50000, 150000))}

    def act_reverse(self, day, model, line):
        lot = self.some_lot(model, line)
        return {"lot": lot.number} if lot else None

    def act_refund(self, day, model, line):
        lot = self.some_lot(model, line)
        if lot and lot.left > 0:
            return {"lot": lot.number, "amount": self.dice.randint(1, lot.left), "reopen": self.dice.random() < 0.4}
        return None

    def act_gift(self, day, model, line):
        return {"lot": self.lot(), "customer": line.customer, "amount": self.dice.choice((1000, 30000))}

    def act_payout(self, day, model, line):
        credit = model.credit(line.customer)
        if credit:
            return {"customer": line.customer, "amount": self.dice.randint(1, credit + 1)}
        return None

    def act_gateway(self, day, model, line):
        """An online payment, which is booked in any case: also of more than is outstanding, or for a bill that is paid."""
        bill = self.dice.choice(line.bills[-3:]) if line.bills else None
        if bill:
            scope = self.dice.choice(("bill", "due", "all"))
            owed = sum(b.outstanding for b in model.scope(bill, scope) if b.status in OPEN)
            return {"lot": self.lot(), "invoice": bill.key, "amount": self.dice.choice((owed, bill.amount, 50000)) or 7, "scope": scope}
        return None

    def act_undo(self, day, model, line):
        """A chargeback: unlike a reversal by hand it is never refused."""
        mine = [lot for lot in model.lots.values() if lot.customer == line.customer and lot.payment and lot.left > 0]
        return {"lot": self.dice.choice(mine[-3:]).number} if mine else None

    def act_promise(self, day, model, line):
        if line.status == "active" and self.dice.random() < 0.5:
            return None
        return {"sub": line.number, "until": day + timedelta(days=self.dice.choice((0, 1, 3, 7, 14, 15)))}

    def act_suspend(self, day, model, line):
        return {"sub": line.number}

    def act_pause(self, day, model, line):
        first = day + timedelta(days=self.dice.choice((0, 0, 1, 8, 20, -1)))
        until = first + timedelta(days=self.dice.randrange(-1, 20)) if self.dice.random() < 0.6 else None
        return {"sub": line.number, "first": first, "until": until}

    def act_resume(self, day, model, line):
        return {"sub": line.number} if line.status == "suspended" or line.pause_from else None

    def act_days(self, day, model, line):
        return {"sub": line.number, "days": self.dice.choice((1, 2, 5, 10, -1, -3))}

    def act_change(self, day, model, line):
        unit = model.packages[line.package].unit
        if self.dice.random() < 0.2:
            unit = self.dice.choice(("day", "month"))
        later = self.dice.random() < 0.35
        return {"sub": line.number, "package": self.some_package(unit), "effective": "next_period" if later else "now",
                "prorate": self.dice.choice((False, True, True)) if later else self.dice.choice((None, False, True, True))}

    def act_prepay(self, day, model, line):
        return {"sub": line.number, "periods": self.dice.choice((2, 2, 3, 6)), "discount": self.dice.choice((None, None, 50000, 2000000))}

    def act_cancel(self, day, model, line):
        return {"sub": line.number}

    def act_cancel_invoice(self, day, model, line):
        bill = self.open_bill(line)
        return {"invoice": bill.key, "waive": self.dice.random() < 0.4} if bill else None

    def act_move_due(self, day, model, line):
        bill = self.open_bill(line)
        return {"invoice": bill.key, "due": day + timedelta(days=self.dice.choice((0, 1, 5, 20)))} if bill else None

    def act_other(self, day, model, line):
        """A bill of kind `other`, for no period."""
        return {"sub": line.number, "amount": self.dice.choice((35000, 5000)), "due": day + timedelta(days=self.dice.choice((0, 7)))}

    def act_price(self, day, model, line):
        return {"package": line.package, "price": self.dice.choice((150000, 99999, 200000, 310000))}

    def act_item(self, day, model, line):
        self.items += 1
        return {"op": "item", "item": self.number(self.items), "sub": line.number, "kind": "item", "amount": self.dice.choice((25000, 9999)),
                "percent": None, "quantity": self.dice.choice((1, 1, 3)), "start": day + timedelta(days=self.dice.choice((0, 0, 40))),
                "periods": self.dice.choice((None, 1, 3))}

    def act_discount(self, day, model, line):
        percent = self.dice.choice((None, 10, 33, 100))
        return dict(self.act_item(day, model, line), kind="discount", percent=percent, quantity=1,
                    amount=None if percent else self.dice.choice((10000, 77777, 500000)), periods=self.dice.choice((None, 1, 2)))

    def act_item_remove(self, day, model, line):
        mine = [n for n, item in model.items.items() if item.line is line and not item.removed]
        return {"item": self.dice.choice(mine)} if mine else None

    def act_charge(self, day, model, line):
        own = self.dice.random() < 0.3
        return {"customer": line.customer, "sub": line.number if own or self.dice.random() < 0.6 else None,
                "kind": self.dice.choice(("charge", "installation", "deposit")), "amount": self.dice.choice((50000, 12345)),
                "quantity": self.dice.choice((1, 1, 2)), "own_bill": own,
                "due": day + timedelta(days=3) if own and self.dice.random() < 0.5 else None}
