"""The commands: what a sentence does to the tables, and what it answers."""
import time

from .query import Query
from .values import Trap, pick

ID_WORDS = (".id", "numbers")
PRINT_WORDS = (".proplist", "count-only", "detail", "stats", "without-paging", "terse", "from")
NEED = {"print": "read", "getall": "read", "listen": "read", "monitor-traffic": "read"}
DEFAULT_PROFILES = ("/ppp/profile", "/ip/hotspot/user/profile")


class Call:
    """One command: path, attributes (a dict, the last of a name wins), query words."""
    __slots__ = ("router", "path", "attrs", "queries", "tag", "policy", "stray")

    def __init__(self, router, words, policy):
        self.router = router
        self.path = words[0]
        self.policy = policy
        self.tag = None
        self.stray = None
        self.attrs = {}
        self.queries = []
        for word in words[1:]:
            self._take(word)

    def _take(self, word):
        if word.startswith("="):
            name, _, value = word[1:].partition("=")
            self.attrs[name] = value
        elif word.startswith(".tag="):
            self.tag = word[5:]
        elif word.startswith("?"):
            self.queries.append(word)
        elif not word.startswith("."):
            self.stray = word

    def only(self, allowed):
        """Refuse what the command does not know."""
        for name in self.attrs:
            if name not in allowed:
                raise self.unknown(name)

    def unknown(self, name):
        shown = "unknown parameter"
        return Trap(shown + " " + name if self.router.version >= (7,) else shown, 0)


class Rows:
    """Answer of print: bodies are encoded only when they are sent."""
    def __init__(self, table, rows, plan):
        self.table = table
        self.rows = rows
        self.plan = plan


class Stream:
    """An answer that comes later (after `period` s), once or until cancelled."""
    def __init__(self, produce, period, once):
        self.produce = produce
        self.period = period
        self.once = once


class Listen:
    def __init__(self, table, plan, query):
        self.table = table
        self.plan = plan
        self.query = query


def run(call):
    """Execute: None, the text of =ret=, Rows, Stream or Listen; Trap when refused."""
    menu, _, verb = call.path.rpartition("/")
    table = call.router.tables.get(menu)
    if not call.path.startswith("/") or not verb:
        raise Trap("no such command", 0)
    if table is None or call.router.hidden(table):
        raise _no_menu(call, menu)
    if verb not in table.menu.verbs:
        raise Trap("no such command", 0)
    if NEED.get(verb, "write") not in call.policy:
        raise Trap("not enough permissions (9)")
    if call.stray is not None:
        raise call.unknown(call.stray)
    return VERBS[verb](call, table)


def _no_menu(call, menu):
    if call.router.version < (7,):
        return Trap("no such command prefix", 0)
    return Trap("no such command or directory (%s)" % menu.rpartition("/")[2], 0)


def _plan(call, table):
    listed = call.attrs.get(".proplist")
    names = None if listed is None else listed.split(",")
    return table.plan(names, "sensitive" in call.policy)


def _print(call, table):
    call.only(PRINT_WORDS)
    query = Query(call.queries, "sensitive" in call.policy)
    rows = query.rows(table, time.time())
    if "count-only" in call.attrs:
        return str(len(rows))
    return Rows(table, rows, _plan(call, table))


def _listen(call, table):
    call.only((".proplist",))
    return Listen(table, _plan(call, table), Query(call.queries, "sensitive" in call.policy))


def _normal(call, table, skip):
    """The attributes as printed values; None for those to be absent."""
    out = {}
    props = table.menu.props
    for name, text in call.attrs.items():
        if name in skip:
            continue
        prop = props.get(name)
        if name.startswith("!") and name[1:] in props and not props[name[1:]].readonly:
            out[name[1:]] = _cleared(call, table, name[1:])
        elif prop is None or prop.readonly:
            raise call.unknown(name)
        else:
            out[name] = prop.kind(text, name, call.router)
    return out


def _cleared(call, table, name):
    if name == "name" or name in table.menu.required:
        raise call.unknown("!" + name)
    return call.router.defaults(table.menu).get(name)


def _unique(table, values, own):
    for props, text in table.menu.unique:
        wanted = [values.get(p) for p in props]
        if wanted[0] is None:
            continue
        for row in table.find(props[0], wanted[0]):
            if row is not own and [row.values.get(p) for p in props] == wanted:
                raise Trap(text)


def _add(call, table):
    given = _normal(call, table, ("place-before", "copy-from"))
    for name in table.menu.required:
        if name not in given:
            raise Trap("missing =%s=" % name, 0)
    values = call.router.defaults(table.menu)
    values.update(given)
    if "name" in table.menu.props and "name" not in values:
        values["name"] = _made_up(table)
    values = {name: text for name, text in values.items() if text is not None}
    _unique(table, values, None)
    if table.menu.check:
        table.menu.check(values)
    before = _place(call, table)
    row = table.insert(values)
    if before:
        table.move_before(row, before)
    return row.id


