"""ping: what we promise of pinger (target 13 of test/bench/run).

targets(lab, note, rounds) holds lib/net/icmp (pings.c) against fping over 10,000 loopback addresses, 4
requests of each, 200 ms apart for both. Then the whole pinger asks hosts of a network of its own (echo.c),
whose answers are late, lost, doubled and forged, and what it stored is compared with what they did."""
import os
import signal
import statistics
import subprocess
import time

from lab import BUILD, Failed, pairs, sh, spent

TARGETS, REQUESTS, GAP_MS = 10000, 4, 200
DEAD_EVERY = 20  # 5 %
TIMED = 1000     # hosts whose latency is compared
MADE = """DELETE FROM ping_targets;
INSERT INTO ping_targets (name, host, packet_count, timeout_ms)
SELECT 'bench ' || n, '10.0.' || n / 256 || '.' || n %% 256, 4, 3000 FROM generate_series(1, %d) n"""
MEASURED = """SELECT t.host, h.sent, h.received, h.latency_ms, h.status
    FROM ping_targets t JOIN ping_history h ON h.target_id = t.id"""


def measured(words, text=None):
    """Seconds by the clock and of processor of a program, and its output."""
    before, begun = spent(), time.monotonic()
    said = sh(words, text=text)
    return {"s": time.monotonic() - begun, "cpu": spent() - before, "said": said}


def versus_fping(note, rounds):
    addresses = "".join("127.20.%d.%d\n" % (n // 250, n % 250 + 1) for n in range(TARGETS))
    fping = ["fping", "-q", "-i", "0", "-t", "500"]
    samples = {"ours": [], "fping": [], "one": []}
    for _ in range(rounds):
        samples["fping"].append(measured(fping + ["-p", str(GAP_MS), "-c", str(REQUESTS)], addresses))
        samples["one"].append(measured(fping + ["-c", "1"], addresses))
        samples["ours"].append(measured([os.path.join(BUILD, "bench", "pings"), str(REQUESTS)], addresses))
        for name, count in (("fping", REQUESTS), ("one", 1)):
            if samples[name][-1]["said"].count("= %d/%d/0%%" % (count, count)) != TARGETS:
                raise Failed("fping lost some of its own packets")
        if pairs(samples["ours"][-1]["said"])["received"] != TARGETS * REQUESTS:
            raise Failed("lib/net/icmp lost some: " + samples["ours"][-1]["said"])
    middle = {name: {key: statistics.median(s[key] for s in found) for key in ("s", "cpu")} for name, found in samples.items()}
    ratio = statistics.median(o["cpu"] / f["cpu"] for o, f in zip(samples["ours"], samples["fping"]))
    note("13", "%d x %d, CPU, lib/net/icmp %.3f s : fping %.3f s" % (TARGETS, REQUESTS, middle["ours"]["cpu"],
         middle["fping"]["cpu"]), ratio, "x", ratio <= 0.5, "<= 0.50")
    most = (REQUESTS - 1) * GAP_MS / 1000 + middle["one"]["s"] / 2
    note("13", "the same by the clock (fping: %.2f s, one round %.2f s)" % (middle["fping"]["s"], middle["one"]["s"]),
         middle["ours"]["s"], " s", middle["ours"]["s"] <= most, "<= %.2f s" % most)


class Network:
    """echo.c, for one run of pinger."""

    def __init__(self, lab, delay_ms, loss=0, dead_every=0, mischief=False):
        self.lab = lab
        self.child = subprocess.Popen([os.path.join(BUILD, "bench", "echo"), str(delay_ms), str(loss), str(dead_every),
                                       "%d" % mischief], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        lab.children.append(self.child)
        self.pid = self.child.stdout.readline().strip()

    def ping(self, count):
        """Ask the hosts: the rows that pinger stored, and what the hosts did, by address."""
        self.lab.sql("isp", MADE % count)
        took = measured(["nsenter", "-t", self.pid, "-n", os.path.join(BUILD, "bin", "pinger"), "--env",
                         self.lab.path("isp.env"), "--once"])
        self.child.send_signal(signal.SIGTERM)
        done = {words[0]: {"requests": int(words[1]), "answers": int(words[2]), "ms": float(words[3])}
                for words in (line.split() for line in self.child.communicate(timeout=20)[0].splitlines())}
        stored = {words[0]: {"sent": int(words[1]), "received": int(words[2]), "ms": float(words[3] or "nan"),
                             "status": words[4]}
                  for words in (line.split("|") for line in self.lab.sql("isp", MEASURED).splitlines())}
        if len(stored) != count or sum(h["requests"] for h in done.values()) != count * REQUESTS:
            raise Failed("%d targets stored, %d requests seen" % (len(stored), sum(h["requests"] for h in done.values())))
        return stored, done, took


def latency(lab, note):
    stored, done, _ = Network(lab, 20).ping(TIMED)
    off = sorted(abs(stored[host]["ms"] - done[host]["ms"]) for host in stored)
    note("13", "%d hosts after 20 ms: latency off by, median (p99 %.3f, most %.3f)"
         % (TIMED, off[len(off) * 99 // 100], off[-1]), off[len(off) // 2], " ms", off[len(off) * 99 // 100] <= 0.2,
         "<= 0.2 ms (p99)")


def loss(lab, note):
    stored, done, _ = Network(lab, 20, loss=10).ping(TARGETS)
    lost = 100 - 100 * sum(t["received"] for t in stored.values()) / sum(t["sent"] for t in stored.values())
    wrong = sum(t["received"] != done[host]["answers"] for host, t in stored.items())
    note("13", "loss of 10 %%, measured (%d of %d targets otherwise than it was)" % (wrong, TARGETS), lost, " %",
         8 <= lost <= 12, "8 to 12 %")


def up_and_down(lab, note):
    """The answers come when all requests of the first burst have left."""
    stored, done, took = Network(lab, 1500, dead_every=DEAD_EVERY, mischief=True).ping(TARGETS)
    dead = {"10.0.%d.%d" % divmod(n, 256) for n in range(0, TARGETS + 1, DEAD_EVERY)}
    wrong = sum((t["status"] == "down") != (host in dead) for host, t in stored.items())
    off = sum(t["received"] != done[host]["answers"] for host, t in stored.items())
    note("13", "%d late, %d %% dead, doubled, forged: false UP or DOWN (loss wrong: %d)" % (TARGETS, 100 // DEAD_EVERY, off),
         wrong, "", wrong == 0, "0")
    note("13", "the whole pinger, database and all: CPU of its own %.2f s" % took["cpu"], took["s"], " s", None, "")


def targets(lab, note, rounds):
    versus_fping(note, rounds)
    if lab.port is None:
        lab.up()
    latency(lab, note)
    loss(lab, note)
    up_and_down(lab, note)
