"""Answers leave at once, also where uvicorn runs several workers.

uvicorn writes head and body apart. asyncio switches Nagle's algorithm off for sockets made as TCP, but the one that
uvicorn binds for several workers does not say so: each answer then waited 40 ms for the client's delayed ACK
(measured). Linux hands TCP_NODELAY on from a listening socket to each connection it accepts.
"""

import contextlib
import os
import socket


def answer_at_once() -> int:
    """Switch Nagle's algorithm off for every TCP socket of this process, before it listens; return for how many."""
    found = 0
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:
        with contextlib.suppress(OSError):
            fd = os.dup(int(name))
            try:
                held = socket.socket(fileno=fd)
            except OSError:  # no socket
                os.close(fd)
                continue
            with held:
                if held.family in (socket.AF_INET, socket.AF_INET6) and held.type == socket.SOCK_STREAM:
                    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    found += 1
    return found
