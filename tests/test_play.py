"""The figures that can be moved, used as a reader would: typed, dragged, with keys; and the numbers
that they show, held against NumPy and `helpers.similarity`.

`make book` builds the pages that are tested here.
"""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from alike_book import play
from scipy.special import softmax
from test_extension import build
from test_site import SITE

from helpers import similarity

PAGES = {
    "cosine": "book/2-baselines/21-content",
    "lift": "book/2-baselines/22-behaviour",
    "softmax": "book/3-deep/31-mlp",
    "attention": "book/3-deep/35-transformer",
}
pytestmark = pytest.mark.usefixtures("site")
NEAR = {"rel": 0, "abs": 0.00051}  # the figures round to three decimals


def open_figure(browser: Any, name: str, **context: Any) -> Any:
    """The figure on its chapter's page, opened as a file."""
    tab = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}} | context).new_page()
    tab.goto((SITE / f"{PAGES[name]}.html").as_uri(), wait_until="domcontentloaded")
    return tab.locator(f"figure.play[data-play={name}]")


@pytest.fixture(scope="module")
def figures(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Each figure by name, as at its start; its page is opened once."""
    opened: dict[str, Any] = {}

    def figure(name: str) -> Any:
        if name not in opened:
            opened[name] = open_figure(browser, name)
        opened[name].get_by_role("button", name="Reset").click()
        return opened[name]

    yield figure
    for one in opened.values():
        one.page.context.close()


def cells(figure: Any, row: str, table: int = 0) -> list[str]:
    """The texts of a table's row, its head left out."""
    lines = figure.locator("table").nth(table).locator("tr").all_inner_texts()
    (found,) = (line.split("\t")[1:] for line in lines if line.split("\t")[0] == row)
    return list(found)


def value(text: str) -> float:
    """A number as the figures print it.

    >>> value("−0.5"), value("63.4°")
    (-0.5, 63.4)
    """
    return float(text.replace("−", "-").removesuffix("°"))


def type_in(figure: Any, **numbers: float) -> None:
    """Type numbers into the fields of these names."""
    for name, number in numbers.items():
        figure.get_by_role("spinbutton", name=name, exact=True).fill(str(number))


def typed(figure: Any, name: str) -> float:
    """What a field shows."""
    return float(figure.get_by_role("spinbutton", name=name, exact=True).input_value())


def type_arrows(figure: Any, arrows: list[list[float]]) -> None:
    """Type both arrows of the cosine's figure."""
    for name, arrow in zip("AC", arrows, strict=True):
        type_in(
            figure,
            **{f"{name}: {axis}": v for axis, v in zip(("pasta", "dry"), arrow, strict=True)},
        )


def changed(figure: Any) -> set[str]:
    """The measures that the last move has changed, as the table marks them."""
    return set(figure.locator("tr.changed th").all_inner_texts())


# ---------------------------------------------------------------- the directive

TRY = "# Page\n\n```{play} NAME\n- try: Turn $x$.\n  answer: It turns.\n```\n"


def test_a_page_loads_the_scripts_of_its_own_figures(tmp_path: Path) -> None:
    html, warnings = build(tmp_path, TRY.replace("NAME", "cosine"))
    assert warnings == ""
    assert re.findall(r'src="_static/(play/\w+\.js)', html) == ["play/play.js", "play/cosine.js"]
    assert (
        "play/play.css" in html and 'class="math' in html and "<summary>Answer</summary>" in html
    )
    assert "It starts like this. A: pasta 1, dry 2." in html
    without, _ = build(tmp_path / "other", "# Page\n\nNothing moves.")
    assert "play/" not in without


@pytest.mark.parametrize(
    "page, message",
    [
        (
            TRY.replace("NAME", "cosin"),
            "no such figure; there are attention, cosine, lift, softmax",
        ),
        (
            TRY.replace("NAME", "cosine").replace("answer", "anwser"),
            "entry 1 needs a `try` and an",
        ),
        ("# Page\n\n```{play} cosine\n```", "the body must be a list of things to try"),
        ("# Page\n\n```{play} cosine\n- try: a: b\n```", "put texts in quotes"),
    ],
)
def test_the_directive_refuses(page: str, message: str, tmp_path: Path) -> None:
    html, warnings = build(tmp_path, page)
    assert message in warnings and "<figure" not in html


def test_every_figure_has_its_script_and_a_page() -> None:
    folder = Path(play.__file__).parents[2] / "_static" / "play"
    scripts = {path.stem for path in folder.glob("*.js")} - {"play"}
    assert scripts == set(play.FIGURES) == set(PAGES)


# ---------------------------------------------------------------- cosine


@pytest.mark.parametrize("arrows", [[[3, 4], [4, 3]], [[-2.5, 1], [2, 0]], [[0, 0], [1, 2]]])
def test_cosine_of_typed_arrows(figures: Any, arrows: list[list[float]]) -> None:
    figure, (x, y) = figures("cosine"), np.array(arrows, dtype=float)
    type_arrows(figure, arrows)
    rows = ("dot product", "cosine", "Jaccard", "Euclid")
    shown = [value(cells(figure, row)[1]) for row in rows]
    asked = [similarity.cosine, similarity.jaccard, similarity.euclidean]
    wanted = [x @ y, *(float(measure(x[None], y[None])[0, 0]) for measure in asked)]
    assert shown == pytest.approx(wanted, **NEAR)
    angle = cells(figure, "angle")[1]
    if x.any() and y.any():
        assert value(angle) == pytest.approx(math.degrees(math.acos(wanted[1])), abs=0.051)
    else:
        assert angle == "–" and "no direction" in cells(figure, "cosine")[0]


def test_cosine_does_not_hear_length(figures: Any) -> None:
    """The first and the third thing to try, and the formula with its numbers."""
    figure = figures("cosine")
    assert cells(figure, "cosine")[0] == "1 / (2.24 · 1)"
    figure.get_by_role("button", name="A × 2").click()
    assert changed(figure) == {"dot product", "length of A", "Euclid"}
    assert cells(figure, "cosine")[1:] == ["0.447", "the same"]
    assert figure.get_by_role("button", name="A × 2").is_disabled()
    figure = figures("cosine")
    type_in(figure, **{"C: dry": 0.1})
    assert cells(figure, "Jaccard")[1:] == ["1", "0.5"]
    assert 0 < value(cells(figure, "cosine")[1]) - value(cells(figure, "cosine")[2]) < 0.1


def test_cosine_of_orthogonal_arrows(figures: Any) -> None:
    """The second thing to try: no shared word first, then a negative number."""
    figure = figures("cosine")
    type_in(figure, **{"A: pasta": 0})
    assert [cells(figure, row)[1] for row in ("cosine", "dot product", "Jaccard")] == ["0"] * 3
    type_arrows(figure, [[-1, 1], [2, 2]])
    assert [cells(figure, row)[1] for row in ("cosine", "Jaccard")] == ["0", "1"]


def drag(figure: Any, name: str, right: float, down: float) -> None:
    """Take a point with the mouse and carry it along, in pixels."""
    box = figure.get_by_role("slider", name=name).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + right / 2, y + down / 2)
    mouse.move(x + right, y + down)
    mouse.up()


