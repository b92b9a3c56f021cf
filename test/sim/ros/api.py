"""A connection of the RouterOS API: login, tags, replies, streams, and the faults."""
import asyncio
import hashlib
import itertools
import os
import socket
import time

from . import commands, wire
from .faults import BUSY
from .values import Trap

RE, DONE, TRAP, EMPTY, FATAL = map(wire.word, ("!re", "!done", "!trap", "!empty", "!fatal"))
PLAIN_DONE = DONE + b"\0"
SLICE = 256                 # rows encoded before others get their turn
REFUSALS = 4                # refused logins before the connection is cut
READ_AHEAD = 4096           # sentences that may wait on one connection
_serial = itertools.count(1)


def _tag(tag):
    return b"" if tag is None else wire.word(".tag=" + tag)


def trap_bytes(tag, trap):
    category = b"" if trap.category is None else wire.word("=category=%d" % trap.category)
    return TRAP + tag + category + wire.word("=message=" + trap.message) + b"\0"


def done_bytes(tag, ret=None):
    if ret is None:
        return DONE + tag + b"\0"
    return DONE + tag + wire.word("=ret=" + ret) + b"\0"


def rows_chunks(router, tag, answer):
    """The reply to a print, a slice of rows at a time."""
    head = RE + tag
    body, table, plan = answer.table.body, answer.table, answer.plan
    now = time.time()
    for at in range(0, len(answer.rows), SLICE):
        last = at + SLICE >= len(answer.rows)
        made = [head + body(row, plan, now) for row in answer.rows[at:at + SLICE]]
        yield b"".join(made) + (done_bytes(tag) if last else b"")
    if not answer.rows:
        empty = EMPTY + tag + b"\0" if router.version >= (7, 18) else b""
        yield empty + done_bytes(tag)


