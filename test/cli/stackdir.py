"""Private systems for tests: made by scripts/stack, looked at from outside."""
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))
STACK = os.path.join(TOP, "scripts", "stack")


def run(command, *args, **options):
    """scripts/stack COMMAND ARGS, ended or timed out."""
    return subprocess.run([STACK, command] + [str(a) for a in args], capture_output=True, text=True, timeout=120,
                          check=False, **options)


class System:
    """A directory that may hold a running system; close() ends it and removes all."""

    def __init__(self, parent=None):
        os.makedirs(BUILD, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="t.", dir=parent or BUILD)
        self.url = None
        self.words = {}

    def up(self, *args, **options):
        done = run("up", "--dir", self.dir, "--port", "0", *args, **options)
        assert done.returncode == 0, done.stderr
        self.words = dict(word.split("=", 1) for word in done.stdout.split())
        self.url = self.words["url"]
        return done

    def run(self, command, *args, **options):
        return run(command, "--dir", self.dir, *args, **options)

    def pid(self, name):
        with open(os.path.join(self.dir, "run", name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def env(self):
        return dict(line.split("=", 1) for line in self.run("env").stdout.splitlines())

    def get(self, path, **options):
        return fetch(self.url + path, **options)

    def processes(self):
        """Every process that knows of this directory, by argument, environment or work place."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    known = file.read()
                with open("/proc/%s/environ" % pid, "rb") as file:
                    known += file.read()
                known += os.fsencode(os.readlink("/proc/%s/cwd" % pid))
            except OSError:
                continue
            if os.fsencode(self.dir) in known and int(pid) != os.getpid():
                found[int(pid)] = known
        return found

    def close(self):
        self.run("down")
        shutil.rmtree(self.dir, ignore_errors=True)


def fetch(url, method="GET", data=None, headers=None, context=None):
    """(status, headers, JSON or text) of any answer, errors too."""
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        answer = urllib.request.urlopen(request, timeout=70, context=context)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body = answer.read().decode("utf-8", "replace")
        kind = answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(body) if kind.startswith("application/json") else body
