"""lab: the private system that test/bench/run measures, and its measuring tools.

A Lab is a directory with a filled database (`filled`, a template nobody connects to), the
product on a copy of it (`isp`, by scripts/stack), and whatever is started beside it.  close()
ends all of it."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(TOP, "test", "bench")
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))
DAY = "2026-07-15"  # the one of fill.sql
DIR_MAX = 80        # of scripts/stack
KEY = "SB-Mid-server-bench"
WITHOUT = "router-sync,gateway-sync,notifier,timers"


class Failed(Exception):
    """The bench itself went wrong: no figure."""


def sh(words, env=None, text=None, timeout=600):
    """Standard output and error of a command that must succeed."""
    done = subprocess.run(words, env=env, input=text, text=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL if text is None else None, stderr=subprocess.STDOUT, timeout=timeout,
                          check=False)
    if done.returncode != 0:
        raise Failed("%s: %s" % (" ".join(words)[:200], done.stdout.strip()[-2000:]))
    return done.stdout


def pairs(text):
    """Words like name=12.5 of a program's output."""
    return {name: float(value) for name, value in re.findall(r"(\w+)=([-0-9.]+)", text)}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed("%s did not come up" % what)
        time.sleep(0.02)


def listens(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as sock:
        return sock.connect_ex(address) == 0


# ---- processor time ------------------------------------------------------------------------------

def parents():
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as file:
                    found[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                pass
    return found


def family(roots):
    """These processes and all below them."""
    tree, found = parents(), set(roots)
    while True:
        more = {pid for pid, parent in tree.items() if parent in found and pid not in found}
        if not more:
            return found
        found |= more


def cpu_seconds(roots):
    total = 0
    for pid in family(roots):
        try:
            with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def process_seconds(pid, ended=False):
    """Seconds of a process with all its threads, or (ended) of those of its children that have ended."""
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(n) for n in (fields[13:15] if ended else fields[11:13])) / os.sysconf("SC_CLK_TCK")


def spent(lab=None):
    """Seconds of processor of the programs we ran, and of the database's backends that have ended."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ours.ru_utime + ours.ru_stime + (process_seconds(lab.pid("postgres"), ended=True) if lab else 0)


# ---- the system ----------------------------------------------------------------------------------

class Lab:
    def __init__(self):
        base = os.path.join(BUILD, "bench")
        os.makedirs(base, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="lab.", dir=base if len(os.fsencode(base)) < DIR_MAX - 14 else None)
        self.children = []
        self.port = self.token = None

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def script(self, name, *words):
        return sh([os.path.join(TOP, "scripts", name)] + list(words) + ["--dir", self.dir])

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def conninfo(self, name, user):
        return "postgresql:///%s?host=%s&user=%s" % (name, self.path("run").replace("/", "%2F"), user)

    def psql(self, name, *words, **settings):
        env = dict(os.environ, PGOPTIONS=" ".join("-c %s=%s" % pair for pair in settings.items()))
        return sh(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(name, "postgres")] + list(words),
                  env=env).strip()

    def sql(self, name, statement):
        return self.psql(name, "-c", statement)

    def copy(self, name, source="filled"):
        """A fresh copy of the filled database, dirty pages of the last one written out."""
        self.sql("postgres", 'DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % name)
        self.sql("postgres", 'CREATE DATABASE "%s" TEMPLATE "%s" OWNER isp_owner STRATEGY file_copy' % (name, source))
        self.sql("postgres", "CHECKPOINT")

    def fill(self, customers, periods=2, name="filled"):
        self.script("db", "up")
        self.script("db", "deploy", "--name", name)
        sh(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "n=%d" % customers, "-v", "periods=%d" % periods,
            "-d", self.conninfo(name, "postgres"), "-f", os.path.join(HERE, "fill.sql")], timeout=3600)

    def up(self):
        """The product, and somebody logged in."""
        self.copy("isp")
        with open(self.path("bench.env"), "w", encoding="utf-8") as file:
            file.write("APP_TODAY=%s\nMIDTRANS_SERVER_KEY=%s\n" % (DAY, KEY))
        reported = self.script("stack", "up", "--port", "0", "--env", self.path("bench.env"), "--without", WITHOUT)
        self.port = int(re.search(r"url=http://127\.0\.0\.1:(\d+)", reported).group(1))
        body = {"email": "admin@ispbilling.com", "password": "admin123"}
        with urllib.request.urlopen(urllib.request.Request(
                self.url + "/api/login", json.dumps(body).encode(), {"Content-Type": "application/json"})) as answer:
            self.token = json.load(answer)["token"]

    def get(self, path, port=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port or self.port, path),
                                         headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def pid(self, name):
        """The leader of one of scripts/stack's processes."""
        path = self.path("pg", "postmaster.pid") if name == "postgres" else self.path("run", name + ".pid")
        with open(path, encoding="ascii") as file:
            return int(file.readline())

    def spawn(self, words):
        with open(self.path("log", os.path.basename(words[0]) + ".log"), "ab") as log:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def server(self, program, *words):
        """A FastCGI server of test/bench behind an nginx of its own: (port, pids)."""
        sock = self.path("run", program + ".sock")
        child = self.spawn([os.path.join(BUILD, "bench", program), sock] + list(words))
        wait_for(program, lambda: listens(sock))
        port, nginx = self.nginx(program, sock)
        return port, [child.pid, nginx]

    def nginx(self, name, sock):
        """Another nginx with the very configuration of the product's, but for the socket."""
        with open(self.path("nginx.conf"), encoding="utf-8") as file:
            conf = file.read()
        port = free_port()
        for old, new in ((self.path("run", "fast.sock"), sock), ("127.0.0.1:%d;" % self.port, "127.0.0.1:%d;" % port),
                         (self.path("tmp", "nginx.pid"), self.path("tmp", name + ".pid")),
                         (self.path("log", "access.log"), self.path("log", name + ".access.log"))):
            if old not in conf:
                raise Failed("nginx.conf does not name %s" % old)
            conf = conf.replace(old, new)
        with open(self.path(name + ".conf"), "w", encoding="utf-8") as file:
            file.write(conf)
        child = self.spawn(["/usr/sbin/nginx", "-p", self.dir, "-e", self.path("log", name + ".nginx.log"),
                            "-c", self.path(name + ".conf")])
        wait_for("nginx of " + name, lambda: listens(("127.0.0.1", port)))
        return port, child.pid

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for name in ("stack", "db"):
            try:
                self.script(name, "down")
            except Failed as failure:
                print("bench: %s" % failure)
        shutil.rmtree(self.dir, ignore_errors=True)


def interruptible():
    """So that whoever ends us gets everything ended."""
    def leave(number, _):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, leave)


