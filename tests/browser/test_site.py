"""The built site in headless Chromium, without network: formulas, figures, a phone, the dark, WCAG."""

import pytest

from tools.npm import fetch_npm

pytestmark = pytest.mark.browser
PAGES = ["index", "chapters/00_demo", "chapters/02_key_value_memory", "chapters/07_null_space"]


@pytest.fixture
def page(chromium):
    """A page that may speak to this machine only; what else it asked for is listed in ``asked``."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.asked = []
    page.route(
        lambda url: "127.0.0.1" not in url,
        lambda route: (page.asked.append(route.request.url), route.abort()),
    )
    yield page
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_page(site, page, shots, name):
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    if "07" in name:
        page.locator("mjx-container svg").first.wait_for(timeout=30_000)
        assert page.locator("mjx-merror").count() == 0
    broken = "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    page.wait_for_load_state("load")
    assert [
        s for s in page.evaluate(f"() => {{{broken}}}") if "127.0.0.1" in s or s.startswith("data:")
    ] == []
    unnamed = page.evaluate("() => [...document.images].filter(i => !i.alt).length")
    assert unnamed == 0
    if "chapters" in name:
        assert page.locator("a[href*='colab.research.google.com']").count() >= 1
    page.screenshot(path=shots / f"site-{name.split('/')[-1]}.png")
    assert page.asked == [], "the page needs a network"


@pytest.mark.parametrize("name", PAGES)
def test_phone_and_dark(site, page, shots, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    page.wait_for_timeout(1500)
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    page.screenshot(path=shots / f"phone-{name.split('/')[-1]}.png")
    assert wide <= 391, "the page scrolls sideways on a phone"


@pytest.mark.parametrize("name", PAGES)
def test_accessibility(site, page, name):
    """No violation of WCAG A or AA that axe-core can see."""
    page.goto(f"{site}/{name}.html")
    page.locator(".bd-article h1").first.wait_for()
    page.wait_for_timeout(1500)
    page.add_script_tag(path=fetch_npm("axe-core", "4.10.3", "package/axe.min.js"))
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}"
    found = page.evaluate(f"async () => (await axe.run(document, {rules})).violations")
    assert [(v["id"], v["help"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []
