"""A year of events against the plain model: same states and money, day by day.

The functions of sql/functions are driven through psycopg2 with the events of test/model/year.py;
test/model/billing.py, which shares nothing with them but the contract's text, must agree after
every event on what was refused, and after every day on everything else. ISP_SOAK=1: 200
subscriptions and several seeds; otherwise 60 and one seed, printed. ISP_SEED=N repeats one.
"""
import json
import os
import random
import sys

import psycopg2
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "model"))
import billing  # noqa: E402
import year  # noqa: E402
from money import cluster, money_db  # noqa: E402,F401 (fixtures)

SOAK = os.environ.get("ISP_SOAK") == "1"
STATUS = {"IS409": "409", "IS422": "422"}
CHUNK = 7  # small, so that a run has many


class System:
    """The SQL functions, under the names the events use."""

    def __init__(self, conn):
        self.db = conn.cursor()
        self.packages, self.customers, self.subs, self.lots = {}, {}, {}, {}

    def sql(self, text, *args):
        self.db.execute(text, args)
        return self.db.fetchall() if self.db.description else []

    def one(self, text, *args):
        return self.sql(text, *args)[0][0]

    def call(self, event):
        """What Model.apply answers."""
        args = {k: v for k, v in event.items() if k not in ("day", "op")}
        try:
            getattr(self, "op_" + event["op"])(event["day"], **args)
        except psycopg2.Error as error:
            if error.pgcode not in STATUS:
                raise
            return STATUS[error.pgcode]
        return "ok"

    def invoice(self, key):
        sub, n = key.split("/")
        return self.one("SELECT id FROM invoices WHERE subscription_id = %s ORDER BY seq OFFSET %s LIMIT 1",
                        self.subs[int(sub)], int(n) - 1)

    def op_package(self, _, package, price, validity_days):
        self.packages[package] = self.one(
            "INSERT INTO packages (name, bandwidth, price, validity_days, router_profile)"
            " VALUES (%s, '10M/10M', %s, %s, %s) RETURNING id",
            "P%d" % package, price, validity_days, "p%d" % package)

    def op_price(self, _, package, price):
        self.sql("UPDATE packages SET price = %s WHERE id = %s", price, self.packages[package])

    def op_customer(self, _, customer):
        self.customers[customer] = self.one("INSERT INTO customers (name) VALUES (%s) RETURNING id", "C%d" % customer)

    def op_create(self, day, sub, customer, package, start, end, auto_renew, issue_invoice):
        self.subs[sub] = self.one("SELECT subscription_create(%s, %s)", json.dumps({
            "customer_id": self.customers[customer], "package_id": self.packages[package],
            "mikrotik_username": "u%d" % sub, "mikrotik_password": "x", "start_date": start, "end_date": end,
            "auto_renew": auto_renew, "issue_invoice": issue_invoice}, default=str), day)

    def op_run(self, day):
        for step in ("renew", "overdue", "expire", "suspend"):
            ids = [row[0] for row in self.sql("SELECT id FROM billing_candidates(%s, %s) ORDER BY n", step, day)]
            for at in range(0, len(ids), CHUNK):
                chunk = ids[at:at + CHUNK]
                subject = "invoice_id" if step == "overdue" else "subscription_id"
                report = self.sql("SELECT %s FROM billing_%s(%%s::uuid[], %%s)" % (subject, step), chunk, day)
                assert {row[0] for row in report} == set(chunk), "a line of the report for each candidate"

    def update(self, day, sub, **fields):
        self.sql("SELECT subscription_update(%s, %s, %s)", self.subs[sub], json.dumps(fields, default=str), day)

    def op_plan(self, day, sub, package, effective):
        self.update(day, sub, package_id=self.packages[package], effective=effective)

    def op_end_date(self, day, sub, end_date):
        self.update(day, sub, end_date=end_date)

    def op_auto_renew(self, day, sub, auto_renew):
        self.update(day, sub, auto_renew=auto_renew)

    def op_suspend(self, day, sub):
        self.sql("SELECT subscription_suspend(%s, NULL, %s)", self.subs[sub], day)

    def op_activate(self, day, sub, until):
        self.sql("SELECT subscription_activate(%s, %s, NULL, %s)", self.subs[sub], until, day)

    def op_cancel_subscription(self, day, sub):
        self.sql("SELECT subscription_cancel(%s, NULL, %s)", self.subs[sub], day)

    def op_other_invoice(self, day, sub, amount, due_date):
        self.sql("SELECT invoice_create(%s, %s)", json.dumps({
            "subscription_id": self.subs[sub], "kind": "other", "amount": amount, "due_date": due_date}, default=str), day)

    def op_renewal_invoice(self, day, sub, due_date):
        self.sql("SELECT invoice_create(%s, %s)", json.dumps({
            "subscription_id": self.subs[sub], "kind": "renewal", "due_date": due_date}, default=str), day)

    def op_cancel_invoice(self, day, invoice):
        self.sql("SELECT invoice_cancel(%s, %s)", self.invoice(invoice), day)

    def book(self, day, lot, invoice, amount, surplus, reference):
        if amount is not None and amount <= 0:
            raise_422()
        payment, _, repeated = self.sql("SELECT * FROM payment_book(%s, %s)", json.dumps({
            "invoice_id": self.invoice(invoice), "amount": amount, "surplus_to_credit": surplus,
            "reference": reference, "request_hash": "%s %s %s" % (invoice, amount, surplus)}), day)[0]
        if not repeated:
            self.lots[lot] = payment

    def op_pay(self, day, lot, invoice, amount, surplus, reference):
        self.book(day, lot, invoice, amount, surplus, reference)

    def op_mark_paid(self, day, lot, invoice, amount, reference):
        self.book(day, lot, invoice, amount, False, reference)

    def op_reverse(self, day, lot):
        self.sql("SELECT payment_reverse(%s, 'reversal', NULL, %s)", self.lots[lot], day)

    def op_gift(self, day, lot, customer, amount):
        self.lots[lot] = self.one("SELECT credit_enter(%s, %s, 'gift', %s)", self.customers[customer], amount, day)

    def op_payout(self, day, customer, amount):
        self.sql("SELECT credit_enter(%s, %s, 'payout', %s)", self.customers[customer], amount, day)

    def snapshot(self):
        """The shape of Model.snapshot()."""
        back = {v: k for k, v in self.subs.items()}
        package = {v: k for k, v in self.packages.items()}
        customer = {v: k for k, v in self.customers.items()}
        subs = self.sql("SELECT id, status, suspend_reason, end_date::text, package_id FROM subscriptions")
        invoices = self.sql(
            "SELECT subscription_id, row_number() OVER (PARTITION BY subscription_id ORDER BY seq),"
            " invoice_number, kind, status, amount, paid_amount, due_date::text, period_start::text,"
            " period_end::text FROM invoices")
        names = "number kind status amount paid_amount due_date period_start period_end".split()
        return {
            "subscriptions": {back[i]: {"status": status, "suspend_reason": reason, "end_date": end,
                                        "package": package[p]} for i, status, reason, end, p in subs},
            "invoices": {"%d/%d" % (back[row[0]], row[1]): dict(zip(names, row[2:])) for row in invoices},
            "credit": {customer[i]: credit for i, credit in self.sql("SELECT id, credit FROM customers")},
        }


