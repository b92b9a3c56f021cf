"""Every POST, PUT and PATCH address of openapi.json, every field of its body, every way to get it
wrong: the status of contract 2, the field named, never a 500.  Then what is wrong with a request
before it has fields, what is right but at the wrong moment, and what nginx refuses itself.

The walk takes its addresses, fields and bounds from the description, its valid bodies from BODIES:
an address whose body has needed fields and no valid body here fails the walk."""
import json
import re
import socket
from urllib.parse import urlsplit

import pytest

import isp
import openapi

TODAY = "2026-03-02"
LONG = 70000


@pytest.fixture(scope="module")
def operations(stack):
    return openapi.read(isp.Client(stack.url))


class Things:
    """One of each kind, for paths and references."""

    def __init__(self, api, town, sim):
        self.package, self.customer = town.package(), town.customer()
        self.sub, self.invoice = town.billed(customer=self.customer, package=self.package)
        self.router = api.make("/api/router-settings", dict(sim.as_router(), host="127.0.0.2", is_active=False))
        self.user = api.make("/api/users", {"name": "Somebody", "email": isp.unique("somebody") + "@example.net",
                                            "password": "a long password 8"})
        _, paid = town.billed(customer=self.customer, package=self.package)
        api.post("/api/invoices/%s/mark-paid" % paid["id"]).want(200)
        self.payment = api.show("/api/invoices/" + paid["id"])["payments"][0]
        self.template = api.rows("/api/message-templates")[0]
        self.customer = api.show("/api/customers/" + self.customer["id"])

    def of(self, path):
        """The row a path's first parameter means."""
        rows = {"packages": self.package, "customers": self.customer, "subscriptions": self.sub, "users": self.user,
                "invoices": self.invoice, "payments": self.payment, "router-settings": self.router}
        return rows.get(path.split("/")[2])


@pytest.fixture(scope="module")
def things(town, sim, stack):
    stack.sql("DELETE FROM radius_settings")  # where one is, the form for a new one changes it
    return Things(town.api, town, sim)


