#!/usr/bin/python3
"""A simulated RouterOS router: the API on the wire, as strict as real ones.

    routeros.py [--host 127.0.0.1] [--port 0] [--control 0] [--identity R1] [--user admin]
        [--password pw] [--policy api,read,write,test,sensitive] [--version 7.20.4] [--legacy]
        [--tls-port N [--cert FILE --key FILE | --adh]] [--max-sessions 20] [--no-hotspot]
        [--dial all|none] [--redial 1.0] [--monitor-delay 1.0] [--secrets N] [--many N]

Prints `api=PORT control=PORT tls=PORT` (tls=0: none) when ready and serves until SIGTERM or
SIGINT. Port 0 is any free port. --many N serves N routers in one process, one line each, with
identities R1 to RN (the digits of --identity are replaced) and ports counted up from those
given. --tls-port without --cert makes a self-signed certificate (CN = identity, no SAN);
--adh offers anonymous Diffie-Hellman only. TLS ends at 1.2, as on real routers.

The router
----------
Menus: /ppp/secret active profile; /ip/hotspot, its user, user/profile, active, cookie;
/queue/simple; /ip/firewall/address-list (and /ipv6/...); /ip/pool; /ip/dhcp-server, its lease;
/interface (with monitor-traffic); /system/resource identity. Commands: print getall listen add
set remove enable disable unset, move for queues; /login /cancel /quit. Texts, ids, values and
traps are those of routeros facts 1 to 6. Queues print unset rates as 0/0. A user who is disabled,
or whose group lacks the policy `api`, is refused as one with a wrong password is. Without the policy
`sensitive` passwords print as ***** (v7) or not at all (v6). Factory state: ether1 to ether5,
ppp profiles default and default-encryption, hotspot server hotspot1, its user profile default
and user default-trial, dhcp server dhcp1, no pool (--pool FIRST-LAST makes one, "pppoe", from which
the profile default gives addresses). --legacy: the md5 challenge of before 6.43
(name and password of the new form are ignored). Long prints are sent in slices: with tags,
other answers come in between; untagged commands are answered in order.

Subscribers
-----------
A subscriber's device ("cpe") dials when its secret (or hotspot user) is there, enabled and its
password right; it makes a row in /ppp/active, an interface <pppoe-NAME> with counters, and a
dynamic queue when the profile has a usable rate-limit. Editing, disabling or removing a secret
leaves its sessions alone, with the profile they were dialled with. Removing a session frees its
rows; the device dials again after --redial seconds, or as soon as (plus that) its secret is
good again. Hotspot devices leave a cookie, by which they come back even after a password
change. Without an address from secret or profile they get 10.112.112.1 and up.

Control port (JSON over HTTP, Connection: close; bad orders 400, unknown ones 404)
------------
GET  /                   identity, ports, connections now, opened, logins, commands, faults
GET  /tables             rows per menu
GET  /tables/ppp/secret  full rows, passwords included, in table order, plus `sessions` (ids of
                         live ones; hotspot users too); active rows have `dialled` {profile,
                         rate-limit}. ?name=x&disabled=true filters by equality
GET  /log                {counts: {path: n}, opened, logins, entries: [{time, connection, path,
                         attributes (names only), queries, trap (text or null)}]}
                         ?path= ?since=UNIXTIME ?limit=NEWEST; 200,000 entries are kept
GET  /log/counts         the same without entries
POST /log/reset          forget log and counts
POST /reset              factory state and command line again (users, dial, redial), no faults,
                         empty log, no subscribers; ids go on counting.
                         {"connections": true} also cuts all connections
GET  /fault              the faults in force with their hits
POST /fault              {"kind": K, ...}, see below
POST /cpe                {"name": N, "service": "pppoe"|"hotspot", "password": P (none: always
                         right), "redial": S, "sessions": n, "wait": first dial after S (0)}
                         or {"dial": "all"|"none"} or {"redial": S} for the whole router
GET  /cpe                [{service, name, sessions, state (online, or why not)}]
GET  /street             the same as a page for people, which looks again by itself
DELETE /cpe              {"name": N, "service": ...}: switched off, its sessions end
POST /secrets            {"count": 10000, "prefix": "user", "profile": ..., "comment": ...}:
                         user00001.. with password pw00001..; any secret property; {made}
POST /user               {"name", "password", "policy", "disabled"}: add or change a user
POST /command            {"words": ["/ppp/profile/add", "=name=p"]}: run it with all rights,
                         unlogged, without faults: {replies: [["!done", "=ret=*1"]]}
POST /hangup             cut every connection

Faults
------
Several may be in force; the same kind again replaces it; {"kind": K, "off": true} ends one,
{"kind": "none"} all. Options for all but refuse and full: path (that command, or all below
that menu), times (strike so often, then no more), after (let so many matching commands pass).
  hang     swallow the command; that connection never answers again. Without options every
           byte is swallowed, so a client that speaks TLS to the plain port hangs as well
  refuse   listeners closed, connections reset; the port comes back with the same number
  full     accept and close at once, as above max-sessions
  drop     execute, send the first `bytes` (5) of the reply, close (`reset`: with RST)
  lost     execute, close without any answer
  slow     each reply `delay` (1) seconds later; commands of a connection wait in line
  chunk    replies in pieces of `size` (1) bytes, `delay` (0) seconds between them
  login    right passwords are refused too
  busy     the trap `action timed out - try again, ... (13)`, nothing executed
  trap     the trap `message` (and `category`), nothing executed
  garbage  the bytes `hex` (f8000000) instead of a reply, nothing executed
drop, lost, busy and trap leave /login alone unless path says so.
"""
import argparse
import asyncio
import os
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import peer  # noqa: E402
from ros import tls  # noqa: E402
from ros.control import Control  # noqa: E402
from ros.router import Router  # noqa: E402
from ros.server import Site  # noqa: E402


