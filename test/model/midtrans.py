"""Online payments as a sequential reader sees them: the other opinion about the Midtrans code.

Written from the gateway's documents and the rules in words alone, on top of days.py:
naive on purpose, no database, no clock, no lock.

    b = Books()                     days.Model with what only a gateway does:
        gateway {lot, invoice, amount, scope}    its money, always booked
        undo    {lot}                            reversal, void, chargeback, never refused

    r = Reader(b, day)              reads notifications in the order in which things happened
        r.order(order_id, invoice, amount)       a page was asked for
        r.process(message)                       one body, believed: nobody lies, nothing is late
        r.lots[transaction_id]                   the lot it was booked as

    standing(transaction)           what a transaction as the gateway has it in the end must have
                                    left in the ledger, whatever came when (Standing)

Not every final state follows from the final truth alone, and the rules want it so: a refund
takes that payment's own credit first and is bounded by that payment, so of two payments of one
invoice it matters which came first. Hence two questions for whoever compares a real system with this:
does each transaction stand in its ledger as standing() says, and do Books, given the ledger's actions
in the ledger's own order, end as the system did? When the order cannot matter (is_order_irrelevant),
Reader's Books, which received everything in causal order, must end the same too.

Readings beside those words

 1. A payment is the money without the fee the gateway put on top for the customer; what is paid
    back beyond that is fee and no business of the ledger.
 2. A partial chargeback is a refund that opens the debt again.
 3. A cancel of settled money is impossible by the graph; a reader ignores it (row 13).
 4. Money that a reversal or chargeback takes after it was paid out is a loss.
"""

from dataclasses import dataclass, field
from datetime import date

import days

PAID_FOR_GOOD = ("settlement", "refund", "partial_refund", "partial_chargeback")
TAKEN_BACK = ("deny", "cancel", "chargeback")


class Books(days.Model):
    """Events beside those of days.Model, which a gateway does not ask for: they have happened."""

    def op_gateway(self, day, lot, invoice, amount, scope="bill"):
        bill = self.bills[invoice]
        money = self.lots[lot] = days.Lot(lot, bill.line.customer, amount, True, gateway=True)
        for owed in self.scope(bill, scope):
            if owed.status in days.OPEN:
                self.allocate(money, owed, day)
        self.apply_credit(money.customer, day)

    def scope(self, bill, scope):
        """The bills that an order asks for, oldest first: the bill; due: and the older open ones of its line; all of the
        customer."""
        if scope == "all":
            return self.open_bills(bill.line.customer)
        older = [b for b in self.open_bills(bill.line.customer) if b.line is bill.line and (b.due, b.serial) < (bill.due, bill.serial)]
        return (older if scope == "due" else []) + [bill]

    def op_undo(self, day, lot):
        self.undo_lot(self.lots[lot], day)


# ---- notifications, in causal order ---------------------------------------------------------------


@dataclass(eq=False)
class Seen:
    """One transaction, as reported so far."""

    lot: int | None = None
    settled: bool = False
    over: bool = False
    refunds: set = field(default_factory=set)
    charged: int = 0


def rupiah(value):
    """"150000.00", 150000 -> 150000."""
    whole, _, cents = str(value).partition(".")
    assert cents.strip("0") == "", value
    return int(whole)


def accepted(message):
    return message.get("fraud_status", "accept") == "accept"


class Reader:
    def __init__(self, books, day, first_lot=1):
        self.books, self.day, self.next_lot = books, day, first_lot
        self.orders, self.seen = {}, {}

    @property
    def lots(self):
        return {name: t.lot for name, t in self.seen.items() if t.lot is not None}

    def order(self, order_id, invoice, amount):
        self.orders[order_id] = (invoice, amount)

    def do(self, op, **args):
        answer = self.books.apply({"day": self.day, "op": op, **args})
        assert answer == "ok", (op, args, answer)

    def process(self, message):
        t = self.seen.setdefault(message["transaction_id"], Seen())
        status = message["transaction_status"].lower()
        if status == "settlement" or (status == "capture" and accepted(message)):
            self.book(t, message)
            t.settled = t.settled or status == "settlement"
        elif status == "deny" or (status == "cancel" and not t.settled):
            self.undo(t)
        elif status in ("refund", "partial_refund"):
            self.book(t, message)
            for row in message["refunds"]:
                self.refund(t, row)
        elif status == "chargeback":
            self.book(t, message)
            self.undo(t)
        elif status == "partial_chargeback":
            self.book(t, message)
            self.charge(t, rupiah(message["refund_chargeback_amount"]))

    def book(self, t, message):
        if t.lot is not None:
            return
        invoice, expected = self.orders[message["order_id"]]
        info = message.get("metadata", {}).get("extra_info", {}).get("gross_amount_info", {})
        gross = rupiah(message["gross_amount"])
        amount = expected if rupiah(info.get("original_amount", 0)) == expected else gross
        t.lot, self.next_lot = self.next_lot, self.next_lot + 1
        self.do("gateway", lot=t.lot, invoice=invoice, amount=amount)

    def undo(self, t):
        if t.lot is not None and not t.over:
            t.over = True
            self.do("undo", lot=t.lot)

    def refund(self, t, row):
        if row["refund_key"] in t.refunds:
            return
        t.refunds.add(row["refund_key"])
        amount = min(rupiah(row["refund_amount"]), self.books.lots[t.lot].left)
        if amount > 0:
            self.do("refund", lot=t.lot, amount=amount, reopen=False)

    def charge(self, t, total):
        if total > t.charged:
            self.do("refund", lot=t.lot, amount=total - t.charged, reopen=True)
            t.charged = total


# ---- the final truth ------------------------------------------------------------------------------


@dataclass
class Standing:
    """booked: the payment must be in the ledger (True), or must not (False). None: the money came and was taken
    back, so the payment may be missing, and must not count where it is there."""

    booked: bool | None
    amount: int
    refunds: dict = field(default_factory=dict)
    taken: int = 0


def standing(transaction):
    """transaction: as the simulated gateway's control port shows it."""
    t, status = transaction, transaction["transaction_status"]
    amount = t["gross_amount"] - t["fee"]
    if status in PAID_FOR_GOOD or (status == "capture" and t["fraud_status"] == "accept"):
        return Standing(True, amount, capped(t["refunds"], amount), t["charged_back"])
    return Standing(None if status in TAKEN_BACK else False, amount)


def capped(rows, amount):
    """The part of each refund that was the payment's, and not fee."""
    found = {}
    for row in rows:
        part = min(row["amount"], amount)
        amount -= part
        if part > 0:
            found[row["key"]] = part
    return found


def is_order_irrelevant(books, customer, day, *, refunded, undone):
    """True if the customer's books end the same, in whatever order the messages come.

    refunded, undone: some of this customer's money through the gateway was refunded, or undone. Three things
    must hold. Only one bill takes money. No refund has two payments to choose from. And no undone
    money has ended an off period: a line that was cut or is not renewed comes back with that money and
    begins another off period on the day on which it is undone, and keeps the days that policy restart gave it when
    it came back, while money that is never reported leaves the first one as it was and gives nothing."""
    lines = [s for s in books.lines.values() if s.customer == customer]
    takers = [b for s in lines for b in s.bills if b.status != "cancelled"]
    lots = [lot for lot in books.lots.values() if lot.customer == customer]
    if len(takers) > 1 or (refunded and len(lots) > 1):
        return False
    return not (undone and any(not s.auto_renew or s.gifted > date.min or any(o.start < day for o in s.offs) for s in lines))