def bodies(things):
    """The valid input: POST address -> the least that is accepted."""
    return {
        "/api/login": {"email": "nobody@example.net", "password": "not this one"},
        "/api/auth/login": {"email": "nobody@example.net", "password": "not this one"},
        "/api/auth/register": {"name": "N", "email": "n@example.net", "password": "a long password",
                               "password_confirmation": "a long password"},
        "/api/auth/password": {"current_password": "a", "password": "a long password 9",
                               "password_confirmation": "a long password 9"},
        "/api/auth/forgot": {"email": "nobody@example.net"},
        "/api/auth/reset": {"email": "nobody@example.net", "token": "t", "password": "a long password",
                            "password_confirmation": "a long password"},
        "/api/auth/tokens": {"name": "cash desk", "abilities": ["read"]},
        "/api/users": {"name": "N", "email": isp.unique("n") + "@example.net", "password": "a long password"},
        "/api/customers": {"name": "N"},
        "/api/customers/{id}/credits": {"amount": 1000, "reason": "a gift"},
        "/api/customers/{id}/charges": {"text": "a cable", "amount": 1000},
        "/api/subscriptions/{id}/days": {"days": 1, "reason": "a gift"},
        "/api/subscriptions/bulk": {"act": "suspend", "ids": [isp.NOBODY]},
        "/api/invoices/bulk": {"act": "cancel", "ids": [isp.NOBODY]},
        "/api/subscriptions/{id}/prepay": {"periods": 2, "dry_run": True},
        "/api/subscriptions/{id}/change": {"package_id": things.package["id"], "dry_run": True},
        "/api/subscriptions/{id}/items": {"kind": "item", "text": "rent of a device", "amount": 1000},
        "/api/payments/{id}/refund": {"amount": 1000},
        "/api/packages": {"name": isp.unique("P"), "bandwidth": "10M/10M", "price": 1000},
        "/api/subscriptions": {"customer_id": things.customer["id"], "package_id": things.package["id"],
                               "mikrotik_username": isp.unique("bad"), "mikrotik_password": "pw"},
        "/api/invoices": {"subscription_id": things.sub["id"], "kind": "other", "amount": 1000, "due_date": TODAY},
        "/api/payments": {"invoice_id": things.invoice["id"], "amount": 1000},
        "/api/midtrans/snap-token": {"invoice_id": things.invoice["id"]},
        "/api/midtrans/create-token": {"invoice_id": things.invoice["id"]},
        "/api/router-settings": {"name": "R", "host": "127.0.0.3", "username": "u", "password": "p", "is_active": False},
        "/api/radius-settings": {"host": "127.0.0.1", "secret": "s"},
        "/api/mikrotik/disconnect": {"name": "nobody"},
        "/api/mikrotik/disconnect-user": {"username": "nobody"},
        "/api/mikrotik/toggle-user": {"username": "nobody", "action": "disable"},
        "/api/mikrotik/create-user": {"subscriptionId": things.sub["id"]},
        "/api/mikrotik/queues": {"name": isp.unique("q"), "target": "10.9.9.9", "max_limit": "1M/1M"},
        "/api/mikrotik/secrets": {"name": isp.unique("bad"), "password": "pw"},
        "/api/mikrotik/sync-secret": {"secretId": isp.NOBODY},
        "/api/mikrotik/sync-package": {"packageId": things.package["id"]},
        "/api/mikrotik-secrets": {"username": isp.unique("bad"), "password": "pw"},
        "/api/snmp-devices": {"name": isp.unique("D"), "host": "127.0.0.4", "version": "2c", "community": "public"},
        "/api/ping-targets": {"name": isp.unique("T"), "host": "127.0.0.5"},
        "/api/maintenance-windows": {"title": "W", "starts_at": "2026-03-02T00:00:00Z",
                                     "ends_at": "2026-03-02T01:00:00Z"},
        "/api/notification-settings": {"channel": "telegram"},
        "/api/message-templates/preview": {"template_id": things.template["id"]},
        "/api/settings/preset": {"name": "bulanan tanggal tetap"},
    }


# ---- the walk -----------------------------------------------------------------------------------

def wrong_texts(schema):
    """(value, what is wrong with it)"""
    yield 12345, "a number for a text"
    yield True, "a boolean for a text"
    yield ["x"], "an array"
    yield {"x": 1}, "an object"
    form = schema.get("format", "")
    if "enum" in schema:
        yield "nonsense", "none of the choices"
        return
    if form == "uuid":
        yield "no-uuid", "no UUID"
        yield "../" + isp.NOBODY, "no UUID"
        return
    if form == "date":
        for value in ("2026-02-30", "yesterday", "2026-3-1", "2026-03-02T00:00:00Z", "02-03-2026"):
            yield value, "no date"
        return
    if form == "email":
        yield "no address", "no e-mail"
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1), "too long"
        yield "\u00e9" * (schema["maxLength"] + 1), "too long, two bytes a character"
    if schema.get("minLength", 0) > 1:
        yield "x" * (schema["minLength"] - 1), "too short"
    yield "a\u0001b", "a control character"
    yield "a\u007fb", "a control character"
    if "pattern" in schema:
        yield "\u2603 \u2603", "not of the pattern"


def wrong_numbers(schema):
    yield "many", "a text for a number"
    yield [1], "an array"
    yield {"x": 1}, "an object"
    yield 1.5, "a fraction"
    yield 10 ** 30, "too large for any integer"
    if "maximum" in schema:
        yield schema["maximum"] + 1, "out of range"
    if "minimum" in schema:
        yield schema["minimum"] - 1, "out of range"


def wrong_values(schema):
    kinds = openapi.types(schema)
    if kinds & {"integer", "number"}:
        return wrong_numbers(schema)
    if "boolean" in kinds:
        return iter([("perhaps", "no boolean"), (2, "no boolean"), ([], "an array"), ({}, "an object")])
    if "string" in kinds:
        return wrong_texts(schema)
    if "array" in kinds:
        return iter([("x", "no array"), (1, "no array"), ({"x": 1}, "an object"), ([{"x": 1}], "array of objects")])
    return iter([])


