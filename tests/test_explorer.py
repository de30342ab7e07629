"""The explorer in a real browser, used as a person uses it: typed, pressed, clicked, read.

`make book` builds the page that is tested here.  The page is served; where files differ, it is
opened from the folder, too.
"""

import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import site_checks as checks
from bs4 import BeautifulSoup
from test_site import DESKTOP, PHONE, ROOT, SITE

PAGE = SITE / "book" / "explorer.html"
MARSHMALLOWS, CRACKERS = "866172", "913201"
WIDE = 1280
LISTS = "#ex-lists > .ex-method"
SECONDS, MEGABYTES, OWN_MEGABYTES, JUMP = 2, 3, 1.5, 0.05
WATCH_JUMPS = """
window.jumps = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) window.jumps += entry.value;
})).observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The explorer's page, served on a local port."""
    if not PAGE.is_file():
        checks.missing("the site is not built: run `make book`")
    with checks.served(SITE) as url:
        yield f"{url}/book/explorer.html"


@contextmanager
def opened(browser: Any, url: str, *, width: int = WIDE, **how: Any) -> Iterator[Any]:
    """A tab of its own with the explorer, ready."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **how)
    with explored(context, url) as tab:
        yield tab
    context.close()


@contextmanager
def explored(context: Any, url: str) -> Iterator[Any]:
    """A tab with the explorer, ready; an error of its scripts fails the test that used it."""
    context.set_default_timeout(8000)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(url, wait_until="load")
    ready(tab)
    yield tab
    tab.close()
    assert errors == []


def ready(tab: Any) -> None:
    """Wait until the page shows what its address asks for."""
    tab.wait_for_selector("#ex-root:not([aria-busy])", state="attached")


@pytest.fixture(scope="module")
def window(browser: Any) -> Iterator[Any]:
    """One window for many tabs: files that stay the same are read once."""
    context = browser.new_context(viewport={"width": WIDE, "height": 900})
    yield context
    context.close()


@pytest.fixture
def tab(window: Any, address: str) -> Iterator[Any]:
    """The explorer as it opens."""
    with explored(window, address) as tab:
        yield tab


def title(tab: Any) -> str:
    """The heading of what is shown."""
    ready(tab)
    return str(tab.inner_text("#ex-root h2:visible"))


def wait_title(tab: Any, text: str) -> None:
    """Wait for a heading."""
    tab.wait_for_selector(f"#ex-root h2:visible:text-is({text!r})")
    ready(tab)


def names(tab: Any, selector: str) -> list[str]:
    """The texts of elements, as they are read."""
    return [str(text) for text in tab.locator(selector).all_inner_texts()]


def lists(tab: Any) -> dict[str, list[str]]:
    """The products, by number on the page, in each method's list."""
    return dict(
        tab.evaluate(f"""[...document.querySelectorAll('{LISTS}')].map(section => [
          section.dataset.method,
          [...section.querySelectorAll('a[data-item]')].map(link => link.dataset.item)])""")
    )


def buyers(tab: Any, method: str) -> list[int]:
    """The buyers that a method's list shows."""
    found = names(tab, f"{LISTS}[data-method='{method}'] .ex-meta")
    return [int(text.split()[0].replace(",", "")) for text in found]


def signs(tab: Any, method: str) -> list[str]:
    """The signs in a method's list: same type, same category, elsewhere."""
    return names(tab, f"{LISTS}[data-method='{method}'] .ex-sign")


# ---------------------------------------------------------------- finding a product


def test_type_and_choose(tab: Any) -> None:
    """Letters open a list, arrows walk through it, Enter shows the product."""
    field = tab.get_by_role("combobox", name="Product")
    field.click()
    field.press_sequentially("marshm")
    options = tab.locator("#ex-list [role=option]")
    assert options.count() > 1
    assert all("marshm" in text.lower() for text in options.all_inner_texts())
    assert re.match(r"[\d,]+ products found", tab.inner_text("#ex-found"))
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    field.press("ArrowDown")
    active = tab.locator(f"#{field.get_attribute('aria-activedescendant')}")
    assert active.get_attribute("aria-selected") == "true"
    wanted = active.inner_text()
    field.press("Enter")
    tab.wait_for_function("location.hash.includes('p=')")
    assert wanted.startswith(title(tab))
    assert tab.evaluate("document.activeElement.tagName") == "H2"
    assert tab.inner_text("#ex-status").startswith(title(tab))


