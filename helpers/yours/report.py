"""What is written: one HTML page that needs nothing else, and tables for the next program."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from helpers import tasks
from helpers.stats import Interval
from helpers.yours.files import Tell
from helpers.yours.folder import FILES, MADE_BY, check_folder
from helpers.yours.judge import NEIGHBOURS, Board, Judged, Row, needed, verdict, winners

METRICS = {"ndcg@20": "NDCG@20", "hr@20": "hit rate@20", "recall@20": "recall@20"}

STYLE = """
:root{--ink:#1d1d1f;--paper:#fff;--soft:#5c5f66;--line:#d7d9de;--mark:#0067a8;--warn:#8a4b00;
--wash:#f5f6f8;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--paper:#17181b;--soft:#a9acb3;
--line:#3a3d44;--mark:#6db8ea;--warn:#f0b56a;--wash:#202226}}
*{box-sizing:border-box}body{margin:0 auto;padding:1.2rem;max-width:62rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2}h2{margin-top:2.4rem;border-bottom:1px solid var(--line)}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--soft);padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;
border-bottom:1px solid var(--line);overflow-wrap:normal}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th[scope=row]{font-weight:600;min-width:7em}td:not(.n){min-width:9em}
.warn{border-left:4px solid var(--warn);background:var(--wash);padding:.5rem 1rem;margin:.6rem 0}
.answer{font-size:1.1rem;border-left:4px solid var(--mark);background:var(--wash);padding:.6rem 1rem}
svg{width:100%;max-width:40rem;height:auto;display:block}svg text{fill:var(--ink);font-size:13px}
small,.soft{color:var(--soft)}code{background:var(--wash);padding:0 .2em}
pre{background:var(--wash);padding:.6rem;overflow-x:auto}a{color:var(--mark)}
@media(max-width:500px){svg text{font-size:19px}}
@media print{body{max-width:none;padding:0}.wide{overflow:visible}h2{break-after:avoid}
tr,svg{break-inside:avoid}}
"""


# --- pieces of HTML ------------------------------------------------------------------------------


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table; cells are HTML already. Columns from number `words` on are numbers.

    >>> table("x", ["a", "b"], [["tea", "1"]]).count("<td class=n>1</td>")
    1
    """
    heads = "".join(
        f"<th scope=col{' class=n' if n >= words else ''}>{name}</th>"
        for n, name in enumerate(head)
    )
    body = ""
    for row in rows:
        cells = "".join(
            f"<td{' class=n' if n >= words else ''}>{cell}</td>" for n, cell in enumerate(row) if n
        )
        body += f"<tr><th scope=row>{row[0]}</th>{cells}</tr>"
    return (
        f"<div class=wide tabindex=0 role=group aria-label='{escape(caption)}'><table><caption>"
        f"{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
        "</table></div>"
    )


def shown(interval: Interval, digits: int = 3) -> str:
    """A mean with its interval, with a true minus sign.

    >>> shown(Interval(0.25, 0.2, 0.3, 40))
    '0.250 [0.200, 0.300]'
    """
    text = f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
    return text.replace("-", "\N{MINUS SIGN}")


def interval_chart(board: Board) -> str:
    """One line a method: a mark at its mean, a whisker over its interval, chance dotted."""
    metric, rows = board.metric, board.rows
    top = max(row.interval[metric].high for row in rows) * 1.05 or 1.0
    height, left, width = 26 * len(rows) + 34, 130, 460

    def x(value: float) -> float:
        return left + width * value / top

    marks = ""
    for n, row in enumerate(rows):
        i, y = row.interval[metric], 20 + 26 * n
        marks += (
            f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(row.method)}</text>'
            f'<line x1="{x(i.low):.1f}" x2="{x(i.high):.1f}" y1="{y}" y2="{y}" '
            'stroke="var(--mark)" stroke-width="2"/>'
            f'<circle cx="{x(i.value):.1f}" cy="{y}" r="4.5" fill="var(--mark)"/>'
        )
    chance = x(board.chance)
    best = rows[0]
    words = (
        f"{best.method} leads with {shown(best.interval[metric])}; chance is {board.chance:.4f}."
    )
    return (
        f'<svg viewBox="0 0 {left + width + 20} {height}" role="img" '
        f'aria-label="{escape(METRICS[metric])} of each method. {escape(words)}">{marks}'
        f'<line x1="{chance:.1f}" x2="{chance:.1f}" y1="8" y2="{height - 24}" '
        'stroke="var(--soft)" stroke-dasharray="2 4"/>'
        f'<text x="{left}" y="{height - 6}">0</text>'
        f'<text x="{left + width}" y="{height - 6}" text-anchor="end">{top:.3f}</text></svg>'
    )


def tail_chart(tail: Any) -> str:
    """The long tail: share of the lines that the best-selling share of products holds."""
    n = len(tail)
    places = np.unique(np.linspace(1, n, 100).astype(int))
    points = " ".join(
        f"{60 + 500 * p / n:.1f},{190 - 170 * float(tail[p - 1]):.1f}" for p in places
    )
    tenth = float(tail[max(0, round(n / 10) - 1)])
    words = f"The best-selling tenth of the products holds {tenth:.0%} of the lines."
    return (
        f'<svg viewBox="0 0 600 220" role="img" aria-label="{words}">'
        '<line x1="60" y1="190" x2="560" y2="190" stroke="var(--line)"/>'
        '<line x1="60" y1="20" x2="60" y2="190" stroke="var(--line)"/>'
        f'<polyline points="60,190 {points}" fill="none" stroke="var(--mark)" stroke-width="2.5"/>'
        '<text x="52" y="195" text-anchor="end">0 %</text>'
        '<text x="52" y="26" text-anchor="end">100 %</text>'
        '<text x="60" y="212">best-selling products first</text>'
        f'<text x="560" y="212" text-anchor="end">all {n:,}</text></svg><p>{words}</p>'
    )


def weeks_chart(weeks: Any) -> str:
    """Lines a week, one bar each; of very many weeks, groups of them."""
    counts = weeks.to_numpy()
    group = -(-len(counts) // 80)
    sums = [int(counts[s : s + group].sum()) for s in range(0, len(counts), group)]
    step, top = 520 / len(sums), max(sums)
    bars = "".join(
        f'<rect x="{50 + step * n:.1f}" y="{150 - 125 * s / top:.1f}" width="{step * 0.8:.1f}" '
        f'height="{125 * s / top:.1f}" fill="var(--mark)"/>'
        for n, s in enumerate(sums)
    )
    unit = "week" if group == 1 else f"{group} weeks"
    words = f"Lines per {unit}: at most {top:,}, at least {min(sums):,}."
    return (
        f'<svg viewBox="0 0 600 180" role="img" aria-label="{words}">{bars}'
        f'<text x="50" y="172">{weeks.index[0].start_time.date()}</text>'
        f'<text x="570" y="172" text-anchor="end">{weeks.index[-1].end_time.date()}</text>'
        f"</svg><p>{words}</p>"
    )


# --- sections ------------------------------------------------------------------------------------


def section_read(judged: Judged) -> str:
    """What was read and what was done to it."""
    bought = judged.purchases
    left, rows = bought.lines, []
    rows.append(["lines in the file", "", f"{left:,}", ""])
    for what, count, why in bought.steps:
        left -= count
        rows.append([escape(what), escape(why), f"{left:,}", f"{count:,}"])
    notes = "".join(f"<li>{escape(note)}</li>" for note in judged.notes)
    head = ["step", "why, and where first", "lines left", "taken out"]
    return (
        "<h2 id=read>What was read</h2>"
        + f"<ul>{notes}</ul>"
        + table(f"What was done to {bought.path.name}", head, rows, 2)
        + "<p>Ids are kept as text, leading zeros included. Methods here ask whether a customer "
        "bought a product, not how many pieces.</p>"
    )


def section_shape(judged: Judged) -> str:
    """How large the catalogue is, how full, how long its tail."""
    s = judged.shape
    rows = [
        ["purchases (lines)", f"{s['lines']:,}"],
        ["customers", f"{s['customers']:,}"],
        ["products", f"{s['products']:,}"],
        [f"products with {judged.least} customers or more", f"{judged.catalogue.num_items:,}"],
        ["baskets", f"{s['baskets']:,}" if "baskets" in s else "not known"],
        ["filled cells of customers × products", f"{s['density']:.4%}"],
        ["different products of the middle customer", f"{s['products per customer']:.0f}"],
        ["customers with one product only", f"{s['customers with one product']:.0%}"],
        ["products with one customer only", f"{s['products with one customer']:.0%}"],
        ["inequality of sales (Gini; 0 = all alike)", f"{s['gini']:.2f}"],
    ]
    if "first" in s:
        rows.append(["first and last date", f"{s['first']:%Y-%m-%d} to {s['last']:%Y-%m-%d}"])
    charts = "<h3>The long tail</h3>" + tail_chart(s["tail"])
    if "weeks" in s and len(s["weeks"]) > 1:
        charts += "<h3>Through time</h3>" + weeks_chart(s["weeks"])
    return "<h2 id=shape>Your catalogue</h2>" + table("Size and shape", ["", ""], rows) + charts


def row_cells(row: Row, board: Board) -> list[str]:
    """One line of a leaderboard."""
    note = f"<br><small>{escape(row.setting)}</small>" if row.setting else ""
    over = "—" if row.over is None else shown(row.over)
    return [
        escape(row.method) + note,
        escape(verdict(row, board)),
        shown(row.interval[board.metric]),
        over,
        *(f"{row.interval[m].value:.3f}" for m in others_of(board)),
        f"{row.seconds:.2f}",
    ]


def others_of(board: Board) -> list[str]:
    """The metrics beside the one that sorts; with one thing to find, recall is the hit rate."""
    return ["hr@20", "recall@20"] if board.metric == "ndcg@20" else ["ndcg@20"]


TITLES = {
    "new products": "What will a customer buy for the first time?",
    "the rest of a basket": "What else belongs into this basket?",
}
QUESTIONS = {
    "new products": "Each customer gets a list of 20 products that they have not bought before. "
    "NDCG@20 is 1 when everything that they then bought for the first time stands at the top of "
    "the list, and 0 when nothing of it is in the list.",
    "the rest of a basket": "One product was taken out of each basket. The hit rate is the share "
    "of baskets for which it is among the 20 products that the method names from the rest.",
}


def short_answers(judged: Judged) -> str:
    """The findings, before everything else."""
    found = "".join(
        f"<p class=answer><b>{TITLES[b.question]}</b> {escape(answer(b))}</p>"
        for b in judged.boards
    )
    return f"<h2 id=short>In short</h2>{found}" if found else ""


def section_board(board: Board) -> str:
    """The leaderboard of one question."""
    title, what = TITLES[board.question], QUESTIONS[board.question]
    head = [
        "method",
        "in words",
        f"{METRICS[board.metric]} [95 % interval]",
        f"minus {escape(board.reference)}",
        *(METRICS[m] for m in others_of(board)),
        "seconds",
    ]
    rows = [row_cells(row, board) for row in board.rows]
    lines = "".join(
        f"<li>{escape(name)} was left out: {escape(why)}.</li>"
        for name, why in board.left_out.items()
    )
    caption = (
        f"{board.num_queries:,} asked; chance on paper: {board.chance:.4f}; seconds: to learn once"
    )
    return (
        f"<h3>{title}</h3><p>{what}</p>"
        + interval_chart(board)
        + table(caption, head, rows, 2)
        + (f"<ul>{lines}</ul>" if lines else "")
    )


def answer(board: Board) -> str:
    """The finding in one or two sentences."""
    same, best = winners(board), board.rows[0]
    if len(same) > 1:
        first = f"{best.method} has the highest score, but cannot be told from {listed(same[1:])}."
    else:
        first = f"{best.method} finds most, and the lead over every other method is real."
    if best.over is not None:
        first += f" It finds {verdict(best, board)} ({shown(best.over)})."
        first = first.replace("finds no difference", "shows no difference")
    else:
        first += " It is the simple method that a new one would have to beat."
    return first + (
        f" To see a difference of 0.01 one needs about {needed(board):,}; here were "
        f"{board.num_queries:,}."
    )


def listed(names: Sequence[str]) -> str:
    """Names with commas and an "or".

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b or c', 'a')
    """
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def section_neighbours(judged: Judged) -> str:
    """Neighbours of a few products, method beside method."""
    names, parts = judged.names, ["<h2 id=neighbours>Neighbours</h2>"]
    half = len(judged.shown) // 2
    parts.append(
        "<p>Best-selling products first, then some drawn by chance. Read a column downwards: would "
        "you show these beside the product? Scores of two methods cannot be compared.</p>"
    )
    lists = {name: similar(model, judged.shown, 5) for name, model in judged.models.items()}
    for n, item in enumerate(judged.shown):
        head = ["place", *map(escape, lists)]
        rows = [
            [str(place + 1), *(cell(names, columns[n], place) for columns in lists.values())]
            for place in range(5)
        ]
        kind = "best-selling" if n < half or half == 0 else "drawn by chance"
        caption = f"{names[item]} (id {judged.catalogue.ids[item]}; {kind})"
        parts.append(table(caption, head, rows, len(head)))
    return "".join(parts)


def cell(names: Sequence[str], columns: Any, place: int) -> str:
    """The name in one place of a list, or a dash."""
    if place >= len(columns) or columns[place] < 0:
        return "—"
    return escape(names[columns[place]])


def section_pairs(judged: Judged) -> str:
    """Used together, or instead of one another."""
    if not judged.pairs:
        return (
            "<h2 id=pairs>Goes with, or instead of</h2><p>Baskets are not known (--basket), so "
            "the two cannot be told apart.</p>"
        )
    rows = [
        [
            escape(judged.names[item]),
            *(", ".join(escape(judged.names[j]) for j in side) or "—" for side in sides),
        ]
        for item, sides in judged.pairs.items()
    ]
    return (
        "<h2 id=pairs>Goes with, or instead of</h2><p>Pairs that meet in one basket more than one "
        "customer's purchases explain are used together. Pairs that one customer buys, but on "
        "different days, stand in for each other. At least five customers are behind each pair; a "
        "dash means: not enough evidence.</p>"
        + table("From two counts", ["product", "goes with it", "bought instead"], rows, 3)
    )


MEANING = """
<h2 id=meaning>What the numbers mean</h2>
<ul>
<li><b>Interval.</b> Had other customers of the same kind been asked, the mean would lie in the
brackets 95 times in 100. It does not cover next season or a change of your assortment.</li>
<li><b>Minus the simple method.</b> Computed customer by customer. Where the interval leaves out
zero, the difference is real; with many methods in the table, one in twenty such findings is luck.</li>
<li><b>Settings</b> were chosen on the validation part; the test part was asked once. Of more than
5,000 customers or baskets, 5,000 drawn by chance were asked.</li>
<li><b>Offline.</b> Customers could only buy what you showed them. A method that agrees with the old
shelf is favoured. Before you decide, run the leader against what you have on a share of your
visitors.</li>
<li><b>Neighbours are not customers.</b> A high score for lists does not make a neighbour a
substitute. Look at the lists with somebody who knows the goods.</li>
</ul>
"""


def page(judged: Judged) -> str:
    """The whole report: one HTML page without any outside file."""
    warnings = "".join(f"<div class=warn role=note>{escape(w)}</div>" for w in judged.warnings)
    boards = "".join(section_board(board) for board in judged.boards)
    links = " · ".join(
        f"<a href='#{key}'>{name}</a>"
        for key, name in [("read", "What was read"), ("shape", "Your catalogue"),
                          ("board", "Leaderboard"), ("neighbours", "Neighbours"),
                          ("pairs", "Goes with"), ("meaning", "What it means"),
                          ("files", "Files")]
    )  # fmt: skip
    title = f"Alike: {escape(judged.purchases.path.name)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><link rel=icon href='data:,'><style>{STYLE}</style></head><body>"
        f"<main><h1>{title}</h1><nav aria-label='Sections'>{links}</nav>"
        + short_answers(judged)
        + (f"<h2 id=warnings>First, with care</h2>{warnings}" if warnings else "")
        + section_read(judged)
        + section_shape(judged)
        + f"<h2 id=board>Leaderboard</h2><p>{escape(judged.split.words)}</p>"
        + (boards or "<p>No question could be asked; see above.</p>")
        + section_neighbours(judged)
        + section_pairs(judged)
        + MEANING
        + f"<h2 id=files>Files beside this page</h2><pre>{escape(readme(judged))}</pre>"
        + "</main></body></html>"
    )


