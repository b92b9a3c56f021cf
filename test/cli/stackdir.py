"""Private systems for tests: made by scripts/stack, looked at from outside; a command on a terminal."""
import contextlib
import json
import os
import pty
import select
import shutil
import signal
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


def on_terminal(argv, answers, env=None, seconds=10):
    """Run a command on a terminal and type each answer where its question stands: [(question, answer)].

    The exit status, and all that was shown; a command that shows nothing for so many seconds is ended."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, os.environ if env is None else env)
    shown, answers = b"", list(answers)
    with contextlib.suppress(OSError):  # the other end is closed
        while select.select([terminal], [], [], seconds)[0]:
            piece = os.read(terminal, 4096)
            if not piece:
                break
            shown += piece
            if answers and answers[0][0].encode() in shown:
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)  # it still waits
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")


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
