"""The rules of the book, as code:  python tools/lint.py [notebook.ipynb or page.md ...]

Each ``rule_*`` takes a notebook and a Context and returns complaints that name the cell (counted
from 0) and the remedy.  Rules in PAGE_RULES also hold for the Markdown pages.
"""

from __future__ import annotations

import argparse
import ast
import base64
import json
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from helpers.facts import excludes_zero
from tools.execute import BOOK, code_hash, facts_of, notebooks

HEADINGS = (
    "Predict first",
    "The idea in one picture",
    "By hand",
    "The mathematics",
    "From scratch",
    "With the library",
    "On real baskets",
    "When it fails",
    "What you have learned",
    "Quiz",
    "Exercises",
    "Further reading",
    "For instructors",
)
TWIN_HEADINGS = (  # a chapter told again in another framework, shorter
    "Predict first",
    "From scratch",
    "With the library",
    "On real baskets",
    "When it fails",
    "What you have learned",
    "Exercises",
)
TOGETHER_HEADINGS = (  # part 7 puts chapters together and builds no method of its own
    "Predict first",
    "The idea in one picture",
    "By hand",
    *HEADINGS[HEADINGS.index("On real baskets") :],
)
SHOWN_FIRST = ("similarity", "metrics", "stats", "text", "train", "models")  # of lessons
ALWAYS_ALLOWED = {  # the harness
    *("top_k", "top_k_scores", "Interval", "as_rows"),
    *("find_device", "progress", "silent_stderr"),
}
LITERAL_DIRECTIVES = {
    *("math", "mermaid", "raw", "toctree", "bibliography", "badge", "leaderboard", "eval-rst"),
    *("code", "code-block", "code-cell", "literalinclude", "figure", "image", "embed", "plan"),
}
MAX_LINES, MEDIAN_LINES, MAX_COLUMNS = 30, 8, 99
MAX_ALT, MAX_IMAGE_KB, MAX_SECONDS, MAX_MEMORY_MB = 250, 300, 180, 4096


@dataclass(frozen=True)
class Context:
    """What the rules know besides the notebook: its name, all facts, the helpers, the past."""

    name: str
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)  # chapter -> name -> fact
    helpers: dict[str, list[str]] = field(default_factory=dict)  # function -> syntax trees
    modules: frozenset[str] = frozenset()  # names of the modules in helpers and helpers.models
    earlier: frozenset[str] = frozenset()  # functions that earlier chapters define


Rule = Callable[[Any, Context], list[str]]


# ---------------------------------------------------------------- reading Markdown and code


def markdown_cells(nb: Any) -> list[tuple[int, str]]:
    return [(i, c.source) for i, c in enumerate(nb.cells) if c.cell_type == "markdown"]


def code_cells(nb: Any) -> list[tuple[int, Any]]:
    return [(i, c) for i, c in enumerate(nb.cells) if c.cell_type == "code"]


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\s*(?:\{([\w:.-]+)\})?\s*(.*)$")


def outside_literals(source: str) -> str:
    """Keep the prose lines: no code blocks, no literal directives, no directive options."""
    kept: list[str] = []
    fences: list[tuple[str, bool]] = []  # (marker, literal?)
    options = False
    for line in source.splitlines():
        match = FENCE.match(line)
        if match and fences and not match[2] and not match[3] and fences[-1][0] in match[1]:
            fences.pop()
            kept.append("")
        elif fences and fences[-1][1]:
            continue
        elif match and (match[1][0] != ":" or match[2]):
            directive = match[2]
            fences.append((match[1], directive is None or directive in LITERAL_DIRECTIVES))
            titled = directive and "start" not in directive and not fences[-1][1]
            kept.append(match[3] if titled else "")
            options = True
        elif options and re.match(r"^\s*:[\w-]+:", line):
            continue
        else:
            options = False
            kept.append(line)
    return "\n".join(kept)


FACT = re.compile(r"\{fact\}`([^`]+)`")
INLINE = (
    r"<!--.*?-->",
    r"(?<!\\)\$\$.+?\$\$",
    r"\{[\w:.-]+\}`[^`]*`",  # a role
    r"(`+)(?!`).+?(?<!`)\1(?!`)",  # a code span
    r"(?<![\\\w])\$(?!\s)(?:[^$\n]|\n(?!\n))+?(?<!\s)\$(?!\d)",
    r"!?\[[^\]]*\]\([^)]*\)",
    r"<https?:[^>]*>|https?://\S+",
    r"^\([\w-]+\)=\s*$",  # a target
)


