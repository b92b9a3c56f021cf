"""Homes whose bills are paid online, posted to the real system and to the model alike.

    Home      a customer, one or two subscriptions, invoices; what people did to them (setup)
    Street    makes homes, payment pages and histories; reads the ledger; compares
    settle()  fills streets with homes, in the two weeks of nights before TODAY

A home's books() plays its setup into a fresh model (test/model/midtrans.py). The ledger's actions
are read in the order in which they were done, from a table that triggers fill while the customer
is locked: created_at says when a transaction began, not when it had its turn.
"""
import collections
import datetime
import http.client
import json
import os
import sys

import psycopg2.extras

import isp
from rough import HEADERS, WEBHOOK

sys.path.insert(0, os.path.join(isp.TOP, "test", "model"))
import midtrans as model  # noqa: E402

TODAY = "2026-03-02"
VALIDITY = 10
LEAD = 3
PRICES = (150000, 99999)
# Days before TODAY. New lines: a bill due later, due, overdue within grace, cut last night, long cut;
# lines paid to some day: their second bill is open, or they were cut for it.
SIGN_UPS = (0, 3, 4, 5, 6, 8, 14)
FINDABLE = ("qris gopay shopeepay bca_va bni_va bri_va permata_va cimb_va echannel credit_card indomaret "
            "alfamart").split()
METHODS = FINDABLE + "dana danamon_va bsi_va seabank_va saqu_va credit_card credit_card".split()
REVERSIBLE = ("permata_va", "echannel", "indomaret")
REFUNDABLE = {"qris": "any", "gopay": "any", "shopeepay": "full", "dana": "any", "credit_card": "any"}

WITNESS = """
CREATE TABLE IF NOT EXISTS test_actions (n bigint GENERATED ALWAYS AS IDENTITY, what text, id uuid);
CREATE OR REPLACE FUNCTION test_action() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO test_actions (what, id) VALUES (TG_TABLE_NAME, NEW.id);
	RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER test_action AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION test_action();
CREATE OR REPLACE TRIGGER test_action AFTER INSERT ON payment_reversals FOR EACH ROW EXECUTE FUNCTION test_action();
CREATE OR REPLACE TRIGGER test_action AFTER INSERT ON refunds FOR EACH ROW EXECUTE FUNCTION test_action();
CREATE OR REPLACE TRIGGER test_action AFTER UPDATE ON invoices FOR EACH ROW
	WHEN (OLD.status <> 'cancelled' AND NEW.status = 'cancelled') EXECUTE FUNCTION test_action();
"""
ACTIONS = """
SELECT d.n, d.what, coalesce(p.id, i.id) AS id, coalesce(p.customer_id, i.customer_id) AS customer,
       coalesce(p.invoice_id, i.id) AS invoice, p.source, p.midtrans_transaction_id AS transaction,
       coalesce(f.amount, v.amount, p.amount) AS amount, f.reopen, f.refund_id
  FROM test_actions d
  LEFT JOIN payment_reversals v ON d.what = 'payment_reversals' AND v.id = d.id
  LEFT JOIN refunds f ON d.what = 'refunds' AND f.id = d.id
  LEFT JOIN payments p ON p.id = CASE d.what WHEN 'payments' THEN d.id ELSE coalesce(v.payment_id, f.payment_id) END
  LEFT JOIN invoices i ON d.what = 'invoices' AND i.id = d.id
 WHERE coalesce(p.customer_id, i.customer_id) = ANY(%s::uuid[]) ORDER BY d.n"""
SUBSCRIPTIONS = """
SELECT id, customer_id AS customer, status, suspend_reason AS reason, end_date::text AS "end"
  FROM subscriptions WHERE customer_id = ANY(%s::uuid[]) ORDER BY seq"""
INVOICES = """
SELECT id, subscription_id AS sub, customer_id AS customer, status, amount, paid_amount AS paid, due_date::text AS due
  FROM invoices WHERE customer_id = ANY(%s::uuid[]) ORDER BY seq"""
