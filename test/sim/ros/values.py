"""Kinds of values: each takes (text, argument name, router) and returns the text as the
router prints it, None for "absent", or raises the Trap real routers answer with."""
import ipaddress
import re
import socket


class Trap(Exception):
    def __init__(self, message, category=None):
        super().__init__(message)
        self.message = message
        self.category = category


def invalid(name):
    return Trap("invalid value for argument " + name, 1)


def text(value, name, router):
    return value


def optional(value, name, router):
    """Free text that is absent when empty (comments)."""
    return value or None


def name_text(value, name, router):
    if not value:
        raise invalid(name)
    return value


_BOOL = {"yes": "true", "true": "true", "no": "false", "false": "false"}


def boolean(value, name, router):
    if value not in _BOOL:
        raise invalid(name)
    return _BOOL[value]


def pick(choices, value, name):
    """A choice by its name or by a prefix only it has, as RouterOS enumerations are."""
    if value in choices:
        return value
    found = [c for c in choices if value and c.startswith(value)]
    if len(found) > 1:
        raise Trap("ambiguous value of %s, more than one possible value matches input" % name, 1)
    if not found:
        raise Trap("input does not match any value of " + name, 1)
    return found[0]


def enum(*choices):
    return lambda value, name, router: pick(choices, value, name)


def ref(menu, *also):
    """The name (or *id) of a row of another menu, or one of the fixed words."""
    def kind(value, name, router):
        table = router.tables[menu]
        if value in table.rows:
            return table.rows[value].values["name"]
        if value in also or table.find("name", value):
            return value
        names = [row.values["name"] for row in table.rows.values()]
        return pick(names + list(also), value, name)
    return kind


def canonical_ip(value):
    """The address in its printed form, None when it is none."""
    family = socket.AF_INET6 if ":" in value else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, value))
    except (OSError, ValueError):
        return None


def bad_address(name, router):
    # Version 7 goes on after a colon, with more lines: clients must cope.
    if router.version >= (7,):
        return Trap("invalid value for argument %s:\n    invalid value of address\n" % name, 1)
    return invalid(name)


def address(value, name, router):
    found = canonical_ip(value)
    if not found:
        raise bad_address(name, router)
    return found


def ipv4(value, name, router):
    found = canonical_ip(value)
    if not found or ":" in found:
        raise bad_address(name, router)
    return found


def address_or_pool(value, name, router):
    found = canonical_ip(value)
    if found:
        return found
    if not value:
        raise bad_address(name, router)
    return ref("/ip/pool")(value, name, router)


_HOST = re.compile(r"(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)+\Z")


def list_address(version):
    """An address, prefix, range or host name of one IP version, for address lists."""
    def kind(value, name, router):
        first, dash, last = value.partition("-")
        if dash and canonical_ip(first) and canonical_ip(last):
            return value
        if _HOST.match(value):
            return value
        try:
            net = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise bad_address(name, router) from None
        if net.version != version:
            raise bad_address(name, router)
        return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)
    return kind


def target(value, name, router):
    """Queue targets: addresses become prefixes, other words must be interfaces."""
    out = []
    for part in value.split(","):
        ip = canonical_ip(part)
        if ip:
            out.append(ip + ("/128" if ":" in ip else "/32"))
        elif "/" in part:
            out.append(_prefix(part, name, router))
        else:
            out.append(_interface(part, name, router))
    return ",".join(out)


def _prefix(part, name, router):
    try:
        return str(ipaddress.ip_network(part, strict=False))
    except ValueError:
        raise bad_address(name, router) from None


def _interface(part, name, router):
    if not router.tables["/interface"].find("name", part):
        raise bad_address(name, router)
    return part


def bounds(part):
    """(first, last) of `a-b`, `a/len` or `a`, as integers; ValueError."""
    if "/" in part:
        net = ipaddress.ip_network(part, strict=False)
        return int(net[0]), int(net[-1])
    first, dash, last = part.partition("-")
    first = ipaddress.ip_address(first)
    last = ipaddress.ip_address(last) if dash else first
    if first.version != last.version or first > last:
        raise ValueError("not a range")
    return int(first), int(last)


