"""What templates and Python name is there: icons and static files; and what travels to the browser is small."""

from __future__ import annotations

import ast
import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.base import File
from django.template import engines

from activities import inbox
from activities.due import SIGNS
from activities.timeline import LOOK, TASKS
from automation.inbox import EFFECTS
from crm_project.static import ModuleStaticFilesStorage
from tests.pages import Reader
from tests.workspaces.test_every_page import inline
from workspaces.custom import filters as custom

ROOT = Path(settings.BASE_DIR)
APPS = ("activities", "automation", "connectors", "crm_project", "deals", "insights", "leads", "workspaces")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = ("tokens", "base", "components", "pages")  # as templates/base.html links them
WORD = r'"([a-z0-9-]+)"'
# {% icon "bell" %}, {% icon icon|default:"check" %}, {% nav "lead_list" "user" "Leads" %}, {% include … with icon="bell" %}, href="#i-bell"
ICONS = (
    re.compile(rf"{{% icon (?:\w+\|default:)?{WORD}"),
    re.compile(rf'{{% nav "[^"]+" {WORD}'),
    re.compile(rf"\bicon={WORD}"),
    re.compile(r'"#i-([a-z0-9-]+)"'),
)
STATIC = re.compile(r"""\{% static ["']([^"']+)["']""")
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.S)


def in_python() -> set[str]:
    """Icons of the timeline and its tasks, of effects, of chips, and of dictionaries that have an "icon" or a "next_icon"."""
    found = {icon for icon, _ in (*LOOK.values(), *inbox.LOOK.values())} | set(TASKS.values()) | set(SIGNS.values())
    found |= set(EFFECTS.values())
    for node in (
        node for app in APPS for path in (ROOT / app).rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))
    ):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found |= {value.value for key, value in pairs if str(getattr(key, "value", "")).endswith("icon") and isinstance(value, ast.Constant)}  # fmt: skip
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Chip":
            found |= {node.args[2].value} if isinstance(node.args[2], ast.Constant) else set(custom.ICONS.values())
    return found - {""}


def in_templates() -> set[str]:
    return {name for path in TEMPLATES for pattern in ICONS for name in pattern.findall(path.read_text())}


def test_every_icon_is_in_the_sprite_and_no_other():
    """A missing one is an empty square, a needless one travels with every page."""
    drawn = set(re.findall(r'<symbol id="i-([^"]+)"', (ROOT / "static" / "build" / "sprite.svg").read_text()))
    used = in_python() | in_templates()
    assert {"circle-alert", "banknote", "ellipsis", "undo-2", "database", "check"} <= used  # each by a way of its own
    assert used - drawn == set() and drawn - used == set()


def test_every_static_file_is_there():
    named = {name for path in TEMPLATES for name in STATIC.findall(path.read_text())}
    for style in (ROOT / "static" / "css").glob("*.css"):
        found = re.findall(r"""url\(["']?\.\./([^"')]+)""", style.read_text())
        named |= set(found)
    for module in (ROOT / "static" / "js").glob("*.js"):
        named |= {f"js/{name}" for name in re.findall(r"""(?:from|import) ["']\./([^"']+)""", module.read_text())}
    assert {"js/app.js", "js/request.js", "css/pages.css", "fonts/inter-latin-ext-wght-normal.woff2"} <= named
    assert {name for name in named if not finders.find(name)} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_can_be_read_and_holds_nothing_that_the_policy_stops(path):
    """The parts that no test happens to show included."""
    engines["django"].get_template(str(path.relative_to(ROOT / "templates")))
    text = path.read_text()
    page = Reader(TAG.sub("x", text)).open[0]
    # A mail runs under no policy, and has no stylesheet but the one within.
    is_mail = path.parent.name == "mail"
    assert (is_mail or not inline(page)) and not re.search(r"\bhx-on\b|\bhx-vals=.js:|javascript:", text)
    assert "//" not in re.sub(
        r"http://www\.w3\.org/\S+|\{% comment.*?endcomment %\}", "", text
    )  # nothing from elsewhere


def gzipped(files: list[bytes]) -> int:
    return len(gzip.compress(b"\n".join(files), 9))


def test_our_own_css_and_javascript_stay_small(tmp_path):
    """As they travel, minified."""
    storage = ModuleStaticFilesStorage(location=tmp_path)
    modules = {}
    for path in sorted((ROOT / "static" / "js").glob("*.js")):
        with path.open("rb") as file:
            modules[path.name] = storage.open(storage._save(f"js/{path.name}", File(file))).read()
    linked = re.findall(r"css/(\w+)\.css", (ROOT / "templates" / "components" / "head.html").read_text())
    assert set(linked) == set(STYLES)
    assert gzipped([(ROOT / "static" / "css" / f"{name}.css").read_bytes() for name in STYLES]) <= 16 * 1024
    # What only some pages load is small by itself, sheet and module alike.
    own = pages_own()
    assert gzipped([text for name, text in modules.items() if f"js/{name}" not in own]) <= 12 * 1024
    for name in own:
        text = modules[name.removeprefix("js/")] if name.startswith("js/") else (ROOT / "static" / name).read_bytes()
        assert gzipped([text]) <= 3 * 1024, name


def pages_own() -> set[str]:
    """Static files that templates load in the blocks for a page's own sheets and modules."""
    blocks = (
        re.findall(r"{% block (?:sheets|modules) %}(.*?){% endblock", path.read_text(), re.S) for path in TEMPLATES
    )
    return {name for found in blocks for block in found for name in STATIC.findall(block)}
