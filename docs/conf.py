"""Configuration of the documentation (Sphinx)."""

import re
import sys
from importlib import import_module
from inspect import ismodule
from pathlib import Path

import matplotlib
from sphinx.util import logging

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _architecture import write as write_architecture  # noqa: E402
from _intervals import write_intervals  # noqa: E402
from _markdown import to_rst  # noqa: E402
from _monitoring import write_monitoring  # noqa: E402
from _results import write_results, write_text  # noqa: E402

import skspectral  # noqa: E402

matplotlib.use("Agg")

project = "skspectral"
author = "The skspectral developers"
copyright = author
version = release = skspectral.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    # equations without a network
    "sphinx-mathjax-offline",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_generated", "auto_examples/*.ipynb", "**.md5"]
default_role = "literal"

html_theme = "pydata_sphinx_theme"
html_title = "skspectral"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "header_links_before_dropdown": 8}
# pages that are no part of a section have no navigation beside them
html_sidebars = {
    name: []
    for name in (
        "index",
        "quickstart",
        "your_own_data",
        "api",
        "results",
        "pitfalls",
        "persistence",
        "foundation",
        "deep",
        "network",
        "pretraining",
        "install",
        "glossary",
        "contributing",
        "changelog",
    )
}

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skspectral",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "min_reported_time": 10,
    "show_memory": False,
    "show_signature": False,
}

# every public name of these modules has to stand in api.rst
DOCUMENTED_MODULES = (
    "skspectral",
    "skspectral.base",
    "skspectral.comparison",
    "skspectral.datasets",
    "skspectral.diagnostics",
    "skspectral.exceptions",
    "skspectral.metrics",
    "skspectral.monitoring",
    "skspectral.plotting",
    "skspectral.io",
    "skspectral.testing",
)


def skip_inherited_from_sklearn(app, what, name, obj, skip, options):
    """Leave out what scikit-learn documents: get_params, set_fit_request and the like."""
    return True if str(getattr(obj, "__module__", "")).startswith("sklearn") else None


def check_api_is_complete(app):
    """Warn of public names that the API reference does not list."""
    listed = set(re.findall(r"^ {3}(\w+)$|``(\w+)``", (HERE / "api.rst").read_text("utf8"), flags=re.MULTILINE))
    listed = {name for pair in listed for name in pair}
    for module in DOCUMENTED_MODULES:
        for name in import_module(module).__all__:
            is_module = ismodule(getattr(import_module(module), name))
            if name not in listed and not is_module and name != "__version__":
                logging.getLogger(__name__).warning("api.rst does not list %s.%s", module, name)


def write_generated_pages(app):
    """Write what comes from outside of this folder: benchmark results, the network's drawing, Markdown of the root."""
    generated = HERE / "_generated"
    write_results(HERE.parent / "benchmarks" / "accuracy" / "results", generated)
    write_monitoring(HERE.parent / "benchmarks" / "monitoring" / "results", generated)
    write_intervals(HERE.parent / "benchmarks" / "deployment" / "results", generated)
    write_architecture(generated)
    for name in ("CHANGELOG", "CONTRIBUTING"):
        write_text(generated / f"{name.lower()}.rst", to_rst((HERE.parent / f"{name}.md").read_text("utf8")))


def setup(app):
    """Connect the steps of this documentation to Sphinx."""
    app.connect("autodoc-skip-member", skip_inherited_from_sklearn)
    app.connect("builder-inited", check_api_is_complete)
    # before the gallery and autosummary, which read the pages
    app.connect("builder-inited", write_generated_pages, priority=100)
