"""The units of systemd/, read as systemd reads them; nothing is started."""
import glob
import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))
BIN = os.path.join(BUILD, "bin")
UNITS = os.path.join(TOP, "systemd")
SERVICES = sorted(os.path.basename(path) for path in glob.glob(os.path.join(UNITS, "*.service")))

# Every line of the units, so that none goes without a test that names it: of 23 lines taken away
# one at a time the tests noticed 5.

# The lines that confine each service.
CONFINED = {
    "LoadCredential=APP_KEY:isp-billing.APP_KEY", "LoadCredential=APP_PREVIOUS_KEYS:isp-billing.APP_PREVIOUS_KEYS",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "NoNewPrivileges=yes", "ProtectProc=invisible", "ProcSubset=pid",
    "LimitCORE=0", "UMask=0077", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
    "PrivateMounts=yes", "RemoveIPC=yes", "ProtectKernelTunables=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes",
    "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes", "RestrictNamespaces=yes", "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes", "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service", "SystemCallErrorNumber=EPERM"}
UNPRIVILEGED = {"PrivateUsers=yes", "CapabilityBoundingSet=", "SystemCallFilter=~@privileged @resources"}
# A raw socket of the host's network needs the capability in the host's user namespace.
RAW = {"AmbientCapabilities=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_RAW", "SystemCallFilter=~@privileged @resources",
       "SystemCallFilter=capset"}
# They wait for a database that is away, however long, and come back whatever ended them.
DAEMON = {"StartLimitIntervalSec=0", "Restart=always", "RestartSec=1", "TimeoutStopSec=40", "WantedBy=multi-user.target"} | UNPRIVILEGED
NETWORK = {"After=network-online.target postgresql.service", "Wants=network-online.target"}
LOCAL = {"After=postgresql.service"}
# Commands of ispctl that timers start: they find the database as ispctl does, and open no secret.
BACKUP = {line for line in CONFINED if not line.startswith("LoadCredential=")} | UNPRIVILEGED | {
    "Type=oneshot", "User=isp-backup", "Group=isp-backup", "Documentation=man:ispctl(8)"}


def runs(program, user):
    return {"ExecStart=/usr/bin/%s --env /etc/isp-billing/isp.env" % program, "User=" + user, "Group=" + user,
            "Documentation=man:%s(8)" % program}