CREDITS = "SELECT id AS customer, credit FROM customers WHERE id = ANY(%s::uuid[])"


def date(plus=0):
    return datetime.date.fromisoformat(isp.day(TODAY, plus))


class Home:
    """simple: one renewing line with one bill, so that the order of messages hardly ever matters."""

    def __init__(self, number, simple):
        self.number, self.simple, self.customer = number, simple, None
        self.setup, self.subs, self.invoices = [], [], {}  # invoices: id -> key
        self.orders = collections.OrderedDict()            # order_id -> (invoice id, amount)
        self.reported = {}                                     # message id -> body, as far as delivered
        self.lots, self.mark = 0, 0                        # actions up to mark are of the setup
        self.meddled = False                               # people act while messages arrive
        self.story = []

    def event(self, op, day=None, **args):
        self.setup.append(dict(args, day=day or date(), op=op))

    def lot(self):
        self.lots += 1
        return self.lots

    def books(self):
        books = model.Books(lead_days=LEAD)
        for event in self.setup:
            assert books.apply(event) == "ok", event
        return books


def shown(books):
    """The values compared: of subscriptions, of invoices by key, credit."""
    return {"subs": [(s.status, s.reason, s.end.isoformat()) for s in books.lines.values()],
            "invoices": {b.key: (b.status, b.amount, b.paid, b.due.isoformat()) for b in books.bills.values()},
            "credit": books.credit(0)}


