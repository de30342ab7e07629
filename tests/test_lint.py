"""The book keeps its rules, and each rule notices when it is broken."""

import base64
import copy
from pathlib import Path

import nbformat
import pytest

from tools import lint
from tools.execute import code_hash

CONTEXT = lint.Context(
    name="22-behaviour",
    facts={
        "22-behaviour": {
            "share": {"kind": "number", "low": None, "high": None},
            "gain": {"kind": "difference", "low": 0.01, "high": 0.03, "tolerance": 0.002},
            "tie": {"kind": "difference", "low": -0.01, "high": 0.03, "tolerance": 0.002},
            "shaky": {"kind": "difference", "low": 0.001, "high": 0.03, "tolerance": 0.002},
        }
    },
    helpers=lint.definitions(
        [lint.ast.parse("def double(x: int) -> int:\n    'Twice x.'\n    return x + x\n")]
        + [lint.ast.parse("def triple(x):\n    return 3 * x\n")]
    ),
    modules=frozenset({"similarity", "models"}),
)
QUESTION = (
    "- question: Q?\n  options:\n  - {text: a, correct: true, why: b}\n  - {text: c, why: d}\n"
)
SAYS = "These words say what to look for."


def markdown(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def code(source: str, *tags: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def exercise(number: int) -> list[nbformat.NotebookNode]:
    label = f"ex-22-{number}"
    return [
        markdown(f"```{{exercise-start}}\n:label: {label}\n```\nDo it.\n```{{exercise-end}}\n```"),
        code(f"answer = ...\ncheck.ex_{number}(answer)"),
        markdown(f"```{{solution-start}} {label}\n:class: dropdown\n```"),
        code(f"answer = {number}\nassert check.ex_{number}(answer)"),
        markdown("```{solution-end}\n```"),
    ]


def picture(size: int = 99) -> nbformat.NotebookNode:
    data = {"image/png": base64.b64encode(b"0" * size).decode(), "text/plain": "<Figure>"}
    return nbformat.v4.new_output("display_data", data)


def valid() -> nbformat.NotebookNode:
    """The smallest notebook that keeps every rule.  Cell 4 defines, 6 draws, 8 shows text."""
    first = (
        "# Behaviour\n\nA promise.\n\n```{badge}\n```\n\n**Goals**\n\n- one\n\n**Builds on** 12\n"
    )
    figure = code("plt.plot(x)\nassert x == 2", "hide-input")
    figure.metadata["mystnb"] = {"image": {"alt": "A line that rises."}}
    figure.outputs = [picture()]
    shown = code("x", "nbval-check-output")
    shown.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"})]
    cells = [
        markdown(first),
        code('from helpers.similarity import double\nfacts.start("22-behaviour")'),
        markdown(f"## Predict first\n\n{SAYS}"),
        markdown(
            f"## The idea in one picture\n\n{SAYS} A share of {{fact}}`share`, $0.5$, `0.5`, "
            "[0.5](x.md#a) and https://a.org/0.5.\n\n```{math}\n0.5\n```\n\n"
            ":::{note}\n:width: 50%\nA note.\n:::\n\nIt is better by {fact}`gain`; {fact}`22-behaviour/share|value`.\n"
        ),
        code("def double(x):\n    return x + x\n\n\nx = double(1)"),
        markdown(SAYS),
        figure,
        markdown(f"{SAYS}\n\n![a plot](plot.png)"),
        shown,
        markdown(SAYS),
        *[markdown(f"## {name}\n\n{SAYS}") for name in lint.HEADINGS[2:9]],
        markdown("## Quiz\n\n```{quiz}\n" + 4 * QUESTION + "```"),
        markdown("## Exercises"),
        *[cell for number in range(1, 6) for cell in exercise(number)],
        *[markdown(f"## {name}\n\n{SAYS}") for name in lint.HEADINGS[11:]],
    ]
    nb = nbformat.v4.new_notebook(cells=cells)
    return stored(nb)


def stored(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Number the cells and store the hash, as tools/execute.py does."""
    for count, (_, cell) in enumerate(lint.code_cells(nb), start=1):
        cell.execution_count = count
    nb.metadata["alike"] = {"code_hash": code_hash(nb), "seconds": 1.0, "memory_mb": 100}
    return nb


def append(cell: int, text: str):
    def change(nb):
        nb.cells[cell].source += text

    return change


def replace(cell: int, old: str, new: str):
    def change(nb):
        assert old in nb.cells[cell].source
        nb.cells[cell].source = nb.cells[cell].source.replace(old, new)

    return change


def quiz(old: str, new: str):
    return replace(17, old, new)


def stderr(nb):
    nb.cells[4].outputs = [nbformat.v4.new_output("stream", name="stderr", text="Warning")]


def error(nb):
    nb.cells[4].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]


def set_metadata(cell: int, key: str, value):
    def change(nb):
        nb.cells[cell].metadata[key] = value

    return change


def set_cost(key: str, value):
    def change(nb):
        nb.metadata["alike"][key] = value

    return change


def set_outputs(cell: int, *outputs):
    def change(nb):
        nb.cells[cell].outputs = list(outputs)

    return change


def swap(a: int, b: int):
    def change(nb):
        nb.cells[a], nb.cells[b] = nb.cells[b], nb.cells[a]

    return change


def drop(*cells: int):
    def change(nb):
        nb.cells = [cell for number, cell in enumerate(nb.cells) if number not in cells]

    return change


def add_code(source: str):
    """Insert a code cell, with words after it, before the figure."""

    def change(nb):
        nb.cells[6:6] = [code(source), markdown(SAYS)]

    return change


def count_again(nb):
    nb.cells[4].execution_count = 7


def long_cells(nb):
    for _, cell in lint.code_cells(nb):
        cell.source = "\n".join(["pass"] * 8 + [cell.source])


LATER = ("rule_clean_run", "rule_fresh", "rule_budget")  # about the stored run itself
BREAKAGES = [
    ("rule_headings", swap(2, 3)),
    ("rule_headings", append(2, "\n\n## One more\n")),
    ("rule_headings", append(5, "\n\n# A second title\n")),
    ("rule_headings", replace(-1, "For instructors", "For teachers")),
    ("rule_first_cell", replace(0, "A promise.", "")),
    ("rule_first_cell", replace(0, "```{badge}\n```", "")),
    ("rule_first_cell", replace(0, "**Goals**", "Goals")),
    ("rule_first_cell", replace(0, "**Builds on**", "Builds on")),
    ("rule_setup", replace(1, "22-behaviour", "21-content")),
    ("rule_cell_length", append(4, "\npass" * 30)),
    ("rule_cell_length", append(4, "\n#" + " long" * 20)),
    ("rule_cell_length", long_cells),
    ("rule_text_around", replace(5, SAYS, "### Heading only")),
    ("rule_text_around", lambda nb: nb.cells.insert(5, code("y = 1"))),
    ("rule_alt_text", set_metadata(6, "mystnb", {})),
    ("rule_alt_text", set_metadata(6, "mystnb", {"image": {"alt": "long " * 60}})),
    ("rule_markdown_alt", replace(7, "![a plot]", "![]")),
    ("rule_markdown_alt", append(7, "\n\n```{figure} plot.png\nA caption.\n```\n")),
    ("rule_image_bytes", set_outputs(6, picture(301 * 1024))),
    ("rule_figures", set_metadata(6, "tags", ["remove-input"])),
    ("rule_figures", replace(6, "assert ", "")),
    ("rule_typed_numbers", append(5, " It is 0.5 here.")),
    ("rule_typed_numbers", append(5, " It is .5 here.")),
    ("rule_typed_numbers", append(5, " It is 5% here.")),
    ("rule_typed_numbers", append(5, " It is 5 per cent.")),
    ("rule_typed_numbers", append(5, " It costs $2.50 here.")),
    ("rule_typed_numbers", replace(3, "A note.", "A note on 0.5.")),
    ("rule_typed_numbers", quiz("why: b", "why: it is 0.5")),
    *[("rule_words", append(5, f" {word} so")) for word in ("Clearly", "simply", "obviously")],
    ("rule_words", append(5, " It is just so.")),
    ("rule_claims", append(5, " This one is better.")),
    ("rule_claims", append(5, " It beats it by {fact}`tie`.")),
    ("rule_claims", append(5, " It beats it by {fact}`shaky`.")),
    ("rule_claims", append(5, " It improves by {fact}`share`.")),
    ("rule_claims", append(5, " This outperforms that.\n\nBy {fact}`gain`.")),
    ("rule_claims", quiz("text: c", "text: it is worse")),
    ("rule_facts_exist", append(5, " And {fact}`nothing|value`.")),
    ("rule_facts_exist", append(5, " And {fact}`share|low`.")),
    ("rule_facts_exist", append(5, " And {fact}`22-behaviour/nothing`.")),
    ("rule_network", append(4, "\nrequests.get(x)")),
    ("rule_network", append(4, "\nimport urllib.request")),
    ("rule_network", append(4, "\n!wget x")),
    ("rule_network", append(4, "\n!curl x")),
    ("rule_network", append(4, "\n%pip install x")),
    ("rule_network", append(4, "\n! pip install x")),
    ("rule_network", append(4, "\ny = 'https://a.org'")),
    ("rule_plain_python", append(4, "\nfrom os import *")),
    ("rule_plain_python", append(4, "\ntry:\n    pass\nexcept:\n    pass")),
    ("rule_plain_python", append(8, "\nif")),
    ("rule_same_code", replace(4, "x + x", "2 * x")),
    ("rule_see_it_first", add_code("from helpers.similarity import triple")),
    ("rule_see_it_first", add_code("import helpers.similarity\nhelpers.similarity.triple(1)")),
    ("rule_see_it_first", add_code("from helpers import similarity as s\ns.triple(1)")),
    ("rule_clean_run", count_again),
    ("rule_quiet_outputs", stderr),
    ("rule_quiet_outputs", error),
    ("rule_fresh", append(4, "\ny = 1")),
    ("rule_budget", set_cost("seconds", 181)),
    ("rule_budget", set_cost("memory_mb", 4097)),
    ("rule_checked", set_metadata(8, "tags", [])),
    ("rule_checked", set_outputs(8)),
    ("rule_quiz", quiz(4 * QUESTION, 3 * QUESTION)),
    ("rule_quiz", quiz("correct: true", "correct: false")),
    ("rule_quiz", quiz(", why: d", "")),
    ("rule_quiz", quiz("- question", "- question: [")),
    ("rule_exercises", drop(*range(19, 24))),
    ("rule_exercises", replace(19, "ex-22-1", "ex-21-1")),
    ("rule_exercises", replace(19, "{exercise-end}", "{note}")),
    ("rule_exercises", replace(20, "check.ex_1(answer)", "answer")),
    ("rule_exercises", replace(21, "ex-22-1", "ex-22-2")),
    ("rule_exercises", replace(22, "assert ", "")),
    ("rule_exercises", replace(23, "```{solution-end}\n```", SAYS)),
]


def complaining(nb: nbformat.NotebookNode) -> dict[str, list[str]]:
    answers = {name: rule(nb, CONTEXT) for name, rule in lint.RULES.items()}
    return {name: lines for name, lines in answers.items() if lines}


def test_a_valid_notebook_passes_every_rule():
    assert complaining(valid()) == {}


@pytest.mark.parametrize(
    "name, breakage", BREAKAGES, ids=[f"{i}-{name[5:]}" for i, (name, _) in enumerate(BREAKAGES)]
)
def test_each_breakage_makes_its_rule_complain_and_no_other(name, breakage):
    nb = copy.deepcopy(valid())
    breakage(nb)
    if name not in LATER:
        stored(nb)
    assert list(complaining(nb)) == [name]


def test_every_rule_is_broken_by_some_breakage():
    assert {name for name, _ in BREAKAGES} == set(lint.RULES)


def test_numbers_in_maths_code_links_and_options_are_not_typed():
    source = (
        "$0.5$ and $$\n0.5\n$$ and `0.5` and ``a ` 0.5`` and {math}`0.5` and [0.5](u) and\n"
        "<https://a.org/0.5>, 1,000 products, weeks 1-40, Python `3.11`, 2 of 3.\n"
        "```python\nx = 0.5  # 50%\n```\n"
        "````{note} Title\n:class: w-50%\n```{math}\n0.5\n```\nText.\n````\n"
    )
    nb = nbformat.v4.new_notebook(cells=[markdown(source)])
    assert lint.rule_typed_numbers(nb, CONTEXT) == []


@pytest.mark.parametrize("path", lint.book_files(), ids=lambda path: path.name)
def test_the_book_keeps_the_rules(path: Path):
    assert lint.check_file(path) == []


def test_a_second_page_knows_what_its_chapter_showed() -> None:
    page, chapter = Path("35-transformer-text.ipynb"), Path("35-transformer.ipynb")
    assert lint.continues(page, chapter) and not lint.continues(chapter, page)
    assert not lint.continues(page, Path("34-sequences.ipynb"))
    assert not lint.continues(chapter, chapter)


def test_a_page_of_part_seven_builds_no_method() -> None:
    assert "From scratch" in lint.headings_of("36-graph")
    assert "From scratch" in lint.headings_of("36-graph-tensorflow")
    together = lint.headings_of("71-leaderboard")
    assert "From scratch" not in together and "On real baskets" in together
