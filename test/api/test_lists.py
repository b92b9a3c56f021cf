"""The promises of lists (contract 2.3), acts tried without effect (2.4), and who serves what."""
import csv
import io
import http.client
import socket
from urllib.parse import urlsplit

import isp
import openapi


def ask(stack, method, path, **headers):
    """(status, headers, body) without any help of isp.Client."""
    conn = http.client.HTTPConnection("127.0.0.1", urlsplit(stack.url).port, timeout=20)
    try:
        conn.request(method, path, headers=headers)
        answer = conn.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        conn.close()


def test_each_address_is_served_by_its_pool(stack, anyone):
    """The route table names the pool, and nginx reads it from there. Bug: a login ran in the fast pool because
    nginx did not know its second name."""
    for operation in openapi.read(anyone):
        if operation.path.endswith("/webhook") or operation.path.endswith("/notification"):
            continue
        answer = anyone.raw(operation.method, operation.address())
        assert answer.header("X-Pool") == operation.described["x-pool"], (operation, answer)
    token = stack.client().token
    status, headers, _ = ask(stack, "GET", "/api/customers", Accept="text/csv", Authorization="Bearer " + token)
    assert (status, headers["X-Pool"]) == (200, "gateway")


def test_nginx_and_the_workers_read_one_address_alike(stack, api):
    for path in ("//api/customers", "/api//customers", "/api/customers/", "//api//auth//user/"):
        status, headers, _ = ask(stack, "GET", path, Authorization="Bearer " + api.token)
        assert status == 200, path
        assert headers["Cache-Control"] == "no-store", path


