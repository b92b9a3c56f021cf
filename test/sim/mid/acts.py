"""The acts of customers, banks and the clock on an order: for the pay page and the control port."""
from . import channels
from .check import whole
from .gateway import OVER, Refusal


class Acts:
    def __init__(self, gateway):
        self.gateway = gateway
        self.confirm = gateway.confirm_refund

    def choose(self, order, method, force=False):
        """The customer picks a way to pay; the new transaction. A card is announced only when it
        has been used, all others are pending from here on."""
        channel = channels.find(method)
        if not force and order.paid():
            raise Refusal(409, "the order is paid")
        if not force and channel not in order.offered():
            raise Refusal(409, channel.name + " is not offered for this order")
        transaction = self.gateway.begin(order, channel)
        if not channel.card:
            self.gateway.move(transaction, "pending")
        return transaction

    def chosen(self, order, method, force=False):
        """The transaction an act is for: one that waits for the customer, or a new one."""
        waiting = [t for t in order.transactions if t.status in ("new", "pending")]
        if method:
            channel = channels.find(method)
            waiting = [t for t in waiting if t.channel is channel]
        if waiting:
            return waiting[-1]
        if not method:
            raise ValueError("no payment was begun: name a method")
        return self.choose(order, method, force)

    def on(self, transaction, act, order=None):
        """Do it; order: more of what the control port received."""
        order = order or {}
        does = ACTIONS.get(act)
        if not does:
            raise ValueError("no such act: %r" % (act,))
        does(self, transaction, order)

    def pay(self, t, order):
        t.issuer = str(order.get("issuer", t.issuer))
        if order.get("challenge"):
            self.challenge(t, order)
        elif t.channel.card:
            self.gateway.move(t, "capture", "accept", bool(order.get("force")))
        else:
            self.gateway.move(t, "settlement", force=bool(order.get("force")))

    def challenge(self, t, order):
        if not t.channel.card:
            raise Refusal(409, "only cards are challenged")
        self.gateway.move(t, "capture", "challenge")

    def accept(self, t, order):
        if (t.status, t.fraud) != ("capture", "challenge"):
            raise Refusal(412, "nothing to accept")
        self.gateway.move(t, "capture", "accept")

    def settle(self, t, order):
        if t.status == "capture" and t.fraud != "accept" and not order.get("force"):
            raise Refusal(412, "not accepted")
        self.gateway.move(t, "settlement", force=bool(order.get("force")))

    def refund(self, t, order):
        amount = order.get("amount")
        if amount is not None and not (whole(amount) and amount > 0):
            raise ValueError("amount must be a whole number")
        key = order.get("key", "dashboard-%s-%d" % (t.id[:8], len(t.refunds) + 1))
        row = self.gateway.refund(t, amount, key, order.get("reason", "by the dashboard"),
                                  bool(order.get("force")))
        self.confirm(t, row)

    def charge_back(self, t, order):
        self.gateway.charge_back(t, order.get("amount"), bool(order.get("force")))

    def reverse(self, t, order):
        if t.status != "settlement" and not order.get("force"):
            raise Refusal(412, "not settled")
        self.gateway.move(t, "deny", force=bool(order.get("force")))

    def void(self, t, order):
        if t.status != "capture" and not order.get("force"):
            raise Refusal(412, "not captured")
        self.gateway.move(t, "cancel", force=bool(order.get("force")))

    def refuse(self, t, order):
        if t.status in OVER or t.status == "settlement":
            raise Refusal(412, "too late to refuse")
        self.gateway.move(t, "deny", "deny" if t.channel.card else None)

    def set(self, t, order):
        """Any status at all, as a gateway with a new idea would."""
        self.gateway.move(t, str(order["status"]), order.get("fraud"), force=True)


def simple(status):
    def does(acts, t, order):
        acts.gateway.move(t, status, force=bool(order.get("force")))
    return does


ACTIONS = {"pay": Acts.pay, "challenge": Acts.challenge, "accept": Acts.accept,
         "settle": Acts.settle, "refund": Acts.refund, "chargeback": Acts.charge_back,
         "reverse": Acts.reverse, "void": Acts.void, "refuse": Acts.refuse, "set": Acts.set,
         "expire": simple("expire"), "cancel": simple("cancel"), "failure": simple("failure"),
         "authorize": simple("authorize"), "capture": simple("capture")}
