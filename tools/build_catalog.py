"""Turn the vendor's OpenAPI document into ``classy_nb/catalog/catalog.json``.

Usage: ``python tools/build_catalog.py OPENAPI.json`` (``--check`` compares instead of writing).

Only facts are taken from the document (paths, names, types, enumerations), none of its sentences.
``classy_nb/catalog/corrections.toml`` has what the document gets wrong or leaves out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parent.parent / "classy_nb" / "catalog"
PAGING = {"page", "per_page"}

Schema = dict[str, Any]


def snake(name: str) -> str:
    """Write *name* in the package's spelling: ``fundraisingTeams`` -> ``fundraising_teams``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()


def singular(segment: str) -> str:
    """Return the singular of a path segment: ``fundraising-pages`` -> ``fundraising_page``."""
    name = snake(segment)
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


class Builder:
    """Reads one OpenAPI document; :meth:`build` returns the catalog as plain data."""

    def __init__(self, document: Schema, corrections: Schema) -> None:
        self.document = document
        self.fix = corrections
        self.records: dict[str, dict[str, str]] = {}

    def deref(self, schema: Schema) -> tuple[Schema, str | None]:
        """Follow ``$ref`` and single-choice wrappers; return the schema and its name."""
        name = None
        while True:
            if "$ref" in schema:
                name = schema["$ref"].split("/")[-1]
                target: Any = self.document
                for part in schema["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                schema = target
            elif len(schema.get("oneOf", [])) == 1 and "properties" not in schema:
                schema = schema["oneOf"][0]
            else:
                return schema, name

    def properties(self, schema: Schema) -> dict[str, tuple[Schema, bool]]:
        """Merge ``allOf``/``anyOf`` parts; values are (schema, nullable)."""
        schema, _ = self.deref(schema)
        found: dict[str, tuple[Schema, bool]] = {}
        for part in [*schema.get("allOf", []), *schema.get("anyOf", [])]:
            found |= self.properties(part)
        for key, value in schema.get("properties", {}).items():
            found[key] = (value, bool(value.get("nullable") or self.deref(value)[0].get("nullable")))
        return found

    def record(self, schema: Schema, fallback: str) -> str:
        """Register the record that *schema* describes and return its name."""
        resolved, name = self.deref(schema)
        name = name or fallback
        if name in self.records:
            return name
        columns = self.records[name] = {}
        for key, (value, nullable) in sorted(self.properties(resolved).items(), key=id_first):
            kind = self.kind(f"{name}.{key}", key, value)
            columns[key] = kind + ("?" if nullable else "") + self.values(kind, value)
        for key, kind in self.fix.get("extra_columns", {}).get(name, {}).items():
            columns.setdefault(key, kind)
        return name

    def kind(self, where: str, key: str, schema: Schema) -> str:
        """Return the column kind of one property (see ``classy_nb.catalog.Column``)."""
        kinds = self.fix["kinds"]
        if where in kinds or f"*.{key}" in kinds:
            return str(kinds.get(where) or kinds[f"*.{key}"])
        resolved, name = self.deref(schema)
        if resolved.get("type") == "array":
            return f"[{self.item(resolved['items'], where)}]"
        if name in self.fix["free_form"]:
            return "json"
        if self.properties(resolved):
            return "{" + self.record(schema, where) + "}"
        return scalar(resolved)

    def values(self, kind: str, schema: Schema) -> str:
        """Return the texts that a property may have, in the catalog's short form."""
        known = [text for text in self.deref(schema)[0].get("enum", []) if text not in ("", "null", None)]
        return ":" + "|".join(known) if kind == "text" and known else ""

    def item(self, schema: Schema, where: str) -> str:
        return self.record(schema, where) if self.properties(schema) else scalar(self.deref(schema)[0])

    def endpoint(self, path: str, operation: Schema) -> Schema:
        """Describe one GET."""
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        kind, item = self.shape(schema)
        public = self.rename_keys(path)
        entry: Schema = {"path": public, "kind": kind, "record": self.named(public, item)}
        parameters = [self.deref(p)[0] for p in operation.get("parameters", [])]
        query = [p for p in parameters if p["in"] == "query" and p["name"] not in PAGING]
        schemas = {p["name"]: p["schema"] for p in parameters if p["in"] == "path"}
        public_keys = dict(zip(re.findall(r"{(\w+)}", path), re.findall(r"{(\w+)}", public), strict=True))
        if text_keys := [public_keys[n] for n, s in schemas.items() if s.get("type") != "integer"]:
            entry["text_keys"] = text_keys
        choices = {public_keys[n]: s["enum"] for n, s in schemas.items() if "enum" in s}
        if choices := choices | of_keys(self.fix["choices"], public_keys):
            entry["choices"] = choices
        if known := of_keys(self.fix["examples"], public_keys):
            entry["known"] = known
        for parameter in query:
            self.add_parameter(entry, parameter)
        if flags := flags_of(operation):
            entry["flags"] = flags
        return entry

    def shape(self, schema: Schema) -> tuple[str, Schema]:
        """Classify a response: list, bare, envelope or object, with its item's schema."""
        resolved, _ = self.deref(schema)
        if resolved.get("type") == "array":
            return "bare", resolved["items"]
        properties = self.properties(resolved)
        if "current_page" not in properties:
            return "object", schema
        data = self.deref(properties["data"][0])[0]
        return ("list", data["items"]) if data.get("type") == "array" else ("envelope", data)

    def named(self, path: str, item: Schema) -> str:
        if not self.properties(item):
            return scalar(self.deref(item)[0])
        if self.deref(item)[1]:
            return self.record(item, "")
        return self.record(item, self.fix["record_names"][path])

    def add_parameter(self, entry: Schema, parameter: Schema) -> None:
        name, schema = parameter["name"], parameter["schema"]
        if name == "with":
            entry["include"] = schema.get("items", {}).get("enum", [])
        elif name not in ("fields", "sort", "aggregates"):
            spec: Schema = {"type": self.fix["parameter_types"].get(name, scalar(schema))}
            if choices := schema.get("enum") or self.fix["choices"].get(name):
                spec["choices"] = choices
            if name in self.fix["examples"]:
                spec["known"] = self.fix["examples"][name]
            if "minimum" in schema and "maximum" in schema:
                spec["range"] = [schema["minimum"], schema["maximum"]]
            if name in self.fix["parameter_defaults"]:
                spec["default"] = self.fix["parameter_defaults"][name]
            if parameter.get("required"):
                spec["required"] = True
            entry.setdefault("parameters", {})[name] = spec

    def rename_keys(self, path: str) -> str:
        """Give each path key its public name, no matter what the document calls it."""
        parts = path.split("/")
        for i, part in enumerate(parts):
            if part.startswith("{"):
                name = snake(part.strip("{}")).removesuffix("_id")
                name = singular(parts[i - 1]) if name in ("id", "org") else name
                parts[i] = "{" + self.fix["keys"].get(name, name) + "}"
        return "/".join(parts)

    def build(self) -> Schema:
        endpoints = [
            self.endpoint(path, operations["get"])
            for path, operations in self.document["paths"].items()
            if "get" in operations
        ]
        endpoints += [{**extra, "flags": ["unlisted"]} for extra in self.fix["endpoints"]]
        for name, columns in self.fix["records"].items():
            self.records[name] = dict(columns)
        for entry in endpoints:
            self.decorate(entry)
        self.add_includes_elsewhere(endpoints)
        return {
            "version": self.document["info"]["version"],
            "records": dict(sorted(self.records.items())),
            "includes": self.fix["includes"],
            "endpoints": sorted(endpoints, key=lambda e: (e["resource"], e["path"])),
        }

    def decorate(self, entry: Schema) -> None:
        """Add what the document leaves out: resource name, id column, business date."""
        path = entry["path"]
        segments = path.strip("/").split("/")
        own_key = segments[-1].startswith("{")
        static = [s for s in segments if not s.startswith("{")]
        entry["resource"] = self.fix["resources"].get(path) or snake(static[-1])
        if own_key and path not in self.fix["keyless"]:
            entry["key"] = segments[-1].strip("{}")
        columns = self.records.get(entry["record"], {})
        if columns.get("id", "").rstrip("?") == "int":
            entry["id"] = "id"
        date = self.fix["dates"].get(path) or next(
            (d for d in ("purchased_at", "created_at") if columns.get(d, "").startswith("datetime")), None
        )
        if date:
            entry["date"] = date
        if path in self.fix["aggregates"]:
            entry["aggregates"] = self.fix["aggregates"][path]
        if path in self.fix["sortable"]:
            entry["sortable"] = self.fix["sortable"][path]

    def add_includes_elsewhere(self, endpoints: list[Schema]) -> None:
        """Add to each endpoint the includes that only others of its record are said to take."""
        of_record: dict[str, list[str]] = {}
        for entry in endpoints:
            of_record.setdefault(entry["record"], []).extend(entry.get("include", ()))
        for record, names in self.fix["extra_includes"].items():
            of_record[record].extend(names)
        for entry in endpoints:
            own = entry.get("include", ())
            if elsewhere := [n for n in dict.fromkeys(of_record[entry["record"]]) if n not in own]:
                entry["include_elsewhere"] = elsewhere


def of_keys(values: Schema, keys: dict[str, str]) -> Schema:
    """Return those of the corrected *values* that are about one of an endpoint's path keys."""
    return {name: value for name, value in values.items() if name in keys.values()}


def id_first(item: tuple[str, Any]) -> bool:
    """Sort key: readers expect ``id`` in the first column; the others keep their order."""
    return item[0] != "id"


def flags_of(operation: Schema) -> list[str]:
    """Return the flags of an operation."""
    flags = {
        "deprecated": operation.get("deprecated"),
        "member_only": operation.get("security") == [{"OAuth2Member": []}],
        "may_be_empty": "204" in operation["responses"],
    }
    return [flag for flag, on in flags.items() if on]


def scalar(schema: Schema) -> str:
    """Return the column kind of a plain value."""
    kind, form = schema.get("type"), schema.get("format")
    if kind == "boolean":
        return "bool"
    if kind == "integer" and form != "float":
        return "int"
    if kind in ("integer", "number"):
        return "float"
    if kind == "string":
        return {"date-time": "datetime", "date": "date", "float": "float", "double": "float"}.get(
            form or "", "text"
        )
    return "json"


def build(document: Path) -> str:
    """Return the text of ``catalog.json`` for *document*."""
    corrections = tomllib.loads((CATALOG / "corrections.toml").read_text("utf-8"))
    catalog = Builder(json.loads(document.read_text("utf-8")), corrections).build()
    return render(catalog)


def render(catalog: Schema) -> str:
    """Write each record and endpoint on a line: small, and a change reads well in a diff."""

    def lines(items: list[str]) -> str:
        return ",\n".join(items)

    def dump(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    records = lines([f"{dump(k)}:{dump(v)}" for k, v in catalog["records"].items()])
    endpoints = lines([dump(e) for e in catalog["endpoints"]])
    return (
        f'{{"version":{dump(catalog["version"])},\n"records":{{\n{records}\n}},\n'
        f'"includes":{dump(catalog["includes"])},\n"endpoints":[\n{endpoints}\n]}}\n'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument(
        "--check", action="store_true", help="fail when catalog.json is not what would be written"
    )
    arguments = parser.parse_args()
    text, target = build(arguments.document), CATALOG / "catalog.json"
    if arguments.check:
        return 0 if target.read_text("utf-8") == text else 1
    target.write_text(text, "utf-8")
    sys.stdout.write(f"{target}: {len(text) / 1024:.0f} KiB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
