"""The directives of nginx/ that no request shows: times, sizes, ciphers, connections that are kept, the
answers to faults that nothing brings about.  Its maps and locations are asked in test_nginx.py; nothing is started."""
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

UPSTREAMS = {
    # Twice: a worker that was just replaced is no reason to fail. Kept connections are short, so that no request
    # goes to a worker that is about to end.
    "upstream isp_fast": ['server "unix:@SOCKETS@/fast.sock" max_fails=0'] * 2 + [
        "keepalive 64", "keepalive_requests 100000", "keepalive_time 10s", "keepalive_timeout 5s"],
    "upstream isp_login": ['server "unix:@SOCKETS@/login.sock" max_fails=0'],
    "upstream isp_router": ['server "unix:@SOCKETS@/router.sock" max_fails=0'],
    "upstream isp_gateway": ['server "unix:@SOCKETS@/gateway.sock" max_fails=0'],
}
TOP_LEVEL = ['include "@CONF@/routes.conf"', "limit_req_zone $isp_paced zone=isp_public:10m rate=1200r/m",
           'include "@CONF@/isolir*.conf"']
TLS = ["ssl_protocols TLSv1.2 TLSv1.3", "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20", "ssl_prefer_server_ciphers off",
       "ssl_session_cache shared:isp_tls:10m", "ssl_session_timeout 1h", "ssl_session_tickets off"]
LIMITS = ["client_max_body_size 1m", "client_body_buffer_size 128k", "client_header_timeout 15s", "client_body_timeout 15s",
          "large_client_header_buffers 4 16k", "limit_req zone=isp_public burst=60 nodelay", "limit_req_status 429"]
GZIP = ["gzip on", "gzip_comp_level 3", "gzip_min_length 1024", "gzip_vary on",
        "gzip_types application/json text/csv text/css application/javascript image/svg+xml"]
HEADERS = ["add_header %s always" % header for header in (
    "X-Request-Id $request_id", "Cache-Control $isp_cache_control", "Retry-After $isp_retry_after", "Allow $isp_allow",
    "Access-Control-Allow-Origin $isp_allow_origin", "Access-Control-Expose-Headers $isp_expose_headers",
    "Vary $isp_vary", "Strict-Transport-Security $isp_hsts", "Content-Security-Policy $isp_csp",
    "X-Content-Type-Options nosniff", "X-Frame-Options DENY", "Referrer-Policy no-referrer",
    "Cross-Origin-Opener-Policy same-origin")] + ["add_header Link $isp_preload"]
# A 502 is a 503 where nothing had taken the request: its location says which.
ERRORS = ["error_page 400 494 495 496 497 =400 /__error/400", "error_page 403 404 =404 /__error/404",
          "error_page 502 = /__error/502"] + [
    "error_page %d =%d /__error/%d" % (status, status, status) for status in (405, 408, 413, 414, 415, 429, 500, 501, 503, 504, 505)]
SERVER = TLS + LIMITS + GZIP + HEADERS + ERRORS + [
    "server_tokens off", 'root "@WEB@"', "index index.html", 'access_log "@LOG@" isp buffer=32k flush=1s',
    'include "@CONF@/trusted-proxies*.conf"', 'include "@CONF@/fastcgi.conf"', "absolute_redirect off",
    "set $isp_paced $isp_paced_client", "rewrite ^/api(/|$) /__pool/$isp_pool last",
    "sub_filter '__NONCE__' $request_id", "sub_filter_once off"]
# The code in the answer to each fault that no test brings about, by status.
FAULT_CODES = {408: "request_timeout", 415: "unsupported_media_type", 500: "internal", 501: "not_implemented", 503: "unavailable",
               504: "timeout", 505: "http_version"}
# A GET whose worker died is asked once more of another; a POST never is.
FASTCGI = ["fastcgi_param %s %s" % pair for pair in (
    ("REQUEST_METHOD", "$request_method"), ("REQUEST_URI", "$request_uri"), ("DOCUMENT_URI", "$document_uri"),
    ("SCRIPT_NAME", "$document_uri"), ("QUERY_STRING", "$query_string"), ("CONTENT_TYPE", "$content_type"),
    ("CONTENT_LENGTH", "$content_length"), ("REQUEST_ID", "$request_id"), ("REQUEST_SCHEME", "$scheme"),
    ("HTTPS", "$https if_not_empty"), ("SERVER_PROTOCOL", "$server_protocol"), ("SERVER_NAME", "$server_name"),
    ("SERVER_PORT", "$server_port"), ("REMOTE_ADDR", "$remote_addr"), ("REMOTE_PORT", "$remote_port"),
    ("GATEWAY_INTERFACE", "CGI/1.1"), ("HTTP_PROXY", '""'))] + [
        "fastcgi_connect_timeout 5s", "fastcgi_send_timeout 30s", "fastcgi_read_timeout 60s", "fastcgi_buffer_size 16k",
        "fastcgi_buffers 32 8k", "fastcgi_next_upstream error", "fastcgi_next_upstream_tries 2",
        "fastcgi_intercept_errors off"]
