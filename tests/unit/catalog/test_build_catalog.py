"""The catalog is made from the vendor's document: rebuilt here where the document is at hand."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import build_catalog
import pytest
from build_catalog import Builder, build, render, scalar, singular, snake

ROOT = Path(build_catalog.__file__).parent.parent
CATALOG = ROOT / "classy_nb" / "catalog" / "catalog.json"


def document() -> Path:
    named = os.environ.get("CLASSY_OPENAPI")
    path = Path(named) if named else ROOT.parent / "shared" / "reference" / "openapi.json"
    if not path.exists():
        pytest.skip("the vendor's document is not at hand: set CLASSY_OPENAPI to its path to rebuild from it")
    return path


def test_the_catalog_is_what_the_document_and_the_corrections_make() -> None:
    assert build(document()) == CATALOG.read_text("utf-8")


def test_the_command_checks_and_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = document()
    for name in ("corrections.toml", "catalog.json"):
        (tmp_path / name).write_text((CATALOG.parent / name).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(build_catalog, "CATALOG", tmp_path)
    monkeypatch.setattr(sys, "argv", ["build_catalog.py", "--check", str(path)])
    assert build_catalog.main() == 0
    (tmp_path / "catalog.json").write_text("{}")
    assert build_catalog.main() == 1
    monkeypatch.setattr(sys, "argv", ["build_catalog.py", str(path)])
    assert build_catalog.main() == 0
    assert (tmp_path / "catalog.json").read_text("utf-8") == CATALOG.read_text("utf-8")
    assert "KiB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "ours"),
    [("fundraisingTeams", "fundraising_teams"), ("domain-slugs", "domain_slugs"), ("id", "id")],
)
def test_names(name: str, ours: str) -> None:
    assert snake(name) == ours


def test_one_of_many() -> None:
    assert [singular(s) for s in ("fundraising-pages", "stories", "campaigns")] == [
        "fundraising_page",
        "story",
        "campaign",
    ]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "boolean"}, "bool"),
        ({"type": "integer"}, "int"),
        ({"type": "integer", "format": "float"}, "float"),
        ({"type": "number"}, "float"),
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date-time"}, "datetime"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "double"}, "float"),
        ({"type": "string", "format": "email"}, "text"),
        ({"type": "object"}, "json"),
        ({}, "json"),
    ],
)
def test_plain_values(schema: dict[str, Any], kind: str) -> None:
    assert scalar(schema) == kind


NO_FIXES: dict[str, Any] = {
    "kinds": {},
    "free_form": [],
    "parameter_types": {},
    "parameter_defaults": {"flagOne": True},
    "keys": {},
    "record_names": {"/things/{thing}/parts": "Part"},
    "resources": {},
    "keyless": [],
    "aggregates": {},
    "choices": {"mood": ["up", "down"]},
    "examples": {"mood": ["up"], "who": ["donor"]},
    "dates": {},
    "sortable": {"/organizations/{organization}/things": ["name"]},
    "extra_includes": {"Thing": ["parent"]},
    "includes": {},
    "records": {},
    "endpoints": [{"path": "/extra", "kind": "object", "record": "Thing"}],
}


def ok(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}, **more}}


def test_a_small_document() -> None:
    page = {"current_page": {"type": "integer"}, "data": {"type": "array", "items": {"$ref": "#/c/Thing"}}}
    inline = {"type": "object", "properties": {"name": {"type": "string"}, "id": {"type": "integer"}}}
    thing = {
        "properties": {
            "created_at": {"type": "string", "format": "date-time", "nullable": True},
            "owner": {"oneOf": [{"$ref": "#/c/Owner"}]},
            "state": {"type": "string", "enum": ["on", "", "half way", "null"], "nullable": True},
            "level": {"type": "integer", "enum": [1, 2]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "id": {"type": "integer", "description": "A sentence of the vendor's."},
        }
    }
    found = Builder(
        {
            "info": {"version": "9"},
            "c": {"Thing": thing, "Owner": {"allOf": [inline, {"properties": {"age": {"type": "number"}}}]}},
            "paths": {
                "/organizations/{org_id}/things": ok(
                    {"properties": page},
                    deprecated=True,
                    parameters=[
                        {"name": "page", "in": "query", "schema": {"type": "integer"}},
                        {"name": "with", "in": "query", "schema": {"items": {"enum": ["owner"]}}},
                        {"name": "flagOne", "in": "query", "schema": {"type": "boolean"}},
                        {"name": "mode", "in": "query", "required": True, "schema": {"enum": ["a", "b"]}},
                        {"name": "who", "in": "query", "schema": {"type": "string"}},
                        {
                            "name": "most",
                            "in": "query",
                            "schema": {"type": "integer", "minimum": 1, "maximum": 9},
                        },
                        {"name": "org_id", "in": "path", "schema": {"type": "integer"}},
                    ],
                ),
                "/things/moods/{mood}": ok(
                    {"$ref": "#/c/Thing"},
                    parameters=[{"name": "mood", "in": "path", "schema": {"type": "string"}}],
                ),
                "/things/{id}/parts": ok({"type": "array", "items": inline}, security=[{"OAuth2Member": []}]),
                "/things/{thing}": {"delete": {}},
            },
        },
        NO_FIXES,
    ).build()
    assert found == {
        "version": "9",
        "records": {
            "Owner": {"id": "int", "name": "text", "age": "float"},
            "Part": {"id": "int", "name": "text"},
            "Thing": {
                "id": "int",
                "created_at": "datetime?",
                "owner": "{Owner}",
                "state": "text?:on|half way",
                "level": "int",
                "tags": "[text]",
            },
        },
        "includes": {},
        "endpoints": [
            {
                "path": "/extra",
                "kind": "object",
                "record": "Thing",
                "flags": ["unlisted"],
                "resource": "extra",
            }
            | {"id": "id", "date": "created_at", "include_elsewhere": ["owner", "parent"]},
            {
                "path": "/things/moods/{mood}",
                "kind": "object",
                "record": "Thing",
                "text_keys": ["mood"],
                "choices": {"mood": ["up", "down"]},
                "known": {"mood": ["up"]},
                "resource": "moods",
                "key": "mood",
                "id": "id",
                "date": "created_at",
                "include_elsewhere": ["owner", "parent"],
            },
            {
                "path": "/things/{thing}/parts",
                "kind": "bare",
                "record": "Part",
                "flags": ["member_only"],
                "resource": "parts",
                "id": "id",
            },
            {
                "path": "/organizations/{organization}/things",
                "kind": "list",
                "record": "Thing",
                "include": ["owner"],
                "parameters": {
                    "flagOne": {"type": "bool", "default": True},
                    "mode": {"type": "json", "choices": ["a", "b"], "required": True},
                    "who": {"type": "text", "known": ["donor"]},
                    "most": {"type": "int", "range": [1, 9]},
                },
                "flags": ["deprecated"],
                "resource": "things",
                "id": "id",
                "date": "created_at",
                "sortable": ["name"],
                "include_elsewhere": ["parent"],
            },
        ],
    }
    assert json.loads(render(found)) == found
    assert "sentence" not in render(found)
