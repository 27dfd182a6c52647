# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probers of the guard's proof and their witness: one file, on the host and in its containers.

probe.py task STREAM imds4...   in a container: try IMDS every 50 ms, ask for credentials every 250 ms
probe.py host                   on the host: does it reach IMDS itself, does the agent run? Every 50 ms

Each observation is one line of /var/lib/guard-proof/STREAM.log: stream, kind, start, end and what was seen.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

FOLDER = "/var/lib/guard-proof"
IMDS = {"imds4": "169.254.169.254", "imds6": "fd00:ec2::254"}
CREDENTIALS = "169.254.170.2"
TRY_EVERY, TRY_FOR = 0.05, 0.2
# A request is what an SDK makes of one: several tries.
ASK_EVERY, ASK_FOR, ASK_TRIES, ASK_PAUSE = 0.25, 2, 3, 1

stream = sys.argv[2] if sys.argv[1] == "task" else "host"
log = os.open(f"{FOLDER}/{stream}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
asking: set[float] = set()


def write(kind: str, start: float, *seen: bool) -> None:
    """One whole line at once, so that neither threads nor a kill can mix or cut lines."""
    words = [stream, kind, f"{start:.4f}", f"{time.time():.4f}", *(str(int(value)) for value in seen)]
    os.write(log, (" ".join(words) + "\n").encode())


def connects(address: str) -> bool:
    """Does a connection open? From there on a task would be talking to IMDS."""
    try:
        with socket.create_connection((address, 80), TRY_FOR):
            return True
    except OSError:
        return False


def answers(address: str) -> bool:
    """Does an HTTP server answer, whatever it says?"""
    try:
        with socket.create_connection((address, 80), ASK_FOR) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def try_imds(kind: str) -> None:
    """One try."""
    start = time.time()
    write(kind, start, connects(IMDS[kind]))


def ask_for_credentials() -> None:
    """One request; its line also says whether an older one was still open."""
    start = time.time()
    asking.add(start)
    answered = answers(CREDENTIALS)
    for _again in range(ASK_TRIES - 1):
        if not answered:
            time.sleep(ASK_PAUSE)
            answered = answers(CREDENTIALS)
    asking.discard(start)
    write("credentials", start, answered, any(other < start for other in list(asking)))


def bear_witness() -> None:
    """What the host itself reaches at this moment, and whether the agent runs."""
    start = time.time()
    write("witness", start, connects(IMDS["imds4"]), connects(IMDS["imds6"]), agent_runs())


def agent_runs() -> bool:
    """Does it listen on 127.0.0.1:51679, and is ecs.service neither inactive nor failed? (No process is started.)"""
    if not os.path.lexists("/run/systemd/units/invocation:ecs.service"):
        return False
    with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123 (pathlib takes long to import)
        return any(fields[1:4:2] == ["0100007F:C9DF", "0A"] for fields in map(str.split, table))


def every(seconds: float, action, *arguments: str) -> None:
    """Start the action at these intervals, however long it takes."""
    due = time.monotonic()
    while True:
        threading.Thread(target=action, args=arguments, daemon=True).start()
        due = max(due + seconds, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))


def main() -> None:
    """Run for ever."""
    if stream == "host":
        every(TRY_EVERY, bear_witness)
    for kind in sys.argv[3:]:
        threading.Thread(target=every, args=(TRY_EVERY, try_imds, kind), daemon=True).start()
    every(ASK_EVERY, ask_for_credentials)


main()
