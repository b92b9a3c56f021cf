"""64 clients create subscriptions, mark invoices paid and run the nightly billing, all at once,
while workers are killed and PostgreSQL is restarted.  No request hangs; afterwards every invariant
holds, and the router holds exactly what the database wants.

10 s, with ISP_SOAK=1 30 s, and longer where the machine is too busy for ENOUGH of each act.  ISP_SEED=n repeats the choices (not the timing) of an earlier run."""
import collections
import http.client
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

import isp

SECONDS = 30 if isp.SOAK else 10
LONGEST_FRAY = 90
ENOUGH = {("create", 201): 101, ("pay", 200): 51, ("run", 0): 2}  # acts that succeeded, at least
BUYERS, PAYERS, RUNS = 30, 30, 4  # 64 together
LONGEST = 15.0                    # seconds no request may exceed
TODAY = "2026-03-02"
DRAIN = 120


@pytest.fixture(scope="module")
def router():
    with isp.Sim() as sim:
        yield sim


@pytest.fixture(scope="module")
def system(router):
    stack = isp.Stack("hammer", {"APP_TODAY": TODAY})
    try:
        stack.up()
        stack.client().make("/api/router-settings", router.as_router("Anvil"))
        yield stack
    finally:
        stack.down()


class Fray:
    """State that the clients share, and their findings."""

    def __init__(self, system, seed):
        self.system, self.seed = system, seed
        self.token = system.client().token
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.unpaid = collections.deque()
        self.paid = {}       # invoice id -> idempotency key, for those whose 200 we have seen
        self.created = set() # user names whose 201 we have seen
        self.statuses = collections.Counter()
        self.slowest = 0.0
        self.wrong = []
        town = isp.Town(isp.Client(system.url, self.token))
        self.packages = [town.package(price=price, validity_days=days)["id"]
                         for price, days in ((150000, 30), (99000, 7), (0, 30))]
        self.customers = [town.customer()["id"] for _ in range(40)]

    def note(self, what, answer, allowed):
        with self.lock:
            self.statuses[what, answer.status] += 1
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status not in allowed:
                self.wrong.append(repr(answer))

    def guard(self, body, number):
        """A thread's life: whatever goes wrong in it is a finding."""
        dice = random.Random("%s %d" % (self.seed, number))
        client = isp.Client(self.system.url, self.token, timeout=LONGEST)
        try:
            while not self.over.is_set():
                body(client, dice)
                time.sleep(dice.random() * 0.04)
        except (AssertionError, OSError, http.client.HTTPException, KeyError, ValueError) as failure:
            with self.lock:
                self.wrong.append("%s: %r" % (body.__name__, failure))
        finally:
            client.close()

    def buy(self, client, dice):
        start = isp.day(TODAY, -dice.randrange(40))
        name = isp.unique("h")
        body = {"customer_id": dice.choice(self.customers), "package_id": dice.choice(self.packages),
                "mikrotik_username": name, "mikrotik_password": "pw", "start_date": start,
                "end_date": isp.day(start, 29), "issue_invoice": dice.random() < 0.7}
        answer = client.call("POST", "/api/subscriptions", body)
        self.note("create", answer, (201, 502, 503))
        if answer.status == 201:
            self.created.add(name)
            if body["issue_invoice"] or dice.random() < 0.3:
                self.look(client, answer.json["id"])

    def look(self, client, sub):
        answer = client.get("/api/invoices", subscription_id=sub)
        self.note("list", answer, (200, 502, 503))
        if answer.status == 200:
            self.unpaid.extend(i["id"] for i in answer.json["data"] if i["status"] != "paid")

    def pay(self, client, dice):
        try:
            invoice = self.unpaid.popleft()
        except IndexError:
            answer = client.get("/api/invoices", status=dice.choice(("unpaid", "overdue")), per_page=50)
            self.note("list", answer, (200, 502, 503))
            if answer.status == 200:
                rows = answer.json["data"]
                dice.shuffle(rows)
                self.unpaid.extend(i["id"] for i in rows[:10])
            return
        key = isp.unique("key-") if dice.random() < 0.7 else None
        for _ in range(3):  # without an answer nobody knows: the same key asks again
            answer = client.call("POST", "/api/invoices/%s/mark-paid" % invoice, {"method": "cash"},
                                 {"Idempotency-Key": key} if key else None)
            self.note("pay", answer, (200, 409, 502, 503))
            if answer.status == 200:
                assert answer.json["status"] == "paid", repr(answer)
                self.paid.setdefault(invoice, key)
            if answer.status in (200, 409) or not key:
                return

    def run(self, _, dice):
        """A day up to five ahead; it cuts more lines at once than the guard of the night would let it."""
        date = isp.day(TODAY, dice.randrange(6))
        began = time.monotonic()
        done = subprocess.run([os.path.join(isp.BUILD, "bin", "billing-cron"), "--env",
                               os.path.join(self.system.dir, "isp.env"), "--date", date, "--ahead", "--force"],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        with self.lock:
            self.statuses["run", done.returncode] += 1
            if done.returncode not in (0, 75):
                self.wrong.append("billing-cron --date %s: status %d after %.1f s: %s" % (
                    date, done.returncode, time.monotonic() - began, done.stderr[-600:]))

    def enough(self):
        with self.lock:
            return all(self.statuses[act] >= least for act, least in ENOUGH.items())

    def kill(self, dice):
        """Workers die at random; PostgreSQL goes once."""
        began, restarted, killed = time.monotonic(), False, 0
        while time.monotonic() - began < (SECONDS if self.enough() else LONGEST_FRAY):
            time.sleep(dice.random() * 0.6)
            workers = self.system.workers()
            if workers:
                victim = dice.choice(workers)
                try:
                    os.kill(victim, signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
            if not restarted and time.monotonic() - began > SECONDS / 2:
                self.system.restart("postgres")
                restarted = True
        self.over.set()
        return killed


@pytest.fixture(scope="module")
def fray(system):
    """The ten seconds themselves; the tests look at what they left."""
    seed = isp.seed()
    fight = Fray(system, seed)
    bodies = [fight.buy] * BUYERS + [fight.pay] * PAYERS + [fight.run] * RUNS
    threads = [threading.Thread(target=fight.guard, args=(body, n), daemon=True) for n, body in enumerate(bodies)]
    for thread in threads:
        thread.start()
    fight.killed = fight.kill(random.Random(seed))
    limit = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0.0, limit - time.monotonic()))
    fight.hanging = sum(thread.is_alive() for thread in threads)
    print("killed %d workers; slowest %.2f s; %s" % (fight.killed, fight.slowest, dict(fight.statuses)))
    isp.wait_until(system.healthy, 15, "health after the fray")
    return fight


