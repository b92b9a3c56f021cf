"""Agents that answer garbage, without end or with too much: the poller ends in time and in bounded
memory, a healthy device beside them is polled, and nothing of theirs harms the database or a screen."""
import random

import pytest

import isp
from rogue import BULK, Rogue, number, text, tlv
from snmpd import Snmpd

IF, IFX, UPTIME = (1, 3, 6, 1, 2, 1, 2, 2, 1), (1, 3, 6, 1, 2, 1, 31, 1, 1, 1), (1, 3, 6, 1, 2, 1, 1, 3, 0)
MEMORY = 256 << 20  # of address space, of which libraries take a part
ROWS_MOST = 4096
EVIL = b"<img src=x onerror=alert(1)>\r\nBcc: all@example.net\0\xff\xfe{name}'; DROP TABLE customers"


def beyond(name, step=1):
    """The successor of a name in a table that has no end."""
    table = IF if name[:len(IF)] == IF else IFX
    column = name[:len(table) + 1]
    return column + ((name[len(column)] if len(name) > len(column) else 0) + step,)


def table(question, value, step=1, rows=None):
    """Rows of an endless table below each of the names."""
    pairs = []
    if question.kind != BULK:
        return [(name, number(100, 0x43) if name == UPTIME else value) for name in question.oids]
    for name in question.oids:
        for _ in range(rows or question.rows):
            name = beyond(name, step)
            pairs.append((name, value))
    return pairs


def endless(question):
    return [question.reply(table(question, text(b"x")))]


def one_row_at_a_time(question):
    return [question.reply(table(question, text(b"x"), rows=1))]


def standing_still(question):
    return [question.reply([(name, text(b"x")) for name in question.oids])]


def going_back(question):
    return [question.reply(table(question, text(b"x"), step=-1 if len(question.oids[0]) > len(IF) + 1 else 50))]


def garbage(question):
    seed = random.Random(question.id)
    return [seed.randbytes(seed.randrange(1, 1400)) for _ in range(20)]


def cut_and_changed(question):
    whole, seed = question.reply(table(question, text(b"x" * 20))), random.Random(question.id)
    out = [whole[:n] for n in range(0, len(whole), 7)]
    for _ in range(200):
        changed = bytearray(whole)
        changed[seed.randrange(len(changed))] = seed.randrange(256)
        out.append(bytes(changed))
    return out


def wrong_id(question):
    return [question.reply(table(question, text(b"x")), ident=question.id + 1)] * 50


def huge_texts(question):
    return [question.reply(table(question, text(b"\xe9" * 15000), rows=1))[:65000]]


def huge_texts_whole(question):
    names = [beyond(name) if question.kind == BULK else name for name in question.oids]
    return [question.reply([(names[0], text(b"\xe9" * 60000))])]


def evil_texts(question):
    return [question.reply(table(question, text(EVIL), rows=1) if question.kind != BULK or question.oids[0][-1] < 3
                           else [(name, tlv(0x82, b"")) for name in question.oids])]


def long_names(question):
    return [question.reply([(IF + (2,) + tuple(range(200, 300)), text(b"x"))])]


def lengths_that_lie(question):
    return [b"\x30\x84\xff\xff\xff\xff" + b"\x30\x80" * 500, b"\x30\x82\xff\xff\x02\x01\x01\x04\x84\x7f\xff\xff\xff",
            question.raw(number(question.id) + number(0) + number(0) + b"\x30\x83\xff\xff\xff\x30\x00")]


def odd_numbers(question):
    return [question.reply(table(question, tlv(0x46, b"\xff" * 9))), question.reply(table(question, tlv(2, b""))),
            question.reply(table(question, tlv(0x46, b"\xff" * 8)))]


def faults(question):
    return [question.reply([], status=random.Random(question.id).randrange(1, 30), index=10**6)]


HOW = [endless, one_row_at_a_time, standing_still, going_back, garbage, cut_and_changed, wrong_id, huge_texts, huge_texts_whole,
       evil_texts, long_names, lengths_that_lie, odd_numbers, faults]


def device(api, agent, name, **more):
    return api.make("/api/snmp-devices", dict({"name": name, "host": agent.address, "port": agent.port,
                                               "community": "public1"}, **more))


@pytest.fixture
def town_of_rogues(api):
    agents = {how.__name__: Rogue(how) for how in HOW}
    agents["healthy"] = Snmpd().up()
    made = {name: device(api, agent, isp.unique("agent ")) for name, agent in agents.items()}
    yield agents, made
    for row in made.values():
        api.delete("/api/snmp-devices/" + row["id"]).want(204)
    for agent in agents.values():
        agent.down()


def test_hostile_agents_hold_nobody_up(api, stack, town_of_rogues):
    agents, made = town_of_rogues
    done = stack.exec("prlimit", "--as=%d" % MEMORY, "snmp-poller", "--all", timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert all(agent.asked > 0 for name, agent in agents.items() if name != "healthy")
    now = {name: api.show("/api/snmp-devices/" + row["id"]) for name, row in made.items()}
    assert (now["healthy"]["status"], now["healthy"]["last_error"]) == ("up", None)
    for name in ("garbage", "wrong_id", "lengths_that_lie"):
        assert now[name]["status"] != "up", now[name]
    for name, row in made.items():
        rows = api.rows("/api/snmp-devices/%s/interfaces" % row["id"]) if name != "endless" else []
        assert len(rows) <= ROWS_MOST and all(len(r["if_name"]) <= 255 for r in rows), name
    counts = stack.sql("SELECT max(n) FROM (SELECT count(*) AS n FROM snmp_interfaces GROUP BY device_id) c")
    assert int(counts) <= ROWS_MOST
    names = stack.sql("SELECT string_agg(DISTINCT if_name, '|') FROM snmp_interfaces WHERE device_id = '%s'"
                      % made["evil_texts"]["id"])
    assert "\r" not in names and "\n" not in names and names.startswith("<img src=x onerror=alert(1)>")
    api.get("/api/monitoring/dashboard").want(200)