def pixels(figure: Any, reach: int) -> float:
    """Pixels of one unit of the plane: 360 drawn units hold both sides and two margins of 16."""
    return float(figure.locator("svg").first.bounding_box()["width"]) / 360 * (164 / reach)


def test_an_arrow_is_dragged(figures: Any) -> None:
    figure = figures("cosine")
    figure.scroll_into_view_if_needed()
    unit = pixels(figure, 5)
    drag(figure, "Tip of C", 2 * unit, -1.5 * unit)
    assert (typed(figure, "C: pasta"), typed(figure, "C: dry")) == (3, 1.5)
    assert cells(figure, "Jaccard")[2] == "0.5"
    drag(figure, "Tip of C", 30 * unit, 0)
    assert typed(figure, "C: pasta") == 5, "an arrow stays in its plane"
    drag(figure, "Tip of C", 0, 0)
    assert changed(figure) == set()


def test_an_arrow_is_dragged_by_a_finger(browser: Any) -> None:
    figure = open_figure(browser, "cosine", viewport={"width": 390, "height": 844}, has_touch=True)
    tip = figure.get_by_role("slider", name="Tip of A")
    tip.evaluate("node => node.scrollIntoView({block: 'center'})")
    before = figure.page.evaluate("scrollY")
    box, finger = tip.bounding_box(), figure.page.context.new_cdp_session(figure.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, down in (("touchStart", 0), ("touchMove", 30), ("touchMove", 3 * pixels(figure, 5))):
        points = [{"x": x, "y": y + down}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert (typed(figure, "A: pasta"), typed(figure, "A: dry")) == (1, -1)
    assert figure.page.evaluate("scrollY") == before
    figure.page.context.close()


def test_keys_move_an_arrow_and_the_summary_waits(figures: Any) -> None:
    figure = figures("cosine")
    figure.page.wait_for_timeout(500)
    summary, tip = (
        figure.locator("[aria-live=polite]"),
        figure.get_by_role("slider", name="Tip of C"),
    )
    said = summary.inner_text()
    tip.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp", "ArrowDown"):
        figure.page.keyboard.press(key)
    assert summary.inner_text() == said, "no word while the keys are still pressed"
    assert tip.get_attribute("aria-valuetext") == "pasta 1.2, dry 0.9"
    figure.page.wait_for_timeout(500)
    assert "Cosine 0.894" in summary.inner_text()  # 3 / sqrt(5 · 2.25)
    figure.get_by_role("button", name="Reset").click()
    figure.page.wait_for_timeout(500)
    assert summary.inner_text() == said and tip.get_attribute("aria-valuetext") == "pasta 1, dry 0"


def test_a_number_out_of_range_is_said(figures: Any) -> None:
    figure = figures("cosine")
    field = figure.get_by_role("spinbutton", name="A: dry")
    field.fill("60")
    assert (
        field.get_attribute("aria-invalid") == "true"
        and cells(figure, "length of A")[1] == "2.236"
    )
    field.blur()
    assert typed(figure, "A: dry") == 5 and field.get_attribute("aria-invalid") is None
    figure.page.wait_for_timeout(500)
    assert "A: dry: from −5 to 5; it is 5 now." in figure.locator(".play-summary").inner_text()
    field.fill("")
    field.blur()
    assert typed(figure, "A: dry") == 5


# ---------------------------------------------------------------- softmax

PRODUCTS = play.SOFTMAX["products"]


def shares(figure: Any) -> list[float]:
    """The shares of the five products."""
    return [value(cells(figure, name)[2]) for name in PRODUCTS]


def summary_of(figure: Any) -> str:
    """The sentence below a figure, once it has come to rest."""
    figure.page.wait_for_timeout(500)
    return str(figure.locator(".play-summary").inner_text())


@pytest.mark.parametrize(
    "heat, scores", [(0.5, [1, 0.3, -0.2, 0, -1]), (0.05, [0.5, 0.55, 0, 0, 0])]
)
def test_softmax_of_typed_scores(figures: Any, heat: float, scores: list[float]) -> None:
    figure = figures("softmax")
    type_in(figure, **{"temperature τ": heat})
    type_in(figure, **{f"Score of {name}": s for name, s in zip(PRODUCTS, scores, strict=True)})
    wanted = softmax(np.array(scores) / heat)
    assert shares(figure) == pytest.approx(list(wanted), **NEAR)
    assert figure.locator("svg text.told").all_text_contents() == [
        f"{part:.3f}" for part in wanted
    ]
    found = re.search(r"Entropy ([\d.]+) nats: as unsure as ([\d.]+) equal", summary_of(figure))
    entropy = -np.sum(wanted * np.log(wanted))
    assert found and float(found[1]) == pytest.approx(entropy, **NEAR)
    assert float(found[2]) == pytest.approx(np.exp(entropy), abs=0.0051)


def test_softmax_at_its_limits(figures: Any) -> None:
    """Coldest is an argmax, and shares a tie; hottest is even, in the same order."""
    figure = figures("softmax")
    figure.get_by_role("button", name="coldest").click()
    assert shares(figure) == [1, 0, 0, 0, 0]
    type_in(figure, **{"Score of parmesan": 0.8})
    assert shares(figure) == [0.5, 0.5, 0, 0, 0]
    assert "pasta sauce and parmesan" in summary_of(figure) and "2 equal" in summary_of(figure)
    figure.get_by_role("slider", name="Temperature, slider on a log scale").press("End")
    assert typed(figure, "temperature τ") == 100 and shares(figure) == pytest.approx(
        [0.2] * 5, abs=0.003
    )
    assert shares(figure) == sorted(shares(figure), reverse=True)


def test_cosines_cannot_be_sure(figures: Any) -> None:
    figure = figures("softmax")
    figure.get_by_role("button", name="τ = 1").click()
    figure.get_by_role("slider", name="Score of milk, slider").press("End")
    for name in set(PRODUCTS) - {"milk"}:
        figure.get_by_role("slider", name=f"Score of {name}, slider").press("Home")
    assert shares(figure)[3] == pytest.approx(math.e / (math.e + 4 / math.e), **NEAR)
    assert shares(figure)[3] < 2 / 3


# ---------------------------------------------------------------- attention

BASKET = play.ATTENTION["products"]


def attended(queries: Any, keys: Any, causal: bool) -> tuple[Any, Any]:
    """Weights and mixes of chapter 35's formula; inputs count in units of the pencil's a."""
    a = np.sqrt(np.sqrt(2) * np.log(2))
    scores = (a * np.array(queries)) @ (a * np.array(keys)).T / np.sqrt(2)
    may = np.tri(len(keys), dtype=bool) if causal else np.ones(scores.shape, dtype=bool)
    weights = softmax(np.where(may, scores, -np.inf), axis=1)
    return weights, weights @ np.array(keys)


def everybody(figure: Any) -> tuple[Any, Any]:
    """The second table: all weights, and what each product becomes."""
    rows = [cells(figure, name, table=1) for name in BASKET]
    weights = [[0 if text == "masked" else value(text) for text in row[:4]] for row in rows]
    return np.array(weights), np.array([[value(v) for v in row[4].split(", ")] for row in rows])


@pytest.mark.parametrize("causal", [False, True])
def test_attention_of_typed_vectors(figures: Any, causal: bool) -> None:
    figure = figures("attention")
    keys, queries = (
        np.array(play.ATTENTION["vectors"], dtype=float),
        np.array(play.ATTENTION["vectors"], dtype=float),
    )
    figure.get_by_role("radio", name="jam").check()
    keys[1], queries[3] = [0.5, -1.5], [2, -0.5]
    type_in(figure, **{"Key of milk: grill": 0.5, "Key of milk: breakfast": -1.5})
    type_in(figure, **{"Query: grill": 2, "Query: breakfast": -0.5})
    if causal:
        figure.get_by_role("radio", name="causal").check()
    weights, mixed = attended(queries, keys, causal)
    shown, becomes = everybody(figure)
    assert shown == pytest.approx(weights, abs=0.0051) and becomes == pytest.approx(
        mixed, abs=0.0051
    )
    of_jam = [value(cells(figure, name)[3]) for name in BASKET]
    assert of_jam == pytest.approx(list(weights[3]), **NEAR)
    assert figure.locator("svg .masked").count() == 0, "the last product may look at all"


def test_attention_starts_from_the_pencil(figures: Any) -> None:
    """The first two things to try: the mask gives the pencil's row; a longer query is surer."""
    figure = figures("attention")
    assert [cells(figure, name)[2] for name in BASKET] == ["2", "1", "2", "0.5"]
    type_in(figure, **{"Query: grill": 2})
    assert [cells(figure, name)[2] for name in BASKET] == ["4", "1", "4", "0.25"]
    figure = figures("attention")
    figure.get_by_role("radio", name="buns").check()
    figure.get_by_role("radio", name="causal").check()
    assert [cells(figure, name)[3] for name in BASKET] == ["0.250", "0.250", "0.500", "masked"]
    assert cells(figure, "jam")[1:3] == ["−∞", "0"] and figure.locator("svg .masked").count() == 1


def test_key_and_query_are_dragged_apart(figures: Any) -> None:
    """They lie on each other at the start: the ring is the query, the dot the key."""
    figure = figures("attention")
    figure.scroll_into_view_if_needed()
    unit = pixels(figure, 2)
    drag(figure, "Key of charcoal", 0, -unit / 2)
    assert (
        typed(figure, "Key of charcoal: breakfast") == 0.5
        and typed(figure, "Query: breakfast") == 0
    )
    figure = figures("attention")
    box = figure.get_by_role("slider", name="Query of charcoal").bounding_box()
    mouse = figure.page.mouse
    mouse.move(
        box["x"] + box["width"] / 2 + pixels(figure, 2) * 18 / 82, box["y"] + box["height"] / 2
    )
    mouse.down()
    mouse.move(
        box["x"] + box["width"] / 2 + pixels(figure, 2) * (18 / 82 - 1),
        box["y"] + box["height"] / 2,
    )
    mouse.up()
    assert typed(figure, "Query: grill") == 0 and typed(figure, "Key of charcoal: grill") == 1
    assert [cells(figure, name)[3] for name in BASKET] == ["0.250"] * 4, "the third thing to try"


# ---------------------------------------------------------------- lift


def baskets(total: int, first: int, second: int, both: int) -> Any:
    """A table of baskets with these counts, baskets × two products."""
    rows = [[1, 1]] * both + [[1, 0]] * (first - both) + [[0, 1]] * (second - both)
    return np.array(rows + [[0, 0]] * (total - len(rows)))


@pytest.mark.parametrize("shrinkage", [0, 5])
def test_lift_of_typed_counts(figures: Any, shrinkage: int) -> None:
    figure = figures("lift")
    type_in(
        figure, **{"baskets": 250, "with bananas": 30, "with both": 12, "shrinkage s": shrinkage}
    )
    X = baskets(250, 40, 30, 12)
    counts = similarity.cooccurrence(X)
    share = similarity.conditional_probability(counts).toarray()
    wanted = {
        "P(bananas | spaghetti)": share[0, 1],
        "P(spaghetti | bananas)": share[1, 0],
        "Jaccard": similarity.jaccard(X.T)[0, 1],
        "cosine": similarity.cosine(X.T)[0, 1],
        "lift": similarity.lift(counts, 250, shrinkage).toarray()[0, 1],
        "PMI": similarity.pmi(counts, 250, shrinkage).toarray()[0, 1],
    }
    shown = {name: value(cells(figure, name, table=1)[1]) for name in wanted}
    assert shown == pytest.approx(wanted, **NEAR)
    assert cells(figure, "without spaghetti") == ["18", "192", "210"]


def test_the_things_to_try_with_lift(figures: Any) -> None:
    figure = figures("lift")
    type_in(figure, **{"with both": 32})
    shown = [cells(figure, row, table=1)[1] for row in ("lift", "PMI", "cosine")]
    assert shown[:2] == ["1", "0"] and value(shown[2]) > 0.5
    figure = figures("lift")
    figure.get_by_role("slider", name="with bananas, slider").press("End")
    rows = ("P(bananas | spaghetti)", "lift", "cosine")
    shown = [cells(figure, row, table=1)[1] for row in rows]
    assert shown[:2] == ["1", "1"] and value(shown[2]) == pytest.approx(math.sqrt(0.4), **NEAR)
    figure = figures("lift")
    small = [cells(figure, row, table=1)[1] for row in rows]
    type_in(
        figure, **{"baskets": 1000, "with bananas": 800, "with spaghetti": 400, "with both": 400}
    )
    assert [cells(figure, row, table=1)[1] for row in rows] == small
    type_in(figure, **{"shrinkage s": 20})
    large = value(cells(figure, "lift", table=1)[1])
    figure = figures("lift")
    type_in(figure, **{"shrinkage s": 20})
    assert 1 < value(cells(figure, "lift", table=1)[1]) < large < value(small[1])


def test_counts_stay_possible(figures: Any) -> None:
    figure = figures("lift")
    type_in(figure, **{"with spaghetti": 500})
    figure.get_by_role("spinbutton", name="with spaghetti", exact=True).blur()
    assert typed(figure, "with spaghetti") == 100 and typed(figure, "with both") == 80
    type_in(figure, **{"with both": 3})
    assert cells(figure, "with spaghetti") == ["80", "20", "100"], (
        "80 of 100 and 100 of 100 share 80"
    )


# ---------------------------------------------------------------- every figure

COLOURS = """figure => [...figure.querySelectorAll('text, th, td, label, legend, button:enabled, p')].map(node => {
  let behind = node.closest('svg') ? node.closest('svg').parentElement : node;
  while (/rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const style = getComputedStyle(node);
  return [node instanceof SVGElement ? style.fill : style.color, getComputedStyle(behind).backgroundColor, node.textContent];
})"""


def luminance(colour: str) -> float:
    """Relative luminance of "rgb(r, g, b)", as WCAG defines it."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    light = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return float(np.dot(light, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21.

    >>> round(contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)")), contrast("rgb(9, 9, 9)", "rgb(9, 9, 9)")
    (21, 1.0)
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


BOXES = """figure => Math.max(...[...figure.querySelectorAll('.play-table')].map(
  box => box.scrollWidth - box.clientWidth))"""
UNNAMED = re.compile(r"- (slider|spinbutton|radio|button)(:|$)", re.MULTILINE)


def dim_texts(figure: Any) -> list[str]:
    """Texts whose contrast is below what WCAG asks for."""
    texts = figure.evaluate(COLOURS)
    assert len(texts) > 30
    return [
        f"{text}: {ink} on {paper}" for ink, paper, text in texts if contrast(ink, paper) < 4.5
    ]


@pytest.mark.parametrize("name", PAGES)
def test_figure_on_a_phone(name: str, browser: Any) -> None:
    """Readable in both themes, nothing wider than its box, every input named, no fault."""
    faults: list[str] = []
    figure = open_figure(browser, name, viewport={"width": 390, "height": 844})
    page = figure.page
    page.on("pageerror", lambda error: faults.append(str(error)))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"html[data-theme={theme}]", timeout=5000)
        assert dim_texts(figure) == []
    assert figure.evaluate(BOXES) <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not UNNAMED.search(figure.aria_snapshot())
    for handle in figure.locator("[role=slider]").all():
        handle.focus()
        page.keyboard.press("ArrowLeft")
    assert faults == [] and figure.locator(".play-static").count() == 0
    page.context.close()


def test_the_checks_of_a_phone_can_fail(browser: Any) -> None:
    figure = open_figure(browser, "cosine", viewport={"width": 390, "height": 844})
    figure.page.add_style_tag(content=".play td { color: #888 !important; min-width: 20rem; }")
    assert len(dim_texts(figure)) > 10 and figure.evaluate(BOXES) > 0
    assert UNNAMED.search("- slider: 1") and not UNNAMED.search('- slider "Tip of A": "1"')
    figure.page.context.close()


def page_of(names: list[str], folder: Path) -> str:
    """A small page with these figures, and the site's scripts."""

    writer = SimpleNamespace(body=[])
    for name in names:
        figure = play.FIGURES[name]
        play.visit_play_html(writer, play.play_figure(name=name))
        writer.body.append(f'<p class="play-static">{figure.describe(figure.start)}</p>')
        play.depart_play_html(writer, play.play_figure())
    static = (SITE / "_static" / "play").as_uri()
    scripts = "".join(
        f'<script src="{static}/{one}.js"></script>' for one in ["play", *sorted(set(names))]
    )
    path = folder / "page.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8>{''.join(writer.body)}{scripts}", encoding="utf-8"
    )
    return path.as_uri()


def test_several_figures_on_a_page_mind_their_own_state(browser: Any, tmp_path: Path) -> None:
    tab = browser.new_page()
    tab.goto(page_of(["cosine", "cosine", "softmax", "attention", "lift"], tmp_path))
    first, second = (tab.locator("figure.play").nth(place) for place in (0, 1))
    type_arrows(first, [[0, 3], [4, 0]])
    assert cells(first, "Euclid")[1] == "5" and cells(second, "Euclid")[1] == "2"
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids)) > 20
    groups = tab.evaluate(
        "[...document.querySelectorAll('input[type=radio]')].map(node => node.name)"
    )
    assert len(set(groups)) == 2
    tab.close()


def test_without_scripts_the_start_is_told(browser: Any, tmp_path: Path) -> None:
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(page_of(list(play.FIGURES), tmp_path))
    said = tab.locator(".play-static").all_inner_texts()
    assert len(said) == 4 and "Lift 1.250" in said[2] and "charcoal 0.364" in said[0]
    tab.context.close()