def test_words_in_any_order(tab: Any) -> None:
    """Both orders find the same; nonsense finds nothing, and says what to do."""
    field = tab.locator("#ex-field")
    found = []
    for text in ("graham crac", "crac graham"):
        field.fill(text)
        found.append(names(tab, "[role=option]"))
    assert found[0] == found[1] != []
    counts = [int(re.findall(r"([\d,]+) buyer", t)[-1].replace(",", "")) for t in found[0]]
    assert counts == sorted(counts, reverse=True)
    field.fill("zzzz")
    assert "Try fewer letters" in tab.inner_text("#ex-found")
    assert field.get_attribute("aria-expanded") == "false"


def test_escape_closes_then_clears(tab: Any) -> None:
    """Escape closes the list, a second one empties the field; so does leaving close it."""
    field = tab.locator("#ex-field")
    field.fill("marshm")
    field.press("Escape")
    assert not tab.is_visible("#ex-list") and field.input_value() == "marshm"
    field.press("Escape")
    assert field.input_value() == ""
    field.fill("marshm")
    field.press("Tab")
    assert not tab.is_visible("#ex-list")


def test_department_filter(tab: Any) -> None:
    """The search keeps to the department, and so do the neighbours if the reader asks."""
    tab.select_option("#ex-department", "produce")
    assert re.match(r"\d+ products of produce\.", tab.inner_text("#ex-found"))
    tab.press("#ex-field", "ArrowDown")
    assert all("produce" in text for text in names(tab, "[role=option]"))
    tab.fill("#ex-field", "ba")
    options = names(tab, "[role=option]")
    assert options and all("produce" in text for text in options)
    tab.press("#ex-field", "Escape")
    whole = lists(tab)
    tab.check("#ex-only")
    ready(tab)
    kept = lists(tab)
    assert all(set(kept[method]) <= set(whole[method]) for method in whole)
    assert sum(map(len, kept.values())) < sum(map(len, whole.values()))
    left, total = re.search(r"(\d+) of (\d+)\.", tab.inner_text("#ex-filtered")).groups()  # type: ignore[union-attr]
    assert int(total) == sum(map(len, whole.values()))
    assert int(left) == int(total) - sum(map(len, kept.values()))
    assert tab.evaluate("document.activeElement.id") == "ex-only"
    tab.click("#ex-surprise")
    ready(tab)
    assert "produce" in tab.inner_text(".ex-facts")


def test_first_products_are_the_twelve() -> None:
    """The page offers the twelve products that every chapter follows, by the book's names."""
    with (ROOT / "data/twelve_products.csv").open(encoding="utf-8") as file:
        twelve = {row["product"]: row["nickname"] for row in csv.DictReader(file)}
    page = BeautifulSoup(PAGE.read_text(encoding="utf-8"), "html.parser")
    links = page.select("#ex-start a")
    assert {link["data-product"]: link.text for link in links} == twelve


# ---------------------------------------------------------------- neighbours


def test_ten_neighbours_each(tab: Any) -> None:
    """Each method's list has ten neighbours, or says how many it has; none is the product."""
    for method, found in lists(tab).items():
        section = tab.inner_text(f"{LISTS}[data-method='{method}']")
        assert len(found) == 10 or "This method finds" in section, method
        assert len(set(found)) == len(found)
    assert title(tab) not in names(tab, f"{LISTS} a[data-item]")
    assert len(lists(tab)) == tab.locator("#ex-methods input").count() >= 12


def test_click_and_back(tab: Any) -> None:
    """A neighbour becomes the product; the back button returns to the one before."""
    first = title(tab)
    link = tab.locator(f"{LISTS} a[data-item]").nth(3)
    second = link.inner_text()
    link.click()
    wait_title(tab, second)
    tab.go_back()
    wait_title(tab, first)
    tab.go_forward()
    wait_title(tab, second)


def test_switch_methods(tab: Any) -> None:
    """A method switched off is gone from lists and counts; all come back; none is said."""
    count = len(lists(tab))
    tab.uncheck("#ex-methods input[value=lift]")
    ready(tab)
    assert "lift" not in lists(tab) and len(lists(tab)) == count - 1
    assert f"{count - 1} lists of neighbours" in tab.inner_text("#ex-status")
    assert f"{count - 1} methods name" in tab.inner_text("#ex-product")
    assert tab.evaluate("document.activeElement.value") == "lift"
    tab.get_by_role("button", name="All methods").click()
    ready(tab)
    assert len(lists(tab)) == count
    for box in tab.locator("#ex-methods input").all():
        box.uncheck()
    ready(tab)
    assert "No method is switched on" in tab.inner_text("#ex-product")


