"""Pinned files out of npm packages, for the site and its test: fetched once, verified, cached."""

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from pathlib import Path

from alphaedit_lite.support.assets import AssetError, cache_dir, lock, replacing

REGISTRY = os.environ.get("NPM_REGISTRY", "https://registry.npmjs.org")
SHA512 = {  # as the registry states them
    (
        "mathjax",
        "3.2.2",
    ): "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
    (
        "axe-core",
        "4.10.3",
    ): "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==",
}


def fetch_npm(package: str, version: str, member: str) -> Path:
    """Return the path of one file of an npm package. Raises AssetError without network or on a wrong hash."""
    target = cache_dir() / "npm" / f"{package}-{version}" / Path(member).name
    if target.exists():
        return target
    with lock(f"npm-{package}"):
        url = f"{REGISTRY}/{package}/-/{package}-{version}.tgz"
        try:
            with urllib.request.urlopen(url, timeout=120) as response:
                data = response.read()
        except OSError as error:
            raise AssetError(
                f"Could not download {url}: {error}. Put {member} by hand at {target}."
            ) from error
        found = base64.b64encode(hashlib.sha512(data).digest()).decode()
        if found != SHA512[package, version]:
            raise AssetError(f"{url} is not the file that was pinned: its SHA-512 is {found}.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive, replacing(target) as partial:
            partial.write_bytes(archive.extractfile(member).read())
    return target