class Walk:
    """Sends one bad body after the other to one operation and keeps what was answered wrongly."""

    def __init__(self, client, operation, address, good):
        self.client, self.operation, self.address, self.good = client, operation, address, good
        self.findings, self.sent = [], 0

    def send(self, body, allowed, field=None, why=""):
        self.sent += 1
        try:
            answer = self.client.call(self.operation.method, self.address, body)
        except AssertionError as unsound:
            self.findings.append("%s: %s %r: %s" % (self.operation, why, json.dumps(body)[:200], unsound))
            return
        named = field is None or answer.status != 422 or field in answer.errors
        if answer.status not in allowed or not named:
            self.findings.append("%s: %s: %s %s -> %d %s" % (
                self.operation, field, why, json.dumps(body.get(field) if field else body)[:80], answer.status,
                answer.body[:200].decode()))
        if answer.status == 422:
            self.findings += ["%s: no whole sentence, or no code for it: %r" % (self.operation, text)
                              for name, texts in answer.errors.items() for text in texts
                              if not text.endswith(".") or name not in answer.json["codes"]]

    def field(self, name, schema):
        create = self.operation.method == "POST"
        if create and name in self.operation.needed:
            self.send({k: v for k, v in self.good.items() if k != name}, (422,), name, "missing")
            self.send(dict(self.good, **{name: None}), (422,), name, "null")
            if "string" in openapi.types(schema):
                self.send(dict(self.good, **{name: ""}), (422,), name, "empty")
        if not create:
            self.emptied(name, schema)
        # A field may be as long as a whole body: one byte more is too much of either.
        refusals = (413, 422) if schema.get("maxLength", 0) > LONG else (422,)
        for value, why in wrong_values(schema):
            self.send(dict(self.good, **{name: value}), refusals, name, why)
        if openapi.types(schema) & {"string"}:
            self.send(dict(self.good, **{name: "a\u0000b"}), (400, 422), name, "NUL")
            self.send(dict(self.good, **{name: "x" * LONG}), (413, 422), name, "very long")
        if schema.get("format") == "uuid":
            # The path's own unknown id may be reported first (contract 2: 404).
            unknown = "midtrans" in self.operation.path or isp.NOBODY in self.address
            in_rows = self.operation.path.endswith("/bulk")  # which answers for each row
            self.send(dict(self.good, **{name: isp.NOBODY}), (200,) if in_rows else (404,) if unknown else (422,),
                      name, "unknown id")

    def emptied(self, name, schema):
        """Fields changed to nothing: a secret is kept, what cannot be null is no change."""
        if schema.get("writeOnly") and name not in self.operation.needed:
            kept = (404,) if isp.NOBODY in self.address else (200,)
            self.send(dict(self.good, **{name: None}), kept, name, "null")
            self.send(dict(self.good, **{name: ""}), kept, name, "empty")
        elif "null" not in openapi.types(schema):
            self.send(dict(self.good, **{name: None}), (422,), name, "null")
            self.send(dict(self.good, **{name: ""}), (422,), name, "empty")

    def all(self):
        for name, schema in self.operation.fields.items():
            if not schema.get("readOnly"):
                self.field(name, schema)
        if self.operation.method == "POST" and len(self.operation.needed) > 1:
            self.all_at_once()
        return self.findings

    def all_at_once(self):
        """Every missing field is named in one answer."""
        self.sent += 1
        answer = self.client.call("POST", self.address, {})
        if answer.status != 422 or not self.operation.needed <= set(answer.errors):
            self.findings.append("%s: not all missing fields at once: %r" % (self.operation, answer))


def address_of(operation, things):
    row = things.of(operation.path)
    return operation.address({name: row["id"] for name in re.findall(r"\{(\w+)\}", operation.path)} if row else {})


