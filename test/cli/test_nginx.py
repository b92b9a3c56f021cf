"""Answers of nginx itself: its errors as JSON, limits, headers, TLS."""
import collections
import http.client
import os
import re
import signal
import socket
import ssl
import threading
import time

import pytest
from stackdir import BUILD, System, fetch


OWN = "https://panel.example"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(name="system", scope="module")
def _system():
    system = System()
    path = os.path.join(system.dir, "more.env")
    with open(path, "w", encoding="utf-8") as file:
        file.write("FRONTEND_URL=%s/, http://localhost:3000\n" % OWN)
    system.up("--tls", "--env", path)
    yield system
    system.close()


def post(system, path, size, **headers):
    return system.get(path, method="POST", data=b" " * size, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("path, size, status", [
    ("/api/customers", (1 << 20) + 1, 413),
    ("/api/login", (64 << 10) + 1, 413),
    ("/api/auth/login", (64 << 10) + 1, 413),
    ("/api/auth/register", (64 << 10) + 1, 413),
    ("/api/midtrans/notification", (64 << 10) + 1, 413),
    ("/api/midtrans/webhook", (64 << 10) + 1, 413),
    ("/api/midtrans/snap-token", (64 << 10) + 1, 413),
    ("/api/public/invoices/1", (64 << 10) + 1, 405),  # it takes no body at all
])
def test_bodies_have_limits(system, path, size, status):
    answer = post(system, path, size)
    assert answer[0] == status
    assert set(answer[2]) == {"code", "message"}


def test_just_below_the_limit_reaches_the_worker(system):
    assert post(system, "/api/customers", 1 << 20)[0] in (400, 401)
    assert post(system, "/api/login", 64 << 10)[0] in (400, 422)


@pytest.mark.parametrize("path", ["/api/%00", "/api/%", "/api/x/%2"])
def test_a_malformed_path_is_400(system, path):
    status, headers, body = system.get(path)
    assert status == 400 and set(body) == {"code", "message"}
    assert headers["Content-Type"] == "application/json"


def test_a_long_address_or_header_is_json_too(system):
    long = system.get("/api/" + "a" * 70000)
    assert long[0] == 414 and set(long[2]) == {"code", "message"}
    long = system.get("/api/health", headers={"X-Long": "a" * 70000})
    assert long[0] == 400 and set(long[2]) == {"code", "message"}


def test_headers_of_api_and_of_files(system):
    _, api, _ = system.get("/api/health")
    status, page, _ = system.get("/some/screen")
    assert status == 200 and page["Content-Type"].startswith("text/html")
    assert api["Cache-Control"] == "no-store"
    assert api["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "script-src 'self';" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-cache"
    assert api["Server"] == "nginx", "no version"
    for headers in (api, page, system.get("/api/%00")[1]):
        assert len(headers["X-Request-Id"]) == 32
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Strict-Transport-Security"] is None
        for name in set(headers):
            assert len(headers.get_all(name)) == 1, name


def test_the_pay_page_begins_to_read_its_bill(system):
    """On a slow phone the bill was asked for only when the scripts were there: half a second later."""
    bill = "01a2252f-4952-7a87-b841-a43c1321b883"
    for path in ("/pay/" + bill, "/pay/%s/" % bill, "/pay/%s?order_id=7" % bill):
        assert system.get(path)[1].get_all("Link") == ["</api/public/invoices/%s>; rel=preload; as=fetch; crossorigin" % bill]
    for path in ("/pay/" + bill[:-1], "/pay/%s%%0d%%0aX" % bill[:-3], "/pay/pay.js", "/", "/api/public/invoices/" + bill):
        assert system.get(path)[1]["Link"] is None, path


@pytest.mark.parametrize("path", ["/api/login", "/api/midtrans/webhook", "/api/midtrans/snap-token"])
def test_nginx_names_the_origins_that_the_workers_name(system, path):
    """Bug: a browser from another origin could not see that its request was too large: it showed a network error."""
    for origin in (OWN, OWN.upper(), "http://localhost:3000", "http://localhost:5173"):
        status, headers, _ = post(system, path, 70000, Origin=origin)
        assert status == 413
        assert headers.get_all("Access-Control-Allow-Origin") == [origin]
        assert headers.get_all("Access-Control-Expose-Headers") == ["X-Request-Id, Retry-After, X-Ignored"]
        assert headers.get_all("Vary") == ["Origin"]
    for origin in ("https://evil.example", OWN + ".evil.example", "null", "default"):
        status, headers, _ = post(system, path, 70000, Origin=origin)
        assert status == 413
        assert headers["Access-Control-Allow-Origin"] is None and headers["Access-Control-Expose-Headers"] is None
        assert headers.get_all("Vary") == ["Origin"]


@pytest.mark.parametrize("path, status", [("/api/health", 200), ("/api/me", 401), ("/api/none", 404), ("/api/login", 405)])
def test_a_line_of_a_worker_is_logged_once(system, path, status):
    found, headers, _ = system.get(path, headers={"Origin": OWN})
    assert found == status
    for name, value in (("Access-Control-Allow-Origin", OWN), ("Vary", "Origin"),
                        ("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, X-Ignored")):
        assert headers.get_all(name) == [value]
    assert len(headers.get_all("Allow") or [""]) == 1
    assert system.get(path, headers={"Origin": "https://evil.example"})[1]["Access-Control-Allow-Origin"] is None
    assert system.get(path)[1]["Vary"] is None


def test_files_are_for_no_other_origin(system):
    headers = system.get("/", headers={"Origin": OWN})[1]
    assert headers["Access-Control-Allow-Origin"] is None and headers["Vary"] in (None, "Accept-Encoding")


def asset(system):
    """A file that the first page loads: of the console, or of the placeholder where it is not built."""
    return re.search(r'(?:href|src)="(/[^"]+\.(?:css|js))"', system.get("/")[2]).group(1)


def test_assets_are_kept_for_a_year(system):
    """Their names change with their content; the page that names them is asked for anew, and so is one that is not there."""
    path, is_built = asset(system), os.path.exists(os.path.join(BUILD, "web", "index.html"))
    assert path.startswith("/assets/") == is_built, "without the console, the page is a placeholder's"
    kept = "public, max-age=31536000, immutable" if is_built else "no-cache"
    assert system.get(path)[1]["Cache-Control"] == kept
    assert system.get("/assets/none.js")[1]["Cache-Control"] == "no-store", "it may be there tomorrow"


@pytest.mark.parametrize("path, page", [("/isolir", "isolir.html"), ("/isolir/", "isolir.html"), ("/pay/abc", "index.html")])
def test_pages_of_customers_are_no_screens(system, path, page):
    status, headers, body = system.get(path)
    with open(os.path.join(TOP, "app/web/pay", page), encoding="utf-8") as file:
        wanted = re.search("<title>[^<]*</title>", file.read()).group(0)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert wanted in body
    assert system.get("/pay/none.js")[0] == 404


@pytest.mark.parametrize("method, path, allow", [
    ("POST", "/", "GET, HEAD"), ("POST", "ASSET", "GET, HEAD"), ("PUT", "/customers/7", "GET, HEAD"),
    ("TRACE", "/api/health", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ("POST", "/api/health", "GET, HEAD, OPTIONS")])
def test_a_method_that_is_not_allowed_gets_those_that_are(system, method, path, allow):
    """Bug: the answer had no Allow when nginx refused the method (RFC 9110 requires one)."""
    status, headers, body = system.get(asset(system) if path == "ASSET" else path, method=method)
    assert status == 405 and set(body) == {"code", "message"}
    assert headers.get_all("Allow") == [allow]


def test_a_file_that_is_not_there_is_no_screen(system):
    """Bug: nginx answered the application's page, which a browser then ran as a script."""
    status, headers, _ = system.get("/assets/none.js")
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert system.get(asset(system))[0] == 200
    assert system.get("/customers/7")[0] == 200


def test_the_request_id_is_in_the_log_and_no_query(system):
    """Names and telephone numbers that people searched for stood in a log that is kept for weeks."""
    request = system.get("/api/health?search=0812345678")[1]["X-Request-Id"]
    limit = time.monotonic() + 5
    while True:
        with open(os.path.join(system.dir, "log", "access.log"), encoding="utf-8") as log:
            text = log.read()
        if "request_id=" + request in text:
            break
        assert time.monotonic() < limit
        time.sleep(0.1)
    assert "0812345678" not in text


def test_a_webhook_is_never_throttled(system):
    """Midtrans posts from few addresses, and a whole evening's payments at once."""
    answers = {system.get("/api/midtrans/" + name, method="POST", data=b"{}", headers={"Content-Type": "application/json"})[0]
               for name in ("notification", "webhook") for _ in range(150)}
    assert answers and 429 not in answers


def connected(system, pool):
    """The open connections to the socket of a pool."""
    path = os.path.join(system.dir, "run", pool + ".sock")
    with open("/proc/net/unix", encoding="ascii") as file:
        rows = [line.split() for line in file]
    return sum(1 for row in rows if row[-1] == path and row[5] == "03")


def test_only_the_fast_pool_keeps_connections(system):
    """A kept connection holds a worker of a slow pool, which serves one at a time: four of them were none."""
    for path in ("/api/health", "/api/users", "/api/router-settings/test", "/api/billing/preview"):
        system.get(path)
    limit = time.monotonic() + 5
    while any(connected(system, pool) for pool in ("login", "router", "gateway")):
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert connected(system, "fast") > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # old TLS is the point
def test_tls(system):
    context = ssl.create_default_context(cafile=os.path.join(system.dir, "tls.crt"))
    status, headers, _ = fetch("https://127.0.0.1:%s/api/health" % system.words["tls_port"], context=context)
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    with pytest.raises(OSError):
        fetch("https://127.0.0.1:%s/api/health" % system.words["tls_port"], context=context)


def test_public_reads_are_throttled(system):
    path = "/api/public/invoices/00000000-0000-4000-8000-000000000000"
    answers = [system.get(path) for _ in range(60)]
    assert {a[0] for a in answers[:30]} == {404}
    refused = [a for a in answers if a[0] == 429]
    assert refused
    assert all(int(a[1]["Retry-After"]) > 0 and set(a[2]) == {"code", "message"} for a in refused)
    assert system.get("/api/health")[0] == 200


@pytest.fixture
def proxied(system):
    """nginx believes the address that a proxy before it names."""
    path = os.path.join(system.dir, "nginx", "trusted-proxies.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n")
    assert system.run("restart", "nginx").returncode == 0
    yield
    os.unlink(path)
    assert system.run("restart", "nginx").returncode == 0


def test_a_64_of_ipv6_is_one_client(system, proxied):
    """Bug: a customer has 2^64 addresses: with a new one for each request no limit of nginx or of the workers ever
    applied."""
    path, answers = "/api/public/invoices/00000000-0000-4000-8000-000000000000", []

    def ask(number):
        conn = http.client.HTTPConnection("127.0.0.1", int(system.url.rsplit(":", 1)[1]), timeout=20)
        for turn in range(40):
            conn.request("GET", path, headers={"X-Forwarded-For": "2001:db8:1:1::%x" % (number * 1000 + turn)})
            answer = conn.getresponse()
            answer.read()
            answers.append((answer.status, answer.headers["X-Pool"]))
        conn.close()
    began = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(answers) == {(404, "fast"), (429, "fast"), (429, None)}, collections.Counter(answers)
    assert 30 <= answers.count((404, "fast")) <= 35 + 2 * (time.monotonic() - began), "30 at once, and two a second"
    assert system.get(path, headers={"X-Forwarded-For": "2001:db8:1:2::1"})[0] == 404


def accepts(system, pool):
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(os.path.join(system.dir, "run", pool + ".sock")) == 0


@pytest.mark.parametrize("path", ["/api/health", "/api/users", "/api/router-settings/test", "/api/billing/preview"])
def test_every_pool_is_503_without_workers(system, path):
    """Nothing has taken the request, so the client may try again."""
    os.killpg(system.pid("isp-api"), signal.SIGKILL)
    try:
        while any(accepts(system, pool) for pool in ("fast", "login", "router", "gateway")):
            time.sleep(0.02)
        status, headers, body = system.get(path, headers={"Origin": OWN})
        assert status == 503 and set(body) == {"code", "message"}
        assert headers.get_all("Access-Control-Allow-Origin") == [OWN]
        assert int(headers["Retry-After"]) > 0
    finally:
        assert system.run("restart", "isp-api").returncode == 0
        limit = time.monotonic() + 10
        while system.get("/api/health")[0] != 200 and time.monotonic() < limit:
            time.sleep(0.05)
