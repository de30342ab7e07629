"""No network: put this folder on PYTHONPATH and only loopback can be reached from Python.

Every Python process reads ``sitecustomize`` at its start, kernels of notebooks too.
"""

import ipaddress
import socket
from typing import Any

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_sendto, _getaddrinfo = socket.socket.sendto, socket.getaddrinfo
_gethostbyname = socket.gethostbyname


class NetworkBlocked(OSError):
    """Something tried to leave this machine."""


def _refuse_remote(host: Any) -> None:
    """Raise unless `host` is this machine itself."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(name).split("%")[0]).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkBlocked(f"the network is cut off: a call to {name!r} was stopped")


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        _refuse_remote(address[0])


def connect(self: socket.socket, address: Any) -> None:
    _check(self, address)
    return _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    _check(self, address)
    return _connect_ex(self, address)


def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
    _check(self, rest[-1])
    return _sendto(self, data, *rest)


def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
    _refuse_remote(host)
    return _getaddrinfo(host, *rest, **options)


def gethostbyname(host: Any) -> str:
    _refuse_remote(host)
    return _gethostbyname(host)


socket.socket.connect = connect  # type: ignore[method-assign]
socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
socket.socket.sendto = sendto  # type: ignore[method-assign, assignment]
socket.getaddrinfo = getaddrinfo
socket.gethostbyname = gethostbyname
