"""anonymous: webhooks of Midtrans beside connections that have no right to what they ask for.

64 connections with a token that is none ask for the slowest list there is: a search through all
billing_logs, 80,000 rows down. Nothing that they ask for may be executed, and no webhook may wait
for them. Used by test/bench/run with 400,000 rows, by test/api/test_anonymous.py with fewer."""
import hashlib
import http.client
import json
import subprocess
import time

SLOWEST = "/api/billing-logs?search=nowhere&page=4000"
CONNECTIONS = 64

# So many lines of the log, about subscriptions there are.
LOGS = """INSERT INTO billing_logs (customer_id, subscription_id, action, message, created_at)
    SELECT s.customer_id, s.id, 'note', 'line ' || n || ' ' || md5(n::text), now() - n * interval '1 second'
      FROM generate_series(1, %d) n
      JOIN (SELECT id, customer_id, row_number() OVER (ORDER BY seq) - 1 AS k, count(*) OVER () AS of
              FROM subscriptions ORDER BY seq LIMIT 1000) s ON s.k = n %% least(s.of, 1000)"""

# An open payment page for each of so many open invoices.
ATTEMPTS = """INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, expires_at)
    SELECT id, 1, invoice_number || '-1-anon', amount - paid_amount, 1, now() + interval '1 day'
      FROM invoices i WHERE is_open AND NOT EXISTS (SELECT FROM midtrans_attempts a WHERE a.invoice_id = i.id)
     ORDER BY seq LIMIT %d"""
ORDERS = "SELECT order_id || ' ' || amount FROM midtrans_attempts WHERE order_id LIKE '%-1-anon' ORDER BY order_id"


def settlement(key, order, amount):
    """The body of a well signed notification."""
    gross = "%s.00" % amount
    return json.dumps({
        "order_id": order, "transaction_id": "t-" + order, "transaction_status": "settlement", "fraud_status": "accept",
        "status_code": "200", "gross_amount": gross, "currency": "IDR", "payment_type": "qris",
        "transaction_time": "2026-07-15 10:00:00", "settlement_time": "2026-07-15 10:00:01",
        "signature_key": hashlib.sha512((order + "200" + gross + key).encode()).hexdigest()}).encode()


def flood(url, seconds, rate=0):
    """The connections without a right, in the background; each asks `rate` times a second (0: as fast as it can)."""
    return subprocess.Popen(["hey", "-c", str(CONNECTIONS), "-q", str(rate), "-z", "%ds" % seconds,
                             "-H", "Authorization: Bearer 1|" + "a" * 40, url + SLOWEST], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def webhooks(port, bodies, seconds, clock=time.monotonic):
    """Post one after the other, spread over so long; the seconds of each by a clock, ascending."""
    taken, begun = [], time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for i, body in enumerate(bodies):
        time.sleep(max(0, begun + seconds * i / len(bodies) - time.monotonic()))
        sent = clock()
        connection.request("POST", "/api/midtrans/notification", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        taken.append(clock() - sent)
        if answer.status != 200:
            raise RuntimeError("a webhook was answered %d: %s" % (answer.status, text[:200]))
    connection.close()
    return sorted(taken)


def p99(taken):
    return taken[min(len(taken) - 1, len(taken) * 99 // 100)]