class Street:
    def __init__(self, stack, gate, methods=METHODS, closer="webhook"):
        self.stack, self.gate, self.methods, self.closer = stack, gate, methods, closer
        self.api = stack.client()
        self.homes = []
        self.packages = [self.api.make("/api/packages", {
            "name": isp.unique("Street "), "bandwidth": "10M/10M", "price": price, "validity_days": VALIDITY})["id"]
            for price in PRICES]
        self.db = stack.connect(cursor_factory=psycopg2.extras.RealDictCursor)
        self.db.autocommit = True
        self.sql(WITNESS)
        self.api.put("/api/settings", {"suspend_guard": 1000000, "lead_days": LEAD}).want(200)
        gate.post("/notify", hold=True, url=stack.url + WEBHOOK)

    def close(self):
        self.db.close()
        self.api.close()

    def sql(self, text, *args):
        with self.db.cursor() as cursor:
            cursor.execute(text, args or None)
            return cursor.fetchall() if cursor.description else []

    # ---- homes

    def home(self, dice, ago):
        """A customer who signs up for one or two lines, so many days before TODAY.

        Every fourth home is simple: how many bear the causal comparison is not left to chance."""
        home = Home(len(self.homes), len(self.homes) % 4 == 0)
        home.customer = self.api.make("/api/customers", {"name": isp.unique("Home ")})["id"]
        home.event("customer", customer=0)
        for number, price in enumerate(PRICES):
            home.event("package", package=number, price=price, unit="day", length=VALIDITY)
        for number in range(1, 3 if dice.random() < 0.25 and not home.simple else 2):
            self.subscribe(home, number, dice, ago)
        self.homes.append(home)

    def subscribe(self, home, number, dice, ago):
        day, package, renews = date(-ago), dice.randrange(len(PRICES)), dice.random() < 0.85 or home.simple
        policy = dice.choice(("give_back", "give_back", "restart", "keep"))
        dates, billed = self.dates(dice, ago, renews, home.simple)
        sub = self.api.make("/api/subscriptions", dict({
            "customer_id": home.customer, "package_id": self.packages[package], "mikrotik_username": isp.unique("home"),
            "mikrotik_password": "pw", "auto_renew": renews, "late_policy": policy, "issue_invoice": billed or not dates},
            **({"start_date": dates[0].isoformat(), "end_date": dates[1].isoformat()} if dates else {})))
        home.subs.append(sub["id"])
        home.event("create", day, sub=number, customer=0, package=package, cycle="rolling", mode="prepaid",
                   policy=policy, auto_renew=renews, dates=dates, billed=billed)
        if dice.random() < 0.25 and not home.simple:
            due = day + datetime.timedelta(days=5)
            self.api.make("/api/invoices", {"subscription_id": sub["id"], "kind": "other", "amount": 35000,
                                            "due_date": due.isoformat()})
            home.event("other", day, sub=number, amount=35000, due=due)

    @staticmethod
    def dates(dice, ago, renews, simple):
        """(first and last day, whether they are billed), or no dates: a whole first bill. All have some bill."""
        if renews and ago > VALIDITY - LEAD and dice.random() < 0.7:
            return (date(-ago), date(VALIDITY - 1 - ago)), False
        if dice.random() < 0.5 or simple:
            return None, False
        first = -ago - dice.choice((0, 0, VALIDITY, 3 * VALIDITY))
        return (date(first), date(first + dice.choice((VALIDITY, VALIDITY + 1, 4)) - 1)), True

    def keys(self):
        """After the last night both sides know the same invoices."""
        for home in self.homes:
            self.name_invoices(home)
        self.compare_states(self.homes, {home.number: home.books() for home in self.homes})

    def name_invoices(self, home):
        """Also those that a cancelled bill brought since: its period is billed again."""
        counts = collections.Counter()
        for row in self.sql(INVOICES, [home.customer]):
            number = home.subs.index(row["sub"]) + 1
            counts[number] += 1
            home.invoices[row["id"]] = "%d/%d" % (number, counts[number])

    # ---- pages, and what people do once they exist

    def pages(self, home, dice):
        """Up to three orders for each open invoice; between them the customer lets one expire."""
        client = isp.Client(self.stack.url, self.api.token, source="127.8.%d.%d" % divmod(home.number + 1, 250))
        for invoice, key in home.invoices.items():
            if home.books().bills[key].status not in model.days.OPEN or dice.random() < 0.1:
                continue
            for left in range(dice.choice((1, 1, 1, 2, 2, 3)) - 1, -1, -1):
                order = self.page(client, home, invoice)
                if left:
                    self.let_expire(client, home, order, dice)
        client.close()
        self.people(home, dice)
        home.mark = self.sql("SELECT coalesce(max(n), 0) AS n FROM test_actions")[0]["n"]

    def page(self, client, home, invoice):
        got = client.post("/api/midtrans/create-token", {"invoice_id": invoice}).want(200).json
        order = got["order_id"]
        assert order not in home.orders, "%s again, though it expired" % order
        amount = self.gate.talk("GET", "/orders/" + order)[1]["gross_amount"]
        assert amount == home.books().bills[home.invoices[invoice]].outstanding, (home.story, order, amount)
        home.orders[order] = (invoice, amount)
        return order

    def let_expire(self, client, home, order, dice):
        self.act(home, "choose", order, method=dice.choice([m for m in self.methods if m in FINDABLE and m != "credit_card"]))
        self.act(home, "expire", order)
        if self.closer == "webhook":
            for body in self.fresh([home]):
                client.raw("POST", WEBHOOK, body, HEADERS).want(200)
        else:
            client.get("/api/midtrans/status/" + order).want(200)

    def people(self, home, dice):
        """Cash in full or in part, a cancelled invoice or subscription: the pages stay payable."""
        for invoice, key in home.invoices.items():
            owed = home.books().bills[key]
            roll = dice.random()
            if owed.status not in model.days.OPEN or roll > 0.3:
                continue
            if roll < 0.08:
                self.api.post("/api/invoices/%s/mark-paid" % invoice, {"method": "cash"}).want(200)
                home.event("pay", lot=home.lot(), invoice=key, amount=None, surplus=False)
            elif roll < 0.2:
                self.api.post("/api/invoices/%s/mark-paid" % invoice, {"method": "cash", "amount": 20000}).want(200)
                home.event("pay", lot=home.lot(), invoice=key, amount=20000, surplus=False)
            elif owed.paid == 0:
                self.api.delete("/api/invoices/" + invoice).want(204)
                home.event("cancel_invoice", invoice=key, waive=False)
        if dice.random() < 0.06:
            self.api.post("/api/subscriptions/%s/cancel" % home.subs[0]).want(200)
            home.event("cancel", sub=1)

    def meddler(self, home, dice):
        """A job for deliver(): somebody marks an invoice paid, or cancels it, in the midst of it all."""
        home.meddled = True
        invoice = dice.choice(list(home.invoices))
        if dice.random() < 0.5:
            path, method, body = "/api/invoices/%s/mark-paid" % invoice, "POST", {"method": "cash"}
        else:
            path, method, body = "/api/invoices/" + invoice, "DELETE", None
        headers = {"Authorization": "Bearer " + self.api.token, "Content-Type": "application/json",
                   "Idempotency-Key": isp.unique("meddle-")}

        def job(client, _):
            try:
                answer = client.raw(method, path, json.dumps(body) if body else None, headers).sound()
            except (OSError, http.client.HTTPException):
                return False
            if answer.status in (502, 503, 504):
                return False
            answer.want(200, 204, 409)
            return True
        return job

    # ---- histories

    def act(self, home, act, order, **more):
        """The transaction; None where the rules do not allow it just now (a page was cancelled)."""
        body = dict(more, act=act, **({} if "transaction_id" in more else {"order_id": order}))
        status, answer = self.gate.talk("POST", "/act", body, statuses=(200, 409))
        home.story.append((order, act, more, answer.get("transaction_status", answer.get("message"))))
        return answer if status == 200 else None

    def history(self, home, order, dice):
        """The acts of a customer, a bank and Midtrans about one order."""
        past = self.gate.transactions(order)
        roll = dice.random()
        if past and past[-1]["transaction_status"] == "expire":
            if roll < 0.5:
                self.settle_late(home, order, past[-1], dice)
            return
        if roll < 0.08:
            return
        if roll < 0.35 and not self.fail(home, order, dice):
            return
        self.pay(home, order, dice)

    def fail(self, home, order, dice):
        """An attempt that comes to nothing; whether the customer tries again."""
        method = dice.choice(self.methods)
        if dice.random() < 0.4:
            self.act(home, "refuse", order, method=method)
            return dice.random() < 0.7
        t = self.act(home, "choose", order, method=method)
        if t and method != "credit_card":
            end = dice.choice(("expire", "cancel", "failure"))
            self.act(home, end, order, transaction_id=t["transaction_id"])
            if dice.random() < 0.3:
                self.settle_late(home, order, t, dice)
                return False
        return dice.random() < 0.5

    def settle_late(self, home, order, t, dice):
        done = self.act(home, "settle", order, transaction_id=t["transaction_id"], force=True)
        if done:
            self.aftermath(home, order, done, dice)

    def pay(self, home, order, dice):
        method = dice.choice(self.methods)
        if dice.random() < 0.15:
            self.gate.post("/fee", amount=2500, **{"as": dice.choice(("string", "number"))})
        t = self.act(home, "choose", order, method=method)
        self.gate.post("/fee", amount=0)
        if t is None or dice.random() < 0.08:
            return
        name = {"transaction_id": t["transaction_id"]}
        if method == "credit_card":
            t = self.pay_by_card(home, order, name, dice)
        else:
            t = self.act(home, "pay", order, **name)
        if t and t["transaction_status"] == "settlement":
            self.aftermath(home, order, t, dice)

    def pay_by_card(self, home, order, name, dice):
        if dice.random() < 0.3:
            self.act(home, "challenge", order, **name)
            then = dice.choice(("accept", "accept", "refuse", None))
            if then != "accept":
                return self.act(home, then, order, **name) if then else None
            self.act(home, "accept", order, **name)
        else:
            self.act(home, "pay", order, **name)
        then = dice.choice(("settle", "settle", "void", None))
        return self.act(home, then, order, **name) if then else None

    def aftermath(self, home, order, t, dice):
        name, method = {"transaction_id": t["transaction_id"]}, t["method"]
        roll = dice.random()
        if roll < 0.25 and method in REVERSIBLE:
            self.act(home, "reverse", order, **name)
            if dice.random() < 0.4:
                self.pay(home, order, dice)
        elif roll < 0.5 and method in REFUNDABLE:
            self.refunds(home, order, t, name, dice)
        elif 0.5 <= roll < 0.65:
            for _ in range(dice.choice((0, 0, 1, 2))):
                self.act(home, "chargeback", order, amount=t["gross_amount"] * dice.randrange(10, 45) // 100, **name)
            if dice.random() < 0.6:
                self.act(home, "chargeback", order, **name)

    def refunds(self, home, order, t, name, dice):
        if REFUNDABLE[t["method"]] == "any":
            for _ in range(dice.randrange(3)):
                self.act(home, "refund", order, amount=t["gross_amount"] * dice.randrange(5, 40) // 100, **name)
        if REFUNDABLE[t["method"]] == "full" or dice.random() < 0.5:
            self.act(home, "refund", order, **name)

    # ---- messages

    def fresh(self, homes):
        """Bodies not delivered yet, as bytes."""
        found = []
        for home in homes:
            for order in home.orders:
                for message in self.gate.messages(order):
                    if message["id"] not in home.reported:
                        home.reported[message["id"]] = message["body"]
                        found.append(json.dumps(message["body"]).encode())
        return found

    def quiet(self, seconds=30):
        """Nothing is left to ask Midtrans about."""
        isp.wait_until(lambda: not self.sql("SELECT kind, last_error FROM midtrans_jobs WHERE done_at IS NULL"),
                       seconds, "gateway-sync's jobs done")

    # ---- comparing

    def compare(self, homes):
        """Each transaction in its ledger, the ledger's actions in their order, the causal reader."""
        actions = collections.defaultdict(list)
        for action in self.sql(ACTIONS, [home.customer for home in homes]):
            actions[action["customer"]].append(action)
        books = {}
        for home in homes:
            self.name_invoices(home)
            mine = [d for d in actions[home.customer] if d["n"] > home.mark]
            self.compare_ledger(home, mine)
            books[home.number] = self.replay(home, mine)
        self.compare_states(homes, books)
        causal = {home.number: self.causal(home) for home in homes}
        certain = [home for home in homes if not home.meddled and self.is_certain(home, causal[home.number])]
        self.compare_states(certain, {home.number: causal[home.number].books for home in certain})
        return len(certain)

    def compare_ledger(self, home, actions):
        booked = {d["transaction"]: d for d in actions if d["what"] == "payments" and d["source"] == "midtrans"}
        payments = [d for d in actions if d["what"] == "payments" and d["source"] == "midtrans"]
        assert len(booked) == len(payments), "a transaction booked twice: %r\n%s" % (payments, story_of(home))
        known = {t["transaction_id"]: t for order in home.orders for t in self.gate.transactions(order)}
        assert set(booked) <= set(known), "money from nowhere: %r" % (set(booked) - set(known))
        for name, t in known.items():
            want = model.standing(t)
            self.compare_standing(home, t, want, booked.get(name), actions)

    def compare_standing(self, home, t, want, payment, actions):
        what = "%s is %s at Midtrans, in the ledger: %r\n%s" % (
            t["transaction_id"], t["transaction_status"], payment, story_of(home))
        if payment is None:
            assert not want.booked, what
            return
        assert want.booked is not False and payment["amount"] == want.amount, what
        of = [d for d in actions if d["id"] == payment["id"]]
        reversals = [d for d in of if d["what"] == "payment_reversals"]
        refunds = {d["refund_id"]: d["amount"] for d in of if d["what"] == "refunds" and not d["reopen"]}
        taken = sum(d["amount"] for d in of if d["what"] == "refunds" and d["reopen"])
        if want.booked is None:
            assert len(reversals) == 1 and not refunds, "%s\n%r" % (what, of)
        else:
            assert not reversals, "%s\n%r" % (what, reversals)
            assert sorted(refunds.values()) == sorted(want.refunds.values()), "%s\n%r, %r" % (what, refunds, want)
            assert taken == want.taken, "%s\n%d taken, %r" % (what, taken, want)

    def replay(self, home, actions):
        books, lots = home.books(), {}
        for action in actions:
            event = self.event_of(home, action, lots)
            answer = books.apply(dict(event, day=date()))
            assert answer == "ok", "the ledger did what the rules refuse: %r %r\n%s" % (event, answer, story_of(home))
        assert books.violations() == []
        return books

    @staticmethod
    def event_of(home, action, lots):
        what = action["what"]
        if what == "invoices":
            return {"op": "cancel_invoice", "invoice": home.invoices[action["id"]], "waive": False}
        if what == "payments":
            lots[action["id"]] = home.lots + len(lots) + 1
            event = {"lot": lots[action["id"]], "invoice": home.invoices[action["invoice"]], "amount": action["amount"]}
            if action["source"] == "manual":
                return dict(event, op="pay", surplus=False)
            return dict(event, op="gateway")
        if what == "refunds":
            return {"op": "refund", "lot": lots[action["id"]], "amount": action["amount"], "reopen": action["reopen"]}
        return {"op": "undo", "lot": lots[action["id"]]}

    def causal(self, home):
        """All that was announced, as it happened."""
        reader = model.Reader(home.books(), date(), home.lots + 1)
        for order, (invoice, amount) in home.orders.items():
            reader.order(order, home.invoices[invoice], amount)
        everything = [m for order in home.orders for m in self.gate.messages(order)]
        for message in sorted(everything, key=lambda m: m["id"]):
            reader.process(message["body"])
        return reader

    @staticmethod
    def is_certain(home, reader):
        seen = reader.seen.values()
        return model.is_order_irrelevant(reader.books, 0, date(), refunded=any(t.refunds for t in seen),
                                         undone=any(t.over or t.charged for t in seen))

    def compare_states(self, homes, books):
        keys = [home.customer for home in homes]
        subs, invoices = collections.defaultdict(list), collections.defaultdict(dict)
        by_customer = {home.customer: home for home in homes}
        for row in self.sql(SUBSCRIPTIONS, keys):
            subs[row["customer"]].append((row["status"], row["reason"], row["end"]))
        for row in self.sql(INVOICES, keys):
            key = by_customer[row["customer"]].invoices[row["id"]]
            invoices[row["customer"]][key] = (row["status"], row["amount"], row["paid"], row["due"])
        credits = {row["customer"]: row["credit"] for row in self.sql(CREDITS, keys)}
        wrong = []
        for home in homes:
            real = {"subs": subs[home.customer], "invoices": invoices[home.customer], "credit": credits[home.customer]}
            want = shown(books[home.number])
            if real != want:
                wrong.append("home %d: the system says\n%r\nthe model\n%r\n%s" % (home.number, real, want, story_of(home)))
        assert not wrong, "\n".join(wrong)


def settle(stack, wanted, dice):
    """wanted: (street, how many homes). They sign up on the days of SIGN_UPS; every night is run."""
    due = [(dice.choice(SIGN_UPS), street) for street, homes in wanted for _ in range(homes)]
    for ago in range(max(SIGN_UPS), -1, -1):
        if ago in SIGN_UPS:
            stack.today(date(-ago).isoformat())
        for street in [street for day, street in due if day == ago]:
            street.home(dice, ago)
        stack.cron(date(-ago).isoformat())
        for home in [home for street, _ in wanted for home in street.homes]:
            home.event("run", date(-ago))
    for street, _ in wanted:
        dice.shuffle(street.homes)
        street.keys()


def story_of(home):
    """All that is known of a home, for a failure."""
    lines = ["customer %s" % home.customer] + ["  %r" % {k: str(v) for k, v in event.items()} for event in home.setup]
    return "\n".join(lines + ["  %r" % (step,) for step in home.story])
