"""What the files that decide are taken for; virt-inspector is asked in test_inspection."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestshell.demo.story import program
from guestshell.guest.systems import (
    FAMILIES,
    hostname,
    identify,
    looks_like_a_root,
    osinfo,
    version_of,
    written_version,
)


class Files:
    """A root in memory; `-> target` is a symbolic link that leads nowhere."""

    def __init__(self, contents: Mapping[str, str | bytes]) -> None:
        self._contents = {
            path: text.encode() if isinstance(text, str) else text
            for path, text in contents.items()
        }

    def read(self, path: str, most: int = 65536) -> bytes:
        return self._contents.get(path, b"")[:most]

    def is_file(self, path: str) -> bool:
        return path in self._contents and not self.link(path)

    def names(self, directory: str) -> set[str]:
        below = (p.removeprefix(directory + "/") for p in self._contents if p.startswith(directory))
        return {name.split("/")[0] for name in below}

    def link(self, path: str) -> str:
        content = self._contents.get(path, b"")
        return content[3:].decode() if content.startswith(b"-> ") else ""


TOP = {"etc", "bin", "usr"}


def release(**values: str) -> str:
    return "".join(f'{key}="{value}"\n' for key, value in values.items())


def known(files: Mapping[str, str | bytes], names: set[str] = TOP) -> dict[str, str] | None:
    return identify(names, Files(files))


def facts(files: Mapping[str, str | bytes]) -> tuple[str, str, str] | None:
    found = known(files)
    return (found["distro"], found["product_name"], found["version"]) if found else None


DEBIAN = release(ID="debian", VERSION_ID="12", PRETTY_NAME="Debian GNU/Linux 12 (bookworm)")
CENTOS = release(ID="centos", VERSION_ID="9", PRETTY_NAME="CentOS Stream 9")


def test_a_debian_tells_its_point_release_elsewhere() -> None:
    files = {"/etc/os-release": DEBIAN, "/etc/debian_version": "12.5\n"}
    assert facts(files) == ("debian", "12.5", "12.5")
    files["/etc/debian_version"] = "trixie/sid\n"
    assert facts(files) == ("debian", "trixie/sid", "12")


def test_a_centos_stream_has_no_minor_version() -> None:
    files = {"/etc/os-release": CENTOS, "/etc/centos-release": "CentOS Stream release 9\n"}
    assert facts(files) == ("centos", "CentOS Stream release 9", "9")


@pytest.mark.parametrize(
    "more",
    [
        {"/etc/lsb-release": "DISTRIB_ID=Other\n"},
        {"/etc/oracle-release": "Oracle Linux Server release 9.2\n"},
        {"/etc/centos-release": "CentOS release 4 Update 3\n"},
        {"/etc/centos-release": "something else\n"},
        {"/etc/centos-release": ""},
    ],
)
def test_what_another_file_may_decide_is_in_doubt(more: dict[str, str]) -> None:
    assert known({"/etc/os-release": CENTOS, **more}) is None


def test_what_is_not_listed_is_in_doubt() -> None:
    assert known({}) is None
    assert known({"/etc/os-release": release(ID="nixos", PRETTY_NAME="NixOS")}) is None
    assert known({"/etc/os-release": release(ID="fedora", VERSION_ID="39")}) is None
    unknown_version = release(ID="fedora", PRETTY_NAME="Fedora Rawhide", VERSION_ID="rawhide")
    assert known({"/etc/os-release": unknown_version}) is None
    ubuntu = {"/etc/os-release": release(ID="ubuntu", PRETTY_NAME="Ubuntu", VERSION_ID="22.04")}
    assert known(ubuntu) is not None
    assert known(ubuntu, {*TOP, "hurd"}) is None
    assert known({**ubuntu, "/etc/freebsd-update.conf": "x"}) is None


def test_a_fedora_has_dnf_where_it_is_installed() -> None:
    fedora = {"/etc/os-release": release(ID="fedora", PRETTY_NAME="Fedora 21", VERSION_ID="21")}
    managers = []
    for version in ("21", "39"):
        fedora["/etc/os-release"] = fedora["/etc/os-release"].replace("21", version)
        for files in (fedora, {**fedora, "/usr/bin/dnf": "x"}):
            found = known(files)
            assert found is not None
            managers.append(found["package_management"])
    assert managers == ["yum", "yum", "yum", "dnf"]


def test_old_red_hats_have_yum_and_older_ones_are_in_doubt() -> None:
    def manager(version: str) -> str | None:
        text = release(ID="rhel", PRETTY_NAME="Red Hat", VERSION_ID=version)
        found = known({"/etc/os-release": text})
        return found["package_management"] if found else None

    assert [manager(version) for version in ("9.4", "7.9", "4.8")] == ["dnf", "yum", None]


def test_an_arch_has_no_version() -> None:
    arch = {
        "/etc/os-release": release(ID="arch", PRETTY_NAME="Arch Linux"),
        "/etc/arch-release": "",
    }
    assert facts(arch) == ("archlinux", "Arch Linux", "")
    lsb = release(DISTRIB_ID="Arch", DISTRIB_RELEASE="rolling", DISTRIB_DESCRIPTION="Arch")
    assert facts({**arch, "/etc/lsb-release": lsb}) == ("archlinux", "Arch", "")


def test_a_tumbleweeds_version_is_its_day() -> None:
    text = release(ID="opensuse-tumbleweed", PRETTY_NAME="Tumbleweed", VERSION_ID="20240312")
    assert facts({"/etc/os-release": text}) == ("opensuse", "Tumbleweed", "20240312")


def test_hostname_comes_from_the_first_file_that_tells() -> None:
    files: dict[str, str | bytes] = {}
    expected = []
    for path, text in (
        ("/etc/conf.d/hostname", 'hostname="gentoo"\n'),
        ("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=redhat\n"),
        ("/etc/hostname", "# comment\n\nmodern\n"),
        ("/etc/HOSTNAME", "suse\n"),
    ):
        files[path] = text
        expected.append(hostname(Files(files)))
    assert expected == ["gentoo", "redhat", "modern", "suse"]
    assert hostname(Files({})) == ""


def test_a_root_has_etc_bin_and_fstab_or_hosts() -> None:
    assert looks_like_a_root({"etc", "bin"}, Files({"/etc/hosts": "x"}))
    assert looks_like_a_root({"etc", "bin"}, Files({"/etc/fstab": "x", "/bin": "-> usr/bin"}))
    assert not looks_like_a_root({"etc", "bin"}, Files({}))
    assert not looks_like_a_root({"etc", "bin"}, Files({"/etc/fstab": "x", "/bin": "-> /data"}))
    assert not looks_like_a_root({"etc"}, Files({"/etc/fstab": "x"}))


def test_versions() -> None:
    assert version_of("Fedora release 39 (Thirty Nine)") == (39, 0)
    assert version_of("22.04") == (22, 4)
    assert version_of("rolling") is None
    assert version_of("9" * 5000) is None
    assert written_version(22, 4, "22.04") == "22.04"
    assert written_version(22, 4, "23.04", "x") == "22.4"
    assert written_version(0, 0) == ""


def test_osinfo_ids() -> None:
    assert osinfo("ubuntu", 22, 4) == "ubuntu22.04"
    assert osinfo("sles", 15, 5) == "sles15sp5"
    assert osinfo("centos", 7, 9) == "centos7.0"
    assert osinfo("debian", 12, 5) == "debian12"


_BYTES = st.binary(max_size=200)
_PATHS = st.sampled_from(
    ["/etc/os-release", "/etc/debian_version", "/etc/lsb-release", "/etc/hostname", "/bin/bash",
     "/etc/conf.d/hostname", "/etc/centos-release", "/etc/oracle-release"]
)  # fmt: skip


@given(st.sampled_from(sorted(FAMILIES)), st.dictionaries(_PATHS, _BYTES), _BYTES)
def test_no_damage_makes_it_fail(identity: str, files: dict[str, bytes], version: bytes) -> None:
    head = f"ID={identity}\nPRETTY_NAME=x\nVERSION_ID=".encode()
    files["/etc/os-release"] = head + version
    known(files)


def test_programs_tell_the_architecture() -> None:
    found = known({"/etc/os-release": DEBIAN, "/etc/debian_version": "12.5", "/bin/ls": program()})
    assert found is not None
    assert found["arch"] == "x86_64"
