"""`python -m helpers`: files as shops export them, the numbers, and the page."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import site_checks as checks

from helpers import metrics, stats, tasks
from helpers.__main__ import main
from helpers.data import Catalogue, Interactions, load_groceries
from helpers.models.baselines import Popularity
from helpers.models.behaviour import ItemKNN
from helpers.similarity import conditional_probability, cooccurrence, cosine, dense, lift
from helpers.yours import judge as judging
from helpers.yours.files import BadFile
from helpers.yours.read import parse_times, read_interactions, read_items

ROOT = Path(__file__).resolve().parents[1]
NOBODY = dict.fromkeys(("user", "item", "time", "basket", "weight"))


def quiet(stage: str, share: float) -> None:
    """Tell nothing."""


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "sales.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path, order: str | None = None, **named: str):
    return read_interactions(path, NOBODY | named, order, quiet)


def refused(path: Path, order: str | None = None, **named: str) -> str:
    with pytest.raises(BadFile) as caught:
        read(path, order, **named)
    return str(caught.value)


# --- text, separators, headers -------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_encoding_and_separator(tmp_path, encoding, separator):
    rows = [["Käufer", "Artikel"], ["Jörg", "Käse"], ["Zoë", "Brötchen"]]
    text = "\r\n".join(separator.join(row) for row in rows)
    bought = read(written(tmp_path, text, encoding))
    assert bought.frame["user"].tolist() == ["Jörg", "Zoë"]
    assert bought.frame["item"].tolist() == ["Käse", "Brötchen"]
    assert bought.taken == {"user": "Käufer", "item": "Artikel"}


def test_what_was_taken_is_said(tmp_path):
    bought = read(written(tmp_path, "Kunden-Nr;Artikel;Menge\n1;a;1,5\n"))
    assert "customer = “Kunden-Nr”, product = “Artikel”, quantity = “Menge”" in bought.notes[0]
    assert "semicolons" in bought.notes[0] and "utf-8" in bought.notes[0]


@pytest.mark.parametrize(
    "header",
    [
        "user_id,item_id",
        "customer,sku",
        "Kunde,Artikelnr.",
        "visitorid,itemid",
        "CustomerID,StockCode",
        "Household Id,Product-ID",
    ],
)
def test_usual_names_are_found(tmp_path, header):
    bought = read(written(tmp_path, f"{header}\nu,i\n"))
    assert bought.frame.to_dict("list") == {"user": ["u"], "item": ["i"]}


def test_a_name_given_wins_over_the_guess_and_a_second_candidate_is_said(tmp_path):
    path = written(tmp_path, "customer,client,sku\na,b,c\n")
    assert read(path).frame["user"].tolist() == ["a"]
    assert any("“client” would also do" in note for note in read(path).notes)
    assert read(path, user="CLIENT").frame["user"].tolist() == ["b"]
    assert "Did you mean “client”" in refused(path, user="cliemt")


def test_a_column_of_ids_is_preferred_to_one_of_names(tmp_path):
    bought = read(written(tmp_path, "user,product,product_id\na,Tea,7\n"))
    assert bought.frame["item"].tolist() == ["7"]


def test_excels_own_first_line_and_blank_lines_are_skipped(tmp_path):
    bought = read(written(tmp_path, "sep=;\n\nuser;item\na;b\n\n\nc;d\n"))
    assert bought.frame["user"].tolist() == ["a", "c"] and bought.steps == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["the file is empty"]),
        ("\n \n", ["the file is empty"]),
        ("user,item\n", ["no line below it"]),
        ("user\na\n", ["line 1", "one column only"]),
        ("1,5,2024-01-01\n2,6,2024-01-02\n", ["line 1", "holds data", "user,item,date"]),
        ("foo,bar\na,b\n", ["line 1", "no column looks like the customer", "--user NAME"]),
        ("user,bar\na,b\n", ["no column looks like the product", "“bar”", "--item NAME"]),
    ],
)
def test_a_file_without_the_needed_is_refused_with_a_remedy(tmp_path, text, words):
    message = refused(written(tmp_path, text))
    assert all(word in message for word in ["sales.csv", *words]), message


def test_what_is_no_text_file_is_named(tmp_path):
    path = tmp_path / "sales.xlsx"
    path.write_bytes(b"PK\x03\x04rest")
    assert "Excel" in refused(path)
    assert "no such file" in refused(tmp_path / "gone.csv")
    assert "is a folder" in refused(tmp_path)


# --- lines ---------------------------------------------------------------------------------------


def test_ids_stay_text_with_their_zeros(tmp_path):
    bought = read(written(tmp_path, "user,item\n007,0042\n7,42\n1e5,1.0\n"))
    assert bought.frame["user"].tolist() == ["007", "7", "1e5"]
    assert bought.frame["item"].tolist() == ["0042", "42", "1.0"]


def test_few_ragged_lines_are_counted_and_the_first_is_named(tmp_path):
    good = "".join(f"u{n},i\n" for n in range(60))
    bought = read(written(tmp_path, f"user,item\n{good}a,b,c\nd\n{good}"))
    assert bought.steps[0][1] == 2 and "line 62, with 3 fields" in bought.steps[0][2]
    assert len(bought.frame) == 120


def test_many_ragged_lines_mean_a_misread_file(tmp_path):
    message = refused(written(tmp_path, "user,item\n" + "a,b\n" * 9 + "a,b,c\n" * 9))
    assert "9 of 18 lines" in message and "line 11" in message and "quotation marks" in message


def test_a_separator_at_the_end_of_each_line_is_no_fault(tmp_path):
    bought = read(written(tmp_path, "user;item\na;b;\nc;d;\n"))
    assert len(bought.frame) == 2 and bought.steps == []


def test_quoted_line_ends_keep_the_line_numbers_right(tmp_path):
    good = "".join(f"u{n},i{n},\n" for n in range(60))
    text = f'user,item,note\na,b,"two\nlines"\nx,,\n{good}'
    (_, count, why), *_ = read(written(tmp_path, text)).steps
    assert count == 1 and "line 4" in why


def test_a_quotation_mark_that_never_closes_is_found(tmp_path):
    text = 'user,item\na,"b\n' + "c,d\n" * 200
    assert "line 2" in refused(written(tmp_path, text))
    text = 'user,item\na,"b\n' + "c,d\n" * 60_000
    assert "never closed" in refused(written(tmp_path, text))


def test_lines_without_an_id_are_counted(tmp_path):
    bought = read(written(tmp_path, "user,item\na,b\n,b\nNULL,b\nc,nan\n"))
    assert [(what, count) for what, count, _ in bought.steps] == [
        ("without a customer", 2), ("without a product", 1)]  # fmt: skip
    assert "line 3" in bought.steps[0][2] and "line 5" in bought.steps[1][2]


def test_returns_are_left_out_and_decimal_commas_read(tmp_path):
    text = "user;item;Menge\na;b;1,5\na;c;-1,0\na;d;0\na;e;\na;f;1.234,5\n"
    bought = read(written(tmp_path, text))
    assert bought.frame["item"].tolist() == ["b", "e", "f"]
    assert bought.steps == [("quantity of zero or below", 2,
                             "returns and cancellations; the purchase itself still counts as chosen")]  # fmt: skip


def test_a_quantity_that_is_no_number_names_line_and_column(tmp_path):
    message = refused(written(tmp_path, "user,item,qty\na,b,many\n"))
    assert all(word in message for word in ("line 2", "“qty”", "'many'", "--weight none"))
    assert len(read(written(tmp_path, "user,item,qty\na,b,many\n"), weight="none").frame) == 1


def test_exact_duplicates_go_where_a_line_says_when_and_stay_where_not(tmp_path):
    dated = read(written(tmp_path, "user,item,date\na,b,2024-01-01\na,b,2024-01-01\n"))
    assert dated.steps[0][:2] == ("exact duplicates", 1) and len(dated.frame) == 1
    other_day = read(written(tmp_path, "user,item,date\na,b,2024-01-01\na,b,2024-01-02\n"))
    assert other_day.steps == [] and len(other_day.frame) == 2
    plain = read(written(tmp_path, "user,item\na,b\na,b\n"))
    assert plain.steps == [] and len(plain.frame) == 2
    assert any("bought again" in note for note in plain.notes)


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2024-12-31",
        "2024-12-31 23:59:58",
        "2024-12-31T23:59:58",
        "2024-12-31T23:59:58.123Z",
        "2025-01-01T01:00:00+02:00",
        "31.12.2024",
        "31.12.2024 23:59",
        "31.12.2024, 23:59:58",
        "31.12.24",
        "31/12/2024",
        "12/31/2024",
        "12/31/2024 11:59 PM",
        "12-31-2024",
        "2024/12/31",
        "20241231",
        "1735689598",
        "1735689598000",
        "1735689598.0",
    ],
)
def test_a_date_in_any_usual_form(text):
    assert str(parse_times([text], None)[0][0])[:10] == "2024-12-31"


def test_day_and_month_are_decided_from_the_whole_column():
    day_first, said = parse_times(["1/2/2024", "13/2/2024"], None)
    assert day_first.astype("M8[D]").astype(str).tolist() == ["2024-02-01", "2024-02-13"]
    assert "day first" in said[0] and "13/2/2024" in said[0]
    month_first, _ = parse_times(["1/2/2024", "2/13/2024"], None)
    assert month_first.astype("M8[D]").astype(str).tolist() == ["2024-01-02", "2024-02-13"]


def test_dates_that_leave_it_open_are_an_error_with_a_remedy(tmp_path):
    path = written(tmp_path, "user,item,date\nx,y,1/2/2024\na,b,3/4/2024\n")
    message = refused(path)
    for word in ("sales.csv", "line 2", "“date”", "--dates day-first", "month-first"):
        assert word in message
    bought = read(path, "day-first")
    assert str(bought.frame["time"][0])[:10] == "2024-02-01"
    both = written(tmp_path, "user,item,date\nx,y,13/2/2024\na,b,2/13/2024\n")
    assert "13/2/2024" in refused(both) and "2/13/2024" in refused(both)


def test_one_bad_date_is_left_out_and_many_are_an_error(tmp_path):
    good = "".join(f"u{n},i,2024-01-01\n" for n in range(40))
    bought = read(written(tmp_path, f"user,item,date\n{good}a,b,soon\n"))
    assert bought.steps[0][:2] == ("unreadable date", 1) and "line 42" in bought.steps[0][2]
    message = refused(written(tmp_path, "user,item,date\na,b,soon\n"))
    assert all(word in message for word in ("line 2", "“date”", "'soon'", "31.12.2024"))


# --- the table of products -----------------------------------------------------------------------


def items(tmp_path: Path, text: str, bought: list[str]):
    path = tmp_path / "items.csv"
    path.write_text(text, encoding="utf-8")
    return read_items(path, bought, None, quiet)


@pytest.mark.parametrize(
    ("bought", "listed", "word"),
    [
        ("1.0", "1", "decimals"),
        ("7", "007", "leading zeros"),
        ("ab", "AB", "upper and lower case"),
        ("a-1", "a1", "signs or blanks"),
        ("x", "y", "Name the column"),
    ],
)
def test_ids_that_do_not_meet_are_explained(tmp_path, bought, listed, word):
    with pytest.raises(BadFile, match=word):
        items(tmp_path, f"sku,name\n{listed},Tea\n", [bought])


def test_products_that_the_table_lacks_or_has_twice_are_counted(tmp_path):
    table = items(tmp_path, "sku,name\n1,Tea\n1,Tee\n2,Milk\n", ["1", "3"])
    assert table.frame["name"].tolist() == ["Tea", "Milk"]
    assert any("1 of 2 products bought are not in" in note for note in table.notes)
    assert any("come again" in note for note in table.notes)


def test_features_come_from_words_labels_and_numbers(tmp_path):
    rows = "".join(f"p{n};{'red' if n % 2 else 'blue'} shoe;{n % 2};{n},5\n" for n in range(40))
    text = "sku;name;kind;price\n" + rows
    table = items(tmp_path, text, [f"p{n}" for n in range(40)])
    vectors = judging.item_features(table, ["p0", "p2", "p1", "unknown"])
    likeness = dense(vectors @ vectors.T)
    assert likeness[0, 1] > likeness[0, 2] and likeness[3].sum() == 0


# --- splits and methods --------------------------------------------------------------------------


def test_a_random_split_hides_whole_pairs():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": rng.integers(0, 50, 2000), "item": rng.integers(0, 30, 2000)})
    parts = judging.hidden_parts(frame, 0)
    assert frame.groupby(["user", "item"]).apply(
        lambda group: np.unique(parts[group.index]).size, include_groups=False
    ).max() == 1  # fmt: skip
    assert {0, 1, 2} == set(parts.tolist())


def test_a_split_by_time_never_learns_from_later():
    frame = toy_frame()
    split = judging.split_lines(frame)
    assert split.kind == "time"
    for before, after in ((0, 1), (1, 2)):
        times = frame["time"]
        assert times[split.lines == before].max() < times[split.lines == after].min()
    one_day = frame.assign(time=pd.Timestamp("2024-01-01"))
    assert judging.split_lines(one_day).kind == "random"


@pytest.mark.parametrize("sparse_below", [0.0, 2.0])
def test_tables_of_neighbours_equal_those_of_the_chapters(sparse_below, monkeypatch):
    monkeypatch.setattr(judging, "SPARSE", sparse_below)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": rng.integers(0, 80, 900), "item": rng.integers(0, 40, 900)})
    X = Interactions.from_frame(frame.drop_duplicates(), user="user", item="item").matrix
    counts = cooccurrence(X)
    for measure, right in (
        (judging.by_cosine, cosine(X.T)),
        (judging.by_conditional, dense(conditional_probability(counts))),
        (judging.by_lift(X.shape[0], 5), dense(lift(counts, X.shape[0], 5))),
    ):
        right = right.copy()
        np.fill_diagonal(right, 0)
        np.testing.assert_allclose(judging.nearest(X, measure, 40).toarray(), right, atol=1e-5)
        assert np.diff(judging.nearest(X, measure, 3).indptr).max() == 3
        np.testing.assert_allclose(
            np.sort(judging.nearest(X, measure, 3).toarray(), axis=1)[:, -3:],
            np.sort(right, axis=1)[:, -3:],
            atol=1e-5,
        )


def toy_frame(users: int = 60) -> pd.DataFrame:
    """Two kinds of customers, each with its own ten products, through a year."""
    rng = np.random.default_rng(1)
    rows = []
    for user in range(users):
        for week in range(50):
            items = rng.choice(10, 2, replace=False) + 10 * (user % 2)
            rows += [(f"{user:03d}", f"{item:02d}", week, f"{user}-{week}") for item in items]
    frame = pd.DataFrame(rows, columns=["user", "item", "week", "basket"])
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["week"] * 7, unit="D")
    return frame.drop(columns="week")


# --- the whole command ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A folder with two nasty files of 300 households of the book's data, and the report on them."""
    folder = tmp_path_factory.mktemp("shop")
    groceries = load_groceries()
    some = groceries.households["household"].iloc[:300]
    lines = groceries.lines[groceries.lines["household"].isin(some)]
    sales = pd.DataFrame(
        {
            "Bon": lines["basket"].astype(str),
            "Kunden-Nr": lines["household"].map("{:05d}".format),
            "Datum": lines["time"].dt.strftime("%d.%m.%Y %H:%M"),
            "Artikel": lines["product"].map("{:09d}".format),
            "Menge": lines["quantity"].astype(str) + ",0",
        }
    )
    sales.to_csv(folder / "verkauf.csv", sep=";", index=False, encoding="latin-1")
    goods = groceries.products[groceries.products["product"].isin(lines["product"])]
    names = "Größe " + goods["size"] + " " + goods["text"]
    table = pd.DataFrame({"Artikelnr": goods["product"].map("{:09d}".format), "Bezeichnung": names,
                          "Gruppe": goods["category"], "Marke": goods["brand"]})  # fmt: skip
    table.to_csv(folder / "artikel.csv", sep=";", index=False, encoding="latin-1")
    words = [str(folder / "verkauf.csv"), "--items", str(folder / "artikel.csv")]
    assert main([*words, "--out", str(folder / "report")]) == 0
    return folder


