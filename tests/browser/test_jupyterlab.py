"""Headless Chromium opens chapters in JupyterLab, runs chapter 0 from top to bottom, and uses its widget."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_chapter_0_in_jupyterlab(chromium, lab, shots):
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(lab("00_demo.ipynb"))
    page.get_by_role("heading", name="Chapter 0: Changing one fact").wait_for(timeout=90_000)
    page.screenshot(path=shots / "lab-1-top.png")
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    use_widget(page, shots)
    page.close()


def use_widget(page, shots):
    """Edit, look, undo, and try something senseless."""
    out = page.locator(".jp-OutputArea")
    edit, undo = (out.locator("button", has_text=name) for name in ("Edit", "Undo"))
    edit.wait_for(state="attached", timeout=400_000)  # drawn only when in view, so not yet visible
    edit.scroll_into_view_if_needed(timeout=60_000)
    fields = out.locator(".widget-text input")
    subject, new = fields.nth(0), fields.nth(2)
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
