"""The hosted pay page: plain forms, which a person or a driven browser can use."""
from html import escape
from urllib.parse import parse_qsl, urlencode

from .acts import Acts
from .gateway import PAID, Refusal
from .wire import Answer

STYLE = ("body{font:16px/1.5 sans-serif;max-width:30em;margin:2em auto;padding:0 1em;color:#222}"
         "button{display:block;width:100%;font:inherit;padding:.6em;margin:.4em 0;cursor:pointer}"
         "code{font-size:1.2em}.no{color:#a00}.yes{color:#060}")
NUMBERS = (("permata_va_number", "Virtual account"), ("biller_code", "Biller code"),
           ("bill_key", "Bill key"), ("payment_code", "Payment code"))


class Page:
    def __init__(self, gateway):
        self.gateway = gateway
        self.acts = Acts(gateway)

    def answer(self, request, token):
        session = self.gateway.tokens.get(token)
        if not session or session.state == "replaced":
            return html(404, "<h1>Page not found</h1><p id=state>unknown or replaced</p>")
        if request.method == "GET":
            return html(200, self._shown(session))
        if request.method != "POST":
            return html(405, "<h1>No</h1>")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        try:
            return self._do(session, form.get("do"), form)
        except (Refusal, ValueError) as no:
            return html(409, "<h1 class=no>Not possible</h1><p id=state>%s</p>%s" % (
                escape(str(no)), back(session)))

    # ---- what the customer does

    def _do(self, session, do, form):
        order = session.order
        if do == "choose":
            if not session.is_open(self.gateway.clock.now()):
                raise ValueError("this page has ended")
            self.acts.choose(order, form.get("method"))
            return see_other(here(session))
        if do not in ("pay", "challenge", "refuse", "expire"):
            raise ValueError("no such button")
        transaction = next((t for t in order.transactions if t.id == form.get("transaction")), None)
        if not transaction:
            raise ValueError("nothing chosen")
        self.acts.on(transaction, do)
        return see_other(self._finish(session, transaction))

    def _finish(self, session, transaction):
        url = (session.order.request.get("callbacks") or {}).get("finish")
        if not url:
            return here(session)
        reported = urlencode({"order_id": session.order.id,
                          "status_code": transaction.code("notification"),
                          "transaction_status": transaction.status})
        return url + ("&" if "?" in url else "?") + reported

    # ---- what the customer sees

    def _shown(self, session):
        order = session.order
        head = "<h1>%s</h1><p>%s</p><h2 id=amount>Rp%s</h2>" % (
            escape(self.gateway.options["merchant_id"]), escape(order.id), dotted(order.asked))
        head += "".join("<p>%s</p>" % escape(item["name"])
                        for item in order.request.get("item_details") or [])
        pending = [t for t in order.transactions if t.status in ("new", "pending")]
        if order.paid():
            last = next(t for t in order.transactions if t.status in PAID)
            url = escape(self._finish(session, last))
            return head + "<p id=state class=yes>paid</p>" \
                "<a id=finish href=\"%s\">Back to the shop</a>" % url
        if pending:
            return head + "".join(self._pending(session, t) for t in pending)
        if not session.is_open(self.gateway.clock.now()):
            return head + "<p id=state class=no>ended</p>"
        failed = "<p class=no>The last attempt failed.</p>" if order.transactions else ""
        return head + failed + self._choice(session)

    def _choice(self, session):
        offered = session.order.offered()
        if not offered:
            return "<p id=state class=no>no way to pay is offered</p>"
        return "<p id=state>choose</p>" + "".join(
            form(session, "choose", channel.label, channel.name, method=channel.name)
            for channel in offered)

    def _pending(self, session, t):
        out = "<p id=state>pending</p><h3>%s</h3>" % escape(t.channel.label)
        if t.fee:
            out += "<p>with the fee: <b id=total>Rp%s</b></p>" % dotted(t.gross)
        for name, label in NUMBERS:
            if name in t.details:
                out += "<p>%s: <code>%s</code></p>" % (label, t.details[name])
        for row in t.details.get("va_numbers", []):
            out += "<p>Virtual account: <code id=va>%s</code></p>" % row["va_number"]
        out += form(session, "pay", "Pay", transaction=t.id)
        if t.channel.card:
            out += form(session, "challenge", "Pay, doubtful (fraud challenge)", transaction=t.id)
        return out + form(session, "refuse", "Refuse", transaction=t.id) \
            + form(session, "expire", "Let it expire", transaction=t.id)


def here(session):
    return "/snap/v4/redirection/" + session.token


def back(session):
    return "<a href=\"%s\">Back</a>" % here(session)


def dotted(amount):
    return format(amount, ",d").replace(",", ".")


def form(session, do, label, id_=None, **fields):
    hidden = "".join("<input type=hidden name=%s value=\"%s\">" % (k, escape(x))
                     for k, x in {"do": do, **fields}.items())
    return "<form method=post action=\"%s\">%s<button id=\"%s\">%s</button></form>" % (
        here(session), hidden, escape(id_ or do), escape(label))


def see_other(url):
    return Answer(303, b"", "text/html", {"Location": url})


def html(status, body):
    text = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport " \
           "content=\"width=device-width\"><link rel=icon href=\"data:,\">" \
           "<title>Simulated Midtrans</title><style>%s</style>" \
           "<body>%s</body></html>" % (STYLE, body)
    return Answer(status, text.encode(), "text/html; charset=utf-8")
