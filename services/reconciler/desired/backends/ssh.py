"""The steps with which a container makes its own SSH client or server from the mounted keys (workloads 6.6, W-27).

`$HOME` and not `~`: the latter is the home of the account's entry, which is another place wherever a user is chosen
by number. Without strict modes the server accepts a home that a group may write, as volumes make it.
"""

from __future__ import annotations

from services.reconciler.desired.backends.backend import SSH_KEYS

PORT = 2222
KEY = "$HOME/.ssh/id_rsa"
PRIVATE_KEY = "private.key"  # in the secret
PUBLIC_KEY = "private.key.pub"

_HOST_KEYS = "$HOME/.ssh/host_keys"
_KINDS = ("rsa", "ecdsa", "ed25519")
_LEADER_FOLDERS = ("mkdir -p $HOME/.ssh",)
_WORKER_FOLDERS = (f"mkdir -p $HOME/.ssh {_HOST_KEYS} $HOME/.ssh/run",)
_KEYS = (
    f"ls -la {SSH_KEYS}/",
    f"cp {SSH_KEYS}/{PRIVATE_KEY} {KEY}",
    f"cp {SSH_KEYS}/{PUBLIC_KEY} {KEY}.pub",
    f"cp {SSH_KEYS}/{PUBLIC_KEY} $HOME/.ssh/authorized_keys",
    f"chmod 600 {KEY} $HOME/.ssh/authorized_keys",
    f"chmod 644 {KEY}.pub",
    rf'printf "Host *\nIdentityFile {KEY}\nStrictHostKeyChecking no\nPort {PORT}\n" > $HOME/.ssh/config',
)
_SERVER = (
    f"Port {PORT}",
    *(f"HostKey {_HOST_KEYS}/ssh_host_{kind}_key" for kind in _KINDS),
    "PidFile $HOME/.ssh/run/sshd.pid",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "PubkeyAuthentication yes",
    "AuthorizedKeysFile $HOME/.ssh/authorized_keys",
    "StrictModes no",
)
_SERVER_LINES = "".join(rf"{line}\n" for line in _SERVER)


def client_steps() -> tuple[str, ...]:
    """Return the steps after which a container may log in to its workers."""
    return _LEADER_FOLDERS + _KEYS


def server_steps() -> tuple[str, ...]:
    """Return the steps with which a container waits for logins; the last one does not end."""
    return (
        *_WORKER_FOLDERS,
        *_KEYS,
        *(f"ssh-keygen -t {kind} -f {_HOST_KEYS}/ssh_host_{kind}_key -N ''" for kind in _KINDS),
        f'printf "{_SERVER_LINES}" > $HOME/.ssh/sshd_config',
        "/usr/sbin/sshd -D -f $HOME/.ssh/sshd_config",
    )
