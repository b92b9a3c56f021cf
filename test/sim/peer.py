"""The parts that both simulated peers share: arguments, a port of ours, and faults that can be switched."""
import argparse
import socket


def parser(doc):
    """The parser of a peer's arguments, with those of every peer; parsed by arguments()."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--control", type=int, default=0)
    return made


def arguments(made, argv):
    args = made.parse_args(argv)
    if not args.host.startswith("127."):
        made.error("loopback only")
    return args


def bound(host, port):
    """A port that is ours, though nobody listens."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.setblocking(False)
    return sock


class Fault:
    """One misbehaviour: of `times` calls, `after` so many of them."""

    def __init__(self, kind, options):
        self.kind = kind
        self.path = options.get("path")
        self.times = options.get("times")
        self.after = options.get("after", 0)
        self.options = options
        self.hits = 0

    def get(self, name, default):
        return self.options.get(name, default)

    def shown(self):
        return {"kind": self.kind, "hits": self.hits, **self.options}

    def counts(self):
        """Whether it strikes a call that it fits; a strike is counted."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        self.hits += 1
        return True


def fault_options(order, kinds, names):
    """The options of an order that switches a fault; ValueError where we know no such thing."""
    if order.get("kind") not in kinds:
        raise ValueError("unknown fault %r" % (order.get("kind"),))
    options = {name: value for name, value in order.items() if name not in ("kind", "off")}
    wrong = set(options) - set(names)
    if wrong:
        raise ValueError("unknown option " + ", ".join(sorted(wrong)))
    return options
