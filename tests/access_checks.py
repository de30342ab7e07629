"""axe-core on a built page: what a screen reader, a keyboard or weak eyes would stumble over.

Everything folded is opened first.  Colours are most of the work, and code repeats them thousands of
times, so a block of code, a row or a paragraph is measured only where it shows a new kind of thing;
every other rule sees the whole page.
"""

from importlib.resources import files
from typing import Any

RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
# On a phone: what changes with the width, such as what scrolls and which buttons are there.
RULES_OF_WIDTH = ["aria-hidden-focus", "button-name", "scrollable-region-focusable"]
OPEN = """() => {
  document.querySelectorAll('details:not([open])').forEach(fold => {
    fold.open = true;
  });
  document.head.insertAdjacentHTML('beforeend', '<style>*{transition: none !important}</style>');
  document.querySelectorAll('.toggle-hidden > .toggle-button').forEach(button => button.click());
}"""
# Takes away code, rows and paragraphs whose pieces, by class, were all seen in an earlier one.
THIN_OUT = """() => {
  const seen = new Set();
  const kind = part => [part.tagName, part.className, part.style.color].join(' ');
  document.querySelectorAll('mjx-container').forEach(formula => formula.remove());
  document.querySelectorAll('.highlight, tr, details, p, li, dd').forEach(block => {
    if (!block.isConnected || block.parentElement.closest('[data-kept]')) return;
    const near = block.parentElement.closest('[class]');
    const place = near ? near.className + ' ' + near.parentElement?.className : '';
    const kinds = [block, ...block.querySelectorAll('*')].map(part => place + kind(part));
    if (kinds.every(name => seen.has(name))) block.remove();
    else block.dataset.kept = '';
    kinds.forEach(name => seen.add(name));
  });
}"""
RUN = """async ([rules, left]) => {
  const options = {resultTypes: ['violations'], elementRef: false};
  if (rules) options.runOnly = rules;
  if (!rules) options.rules = Object.fromEntries(left.map(name => [name, {enabled: false}]));
  const found = await axe.run(document, options);
  // A table's head may be a formula: screen readers say it, axe does not see it.
  const said = (rule, node) => rule.id !== 'empty-table-header' ||
    !document.querySelector(node.target[0]).querySelector('mjx-container');
  return found.violations.flatMap(rule => rule.nodes.filter(node => said(rule, node)).map(node =>
    ({rule: rule.id, impact: rule.impact, help: rule.help, where: node.target.flat().join(' ')})));
}"""


def axe_source() -> str:
    """The checker, from the pip package that carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def start(page: Any) -> None:
    """Load the checker into a page and open everything that is folded."""
    page.evaluate(axe_source())
    page.evaluate(OPEN)


def structure_faults(page: Any) -> list[str]:
    """Faults of names, roles, order, tables, focus: every rule but those of colour."""
    return described(page.evaluate(RUN, [None, RULES_OF_COLOUR]))


def width_faults(page: Any) -> list[str]:
    """Faults that may come and go with the width of the window."""
    page.wait_for_timeout(400)  # the theme waits that long to see what scrolls now
    return described(page.evaluate(RUN, [RULES_OF_WIDTH, []]))


def colour_faults(page: Any) -> list[str]:
    """Text too faint on its ground, and links that only their colour tells from the text."""
    page.evaluate(THIN_OUT)
    return described(page.evaluate(RUN, [RULES_OF_COLOUR, []]))


def described(found: list[dict[str, str]]) -> list[str]:
    """One line for each fault: how bad, which rule, where, and what to do."""
    return sorted(
        {f"{one['impact']} {one['rule']}: {one['where']}: {one['help']}" for one in found}
    )
