"""The units of systemd/, read as systemd reads them; nothing is started."""
import configparser
import glob
import os
import shutil
import subprocess

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
    assert loaded[:2] == ["APP_KEY:isp-billing.APP_KEY", "APP_PREVIOUS_KEYS:isp-billing.APP_PREVIOUS_KEYS"]
    assert all(line == "%s:isp-billing.%s" % ((line.split(":")[0],) * 2) for line in loaded)


OURS = [os.path.join(TOP, "systemd", name + ".service") for name in ("isp-api", "router-sync", "gateway-sync", "billing-cron")]


@pytest.mark.parametrize("path", OURS, ids=os.path.basename)
def test_each_line_that_confines_a_service(path):
    """The tests noticed 5 of 23 lines taken away one at a time."""
    with open(path, encoding="utf-8") as file:
        lines = set(file.read().split("\n"))
    assert {"NoNewPrivileges=yes", "ProtectProc=invisible", "ProcSubset=pid", "PrivateUsers=yes", "LimitCORE=0", "UMask=0077",
            "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectKernelTunables=yes",
            "ProtectKernelModules=yes", "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes",
            "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
            "MemoryDenyWriteExecute=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
            "CapabilityBoundingSet=", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"} <= lines
    if "billing-cron" not in path:
        assert {"Restart=always", "RestartSec=1", "StartLimitIntervalSec=0", "WantedBy=multi-user.target"} <= lines


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("path", OURS, ids=os.path.basename)
def test_exposure(path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=17", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:]


def test_the_night_and_the_sockets():
    with open(os.path.join(TOP, "systemd", "billing-cron.timer"), encoding="utf-8") as file:
        timer = set(file.read().split("\n"))
    assert {"OnCalendar=*-*-* 00:05:00 Asia/Jakarta", "Persistent=true", "AccuracySec=1s"} <= timer
    api = service(os.path.join(TOP, "systemd", "isp-api.service"))
    assert api["RuntimeDirectoryMode"] == "0750" and api["RuntimeDirectory"] == "isp-billing"
