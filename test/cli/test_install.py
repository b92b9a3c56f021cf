"""README's "A real system", followed to the letter in a fresh root.

A Debian root is made by debootstrap (or copied from ISP_ROOT), the package is built by make deb (or
taken from ISP_DEB) and installed, and each command of the README's block is run as it stands there, in a network
namespace of its own, with a stand-in for systemctl.  Then the system is used over https: a customer, a
bill, its page, a billing run from cron's environment, a backup, a restore, an upgrade.  It takes
minutes and needs the package mirror, hence only in `make soak`.
"""
import glob
import json
import os
import pty
import re
import shutil
import subprocess
import tempfile
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))
HOST, ADMIN, PASSWORD = "billing.example.net", "owner@example.net", "correct horse battery"
MIRROR = "http://deb.debian.org/debian"

pytestmark = pytest.mark.skipif(os.environ.get("ISP_SOAK") != "1", reason="make soak: it installs a whole system")


def readme_commands():
    """The indented lines of the README's section, comments cut."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        section = file.read().split("## A real system", 1)[1].split("\n## ", 1)[0]
    lines = [line[4:].split("  #")[0].strip() for line in section.splitlines() if line.startswith("    ")]
    return [line for line in lines if line and not line.startswith("#")]


class Root:
    """A Debian root and the network namespace that its commands run in."""

    def __init__(self, release):
        self.dir = tempfile.mkdtemp(prefix="isp-root.", dir=BUILD)
        self.space = "isp-install-%d" % os.getpid()
        base = os.environ.get("ISP_ROOT")
        if base:
            subprocess.run(["cp", "-a", base + "/.", self.dir], check=True)
        else:
            subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", release, self.dir, MIRROR],
                           check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ip", "netns", "add", self.space], check=True)
        subprocess.run(["ip", "-n", self.space, "link", "set", "lo", "up"], check=True)
        for what in ("proc", "dev"):
            subprocess.run(["mount", "--rbind" if what == "dev" else "--bind", "/" + what,
                            os.path.join(self.dir, what)], check=True)
        shutil.copy(os.path.join(TOP, "test", "cli", "systemctl"), os.path.join(self.dir, "usr/local/bin/systemctl"))
        with open(os.path.join(self.dir, "usr/sbin/policy-rc.d"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")  # as in any container: packages start nothing
            os.fchmod(file.fileno(), 0o755)
        with open(os.path.join(self.dir, "etc/hosts"), "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost %s\n" % HOST)

    def argv(self, command, alone=True):
        enter = ["ip", "netns", "exec", self.space] if alone else []
        return enter + ["chroot", self.dir, "/usr/bin/env", "-i", "HOME=/root", "DEBIAN_FRONTEND=noninteractive",
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/bin/sh", "-c", command]

    def run(self, command, alone=True, ok=True, text=None):
        done = subprocess.run(self.argv(command, alone), input=text or "", capture_output=True, text=True, check=False)
        assert not ok or done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def type(self, command, answers):
        """On a terminal: each answer is typed where its question stands."""
        said = b""
        pid, terminal = pty.fork()
        if pid == 0:
            argv = self.argv(command)
            os.execvp(argv[0], argv)
        answers = list(answers)
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
            if answers and answers[0][0].encode() in said:
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status == 0 and not answers, (command, said.decode(errors="replace"))
        return said.decode(errors="replace")

    def down(self):
        pids = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True, check=False).stdout
        for pid in pids.split():
            subprocess.run(["kill", pid], check=False)
        time.sleep(2)
        for what in ("dev", "proc"):
            subprocess.run(["umount", "-R", "-l", os.path.join(self.dir, what)], check=False)
        subprocess.run(["ip", "netns", "del", self.space], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


class Api:
    """curl in the root: https, with the certificate that signs itself."""

    def __init__(self, root):
        self.root, self.token = root, None

    def __call__(self, method, path, body=None, status=200):
        words = ["curl", "-sk", "-o", "/tmp/answer", "-w", "'%{http_code}'", "-X", method,
                 "-H", "'Content-Type: application/json'"]
        if self.token:
            words += ["-H", "'Authorization: Bearer %s'" % self.token]
        if body is not None:
            words += ["-d", "@-"]
        got = self.root.run(" ".join(words + ["'https://%s%s'" % (HOST, path)]), text=json.dumps(body)).stdout
        with open(os.path.join(self.root.dir, "tmp/answer"), encoding="utf-8") as file:
            answer = file.read()
        assert got == str(status), (method, path, got, answer)
        return json.loads(answer) if answer.startswith(("{", "[")) else answer


@pytest.fixture(scope="module", params=["bookworm"])
def root(request):
    if not os.environ.get("ISP_DEB"):  # a package that was built before
        subprocess.run(["make", "-C", TOP, "deb"], check=True, stdout=subprocess.DEVNULL)
    made = Root(request.param)
    try:
        yield made
    finally:
        made.down()


def test_the_readme_brings_a_bare_machine_to_a_paid_invoice(root):
    begun = time.monotonic()
    package = os.environ.get("ISP_DEB") or glob.glob(os.path.join(BUILD, "deb", "isp-billing_*.deb"))[0]
    shutil.copy(package, os.path.join(root.dir, "root"))
    commands = readme_commands()
    assert 1 <= len(commands) <= 10
    for command in commands:
        command = command.replace("HOST", HOST).replace("EMAIL", ADMIN)
        if command.startswith("certbot"):
            continue  # Let's Encrypt must reach HOST from outside
        if "apt-get" in command:
            root.run("apt-get -qq update; cd /root && " + command, alone=False)
            root.run("apt-get -qq install -y --no-install-recommends curl >/dev/null", alone=False)
        elif "--admin" in command:
            root.type(command, [("Password", PASSWORD)])
        else:
            root.run(command)
    api = Api(root)
    api.token = api("POST", "/api/login", {"email": ADMIN, "password": PASSWORD})["token"]
    package_id = api("GET", "/api/packages")["data"][0]["id"]
    customer = api("POST", "/api/customers", {"name": "Ibu Sari", "phone": "0812-3456-7890"}, 201)
    line = api("POST", "/api/subscriptions", {"customer_id": customer["id"], "package_id": package_id,
                                              "mikrotik_username": "sari", "mikrotik_password": "rahasia1",
                                              "issue_invoice": True}, 201)
    bill = api("GET", "/api/invoices?subscription_id=" + line["id"])["data"][0]
    assert api("GET", "/api/public/invoices/" + bill["id"])["outstanding"] == bill["amount"]
    assert "<html" in api("GET", "/pay/" + bill["id"])
    cron = root.run("env -i PATH=/usr/bin:/bin runuser -u isp-billing -- billing-cron --env /etc/isp-billing/isp.env")
    assert cron.returncode == 0
    api("POST", "/api/invoices/%s/mark-paid" % bill["id"], {})
    assert api("GET", "/api/invoices/" + bill["id"])["status"] == "paid"
    assert time.monotonic() - begun < 600, "from a bare root to a paid invoice in ten minutes"


def test_setup_can_be_run_again_and_changes_nothing(root):
    files = "find /etc/isp-billing /etc/nginx /etc/postgresql -type f -exec sha256sum {} + | sort"
    before = root.run(files).stdout
    root.run("ispctl setup")
    assert root.run(files).stdout == before


def test_a_backup_comes_back_as_another_database(root):
    dump = root.run("ispctl backup /var/lib/isp-billing/backups").stdout.strip().splitlines()[-1]
    done = root.run("ispctl restore %s --into isp_restored" % dump)
    assert "every rule holds" in done.stdout
    again = root.run("ispctl restore %s --into isp_restored" % dump, ok=False)
    assert again.returncode == 1 and "is there already" in again.stderr


def test_upgrade_keeps_serving(root):
    root.run("ispctl upgrade")
    calls = open(os.path.join(root.dir, "var/log/systemctl.log"), encoding="utf-8").read()
    assert re.search(r"reload-or-restart isp-api\.service", calls)
    assert Api(root)("GET", "/api/health")["status"] == "ok"


def test_bad_words_are_one_line_and_change_nothing(root):
    for words in ("--url ftp://x", "--cluster 9/none", "--database 'a b'"):
        done = root.run("ispctl setup " + words, ok=False)
        assert done.returncode in (1, 2) and len(done.stderr.strip().splitlines()) == 1, done
