"""settle: what we promise of online payments (target 9 of test/bench/run).

settlements(lab, note, rounds) sends 300 notifications of settlements a second, each for an invoice
of its own, to the whole product for $BENCH_SECONDS (30), by the clock and not by the answers; then
holds the webhook's statements through lib/db against the same in pgbench, 4 connections each."""
import http.client
import os
import statistics
import threading
import time

from lab import BUILD, DAY, KEY, cpu_seconds, pairs, pgbench, sh

SECONDS = float(os.environ.get("BENCH_SECONDS", "30"))
RATE = 300
CARRIERS = 24
SLOWEST = 5000  # ms within which Midtrans wants to be answered

# A page for each open invoice, and the body that settles it.
PAGES = """
CREATE TABLE bench_pages AS
SELECT (row_number() OVER (ORDER BY md5(id::text)))::int - 1 AS n, id AS invoice_id, invoice_number || '-1-bnch' AS order_id,
       amount - paid_amount AS amount, gen_random_uuid()::text AS tx, NULL::jsonb AS body
  FROM invoices WHERE status IN ('unpaid', 'overdue');
UPDATE bench_pages SET body = jsonb_build_object(
    'order_id', order_id, 'status_code', '200', 'gross_amount', amount || '.00', 'transaction_id', tx,
    'signature_key', encode(sha512((order_id || '200' || amount || '.00%s')::bytea), 'hex'),
    'transaction_status', 'settlement', 'fraud_status', 'accept', 'payment_type', 'bank_transfer', 'currency', 'IDR',
    'va_numbers', '[{"bank": "bca", "va_number": "1234567890"}]'::jsonb, 'status_message', 'midtrans payment notification',
    'transaction_time', '2026-07-15 10:00:00', 'settlement_time', '2026-07-15 10:00:05');
CREATE UNIQUE INDEX ON bench_pages (n);
GRANT SELECT ON bench_pages TO isp_api;
INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, snap_token, state, calls, expires_at)
SELECT invoice_id, 1, order_id, amount, 'bench', 'open', 1, now() + interval '1 day' FROM bench_pages;
"""
LEFT = """
SELECT count(*) FILTER (WHERE n = 1 AND status = 'paid' AND money = amount)
  FROM (SELECT i.status, i.amount, count(p.id) AS n, sum(p.amount) AS money FROM bench_pages b
          JOIN invoices i ON i.id = b.invoice_id LEFT JOIN payments p ON p.invoice_id = i.id
         WHERE b.n >= %d AND b.n < %d GROUP BY i.id) q"""


def make_pages(lab, name):
    """How many there are."""
    sh([os.path.join(BUILD, "bench", "nightly"), lab.conninfo(name, "isp_billing"), DAY])
    lab.sql(name, PAGES % KEY)
    lab.sql(name, "VACUUM ANALYZE")
    return int(lab.sql(name, "SELECT count(*) FROM bench_pages"))


def paid_once(lab, name, first, count):
    return int(lab.sql(name, LEFT % (first, first + count)))


