"""Figures whose inputs can be moved: ``{play}``, drawn in the page by ``_static/play/<name>.js``.

What a figure starts from stands here.  The page hands it to the script, and the sentence that a
reader without scripts sees is worked out from the same numbers.
"""

import json
import math
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from .facts import number
from .quiz import QuizDirective, parse_list, quiz_option, quiz_summary

Start = dict[str, Any]
logger = logging.getLogger(__name__)


class Figure(NamedTuple):
    """A figure: its caption, the state it starts from, and that state in words."""

    caption: str
    start: Start
    describe: Callable[[Start], str]


class play_figure(nodes.General, nodes.Element):
    """A figure that a script fills; its child says the same in words until then."""


def dot(x: list[float], y: list[float]) -> float:
    """Dot product.

    >>> dot([1, 2], [3, 4])
    11
    """
    return sum(a * b for a, b in zip(x, y, strict=True))


def softmax(scores: list[float]) -> list[float]:
    """Exponentials that add up to one.

    >>> softmax([math.log(2), 0.0, 0.0])
    [0.5, 0.25, 0.25]
    """
    grown = [math.exp(score) for score in scores]
    return [value / sum(grown) for value in grown]


def listed(names: list[str], values: list[float]) -> str:
    """Names with their numbers.

    >>> listed(["milk", "buns"], [0.25, 0.75])
    'milk 0.250, buns 0.750'
    """
    return ", ".join(f"{name} {number(value)}" for name, value in zip(names, values, strict=True))


def describe_cosine(start: Start) -> str:
    """Cosine, dot product and Jaccard of the two arrows.

    >>> describe_cosine(COSINE)
    'A: pasta 1, dry 2. C: pasta 1, dry 0. Dot product 1, cosine 0.447, Jaccard 0.500.'
    """
    x, y = start["arrows"]
    cosine = dot(x, y) / math.sqrt(dot(x, x) * dot(y, y))
    filled = [(a != 0, b != 0) for a, b in zip(x, y, strict=True)]
    jaccard = sum(a and b for a, b in filled) / sum(a or b for a, b in filled)
    texts = [
        f"{name}: {', '.join(f'{axis} {number(v)}' for axis, v in zip(start['axes'], arrow, strict=True))}."
        for name, arrow in zip(start["names"], (x, y), strict=True)
    ]
    return (
        f"{' '.join(texts)} Dot product {number(dot(x, y))}, cosine {number(cosine)}, "
        f"Jaccard {number(jaccard)}."
    )


def describe_softmax(start: Start) -> str:
    """The shares at the temperature of the start.

    >>> describe_softmax({"products": ["tea", "jam"], "scores": [0.5, 0.5], "temperature": 2})
    'Scores: tea 0.500, jam 0.500. At temperature 2 the shares are tea 0.500, jam 0.500.'
    """
    names, scores, heat = start["products"], start["scores"], start["temperature"]
    shares = softmax([score / heat for score in scores])
    return (
        f"Scores: {listed(names, scores)}. At temperature {number(heat)} the shares are "
        f"{listed(names, shares)}."
    )


def describe_attention(start: Start) -> str:
    """The shares of the product that asks; scores in units of the pencil's a.

    >>> describe_attention({"products": ["tea", "jam"], "vectors": [[1, 0], [0, 1]], "asker": 0})
    'tea asks, and looks at tea 0.667, jam 0.333.'
    """
    names, vectors, asker = start["products"], start["vectors"], start["asker"]
    shares = softmax([math.log(2) * dot(vectors[asker], key) for key in vectors])
    return f"{names[asker]} asks, and looks at {listed(names, shares)}."


def describe_lift(start: Start) -> str:
    """Lift, cosine and conditional probability of the two products.

    >>> describe_lift(LIFT)
    'Of 100 baskets 40 hold spaghetti, 80 bananas, 40 both. Lift 1.250, cosine 0.707.'
    """
    (one, two), baskets, both = start["products"], start["baskets"], start["both"]
    first, second = start["first"], start["second"]
    return (
        f"Of {baskets} baskets {first} hold {one}, {second} {two}, {both} both. "
        f"Lift {number(both * baskets / (first * second))}, "
        f"cosine {number(both / math.sqrt(first * second))}."
    )