class Api(asyncio.Protocol):
    def __init__(self, router):
        self.router = router
        self.id = next(_serial)
        self.decoder = wire.Decoder()
        self.transport = None
        self.policy = None          # None: not logged in
        self.challenge = None
        self.refused = 0
        self.waiting = []           # sentences not yet executed
        self.busy = False           # a reply is under way that later commands wait for
        self.dead = False           # hung, or closing: nothing is answered any more
        self.full = False           # the peer does not read
        self.jobs = []              # (tag, chunks): prints being sent
        self.stepping = False
        self.streams = {}           # tag -> function that ends it
        self.out = []
        self.slow = None            # output that trickles: [bytearray, size, delay]

    # asyncio's side

    def connection_made(self, transport):
        self.transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        router = self.router
        router.opened += 1
        full = len(router.connections) >= router.max_sessions or "full" in router.faults.on
        router.connections.add(self)
        if full:
            self.close()

    def connection_lost(self, exc):
        self.dead = True
        self.router.connections.discard(self)
        self._silence()
        self.waiting = []

    def pause_writing(self):
        self.full = True
        self.transport.pause_reading()

    def resume_writing(self):
        self.full = False
        self.transport.resume_reading()
        self._wake()
        self._pump()

    def data_received(self, data):
        if self.dead or self._hung():
            return
        self.waiting += self.decoder.feed(data)
        if len(self.waiting) > READ_AHEAD:
            self.transport.pause_reading()
        self._pump()
        if self.decoder.broken and not self.dead:
            self.close()

    def _hung(self):
        """A hang of everything swallows bytes, sentences or not (a TLS hello, say)."""
        hang = self.router.faults.on.get("hang")
        if hang and not (hang.path or hang.after) and hang.times is None:
            hang.hits += 1
            self._hang()
        return self.dead

    def _hang(self):
        """Nothing more comes from this connection: nothing that waits, no half reply, no stream."""
        self._flush()
        self.dead = True
        self._silence()
        self.slow = None

    def _silence(self):
        for end in list(self.streams.values()):
            end()
        self.jobs = []

    # executing

    def _pump(self):
        """Execute what waits, in order, and send all answers with one write."""
        at = 0
        while at < len(self.waiting) and not (self.busy or self.dead or self.full):
            self._run(self.waiting[at])
            at += 1
        del self.waiting[:at]
        self._flush()
        if not (self.waiting or self.full or self.transport.is_closing()):
            self.transport.resume_reading()

    def _run(self, words):
        call = commands.Call(self.router, words, self.policy or ())
        faults = self.router.faults
        if faults and self._struck(call, faults):
            return
        if call.path == "/quit":
            self._fatal("session terminated on request", call)
        elif call.path == "/login":
            self._login(call)
        elif self.policy is None:
            self._fatal("not logged in", call)
        elif call.path == "/cancel":
            self._cancel(call)
        else:
            self._command(call)

    def _struck(self, call, faults):
        """Faults that take the place of executing; True when nothing more is to do."""
        if faults.hit("hang", call.path):
            self._log(call, "fault: hang")
            self._hang()
            return True
        noise = faults.hit("garbage", call.path)
        if noise:
            self._log(call, "fault: garbage")
            self._put(bytes.fromhex(noise.get("hex", "f8000000")))
            return True
        for kind in ("busy", "trap"):
            fault = faults.hit(kind, call.path)
            if fault:
                trap = Trap(fault.get("message", BUSY), fault.get("category", None))
                self._refuse(call, trap)
                return True
        return False

    def _log(self, call, trap):
        self.router.note(self.id, call.path, list(call.attrs), call.queries, trap)

    def _refuse(self, call, trap):
        self._log(call, trap.message)
        tag = _tag(call.tag)
        self._send(call, trap_bytes(tag, trap) + done_bytes(tag))

    def _command(self, call):
        try:
            answer = commands.run(call)
        except Trap as trap:
            self._refuse(call, trap)
            return
        self._log(call, None)
        tag = _tag(call.tag)
        if answer is None or isinstance(answer, str):
            self._send(call, done_bytes(tag, answer))
        elif isinstance(answer, commands.Rows):
            self._rows(call, rows_chunks(self.router, tag, answer), len(answer.rows))
        elif isinstance(answer, commands.Stream):
            self._stream(call, answer)
        else:
            self._listen(call, answer)

    def _fatal(self, reason, call):
        self._log(call, "fatal: " + reason)
        self._put(FATAL + wire.word(reason) + b"\0")
        self.close()

    # login

    def _login(self, call):
        attrs = call.attrs
        if self.refused >= REFUSALS:
            self._fatal("too many commands before login", call)
            return
        if self.router.legacy and "response" not in attrs:
            self.challenge = os.urandom(16)
            self._log(call, None)
            self._send(call, done_bytes(_tag(call.tag), self.challenge.hex()))
            return
        known = self.router.users.get(attrs.get("name"))
        if not known or not self._welcome(attrs, known) or self.router.faults.hit("login", "/login"):
            self.refused += 1
            self._refuse(call, Trap("cannot log in" if self.router.legacy
                                    else "invalid user name or password (6)"))
            return
        self.policy = known.policy
        self.decoder.limit = wire.SENTENCE_MAX
        self.router.logins += 1
        self._log(call, None)
        self._send(call, done_bytes(_tag(call.tag)))

    def _welcome(self, attrs, user):
        """All refusals look alike: which of these it was, the router keeps to itself."""
        return self._proven(attrs, user.password) and not user.disabled and "api" in user.policy

    def _proven(self, attrs, password):
        if not self.router.legacy:
            return attrs.get("password") == password
        if not self.challenge:
            return False
        raw = b"\0" + password.encode("utf-8", "surrogateescape") + self.challenge
        self.challenge = None
        return attrs["response"].lower() == "00" + hashlib.md5(raw).hexdigest()

    # answering

    def _send(self, call, data):
        """One whole reply, through whatever fault stands in its way."""
        faults = self.router.faults
        if not (faults and self._spoiled(call, data, faults)):
            self._deliver(call, data)

    def _deliver(self, call, data):
        chunk = self.router.faults.hit("chunk", call.path)
        if chunk and not self.slow:
            self._flush()
            self.slow = [bytearray(), chunk.get("size", 1), chunk.get("delay", 0)]
            self.router.loop.call_soon(self._trickle)
        self._put(data)

    def _put(self, data):
        """Behind all that is still to be sent: sentences never mix."""
        if self.slow:
            self.slow[0].extend(data)
        else:
            self.out.append(data)

    def _spoiled(self, call, data, faults):
        """Faults of replies; True when the reply has been dealt with."""
        if faults.hit("lost", call.path):
            self.close()
            return True
        drop = faults.hit("drop", call.path)
        if drop:
            self._put(data[:drop.get("bytes", 5)])
            self.close(drop.get("reset", False))
            return True
        delay = faults.hit("slow", call.path)
        if delay:
            self.busy = True
            self.router.loop.call_later(delay.get("delay", 1), self._late, call, data)
        return bool(delay)

    def _late(self, call, data):
        self.busy = False
        if not self.dead:
            self._deliver(call, data)
            self._pump()

    def _trickle(self):
        """Send the next piece of a reply that comes in small pieces."""
        if self.slow is None or self.transport.is_closing():
            return
        buf, size, delay = self.slow
        self.transport.write(bytes(buf[:size]))
        del buf[:size]
        if buf:
            self.router.loop.call_later(delay, self._trickle)
        else:
            self.slow = None

    def _rows(self, call, chunks, count):
        """A print: small ones at once, long ones slice by slice beside other commands."""
        if count <= SLICE or self.router.faults:
            self._send(call, b"".join(chunks))
            return
        self.jobs.append((call.tag, chunks))
        self.busy = self.busy or call.tag is None
        self._wake()

    def _wake(self):
        if self.jobs and not self.stepping and not self.full:
            self.stepping = True
            self.router.loop.call_soon(self._step)

    def _step(self):
        """The next slice of the print whose turn it is."""
        self.stepping = False
        if self.dead or not self.jobs:
            return
        tag, chunks = self.jobs.pop(0)
        chunk = next(chunks, None)
        if chunk is None:
            self.busy = self.busy and tag is not None
            self._pump()
        else:
            self.jobs.append((tag, chunks))
            self._put(chunk)
            self._flush()
        self._wake()

    def _flush(self):
        if self.out:
            data = b"".join(self.out)
            self.out = []
            if not self.transport.is_closing():     # the peer may be gone within this turn
                self.transport.write(data)

    def close(self, reset=False):
        """Send what is due, the rest of what comes in pieces too, then close."""
        if self.slow:
            self.out.insert(0, bytes(self.slow[0]))
            self.slow = None
        self._flush()
        self.dead = True
        self.waiting = []
        if reset:
            self.transport.abort()
        else:
            self.transport.close()

    # streams

    def _stream(self, call, stream):
        """monitor-traffic: readings later, until cancelled or once."""
        tag = _tag(call.tag)

        def reading():
            rows = (RE + tag + b"".join(wire.word("=%s=%s" % pair) for pair in row) + b"\0"
                    for row in stream.produce())
            self._send(call, b"".join(rows) + (done_bytes(tag) if stream.once else b""))
            if stream.once:
                end()
            else:
                timer[0] = self.router.loop.call_later(stream.period, reading)
            self._pump()

        def end():
            timer[0].cancel()
            self.streams.pop(call.tag, None)
            if stream.once and call.tag is None:
                self.busy = False

        if stream.once and call.tag is None:
            self.busy = True
        self.streams[call.tag] = end
        timer = [self.router.loop.call_later(stream.period, reading)]

    def _listen(self, call, listen):
        """listen: every change of a matching row, `.dead` for one that goes."""
        tag, table = _tag(call.tag), listen.table

        def changed(row, dead):
            if self.dead:
                return
            if dead:
                body = wire.word("=.id=" + row.id) + wire.word("=.dead=true") + b"\0"
            elif not listen.query.holds(table, row, time.time()):
                return
            else:
                body = table.body(row, listen.plan, time.time())
            self._send(call, RE + tag + body)
            self._flush()

        def end():
            table.listeners.remove(changed)
            self.streams.pop(call.tag, None)

        self.streams[call.tag] = end
        table.listeners.append(changed)

    def _cancel(self, call):
        """Stop one command, or all: trap for it, done for the cancel, done for it."""
        wanted = call.attrs.get("tag")
        found = [tag for tag, _ in self.jobs] + list(self.streams)
        if wanted is not None:
            found = [tag for tag in found if tag == wanted]
        for tag in found:
            if tag in self.streams:
                self.streams[tag]()
            self._put(trap_bytes(_tag(tag), Trap("interrupted", 2)))
        self.jobs = [job for job in self.jobs if job[0] not in found]
        self._log(call, None)
        self._send(call, done_bytes(_tag(call.tag)))
        for tag in found:
            self._put(done_bytes(_tag(tag)))


def execute(router, words):
    """One command with all rights and no connection: the reply sentences (for the control)."""
    call = commands.Call(router, words, frozenset(("read", "write", "test", "sensitive")))
    try:
        answer = commands.run(call)
    except Trap as trap:
        data = trap_bytes(b"", trap) + PLAIN_DONE
    else:
        if isinstance(answer, commands.Rows):
            data = b"".join(rows_chunks(router, b"", answer))
        elif answer is None or isinstance(answer, str):
            data = done_bytes(b"", answer)
        else:
            raise ValueError("streams need a connection")
    decoder = wire.Decoder()
    decoder.limit = wire.SENTENCE_MAX
    return decoder.feed(data)
