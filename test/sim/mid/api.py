"""The address both families of calls come to: /snap/v1, /v2 and the hosted page."""
import asyncio
import base64
import hmac
import json
import time
import uuid

from . import wire
from .check import Check, whole
from .gateway import Refusal, money
from .page import Page
from .wire import Answer

BODY_MAX = 16 * 1024
KEY_MAX, KEY_LIFE = 46, 300
LOG_MAX = 200000


class Api:
    def __init__(self, gateway, faults):
        self.gateway, self.faults = gateway, faults
        self.page = Page(gateway)
        self.confirm = lambda transaction, row: gateway.confirm_refund(transaction, row)
        self.forget()

    def forget(self):
        self.log, self.counts = [], {}
        self.replays = {}       # key -> (until, Answer or None while under way)

    # ---- one call, with all that can go wrong on its way

    async def serve(self, request, writer):
        """Answer it; False when the connection is to end."""
        call = "%s %s" % (request.method, request.path)
        strikes = self.faults.strikes(call)
        entry = self._note(request, strikes)
        if "latency" in strikes:
            await asyncio.sleep(strikes["latency"].get("delay", 1))
        if "pause" in strikes:
            await self.faults.ended(strikes["pause"])
        if "reset" in strikes:
            entry["answer"] = "reset"
            wire.reset(writer)
            return False
        if "hang" in strikes:
            return await self._hang(request, entry, writer, strikes["hang"])
        answer = await self._answer(request, strikes)
        entry["status"] = answer.status
        return await self._send(answer, entry, writer, strikes,
                                request.headers.get("connection", "").lower() != "close")

    async def _hang(self, request, entry, writer, fault):
        if fault.get("execute", False):
            entry["status"] = (await self._answer(request, {})).status
        entry["answer"] = "hang"
        while not writer.transport.is_closing():
            await asyncio.sleep(0.05)
        return False

    async def _answer(self, request, strikes):
        for kind in ("status", "html"):
            fault = strikes.get(kind)
            if fault:
                if fault.get("execute", False):
                    await self.answer(request)
                return broken(kind, fault)
        return await self.answer(request)

    async def _send(self, answer, entry, writer, strikes, keep):
        data = answer.bytes(keep)
        if "lost" in strikes:
            entry["answer"] = "lost"
            return False
        if "truncate" in strikes:
            entry["answer"] = "truncated"
            cut = len(data) - len(answer.body) // 2 - 1
            writer.write(data[:strikes["truncate"].get("bytes", cut)])
            await writer.drain()
            return False
        if "drip" in strikes:
            for n in range(len(data)):
                writer.write(data[n:n + 1])
                await writer.drain()
                await asyncio.sleep(strikes["drip"].get("delay", 0.05))
        else:
            writer.write(data)
            await writer.drain()
        return keep

    def _note(self, request, strikes):
        """Every call, with its body, never with its key."""
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError:
            body = request.body.decode("latin-1")
        entry = {"time": time.time(), "method": request.method, "path": request.path,
                 "status": None, "answer": None, "faults": sorted(strikes), "body": body,
                 "idempotency_key": request.headers.get("idempotency-key")}
        call = "%s %s" % (request.method, request.path)
        self.counts[call] = self.counts.get(call, 0) + 1
        self.log.append(entry)
        del self.log[:-LOG_MAX]
        return entry

    # ---- what is asked

    async def answer(self, request):
        parts = request.parts()
        if parts[:3] == ["snap", "v4", "redirection"] and len(parts) == 4:
            return self.page.answer(request, parts[3])
        family = "snap" if parts[:2] == ["snap", "v1"] else "core" if parts[:1] == ["v2"] else None
        if family is None:
            return no_path(request)
        if not self._allowed(request):
            return denied(family)
        if len(request.body) > BODY_MAX:
            return envelope(family, 413, "Request entity too large")
        return await self._once(request, family, parts)

    def _allowed(self, request):
        want = self.gateway.options["server_key"] + ":"
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(coded, validate=True)
        except ValueError:
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, want.encode())

    async def _once(self, request, family, parts):
        """Under an Idempotency-Key a success is answered again, whatever is asked."""
        key = request.headers.get("idempotency-key", "")
        if request.method != "POST" or not key or len(key) > KEY_MAX:
            return self._route(request, family, parts)
        until, answer = self.replays.get(key, (0, None))
        if until > self.gateway.clock.now():
            return answer or envelope(family, 202, "Request is still being processed")
        self.replays[key] = (self.gateway.clock.now() + KEY_LIFE, None)
        try:
            slow = self.faults.on.get(("latency", "inside"))
            if slow:
                await asyncio.sleep(slow.get("delay", 1))
            answer = self._route(request, family, parts)
        finally:
            del self.replays[key]
        if succeeded(answer):
            self.replays[key] = (self.gateway.clock.now() + KEY_LIFE, answer)
        return answer

    def _route(self, request, family, parts):
        if family == "snap":
            return self._snap(request, parts[2:])
        return self._core(request, parts[1:])

    # ---- Snap

    def _snap(self, request, rest):
        if request.method != "POST" or rest[:1] != ["transactions"]:
            return no_path(request)
        try:
            if len(rest) == 1:
                return self._create(request)
            if len(rest) == 3 and rest[2] in ("cancel", "expire"):
                how = {"cancel": "canceled", "expire": "expired"}[rest[2]]
                return Answer(200, self.gateway.end_session(rest[1], how))
        except Refusal as no:
            return Answer(no.code, {"error_messages": [no.text]})
        return no_path(request)

    def _create(self, request):
        if "json" not in request.headers.get("content-type", ""):
            return envelope("snap", 415, "Content-Type must be application/json")
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return envelope("snap", 400, "JSON format is invalid")
        errors = Check(body, self.gateway.clock.now()).run()
        if errors:
            return Answer(400, {"error_messages": errors})
        session = self.gateway.create(body, notify_urls(request.headers))
        return Answer(201, {"token": session.token, "redirect_url": "%s/snap/v4/redirection/%s" % (
            self.gateway.options["base"], session.token)})

    # ---- Core

    def _core(self, request, rest):
        act = CORE.get((request.method, rest[1])) if len(rest) == 2 else None
        if not act:
            return no_path(request)
        try:
            transaction = self.gateway.find(rest[0])
            return Answer(200, act(self, transaction, request))
        except Refusal as no:
            return Answer(200, {"status_code": str(no.code), "status_message": no.text,
                                "id": str(uuid.uuid4())})

    def status(self, transaction, request):
        return self.gateway.body(transaction, "status")

    def cancel(self, transaction, request):
        if transaction.status not in ("pending", "capture", "authorize"):
            raise Refusal(412, "Merchant cannot modify the status of the transaction")
        self.gateway.move(transaction, "cancel")
        return self._answered(transaction, "200", "Success, transaction is canceled")

    def expire(self, transaction, request):
        if transaction.status != "pending":
            raise Refusal(412, "Merchant cannot modify the status of the transaction")
        self.gateway.move(transaction, "expire")
        return self._answered(transaction, "407", "Success, transaction has expired")

    def approve(self, transaction, request):
        challenged(transaction)
        self.gateway.move(transaction, "capture", "accept")
        return self._answered(transaction, "200", "Success, transaction is approved")

    def deny(self, transaction, request):
        challenged(transaction)
        self.gateway.move(transaction, "deny", "deny")
        return self._answered(transaction, "200", "Success, transaction is denied")

    def refund(self, transaction, request):
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refusal(400, "JSON format is invalid")
        amount, key = body.get("amount"), body.get("refund_key") or str(uuid.uuid4())
        if amount is not None and not (whole(amount) and amount >= 1):
            raise Refusal(400, "One or more parameters in the payload is invalid: amount")
        if not isinstance(key, str) or len(key) > 255:
            raise Refusal(400, "One or more parameters in the payload is invalid: refund_key")
        row = self.gateway.refund(transaction, amount, key, body.get("reason") or "")
        self.confirm(transaction, row)
        out = self._answered(transaction, "200", "Success, refund request is approved")
        out.update({"refund_chargeback_id": row["id"], "refund_key": key,
                    "refund_amount": money(row["amount"])})
        return out

    def _answered(self, transaction, code, text):
        out = self.gateway.body(transaction, "status")
        for name in ("signature_key", "refunds", "settlement_time", "expiry_time"):
            out.pop(name, None)
        return {**out, "status_code": code, "status_message": text}


