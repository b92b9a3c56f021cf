"""Faults: how a router misbehaves, switched at run time (manual: ../routeros.py)."""
import peer

KINDS = ("hang", "refuse", "drop", "lost", "slow", "chunk", "login", "busy", "trap", "garbage",
         "full")
BUSY = ("action timed out - try again, if error continues contact MikroTik support and send "
        "a supout file (13)")
_OPTIONS = ("path", "times", "after", "bytes", "delay", "size", "message", "category", "hex",
            "reset")


class Fault(peer.Fault):
    def fits(self, path):
        if self.path:
            return path == self.path or path.startswith(self.path + "/")
        return path != "/login" or self.kind in ("slow", "hang", "chunk", "login", "garbage")


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
        options = peer.fault_options(order, KINDS, _OPTIONS)
        if options.get("size", 1) < 1:
            raise ValueError("pieces of nothing never come to an end")
        self.on.pop(kind, None)
        if not order.get("off"):
            self.on[kind] = Fault(kind, options)

    def hit(self, kind, path):
        """The fault, when it strikes this command now (and counts it)."""
        fault = self.on.get(kind)
        return fault if fault and fault.fits(path) and fault.counts() else None
