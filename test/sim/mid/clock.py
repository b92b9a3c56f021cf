"""The simulated gateway's clock: real time plus an offset, reported in WIB."""
import re
import time
from datetime import datetime, timedelta, timezone

WIB = timezone(timedelta(hours=7))
UNITS = {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400}
STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ([+-]\d{4})\Z")


class Clock:
    def __init__(self):
        self.offset = 0.0

    def now(self):
        return time.time() + self.offset


def wib(moment):
    """`YYYY-MM-DD HH:MM:SS` in UTC+7, no zone written."""
    return datetime.fromtimestamp(moment, WIB).strftime("%Y-%m-%d %H:%M:%S")


def iso(moment):
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def parse_stamp(text):
    """Seconds since the epoch of `YYYY-MM-DD HH:MM:SS +0700`; None when it is not one."""
    if not isinstance(text, str) or not STAMP.match(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return None