def prose(source: str, keep_facts: bool = False) -> str:
    """Give what a reader reads as plain words: literals, maths, code, roles and links removed."""
    text = outside_literals(source)
    if keep_facts:
        text = FACT.sub(lambda m: f"\0{m[1]}\0", text)
    for pattern in INLINE:
        text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub("\0([^\0]+)\0", r"{fact}`\1`", text)


def headings(nb: Any) -> list[tuple[int, int, str]]:
    """List (cell, level, text) of every heading outside code blocks."""
    return [
        (number, len(match[1]), match[2].strip())
        for number, source in markdown_cells(nb)
        for match in re.finditer(r"^(#{1,6})\s+(.+)$", outside_literals(source), re.MULTILINE)
    ]


def tree(cell: Any) -> ast.Module | None:
    """Parse a code cell, shell and magic lines left out; None if that is not Python."""
    lines = ["" if re.match(r"\s*[%!]", line) else line for line in cell.source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def nodes(nb: Any) -> Iterator[tuple[int, ast.AST]]:
    for number, cell in code_cells(nb):
        for node in ast.walk(tree(cell) or ast.Module([], [])):
            yield number, node


class _Bare(ast.NodeTransformer):
    """Drop docstrings and annotations, which helpers has and a notebook may leave out."""

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign):
            if node.value is None:
                node.annotation = ast.Constant(None)
            else:
                return ast.Assign([node.target], node.value)
        return node


def bare(node: ast.AST) -> str:
    """Write a function's syntax tree, docstrings and annotations aside."""
    copy = ast.parse(ast.unparse(node))
    return ast.dump(_Bare().visit(copy).body[0])


def definitions(trees: Iterable[ast.Module | None]) -> dict[str, list[str]]:
    """Map each function or class at the top level to its syntax trees."""
    found: dict[str, list[str]] = {}
    for module in trees:
        for node in module.body if module else []:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.setdefault(node.name, []).append(bare(node))
    return found


# ---------------------------------------------------------------- rules: the shape of a chapter


def is_twin(name: str) -> bool:
    """Whether a notebook tells the chapter beside it again, in TensorFlow."""
    return name.endswith("-tensorflow")


def headings_of(name: str) -> tuple[str, ...]:
    """Give the headings that a notebook must have, in their order."""
    if is_twin(name):
        return TWIN_HEADINGS
    return TOGETHER_HEADINGS if name.startswith("7") else HEADINGS


def rule_headings(nb: Any, context: Context) -> list[str]:
    found = headings(nb)
    titles = [cell for cell, level, _ in found if level == 1]
    wrong = [] if titles == [0] else ["cell 0: exactly one `# title`, and it opens the notebook"]
    parts = [text for _, level, text in found if level == 2]
    asked = headings_of(context.name)
    if parts == list(asked):
        return wrong
    for place, name in enumerate(asked):
        if parts[place : place + 1] != [name]:
            got = f"`## {parts[place]}`" if place < len(parts) else "nothing"
            return [*wrong, f"heading {place + 1} must be `## {name}`, found {got}"]
    return [*wrong, f"`## {parts[len(asked)]}`: no heading after the last; use ### below one"]


def rule_first_cell(nb: Any, context: Context) -> list[str]:
    source = nb.cells[0].source if nb.cells else ""
    wanted = {
        "a one-line promise below the title": r"^# .+\n+\s*[^\s#`*].+",
        "the ```{badge}``` directive": r"^`{3,}\{badge\}",
        'a "**Goals**" list': r"\*\*Goals:?\*\*:?[^\n]*\n+\s*[-*\d]",
        'a "**Builds on**" line': r"\*\*Builds on:?\*\*",
    }
    missing = [what for what, how in wanted.items() if not re.search(how, source, re.MULTILINE)]
    return [f"cell 0: give {what}" for what in missing]


def rule_setup(nb: Any, context: Context) -> list[str]:
    second = nb.cells[1] if len(nb.cells) > 1 else None
    start = re.compile(rf"facts\.start\(\s*['\"]{re.escape(context.name)}['\"]\s*\)")
    if second is None or second.cell_type != "code" or not start.search(second.source):
        return [f'cell 1: must be the setup cell, with facts.start("{context.name}")']
    return []


