"""Take the picture of the site that the README shows:  python tools/screenshot.py

The built front page in light and, beside it, a chapter on a phone in dark; at most 200 KB.
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from site_checks import FLAGS, find_browser

SITE = ROOT / "_build" / "html" / "book"
TARGET = ROOT / "book" / "_static" / "screenshot.png"
MOST_BYTES = 200_000


def picture(browser: Any, page: str, size: tuple[int, int], theme: str, find: str) -> Image.Image:
    """A page in a window of the given size, scrolled to the first element that matches."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    tab = context.new_page()
    tab.goto((SITE / f"{page}.html").as_uri())
    tab.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => 1) : 1")
    tab.locator(find).first.evaluate("e => e.scrollIntoView({block: 'start'})")
    tab.wait_for_timeout(500)
    image = Image.open(io.BytesIO(tab.screenshot()))
    context.close()
    return image.convert("RGB")


def beside(left: Image.Image, right: Image.Image, gap: int = 24) -> Image.Image:
    """Two pictures on one white ground."""
    height = max(left.height, right.height)
    canvas = Image.new("RGB", (left.width + gap + right.width, height), "white")
    canvas.paste(left, (0, 0))
    canvas.paste(right, (left.width + gap, 0))
    return canvas


def main() -> None:
    """Write the picture in 255 colours."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise SystemExit("no Chromium found: install chromium (or Chrome)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        wide = picture(browser, "index", (1280, 844), "light", "#the-leaderboard")
        phone = picture(browser, "2-baselines/22-behaviour", (390, 844), "dark", "h1")
        browser.close()
    beside(wide, phone).quantize(255).save(TARGET, optimize=True)
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size // 1000} KB")
    if size > MOST_BYTES:
        raise SystemExit(f"larger than {MOST_BYTES // 1000} KB: show less")


if __name__ == "__main__":
    main()
