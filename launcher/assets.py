"""Copy what the pages use out of node_modules: nothing of it is committed."""

from __future__ import annotations

import shutil
from pathlib import Path

FONTS = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")


def build(modules: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    (out / "fonts").mkdir(parents=True)
    for font in FONTS:
        shutil.copy(modules / "@fontsource-variable" / "inter" / "files" / font, out / "fonts" / font)
    # Django admin's theme ships Alpine's usual build, which evaluates strings; this one does not
    # need 'unsafe-eval'. Same path as in the theme, so that it stands in for it.
    alpine = out / "unfold" / "js" / "alpine" / "alpine.js"
    alpine.parent.mkdir(parents=True)
    shutil.copy(modules / "@alpinejs" / "csp" / "dist" / "cdn.min.js", alpine)
    (out / "sprite.svg").write_text(_sprite(modules / "lucide-static" / "icons"))


def _sprite(icons: Path) -> str:
    """One <symbol> per icon named in templates/icons.txt; `{% icon "bell" %}` prints its <use>."""
    names = (icons.parents[2] / "templates" / "icons.txt").read_text().split()
    symbols = []
    for name in sorted(set(names)):
        svg = (icons / f"{name}.svg").read_text()
        body = " ".join(svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")].split())
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{body}</symbol>')
    return "".join(symbols)
