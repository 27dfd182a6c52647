# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local AWS: moto's server with the behaviour that it lacks (awsext) and a log of every request.

    python tests/lab/local_aws.py --host 127.0.0.1 --port 0

prints the URL that it listens on as its first line, and serves until it is terminated. Tests may use launch(). The same
port speaks TLS: https:// in place of http://, with the certificate that GET /_lab/certificate gives.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Without it Amazon's managed policies do not exist. moto reads it when it is imported.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")


@contextlib.contextmanager
def launch() -> Iterator[str]:
    """Run a local AWS of its own in another process, on a free port of the loopback; gives its URL."""
    command = [sys.executable, str(Path(__file__).resolve()), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise RuntimeError(f"the local AWS did not start: {' '.join(command)}")
            yield url
        finally:
            process.terminate()


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM."""
    from awsext import install
    from awsext.control import Control
    from awsext.tls import Server
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    install()
    application = Control(DomainDispatcherApplication(create_backend_app))
    server = Server(host, port, application)
    application.certificate = server.certificate
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    print(f"http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4566, help="0 chooses a free one")
    args = parser.parse_args()
    serve(args.host, args.port)


if __name__ == "__main__":
    main()
