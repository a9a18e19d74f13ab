"""General ability: squares, paired changes, sign tests, and streams as they are read."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

from alphaedit_lite import Edit
from alphaedit_lite.book.ch11 import experiments as ability
from alphaedit_lite.book.ch11.study import noise
from alphaedit_lite.book.kit.minimal_pairs import PAIRS, PHENOMENA, judge_pairs, pairs, split
from tests.helpers import checkpoint


def bits(values, kind="a"):
    return pd.Series([float(v) for v in values], [f"{kind} {i}" for i in range(len(values))])


def test_a_part_holds_whole_squares_of_every_phenomenon():
    some = ability.part(3)
    assert len(some) == 6 * len(PHENOMENA)
    assert some[:6] == pairs()[:6]
    assert some[6:12] == pairs()[PAIRS : PAIRS + 6]
    assert ability.names(some)[5:7] == [f"{some[0].phenomenon} 5", f"{some[6].phenomenon} 0"]


def test_scores_differ_as_in_the_whole_battery(lm):
    some = ability.part(2)
    scores = ability.sentence_scores(lm, some)
    table = judge_pairs(lm, progress=False)
    whole = [table.difference[PAIRS * (i // 4) + i % 4] for i in range(len(some))]
    assert [scores[p.good] - scores[p.bad] for p in some] == pytest.approx(whole, abs=2e-3)


def test_shuffling_keeps_the_words_and_the_contrast():
    some = ability.part(2)
    mixed = ability.shuffled(some)
    assert mixed == ability.shuffled(some)
    for old, new in zip(some, mixed, strict=True):
        assert sorted(old.good.split()) == sorted(new.good.split())
        assert sorted(old.bad.split()) == sorted(new.bad.split())
        assert split(old)[1:] == split(new)[1:]
    assert sum(old != new for old, new in zip(some, mixed, strict=True)) > len(some) / 2


def test_squares_are_means_of_two_neighbours():
    both = pd.concat([bits([1, 0, 1, 1], "x y"), bits([0, 0], "z")])
    found = ability.squares(both)
    assert found.to_dict() == {"x y 0": 0.5, "x y 1": 1.0, "z 0": 0.0}
    assert list(ability.phenomenon_of(found)) == ["x y", "x y", "z"]


def test_an_interval_over_squares_is_wider_when_their_pairs_agree():
    rng = np.random.default_rng(0)
    before = bits(np.ones(400))
    twins = np.repeat(rng.random(200) < 0.2, 2)
    alike = ability.change(before, bits(1 - twins))
    apart = ability.change(before, bits(1 - rng.permutation(twins)))
    assert alike.mean == pytest.approx(apart.mean)
    assert (alike.high - alike.low) / (apart.high - apart.low) == pytest.approx(math.sqrt(2), rel=0.15)


def test_pairing_saves_where_most_verdicts_stay():
    rng = np.random.default_rng(1)
    before = (rng.random(300) < 0.8).astype(float)
    after = np.where(rng.random(300) < 0.03, 1 - before, before)
    paired, loose = ability.change(bits(before), bits(after)), ability.unpaired(bits(before), bits(after))
    assert paired.mean == pytest.approx(loose.mean)
    assert (loose.high - loose.low) > 2 * (paired.high - paired.low)


def test_the_sign_test_counts_all_more_uneven_ways():
    for lost, gained in itertools.product(range(5), range(5)):
        n, gap = lost + gained, abs(lost - gained)
        ways = [sum(way) for way in itertools.product((0, 1), repeat=n)]
        right = sum(abs(2 * up - n) >= gap for up in ways) / 2**n
        assert ability.sign_test(lost, gained) == pytest.approx(right)


def test_losses_along_a_stream():
    def stream(ends):
        kept = {"a": "11111111", "b": "1100"}
        checks = [checkpoint(0, [], 20.0, pairs=kept, **{"last words": "1110"})]
        checks.append(checkpoint(100, [], 22.0, pairs=ends, **{"last words": "0010"}))
        return {"editor": "x", "checkpoints": checks}

    safe = stream({"a": "1" * 8, "b": "1100"})
    found = ability.losses({"hurt": stream({"a": "00001111", "b": "1100"}), "safe": safe})
    assert found.rise.tolist() == pytest.approx([0.1, 0.1])
    assert found.pairs["hurt"].mean == pytest.approx(-4 / 12)
    assert found.pairs["hurt"].n == 6  # squares
    assert found["p pairs"].tolist() == [0.5, 1.0]  # two squares lost, none gained
    assert found["last words"]["safe"].mean == pytest.approx(-0.5)
    table = ability.points({"hurt": stream({"a": "0" * 8, "b": "1100"})})
    assert table[["edits", "pairs"]].to_numpy().tolist() == [[100, pytest.approx(-8 / 12)]]
    kinds = ability.by_phenomenon(bits([1, 1]), bits([0, 1]))
    assert kinds["a"].mean == pytest.approx(-0.5)


def test_a_rank_correlation_sees_order_only():
    x = pd.Series([1.0, 2, 3, 4, 5, 6])
    found = ability.rank_correlation(x, -np.exp(x))
    assert found.mean == pytest.approx(-1)
    assert found.high <= -0.99


def test_rows_are_read_as_streams_and_their_leads_are_paired():
    start = checkpoint(0, [], 20.0, losses=[[10, 20.0], [30, 90.0]])
    row = checkpoint(100, [], 21.0, losses=[[10, 21.0], [30, 93.0]])
    streams = ability.as_streams({"unedited": start, "x": row})
    assert list(streams) == ["x"]
    assert ability.losses(streams).edits.tolist() == [100]
    found = ability.rise(start, row)
    assert found.mean == pytest.approx(math.expm1(0.1))
    assert found.low == pytest.approx(found.high)  # 0.1 nats a token in both


def test_a_token_table_adds_up(lm):
    table = ability.token_table(lm, "Rome is the capital of Italy")
    assert "".join(table.token) == " is the capital of Italy"
    assert (table.log_p < 0).all()
    with pytest.raises(ValueError, match="no second word"):
        ability.token_table(lm, "Rome ")


def test_looking_changes_nothing(lm, monkeypatch):
    leads = ["Rome is the capital of Italy and the Romans built many roads there again. It"] * 103
    monkeypatch.setattr(ability, "wikipedia_leads", lambda part: leads)
    some = ability.part(1)
    first, second = ability.look(lm, some), ability.look(lm, some)
    assert first.perplexity == second.perplexity
    assert first.pairs.equals(second.pairs)
    assert set(first.pairs.index.str.rsplit(" ", n=1).str[0]) == set(PHENOMENA)
    assert len(first.last_words) == 3


def test_noise_has_the_size_of_an_edit_and_another_direction():
    torch.manual_seed(0)
    edit = Edit(
        (), "", residual={1: torch.randn(2, 8)}, gain={1: torch.randn(2, 12)}, keys={1: torch.randn(2, 12)}
    )
    found = noise(edit)
    assert found.layers == [1]
    assert float(found.delta(1).norm()) == pytest.approx(float(edit.delta(1).norm()))
    assert torch.equal(found.delta(1), noise(edit).delta(1))
    cosine = float((found.delta(1) * edit.delta(1)).sum() / edit.delta(1).norm() ** 2)
    assert abs(cosine) < 0.5