def rule_cell_length(nb: Any, context: Context) -> list[str]:
    sizes, found = [], []
    for number, cell in code_cells(nb):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if "remove-cell" not in tags(cell):
            sizes.append(len(lines))
        if len(lines) > MAX_LINES:
            found.append(f"cell {number}: {len(lines)} lines; split it, {MAX_LINES} at most")
        wide = max(map(len, lines), default=0)
        if wide > MAX_COLUMNS:
            found.append(f"cell {number}: a line of {wide} columns; {MAX_COLUMNS} at most")
    median = statistics.median(sizes) if sizes else 0
    if median > MEDIAN_LINES:
        found.append(f"the median code cell has {median:g} lines; split some, {MEDIAN_LINES}")
    return found


def rule_text_around(nb: Any, context: Context) -> list[str]:
    """Words before and after each code cell; hidden cells do not count as cells."""
    seen = [
        (number, cell)
        for number, cell in enumerate(nb.cells)
        if cell.cell_type == "markdown" or not {"remove-cell", "hide-input"} & set(tags(cell))
    ]
    found = []
    for place, (number, cell) in enumerate(seen):
        if cell.cell_type != "code":
            continue
        for step, where in ((-1, "before"), (1, "after")):
            neighbour = seen[place + step : place + step + 1] if place + step >= 0 else []
            if not neighbour or not _says_something(neighbour[0][1]):
                found.append(
                    f"cell {number}: no sentence {where} it; say what to look for or read"
                )
    return found


def _says_something(cell: Any) -> bool:
    if cell.cell_type != "markdown":
        return False
    if re.search(r"\{(exercise|solution)-(start|end)\}", cell.source):
        return True
    text = re.sub(r"^#.*$", "", prose(cell.source, keep_facts=True), flags=re.MULTILINE)
    return len(re.findall(r"\w+", text)) >= 3


# ---------------------------------------------------------------- rules: figures


def images(cell: Any) -> list[str]:
    """Give the stored images of a cell, as base64 or SVG text."""
    data = [output.get("data", {}) for output in cell.outputs]
    return [text for d in data for kind, text in d.items() if kind.startswith("image/")]


def rule_alt_text(nb: Any, context: Context) -> list[str]:
    found = []
    for number, cell in code_cells(nb):
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if images(cell) and not alt.strip():
            found.append(f'cell {number}: metadata needs mystnb: {{"image": {{"alt": "…"}}}}')
        if len(alt) > MAX_ALT:
            found.append(f"cell {number}: alt text of {len(alt)} characters; {MAX_ALT} at most")
    return found


def rule_markdown_alt(nb: Any, context: Context) -> list[str]:
    found = []
    for number, source in markdown_cells(nb):
        bare_images = re.findall(r"!\[\s*\]\(", source)
        for block in re.findall(
            r"^`{3,}\{(?:figure|image)\}.*?^`{3,}", source, re.MULTILINE | re.DOTALL
        ):
            bare_images += [] if re.search(r"^:alt:\s*\S", block, re.MULTILINE) else [block]
        found += [f"cell {number}: an image without alt text; say what it shows"] * bool(
            bare_images
        )
    return found


def rule_image_bytes(nb: Any, context: Context) -> list[str]:
    size = 0
    for _, cell in code_cells(nb):
        for text in images(cell):
            size += len(text) if "<svg" in text else len(base64.b64decode(text))
    if size <= MAX_IMAGE_KB * 1024:
        return []
    return [f"images of {size // 1024} KB; {MAX_IMAGE_KB} at most: smaller, fewer, lower dpi"]


def rule_figures(nb: Any, context: Context) -> list[str]:
    """nbval does not look at pixels, so the data of every figure is asserted."""
    cells, found = code_cells(nb), []
    for place, (number, cell) in enumerate(cells):
        if not images(cell):
            continue
        if "hide-input" not in tags(cell):
            found.append(f"cell {number}: draws a figure; tag it hide-input")
        near = [c.source for _, c in cells[max(place - 1, 0) : place + 2]]
        if not any(re.search(r"^\s*assert\b", source, re.MULTILINE) for source in near):
            found.append(f"cell {number}: draws a figure; assert its data there or in a next cell")
    return found


# ---------------------------------------------------------------- rules: words and numbers


def rule_typed_numbers(nb: Any, context: Context) -> list[str]:
    pattern = (
        r"(?<![\w.])\d[\d,]*\.\d+(?!\.\d)\b|(?<![\w.])\.\d+|\d\s?%|\d\s(?:percent|per cent)\b"
    )
    return [
        f"cell {number}: typed number {match[0]!r}; quote a {{fact}}, or put it in maths or code"
        for number, source in markdown_cells(nb)
        for match in re.finditer(pattern, prose(source))
    ]


