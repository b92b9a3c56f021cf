"""pulse: the time that the machine gave us.

    spent()    as time.monotonic(), without the time in which the whole machine stood still

A bound on seconds is one on the system under test. A machine that is frozen, or that runs nobody of us for a second,
says nothing about it: a thread looks at the clock each BEAT, and what it comes too late by, beyond LATE, is not counted.
"""
import threading
import time

BEAT, LATE = 0.05, 0.1


class Pulse(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.state = time.monotonic(), 0.0  # the last beat, and the time that was lost up to it
        self.start()

    def run(self):
        while True:
            time.sleep(BEAT)
            self.state = self.now()

    def now(self):
        """(the time, how much was lost up to it), also while nothing beats."""
        (last, lost), now = self.state, time.monotonic()
        return now, lost + max(0.0, now - last - BEAT - LATE)


_pulse = Pulse()


def spent():
    now, lost = _pulse.now()
    return now - lost
