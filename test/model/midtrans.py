"""Online payments as a sequential reader sees them: the other opinion about the Midtrans code.

Written from the facts (sections 4 to 6) and the contract (5 and 7) alone, on top of billing.py:
naive on purpose, no database, no clock, no lock.

    b = Books()                     billing.Model with what only a gateway does:
        gateway {lot, invoice, amount}           its money, always booked
        undo    {lot}                            reversal, void, chargeback
        refund  {lot, amount, reopen}            paid back; reopen: the debt is open again

    r = Reader(b, day)              reads notifications in the order in which things happened
        r.order(order_id, invoice, amount)       a page was asked for
        r.tell(message)                          one body, believed: nobody lies, nothing is late
        r.lots[transaction_id]                   the lot it was booked as

    standing(transaction)           what a transaction as the gateway has it in the end must have
                                    left in the ledger, whatever came when (Standing)

Not every final state follows from the final truth alone, and the contract wants it so: a refund
"takes that payment's credit first, for the rest it writes off", so of two payments of one invoice
it matters which came first. Hence two questions for whoever compares a real system with this:
does each transaction stand in its ledger as standing() says, and do Books, given the ledger's actions
in the ledger's own order, end as the system did? Where the order cannot matter (only_truth_counts),
Reader's Books, which received everything in causal order, must end the same too.

Beside the words of facts and contract

 1. A payment is the money without the fee the gateway put on top for the customer; what is paid
    back beyond that is fee and no business of the ledger.
 2. A partial chargeback is money undone: it takes the payment's credit first, then opens the debt.
 3. A cancel of settled money is impossible by the graph; a reader ignores it (row 13).
 4. Money that a reversal or chargeback takes after it was paid out is a loss.
"""

from dataclasses import dataclass, field

import billing

PAID_FOR_GOOD = ("settlement", "refund", "partial_refund", "partial_chargeback")
TAKEN_BACK = ("deny", "cancel", "chargeback")


@dataclass(eq=False)
class Lot(billing.Lot):
    refunded: int = 0
    lost: int = 0

    @property
    def credit(self):
        if self.reversed:
            return 0
        held = self.amount - self.refunded + self.lost
        return held - self.paid_out - sum(a.amount for a in self.allocations)

    @property
    def left(self):
        """The amount that could still be refunded."""
        return 0 if self.reversed else self.amount - self.refunded


class Books(billing.Model):
    """Events beside those of billing.Model; a refusal there is an exception here: gateways do not ask."""

    def op_gateway(self, day, lot, invoice, amount):
        invoice = self.invoices[invoice]
        customer = invoice.sub.customer
        money = Lot(lot, customer, amount, is_payment=True)
        self.lots[lot] = money
        if invoice.status in billing.OPEN:
            self.allocate(money, invoice, day)
        self.apply_credit(customer, day)

    def op_undo(self, day, lot):
        lot = self.lots[lot]
        undone = self.give_back(lot, lot.amount, day)
        lot.reversed = True
        lot.lost = lot.paid_out
        self.reopened(lot.customer, undone, day)

    def op_refund(self, day, lot, amount, reopen):
        lot = self.lots[lot]
        undone = []
        if reopen:
            undone = self.give_back(lot, max(amount - lot.credit, 0), day)
        lot.lost += max(amount - lot.credit, 0)
        lot.refunded += amount
        self.reopened(lot.customer, undone, day)

    def give_back(self, lot, money, day):
        """Take so much from what the lot pays, newest first; the invoices that were paid."""
        undone = []
        for invoice in self.paid_by(lot):
            mine = [a for a in lot.allocations if a.invoice is invoice]
            part = min(money, sum(a.amount for a in mine))
            if part == 0:
                break
            money -= part
            self.shrink(mine, part)
            if invoice.status == "paid":
                undone.append(self.undo(invoice, day))
        return undone

    @staticmethod
    def paid_by(lot):
        found = []
        for allocation in reversed(lot.allocations):
            if allocation.invoice not in found:
                found.append(allocation.invoice)
        return found

    @staticmethod
    def shrink(allocations, money):
        for allocation in reversed(allocations):
            part = min(allocation.amount, money)
            allocation.amount -= part
            money -= part
            if allocation.amount == 0:
                allocation.lot.allocations.remove(allocation)
                allocation.invoice.allocations.remove(allocation)

    def money_violations(self, customer):
        """The base's equation, with what came back out of it."""
        lots = [lot for lot in self.lots.values() if lot.customer == customer]
        received = sum(lot.amount for lot in lots if not lot.reversed)
        received += sum(lot.lost - lot.refunded for lot in lots if isinstance(lot, Lot) and not lot.reversed)
        gone = sum(lot.paid_out for lot in lots if not lot.reversed)
        paid = sum(i.paid for s in self.subs.values() if s.customer == customer for i in s.invoices)
        credit = self.credit(customer)
        found = []
        if received - gone != paid + credit:
            found.append("customer %d: money in and money used differ" % customer)
        if any(lot.credit < 0 for lot in lots):
            found.append("customer %d: negative credit" % customer)
        if credit > 0 and self.open_invoices(customer):
            found.append("customer %d: credit beside open debt" % customer)
        return found


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

    def tell(self, message):
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
        invoice, asked = self.orders[message["order_id"]]
        info = message.get("metadata", {}).get("extra_info", {}).get("gross_amount_info", {})
        gross = rupiah(message["gross_amount"])
        amount = asked if rupiah(info.get("original_amount", 0)) == asked else gross
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
    """booked: the payment must be there (True), must not (False), or, its money having come and
    gone, may be missing but must not count (None)."""

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


def only_truth_counts(books, customer, refunded, undone, day):
    """Whether the order in which things become known cannot change the end.

    refunded, undone: whether any of this customer's gateway money was. One invoice alone takes the
    money, and no write-off chooses between two payments; nor was anybody expired, whom undone
    money leaves suspended, but money never seen as it was; nor does a period that is over begin anew
    for who was cut off (for an older debt), which undone money within grace does not do again."""
    subs = [s for s in books.subs.values() if s.customer == customer]
    takers = [i for s in subs for i in s.invoices if i.status != "cancelled"]
    lots = [lot for lot in books.lots.values() if lot.customer == customer]
    if len(takers) > 1 or (refunded and len(lots) > 1):
        return False
    if undone and any(i.holds_period and day > i.end and not books.beyond_grace(i, day) for i in takers):
        return False
    return not (undone and any(s.status == "expired" or not s.auto_renew for s in subs))
