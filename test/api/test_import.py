"""POST /api/import/customers and the bulk acts: many rows at once, with an answer for each."""
import io
import zipfile

import isp


def send(client, body, kind="text/csv", query="", path="/api/import/customers"):
    return client.raw("POST", path + query, body, client.headers(**{"Content-Type": kind})).sound()


def sheet(users, bad=""):
    text = "Nama;HP;Paket;Harga;User;Password;Jatuh Tempo\n"
    for i, user in enumerate(users):
        text += "%s;0812-3757-41%02d;Rumah;150.000;%s;rahasia;2026-03-20\n" % (user.title(), i, user)
    return (text + bad).encode()


def test_a_sheet_is_tried_before_it_is_taken(stack, api, town):
    users = [isp.unique("impor") for _ in range(3)]
    body = sheet(users, "Tanpa Harga;0812;;;%s;x;2026-03-20\n" % isp.unique("impor"))
    tried = send(api, body, query="?dry_run=1").want(200).json
    assert (tried["dry_run"], tried["created"], tried["refused"]) == (True, 3, 1), tried
    assert [f["line"] for f in tried["faults"]] == [5] and tried["faults"][0]["field"], tried
    assert api.rows("/api/subscriptions", search=users[0]) == []
    taken = send(api, body).want(200).json
    assert (taken["created"], taken["refused"]) == (3, 1), taken
    line = api.rows("/api/subscriptions", mikrotik_username=users[0])[0]
    assert (line["end_date"], line["has_password"]) == ("2026-03-20", True)
    # Passwords of sheets once stood in the database in the clear, and no program could open them.
    assert api.show("/api/subscriptions/%s/credentials" % line["id"])["password"] == "rahasia"
    assert stack.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_password = 'rahasia'") == "0"
    again = send(api, body).want(200).json
    assert (again["created"], again["unchanged"]) == (0, 3), again
    assert stack.sql("SELECT count(*) FROM import_rows") == "0"


def test_an_operator_imports_within_bounds(api, operator, town):
    """A row beyond an operator's bounds is a fault of that row, and nothing of it is taken. Bug: an operator's sheet
    made packages at any price, paid days without end and credit, which only an admin may do."""
    user = isp.unique("impor")
    answer = send(operator, ("Nama;Paket;Harga;User;Password;Jatuh Tempo\nX;Paket Gratis;0;%s;x;2099-12-31\n" % user).encode()).want(200).json
    assert (answer["created"], answer["refused"]) == (0, 1) and answer["faults"][0]["field"] == "package", answer
    assert api.rows("/api/packages", search="Paket Gratis") == []
    assert api.rows("/api/subscriptions", search=user) == []


def test_an_operator_imports_up_to_the_bound_of_days(api, operator, town):
    """Three days may be given (operator_days_max), today being the first: the fourth is a fault of its row alone."""
    first, second = isp.unique("impor"), isp.unique("impor")
    package = town.package()["name"]
    body = "Nama;Paket;User;Password;Jatuh Tempo\n" + "".join(
        "%s;%s;%s;rahasia;%s\n" % (user, package, user, end) for user, end in ((first, "2026-03-04"), (second, "2026-03-05")))
    answer = send(operator, body.encode()).want(200).json
    assert (answer["created"], answer["refused"]) == (1, 1), answer
    assert [(f["line"], f["field"]) for f in answer["faults"]] == [(3, "end_date")], answer
    line = api.rows("/api/subscriptions", search=first)[0]
    assert (line["package"]["name"], line["end_date"], line["status"]) == (package, "2026-03-04", "active"), line
    assert api.rows("/api/subscriptions", search=second) == []


def test_a_file_that_is_no_sheet_is_refused_and_changes_nothing(api, viewer):
    assert "file" in send(api, b"no heading\nat all\n").want(422).errors
    assert "file" in send(api, b"PK\x03\x04 broken").want(422).errors
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (70 << 20))
    assert "file" in send(api, packed.getvalue(), "application/octet-stream").want(422).errors
    send(api, b"{}", "application/json").want(415)
    send(viewer, sheet(["nobody"])).want(403)
    assert api.rows("/api/subscriptions", search="nobody") == []


def test_a_large_file_is_taken_and_one_too_large_is_413(api):
    rows = sheet([isp.unique("besar")], "".join("; ; ; ; ; ;\n" for _ in range(150000)))
    assert len(rows) > 1 << 20
    assert send(api, rows, query="?dry_run=1").want(200).json["created"] == 1
    send(api, b"x" * ((16 << 20) + 1)).want(413)
    api.raw("POST", "/api/customers", b"x" * ((1 << 20) + 1), api.headers(**{"Content-Type": "application/json"})).want(413)


