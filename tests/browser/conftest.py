"""Headless Chromium, JupyterLab, and the built site, for the browser tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tools.pdf import browser_path

sync_api = pytest.importorskip("playwright.sync_api")
ROOT = Path(__file__).parents[2]
CHROMIUM = browser_path()
FLAGS = "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-sync"


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: the browser was not tested")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def shots(tmp_path):
    """Where screenshots go: ALPHAEDIT_SCREENSHOTS, if somebody wants to look at them."""
    folder = Path(os.environ.get("ALPHAEDIT_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def serve(command, folder, ready, settings=None):
    """Start a server, wait until ``ready`` answers, and stop it in the end."""
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **(settings or {})}
        )
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(ready, timeout=2)
                    break
                except OSError:
                    time.sleep(0.5)
            yield
        finally:
            server.terminate()
            server.wait(20)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab server on a copy of the notebooks."""
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, tmp_path)
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"]
    settings = {
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
    }
    address = f"http://127.0.0.1:{port}"
    server = serve(command, tmp_path, f"{address}/api?token=secret", settings)
    next(server)
    yield lambda name: f"{address}/lab/tree/{name}?token=secret"
    next(server, None)


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory):
    """The site, built anew; warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(ROOT / "docs"), str(folder)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="session")
def site(site_folder):
    """The address of the site."""
    folder, port = site_folder, free_port()
    server = serve(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        folder,
        f"http://127.0.0.1:{port}/index.html",
    )
    next(server)
    yield f"http://127.0.0.1:{port}"
    next(server, None)
