"""The SQL functions that a program's statements call, directly or through others, read from the sources.

A function that runs with its owner's rights (SECURITY DEFINER) is called, and what it calls is not. A statement
that writes a table calls the functions of the table's triggers."""
import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PIECE = re.compile(r"CREATE (?:OR REPLACE )?(FUNCTION|VIEW|TRIGGER|TYPE)\s+(\w+)(.*?)(?=\nCREATE |\Z)", re.S)


def read(*pattern):
    found = sorted(glob.glob(os.path.join(TOP, *pattern)))
    assert found, pattern
    for path in found:
        with open(path, encoding="utf-8") as file:
            yield file.read()


def plain(text):
    """Without comments."""
    return re.sub(r"--[^\n]*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


class Sources:
    def __init__(self):
        self.bodies, self.views, self.triggers, self.owners = {}, {}, {}, set()
        for text in list(read("sql", "functions", "*.sql")) + list(read("sql", "views", "*.sql")):
            for kind, name, body in PIECE.findall(plain(text)):
                self.add(kind, name, body)
        self.statements = {}
        for text in read("sql", "queries", "*.sql"):
            parts = re.split(r"-- name: (\w+)\([^\n]*\)\n", text)
            self.statements.update({name: plain(body) for name, body in zip(parts[1::2], parts[2::2])})

    def add(self, kind, name, body):
        if kind == "FUNCTION":
            self.bodies[name] = self.bodies.get(name, "") + body
            if "SECURITY DEFINER" in body.split("$$")[0]:
                self.owners.add(name)
        elif kind == "VIEW":
            self.views[name] = body
        elif kind == "TRIGGER":
            table, function = re.search(r"ON (\w+)", body).group(1), re.search(r"EXECUTE FUNCTION (\w+)", body).group(1)
            self.triggers.setdefault(table, set()).add(function)

    def sent_by(self, *folders):
        """The statements that these C files name."""
        names = {name for folder in folders for text in read(*folder.split("/")) for name in re.findall(r"SQL_(\w+)", text)}
        assert names <= set(self.statements), names - set(self.statements)
        return names

    def called(self, statements):
        found, seen, texts = set(), set(), [self.statements[name] for name in statements]
        while texts:
            text = texts.pop()
            fresh = {name for name in re.findall(r"\b([a-z_][a-z0-9_]*)\s*\(", text) if name in self.bodies} - found
            found |= fresh
            texts += [self.bodies[name] for name in fresh - self.owners]
            views = (set(re.findall(r"\w+", text)) & set(self.views)) - seen
            texts += [self.views[name] for name in views]
            written = set(re.findall(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", text))
            functions = {name for table in written for name in self.triggers.get(table, ())} - seen - self.owners
            texts += [self.bodies[name] for name in functions]
            seen |= views | functions
        return found


def granted(role):
    """The functions that sql/roles.sql grants to a program."""
    return {name for text in read("sql", "roles.sql") for name, programs in re.findall(r"\('(\w+)',\s+'([a-z ]+)'\)", text)
            if role in programs.split()}