def rule_words(nb: Any, context: Context) -> list[str]:
    return [
        f"cell {number}: the word {match[0]!r} tells a stuck reader nothing; leave it out"
        for number, source in markdown_cells(nb)
        for match in re.finditer(
            r"\b(clearly|simply|obviously|just)\b", prose(source), re.IGNORECASE
        )
    ]


def find_fact(name: str, context: Context) -> dict[str, Any] | None:
    """Look a quoted name up: `name`, `22-behaviour/name`, each with `|value` or not."""
    name, _, form = name.partition("|")
    if form not in ("", "value"):
        return None
    chapter, _, rest = name.strip().partition("/")
    if re.match(r"\d\d-", chapter) and rest:  # as the {fact} role reads it
        return context.facts.get(chapter, {}).get(rest)
    return context.facts.get(context.name, {}).get(name.strip())


# A word in quotation marks is talked about, not claimed.
CLAIM = r"(?<![\"“])\b(better|beats|improves|outperforms|worse)\b(?![\"”])"


def rule_claims(nb: Any, context: Context) -> list[str]:
    found = []
    for number, source in markdown_cells(nb):
        for paragraph in re.split(r"\n\s*\n", prose(source, keep_facts=True)):
            claim = re.search(CLAIM, paragraph, re.IGNORECASE)
            facts = [find_fact(name, context) or {} for name in FACT.findall(paragraph)]
            if claim and not any(_is_proof(fact) for fact in facts):
                found.append(
                    f"cell {number}: {claim[0]!r} needs, in the same paragraph, a {{fact}} of "
                    "facts.difference whose interval excludes zero by more than its tolerance; or "
                    "say no difference we can see"
                )
    return found


def _is_proof(fact: dict[str, Any]) -> bool:
    return fact.get("kind") == "difference" and excludes_zero(fact)


def rule_facts_exist(nb: Any, context: Context) -> list[str]:
    return [
        f"cell {number}: no fact {name!r}; record it, or run tools/execute.py on the notebook"
        for number, source in markdown_cells(nb)
        for name in FACT.findall(outside_literals(source))
        if find_fact(name, context) is None
    ]


# ---------------------------------------------------------------- rules: code


def rule_network(nb: Any, context: Context) -> list[str]:
    pattern = re.compile(
        r"\brequests\.|\burllib\b|\bwget\b|\bcurl\b|[!%]\s*(?:pip|conda)\b|https?://|^\s*!",
        re.MULTILINE,
    )
    return [
        f"cell {number}: {match[0].strip()!r}: nothing is downloaded or installed in a notebook"
        for number, cell in code_cells(nb)
        for match in [pattern.search(cell.source)]
        if match
    ]


def rule_plain_python(nb: Any, context: Context) -> list[str]:
    found = [
        f"cell {number}: is not Python; mend the syntax error"
        for number, cell in code_cells(nb)
        if tree(cell) is None
    ]
    for number, node in nodes(nb):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            found.append(f"cell {number}: import *; name what is imported")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"cell {number}: bare except; name the error that is expected")
    return found


def rule_same_code(nb: Any, context: Context) -> list[str]:
    """What a notebook shows and what helpers keeps for later chapters is one and the same."""
    shown = definitions(tree(cell) for _, cell in code_cells(nb))
    return [
        f"{name}: the notebook and helpers differ; make them the same code"
        for name, versions in shown.items()
        if name in context.helpers and not set(versions) & set(context.helpers[name])
    ]


def rule_see_it_first(nb: Any, context: Context) -> list[str]:
    """A function of helpers is used only from the chapter on that shows it."""
    seen = context.earlier | definitions(tree(cell) for _, cell in code_cells(nb)).keys()
    return [
        f"cell {number}: {name} comes from helpers, but no chapter up to here defines it; show it"
        for number, name in _used_from_helpers(nb, context)
        if name in context.helpers and name not in seen | ALWAYS_ALLOWED
    ]


