"""The site has all public names, resources and reads of the API, and all notebooks; links lead somewhere."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import classy_nb as cn
from classy_nb import catalog, sandbox

ROOT = Path(__file__).parents[2]
LEAST_PAGES = 120
FOR_USERS = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "tests/TRAPS.md",
    "tests/EDGES.md",
    "benchmarks/README.md",
)
"""Markdown that people read in the repository, besides that of the site."""
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"(?ms)^(```|~~~).*?^\1")


class Parsed(HTMLParser):
    """The ids of a page, the addresses it links to, those it loads, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.ids |= {has[name] for name in ("id", "name") if name in has}
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        if tag in ("script", "img", "iframe", "source") and "src" in has:
            self.loads.append(has["src"])
        if tag == "link" and has.get("rel") in ("stylesheet", "preload", "icon", "modulepreload"):
            self.loads.append(has["href"])

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@cache
def parsed(file: Path) -> Parsed:
    return Parsed(file)


@pytest.fixture(scope="module")
def pages(site: Path) -> list[Path]:
    found = sorted(file for file in site.rglob("*.html") if "_static" not in file.parts)
    assert len(found) > LEAST_PAGES
    return found


def public_names() -> list[str]:
    names = [f"classy_nb.{name}" for name in cn.__all__ if name != "analysis"]
    names += [f"classy_nb.analysis.{name}" for name in cn.analysis.__all__]
    names += [f"classy_nb.sandbox.{name}" for name in sandbox.__all__]
    for kind in (cn.Classy, cn.Resource, cn.Credentials, cn.Mirror, sandbox.Sandbox):
        shown = "classy_nb.sandbox" if kind is sandbox.Sandbox else "classy_nb"
        own = [name for name, value in vars(kind).items() if not name.startswith("_") and value.__doc__]
        names += [f"{shown}.{kind.__name__}.{name}" for name in own if callable(vars(kind)[name])]
    return [*names, "classy_nb.Resource.__call__", "module-classy_nb.analysis"]


def test_every_public_name_is_documented(site: Path, pages: list[Path]) -> None:
    ids = set().union(*(parsed(file).ids for file in pages if "reference" in file.parts))
    assert [name for name in public_names() if name not in ids] == []


def test_public_names_have_words_not_only_a_signature(pages: list[Path]) -> None:
    undocumented = [name for name in cn.__all__ if name not in ("__version__", "analysis")]
    assert [name for name in undocumented if not (getattr(cn, name).__doc__ or "").strip()] == []


@pytest.mark.parametrize("name", sorted(catalog.load().resources))
def test_every_resource_has_a_page_with_all_of_it(site: Path, name: str) -> None:
    known = catalog.load()
    spec = known.resources[name]
    page = parsed(site / "reference" / "resources" / f"{name}.html")
    assert f"resource-{name.replace('_', '-')}" in page.ids
    text = page.text
    assert catalog.resource_meaning(name) in text
    for endpoint in spec.endpoints:
        assert endpoint.path in text
        for parameter in endpoint.parameters:
            assert f"{parameter.keyword}=" in text
        for include in (*endpoint.include, *endpoint.include_elsewhere):
            assert f'include="{include}"' in text
        cells = set(page.words)
        assert [c.name for c in known.columns(endpoint) if c.name not in cells] == []


def test_the_pages_of_resources_have_every_read_of_the_api(site: Path) -> None:
    known = catalog.load()
    listed = [one for spec in known.resources.values() for one in spec.endpoints]
    assert sorted(one.path for one in listed) == sorted(one.path for one in known.endpoints)
    index = parsed(site / "reference" / "resources" / "index.html")
    assert [
        name
        for name in known.resources
        if f"{name}.html#resource-{name.replace('_', '-')}" not in index.links
    ] == []
    assert f"{len(known.resources)}, for the {len(listed)} reads of the API" in index.text


def test_every_notebook_has_a_page_with_its_outputs(site: Path) -> None:
    files = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert len(files) > 5
    for file in files:
        cells = json.loads(file.read_text("utf-8"))["cells"]
        pictures = sum("image/png" in o.get("data", {}) for cell in cells for o in cell.get("outputs", ()))
        tables = sum("text/html" in o.get("data", {}) for cell in cells for o in cell.get("outputs", ()))
        html = (site / "notebooks" / f"{file.stem}.html").read_text("utf-8")
        assert html.count('alt="Plot of this notebook') == pictures
        assert html.count("<table") >= tables > 0 or pictures == tables == 0


def test_every_link_and_anchor_exists(site: Path, pages: list[Path]) -> None:
    broken, checked = [], 0
    for file in pages:
        for link in dict.fromkeys(parsed(file).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            checked += 1
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            found = target.is_file() and site in target.parents
            if found and parts.fragment and target.suffix == ".html":
                found = unquote(parts.fragment) in parsed(target).ids
            if not found:
                broken.append(f"{file.relative_to(site)}: {link}")
    assert broken == []
    assert checked > 2_000


def test_pages_load_nothing_from_elsewhere(site: Path, pages: list[Path]) -> None:
    loads = {
        (file, address) for file in pages for address in parsed(file).loads if not address.startswith("data:")
    }
    assert [(str(file), one) for file, one in loads if urlsplit(one).netloc or urlsplit(one).scheme] == []
    assert [one for file, one in loads if not (file.parent / unquote(urlsplit(one).path)).is_file()] == []
    styles = [file.read_text("utf-8") for file in site.rglob("*.css")]
    assert [style for style in styles if re.search(r"@import[^;]*//|url\(\s*['\"]?(https?:)?//", style)] == []


def markdown() -> list[Path]:
    of_the_site = [
        file
        for file in (ROOT / "docs").rglob("*.md")
        if not re.search(r"_build|_examples|/resources/|traps\.md", str(file))
    ]
    return [*(ROOT / name for name in FOR_USERS), *sorted(of_the_site)]


@pytest.mark.parametrize("file", markdown(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_in_the_repository_lead_to_files_and_headings(file: Path) -> None:
    for link in LINK.findall(FENCE.sub("", file.read_text("utf-8"))):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or re.match(r"#(resource-|trap-|classy_nb)", link):
            continue
        target = (file.parent / parts.path).resolve() if parts.path else file
        assert target.exists(), link
        if parts.fragment and target.suffix == ".md":
            assert parts.fragment in anchors(target), link


@cache
def anchors(file: Path) -> set[str]:
    """Return the anchors that headings get in a repository's view of a file."""
    headings = re.findall(r"(?m)^#+ (.+)$", FENCE.sub("", file.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.skipif(
    "CLASSY_OPENAPI" not in os.environ, reason="CLASSY_OPENAPI names no document of the vendor's"
)
def test_no_sentence_is_the_vendor_s(site: Path, pages: list[Path]) -> None:
    theirs: set[str] = set()

    def collect(value: Any) -> None:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(one)
        if isinstance(value, dict) and isinstance(value.get("description"), str):
            theirs.update(" ".join(s.split()) for s in re.split(r"(?<=[.!?])\s+", value["description"]))

    collect(json.loads(Path(os.environ["CLASSY_OPENAPI"]).read_text("utf-8")))
    long = {sentence for sentence in theirs if len(sentence.split()) > 5}
    assert len(long) > 100
    ours = [parsed(file).text for file in pages]
    assert sorted(sentence for sentence in long if any(sentence in text for text in ours)) == []
