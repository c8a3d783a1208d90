"""What a worker gives up before it imports anything: the network, root, core dumps, a life after its parent.

Runs in the child, standard library only. What the host does not allow is left as it is:
offline mode in the environment still holds, and the worker never had a token.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def enter(user: int | None) -> bool:
    """Leave the network, then become `user` when a number is given; returns whether the network is gone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    isolated = _leave_network()
    if user is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _die_with_parent()  # after the change of user, which would undo it
    return isolated


def _die_with_parent() -> None:
    """A program that is killed cannot end its workers; only the thread that started one counts as its parent."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_network() -> bool:
    if os.geteuid() == 0:
        return _unshare(_CLONE_NEWNET)
    user, group = os.geteuid(), os.getegid()
    if not _unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        return False
    # The new user namespace knows no one until the worker's own number is mapped onto itself.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    return True


def _unshare(flags: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return hasattr(libc, "unshare") and libc.unshare(flags) == 0


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
