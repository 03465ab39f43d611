"""How it boots: the kernel, its modules, GRUB."""

from guestshell.demo.story.moments import night
from guestshell.demo.story.part import Part

KERNEL = "6.1.0-37-amd64"
_MODULES = f"/usr/lib/modules/{KERNEL}"
_HIDDEN = f"{_MODULES}/kernel/drivers/net/nethide.ko"


def _kernel() -> bytes:
    """Give the head of a kernel; its words stand 0x200 behind where 0x20e points, boot protocol."""
    version = f"{KERNEL} (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1"
    image = bytearray(bytes(510) + b"\x55\xaa\xeb\x66HdrS\x0f\x02" + bytes(504))
    image[0x20E:0x210] = (0x100).to_bytes(2, "little")
    image[0x211] = 1  # loaded high: a bzImage
    image[0x300 : 0x300 + len(version)] = version.encode()
    return bytes(image)


PART = Part(
    texts={
        "/boot/grub/grub.cfg": (
            'set default="0"\n'
            "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {\n"
            f"\tlinux\t/boot/vmlinuz-{KERNEL} root=UUID=5ca1ab1e-0000-4000-8000-00000000d15c ro "
            f"quiet\n\tinitrd\t/boot/initrd.img-{KERNEL}\n}}\n"
        ),
        f"/boot/config-{KERNEL}": "CONFIG_64BIT=y\nCONFIG_MODULES=y\n",
        "/etc/default/grub": (
            'GRUB_DEFAULT=0\nGRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
        ),
        "/etc/modules": "loop\n",
        "/etc/modprobe.d/blacklist.conf": "blacklist pcspkr\n",
        "/etc/modprobe.d/usb.conf": (
            "install usb_storage /usr/lib/.cache/kworker -q; "
            "/sbin/modprobe --ignore-install usb_storage\n"
        ),
        f"{_MODULES}/modules.dep": (
            "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\nkernel/fs/jbd2/jbd2.ko:\n"
        ),
    },
    data={
        f"/boot/vmlinuz-{KERNEL}": _kernel(),
        f"/boot/initrd.img-{KERNEL}": b"070701" + bytes(250),
        f"{_MODULES}/kernel/fs/ext4/ext4.ko": b"\x7fELF" + bytes(508),
        f"{_MODULES}/kernel/fs/jbd2/jbd2.ko": b"\x7fELF" + bytes(252),
        _HIDDEN: b"\x7fELF" + bytes(380),
    },
    links={"/usr/sbin/init": "/lib/systemd/systemd"},
    times={"/etc/modprobe.d/usb.conf": night("01:43:10"), _HIDDEN: night("01:43:12")},
)