UNREACHABLE = {
    "/api/auth/register",  # there is a user: 403 whatever the body says (test/unit/api/test_auth.c)
}


def test_the_walk(operations, api, things, stack):
    findings, sent, walked = [], 0, 0
    known = bodies(things)
    for number, operation in enumerate(o for o in operations if o.method in ("POST", "PUT", "PATCH")):
        if operation.path in UNREACHABLE or not operation.fields:
            continue
        public = operation.path.endswith(("/login", "/forgot", "/reset", "/snap-token", "/notification", "/webhook"))
        client = isp.Client(stack.url, None if public else api.token, source="127.3.1.%d" % (number + 1))
        good = known.get(operation.path, {}) if operation.method == "POST" else {}
        missing = operation.needed - set(good) if operation.method == "POST" else set()
        if missing:
            findings.append("%s: BODIES has no %s" % (operation, sorted(missing)))
            continue
        walk = Walk(client, operation, address_of(operation, things), good)
        findings += walk.all()
        sent += walk.sent
        walked += 1
        client.close()
    print("%d bad bodies to %d addresses" % (sent, walked))
    assert walked >= 20 and sent > 400
    assert findings == [], "%d:\n%s" % (len(findings), "\n".join(findings[:60]))


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_typed_is_the_default(api, nothing):
    """Bug: for a form field left empty, numbers got their default, but texts were answered 422."""
    row = api.make("/api/packages", {"name": isp.unique("P q"), "bandwidth": "1M/1M", "price": 1, "type": nothing,
                                     "router_profile": nothing, "priority": nothing, "is_active": nothing})
    assert (row["type"], row["priority"], row["is_active"]) == ("pppoe", 8, True)
    assert row["router_profile"] == re.sub(" ", "-", row["name"].lower())
    assert api.make("/api/customers", {"name": "N", "status": nothing})["status"] == "active"
    row = api.make("/api/router-settings", {"name": "R", "host": isp.unique("r") + ".example.net", "username": "u",
                                            "ssl": True, "port": nothing, "tls_verify": nothing, "is_active": False})
    assert (row["port"], row["tls_verify"]) == (8729, "verify")


def test_null_asks_for_no_rights(api):
    """Bug: {"abilities": null} made a token with all abilities."""
    user = {"name": "N", "email": isp.unique("n") + "@example.net", "password": "a long password"}
    for nothing in (None, ""):
        assert "abilities" in api.post("/api/auth/tokens", {"name": "T", "abilities": nothing}).want(422).errors
    for field in ("role", "is_active"):
        assert field in api.post("/api/users", dict(user, **{field: None})).want(422).errors
    api.post("/api/users", dict(user, role="")).want(422).errors["role"]  # an empty role is no role


def test_the_walk_changed_nothing(operations, api, things):
    """Run after the walk: what it was aimed at is as it was made."""
    for address, row in (("packages", things.package), ("customers", things.customer), ("invoices", things.invoice),
                         ("router-settings", things.router), ("users", things.user)):
        now = api.show("/api/%s/%s" % (address, row["id"]))
        # online: whoever reads the sessions of the router, router-sync too, makes it known
        same = {k: v for k, v in row.items() if k in now and k not in ("updated_at", "last_connected_at", "monthly_value",
                                                                       "subscriptions_count", "online")}
        assert {k: now[k] for k in same if not isinstance(same[k], (dict, list))} == {
            k: v for k, v in same.items() if not isinstance(v, (dict, list))}, address


def test_paths_with_ids_that_are_none(operations, api, stack):
    """Unknown ids and what is no id at all: 404, whatever the method."""
    findings = []
    for operation in operations:
        if "{" not in operation.path or operation.path.startswith("/api/midtrans"):
            continue
        for wrong in (isp.NOBODY, "999999999", "nonsense", "%27%20OR%201%3D1", isp.NOBODY + "0", "a" * 300, "%E2%98%83"):
            address = re.sub(r"\{\w+\}", wrong, operation.path)
            body = {} if operation.method in ("POST", "PUT", "PATCH") else None
            answer = api.call(operation.method, address, body)
            # A missing field may be reported before a wrong path.
            if answer.status != 404 and not (answer.status == 422 and operation.method == "POST" and operation.needed):
                findings.append(repr(answer)[:300])
    assert findings == [], "\n".join(findings)


