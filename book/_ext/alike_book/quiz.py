"""The quiz: every option unfolds to say whether it is right, and why.  No JavaScript."""

from html import escape
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class quiz_option(nodes.General, nodes.Element):
    """An option: ``<details>``."""


class quiz_summary(nodes.General, nodes.Element):
    """What is seen before the option is unfolded: ``<summary>``."""


def parse_list(body: str, what: str) -> list[Any]:
    """The list of a YAML body, not empty; ValueError that says what is wrong and how to mend it.

    >>> parse_list("- 0.50", "numbers")
    ['0.50']
    """
    try:
        # BaseLoader keeps every scalar a string: an option "Yes" or "0.50" stays as it was written.
        entries = yaml.load(body, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ValueError(
            f"not YAML ({' '.join(str(error).split())}); put texts in quotes"
        ) from None
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"the body must be a list of {what}")
    return entries


def parse_quiz(body: str) -> list[dict[str, Any]]:
    """Questions of a YAML body; ValueError that says what is wrong and how to mend it.

    >>> parse_quiz('''
    ... - question: How much is 1 + 1?
    ...   options:
    ...     - {text: "2", correct: true, why: Count.}
    ...     - {text: "3", why: One too many.}
    ... ''')[0]["options"][0]["correct"]
    'true'
    """
    questions = parse_list(body, "questions")
    for place, question in enumerate(questions, 1):
        check_question(question, f"question {place}")
    return questions


def check_question(question: Any, where: str) -> None:
    """Raise ValueError unless the question has options, one of them right, all with a reason."""
    if not isinstance(question, dict) or not question.get("question"):
        raise ValueError(f"{where} has no `question`")
    options = question.get("options")
    if not isinstance(options, list) or len(options) < 2:
        raise ValueError(f"{where} needs at least two `options`")
    for place, option in enumerate(options, 1):
        check_option(option, f"{where}, option {place}")
    if not any(is_right(option) for option in options):
        raise ValueError(f"{where} has no correct option; add `correct: true` to one")


def check_option(option: Any, where: str) -> None:
    """Raise ValueError unless the option has a text and a reason and no unknown key."""
    if not isinstance(option, dict) or "text" not in option:
        raise ValueError(f"{where} has no `text`")
    if not option.get("why"):
        raise ValueError(f"{where} has no `why`: say why it is right or wrong")
    unknown = set(option) - {"text", "correct", "why"}
    if unknown:
        raise ValueError(f"{where} has the unknown key {min(unknown)!r}")


def is_right(option: dict[str, str]) -> bool:
    """Whether the option says ``correct: true``."""
    return option.get("correct", "").lower() == "true"


class QuizDirective(SphinxDirective):
    """``{quiz}`` with a YAML body: a list of ``{question, options: [{text, correct?, why}]}``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """A numbered list of questions, or a warning."""
        try:
            questions = parse_quiz("\n".join(self.content))
        except ValueError as error:
            logger.warning("quiz: %s", error, location=self.get_location(), type="alike")
            return []
        quiz = nodes.enumerated_list(classes=["quiz"], enumtype="arabic", prefix="", suffix=".")
        quiz += [self.question(question) for question in questions]
        return [quiz]

    def question(self, question: dict[str, Any]) -> nodes.list_item:
        """One question with its options."""
        item = nodes.list_item()
        item += self.parse(str(question["question"]))
        item += [self.option(option) for option in question["options"]]
        return item

    def option(self, option: dict[str, Any]) -> quiz_option:
        """One option, folded."""
        right = is_right(option)
        node = quiz_option(classes=["right" if right else "wrong"])
        summary = quiz_summary()
        summary += self.inline(str(option["text"]))
        if any(summary.findall(nodes.math)):  # browsers leave formulas out of a button's name
            summary["label"] = summary.astext()
        reason = self.parse(str(option["why"]))
        mark = nodes.strong("", "✓ Right. " if right else "✗ Not this one. ")
        reason[0].insert(0, mark)
        node += [summary, *reason]
        return node

    def parse(self, text: str) -> list[nodes.Element]:
        """Blocks of MyST text; the first is a paragraph."""
        box = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), ""), self.content_offset, box)
        blocks = [child for child in box.children if isinstance(child, nodes.Element)]
        first = blocks and isinstance(blocks[0], nodes.paragraph)
        return blocks if first else [nodes.paragraph(), *blocks]

    def inline(self, text: str) -> list[nodes.Node]:
        """The pieces of one line of MyST text."""
        return list(self.parse(text)[0].children)


def visit_option(translator: Any, node: quiz_option) -> None:
    """Open the element."""
    translator.body.append(f'<details class="option {node["classes"][0]}">')


def depart_option(translator: Any, node: quiz_option) -> None:
    """Close the element."""
    translator.body.append("</details>")


def visit_summary(translator: Any, node: quiz_summary) -> None:
    """Open the element."""
    label = f' aria-label="{escape(node["label"])}"' if "label" in node else ""
    translator.body.append(f"<summary{label}>")


def depart_summary(translator: Any, node: quiz_summary) -> None:
    """Close the element."""
    translator.body.append("</summary>")


def setup(app: Sphinx) -> None:
    """Register the directive and its nodes."""
    app.add_node(quiz_option, html=(visit_option, depart_option))
    app.add_node(quiz_summary, html=(visit_summary, depart_summary))
    app.add_directive("quiz", QuizDirective)
