"""The page of a comparison in a real browser: everything on it does what it says."""

import re

import pytest

from tests.visualization.browser import PALE_TEXT
from tests.visualization.comparison.made_up import comparison
from visualization.comparison.page import write_page

HOSTILE = "</script><img src=x onerror=hacked=1><script>hacked=1</script>"
COLUMN = (
    "[...document.querySelectorAll('#{section} tbody tr:not([hidden])')]"
    ".map((row) => row.cells[{column}].textContent)"
)
READOUT = "document.querySelector('#points .readout').textContent"
# The pointer on a unit of a picture, given what the page knows of places.
POINT = """(() => {{
  const canvas = document.querySelector('#{plot} canvas');
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new PointerEvent('pointermove',
    {{clientX: box.left + {x}, clientY: box.top + {y}}}));
}})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    return write_page(comparison(), path)


def click(browser, selector):
    browser.value(f"document.querySelector({selector!r}).click()")


def choose(browser, selector, value):
    element = f"document.querySelector({selector!r})"
    browser.value(f"{element}.value = {value!r}")
    kind = "input" if "input" in selector else "change"
    browser.value(f"{element}.dispatchEvent(new Event({kind!r}))")


def place_of(browser, ring):
    """Pixels from the left and from the top."""
    sides = ("left", "top")
    return [browser.value(f"parseFloat({ring}.style.{side})") for side in sides]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_broken_and_nothing_is_loaded(browser, page, width, scheme):
    browser.open(page, width, scheme=scheme)
    assert browser.problems == []
    elsewhere = [url for url in browser.requests if not url.startswith("data:")]
    assert elsewhere == [page.resolve().as_uri()]
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert browser.value(fits)
    assert browser.value(PALE_TEXT) == []


def test_what_comes_from_outside_is_not_run(browser, tmp_path):
    names = [HOSTILE, *"abcde"]
    made = comparison(names=names)._replace(notes=(HOSTILE,))
    made.aligned["unit"] = HOSTILE
    made.aligned["group"] = [f"{HOSTILE}{k}" for k in range(30)] * 12
    for table in (made.runs, made.variants):
        table["model.convnet.norm"] = HOSTILE
    made = made._replace(labels=dict.fromkeys(made.options, HOSTILE), words=HOSTILE)
    browser.open(write_page(made, tmp_path / "page.html"))
    assert browser.problems == []
    assert browser.value("typeof hacked") == "undefined"
    assert browser.value("document.querySelectorAll('img').length") == 0
    shown = browser.value("document.body.innerText")
    assert shown.count(HOSTILE) > 20
    browser.press("Tab")
    choose(browser, "#points input[type=search]", HOSTILE)
    assert HOSTILE in browser.value(READOUT)
    assert browser.value("typeof hacked") == "undefined"


def test_a_click_on_a_heading_sorts_numbers_as_numbers_and_missing_ones_last(
    browser, tmp_path
):
    made = comparison()
    scores = [0.5, float("nan"), 10.0, -0.2, 9.0, 1.0]
    made.variants["score"], made.variants["seed_sd"] = scores, float("nan")
    browser.open(write_page(made, tmp_path / "page.html"))
    cells = COLUMN.format(section="variants", column=4)
    assert browser.value(cells) == ["0.5", "", "10", "−0.2", "9", "1"]
    heading = "#variants th:nth-child(5) button"
    click(browser, heading)
    assert browser.value(cells) == ["−0.2", "0.5", "1", "9", "10", ""]
    browser.value(f"document.querySelector('{heading}').focus()")
    browser.press("Enter")  # by keyboard, the other way round
    assert browser.value(cells) == ["10", "9", "1", "0.5", "−0.2", ""]
    state = f"document.querySelector('{heading}').parentElement.ariaSort"
    assert browser.value(state) == "descending"


def test_the_search_keeps_rows_with_all_words(browser, page):
    browser.open(page)
    runs = COLUMN.format(section="runs", column=0)
    assert len(browser.value(runs)) == 12
    choose(browser, "#runs input[type=search]", "densenet BATCH")
    assert browser.value(runs) == ["densenet, batch 1", "densenet, batch 2"]
    said = "document.querySelector('#runs output').value"
    assert browser.value(said) == "2 of 12 runs"


def test_the_pointer_on_a_point_shows_its_neuron(browser, tmp_path):
    made = comparison(n_units=1, n_groups=1, n_seeds=1)
    browser.open(write_page(made, tmp_path / "page.html"))
    a, b = (
        made.aligned.loc[made.aligned["variant"] == name, "score"].item()
        for name in made.differences["variant"][:2]
    )
    assert "n0000" not in browser.value(READOUT)
    # The only neuron lies in a corner: the axes end with it and with the diagonal.
    find = "#points input[type=search]"
    choose(browser, find, "n0000")
    ring = "document.querySelector('#scatter .ring')"
    x, y = place_of(browser, ring)
    choose(browser, find, "")
    assert browser.value(f"{ring}.hidden")
    browser.value(POINT.format(plot="scatter", x=x + 3, y=y - 3))
    words = browser.value(READOUT)
    assert words.startswith("neuron n0000 of mouse_0, ")
    assert f"{made.aligned['rate_hz'][0]:.4g} Hz" in words
    assert f"resnet, batch {a:.4g}" in words and f"resnet, layer {b:.4g}" in words
    assert not browser.value(f"{ring}.hidden")
    browser.value(POINT.format(plot="scatter", x=x + 60, y=y - 60))  # beside it
    assert browser.value(f"{ring}.hidden")


def test_among_many_points_the_nearest_is_meant(browser, page):
    made = comparison()
    means = made.aligned.groupby(["unit", "variant"])["score"].mean().unstack()
    names = [*made.differences["variant"][:2]]
    browser.open(page)
    ring = "document.querySelector('#by-rate .ring')"
    for name in ("n0003", "n0017", "n0028"):
        choose(browser, "#points input[type=search]", name)
        x, y = place_of(browser, ring)
        choose(browser, "#points input[type=search]", "")
        browser.value(POINT.format(plot="by-rate", x=x + 0.2, y=y + 0.2))
        words = browser.value(READOUT)
        assert words.startswith(f"neuron {name} of ")
        told = float(words.rpartition("difference ")[2].replace("−", "-"))
        difference = means.loc[name, names[1]] - means.loc[name, names[0]]
        assert told == pytest.approx(difference, abs=2e-4)


def test_arrow_keys_go_through_the_points_from_left_to_right(browser, page):
    made = comparison()
    browser.open(page)
    rate = made.aligned[["unit", "rate_hz"]].drop_duplicates().sort_values("rate_hz")
    browser.value("document.querySelector('#by-rate canvas').focus()")
    for name in rate["unit"][:3]:
        browser.press("ArrowRight")
        assert f"neuron {name} of" in browser.value(READOUT)
    browser.press("ArrowLeft")
    assert f"neuron {rate['unit'].iloc[1]} of" in browser.value(READOUT)


def test_other_variants_and_metrics_are_compared_by_choosing_them(browser, page):
    made = comparison()
    browser.open(page)
    means = made.aligned.groupby(["unit", "variant"])["correlation"].mean().unstack()
    names = [*made.differences["variant"]]
    choose(browser, "#points select[name=across]", "3")
    choose(browser, "#points select[name=up]", "5")
    choose(browser, "#points select[name=metric]", "1")
    difference = means[names[5]] - means[names[3]]
    expected = f"{names[5]} is better than {names[3]} for {(difference > 0).mean():.0%}"
    assert browser.value(READOUT).replace(" %", "%").startswith(expected)
    click(browser, "#points .swap")
    assert browser.value(READOUT).startswith(f"{names[3]} is better than {names[5]}")
    choose(browser, "#points select[name=across]", "3")
    choose(browser, "#points select[name=up]", "3")
    assert " for 0 % of " in browser.value(READOUT)
    assert "s, worse for 0 %; mean difference" in browser.value(READOUT)
    choose(browser, "#points select[name=colour]", "2")
    legend = (
        "[...document.querySelectorAll('#points .legend li')].map((e) => e.textContent)"
    )
    assert browser.value(legend) == ["mouse_0", "mouse_1"]


def test_a_click_on_a_name_hides_its_curve_and_back(browser, page):
    browser.open(page)
    lines = "document.querySelectorAll('#curves-drawing polyline{}').length"
    mine = lines.format('[data-variant="1"]')
    assert browser.value(lines.format("")) == 6 * (1 + 2)
    toggle = "#curves-toggles button:nth-child(2)"
    click(browser, toggle)
    assert browser.value(mine) == 0
    assert browser.value(lines.format("")) == 5 * (1 + 2)
    pressed = f"document.querySelector('{toggle}').getAttribute('aria-pressed')"
    assert browser.value(pressed) == "false"
    browser.value(f"document.querySelector('{toggle}').focus()")
    browser.press("Enter")
    assert browser.value(mine) == 3
    click(browser, "#curves-controls input[type=checkbox]")
    assert browser.value(mine) == 1  # the mean without its runs


def test_the_pointer_and_the_arrows_read_values_off_the_curves(browser, page):
    made = comparison()
    browser.open(page)
    readout = "document.querySelector('#curves-readout').textContent"
    variants = [*made.differences["variant"]]
    first = [made.histories[f"{variants[0]} {seed}"] for seed in (1, 2)]
    mean = (first[0]["val_bps"] + first[1]["val_bps"]) / 2
    assert browser.value(readout).startswith("at the end: ")
    told = re.search(f"{variants[0]} ([\\d.]+)", browser.value(readout))
    assert float(told[1]) == pytest.approx(mean.iloc[-1], rel=1e-3)
    browser.value("document.querySelector('#curves-drawing svg').focus()")
    browser.press("ArrowRight")
    assert browser.value(readout).startswith("epoch 1: ")
    choose(browser, "#curves-controls select[name=along]", "1")
    browser.value("document.querySelector('#curves-drawing svg').focus()")
    browser.press("ArrowLeft")
    minutes = float(f"{44 * 8 / 60:.4g}")
    assert browser.value(readout).startswith(f"minutes {minutes:g}: ")
    browser.value(
        "(() => { const svg = document.querySelector('#curves-drawing svg');"
        "const box = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left})) })()"
    )
    assert browser.value(readout).startswith(f"minutes {44 / 60:.4g}: ")


def test_without_scripts_the_tables_and_intervals_are_there(browser, page):
    browser.open(page, scripts=False)
    assert browser.problems == []
    visible = "[...document.querySelectorAll('{}')].filter((e) => e.checkVisibility())"
    assert browser.value(f"{visible.format('#variants tbody tr')}.length") == 6
    assert browser.value(f"{visible.format('#runs tbody tr')}.length") == 12
    assert browser.value(f"{visible.format('.forest svg.interval')}.length") == 7
    assert browser.value(f"{visible.format('.controls, .panel')}.length") == 0


def test_a_page_of_runs_without_scores_or_curves_is_whole(browser, tmp_path):
    made = comparison(n_seeds=1)
    nothing = {"score": float("nan")}
    made = made._replace(
        aligned=made.aligned.iloc[:0],
        histories={},
        curve="",
        runs=made.runs.assign(**nothing, state="running", epochs=0),
        variants=made.variants.assign(**nothing),
        differences=made.differences.assign(
            difference=float("nan"), low=float("nan"), high=float("nan"),
            low_new=float("nan"), high_new=float("nan"), share_better=float("nan"),
            n_units=0,
        ),
    )  # fmt: skip
    browser.open(write_page(made, tmp_path / "page.html"))
    assert browser.problems == []
    assert "no other variant with scores" in browser.value("document.body.innerText")