LISTEN = ["listen 443 ssl default_server", "listen [::]:443 ssl default_server", "ssl_certificate /etc/isp-billing/tls.crt",
          "ssl_certificate_key /etc/isp-billing/tls.key"]


def directives(name="isp.conf"):
    """The lines of a file by the block they stand in, with single blanks."""
    found, blocks = {}, []
    with open(os.path.join(TOP, "nginx", name), encoding="utf-8") as file:
        for line in (re.sub(r"\s+", " ", re.sub(r"(^|\s)#.*", "", line)).strip() for line in file):
            if line.endswith("{"):
                blocks.append(line[:-1].strip())
            elif line == "}":
                blocks.pop()
            elif line and line[0] != "@":
                found.setdefault(" > ".join(blocks), []).append(line.rstrip(";"))
    return found


def test_each_line_of_the_server():
    assert sorted(directives()["server"]) == sorted(SERVER)


def test_each_line_of_the_files_beside_it():
    assert sorted(directives("fastcgi.conf")[""]) == sorted(FASTCGI)
    assert sorted(directives("listen.conf")[""]) == sorted(LISTEN)


def test_each_line_of_the_upstreams():
    assert {name: lines for name, lines in directives().items() if name.startswith("upstream")} == UPSTREAMS


def test_each_line_outside_of_a_block():
    lines = directives()[""]
    assert [line for line in lines if not line.startswith(("log_format", "'"))] == TOP_LEVEL
    assert re.findall(r"([a-z_]+)=", " ".join(line for line in lines if line.startswith(("log_format", "'")))) == [
        "time", "request_id", "addr", "method", "uri", "status", "bytes", "seconds", "upstream_seconds", "upstream"]


def test_each_answer_to_a_fault():
    lines = directives()["server > location /__error/"]
    assert lines[:3] == ["internal", "default_type application/json", "client_max_body_size 0"]
    for status, code in FAULT_CODES.items():
        assert [line for line in lines if line.startswith("location = /__error/%d { return %d " % (status, status))
                and line.endswith('"code":"%s"}\'; }' % code)], status


def test_locations_of_pools():
    """Each is for nginx alone; only the fast one keeps connections; addresses that anyone may call take small bodies."""
    found = {name.rpartition("/")[2]: lines for name, lines in directives().items() if "= /__pool/" in name}
    keep_alive, small_body = "fastcgi_keep_conn on", "client_max_body_size 64k"
    assert found == {
        "fast": ["internal", "fastcgi_pass isp_fast", keep_alive], "fast_anyone": ["internal", small_body, "fastcgi_pass isp_fast", keep_alive],
        "login": ["internal", "fastcgi_pass isp_login"], "login_anyone": ["internal", small_body, "fastcgi_pass isp_login"],
        "router": ["internal", "fastcgi_pass isp_router"],
        "gateway": ["internal", "client_max_body_size 16m", "fastcgi_pass isp_gateway"],
        "gateway_anyone": ["internal", small_body, "fastcgi_pass isp_gateway"]}


def test_locations_of_files():
    """Files are looked for again after 10 s: by then a new release of the console is seen. The pay page has files of its own."""
    kept = ["open_file_cache max=1000 inactive=60s", "open_file_cache_valid 10s"]
    found = {name: lines for name, lines in directives().items() if name.startswith("server > location") and
             any(line.startswith("try_files") for line in lines)}
    assert found == {
        "server > location ^~ /pay/": ['root "@PAY@"', "try_files $uri =404"],
        "server > location ^~ /pay/ > location ~ ^/pay/[^/.]+/?$": ["try_files /pay/index.html =404"],
        "server > location ~ ^/isolir/?$": ['root "@PAY@"', "try_files /pay/isolir.html =404"],
        "server > location ~ \\.[a-z0-9]+$": ["try_files $uri =404", *kept],
        "server > location /": ["try_files $uri $uri/ /index.html", *kept]}
