"""What may stand in a committed notebook, and when two runs of it say the same."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Notebook = dict[str, Any]
MOST_PEOPLE = 10
"""So many different e-mail addresses may stand in the outputs of a notebook."""
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PROGRESS = re.compile(r"[\w/ -]+: [\d,]+ rows?, [\d,]+ requests? in [\d.]+ s")
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?")
_NUMBER = re.compile(r"-?[\d,]+(\.\d+)?")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_UNWANTED = {
    "a secret or a token": re.compile(r"(?i)\b[0-9a-f]{16,}\b|bearer\s+\S{8,}|client_secret\W{1,4}\w{8,}"),
    "a port or an address": re.compile(r"127\.0\.0\.1|localhost|\[::1\]|://[^/\s]+:\d+"),
    "a path of this machine": re.compile(r"(?<![\w.])/(tmp|home|root|work|var|Users|private)/|[A-Z]:\\"),
    "an address in memory": re.compile(r"\b0x[0-9a-f]{6,}\b"),
}


def load(path: Path) -> Notebook:
    """Read a notebook; the lists of lines in it become text."""
    notebook: Notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = "".join(output["text"])
            for kind, value in output.get("data", {}).items():
                output["data"][kind] = "".join(value) if isinstance(value, list) else value
    return notebook


def written(notebook: Notebook) -> str:
    """Return a notebook as it stands in the file: sorted keys, one line of text a line."""

    def lines(value: Any, kind: str = "text/plain") -> Any:
        return value.splitlines(keepends=True) if isinstance(value, str) and "image" not in kind else value

    cells = []
    for cell in notebook["cells"]:
        cells.append({**cell, "source": lines(cell["source"])})
        if "outputs" in cell:
            cells[-1]["outputs"] = [
                {name: lines(value) if name == "text" else value for name, value in output.items()}
                | ({"data": {k: lines(v, k) for k, v in output["data"].items()}} if "data" in output else {})
                for output in cell["outputs"]
            ]
    return json.dumps({**notebook, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def tidy(notebook: Notebook) -> Notebook:
    """Return what of a notebook that has run is the same each time: no progress, no time, no widgets."""
    cells = []
    for number, cell in enumerate(notebook["cells"], 1):
        tags = {"tags": cell["metadata"]["tags"]} if cell["metadata"].get("tags") else {}
        name = f"cell-{number:02d}" if _RANDOM_ID.fullmatch(cell.get("id", "0" * 8)) else cell["id"]
        kept = {"cell_type": cell["cell_type"], "id": name, "metadata": tags, "source": cell["source"]}
        if cell["cell_type"] == "code":
            outputs = list(_tidy_outputs(cell["outputs"]))
            kept |= {"execution_count": cell["execution_count"], "outputs": outputs}
        cells.append(kept)
    return {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}


def _tidy_outputs(outputs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    stream: dict[str, Any] | None = None
    for output in outputs:
        if output["output_type"] == "stream":
            if stream is not None and stream["name"] == output["name"]:
                stream["text"] += output["text"]  # how text is cut into messages is chance
                continue
            stream = dict(output)
            yield stream
            continue
        stream = None
        if "data" not in output:
            yield dict(output)
            continue
        if _PROGRESS.fullmatch(output["data"].get("text/plain", "").strip()):
            continue
        data = {k: v.strip() if "image" in k else v for k, v in output["data"].items() if k != _WIDGET}
        yield {**output, "data": data, "metadata": {}}


def complaints(notebook: Notebook) -> list[str]:
    """Return what must not be committed, by cell: errors, warnings, widgets, secrets, paths, many people."""
    found = ["metadata: holds widget state"] if "widgets" in notebook["metadata"] else []
    people: set[str] = set()
    for cell, output in _outputs(notebook):
        if output["output_type"] == "error":
            found.append(f"{cell}: raised {output['ename']}: {output['evalue']}")
        if output.get("name") == "stderr":
            found.append(f"{cell}: wrote to stderr: {output['text'].strip()[:300]}")
        if _WIDGET in output.get("data", {}):
            found.append(f"{cell}: shows a widget")
        text = _all_text(output)
        people |= set(_EMAIL.findall(text))
        for what, pattern in _UNWANTED.items():
            if pattern.search(text):
                found.append(f"{cell}: shows {what}")  # without saying it again
    if len(people) > MOST_PEOPLE:
        found.append(f"outputs: {len(people)} e-mail addresses, more than {MOST_PEOPLE}; show fewer rows")
    return found


def differences(old: Notebook, new: Notebook) -> list[str]:
    """Return where what two notebooks show differs, by cell.

    Text must be the same but for blanks, HTML (tables) in the text of its cells, and where there is HTML
    the plain text beside it plays no part: other versions of pandas and IPython lay both out in other
    ways, and may write the 1848 of a mixed column as 1,848.00. Pictures must look alike (see
    :func:`alike`): other versions of matplotlib and of its fonts draw other pixels.
    """
    if [c["source"] for c in old["cells"]] != [c["source"] for c in new["cells"]]:
        return ["cells: the code or text has changed"]
    found = []
    for number, (before, after) in enumerate(zip(old["cells"], new["cells"], strict=True), 1):
        shown = [[_shown(o) for o in cell.get("outputs", [])] for cell in (before, after)]
        if len(shown[0]) != len(shown[1]):
            found.append(
                f"{label(number, after)}: {len(shown[0])} outputs are committed, {len(shown[1])} came"
            )
            continue
        for committed, came in zip(*shown, strict=True):
            if isinstance(committed, bytes) and isinstance(came, bytes):
                if not alike(committed, came):
                    found.append(f"{label(number, after)}: the picture looks different")
            elif committed != came:
                found.append(f"{label(number, after)}: {_first_difference(committed, came)}")
    return found


def _first_difference(committed: list[str] | bytes, came: list[str] | bytes) -> str:
    if isinstance(committed, bytes) or isinstance(came, bytes):
        return "a picture has become text, or text a picture"
    pairs = zip([*committed, *[""] * len(came)], [*came, *[""] * len(committed)], strict=True)
    old, new = next((a, b) for a, b in pairs if a != b)
    return f"committed {old[:200]!r}, came {new[:200]!r}"


def label(number: int, cell: dict[str, Any]) -> str:
    """Name a cell as people find it: its place and its id."""
    return f"cell {number} ({cell.get('id', 'no id')})"


def _outputs(notebook: Notebook) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, cell in enumerate(notebook["cells"], 1):
        for output in cell.get("outputs", []):
            yield label(number, cell), output


def _all_text(output: dict[str, Any]) -> str:
    data = [str(value) for kind, value in output.get("data", {}).items() if "image" not in kind]
    return "\n".join([output.get("text", ""), *data])


def _shown(output: dict[str, Any]) -> list[str] | bytes:
    """Return what a reader sees: a picture's bytes, or words."""
    data = output.get("data", {})
    if "image/png" in data:
        return base64.b64decode(data["image/png"])
    if "text/html" in data:
        return [_bare(text) for text in cell_texts(data["text/html"])]
    text = output.get("text", data.get("text/plain", ""))
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def _bare(text: str) -> str:
    """Return a number without its commas and without decimals that are zero; other text as it is."""
    if _NUMBER.fullmatch(text) is None:
        return text
    whole, _, decimals = text.replace(",", "").partition(".")
    return f"{whole}.{decimals}" if decimals.strip("0") else whole


