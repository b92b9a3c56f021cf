"""The real system behind the events of the plain model (days.py): its database, over one connection.

    p = Product(conninfo, settings)
    p.apply({"day": D, "op": "run"})   -> "ok", "403", "409" or "422", as Model.apply()
    p.snapshot()                       -> what Model.snapshot() answers
    p.violations()                     -> what `ispctl check` says of money and days

Each event is the statement that the API sends for it (sql/queries), with the event's day in the place
of business_today(); a run is the steps of billing-cron in its order, each over all of its candidates.
Lines, bills and lots have the model's names; here they are found by uuid.
"""
import json

import psycopg2

from days import answer

# The steps as lib/billing runs them, with the run remembered so that it can be undone.
NIGHT = """
CREATE FUNCTION test_night(d date, force boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	run bigint;
	guard bigint := billing_guard();
	what text;
	found uuid[];
BEGIN
	INSERT INTO billing_runs (business_date, is_forced) VALUES (d, force) RETURNING id INTO run;
	PERFORM set_config('isp.run', run::text, true);
	FOREACH what IN ARRAY '{begin,renew,overdue,late,expire,suspend}'::text[] LOOP
		IF what = 'suspend' THEN
			PERFORM router_hold(d);
		END IF;
		found := ARRAY(SELECT id FROM billing_candidates(what, d) ORDER BY n);
		IF what NOT IN ('expire', 'suspend') OR force OR cardinality(found) <= guard THEN
			EXECUTE format('SELECT count(*) FROM billing_%s($1, $2) WHERE outcome = ''failed''', what) USING found, d;
		END IF;
	END LOOP;
	UPDATE billing_runs SET finished_at = now() WHERE id = run;
	RETURN run;
END $$"""
# The town's days are not the clock's.
AWAY = """
CREATE OR REPLACE FUNCTION routers_away() RETURNS TABLE (id uuid, name text, since date) LANGUAGE sql STABLE AS $$
	SELECT r.id, r.name, business_day(s.away_since) FROM router_states s JOIN router_settings r ON r.id = s.router_id
	WHERE r.is_active AND s.away_since IS NOT NULL $$"""
# Plans as the programs have them (lib/db/db_conn.c): with those of each call anew a year takes a third longer.
SESSION = "-c plan_cache_mode=force_generic_plan -c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1"
LINES = "SELECT id, status, suspend_reason, end_date::text, package_id FROM subscriptions"
BILLS = """
SELECT id, subscription_id, kind, status, amount, paid_amount, subtotal, discount, tax_amount, due_date::text, period_start::text, period_end::text
  FROM invoices ORDER BY seq"""


def status_of(error):
    """The HTTP status that the API answers for an error of the database."""
    code = error.pgcode or ""
    if code.startswith("IS"):
        return code[2:]
    raise error