CORE = {("GET", "status"): Api.status, ("POST", "cancel"): Api.cancel,
        ("POST", "expire"): Api.expire, ("POST", "refund"): Api.refund,
        ("POST", "approve"): Api.approve, ("POST", "deny"): Api.deny}


def challenged(transaction):
    if transaction.status != "capture" or transaction.fraud != "challenge":
        raise Refusal(412, "Merchant cannot modify the status of the transaction")


def succeeded(answer):
    try:
        code = int(json.loads(answer.body).get("status_code", answer.status))
    except ValueError:
        return False
    return answer.status < 300 and (code < 400 or code == 407)


def envelope(family, status, text):
    """A plain refusal in the family's own form, with a real HTTP status."""
    if family == "snap":
        return Answer(status, {"error_messages": [text]})
    return Answer(status, {"status_code": str(status), "status_message": text,
                           "id": str(uuid.uuid4())})


def denied(family):
    text = "Access denied due to unauthorized transaction, please check client or server key"
    return envelope(family, 401, text)


def no_path(request):
    return Answer(404, {"timestamp": int(time.time() * 1000), "status": 404, "error": "Not Found",
                        "path": request.path})


def broken(kind, fault):
    code = fault.get("code", 500 if kind == "status" else 502)
    if kind == "html":
        body = fault.get("body", "<html><head><title>%d Bad Gateway</title></head><body>"
                         "<center><h1>%d Bad Gateway</h1></center><hr>nginx</body></html>"
                         % (code, code))
        return Answer(code, body.encode(), "text/html", fault.get("header", {}))
    text = "Sorry, we encountered internal server error. We will fix this soon."
    body = fault.get("body", {"status_code": str(code), "status_message": text,
                              "error_messages": [text]})
    return Answer(code, body.encode() if isinstance(body, str) else body,
                  headers=fault.get("header", {}))


def notify_urls(headers):
    """X-Append-Notification and X-Override-Notification: up to three each."""
    out = {}
    for name in ("append", "override"):
        urls = [u.strip() for u in headers.get("x-%s-notification" % name, "").split(",")]
        urls = [u for u in urls if u][:3]
        if urls:
            out[name] = [u for u in urls if wire.is_loopback(u)]
    return out
