"""No wait is for ever: each test, its fixtures included, has LIMIT seconds, whatever it waits for."""
import faulthandler
import signal
import sys

import pytest

LIMIT = 120


def over(_signal, _frame):
    faulthandler.dump_traceback(sys.__stderr__)  # all threads: what waited, and for whom
    pytest.fail("no end after %d seconds" % LIMIT)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol():
    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
