"""openapi: GET /api/openapi.json as a table of operations, for the tests that walk it."""
import re

import isp


class Operation:
    """One method of one address: its body's fields and whether they are needed."""

    def __init__(self, document, method, path, told):
        self.document, self.method, self.path, self.told = document, method.upper(), path, told

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
        content = self.told.get("requestBody", {}).get("content", {})
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
        for method, told in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                found.append(Operation(document, method, full, told))
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
