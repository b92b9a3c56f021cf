"""Real agents: net-snmp's snmpd on a loopback address, without anything of the machine's own configuration."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from ports import port


class Snmpd:
    """An agent that knows community `public1` and the users given as lines of snmpd.conf.

    lines: more of snmpd.conf, such as pass_persist scripts.
    """

    def __init__(self, users=(), lines=(), address="127.0.0.1"):
        self.address, self.port = address, port()
        self.dir = tempfile.mkdtemp(prefix="snmpd.")
        self.users, self.lines, self.process = users, lines, None

    def conf(self):
        rights = ["rocommunity public1"] + ["rouser %s %s" % (name, level) for name, level, _ in self.users]
        return "\n".join(rights + ["createUser " + line for _, _, line in self.users if line] + list(self.lines)) + "\n"

    def up(self):
        path = os.path.join(self.dir, "snmpd.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.conf())
        env = dict(os.environ, SNMP_PERSISTENT_DIR=self.dir, SNMPCONFPATH=self.dir, MIBS="")
        self.process = subprocess.Popen(
            ["/usr/sbin/snmpd", "-f", "-Lf", os.path.join(self.dir, "log"), "-C", "-c", path, "-I", "-smux",
             "udp:%s:%d" % (self.address, self.port)], env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.ready()
        return self

    def ask(self, oid):
        """The value as snmpget prints it; None: no answer."""
        done = subprocess.run(["snmpget", "-v2c", "-c", "public1", "-t", "0.5", "-r", "0", "-Oqv",
                               "%s:%d" % (self.address, self.port), oid], check=False, text=True,
                              env=dict(os.environ, MIBS=""), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.strip() if done.returncode == 0 else None

    def ready(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.ask("1.3.6.1.2.1.1.3.0") is not None:
                return
            time.sleep(0.1)
        raise AssertionError("snmpd does not answer")

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def down(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
