"""Secrets that must not show: every form in which one could, and where it does."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from classy_nb.sandbox import Sandbox


def forms(text: str, client_id: str) -> set[bytes]:
    """Every form in which a secret has been seen in logs and files."""
    raw = text.encode()
    pair = f"{client_id}:{text}".encode()
    found = {raw, quote(raw, safe="").encode(), text[::-1].encode(), raw.hex().encode()}
    found |= {base64.b64encode(part).rstrip(b"=") for part in (raw, pair)}
    return found | {text.encode("utf-16-le")}


def leaks(folder: Path, client_id: str, canaries: Mapping[str, str], *outputs: str) -> list[str]:
    """Name every file below a folder, and every output, that shows a canary."""
    places = {f"output {number}": text.encode() for number, text in enumerate(outputs)}
    places |= {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    sought = {what: forms(canary, client_id) for what, canary in canaries.items()}
    return [
        f"{what} in {place}"
        for place, content in places.items()
        for what, shapes in sought.items()
        if any(shape in content for shape in shapes)
    ]


def tokens_of(box: Sandbox) -> dict[str, str]:
    """Return the tokens that a sandbox has given out and not taken back; there must be some."""
    tokens = list(box.tokens._ends)
    assert tokens
    return {f"token {number}": token for number, token in enumerate(tokens)}