def test_the_numbers_equal_those_computed_by_hand(shop):
    groceries = load_groceries()
    some = groceries.households["household"].iloc[:300]
    lines = groceries.lines[groceries.lines["household"].isin(some)].copy()
    lines["product"] = lines["product"].map("{:09d}".format)
    lines["household"] = lines["household"].map("{:05d}".format)
    lines["time"] = lines["time"].dt.floor("min")
    same = ["household", "product", "time", "basket", "quantity"]
    lines = lines.drop_duplicates(same)
    days = lines["time"].dt.normalize()
    test_day = days.sort_values().iloc[round(0.8 * len(lines))]
    rest = days[days < test_day].sort_values()
    valid_day = rest.iloc[round(0.8 * len(rest))]
    early = lines[days < valid_day].drop_duplicates(["household", "product"])
    kept = early["product"].value_counts()
    goods = Catalogue.from_frame(pd.DataFrame({"p": kept.index[kept >= 3]}), id="p")
    lines, days = (part[lines["product"].isin(goods.ids)] for part in (lines, days))
    log = Interactions.from_frame(lines, user="household", item="product", catalogue=goods)
    past = log.select((days < test_day).to_numpy())
    truth = tasks.without(log.select((days >= test_day).to_numpy()).matrix, past.matrix)
    users = tasks.askable(truth, past.matrix)
    board = pd.read_csv(shop / "report" / "leaderboard.csv")
    board = board[board["question"] == "new products"].set_index("method")
    k = int(board.loc["Item cosine", "setting"].split()[0])
    models = {"Best sellers": Popularity(), "Item cosine": ItemKNN(lambda X: cosine(X.T), k)}
    per_user = {}
    for name, model in models.items():
        model.fit(past)
        ranked = tasks.rank(lambda b, m=model: m.scores(users[b]), len(users), past.matrix[users])
        per_user[name] = metrics.ndcg_at_k(ranked, truth[users], 20)
        right = stats.bootstrap(per_user[name])
        row = board.loc[name]
        assert row["asked"] == len(users) > 200
        np.testing.assert_allclose(row[["value", "low", "high"]].astype(float),
                                   [right.value, right.low, right.high], atol=2e-4)  # fmt: skip
    other = next(name for name in models if name != board["reference"].iloc[0])
    right = stats.paired_difference(per_user[other], per_user[board["reference"].iloc[0]])
    row = board.loc[other]
    assert abs(row["difference"] - right.value) < 2e-4
    assert abs(row["difference_low"] - right.low) < 4e-4


