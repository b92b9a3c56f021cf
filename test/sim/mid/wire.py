"""HTTP as both sides speak it: a listener that can be refused, and a client for notifications."""
import asyncio
import json
import socket
from urllib.parse import unquote, urlsplit

from peer import bound

HEAD_MAX = 64 * 1024
BODY_MAX = 16 * 1024 * 1024


class Bad(Exception):
    """The bytes received are no HTTP request."""


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        parts = urlsplit(target)
        self.raw_path = parts.path
        self.path = unquote(parts.path)
        self.query = parts.query

    def parts(self):
        """The parts of the path, each decoded by itself: an id may hold %2F."""
        return [unquote(part) for part in self.raw_path.strip("/").split("/")]


class Answer:
    def __init__(self, status, body=b"", kind="application/json", headers=None):
        self.status, self.kind, self.headers = status, kind, headers or {}
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def bytes(self, keep):
        head = ["HTTP/1.1 %d -" % self.status, "Content-Type: " + self.kind,
                "Content-Length: %d" % len(self.body),
                "Connection: " + ("keep-alive" if keep else "close")]
        head += ["%s: %s" % pair for pair in self.headers.items()]
        return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + self.body


async def read_request(reader):
    """The next request, or None when the client is through."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise Bad("half a request") from end
        return None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Bad("no request line")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name:
            headers[name.lower()] = value.strip()
    body = await read_body(reader, headers)
    return Request(words[0], words[1], headers, body)


async def read_body(reader, headers):
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await read_chunks(reader)
    size = int(headers.get("content-length", 0))
    if not 0 <= size <= BODY_MAX:
        raise Bad("body of %d bytes" % size)
    return await reader.readexactly(size)


async def read_chunks(reader):
    body = b""
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        if size == 0:
            while (await reader.readline()).strip():
                pass
            return body
        if len(body) + size > BODY_MAX:
            raise Bad("too many chunks")
        body += await reader.readexactly(size)
        await reader.readexactly(2)


def reset(writer):
    """Close with RST: what was sent and not yet read is lost."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


class Listener:
    """A listening port that can be refused and come back under the same number."""

    def __init__(self, host, port, serve):
        self.serve = serve
        self.server = None
        self.writers = set()
        self.held = bound(host, port)
        self.host, self.port = self.held.getsockname()[:2]

    async def open(self):
        if not self.server:
            held, self.held = self.held, None
            self.server = await asyncio.start_server(self._client, sock=held, limit=HEAD_MAX,
                                                     backlog=512)

    async def close(self):
        """Refuse: nobody listens, but the port stays ours (bound, not listening); who was connected is not
        any more when this returns."""
        if self.server:
            self.server.close()
            self.server = None
            self.held = bound(self.host, self.port)
            for writer in list(self.writers):
                reset(writer)
            await asyncio.sleep(0)  # an abort is carried out by the loop

    async def _client(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                request = await read_request(reader)
                if request is None or not await self.serve(request, writer):
                    break
        except (Bad, ValueError, asyncio.LimitOverrunError):
            writer.write(Answer(400, {"message": "Bad Request"}).bytes(False))
        except (EOFError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()


def is_loopback(url):
    """Whether it is one we may call: simulated peers never leave the machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and (host == "localhost" or host.startswith("127."))


async def post(url, body, headers):
    """(status, location) of one POST on a connection of its own."""
    parts = urlsplit(url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    lines = ["POST %s HTTP/1.1" % target, "Host: " + parts.netloc, "Connection: close",
             "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in headers.items()]
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        found = [line.split(":", 1)[1].strip() for line in head[1:]
                 if line.lower().startswith("location:")]
        return status, found[0] if found else None
    finally:
        writer.close()