LINES = {
    "isp-api.service": CONFINED | NETWORK | runs("isp-api", "isp-api") | DAEMON - {"SystemCallFilter=~@privileged @resources"} | {
        "ExecReload=/bin/kill -HUP $MAINPID", "RuntimeDirectory=isp-billing", "RuntimeDirectoryMode=0750",
        # `systemctl restart isp-api` took isp-probe.sock away: nobody could ping or discover any more.
        "RuntimeDirectoryPreserve=yes",
        "LimitNOFILE=8192", "SystemCallFilter=~@privileged"},  # @resources: the pool of passwords is nice to the others
    "router-sync.service": CONFINED | NETWORK | runs("router-sync", "isp-router") | DAEMON,
    "gateway-sync.service": CONFINED | NETWORK | runs("gateway-sync", "isp-gateway") | DAEMON,
    "notifier.service": CONFINED | NETWORK | runs("notifier", "isp-notify") | DAEMON | {
        "LoadCredential=MAIL_PASSWORD:isp-billing.MAIL_PASSWORD",
        "LoadCredential=TELEGRAM_BOT_TOKEN:isp-billing.TELEGRAM_BOT_TOKEN"},
    # 75 is neither a success nor final: with the database away at 00:05 nobody was billed or cut off
    # until the next night, and systemd called it well.
    "billing-cron.service": CONFINED | LOCAL | runs("billing-cron", "isp-billing") | UNPRIVILEGED | {
        "Type=oneshot", "Restart=on-failure", "RestartPreventExitStatus=1 2", "RestartSec=5min"},
    "snmp-poller.service": CONFINED | LOCAL | runs("snmp-poller", "isp-snmp") | UNPRIVILEGED | {
        "Type=oneshot", "SuccessExitStatus=75", "TimeoutStartSec=4min", "LimitNOFILE=8192"},
    "pinger.service": CONFINED | LOCAL | runs("pinger", "isp-ping") | RAW | {
        "Type=oneshot", "SuccessExitStatus=75", "TimeoutStartSec=3min"},
    "isp-probe@.service": CONFINED | LOCAL | runs("isp-probe", "isp-snmp") | RAW | {
        "StandardInput=socket", "StandardOutput=socket", "StandardError=journal", "RuntimeMaxSec=2min"},
    # Only the dump writes, and only its directory; the proof's cluster lies on a disk, /tmp may be memory.
    "isp-backup.service": BACKUP | LOCAL | {
        "ExecStart=/usr/bin/ispctl backup /var/lib/isp-billing/backups 30", "ReadWritePaths=/var/lib/isp-billing/backups",
        "Restart=on-failure", "RestartPreventExitStatus=2", "RestartSec=10min"},
    "isp-restore-test.service": BACKUP | {
        "After=postgresql.service isp-backup.service", "Environment=TMPDIR=/var/tmp", "TimeoutStartSec=6h", "Nice=10",
        "IOSchedulingClass=idle", "ExecStart=/usr/bin/ispctl restore-test --newest /var/lib/isp-billing/backups"},
    "isp-backup.timer": {"Documentation=man:ispctl(8)", "OnCalendar=*-*-* 01:30:00 Asia/Jakarta", "Persistent=true",
                         "WantedBy=timers.target"},
    "isp-restore-test.timer": {"Documentation=man:ispctl(8)", "OnCalendar=*-*-* 03:00:00 Asia/Jakarta", "Persistent=true",
                               "WantedBy=timers.target"},
    "isp-probe.socket": {
        "Documentation=man:isp-probe(8)", "ListenStream=/run/isp-billing/isp-probe.sock", "Accept=yes", "MaxConnections=8",
        "SocketMode=0660", "SocketGroup=isp-api", "WantedBy=sockets.target"},
    "billing-cron.timer": {
        "Documentation=man:billing-cron(8)", "OnCalendar=*-*-* 00:05:00 Asia/Jakarta", "Persistent=true", "AccuracySec=1s",
        "WantedBy=timers.target"},
    "pinger.timer": {"Documentation=man:pinger(8)", "OnCalendar=*:*:00", "AccuracySec=1s", "WantedBy=timers.target"},
    "snmp-poller.timer": {"Documentation=man:snmp-poller(8)", "OnCalendar=*:00/5:00", "AccuracySec=1s",
                          "WantedBy=timers.target"},
}


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and line[0] not in "#["]


def test_each_unit_has_its_lines():
    assert sorted(LINES) == sorted(name for name in os.listdir(UNITS) if "." in name and not name.endswith(".d"))


@pytest.mark.parametrize("name", sorted(LINES))
def test_each_line_of_a_unit(name):
    found = lines_of(os.path.join(UNITS, name))
    assert len(found) == len(set(found))
    assert {line for line in found if not line.startswith("Description=")} == LINES[name]
    # The first words of `systemctl status`; without them, the name of the file.
    assert len([line for line in found if line.startswith("Description=ISP Billing: ")]) == 1


