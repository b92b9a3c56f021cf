"""A request without a right costs one look-up. Reads ran before the token was judged: ten connections with a
token that was none held the webhook for 8 s. The full form, with figures, is in make bench."""
import os
import re
import sys
import time

import isp
import pytest
from gateway import KEY

sys.path.insert(0, os.path.join(isp.TOP, "test", "bench"))
import anonymous  # noqa: E402

ROWS, SECONDS, WEBHOOKS = 60000, 4, 200
RATE = 10  # requests a second of each connection: the flood itself must not take the two cores


@pytest.fixture(name="system", scope="module")
def _system():
    system = isp.Stack("anonymous", env={"MIDTRANS_SERVER_KEY": KEY, "MIDTRANS_CLIENT_KEY": "SB-Mid-client-simulated"})
    try:
        yield system.up()
    finally:
        system.down()


def scans(system):
    time.sleep(1.2)  # statistics are sent once a second
    return system.sql("SELECT seq_scan || ' ' || idx_scan FROM pg_stat_user_tables WHERE relname = 'billing_logs'")


def test_a_crowd_without_a_token_delays_no_webhook(system):
    line = isp.Town(system.client()).subscription()["id"]
    system.sql("SELECT invoice_create(jsonb_build_object('subscription_id', '%s', 'kind', 'other', 'amount', 1000 + n), '2026-03-02')"
               " FROM generate_series(1, %d) n" % (line, WEBHOOKS))
    system.sql(anonymous.LOGS % ROWS)
    system.sql(anonymous.ATTEMPTS % WEBHOOKS)
    bodies = [anonymous.settlement(KEY, *line.split()) for line in system.sql(anonymous.ORDERS).splitlines()][:WEBHOOKS]
    assert len(bodies) == WEBHOOKS
    before = scans(system)
    crowd = anonymous.flood(system.url, SECONDS, RATE)
    taken = anonymous.webhooks(int(system.url.rsplit(":", 1)[1]), bodies, SECONDS - 1)
    output = crowd.communicate(timeout=60)[0]
    status = {int(code): int(n) for code, n in re.findall(r"\[(\d{3})\]\s+(\d+) responses", output)}
    assert set(status) <= {401, 429} and sum(status.values()) > 100, output
    assert scans(system) == before, "a list was read for somebody who has no token"
    assert anonymous.p99(taken) < 0.25, taken[-5:]
    assert system.sql("SELECT count(*) FROM payments") == str(WEBHOOKS)
