"""The widget and the figures of chapter 12 work without a front end, and what they say is true."""

import numpy as np
import pandas as pd
import pytest

from alphaedit_lite.book.ch12.experiments import overlaps
from alphaedit_lite.book.ch12.figures import (
    maps_figure,
    overlaps_figure,
    places_figure,
    power_table,
    riddle_order,
    turned,
    turning_figure,
)
from alphaedit_lite.book.ch12.widgets import MapWidget


def two_clouds(apart: float, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(n, 2)), random.normal(size=(n, 2)) + np.array([apart, 0])


MAPS = {
    name: {(p, s): two_clouds(apart + s) for p in (5, 30) for s in (0, 1)}
    for name, apart in (("near", 0.0), ("far", 8.0))
}


def drawn(widget) -> str:
    (output,) = widget.output.outputs
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    return output["data"]["text/plain"]


def test_the_map_follows_its_controls():
    widget = MapWidget(MAPS)
    for name in MAPS:
        for seed in (0, 1):
            for perplexity in (5, 30):
                widget.name.value, widget.seed.value, widget.perplexity.value = name, seed, perplexity
                D1, D2 = overlaps(*MAPS[name][perplexity, seed])
                said = drawn(widget)
                assert f"{name}, seed {seed}, perplexity {perplexity}, turned by 0°" in said
                assert f"overlap by {D1:.2f} and {D2:.2f}" in said
                assert widget.message.value == said.replace("'", "&#x27;")


def test_turning_a_quarter_exchanges_the_margins():
    widget = MapWidget(MAPS)
    widget.name.value, widget.angle.value = "far", 90
    D1, D2 = overlaps(*MAPS["far"][5, 0])
    assert D1 < 0.1 < 0.7 < D2
    assert f"overlap by {D2:.2f} and {D1:.2f}" in drawn(widget)


def test_turning_keeps_distances():
    x, y = two_clouds(3)
    a, b = turned((x, y), 37)
    assert np.linalg.norm(a[0] - b[1]) == pytest.approx(np.linalg.norm(x[0] - y[1]))


def test_the_riddle_has_four_clouds():
    order = riddle_order("6 × AlphaEdit")
    assert sorted(order) == ["6 × AlphaEdit", "AlphaEdit", "MEMIT", "half"]


def test_figures_say_what_they_show():
    pair = two_clouds(8)
    assert "A: the margins overlap by" in maps_figure({"A": pair, "B": pair})[1]
    _, alt = turning_figure({"far": pair}, range(0, 181, 30))
    assert "from 0.0" in alt
    table = pd.DataFrame(
        {"name": ["a", "a", "b"], "perplexity": 5, "seed": [0, 1, 0], "overlap": [0.5, 0.7, 0.9]}
    )
    assert "a: 0.50 to 0.70; b: 0.90 to 0.90" in overlaps_figure(table)[1]
    places = pd.DataFrame(
        {"token": "subject", "layer": [7, 3], "editor": "X", "size": [0.4, 0.1]},
    )
    places = pd.concat([places, places.assign(token="prompt")])
    assert "subject, X: layer 3 0.10, layer 7 0.40" in places_figure(places, "size", "size")[1]


def test_power_counts_what_each_method_noticed():
    rows = [
        {"design": "paired", "shift": s, "overlap": o, "energy": p, "accuracy": a, "drift": 0.001}
        for s, o, p, a in [
            (0, 0.9, 0.5, 0.5), (0, 0.95, 0.04, 0.55), (1, 0.2, 0.01, 0.9), (1, 0.93, 0.3, 0.52),
        ]
    ]  # fmt: skip
    table = power_table(rows).set_index(["method", "shift"]).noticed
    assert table["overlap", 1] == 0.5
    assert table["energy", 1] == 0.5
    assert table["accuracy", 1] == 0.5
    assert table["energy", 0] == 0.5
    assert table["drift", 0] == 1
