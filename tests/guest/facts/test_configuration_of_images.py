"""The same facts asked of opened images: devices, links and errors are the appliance's."""

import pytest

from guestshell import Guest
from guestshell.guest.facts.configuration.file_systems import read_fstab
from guestshell.guest.facts.configuration.time_zone import read_time_zone
from guestshell.guest.facts.network.hosts import read_hosts
from tests.guest.facts.test_hostile_configuration import FACTS

pytestmark = pytest.mark.appliance


def test_fstab_finds_the_devices_of_the_image(debian_guest: Guest) -> None:
    files = debian_guest.files()
    rows = list(read_fstab(files, debian_guest.layout().survey, debian_guest.mounts()))
    mounted = {mount.directory: mount.device for mount in debian_guest.mounts()}
    assert {row.directory: row.device for row in rows if row.mounted} == mounted


def test_the_teaching_image(demo_guest: Guest) -> None:
    files = demo_guest.files()
    assert read_time_zone(files).name == "Europe/Berlin"
    assert "web01.example.org" in [host.name for host in read_hosts(files)]


@pytest.mark.parametrize("fact", FACTS)
def test_a_real_debian_is_read_without_damage(fact: str, debian_guest: Guest) -> None:
    warnings: list[str] = []
    list(FACTS[fact](debian_guest.files(warnings.append)))
    # mmdebstrap writes no hosts file
    assert warnings == (["/etc/hosts: no such file or directory"] if fact == "hosts" else [])