# --- files ---------------------------------------------------------------------------------------


def similar(model: Any, items: Sequence[int], k: int) -> Any:
    """Columns of the nearest products, (len(items), k); -1 where a method knows no more.

    A score of zero is no likeness, so it leaves the place empty.
    """
    vectors = model.item_vectors if hasattr(model, "item_vectors") else model.table
    k, found = min(k, vectors.shape[0] - 1), []
    for start in range(0, len(items), tasks.BLOCK):
        columns, scores = model.similar(np.asarray(items[start : start + tasks.BLOCK]), k)
        found.append(np.where(np.asarray(scores) > 0, columns, -1))
    return np.vstack(found) if k > 0 else np.empty((len(items), 0), dtype=int)


def readme(judged: Judged) -> str:
    """What each file holds, and how to load it."""
    vectors = "item_vectors.npy" if "SVD" in judged.models else ""
    lines = [
        "report.html       this report, for people",
        "leaderboard.csv   one line per question and method (also as leaderboard.json)",
        "neighbours.csv    method, product, place (1 = nearest), neighbour, score; UTF-8",
    ]
    if vectors:
        d = judged.models["SVD"].item_vectors.shape[1]
        lines += [
            f"item_vectors.npy  float32, {judged.catalogue.num_items} products x {d} (SVD)",
            "item_ids.csv      row number in item_vectors.npy, id, name; UTF-8",
            "",
            "import numpy as np, pandas as pd",
            'vectors = np.load("item_vectors.npy")',
            'ids = pd.read_csv("item_ids.csv", dtype=str, keep_default_na=False)["id"]',
        ]
    lines.append('pd.read_csv("neighbours.csv", dtype={"product": str, "neighbour": str})')
    return "\n".join(lines)


