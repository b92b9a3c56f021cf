"""The rules of the wire (contract 2), and what the pools promise (contract 1)."""
import http.client
import json
import os
import re
import signal
import socket
import threading
import time

import pytest

import isp
import openapi

PAGINATOR = ("current_page data first_page_url from last_page last_page_url links next_page_url path per_page "
             "prev_page_url to total").split()
LISTS = ["customers", "packages", "subscriptions", "invoices", "payments", "router-settings", "users", "billing-logs",
         "audit-logs"]


@pytest.fixture(scope="module")
def operations(stack):
    return openapi.read(isp.Client(stack.url))


@pytest.fixture(scope="module")
def seven(town):
    """Seven customers that one search finds."""
    stem = isp.unique("Seven")
    return stem, [town.customer(name="%s %s" % (stem, c), phone="08%d" % n, status="inactive" if n % 2 else "active")
                  for n, c in enumerate("cabdgef")]


# ---- lists --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_laravels_paginator(api, name):
    answer = api.get("/api/" + name, per_page=2).want(200).json
    assert set(PAGINATOR) <= set(answer), sorted(set(PAGINATOR) - set(answer))
    assert answer["current_page"] == 1 and answer["per_page"] == 2 and len(answer["data"]) <= 2
    assert answer["links"][0]["label"] == "&laquo; Previous" and answer["links"][-1]["label"] == "Next &raquo;"
    assert all(set(link) >= {"url", "label", "active"} for link in answer["links"])
    assert answer["path"].endswith("/api/" + name)


def test_pages(api, seven):
    stem, _ = seven
    pages = [api.get("/api/customers", search=stem, sort="name", per_page=3, page=n).want(200).json for n in (1, 2, 3, 4)]
    assert [len(p["data"]) for p in pages] == [3, 3, 1, 0]
    assert [(p["from"], p["to"]) for p in pages] == [(1, 3), (4, 6), (7, 7), (None, None)]
    assert all(p["total"] == 7 and p["last_page"] == 3 for p in pages)
    assert pages[0]["prev_page_url"] is None and pages[2]["next_page_url"] is None
    names = [c["name"][-1] for p in pages for c in p["data"]]
    assert names == list("abcdefg")
    follow = pages[0]["next_page_url"]
    assert "page=2" in follow and "per_page=3" in follow and stem in follow
    again = api.call("GET", re.sub(r"^https?://[^/]+", "", follow)).want(200).json
    assert [c["id"] for c in again["data"]] == [c["id"] for c in pages[1]["data"]]


@pytest.mark.parametrize("query,field", [
    ("page=0", "page"), ("page=-1", "page"), ("page=x", "page"), ("page=1.5", "page"), ("page=99999999999999999999", "page"),
    ("per_page=0", "per_page"), ("per_page=101", "per_page"), ("per_page=many", "per_page"), ("sort=nonsense", "sort"),
    ("sort=name;drop", "sort"), ("sort=-", "sort"), ("status=nonsense", "status")])
def test_bad_values_of_a_list(api, query, field):
    assert field in api.call("GET", "/api/customers?" + query).want(422).errors


def test_defaults_of_a_list(api, seven):
    answer = api.get("/api/customers").want(200).json
    assert answer["per_page"] == 20
    times = [c["created_at"] for c in answer["data"]]
    assert times == sorted(times, reverse=True), "newest first"
    assert api.call("GET", "/api/customers?nonsense=1&per_page=100").want(200).json["per_page"] == 100


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at"])
def test_sort(api, seven, sort):
    rows = api.get("/api/customers", search=seven[0], sort=sort).want(200).json["data"]
    values = [r[sort.lstrip("-")] for r in rows]
    assert len(values) == 7 and values == sorted(values, reverse=sort.startswith("-"))