# Texts A and C of chapter 21, two of their seven words.
COSINE: Start = {
    "names": ["A", "C"],
    "axes": ["pasta", "dry"],
    "arrows": [[1, 2], [1, 0]],
    "reach": 5,
}
SOFTMAX: Start = {
    "products": ["pasta sauce", "parmesan", "minced beef", "milk", "cat food"],
    "scores": [0.8, 0.7, 0.5, 0, -0.4],
    "temperature": 0.2,
}
# The pencil's basket of chapter 35, in units of a, and a fourth product.
ATTENTION: Start = {
    "products": ["charcoal", "milk", "buns", "jam"],
    "axes": ["grill", "breakfast"],
    "vectors": [[1, 0], [0, 1], [1, 1], [-1, 1]],
    "asker": 0,
    "causal": False,
    "reach": 2,
}
# The receipts of chapter 22, twenty times over.
LIFT: Start = {
    "products": ["spaghetti", "bananas"],
    "baskets": 100,
    "first": 40,
    "second": 80,
    "both": 40,
    "shrinkage": 0,
}

FIGURES = {
    "attention": Figure("Who looks at whom?", ATTENTION, describe_attention),
    "cosine": Figure("Two texts as arrows", COSINE, describe_cosine),
    "lift": Figure("Two products in some baskets", LIFT, describe_lift),
    "softmax": Figure("Five products and a temperature", SOFTMAX, describe_softmax),
}


def parse_tries(body: str) -> list[dict[str, str]]:
    """Questions of a YAML body; ValueError that says what is wrong and how to mend it.

    >>> parse_tries("- {try: Turn it., answer: It turns.}")
    [{'try': 'Turn it.', 'answer': 'It turns.'}]
    """
    tries = parse_list(body, "things to try")
    for place, one in enumerate(tries, 1):
        if not isinstance(one, dict) or set(one) != {"try", "answer"} or not all(one.values()):
            raise ValueError(f"entry {place} needs a `try` and an `answer`, and nothing else")
    return tries


class PlayDirective(QuizDirective):
    """``{play} name`` with a YAML body: a list of ``{try, answer}``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The figure and, below it, what to try; or a warning."""
        name = self.arguments[0].strip()
        try:
            if name not in FIGURES:
                raise ValueError(f"no such figure; there are {', '.join(FIGURES)}")
            tries = parse_tries("\n".join(self.content))
        except ValueError as error:
            logger.warning("play %s: %s", name, error, location=self.get_location(), type="alike")
            return []
        list_of = nodes.enumerated_list(
            classes=["play-try"], enumtype="arabic", prefix="", suffix="."
        )
        list_of += [self.entry(one) for one in tries]
        return [self.figure(name), nodes.paragraph("", "", nodes.strong("", "Try this")), list_of]

    def figure(self, name: str) -> play_figure:
        """The empty figure with its sentence."""
        words = FIGURES[name].describe(FIGURES[name].start)
        text = f"Here is a figure to play with, drawn by a script of this page. It starts like this. {words}"
        return play_figure("", nodes.paragraph("", text, classes=["play-static"]), name=name)

    def entry(self, one: dict[str, str]) -> nodes.list_item:
        """One thing to try, its answer folded."""
        answer = quiz_option(
            "",
            quiz_summary("", nodes.Text("Answer")),
            *self.parse(one["answer"]),
            classes=["answer"],
        )
        return nodes.list_item("", *self.parse(one["try"]), answer)


def visit_play_html(translator: Any, node: play_figure) -> None:
    """Open the figure."""
    figure = FIGURES[node["name"]]
    start = escape(json.dumps(figure.start, ensure_ascii=False))
    translator.body.append(
        f'<figure class="play" data-play="{node["name"]}" data-start="{start}">'
        f"<figcaption>{escape(figure.caption)}</figcaption>"
    )


def depart_play_html(translator: Any, node: play_figure) -> None:
    """Close the figure."""
    translator.body.append("</figure>")


def load_scripts(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Load the scripts of the figures that stand on a page, there and nowhere else."""
    names = sorted({node["name"] for node in doctree.findall(play_figure)}) if doctree else []
    if names:
        app.add_css_file("play/play.css")
    for name in ["play", *names] if names else []:
        app.add_js_file(f"play/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the directive and its node."""
    app.add_node(play_figure, html=(visit_play_html, depart_play_html))
    app.add_directive("play", PlayDirective)
    app.connect("html-page-context", load_scripts)
