"""The control port: JSON over HTTP on loopback (manual: ../routeros.py)."""
import asyncio
import json
import time
import traceback
from urllib.parse import parse_qsl, unquote, urlsplit

from .api import execute
from .street import drawn

BODY_MAX = 64 * 1024 * 1024


class NotFound(Exception):
    pass


class Control:
    def __init__(self, site):
        self.site = site
        self.router = site.router

    async def start(self, host, port):
        self.server = await asyncio.start_server(self._serve, host, port)
        return self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        try:
            method, target, body = await _request(reader)
            status, answer = await self._answer(method, target, body)
        except (ValueError, IndexError, EOFError, ConnectionError) as bad:
            status, answer = 400, {"message": str(bad) or type(bad).__name__}
        except Exception as bad:    # a mistake of ours: reported to both sides, never a silence
            traceback.print_exc()
            status, answer = 500, {"message": repr(bad)}
        page = isinstance(answer, str)  # for people; all else is JSON
        data = (answer if page else json.dumps(answer)).encode()
        head = "HTTP/1.1 %d -\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (
            status, "text/html; charset=utf-8" if page else "application/json", len(data))
        writer.write(head.encode() + data)
        try:
            await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    async def _answer(self, method, target, body):
        parts = urlsplit(target)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            if method == "GET" and path.startswith("/tables/"):
                return 200, self._table(path[7:], query)
            act = ROUTES.get((method, path))
            if not act:
                raise NotFound("no such address: %s %s" % (method, path))
            order = json.loads(body) if body else query
            if not isinstance(order, dict):
                raise ValueError("the body must be an object")
            answer = act(self, order)
            if asyncio.iscoroutine(answer):
                answer = await answer
            return 200, answer
        except NotFound as gone:
            return 404, {"message": str(gone)}
        except (ValueError, KeyError, TypeError) as bad:
            return 400, {"message": repr(bad)}

    def _table(self, path, query):
        """Full rows of one menu, passwords included, filtered by equal properties."""
        table = self.router.tables.get(path)
        if not table:
            raise NotFound("no such menu " + path)
        now = time.time()
        if "name" in query and "name" in table.menu.props:
            chosen = table.find("name", query["name"])
        else:
            chosen = list(table.rows.values())
        rows = [self._row(table, row, now) for row in chosen]
        return [row for row in rows if all(row.get(k) == x for k, x in query.items())]

    def _row(self, table, row, now):
        out = table.full(row, now)
        kind = {"/ppp/secret": "pppoe", "/ip/hotspot/user": "hotspot"}.get(table.menu.path)
        if kind:
            active = self.router.tables[self.router.town.ACTIVE[kind]]
            name = out["name"]
            out["sessions"] = [r.id for r in active.find("name" if kind == "pppoe" else "user",
                                                         name)]
        if table.menu.path in self.router.town.ACTIVE.values():
            out["dialled"] = {k: row.meta.get(k) for k in ("profile", "rate-limit")}
        return out

    def tables(self, order):
        return {path: len(table.rows) for path, table in self.router.tables.items()}

    def state(self, order):
        router, site = self.router, self.site
        return {"identity": router.tables["/system/identity"].rows
                and next(iter(router.tables["/system/identity"].rows.values())).values["name"],
                "version": router.version_text, "api": site.api.port,
                "tls": site.tls.port if site.tls else 0,
                "connections": len(router.connections), "opened": router.opened,
                "logins": router.logins, "commands": sum(router.counts.values()),
                "faults": self.faults(order)}

    def log(self, order):
        """order: path (that one), since (time), limit (the newest n)."""
        names = ("time", "connection", "path", "attributes", "queries", "trap")
        rows = [e for e in self.router.log
                if order.get("path", e[2]) == e[2] and e[0] >= float(order.get("since", 0))]
        limit = int(order.get("limit", len(rows)))
        return {"counts": dict(self.router.counts), "opened": self.router.opened,
                "logins": self.router.logins,
                "entries": [dict(zip(names, e)) for e in rows[len(rows) - limit:]]}

    def counts(self, order):
        return {"counts": dict(self.router.counts), "opened": self.router.opened,
                "logins": self.router.logins}

    def log_reset(self, order):
        self.router.clear_log()
        return {}

    def faults(self, order):
        return [fault.shown() for fault in self.router.faults.on.values()]

    async def fault(self, order):
        self.router.faults.set(order)
        await self.site.follow()
        return self.faults(order)

    async def reset(self, order):
        self.router.reset()
        await self.site.follow()
        if order.get("connections"):
            self.site.hang_up()
        return {}

    def cpe(self, order):
        if "redial" in order and "name" not in order:
            self.router.redial = float(order["redial"])
        if "dial" in order:
            self._dial(order["dial"])
        if "name" not in order:
            return {}
        return self.router.town.add(order).shown()

    def _dial(self, who):
        """all: every secret and user, also those there already; none: no new ones."""
        router = self.router
        router.dial_all = who == "all"
        if router.dial_all:
            for kind, path in (("pppoe", "/ppp/secret"), ("hotspot", "/ip/hotspot/user")):
                for row in list(router.tables[path].rows.values()):
                    router.town.changed(kind, row, False)

    def cpe_off(self, order):
        if not self.router.town.forget(order.get("service", "pppoe"), order["name"]):
            raise NotFound("no such subscriber")
        return {}

    def cpes(self, order):
        return [cpe.shown() for cpe in self.router.town.cpes.values()]

    def street(self, order):
        return drawn(self.cpes(order))

    def secrets(self, order):
        return {"made": self.router.fill(int(order.pop("count")), order)}

    def user(self, order):
        """Add or change a user: name, password, policy (of the group), disabled."""
        policy = order.get("policy", self.router.options["policy"])
        self.router.set_user(order["name"], order["password"], policy, bool(order.get("disabled")))
        return {}

    def command(self, order):
        return {"replies": execute(self.router, order["words"])}

    def hang_up(self, order):
        self.site.hang_up()
        return {}


ROUTES = {
    ("GET", "/"): Control.state, ("GET", "/tables"): Control.tables,
    ("GET", "/log"): Control.log, ("GET", "/log/counts"): Control.counts,
    ("POST", "/log/reset"): Control.log_reset, ("GET", "/fault"): Control.faults,
    ("POST", "/fault"): Control.fault, ("POST", "/reset"): Control.reset,
    ("GET", "/street"): Control.street, ("GET", "/cpe"): Control.cpes, ("POST", "/cpe"): Control.cpe,
    ("DELETE", "/cpe"): Control.cpe_off, ("POST", "/secrets"): Control.secrets,
    ("POST", "/user"): Control.user, ("POST", "/command"): Control.command,
    ("POST", "/hangup"): Control.hang_up,
}


async def _request(reader):
    """(method, target, body) of one HTTP request."""
    method, target, _ = (await reader.readline()).decode("latin-1").split(" ", 2)
    size = 0
    while True:
        line = (await reader.readline()).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            size = int(value)
    if not 0 <= size <= BODY_MAX:
        raise ValueError("body too big")
    return method, target, await reader.readexactly(size)