def _used_from_helpers(nb: Any, context: Context) -> list[tuple[int, str]]:
    """List (cell, function) for what is imported, or reached as module.function."""
    used, aliases = [], set()
    for number, node in nodes(nb):
        if isinstance(node, ast.Import):
            names = [a for a in node.names if _is_lesson(a.name)]
            aliases |= {a.asname or a.name for a in names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            for a in node.names:
                whole = f"{node.module}.{a.name}"
                if a.name in context.modules and _is_lesson(whole):
                    aliases.add(a.asname or a.name)
                elif _is_lesson(node.module or ""):
                    used.append((number, a.name))
    for number, node in nodes(nb):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in aliases:
            used.append((number, node.attr))
    return used


def _is_lesson(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == "helpers" and len(parts) > 1 and parts[1] in SHOWN_FIRST


# ---------------------------------------------------------------- rules: the stored run


def rule_clean_run(nb: Any, context: Context) -> list[str]:
    counts = [cell.execution_count for _, cell in code_cells(nb)]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return ["cells are not numbered 1..n; run tools/execute.py on the notebook"]


def rule_quiet_outputs(nb: Any, context: Context) -> list[str]:
    return [
        f"cell {number}: stored output is an error or stderr; mend the cause and execute again"
        for number, cell in code_cells(nb)
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


def rule_fresh(nb: Any, context: Context) -> list[str]:
    if nb.metadata.get("alike", {}).get("code_hash") == code_hash(nb):
        return []
    return ["the outputs are older than the code; run tools/execute.py on the notebook"]


def rule_budget(nb: Any, context: Context) -> list[str]:
    cost = nb.metadata.get("alike", {})
    seconds, memory = cost.get("seconds"), cost.get("memory_mb")
    if seconds is None or memory is None:
        return ["no measured cost in the metadata; run tools/execute.py on the notebook"]
    found = [] if seconds <= MAX_SECONDS else [f"ran {seconds} s; {MAX_SECONDS} s at most"]
    return found + ([] if memory <= MAX_MEMORY_MB else [f"{memory} MB; {MAX_MEMORY_MB} at most"])


def rule_checked(nb: Any, context: Context) -> list[str]:
    """Cells tagged nbval-check-output are compared with a fresh run; some must be."""
    marked = [(i, c) for i, c in code_cells(nb) if "nbval-check-output" in tags(c)]
    if not marked:
        return ["no cell is tagged nbval-check-output; tag those with a deterministic text output"]
    return [
        f"cell {number}: tagged nbval-check-output, but it shows no text; nothing would be compared"
        for number, cell in marked
        if not cell.outputs or all("image/png" in o.get("data", {}) for o in cell.outputs)
    ]


# ---------------------------------------------------------------- rules: quiz and exercises


def rule_quiz(nb: Any, context: Context) -> list[str]:
    found, count = [], 0
    for number, source in markdown_cells(nb):
        for body in re.findall(
            r"^(`{3,})\{quiz\}[^\n]*\n(.*?)^\1\s*$", source, re.MULTILINE | re.DOTALL
        ):
            try:
                questions = yaml.load(
                    body[1], Loader=yaml.BaseLoader
                )  # all words, as the page does
            except yaml.YAMLError as error:
                found.append(f"cell {number}: the quiz is not YAML: {str(error).splitlines()[0]}")
                continue
            count += len(questions or [])
            for place, question in enumerate(questions or [], start=1):
                found += [f"cell {number}, question {place}: {w}" for w in _quiz_faults(question)]
    if count >= 4 or found or is_twin(context.name):
        return found
    return [f"{count} quiz questions; write at least 4"]


def _quiz_faults(question: Any) -> list[str]:
    if not isinstance(question, dict) or not question.get("question"):
        return ["needs the keys question and options"]
    options = [o for o in question.get("options") or [] if isinstance(o, dict)]
    faults = [] if len(options) >= 2 else ["needs two options or more"]
    faults += [] if any(o.get("correct") == "true" for o in options) else ["no option is correct"]
    lacking = [o for o in options if not o.get("text") or not o.get("why")]
    return faults + (["every option needs a text and a why"] if lacking else [])


def rule_exercises(nb: Any, context: Context) -> list[str]:
    events = list(_exercise_events(nb))
    labels = [what for kind, what in events if kind == "exercise-start"]
    least = 2 if is_twin(context.name) else 5
    found = [] if len(labels) >= least else [f"{len(labels)} exercises; write at least {least}"]
    for label in labels:
        match = re.fullmatch(r"ex-(\d+)-(\d+)", label)
        if not match or not context.name.startswith(match[1]):
            found.append(f"exercise label {label!r}; use ex-{context.name.split('-')[0]}-1, -2, …")
            continue
        begin = events.index(("exercise-start", label))
        found += [
            f"{label}: {fault}" for fault in _exercise_faults(label, match[2], events, begin)
        ]
    return found


def _exercise_faults(
    label: str, number: str, events: list[tuple[str, str]], begin: int
) -> list[str]:
    rest = events[begin + 1 :]
    stop = next((i for i, (kind, _) in enumerate(rest) if kind == "exercise-start"), len(rest))
    mine = rest[:stop]
    names = [kind for kind, _ in mine]
    faults = [f"no {{{kind}}}" for kind in ("exercise-end", "solution-end") if kind not in names]
    if ("solution-start", label) not in mine or faults:
        return [*faults, f"close it, and give ```{{solution-start}} {label}``` with a solution"]
    middle, end = mine.index(("solution-start", label)), names.index("solution-end")
    call = rf"check\.ex_{number}\(answer\)"
    asked = [code for kind, code in mine[:middle] if kind == "code"]
    solved = [code for kind, code in mine[middle:end] if kind == "code"]
    if not any(re.search(call, code) for code in asked):
        faults.append(f"no code cell that calls check.ex_{number}(answer)")
    if not solved or not re.search(rf"^assert {call}\s*\Z", solved[-1].strip(), re.MULTILINE):
        faults.append(f"the solution must end with `assert check.ex_{number}(answer)`")
    return faults


def _exercise_events(nb: Any) -> Iterator[tuple[str, str]]:
    directive = r"^`{3,}\{((?:exercise|solution)-(?:start|end))\}[ \t]*([\w.-]*)(?:\n:label:[ \t]*([\w-]+))?"
    for cell in nb.cells:
        if cell.cell_type == "code":
            yield "code", cell.source
            continue
        for match in re.finditer(directive, cell.source, re.MULTILINE):
            yield match[1], match[3] or match[2]


# ---------------------------------------------------------------- the whole book

RULES: dict[str, Rule] = {
    name: rule for name, rule in list(globals().items()) if name.startswith("rule_")
}
PAGE_RULES = (
    "rule_typed_numbers",
    "rule_words",
    "rule_claims",
    "rule_facts_exist",
    "rule_markdown_alt",
)


def helper_files() -> list[Path]:
    folder = ROOT / "helpers"
    names = [folder / f"{name}.py" for name in SHOWN_FIRST if name != "models"]
    return [p for p in [*names, *sorted((folder / "models").glob("*.py"))] if p.exists()]


def continues(path: Path, other: Path) -> bool:
    """Whether a page goes on with a chapter: its twin, or its second half."""
    return path.stem.startswith(f"{other.stem}-")


def book_context(path: Path) -> Context:
    """Collect what the rules need to know about one notebook or page of the book."""
    documents = [json.loads(p.read_text("utf-8")) for p in facts_of(path).glob("*.json")]
    number = path.stem.split("-")[0]
    before = [p for p in notebooks() if p.stem.split("-")[0] < number or continues(path, p)]
    cells = [c for p in before for _, c in code_cells(nbformat.read(p, as_version=4))]
    return Context(
        name=path.stem,
        facts={document["chapter"]: document["facts"] for document in documents},
        helpers=definitions(ast.parse(p.read_text("utf-8")) for p in helper_files()),
        modules=frozenset(p.stem for p in (ROOT / "helpers").rglob("*.py")) | {"models"},
        earlier=frozenset(definitions(tree(cell) for cell in cells)),
    )


def check_file(path: Path) -> list[str]:
    """Give every complaint about one notebook or Markdown page."""
    if path.suffix == ".md":
        cell = nbformat.v4.new_markdown_cell(path.read_text("utf-8"))
        nb, rules = nbformat.v4.new_notebook(cells=[cell]), PAGE_RULES
    else:
        nb, rules = nbformat.read(path, as_version=4), tuple(RULES)
    context = book_context(path)
    return [f"{path.name}: {name}: {line}" for name in rules for line in RULES[name](nb, context)]


def book_files() -> list[Path]:
    files = [p for kind in ("*.ipynb", "*.md") for p in BOOK.rglob(kind)]
    return sorted(
        p for p in files if not any(part[0] in "._" for part in p.relative_to(BOOK).parts)
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the book's rules.")
    parser.add_argument("files", nargs="*", type=Path, help="default: the whole book")
    chosen = parser.parse_args(arguments).files or book_files()
    lines = [line for path in chosen for line in check_file(path.resolve())]
    print("\n".join(lines) or f"{len(chosen)} files, no complaint")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
