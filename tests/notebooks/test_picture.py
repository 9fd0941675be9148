"""The README's picture: small, and of what the quickstart shows."""

import struct

import notebook_outputs
import pictures


def test_it_is_small_and_wide_enough_to_read() -> None:
    data = pictures.QUICKSTART.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) <= pictures.LARGEST
    width, height = struct.unpack(">II", data[16:24])
    assert 1_200 <= width <= 1_800
    assert height < width


def test_its_page_holds_the_committed_frame_and_plot(shown) -> None:
    page = pictures.quickstart_page()
    texts = notebook_outputs.cell_texts(page)
    quickstart = shown("01")
    for row in quickstart.table("first-frame"):
        for name, value in row.items():
            assert value in texts, name
    plots = [o["data"]["image/png"] for c in quickstart.notebook["cells"] if c["id"] == "report"
             for o in c["outputs"] if "image/png" in o.get("data", {})]  # fmt: skip
    assert len(plots) == 1
    assert plots[0].strip() in page
    assert "http" not in page
