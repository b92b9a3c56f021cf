"""openapi: GET /api/openapi.json as a table of operations, for the tests that walk it."""
import re

import isp


class Operation:
    """One method of one address: its body's fields and whether they are needed."""

    def __init__(self, document, method, path, described):
        self.document, self.method, self.path, self.described = document, method.upper(), path, described

    def __repr__(self):
        return "%s %s" % (self.method, self.path)

    def resolve(self, schema):
        """References followed, allOf joined."""
        while "$ref" in schema:
            found = self.document
            for name in schema["$ref"].lstrip("#/").split("/"):
                found = found[name]
            schema = found
        if "allOf" in schema:
            joined = {"properties": {}, "required": []}
            for part in map(self.resolve, schema["allOf"]):
                joined["properties"].update(part.get("properties", {}))
                joined["required"] += part.get("required", [])
            return joined
        return schema

    @property
    def body(self):
        content = self.described.get("requestBody", {}).get("content", {})
        return self.resolve(content.get("application/json", {}).get("schema", {}))

    @property
    def fields(self):
        """name -> schema of each field of the body."""
        return {name: self.resolve(s) for name, s in self.body.get("properties", {}).items()}

    @property
    def needed(self):
        return set(self.body.get("required", []))

    def address(self, ids=None):
        """The path with its parameters filled in: ids by name of the parameter, else an unknown id."""
        return re.sub(r"\{(\w+)\}", lambda m: str((ids or {}).get(m.group(1), isp.NOBODY)), self.path)


def read(client):
    document = client.get("/api/openapi.json").want(200).json
    assert document["openapi"].startswith("3.1"), document["openapi"]
    found = []
    for path, methods in document["paths"].items():
        full = path if path.startswith("/api") else "/api" + path
        for method, described in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                found.append(Operation(document, method, full, described))
    assert len(found) > 30, "openapi.json describes hardly anything"
    return found


def types(schema):
    """The JSON types a field may have."""
    kinds = schema.get("type", [])
    kinds = set([kinds] if isinstance(kinds, str) else kinds)
    for part in schema.get("oneOf", []) + schema.get("anyOf", []):
        kinds |= types(part)
    if "enum" in schema and not kinds:
        kinds.add("string")
    return kinds


# ---- an answer held against its schema -----------------------------------------------------------

FORMATS = {
    "uuid": re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    "date": re.compile(r"^\d{4}-\d\d-\d\d$"),
    "date-time": re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"),
}

KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


def is_kind(value, kind):
    if kind == "null" or value is None:
        return kind == "null" and value is None
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, KINDS[kind])


class Schemas:
    """Answers against the schemas of a document: unknown members are faults too."""

    def __init__(self, document):
        self.operation = Operation(document, "get", "/", {})

    def faults(self, value, schema, at="answer"):
        schema = self.operation.resolve(schema)
        if "oneOf" in schema:
            tries = [list(self.faults(value, one, at)) for one in schema["oneOf"]]
            return min(tries, key=len)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_kind(value, kind) for kind in kinds):
            return ["%s is %r, not %s" % (at, value, kinds)]
        return list(self.inner_faults(value, schema, at))

    def inner_faults(self, value, schema, at):
        if value is not None and "enum" in schema and value not in schema["enum"]:
            yield "%s is %r, none of %s" % (at, value, schema["enum"])
        form = FORMATS.get(schema.get("format"))
        if form and isinstance(value, str) and not form.match(value):
            yield "%s is %r, no %s" % (at, value, schema["format"])
        if isinstance(value, list):
            for i, one in enumerate(value[:20]):
                yield from self.faults(one, schema.get("items", {}), "%s[%d]" % (at, i))
        if isinstance(value, dict):
            yield from self.member_faults(value, schema, at)

    def member_faults(self, value, schema, at):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield "%s.%s is missing" % (at, name)
        for name, one in value.items():
            if name in known:
                yield from self.faults(one, known[name], at + "." + name)
            elif "additionalProperties" in schema:
                yield from self.faults(one, schema["additionalProperties"], at + "." + name)
            elif known:
                yield "%s.%s is not described" % (at, name)
