"""The page customers pay on, in a browser: from the link to "paid" and back online."""
import json
import urllib.request

import pytest
from browser import DESK, PHONE

NOBODY = "00000000-0000-4000-8000-000000000000"
OWING = """SELECT i.id, s.mikrotik_username FROM subscriptions s
    JOIN invoices i ON i.customer_id = s.customer_id AND i.subscription_id = s.id AND i.is_open
    WHERE s.suspend_reason = 'debt' ORDER BY s.seq"""


def rows(demo, statement):
    done = demo.run("psql", "--", "-AtF", " ", "-c", statement)
    assert done.returncode == 0, done.stderr
    return [line.split(" ", 1) for line in done.stdout.splitlines()]


def one(demo, statement):
    return rows(demo, statement)[0][0]


def pay_page(demo, invoice, query=""):
    return "%s/pay/%s%s" % (demo.url, invoice, query)


def street(demo):
    return "http://127.0.0.1:%s/street" % demo.words["sim_control"]


def midtrans(demo, kind, **more):
    """A fault of the simulated Midtrans."""
    request = urllib.request.Request("http://127.0.0.1:%s/fault" % demo.words["sim_midtrans_control"],
                                     json.dumps(dict(more, kind=kind, path="*")).encode())
    urllib.request.urlopen(request, timeout=10).close()


def pay_by(browser, channel):
    """On the page of Midtrans."""
    browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)
    browser.click("#" + channel)
    browser.click("#pay")


def test_a_customer_pays_and_is_online_again(demo, browser):
    """The whole story in a browser: cut off, the link, Midtrans, paid, online."""
    invoice, name = rows(demo, OWING)[0]
    browser.open(street(demo))
    assert browser.find("[id='%s'] .off" % name).text != "online"
    browser.open(pay_page(demo, invoice))
    assert browser.find("main[data-status]").get_attribute("data-status") == "overdue"
    browser.click(".deed")
    pay_by(browser, "qris")
    browser.until("the way back", lambda: browser.address.startswith(pay_page(demo, invoice, "?order_id=")))
    browser.until("paid", lambda: browser.find("main").get_attribute("data-status") == "paid")
    assert "Terima kasih" in browser.text and not browser.all(".deed")
    browser.open(street(demo))
    assert browser.find("[id='%s'] .on" % name).text == "online"
    assert browser.complaints() == []


def test_back_before_the_money_is_there(demo, browser):
    """A virtual account is shown, and paid later: the page tells that it waits, and then that it is paid."""
    invoice, _ = rows(demo, OWING)[0]
    browser.open(pay_page(demo, invoice))
    browser.click(".deed")
    browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)
    browser.click("#bca_va")
    pending = browser.address
    browser.open(pay_page(demo, invoice, "?order_id=x&transaction_status=pending"))
    assert "Memeriksa pembayaran" in browser.find(".note.wait").text
    browser.click(".deed")
    browser.until("the same page again", lambda: browser.address == pending)
    browser.click("#pay")
    browser.until("paid", lambda: browser.find("main[data-status]").get_attribute("data-status") == "paid")


def test_a_look_that_fails_ends_nothing(demo, browser):
    """Back from a wallet's app, the phone has no network for a moment: the page looked no more, and never said paid."""
    invoice, _ = rows(demo, OWING)[0]
    browser.open(pay_page(demo, invoice, "?order_id=x"))
    browser.find(".deed")
    browser.run("const real = fetch; let looks = 0; window.looks = () => looks;"
                "window.fetch = (...a) => ++looks > 1 ? real(...a) : Promise.reject(new TypeError('no network'));")
    browser.until("a look that failed", lambda: browser.run("return window.looks()") == 1)
    assert browser.find(".deed").text == "Bayar sekarang", "what was shown stays"
    done = demo.run("psql", "--", "-Atc", "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), business_today())" % invoice)
    assert done.returncode == 0, done.stderr
    browser.until("paid", lambda: browser.find("main").get_attribute("data-status") == "paid", 30)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_each_state_fits(demo, browser, size):
    """Also with the longest words somebody could have entered."""
    browser.resize(size)
    unpaid, paid = (one(demo, "SELECT id FROM invoices WHERE status = '%s' ORDER BY seq DESC LIMIT 1" % s) for s in ("unpaid", "paid"))
    rows(demo, "UPDATE invoices SET notes = repeat('x', 900) || repeat(' two words', 9) WHERE id = '%s'" % unpaid)
    rows(demo, "UPDATE customers SET name = repeat('Nama', 60) WHERE id = (SELECT customer_id FROM invoices WHERE id = '%s')" % unpaid)
    for invoice, status in ((unpaid, "unpaid"), (paid, "paid")):
        browser.open(pay_page(demo, invoice))
        assert browser.find("main[data-status]").get_attribute("data-status") == status
        assert not browser.is_too_wide(), status
    browser.open(pay_page(demo, NOBODY))
    assert "tidak ditemukan" in browser.find(".note.bad").text
    assert not browser.is_too_wide()
    browser.resize(DESK)


def test_two_languages(demo, browser):
    invoice = one(demo, "SELECT id FROM invoices WHERE status = 'unpaid' LIMIT 1")
    browser.open(pay_page(demo, invoice))
    assert browser.find(".deed").text == "Bayar sekarang"
    browser.click("#language")
    assert browser.find(".deed").text == "Pay now"
    browser.open(pay_page(demo, invoice))
    assert browser.find(".deed").text == "Pay now", "it is remembered"
    assert browser.find("html").get_attribute("lang") == "en"
    browser.click("#language")
    assert browser.find(".deed").text == "Bayar sekarang"


def test_midtrans_away(demo, browser):
    """An error for people, and a way to try again."""
    invoice = one(demo, "SELECT i.id FROM invoices i LEFT JOIN midtrans_attempts a ON a.invoice_id = i.id "
                        "WHERE i.status = 'unpaid' AND a.id IS NULL LIMIT 1")
    midtrans(demo, "status", code=500)
    browser.open(pay_page(demo, invoice))
    browser.click(".deed")
    assert "tidak dapat dibuka" in browser.find(".note.bad").text
    midtrans(demo, "none")
    browser.click(".deed")
    browser.until("the invoice again", lambda: browser.find(".deed").text == "Bayar sekarang")
    browser.click(".deed")
    browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)


def test_paid_in_another_tab(demo, browser):
    """Whoever still has the page open is not sent to pay a second time."""
    invoice = one(demo, "SELECT i.id FROM invoices i LEFT JOIN midtrans_attempts a ON a.invoice_id = i.id "
                        "WHERE i.status = 'unpaid' AND a.id IS NULL LIMIT 1")
    browser.open(pay_page(demo, invoice))
    browser.find(".deed")
    done = demo.run("psql", "--", "-Atc", "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), business_today())" % invoice)
    assert done.returncode == 0, done.stderr
    browser.click(".deed")
    browser.until("paid", lambda: browser.find("main").get_attribute("data-status") == "paid")