def test_the_order_of_methods_is_sound(shop):
    board = pd.read_csv(shop / "report" / "leaderboard.csv")
    assert set(board["question"]) == {"new products", "the rest of a basket"}
    for question, rows in board.groupby("question"):
        value = rows.set_index("method")["value"]
        chance = rows["chance"].iloc[0]
        low, high = rows.set_index("method").loc["Chance", ["low", "high"]]
        assert low * 0.8 <= chance <= high * 1.2, question
        assert value["Best sellers"] > 3 * chance
        assert {"Item cosine", "SVD", "EASE", "Content"} <= set(value.index)
    assert {"Lift", "Conditional"} <= set(board["method"])


def test_exports_are_loaded_as_the_readme_says(shop):
    folder = shop / "report"
    vectors = np.load(folder / "item_vectors.npy")
    ids = pd.read_csv(folder / "item_ids.csv", dtype=str, keep_default_na=False)["id"]
    near = pd.read_csv(folder / "neighbours.csv", dtype={"product": str, "neighbour": str})
    assert vectors.dtype == np.float32 and len(vectors) == len(ids)
    assert ids.str.len().eq(9).all() and set(near["product"]) <= set(ids)
    assert not (near["product"] == near["neighbour"]).any()
    assert near.groupby(["method", "product"])["place"].max().max() <= 10
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    first = near[(near["method"] == "SVD") & (near["place"] == 1)].set_index("product")
    scores = unit @ unit[0]
    scores[0] = -1
    assert ids[int(scores.argmax())] == first.loc[ids[0], "neighbour"]
    said = json.loads((folder / "leaderboard.json").read_text("utf-8"))
    assert len(said["rows"]) == len(pd.read_csv(folder / "leaderboard.csv"))
    for line in (folder / "README.txt").read_text("utf-8").splitlines():
        if (
            line.startswith(tuple("abcdefghijklmnopqrstuvwxyz"))
            and line.split()[0].count(".") == 1
            and "(" not in line.split()[0]
        ):
            assert (folder / line.split()[0]).exists()


