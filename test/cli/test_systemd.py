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
# Commands of ispctl that the timers start: they take their database from isp.env as ispctl does, and open no secret.
COMMANDS = {"isp-backup.service": "ispctl backup /var/lib/isp-billing/backups 30",
            "isp-restore-test.service": "ispctl restore-test --newest /var/lib/isp-billing/backups"}
PROGRAMS = [path for path in SERVICES if os.path.basename(path) not in COMMANDS]


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
    command = COMMANDS.get(os.path.basename(path))
    if command:
        assert unit["ExecStart"] == "/usr/bin/" + command and unit["User"] == "isp-backup"
    else:
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


@pytest.mark.parametrize("path", PROGRAMS, ids=os.path.basename)
def test_the_key_may_be_a_credential(path):
    """By a name of the credential store: the unit would not start without a file that has a path."""
    with open(path, encoding="utf-8") as file:
        loaded = [line.strip().split("=", 1)[1] for line in file if line.startswith("LoadCredential=")]
    assert loaded[:2] == ["APP_KEY:isp-billing.APP_KEY", "APP_PREVIOUS_KEYS:isp-billing.APP_PREVIOUS_KEYS"]
    assert all(line == "%s:isp-billing.%s" % ((line.split(":")[0],) * 2) for line in loaded)


OURS = [os.path.join(TOP, "systemd", name + ".service") for name in ("isp-api", "router-sync", "gateway-sync", "billing-cron",
                                                                "isp-backup", "isp-restore-test")]


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
    if service(path).get("Type") != "oneshot":
        assert {"Restart=always", "RestartSec=1", "StartLimitIntervalSec=0", "WantedBy=multi-user.target"} <= lines


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("path", OURS, ids=os.path.basename)
def test_exposure(path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=17", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.parametrize("name, hour", [("billing-cron", "00:05"), ("isp-backup", "01:30"), ("isp-restore-test", "03:00")])
def test_a_night_that_the_machine_slept_through_is_made_up_for(name, hour):
    with open(os.path.join(TOP, "systemd", name + ".timer"), encoding="utf-8") as file:
        timer = set(file.read().split("\n"))
    assert {"OnCalendar=*-*-* %s:00 Asia/Jakarta" % hour, "Persistent=true", "WantedBy=timers.target"} <= timer


def test_only_the_backup_writes_and_only_its_dumps():
    backup, proof = (service(os.path.join(TOP, "systemd", name + ".service")) for name in ("isp-backup", "isp-restore-test"))
    assert backup["ReadWritePaths"] == "/var/lib/isp-billing/backups" and "ReadWritePaths" not in proof
    assert proof["Environment"] == "TMPDIR=/var/tmp", "a /tmp in memory may not hold the database"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_understands_every_unit(tmp_path):
    """With the programs where the package puts them: systemd-analyze looks for each."""
    root = tmp_path / "root"
    units = root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (root / "usr/bin").mkdir()
    for path in glob.glob(os.path.join(TOP, "systemd", "*.*")):
        if os.path.isfile(path):
            shutil.copy(path, units)
    (root / "bin").mkdir()
    for name in [service(path)["ExecStart"].split()[0] for path in SERVICES] + ["/bin/kill"]:
        program = root / name.lstrip("/")
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    for unit in ("sysinit.target", "basic.target", "shutdown.target", "multi-user.target", "timers.target", "sockets.target",
                 "network-online.target", "paths.target", "slices.target", "local-fs.target", "-.slice", "system.slice"):
        (units / unit).write_text("[Unit]\nDescription=a unit of systemd\n")
    names = [os.path.basename(p).replace("@.", "@1.") for p in glob.glob(os.path.join(TOP, "systemd", "*.*")) if os.path.isfile(p)]
    done = subprocess.run(["systemd-analyze", "verify", "--root=" + str(root), "--man=no", *sorted(names)],
                          capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "isp" in line or "billing" in line or "pinger" in line or "poller" in line]
    assert done.returncode == 0 and not complaints, done.stderr


def test_the_night_and_the_sockets():
    with open(os.path.join(TOP, "systemd", "billing-cron.timer"), encoding="utf-8") as file:
        timer = set(file.read().split("\n"))
    assert {"OnCalendar=*-*-* 00:05:00 Asia/Jakarta", "Persistent=true", "AccuracySec=1s"} <= timer
    api = service(os.path.join(TOP, "systemd", "isp-api.service"))
    assert api["RuntimeDirectoryMode"] == "0750" and api["RuntimeDirectory"] == "isp-billing"
