"""The menus: properties in print order, with kinds, defaults and the traps for doubles."""
from . import values as v

REFUSE_DEFAULT = "can not remove default profile"
EDIT = ("print", "getall", "listen", "add", "set", "remove", "enable", "disable", "unset")
SEE = ("print", "getall", "listen")


class Prop:
    """default None = absent until set; optional = unset may clear it."""
    __slots__ = ("kind", "default", "readonly", "secret")

    def __init__(self, kind=v.text, default=None, readonly=False, secret=False):
        self.kind = kind
        self.default = default
        self.readonly = readonly
        self.secret = secret


class Menu:
    def __init__(self, path, props, verbs=EDIT, **more):
        self.path = path
        self.props = props
        self.verbs = verbs
        self.required = more.get("required", ())
        self.unique = more.get("unique", ())     # ((properties), text)
        self.index = ("name",) + tuple(more.get("index", ()))
        self.computed = more.get("computed", {})  # property -> function(row, now)
        self.check = more.get("check")           # function(values) that may trap
        self.single = more.get("single", False)
        self.package = more.get("package")


def ro(default=None):
    return Prop(default=default, readonly=True)


def _row_flags():
    return {"dynamic": ro("false"), "disabled": Prop(v.boolean, "false"),
            "comment": Prop(v.optional)}


def _uptime(row, now):
    return v.span(int(now - row.since))


def _counter(which, floor=0):
    def count(row, now):
        rate = row.meta.get(which, 0) if row.meta else 0
        return str(int(row.meta.get("base", floor) if row.meta else floor)
                   + int((now - row.since) * rate / 8))
    return count


