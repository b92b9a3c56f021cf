"""The real system against the plain model of the contract's text, day by day over a year.

Homes of every cycle, mode and policy pay early, late, in part, double and not at all; they are
promised days, paused, given days, cut and cancelled; packages change; money is undone and given
back, and nights are missed. After every step the laws of money and of days must hold; after every
day each home must show the same money and the same days in both.

ISP_SEED=n lives one seed alone, and names its homes; ISP_SOAK=1 lives 500 of them over a whole year."""
import datetime
import os
import random
import subprocess
import sys

import psycopg2
import pytest

import isp
from money import cluster  # noqa: F401 (fixture)

sys.path.insert(0, os.path.join(isp.TOP, "test", "model"))
from days import Model  # noqa: E402

FIRST = datetime.date(2026, 1, 14)
DAYS = 366 if isp.SOAK else 130
SEEDS = 500 if isp.SOAK else 20
TOGETHER = 20  # seeds that live in one database, with its settings and its missed nights
# cycle, mode, policy, unit and length of the package
KINDS = [("rolling", "prepaid", "give_back", "day", 30), ("rolling", "prepaid", "restart", "day", 30),
         ("rolling", "prepaid", "keep", "day", 30), ("rolling", "prepaid", "give_back", "month", 1),
         ("rolling", "prepaid", "give_back", "day", 7), ("rolling", "prepaid", "restart", "month", 1),
         ("rolling", "prepaid", "keep", "month", 3), ("rolling", "prepaid", "restart", "day", 1),
         ("calendar", "prepaid", "keep", "month", 1), ("calendar", "postpaid", "keep", "month", 1)]
SETTINGS = {"grace_days": (0, 1, 1, 3, 9), "lead_days": (0, 3, 7, 7), "due_days": (0, 0, 10), "first_due_days": (0, 3),
            "round_to": (1, 100, 1000), "billing_day": (1, 10, 28), "postpaid_due_days": (5, 10), "promises_max": (1, 2)}

# The laws of one customer, from the text of the contract, 5.1.
LAWS = """
SELECT (SELECT coalesce(sum(amount), 0) FROM payments WHERE customer_id = c.id)
     - (SELECT coalesce(sum(r.amount), 0) FROM payment_reversals r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = c.id)
     - (SELECT coalesce(sum(r.amount), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = c.id)
     + (SELECT coalesce(sum(amount), 0) FROM customer_credits WHERE customer_id = c.id AND kind IN ('gift', 'payout', 'loss'))
     - (SELECT coalesce(sum(paid_amount), 0) FROM invoices WHERE customer_id = c.id) - c.credit AS money_missing,
       (SELECT coalesce(sum(s.end_date - s.start_date + 1), 0) FROM subscriptions s WHERE s.customer_id = c.id AND NOT s.is_postpaid)
     - (SELECT coalesce(sum(d.days), 0) FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id
         WHERE s.customer_id = c.id AND NOT s.is_postpaid) AS days_missing,
       (SELECT coalesce(sum(o.back_on - o.from_day - o.lost_days), 0) FROM service_offs o JOIN subscriptions s ON s.id = o.subscription_id
         WHERE s.customer_id = c.id AND NOT s.is_postpaid AND o.back_on IS NOT NULL AND o.struck_at IS NULL)
     - (SELECT coalesce(sum(d.days), 0) FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id
         WHERE s.customer_id = c.id AND NOT s.is_postpaid AND d.kind = 'off') AS days_off_missing,
       (SELECT coalesce(sum(i.period_end - i.period_start + 1), 0) FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id
         WHERE i.customer_id = c.id AND NOT s.is_postpaid AND i.status = 'paid')
     - (SELECT coalesce(sum(d.days), 0) FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id
         WHERE s.customer_id = c.id AND NOT s.is_postpaid AND d.kind = 'period') AS periods_missing
  FROM customers c WHERE c.id = %s"""
