# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One port for HTTP and HTTPS: what a connection begins with tells which it is."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

HANDSHAKE = b"\x16"  # the type of the first record that a TLS client sends


class Handler(MotoRequestHandler):
    """Tells the application which of the two a request came by."""

    def make_environ(self) -> dict:
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return {**super().make_environ(), "wsgi.url_scheme": scheme}


class Server(ThreadedWSGIServer):
    """Speaks TLS to whoever begins with it, with a certificate of its own that is new at each start."""

    def __init__(self, host: str, port: int, application) -> None:
        super().__init__(host, port, application, Handler)
        self.certificate, self.tls = self_signed({host, "127.0.0.1"})

    def finish_request(self, request: socket.socket, client_address) -> None:
        if request.recv(1, socket.MSG_PEEK) != HANDSHAKE:
            super().finish_request(request, client_address)
            return
        with contextlib.suppress(ssl.SSLError), self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)
            secured.shutdown(socket.SHUT_WR)


def self_signed(addresses: set[str]) -> tuple[str, ssl.SSLContext]:
    """A certificate for these addresses and localhost, in PEM, and what serves with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local AWS of the lab")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(one)) for one in addresses)]
    usage = {"digital_signature": True, "key_cert_sign": True}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(**usage, **dict.fromkeys([*others, "encipher_only", "decipher_only"], False)), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        chain = Path(directory) / "chain.pem"
        chain.touch(0o600)
        chain.write_bytes(secret + pem)
        context.load_cert_chain(chain)
    return pem.decode(), context