def test_the_page_tells_what_it_must(shop):
    page = (shop / "report" / "report.html").read_text("utf-8")
    for words in ("Kunden-Nr", "By time", "Best sellers", "Größe", "Goes with", "<caption>",
                  "95 % interval", "chance on paper", "prefers-color-scheme", "@media print"):  # fmt: skip
        assert words in page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_opens_alone_on_any_screen(shop, browser, theme):
    url = (shop / "report" / "report.html").as_uri()
    with checks.opened(browser, url, 390, theme) as (tab, seen):
        assert checks.page_faults(seen) == []
        assert seen.requests == [url]
        checks.widen(tab, seen, 1280)
        assert checks.page_faults(seen) == []
        colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == ("rgb(255, 255, 255)" if theme == "light" else "rgb(23, 24, 27)")
        assert tab.evaluate("[...document.querySelectorAll('table')].every(t => t.caption)")
        assert tab.evaluate(
            "[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-label'))"
        )


HOSTILE = "<script>window.owned=1</script>"


def test_hostile_names_are_shown_and_not_run(tmp_path, browser):
    frame = toy_frame()
    frame["item"] = HOSTILE + frame["item"]
    frame["user"] = "'\"><img src=x onerror=window.owned=2>" + frame["user"]
    path = tmp_path / "<b>&'sales.csv"
    frame.to_csv(path, index=False)
    goods = pd.DataFrame({"item": frame["item"].unique()})
    goods["name"] = goods["item"] + "</table>"
    goods.to_csv(tmp_path / "goods.csv", index=False)
    words = [str(path), "--items", str(tmp_path / "goods.csv"), "--out", str(tmp_path / "o'ut")]
    assert main(words) == 0
    page = tmp_path / "o'ut" / "report.html"
    assert HOSTILE not in page.read_text("utf-8")
    with checks.opened(browser, page.as_uri(), 390, "light") as (tab, seen):
        assert checks.page_faults(seen) == []
        assert tab.evaluate("window.owned === undefined")
        assert "<script>" in seen.text


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    """The command in a fresh process, as a user calls it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"}
    return subprocess.run([sys.executable, "-m", "helpers", *words], cwd=folder, check=False,
                          capture_output=True, env=environment)  # fmt: skip


def test_without_arguments_it_prints_help(tmp_path):
    done = run([], tmp_path)
    assert done.returncode == 0 and b"usage: python -m helpers" in done.stdout
    assert b"alike-report" in done.stdout


def test_a_bad_file_ends_with_code_2_and_one_line(tmp_path):
    done = run([str(written(tmp_path, "user,item\n"))], tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1].startswith("error: ")
    assert b"Traceback" not in done.stderr and not (tmp_path / "alike-report").exists()
    assert run(["sales.csv", "--nonsense"], tmp_path).returncode == 2


def test_five_lines_are_enough_for_neighbours_and_too_few_for_a_table(tmp_path):
    path = written(tmp_path, "user,item\nann,tea\nann,milk\nbob,tea\nbob,milk\ncem,tea\n")
    done = run([str(path)], tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert "under 30 any score is noise" in done.stdout.decode()
    near = pd.read_csv(tmp_path / "alike-report" / "neighbours.csv")
    one = near[(near["method"] == "Item cosine") & (near["product"] == "tea")]
    assert one["neighbour"].tolist() == ["milk"]
    assert one["score"].tolist() == pytest.approx([2 / np.sqrt(6)], abs=1e-5)


def test_no_deep_learning_framework_is_loaded(tmp_path):
    toy_frame().to_csv(tmp_path / "sales.csv", index=False)
    code = (
        "import sys; from helpers.__main__ import main; assert main(['sales.csv']) == 0; "
        "assert not {'torch', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False,
                          capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


def test_nothing_of_the_users_is_overwritten(tmp_path, capsys):
    path = written(tmp_path, "user,item\nann,tea\nann,milk\nbob,tea\nbob,milk\n")
    out = tmp_path / "out"
    out.mkdir()
    (out / "leaderboard.csv").write_text("mine")
    assert main([str(path), "--out", str(out)]) == 2
    assert (out / "leaderboard.csv").read_text() == "mine" and len(list(out.iterdir())) == 1
    (out / "leaderboard.csv").unlink()
    (out / "notes.txt").write_text("mine")
    assert main([str(path), "--out", str(out)]) == 0
    assert "replaced" not in capsys.readouterr().out
    assert main([str(path), "--out", str(out)]) == 0
    assert "earlier report" in capsys.readouterr().out
    assert (out / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.glob(".out*")] == []


def test_warnings_that_a_careful_colleague_would_give(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lonely = pd.DataFrame({"user": np.arange(300), "item": rng.integers(0, 9, 300)})
    robot = pd.DataFrame({"user": 9999, "item": np.arange(200)})
    pd.concat([lonely, robot]).assign(date="2024-01-01").to_csv(tmp_path / "s.csv", index=False)
    assert main([str(tmp_path / "s.csv"), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    for words in ("bought one product only", "of all lines", "fewer than three days"):
        assert words in said, words


def test_basket_numbers_that_begin_again_are_noticed():
    frame = toy_frame()
    assert list(judging.warn_baskets(frame)) == []
    again = frame.assign(basket=frame["basket"].str.split("-").str[1])
    assert "several customers" in next(judging.warn_baskets(again))


def test_best_sellers_that_win_are_said(tmp_path, capsys):
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 101)
    items = rng.choice(100, 20_000, p=share / share.sum())
    frame = pd.DataFrame({"user": rng.integers(0, 800, 20_000), "item": items})
    frame.to_csv(tmp_path / "s.csv", index=False)
    assert main([str(tmp_path / "s.csv"), "--out", str(tmp_path / "out")]) == 0
    assert "list of best sellers" in capsys.readouterr().out


def test_reading_grows_in_proportion_to_the_lines(tmp_path):
    def seconds(lines: int) -> float:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"user": rng.integers(0, lines // 10, lines),
                              "item": rng.integers(0, 5000, lines)})  # fmt: skip
        day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, lines), unit="D")
        frame["date"] = day.strftime("%d.%m.%Y")
        path = tmp_path / f"{lines}.csv"
        frame.to_csv(path, index=False, sep=";")
        start = time.process_time()
        assert read(path).lines == lines
        return time.process_time() - start

    small = min(seconds(100_000) for _ in range(2))
    assert seconds(200_000) < 5 * small
