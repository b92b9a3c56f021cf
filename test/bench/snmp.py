"""snmp: what we promise of snmp-poller (target 12 of test/bench/run).

devices(lab, note, rounds) holds a run over 1,000 simulated devices of 24 interfaces (agents.c), from its
start until all is in the database, against cacti-spine with a MariaDB of its own, which reads the octets
of the same interfaces. MariaDB does not wait for the disk. Then 50 devices more that do not answer,
and the same 1,000 by version 3 with authPriv, all with one user and one pair of passphrases."""
import http.client
import json
import os
import pwd
import shutil
import statistics
import time

from lab import BUILD, Failed, process_seconds, free_port, sh, spent, wait_for

DEVICES, INTERFACES, DEAD = 1000, 24, 50
THREADS = (1, 5, 10, 20, 30)
TIMEOUT_MS = 1000  # SNMP_TIMEOUT_MS; a device is asked twice
PASSPHRASE = "a shared passphrase"
OCTETS = {"traffic_in": "6", "traffic_out": "10"}  # columns of ifXTable
SPINE_CONF = """DB_Host localhost:{socket}
DB_Database cacti
DB_User {user}
DB_Pass
DB_Port 0
Cacti_Log {log}
"""
SPINE_HOSTS = """
UPDATE poller SET threads = 1;
INSERT INTO host (id, description, hostname, snmp_community, snmp_version, snmp_port, snmp_timeout, availability_method,
                  max_oids, status)
SELECT seq, seq, concat('127.1.', seq DIV 250, '.', seq MOD 250 + 1), 'public', 2, %d, 500, 2, 60, 3 FROM seq_1_to_%d"""
SPINE_ITEMS = """
INSERT INTO poller_item (local_data_id, host_id, action, hostname, snmp_community, snmp_version, snmp_port, snmp_timeout,
                         rrd_name, arg1)
SELECT h.id * 100 + s.seq, h.id, 0, h.hostname, 'public', 2, h.snmp_port, 500, '%s',
       concat('.1.3.6.1.2.1.31.1.1.1.%s.', s.seq) FROM host h, seq_1_to_%d s"""

DEVICES_MADE = """INSERT INTO snmp_devices (name, host, port)
SELECT 'bench ' || n, '127.%d.' || n / 250 || '.' || n %% 250 + 1, %d FROM generate_series(1, %d) n"""
# As if the run before had been 5 minutes ago: its rows make one whole bucket, which the next run sums up.
AGED = """
SELECT history_make(now() - interval '1 day');
UPDATE history_rolls SET rolled_until = rolled_until - interval '5 minutes'; TRUNCATE bandwidth_5m, bandwidth_1h;
DELETE FROM bandwidth_history WHERE recorded_at < (SELECT max(recorded_at) - interval '4 minutes' FROM bandwidth_history);
UPDATE bandwidth_history SET recorded_at = recorded_at - interval '5 minutes';
UPDATE snmp_readings SET clock_ms = clock_ms - 300000, uptime_ms = uptime_ms - 300000,
    read_at = read_at - interval '5 minutes';
UPDATE monitor_states SET checked_at = checked_at - interval '5 minutes';"""
VACUUMED = "VACUUM ANALYZE bandwidth_history, bandwidth_5m, snmp_readings, snmp_interfaces, snmp_devices, monitor_states"
LEFT = """SELECT coalesce(sum(cardinality(interfaces)), 0), coalesce(sum((SELECT count(nullif(s, 0)) FROM unnest(seconds) s)), 0),
    (SELECT coalesce(sum(cardinality(interfaces)), 0) FROM bandwidth_5m),
    (SELECT count(*) FROM monitor_states s JOIN snmp_devices d ON d.id = s.id WHERE d.is_active AND s.status = 'up' AND s.misses = 0)
    FROM bandwidth_history WHERE recorded_at > now() - interval '4 minutes'"""


