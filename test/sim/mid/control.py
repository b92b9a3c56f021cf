"""The control port: JSON over HTTP on loopback (manual: ../midtrans.py)."""
import asyncio
import json
import traceback
from urllib.parse import parse_qsl, unquote

from .acts import Acts
from .clock import iso, wib
from .gateway import Refusal
from .wire import Answer


class NotFound(Exception):
    pass


class Control:
    def __init__(self, site):
        self.site, self.gateway = site, site.gateway
        self.notifier, self.faults_, self.api = site.notifier, site.faults, site.api
        self.acts = Acts(self.gateway)
        self.acts.confirm = site.confirm

    async def serve(self, request, writer):
        try:
            status, answer = await self._answer(request)
        except NotFound as gone:
            status, answer = 404, {"message": str(gone)}
        except Refusal as no:
            status, answer = 409, {"message": no.text}
        except (ValueError, KeyError, TypeError) as bad:
            status, answer = 400, {"message": repr(bad)}
        except Exception as bad:    # a mistake of ours: reported to both sides, never a silence
            traceback.print_exc()
            status, answer = 500, {"message": repr(bad)}
        keep = request.headers.get("connection", "").lower() != "close"
        writer.write(Answer(status, answer).bytes(keep))
        await writer.drain()
        return keep

    async def _answer(self, request):
        path = unquote(request.raw_path)
        if request.method == "GET" and path.startswith("/orders/"):
            return 200, order_shown(self._order(path[8:]))
        act = ROUTES.get((request.method, path))
        if not act:
            raise NotFound("no such address: %s %s" % (request.method, path))
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        order = json.loads(request.body) if request.body else query
        if not isinstance(order, dict):
            raise ValueError("the body must be an object")
        answer = act(self, order)
        return 200, await answer if asyncio.iscoroutine(answer) else answer

    def _order(self, name):
        order = self.gateway.orders.get(name)
        if not order:
            raise NotFound("no such order: %s" % name)
        return order

    # ---- looking

    def state(self, order):
        options, now = self.gateway.options, self.gateway.clock.now()
        return {"base": options["base"], "client_key": options["client_key"],
                "merchant_id": options["merchant_id"], "time": iso(now), "wib": wib(now),
                "orders": len(self.gateway.orders), "calls": sum(self.api.counts.values()),
                "transactions": len(self.gateway.transactions), "notify": self.notifier.rules,
                "messages": len(self.notifier.messages), "fee": self.gateway.fee,
                "faults": self.faults(order)}

    def orders(self, order):
        return [order_shown(row) for row in self.gateway.orders.values()]

    def transactions(self, order):
        return [transaction_shown(t) for t in self.gateway.transactions.values()
                if order.get("order_id", t.order.id) == t.order.id]

    def calls(self, order):
        """order: path (that one), since (time), limit (the newest n)."""
        rows = [row for row in self.api.log if order.get("path", row["path"]) == row["path"]
                and row["time"] >= float(order.get("since", 0))]
        limit = int(order.get("limit", len(rows)))
        return {"counts": self.api.counts, "entries": rows[len(rows) - limit:]}

    def calls_reset(self, order):
        self.api.log, self.api.counts = [], {}
        return {}

    def messages(self, order):
        return [m.shown() for m in self.notifier.messages
                if order.get("order_id", m.order_id) == m.order_id
                and order.get("state", m.state) == m.state]

    # ---- doing

    def act(self, order):
        """order: order_id or transaction_id, act, and what the act takes."""
        act = order["act"]
        if "transaction_id" in order:
            transaction = self.gateway.transactions.get(order["transaction_id"])
            if not transaction:
                raise NotFound("no such transaction")
            self.acts.on(transaction, act, order)
            return transaction_shown(transaction)
        target = self._order(order["order_id"])
        return transaction_shown(self._act_on_order(target, act, order))

    def _act_on_order(self, target, act, order):
        force = bool(order.get("force"))
        if act == "choose":
            return self.acts.choose(target, order["method"], force)
        if act in ("pay", "challenge", "refuse", "authorize"):
            fits = [t for t in target.transactions if t.status == "capture"
                    and t.fraud == "challenge"] if act == "refuse" and "method" not in order else []
            transaction = fits[-1] if fits else self.acts.chosen(target, order.get("method"), force)
        elif target.transactions:
            transaction = target.transactions[-1]
        else:
            raise Refusal(409, "no payment was begun")
        self.acts.on(transaction, act, order)
        return transaction

    def notify(self, order):
        self.notifier.set(order)
        return self.notifier.rules

    def release(self, order):
        return {"released": self.notifier.release(order)}

    def resend(self, order):
        """The very same message again: id, or the newest of order_id."""
        fits = [m for m in self.notifier.messages if m.number == order.get("id", m.number)
                and m.order_id == order.get("order_id", m.order_id)]
        if not fits:
            raise NotFound("no such message")
        return [self.notifier.again(fits[-1]).shown() for _ in range(int(order.get("times", 1)))]

    def craft(self, order):
        """A message about a transaction, with some of its fields changed (null: left out)."""
        target = self._order(order["order_id"])
        transaction = self.gateway.transactions[order["transaction_id"]] \
            if "transaction_id" in order else target.transactions[-1]
        body = self.gateway.body(transaction, "notification")
        for name, value in order.get("change", {}).items():
            body[name] = value
        if order.get("sign", True):
            body["signature_key"] = self.gateway.sign(
                str(body["order_id"]), str(body["status_code"]), str(body["gross_amount"]))
        body = {name: value for name, value in body.items() if value is not None}
        if order.get("send", True):
            self.notifier.notify(transaction, body)
        return body

    async def quiet(self, order):
        """Wait until nothing is under way or waiting for a retry."""
        end = asyncio.get_running_loop().time() + float(order.get("timeout", 10))
        while self.notifier.waiting and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.01)
        return {"quiet": not self.notifier.waiting, "waiting": self.notifier.waiting}

    def faults(self, order):
        return [fault.shown() for fault in self.faults_.on.values()]

    async def fault(self, order):
        self.faults_.set(order)
        await self.site.follow()
        return self.faults(order)

    def clock(self, order):
        """advance: seconds more; offset: seconds from the real time."""
        clock = self.gateway.clock
        if "offset" in order:
            clock.offset = float(order["offset"])
        clock.offset += float(order.get("advance", 0))
        self.gateway.tick()
        return {"offset": clock.offset, "time": iso(clock.now()), "wib": wib(clock.now())}

    def fee(self, order):
        wrong = set(order) - set(self.gateway.fee)
        if wrong:
            raise ValueError("unknown option " + ", ".join(sorted(wrong)))
        self.gateway.fee.update(order)
        return self.gateway.fee

    async def reset(self, order):
        self.notifier.forget()
        self.gateway.forget()
        self.api.forget()
        self.faults_.set({"kind": "none"})
        await self.site.follow()
        return {}