def test_counts_are_true(tab: Any) -> None:
    """What the page counts is what stands in its lists."""
    shown = lists(tab)
    everything = [item for found in shown.values() for item in found]
    for item in set(everything):
        texts = names(tab, f"{LISTS} li:has(a[data-item='{item}']) .ex-meta")
        said = f"in {everything.count(item)} of {len(shown)} lists"
        assert all(text.endswith(said) for text in texts), texts
    assert f"name {len(set(everything))} products together" in tab.inner_text("#ex-product")
    methods, matrix = list(shown), tab.locator(".ex-matrix").first
    for row, one in enumerate(methods):
        cells = matrix.locator("tbody tr").nth(row).locator("td").all_inner_texts()
        for other, cell in zip(methods, cells, strict=True):
            both = len(set(shown[one]) & set(shown[other]))
            assert cell == ("–" if one == other else str(both))


def test_medians_and_types_are_true(tab: Any) -> None:
    """The table of leanings agrees with the buyers and the signs in the lists."""
    for row, method in zip(tab.locator(".ex-leanings tbody tr").all(), lists(tab), strict=True):
        cells = row.locator("td").all_inner_texts()
        assert abs(int(cells[0].replace(",", "")) - median(buyers(tab, method))) <= 0.5
        same, of = cells[2].split(" of ")
        assert int(same) == signs(tab, method).count("●") <= int(of) <= 10


def test_same_product_is_marked(tab: Any) -> None:
    """Pointing at a neighbour, or reaching it by keyboard, outlines it in the other lists."""
    shown = [item for found in lists(tab).values() for item in found]
    item = max(set(shown), key=shown.count)
    link = tab.locator(f"{LISTS} a[data-item='{item}']").first
    link.hover()
    assert tab.locator(f"{LISTS} a.ex-same").count() == shown.count(item) > 1
    tab.mouse.move(1, 1)
    assert tab.locator("a.ex-same").count() == 0
    link.focus()
    assert tab.locator(f"{LISTS} a.ex-same").count() == shown.count(item)


def test_links_lead_somewhere(tab: Any) -> None:
    """Every link that the script writes, chapters included, ends inside the site."""
    links = set(
        tab.eval_on_selector_all(
            "#ex-root a", "links => links.map(link => link.getAttribute('href'))"
        )
    )
    chapters = {link for link in links if not link.startswith("#")}
    assert len(chapters) > 5
    assert [fault for link in chapters if (fault := checks.one_link(PAGE, SITE, link))] == []
    assert all("=" in link for link in links - chapters)


def test_relations(tab: Any) -> None:
    """Marshmallows: the page names complements from elsewhere in the shop."""
    complements = tab.locator("section", has=tab.get_by_role("heading", name="Complements"))
    assert complements.locator("li").count() > 0
    assert "Chapter 22" in tab.inner_text("#ex-product")


def test_three_things_worth_trying(tab: Any) -> None:
    """What the page promises about three products is so in the lists that it links to."""
    tab.get_by_text("Three things worth trying").click()
    follow(tab, "Marshmallows")
    full = {method: signs(tab, method).count("●") for method in lists(tab)}
    assert set(full) == {"cosine", "lift", "fusion", "content"}
    assert max(full["cosine"], full["lift"]) < min(full["fusion"], full["content"])
    assert "graham crackers" in " ".join(names(tab, f"{LISTS}[data-method=cosine] a"))
    named = []
    for link in ("Canned cat food", "roses"):
        follow(tab, link)
        named.append(int(re.search(r"name (\d+) products", tab.inner_text("#ex-product"))[1]))  # type: ignore[index]
    assert 2 * named[0] < named[1]
    follow(tab, "Easter egg colouring")
    season = {
        method: sum("seasonal" in text for text in names(tab, f"{LISTS}[data-method={method}] a"))
        for method in lists(tab)
    }
    assert max(season["svd"], season["ease"]) < 2
    assert min(season["item2vec"], season["transformer"]) >= 5


