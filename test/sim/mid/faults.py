"""Faults: how the gateway's API misbehaves, switched at run time (manual: ../midtrans.py)."""
import asyncio
from fnmatch import fnmatchcase

import peer

KINDS = ("refuse", "latency", "pause", "status", "html", "hang", "reset", "truncate", "lost", "drip")
OPTIONS = ("path", "times", "after", "delay", "code", "body", "execute", "bytes", "header")


class Fault(peer.Fault):
    def fits(self, call):
        """call: "POST /v2/x/cancel"; path may leave the method out."""
        path = self.path or "*"
        return fnmatchcase(call, path) or fnmatchcase(call.split(" ", 1)[1], path)


class Faults:
    """Several may be in force, also of one kind when their paths differ."""

    def __init__(self):
        self.on = {}

    def set(self, order):
        kind = order.get("kind")
        if kind == "none":
            self.on = {}
            return
        options = peer.fault_options(order, KINDS, OPTIONS)
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
            if fault.kind != "refuse" and fault.fits(call) and fault.kind not in out and fault.counts():
                out[fault.kind] = fault
        return out