ROUTES = {
    ("GET", "/"): Control.state, ("GET", "/orders"): Control.orders,
    ("GET", "/transactions"): Control.transactions, ("GET", "/log"): Control.calls,
    ("POST", "/log/reset"): Control.calls_reset, ("GET", "/messages"): Control.messages,
    ("POST", "/act"): Control.act, ("POST", "/notify"): Control.notify,
    ("POST", "/messages/release"): Control.release, ("POST", "/messages/again"): Control.resend,
    ("POST", "/messages/craft"): Control.craft, ("GET", "/quiet"): Control.quiet,
    ("GET", "/fault"): Control.faults, ("POST", "/fault"): Control.fault,
    ("POST", "/clock"): Control.clock, ("POST", "/fee"): Control.fee,
    ("POST", "/reset"): Control.reset,
}


def order_shown(order):
    newest = order.sessions[-1]
    return {"order_id": order.id, "gross_amount": order.asked, "paid": order.paid(),
            "token": newest.token, "state": newest.state, "closes": iso(newest.closes),
            "tokens": [{"token": s.token, "state": s.state} for s in order.sessions],
            "offered": [channel.name for channel in order.offered()], "request": order.request,
            "transactions": [transaction_shown(t) for t in order.transactions]}


def transaction_shown(t):
    return {"transaction_id": t.id, "order_id": t.order.id, "method": t.channel.name,
            "payment_type": t.channel.type, "transaction_status": t.status,
            "fraud_status": t.fraud, "gross_amount": t.gross, "fee": t.fee,
            "transaction_time": iso(t.started), "expires": iso(t.expires),
            "settlement_time": iso(t.settled) if t.settled else None,
            "refunded": t.refunded(), "charged_back": t.charged_back, "details": t.details,
            "refunds": [{k: row[k] for k in ("id", "amount", "key")} for row in t.refunds]}
