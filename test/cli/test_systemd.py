"""The units of systemd/, read as systemd reads them; nothing is started."""
import configparser
import glob
import os

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"), "bin")
SERVICES = sorted(glob.glob(os.path.join(TOP, "systemd", "*.service")))


def service(path):
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    assert unit.read(path) == [path]
    return unit["Service"]


@pytest.mark.parametrize("path", SERVICES, ids=os.path.basename)
def test_starts_a_program_of_ours_as_nobody_special(path):
    unit = service(path)
    program, *args = unit["ExecStart"].split()
    assert os.access(os.path.join(BIN, os.path.basename(program)), os.X_OK)
    assert args[:2] == ["--env", "/etc/isp-billing/isp.env"]
    with open(os.path.join(TOP, "systemd", "sysusers.d", "isp-billing.conf"), encoding="utf-8") as file:
        users = [line.split()[1] for line in file if line.startswith("u ")]
    assert unit["User"] in users and unit["NoNewPrivileges"] == "yes"


def test_a_night_without_the_database_is_not_lost():
    """75 counted as success: with the database away at 00:05 nobody was billed or cut off until the
    next night, and systemd called it well."""
    unit = service(os.path.join(TOP, "systemd", "billing-cron.service"))
    assert unit["Restart"] == "on-failure" and "75" not in unit.get("SuccessExitStatus", "")
    assert unit["RestartPreventExitStatus"].split() == ["1", "2"] and unit["RestartSec"] == "5min"


@pytest.mark.parametrize("path", SERVICES, ids=os.path.basename)
def test_the_key_may_be_a_credential(path):
    """By a name of the credential store: the unit would not start without a file that has a path."""
    with open(path, encoding="utf-8") as file:
        loaded = [line.strip().split("=", 1)[1] for line in file if line.startswith("LoadCredential=")]
    assert loaded == ["APP_KEY:isp-billing.APP_KEY", "APP_PREVIOUS_KEYS:isp-billing.APP_PREVIOUS_KEYS"]
