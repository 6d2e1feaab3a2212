"""What pages are looked at on, and what for: an accessibility checker's rules, and nothing wider than the screen."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLOURS = RULES | {"runOnly": ["color-contrast", "link-in-text-block"]}
WIDE = {"width": 1440, "height": 900}
# {screen: (its context, what the checker looks for)}. Dark differs from light by its colours alone, a tablet by its width.
SCREENS = {
    "light": ({"viewport": WIDE, "color_scheme": "light"}, RULES),
    "dark": ({"viewport": WIDE, "color_scheme": "dark"}, COLOURS),
    "tablet": ({"viewport": {"width": 768, "height": 1024}, "color_scheme": "light", "has_touch": True}, None),
    "phone": ({"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True}, RULES),
}
# What is cut off at the right, and in nothing that may scroll sideways.
OUT_OF_REACH = """() => [...document.querySelectorAll("main :is(h1, a, button, dd, p)")].filter((each) => {
  const box = each.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1 || each.closest("[popover], .vh")) return false;
  for (let up = each; up.id !== "main" && !up.matches(".rail"); up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
  return true;
}).map((each) => each.outerHTML.slice(0, 120))"""


def check(page: Page, path: str, screen: str) -> list[str]:
    """What is wrong with the page as it stands, in words."""
    expect(page.locator("main")).to_be_visible()
    rules = SCREENS[screen][1]
    found = Axe().run(page, options=rules).response["violations"] if rules else ()
    wrong = [f"{path}: {each['id']}: {each['help']}: {each['nodes'][0]['html'][:160]}" for each in found]
    wrong += [f"{path}: out of reach: {html}" for html in page.evaluate(OUT_OF_REACH)]
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wrong + ([f"{path}: {width} px wider than the screen"] if width > 0 else [])