def _packets(which):
    count = _counter(which)
    return lambda row, now: str(int(count(row, now)) // 800)


def _time_left(row, now):
    left = (row.meta or {}).get("limit")
    return v.span(max(0, int(left - (now - row.since)))) if left else None


_COUNTERS = {"rx-byte": _counter("rx"), "tx-byte": _counter("tx"),
             "rx-packet": _packets("rx"), "tx-packet": _packets("tx")}


def _check_queue(values):
    for at, side in ((0, "upload"), (1, "download")):
        most = int(values["max-limit"].split("/")[at])
        least = int(values["limit-at"].split("/")[at])
        if most and least > most:
            raise v.Trap("failure: %s-max-limit less than %s-limit" % (side, side))


def _ppp_secret():
    service = v.enum("any", "async", "l2tp", "ovpn", "pppoe", "pptp", "sstp")
    return Menu("/ppp/secret", {
        "name": Prop(v.name_text), "service": Prop(service, "any"),
        "caller-id": Prop(v.text, ""), "password": Prop(v.text, "", secret=True),
        "profile": Prop(v.ref("/ppp/profile"), "default"),
        "local-address": Prop(v.address), "remote-address": Prop(v.address),
        "routes": Prop(v.text, ""), "ipv6-routes": Prop(v.text, ""),
        "limit-bytes-in": Prop(v.number, "0"), "limit-bytes-out": Prop(v.number, "0"),
        "last-logged-out": ro("NEVER"), "last-caller-id": ro(),
        "last-disconnect-reason": ro(),
        "disabled": Prop(v.boolean, "false"), "comment": Prop(v.optional),
    }, required=("name",), index=("comment", "profile"), unique=(
        (("name",), "failure: secret with the same name already exists"),))


def _ppp_active():
    names = ("name", "service", "caller-id", "address", "uptime", "encoding", "session-id",
             "limit-bytes-in", "limit-bytes-out", "radius", "comment")
    return Menu("/ppp/active", {n: ro() for n in names}, SEE + ("remove",),
                computed={"uptime": _uptime}, index=("address",))


def _ppp_profile():
    yes_no = v.enum("default", "no", "yes", "required")
    return Menu("/ppp/profile", {
        "name": Prop(v.name_text), "local-address": Prop(v.address_or_pool),
        "remote-address": Prop(v.address_or_pool), "bridge-learning": Prop(v.text, "default"),
        "use-mpls": Prop(yes_no, "default"), "use-compression": Prop(yes_no, "default"),
        "use-encryption": Prop(yes_no, "default"), "use-upnp": Prop(yes_no, "default"),
        "only-one": Prop(v.enum("default", "no", "yes"), "default"),
        "change-tcp-mss": Prop(v.enum("default", "no", "yes"), "default"),
        "address-list": Prop(v.text, ""), "dns-server": Prop(v.text),
        "session-timeout": Prop(v.limit_duration), "idle-timeout": Prop(v.limit_duration),
        "rate-limit": Prop(v.optional), "parent-queue": Prop(v.ref("/queue/simple", "none")),
        "queue-type": Prop(v.text), "insert-queue-before": Prop(v.text),
        "on-up": Prop(v.text, ""), "on-down": Prop(v.text, ""),
        "default": ro("false"), "comment": Prop(v.optional),
    }, ("print", "getall", "listen", "add", "set", "remove", "unset"),
        required=("name",), index=("local-address", "remote-address", "parent-queue"),
        unique=((("name",), "failure: profile with the same name already exists"),))


def _server(value, name, router):
    found = v.ref("/ip/hotspot", "all")(value, name, router)
    return None if found == "all" else found


def _hotspot():
    return Menu("/ip/hotspot", {
        "name": Prop(v.name_text), "interface": Prop(v.ref("/interface")),
        "profile": Prop(v.text, "default"), "disabled": Prop(v.boolean, "false"),
    }, package="hotspot", required=("name", "interface"),
        unique=((("name",), "failure: server with such name already exists"),))


def _hotspot_user():
    return Menu("/ip/hotspot/user", {
        "server": Prop(_server), "name": Prop(v.name_text),
        "password": Prop(v.optional, secret=True), "address": Prop(v.ipv4),
        "mac-address": Prop(v.mac), "profile": Prop(v.ref("/ip/hotspot/user/profile"), "default"),
        "routes": Prop(v.optional), "email": Prop(v.optional),
        "limit-uptime": Prop(v.limit_duration), "limit-bytes-in": Prop(v.limit_number),
        "limit-bytes-out": Prop(v.limit_number), "limit-bytes-total": Prop(v.limit_number),
        "uptime": ro("0s"), "bytes-in": ro("0"), "bytes-out": ro("0"),
        "packets-in": ro("0"), "packets-out": ro("0"), **_row_flags(),
    }, package="hotspot", required=("name",), index=("comment", "profile"), unique=(
        (("name", "server"), "failure: already have user with this name for this server"),))


def _hotspot_profile():
    return Menu("/ip/hotspot/user/profile", {
        "name": Prop(v.name_text), "address-pool": Prop(v.ref("/ip/pool", "none")),
        "session-timeout": Prop(v.limit_duration),
        "idle-timeout": Prop(v.duration_or_none, "none"),
        "keepalive-timeout": Prop(v.duration_or_none, "2m"),
        "status-autorefresh": Prop(v.duration_or_none, "1m"),
        "shared-users": Prop(v.enum_or_number("unlimited"), "1"),
        "add-mac-cookie": Prop(v.boolean, "true"),
        "mac-cookie-timeout": Prop(v.duration, "3d"), "rate-limit": Prop(v.optional),
        "address-list": Prop(v.text, ""), "parent-queue": Prop(v.ref("/queue/simple", "none")),
        "transparent-proxy": Prop(v.boolean, "false"), "on-login": Prop(v.optional),
        "on-logout": Prop(v.optional), "default": ro("false"),
    }, ("print", "getall", "listen", "add", "set", "remove", "unset"), package="hotspot",
        required=("name",), index=("address-pool",),
        unique=((("name",), "failure: already have such name"),))


def _hotspot_active():
    names = ("server", "user", "domain", "address", "mac-address", "login-by", "uptime",
             "idle-time", "session-time-left", "keepalive-timeout", "bytes-in", "bytes-out",
             "packets-in", "packets-out", "limit-bytes-in", "limit-bytes-out", "radius",
             "comment")
    return Menu("/ip/hotspot/active", {n: ro() for n in names}, SEE + ("remove",),
                package="hotspot", index=("user", "address"), computed={
                    "uptime": _uptime, "session-time-left": _time_left,
                    "bytes-in": _counter("rx"), "bytes-out": _counter("tx"),
                    "packets-in": _packets("rx"), "packets-out": _packets("tx")})


def _hotspot_cookie():
    names = ("user", "domain", "mac-address", "expires-in", "mac-cookie")
    return Menu("/ip/hotspot/cookie", {n: ro() for n in names}, SEE + ("remove",),
                package="hotspot", index=("user",))


def _queue():
    zero = Prop(v.rate_pair, "0/0")
    return Menu("/queue/simple", {
        "name": Prop(v.name_text), "target": Prop(v.target), "dst": Prop(v.optional),
        "parent": Prop(v.ref("/queue/simple", "none"), "none"),
        "packet-marks": Prop(v.text, ""), "priority": Prop(v.priority_pair, "8/8"),
        "queue": Prop(v.text, "default-small/default-small"), "limit-at": zero,
        "max-limit": zero, "burst-limit": zero, "burst-threshold": zero,
        "burst-time": Prop(v.duration_pair, "0s/0s"), "bytes": ro("0/0"),
        "time": Prop(v.optional), "invalid": ro("false"), **_row_flags(),
    }, EDIT + ("move",), required=("target",), check=_check_queue,
        index=("target", "comment", "parent"),
        unique=((("name",), "failure: already have such name"),))


def _address_list(path, version):
    return Menu(path, {
        "list": Prop(v.name_text), "address": Prop(v.list_address(version)),
        "timeout": Prop(v.limit_duration), "creation-time": ro("NOW"), **_row_flags(),
    }, required=("list", "address"), index=("list", "address"),
        unique=((("address", "list"), "failure: already have such entry"),))


def _pool():
    return Menu("/ip/pool", {
        "name": Prop(v.name_text), "ranges": Prop(v.ranges),
        "next-pool": Prop(v.ref("/ip/pool", "none")), "comment": Prop(v.optional),
    }, ("print", "getall", "listen", "add", "set", "remove", "unset"),
        required=("name", "ranges"),
        unique=((("name",), "failure: pool with such name exists"),))


def _dhcp_server():
    return Menu("/ip/dhcp-server", {
        "name": Prop(v.name_text), "interface": Prop(v.ref("/interface")),
        "address-pool": Prop(v.ref("/ip/pool", "static-only"), "static-only"),
        "lease-time": Prop(v.duration, "30m"), **_row_flags(),
    }, required=("name", "interface"),
        unique=((("name",), "failure: server with such name already exists"),))


def _lease():
    return Menu("/ip/dhcp-server/lease", {
        "address": Prop(v.ipv4), "mac-address": Prop(v.mac), "client-id": Prop(v.optional),
        "address-lists": Prop(v.text, ""), "server": Prop(v.ref("/ip/dhcp-server", "all")),
        "dhcp-option": Prop(v.text, ""), "status": ro("waiting"), "expires-after": ro(),
        "last-seen": ro("never"), "active-address": ro(), "active-mac-address": ro(),
        "active-server": ro(), "host-name": ro(), "radius": ro("false"),
        "rate-limit": Prop(v.optional), "lease-time": Prop(v.limit_duration),
        "blocked": ro("false"), **_row_flags(),
    }, required=("address",), index=("address", "mac-address"), unique=(
        (("address",), "failure: already have static lease with this IP address"),
        (("mac-address", "server"), "failure: already have static lease for this client")))


def _interface():
    return Menu("/interface", {
        "name": Prop(v.name_text), "default-name": ro(), "type": ro(),
        "mtu": Prop(v.number), "actual-mtu": ro(), "mac-address": ro(),
        "last-link-up-time": ro(), "link-downs": ro("0"), "rx-byte": ro(), "tx-byte": ro(),
        "rx-packet": ro(), "tx-packet": ro(), "rx-drop": ro("0"), "tx-drop": ro("0"),
        "rx-error": ro("0"), "tx-error": ro("0"), "dynamic": ro(), "running": ro("true"),
        "disabled": Prop(v.boolean, "false"), "comment": Prop(v.optional),
    }, SEE + ("set", "enable", "disable", "unset", "monitor-traffic"), computed=_COUNTERS,
        index=("type",), unique=((("name",), "failure: already have interface with such name"),))


def _resource():
    fixed = {"build-time": "2025-10-20 09:00:00", "factory-software": "7.1",
             "total-memory": "1073741824", "cpu": "ARM64", "cpu-count": "4",
             "cpu-frequency": "1400", "free-hdd-space": "98304000",
             "total-hdd-space": "134217728", "architecture-name": "arm64",
             "board-name": "RB5009UG+S+", "platform": "MikroTik"}
    props = {"uptime": ro(), "version": ro(), "free-memory": ro(), "cpu-load": ro()}
    props.update({n: ro(text) for n, text in fixed.items()})
    computed = {"uptime": _uptime, "cpu-load": lambda row, now: str(3 + int(now) % 7),
                "free-memory": lambda row, now: str(700000000 + int(now) % 1000 * 4096)}
    return Menu("/system/resource", props, ("print", "getall"), single=True, computed=computed)


def _identity():
    return Menu("/system/identity", {"name": Prop(v.name_text)}, ("print", "getall", "set"),
                single=True)


def menus():
    """Fresh menus by path."""
    made = (_interface(), _pool(), _ppp_profile(), _ppp_secret(), _ppp_active(), _hotspot(),
            _hotspot_profile(), _hotspot_user(), _hotspot_active(), _hotspot_cookie(),
            _queue(), _address_list("/ip/firewall/address-list", 4),
            _address_list("/ipv6/firewall/address-list", 6), _dhcp_server(), _lease(),
            _resource(), _identity())
    return {menu.path: menu for menu in made}


# The holders of names of rows elsewhere: (menu, property, menu named). A removed row leaves its id.
REFERENCES = (
    ("/ppp/secret", "profile", "/ppp/profile"),
    ("/ip/hotspot/user", "profile", "/ip/hotspot/user/profile"),
    ("/ppp/profile", "local-address", "/ip/pool"),
    ("/ppp/profile", "remote-address", "/ip/pool"),
    ("/ppp/profile", "parent-queue", "/queue/simple"),
    ("/ip/hotspot/user/profile", "address-pool", "/ip/pool"),
    ("/queue/simple", "parent", "/queue/simple"),
)