def test_errors_of_nginx_are_json_and_no_redirect_names_a_host(stack):
    port = urlsplit(stack.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(b"GET /api/health HTTP/9.9\r\nHost: x\r\n\r\n")
        answer = sock.recv(4096)
    assert b" 505 " in answer.split(b"\r\n")[0] and b'"code":"http_version"' in answer, answer
    status, headers, _ = ask(stack, "GET", "/pay", Host="evil.example")
    assert "evil" not in headers.get("Location", ""), (status, headers)


def test_a_query_is_in_no_log_and_a_failed_address_is(stack, api):
    ask(stack, "GET", "/api/nowhere?token=sesame", Authorization="Bearer " + api.token)
    ask(stack, "GET", "/missing.js?token=sesame")
    def logged():
        with open(stack.dir + "/log/access.log", encoding="utf-8") as file:
            text = file.read()
        assert "sesame" not in text
        return 'uri="/api/nowhere"' in text and 'uri="/missing.js"' in text
    isp.wait_until(logged, 5)


def test_a_list_as_csv(stack, api):
    name = isp.unique("Csv")
    for cell in ('=cmd|"x"', "-1+1", "plain, with comma", "two\nlines", "Bu \u00e9"):
        api.make("/api/customers", {"name": name + " row", "address": cell})
    status, headers, body = ask(stack, "GET", "/api/customers?search=%s&page=1&per_page=2" % name.replace(" ", "%20"),
                                Accept="text/csv", Authorization="Bearer " + api.token)
    assert status == 200 and headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "customers.csv" in headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    cells = {row["address"] for row in rows}
    assert cells == {"'=cmd|\"x\"", "'-1+1", "plain, with comma", "two\nlines", "Bu \u00e9"}, cells
    assert all(row["created_at"].endswith("Z") and row["id"] for row in rows)
    status, _, body = ask(stack, "GET", "/api/customers", Accept="text/csv", Authorization="Bearer 1|aaaaaaaaaaaaaaaa")
    assert status == 401 and b"Unauthenticated" in body


def test_a_long_list_is_streamed(stack, api):
    stack.sql("INSERT INTO billing_logs (action, message) SELECT 'note', repeat('x', 200) FROM generate_series(1, 30000)")
    status, _, body = ask(stack, "GET", "/api/billing-logs?action=note", Accept="text/csv",
                          Authorization="Bearer " + api.token)
    assert status == 200 and body.count(b"\r\n") == 30001


def test_a_mistyped_filter_is_named(api):
    answer = api.get("/api/customers", statsu="active", page=1).want(200)
    assert answer.header("X-Ignored") == "statsu"
    assert api.get("/api/customers", status="active").want(200).header("X-Ignored") is None


def test_several_values_of_a_closed_list(api):
    for status in ("active", "inactive", "suspended"):
        api.make("/api/customers", {"name": isp.unique("Several " + status), "status": status})
    rows = api.get("/api/customers", status="inactive,suspended", search="Several", per_page=100).want(200).json["data"]
    assert {row["status"] for row in rows} == {"inactive", "suspended"}
    assert "status" in api.get("/api/customers", status="inactive,none").want(422).errors


def test_no_page_behind_a_hundred_thousand_rows(api):
    api.get("/api/customers", page=1000, per_page=100).want(200)
    answer = api.get("/api/customers", page=1001, per_page=100).want(422)
    assert answer.json["codes"]["page"] == [{"code": "max", "max": 1000}], answer


def test_a_phone_number_is_found_by_its_digits(api):
    """A customer reads the number to the operator: search=081237574187 found nothing though
    0812-3757-4187 stood there."""
    name = isp.unique("Phone")
    row = api.make("/api/customers", {"name": name, "phone": "+62 812-3757-%04d" % (hash(name) % 10000)})
    digits = row["phone"].replace("+62", "0").replace(" ", "").replace("-", "")
    for text in (digits, digits[3:], "+62" + digits[1:], "0812-3757-" + digits[-4:]):
        found = api.get("/api/customers", search=text, per_page=100).want(200).json["data"]
        assert row["id"] in [r["id"] for r in found], text
        assert row["id"] in [r["id"] for r in api.get("/api/search", q=text).want(200).json], text
    assert api.get("/api/search", q="x").want(422).errors["q"]


def test_one_or_two_letters_find_words_that_begin_with_them(api, town):
    """Bug: no index finds one or two letters inside a text: 1 to 4 s with 1,000,000 invoices."""
    customer = town.customer(name="Xq'" + isp.unique("ab ") + " (Zyx) qx-9", address="Gg. Kwitang")

    def finds(text):
        return customer["id"] in [row["id"] for row in api.get("/api/customers", search=text, per_page=100).want(200).json["data"]]
    for text in ("x", "XQ", "xq'a", "zy", "(z", "qx", "qx-9", "9", "kw", "-9", "wit"):
        assert finds(text), text
    for text in ("yx", "q-", "x-", "wi"):
        assert not finds(text), text
    for path, name in (("/api/customers", "search"), ("/api/search", "q")):
        assert name in api.get(path, **{name: "--"}).want(422).errors, "what no index finds reads every row"
    assert customer["id"] in [row["id"] for row in api.get("/api/search", q="zy").want(200).json]
    assert customer["id"] not in [row["id"] for row in api.get("/api/search", q="wi").want(200).json]


def test_a_search_finds_what_belongs_to_a_name_or_a_number(api, town):
    # The search for a customer's name found neither the line nor the bills nor the payments, and a bill's number not its payment.
    # Each is found by the name of its customer, the payment by its bill too.
    customer = town.customer(name=isp.unique("Cari Saya "))
    sub, bill = town.billed(customer=customer)
    api.post("/api/invoices/%s/mark-paid" % bill["id"], {}).want(200)
    payment = api.rows("/api/payments", invoice_id=bill["id"])[0]
    found = {(r["type"], r["id"]) for r in api.get("/api/search", q=customer["name"]).want(200).json}
    assert found == {("customer", customer["id"]), ("subscription", sub["id"]), ("invoice", bill["id"]), ("payment", payment["id"])}
    # A payment without a reference had no title: the palette showed an empty line, which led to no payment.
    shown = api.get("/api/search", q=bill["invoice_number"]).want(200).json
    title = [r["title"] for r in shown if r["id"] == payment["id"]][0]
    assert payment["reference"] is None and payment["id"] in [r["id"] for r in api.rows("/api/payments", search=title)]
    found = {(r["type"], r["id"]) for r in shown}
    assert {("invoice", bill["id"]), ("payment", payment["id"])} <= found


def test_the_lines_that_a_search_shows_are_the_first_five(api, town):
    """The lines that live come first, by their usernames. All lines that matched were sorted: 50 ms for 20,000."""
    stem = isp.unique("baris")
    lines = [town.subscription(mikrotik_username="%s-%d" % (stem, n)) for n in (3, 6, 1, 5, 2, 4)]
    api.delete("/api/subscriptions/" + lines[2]["id"]).want(204)  # number 1
    found = [r["title"] for r in api.get("/api/search", q=stem).want(200).json if r["type"] == "subscription"]
    assert found == ["%s-%d" % (stem, n) for n in (2, 3, 4, 5, 6)]
    api.delete("/api/subscriptions/" + lines[4]["id"]).want(204)  # number 2
    found = [r["title"] for r in api.get("/api/search", q=stem).want(200).json if r["type"] == "subscription"]
    assert found == ["%s-%d" % (stem, n) for n in (3, 4, 5, 6, 1)]


def test_a_row_that_two_columns_find_stands_once(api, town):
    """A line found by its username and by its customer's name, a bill by its number and that name: each is counted and summed
    once, and its pages hold it once. A filter narrows what both find."""
    name = isp.unique("Ganda")
    customer = town.customer(name=name)
    lines = [town.subscription(customer=customer, mikrotik_username="%s-%d" % (name, n), issue_invoice=True) for n in range(3)]
    other = town.subscription(mikrotik_username=name + "-x", issue_invoice=True)
    wanted = {line["id"] for line in lines} | {other["id"]}
    for sort in ("mikrotik_username", "-customer.name", "created_at", "-debt"):
        pages = [api.get("/api/subscriptions", search=name, sort=sort, per_page=3, page=page).want(200).json for page in (1, 2, 3)]
        assert [page["total"] for page in pages] == [4, 4, 4], sort
        assert [len(page["data"]) for page in pages] == [3, 1, 0], sort
        assert {row["id"] for page in pages for row in page["data"]} == wanted, sort
    assert api.get("/api/subscriptions", search=name, customer_id=customer["id"]).json["total"] == 3
    bills = [bill for line in lines for bill in town.invoices(line)]
    found = api.get("/api/invoices", search=name, sort="-amount").want(200).json
    assert found["total"] == 3 and found["sum_amount"] == sum(bill["amount"] for bill in bills)
    assert {row["id"] for row in found["data"]} == {bill["id"] for bill in bills}
    # A customer is found by the name, by the username of a line, or by both.
    found = api.get("/api/customers", search=name, sort="-debt").want(200).json
    assert found["total"] == 2 and {row["id"] for row in found["data"]} == {customer["id"], other["customer_id"]}
    assert found["data"][0]["id"] == customer["id"]


def test_customers_tell_debt_and_service(api, town):
    row = api.get("/api/customers", has_debt=1, per_page=1).want(200).json["data"]
    for customer in row:
        assert customer["debt"] > 0 and customer["open_invoices"] > 0
    for service in ("on", "off", "off_for_debt", "none"):
        for customer in api.get("/api/customers", service=service, per_page=3).want(200).json["data"]:
            assert customer["service"] == service


def test_a_dry_run_changes_nothing(api, town):
    customer = api.make("/api/customers", {"name": isp.unique("Dry")})
    at = "/api/customers/%s/credits" % customer["id"]
    answer = api.post(at, {"amount": 5000, "reason": "gift", "dry_run": True}).want(201)
    assert answer.json["balance"] == 5000 and answer.header("X-Dry-Run") == "1"
    assert api.show("/api/customers/" + customer["id"])["credit"] == 0
    api.delete("/api/customers/%s?dry_run=1" % customer["id"]).want(204)
    assert api.show("/api/customers/" + customer["id"])["archived_at"] is None
    assert "dry_run" in api.delete("/api/customers/%s?dry_run=maybe" % customer["id"]).want(422).errors
    api.post(at, {"amount": 5000, "reason": "gift"}).want(201)
    assert api.show("/api/customers/" + customer["id"])["credit"] == 5000


def test_filtered_payments_tell_their_sum(api, town):
    answer = api.get("/api/payments", method="cash,transfer", per_page=100).want(200).json
    if answer["total"] <= 100:
        assert answer["sum_amount"] == sum(row["amount"] for row in answer["data"])
    assert "sum_amount" not in api.get("/api/payments").want(200).json


def test_packages_are_sorted_by_what_their_texts_say(api, town):
    """Sorted by its letters, "100M/100M" stands before "20M/20M", and 3 months before 30 days."""
    word = isp.unique("speed")
    def by(sort):
        return [row["name"][-1] for row in api.rows("/api/packages", search=word, sort=sort)]
    for name, bandwidth, validity in (("a", "20M/20M", {"validity_days": 30}), ("c", "512k/512k", {"validity_days": 7}),
                                      ("b", "100M/10M", {"period_unit": "month", "validity_months": 3})):
        api.make("/api/packages", {"name": "%s %s" % (word, name), "bandwidth": bandwidth, "price": 1000, **validity})
    assert by("download_rate") == ["c", "a", "b"]
    assert by("-period_days") == ["b", "a", "c"]


def test_a_number_is_found_by_its_beginning_and_by_any_part(api, town):
    """The beginning is looked for by the order of the numbers, another part among words: both find the bill and its payment."""
    _, bill = town.billed()
    api.post("/api/invoices/%s/mark-paid" % bill["id"], {}).want(200)
    number = bill["invoice_number"]

    def finds(text):
        rows = {path: api.get(path, search=text, per_page=100).want(200).json["data"] for path in ("/api/invoices", "/api/payments")}
        return number in [row["invoice_number"] for row in rows["/api/invoices"]], \
            number in [row["invoice"]["invoice_number"] for row in rows["/api/payments"]]
    for text in (number, number.lower(), number[:12], number[4:], number[-7:]):
        assert finds(text) == (True, True), text
    for text in (number + "0", "INV-%", number[:-1] + "_", "INV-" + number):
        assert finds(text) == (False, False), text