def follow(tab: Any, text: str) -> None:
    """Follow a link among the things worth trying."""
    before = tab.url
    tab.locator(".ex-try").get_by_role("link", name=text).click()
    ready(tab)
    assert tab.url != before


# ---------------------------------------------------------------- links and history


def test_link_reopens_the_view(browser: Any, address: str) -> None:
    """Product, department and methods stand in the copied link; it shows the same text."""
    allowed = ["clipboard-read", "clipboard-write"]
    with opened(browser, f"{address}#p={CRACKERS}", permissions=allowed) as tab:
        tab.select_option("#ex-department", "grocery")
        tab.check("#ex-only")
        tab.uncheck("#ex-methods input[value=content]")
        ready(tab)
        tab.get_by_role("button", name="Copy link").click()
        tab.wait_for_selector("#ex-copied:text('copied')")
        link = tab.evaluate("navigator.clipboard.readText()")
        text = tab.inner_text("#ex-product")
    assert link.startswith(f"{address}#") and f"p={CRACKERS}" in link
    with opened(browser, link) as tab:
        assert tab.inner_text("#ex-product") == text


def test_link_by_hand(tab: Any) -> None:
    """Where the browser will not copy, the link is shown, chosen, to be copied by hand."""
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    tab.get_by_role("button", name="Copy link").click()
    assert "Copy the link" in tab.inner_text("#ex-copied")
    assert tab.input_value("#ex-link").endswith(f"#p={MARSHMALLOWS}")
    assert tab.evaluate("getSelection().toString()") == tab.input_value("#ex-link")


@pytest.mark.parametrize(
    "fragment, said",
    [
        ("#p=999", "product number 999, which is not among"),
        ("#p=%3Cimg%20src%3Dx%3E", "<img src=x>"),
        ("#v=photos&n=999999", "no photograph 999999"),
        ("#v=photos&n=shoe", "no photograph shoe"),
    ],
)
def test_unknown_in_link(browser: Any, address: str, fragment: str, said: str) -> None:
    """A link to what is not there says so and what to do; the page still works."""
    with opened(browser, address + fragment) as tab:
        message = tab.get_by_role("alert").inner_text()
        assert said in message and re.search(r"(Type|take|choose) ", message)
        tab.get_by_role("button", name="Surprise me").click()
        tab.wait_for_selector("#ex-root h2:visible")
        assert not tab.is_visible("#ex-message")


def test_place_on_the_page_keeps_the_view(browser: Any, address: str) -> None:
    """An address that names a heading shows the first product; going there changes nothing."""
    with opened(browser, f"{address}#how-to-read-it") as tab:
        first = title(tab)
        tab.locator(f"{LISTS} a[data-item]").first.click()
        second = title(tab)
        tab.evaluate("location.hash = '#where-the-lists-come-from'")
        tab.wait_for_timeout(100)
        assert title(tab) == second != first
        assert tab.locator("section#how-to-read-it").count() == 1


# ---------------------------------------------------------------- photographs


def test_photographs(tab: Any) -> None:
    """The second view: choose a sample, a neighbour, a number; signs and counts agree."""
    first = title(tab)
    tab.get_by_role("link", name="Photographs").click()
    tab.wait_for_selector("#ex-photo h2")
    sample = tab.locator("#ex-samples [role=img]").nth(20)
    wanted = sample.get_attribute("aria-label")
    sample.click()
    wait_title(tab, wanted)
    rows = tab.locator("#ex-photo-lists .ex-method")
    assert rows.count() >= 2
    for row in rows.all():
        assert row.locator("li").count() == 10
        kinds = [t.split(",")[0] for t in labels(row)]
        marks = row.locator(".ex-sign").all_inner_texts()
        assert marks == ["●" if kind == wanted.split(",")[0] else "○" for kind in kinds]
    same = names(tab, "#ex-photo .ex-bar")
    assert same[0] == f"{rows.first.locator('.ex-sign', has_text='●').count()} of 10"
    neighbour = rows.first.locator("[role=img]").first
    wanted = neighbour.get_attribute("aria-label")
    neighbour.click()
    wait_title(tab, wanted)
    tab.fill("#ex-number", "7")
    tab.press("#ex-number", "Enter")
    tab.wait_for_selector("#ex-photo h2:text(', photograph 7')")
    tab.get_by_role("link", name="Groceries").click()
    wait_title(tab, first)


