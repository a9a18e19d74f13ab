"""Headless Chromium opens chapter 0 in JupyterLab, runs it, and uses the widget."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM ON THIS MACHINE: the browser was not tested"),
]
FLAGS = "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-sync"


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab server on a copy of chapter 0 without outputs to wait for."""
    shutil.copy(ROOT / "notebooks" / "00_demo.ipynb", tmp_path)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"]
    settings = {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
    }
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=log, stderr=log, env={**os.environ, **settings}
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/api?token=secret", timeout=2)
                    break
                except OSError:
                    time.sleep(0.5)
            yield f"{address}/lab/tree/00_demo.ipynb?token=secret"
        finally:
            server.terminate()
            server.wait(20)


def test_chapter_0_in_jupyterlab(lab, tmp_path):
    shots = Path(os.environ.get("ALPHAEDIT_SCREENSHOTS", tmp_path))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(lab)
        page.get_by_role("heading", name="Chapter 0: Changing one fact").wait_for(timeout=90_000)
        page.screenshot(path=shots / "lab-1-top.png")
        page.get_by_role("menuitem", name="Run").click()
        page.get_by_text("Run All Cells", exact=True).first.click()
        use_widget(page, shots)
        browser.close()


def use_widget(page, shots):
    """Edit, look, undo, and try something senseless."""
    out = page.locator(".jp-OutputArea")
    edit, undo = (out.locator("button", has_text=name) for name in ("Edit", "Undo"))
    edit.wait_for(state="attached", timeout=400_000)  # drawn only when in view, so not yet visible
    edit.scroll_into_view_if_needed(timeout=60_000)
    subject, _, new = (out.locator("input[type=text]").nth(i) for i in range(3))
    subject.fill("Lower Assam")
    new.fill("Romania")
    edit.click()
    out.get_by_text(re.compile("is now followed by")).wait_for(timeout=180_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=shots / "lab-2-edited.png")
    undo.click()
    out.get_by_text(re.compile("^Undone")).wait_for(timeout=180_000)
    page.wait_for_timeout(3000)
    page.screenshot(path=shots / "lab-3-undone.png")
    subject.fill("")
    edit.click()
    out.get_by_text("That did not work").wait_for(timeout=60_000)
    page.screenshot(path=shots / "lab-4-error.png")