class Crowd:
    """Bodies sent at a rate, or (rate None) as fast as answers come; each by whoever is free."""

    def __init__(self, lab, bodies, rate):
        self.port, self.bodies, self.rate = lab.port, bodies, rate
        self.next, self.lock = 0, threading.Lock()
        self.took, self.errors = [], 0

    def run(self):
        """Seconds from the first to the last answer."""
        self.begun = time.monotonic()
        threads = [threading.Thread(target=self._carry, daemon=True) for _ in range(CARRIERS if self.rate else 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - self.begun

    def _take(self):
        with self.lock:
            number, self.next = self.next, self.next + 1
        return number

    def _carry(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while True:
            number = self._take()
            if number >= len(self.bodies):
                return
            due = time.monotonic()
            if self.rate:  # the wait counts from when it should have been sent
                due = self.begun + number / self.rate
                time.sleep(max(0, due - time.monotonic()))
            fits = self._post(client, self.bodies[number])
            with self.lock:
                self.took.append((time.monotonic() - due) * 1000)
                self.errors += not fits

    @staticmethod
    def _post(client, body):
        try:
            client.request("POST", "/api/midtrans/notification", body, {"Content-Type": "application/json"})
            answer = client.getresponse()
            answer.read()
            return answer.status == 200
        except (OSError, http.client.HTTPException):
            client.close()
            return False


def at_a_rate(lab, note, first):
    count = int(RATE * SECONDS)
    bodies = lab.sql("isp", "SELECT body FROM bench_pages WHERE n >= %d AND n < %d ORDER BY n"
                     % (first, first + count)).split("\n")
    parts = {name: [lab.pid(name)] for name in ("isp-api", "nginx", "postgres")}
    before = {name: cpu_seconds(roots) for name, roots in parts.items()}
    crowd = Crowd(lab, bodies, RATE)
    took = crowd.run()
    used = {name: (cpu_seconds(roots) - before[name]) * 1e6 / count for name, roots in parts.items()}
    note("9", "%d settlements at %d/s for %.0f s: not answered with 200" % (len(bodies), RATE, SECONDS), crowd.errors, "",
         crowd.errors == 0 and len(bodies) == count, "0")
    note("9", "settlements/s", count / took, "", count / took >= 0.98 * RATE, ">= %d" % RATE)
    lost = count - paid_once(lab, "isp", first, count)
    note("9", "invoices not paid exactly once", lost, "", lost == 0, "0")
    slow = sorted(crowd.took)
    note("9", "the slowest (median %.1f, p99 %.1f)" % (slow[count // 2], slow[count * 99 // 100]), slow[-1], " ms",
         slow[-1] < SLOWEST, "< %d ms" % SLOWEST)
    for name, cost in used.items():
        note("9", "CPU us a settlement: " + name, cost, "", None, "")
    return first + count


def flat_out(lab, note, first, total):
    """The limits: the rate at which answers come, and who is busy then."""
    count = min(3000, total - first)
    bodies = lab.sql("isp", "SELECT body FROM bench_pages WHERE n >= %d AND n < %d" % (first, first + count)).split("\n")
    parts = {name: [lab.pid(name)] for name in ("isp-api", "nginx", "postgres")}
    before = {name: cpu_seconds(roots) for name, roots in parts.items()}
    took = Crowd(lab, bodies, None).run()
    busy = {name: 100 * (cpu_seconds(roots) - before[name]) / took for name, roots in parts.items()}
    note("9", "settlements/s of 8 clients that wait for answers", count / took, "", None,
         "; ".join("%s %.0f%%" % pair for pair in busy.items()))


def statements(lab, note, rounds):
    lab.copy("settle")
    total = make_pages(lab, "settle")
    count = min(1000, total // (2 * 4 * (rounds + 1)))
    samples, first, wrong = {"product": [], "pgbench": []}, 0, 0
    for turn in range(rounds + 1):
        for name, found in samples.items():
            size = count if turn else count // 4
            if name == "product":
                rate = pairs(sh([os.path.join(BUILD, "bench", "settle"), lab.conninfo("settle", "isp_api"), DAY, KEY, "4",
                                 str(first), str(size)]))["tps"]
            else:
                rate = pgbench(lab, "settle", "settle.pgbench", size, first)
            wrong += 4 * size - paid_once(lab, "settle", first, 4 * size)
            found.extend([rate] if turn else [])
            first += 4 * size
    rate = {name: statistics.median(found) for name, found in samples.items()}
    note("9", "settlements/s, lib/db %.0f : pgbench, same statements %.0f" % (rate["product"], rate["pgbench"]),
         rate["product"] / rate["pgbench"], "x", rate["product"] >= 0.85 * rate["pgbench"], ">= 0.85")
    note("9", "invoices not paid exactly once", wrong, "", wrong == 0, "0")


def settlements(lab, note, rounds):
    statements(lab, note, rounds)
    if lab.port is None:
        lab.up()
    total = make_pages(lab, "isp")
    first = at_a_rate(lab, note, 0)
    flat_out(lab, note, first, total)
