"""The row of `ssh-keys`."""

from dataclasses import dataclass

from guestshell.values import Name


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key. Of a damaged one `bits` is None and the fingerprints are empty.

    `kind` is `authorized` (who holds it may log in as `user`), `authority` (whoever it certifies
    may log in), `host`, or `own` (one of the user's, for logging in elsewhere). Fingerprints
    are those of `ssh-keygen -l`; a certificate's is that of the key it certifies. `user` is empty
    for the host's keys and for those that let in everybody.
    """

    user: Name
    kind: str
    type: str
    bits: int | None
    fingerprint: str
    md5: str
    comment: str
    options: tuple[str, ...]
    file: Name
    line: int
