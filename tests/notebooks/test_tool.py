"""The tool that runs notebooks: what it keeps, what it refuses, what it calls stale."""

import base64
import json
from importlib.util import find_spec

import notebook_outputs as outputs
import pytest

import notebooks as tool

PIXEL = base64.b64encode(b"not compared here").decode()
# The gate's notebooks step has it installed, so there nothing is skipped.
needs_pictures = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs classy-nb[notebooks]")


def code(source, *shown, name="asks", count=1):
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "execution_count": count,
        "outputs": list(shown),
    }


def notebook(*cells):
    return outputs.tidy({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def result(**data):
    kinds = {"plain": "text/plain", "html": "text/html", "png": "image/png"}
    return {
        "output_type": "display_data",
        "metadata": {"needs_background": "light"},
        "data": {kinds.get(name, name): value for name, value in data.items()},
    }


def shown(cell):
    return notebook(cell)["cells"][0]["outputs"]


class TestTidy:
    def test_pieces_of_a_stream_are_joined(self):
        cell = code("x", printed("a\n"), printed("b\n"), printed("!", "stderr"), printed("c"))
        assert [o["text"] for o in shown(cell)] == ["a\nb\n", "!", "c"]

    @pytest.mark.parametrize(
        "line",
        [
            "transactions: 60,100 rows, 601 requests in 7.3 s",
            "campaigns: 5 rows, 1 request in 0.0 s",
            "organizations: 1 row, 1 request in 0.0 s",
        ],
    )
    def test_progress_lines_go_and_other_text_stays(self, line):
        cell = code("x", result(plain=line, html=f"<div>{line}</div>"), result(plain="12 rows"))
        assert [o["data"] for o in shown(cell)] == [{"text/plain": "12 rows"}]

    def test_widgets_timing_and_versions_go(self):
        cell = code("x", result(**{"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}, plain="w"))
        cell["metadata"] = {"execution": {"iopub.execute_input": "2026-11-23"}, "tags": ["kept"]}
        raw = {"cells": [cell], "metadata": {"widgets": {}, "language_info": {"version": "3.11.7"}}}
        tidied = outputs.tidy(raw)
        assert tidied["cells"][0]["metadata"] == {"tags": ["kept"]}
        assert tidied["cells"][0]["outputs"] == [
            {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "w"}}
        ]
        assert tidied["metadata"]["language_info"] == {"name": "python"}
        assert "widgets" not in tidied["metadata"]

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("progress", "progress"),
            ("1f2e3d4c", "cell-01"),
            ("0b0c6a51-93c1-4a4e-8f0e-2f5c5c0f7a11", "cell-01"),
        ],
    )
    def test_random_ids_become_places(self, given, kept):
        assert notebook(code("x", name=given))["cells"][0]["id"] == kept

    def test_what_is_written_reads_back(self, tmp_path):
        text = "print('é')\nx"
        before = notebook(code(text, printed("a\nb\n"), result(plain="1\n2", png=PIXEL)))
        path = tmp_path / "x.ipynb"
        path.write_text(outputs.written(before), "utf-8")
        assert outputs.load(path) == before
        assert json.loads(path.read_text("utf-8"))["cells"][0]["source"] == ["print('é')\n", "x"]


class TestComplaints:
    def test_nothing_about_a_clean_one(self):
        assert outputs.complaints(notebook(code("x", printed("1,234.50 USD\n"), result(png=PIXEL)))) == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("token 0123456789abcdef0123456789abcdef", "a secret or a token"),
            ("Authorization: Bearer abcdefghij", "a secret or a token"),
            ("http://127.0.0.1:40123/2.0", "a port or an address"),
            ("https://api.example.org:8443/x", "a port or an address"),
            ("PosixPath('/tmp/abc/gifts.csv')", "a path of this machine"),
            (r"C:\Users\me\gifts.csv", "a path of this machine"),
            ("<object at 0x7f0a1b2c3d4e>", "an address in memory"),
        ],
    )
    @pytest.mark.parametrize("how", ["printed", "shown"])
    def test_what_must_not_be_shown_is_named_but_not_repeated(self, text, said, how):
        output = printed(text) if how == "printed" else result(plain="x", html=f"<p>{text}</p>")
        (complaint,) = outputs.complaints(notebook(code("x", output)))
        assert complaint == f"cell 1 (asks): shows {said}"

    def test_errors_and_stderr(self):
        error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
        assert outputs.complaints(notebook(code("x", error), code("y", printed("careful", "stderr")))) == [
            "cell 1 (asks): raised ValueError: no",
            "cell 2 (asks): wrote to stderr: careful",
        ]

    def test_widget_state(self):
        raw = notebook(code("x"))
        raw["metadata"] = {"widgets": {"state": {}}}
        assert outputs.complaints(raw) == ["metadata: holds widget state"]

    def test_many_people(self):
        people = [f"person{n}@example.org" for n in range(11)]
        few = notebook(code("x", printed(" ".join(people[:10] * 3))))
        many = notebook(code("x", printed(" ".join(people[:6]))), code("y", printed(" ".join(people[6:]))))
        assert outputs.complaints(few) == []
        (complaint,) = outputs.complaints(many)
        assert complaint.startswith("outputs: 11 e-mail addresses")


