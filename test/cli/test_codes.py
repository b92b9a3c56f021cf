"""The stable words of errors that rules in SQL raise (contract 2.2): each screen translates them, so a
new one stands here, and no rule raises a sentence without one.

GOLDEN=write writes test/cli/codes.golden anew; read its diff, and give each new word its sentence in
app/web/console/src/i18n."""
import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(TOP, "test/cli/codes.golden")
PLACES = {"raise_conflict": 0, "raise_not_found": 0, "raise_denied": 0, "raise_invalid": 1, "field_error": 2,
          "require_found": 1}  # raises what raise_not_found does
DEFINING = ("sql/functions/error.sql",)
CODE = r"'[a-z_]+'( \|\| [a-z]+\.status)?"


def arguments(text, at):
    """The arguments of the call whose parenthesis has just been opened, as texts."""
    depth, quoted, found, begin = 1, False, [], at
    while True:
        c = text[at]
        if c == "'":
            quoted = not quoted
        elif not quoted and c in "([":
            depth += 1
        elif not quoted and c in ")]":
            depth -= 1
        if depth == 0 or (c == "," and depth == 1 and not quoted):
            found.append(text[begin:at].strip())
            begin = at + 1
        if depth == 0:
            return found
        at += 1


def raised():
    """(file, function, code) of each raise of sql/functions."""
    for path in sorted(glob.glob(os.path.join(TOP, "sql/functions/*.sql"))):
        if path.endswith(DEFINING):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for call in re.finditer(r"\b(%s)\(" % "|".join(PLACES), text):
            args = arguments(text, call.end())
            if args != [""]:  # a comment that names the function
                kind = call.group(1).replace("require_found", "raise_not_found")
                yield os.path.basename(path), kind, args[PLACES[call.group(1)]]


def test_every_error_has_a_code_and_each_code_is_known():
    found = list(raised())
    assert len(found) > 120, "the reader of sql/functions sees hardly any raise"
    bare = [f for f in found if not re.fullmatch(CODE, f[2])]
    assert bare == [], "raised without a code: %s" % bare[:10]
    words = {(kind, code.replace("'", "").replace(" || ", "+")) for _, kind, code in found}
    now = "".join("%s %s\n" % pair for pair in sorted(words))
    if os.environ.get("GOLDEN") == "write":
        with open(GOLDEN, "w", encoding="utf-8") as file:
            file.write(now)
    with open(GOLDEN, encoding="utf-8") as file:
        assert file.read() == now, "codes have come or gone: GOLDEN=write, and translate them"
