"""PostgreSQL refuses to run as root; this is how it runs all the same when root starts the stack."""

import ctypes
import os
import pwd
import subprocess
from pathlib import Path

from .errors import StackError

_CLONE_NEWUSER = 0x10000000
_ORDINARY = "nobody"


class Unprivileged:
    """Run children as an ordinary user when this process is root.

    Best in a user namespace that shows root under another number: the files stay root's own, so nothing has to
    change hands or be opened to others. Where the kernel forbids that (most containers), as `nobody`.
    """

    def __init__(self, program: str) -> None:
        self._is_root = os.geteuid() == 0
        if not self._is_root:
            return
        try:
            ordinary = pwd.getpwnam(_ORDINARY)
        except KeyError as error:
            raise StackError(f"{program} cannot run as root; start as an ordinary user") from error
        self._user, self._group = ordinary.pw_uid, ordinary.pw_gid
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._has_namespaces = _works(self._enter_namespace)

    def own(self, *folders: Path) -> None:
        """Give the folders to the user the children will be."""
        if not self._is_root:
            return
        user, group = (0, 0) if self._has_namespaces else (self._user, self._group)
        for folder in folders:
            if folder.stat().st_uid == user:
                continue
            for parent, _, files in os.walk(folder):
                os.chown(parent, user, group)
                for name in files:
                    os.chown(Path(parent, name), user, group, follow_symlinks=False)

    def may_trust(self, folder: Path) -> bool:
        """Whether nobody else can have put something into the folder."""
        owner = folder.stat().st_uid
        return owner == os.geteuid() or (self._is_root and owner == self._user)

    def step_down(self) -> None:
        """Call between fork and exec."""
        if not self._is_root:
            return
        if self._has_namespaces:
            self._enter_namespace()
        else:
            os.setgroups([])
            os.setgid(self._group)
            os.setuid(self._user)

    def _enter_namespace(self) -> None:
        if self._libc.unshare(_CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), "no user namespaces")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{self._user} 0 1")
        Path("/proc/self/gid_map").write_text(f"{self._group} 0 1")


def _works(enter: object) -> bool:
    try:
        return subprocess.run(["/bin/true"], preexec_fn=enter, check=False).returncode == 0  # type: ignore[call-overload, no-any-return]
    except (subprocess.SubprocessError, OSError, AttributeError):
        return False
