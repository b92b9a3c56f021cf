"""The page customers pay on, in a browser: from the link to "paid" and back online."""
import contextlib
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
    browser.click(".act")
    pay_by(browser, "qris")
    browser.until("the way back", lambda: browser.address.startswith(pay_page(demo, invoice, "?order_id=")))
    browser.until("paid", lambda: browser.find("main").get_attribute("data-status") == "paid")
    assert "Terima kasih" in browser.text and not browser.all(".act")
    browser.open(street(demo))
    assert browser.find("[id='%s'] .on" % name).text == "online"
    assert browser.complaints() == []


def test_back_before_the_money_is_there(demo, browser):
    """A virtual account is shown, and paid later: the page tells that it waits, and then that it is paid."""
    invoice, _ = rows(demo, OWING)[0]
    browser.open(pay_page(demo, invoice))
    browser.click(".act")
    browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)
    browser.click("#bca_va")
    pending = browser.address
    browser.open(pay_page(demo, invoice, "?order_id=x&transaction_status=pending"))
    assert "Memeriksa pembayaran" in browser.find(".note.wait").text
    browser.click(".act")
    browser.until("the same page again", lambda: browser.address == pending)
    browser.click("#pay")
    browser.until("paid", lambda: browser.find("main[data-status]").get_attribute("data-status") == "paid")


def test_a_look_that_fails_ends_nothing(demo, browser):
    """Back from a wallet's app, the phone has no network for a moment: the page looked no more, and never said paid."""
    invoice, _ = rows(demo, OWING)[0]
    browser.open(pay_page(demo, invoice, "?order_id=x"))
    browser.find(".act")
    browser.run("const real = fetch; let looks = 0; window.looks = () => looks;"
                "window.fetch = (...a) => ++looks > 1 ? real(...a) : Promise.reject(new TypeError('no network'));")
    browser.until("a look that failed", lambda: browser.run("return window.looks()") == 1)
    assert browser.find(".act").text.startswith("Bayar Rp"), "what was shown stays"
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
    assert browser.find(".act").text.startswith("Bayar Rp")
    browser.click("#language")
    assert browser.find(".act").text.startswith("Pay Rp")
    browser.open(pay_page(demo, invoice))
    assert browser.find(".act").text.startswith("Pay Rp"), "it is remembered"
    assert browser.find("html").get_attribute("lang") == "en"
    browser.click("#language")
    assert browser.find(".act").text.startswith("Bayar Rp")


def test_midtrans_away(demo, browser):
    """An error for people, and a way to try again."""
    invoice = one(demo, "SELECT i.id FROM invoices i LEFT JOIN midtrans_attempts a ON a.invoice_id = i.id "
                        "WHERE i.status = 'unpaid' AND a.id IS NULL LIMIT 1")
    midtrans(demo, "status", code=500)
    browser.open(pay_page(demo, invoice))
    browser.click(".act")
    assert "tidak dapat dibuka" in browser.find(".note.bad").text
    assert browser.find("main").get_attribute("data-status") == "unpaid", "the invoice stays"
    midtrans(demo, "none")
    assert browser.find(".act").text == "Coba lagi"
    browser.click(".act")
    browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)


def test_paid_in_another_tab(demo, browser):
    """Whoever still has the page open is not sent to pay a second time."""
    invoice = one(demo, "SELECT i.id FROM invoices i LEFT JOIN midtrans_attempts a ON a.invoice_id = i.id "
                        "WHERE i.status = 'unpaid' AND a.id IS NULL LIMIT 1")
    browser.open(pay_page(demo, invoice))
    browser.find(".act")
    done = demo.run("psql", "--", "-Atc", "SELECT payment_book(jsonb_build_object('invoice_id', '%s'), business_today())" % invoice)
    assert done.returncode == 0, done.stderr
    browser.click(".act")
    browser.until("paid", lambda: browser.find("main").get_attribute("data-status") == "paid")


@contextlib.contextmanager
def script(browser, source):
    """Run a script in each page before its own."""
    cdp = browser.driver.execute_cdp_cmd
    number = cdp("Page.addScriptToEvaluateOnNewDocument", {"source": source})["identifier"]
    try:
        yield
    finally:
        cdp("Page.removeScriptToEvaluateOnNewDocument", {"identifier": number})


def answering(method, status, body, headers=None, times=1):
    """A page whose first calls by this method get this answer."""
    return """const real = window.fetch; let left = %d;
        window.fetch = (address, options) => options.method === "%s" && left-- > 0
            ? Promise.resolve(new Response(%s, { status: %d, headers: %s })) : real(address, options);""" % (
        times, method, json.dumps(json.dumps(body)), status, json.dumps(headers or {}))


def an_unpaid(demo):
    return one(demo, "SELECT id FROM invoices WHERE status = 'unpaid' AND amount > 0 LIMIT 1")


