"""The gateway's books: orders, pages, payments and what becomes of them (facts 2, 3, 5)."""
import hashlib
import heapq
import itertools
import random
import string
import uuid

from . import channels
from .clock import UNITS, Clock, iso, parse_stamp, wib

DAY = 86400
PAID = ("settlement", "capture", "refund", "partial_refund", "chargeback", "partial_chargeback")
OVER = ("deny", "expire", "cancel", "failure")
LEGAL = {
    "new": ("pending", "capture", "authorize", "deny"),
    "pending": ("settlement", "capture", "authorize", "deny", "expire", "cancel", "failure"),
    "capture": ("settlement", "cancel", "capture", "deny"),
    "authorize": ("capture", "deny", "cancel", "expire"),
    "settlement": ("refund", "partial_refund", "chargeback", "partial_chargeback", "deny"),
    "partial_refund": ("partial_refund", "refund"),
    "partial_chargeback": ("partial_chargeback", "chargeback"),
}


class Refusal(Exception):
    """A call that breaks a rule: the status_code and text of the answer."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


def money(amount):
    return "%d.00" % amount


class Session:
    """One token and its page."""

    def __init__(self, order, now):
        self.order = order
        self.token = str(uuid.UUID(int=random.getrandbits(128), version=4))
        self.created = now
        self.state = "open"     # replaced, canceled, expired
        self.closes = now + self._life(order.request, now)

    @staticmethod
    def _life(request, now):
        rule = request.get("page_expiry")
        life = rule["duration"] * UNITS[rule["unit"]] if rule else DAY
        fixed = Order.deadline(request)
        return min(life, fixed - now) if fixed else life

    def is_open(self, now):
        return self.state == "open" and now < self.closes and not self.order.paid()


class Order:
    def __init__(self, request, urls):
        self.id = request["transaction_details"]["order_id"]
        self.asked = request["transaction_details"]["gross_amount"]
        self.request = request
        self.urls = urls            # {"append": [...], "override": [...]}
        self.sessions, self.transactions = [], []

    @staticmethod
    def deadline(request):
        """When all ways to pay end, if that is fixed already."""
        rule = request.get("expiry") or {}
        start = parse_stamp(rule.get("start_time"))
        return start + rule["duration"] * UNITS[rule["unit"]] if start is not None else None

    def paid(self):
        return any(t.status in PAID for t in self.transactions)

    def offered(self):
        asked = self.request.get("enabled_payments")
        if asked is None:
            return list(channels.ALL)
        names = {channels.ALIASES.get(name, name) for name in asked}
        return [channel for channel in channels.ALL if channel.name in names]


class Transaction:
    def __init__(self, order, channel, fee, now):
        self.order, self.channel, self.fee = order, channel, fee
        self.gross = order.asked + fee
        self.id = self._new_id(channel)
        self.status, self.fraud = "new", "accept"
        self.started, self.settled = now, None
        self.expires = self._expiry(now)
        self.details = channel.details()
        self.issuer = channels.OWN_ISSUER   # who pays by QRIS
        self.refunds, self.charged_back = [], 0

    @staticmethod
    def _new_id(channel):
        if channel.snap_bi:     # no UUID, and longer than one
            return "A1" + "".join(random.choices(string.ascii_letters + string.digits, k=38))
        return str(uuid.UUID(int=random.getrandbits(128), version=4))

    def _expiry(self, now):
        fixed = Order.deadline(self.order.request)
        if fixed:
            return fixed
        rule = self.order.request.get("expiry")
        return now + (rule["duration"] * UNITS[rule["unit"]] if rule else self.channel.life)

    def refunded(self):
        return sum(refund["amount"] for refund in self.refunds)

    def code(self, via):
        """status_code that goes with the state, in a notification or in GET status."""
        if self.status == "pending" or (self.status == "capture" and self.fraud == "challenge"):
            return "201"
        if self.status == "expire":
            return "407" if via == "status" else "202"
        if self.status == "cancel":
            return "200" if via == "status" else "202"
        return "202" if self.status in ("deny", "failure") else "200"


class Gateway:
    def __init__(self, options):
        self.options = options
        self.clock = Clock()
        self.announce = lambda transaction, body: None
        self.forget()

    def forget(self):
        self.orders, self.tokens, self.transactions = {}, {}, {}
        self.fee = {"amount": 0, "percent": 0, "as": "string"}
        self.due = []
        self.count = itertools.count(1)
        self.clock.offset = 0.0

    # ---- Snap

    def create(self, request, urls):
        """A new page for an order that nobody has begun to pay; kills the page before."""
        order_id = request["transaction_details"]["order_id"]
        order = self.orders.get(order_id)
        if order and order.paid():
            raise Refusal(400, "transaction_details.order_id has been paid and utilized, please "
                               "use another order ID")
        if order and order.transactions:
            raise Refusal(400, "transaction_details.order_id has already been taken")
        old = order.sessions if order else []
        for session in old:
            if session.state == "open":
                session.state = "replaced"
        order = self.orders[order_id] = Order(request, urls)
        session = Session(order, self.clock.now())
        order.sessions = old + [session]
        self.tokens[session.token] = session
        return session

    def end_session(self, token, how):
        """how: canceled or expired."""
        session = self.tokens.get(token)
        if not session:
            raise Refusal(404, "token not found")
        if session.order.transactions:
            raise Refusal(400, "Transaction is in progress")
        if session.state == "open" and session.closes <= self.clock.now():
            session.state = "expired"
        if session.state != "open":
            raise Refusal(400, "token already %s" % session.state)
        session.state = how
        return {how + "_at": iso(self.clock.now())}

    # ---- payments

    def begin(self, order, channel):
        now = self.clock.now()
        fee = self.fee["amount"] + round(order.asked * self.fee["percent"] / 100)
        transaction = Transaction(order, channel, fee, now)
        order.transactions.append(transaction)
        self.transactions[transaction.id] = transaction
        self._remind(transaction, transaction.expires)
        return transaction

    def move(self, transaction, status, fraud=None, force=False):
        """Go on to a status, if the graph lets it, and announce it."""
        legal = LEGAL.get(transaction.status, ())
        if status not in legal and not force:
            raise Refusal(412, "Merchant cannot modify the status of the transaction")
        if status == "deny" and transaction.status == "settlement" and not force \
                and not transaction.channel.reversible:
            raise Refusal(412, "%s takes nothing back" % transaction.channel.name)
        transaction.status = status
        if fraud:
            transaction.fraud = fraud
        now = self.clock.now()
        if status == "settlement" or (status == "capture" and not transaction.settled):
            transaction.settled = now
            transaction.details.update(
                transaction.channel.once_paid(money(transaction.gross), wib(now),
                                              transaction.issuer))
        if status == "capture":
            self._remind(transaction, now + DAY)
        self.announce(transaction, self.body(transaction, "notification"))

    def refund(self, transaction, amount, key, reason, force=False):
        """Pay back; the refund's row. amount None: all that is left."""
        if not force and (transaction.status not in ("settlement", "partial_refund")
                          or not transaction.channel.refund):
            raise Refusal(412, "Merchant cannot modify the status of the transaction")
        if any(row["key"] == key for row in transaction.refunds):
            raise Refusal(406, "Refund key has been used, please use another one")
        age = self.clock.now() - (transaction.settled or transaction.started)
        if not force and not transaction.channel.refundable(age, transaction.issuer):
            raise Refusal(412, "Refund period of the transaction is over")
        left = transaction.gross - transaction.refunded()
        amount = left if amount is None else amount
        if amount > left or (transaction.channel.refund == "full" and amount != transaction.gross):
            raise Refusal(414, "Refund request is rejected: amount is not refundable")
        row = {"id": next(self.count), "amount": amount, "key": key, "reason": reason,
               "created": self.clock.now(), "confirmed": None}
        transaction.refunds.append(row)
        status = "refund" if transaction.refunded() == transaction.gross else "partial_refund"
        self.move(transaction, status, force=force)
        return row

    def confirm_refund(self, transaction, row):
        """The second announcement, by which the bank confirms."""
        row["confirmed"] = self.clock.now()
        self.announce(transaction, self.body(transaction, "notification"))

    def charge_back(self, transaction, amount, force=False):
        left = transaction.gross - transaction.charged_back
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            raise Refusal(414, "more than was paid")
        status = "chargeback" if amount == left else "partial_chargeback"
        if not force and status not in LEGAL.get(transaction.status, ()):
            raise Refusal(412, "Merchant cannot modify the status of the transaction")
        transaction.charged_back += amount
        self.move(transaction, status, force=True)

    # ---- what is reported

    def sign(self, order_id, code, gross):
        text = order_id + code + gross + self.options["server_key"]
        return hashlib.sha512(text.encode()).hexdigest()

    def body(self, transaction, via):
        """The fields of a message; via: notification, or status (GET and the other calls)."""
        code, gross = transaction.code(via), money(transaction.gross)
        hidden = transaction.channel.snap_bi and via == "status"
        status = transaction.status
        out = {
            "transaction_time": wib(transaction.started),
            "transaction_status": "PENDING" if hidden and status == "pending" else status,
            "transaction_id": transaction.id,
            "status_message": "midtrans payment notification" if via == "notification"
            else "Success, transaction is found",
            "status_code": code,
            "signature_key": self.sign(transaction.order.id, code, gross),
            "payment_type": transaction.channel.type,
            "order_id": transaction.id if hidden else transaction.order.id,
            "merchant_id": self.options["merchant_id"],
            "gross_amount": gross,
            "currency": "IDR",
        }
        if not transaction.channel.no_fraud:
            out["fraud_status"] = "deny" if status == "deny" and transaction.channel.card \
                else transaction.fraud
        if not transaction.channel.card:
            out["expiry_time"] = wib(transaction.expires)
        if transaction.settled and status != "capture":
            out["settlement_time"] = wib(transaction.settled)
        out.update(transaction.details)
        out.update({k: x for k, x in transaction.order.request.items()
                    if k.startswith("custom_field")})
        if transaction.fee:
            out["metadata"] = {"extra_info": {"gross_amount_info": self._fee_info(transaction)}}
        if transaction.refunds:
            out["refund_amount"] = money(transaction.refunded())
            out["refunds"] = [refund_shown(row) for row in transaction.refunds]
        if transaction.charged_back:
            out["refund_chargeback_amount"] = money(transaction.charged_back)
        return out

    def _fee_info(self, transaction):
        show = money if self.fee["as"] == "string" else int
        return {"original_amount": show(transaction.order.asked),
                "gross_amount": show(transaction.gross),
                "customer_imposed_payment_fee": show(transaction.fee)}

    # ---- Core

    def find(self, name):
        """By transaction_id; else by order_id, the newest that can be found so. A card that was
        chosen and not used is nothing yet."""
        reported = self.transactions.get(name)
        if reported and reported.status != "new":
            return reported
        order = self.orders.get(name)
        seen = [t for t in order.transactions
                if not t.channel.snap_bi and t.status != "new"] if order else []
        if not seen:
            raise Refusal(404, "Transaction doesn't exist.")
        return seen[-1]

    # ---- time

    def _remind(self, transaction, when):
        heapq.heappush(self.due, (when, next(self.count), transaction))

    def tick(self):
        """Effects of time alone: starts expire, captures settle, doubts end."""
        now = self.clock.now()
        while self.due and self.due[0][0] <= now:
            _, _, t = heapq.heappop(self.due)
            if t.status in ("pending", "authorize") and t.expires <= now:
                self.move(t, "expire")
            elif t.status == "capture" and t.settled + DAY <= now:
                self.move(t, "settlement" if t.fraud == "accept" else "deny")


def refund_shown(row):
    out = {"refund_chargeback_id": row["id"], "refund_amount": money(row["amount"]),
           "created_at": wib(row["created"]), "reason": row["reason"], "refund_key": row["key"],
           "refund_method": "ONLINE"}
    if row["confirmed"]:
        out["bank_confirmed_at"] = wib(row["confirmed"])
    return out