def cell_texts(markup: str) -> list[str]:
    """Return the texts of HTML (a table's cells, row by row), without blanks around them."""
    parser = _Texts()
    parser.feed(markup)
    parser.close()
    return parser.texts


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._style = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._style:
            self.texts.append(" ".join(data.split()))


_GRID = 40
_SIZE_TOLERANCE = 0.1
_GRAY_TOLERANCE = 0.04


def alike(first: bytes, second: bytes) -> bool:
    """Return whether two PNG pictures look alike: nearly the same size, and as dark in nearly all places.

    Each picture is laid on a grid of 40 by 40 fields; the mean difference of their grays may be 4 %.
    """
    import numpy as np
    from matplotlib.image import imread

    if first == second:
        return True
    fields = []
    sizes = []
    for data in (first, second):
        picture = imread(io.BytesIO(data), format="png")[..., :3].mean(axis=2)
        sizes.append(picture.shape)
        rows, columns = (np.linspace(0, n, _GRID + 1).astype(int) for n in picture.shape)
        sums = np.add.reduceat(np.add.reduceat(picture, rows[:-1], axis=0), columns[:-1], axis=1)
        fields.append(sums / np.outer(np.diff(rows), np.diff(columns)))
    near = all(abs(a - b) <= _SIZE_TOLERANCE * max(a, b) for a, b in zip(*sizes, strict=True))
    return near and float(np.abs(fields[0] - fields[1]).mean()) <= _GRAY_TOLERANCE