def arguments(argv):
    parser = peer.parser(__doc__)
    parser.add_argument("--identity", default="R1")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="pw")
    parser.add_argument("--policy", default="api,read,write,test,sensitive")
    parser.add_argument("--version", default="7.20.4", type=_version)
    parser.add_argument("--legacy", action="store_true")
    parser.add_argument("--tls-port", type=int)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--adh", action="store_true")
    parser.add_argument("--max-sessions", type=int, default=20)
    parser.add_argument("--no-hotspot", dest="hotspot", action="store_false")
    parser.add_argument("--dial", choices=("all", "none"), default="none")
    parser.add_argument("--redial", type=float, default=1.0)
    parser.add_argument("--monitor-delay", type=float, default=1.0)
    parser.add_argument("--secrets", type=int, default=0)
    parser.add_argument("--pool", metavar="FIRST-LAST")
    parser.add_argument("--many", type=int, default=1)
    args = peer.arguments(parser, argv)
    if (args.cert or args.key or args.adh) and args.tls_port is None:
        parser.error("--cert, --key and --adh need --tls-port")
    if bool(args.cert) != bool(args.key):
        parser.error("--cert and --key go together")
    return args


def _version(text):
    if not re.fullmatch(r"\d+(\.\d+)+", text):
        raise argparse.ArgumentTypeError("a version like 7.20.4")
    return text


def tls_context(args):
    if args.tls_port is None:
        return None
    if args.adh:
        return tls.anonymous()
    if args.cert:
        return tls.with_certificate(args.cert, args.key)
    with tempfile.TemporaryDirectory() as folder:
        return tls.with_certificate(*tls.make_certificate(folder, args.identity))


def identities(args):
    if args.many == 1:
        return [args.identity]
    stem = args.identity.rstrip("0123456789")
    return ["%s%d" % (stem, n) for n in range(1, args.many + 1)]


async def serve(args):
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, over.set)
    context = tls_context(args)
    keep = []
    for n, identity in enumerate(identities(args)):
        keep.append(await start(args, n, identity, context))
    await over.wait()


def nth(port, n):
    return port + n if port else 0


async def start(args, n, identity, context):
    """Start router number n and tell its ports."""
    router = Router(asyncio.get_running_loop(), {**vars(args), "identity": identity})
    if args.secrets:
        router.fill(args.secrets, {})
    site = Site(router)
    await site.start(args.host, nth(args.port, n), nth(args.tls_port, n), context)
    control = Control(site)
    port = await control.start(args.host, nth(args.control, n))
    secure = site.tls.port if site.tls else 0
    print("api=%d control=%d tls=%d" % (site.api.port, port, secure), flush=True)
    return control


if __name__ == "__main__":
    asyncio.run(serve(arguments(sys.argv[1:])))