def ranges(value, name, router):
    try:
        for part in value.split(","):
            bounds(part)
    except ValueError:
        raise bad_address(name, router) from None
    return value


_RATE = re.compile(r"(\d{1,18})(?:\.(\d))?([kMG]?)\Z", re.ASCII)
_UNIT = {"": 1, "k": 1000, "M": 1000000, "G": 1000000000}


def rate(value):
    """Bits per second as int, None when the text is no rate."""
    found = _RATE.match(value)
    if not found:
        return None
    tenths = int(found[1]) * 10 + int(found[2] or 0)
    return tenths * _UNIT[found[3]] // 10


def halves(value):
    """`up/down`, or one value meant for both."""
    up, slash, down = value.partition("/")
    return (up, down) if slash else (up, up)


def rate_pair(value, name, router):
    both = [rate(half) for half in halves(value)]
    if None in both:
        raise invalid(name)
    return "%d/%d" % tuple(both)


def priority_pair(value, name, router):
    both = halves(value)
    if not all(half.isascii() and half.isdigit() and len(half) < 10 for half in both):
        raise invalid(name)
    if not all(1 <= int(half) <= 8 for half in both):
        raise Trap("value of priority out of range (1..8)", 1)
    return "%d/%d" % tuple(map(int, both))


_SPAN = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(\d+):(\d\d):(\d\d)\Z", re.ASCII)
_SCALE = (604800, 86400, 3600, 60, 1)


def seconds(value):
    """A duration in any of the accepted spellings, None when it is none."""
    if len(value) > 40:
        return None
    if value.isascii() and value.isdigit():
        return int(value)
    found = _SPAN.match(value) if value else None
    found = found or _CLOCK.match(value)
    if not found:
        return None
    return sum(int(n or 0) * scale for n, scale in zip(found.groups(), _SCALE))


def span(total):
    """Seconds as `1w2d3h4m5s`."""
    out = []
    for scale, unit in zip(_SCALE, "wdhms"):
        n, total = divmod(total, scale)
        if n:
            out.append("%d%s" % (n, unit))
    return "".join(out) or "0s"


def duration(value, name, router):
    total = 0 if value == "none" else seconds(value)
    if total is None:
        raise invalid(name)
    return span(total)


def duration_or_none(value, name, router):
    return "none" if value == "none" else duration(value, name, router)


def limit_duration(value, name, router):
    """A limit that is absent when zero."""
    found = duration(value, name, router)
    return None if found == "0s" else found


def duration_pair(value, name, router):
    both = [seconds(half) for half in halves(value)]
    if None in both:
        raise invalid(name)
    return "/".join(map(span, both))


def number(value, name, router):
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise invalid(name)
    return str(int(value))


def limit_number(value, name, router):
    found = number(value, name, router)
    return None if found == "0" else found


_MAC = re.compile(r"[0-9A-F]{2}([:-][0-9A-F]{2}){5}\Z")


def mac(value, name, router):
    found = value.upper()
    if not _MAC.match(found):
        raise invalid(name)
    return found.replace("-", ":")


def parse_rate_limit(value):
    """max-limit, burst-limit, burst-threshold, burst-time, priority, limit-at of a profile's
    rate-limit as printed queue values, or None when the text does not fit the grammar."""
    parts = value.split(" ")
    if not value or len(parts) > 6 or "" in parts:
        return None
    kinds = (rate_pair, rate_pair, rate_pair, duration_pair, _single_priority, rate_pair)
    names = ("max-limit", "burst-limit", "burst-threshold", "burst-time", "priority", "limit-at")
    try:
        return {n: kind(part, n, None) for n, kind, part in zip(names, kinds, parts)}
    except Trap:
        return None


def _single_priority(value, name, router):
    if "/" in value:
        raise invalid(name)
    return priority_pair(value, name, router)


def enum_or_number(*choices):
    def kind(value, name, router):
        return value if value in choices else number(value, name, router)
    return kind
