"""The book's Sphinx extension, on small books written here: what it shows, what it refuses."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alike_book.reading import badge_parts
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).resolve().parents[1]


def build(
    folder: Path,
    page: str,
    facts: dict[str, dict[str, Any]] | None = None,
    name: str = "22-behaviour",
    **notebook: Any,
) -> tuple[str, str]:
    """Build one page; return its HTML and the warnings, file paths shortened."""
    source = folder / "book"
    (source / "_facts").mkdir(parents=True, exist_ok=True)
    for chapter, content in (facts or {}).items():
        document = json.dumps({"chapter": chapter, "facts": content})
        (source / "_facts" / f"{chapter}.json").write_text(document)
    write_source(source / name, page, notebook)
    warnings = StringIO()
    with patch_docutils(), docutils_namespace():
        extensions = ["myst_nb", "alike_book"]
        options = {
            "extensions": extensions,
            "root_doc": name,
            "html_theme": "basic",
            "alike_facts_dir": "_facts",
            "nb_execution_mode": "off",
            "myst_enable_extensions": ["dollarmath"],
        }
        app = Sphinx(
            str(source),
            None,
            str(folder / "out"),
            str(folder / "trees"),
            "html",
            confoverrides=options,
            status=None,
            warning=warnings,
        )
        app.build()
    text = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue())
    return (folder / "out" / f"{name}.html").read_text(encoding="utf-8"), text


def write_source(stem: Path, page: str, notebook: dict[str, Any]) -> None:
    """A Markdown page, or a notebook with one Markdown cell and the given metadata."""
    if not notebook:
        Path(f"{stem}.md").write_text(page, encoding="utf-8")
        return
    cells = [{"cell_type": "markdown", "metadata": {}, "source": page, "id": "a"}]
    content = {"cells": cells, "metadata": notebook, "nbformat": 4, "nbformat_minor": 5}
    Path(f"{stem}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def row(model: str, value: float, **more: Any) -> dict[str, Any]:
    """A leaderboard fact as notebooks record it."""
    fact = {
        "kind": "row",
        "task": "complete_basket",
        "part": "test",
        "model": model,
        "metric": "hr@20",
        "value": value,
        "low": value * 0.9,
        "high": value * 1.1,
        "n": 4321,
        "digits": 3,
        "protocol": "abc123",
        "chance": 0.0024,
        "params": None,
        "neural": False,
        "control": model == "Random",
        "tolerance": 0.001,
    }
    return {**fact, **more}


SHARE = {
    "kind": "number",
    "value": 0.5,
    "low": 0.4,
    "high": 0.6,
    "n": 10,
    "digits": 3,
    "unit": "",
    "text": "0.500 [0.400, 0.600]",
}
BOARD = "# Page\n\n```{leaderboard} complete_basket\nFind it.\n```\n"


def test_fact_shows_text_and_value(tmp_path: Path) -> None:
    page = "# Page\n\nOf {fact}`share` it is {fact}`11-catalogue/share|value` here."
    facts = {"22-behaviour": {"share": SHARE}, "11-catalogue": {"share": {**SHARE, "value": 0.25}}}
    html, warnings = build(tmp_path, page, facts)
    assert warnings == ""
    assert ">0.500 [0.400, 0.600]</span>" in html and ">0.250</span>" in html
    assert 'title="computed in 22-behaviour · n = 10 · 95 % interval in brackets"' in html


@pytest.mark.parametrize(
    "role, message",
    [
        ("gone", "no fact 'gone' in 22-behaviour.json"),
        ("12-measuring/share", "no fact 'share' in 12-measuring.json"),
        ("share|twice", "unknown form 'twice'"),
    ],
)
def test_missing_fact_is_a_warning(role: str, message: str, tmp_path: Path) -> None:
    _, warnings = build(
        tmp_path, f"# Page\n\n{{fact}}`{role}`", {"22-behaviour": {"share": SHARE}}
    )
    assert message in warnings


def test_damaged_fact_file_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "book" / "_facts").mkdir(parents=True)
    (tmp_path / "book" / "_facts" / "22-behaviour.json").write_text('{"chapter": ')
    _, warnings = build(tmp_path, "# Page\n\n{fact}`share`")
    assert "22-behaviour.json is not a fact file" in warnings


def test_page_follows_its_facts(tmp_path: Path) -> None:
    page = "# Page\n\n{fact}`share`"
    build(tmp_path, page, {"22-behaviour": {"share": SHARE}})
    html, _ = build(tmp_path, page, {"22-behaviour": {"share": {**SHARE, "text": "0.900"}}})
    assert "0.900" in html


def test_leaderboard_sorts_flags_and_links(tmp_path: Path) -> None:
    facts = {
        "12-measuring": {"a": row("Random", 0.003), "b": row("Popularity", 0.09)},
        "22-behaviour": {"c": row("Cosine", 0.2), "d": row("Network", 0.3, neural=True)},
    }
    html, warnings = build(tmp_path, BOARD, facts)
    assert warnings == ""
    order = re.findall(r'<th scope="row">(?:<strong>)?([A-Z]\w+)', html)
    assert order == ["Network", "Cosine", "Popularity", "Random"]
    assert "<strong>Cosine</strong>" in html and html.count("best without a network") == 1
    assert "n = 4,321 queries" in html and "abc123" in html and "weeks 47–53" in html
    assert "chance on paper: HR@20 0.0024" in html and html.count('scope="col"') == 3


def test_leaderboard_of_errors_puts_the_smallest_first(tmp_path: Path) -> None:
    stars = {"metric": "rmse", "task": "ratings", "n": 5}
    facts = {
        "25-yardstick": {
            "a": row("Global mean", 1.12, control=True, **stars),
            "b": row("Biases", 0.94, **stars),
        }
    }
    html, warnings = build(tmp_path, BOARD.replace("complete_basket", "ratings"), facts)
    assert warnings == "" and html.index("Biases") < html.index("Global mean")
    assert "5 folds" in html and "weeks" not in html and "floor</span>" in html
    assert "the mean of all stars: RMSE" in html and html.count("best without a network") == 1


def test_leaderboards_of_photographs_speak_of_pictures_and_not_of_weeks(tmp_path: Path) -> None:
    for task, words in (("look_alike", "4,321 article photographs"), ("unseen_kinds", "kinds")):
        facts = {"33-images": {"a": row("Pixels", 0.8, metric="precision@10", task=task)}}
        html, warnings = build(tmp_path, BOARD.replace("complete_basket", task), facts)
        assert warnings == "" and words in html and "weeks" not in html


def test_the_leaderboard_of_search_speaks_of_queries_and_not_of_weeks(tmp_path: Path) -> None:
    facts = {"35-transformer": {"a": row("BM25", 0.5, metric="ndcg@10", task="search")}}
    html, warnings = build(tmp_path, BOARD.replace("complete_basket", "search"), facts)
    assert warnings == "" and "queries with judged answers" in html and "weeks" not in html


def test_leaderboard_puts_rows_without_the_main_metric_last(tmp_path: Path) -> None:
    facts = {"22-behaviour": {"a": row("Words", 0.9, metric="mrr"), "b": row("Cosine", 0.2)}}
    html, _ = build(tmp_path, BOARD, facts)
    assert html.index("Cosine") < html.index("Words")
    assert "<strong>Cosine</strong>" in html and "<strong>Words</strong>" not in html


def test_leaderboard_leaves_out_controls_and_other_parts(tmp_path: Path) -> None:
    facts = {
        "22-behaviour": {
            "a": row("Cosine", 0.2),
            "b": row("Shuffled", 0.1, control=True),
            "c": row("Early", 0.9, part="valid", protocol="other"),
        }
    }
    html, warnings = build(tmp_path, BOARD, facts)
    assert warnings == "" and "Cosine" in html
    assert "Shuffled" not in html and "Early" not in html


@pytest.mark.parametrize(
    "rows, message",
    [
        ([], "no row of part 'test'"),
        ([row("A", 0.2), row("B", 0.1, protocol="xyz")], "different protocols abc123, xyz"),
        ([row("A", 0.2), row("A", 0.3)], "A has two values of hr@20"),
    ],
)
def test_leaderboard_refuses(rows: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    facts = {"22-behaviour": {str(place): fact for place, fact in enumerate(rows)}}
    html, warnings = build(tmp_path, BOARD, facts)
    assert message in warnings and "<figure" not in html


def test_leaderboard_refuses_unknown_metric(tmp_path: Path) -> None:
    page = BOARD.replace("basket\n", "basket\n:metrics: ndcg@20\n\n")
    _, warnings = build(tmp_path, page, {"22-behaviour": {"a": row("A", 0.2)}})
    assert "no row has the metric 'ndcg@20'" in warnings


QUIZ = """# Page

