"""Fast on a phone: a small site, light pages, and something to read soon on a slow network."""

from pathlib import Path
from typing import Any

import pytest
from test_site import PAGES, PHONE

MOST_SITE, MOST_PAGE = 60_000_000, 3_000_000  # bytes
# A mid-range phone on slow 4G, as page-speed tools model it; on two busy cores times double.
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 9e4,
}
SLOWER, MOST_SECONDS = 4, 12
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 1e9"


@pytest.fixture(scope="module")
def weights(browser: Any, address: str) -> dict[str, int]:
    """Bytes of each page with everything that it loads, pictures far below included."""
    return {page: weigh(browser, f"{address}/{page}.html") for page in PAGES}


def weigh(browser: Any, url: str) -> int:
    """Bytes of all answers to a page that is scrolled to its end."""
    context = browser.new_context(viewport={"width": PHONE, "height": 844})
    tab, sizes = context.new_page(), []
    tab.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    tab.goto(url, wait_until="load")
    tab.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    tab.wait_for_load_state("networkidle")
    context.close()
    return sum(sizes)


def test_site_is_small(site: Path) -> None:
    """The whole site fits on any stick."""
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < MOST_SITE


def test_pages_are_light(weights: dict[str, int]) -> None:
    """No page loads more than a few photographs' worth."""
    assert {page: size for page, size in weights.items() if not 0 < size < MOST_PAGE} == {}


def test_first_paint(weights: dict[str, int], browser: Any, address: str) -> None:
    """The front page and the heaviest chapter show words soon, on a slow phone."""
    heaviest = max(weights, key=lambda page: weights[page])
    seconds = {
        page: first_paint(browser, f"{address}/{page}.html") for page in {PAGES[0], heaviest}
    }
    assert {page: time for page, time in seconds.items() if time > MOST_SECONDS} == {}


def first_paint(browser: Any, url: str) -> float:
    """Seconds until a throttled phone shows the first words."""
    context = browser.new_context(viewport={"width": PHONE, "height": 844})
    tab = context.new_page()
    tools = context.new_cdp_session(tab)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tab.goto(url, wait_until="domcontentloaded", timeout=120_000)
    tab.wait_for_function(f"{FIRST_PAINT} < 1e9", timeout=60_000)
    seconds = tab.evaluate(FIRST_PAINT) / 1000
    context.close()
    return float(seconds)


def test_scales_report(browser: Any, address: str, tmp_path: Path) -> None:
    """A heavy page weighs more; a phone that waits for a script paints later than a quick one."""
    from site_checks import served

    (tmp_path / "big.js").write_text("/*" + "x" * 2_000_000 + "*/")
    (tmp_path / "light.html").write_text("<p>milk</p>")
    (tmp_path / "heavy.html").write_text('<script src="big.js"></script><p>milk</p>')
    with served(tmp_path) as url:
        assert (
            weigh(browser, f"{url}/heavy.html") > 2_000_000 > weigh(browser, f"{url}/light.html")
        )
        slow, quick = (first_paint(browser, f"{url}/{name}.html") for name in ("heavy", "light"))
    assert slow > quick + 5