def test_search_is_literal_and_ignores_case(api, town):
    stem = isp.unique("Lit")
    for tail in ("100%", "100x", "a_b", "axb", "back\\slash", "quo'te", "\u00dcmlaut"):
        town.customer(name=stem + tail)

    def found(text):
        return sorted(c["name"][len(stem):] for c in api.get("/api/customers", search=text).want(200).json["data"])
    assert found(stem + "100%") == ["100%"]
    assert found(stem + "a_b") == ["a_b"]
    assert found((stem + "back\\").upper()) == ["back\\slash"]
    assert found(stem.lower() + "QUO'") == ["quo'te"]
    assert found(stem + "\u00fcml") == ["\u00dcmlaut"]
    assert len(found(stem)) == 7 and found(stem + "zz") == []


@pytest.mark.parametrize("list_,parameter,pick", [
    ("customers", "status", lambda r: r["status"]), ("packages", "type", lambda r: r["type"]),
    ("packages", "is_active", lambda r: "true" if r["is_active"] else "false"),
    ("subscriptions", "status", lambda r: r["status"]), ("subscriptions", "customer_id", lambda r: r["customer_id"]),
    ("subscriptions", "package_id", lambda r: r["package_id"]),
    ("invoices", "status", lambda r: r["status"]), ("invoices", "subscription_id", lambda r: r["subscription_id"])])
def test_filters(api, town, list_, parameter, pick):
    town.billed()
    rows = api.rows("/api/" + list_)
    value = pick(rows[0])
    wished = sorted(r["id"] for r in rows if pick(r) == value)
    assert sorted(r["id"] for r in api.rows("/api/" + list_, **{parameter: value})) == wished


def test_due_dates_narrow_invoices(api, town):
    sub = town.subscription()
    for date in ("2027-01-01", "2027-01-02", "2027-01-03"):
        api.make("/api/invoices", {"subscription_id": sub["id"], "kind": "other", "amount": 1, "due_date": date})
    rows = api.rows("/api/invoices", subscription_id=sub["id"], due_from="2027-01-02", due_to="2027-01-02")
    assert [r["due_date"] for r in rows] == ["2027-01-02"]
    assert "due_from" in api.get("/api/invoices", due_from="x").want(422).errors
    # Both bounds, and a subscription at once.
    assert len(api.rows("/api/invoices", subscription_id=sub["id"], due_from="2027-01-02")) == 2


def test_totals_are_exact(api, town):
    def total(name, **query):
        return api.get("/api/" + name, per_page=1, **query).want(200).json["total"]
    before = {name: total(name) for name in ("customers", "subscriptions", "invoices", "packages")}
    isp.throng([lambda c=api.another(): [c.make("/api/customers", {"name": "N"}) for _ in range(5)] for _ in range(8)])
    assert total("customers") == before["customers"] + 40
    sub, invoice = town.billed()
    assert total("subscriptions") == before["subscriptions"] + 1 and total("invoices") == before["invoices"] + 1
    api.delete("/api/packages/" + town.package()["id"]).want(204)
    town.common_package()
    assert total("packages") in (before["packages"], before["packages"] + 1)  # the common one may be new
    assert "total_is_estimate" not in api.get("/api/customers").json or not api.get("/api/customers").json["total_is_estimate"]
    # Rows that are not shown are not counted.
    customer = town.customer()
    shown = total("customers")
    api.delete("/api/customers/" + customer["id"]).want(204)
    assert total("customers") == shown - 1 == len(api.rows("/api/customers"))


def test_filtered_totals_are_fresh_within_five_seconds(api, town):
    stem = isp.unique("Fresh")
    town.customer(name=stem)
    assert api.get("/api/customers", search=stem).json["total"] == 1
    town.customer(name=stem)
    isp.wait_until(lambda: api.get("/api/customers", search=stem).json["total"] == 2, 6, "the new total")


def test_archived_customers_are_hidden(api, town):
    customer = town.customer(name=isp.unique("Gone"))
    api.delete("/api/customers/" + customer["id"]).want(204)
    assert customer["id"] not in [c["id"] for c in api.rows("/api/customers", search=customer["name"])]
    assert customer["id"] in [c["id"] for c in api.rows("/api/customers", search=customer["name"], archived=1)]


