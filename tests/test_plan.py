"""Plans of workshops: minutes come from the sources, and a plan that does not fit is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from alike_book import plan
from test_extension import build

NOTE = "## For instructors\n\n**Minutes** (9 in all): by hand 5, two dials 4.\n"
EXERCISES = """## Exercises

```{exercise-start} 22.1
:label: ex-22-1
```
**Predict** ★ (4 min). How many?
```{exercise-end}
```

```{exercise-start} 22.2
:label: ex-22-2
```
Nobody said how long.
```{exercise-end}
```
"""


def chapter(folder: Path, by_hand: int = 300) -> None:
    """A chapter with 300 words under *By hand*, 1000 and 40 lines of code under the next heading."""
    texts = [
        f"# 22 Behaviour\n\n## By hand\n\n{'word ' * by_hand}",
        f"## Long\n\n{'word ' * 1000}",
    ]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": text, "id": f"c{number}"}
        for number, text in enumerate([*texts, "### Deep\n\n" + "word " * 200, EXERCISES, NOTE])
    ]
    code = {"cell_type": "code", "metadata": {}, "source": "x = 1\n" * 40, "id": "k"}
    cells.insert(2, code | {"outputs": [], "execution_count": 1})
    metadata = {"alike": {"seconds": 130.0, "memory_mb": 5}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (folder / "book").mkdir()
    (folder / "book" / "22-behaviour.ipynb").write_text(json.dumps(content), encoding="utf-8")


def planned(folder: Path, blocks: str, minutes: int = 90) -> tuple[str, str]:
    """Build a plan; the words of its table, and the warnings about it."""
    body = f"# Plans\n\n```{{plan}}\n:minutes: {minutes}\n{blocks}\n```\n"
    html, warnings = build(folder, body, name="plans")
    table = re.search(r'<table class="table plan">.*?</table>', html, re.DOTALL)
    words = " ".join(re.sub(r"<[^>]+>", " ", table[0]).split()) if table else ""
    said = [line.split("plan: ")[1] for line in warnings.splitlines() if "plan: " in line]
    return words, " ".join(said)


def test_minutes_are_added_up_from_the_sources(tmp_path):
    chapter(tmp_path)
    blocks = """- read: [22-behaviour/By hand, 22-behaviour/Long]
- note: 22-behaviour/by hand
  at: [By hand]
  late: Leave it out
- run: [22-behaviour]
- exercises: ["22.1"]
- talk: Hello
  minutes: 2
- break: Coffee
  minutes: 15"""
    words, said = planned(tmp_path, blocks)
    assert said == ""
    # 300 + 1000 + 200 words at 200 a minute, 40 lines at 20 a minute, rounded once: 9.5 → 10
    assert "0:00 22 By hand ; 22 Long Everybody reads and runs the cells 10 counted" in words
    assert "0:10 22 By hand The teacher leads, the room answers 5 the chapter" in words
    assert "0:15 Run 22-behaviour from top to bottom The machines work 3 measured run" in words
    assert "0:18 Exercises 22.1 In pairs; the checker hints 4 the exercises" in words
    assert "0:39 Sum 39 of 90; 51 in reserve" in words


BAD = {
    "the plan has 10: take out 5": ("- talk: Long\n  minutes: 15", 10),
    "91 minutes without a break": ("- talk: Long\n  minutes: 91\n- break: B\n  minutes: 9", 200),
    "no heading 'By foot'": ("- read: [22-behaviour/By foot]", 90),
    "no chapter '23-gone'": ("- read: [23-gone/By hand]", 90),
    "no exercise '22.9'": ('- exercises: ["22.9"]', 90),
    "exercise 22.2 does not say": ('- exercises: ["22.2"]', 90),
    "fits 0 entries of the note": ("- note: 22-behaviour/songs\n  at: [By hand]", 90),
    "the note gives 4 minutes, reading 8": ("- note: 22-behaviour/two dials\n  at: [Long]", 90),
    "exactly one of": ("- walk: 5", 90),
    "unknown key 'lat'": ("- talk: A\n  minutes: 1\n  lat: B", 90),
    "`minutes` belongs to": ("- read: [22-behaviour/By hand]\n  minutes: 1", 90),
}


@pytest.mark.parametrize("said", BAD)
def test_a_plan_that_does_not_fit_is_refused(said, tmp_path):
    chapter(tmp_path)
    blocks, minutes = BAD[said]
    words, warning = planned(tmp_path, blocks, minutes)
    assert said in warning and words == ""


def test_the_kit_lists_every_chapter(tmp_path):
    chapter(tmp_path)
    html, _ = build(tmp_path, "# Kit\n\n```{kit}\n```\n", name="kit")
    words = " ".join(
        re.sub(r"<[^>]+>", " ", html.split("<tbody>")[1].split("</tbody>")[0]).split()
    )
    assert words == "22-behaviour 10 min 2.2 min 2 4 min note"


def test_every_note_of_the_book_adds_up_to_what_it_says():
    """Otherwise a plan would quote a note that was read wrongly."""
    root = Path(__file__).resolve().parents[1]
    sums = {}
    for path in root.glob("book/*/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        note = text.partition("## For instructors")[2]
        said = re.search(r"\((\d+) in all\)", note)
        if said:
            sums[path.stem] = (sum(plan.note_minutes(note).values()), int(said[1]))
    assert len(sums) > 10
    assert [name for name, (total, said) in sums.items() if total != said] == []
