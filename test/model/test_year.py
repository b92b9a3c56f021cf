"""The product and the plain model of it (days.py, written from the rules in words) live through a year
together: the same money and the same days, every day, and both laws, of money and of days, after every step.

20 seeds, always the same ones, so that a failure is that of a change; with ISP_SOAK=1 500 others.  ISP_SEED=n plays
the town of one, ISP_BLOCKS=n,m those of some blocks."""
import os
import random
import shutil
import subprocess
import tempfile
from datetime import timedelta

import pytest
from midtrans import Books
from product import Product
from year import BLOCK, DAYS, START, Town, block_settings, outages, run_events

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOAK = os.environ.get("ISP_SOAK") == "1"
BLOCKS = [4, 20, 22, 24]  # of make test; together they have every cycle, mode and policy
LAWS = 7 if SOAK else 28  # days from one look at all of the product's laws to the next
STEP = 10000  # numbers that a town has for its lines, customers and lots


def script(*words):
    done = subprocess.run([os.path.join(TOP, "scripts", "db"), *words], capture_output=True, text=True, check=False,
                          env=dict(os.environ, ISP_STACK_FAST="1"))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def cluster():
    directory = tempfile.mkdtemp(prefix="isp-year.")
    try:
        script("up", "--dir", directory)
        yield directory
    finally:
        script("down", "--dir", directory)
        shutil.rmtree(directory, ignore_errors=True)


def seeds():
    """All seeds of some blocks, or the one that was asked for."""
    if os.environ.get("ISP_SEED"):
        return [[int(os.environ["ISP_SEED"])]]
    first = random.SystemRandom().randrange(10 ** 6)
    blocks = range(first, first + 500 // BLOCK) if SOAK else BLOCKS
    if os.environ.get("ISP_BLOCKS"):
        blocks = map(int, os.environ["ISP_BLOCKS"].split(","))
    return [[block * BLOCK + i for i in range(BLOCK)] for block in blocks]


class Year:
    """Some towns, played to the product and to the model."""

    def __init__(self, conninfo, towns):
        settings = block_settings(towns[0] // BLOCK)
        self.model, self.product = Books(**settings), Product(conninfo, **settings)
        self.towns = [Town(seed, STEP * (n + 1)) for n, seed in enumerate(towns)]
        self.settings, self.outages = settings, outages(towns[0] // BLOCK)
        self.dice = random.Random("runs %d" % towns[0])
        self.stories = {}   # by customer: what happened
        self.seen = {}
        self.wrong = {}     # by customer: the first difference

    def customer_of(self, event):
        """None: it is nobody's own (a run, a package, a router)."""
        if "item" in event and "sub" not in event:
            return self.model.items[event["item"]].line.customer
        if "customer" in event:
            return event["customer"]
        if "sub" in event:
            return self.model.lines[event["sub"]].customer
        if "invoice" in event:
            return self.model.bills[event["invoice"]].line.customer
        return self.model.lots[event["lot"]].customer if "lot" in event else None

    def do(self, event):
        who = self.customer_of(event)
        if who is not None and who in self.wrong:
            return
        try:
            want, real = self.model.apply(event), self.product.apply(event)
        except Exception as error:
            raise AssertionError("%s: %s\n%s" % (event, error, "\n  ".join(self.stories.get(who, [])[-60:]))) from error
        line = " ".join("%s=%s" % (k, v) for k, v in event.items())
        for story in [who] if who is not None else list(self.stories) if event["op"] == "undo_run" else []:
            self.stories.setdefault(story, []).append("%s -> %s" % (line, want))
        if who is None:
            assert want == real, "%s: the model answers %s, the product %s\n%s" % (event, want, real, self.report())
        elif want != real:
            self.differ(who, event["day"], "the product answers %s\n    and the model %s to %s" % (real, want, event))

    def differ(self, customer, day, what):
        head = "seed %d, %s:" % (self.towns[customer // STEP - 1].seed, day)
        if self.wrong.setdefault(customer, head).startswith(head):
            self.wrong[customer] += "\n  " + what

    def compare(self, day):
        want, real = self.model.snapshot(), self.product.snapshot()
        self.tell(day, want)
        owners = {"lines": lambda k: self.model.lines[k].customer, "credit": lambda k: k,
                  "bills": lambda k: self.model.lines[int(k.split("/")[0])].customer}
        for kind, owner in owners.items():
            if want[kind] != real[kind]:
                for key in sorted(set(want[kind]) | set(real[kind]), key=str):
                    w, r = want[kind].get(key), real[kind].get(key)
                    if w != r:
                        self.differ(owner(key), day, "%s %s\n    model   %s\n    product %s" % (kind, key, w, r))

    def tell(self, day, snapshot):
        """Into the stories: how each line and bill has changed in the model."""
        for kind in ("lines", "bills"):
            for key, row in snapshot[kind].items():
                if self.seen.get((kind, key)) != row:
                    self.seen[kind, key] = row
                    owner = self.model.lines[int(str(key).split("/", maxsplit=1)[0])].customer
                    self.stories[owner].append("    %s %s %s: %s" % (day, kind[:-1], key, " ".join(map(str, row.values()))))

    def laws(self, day, whole):
        """Both laws: of the model and of the product."""
        found = self.model.violations() + self.product.violations(whole)
        assert not found, "%s: %s\n%s" % (day, "\n".join(found), self.report())

    def play(self, days=DAYS):
        for town in self.towns:
            for event in town.first_day(START):
                self.do(event)
        self.compare(START)
        for n in range(days):
            day = START + timedelta(days=n)
            if n not in self.outages:
                for event in run_events(self.dice, day):
                    self.do(event)
            for town in self.towns:
                for event in town.events(day, self.model):
                    self.do(event)
            self.compare(day)
            self.laws(day, (n + 1) % LAWS == 0 or n == days - 1)

    def report(self):
        """The first differences, with what is known of their customers."""
        shown = []
        for customer, what in list(self.wrong.items())[:int(os.environ.get("MANY", "3"))]:
            shown.append("%s\n  %s\n  settings %s" % (what, "\n  ".join(self.stories.get(customer, [])[-60:]), self.settings))
        return "%d customers differ\n%s" % (len(self.wrong), "\n\n".join(shown))


@pytest.mark.parametrize("towns", seeds(), ids=lambda towns: "-".join(map(str, (towns[0], towns[-1]))))
def test_a_year_of_towns_is_the_same_to_model_and_product(cluster, towns):
    year = Year(script("fresh", "--dir", cluster, "year_%d" % towns[0]), towns)
    print("seeds", towns, "settings", year.settings)
    year.play()
    assert not year.wrong, year.report()