# ---- rows ---------------------------------------------------------------------------------------

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def hold(row, where=""):
    """Types by name, all the way down."""
    for name, value in row.items():
        at = "%s.%s: %r" % (where, name, value)
        if value is None:
            continue
        if name.endswith("_at") or name == "payment_date":
            assert TIME.fullmatch(value), at
        elif name in ("start_date", "end_date", "due_date", "period_start", "period_end", "hold_until"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", value), at
        elif name in ("amount", "paid_amount", "outstanding", "price", "credit", "validity_days", "priority"):
            assert isinstance(value, int) and not isinstance(value, bool), at
        elif name == "id" or name in ("customer_id", "package_id", "subscription_id", "invoice_id"):
            assert isinstance(value, str) and UUID.fullmatch(value), at
        elif name.startswith(("is_", "has_")) or name in ("auto_renew", "ssl"):
            assert isinstance(value, bool), at
        if isinstance(value, dict):
            hold(value, where + "." + name)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    hold(item, where + "." + name)


def differences(api, name):
    """Members of a list's first rows that differ from the row alone: (name, in the list, alone)."""
    found = []
    for row in api.get("/api/" + name, per_page=5).want(200).json["data"]:
        shown = api.show("/api/%s/%s" % (name, row["id"]))
        hold(row, name)
        hold(shown, name)
        assert set(row) <= set(shown), set(row) - set(shown)
        found += [(k, v, shown[k]) for k, v in row.items() if not isinstance(v, (dict, list)) and v != shown[k]]
    return found


@pytest.mark.parametrize("name", ["customers", "packages", "subscriptions", "invoices", "payments", "router-settings", "users"])
def test_list_show_and_create_answer_the_same(api, town, name):
    sub, invoice = town.billed()
    api.post("/api/invoices/%s/mark-paid" % invoice["id"]).want(200)
    # Again where they differ: router-sync may write a row between the two reads.
    assert isp.settled(lambda: differences(api, name), [], 10) == []


def test_shapes_of_contract_3(api, town):
    sub, invoice = town.billed()
    shown = api.show("/api/invoices/" + invoice["id"])
    assert shown["subscription"]["customer"]["id"] == sub["customer_id"]
    assert shown["subscription"]["package"]["id"] == sub["package_id"]
    assert shown["payments"] == [] and shown["outstanding"] == shown["amount"] == 150000 and shown["paid_amount"] == 0
    customer = api.show("/api/customers/" + sub["customer_id"])
    assert customer["credit"] == 0 and customer["subscriptions"][0]["package"]["id"] == sub["package_id"]
    assert len(customer["secrets"]) == 1
    assert sub["customer"]["id"] == sub["customer_id"] and sub["package"]["id"] == sub["package_id"]


def test_the_public_invoice_tells_no_more_than_it_must(stack, api, town, anyone):
    customer = town.customer(email="secret@example.net", phone="0812345", address="Hidden Street 1")
    sub, invoice = town.billed(customer=customer)
    answer = anyone.get("/api/public/invoices/" + invoice["id"]).want(200)
    row = answer.json
    assert row["customer"] == {"name": customer["name"]}
    assert set(row["subscription"]) == {"start_date", "end_date", "package"}
    assert set(row["subscription"]["package"]) == {"name", "bandwidth"}
    assert set(row) == {"id", "invoice_number", "kind", "amount", "outstanding", "status", "due_date", "created_at", "notes",
                        "customer", "subscription", "lines", "company", "service", "older_open", "total_due", "total_all"}
    for hidden in ("secret@example.net", "0812345", "Hidden Street", sub["mikrotik_username"], sub["id"], customer["id"]):
        assert hidden not in answer.body.decode()
    anyone.get("/api/public/invoices/" + isp.NOBODY).want(404)


def test_public_reads_are_limited_by_address(town, stack, anyone):
    """120 a minute and 30 at once; whoever else asks notices nothing."""
    _, invoice = town.billed()
    address = "/api/public/invoices/" + invoice["id"]
    answers = [anyone.get(address) for _ in range(60)]
    statuses = [a.status for a in answers]
    assert set(statuses) == {200, 429} and statuses[:30] == [200] * 30, statuses
    assert all(int(a.header("retry-after")) > 0 for a in answers if a.status == 429)
    assert isp.Client(stack.url, source="127.8.8.8").get(address).status == 200


def test_the_limits_of_the_public_are_settings(town, stack, api):
    """Bug: nginx had the defaults built in: the settings changed nothing."""
    _, invoice = town.billed()
    address = "/api/public/invoices/" + invoice["id"]
    before = api.get("/api/settings").want(200).json
    try:
        api.put("/api/settings", {"public_reads_per_minute": 1200, "public_tokens_per_minute": 1}).want(200)
        reader = isp.Client(stack.url, source="127.8.8.9")
        for _ in range(50):
            reader.get(address).want(200)
            time.sleep(0.06)
        answers = [reader.post("/api/midtrans/snap-token", {"invoice_id": isp.NOBODY}) for _ in range(33)]
        assert [a.status for a in answers] == [404] * 31 + [429] * 2
        assert 50 <= int(answers[-1].header("retry-after")) <= 120
    finally:
        api.put("/api/settings", {k: before[k] for k in ("public_reads_per_minute", "public_tokens_per_minute")}).want(200)
    api.put("/api/settings", {"public_reads_per_minute": 1201}).want(422)


@pytest.mark.parametrize("given,kept", [(150000, 150000), (150000.0, 150000), ("150000.00", 150000), ("150000", 150000),
                                        (0, 0), (999999999999, 999999999999)])
def test_money_that_is_accepted(api, given, kept):
    row = api.make("/api/packages", {"name": isp.unique("M"), "bandwidth": "1M/1M", "price": given})
    assert row["price"] == kept and isinstance(row["price"], int)


@pytest.mark.parametrize("given,kept", [(True, True), (False, False), (1, True), (0, False), ("1", True), ("0", False)])
def test_booleans_that_are_accepted(api, given, kept):
    row = api.make("/api/packages", {"name": isp.unique("B"), "bandwidth": "1M/1M", "price": 1, "is_active": given})
    assert row["is_active"] is kept


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_updates_change_only_what_is_given(api, town, method):
    row = town.customer(email="a@example.net", phone="0811", address="One\nTwo", status="inactive")
    now = api.call(method, "/api/customers/" + row["id"], {"phone": "0822", "nonsense": 1}).want(200).json
    wished = dict(row, phone="0822", phone_digits="0822")  # the digits are those of the phone
    assert {k: v for k, v in now.items() if k != "updated_at"} == {k: v for k, v in wished.items() if k != "updated_at"}
    now = api.call(method, "/api/customers/" + row["id"], {"email": None}).want(200).json
    assert now["email"] is None and now["phone"] == "0822" and now["address"] == "One\nTwo"
    assert api.call(method, "/api/customers/" + row["id"], {}).want(200).json["email"] is None


def test_text_comes_back_as_it_was_sent(api):
    for text in ("\u00c4\u00d6\u00dc \u65e5\u672c \U0001f600", "<b>&amp;</b>", "quote \" back \\ slash /", "tab\tor\nline",
                 "\u2028\u2029"):
        field = "address"
        row = api.make("/api/customers", {"name": "N", field: text})
        assert row[field] == text == api.show("/api/customers/" + row["id"])[field]


def test_paths_and_queries_are_percent_decoded(api, town):
    name = isp.unique("Per cent+")
    row = town.customer(name=name)
    listed = api.call("GET", "/api/cust%6fmers?s%65arch=" + name.replace(" ", "%20").replace("+", "%2B")).want(200).json
    assert [c["id"] for c in listed["data"]] == [row["id"]]
    assert api.call("GET", "/api/customers?search=" + name.replace("+", "%2b").replace(" ", "+")).json["total"] == 1
    assert api.call("GET", "/api/customers/%s" % row["id"].replace("-", "%2D")).want(200).json["id"] == row["id"]
    assert api.call("GET", "/api/customers/%s" % row["id"].upper()).want(200).json["id"] == row["id"]


# ---- secrets ------------------------------------------------------------------------------------

def test_no_secret_in_any_answer(operations, api, town, sim, stack):
    """Every GET there is, over rows that have secrets: none of them, and no field that would hold one."""
    hidden = ["hidden-pppoe-pw", "hidden-router-pw", "hidden-user-pw-1", "hidden-radius-pw"]
    sub, invoice = town.billed(mikrotik_password=hidden[0])
    router = api.make("/api/router-settings", dict(sim.as_router(), host="127.0.0.9", password=hidden[1], is_active=False))
    user = api.make("/api/users", {"name": "N", "email": isp.unique("s") + "@example.net", "password": hidden[2]})
    if any(o.path == "/api/radius-settings" and o.method == "POST" for o in operations):
        api.post("/api/radius-settings", {"host": "127.0.0.1", "secret": hidden[3]}).want(200, 201)
    ids = {"customers": sub["customer_id"], "subscriptions": sub["id"], "invoices": invoice["id"],
           "router-settings": router["id"], "users": user["id"], "packages": sub["package_id"]}
    with open(os.path.join(stack.dir, "isp.env"), encoding="utf-8") as file:
        hidden.append(re.search(r"APP_KEY=base64:(\S+)", file.read()).group(1))
    stored = re.compile(r"\$argon2id?\$|\$2y\$|\"(password|mikrotik_password|token|secret|community|remember_token)\":(?!\s*(\"\*{8}\"|null))")
    walked = 0
    for operation in operations:
        if operation.method != "GET" or operation.path.endswith(("/credentials", "openapi.json")):
            continue
        row = ids.get(operation.path.split("/")[2])
        answer = api.get(operation.address({n: row for n in re.findall(r"\{(\w+)\}", operation.path)} if row else {}))
        text = answer.body.decode(errors="replace")  # papers are PDF
        for secret in hidden:
            assert secret not in text, operation
        assert not stored.search(text), "%s: %s" % (operation, stored.search(text))
        walked += 1
    assert walked > 15
    assert api.show("/api/router-settings/" + router["id"])["has_password"] is True
    logs = "".join(open(os.path.join(stack.dir, "log", n), encoding="utf-8", errors="replace").read()
                   for n in os.listdir(os.path.join(stack.dir, "log")))
    for secret in hidden:
        assert secret not in logs, "a secret in a log"


@pytest.mark.parametrize("kept", [{}, {"password": None}, {"password": ""}, {"password": "********"}])
def test_an_absent_secret_means_keep(api, stack, sim, kept):
    router = api.make("/api/router-settings", dict(sim.as_router(), host="localhost", is_active=False))
    try:
        api.put("/api/router-settings/" + router["id"], dict(kept, name="Kept")).want(200)
        assert api.post("/api/router-settings/%s/test" % router["id"]).want(200).json["success"] is True
        api.put("/api/router-settings/" + router["id"], {"password": "wrong"}).want(200)
        answer = api.post("/api/router-settings/%s/test" % router["id"]).want(502)
        assert "log" in answer.json["message"].lower(), answer  # "login", "log in"
    finally:
        api.delete("/api/router-settings/" + router["id"]).want(204)


def test_a_router_test_tells_failures_apart(api, sim):
    body = dict(sim.as_router(), connect_timeout_ms=1500, read_timeout_ms=1500, is_active=False)
    with socket.socket() as closed:  # ours, and nobody listens
        closed.bind(("127.0.0.1", 0))
        router = api.make("/api/router-settings", dict(body, host="127.0.0.1", port=closed.getsockname()[1]))
        at = "/api/router-settings/" + router["id"]
        messages = {"refused": api.post(at + "/test").want(502).json["message"]}
    # A router's address and TLS change only together with its password (contract 3b).
    api.put(at, {"host": "localhost", "port": sim.port, "password": body["password"]}).want(200)
    sim.fault("hang")
    try:
        messages["timeout"] = api.post(at + "/test").want(502).json["message"]
        api.put(at, {"ssl": True, "password": body["password"]}).want(200)
        messages["tls"] = api.post(at + "/test").want(502).json["message"]
        assert "TLS" in messages["tls"] and "time" in messages["timeout"], messages
    finally:
        sim.well()
    api.put(at, {"ssl": False, "password": "wrong"}).want(200)
    messages["login"] = api.post(at + "/test").want(502).json["message"]
    api.delete(at).want(204)
    assert len(set(messages.values())) == 4, messages
    assert "refused" in messages["refused"].lower(), messages


# ---- headers ------------------------------------------------------------------------------------

def test_request_ids_are_in_the_logs(stack, api):
    answer = api.get("/api/customers/" + isp.NOBODY).want(404)
    made = api.post("/api/users", {"name": "N", "email": isp.unique("audit") + "@example.net",
                                   "password": "a long password"}).want(201)
    ids = [a.header("x-request-id") for a in (answer, made)]
    assert len(set(ids)) == 2 and all(re.fullmatch(r"[0-9a-f]{32}", i) for i in ids)

    def logged():
        with open(os.path.join(stack.dir, "log", "access.log"), encoding="utf-8") as file:
            text = file.read()
        return all(i in text for i in ids)
    isp.wait_until(logged, 5, "the ids in nginx's log")
    rows = api.rows("/api/audit-logs", request_id=ids[1])
    assert rows and rows[0]["subject_id"] == made.json["id"], rows


def test_preflight(stack, anyone):
    ask = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "PUT",
           "Access-Control-Request-Headers": "authorization,content-type"}
    for address in ("/api/customers", "/api/auth/user", "/api/router-settings/%s/test" % isp.NOBODY, "/api/login"):
        answer = anyone.call("OPTIONS", address, headers=ask)
        assert answer.status in (200, 204), answer
        assert answer.header("access-control-allow-origin") == ask["Origin"]
        assert answer.header("access-control-max-age") == "600"
        assert answer.header("access-control-allow-credentials") is None
        assert "PUT" in answer.header("access-control-allow-methods")
        reported = answer.header("access-control-allow-headers").lower()
        assert all(h in reported for h in ("authorization", "content-type", "idempotency-key")), reported
        assert "origin" in (answer.header("vary") or "").lower()


