#!/usr/bin/python3
"""A simulated Midtrans: Snap, Core, notifications and the hosted pay page, strict as real ones.

    midtrans.py [--host 127.0.0.1] [--port 0] [--control 0] [--server-key K] [--client-key C]
        [--merchant-id M] [--notify URL] [--scale 1.0]

Prints `api=PORT control=PORT` when ready and serves until SIGTERM or SIGINT. Port 0 is any free
port; all is on loopback, notifications too (http only). One port serves both families:
http://127.0.0.1:PORT/snap/v1 and http://127.0.0.1:PORT/v2. --scale shortens the waits before
notifications are repeated (2, 10, 30, 90, 210 minutes): 0.0001 makes the first 12 ms.
References "facts n" are to the sections of the Midtrans facts.

The gateway
-----------
POST /snap/v1/transactions (facts 2): 201 token (36 characters) and redirect_url; 400 with all
error_messages; the order_id again before a method was chosen: a new token, the old page gone
(404); afterwards 400. expiry.start_time is held against the clock below: more than 10 minutes
off is refused (a UTC time labelled +0700). A page ends after a day, or by page_expiry, and never
later than by its expiry. POST /snap/v1/transactions/TOKEN/cancel, /expire: 200, or 404, 400 (also
when the page has run out).
GET /v2/ID/status, POST /v2/ID/cancel expire refund approve deny (facts 3): HTTP 200 with
status_code in the body ("404" until a method was chosen), 401 and 413 as HTTP. ID is an order_id
(the newest transaction of it) or a transaction_id. Methods: qris gopay shopeepay dana ovo kredivo
akulaku bca_va bni_va bri_va permata_va cimb_va danamon_va bsi_va seabank_va saqu_va echannel
credit_card indomaret alfamart (bca, mandiri, card, bank_transfer, cstore, ... are understood as
well); dana, danamon, bsi, seabank, saqu are BI-SNAP: found by transaction_id only, which also
stands in order_id, status "PENDING". Idempotency-Key: a success is answered again for 5 minutes,
whatever is asked; one under way is 202. Times are WIB, amounts "150000.00". By the clock below
pending payments expire, captures settle (or, challenged, are denied) a day later, and refunds are
refused (412) when the channel's window is over. X-Append-Notification and X-Override-Notification
are obeyed.
GET redirect_url is a page with buttons (their ids: the names of the methods, then pay, refuse,
expire, for cards also challenge); after the last of these the browser is sent to
callbacks.finish with order_id, status_code and transaction_status (without one: to the page).
#state says choose, pending, paid, ended; #amount and #total what is to be paid.

Control port (JSON over HTTP; bad orders 400, unknown things 404, against the rules 409)
------------
GET  /                   keys, ports, counts, rules, faults
GET  /orders, /orders/ID orders with their tokens and transactions
GET  /transactions       ?order_id=
POST /act                {"order_id": O or "transaction_id": T, "act": A, ...}; the transaction.
                         An order means its newest transaction, for pay, challenge, refuse and
                         authorize the one that waits (of that method). `force` breaks the rules.
  choose {method}        pending (a card: nothing is announced yet)
  pay {method?, challenge?, issuer?}  settlement; a card: capture. Begins the payment if it must;
                         QRIS of another issuer than gopay has a shorter window for refunds
  challenge, accept      capture with fraud challenge; capture with accept
  refuse {method?}       deny: of a waiting or challenged payment, or a new one that fails at once
  settle, void           capture -> settlement; capture -> cancel
  expire, cancel, failure, authorize, capture
  reverse                deny after settlement (Permata, Mandiri, Indomaret; others with force)
  refund {amount?, key?, reason?}  by the dashboard; announced twice, like every refund
  chargeback {amount?}   whole or partial
  set {status, fraud?}   any status at all
POST /notify             rules of delivery: url, scale, timeout (15 s), retries (true), duplicates
                         (n or [least, most] more of each), drop and deaf (shares of messages
                         never sent, of answers not received), shuffle (each up to so many seconds
                         late, in any order; without it one order's messages are sent in order),
                         delay, hold (keep all), confirm (seconds until a refund's second
                         message), parallel (64), seed
GET  /messages           ?order_id= ?state= waiting held dropped delivered failed; with tries
POST /messages/release   what was held: {"order": fifo|lifo|random, "ids": [...]}
POST /messages/again     the same bytes: {"id": n or "order_id": O, "times": 1}
POST /messages/craft     {"order_id", "transaction_id"?, "change": {field: value, null: left out},
                         "sign": true, "send": true}: a message with altered fields; its body
GET  /quiet              ?timeout=10: wait until no message is under way or to be repeated
GET  /log                {counts, entries: [{time, method, path, status, answer, faults, body,
                         idempotency_key}]} of the API; ?path= ?since= ?limit=; never a key
POST /log/reset
POST /clock              {"advance": seconds} or {"offset": seconds}
POST /fee                {"amount": n, "percent": p, "as": string|number}: added for the customer
                         of payments begun from now on (facts 4)
GET, POST /fault         see below
POST /reset              forget all: orders, messages, rules, faults, log, clock

Faults
------
{"kind": K, "path": pattern, "times": n, "after": n, ...}; path is a shell pattern over
"POST /v2/ID/cancel" or the path alone. Several may be in force; the same kind and path again
replaces it; {"kind": K, "off": true} ends it, {"kind": "none"} all.
  refuse    nobody listens; the port comes back with the same number
  latency   `delay` (1) seconds before anything else; path "inside": while it is executed under
            its Idempotency-Key
  pause     nothing until the fault ends, then as without it: a test waits for no seconds
  status    the HTTP status `code` (500) with `body`, nothing executed unless `execute`
  html      the same as a proxy would say it (502, text/html); `header` {name: value} for both
  hang      no answer, ever; `execute`
  reset     RST instead of an answer, nothing executed
  lost      executed, connection closed without an answer
  truncate  executed, the first `bytes` of the answer (default: half its body), closed
  drip      executed, a byte each `delay` (0.05) seconds
"""
import asyncio
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import peer  # noqa: E402
from mid.site import Site  # noqa: E402
from mid.wire import is_loopback  # noqa: E402


def arguments(argv):
    parser = peer.parser(__doc__)
    parser.add_argument("--server-key", default="SB-Mid-server-simulated")
    parser.add_argument("--client-key", default="SB-Mid-client-simulated")
    parser.add_argument("--merchant-id", default="G000000001")
    parser.add_argument("--notify", default="")
    parser.add_argument("--scale", type=float, default=1.0)
    args = peer.arguments(parser, argv)
    if args.notify and not is_loopback(args.notify):
        parser.error("--notify: http and loopback only")
    return args


async def serve(args):
    over = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, over.set)
    site = Site(vars(args))
    print("api=%d control=%d" % await site.start(args.host, args.port, args.control), flush=True)
    await over.wait()


if __name__ == "__main__":
    asyncio.run(serve(arguments(sys.argv[1:])))
