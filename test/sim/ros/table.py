"""One menu's rows: ids, indexes, cached encodings, changes."""
import time

from . import wire


class Row:
    """values: what is printed (absent = not there). meta: what only the simulator knows."""
    __slots__ = ("id", "values", "words", "bodies", "meta", "since")

    def __init__(self, rowid, values, meta=None):
        self.id = rowid
        self.values = values
        self.words = {}
        self.bodies = {}
        self.meta = meta
        self.since = time.time()

    def dynamic(self):
        return self.values.get("dynamic") == "true"


class Plan:
    """How to print: which properties, and under which key the result may be kept."""
    __slots__ = ("names", "key", "hidden")

    def __init__(self, names, key, hidden):
        self.names = names
        self.key = key
        self.hidden = hidden


class Table:
    def __init__(self, menu, router):
        self.menu = menu
        self.router = router
        self.rows = {}
        self.next_id = 1
        self.listeners = []
        self.clear()

    def clear(self):
        """Forget the rows; ids go on, so that no old id ever means a new row."""
        self.rows = {}
        self.index = {name: {} for name in self.menu.index}

    def take_id(self):
        rowid = "*%X" % self.next_id
        self.next_id += 1
        return rowid

    def find(self, prop, value):
        """Rows with this value of an indexed property, in no particular order."""
        return list(self.index[prop].get(value, {}).values())

    def one(self, prop, value):
        found = self.index[prop].get(value)
        return next(iter(found.values())) if found else None

    def _enter(self, row, prop, value):
        if value is not None and prop in self.index:
            self.index[prop].setdefault(value, {})[row.id] = row

    def _leave(self, row, prop, value):
        if value is None or prop not in self.index:
            return
        rows = self.index[prop][value]
        del rows[row.id]
        if not rows:
            del self.index[prop][value]

    def insert(self, values, meta=None, rowid=None):
        row = Row(rowid or self.take_id(), values, meta)
        self.rows[row.id] = row
        for prop in self.index:
            self._enter(row, prop, values.get(prop))
        self._tell(row)
        return row

    def change(self, row, updates):
        """updates: property -> printed text, None to make it absent."""
        values = row.values
        for prop, text in updates.items():
            old = values.get(prop)
            if old == text:
                continue
            self._leave(row, prop, old)
            self._enter(row, prop, text)
            if text is None:
                del values[prop]
            else:
                values[prop] = text
            row.words.pop(prop, None)
            row.bodies.clear()
        self._tell(row)

    def remove(self, row):
        del self.rows[row.id]
        for prop in self.index:
            self._leave(row, prop, row.values.get(prop))
        self._tell(row, dead=True)

    def move_before(self, row, other):
        """Put row before other (None: at the end)."""
        order = [r for r in self.rows.values() if r is not row]
        at = order.index(other) if other else len(order)
        order.insert(at, row)
        self.rows = {r.id: r for r in order}

    def _tell(self, row, dead=False):
        for listener in list(self.listeners):
            listener(row, dead)

    def value(self, row, prop, now):
        """The printed value, None when absent."""
        if prop == ".id":
            return None if self.menu.single else row.id
        if prop in self.menu.computed:
            return self.menu.computed[prop](row, now)
        return row.values.get(prop)

    def full(self, row, now):
        """The whole row as a dict, passwords included."""
        out = {} if self.menu.single else {".id": row.id}
        for prop in self.menu.props:
            found = self.value(row, prop, now)
            if found is not None:
                out[prop] = found
        return out

    def plan(self, proplist, sensitive):
        """The Plan for a .proplist (None: everything)."""
        names = [".id", *self.menu.props] if proplist is None else proplist
        names = [n for n in dict.fromkeys(names) if n == ".id" or n in self.menu.props]
        if self.menu.single and ".id" in names:
            names.remove(".id")
        hidden = set()
        if not sensitive:
            hidden = {n for n in names if n != ".id" and self.menu.props[n].secret}
        lasting = not any(n in self.menu.computed for n in names)
        key = (",".join(names), sensitive) if lasting else None
        return Plan(names, key, hidden)

    def body(self, row, plan, now):
        """The attribute words of a row and the closing zero, encoded."""
        if plan.key:
            found = row.bodies.get(plan.key)
            if found:
                return found
        made = b"".join(self._word(row, n, plan, now) for n in plan.names) + b"\0"
        if plan.key:
            if len(row.bodies) > 3:
                row.bodies.clear()
            row.bodies[plan.key] = made
        return made

    def _word(self, row, prop, plan, now):
        computed = prop in self.menu.computed
        if prop in plan.hidden:
            return self._veil(row, prop)
        found = None if computed else row.words.get(prop)
        if found is None:
            text = self.value(row, prop, now)
            found = b"" if text is None else wire.word("=%s=%s" % (prop, text))
            if not computed:
                row.words[prop] = found
        return found

    def _veil(self, row, prop):
        """The password as a user without `sensitive` sees it: nothing on v6, stars on v7."""
        if prop not in row.values or self.router.version < (7,):
            return b""
        return wire.word("=%s=*****" % prop)
