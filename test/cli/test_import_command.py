"""ispctl import: every row that cannot be taken is shown, a dry run changes nothing, a second run neither."""
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
