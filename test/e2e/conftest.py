"""Fixtures: what `make run` brings up, and a browser.

    demo      the system with its demonstration town and simulated peers (stackdir.System)
    browser   one Chromium for the session
"""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "cli"), os.path.join(os.path.dirname(HERE), "api")]

from browser import Browser  # noqa: E402
from stackdir import System  # noqa: E402


@pytest.fixture(scope="session", name="demo")
def _demo():
    system = System()
    try:
        system.up("--demo")
        yield system
        check = system.run("exec", "--", "ispctl", "check")
        assert check.returncode == 0, check.stdout + check.stderr
    finally:
        system.close()


@pytest.fixture(scope="session", name="browser")
def _browser():
    browser = Browser()
    yield browser
    browser.close()