class Invalid(psycopg2.Error):
    pgcode = "IS422"


def raise_422():
    """What lib/http/shape says before SQL is asked."""
    raise Invalid()


def differences(model, system):
    return ["%s %s: model %s, system %s" % (part, key, model[part].get(key), system[part].get(key))
            for part in model for key in sorted(set(model[part]) | set(system[part]), key=str)
            if model[part].get(key) != system[part].get(key)]


def live(conn, seed, subscriptions, length):
    """Drive both through a year and compare."""
    model, system, history, day = billing.Model(), System(conn), [], None
    for event in year.year(seed, subscriptions, length=length):
        if day is not None and event["day"] > day:
            found = differences(model.snapshot(), system.snapshot())
            assert not found, "seed %d, day %s\n%s\n%s" % (
                seed, day, "\n".join(found[:6]), "\n".join(map(str, history[-25:])))
        day = event["day"] if day is None else max(day, event["day"])
        expected, got = model.apply(event), system.call(event)
        history.append((event, expected))
        assert got == expected, "seed %d: %s: model %s, system %s" % (
            seed, event, expected, got)
    assert not differences(model.snapshot(), system.snapshot())
    return len(history)


def seeds():
    if os.environ.get("ISP_SEED"):
        return [int(os.environ["ISP_SEED"])]
    return [random.randrange(10 ** 6) for _ in range(5 if SOAK else 1)]


@pytest.mark.parametrize("seed", seeds())
def test_year(money_db, seed):  # noqa: F811
    subscriptions = 200 if SOAK else 60
    print("year of seed %d, %d subscriptions" % (seed, subscriptions))
    print("%d events" % live(money_db(), seed, subscriptions, 365))
