"""What a person waits for: the first card on the screen, with an empty cache and with a warm one."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import sync_playwright

from tests.bench.fill import Filled
from tests.factories import session_for

# Milliseconds from the start of navigation until the first card has been painted, by the browser's own clock.
FIRST_CARD = """() => new Promise(done => {
  const look = () => document.querySelector('.deal')
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
})"""


def measure(filled: Filled, port: int, times: int = 5) -> dict[str, float | None]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        return {"first_card_warm_ms": None, "first_card_cold_ms": None, "transfer_kb": None}
    url, session = f"http://127.0.0.1:{port}/w/{filled.workspace.slug}/deals/", session_for(filled.member.user)
    with sync_playwright() as playwright:
        arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        cold, warm, sizes = [], [], []
        for _ in range(times):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "session", "value": session, "url": url}])
            page = context.new_page()
            network = context.new_cdp_session(page)
            network.send("Network.enable")
            size = [0]
            network.on(
                "Network.loadingFinished",
                lambda event, size=size: size.__setitem__(0, size[0] + event["encodedDataLength"]),
            )
            page.goto(url, wait_until="commit")
            cold.append(page.evaluate(FIRST_CARD))
            page.wait_for_timeout(500)
            sizes.append(size[0])
            page.goto(url, wait_until="commit")
            warm.append(page.evaluate(FIRST_CARD))
            context.close()
        browser.close()
    middle = times // 2
    return {
        "first_card_warm_ms": round(sorted(warm)[middle]),
        "first_card_cold_ms": round(sorted(cold)[middle]),
        "transfer_kb": round(sorted(sizes)[middle] / 1024),
    }
