"""A page for people: the subscribers' devices, who is online, and why the others are not."""
from html import escape

PAGE = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<meta http-equiv=refresh content=2><link rel=icon href="data:,"><title>%(online)d of %(all)d online</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color:#1b2430}
table{border-collapse:collapse;width:100%%}td{padding:.3em .6em;border-bottom:1px solid #dfe4ea}
.on{color:#0d7a3f}.off{color:#b3261e}p{color:#5b6675}</style>
<h1>%(online)d of %(all)d online</h1><p>The simulated router's subscribers. This page looks again every 2 seconds.</p>
<table>%(rows)s</table></html>
"""
ROW = "<tr id=\"%s\"><td>%s<td>%s<td class=%s>%s"


def drawn(cpes):
    """cpes: what GET /cpe answers; those who are not online come first."""
    shown = sorted(cpes, key=lambda c: (c["state"] == "online", c["name"]))
    rows = [ROW % (escape(c["name"]), escape(c["name"]), c["service"], "on" if c["state"] == "online" else "off",
                   escape(c["state"])) for c in shown]
    return PAGE % {"online": sum(c["state"] == "online" for c in cpes), "all": len(cpes), "rows": "\n".join(rows)}