def test_one_act_on_many_answers_for_each(api, town, stack):
    sub, invoice = town.billed()
    paid_sub, paid = town.billed()
    api.post("/api/invoices/%s/mark-paid" % paid["id"], {}).want(200)
    body = {"act": "cancel", "ids": [invoice["id"], paid["id"], isp.NOBODY]}
    tried = api.post("/api/invoices/bulk?dry_run=1", body).want(200).json
    assert api.show("/api/invoices/" + invoice["id"])["status"] == "unpaid"
    done = {r["id"]: r for r in api.post("/api/invoices/bulk", body).want(200).json}
    assert sorted(r["ok"] for r in tried) == sorted(r["ok"] for r in done.values()) == [False, False, True]
    assert done[invoice["id"]]["ok"] and api.show("/api/invoices/" + invoice["id"])["status"] == "cancelled"
    assert done[paid["id"]]["message"] and done[paid["id"]]["code"], done
    lines = api.post("/api/subscriptions/bulk", {"act": "suspend", "filter": {"customer_id": sub["customer_id"]}}).want(200).json
    assert [(r["id"], r["ok"]) for r in lines] == [(sub["id"], True)]
    router = api.rows("/api/router-settings", is_active="0")[0]
    moved = api.post("/api/subscriptions/bulk", {"act": "move", "ids": [paid_sub["id"]], "router_id": router["id"]}).want(200).json
    assert moved[0]["ok"] and api.show("/api/subscriptions/" + paid_sub["id"])["router_id"] == router["id"]
    back = {"act": "move", "ids": [paid_sub["id"]], "router_id": paid_sub["router_id"]}
    assert api.post("/api/subscriptions/bulk", back).want(200).json[0]["ok"]
    stack.sql("UPDATE account_states SET synced_generation = generation WHERE router_id = '%s'" % router["id"])  # it is not there
    reminded = api.post("/api/invoices/bulk", {"act": "remind", "ids": [paid["id"]]}).want(200).json
    assert reminded[0]["code"] == "invoice_paid", reminded


def test_bad_bulk_acts_name_their_field(api, viewer):
    at = "/api/subscriptions/bulk"
    assert "act" in api.post(at, {"act": "explode", "ids": [isp.NOBODY]}).want(422).errors
    assert "ids" in api.post(at, {"act": "suspend"}).want(422).errors
    assert "ids" in api.post(at, {"act": "suspend", "ids": ["x"]}).want(422).errors
    assert "ids" in api.post(at, {"act": "suspend", "ids": [isp.NOBODY] * 501 + ["a"]}).want(422).errors
    viewer.post(at, {"act": "suspend", "ids": [isp.NOBODY]}).want(403)


def test_a_mistyped_filter_names_no_row(api, town):
    """Bug: a filter with a mistyped part, or without any, meant every line: one slip cut a whole town off. A bad id
    in it was a 422 that named no field."""
    sub, _ = town.billed()
    of, at = {"customer_id": sub["customer_id"]}, "/api/subscriptions/bulk"
    for filter, field in (({}, "filter"), ([], "filter"), ("all", "filter"), ({"statuss": "active"} | of, "filter"),
                          ({"status": "aktif"} | of, "filter.status"), ({"status": "active,"} | of, "filter.status"),
                          ({"customer_id": None}, "filter.customer_id"), ({"customer_id": "x"}, "filter.customer_id"),
                          ({"package_id": 5} | of, "filter.package_id"), ({"router_id": ""} | of, "filter.router_id")):
        assert field in api.post(at, {"act": "suspend", "filter": filter}).want(422).errors, filter
    both = api.post(at, {"act": "suspend", "filter": {"status": "x", "router_id": "y"}}).want(422).errors
    assert set(both) == {"filter.status", "filter.router_id"}
    assert "filter.status" in api.post("/api/invoices/bulk", {"act": "cancel", "filter": {"status": "paid"} | of}).want(422).errors
    assert api.show("/api/subscriptions/" + sub["id"])["status"] == "active"
    done = api.post(at, {"act": "suspend", "filter": {"status": "active,expired"} | of}).want(200).json
    assert [(r["id"], r["ok"]) for r in done] == [(sub["id"], True)]
