"""Which way is taken to find the system, and what is said when parts are broken."""

from pathlib import Path

import pytest

from guestshell import Guest
from guestshell.demo import story
from tests.conftest import watch
from tests.images.build import cached, partitioned

pytestmark = pytest.mark.appliance

BROKEN_FSTAB = (
    "/dev/sda1 / ext4 defaults 0 1\n"
    "UUID=00000000-0000-4000-8000-000000000000 /lost ext4 defaults 0 2\n"
    "LABEL=\\ /x\nnot a line\n"
)


def system(root: Path, identity: str, fstab: str) -> Path:
    files = {
        "etc/fstab": fstab,
        "etc/hostname": f"{identity}\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "usr/lib/os-release": f'ID={identity}\nPRETTY_NAME="{identity} 1"\nVERSION_ID=1\n',
        "etc/os-release": f'ID={identity}\nPRETTY_NAME="{identity} 1"\nVERSION_ID=1\n',
        "etc/debian_version": "12.1\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ("bin", "boot", "lib", "sbin", "var"):
        (root / name).mkdir(exist_ok=True)
    (root / "bin/sh").write_bytes(story.program())
    return root


@pytest.fixture(scope="module")
def two_systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def build(image: Path) -> None:
        roots = [
            system(tmp_path_factory.mktemp("one"), "debian", "/dev/sda1 / ext4 defaults 0 1\n"),
            system(tmp_path_factory.mktemp("two"), "debian", "/dev/sda2 / ext4 defaults 0 1\n"),
        ]
        partitioned(image, [24, 24], lambda index: roots[index])

    return watch(cached("two.img", "two debians 2", build))


@pytest.fixture(scope="module")
def broken_fstab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def build(image: Path) -> None:
        root = system(tmp_path_factory.mktemp("broken"), "debian", BROKEN_FSTAB)
        partitioned(image, [24], lambda index: root)

    return watch(cached("broken.img", BROKEN_FSTAB + "one debian 1", build))


def test_several_systems_are_all_known(two_systems: Path) -> None:
    with Guest(two_systems) as guest:
        layout = guest.layout()
        inspection = guest.inspect()
        assert not layout.asked
        assert layout.root == "/dev/sda1"
        assert [system.root for system in inspection.systems] == ["/dev/sda1", "/dev/sda2"]
        assert inspection.os is not None
        assert inspection.os.name == "debian 1"
        assert inspection.headline == "debian 1, x86_64, debian, one of 2 systems"
        assert guest.read_text("/etc/hostname") == "debian\n"


def test_a_broken_fstab_gives_a_warning_and_the_rest(broken_fstab: Path) -> None:
    with Guest(broken_fstab) as guest:
        inspection = guest.inspect()
        assert inspection.os is not None
        assert inspection.os.distribution == "debian"
        assert inspection.os.architecture == "x86_64"
        assert [mount.directory for mount in inspection.mounts] == ["/"]
        assert inspection.warnings == (
            "/etc/fstab: /lost: no device UUID=00000000-0000-4000-8000-000000000000",
        )
