"""The RPM and the Arch package: built here, and what is in them and what they ask for."""

import os
import re
import shutil
import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.packaging.build import ROOT, output_of, system_python_with_our_libraries

SHARED = {
    "/usr/bin/guestctl",
    "/usr/share/bash-completion/completions/guestctl",
    "/usr/share/zsh/site-functions/_guestctl",
    "/usr/share/fish/vendor_completions.d/guestctl.fish",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def modules() -> set[str]:
    files = (ROOT / "guestshell").rglob("*.py")
    return {str(file.relative_to(ROOT)) for file in files}


def needed(distribution_name: str, **others: str) -> set[str]:
    """Give `name >= floor` of every dependency, as a distribution names its packages."""
    found = set()
    for requirement in PROJECT["dependencies"]:
        name, floor = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
        found.add(f"{distribution_name}-{others.get(name, name)} >= {floor}")
    return found


@pytest.fixture
def bin_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


@pytest.fixture
def rpm(sdist: Path, tmp_path: Path, bin_directory: Path) -> Path:
    if shutil.which("rpmbuild") is None:
        pytest.skip("rpmbuild is not installed")
    # its database does not know what dpkg installed, so BuildRequires cannot be asked for
    output_of(
        "rpmbuild", "-bb", "--nodeps", "--define", f"_topdir {tmp_path}/rpm",
        "--define", f"_sourcedir {sdist.parent}", ROOT / "packaging/guestshell.spec",
        env=system_python_with_our_libraries(bin_directory),
    )  # fmt: skip
    [file] = (tmp_path / "rpm/RPMS").rglob("*.rpm")
    return file


def test_the_rpm(rpm: Path) -> None:
    files = set(output_of("rpm", "-qlp", rpm).splitlines())
    assert files >= {*SHARED, f"/usr/share/doc/guestctl-{PROJECT['version']}/README.md"}
    assert files & {f"/usr/share/man/man1/guestctl.1{suffix}" for suffix in ("", ".gz")}
    packaged = {re.sub(r".*-packages/", "", file) for file in files if "-packages/" in file}
    assert packaged >= modules()
    assert not [file for file in files if "__pycache__" in file]
    required = set(output_of("rpm", "-qp", "--requires", rpm).splitlines())
    zstandard = "(python3-zstandard >= 0.20 if python3 < 3.14)"
    wanted = needed("python3", prompt_toolkit="prompt-toolkit") - {"python3-zstandard >= 0.20"}
    assert required >= {*wanted, zstandard, "python3-libguestfs", "supermin", "kernel-core"}
    assert "/usr/bin/python3" in required
    assert output_of("rpm", "-qp", "--qf", "%{version} %{arch}", rpm).split() == [
        PROJECT["version"], "noarch",
    ]  # fmt: skip


@pytest.fixture
def arch_package(sdist: Path, tmp_path: Path, bin_directory: Path) -> Path:
    if shutil.which("makepkg") is None or shutil.which("bsdtar") is None:
        pytest.skip("makepkg is not installed")
    build = tmp_path / "arch"
    build.mkdir()
    shutil.copy(ROOT / "packaging/PKGBUILD", build)
    shutil.copy(sdist, build)
    # makepkg refuses root, who is called something else here
    user = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if _is_root() else []
    output_of(
        *user, "makepkg", "--nodeps", "--noconfirm", cwd=build,
        env={
            **system_python_with_our_libraries(bin_directory),
            "PKGEXT": ".pkg.tar.zst", "HOME": str(build), "BUILDDIR": str(build / "tmp"),
        },
    )  # fmt: skip
    [file] = build.glob("*.pkg.tar.zst")
    return file


def _is_root() -> bool:
    return os.geteuid() == 0


def test_the_arch_package(arch_package: Path, tmp_path: Path) -> None:
    plain = tmp_path / "package.tar"
    output_of("zstd", "--quiet", "--decompress", arch_package, "-o", plain)
    with tarfile.open(plain) as archive:
        members = {f"/{member.name}": member for member in archive.getmembers()}
        info = archive.extractfile(members["/.PKGINFO"])
        assert info is not None
        fields = [line.split(" = ") for line in info.read().decode().splitlines()[2:]]
    assert members.keys() >= {*SHARED, "/usr/share/man/man1/guestctl.1.gz"}
    assert "/usr/share/licenses/guestctl/LICENSE" in members
    packaged = {re.sub(r".*-packages/", "", name) for name in members}
    assert packaged >= modules()
    depends = {value for key, value in fields if key == "depend"}
    wanted = {name.replace(" ", "") for name in needed("python", pyyaml="yaml")}
    assert depends >= {*wanted, "libguestfs", "linux", "supermin", "qemu-base"}
    # as namcap checks: no file but root's, none outside /usr
    assert {(m.uid, m.gid) for m in members.values()} == {(0, 0)}
    outside = {name for name in members if not name.startswith(("/usr", "/."))}
    assert not outside
    assert ["arch", "any"] in fields
    assert ["pkgver", f"{PROJECT['version']}-1"] in fields
