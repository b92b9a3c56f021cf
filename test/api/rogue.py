"""rogue: SNMP agents of version 2c, right or wrong in every way, each on a port of its own.

    Rogue(answer)     answer(question) -> the datagrams it sends; .asked counts the questions
    Box(interfaces)   one that answers rightly

A question has .id, .kind (GET, GETNEXT, BULK), .rows (of BULK) and .oids; question.reply() and
the encoders tlv(), number(), text(), oid() make the datagrams.
"""
import bisect
import socket
import threading

GET, GETNEXT, RESPONSE, BULK = 0xa0, 0xa1, 0xa2, 0xa5


def tlv(tag, body):
    size = len(body)
    octets = b"" if size < 128 else size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets) if octets else size]) + octets + body


def number(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def text(value):
    return tlv(4, value)


def oid(arcs):
    out = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        part = [arc & 127]
        while arc > 127:
            arc >>= 7
            part.insert(0, 0x80 | arc & 127)
        out += bytes(part)
    return tlv(6, out)


def take(data):
    """(tag, body, rest) of the first element."""
    size, at = data[1], 2
    if size & 0x80:
        octets = size & 0x7f
        size, at = int.from_bytes(data[2:2 + octets], "big"), 2 + octets
    return data[0], data[at:at + size], data[at + size:]


def arcs_of(body):
    found, arc = [body[0] // 40, body[0] % 40], 0
    for byte in body[1:]:
        arc = arc << 7 | byte & 127
        if not byte & 0x80:
            found.append(arc)
            arc = 0
    return tuple(found)


class Question:
    def __init__(self, data):
        _, whole, _ = take(data)
        self.version, self.community, rest = take(whole)[1], *take(take(whole)[2])[1:]
        self.kind, pdu, _ = take(rest)
        parts = []
        for _ in range(3):
            _, body, pdu = take(pdu)
            parts.append(int.from_bytes(body, "big", signed=True))
        self.id, self.rows = parts[0], parts[2]
        self.oids, left = [], take(pdu)[1]
        while left:
            _, pair, left = take(left)
            self.oids.append(arcs_of(take(pair)[1]))

    def reply(self, pairs, ident=None, status=0, index=0):
        """A response with these (arcs, encoded value) pairs."""
        body = b"".join(tlv(0x30, oid(name) + value) for name, value in pairs)
        return self.raw(number(self.id if ident is None else ident) + number(status) + number(index) + tlv(0x30, body))

    def raw(self, pdu):
        return tlv(0x30, tlv(2, self.version) + tlv(4, self.community) + tlv(RESPONSE, pdu))


class Rogue:
    def __init__(self, answer):
        self.answer, self.asked = answer, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.address, self.port = self.socket.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(65535)
            if data == b"end":
                self.socket.close()
                return
            self.asked += 1
            for datagram in self.answer(Question(data)):
                self.socket.sendto(datagram, peer)

    def down(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", (self.address, self.port))


class Box(Rogue):
    """An agent that answers rightly: a system and so many interfaces, whose counters grow."""

    def __init__(self, interfaces=24):
        self.octets = 10 ** 12
        rows = {(1, 3, 6, 1, 2, 1, 1, 1, 0): text(b"a box"), (1, 3, 6, 1, 2, 1, 1, 3, 0): number(8640000, 0x43),
                (1, 3, 6, 1, 2, 1, 1, 5, 0): text(b"box")}
        for n in range(1, interfaces + 1):
            low, high = (1, 3, 6, 1, 2, 1, 2, 2, 1), (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
            rows.update({low + (2, n): text(b"ether%d" % n), low + (5, n): number(10 ** 9, 0x42), low + (7, n): number(1),
                         low + (8, n): number(1), high + (1, n): text(b"ether%d" % n), high + (15, n): number(1000, 0x42),
                         high + (18, n): text(b""), high + (6, n): None, high + (10, n): None})
        self.rows, self.names = rows, sorted(rows)
        super().__init__(self.right)

    def value(self, name):
        return self.rows[name] or number(self.octets, 0x46)

    def after(self, name):
        at = bisect.bisect_right(self.names, name)
        return self.names[at] if at < len(self.names) else None

    def right(self, question):
        self.octets += 1000
        if question.kind == GET:
            return [question.reply([(name, self.value(name) if name in self.rows else tlv(0x81, b"")) for name in question.oids])]
        pairs, names = [], list(question.oids)
        for _ in range(question.rows if question.kind == BULK else 1):
            for n, name in enumerate(names):
                following = self.after(name)
                pairs.append((following, self.value(following)) if following else (name, tlv(0x82, b"")))
                names[n] = following or name
        return [question.reply(pairs)]