class Product:
    def __init__(self, conninfo, **settings):
        self.db = psycopg2.connect(conninfo, options=SESSION)
        self.db.autocommit = True
        self.ids, self.names = {}, {}  # ("bill", "1/2") -> uuid, and back
        self.counts = {}               # bills of a line
        self.users = 0
        self.runs = []
        self.sql(NIGHT)
        self.sql(AWAY)
        self.sql("SET application_name = 'year'")
        if settings:
            self.sql("UPDATE settings SET " + ", ".join("%s = %%s" % k for k in settings), *settings.values())

    def close(self):
        self.db.close()

    def sql(self, text, *args):
        with self.db.cursor() as cursor:
            cursor.execute(text, args or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, text, *args):
        return self.sql(text, *args)[0][0]

    def apply(self, event):
        args = {k: v for k, v in event.items() if k not in ("day", "op")}
        try:
            return getattr(self, "op_" + event["op"])(event["day"], **args) or "ok"
        except psycopg2.Error as error:
            return status_of(error)
        except KeyError:
            return "404"  # a bill that only the model has issued

    def id(self, kind, name):
        if (kind, name) not in self.ids:
            self.bills()  # issued since they were looked at
        return self.ids[kind, name]

    def named(self, kind, name, ident):
        self.ids[kind, name] = ident
        self.names[ident] = name

    # ---- what is there

    def snapshot(self):
        return {"lines": self.lines(), "bills": self.bills(),
                "credit": {self.names[c]: credit for c, credit in self.sql("SELECT id, credit FROM customers")}}

    def lines(self):
        return {self.names[i]: {"status": status, "suspend_reason": reason, "end_date": end, "package": self.names[package]}
                for i, status, reason, end, package in self.sql(LINES)}

    def bills(self):
        found = {}
        for ident, line, kind, status, amount, paid, subtotal, discount, tax, due, first, last in self.sql(BILLS):
            found[self.bill(ident, self.names[line])] = {
                "kind": kind, "status": status, "amount": amount, "paid_amount": paid,
                "subtotal": subtotal, "discount": discount, "tax_amount": tax, "due_date": due,
                "period_start": first, "period_end": last}
        return found

    def bill(self, ident, line):
        """Its name; the n-th of its line, in the order of issue."""
        if ident not in self.names:
            self.counts[line] = self.counts.get(line, 0) + 1
            self.named("bill", "%d/%d" % (line, self.counts[line]), ident)
        return self.names[ident]

    def violations(self, whole=True):
        """whole: all that `ispctl check` looks at, else the law of money."""
        rows = self.sql("SELECT rule, subject, detail FROM check_invariants()" if whole else "SELECT 'money', * FROM check_money()")
        return ["%s: %s: %s" % row for row in rows]

    # ---- a run

    def op_run(self, day, force=False):
        self.runs.append(self.one("SELECT test_night(%s, %s)", day, force))

    def op_undo_run(self, day):
        if not self.runs:
            return "409"
        self.sql("SELECT billing_run_undo(%s, %s)", self.runs.pop(), day)
        return None

    # ---- routers

    def router(self, number):
        if ("router", number) not in self.ids:
            self.named("router", number, self.one(
                "INSERT INTO router_settings (name, host, port, username, is_active) VALUES ('Router ' || %s, '127.0.0.9', %s, 'api', true)"
                " RETURNING id", number, number % 65000 + 1))
        return self.id("router", number)

    def op_away(self, day, router):
        self.sql("SELECT router_broken(%s, 'x', 10, false)", self.router(router))
        self.sql("UPDATE router_states SET away_since = %s::date - interval '5 hours' WHERE router_id = %s", day, self.router(router))

    def op_back(self, day, router):
        self.sql("SELECT router_healthy(%s, '7.1')", self.router(router))

    # ---- packages, customers, lines

    def op_package(self, day, package, price, unit, length):
        ident = self.one("INSERT INTO packages (name, bandwidth, price, period_unit, validity_days, validity_months)"
                         " VALUES ('Package ' || %s, '10M/10M', %s, %s, %s, %s) RETURNING id",
                         package, price, unit, length if unit == "day" else 30, length if unit == "month" else 1)
        self.named("package", package, ident)

    def op_price(self, day, package, price):
        self.sql("UPDATE packages SET price = %s WHERE id = %s", price, self.id("package", package))

    def op_customer(self, day, customer, exempt=False):
        self.named("customer", customer, self.one(
            "INSERT INTO customers (name, tax_exempt) VALUES ('Customer ' || %s, %s) RETURNING id", customer, exempt))

    def op_create(self, day, sub, customer, package, cycle, mode, policy, auto_renew, dates, billed=False, router=None,
                  billing=None):
        self.users += 1
        body = {"customer_id": self.id("customer", customer), "package_id": self.id("package", package),
                "mikrotik_username": "u%d" % self.users, "mikrotik_password": "x", "cycle": cycle, "mode": mode,
                "late_policy": policy, "auto_renew": auto_renew, "issue_invoice": billed or not dates, "billing_day": billing}
        if router:
            body["router_id"] = self.router(router)
        if dates:
            body.update(start_date=dates[0].isoformat(), end_date=dates[1].isoformat())
        self.named("line", sub, self.one("SELECT subscription_create(%s, %s)", json.dumps(body), day))

    def line(self, sub):
        return self.id("line", sub)

    def op_promise(self, day, sub, until):
        self.sql("SELECT subscription_activate(%s, %s, NULL, %s)", self.line(sub), until, day)

    def op_suspend(self, day, sub):
        self.sql("SELECT subscription_suspend(%s, NULL, %s)", self.line(sub), day)

    def op_pause(self, day, sub, first=None, until=None):
        self.sql("SELECT subscription_pause(%s, %s, %s, NULL, %s)", self.line(sub), first, until, day)

    def op_resume(self, day, sub):
        self.sql("SELECT subscription_resume(%s, NULL, %s)", self.line(sub), day)

    def op_cancel(self, day, sub):
        self.sql("SELECT subscription_cancel(%s, NULL, %s)", self.line(sub), day)

    def op_days(self, day, sub, days):
        self.sql("SELECT subscription_days_add(%s, %s, NULL, %s)", self.line(sub), days, day)

    def op_change(self, day, sub, package, effective="now", prorate=None):
        body = {"package_id": self.id("package", package)}
        if prorate is None:
            self.sql("SELECT subscription_update(%s, %s, %s)", self.line(sub), json.dumps(body), day)
            return None
        done = self.seen_first("subscription_change_answer", sub, dict(body, effective=effective, prorate=prorate), day)
        return answer(effective_from=done["effective_from"], amount=done["amount"] or 0, credit=done["credit"] or 0, end_date=done["end_date"],
                      lines=[(line["kind"], line["amount"]) for line in done["lines"]])

    def op_prepay(self, day, sub, periods, discount):
        done = self.seen_first("subscription_prepay_answer", sub, {"periods": periods, "discount": discount}, day)
        return answer(**{k: v for k, v in done.items() if k in ("amount", "period_start", "period_end", "due_date", "status", "kind")})

    def seen_first(self, function, sub, body, day):
        """Asked what it would do, then done: it must be that."""
        call = "SELECT %s(%%s, %%s, %%s)" % function
        shown = self.one(call, self.line(sub), json.dumps(dict(body, dry_run=True)), day)
        done = self.one(call, self.line(sub), json.dumps(dict(body, dry_run=False)), day)
        for kept in (shown, done):
            kept.pop("id", None)
        assert shown == done, (shown, done)
        return done

    # ---- bills

    def op_item(self, day, item, sub, start, **body):
        given = {k: v for k, v in dict(body, text="Item").items() if v is not None}
        given["from"] = start.isoformat()
        self.named("item", item, (self.one("SELECT item_create(%s, %s, %s)", self.line(sub), json.dumps(given), day), sub))

    def op_item_remove(self, day, item):
        ident, sub = self.id("item", item)
        self.sql("SELECT item_remove(%s, %s)", self.line(sub), ident)

    def op_charge(self, day, customer, sub, due, **body):
        given = dict(body, text="Charge")
        if sub is not None:
            given["subscription_id"] = self.line(sub)
        if due is not None:
            given["due_date"] = due.isoformat()
        self.sql("SELECT charge_create(%s, %s, %s)", self.id("customer", customer), json.dumps(given), day)

    def op_other(self, day, sub, amount, due):
        body = {"subscription_id": self.line(sub), "kind": "other", "amount": amount, "due_date": due.isoformat()}
        self.sql("SELECT invoice_create(%s, %s)", json.dumps(body), day)

    def op_cancel_invoice(self, day, invoice, waive):
        self.sql("SELECT invoice_cancel(%s, %s, %s)", self.id("bill", invoice), day, waive)

    def op_move_due(self, day, invoice, due):
        self.sql("SELECT invoice_update(%s, %s, %s)", self.id("bill", invoice), json.dumps({"due_date": due.isoformat()}), day)

    # ---- money

    def book(self, day, lot, **body):
        given = {k: v for k, v in body.items() if v is not None}
        self.named("lot", lot, self.one("SELECT payment_id FROM payment_book(%s, %s)", json.dumps(dict(given, duplicate=True)), day))

    def op_pay(self, day, lot, invoice, amount, surplus):
        self.book(day, lot, invoice_id=self.id("bill", invoice), amount=amount, surplus_to_credit=surplus)

    def op_gateway(self, day, lot, invoice, amount, scope="bill"):
        bill = self.id("bill", invoice)
        bills = [row[0] for row in self.sql("SELECT id FROM invoice_scope(%s, %s)", bill, scope)]
        self.book(day, lot, invoice_id=bill, amount=amount, bills=bills, source="midtrans", reference="lot %d" % lot)

    def op_deposit(self, day, lot, customer, amount):
        self.book(day, lot, customer_id=self.id("customer", customer), amount=amount)

    def op_reverse(self, day, lot):
        self.sql("SELECT payment_reverse(%s, 'reversal', NULL, %s)", self.id("lot", lot), day)

    def op_undo(self, day, lot):
        self.sql("SELECT payment_reverse(%s, 'chargeback', NULL, %s)", self.id("lot", lot), day)

    def op_refund(self, day, lot, amount, reopen=False):
        self.sql("SELECT payment_refund(%s, gen_random_uuid()::text, %s, %s, NULL, %s, 'cash')", self.id("lot", lot), amount, reopen, day)

    def op_gift(self, day, lot, customer, amount):
        self.sql("SELECT credit_enter(%s, %s, 'gift', %s)", self.id("customer", customer), amount, day)

    def op_payout(self, day, customer, amount):
        self.sql("SELECT credit_enter(%s, %s, 'payout', %s)", self.id("customer", customer), -amount, day)
