"""The company that asks customers for money: its settings, the logo's bytes, what anybody may read of them."""
import base64
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=8, height=4, noise=b"", end=b""):
    """Grey; as many bytes more as noise, which a text chunk carries."""
    raw = b"".join(b"\0" + bytes(width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + (chunk(b"tEXt", noise) if noise else b"") + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"") + end)


def put(client, data):
    return client.put("/api/settings/logo", {"png": base64.b64encode(data).decode()})


def test_a_logo_from_upload_to_page(stack, api, anyone, town):
    picture = png()
    saved = put(api, picture).want(200).json
    assert saved["company_logo"].startswith("/api/public/logo?v=")
    shown = anyone.raw("GET", saved["company_logo"]).want(200)
    assert shown.body == picture
    assert shown.header("content-type") == "image/png" and shown.header("x-content-type-options") == "nosniff"
    assert shown.header("cache-control") == "public, max-age=86400"
    company = anyone.get("/api/public/company").want(200).json
    assert sorted(company) == ["address", "logo", "name", "phone", "whatsapp"] and company["logo"] == saved["company_logo"]
    # Another picture has another address: a browser that keeps the old one never shows it.
    again = put(api, png(9)).want(200).json["company_logo"]
    assert again != saved["company_logo"] and api.get("/api/settings").json["company_logo"] == again
    assert int(stack.sql("SELECT count(*) FROM audit_logs WHERE meta -> 'after' ? 'company_logo' AND action = 'update'")) >= 2
    api.delete("/api/settings/logo").want(204)
    assert anyone.get("/api/public/company").json["logo"] is None
    anyone.get("/api/public/logo").want(404)


def test_only_a_png_of_200_kb_is_a_logo(api, operator, anyone):
    """It is served from our origin to whoever has a link: an SVG or a page in disguise would run there. A body without
    an image ended the worker."""
    for data, word in ((b"<svg onload='alert(1)'/>", "PNG"), (png(end=b"<script>"), "behind its end"), (png()[:-20], "cut off"),
                       (png(2001, 1), "2000 pixels"), (png(noise=bytes(200000)), "200 kB"),
                       (png().replace(b"IDAT", b"JDAT"), "damaged")):
        assert word in put(api, data).want(422).json["errors"]["png"][0]
    for body in ({}, {"png": None}, {"png": "a.b"}, {"png": "abcde"}, {"png": 7}):
        assert "png" in api.put("/api/settings/logo", body).want(422).json["errors"]
    put(operator, png()).want(403)
    operator.delete("/api/settings/logo").want(403)
    anyone.get("/api/public/logo").want(404)
    put(api, png(1, 1, noise=bytes(199000))).want(200)
    api.delete("/api/settings/logo").want(204)


def test_settings_sent_back_as_shown_are_no_change(api):
    """Bug: a company that was not named yet made every PUT of the whole settings fail, and no one could take a
    telephone number away again: an empty text counted as missing."""
    before = api.show("/api/settings")
    after = api.put("/api/settings", before).want(200).json
    assert {name for name in before if before[name] != after[name]} <= {"updated_at"}
    for nothing in ("", None):
        api.put("/api/settings", {"company_phone": "0812 345"}).want(200)
        assert api.put("/api/settings", {"company_phone": nothing}).want(200).json["company_phone"] == ""
    assert "company_phone" in api.put("/api/settings", {"company_phone": "1" * 21}).want(422).errors
    api.put("/api/settings", {"company_phone": before["company_phone"]}).want(200)


def test_the_owners_words(api, operator):
    """The last lines of papers, and the text that is sent from a bill: it names only what a bill has."""
    for name, text, most in (("company_receipt_footer", "BCA 123 456\nTerima kasih", 300),
                             ("company_whatsapp_text", "Halo {name}, {invoice_number} {outstanding} {due_date} {pay_url} {company}", 1000)):
        assert api.put("/api/settings", {name: text}).want(200).json[name] == text
        assert operator.show("/api/settings")[name] == text, "an operator sends it"
        assert name in api.put("/api/settings", {name: "x" * (most + 1)}).want(422).errors
        assert api.put("/api/settings", {name: None}).want(200).json[name] == ""
    wrong = api.put("/api/settings", {"company_whatsapp_text": "Halo {nama}"}).want(422)
    assert "{nama}" in wrong.errors["company_whatsapp_text"][0] and "{name}" in wrong.errors["company_whatsapp_text"][0]
    assert wrong.json["codes"]["company_whatsapp_text"] == [{"code": "template_field"}]
    assert api.show("/api/settings")["company_whatsapp_text"] == ""
