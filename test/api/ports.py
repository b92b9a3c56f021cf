"""ports: numbers for programs that open their port later, and themselves.

    port()    a number that nobody has, and nobody else is given

A number that the kernel gave, and that was closed again, is given to the next connection of anybody: the program then
does not start. These lie below the kernel's (ip_local_port_range), a hundred for each process of tests: that which has
the first of a hundred bound has them all, as long as it lives.
"""
import itertools
import socket

FIRST, LAST, EACH = 20000, 32000, 100


def _bound(kind, number):
    """The socket, or None where somebody has the port."""
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.bind(("127.0.0.1", number))
    except OSError:
        sock.close()
        return None
    return sock


def _claim():
    for first in range(FIRST, LAST, EACH):
        sock = _bound(socket.SOCK_STREAM, first)
        if sock:
            return sock
    raise AssertionError("no hundred of ports is free")


_first = _claim()
_numbers = itertools.cycle(range(1, EACH))


def port():
    for _ in range(1, EACH):
        number = _first.getsockname()[1] + next(_numbers)
        found = [_bound(kind, number) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
        for sock in filter(None, found):
            sock.close()
        if all(found):
            return number
    raise AssertionError("all ports are taken")
