"""A site that asks no other host: MathJax comes from a pip package, Thebe is not loaded."""

import importlib.util
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

CARRIER = "sphinx-mathjax-offline"  # the pip package that carries MathJax 3
# The engine, its fonts, the TeX extensions it loads on demand, and what its menu's speech needs.
NEEDED = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)


def mathjax_source() -> Path:
    """Folder of MathJax inside the pip package; ModuleNotFoundError when it is not installed."""
    spec = importlib.util.find_spec(CARRIER)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{CARRIER} is missing; run `pip install -r requirements.txt`")
    return Path(spec.origin).parent / "static" / "mathjax"


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Put what the pages need of MathJax beside them."""
    if error is not None or app.builder.format != "html":
        return
    for name in NEEDED:
        source = mathjax_source() / name
        target = Path(app.outdir) / "_static" / "mathjax" / name
        folder = target if source.is_dir() else target.parent
        folder.mkdir(parents=True, exist_ok=True)
        copy_asset(str(source), str(folder))


def drop_thebe(app: Sphinx, config: Config) -> None:
    """Take Thebe out: Jupyter Book always loads it, it names a CDN and declares a constant twice."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [
            listener
            for listener in listeners
            if getattr(listener.handler, "__module__", "") != "sphinx_thebe"
        ]
    styles = app.registry.css_files
    styles[:] = [style for style in styles if style[0] != "sphinx-thebe.css"]


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("config-inited", drop_thebe)
    app.connect("build-finished", copy_mathjax)
