"""Every docstring reads as formatted text, so that the reference can show it."""

import ast
import io

import api
import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import roles
from sphinx.ext.napoleon import Config, NumpyDocstring

from tests.conftest import ROOT

PACKAGE = api.Package(ROOT / "code" / "latentsampler")


def complaints(text):
    """Return what docutils says of a numpydoc docstring."""
    for name in ("func", "class", "meth", "mod", "obj", "attr", "data"):  # of Sphinx
        roles.register_generic_role(name, nodes.literal)
    said = io.StringIO()
    plain = str(NumpyDocstring(text, Config(napoleon_use_rtype=False, napoleon_use_ivar=True)))
    publish_doctree(plain, settings_overrides={"report_level": 2, "warning_stream": said, "halt_level": 5})
    return said.getvalue()


@pytest.mark.parametrize("module", sorted(PACKAGE.trees))
def test_docstrings_are_formatted_text(module):
    tree = PACKAGE.trees[module]
    said = complaints(api.overview(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            said += complaints(ast.get_docstring(node) or "")
    assert not said


def test_an_unclosed_quotation_is_a_complaint():
    assert "start-string without end-string" in complaints("Return ``x.")
    assert not complaints("Return ``x``, see :func:`y`.\n\nParameters\n----------\nx : int\n    A number.")
