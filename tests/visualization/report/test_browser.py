"""The report in a real browser: nothing is broken, and nothing comes from elsewhere."""

import pytest

from tests.visualization.browser import PALE_TEXT
from tests.visualization.report import runs
from visualization.report.writing import write_report

HOSTILE = "<img src=x onerror=hacked=1><script>hacked=1<|script>"
STEP = "document.querySelector('.step:not([hidden])').dataset.step"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    run = runs.finished_run(tmp_path_factory.mktemp("runs"))
    return write_report(run.path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_broken_and_nothing_is_loaded(browser, page, width, scheme):
    browser.open(page, width, scheme=scheme)
    assert browser.problems == []
    elsewhere = [url for url in browser.requests if not url.startswith("data:")]
    assert elsewhere == [page.resolve().as_uri()]
    images = "Promise.all([...document.images].map((i) => i.decode().then(() => "
    assert browser.value(f"{images}i.naturalWidth)))") == [320] * 12
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert browser.value(fits)
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    assert browser.value(PALE_TEXT) == []


def test_a_page_that_loads_something_would_be_found_out(browser, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(
        "<p style='color: #bbb'>pale</p><img src=http://example.invalid/a.png>"
        "<script>nothing()</script>"
    )
    browser.open(path)
    assert "http://example.invalid/a.png" in browser.requests
    assert any("nothing is not defined" in problem for problem in browser.problems)
    assert any("ERR_NAME_NOT_RESOLVED" in problem for problem in browser.problems)
    assert len(browser.value(PALE_TEXT)) == 1


def test_what_comes_from_outside_is_not_run(browser, tmp_path):
    comment = HOSTILE.replace("|", "/")
    run = runs.finished_run(tmp_path, HOSTILE, comment=comment)
    browser.open(write_report(run.path, tmp_path / "page.html"))
    assert browser.problems == []
    assert browser.value("typeof hacked") == "undefined"
    assert browser.value("document.querySelector('h1').textContent") == HOSTILE
    assert browser.value("document.body.innerText").count(comment) == 2


def test_the_page_forbids_a_script_of_somebody_else(browser, page):
    """The policy and not the escaping alone: an inline handler is refused."""
    browser.open(page)
    browser.value("document.body.setAttribute('onclick', 'hacked = 1')")
    browser.value("document.body.click()")
    assert browser.value("typeof hacked") == "undefined"
    assert any("Content Security Policy" in problem for problem in browser.problems)


def test_the_steps_are_turned_over_by_keys_and_buttons(browser, page):
    browser.open(page)
    assert browser.value(STEP) == "15"  # the last one first
    browser.value("document.querySelector('.steps input').focus()")
    for key, step in (("ArrowLeft", "10"), ("ArrowLeft", "5"), ("ArrowRight", "10")):
        browser.press(key)
        assert browser.value(STEP) == step
    later, earlier = (
        f".steps button:{place}" for place in ("last-of-type", "first-of-type")
    )
    browser.value(f"document.querySelector('{later}').click()")
    assert browser.value(f"document.querySelector('{later}').disabled")
    browser.value(f"document.querySelector('{earlier}').click()")
    assert browser.value(STEP) == "10"
    assert browser.value("document.querySelector('.steps output').value") == "step 10"
    assert browser.value("document.querySelectorAll('.step:not([hidden])').length") == 1


def test_a_picture_grows_by_a_key_and_back(browser, page):
    browser.open(page)
    image = "document.querySelector('.step:not([hidden]) img')"
    browser.value(f"{image}.focus()")
    for is_large in (True, False):
        browser.press("Enter")
        large = browser.value(f"{image}.closest('figure').classList.contains('large')")
        assert large == is_large


def test_options_are_searched_and_sorted(browser, page):
    browser.open(page)
    shown = (
        "[...document.querySelectorAll('.options tbody tr:not([hidden]) .name')]"
        ".map((cell) => cell.textContent)"
    )
    everything = browser.value(shown)
    assert len(everything) > 80
    browser.value("document.querySelector('.options th.name button').click()")
    assert browser.value(shown) == sorted(everything)
    search = "document.querySelector('.options input[type=search]')"
    browser.value(f"{search}.value = 'LEARNING schedule'")
    browser.value(f"{search}.dispatchEvent(new Event('input'))")
    assert browser.value(shown) == ["learning_rate_schedule"]
    browser.value(f"{search}.value = ''")
    browser.value("document.querySelector('.options input[type=checkbox]').click()")
    assert browser.value(shown) == ["n_epochs", "run_name", "task"]


def test_the_pointer_and_the_arrows_read_values_off_a_chart(browser, page):
    browser.open(page)
    chart = "document.querySelector('.chart')"
    at_rest = "step 15: training 0.8, held out 0.75, chance 0.5"
    assert browser.value(f"{chart}.querySelector('.readout').textContent") == at_rest
    drawing = f"{chart}.querySelector(':scope > svg')"
    browser.value(f"{drawing}.focus()")
    for key, text in (
        ("ArrowLeft", "step 10: training 0.6, held out 0.625, chance 0.5"),
        ("ArrowLeft", "step 5: training 0.4, held out 0.5, chance 0.5"),
        ("ArrowLeft", "step 0: held out 0.25, chance 0.5"),
        ("ArrowRight", "step 5: training 0.4, held out 0.5, chance 0.5"),
    ):
        browser.press(key)
        assert browser.value(f"{chart}.querySelector('.readout').textContent") == text
    # The pointer over the axis' right end, in pixels of the screen.
    move = (
        f"(() => {{ const box = {drawing}.getBoundingClientRect(); {drawing}"
        ".dispatchEvent(new PointerEvent('pointermove', {clientX: box.right - 5})) })()"
    )
    browser.value(move)
    assert browser.value(f"{chart}.querySelector('.readout').textContent") == at_rest


def test_without_scripts_everything_is_there(browser, page):
    browser.open(page, scripts=False)
    assert browser.problems == []
    visible = "[...document.querySelectorAll('{}')].filter((e) => e.checkVisibility())"
    assert browser.value(f"{visible.format('.step img')}.length") == 12
    assert browser.value(f"{visible.format('.options tbody tr')}.length") > 80
    assert browser.value(f"{visible.format('.controls')}.length") == 0
