"""The search finds what a reader types: in a real browser, from a folder and from a server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import site_checks as checks
from test_site import SITE

# What a reader types -> one of these pages (by file name) is among the first three.  A hash marks an
# entry of the glossary, which must be there, too.
WANTED = {
    "wifi": "index plans",
    "timetable": "plans",
    "cosine": "#cosine 22-behaviour",
    "jaccard": "#Jaccard 21-content 22-behaviour",
    "lift": "#lift 22-behaviour",
    "SVD": "#SVD 23-factorization",
    "EASE": "#EASE 23-factorization",
    "LightGCN": "#LightGCN 36-graph",
    "BPR": "#BPR 23-factorization",
    "cold start": "#cold-start 21-content 36-graph-knowledge",
    "NDCG": "#NDCG 12-measuring",
    "bootstrap": "#bootstrap 12-measuring",
    "confidence interval": "#interval 12-measuring 22-behaviour",
    "substitutes": "#substitute 22-behaviour",
    "complements": "#complement 22-behaviour",
    "tf-idf": "#TF-IDF 21-content",
    "BM25": "#BM25 21-content 35-transformer-text",
    "item2vec": "24-item2vec",
    "word2vec": "24-item2vec",
    "negative sampling": "#negative-sampling 24-item2vec",
    "attention": "#attention 35-transformer",
    "mask": "#causal-mask 35-transformer",
    "transformers": "#Transformer 35-transformer",
    "autoencoder": "#autoencoder 32-autoencoder",
    "VAE": "#variational-autoencoder 32-autoencoder",
    "CNN": "#convolution 33-images",
    "GNN": "#graph-convolution 36-graph",
    "TensorFlow": "31-mlp-tensorflow 32-autoencoder-tensorflow 36-graph-tensorflow",
    "Keras": "31-mlp-tensorflow 32-autoencoder-tensorflow 35-transformer-tensorflow",
    "GPU": "31-mlp 31-mlp-tensorflow 32-autoencoder-tensorflow status",
    "popularity": "#popularity 11-catalogue 22-behaviour",
    "leakage": "#leakage 12-measuring",
    "temperature": "#temperature 31-mlp",
    "your own csv": "72-your-data",
    "recommend": "#item-kNN 22-behaviour",
    "recommender systems": "#item-kNN 22-behaviour",
    "neural network": "#MLP 31-mlp",
    "matrix factorization": "#factor 23-factorization",
    "matrix factorisation": "#factor 23-factorization",
    "regularization": "#regularisation 23-factorization",
    "catalog": "#catalogue 11-catalogue",
    "embeddings": "#embedding 24-item2vec 35-transformer-text 36-graph",
    "product images": "33-images",
    "overfitting": "#early-stopping 31-mlp 32-autoencoder",
    "cooccurrence": "#co-occurrence 22-behaviour",
    "two tower": "#two-tower-model 31-mlp",
    "semantic search": "#sentence-encoder 35-transformer-text",
    "fine-tuning": "#LoRA 35-transformer-text",
    "statistical significance": "#paired-difference 12-measuring 71-leaderboard 72-your-data",
    "MovieLens": "25-yardstick",
    "Koren": "references 25-yardstick",
    "find_device": "31-mlp 33-images 36-graph",
    "exercises": "*",  # any chapter has some
}


@pytest.fixture(scope="module")
def tab() -> Iterator[tuple[Any, list[str]]]:
    """One tab for all questions, with what its console complained of."""
    path = checks.find_browser()
    if path is None:
        checks.missing(
            "no Chromium found: install chromium (or Chrome) to test the pages in a browser"
        )
    if not (SITE / "search.html").is_file():
        checks.missing("the site is not built: run `make book`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=checks.FLAGS)
        page, errors = running.new_page(), []
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((SITE / "search.html").as_uri())
        yield page, errors
        running.close()


def ask(page: Any, query: str) -> list[str]:
    """Type a question as a reader does; give the addresses of the results, in their order."""
    field = page.locator("#search-results").locator("xpath=..").get_by_role("searchbox")
    field.fill(query)
    field.press("Enter")
    page.wait_for_function(
        "q => new URLSearchParams(location.search).get('q') === q"
        " && document.querySelector('[role=status]')?.textContent",
        arg=query,
    )
    links = page.locator("#search-results ol.search > li > a")
    return [str(link.get_attribute("href")) for link in links.all()]


def pages_of(results: list[str]) -> list[str]:
    """File names of the results that are pages, without entries of the glossary."""
    return [Path(link).stem for link in results if "#" not in link]


def entries_of(results: list[str]) -> list[str]:
    """Anchors of the results that are entries of the glossary."""
    return [link.partition("#term-")[2] for link in results if "#term-" in link]


@pytest.mark.parametrize("query", WANTED)
def test_the_page_that_a_reader_wants_is_among_the_first_three(
    query: str, tab: tuple[Any, list[str]]
) -> None:
    page, errors = tab
    results = ask(page, query)
    wanted = WANTED[query].split()
    entries = [word[1:] for word in wanted if word.startswith("#")]
    pages = {word for word in wanted if not word.startswith("#")}
    assert set(entries) <= set(entries_of(results)[:3])
    first = pages_of(results)[:3]
    assert first and (pages == {"*"} or pages & set(first)), first
    assert not any("_sources" in link for link in results)
    assert errors == []


def test_it_says_how_many_it_found(tab: tuple[Any, list[str]]) -> None:
    page, _ = tab
    results = ask(page, "cosine")
    said = page.get_by_role("status").inner_text()
    assert said.startswith("1 term of the glossary and ")
    assert f"{len(results) - 1} pages" in said
    ask(page, "household zzzqqq")
    assert "No page holds all of these words" in page.get_by_role("status").inner_text()


@pytest.mark.parametrize("query", ["zzzqqq", "the", "<zzz>&"])
def test_where_nothing_is_found_it_says_where_to_look(
    query: str, tab: tuple[Any, list[str]]
) -> None:
    page, errors = tab
    assert ask(page, query) == []
    box = page.locator("#search-results")
    assert f"Nothing was found for “{query}”" in box.inner_text()
    assert box.get_by_role("link", name="glossary", exact=True).count() == 1
    assert page.get_by_role("status").inner_text() == "No results."
    box.get_by_role("link", name="glossary", exact=True).click()
    page.wait_for_url("**/glossary.html*")
    page.go_back()
    assert errors == []


def test_a_result_opens_its_place(tab: tuple[Any, list[str]]) -> None:
    page, _ = tab
    ask(page, "cosine")
    page.locator("#search-results ol.search > li > a").first.click()
    page.wait_for_url("**/glossary.html*#term-cosine")
    assert page.locator("#term-cosine").is_visible()
    page.go_back()
    ask(page, "svd")
    page.get_by_role("link", name="SVD", exact=True).nth(1).click()  # the section, not the entry
    page.wait_for_url("**/23-factorization.html*#svd")
    page.goto((SITE / "search.html").as_uri())


def test_the_keyboard_opens_the_search_from_any_page(tab: tuple[Any, list[str]]) -> None:
    """Served this time: the shortcut, the words, Enter."""
    page, errors = tab
    with checks.served(SITE) as address:
        page.goto(f"{address}/book/2-baselines/22-behaviour.html")
        page.keyboard.press("Control+k")
        page.keyboard.type("hit rate")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=hit+rate*")
        page.wait_for_selector("#search-results ol.search > li")
        assert "hit rate" in page.locator("#search-results li").first.inner_text()
        page.goto("about:blank")
    page.goto((SITE / "search.html").as_uri())
    assert errors == []


def test_every_synonym_leads_to_words_of_the_book() -> None:
    path = SITE / "_static" / "alike-search-data.js"
    if not path.is_file():
        checks.missing("the site is not built: run `make book`")
    data = json.loads(path.read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n"))
    known = set(data["words"])
    lost = {
        meant
        for meant in data["synonyms"].values()
        for word in meant.replace("|", " ").split()
        if word not in known and f"{word}s" not in known
    }
    assert lost == set() and len(data["synonyms"]) > 50