# ---- before there are fields --------------------------------------------------------------------

def written(operations):
    return [o for o in operations if o.method in ("POST", "PUT", "PATCH") and o.fields
            and o.path not in UNREACHABLE]


BODIES_THAT_ARE_NONE = [
    (b"{", "cut off"), (b"nonsense", "no JSON"), (b"[]", "an array"), (b"\"text\"", "a text"), (b"17", "a number"),
    (b"null", "null"), (b"{\"name\": \"\xff\xfe\"}", "broken UTF-8"), (b"{\"name\": \"\xed\xa0\x80\"}", "a surrogate"),
    (b"{\"name\": \"\\ud800\"}", "half a pair"), (b"{\"name\": \"a\", \"name\": \"b\"}", "a key twice"),
    (b"{\"name\": \"a\"} x", "more behind it"), (b"{'name': 'a'}", "single quotes"), (b"{\"name\": \"a\",}", "a comma"),
    (b"{\"name\": 01}", "a leading zero"), (b"{\"name\": NaN}", "NaN"), (b"{\"name\": \"a\nb\"}", "a bare newline"),
    (b"[" * 20000, "very deep"), (b"{\"a\":" * 5000 + b"1" + b"}" * 5000, "very deep"), (b"\x00{}", "NUL"),
    (b"{\"name\": \"a\x00b\"}", "NUL inside"), (b"\xef\xbb\xbf{}x", "a mark and rubbish"),
]


def test_a_body_that_is_no_json_object_is_refused(operations, api):
    findings = []
    for operation in written(operations):
        if "login" in operation.path or "password" in operation.path or "midtrans" in operation.path:
            continue  # the same code, but counted by the throttle, or a protocol of its own
        for body, why in BODIES_THAT_ARE_NONE:
            answer = api.raw(operation.method, operation.address(), body,
                             api.headers(**{"Content-Type": "application/json"})).sound()
            if answer.status != 400 and not ("{" in operation.path and answer.status == 404):
                findings.append("%s: %s: %r" % (operation, why, answer))
    assert findings == [], "%d:\n%s" % (len(findings), "\n".join(findings[:40]))


def test_no_json_for_a_row_that_exists(api, things):
    for body, why in BODIES_THAT_ARE_NONE:
        answer = api.raw("PUT", "/api/customers/" + things.customer["id"], body,
                         api.headers(**{"Content-Type": "application/json"})).sound()
        assert answer.status == 400, "%s: %r" % (why, answer)


def test_no_json_for_what_takes_no_body(operations, api, things):
    """Bug: a DELETE whose body was cut off on its way was carried out: no code looked at the body."""
    findings = []
    bare = [o for o in operations if o.method in ("POST", "PUT", "PATCH", "DELETE") and not o.fields
            and "midtrans" not in o.path and "/import/" not in o.path]
    assert {"/api/logout", "/api/customers/{id}", "/api/router-settings/{id}/test"} <= {o.path for o in bare}
    broken = [(body, why) for body, why in BODIES_THAT_ARE_NONE if why != "a key twice"]  # no matter of theirs
    for operation in bare:
        for body, why in broken:
            answer = api.raw(operation.method, address_of(operation, things), body,
                             api.headers(**{"Content-Type": "application/json"})).sound()
            if answer.status != 400:
                findings.append("%s: %s: %r" % (operation, why, answer))
    assert findings == [], "%d:\n%s" % (len(findings), "\n".join(findings[:40]))
    for address, row in (("customers", things.customer), ("invoices", things.invoice), ("users", things.user)):
        api.show("/api/%s/%s" % (address, row["id"]))
    assert api.show("/api/me")["role"] == "admin"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/xml", "nonsense", None])