def test_no_request_hangs_and_none_is_our_mistake(fray):
    assert fray.hanging == 0
    assert fray.wrong == [], "seed %s: %d: %s" % (fray.seed, len(fray.wrong), "\n".join(fray.wrong[:10]))
    assert fray.slowest < LONGEST
    # The fray was one: each of them got through often, and the killer met its victims.
    assert fray.killed >= 5
    assert fray.enough(), dict(fray.statuses)


def test_every_promise_was_kept(fray, system):
    client = isp.Client(system.url, fray.token)
    names = {s["mikrotik_username"] for s in client.rows("/api/subscriptions")}
    assert fray.created <= names, fray.created - names
    invoices = {i["id"]: i for i in client.rows("/api/invoices")}
    for invoice in fray.paid:
        assert invoices[invoice]["status"] == "paid", invoices[invoice]
        booked = [p["amount"] for p in invoices[invoice]["payments"]]
        assert len(booked) <= 1 and sum(booked) <= invoices[invoice]["amount"], invoices[invoice]


def test_numbers_are_contiguous_per_day(fray, system):
    days = collections.defaultdict(list)
    for invoice in isp.Client(system.url, fray.token).rows("/api/invoices"):
        date, number = re.fullmatch(r"INV-(\d{8})-(\d{4,})", invoice["invoice_number"]).groups()
        days[date].append(int(number))
    assert days
    for date, numbers in days.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), date


def test_no_period_is_billed_twice(fray, system):
    billed = collections.defaultdict(list)
    for i in isp.Client(system.url, fray.token).rows("/api/invoices"):
        if i["status"] != "cancelled" and i["period_start"]:
            billed[i["subscription_id"]].append((i["period_start"], i["period_end"]))
    for sub, periods in billed.items():
        periods.sort()
        assert all(a[1] < b[0] for a, b in zip(periods, periods[1:])), (sub, periods)


def test_the_money_adds_up(fray, system):
    client = isp.Client(system.url, fray.token)
    received = sum(p["amount"] for p in client.rows("/api/payments") if p["status"] == "received")
    used = sum(i["paid_amount"] for i in client.rows("/api/invoices"))
    credit = sum(c["credit"] for c in client.rows("/api/customers"))
    assert received > 0 and received == used + credit


def test_the_router_is_as_the_database_wants(fray, system, router):
    client = isp.Client(system.url, fray.token)

    system.drained(DRAIN)
    held = {row["name"]: row for row in router.table("/ppp/secret") if row["comment"].startswith("isp:")}
    wished = {s["mikrotik_username"]: s for s in client.rows("/api/subscriptions") if s["status"] != "cancelled"}
    assert set(held) == set(wished)
    for name, sub in wished.items():
        assert sub["sync_state"] == "synced", sub
        assert held[name]["disabled"] == ("false" if sub["status"] == "active" else "true"), (sub, held[name])
        assert held[name]["profile"] == sub["package"]["router_profile"], (sub, held[name])


def test_every_invariant_holds(fray, system):
    system.check()