def board_rows(judged: Judged) -> list[dict[str, Any]]:
    """The leaderboards as plain rows."""
    found = []
    for board in judged.boards:
        for row in board.rows:
            i = row.interval[board.metric]
            over = row.over or Interval(0.0, 0.0, 0.0, i.n)
            found.append(
                {
                    "question": board.question,
                    "method": row.method,
                    "setting": row.setting,
                    "metric": board.metric,
                    "value": i.value,
                    "low": i.low,
                    "high": i.high,
                    "asked": i.n,
                    "chance": board.chance,
                    "reference": board.reference,
                    "difference": over.value,
                    "difference_low": over.low,
                    "difference_high": over.high,
                    "in_words": verdict(row, board),
                    "seconds": round(row.seconds, 3),
                    **{name: v.value for name, v in row.interval.items()},
                }
            )
    return found


def neighbour_rows(judged: Judged, tell: Tell) -> Iterable[list[Any]]:
    """Rows of neighbours.csv."""
    ids = judged.catalogue.ids
    everything = np.arange(len(ids))
    for number, (name, model) in enumerate(judged.models.items()):
        tell("writing neighbours", number / len(judged.models))
        k = min(NEIGHBOURS, len(ids) - 1)
        for start in range(0, len(ids) if k else 0, tasks.BLOCK):
            block = everything[start : start + tasks.BLOCK]
            columns, scores = model.similar(block, k)
            for item, line, values in zip(block, columns, scores, strict=True):
                for place, (column, value) in enumerate(zip(line, values, strict=True), start=1):
                    if value > 0:
                        yield [name, ids[item], place, ids[column], f"{value:.6g}"]


