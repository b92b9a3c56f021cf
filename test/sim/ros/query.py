"""Query words of print: a stack per row, and short cuts through the indexes."""


class Query:
    def __init__(self, words, sensitive=True):
        self.ops = [_parse(word[1:]) for word in words]
        self.sensitive = sensitive

    def rows(self, table, now):
        """The matching rows, in the table's order."""
        if not self.ops:
            return list(table.rows.values())
        alike = self._alternatives()
        if alike:
            return self._any_of(table, alike[0], alike[1], now)
        return [row for row in self._candidates(table) if self._match(table, row, now)]

    def _candidates(self, table):
        """Rows an equality word leaves over, when every word must hold."""
        if any(op[0] == "#" for op in self.ops):
            return list(table.rows.values())
        found = []
        for what, prop, value in self.ops:
            if what == "=" and prop == ".id":
                return [table.rows[value]] if value in table.rows else []
            if what == "=" and prop in table.index:
                found.append(table.index[prop].get(value, {}))
        if not found:
            return list(table.rows.values())
        return _by_id(min(found, key=len).values())

    def _alternatives(self):
        """(property, values) of `n equality words, then n-1 ors`."""
        equal = [op for op in self.ops if op[0] == "="]
        ors = "".join(op[1] for op in self.ops if op[0] == "#")
        props = {op[1] for op in equal}
        shaped = self.ops[:len(equal)] == equal and ors == "|" * (len(equal) - 1)
        if len(props) != 1 or not ors or not shaped or len(self.ops) > 2 * len(equal) - 1:
            return None
        return equal[0][1], {op[2] for op in equal}

    def _any_of(self, table, prop, values, now):
        if prop in table.index:
            return _by_id(row for value in values for row in table.find(prop, value))
        return [row for row in table.rows.values()
                if self._value(table, row, prop, now) in values]

    def _value(self, table, row, prop, now):
        found = table.value(row, prop, now)
        hidden = prop in table.menu.props and table.menu.props[prop].secret
        return "*****" if hidden and not self.sensitive and found is not None else found

    def holds(self, table, row, now):
        """Does this one row match?"""
        return self._match(table, row, now)

    def _match(self, table, row, now):
        stack = []
        for what, prop, value in self.ops:
            if what == "#":
                _operate(stack, prop)
            else:
                stack.append(_holds(what, self._value(table, row, prop, now), value))
        return all(stack)


def _by_id(rows):
    return sorted(rows, key=lambda row: int(row.id[1:], 16))


def _parse(text):
    if text.startswith("#"):
        return "#", text[1:], None
    if text.startswith("-"):
        return "-", text[1:], None
    sign = text[:1] if text[:1] in ("=", "<", ">") else ""
    prop, eq, value = text[len(sign):].partition("=")
    if not eq:
        return "?", prop, None
    return sign or "=", prop, value


def _holds(what, found, value):
    if what == "?":
        return found is not None
    if what == "-":
        return found is None
    if found is None:
        return False
    if what == "=":
        return found == value
    if found.isdecimal() and value.isdecimal() and len(found + value) < 100:
        found, value = int(found), int(value)
    return found < value if what == "<" else found > value


def _pop(stack):
    """Missing entries count as true."""
    return stack.pop() if stack else True


def _copy(stack, index):
    return stack[-1 - index] if index < len(stack) else True


def _operate(stack, text):
    """Operations from left to right; index 0 is the top of the stack."""
    digits = ""
    for at, char in enumerate(text):
        if char in "0123456789":
            digits += char
            if at + 1 == len(text):
                stack[:] = [_copy(stack, int(digits[:9]))]
            continue
        if digits:
            stack.append(_copy(stack, int(digits[:9])))
        if char == "!":
            stack.append(not _pop(stack))
        elif char == "&":
            one, two = _pop(stack), _pop(stack)
            stack.append(one and two)
        elif char == "|":
            one, two = _pop(stack), _pop(stack)
            stack.append(one or two)
        elif char == "." and not digits:
            stack.append(_copy(stack, 0))
        digits = ""