def test_a_body_not_declared_as_json(api, kind):
    headers = api.headers(**({"Content-Type": kind} if kind else {}))
    answer = api.raw("POST", "/api/customers", b'{"name": "N"}', headers).sound()
    assert answer.status == 415, repr(answer)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8",
                                  "Application/JSON"])
def test_a_body_declared_as_json(api, kind):
    answer = api.raw("POST", "/api/customers", b'{"name": "N"}', api.headers(**{"Content-Type": kind})).sound()
    assert answer.status == 201, repr(answer)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
def test_an_empty_body_is_always_fine(api, town, kind):
    _, invoice = town.billed()
    headers = api.headers(**({"Content-Type": kind} if kind else {}))
    assert api.raw("POST", "/api/invoices/%s/mark-paid" % invoice["id"], b"", headers).sound().status == 200


def test_duplicate_and_unknown_fields(api):
    assert api.raw("POST", "/api/customers", b'{"name": "a", "name": "b"}',
                   api.headers(**{"Content-Type": "application/json"})).sound().status == 400
    row = api.make("/api/customers", {"name": "N", "nonsense": {"deep": [1, 2]}, "id": isp.NOBODY, "credit": 5})
    assert row["id"] != isp.NOBODY and row["credit"] == 0 and "nonsense" not in row


@pytest.mark.parametrize("address", ["/api/customers?search=a%00b", "/api/customers/%00", "/api/customers?search=%ff",
                                     "/api/customers?search=%ed%a0%80", "/api/%ff", "/api/customers?search=%c0%af",
                                     "/api/customers/%c3%28", "/api/customers?%00=1"])
def test_nul_and_broken_utf8_in_the_address(api, address):
    assert api.call("GET", address).status == 400


def test_bodies_that_are_too_long(api, anyone):
    kind = {"Content-Type": "application/json"}
    fits = json.dumps({"name": "N", "rest": "x" * ((1 << 20) - 100)}).encode()
    assert api.raw("POST", "/api/customers", fits, api.headers(**kind)).sound().status == 201
    over = json.dumps({"name": "N", "rest": "x" * (1 << 20)}).encode()
    assert api.raw("POST", "/api/customers", over, api.headers(**kind)).sound().status == 413
    public = json.dumps({"email": "a@example.net", "password": "x" * (64 << 10)}).encode()
    assert anyone.raw("POST", "/api/login", public, kind).sound().status == 413
    assert anyone.raw("POST", "/api/auth/login", public, kind).sound().status == 413


def test_unknown_addresses(api, anyone):
    for client in (api, anyone):
        for address in ("/api/nothing", "/api", "/api/", "/api/customers/%s/nothing" % isp.NOBODY, "/api/customer", "/api/Customers"):
            for method in ("GET", "POST", "DELETE"):
                assert client.call(method, address).status == 404, (method, address)
    for address in ("/api//customers", "/api/customers/", "//api/customers"):  # forgiven
        assert (api.get(address).status, anyone.get(address).status) == (200, 401), address


def test_wrong_methods(operations, api):
    """405 with an Allow that tells the truth."""
    allowed = {}
    for operation in operations:
        allowed.setdefault(operation.path, set()).add(operation.method)
    for path, methods in allowed.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = api.call(method, re.sub(r"\{\w+\}", isp.NOBODY, path))
            fixed = any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", other), path) and method in theirs
                        for other, theirs in allowed.items() if other != path)
            if fixed:  # /api/router-settings/test is /api/router-settings/{id} for other methods
                continue
            assert answer.status == 405, repr(answer)
            reported = {m.strip() for m in (answer.header("allow") or "").split(",")}
            assert methods <= reported and method not in reported, "%s: Allow: %s" % (path, reported)
    assert api.raw("BREW", "/api/customers", None, api.headers()).status in (400, 405)
    assert api.raw("TRACE", "/api/customers", None, api.headers()).status in (400, 405)


# ---- right input, wrong moment ------------------------------------------------------------------

