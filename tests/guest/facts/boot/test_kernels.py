"""Kernels and modules of several distributions."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.guest.facts.boot.bootloader import read_boot
from guestshell.guest.facts.boot.kernel_image import HEAD, build_of, format_of
from guestshell.guest.facts.boot.kernels import read_kernels
from guestshell.guest.facts.boot.rows import Kernel
from tests.guest.facts.host_tree import HostTree, make_tree

ARCH = "6.9.1-arch1-1 (linux@archlinux) #1 SMP PREEMPT_DYNAMIC Fri, 17 May 2024 16:56:38 +0000"


def image(build: str) -> bytes:
    head = bytearray(0x3000)
    head[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    head[0x20E:0x210] = (0x2E00 - 0x200).to_bytes(2, "little")
    head[0x2E00 : 0x2E00 + len(build)] = build.encode()
    return bytes(head)


def kernels(tree: HostTree) -> dict[str, Kernel]:
    return {kernel.version: kernel for kernel in read_kernels(tree, list(read_boot(tree)))}


def test_a_debian_with_two_kernels(tmp_path: Path) -> None:
    new, old = "6.1.0-37-amd64", "6.1.0-35-amd64"
    tree = make_tree(
        tmp_path,
        {
            f"/boot/vmlinuz-{new}": image(f"{new} (debian-kernel@lists.debian.org) #1 SMP"),
            f"/boot/vmlinuz-{old}": image(f"{old} (debian-kernel@lists.debian.org) #1 SMP"),
            f"/boot/initrd.img-{new}": "x",
            f"/boot/config-{new}": "CONFIG_64BIT=y\n",
            f"/boot/System.map-{new}": "",
            f"/usr/lib/modules/{new}/modules.dep": "",
            "/usr/lib/modules/5.10.0-1-amd64/modules.dep": "",
            "/lib": "-> usr/lib",
            "/boot/grub/grub.cfg": f"menuentry D {{\nlinux /vmlinuz-{new} ro\n}}\n",
        },
    )
    found = kernels(tree)
    assert list(found) == [old, new, "5.10.0-1-amd64"]
    kernel = found[new]
    assert kernel.build == f"{new} (debian-kernel@lists.debian.org) #1 SMP"
    assert kernel.format == "bzImage" and kernel.default and not found[old].default
    assert kernel.initrd == f"/boot/initrd.img-{new}"
    assert kernel.modules == f"/usr/lib/modules/{new}"
    assert kernel.config == f"/boot/config-{new}"
    assert kernel.size == 0x3000
    assert found[old].initrd is None and found[old].modules is None
    left = found["5.10.0-1-amd64"]
    assert left.file is None and left.modules == "/usr/lib/modules/5.10.0-1-amd64"
    assert tree.warnings == []


def test_an_arch_whose_file_does_not_tell_the_version(tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path,
        {
            "/boot/vmlinuz-linux": image(ARCH),
            "/boot/initramfs-linux.img": "x",
            "/boot/initramfs-linux-fallback.img": "x",
            "/usr/lib/modules/6.9.1-arch1-1/vmlinuz": image(ARCH),
        },
    )
    [kernel] = kernels(tree).values()
    assert (kernel.version, kernel.file) == ("6.9.1-arch1-1", "/boot/vmlinuz-linux")
    assert kernel.initrd == "/boot/initramfs-linux.img"
    assert kernel.modules == "/usr/lib/modules/6.9.1-arch1-1"


def test_the_layout_of_kernel_install(tmp_path: Path) -> None:
    version, machine = "6.8.5-301.fc40.x86_64", "c0ffee00" * 4
    tree = make_tree(
        tmp_path,
        {
            f"/efi/{machine}/{version}/linux": image(f"{version} (mockbuild@fedora)"),
            f"/efi/{machine}/{version}/initrd": "x",
            "/efi/loader/entries/f.conf": f"title F\nlinux /{machine}/{version}/linux\n",
            "/usr/lib/modules/6.7.0/vmlinuz": image("6.7.0 (mockbuild@fedora)"),
        },
    )
    found = kernels(tree)
    assert found[version].initrd == f"/efi/{machine}/{version}/initrd"
    assert found["6.7.0"].file == "/usr/lib/modules/6.7.0/vmlinuz"


def test_kernels_that_are_no_bzimages(tmp_path: Path) -> None:
    arm = bytes(56) + b"ARM\x64" + bytes(100)
    tree = make_tree(
        tmp_path,
        {
            "/boot/vmlinuz-6.6-arm64": arm,
            "/boot/vmlinuz-6.6-gz": gzip.compress(arm),
            "/boot/kernel8.img": "x",
            "/boot/vmlinuz-empty": "",
            "/boot/vmlinuz": "-> vmlinuz-6.6-arm64",
        },
    )
    assert {kernel.version: kernel.format for kernel in kernels(tree).values()} == {
        "6.6-arm64": "Image",
        "6.6-gz": "gzip",
        "kernel8.img": "",
        "empty": "",
    }


def test_no_kernel_is_said(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"/boot/grub/x": ""})
    assert kernels(tree) == {} and tree.warnings == ["/boot: has no kernel"]


@pytest.mark.skipif(not shutil.which("file"), reason="file is the oracle")
def test_the_header_is_read_as_file_reads_it(tmp_path: Path) -> None:
    images = [path for path in Path("/boot").glob("vmlinuz-*") if path.is_file()]
    if not images:
        (tmp_path / "vmlinuz-arch").write_bytes(image(ARCH))
        images = [tmp_path / "vmlinuz-arch"]
    for path in images:
        said = subprocess.run(["file", "-b", path], capture_output=True, text=True, check=True)
        with path.open("rb") as file:
            build = build_of(file.read(HEAD))
        assert build and build in said.stdout


@given(st.binary(max_size=1000), st.integers(0, 2**16 - 1))
def test_any_bytes_are_an_image(data: bytes, pointer: int) -> None:
    head = bytearray(image("6.1") + data)
    head[0x20E:0x210] = pointer.to_bytes(2, "little")
    for each in (data, bytes(head)):
        assert len(build_of(each)) <= 256
        format_of(each)
