"""Settings of the site: ``python -m sphinx -W --keep-going -n -j auto docs docs/_build/html``.

Pages about resources, notebooks and traps are written by ``_ext/made_pages.py`` when a build begins, and
those of public names by autosummary. All of them are ignored by git. Nothing is fetched, neither by the
build nor by a page.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import classy_nb

project = "classy_nb"
author = "The classy_nb developers"
project_copyright = f"{author}. MIT license"
version = release = classy_nb.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "made_pages",
    "docstrings",
    "empty_headers",
    "flowchart",
]
exclude_patterns = ["_*"]
templates_path = ["_templates"]
# The first mistake is not the last: all warnings are shown, and -W makes the build fail in the end.
nitpicky = True
# Names of other projects are not looked up, as that would need the network, and types are often prose.
nitpick_ignore_regex = [("py:(class|obj|exc|data)", r"(?!classy_nb\.).*")]
show_warning_types = True
smartquotes = False  # messages and values are quoted as they are

# --- Markdown and notebooks

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
# Pages are shown from the outputs that are committed; tools/notebooks.py --check runs them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[
    str, dict[str, str]
] = {}  # saved outputs hold no widgets, and these would come from elsewhere
copybutton_exclude = ".linenos, .gp, .go"

# --- docstrings

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# --- looks

html_theme = "pydata_sphinx_theme"
html_title = "classy_nb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"changelog": [], "contributing": [], "architecture": [], "start": []}
pygments_style = "a11y-high-contrast-light"
html_theme_options = {
    "logo": {"text": "classy_nb"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": ["page-toc"],
}


def setup(app: Sphinx) -> None:
    """Show as plain text what Pygments has no rules for."""
    app.add_lexer("cron", TextLexer)