class Spine:
    """cacti-spine, its MariaDB and its devices."""

    def __init__(self, lab, port):
        if not shutil.which("spine") or not shutil.which("mariadbd"):
            raise Failed("cacti-spine or mariadb-server is missing: run scripts/deps measuring")
        self.lab, self.port, self.user = lab, port, pwd.getpwuid(os.geteuid()).pw_name
        self.dir = lab.path("spine")  # spine is root without its rights: it opens only files of its own
        os.mkdir(self.dir)
        self.socket, self.conf = os.path.join(self.dir, "sock"), os.path.join(self.dir, "spine.conf")
        self._start()
        self._fill()

    def _start(self):
        data = os.path.join(self.dir, "data")
        sh(["mariadb-install-db", "--no-defaults", "--datadir=" + data, "--user=" + self.user, "--skip-test-db",
            "--auth-root-authentication-method=normal"])
        self.server = self.lab.spawn([
            shutil.which("mariadbd"), "--no-defaults", "--datadir=" + data, "--user=" + self.user, "--socket=" + self.socket,
            "--pid-file=" + os.path.join(self.dir, "pid"), "--skip-networking", "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=256M",
            "--max-heap-table-size=512M", "--max-allowed-packet=64M"])
        wait_for("MariaDB", lambda: os.path.exists(self.socket))

    def sql(self, text, database="cacti"):
        return sh(["mariadb", "--no-defaults", "-S", self.socket, "-u", self.user, "-BN", database], text=text).strip()

    def _fill(self):
        self.sql("CREATE DATABASE cacti CHARACTER SET latin1; CREATE USER IF NOT EXISTS '%s'@localhost;" % self.user, "mysql")
        with open("/usr/share/doc/cacti/cacti.sql", encoding="utf-8") as schema:
            self.sql(schema.read())
        self.sql(SPINE_HOSTS % (self.port, DEVICES))
        for name, column in OCTETS.items():
            self.sql(SPINE_ITEMS % (name, column, INTERFACES))
        with open(self.conf, "w", encoding="ascii") as conf:
            conf.write(SPINE_CONF.format(socket=self.socket, user=self.user, log=os.path.join(self.dir, "spine.log")))

    def run(self, threads):
        """Seconds by the clock and of processor; all values must be there afterwards."""
        self.sql("TRUNCATE poller_output; UPDATE poller SET threads = %d" % threads)
        before, begun = self._spent(), time.monotonic()
        said = sh(["spine", "--conf=" + self.conf])
        took, used = time.monotonic() - begun, self._spent() - before
        read = int(self.sql("SELECT count(*) FROM poller_output WHERE output REGEXP '^[0-9]{8,}$'"))
        if read != DEVICES * INTERFACES * len(OCTETS):
            raise Failed("spine wrote %d values: %s" % (read, said))
        return {"s": took, "cpu": used}

    def _spent(self):
        return process_seconds(self.server.pid) + spent()


def poll(lab):
    """Seconds by the clock and of processor of one run of snmp-poller."""
    before, begun = spent(lab), time.monotonic()
    sh([os.path.join(BUILD, "bin", "snmp-poller"), "--env", lab.path("isp.env"), "--all"])
    took = time.monotonic() - begun
    time.sleep(0.2)  # the backend has ended, and been counted
    return {"s": took, "cpu": spent(lab) - before}


def next_round(lab, living=DEVICES, interfaces=DEVICES * INTERFACES):
    """A run five minutes after the last one; nothing may be lacking of what it reads, rates and sums."""
    lab.sql("isp", AGED)
    lab.sql("isp", VACUUMED)
    time.sleep(0.3)  # the backends of these two have ended, too
    figures = poll(lab)
    rows, rates, sums, up = (int(n) for n in lab.sql("isp", LEFT).split("|"))
    if (rows, rates, up) != (interfaces, interfaces, living) or sums < interfaces:
        raise Failed("rows %d, rates %d, sums %d, devices up %d" % (rows, rates, sums, up))
    return figures


def watch(lab, net, port):
    """Devices at 127.NET.x.y, discovered, with all their interfaces watched."""
    lab.sql("isp", DEVICES_MADE % (net, port, DEVICES))
    first_rounds(lab)


def first_rounds(lab):
    """The first finds the interfaces, the second reads them, the third has rates, which the next will sum up."""
    poll(lab)
    lab.sql("isp", "UPDATE snmp_interfaces SET monitor_bandwidth = true")
    poll(lab)
    lab.sql("isp", AGED)
    poll(lab)


