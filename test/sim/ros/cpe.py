"""Simulated subscribers: devices that dial in while they may, and redial when kicked."""
import ipaddress
import zlib

from . import values as v


class Cpe:
    def __init__(self, kind, name, options):
        self.kind = kind                            # pppoe or hotspot
        self.name = name
        self.password = options.get("password")     # None: always the right one
        self.redial = options.get("redial")         # None: the router's default
        self.sessions = options.get("sessions", 1)
        self.online = set()                         # ids of its session rows
        self.timer = None
        self.why = "not dialled yet"

    def shown(self):
        return {"service": self.kind, "name": self.name, "sessions": sorted(self.online),
                "state": self.why}


class Town:
    """All subscribers of one router."""
    ACTIVE = {"pppoe": "/ppp/active", "hotspot": "/ip/hotspot/active"}

    def __init__(self, router):
        self.router = router
        self.cpes = {}
        self.off = set()        # switched off by hand: dial all does not bring them back
        self.cursor = {}
        self.serial = 0x81000000
        tables = router.tables
        tables["/ppp/secret"].listeners.append(
            lambda row, dead: self.changed("pppoe", row, dead))
        tables["/ip/hotspot/user"].listeners.append(
            lambda row, dead: self.changed("hotspot", row, dead))

    def clear(self):
        for cpe in self.cpes.values():
            if cpe.timer:
                cpe.timer.cancel()
        self.cpes = {}
        self.off = set()
        self.cursor = {}

    def add(self, options):
        kind = options.get("service", "pppoe")
        if kind not in self.ACTIVE:
            raise ValueError("service is pppoe or hotspot")
        self.forget(kind, options["name"])
        cpe = Cpe(kind, options["name"], options)
        self.cpes[kind, cpe.name] = cpe
        self.off.discard((kind, cpe.name))
        self.nudge(cpe, options.get("wait", 0))
        return cpe

    def forget(self, kind, name):
        """The device is switched off: its sessions end."""
        cpe = self.cpes.pop((kind, name), None)
        if not cpe:
            return False
        self.off.add((kind, name))
        if cpe.timer:
            cpe.timer.cancel()
        active = self.router.tables[self.ACTIVE[kind]]
        for rowid in list(cpe.online):
            self.end(kind, active.rows[rowid])
        return True

    def changed(self, kind, row, dead):
        """A secret or user was added, edited or removed: who is offline tries again."""
        if dead:
            return
        name = row.values["name"]
        cpe = self.cpes.get((kind, name))
        if not cpe and self.router.dial_all and self._meant(kind, row):
            cpe = self.cpes[kind, name] = Cpe(kind, name, {})
        if cpe:
            self.nudge(cpe)

    def _meant(self, kind, row):
        """Does `dial all` mean this row?"""
        if (kind, row.values["name"]) in self.off:
            return False
        if kind == "hotspot":
            return row.values["name"] != "default-trial"
        return row.values["service"] in ("any", "pppoe")

    def nudge(self, cpe, wait=None):
        """Dial after the redial time, unless all its sessions are up or it is dialling."""
        if cpe.timer or len(cpe.online) >= cpe.sessions:
            return
        if wait is None:
            wait = self.router.redial if cpe.redial is None else cpe.redial
        cpe.timer = self.router.loop.call_later(wait, self._dial, cpe)

    def _dial(self, cpe):
        cpe.timer = None
        while len(cpe.online) < cpe.sessions:
            why = self._pppoe(cpe) if cpe.kind == "pppoe" else self._hotspot(cpe)
            cpe.why = why or "online"
            if why:
                break
        if cpe.why == "no address left":
            self.nudge(cpe)

    def _pppoe(self, cpe):
        """One PPP session; the reason when it is refused."""
        tables = self.router.tables
        secret = tables["/ppp/secret"].one("name", cpe.name)
        if not secret:
            return "no such user"
        if secret.values["disabled"] == "true":
            return "disabled"
        if secret.values["service"] not in ("any", "pppoe"):
            return "wrong service"
        if cpe.password is not None and cpe.password != secret.values["password"]:
            return "wrong password"
        profile = tables["/ppp/profile"].one("name", secret.values["profile"])
        profile = profile or tables["/ppp/profile"].rows["*0"]
        if cpe.online and profile.values["only-one"] == "yes":
            return "only one session"
        address = self._address(secret, profile)
        if not address:
            return "no address left"
        self._open_ppp(cpe, secret, profile, address)
        return None

    def _address(self, secret, profile):
        wanted = secret.values.get("remote-address") or profile.values.get("remote-address")
        if not wanted:
            return self._next("", "10.112.112.1-10.112.255.254", "/ppp/active")
        if v.canonical_ip(wanted):
            return wanted
        pool = self.router.tables["/ip/pool"].one("name", wanted)
        return pool and self._next(wanted, pool.values["ranges"], "/ppp/active")

    def _next(self, name, ranges, menu):
        """The next free address of a pool, None when all are in use."""
        used = self.router.tables[menu].index["address"]
        bounds = [v.bounds(part) for part in ranges.split(",")]
        total = sum(last - first + 1 for first, last in bounds)
        for _ in range(total):
            at = self.cursor.get(name, 0) % total
            self.cursor[name] = at + 1
            for first, last in bounds:
                if at <= last - first:
                    break
                at -= last - first + 1
            found = str(ipaddress.ip_address(first + at))
            if found not in used:
                return found
        return None

    def _open_ppp(self, cpe, secret, profile, address):
        self.serial += 1
        rate = profile.values.get("rate-limit")
        label = self._label(cpe.name)
        meta = {"cpe": cpe, "interface": label, "profile": secret.values["profile"],
                "rate-limit": rate}
        comment = secret.values.get("comment")
        row = self.router.tables["/ppp/active"].insert({
            **({"comment": comment} if comment else {}),
            "name": cpe.name, "service": "pppoe", "caller-id": _mac(cpe.name, "02"),
            "address": address, "encoding": "", "session-id": "0x%08x" % self.serial,
            "limit-bytes-in": "0", "limit-bytes-out": "0", "radius": "false"}, meta)
        cpe.online.add(row.id)
        self._link(label, cpe.name, rate)
        if rate:
            self._shape(label, rate)

    def _label(self, name):
        """<pppoe-NAME>, with a number when the name is in use."""
        label, n = "<pppoe-%s>" % name, 0
        while self.router.tables["/interface"].find("name", label):
            n += 1
            label = "<pppoe-%s-%d>" % (name, n)
        return label

    def _link(self, label, name, rate):
        speed = zlib.crc32(name.encode("utf-8", "surrogateescape"))
        rx, tx = speed % 900000 + 1000, speed % 9000000 + 20000
        limits = v.parse_rate_limit(rate or "")
        if limits:
            up, down = map(int, limits["max-limit"].split("/"))
            rx, tx = min(rx, up or rx), min(tx, down or tx)
        self.router.tables["/interface"].insert({
            "name": label, "type": "pppoe-in", "mtu": "1480", "actual-mtu": "1480",
            "last-link-up-time": self.router.now(), "link-downs": "0", "rx-drop": "0",
            "tx-drop": "0", "rx-error": "0", "tx-error": "0", "dynamic": "true",
            "running": "true", "disabled": "false"}, {"rx": rx, "tx": tx, "base": 0})

    def _shape(self, label, rate):
        """The dynamic queue of a session; a rate-limit that cannot be parsed makes none."""
        limits = v.parse_rate_limit(rate)
        queues = self.router.tables["/queue/simple"]
        if not limits or queues.find("name", label):
            return
        values = self.router.defaults(queues.menu)
        values.update(name=label, target=label, dynamic="true")
        values.update(limits)
        queues.insert(values)

    def _hotspot(self, cpe):
        """One hotspot login, by cookie where there is one; the reason when it is refused."""
        tables = self.router.tables
        user = tables["/ip/hotspot/user"].one("name", cpe.name)
        cookie = tables["/ip/hotspot/cookie"].one("user", cpe.name)
        if not user:
            return "no such user"
        if user.values["disabled"] == "true":
            return "disabled"
        wrong = cpe.password is not None and cpe.password != user.values.get("password", "")
        if wrong and not cookie:
            return "wrong password"
        self._open_hotspot(cpe, user, cookie)
        return None

    def _open_hotspot(self, cpe, user, cookie):
        tables = self.router.tables
        server = user.values.get("server") or self._any_server()
        address = user.values.get("address") or self._next(
            "hotspot", "10.5.50.2-10.5.57.254", "/ip/hotspot/active")
        limit = user.values.get("limit-uptime")
        speed = zlib.crc32(cpe.name.encode("utf-8", "surrogateescape"))
        meta = {"cpe": cpe, "profile": user.values["profile"], "rx": speed % 200000 + 500,
                "tx": speed % 2000000 + 5000, "limit": v.seconds(limit) if limit else None}
        row = tables["/ip/hotspot/active"].insert({
            "server": server, "user": cpe.name, "address": address,
            "mac-address": _mac(cpe.name, "06"), "login-by": "cookie" if cookie else "http-chap",
            "idle-time": "0s", "keepalive-timeout": "2m", "radius": "false"}, meta)
        cpe.online.add(row.id)
        if not cookie:
            tables["/ip/hotspot/cookie"].insert({
                "user": cpe.name, "domain": "", "mac-address": _mac(cpe.name, "06"),
                "expires-in": "3d", "mac-cookie": "false"})

    def _any_server(self):
        rows = self.router.tables["/ip/hotspot"].rows.values()
        return next((row.values["name"] for row in rows), "hotspot1")

    def end(self, kind, row):
        """A session ends: its row goes, what hung on it too, and the device redials."""
        self.router.tables[self.ACTIVE[kind]].remove(row)
        cpe = row.meta["cpe"]
        cpe.online.discard(row.id)
        cpe.why = "session ended"
        if kind == "pppoe":
            self._close_ppp(row)
        if self.cpes.get((kind, cpe.name)) is cpe:
            self.nudge(cpe)

    def _close_ppp(self, row):
        for menu in ("/interface", "/queue/simple"):
            for gone in self.router.tables[menu].find("name", row.meta["interface"]):
                self.router.tables[menu].remove(gone)
        secrets = self.router.tables["/ppp/secret"]
        for secret in secrets.find("name", row.values["name"]):
            secrets.change(secret, {
                "last-logged-out": self.router.now(), "last-caller-id": row.values["caller-id"],
                "last-disconnect-reason": "admin-reset"})


def _mac(name, first):
    raw = "%08X" % zlib.crc32(name.encode("utf-8", "surrogateescape"))
    return ":".join([first, "51"] + [raw[i:i + 2] for i in range(0, 8, 2)])
