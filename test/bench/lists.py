"""lists: the addresses of all lists that a screen shows, with each order, filter and search that is dear."""
import json
import time

FORGETS = 6  # seconds, after which isp-api counts the total of a list again (TOTAL_CACHE_MS of crud_total.c is 5)

LISTS = {
    "/api/invoices": (
        "", "page=1000&per_page=100", "status=overdue", "status=unpaid", "status=paid", "status=unpaid,overdue",
        "status=cancelled", "open=true", "sort=amount", "sort=-amount", "sort=due_date", "sort=-due_date",
        "sort=issued_on", "sort=-issued_on", "sort=outstanding",
        "sort=-outstanding", "sort=invoice_number", "sort=-invoice_number", "sort=created_at",
        "sort=subscription.customer.name", "sort=-subscription.customer.name",
        "status=overdue&sort=amount", "status=unpaid&sort=-amount", "status=paid&sort=amount", "search=INV-2026",
        "search=INV-20260715", "search=INV", "search=pelanggan", "search=pelanggan%20000123", "search=zzzz",
        "search=00", "search=x", "search=xa", "search=b", "search=zq", "search=12", "search=i", "search=INV-2026&sort=amount", "search=INV-2026&status=unpaid",
        "search=INV-2022", "search=INV-202209&sort=-due_date", "issued_from=2022-06-01&issued_to=2022-12-31",
        "due_to=2022-12-31&sort=-amount", "search=pelanggan%200001&sort=amount",
        "due_from=2026-07-01&due_to=2026-07-31", "issued_from=2025-01-01&issued_to=2025-12-31",
        "due_from=2024-01-01&sort=amount", "customer_id={cust}", "subscription_id={sub}", "kind=renewal",
        "kind=other", "kind=first",
    ),
    "/api/payments": (
        "", "sort=amount", "sort=-amount", "sort=payment_date", "sort=-payment_date", "search=pelanggan",
        "search=INV-2026", "search=zzzz", "method=cash", "method=transfer", "status=reversed",
        "received_from=2026-07-01", "customer_id={cust}", "source=midtrans", "page=1000&per_page=100",
        "search=x", "search=b", "search=zq", "search=12",
        "sort=received_on", "sort=customer.name", "sort=-customer.name", "search=pelanggan&sort=amount",
        "search=INV-2023", "search=INV-202303", "received_to=2022-12-31", "search=INV-2026&sort=amount",
    ),
    "/api/customers": (
        "", "search=pelanggan", "search=00123", "search=merdeka", "has_debt=true", "has_debt=false",
        "service=off_for_debt", "service=on", "sort=name", "sort=-name", "sort=debt", "sort=-debt",
        "search=pelanggan&sort=-debt", "sort=package", "sort=-package", "search=pelanggan&sort=package",
        "sort=next_due", "sort=-next_due", "status=active",
        "sort=address", "sort=-address", "search=x", "search=b", "search=zq", "search=12", "search=b&sort=-debt",
    ),
    "/api/subscriptions": (
        "", "search=pelanggan", "status=active", "sort=end_date", "sort=customer.name", "search=zzzz",
        "customer_id={cust}", "sort=debt", "sort=-debt", "sort=sync_state", "sync_state=pending", "sort=-next_due",
        "search=x", "search=b", "search=zq", "search=12",
    ),
    "/api/search": (
        "q=pelanggan", "q=INV-2026", "q=000123", "q=0812", "q=xa", "q=bu", "q=zq", "q=12", "q=in",
    ),
    "/api/billing-logs": (
        "", "search=bill", "search=zzzz", "search=zq", "customer_id={cust}",
    ),
    "/api/dashboard": (
        "",
    ),
    "/api/dashboard/stats": (
        "",
    ),
    "/api/dashboard/recent-activities": (
        "",
    ),
    "/api/mikrotik-secrets": (
        "", "search=pelanggan", "search=b", "search=zq",
    ),
    "/api/customers/{cust}/history": (
        "",
    ),
    "/api/subscriptions/{sub}/history": (
        "",
    ),
    "/api/audit-logs": (
        "",
    ),
}


def addresses(lab):
    """Each of them, those of one customer and one line with an id."""
    ids = {name: json.loads(lab.get("/api/" + noun))["data"][0]["id"]
           for name, noun in (("cust", "customers"), ("sub", "subscriptions"))}
    return [(path + ("?" + query if query else "")).format(**ids) for path, queries in LISTS.items() for query in queries]


def first_answers(lab, paths, turns):
    """Milliseconds of each address, so many times. None is asked again before its total is forgotten: a person who opens a
    list waits for the count, too. The very first of them also prepares its statements."""
    taken = {path: [] for path in paths}
    for turn in range(turns):
        begun = time.monotonic()
        for path, found in taken.items():
            asked = time.monotonic()
            lab.get(path)
            found.append((time.monotonic() - asked) * 1000)
        if turn < turns - 1:
            time.sleep(max(0, FORGETS - (time.monotonic() - begun)))
    return taken
