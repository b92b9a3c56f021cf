"""One router: its tables, users, log and faults. No sockets here."""
import time
from collections import Counter, deque, namedtuple

from . import schema
from .cpe import Town
from .faults import Faults
from .table import Table

LOG_MAX = 200000
User = namedtuple("User", "password policy disabled")


class Router:
    def __init__(self, loop, options):
        self.loop = loop
        self.options = options
        self.identity = options["identity"]
        self.version_text = options["version"]
        self.version = tuple(int(n) for n in options["version"].split("."))
        self.legacy = options["legacy"]
        self.max_sessions = options["max_sessions"]
        self.faults = Faults()
        self.connections = set()
        self.opened = self.logins = 0
        self.tables = {path: Table(menu, self) for path, menu in schema.menus().items()}
        self.town = Town(self)
        self.reset()

    def hidden(self, table):
        """Menus of a package that is not installed."""
        return table.menu.package == "hotspot" and not self.options["hotspot"]

    def reset(self):
        """Back to factory settings; ids go on."""
        self.faults.set({"kind": "none"})
        self.redial = self.options["redial"]
        self.dial_all = self.options["dial"] == "all"
        self.users = {}
        self.town.clear()
        for table in self.tables.values():
            table.clear()
        self.set_user(self.options["user"], self.options["password"], self.options["policy"])
        self.clear_log()
        self._factory()

    def set_user(self, name, password, policy, disabled=False):
        self.users[name] = User(password, frozenset(policy.split(",")), disabled)

    def clear_log(self):
        self.log = deque(maxlen=LOG_MAX)
        self.counts = Counter()
        self.opened = self.logins = 0

    def now(self):
        return self.date(time.localtime())

    def date(self, when):
        """Router dates: ISO from 7.10 on."""
        if self.version >= (7, 10):
            return time.strftime("%Y-%m-%d %H:%M:%S", when)
        return time.strftime("%b/%d/%Y %H:%M:%S", when).lower()

    def defaults(self, menu):
        """The values a new row of this menu starts with."""
        out = {}
        for name, prop in menu.props.items():
            text = prop.default
            if text == "NEVER":
                text = self.date(time.gmtime(0))
            elif text == "NOW":
                text = self.now()
            if text is not None:
                out[name] = text
        return out

    def make(self, path, values, meta=None, rowid=None):
        table = self.tables[path]
        return table.insert({**self.defaults(table.menu), **values}, meta, rowid)

    def _factory(self):
        for n in range(1, 6):
            self._ether(n)
        addresses = {}
        if self.options.get("pool"):
            self.make("/ip/pool", {"name": "pppoe", "ranges": self.options["pool"]})
            addresses = {"local-address": self.options["pool"].split("-")[0], "remote-address": "pppoe"}
        self.make("/ppp/profile", {"name": "default", "default": "true",
                                   "change-tcp-mss": "yes", **addresses}, rowid="*0")
        self.make("/ppp/profile", {"name": "default-encryption", "default": "true",
                                   "change-tcp-mss": "yes", "use-encryption": "yes"},
                  rowid="*FFFFFFFE")
        self.make("/ip/hotspot", {"name": "hotspot1", "interface": "ether3"})
        self.make("/ip/hotspot/user/profile", {"name": "default", "default": "true"}, rowid="*0")
        self.make("/ip/hotspot/user", {
            "name": "default-trial", "comment": "counters and limits for trial users"},
            {"built-in": True}, "*0")
        self.make("/ip/dhcp-server", {"name": "dhcp1", "interface": "ether2"})
        self.make("/system/identity", {"name": self.identity})
        self.make("/system/resource", {"version": self.version_text + " (stable)"},
                  {"rx": 0}).since -= 1234567

    def _ether(self, n):
        name = "ether%d" % n
        self.make("/interface", {
            "name": name, "default-name": name, "type": "ether", "mtu": "1500",
            "actual-mtu": "1500", "mac-address": "4C:5E:0C:00:00:%02X" % n,
            "last-link-up-time": self.now(), "running": "true" if n < 5 else "false"},
            {"rx": 40000000 * n, "tx": 9000000 * n, "base": 5 * 10 ** 12})

    def note(self, conn, path, attrs, queries, trap):
        """Remember a command: names of attributes only, never their values."""
        self.counts[path] += 1
        self.log.append((time.time(), conn, path, attrs, queries, trap))

    def fill(self, count, options):
        """Many secrets at once, without the checks of add."""
        prefix = options.get("prefix", "user")
        extra = {k: x for k, x in options.items() if k in self.tables["/ppp/secret"].menu.props}
        have = self.tables["/ppp/secret"].index["name"]
        values = {**self.defaults(self.tables["/ppp/secret"].menu), "service": "pppoe", **extra}
        made = 0
        for n in range(1, count + 1):
            name = "%s%05d" % (prefix, n)
            if name not in have:
                row = {**values, "name": name, "password": extra.get("password", "pw%05d" % n)}
                self.tables["/ppp/secret"].insert(row)
                made += 1
        return made

    def renamed(self, path, old, new):
        """A row others refer to by name got another name, or went (new is its id)."""
        for menu, prop, target in schema.REFERENCES:
            if target != path:
                continue
            table = self.tables[menu]
            for row in table.find(prop, old):
                table.change(row, {prop: new})