def test_who_asks_for_the_money(demo, browser):
    """Nobody said who asks: a customer took the page for a fraud. And WhatsApp gets the invoice's number."""
    rows(demo, "UPDATE settings SET company_name = 'Warga Net', company_address = 'Jl. Kenanga 7, Sleman', "
               "company_phone = '0274 555 123', company_whatsapp = '0812-3456-7890'")
    invoice = an_unpaid(demo)
    number = one(demo, "SELECT invoice_number FROM invoices WHERE id = '%s'" % invoice)
    browser.open(pay_page(demo, invoice))
    assert browser.find("#company").text == "Warga Net"
    assert "Jl. Kenanga 7" in browser.find("#contact").text
    link = browser.find("a.second").get_attribute("href")
    assert link.startswith("https://wa.me/6281234567890?text=") and number in link
    assert browser.driver.title == "Tagihan %s · Warga Net" % number


def shaped(**more):
    """A public invoice, as the server answers it."""
    return dict({"id": NOBODY, "invoice_number": "INV-20260301-0001", "kind": "renewal", "amount": 150000, "outstanding": 150000,
                 "status": "overdue", "due_date": "2026-03-01", "created_at": "2026-02-22T01:00:00Z", "notes": None,
                 "customer": {"name": "Citra"}, "subscription": {"start_date": "2026-01-01", "end_date": "2026-03-01",
                                                                 "package": {"name": "Home 20", "bandwidth": "20M/10M"}},
                 "company": {"name": "Warga Net", "phone": "", "whatsapp": "", "address": "", "logo": None},
                 "service": "off_for_debt", "older_open": [], "total_due": 150000}, **more)


def shown(demo, browser, **more):
    """The text of the page over such an invoice."""
    with script(browser, answering("GET", 200, shaped(**more), times=99)):
        browser.open(pay_page(demo, NOBODY))
        browser.find("main[data-status]")
    return browser.text


OLDER = [{"id": NOBODY, "invoice_number": "INV-20260201-0007", "outstanding": 999999999999, "due_date": "2026-02-01"}]


@pytest.mark.parametrize("service,older,says", [
    ("on", [], "Layanan Anda aktif."), ("off_for_debt", [], "sedang diaktifkan kembali"), ("off_for_debt", OLDER, "masih berhenti"),
    ("off", [], "Hubungi kami"), ("ended", [], "sudah berakhir")], ids=["on", "soon", "older", "off", "ended"])
def test_a_paid_page_says_what_is_true_of_the_line(demo, browser, service, older, says):
    """It said "back within seconds" though another overdue bill kept the line off, or the operator had cut it."""
    text = shown(demo, browser, status="paid", outstanding=0, service=service, older_open=older)
    assert says in text and "Cetak bukti" in text and not browser.all(".act")


def test_older_bills_are_named(demo, browser):
    browser.resize((320, 640))
    text = shown(demo, browser, amount=999999999999, outstanding=999999999998, older_open=OLDER, total_due=1999999999997)
    assert "INV-20260201-0007" in text and "Rp1.999.999.999.997" in text and "Layanan baru aktif kembali" in text
    assert "Sisa tagihan" in text and not browser.is_too_wide(), "320 px and twelve digits"
    browser.resize(DESK)


def test_a_cancelled_invoice_is_grey(demo, browser):
    text = shown(demo, browser, status="cancelled", outstanding=0)
    assert "Dibatalkan" in text and browser.find(".badge.grey") and not browser.all(".act")


def test_a_bill_without_a_period_shows_its_reason_first(demo, browser):
    shown(demo, browser, kind="other", notes="Pindah alamat")
    assert browser.find("dl dd").text == "Pindah alamat" and "Home 20" not in browser.text


def test_blocked_storage_blocks_nothing(demo, browser):
    """A browser that blocks storage threw at the first access, and the page stayed an empty skeleton."""
    with script(browser, "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"):
        browser.open(pay_page(demo, an_unpaid(demo)))
        assert browser.find(".act").text.startswith("Bayar Rp")
        browser.click("#language")
        assert browser.find(".act").text.startswith("Pay Rp")


def test_a_busy_server_is_asked_again(demo, browser):
    """Each 503 was shown as "not available, call your provider"."""
    with script(browser, answering("POST", 503, {"message": "busy", "code": "unavailable"}, {"Retry-After": "1"})):
        browser.open(pay_page(demo, an_unpaid(demo)))
        browser.click(".act")
        assert "mencoba lagi dalam 1 detik" in browser.find(".note.bad").text
        browser.until("the page of Midtrans", lambda: "/snap/" in browser.address)


def test_without_a_key_the_page_says_so(demo, browser):
    with script(browser, answering("POST", 503, {"message": "online payment is not configured", "code": "online_payment_off"})):
        browser.open(pay_page(demo, an_unpaid(demo)))
        browser.click(".act")
        assert "belum tersedia" in browser.find(".note.bad").text and not browser.all(".act")
