"""bare: a Debian root as a bare machine, with a network namespace and a stand-in for systemctl.

    Space    the namespace; roots that are never up at the same time may share one
    Root     the root: its commands run by chroot in the namespace
    Api      curl in the root: https, with the certificate that signs itself
    package  the Debian package of this tree; old_package that of the last schema before `days`

Roots are copied from ISP_ROOTS/RELEASE where that is given, else made by debootstrap; packages are taken
from ISP_DEB and ISP_DEB_OLD, else built.
"""
import functools
import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

from stackdir import BUILD, TOP, on_terminal

HOST, ADMIN, PASSWORD = "billing.example.net", "owner@example.net", "correct horse battery"
MIRROR = "http://deb.debian.org/debian"


def manuals():
    return sorted(glob.glob(os.path.join(TOP, "app", "*", "*.[58]")))


def manual(name):
    return next(path for path in manuals() if os.path.basename(path) == name)


class Space:
    def __init__(self):
        self.name = "isp-%s" % next(tempfile._get_candidate_names())
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)

    def enter(self):
        return ["ip", "netns", "exec", self.name]

    def pids(self):
        done = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False)
        return [int(pid) for pid in done.stdout.split()]

    def down(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class Root:
    def __init__(self, release, space=None, cache_of=None):
        self.dir = tempfile.mkdtemp(prefix="isp-root.", dir=BUILD)
        self.space, self.own_space = space or Space(), space is None
        base = os.environ.get("ISP_ROOTS")
        if base:
            subprocess.run(["cp", "-a", "--reflink=auto", os.path.join(base, release) + "/.", self.dir], check=True)
        else:
            subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", release, self.dir, MIRROR],
                           check=True, stdout=subprocess.DEVNULL)
        if cache_of:  # what another root fetched from the mirror
            for name in glob.glob(os.path.join(cache_of.dir, "var/cache/apt/archives/*.deb")):
                shutil.copy(name, os.path.join(self.dir, "var/cache/apt/archives"))
        self.mount()
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)  # as in any container: packages start nothing
        self.write("etc/hosts", "127.0.0.1 localhost %s\n" % HOST)

    def mount(self):
        for what in ("proc", "dev"):
            subprocess.run(["mount", "--rbind" if what == "dev" else "--bind", "/" + what, os.path.join(self.dir, what)],
                           check=True)
        subprocess.run(["mount", "--make-rslave", os.path.join(self.dir, "dev")], check=True)

    def path(self, name):
        return os.path.join(self.dir, name.lstrip("/"))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)

    def argv(self, command, alone=True):
        enter = self.space.enter() if alone else []
        return enter + ["chroot", self.dir, "/usr/bin/env", "-i", "HOME=/root", "DEBIAN_FRONTEND=noninteractive",
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/bin/sh", "-c", command]

    def run(self, command, alone=True, ok=True, text=None):
        done = subprocess.run(self.argv(command, alone), input=text or "", capture_output=True, text=True, check=False)
        assert not ok or done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def install(self, package, command="apt-get -qq update; apt-get install -y ./isp-billing_*.deb"):
        """With the network of the machine, for the mirror, and without systemd: the packages know containers."""
        shutil.rmtree(self.path("run/systemd/system"), ignore_errors=True)
        for old in glob.glob(self.path("root/*.deb")):
            os.unlink(old)
        shutil.copy(package, self.path("root"))
        self.run("cd /root && " + command, alone=False)
        self.run("command -v curl || apt-get -qq install -y --no-install-recommends curl", alone=False)
        os.makedirs(self.path("run/systemd/system"))  # there where systemd runs, says sd_booted(3)
        shutil.copy(os.path.join(TOP, "test", "cli", "systemctl"), self.path("usr/bin/systemctl"))

    def sql(self, query, database="isp"):
        return self.run("runuser -u postgres -- psql -XqAt -d %s -f -" % database, text=query).stdout.strip()

    def type(self, command, answers):
        """On a terminal: each answer is typed where its question stands."""
        status, shown = on_terminal(self.argv(command), answers, seconds=600)
        assert status == 0 and all(question in shown for question, _ in answers), (command, shown)
        return shown

    def pids(self):
        """The processes of this root: others may live in its namespace."""
        def is_ours(pid):
            try:
                return os.readlink("/proc/%d/root" % pid) == self.dir
            except OSError:
                return False
        return [pid for pid in self.space.pids() if is_ours(pid)]

    def stop(self):
        """All that runs in the root ends."""
        for signal_name in ("TERM", "INT", "KILL"):  # INT: PostgreSQL waits for nobody
            for pid in self.pids():
                subprocess.run(["kill", "-" + signal_name, str(pid)], stderr=subprocess.DEVNULL, check=False)
            end = time.monotonic() + 10
            while self.pids() and time.monotonic() < end:
                time.sleep(0.2)

    def down(self):
        self.stop()
        for what in ("dev", "proc"):
            subprocess.run(["umount", "-R", "-l", os.path.join(self.dir, what)], check=False)
        if self.own_space:
            self.space.down()
        if not os.path.ismount(os.path.join(self.dir, "dev")):
            shutil.rmtree(self.dir, ignore_errors=True)


class Api:
    def __init__(self, root):
        self.root, self.token = root, None

    def log_in(self):
        self.token = self("POST", "/api/login", {"email": ADMIN, "password": PASSWORD})["token"]
        return self

    def __call__(self, method, path, body=None, status=200):
        words = ["curl", "-sk", "-o", "/tmp/answer", "-w", "'%{http_code}'", "-X", method,
                 "-H", "'Content-Type: application/json'"]
        if self.token:
            words += ["-H", "'Authorization: Bearer %s'" % self.token]
        if body is not None:
            words += ["-d", "@-"]
        got = self.root.run(" ".join(words + ["'https://%s%s'" % (HOST, path)]), text=json.dumps(body)).stdout
        answer = self.root.read("tmp/answer")
        assert got == str(status), (method, path, got, answer)
        return json.loads(answer) if answer.startswith(("{", "[")) else answer

    def sell(self, name, username):
        """A customer with a line and its first bill."""
        package = self("GET", "/api/packages")["data"][0]["id"]
        customer = self("POST", "/api/customers", {"name": name, "phone": "0812-3456-7890"}, 201)
        line = self("POST", "/api/subscriptions", {"customer_id": customer["id"], "package_id": package,
                                                   "mikrotik_username": username, "mikrotik_password": "rahasia1",
                                                   "issue_invoice": True}, 201)
        return self("GET", "/api/invoices?subscription_id=" + line["id"])["data"][0]


def make_deb(tree, build):
    subprocess.run(["make", "-C", tree, "deb"], check=True, stdout=subprocess.DEVNULL)
    return glob.glob(os.path.join(build, "deb", "isp-billing_*.deb"))[0]


@functools.lru_cache(maxsize=None)
def package():
    return os.environ.get("ISP_DEB") or make_deb(TOP, BUILD)


def git(*words):
    return subprocess.run(["git", "-C", TOP, *words], check=True, capture_output=True, text=True).stdout.strip()


@functools.lru_cache(maxsize=None)
def old_package():
    """Version 0.0.9: the last commit of the history whose schema lacks the change `days`, with the programs,
    functions and packaging of that day; nothing of today is in it but the number."""
    if os.environ.get("ISP_DEB_OLD"):
        return os.environ["ISP_DEB_OLD"]
    first = git("log", "--first-parent", "--format=%H", "-S", "days [billing", "--", "sql/sqitch.plan").splitlines()[-1]
    tree = os.path.join(BUILD, "old")
    git("worktree", "add", "--force", "--detach", tree, first + "^")
    try:
        with open(os.path.join(tree, "Makefile"), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(tree, "Makefile"), "w", encoding="utf-8") as file:
            file.write(text.replace("VERSION = 0.1.0", "VERSION = 0.0.9"))
        kept = os.path.join(BUILD, "deb.old")
        os.makedirs(kept, exist_ok=True)
        return shutil.copy(make_deb(tree, os.path.join(tree, "build")), kept)
    finally:
        git("worktree", "remove", "--force", tree)
