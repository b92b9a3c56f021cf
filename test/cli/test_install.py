"""README's "A real system", followed to the letter in a fresh root (bare.py), on Debian 12 and 13.

The package is installed and each command of the README's block is run as it stands there. Then the
system is used over https: a customer, a bill, its page, a payment at a simulated Midtrans, a billing
run from cron's environment, a backup, its proof; at last the disk is lost and another machine serves
the dump.  It takes minutes and needs the package mirror, hence only in `make soak`.
"""
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import bare
import pytest

pytestmark = pytest.mark.skipif(os.environ.get("ISP_SOAK") != "1", reason="make soak: it installs a whole system")
TIMERS = ("billing-cron", "snmp-poller", "pinger", "isp-backup", "isp-restore-test")


def readme():
    with open(os.path.join(bare.TOP, "README.md"), encoding="utf-8") as file:
        return file.read().split("## A real system", 1)[1].split("\n## ", 1)[0]


def readme_commands():
    """The indented lines of the README's section, comments cut."""
    lines = [line[4:].split("  #")[0].strip() for line in readme().splitlines() if line.startswith("    ")]
    return [line for line in lines if line and not line.startswith("#")]


def follow(root, commands):
    for command in commands:
        command = command.replace("HOST", bare.HOST).replace("EMAIL", bare.ADMIN)
        if command.startswith("certbot"):
            continue  # Let's Encrypt must reach HOST from outside
        if command == "apt-get update":
            root.run(command, alone=False)
        elif "apt-get" in command:
            root.install(bare.package(), command)
            # The simulated Midtrans knows no names, and nginx's own site answers to the bare address.
            os.unlink(root.path("etc/nginx/sites-enabled/default"))
        elif "--admin" in command:
            root.type(command, [("Password", bare.PASSWORD)])
        else:
            root.run(command)