def test_users_groups_and_modes():
    """One user a program; the configuration is read by members of isp, the API's sockets by nginx."""
    users = {line.split("User=")[1] for lines in LINES.values() for line in lines if line.startswith("User=")}
    made = [line.split()[:3] for line in lines_of(os.path.join(UNITS, "sysusers.d", "isp-billing.conf"))]
    assert {user for kind, user, _ in made if kind == "u"} == users
    assert [name for kind, name, _ in made if kind == "g"] == ["isp"]
    assert {(user, group) for kind, user, group in made if kind == "m"} == \
        {(user, "isp") for user in users} | {("www-data", "isp-api")}
    assert [line.split() for line in lines_of(os.path.join(UNITS, "tmpfiles.d", "isp-billing.conf"))] == [
        ["d", "/etc/isp-billing", "0750", "root", "isp", "-"],
        ["z", "/etc/isp-billing/isp.env", "0640", "root", "isp", "-"],
        ["d", "/var/lib/isp-billing/backups", "0700", "isp-backup", "isp-backup", "-"]]


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_exposure(name):
    """Bug: pinger and isp-probe@ had an exposure of 2.2: settings that conflict with their capability had been
    left out of all other units, too."""
    done = analyze("security", "--offline=true", "--threshold=16", os.path.join(UNITS, name))
    assert done.returncode == 0, done.stdout[-4000:]


def install(root):
    subprocess.run(["make", "-s", "-C", TOP, "install", "DESTDIR=" + root, "B=" + BUILD], check=True,
                   stdout=subprocess.DEVNULL)


@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory):
    """The files of `make install`, with what every Debian has beside them."""
    root = str(tmp_path_factory.mktemp("root"))
    install(root)
    for target in glob.glob("/lib/systemd/system/*.target"):
        shutil.copy(target, os.path.join(root, "usr/lib/systemd/system"))
    os.makedirs(os.path.join(root, "bin"))
    shutil.copy("/bin/kill", os.path.join(root, "bin/kill"))
    return root


def files(root):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(root) for name in names)


def test_a_second_install_keeps_what_is_the_sysadmins_and_leaves_no_stale_file(root):
    before, theirs = files(root), {"isp.env": "APP_KEY=mine\n", "nginx/listen.conf": "listen 80;\n", "nginx/origins.conf": "# mine\n"}
    stale = root + "/usr/share/isp-billing/sql/functions/of_before.sql"
    for path, text in dict({root + "/etc/isp-billing/" + name: text for name, text in theirs.items()}, **{stale: ""}).items():
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    install(root)
    for name, text in theirs.items():
        with open(root + "/etc/isp-billing/" + name, encoding="ascii") as file:
            assert file.read() == text
        os.unlink(root + "/etc/isp-billing/" + name)
    assert files(root) == before


@needs_systemd
def test_installed_units_verify(root):
    names = [name.replace("@.", "@1.") for name in sorted(LINES)]
    done = analyze("verify", "--root=" + root, "--man=no", *names)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_files_named_by_units_are_installed(root):
    for lines in LINES.values():
        for line in lines:
            if line.startswith("ExecStart="):
                assert os.access(root + line.split("=", 1)[1].split()[0], os.X_OK)
            if line.startswith("Documentation=man:"):
                assert os.path.exists(root + "/usr/share/man/man8/%s.8" % line.split(":")[1].split("(")[0])
    assert not os.path.exists(root + "/usr/share/isp-billing/sql/seed/dev_admin.sql")


def test_an_example_of_the_configuration_is_installed(root):
    """It names each setting that the programs know, and they take it with every default as a line."""
    with open(root + "/usr/share/isp-billing/isp.env.example", encoding="utf-8") as file:
        example = file.read()
    settings = dict(re.findall(r"(?m)^#([A-Z_]+)=(.*)$", example))
    shown = subprocess.run([os.path.join(BIN, "isp-api"), "--help"], check=True, capture_output=True, text=True).stdout
    assert list(settings) == re.findall(r"(?m)^  ([A-Z_]+) ", shown.split("\nconfiguration:\n")[1])
    assert settings["APP_TIMEZONE"] == "Asia/Jakarta" and settings["MIDTRANS_SERVER_KEY"] == ""
    with open(root + "/isp.env", "w", encoding="utf-8") as file:
        file.write(example + "".join("%s=%s\n" % pair for pair in settings.items() if pair[1]))
    done = subprocess.run([os.path.join(BIN, "isp-api"), "--env", root + "/isp.env", "--print-env"], capture_output=True, text=True,
                          check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and "APP_TIMEZONE=Asia/Jakarta\n" in done.stdout, done
