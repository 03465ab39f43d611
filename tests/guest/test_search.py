"""Where the file systems of a system belong."""

from guestshell.guest.devices import Device, Survey
from guestshell.guest.search import places_of


def test_an_fstab_is_not_mounted_without_end() -> None:
    disk = Device("/dev/sda", "disk", {"TYPE": "ext4"})
    fstab = "".join(f"/dev/sda /{number} ext4\n" for number in range(4000)).encode()
    places, warnings = places_of("/dev/sda", "ext4", fstab, Survey([disk], ["/dev/sda"], []))
    assert len(places) < 300
    assert places[0].directory == "/"
    assert warnings == ["/etc/fstab: only the first 200 of 4000 are mounted"]
