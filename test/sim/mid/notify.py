"""Notifications: reported once or more, again when the answer asks for it (facts 4)."""
import asyncio
import itertools
import json
import random
import time
from urllib.parse import urljoin

from . import wire

WAITS = (2, 10, 30, 90, 210)      # minutes before each retry
RETRIES = {500: 1, 503: 4, 400: 2, 404: 2, 301: 0, 302: 0, 303: 0}
HOPS = 5
HEADERS = {"Content-Type": "application/json", "Accept": "application/json",
           "User-Agent": "Veritrans"}
DEFAULTS = {"url": "", "scale": 1.0, "timeout": 15.0, "duplicates": [0, 0], "drop": 0.0,
            "deaf": 0.0, "shuffle": 0.0, "delay": 0.0, "confirm": 0.0, "hold": False,
            "retries": True, "parallel": 64}


class Message:
    def __init__(self, number, transaction, body, url):
        self.number, self.url = number, url
        self.order_id, self.transaction_id = transaction.order.id, transaction.id
        self.status, self.text = body.get("transaction_status"), json.dumps(body)
        self.code = body.get("status_code")
        self.state = "waiting"      # held, dropped, delivered, failed
        self.tries = []
        self.first = asyncio.Event()

    def shown(self):
        return {"id": self.number, "order_id": self.order_id, "url": self.url,
                "transaction_id": self.transaction_id, "transaction_status": self.status,
                "status_code": self.code, "state": self.state, "tries": self.tries,
                "body": json.loads(self.text)}


class Notifier:
    def __init__(self, gateway, url, scale):
        self.gateway = gateway
        self.start = {"url": url, "scale": scale}
        self.tasks = set()
        self.forget()

    def forget(self):
        for task in list(self.tasks):
            task.cancel()
        self.tasks = set()
        self.rules = {**DEFAULTS, **self.start}
        self.random = random.Random()
        self.count = itertools.count(1)
        self.messages, self.last, self.waiting = [], {}, 0
        self.slots = asyncio.Semaphore(self.rules["parallel"])

    def set(self, order):
        wrong = set(order) - set(DEFAULTS) - {"seed"}
        if wrong:
            raise ValueError("unknown option " + ", ".join(sorted(wrong)))
        order = dict(order)
        if order.get("url") and not wire.is_loopback(order["url"]):
            raise ValueError("loopback only, http only")
        if "seed" in order:
            self.random = random.Random(order.pop("seed"))
        if isinstance(order.get("duplicates"), int):
            order["duplicates"] = [order["duplicates"]] * 2
        self.rules.update(order)
        if "parallel" in order:
            self.slots = asyncio.Semaphore(order["parallel"])

    def notify(self, transaction, body):
        """Send it to everybody who is to receive it, as often as the rules say."""
        urls = transaction.order.urls
        main = [self.rules["url"]] if self.rules["url"] else []
        for url in (urls.get("override") or main) + urls.get("append", []):
            for _ in range(1 + self.random.randint(*self.rules["duplicates"])):
                self._add(Message(next(self.count), transaction, body, url))

    def _add(self, message):
        self.messages.append(message)
        if self.random.random() < self.rules["drop"]:
            message.state = "dropped"
        elif self.rules["hold"]:
            message.state = "held"
        else:
            self._go(message)

    def release(self, order):
        """Send what was held: order fifo, lifo or random; ids: only those."""
        held = [m for m in self.messages if m.state == "held"
                and m.number in order.get("ids", [m.number])]
        if order.get("order") == "lifo":
            held.reverse()
        elif order.get("order") == "random":
            self.random.shuffle(held)
        for message in held:
            self._go(message)
        return len(held)

    def again(self, message):
        """The very same bytes once more."""
        copy = Message.__new__(Message)
        copy.__dict__.update(message.__dict__)
        copy.number, copy.state, copy.tries = next(self.count), "waiting", []
        copy.first = asyncio.Event()
        self.messages.append(copy)
        self._go(copy)
        return copy

    def _go(self, message):
        message.state = "waiting"
        before = None
        if not self.rules["shuffle"]:      # one order's messages then start in order
            before = self.last.get(message.order_id)
            self.last[message.order_id] = message
        task = asyncio.get_running_loop().create_task(self._deliver(message, before))
        self.tasks.add(task)
        self.waiting += 1
        task.add_done_callback(self._done)

    def _done(self, task):
        if task in self.tasks:
            self.tasks.discard(task)
            self.waiting -= 1

    async def _deliver(self, message, before):
        rules = self.rules
        if before:
            await before.first.wait()
        await asyncio.sleep(rules["delay"] + self.random.random() * rules["shuffle"])
        while True:
            async with self.slots:
                answer = await self._post(message)
            message.tries.append({"time": time.time(), "answer": answer})
            message.first.set()
            if isinstance(answer, int) and 200 <= answer < 300:
                message.state = "delivered"
                return
            allowed = RETRIES.get(answer, len(WAITS)) if rules["retries"] else 0
            done = len(message.tries) - 1
            if done >= allowed:
                message.state = "failed"
                return
            await asyncio.sleep(WAITS[done] * 60 * rules["scale"] * self.random.uniform(0.8, 1))

    async def _post(self, message):
        """The status of the answer, or a word for why there is none."""
        url, deaf = message.url, self.random.random() < self.rules["deaf"]
        try:
            for _ in range(HOPS + 1):
                status, location = await asyncio.wait_for(
                    wire.post(url, message.text.encode(), HEADERS), self.rules["timeout"])
                if status not in (307, 308) or not location:
                    return "timeout" if deaf else status
                url = urljoin(url, location)
                if not wire.is_loopback(url):
                    return "loopback only"
            return "too many redirects"
        except asyncio.TimeoutError:
            return "timeout"
        except ConnectionRefusedError:
            return "refused"
        except (OSError, EOFError, ValueError, IndexError):
            return "closed"