def write_all(judged: Judged, out: Path, tell: Tell) -> list[str]:
    """Write everything into a folder, whole or not at all; say what was replaced.

    Files are made in a temporary folder beside `out` and moved when all of them stand.

    Raises
    ------
    BadFile : `out` is a file, or holds files of these names that this program did not make.
    """
    said = check_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        (made / "report.html").write_text(page(judged), encoding="utf-8")
        rows = board_rows(judged)
        columns = list(rows[0]) if rows else ["question", "method"]
        write_csv(made / "leaderboard.csv", columns, ([r[c] for c in columns] for r in rows))
        summary = {
            "made_by": MADE_BY,
            "split": judged.split.words,
            "warnings": judged.warnings,
            "rows": rows,
        }
        text = json.dumps(summary, indent=1, ensure_ascii=False)
        (made / "leaderboard.json").write_text(text, encoding="utf-8")
        head = ["method", "product", "place", "neighbour", "score"]
        write_csv(made / "neighbours.csv", head, neighbour_rows(judged, tell))
        if "SVD" in judged.models:
            vectors = np.asarray(judged.models["SVD"].item_vectors, dtype=np.float32)
            np.save(made / "item_vectors.npy", np.ascontiguousarray(vectors))
            ids = ([n, i, name] for n, (i, name) in enumerate(
                zip(judged.catalogue.ids, judged.names, strict=True)))  # fmt: skip
            write_csv(made / "item_ids.csv", ["row", "id", "name"], ids)
        (made / "README.txt").write_text(readme(judged) + "\n", encoding="utf-8")
        out.mkdir(exist_ok=True)
        for name in FILES:
            (out / name).unlink(missing_ok=True)
            if (made / name).exists():
                os.replace(made / name, out / name)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return said


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
