"""Faults: how a router misbehaves, switched at run time (manual: ../routeros.py)."""

KINDS = ("hang", "refuse", "drop", "lost", "slow", "chunk", "login", "busy", "trap", "garbage",
         "full")
BUSY = ("action timed out - try again, if error continues contact MikroTik support and send "
        "a supout file (13)")
_OPTIONS = ("path", "times", "after", "bytes", "delay", "size", "message", "category", "hex",
            "reset")


class Fault:
    def __init__(self, kind, options):
        self.kind = kind
        self.path = options.get("path")
        self.times = options.get("times")
        self.after = options.get("after", 0)
        self.options = options
        self.hits = 0

    def fits(self, path):
        if self.path:
            return path == self.path or path.startswith(self.path + "/")
        return path != "/login" or self.kind in ("slow", "hang", "chunk", "login", "garbage")

    def get(self, name, default):
        return self.options.get(name, default)

    def shown(self):
        return {"kind": self.kind, "hits": self.hits, **self.options}


class Faults:
    def __init__(self):
        self.on = {}

    def __bool__(self):
        return bool(self.on)

    def set(self, order):
        """order: {"kind": ..., options}; kind `none` ends all, `off: true` ends this one."""
        kind = order.get("kind")
        if kind == "none":
            self.on = {}
            return
        if kind not in KINDS:
            raise ValueError("unknown fault %r" % (kind,))
        options = {k: x for k, x in order.items() if k not in ("kind", "off")}
        wrong = set(options) - set(_OPTIONS)
        if wrong:
            raise ValueError("unknown option " + ", ".join(sorted(wrong)))
        if options.get("size", 1) < 1:
            raise ValueError("pieces of nothing never come to an end")
        self.on.pop(kind, None)
        if not order.get("off"):
            self.on[kind] = Fault(kind, options)

    def hit(self, kind, path):
        """The fault, when it strikes this command now (and counts it)."""
        fault = self.on.get(kind)
        if not fault or not fault.fits(path):
            return None
        if fault.after > 0:
            fault.after -= 1
            return None
        if fault.times is not None:
            if fault.times <= 0:
                return None
            fault.times -= 1
        fault.hits += 1
        return fault
