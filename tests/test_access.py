"""Every page for everybody: axe-core finds nothing, by day, at night, and on a phone.

Also: text of twice the size, and a palette that does not need the eye's red and green.
`make book` builds the pages that are tested here.
"""

from pathlib import Path
from typing import Any

import access_checks as access
import numpy as np
import pytest
import site_checks as checks
from test_site import PAGES, PHONE

from helpers import plots

DESKTOP = 1280


@pytest.mark.parametrize("page", [*PAGES, "search", "genindex"])
def test_page_for_everybody(page: str, browser: Any, address: str) -> None:
    """No fault of any weight, with everything unfolded."""
    with checks.opened(browser, f"{address}/{page}.html", DESKTOP, "light") as (tab, _):
        access.start(tab)
        faults = access.structure_faults(tab)
        tab.set_viewport_size({"width": PHONE, "height": 844})
        faults += [f"on a phone: {fault}" for fault in access.width_faults(tab)]
        tab.set_viewport_size({"width": DESKTOP, "height": 900})
        for theme in ("light", "dark"):
            tab.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            faults += [f"{theme}: {fault}" for fault in access.colour_faults(tab)]
    assert faults == []


@pytest.mark.parametrize("page", ["book/index", "book/2-baselines/22-behaviour"])
def test_text_of_twice_the_size(page: str, browser: Any, address: str) -> None:
    """Zoomed to 200 percent, a laptop's window of 1280 px reads without sideways scrolling."""
    with checks.opened(browser, f"{address}/{page}.html", DESKTOP // 2, "light") as (tab, seen):
        tab.evaluate("document.documentElement.style.fontSize = '125%'")
        checks.look(tab, seen)
        assert checks.width_faults(seen) == []


BROKEN = {
    "image": ('<img src="a.png">', "critical image-alt"),
    "button": ("<button></button>", "critical button-name"),
    "head": ("<table><tr><th></th></tr><tr><td>1</td></tr></table>", "minor empty-table-header"),
    "formula": ("<details><summary></summary>why</details>", "serious summary-name"),
    "faint": ('<p style="color: #bbb">milk</p>', "serious color-contrast"),
    "folded": (
        '<details><summary>more</summary><p style="color: #bbb">milk</p></details>',
        "serious color-contrast",
    ),
    "link": (
        '<style>a {color: #333; text-decoration: none}</style><p>so <a href="#x">it</a> is</p>',
        "serious link-in-text-block",
    ),
    "scrolls": (
        f'<pre style="width: 9em; overflow: auto">{"wide " * 40}</pre>',
        "serious scrollable-region-focusable",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_check_reports(name: str, browser: Any, tmp_path: Path) -> None:
    """A planted fault is found."""
    body, expected = BROKEN[name]
    assert any(fault.startswith(expected) for fault in faults_of(browser, tmp_path, body))


def test_check_accepts(browser: Any, tmp_path: Path) -> None:
    """A good page has no fault, the same code twice is measured once, a formula is a head."""
    code = '<div class="highlight"><pre><span class="k">for</span></pre></div>'
    head = "<table><tr><th><mjx-container></mjx-container></th></tr><tr><td>1</td></tr></table>"
    assert faults_of(browser, tmp_path, 2 * code + head) == []


def faults_of(browser: Any, folder: Path, body: str) -> list[str]:
    """All faults of a small page."""
    html = (
        '<!doctype html><html lang="en"><head><title>x</title></head>'
        f"<body><main><h1>x</h1>{body}</main></body></html>"
    )
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    with checks.opened(browser, path.as_uri(), PHONE, "light") as (tab, _):
        access.start(tab)
        return access.structure_faults(tab) + access.colour_faults(tab)


# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
EYES = {
    "all cones": np.eye(3),
    "no red": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no green": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
LINEAR_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
APART = 10  # CIE 1976 distance; 2 to 3 is what an eye can tell side by side


def linear(colours: tuple[str, ...]) -> np.ndarray:
    """Linear RGB (n, 3) of colours written as "#rrggbb"."""
    levels = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """CIELAB (n, 3) of linear RGB, white D65."""
    xyz = np.clip(light, 0, 1) @ LINEAR_TO_XYZ.T / LINEAR_TO_XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def nearest_pair(colours: tuple[str, ...], eyes: str) -> float:
    """The smallest distance in CIELAB between two colours, as these eyes see them."""
    places = lab(linear(colours) @ EYES[eyes].T)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    return float(apart[np.triu_indices(len(colours), 1)].min())


@pytest.mark.parametrize("eyes", EYES)
def test_palette_is_told_apart(eyes: str) -> None:
    """Any two colours of the book differ, also to eyes without red or green cones."""
    assert nearest_pair(plots.COLOURS, eyes) > APART


def test_palette_check_reports() -> None:
    """Red and green of the same lightness are far apart for most eyes, and one for some."""
    pair = ("#a06000", "#608000")
    assert nearest_pair(pair, "all cones") > 3 * APART
    assert min(nearest_pair(pair, eyes) for eyes in EYES) < APART


def test_shape_goes_with_colour() -> None:
    """Series differ in their marks, too: colour is never the only sign."""
    import matplotlib as mpl

    plots.use_style()
    cycle = list(mpl.rcParams["axes.prop_cycle"])
    marks = [style["marker"] for style in cycle]
    assert len(set(marks)) == len(marks) == len(plots.COLOURS)
    assert len(set(plots.SHAPES)) == len(plots.SHAPES)