def labels(part: Any) -> list[str]:
    """The names of the photographs in a part of the page."""
    return [str(image.get_attribute("aria-label")) for image in part.locator("[role=img]").all()]


def test_photographs_are_cut_right(browser: Any, address: str) -> None:
    """The cut shows the square of the sprite that belongs to the number."""
    with opened(browser, f"{address}#v=photos&n=161") as tab:
        size, place, side = tab.evaluate("""() => {
          const style = getComputedStyle(document.querySelector('.ex-chosen .ex-photo'));
          return [style.backgroundSize, style.backgroundPosition, style.width].map(text =>
            text.split(' ').map(parseFloat));
        }""")
        columns = round(size[0] / side[0])
        assert [round(-x / side[0]) for x in place] == [161 % columns, 161 // columns]


# ---------------------------------------------------------------- everybody, everywhere


@pytest.mark.parametrize("fragment", ["", "#v=photos&n=7"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_phone(browser: Any, address: str, fragment: str, theme: str) -> None:
    """Nothing scrolls sideways; one list at a time, chosen by name; the theme is followed."""
    phone = {"color_scheme": theme, "has_touch": True}
    with opened(browser, address + fragment, width=PHONE, **phone) as tab:
        seen = checks.Visit(address)
        for width in (PHONE, DESKTOP):
            checks.widen(tab, seen, width)
            assert checks.width_faults(seen) + checks.theme_faults(seen, theme) == []
        checks.widen(tab, seen, PHONE)
        if not fragment:
            assert tab.locator(f"{LISTS}:visible").count() == 1
            tab.get_by_label("Method shown").select_option("lift")
            assert tab.locator(f"{LISTS}:visible").get_attribute("data-method") == "lift"
            tab.locator(f"{LISTS}:visible a[data-item]").first.tap()
            tab.wait_for_function(f"!location.hash.includes('{MARSHMALLOWS}')")
            assert title(tab)
            assert tab.locator(f"{LISTS}:visible").get_attribute("data-method") == "lift"


def test_keyboard_alone(tab: Any) -> None:
    """From the top of the page to a neighbour's neighbours with Tab, letters, Enter, Space."""
    press_until(tab, "ex-to-photos")
    press_until(tab, "ex-field")
    tab.keyboard.type("graham")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.activeElement.tagName === 'H2'")
    tab.keyboard.press("Shift+Tab")
    assert tab.evaluate("document.activeElement.id") == "ex-copy"
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.matches('a[data-item]')"):
            break
    wanted = tab.evaluate("document.activeElement.innerText")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    wait_title(tab, wanted)
    tab.go_back()
    tab.wait_for_selector("#ex-root h2:visible:text('graham')")


def press_until(tab: Any, wanted: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        if tab.evaluate("document.activeElement.id") == wanted:
            return
        tab.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {wanted}")


def test_print_shows_all_lists(browser: Any, address: str) -> None:
    """On paper: every list, no button, also from a phone."""
    with opened(browser, address, width=PHONE) as tab:
        tab.emulate_media(media="print")
        assert tab.locator(f"{LISTS}:visible").count() == len(lists(tab))
        assert tab.locator("#ex-root :is(button, select, input):visible").count() == 0


def test_without_javascript(browser: Any, address: str) -> None:
    """The page says what is missing and where to go instead."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert "needs JavaScript" in tab.inner_text("#ex-root noscript")
    context.close()


@pytest.mark.parametrize("fragment", ["", "#v=photos&n=7"])
def test_fast_small_and_steady(browser: Any, address: str, fragment: str) -> None:
    """Two seconds (the best of three tries), 3 MB as servers send it, and nothing jumps."""
    tries: list[float] = []
    while len(tries) < 3 and min(tries, default=SECONDS) >= SECONDS:
        seconds, jumps, loaded = first_visit(browser, address + fragment)
        tries.append(seconds)
    assert min(tries) < SECONDS
    assert jumps < JUMP
    own = [path for path in loaded if "/explorer" in path]
    assert len(own) > 8 and ("/photos.js" in " ".join(own)) == bool(fragment)
    assert sum(len(content(path)) for path in own) < OWN_MEGABYTES * 1e6
    assert sum(len(gzip.compress(content(path))) for path in loaded) < MEGABYTES * 1e6


def first_visit(browser: Any, url: str) -> tuple[float, float, list[str]]:
    """Seconds until neighbours are seen, how much jumped, and the files that were loaded."""
    context = browser.new_context(viewport={"width": WIDE, "height": 900})
    tab = context.new_page()
    tab.add_init_script(WATCH_JUMPS)
    loaded: list[str] = []
    tab.on("response", lambda answer: loaded.append(unquote(urlsplit(answer.url).path)))
    tab.goto(url, wait_until="commit")
    tab.wait_for_selector(".ex-method:visible")
    seconds = tab.evaluate("performance.now()") / 1000
    tab.wait_for_load_state("load")
    jumps = tab.evaluate("window.jumps")
    context.close()
    return seconds, jumps, loaded


def content(path: str) -> bytes:
    """What a file of the site holds."""
    return (SITE / path.lstrip("/")).read_bytes()


def test_from_folder(browser: Any) -> None:
    """Opened as a file: search, click, back, photographs, and no error."""
    with opened(browser, PAGE.as_uri()) as tab:
        first = title(tab)
        tab.fill("#ex-field", "graham crackers")
        tab.press("#ex-field", "Enter")
        tab.wait_for_function("location.hash.includes('p=')")
        assert "graham" in title(tab)
        tab.uncheck("#ex-methods input[value=lift]")
        ready(tab)
        assert "lift" not in lists(tab) and "lift" not in tab.url
        tab.go_back()
        wait_title(tab, first)
        tab.get_by_role("link", name="Photographs").click()
        tab.wait_for_selector("#ex-photo h2")
        link = tab.url
    with opened(browser, link) as tab:
        assert "photograph" in title(tab)


# ---------------------------------------------------------------- broken data


def cut_short(route: Any) -> None:
    """Answer with the first half of a file."""
    body = content(urlsplit(route.request.url).path)
    route.fulfill(body=body[: len(body) // 2], content_type="text/javascript")


def too_short_a_list(route: Any) -> None:
    """Answer with a file that is whole, with a list that is not."""
    body = content(urlsplit(route.request.url).path).decode()
    route.fulfill(body=re.sub(r'("buyers": ?")....', r"\1", body), content_type="text/javascript")


BROKEN = {
    "products-gone": ("products.js", "", lambda route: route.abort(), "did not arrive"),
    "products-cut": ("products.js", "", cut_short, "cut short"),
    "products-list": ("products.js", "", too_short_a_list, "wrong length"),
    "neighbours-gone": ("neighbours-*.js", "", lambda route: route.abort(), "did not arrive"),
    "neighbours-cut": ("neighbours-*.js", "", cut_short, "cut short"),
    "photos-gone": ("photos.js", "#v=photos", lambda route: route.abort(), "did not arrive"),
    "photos-cut": ("photos.js", "#v=photos", cut_short, "cut short"),
    "sprite": ("*.png", "#v=photos", lambda route: route.abort(), "missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_told(name: str, browser: Any, address: str) -> None:
    """A data file that is missing or cut short is named, with the remedy."""
    pattern, fragment, broken, said = BROKEN[name]
    context = browser.new_context()
    context.set_default_timeout(8000)
    tab = context.new_page()
    tab.route(f"**/explorer/{pattern}", broken)
    tab.goto(address + fragment)
    message = tab.get_by_role("alert")
    message.wait_for()
    assert said in message.inner_text() and "make explorer" in message.inner_text()
    assert tab.locator("#ex-root h2").count() == 0
    context.close()


def test_missing_script_is_told(browser: Any, address: str) -> None:
    """Without one of its scripts the page says so."""
    context = browser.new_context()
    tab = context.new_page()
    tab.route("**/explorer/explorer-parts.js", lambda route: route.abort())
    tab.goto(address)
    assert "scripts of this page" in tab.get_by_role("alert").inner_text()
    context.close()


def test_next_product_after_a_broken_file(browser: Any, address: str) -> None:
    """When one file of neighbours fails, a second click asks for it again."""
    context = browser.new_context()
    tab = context.new_page()
    tab.route("**/explorer/neighbours-*.js", lambda route: route.abort())
    tab.goto(address)
    tab.get_by_role("alert").wait_for()
    tab.unroute("**/explorer/neighbours-*.js")
    tab.get_by_role("link", name="marshmallows, 16 oz").click()
    tab.wait_for_selector("#ex-root h2:visible")
    assert not tab.is_visible("#ex-message")
    context.close()
