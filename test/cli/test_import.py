"""ispctl import: every row that cannot be taken is shown, a dry run changes nothing, a second run neither."""
import os
import subprocess
import time

import pytest
from test_commands import System

SHEET = """DAFTAR PELANGGAN;;;;;;
No;Nama;No HP;Paket;Harga;Username;Jatuh Tempo;Status
1;Ibu Sari;0812-3456-7890;Paket 10M;Rp 150.000,-;sari;10/12/2026;aktif
2;Tanpa Tanggal;0812000111;Paket 10M;150rb;kosong;;aktif
"""


@pytest.fixture(scope="module")
def system():
    made = System()
    yield made
    made.down()


def customers(system):
    return system.sql("SELECT count(*) FROM customers WHERE name IN ('Ibu Sari', 'Tanpa Tanggal')")


def test_a_sheet_dry_then_real_then_again(system, tmp_path):
    path = tmp_path / "pelanggan.csv"
    path.write_text(SHEET, encoding="utf-8")
    dry = system.run("ispctl", "import", "csv", str(path), "--date", "2026-11-28", "--dry-run")
    assert dry.returncode == 1 and "line 4: Tanpa Tanggal: end_date" in dry.stdout
    assert "dry run: 1 taken, 0 there already, 1 refused" in dry.stdout and customers(system) in ("0", 0)
    real = system.run("ispctl", "import", "csv", str(path), "--date", "2026-11-28")
    assert "1 taken, 0 there already, 1 refused" in real.stdout and customers(system) in ("1", 1)
    again = system.run("ispctl", "import", "csv", str(path), "--date", "2026-11-28")
    assert "0 taken, 1 there already, 1 refused" in again.stdout and customers(system) in ("1", 1)


@pytest.mark.parametrize("source,text,why", [
    ("csv", b"a,b\n1,2\n", "must be called nama"), ("csv", b"\xd0\xcf\x11\xe0old", ".xlsx or CSV"),
    ("laravel", b"INSERT INTO customers (id) VALUES (1", "cut off"), ("splynx", b"x", "no source splynx")])
def test_a_file_that_is_none_is_one_line(system, tmp_path, source, text, why):
    path = tmp_path / "file"
    path.write_bytes(text)
    done = system.run("ispctl", "import", source, str(path))
    assert done.returncode == 1 and why in done.stderr and len(done.stderr.strip().splitlines()) == 1, done


ROWS = 20000 if os.environ.get("ISP_SOAK") else 2000  # the promise: less than a minute


def many(path, rows):
    """A sheet of so many lines, one of a hundred faulty."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("Nama,No HP,Paket,Harga,Username,Password,Jatuh Tempo,Status\n")
        for n in range(rows):
            due = "besok" if n % 100 == 7 else "10/12/2026"
            file.write("Warga %d,08120%07d,Paket %dM,150.000,warga%06d,pw%d,%s,aktif\n" % (n, n, 10 + n % 5, n, n, due))


def lines_of(system):
    return int(system.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_username LIKE 'warga%'"))


def test_many_rows_and_an_interruption(system, tmp_path):
    """Killed in the middle, it goes on where it was: each line once, each whole, and the whole in good time."""
    path, bad = tmp_path / "banyak.csv", ROWS // 100
    many(path, ROWS)
    began = time.monotonic()
    line, env = system.words_of("ispctl", ["import", "csv", str(path), "--date", "2026-11-28"])
    first = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while lines_of(system) < ROWS // 10 and first.poll() is None:
        time.sleep(0.05)
    first.kill()
    first.wait()
    there = lines_of(system)
    assert there < ROWS - bad, "it was killed too late to tell anything"
    done = system.run("ispctl", "import", "csv", str(path), "--date", "2026-11-28")
    seconds = time.monotonic() - began
    print("%d rows in %.1f s, killed after %d" % (ROWS, seconds, there))
    there = system.sql("SELECT count(*) FROM import_keys WHERE kind = 'subscription' AND source_id LIKE 'warga%'")
    assert "%d refused" % bad in done.stdout and done.stdout.count("end_date: The end date is not a day.") == bad
    assert lines_of(system) == int(there) == ROWS - bad
    assert system.sql("SELECT count(*) FROM customers WHERE name LIKE 'Warga %' AND NOT EXISTS"
                      " (SELECT FROM subscriptions s WHERE s.customer_id = customers.id)") in ("0", 0)
    assert system.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_username LIKE 'warga%' AND mikrotik_password NOT LIKE 's1.%'") in ("0", 0)
    assert seconds < max(10, 60 * ROWS / 20000)