class Midtrans:
    """test/sim/midtrans.py in the namespace of a root: it outlives the root."""

    KEYS = ("MIDTRANS_SERVER_KEY=SB-Mid-server-simulated\nMIDTRANS_CLIENT_KEY=SB-Mid-client-simulated\n"
            "MIDTRANS_MERCHANT_ID=G000000001\nMIDTRANS_SNAP_URL=http://127.0.0.1:8081/snap/v1\n"
            "MIDTRANS_API_URL=http://127.0.0.1:8081/v2\n")

    def __init__(self, space):
        self.space = space
        self.process = subprocess.Popen(
            space.enter() + [sys.executable, os.path.join(bare.TOP, "test/sim/midtrans.py"), "--port", "8081", "--control", "8082",
                             "--notify", "http://127.0.0.1/api/midtrans/notification"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        assert "control=8082" in self.process.stdout.readline()

    def __call__(self, path, body):
        done = subprocess.run(self.space.enter() + ["curl", "-sS", "--fail-with-body", "-d", json.dumps(body),
                                                    "http://127.0.0.1:8082" + path],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, (path, body, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def down(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def root(request):
    made = bare.Root(request.param)
    try:
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def midtrans(root):
    simulated = Midtrans(root.space)
    yield simulated
    simulated.down()


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not within %d s" % seconds
        time.sleep(0.3)


def pay(api, midtrans, bill):
    """The customer opens the pay page and pays there; Midtrans notifies the system at port 80."""
    order = api("POST", "/api/midtrans/snap-token", {"invoice_id": bill["id"]})["order_id"]
    midtrans("/act", {"order_id": order, "act": "pay", "method": "qris"})
    return order


def test_the_readme_brings_a_bare_machine_to_a_paid_invoice(root, midtrans):
    begun = time.monotonic()
    commands = readme_commands()
    assert 1 <= len(commands) <= 10
    follow(root, commands)
    with open(root.path("etc/isp-billing/isp.env"), "a", encoding="utf-8") as file:
        file.write(Midtrans.KEYS)
    root.run("systemctl restart isp-api gateway-sync")
    until(lambda: root.run("curl -skf https://%s/api/health" % bare.HOST, ok=False).returncode == 0)
    api = bare.Api(root).log_in()
    bill = api.sell("Ibu Sari", "sari")
    assert api("GET", "/api/public/invoices/" + bill["id"])["outstanding"] == bill["amount"]
    assert "<html" in api("GET", "/pay/" + bill["id"])
    pay(api, midtrans, bill)
    until(lambda: api("GET", "/api/invoices/" + bill["id"])["status"] == "paid")
    seconds = time.monotonic() - begun
    print("%s: from a bare root to a paid invoice in %d s" % (root.run(". /etc/os-release; echo $PRETTY_NAME").stdout.strip(),
                                                              seconds))
    assert seconds < 600, "from a bare root to a paid invoice in ten minutes"


def test_the_site_redirects_people_and_never_the_webhook(root):
    def status(words):
        return root.run("curl -s -o /dev/null -w '%%{http_code} %%{redirect_url}' %s" % words).stdout
    assert status("http://%s/pay/x" % bare.HOST) == "301 https://%s/pay/x" % bare.HOST
    assert status("-X POST -d '{}' -H 'Content-Type: application/json' http://%s/api/midtrans/notification" % bare.HOST)[:3] \
        not in ("301", "302", "308")
    root.run("mkdir -p /var/lib/isp-billing/acme/.well-known/acme-challenge; "
             "echo proof > /var/lib/isp-billing/acme/.well-known/acme-challenge/word")
    assert root.run("curl -sf http://%s/.well-known/acme-challenge/word" % bare.HOST).stdout == "proof\n"


def test_setup_can_be_run_again_and_changes_nothing(root):
    files = "find /etc/isp-billing /etc/nginx /etc/postgresql -type f -exec sha256sum {} + | sort"
    before = root.run(files).stdout
    root.run("ispctl setup")
    assert root.run(files).stdout == before


def test_each_program_logs_in_as_its_own_role(root):
    roles = {"isp-billing": "isp_billing", "isp-router": "isp_router", "isp-gateway": "isp_gateway", "isp-notify": "isp_notify",
             "isp-snmp": "isp_snmp", "isp-ping": "isp_ping", "isp-api": "isp_api", "isp-backup": "isp_backup"}
    for user, role in roles.items():
        ask = "runuser -u %s -- psql -XqAt -d isp -U %%s -c 'SELECT current_user'" % user
        assert root.run(ask % role).stdout.strip() == role
        for other in ("isp_owner", "postgres"):
            assert root.run(ask % other, ok=False).returncode != 0, "%s became %s" % (user, other)
    assert "isp_owner" not in root.read("etc/isp-billing/isp.env")


def cron_lines():
    """(name, command) of the README's crontab, as cron runs it: the percent signs without their backslash."""
    block = re.search(r"(?s)```\n(ZONE=.*?)```", readme()).group(1)
    for line in block.splitlines()[1:]:
        words = line.split(None, 6)
        yield words[5], words[6].replace("\\%", "%")


def test_the_crontab_runs_each_program_at_its_hour(root):
    """In cron's environment, in a zone where that hour is now, and in one where it is not."""
    lines = list(cron_lines())
    assert len(lines) == len(TIMERS)
    for user, command in lines:
        hour = re.search(r"!= (\d\d) \|\|", command)
        now = datetime.now(timezone.utc)
        for shift, runs in ((0, True), (2, False)) if hour else ((0, True),):
            offset = (int(hour.group(1)) - now.hour + shift) % 24 if hour else 7
            zone = "Etc/GMT%+d" % (24 - offset if offset > 12 else -offset)
            before = root.run("ls /var/lib/isp-billing/backups").stdout
            runs_before = root.sql("SELECT count(*) FROM restore_proofs")
            done = root.run("cd / && exec env -i SHELL=/bin/sh PATH=/usr/bin:/bin HOME=/ LOGNAME=%s ZONE=%s /usr/sbin/runuser -u %s -- "
                            "/bin/sh -c '%s'" % (user, zone, user, command), ok=False)
            assert done.returncode in (0, 75), (command, done)
            if "backup /" in command:
                assert (root.run("ls /var/lib/isp-billing/backups").stdout != before) == runs, command
            if "restore-test" in command:
                assert (root.sql("SELECT count(*) FROM restore_proofs") != runs_before) == runs, command
            if "billing-cron" in command and runs:
                assert root.sql("SELECT count(*) > 0 FROM billing_runs") == "t"
        time.sleep(1)  # dumps have the second in their name


def test_the_timers_services_run_as_their_users(root):
    before = int(root.sql("SELECT count(*) FROM restore_proofs"))
    for name in ("isp-backup", "isp-restore-test"):
        root.run("systemctl start %s.service" % name)
    assert int(root.sql("SELECT count(*) FROM restore_proofs")) == before + 1
    assert "every rule holds" in root.read("var/log/isp-restore-test.service.log")
    assert root.run("ls -l /var/tmp /tmp | grep restore", ok=False).stdout == ""
    owners = root.run("stat -c '%U %a' /var/lib/isp-billing/backups/*.dump").stdout.splitlines()
    assert set(owners) == {"isp-backup 600"}, owners


def test_another_time_zone_moves_the_nightly_timers(root):
    root.run("sed -i s,Asia/Jakarta,Asia/Makassar, /etc/isp-billing/isp.env && ispctl setup")
    for name, hour in (("billing-cron", "00:05"), ("isp-backup", "01:30"), ("isp-restore-test", "03:00")):
        text = root.read("etc/systemd/system/%s.timer.d/timezone.conf" % name)
        assert "OnCalendar=\nOnCalendar=*-*-* %s:00 Asia/Makassar\n" % hour in text
    root.run("sed -i s,Asia/Makassar,Asia/Jakarta, /etc/isp-billing/isp.env && ispctl setup")
    assert not os.path.exists(root.path("etc/systemd/system/billing-cron.timer.d/timezone.conf"))


def test_upgrade_keeps_serving(root):
    root.run("ispctl upgrade")
    assert re.search(r"reload-or-restart isp-api\.service", root.read("var/log/systemctl.log"))
    assert bare.Api(root)("GET", "/api/health")["status"] == "ok"


# A name with a space stood in nginx's site, which then reloaded no more; an unknown zone stayed in isp.env; a
# database that was never restored was made, and the programs served it empty.
BAD_WORDS = ["setup " + words for words in (
    "--url ftp://x", "--url 'https://a b'", "--url 'https://a;}'", "--url https://x:99999", "--url https://x/?y", "--url https://",
    "--url https://another.example.net", "--timezone Asia/Makassar", "--timezone Mars/Phobos", "--timezone ''", "--timezone ../../etc/passwd", "--cluster 9/none", "--database 'a b'",
    "--database never_restored", "--certificate /none", "--certificate /root/cert.pem",
    "--certificate /root/cert.pem --certificate-key /root/key.pem", "--certificate /root/word --certificate-key /root/key.pem",
    "--certificate cert.pem --certificate-key key.pem", "--certificate-key /root/key.pem", "--admin nobody",
    "--admin a@example.net --admin-password-file /none", "--admin a@example.net --admin-password-file /root/empty", "now", "--what")]
BAD_WORDS += ["upgrade " + words for words in ("--cluster 9/none", "--database never_restored", "now", "--url https://x")]
BAD_WORDS += ["restore", "restore /none --into x", "restore /etc/passwd --into x", "restore /etc/passwd", "restore half.dump --into x",
              "restore half.dump --into isp", "restore half.dump --into 'a b'", "restore /root --into x"]
BAD_WORDS += ["restore-test", "restore-test /none", "restore-test /etc/passwd", "restore-test --newest /none", "restore-test half.dump",
              "restore-test /root"]
BAD_WORDS += ["backup"] + ["backup /var/lib/isp-billing/backups " + keep for keep in (
    "none", "0", "08", "99999999999999999999", "3 more", "''")] + ["backup /root/word", "backup ''"]


def test_bad_words_are_one_line_and_change_nothing(root):
    files = "find /etc/isp-billing /etc/nginx /etc/postgresql -type f -exec sha256sum {} + | sort"
    before = root.run(files).stdout
    root.run("cd /root && : > empty; echo x > word; ispctl backup /root/good >&2; head -c 20000 /root/good/*.dump > half.dump; "
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout key.pem -out /dev/null; "
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout /dev/null -out cert.pem")
    for words in BAD_WORDS:
        done = root.run("cd /root && ispctl " + words, ok=False)
        assert done.returncode in (1, 2) and len(done.stderr.strip().splitlines()) == 1, (words, done)
        assert root.run(files).stdout == before, words
    for words in ("setup", "upgrade", "backup /tmp/x", "restore /root/half.dump --into x"):
        done = root.run("runuser -u nobody -- ispctl " + words, ok=False)
        assert done.returncode in (1, 2) and len(done.stderr.strip().splitlines()) == 1, (words, done)
    assert root.run("ls /tmp /var/tmp | grep restore", ok=False).stdout == ""
    assert root.sql("SELECT count(*) FROM pg_database WHERE datname NOT IN ('isp', 'postgres', 'template0', 'template1')") == "0"


def examples(manual):
    """The commands of a manual's Examples, in their order."""
    with open(bare.manual(manual), encoding="utf-8") as file:
        text = file.read().split("\n.Sh EXAMPLES\n", 1)[1].split("\n.Sh ", 1)[0]
    blocks = re.findall(r"(?ms)^\.Bd .*?\n(.*?)^\.Ed$|^\.Dl (?:# )?(.*?)$", text)
    return [line for block, single in blocks for line in (block.splitlines() or [single])]


RESTORE = ("setup", "restore", "midtrans")  # of ispctl: the examples for a lost disk


def lost_disk_commands():
    return [line for line in examples("ispctl.8") if line.split()[0] == "ispctl" and line.split()[1] in RESTORE]


@pytest.mark.parametrize("manual", [os.path.basename(path) for path in bare.manuals()
                                    if "\n.Sh EXAMPLES\n" in open(path, encoding="utf-8").read()])
def test_each_example_of_a_manual_runs_as_it_stands(root, manual):
    commands = [line for line in examples(manual) if line not in lost_disk_commands()]
    assert commands
    for command in commands:
        if command.startswith("billing-cron --date"):  # the first of a month within the next year
            first = (datetime.now().replace(day=1) + timedelta(days=32)).replace(day=1)
            command = re.sub(r"\d{4}-\d\d-01", first.strftime("%Y-%m-01"), command)
        if "credstore" in command:
            key = re.search(r"(?m)^APP_KEY=(.*)$", root.read("etc/isp-billing/isp.env")).group(1)
            root.run("mkdir -p /etc/credstore")
            root.write("etc/credstore/isp-billing.APP_KEY", key, 0o600)
        if "user add" in command:
            root.type(command, [("assword", bare.PASSWORD)])
        elif command.startswith("isp-api --env"):
            root.run("systemctl stop isp-api")
            done = root.run("timeout -s TERM 3 " + command, ok=False)  # it serves until it is ended
            root.run("systemctl start isp-api")
            assert done.returncode in (0, 124) and "event=start" in done.stderr, done
        else:
            root.run("cd /root && " + command)


def test_a_lost_disk_comes_back_on_a_bare_machine(root, midtrans):
    """From last night's dump and a copy of isp.env. Money that Midtrans took after the dump: for a payment that
    was under way the reconciliation books it; for an order of which the dump knows nothing there is an alert."""
    api = bare.Api(root).log_in()
    midtrans("/notify", {"scale": 0.001})
    bills = [api.sell("Bapak %s" % name, name) for name in ("budi", "joko")]
    order = api("POST", "/api/midtrans/snap-token", {"invoice_id": bills[0]["id"]})["order_id"]
    dump = root.run("ispctl backup /var/lib/isp-billing/backups").stdout.strip().splitlines()[-1]
    midtrans("/act", {"order_id": order, "act": "pay", "method": "qris"})
    late = pay(api, midtrans, bills[1])
    until(lambda: all(api("GET", "/api/invoices/" + bill["id"])["status"] == "paid" for bill in bills))
    env = root.read("etc/isp-billing/isp.env")
    root.stop()  # the disk is gone, but for what lay elsewhere

    other = bare.Root(root.run(". /etc/os-release; echo $VERSION_CODENAME", alone=False).stdout.strip(), root.space, root)
    try:
        other.install(bare.package())
        os.unlink(other.path("etc/nginx/sites-enabled/default"))
        other.write("root/last.dump", "")
        subprocess.run(["cp", root.path(dump), other.path("root/last.dump")], check=True)
        other.write("etc/isp-billing/isp.env", env, 0o640)
        setup, restore, serve, reconcile = ["cd /root && " + line for line in lost_disk_commands()]
        other.run(setup)
        assert "every rule holds" in other.run(restore).stdout
        assert "is there already" in other.run(restore, ok=False).stderr
        other.run(serve)
        until(lambda: other.run("curl -skf https://%s/api/health" % bare.HOST, ok=False).returncode == 0)
        found = other.run(reconcile)
        api = bare.Api(other).log_in()
        assert api("GET", "/api/invoices/" + bills[0]["id"])["status"] == "paid", (order, found)
        assert api("GET", "/api/invoices/" + bills[1]["id"])["status"] == "unpaid"
        midtrans("/messages/again", {"order_id": late, "times": 1})
        until(lambda: other.sql("SELECT count(*) FROM alert_logs WHERE key = 'midtrans:unknown_order'", "isp_back") == "1")
        done = other.run("ispctl check", ok=False)
        assert late in done.stdout + done.stderr, "money for an order that the dump lacks is named"
        for user, command in cron_lines():
            command = re.sub(r"^test .* \|\| ", "", command)
            done = other.run("runuser -u %s -- /bin/sh -c '%s'" % (user, command), ok=False)
            assert done.returncode in (0, 75), (command, done)
        for user, program in (("isp-router", "router-sync"), ("isp-gateway", "gateway-sync"), ("isp-notify", "notifier")):
            other.run("runuser -u %s -- %s --env /etc/isp-billing/isp.env --once" % (user, program))
    finally:
        other.down()