class TestDifferences:
    def test_layout_is_none(self):
        old = notebook(code("x", result(plain="a  b\n0  1", html="<table>\n<td>a</td><td> 1</td></table>")))
        new = notebook(code("x", result(plain="a b \\\n0 1", html="<table><td>a</td>\n<td>1</td></table>")))
        assert outputs.differences(old, new) == []
        lines = [notebook(code("x", printed(text))) for text in ("a   b \n", "a b")]
        assert outputs.differences(*lines) == []

    def test_commas_and_zero_decimals_are_none_in_a_table(self):
        tables, lines = (
            [notebook(code("x", shown)) for shown in both]
            for both in (
                [result(plain="t", html=f"<td>{number}</td>") for number in ("1848", "1,848.00")],
                [printed(number) for number in ("1848", "1,848.00")],
            )
        )
        assert outputs.differences(*tables) == []
        assert outputs.differences(*lines) == ["cell 1 (asks): committed '1848', came '1,848.00'"]

    def test_another_number_in_a_table_is_one(self):
        old, new = (
            notebook(code("x", result(plain="t", html=f"<td>USD</td><td>{amount}</td>")))
            for amount in ("1.00", "1.01")
        )
        assert outputs.differences(old, new) == ["cell 1 (asks): committed '1', came '1.01'"]

    def test_a_row_more_is_one(self):
        old, new = (notebook(code("x", printed(text))) for text in ("a\n", "a\nb\n"))
        assert outputs.differences(old, new) == ["cell 1 (asks): committed '', came 'b'"]

    def test_an_output_more_is_one(self):
        old, new = notebook(code("x")), notebook(code("x", printed("a")))
        assert outputs.differences(old, new) == ["cell 1 (asks): 0 outputs are committed, 1 came"]

    def test_text_in_place_of_a_picture_is_one(self):
        old, new = notebook(code("x", result(png=PIXEL, plain="f"))), notebook(code("x", result(plain="f")))
        assert outputs.differences(old, new) == [
            "cell 1 (asks): a picture has become text, or text a picture"
        ]

    def test_other_code_is_one(self):
        assert outputs.differences(notebook(code("x")), notebook(code("y"))) == [
            "cells: the code or text has changed"
        ]


@needs_pictures
class TestPictures:
    def plot(self, heights, *, size=10.0, dpi=100):
        import io

        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3), dpi=dpi)
        axes = figure.subplots()
        axes.bar(range(len(heights)), heights)
        axes.set_title("Gifts by month", fontsize=size)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        return file.getvalue()

    def test_fonts_and_a_few_pixels_more_are_alike(self):
        first = self.plot([3, 1, 4, 1, 5])
        assert outputs.alike(first, self.plot([3, 1, 4, 1, 5], size=10.6))
        assert outputs.alike(first, self.plot([3, 1, 4, 1, 5], dpi=103))

    def test_other_bars_and_another_size_are_not(self):
        first = self.plot([3, 1, 4, 1, 5])
        assert not outputs.alike(first, self.plot([5, 5, 1, 4, 1]))
        assert not outputs.alike(first, self.plot([3, 1, 4, 1, 5], dpi=150))


class TestVerdicts:
    """``--check`` and ``--write`` over a run that is told, not made."""

    @pytest.fixture
    def committed(self, tmp_path):
        path = tmp_path / "07_asks.ipynb"
        path.write_text(outputs.written(notebook(code("x", printed("1\n")))), "utf-8")
        return path

    @pytest.fixture
    def came(self, committed, monkeypatch):
        """Let a run of the notebook bring these cells, or these problems."""

        def bring(*cells, problems=()):
            async def run_all(paths):
                assert paths == [committed]
                return [tool.Run(committed, notebook(*cells), 1.0, list(problems))]

            monkeypatch.setattr(tool, "chosen", lambda names: [committed])
            monkeypatch.setattr(tool, "run_all", run_all)

        return bring

    def test_fresh(self, came, capsys):
        came(code("x", printed("1\n")))
        assert tool.main(["--check"]) == 0
        assert tool.main(["--check", "--exact"]) == 0
        assert "07_asks.ipynb: fresh" in capsys.readouterr().out

    def test_stale(self, came, capsys):
        came(code("x", printed("2\n")))
        assert tool.main(["--check"]) == 1
        assert "cell 1 (asks): committed '1', came '2'" in capsys.readouterr().out

    def test_exact_is_stricter(self, came, capsys):
        came(code("x", printed("1 \n")))
        assert tool.main(["--check"]) == 0
        assert tool.main(["--check", "--exact"]) == 1
        assert "other bytes" in capsys.readouterr().out

    def test_a_problem_is_never_written(self, came, committed, capsys):
        before = committed.read_bytes()
        came(code("x", printed("2\n")), problems=["cell 1 (asks): shows a widget"])
        assert tool.main(["--write"]) == 1
        assert committed.read_bytes() == before
        assert "07_asks.ipynb: failed" in capsys.readouterr().out

    def test_written(self, came, committed):
        came(code("x", printed("2\n")))
        assert tool.main(["--write"]) == 0
        assert outputs.load(committed) == notebook(code("x", printed("2\n")))

    def test_untidy(self, came, committed, capsys):
        untidy = outputs.load(committed)
        untidy["cells"][0]["metadata"] = {"execution": {}}
        committed.write_text(outputs.written(untidy), "utf-8")
        came(code("x", printed("1\n")))
        assert tool.main(["--check"]) == 1
        assert "it holds what --write would leave out" in capsys.readouterr().out


def test_names_are_beginnings(tmp_path):
    for name in ("01_a", "02_b"):
        (tmp_path / f"{name}.ipynb").touch()
    assert [p.stem for p in tool.chosen([], tmp_path)] == ["01_a", "02_b"]
    assert [p.stem for p in tool.chosen(["02"], tmp_path)] == ["02_b"]
    assert [p.stem for p in tool.chosen(["notebooks/01_a.ipynb"], tmp_path)] == ["01_a"]
    with pytest.raises(SystemExit, match="No such notebook: 03"):
        tool.chosen(["01", "03"], tmp_path)