# ---- load ----------------------------------------------------------------------------------------

def wrk(lab, port, script, seconds, roots):
    """Requests a second and processor microseconds each, of the processes of `roots`."""
    before = cpu_seconds(roots)
    reported = sh(["wrk", "-t2", "-c32", "-d%ds" % seconds, "-s", script, "-H", "Authorization: Bearer " + lab.token,
               "http://127.0.0.1:%d" % port])
    used = cpu_seconds(roots) - before
    if "Non-2xx" in reported or "Socket errors" in reported:
        raise Failed("wrk: " + reported)
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", reported).group(1)),
            "us": used * 1e6 / int(re.search(r"(\d+) requests in", reported).group(1))}


def hey_figures(reported):
    """The figures of hey: slowest and p99 in ms, requests a second, how many answers of each status."""
    slowest = re.search(r"Slowest:\s+([\d.]+)", reported)
    p99 = re.search(r"99% in ([\d.]+)", reported)
    return {"max": float(slowest.group(1)) * 1000 if slowest else float("inf"),
            "p99": float(p99.group(1)) * 1000 if p99 else float("inf"),
            "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", reported).group(1)),
            "status": {int(code): int(n) for code, n in re.findall(r"\[(\d{3})\]\s+(\d+) responses", reported)},
            "errors": "Error distribution" in reported}


def hey(lab, path, *words, background=False):
    command = ["hey"] + list(words) + ["-H", "Authorization: Bearer " + lab.token, lab.url + path]
    if background:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
    return hey_figures(sh(command))


def pgbench(lab, name, script, count, first):
    """Transactions a second of 4 clients, `count` each."""
    reported = sh(["pgbench", "-n", "-M", "prepared", "-c", "4", "-j", "2", "-t", str(count), "-D", "first=%d" % first,
               "-D", "count=%d" % count, "-D", "i=-1", "-f", os.path.join(HERE, script),
               lab.conninfo(name, "postgres")], env=dict(os.environ, PGOPTIONS="-c plan_cache_mode=force_generic_plan -c jit=off"))
    if "number of failed transactions: 0 " not in reported:
        raise Failed("pgbench: " + reported)
    return float(re.search(r"tps = ([\d.]+)", reported).group(1))