def _made_up(table):
    n = 1
    while table.find("name", "queue%d" % n):
        n += 1
    return "queue%d" % n


def _place(call, table):
    wanted = call.attrs.get("place-before")
    if wanted is None:
        return None
    if table.menu.path != "/queue/simple":
        raise call.unknown("place-before")
    return _find(table, wanted, "no such item (4)")


def _find(table, text, gone):
    """A row by *id, or by its name where that cannot be taken for something else."""
    row = table.rows.get(text)
    if not row and text[:1] != "*" and not text.isdigit() and "name" in table.menu.props:
        named = table.find("name", text)
        row = named[0] if len(named) == 1 else None
    if not row:
        raise Trap(gone, 0)
    return row


def _named(call):
    text = call.attrs.get(".id", call.attrs.get("numbers"))
    if text is None:
        raise Trap("missing =.id=", 0)
    return text.split(",") if text else []


def _each(call, table, gone, act):
    """Do it for every id in turn; what is done when a trap comes stays done."""
    if table.menu.single:
        return act(next(iter(table.rows.values())))
    for text in _named(call):
        act(_find(table, text, gone))
    return None


def _static(row, what):
    if row.dynamic():
        raise Trap("failure: can not %s dynamic entry" % what)


def _set(call, table):
    def act(row):
        _static(row, "change")
        _apply(call, table, row, given)
    given = _normal(call, table, ID_WORDS)
    _each(call, table, "no such item", act)


def _apply(call, table, row, updates):
    merged = {**row.values, **updates}
    _unique(table, merged, row)
    if table.menu.check:
        table.menu.check(merged)
    old = row.values.get("name")
    table.change(row, updates)
    if updates.get("name", old) != old:
        call.router.renamed(table.menu.path, old, updates["name"])


def _switch(text):
    def command(call, table):
        def act(row):
            _static(row, "change")
            table.change(row, {"disabled": text})
        call.only(ID_WORDS)
        _each(call, table, "no such item", act)
    return command


def _unset(call, table):
    def act(row):
        _static(row, "change")
        _apply(call, table, row, {name: _cleared(call, table, name)})
    call.only(ID_WORDS + ("value-name",))
    if "value-name" not in call.attrs:
        raise Trap("missing =value-name=", 0)
    props = table.menu.props
    fixed = ("name",) + table.menu.required
    settable = [n for n in props if not props[n].readonly and n not in fixed]
    name = pick(settable, call.attrs["value-name"], "value-name")
    _each(call, table, "no such item", act)


def _remove(call, table):
    call.only(ID_WORDS)
    _each(call, table, "no such item (4)", lambda row: _remove_row(call.router, table, row))


def _remove_row(router, table, row):
    path = table.menu.path
    for kind, active in router.town.ACTIVE.items():
        if path == active:
            router.town.end(kind, row)
            return
    _static(row, "remove")
    if path in DEFAULT_PROFILES and row.values["default"] == "true":
        raise Trap("can not remove default profile")
    if row.meta and row.meta.get("built-in"):
        raise Trap("failure: can not remove built-in user")
    table.remove(row)
    if "name" in row.values:
        router.renamed(path, row.values["name"], row.id)


def _move(call, table):
    call.only(ID_WORDS + ("destination",))
    goal = call.attrs.get("destination")
    other = _find(table, goal, "no such item") if goal else None
    _each(call, table, "no such item", lambda row: table.move_before(row, other))


def _monitor(call, table):
    call.only(("interface", "once", "interval", ".proplist"))
    if "interface" not in call.attrs:
        raise Trap("missing =interface=", 0)
    rows = []
    for name in call.attrs["interface"].split(","):
        row = table.one("name", name) or table.rows.get(name)
        if not row:
            raise Trap("input does not match any value of interface", 1)
        rows.append(row)
    return Stream(lambda: [_speed(row) for row in rows], call.router.options["monitor_delay"],
                  "once" in call.attrs)


def _speed(row):
    """One reading of monitor-traffic, wandering a little around the interface's rate."""
    swing = 0.8 + time.time() * 7 % 40 / 100
    rx, tx = (int(row.meta[side] * swing) for side in ("rx", "tx"))
    return [("name", row.values["name"]),
            ("rx-packets-per-second", rx // 6400), ("rx-bits-per-second", rx),
            ("fp-rx-packets-per-second", rx // 6400), ("fp-rx-bits-per-second", rx),
            ("rx-drops-per-second", 0), ("rx-errors-per-second", 0),
            ("tx-packets-per-second", tx // 6400), ("tx-bits-per-second", tx),
            ("fp-tx-packets-per-second", tx // 6400), ("fp-tx-bits-per-second", tx),
            ("tx-drops-per-second", 0), ("tx-queue-drops-per-second", 0),
            ("tx-errors-per-second", 0)]


VERBS = {"print": _print, "getall": _print, "listen": _listen, "add": _add, "set": _set,
         "remove": _remove, "enable": _switch("false"), "disable": _switch("true"),
         "unset": _unset, "move": _move, "monitor-traffic": _monitor}
