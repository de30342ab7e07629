"""The map that a reader can hover: whole, small, silent towards the network, and described."""

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers import plots

PLACES = np.random.default_rng(0).normal(size=(1500, 2))
LABELS = [f"cheese & <wine> {n}, 16 oz" for n in range(1500)]
GROUPS = [f"category {n % 9 if n % 3 else 0}" for n in range(1500)]
PAGE = plots.hover_map(PLACES, LABELS, GROUPS, "Nine kinds; one is large.", [0, 7])


def test_every_point_tells_its_label_and_no_label_becomes_markup():
    soup = BeautifulSoup(PAGE.html, "html.parser")
    told = [title.text for title in soup.select("g.d use > title")]
    assert sorted(told) == sorted(LABELS)
    assert soup.find("wine") is None


def test_it_is_described_for_those_who_cannot_see_it():
    soup = BeautifulSoup(PAGE.html, "html.parser")
    drawing = soup.select_one('svg[role="img"]')
    assert drawing is not None and drawing["aria-label"] == "Nine kinds; one is large."
    assert repr(PAGE) == "Nine kinds; one is large."  # the fallback of print and PDF


def test_groups_are_reached_by_keyboard_and_told_apart_by_shape():
    soup = BeautifulSoup(PAGE.html, "html.parser")
    radios = soup.select('fieldset input[type="radio"]')
    assert len(radios) == 1 + 7 + 1  # all, seven groups, others
    assert len({radio["name"] for radio in radios}) == 1
    outlines = [path["d"] for path in soup.select("defs path")]
    assert len(outlines) == len(set(outlines)) == 8


def test_it_asks_nobody_and_stays_small():
    assert "http" not in PAGE.html and "<script" not in PAGE.html
    assert len(PAGE.html.encode()) < 200 * 1024


def test_every_mark_lies_inside_the_sheet():
    at = re.findall(r'<use href="#\w+s\d" class="g\d" x="(\d+)" y="(\d+)"', PAGE.html)
    x, y = np.array(at, dtype=float).T
    assert len(at) == 1500 and x.max() <= 600 and y.max() <= 580


def test_no_name_lies_on_another_or_leaves_the_sheet_even_on_a_phone():
    places = np.random.default_rng(1).uniform(size=(40, 2))
    labels = [f"product {n:02}" for n in range(40)]
    page = plots.hover_map(places, labels, ["one"] * 40, "many names", range(12))
    boxes = []
    for text in BeautifulSoup(page.html, "html.parser").select("svg > text"):
        wide, x = 10 * len(text.text), float(text["x"])
        left = x - wide if text["text-anchor"] == "end" else x
        assert left >= 0 and left + wide <= 600
        boxes.append((left, left + wide, float(text["y"])))
    for place, (left, right, y) in enumerate(boxes):
        for other_left, other_right, other_y in boxes[:place]:
            assert right <= other_left or other_right <= left or abs(y - other_y) >= 19


def test_lengths_that_differ_are_named():
    with pytest.raises(ValueError, match="for 2 labels and 3 groups"):
        plots.hover_map(PLACES[:3], LABELS[:2], GROUPS[:3], "wrong")