def test_someone_elses_state(api, town):
    """409 where the state forbids it; nothing changes."""
    sub, invoice = town.billed()
    at, bill = "/api/subscriptions/" + sub["id"], "/api/invoices/" + invoice["id"]
    api.post(at + "/activate").want(409)                       # active already
    api.delete("/api/packages/" + sub["package_id"]).want(409)  # in use
    api.post(bill + "/mark-paid", {"amount": 150001}).want(422).errors["amount"]
    api.post(bill + "/mark-paid", {"amount": 50000}).want(200)
    api.delete(bill).want(409)                                 # money on it
    assert "amount" in api.put(bill, {"amount": 140000}).want(422).errors  # a period's: follows from its lines
    api.post(bill + "/mark-paid").want(200)
    api.post(bill + "/mark-paid").want(409)
    api.post("/api/payments", {"invoice_id": invoice["id"], "amount": 1}).want(409)
    api.put(at, {"end_date": sub["start_date"]}).want(422)     # paid days are never taken back
    payment = api.show(bill)["payments"][0]
    api.delete("/api/payments/" + payment["id"]).want(204)
    api.delete("/api/payments/" + payment["id"]).want(409)
    api.post(at + "/cancel").want(200)
    assert api.post(at + "/cancel").want(200).json["status"] == "cancelled"
    for verb in ("/activate", "/suspend"):
        api.post(at + verb).want(409)
    api.put(at, {"comment": "too late"}).want(409)
    api.post("/api/invoices", {"subscription_id": sub["id"]}).want(409)
    api.post("/api/invoices", {"subscription_id": sub["id"], "kind": "other", "amount": 5, "due_date": TODAY}).want(409)
    assert api.show(at)["status"] == "cancelled" and api.show(bill)["paid_amount"] == 100000


def test_a_cancelled_invoice_is_closed(api, town):
    _, invoice = town.billed()
    bill = "/api/invoices/" + invoice["id"]
    api.delete(bill).want(204)
    assert api.show(bill)["status"] == "cancelled" and api.show(bill)["outstanding"] == 0
    api.delete(bill).want(409)
    api.post(bill + "/mark-paid").want(409)
    api.post("/api/payments", {"invoice_id": invoice["id"], "amount": 1}).want(409)


@pytest.mark.parametrize("kind,status,verb", [("subscriptions", "cancelled", "cancel"), ("subscriptions", "suspended", "suspend"),
                                              ("invoices", "paid", "mark-paid"), ("invoices", "cancelled", "")])
def test_status_is_changed_by_its_own_address_only(api, town, kind, status, verb):
    sub, invoice = town.billed()
    row = {"subscriptions": sub, "invoices": invoice}[kind]
    answer = api.put("/api/%s/%s" % (kind, row["id"]), {"status": status}).want(422)
    assert verb in answer.errors["status"][0], answer.errors
    api.put("/api/%s/%s" % (kind, row["id"]), {"status": row["status"]}).want(200)  # what it is anyway


def test_rules_of_more_than_one_field(api, town, things):
    base = {"customer_id": things.customer["id"], "package_id": things.package["id"], "mikrotik_password": "pw"}

    def refused(field, **more):
        answer = api.post("/api/subscriptions", dict(base, mikrotik_username=isp.unique("rule"), **more)).want(422)
        assert field in answer.errors, answer
    refused("end_date", start_date="2026-03-02")
    refused("start_date", end_date="2026-03-02")
    refused("end_date", start_date="2026-03-02", end_date="2026-03-01")
    refused("remote_address", remote_address="10.0.0.256")
    refused("remote_address", remote_address="example.net")
    for name in ("two words", "a/b", "x" * 65, "\u00e9", "a=b"):
        answer = api.post("/api/subscriptions", dict(base, mikrotik_username=name)).want(422)
        assert "mikrotik_username" in answer.errors
    for password in ("x" * 65, "p\u00e4ss", "", "a\tb"):
        answer = api.post("/api/subscriptions", dict(base, mikrotik_username=isp.unique("rule"),
                                                     mikrotik_password=password)).want(422)
        assert "mikrotik_password" in answer.errors
    static = town.package(type="static")
    answer = api.post("/api/subscriptions", dict(base, package_id=static["id"], mikrotik_username=isp.unique("rule")))
    assert "remote_address" in answer.want(422).errors
    assert "amount" in api.post("/api/invoices", {"subscription_id": things.sub["id"], "kind": "other"}).want(422).errors


