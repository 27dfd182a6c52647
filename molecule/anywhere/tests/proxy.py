# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy on the lab's own address: every request goes to the local AWS, by whatever name it asks for AWS."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    """One request, with the host that it names: AWS tells its regions by that."""

    server: Proxy

    def do_POST(self) -> None:
        asked = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.add((asked.netloc, self.headers.get("X-Amz-Target", "")))
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        path = f"{asked.path or '/'}{f'?{asked.query}' if asked.query else ''}"
        connection.request(self.command, path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        """Silent: what matters is kept."""


class Proxy(ThreadingHTTPServer):
    """The proxy, and the hosts and operations that it was asked for."""

    def __init__(self, aws: str) -> None:
        self.target = urlsplit(aws).netloc
        self.seen: set[tuple[str, str]] = set()
        super().__init__((self.target.partition(":")[0], 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_address[1]}"
