"""Faults: how the gateway's API misbehaves, switched at run time (manual: ../midtrans.py)."""
import asyncio
from fnmatch import fnmatchcase

KINDS = ("refuse", "latency", "pause", "status", "html", "hang", "reset", "truncate", "lost", "drip")
OPTIONS = ("path", "times", "after", "delay", "code", "body", "execute", "bytes", "header")


class Fault:
    def __init__(self, kind, options):
        self.kind = kind
        self.path = options.get("path", "*")
        self.times = options.get("times")
        self.after = options.get("after", 0)
        self.options = options
        self.hits = 0

    def fits(self, call):
        """call: "POST /v2/x/cancel"; path may leave the method out."""
        return fnmatchcase(call, self.path) or fnmatchcase(call.split(" ", 1)[1], self.path)

    def get(self, name, default):
        return self.options.get(name, default)

    def shown(self):
        return {"kind": self.kind, "hits": self.hits, **self.options}


class Faults:
    """Several may be in force, also of one kind when their paths differ."""

    def __init__(self):
        self.on = {}

    def set(self, order):
        kind = order.get("kind")
        if kind == "none":
            self.on = {}
            return
        if kind not in KINDS:
            raise ValueError("unknown fault %r" % (kind,))
        options = {k: x for k, x in order.items() if k not in ("kind", "off")}
        wrong = set(options) - set(OPTIONS)
        if wrong:
            raise ValueError("unknown option " + ", ".join(sorted(wrong)))
        key = (kind, options.get("path", "*"))
        self.on.pop(key, None)
        if order.get("off"):
            self.on = {k: f for k, f in self.on.items()
                       if k[0] != kind or ("path" in options and k != key)}
        else:
            self.on[key] = Fault(kind, options)

    async def ended(self, fault):
        """Return when it is in force no more."""
        while fault in self.on.values():
            await asyncio.sleep(0.01)

    def refused(self):
        return any(kind == "refuse" for kind, _ in self.on)

    def strikes(self, call):
        """Those that strike this call now, counted: {kind: fault}."""
        out = {}
        for fault in self.on.values():
            if fault.kind == "refuse" or not fault.fits(call) or fault.kind in out:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                if fault.times <= 0:
                    continue
                fault.times -= 1
            fault.hits += 1
            out[fault.kind] = fault
        return out