@pytest.mark.parametrize("field,values", [
    ("bandwidth", ["10M", "10M/", "/10M", "10M/10M/10M", "ten/ten", "10MB/10MB", "-1M/1M", "1.25M/1M", "0/0", "0M/0M", "10 M/10 M",
                   "999999G/10M", "10/10"]),
    ("burst", ["15M/15M 10M/10M 10/10 5s/5s", "15M", "15M/15M 10s/10s", "x", "15M/15M 8M/8M 4000/10", "2000G/1G"]),
    ("price", [-1, 1.5, "150000.50", 10 ** 12, "1e5", "0x10", " 5"]),
    ("priority", [0, 9]), ("validity_days", [0, 3661]), ("type", ["ppp", "PPPOE"]),
    ("router_profile", ["two words", "a/b", "x" * 64, "\u00e9"])])
def test_packages(api, field, values):
    for value in values:
        answer = api.post("/api/packages", dict({"name": isp.unique("P"), "bandwidth": "1M/1M", "price": 1}, **{field: value}))
        assert answer.status == 422 and field in answer.errors, answer
    if field == "burst":  # the plan's own example is refused with the form that is right
        answer = api.post("/api/packages", {"name": isp.unique("P"), "bandwidth": "1M/1M", "price": 1, "burst": values[0]})
        assert "/" in answer.errors["burst"][0] and re.search(r"\d|D/U", answer.errors["burst"][0]), answer


def test_a_taken_name_is_refused(api, town, things, sim):
    name = things.package["name"]
    assert "name" in api.post("/api/packages", {"name": name, "bandwidth": "1M/1M", "price": 1}).want(422).errors
    other = town.package()
    answer = api.put("/api/packages/" + other["id"], {"name": name}).want(422)
    assert "taken" in answer.errors["name"][0]
    answer = api.post("/api/users", {"name": "N", "email": things.user["email"].upper(), "password": "a long password"})
    assert "taken" in answer.want(422).errors["email"][0]
    body = {"customer_id": things.customer["id"], "package_id": things.package["id"], "mikrotik_password": "pw",
            "mikrotik_username": things.sub["mikrotik_username"]}
    assert "taken" in api.post("/api/subscriptions", body).want(422).errors["mikrotik_username"][0]


# ---- what nginx says itself ---------------------------------------------------------------------

def spoken(url, data):
    """Bytes there, one answer back."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), 10) as line:
        line.sendall(data)
        line.settimeout(10)
        got = b""
        while True:
            part = line.recv(65536)
            if not part:
                return got
            got += part
            head, _, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if length and len(body) >= int(length.group(1)):
                return got


def json_of(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"application/json" in head.lower(), head
    assert b"x-request-id" in head.lower(), head
    if b"chunked" in head.lower():
        body = body.partition(b"\r\n")[2].partition(b"\r\n")[0]
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("data,status", [
    (b"GET /api/health HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    (b"GET /api/health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
    (b"GET /api/health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20000 + b"\r\nConnection: close\r\n\r\n", 400),
    (b"GET /api/" + b"x" * 20000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 414),
    (b"POST /api/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n", 413),
    (b"POST /api/customers HTTP/1.1\r\nHost: a\r\nContent-Length: nonsense\r\nConnection: close\r\n\r\n", 400),
])
def test_nginx_errors_are_json(stack, data, status):
    got, body = json_of(spoken(stack.url, data))
    assert got == status and body["message"]


def test_the_service_lives_on(api):
    assert api.get("/api/health").want(200).json["status"] == "ok"
    assert api.get("/api/customers").want(200)
