"""Answers on the socket: whole, or broken in the ways that networks break them."""

import socket
import struct
import time
from collections.abc import Callable, Sequence

LONGEST = 600.0
PAUSE = 0.2


def send_whole(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    """In one packet where it fits, and without a copy of what is large."""
    connection.sendall(head + pieces[0])
    for piece in pieces[1:]:
        connection.sendall(piece)


def hang(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    """Wait until the client goes, or the server does, which closes the connection."""
    wait_for_client(connection, LONGEST)


def trickle(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    until = time.monotonic() + LONGEST
    connection.sendall(head)
    for byte in b"".join(pieces):
        if time.monotonic() > until or wait_for_client(connection, PAUSE):
            return
        connection.sendall(bytes([byte]))


def reset(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    """Close with nothing left to linger for, which the other side sees as a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def disconnect(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def truncate(connection: socket.socket, head: bytes, pieces: Sequence[bytes]) -> None:
    body = b"".join(pieces)
    connection.sendall(head + body[: len(body) // 2])


MANNERS: dict[str, Callable[[socket.socket, bytes, Sequence[bytes]], None]] = {
    "hang": hang,
    "trickle": trickle,
    "reset": reset,
    "disconnect": disconnect,
    "truncated": truncate,
}


def wait_for_client(connection: socket.socket, seconds: float) -> bool:
    """Whether the client went, or sent something, within this time."""
    connection.settimeout(seconds)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    finally:
        connection.settimeout(LONGEST)
    return True
