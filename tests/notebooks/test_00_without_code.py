"""00_without_code holds two forms and nothing else to run. The browser tests fill them in."""

import ast


def test_it_holds_the_two_forms_and_no_output(shown):
    cells = [cell for cell in shown("00").notebook["cells"] if cell["cell_type"] == "code"]
    assert cells.pop(0)["id"] == "install"
    assert [cell["source"] for cell in cells] == [
        "import classy_nb as cn\n\nclassy = cn.login()",
        "classy.explore()",
    ]
    for cell in cells:
        ast.parse(cell["source"])
        assert cell["metadata"]["tags"] == ["skip-execution"]
        assert cell["outputs"] == []
