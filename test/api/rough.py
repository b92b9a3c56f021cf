"""Rough hands for the messages of the simulated Midtrans, and a gateway that keeps its line open.

    Gate          a gateway.Mid: talk(), post(), messages(), transactions(), counts()
    deliver()     bodies to the webhook, each several times, in any order, from many connections;
                  a share of the answers is never read, and what got none is sent again
    hasty()       one request on a connection of its own that is dropped without reading
"""
import collections
import http.client
import json
import queue
import random
import socket
import threading
import time
from urllib.parse import urlencode, urlsplit

import isp
from gateway import Mid

WEBHOOK = "/api/midtrans/notification"
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Veritrans"}
AGAIN = (502, 503, 504)  # nobody was there, or not able: sent again, as Midtrans does


class Gate(Mid):
    """For one thread; thousands of orders to the control port are too many connections else."""

    door = None

    def down(self):
        if self.door:
            self.door.close()
        super().down()

    def talk(self, method, path, body=None, statuses=(200,)):
        """(status, answer) of the control port."""
        if self.door is None:
            self.door = http.client.HTTPConnection("127.0.0.1", self.control, timeout=30)
        try:
            self.door.request(method, path, body=None if body is None else json.dumps(body))
            response = self.door.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            self.door.close()
            self.door = None
            raise
        assert response.status in statuses, "%s %s %r: %d %r" % (method, path, body, response.status, answer)
        return response.status, answer

    def post(self, path, **body):
        return self.talk("POST", path, body)[1]

    def transactions(self, order):
        return self.talk("GET", "/transactions?" + urlencode({"order_id": order}))[1]

    def messages(self, order):
        return self.talk("GET", "/messages?" + urlencode({"order_id": order}))[1]

    def counts(self):
        """How often each address of the API was asked."""
        return self.talk("GET", "/log?limit=0")[1]["counts"]


def hasty(url, body, dice):
    """The request is sent; whoever answers finds nobody."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as sock:
        sock.sendall(("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                      % (WEBHOOK, parts.netloc, len(body))).encode() + body)
        time.sleep(dice.random() * 0.01)


class Post:
    """Many carriers.  jobs: bodies (bytes), or functions of (client, dice) for what people do
    meanwhile; a function answers True when it is done with."""

    def __init__(self, url, jobs, seed, carriers=32, deaf=1 / 3, tries=60):
        self.url, self.seed, self.carriers, self.deaf, self.tries = url, seed, carriers, deaf, tries
        self.jobs = queue.SimpleQueue()
        for job in jobs:
            self.jobs.put((job, 0))
        self.statuses, self.wrong, self.slowest = collections.Counter(), [], 0.0
        self.lock = threading.Lock()

    def run(self):
        threads = [threading.Thread(target=self._carry, args=(n,), daemon=True) for n in range(self.carriers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive(), "a delivery hangs"
        assert not self.wrong, "%d: %s" % (len(self.wrong), "\n".join(self.wrong[:10]))
        return self

    def _carry(self, number):
        dice = random.Random("%s %d" % (self.seed, number))
        client = isp.Client(self.url)
        try:
            while True:
                job, tried = self.jobs.get_nowait()
                if not self._once(client, dice, job):
                    if tried >= self.tries:
                        raise AssertionError("no answer after %d tries: %r" % (tried, job))
                    time.sleep(dice.random() * 0.05)
                    self.jobs.put((job, tried + 1))
        except queue.Empty:
            pass
        except Exception as failure:  # passed to the test, which is another thread
            with self.lock:
                self.wrong.append(repr(failure))
        finally:
            client.close()

    def _once(self, client, dice, job):
        """Whether this job is done."""
        if callable(job):
            return job(client, dice)
        if dice.random() < self.deaf:
            hasty(self.url, job, dice)
            self.note("deaf", 0)
            return False
        try:
            answer = client.raw("POST", WEBHOOK, job, HEADERS).sound()
        except (OSError, http.client.HTTPException):
            self.note("cut", 0)
            return False
        self.note(answer.status, answer.seconds)
        if answer.status not in AGAIN:
            answer.want(200)
        return answer.status == 200

    def note(self, what, seconds):
        with self.lock:
            self.statuses[what] += 1
            self.slowest = max(self.slowest, seconds)


def deliver(url, bodies, dice, extra=(), copies=(1, 5), **more):
    """Each body 1 to 5 times, all in random order."""
    jobs = [body for body in bodies for _ in range(dice.randint(*copies))] + list(extra)
    dice.shuffle(jobs)
    return Post(url, jobs, dice.random(), **more).run()