def versus_spine(lab, note, rounds, port):
    spine = Spine(lab, port)
    best = min(THREADS, key=lambda threads: spine.run(threads)["s"])
    samples = {"product": [], "spine": []}
    for _ in range(rounds):
        samples["spine"].append(spine.run(best))
        samples["product"].append(next_round(lab))
    mine = {key: statistics.median(s[key] for s in samples["product"]) for key in ("s", "cpu")}
    other = {key: statistics.median(s[key] for s in samples["spine"]) for key in ("s", "cpu")}
    faster = statistics.median(o["s"] / m["s"] for o, m in zip(samples["spine"], samples["product"]))
    cheaper = statistics.median(m["cpu"] / o["cpu"] for o, m in zip(samples["spine"], samples["product"]))
    note("12", "%d devices x %d, spine (%d threads) %.2f s : product %.2f s"
         % (DEVICES, INTERFACES, best, other["s"], mine["s"]), faster, "x", faster >= 5, ">= 5")
    note("12", "CPU with the databases, product %.2f s : spine %.2f s" % (mine["cpu"], other["cpu"]), cheaper, "x",
         cheaper <= 0.2, "<= 0.20")
    spine.server.terminate()
    spine.server.wait()
    return mine["s"]


def with_dead(lab, note, rounds, port):
    """Devices that do not answer cost the time-outs of one of them."""
    lab.sql("isp", DEVICES_MADE % (9, port, DEAD))
    all_alive, some_dead = [], []
    for _ in range(rounds):
        for active, found in ((False, all_alive), (True, some_dead)):
            lab.sql("isp", "UPDATE snmp_devices SET is_active = %s WHERE host LIKE '127.9.%%'" % active)
            found.append(next_round(lab)["s"])
    lab.sql("isp", "DELETE FROM snmp_devices WHERE host LIKE '127.9.%'")
    more = statistics.median(dead - alive for dead, alive in zip(some_dead, all_alive))
    note("12", "%d dead devices more, of two time-outs of %d ms: %.2f s : %.2f s"
         % (DEAD, TIMEOUT_MS, statistics.median(some_dead), statistics.median(all_alive)), more, " s",
         more <= 2 * TIMEOUT_MS / 1000, "<= %.1f s" % (2 * TIMEOUT_MS / 1000))


def make_v3(lab, port):
    """The API seals the passphrases of each device for itself."""
    api = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=20)
    body = {"port": port, "version": "3", "security_name": "bench", "security_level": "authPriv", "auth_protocol": "SHA",
            "priv_protocol": "AES", "auth_password": PASSPHRASE, "priv_password": PASSPHRASE, "is_active": False}
    for n in range(1, DEVICES + 1):
        api.request("POST", "/api/snmp-devices", json.dumps(dict(body, name="bench %d" % n, host="127.2.%d.%d" % (
            n // 250, n % 250 + 1))), {"Authorization": "Bearer " + lab.token, "Content-Type": "application/json"})
        answer = api.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise Failed("a device was answered with %d: %s" % (answer.status, said.decode()[:500]))
    api.close()


def by_version_3(lab, note, rounds, port):
    """All that is read; then the logins alone: devices without a watched interface are asked for their uptime only."""
    make_v3(lab, port)
    active = "UPDATE snmp_devices SET is_active = version = '%s'"
    for version in ("2c", "3"):
        lab.sql("isp", active % version)
        first_rounds(lab)
    for watched, interfaces in ((True, DEVICES * INTERFACES), (False, 0)):
        lab.sql("isp", "UPDATE snmp_interfaces SET monitor_bandwidth = %s" % watched)
        took = {"2c": [], "3": []}
        for _ in range(rounds):
            for version, found in took.items():
                lab.sql("isp", active % version)
                found.append(next_round(lab, DEVICES, interfaces)["s"])
        more = statistics.median(three - two for three, two in zip(took["3"], took["2c"]))
        middle = tuple(statistics.median(found) for found in (took["3"], took["2c"]))
        if watched:
            note("12", "read by authPriv %.2f s : by 2c %.2f s" % middle, more, " s", None, "")
        else:
            note("12", "%d logins by authPriv, shared passphrases %%.2f s : by 2c %%.2f s" % DEVICES % middle, more, " s",
                 more <= 0.1, "<= 0.1 s")


def devices(lab, note, rounds):
    if lab.port is None:
        lab.up()
    port = free_port()
    lab.spawn([os.path.join(BUILD, "bench", "agents"), str(port), PASSPHRASE])
    watch(lab, 1, port)
    versus_spine(lab, note, rounds, port)
    with_dead(lab, note, rounds, port)
    by_version_3(lab, note, rounds, port)