```{quiz}
- question: "How much is {fact}`share`?"
  options:
    - {text: Yes, correct: true, why: "It is $x$."}
    - {text: "0.50", why: A typed number.}
```
"""


def test_quiz_parses_its_texts(tmp_path: Path) -> None:
    html, warnings = build(tmp_path, QUIZ, {"22-behaviour": {"share": SHARE}})
    assert warnings == ""
    assert html.count("<details") == 2 and "0.500 [0.400, 0.600]" in html
    assert "<summary>Yes</summary>" in html and "<summary>0.50</summary>" in html
    assert "✓ Right." in html and "✗ Not this one." in html and 'class="math' in html


@pytest.mark.parametrize(
    "old, new, message",
    [
        (", correct: true", "", "question 1 has no correct option"),
        (", why: A typed number.", "", "question 1, option 2 has no `why`"),
        ("text: Yes", "txt: Yes", "question 1, option 1 has no `text`"),
        ("correct: true", "corect: true", "unknown key 'corect'"),
        ('"How much is {fact}`share`?"', "{fact}`share`?", "put texts in quotes"),
        ("- question:", "- ask:", "question 1 has no `question`"),
    ],
)
def test_quiz_refuses(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in QUIZ
    _, warnings = build(tmp_path, QUIZ.replace(old, new), {"22-behaviour": {"share": SHARE}})
    assert message in warnings


def test_badge_of_a_notebook(tmp_path: Path) -> None:
    run = {"seconds": 48.3, "memory_mb": 1234, "cpu_cores": 2}
    page = "# Page\n\n```{badge}\n```\n\n" + "word " * 1000
    html, warnings = build(tmp_path, page, alike=run)
    assert warnings == ""
    assert re.findall(r"<li>(.*?)</li>", html) == [
        "5 min to read",
        "48 s on two CPU cores",
        "1.2 GB of memory",
    ]


@pytest.mark.parametrize(
    "seconds, said", [({}, "GPU: not measured yet"), ({"gpu_seconds": 9}, "9 s on a GPU")]
)
def test_badge_speaks_of_a_gpu_where_one_would_be_used(
    seconds: dict[str, int], said: str, tmp_path: Path
) -> None:
    run = {"seconds": 48.3, "memory_mb": 1234, "cpu_cores": 2} | seconds
    cell = {"cell_type": "code", "source": "import torch", "metadata": {}, "outputs": []}
    path = tmp_path / "31-mlp.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {"alike": run}}))
    assert said in badge_parts(path)


def test_badge_refuses_a_notebook_that_never_ran(tmp_path: Path) -> None:
    _, warnings = build(tmp_path, "# Page\n\n```{badge}\n```", kernelspec={"name": "python3"})
    assert "was never measured; run `make execute NB=22-behaviour`" in warnings


def test_minutes_and_map(tmp_path: Path) -> None:
    page = """# Page

{minutes}`22-behaviour, 99-later`

```{map}
- part: One
  chapters:
    - {name: 22-behaviour, title: Here, promise: Now.}
    - {name: 99-later, title: There}
```
"""
    html, warnings = build(tmp_path, page)
    assert warnings == ""
    assert "1 min so far, 1 chapter planned" in html
    assert html.count("planned</span> ") == 1 and ">Here</a>" in html and ">There</a>" not in html


def test_front_page_sums_only_mapped_chapters() -> None:
    index = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    mapped = set(re.findall(r"name: ([\w-]+)", index))
    summed = {
        name for text in re.findall(r"\{minutes\}`([^`]+)`", index) for name in text.split(", ")
    }
    assert summed and summed <= mapped


def test_mathjax_comes_with_the_site(tmp_path: Path) -> None:
    build(tmp_path, "# Page\n\n$x$")
    folder = tmp_path / "out" / "_static" / "mathjax"
    assert (folder / "tex-chtml.js").is_file()
    assert len(list((folder / "output" / "chtml" / "fonts" / "woff-v2").glob("*.woff"))) > 20