def test_only_known_origins(api, anyone):
    for origin in ("http://evil.example", "null", "http://localhost:5173.evil.example", "http://LOCALHOST.:5173"):
        for method in ("OPTIONS", "GET"):
            answer = anyone.call(method, "/api/health", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
            assert answer.header("access-control-allow-origin") is None, (origin, answer)
    for origin in ("http://localhost:3000", "http://localhost:8080", "http://localhost:5173"):
        # Failures too, or the browser could not read why.
        for address in ("/api/customers", "/api/nothing"):
            assert anyone.call("GET", address, headers={"Origin": origin}).header("access-control-allow-origin") == origin


def test_headers_that_guard(api):
    answer = api.get("/api/health")
    assert answer.header("x-content-type-options") == "nosniff"
    assert (answer.header("server") or "nginx") == "nginx"
    assert answer.header("cache-control").count("no-store") == 1


def test_head_is_get_without_body(api):
    answer = api.raw("HEAD", "/api/health", None, api.headers())
    assert answer.status in (200, 405) and answer.body == b""


def test_me_is_never_throttled(api):
    began = isp.spent()
    for _ in range(300):
        assert api.get("/api/auth/user").status == 200
    assert isp.spent() - began < 15


# ---- pools --------------------------------------------------------------------------------------

def test_dead_workers_come_back(stack, api):
    before = stack.workers()
    assert len(before) >= 5
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    def back():
        now = stack.workers()
        return len(now) >= len(before) and not set(now) & set(before)
    isp.wait_until(back, 10, "as many workers as before")
    isp.wait_until(stack.healthy, 5, "health")
    assert api.another().get("/api/customers").status == 200
    assert api.another().post("/api/login", isp.ADMIN).status == 200


def test_sighup_replaces_workers_under_load(stack, api):
    """No GET fails; of POSTs fewer than 1 in 10,000, and those with 502."""
    over, lock = threading.Event(), threading.Lock()
    counts, wrong = {"GET": 0, "POST": 0}, []

    def load(writes, client):
        while not over.is_set():
            try:
                answer = client.call("POST", "/api/customers", {"name": "Load"}) if writes else client.get("/api/customers", per_page=1)
                good = answer.status == (201 if writes else 200)
            except (OSError, http.client.HTTPException, AssertionError) as failure:
                answer, good = failure, False
            with lock:
                counts["POST" if writes else "GET"] += 1
                if not good:
                    wrong.append((writes, answer))
        client.close()
    threads = [threading.Thread(target=load, args=(n % 2 == 0, api.another()), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for _ in range(6 if isp.SOAK else 2):
        replaced, served = set(stack.workers()), dict(counts)
        isp.wait_until(lambda n=served: all(counts[m] > n[m] + 100 for m in n), 20, "requests between two reloads")
        os.kill(stack.leader("isp-api"), signal.SIGHUP)
        isp.wait_until(lambda old=replaced: not old & set(stack.workers()), 40, "all workers replaced")
    isp.wait_until(lambda: counts["GET"] > 500 and counts["POST"] > 200, 40, "enough requests to tell")
    over.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "a request hangs"
    print(counts, len(wrong))
    assert [w for w in wrong if not w[0]] == [], "GETs failed"
    assert all(getattr(w[1], "status", 0) == 502 for w in wrong), wrong[:3]
    assert len(wrong) <= counts["POST"] / 10000


def held_logins(stack):
    return stack.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%session_open%'") == "2"


def test_a_full_slow_pool_says_so_and_starves_nobody(stack, api):
    """Passwords are checked by two workers, held here; 64 wait; who comes then gets 503 at once. Sixteen of
    those that wait are work for the processor, the others bad input."""
    seen, over, early = [], threading.Event(), []

    def login(body, answers):
        answers.append(isp.Client(stack.url).call("POST", "/api/login", body))
        return answers[-1]

    def watch():
        while not over.is_set():
            seen.append(api.get("/api/auth/user").want(200).seconds)
    both, rest, threads = [], [], [threading.Thread(target=watch, daemon=True)]
    with stack.locked("SELECT 1 FROM users WHERE email = '%s'" % isp.ADMIN["email"]):
        threads += [threading.Thread(target=login, args=(isp.ADMIN, both), daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        isp.wait_until(lambda: held_logins(stack), 5, "both workers held")
        bodies = [isp.ADMIN] * 16 + [{}] * 72
        threads.append(threading.Thread(target=lambda: isp.throng([lambda b=body: login(b, rest) for body in bodies]), daemon=True))
        threads[-1].start()
        isp.wait_until(lambda: len(rest) >= 20, 8, "the refusals, while nobody was served")
        early = [answer.status for answer in rest]
    for thread in threads[1:]:
        thread.join(30)
    over.set()
    threads[0].join(20)
    assert set(early) == {503} and [a.status for a in both] == [200, 200]
    served = [a for a in rest if a.status != 503]
    assert len(served) >= 64 and {a.status for a in served} == {200, 422}, [a.status for a in rest]
    assert all(int(a.header("retry-after")) > 0 for a in rest if a.status == 503)
    assert seen and max(seen) < 2, "the fast pool waited for the slow one"


def test_a_hanging_router_starves_nobody(stack, api, sim):
    router = [r for r in api.rows("/api/router-settings") if r["name"] == "Session router"][0]
    sim.fault("hang")
    try:
        jobs = [lambda c=api.another(timeout=60): c.post("/api/router-settings/%s/test" % router["id"]) for _ in range(6)]
        done = []
        worker = threading.Thread(target=lambda: done.extend(isp.throng(jobs)), daemon=True)
        worker.start()
        time.sleep(0.3)
        for _ in range(50):
            assert api.get("/api/customers", per_page=1).want(200).seconds < 1
            assert api.get("/api/auth/user").want(200).seconds < 1
        assert api.another().post("/api/login", isp.ADMIN).want(200).seconds < 3
        sim.well()
        worker.join(60)
        assert len(done) == 6 and all(a.status in (200, 502) for a in done), done
    finally:
        sim.well()


def test_the_description_is_served_to_anybody(anyone):
    document = anyone.get("/api/openapi.json").want(200).json
    assert document["info"]["title"] and document["info"]["version"]
    assert json.dumps(document).count("operationId") > 30