STATES = """
SELECT s.mikrotik_username, s.status, s.suspend_reason, s.end_date::text, c.credit,
       (SELECT coalesce(array_agg(concat_ws(' ', i.status, i.amount, i.paid_amount, i.due_date,
               coalesce(i.period_start::text, '-'), coalesce(i.period_end::text, '-')) ORDER BY i.seq), '{}')
          FROM invoices i WHERE i.subscription_id = s.id)
  FROM subscriptions s JOIN customers c ON c.id = s.customer_id"""


class Real:
    """The same events on the real system: its SQL functions, and billing-cron for the nights."""

    def __init__(self, connect, folder, settings):
        self.conn = connect()
        self.packages, self.lines, self.customers, self.lots = {}, {}, {}, {}
        uri = self.conn.get_dsn_parameters()
        self.env = os.path.join(folder, "year.env")
        with open(self.env, "w", encoding="utf-8") as file:
            file.write("APP_ENV=local\nDATABASE_URL=postgresql:///%(dbname)s?host=%(host)s&user=%(user)s\n" % uri)
        self.rows("UPDATE settings SET " + ", ".join("%s = %d" % pair for pair in settings.items()))

    def rows(self, text, *args):
        with self.conn.cursor() as cursor:
            cursor.execute(text, args)
            return cursor.fetchall() if cursor.description else []

    def one(self, text, *args):
        return self.rows(text, *args)[0][0]

    def package(self, price, unit, length):
        if (price, unit, length) not in self.packages:
            name = "p%d" % len(self.packages)
            self.packages[price, unit, length] = self.one(
                "INSERT INTO packages (name, bandwidth, price, router_profile, period_unit, validity_days, validity_months)"
                " VALUES (%s, '1M/1M', %s, %s, %s, %s, %s) RETURNING id", name, price, name, unit,
                length if unit == "day" else 30, length if unit == "month" else 1)
        return self.packages[price, unit, length]

    def night(self, day):
        done = subprocess.run([os.path.join(isp.BUILD, "bin", "billing-cron"), "--env", self.env, "--date", str(day), "--ahead",
                               "--force", "--json"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def states(self):
        return {name: (status, reason, end, credit, bills) for name, status, reason, end, credit, bills in self.rows(STATES)}


class Home:
    """A customer with a line, in the system and in a model of its own; its life is thrown with dice."""

    def __init__(self, name, dice, real, settings):
        self.name, self.dice, self.real = name, dice, real
        self.kind = dice.choice(KINDS)
        self.model = Model(**settings)
        self.first = FIRST + datetime.timedelta(days=dice.randrange(40))
        self.story, self.packages, self.lots, self.payments = [], [], 0, {}
        self.sub = self.customer = None
        for price in (100000, 200700):
            self.packages.append(real.package(price, *self.kind[3:]))
            self.model.apply({"day": FIRST, "op": "package", "package": len(self.packages) - 1, "price": price,
                              "unit": self.kind[3], "length": self.kind[4]})

    @property
    def line(self):
        return self.model.lines[0]

    def sql(self, text, *args):
        return self.real.rows(text, *args)

    # ---- a step in both

    def step(self, event):
        """The event in the model and in the system: both take it or both refuse it, and the laws hold."""
        self.story.append(" ".join("%s=%s" % pair for pair in event.items()))
        said = self.model.apply(event)
        done = "ok"
        try:
            getattr(self, "do_" + event["op"])(**{k: v for k, v in event.items() if k != "op"})
        except psycopg2.Error as error:
            assert (error.pgcode or "").startswith("IS"), (self.tell(), error)
            done = str(error).split("\n", maxsplit=1)[0]
        assert (said == "ok") == (done == "ok"), "the model says %s, the system %s\n%s" % (said, done, self.tell())
        assert self.model.violations() == [], self.tell()
        if self.customer:
            assert all(n == 0 for n in self.sql(LAWS, self.customer)[0]), (self.sql(LAWS, self.customer), self.tell())

    def tell(self):
        return "home %s, %s\n%s" % (self.name, " ".join(map(str, self.kind)), "\n".join(self.story[-25:]))

    def shown(self):
        line = self.line
        return (line.status, line.reason, str(line.end), self.model.credit(0), [
            "%s %s %s %s %s %s" % (b.status, b.amount, b.paid, b.due, b.start or "-", b.end or "-") for b in line.bills])

    def bill(self, key):
        return self.sql("SELECT id FROM invoices WHERE subscription_id = %s ORDER BY seq OFFSET %s LIMIT 1",
                        self.sub, int(key.split("/")[1]) - 1)[0][0]

    def begin(self, day):
        cycle, mode, policy, _, _ = self.kind
        dates, billed = None, False
        if cycle == "rolling" and self.dice.random() < 0.3:
            last = day + datetime.timedelta(days=self.dice.randrange(5, 30))
            dates, billed = (day, last), self.dice.random() < 0.5
        self.step({"op": "customer", "day": day, "customer": 0})
        self.step({"op": "create", "day": day, "sub": 0, "customer": 0, "package": 0, "cycle": cycle, "mode": mode, "policy": policy,
                   "auto_renew": self.dice.random() < 0.85, "dates": dates, "billed": billed})

    # ---- the events in the system

    def do_customer(self, **_):
        self.customer = self.sql("INSERT INTO customers (name) VALUES (%s) RETURNING id", self.name)[0][0]

    def do_create(self, day, cycle, mode, policy, auto_renew, dates, billed, **_):
        by_month = self.kind[3] == "month"
        self.sub = self.sql(
            "SELECT subscription_create(jsonb_strip_nulls(jsonb_build_object('customer_id', %s::text, 'package_id', %s::text,"
            " 'mikrotik_username', %s::text, 'mikrotik_password', 'x', 'cycle', %s::text, 'mode', %s::text, 'late_policy', %s::text,"
            " 'auto_renew', %s, 'start_date', %s::date, 'end_date', %s::date, 'issue_invoice', %s)), %s)",
            self.customer, self.packages[0], self.name, cycle if by_month else None, mode if by_month else None, policy, auto_renew,
            dates and dates[0], dates and dates[1], billed or dates is None, day)[0][0]

    def do_pay(self, day, lot, invoice, amount, surplus):
        self.payments[lot] = self.sql(
            "SELECT payment_id FROM payment_book(jsonb_strip_nulls(jsonb_build_object('invoice_id', %s::text, 'amount', %s::bigint,"
            " 'surplus_to_credit', %s, 'duplicate', true)), %s)", self.bill(invoice), amount, surplus, day)[0][0]

    def do_deposit(self, day, lot, amount, **_):
        self.payments[lot] = self.sql(
            "SELECT payment_id FROM payment_book(jsonb_build_object('customer_id', %s::text, 'amount', %s::bigint,"
            " 'surplus_to_credit', true, 'duplicate', true), %s)", self.customer, amount, day)[0][0]

    def do_gift(self, day, amount, **_):
        self.sql("SELECT credit_enter(%s, %s, 'gift', %s)", self.customer, amount, day)

    def do_payout(self, day, amount, **_):
        self.sql("SELECT credit_enter(%s, %s, 'cash', %s)", self.customer, -amount, day)

    def do_reverse(self, day, lot):
        self.sql("SELECT payment_reverse(%s, 'reversal', NULL, %s)", self.payments[lot], day)

    def do_refund(self, day, lot, amount, reopen):
        if reopen:
            self.sql("SELECT payment_refund(%s, %s, %s, true, NULL, %s)", self.payments[lot], "%s %d" % (self.name, len(self.story)), amount, day)
        else:
            self.sql("SELECT payment_refund_by_hand(%s, jsonb_build_object('amount', %s, 'method', 'cash'), %s)",
                     self.payments[lot], amount, day)

    def do_promise(self, day, until, **_):
        self.sql("SELECT subscription_activate(%s, %s, NULL, %s)", self.sub, until, day)

    def do_suspend(self, day, **_):
        self.sql("SELECT subscription_suspend(%s, NULL, %s)", self.sub, day)

    def do_pause(self, day, until=None, **_):
        self.sql("SELECT subscription_pause(%s, %s, %s, NULL, %s)", self.sub, day, until, day)

    def do_resume(self, day, **_):
        self.sql("SELECT subscription_resume(%s, NULL, %s)", self.sub, day)

    def do_cancel(self, day, **_):
        self.sql("SELECT subscription_cancel(%s, NULL, %s)", self.sub, day)

    def do_days(self, day, days, **_):
        self.sql("SELECT subscription_days_add(%s, %s, 'year', %s)", self.sub, days, day)

    def do_change(self, day, package, **_):
        self.sql("SELECT subscription_change(%s, jsonb_build_object('package_id', %s::text, 'effective', 'now'), %s)",
                 self.sub, self.packages[package], day)

    def do_other(self, day, amount, due, **_):
        self.sql("SELECT invoice_create(jsonb_build_object('subscription_id', %s::text, 'kind', 'other', 'amount', %s, 'due_date', %s::text), %s)",
                 self.sub, amount, str(due), day)

    def do_cancel_invoice(self, day, invoice, waive):
        self.sql("SELECT invoice_cancel(%s, %s, %s)", self.bill(invoice), day, waive)

    def do_move_due(self, day, invoice, due):
        self.sql("SELECT invoice_update(%s, jsonb_build_object('due_date', %s::text), %s)", self.bill(invoice), str(due), day)

    # ---- the dice

    def lot(self):
        self.lots += 1
        return self.lots

    def live(self, day):
        if self.line.status == "cancelled":
            chances = ((0.03, self.pays), (0.01, self.undone), (0.01, self.refunded))
        else:
            chances = ((0.13, self.pays), (0.02, self.in_part), (0.01, self.too_much), (0.005, self.deposited), (0.005, self.given_money),
                       (0.005, self.paid_out), (0.04, self.promised), (0.01, self.paused), (0.02, self.given), (0.005, self.by_hand),
                       (0.02, self.undone), (0.01, self.refunded), (0.008, self.changed), (0.008, self.voided), (0.008, self.moved),
                       (0.006, self.charged), (0.001, self.ended), (0.2, self.resumed))
        for chance, make in chances:
            if self.dice.random() < chance:
                event = make(day)
                if event:
                    self.step(dict(event, day=day))

    def open_bill(self):
        return next((b for b in sorted(self.line.bills, key=lambda b: (b.due, b.serial)) if b.status in ("unpaid", "overdue")), None)

    def pays(self, _):
        bill = self.open_bill()
        return bill and {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": None, "surplus": False}

    def in_part(self, _):
        bill = self.open_bill()
        return bill and bill.outstanding > 1 and {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": bill.outstanding // 2,
                                                  "surplus": False}

    def too_much(self, _):
        bill = self.open_bill()
        return bill and {"op": "pay", "lot": self.lot(), "invoice": bill.key, "amount": 2 * bill.outstanding, "surplus": True}

    def deposited(self, _):
        return {"op": "deposit", "lot": self.lot(), "customer": 0, "amount": self.dice.choice((50000, 120000, 300000))}

    def given_money(self, _):
        return {"op": "gift", "lot": self.lot(), "customer": 0, "amount": self.dice.choice((1000, 60000))}

    def paid_out(self, _):
        credit = self.model.credit(0)
        return {"op": "payout", "customer": 0, "amount": self.dice.choice((credit // 2, credit, credit + 1))} if credit > 1 else None

    def promised(self, day):
        if self.line.reason == "debt" or self.line.status == "expired":
            return {"op": "promise", "sub": 0, "until": day + datetime.timedelta(days=self.dice.randrange(15))}
        return None

    def paused(self, day):
        until = self.dice.choice((None, day + datetime.timedelta(days=self.dice.randrange(20))))
        return self.line.status == "active" and {"op": "pause", "sub": 0, "until": until}

    def resumed(self, _):
        return self.line.reason == "pause" and self.line.pause_until is None and {"op": "resume", "sub": 0}

    def given(self, _):
        return {"op": "days", "sub": 0, "days": self.dice.choice((1, 2, 5, -1, -3))}

    def by_hand(self, _):
        return {"op": "suspend", "sub": 0}

    def payment(self):
        mine = [x for x in self.model.lots.values() if x.payment and not x.over and not x.taken]
        return self.dice.choice(mine) if mine else None

    def undone(self, _):
        lot = self.payment()
        return lot and {"op": "reverse", "lot": lot.number}

    def refunded(self, _):
        lot = self.payment()
        return lot and lot.amount > 1 and {"op": "refund", "lot": lot.number, "amount": lot.amount // self.dice.choice((1, 2)),
                                           "reopen": self.dice.random() < 0.5}

    def changed(self, _):
        return {"op": "change", "sub": 0, "package": 1 - self.line.package}

    def voided(self, _):
        bill = self.open_bill()
        return bill and {"op": "cancel_invoice", "invoice": bill.key, "waive": self.dice.random() < 0.5}

    def moved(self, day):
        bill = self.open_bill()
        return bill and {"op": "move_due", "invoice": bill.key, "due": day + datetime.timedelta(days=self.dice.randrange(6))}

    def charged(self, day):
        return {"op": "other", "sub": 0, "amount": 35000, "due": day + datetime.timedelta(days=self.dice.randrange(8))}

    def ended(self, _):
        return {"op": "cancel", "sub": 0}


class Town:
    """The homes of some seeds in one database: each day a night, unless it is missed, and what people do."""

    def __init__(self, seeds, connect, folder):
        self.dice = random.Random("town %s" % seeds)
        settings = {name: self.dice.choice(values) for name, values in SETTINGS.items()}
        print("settings %s" % settings)
        self.real = Real(connect, folder, settings)
        self.homes = [Home("s%d-%d" % (seed, n), random.Random("%d-%d" % (seed, n)), self.real, settings)
                      for seed in seeds for n in range(2 * len(KINDS) if len(seeds) == 1 else 5)]
        self.missed = 0
        self.differ = []

    def day(self, day):
        self.missed = self.missed - 1 if self.missed else self.dice.choice((1, 2, 3)) if self.dice.random() < 0.03 else 0
        begun = [home for home in self.homes if home.sub]
        if not self.missed:
            self.real.night(day)
        for home in begun:
            self.guarded(home, lambda home: self.live(home, day))
        for home in self.homes:
            if home.first == day:
                self.guarded(home, lambda home: home.begin(day))
        shown = self.real.states()
        for home in [home for home in self.homes if home.sub]:
            self.guarded(home, lambda home: self.compare(home, day, shown))

    def live(self, home, day):
        if not self.missed:
            home.story.append("%s night" % day)
            home.model.apply({"op": "run", "day": day})
        home.live(day)

    @staticmethod
    def compare(home, day, shown):
        assert shown[home.name] == home.shown(), "on %s\nsystem %s\nmodel  %s\n%s" % (day, shown[home.name], home.shown(), home.tell())

    def guarded(self, home, act):
        """Others go on, so that a run tells all that differs."""
        try:
            act(home)
        except AssertionError as error:
            self.differ.append(str(error))
            self.homes.remove(home)


def batches():
    if os.environ.get("ISP_SEED"):
        return [[int(os.environ["ISP_SEED"])]]
    return [list(range(n, n + TOGETHER)) for n in range(0, SEEDS, TOGETHER)]


@pytest.mark.parametrize("seeds", batches(), ids=lambda seeds: "seeds %d to %d" % (seeds[0], seeds[-1]))
def test_every_day_of_every_home_is_equal(cluster, seeds, tmp_path):  # noqa: F811
    town = Town(seeds, cluster.fresh(), str(tmp_path))
    for n in range(DAYS):
        town.day(FIRST + datetime.timedelta(days=n))
    assert not town.differ, "%d differ\n\n%s" % (len(town.differ), "\n\n".join(town.differ[:20]))
    assert town.real.rows("SELECT * FROM check_invariants()") == []
