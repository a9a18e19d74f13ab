"""Statistics on several real processes: the sums of one process, whatever dies on the way."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import key_statistics, load_model
from alphaedit_lite.keys import KeyStatistics, fit_statistics, token_rows
from alphaedit_lite.scale import distributed
from alphaedit_lite.scale.distributed import Share, fit_shares
from alphaedit_lite.support import shares
from alphaedit_lite.support.assets import AssetError
from alphaedit_lite.support.statistics import statistics_request
from tests.conftest import CORPUS, tiny

LAYERS, TOKENS = (1, 3), 20_000
DYING = """
import os, signal, sys
from alphaedit_lite.scale import distributed
save, saves = distributed.Share.save, []
def dying(*arguments):
    save(*arguments)
    saves.append(1)
    if len(saves) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
distributed.Share.save = dying
distributed.main(sys.argv[1:])
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path / "cache" / "statistics"


@pytest.fixture
def texts():
    """900 texts of all lengths, more than the budget of tokens can take in."""
    words = " ".join(CORPUS).split()
    return [" ".join(words[i % 29 : i % 29 + 1 + i % 37]) for i in range(900)]


@pytest.fixture
def saved(tmp_path, texts):
    """A model and texts on disk, and the command line that fits their statistics."""
    lm = tiny("llama")
    lm.model.save_pretrained(tmp_path / "model")
    lm.tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    layers = [str(layer) for layer in LAYERS]
    return [
        *("--model", str(tmp_path / "model"), "--texts", str(tmp_path / "texts.txt")),
        *("--layers", *layers, "--tokens", str(TOKENS), "--save-every", "0", "--sums-on", "cpu"),
    ]


def same_sums(found, wanted):
    """Equal to the rounding of float32 products, whose scale is the largest entry."""
    assert found.keys() == wanted.keys()
    for layer in wanted:
        assert found[layer].count == wanted[layer].count
        scale = float(wanted[layer].total.abs().max())
        assert_close(found[layer].total, wanted[layer].total, rtol=0, atol=1e-6 * scale)


def test_two_launched_processes_are_one(saved, texts, cache, tmp_path):
    """``accelerate launch`` starts two; the readers' road finds what they made, and fits nothing."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch += ["-m", "alphaedit_lite.scale.distributed"]
    ran = subprocess.run([*launch, *saved], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "process 0 of 2" in ran.stdout
    assert "process 1 of 2" in ran.stdout
    assert sorted(path.suffix for path in cache.iterdir()) == [".safetensors"] * len(LAYERS)  # no shares left
    lm = load_model(str(tmp_path / "model"))
    alone = fit_statistics(lm, LAYERS, texts, TOKENS, progress=False)
    assert alone[1].count == TOKENS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alphaedit_lite.support.statistics.grow", None)
        same_sums(key_statistics(lm, LAYERS, texts, TOKENS, progress=False), alone)


def test_a_process_that_dies_costs_what_it_had_not_saved(saved, texts, cache, tmp_path, monkeypatch):
    lm = load_model(str(tmp_path / "model"))
    for rank in (0, 1):
        fit_shares(lm, LAYERS, texts, TOKENS, rank=rank, processes=2, progress=False)
    wanted = key_statistics(lm, LAYERS, texts, TOKENS, progress=False)
    for path in cache.iterdir():
        path.unlink()
    environment = {**os.environ, "RANK": "1", "WORLD_SIZE": "2"}
    killed = subprocess.run([sys.executable, "-c", DYING, *saved], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    (left,) = cache.glob("shares-*/share-1-of-2.safetensors")
    done, whole = Share(left.parent, 1, 2).progress(lm)
    rows = token_rows(lm, texts, TOKENS)
    assert 0 < done < len(rows[1::2])
    assert not whole
    fitted = []
    take_in = shares.take_in
    monkeypatch.setattr(shares, "take_in", lambda lm, s, rows: fitted.extend(rows) or take_in(lm, s, rows))
    # A rerun with other numbers of processes keeps to the shares that were dealt.
    assert fit_shares(lm, LAYERS, texts, TOKENS, rank=0, processes=1, progress=False)
    assert fitted == [*rows[0::2], *rows[1::2][done:]]
    found = key_statistics(lm, LAYERS, texts, TOKENS, progress=False)
    for layer in LAYERS:
        assert torch.equal(found[layer].total, wanted[layer].total)
    assert not list(cache.glob("shares-*"))


def test_a_finished_share_is_not_done_again_and_waits_for_the_others(texts, cache, monkeypatch):
    lm = tiny("llama")
    request = statistics_request(lm, LAYERS, texts, TOKENS)
    first, second = distributed._deal(request, LAYERS, 2)
    with distributed.lock(f"{second.folder.name}-1"):  # another process is at the second share
        assert not fit_shares(lm, LAYERS, texts, TOKENS, processes=2, progress=False)
        assert first.progress(lm)[1]
        assert second.progress(lm) == (0, False)
        assert request.missing() == list(LAYERS)
        before = first.path.stat().st_mtime_ns
        assert not fit_shares(lm, LAYERS, texts, TOKENS, processes=2, progress=False)
        assert first.path.stat().st_mtime_ns == before
    assert fit_shares(lm, LAYERS, texts, TOKENS, rank=1, processes=2, progress=False)
    same_sums(
        key_statistics(lm, LAYERS, texts, TOKENS, progress=False),
        fit_statistics(lm, LAYERS, texts, TOKENS, progress=False),
    )
    monkeypatch.setattr(shares, "take_in", None)
    assert fit_shares(lm, LAYERS, texts, TOKENS, rank=1, processes=2, progress=False)  # nothing to do


def test_shares_keep_every_digit_until_they_are_added_up(tmp_path):
    """A sum that float32 cannot hold survives a save: 2²⁴ + 1 is the first integer that it loses."""
    share, lm = Share(tmp_path, 0, 1), tiny("llama")
    share.save({4: KeyStatistics(torch.full((2, 2), 2.0**24 + 1, dtype=torch.float64), 7)}, 3, 9)
    assert share.layer(4).total[0, 0] == 2**24 + 1
    assert share.layer(4).count == 7
    assert share.progress(lm) == (3, False)
    share.path.write_bytes(share.path.read_bytes()[:10])
    with pytest.raises(AssetError, match="Delete the file"):
        share.progress(lm)


def test_more_processes_than_texts(cache):
    lm = tiny("llama")
    for rank in range(5):
        whole = fit_shares(lm, LAYERS, CORPUS, 100, rank=rank, processes=5, progress=False)
    assert whole
    same_sums(
        key_statistics(lm, LAYERS, CORPUS, 100, progress=False),
        fit_statistics(lm, LAYERS, CORPUS, 100, progress=False),
    )


def test_a_wrong_rank_and_an_edited_model_are_refused(cache, facts):
    from tests.helpers import editor_for

    lm = tiny("llama")
    with pytest.raises(ValueError, match="rank must be one of 0 to 1, not 2"):
        fit_shares(lm, LAYERS, CORPUS, 100, rank=2, processes=2)
    editor_for(lm).edit(facts[:1])
    with pytest.raises(RuntimeError, match="revert them"):
        fit_shares(lm, LAYERS, CORPUS, 100)
