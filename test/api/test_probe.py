"""An API without any capability pings and discovers through isp-probe, which a socket starts (isp-probe.socket).

isp-api's unit has an empty CapabilityBoundingSet= and NoNewPrivileges=: neither it nor a child of it opens a raw
socket. Here it runs confined in the same way, and isp-probe is started for each connection as systemd does it for
Accept=yes: the connection is its input and output, CAP_NET_RAW all that it has.
"""
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import isp
from snmpd import Snmpd


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root takes capabilities away")


def confined(capabilities, *argv):
    """The command with these capabilities alone, as the user whose directory the sockets lie in."""
    sets = ["--%s=-all%s" % (name, capabilities) for name in ("bounding-set", "inh-caps", "ambient-caps")]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--no-new-privs", *sets, *argv]


class Activated:
    """A listening socket; for each connection a process whose input and output it is."""

    def __init__(self, path, argv, env):
        self.argv, self.env, self.children = argv, env, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        shutil.chown(path, group="postgres")
        os.chmod(path, 0o660)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                if connection.recv(1, socket.MSG_PEEK) == b"":
                    return
                self.children.append(subprocess.Popen(self.argv, env=self.env, stdin=connection, stdout=connection))

    def down(self):
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.listener.getsockname())
        self.thread.join()
        self.listener.close()
        for child in self.children:
            child.wait()


@pytest.fixture(name="system", scope="module")
def _system():
    stack = isp.Stack("probe", without="timers,isp-probe,router-sync,gateway-sync,notifier")
    stack.up()
    env_file = os.path.join(stack.dir, "isp.env")
    shutil.chown(env_file, "postgres")
    os.chmod(stack.dir, 0o711)
    first = stack.leader("isp-api")
    os.kill(first, signal.SIGTERM)
    isp.wait_until(lambda: isp.stat_of(first)[0] in "XZ", 20, "isp-api ended")
    api = stack.start(*confined("", "isp-api", "--env", env_file))
    probe = Activated(os.path.join(stack.dir, "run", "isp-probe.sock"), confined(",+net_raw", "isp-probe", "--env", env_file),
                      stack.environment())
    try:
        isp.wait_until(stack.healthy, 20, "the confined API serves")
        stack.confined = api
        yield stack
    finally:
        api.terminate()
        api.communicate()
        probe.down()
        stack.down()


def capabilities(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert lines["NoNewPrivs"] == "1"
    return {name: int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def test_no_process_of_the_api_has_a_capability(system):
    leader = system.confined.pid
    workers = [int(name) for name in os.listdir("/proc") if name.isdigit() and isp.stat_of(int(name))[1] == leader]
    assert workers
    for pid in [leader] + workers:
        assert set(capabilities(pid).values()) == {0}, pid


def test_the_api_itself_could_not_ping(system):
    done = system.exec(*confined("", "pinger", "--now", "127.0.0.1"), check=False)
    assert done.returncode != 0 and "ermitted" in done.stderr, done


def test_ping_now_and_discover_go_through_the_socket(system):
    api = system.client()
    target = api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "127.3.2.1", "packet_count": 2})
    answer = api.post("/api/ping-targets/%s/ping-now" % target["id"]).want(200).json
    assert (answer["sent"], answer["received"], answer["status"]) == (2, 2, "up")
    agent = Snmpd().up()
    try:
        device = api.make("/api/snmp-devices", {"name": isp.unique("device"), "host": agent.address, "port": agent.port,
                                                "community": "public1"})
        found = api.post("/api/snmp-devices/%s/discover" % device["id"]).want(200).json
        assert (found["status"], found["last_error"]) == ("up", None) and found["discovered_at"]
        assert api.rows("/api/snmp-devices/%s/interfaces" % device["id"])
    finally:
        agent.down()
