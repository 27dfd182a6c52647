# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium for tests, by W3C WebDriver: https://www.w3.org/TR/webdriver2/."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1440,1050",
]
ENTER = "\ue007"


class Browser:
    """One session; elements are named by CSS selectors."""

    def __init__(self, url: str, profile: str) -> None:
        chrome = {"binary": "/usr/bin/chromium", "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": chrome, "goog:loggingPrefs": {"browser": "ALL"}}
        self._url = f"{url}/session"
        session = self._send("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self._url = f"{url}/session/{session}"

    def _send(self, method: str, path: str, content: Any = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def open(self, url: str) -> None:
        self._send("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a JavaScript expression."""
        return self._send("POST", "/execute/sync", {"script": f"return {script}", "args": list(arguments)})

    def _element(self, selector: str) -> str:
        found = self._send("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{next(iter(found.values()))}"

    def click(self, selector: str) -> None:
        self._send("POST", f"{self._element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._send("POST", f"{self._element(selector)}/value", {"text": text})

    def clear(self, selector: str) -> None:
        self._send("POST", f"{self._element(selector)}/clear", {})

    def choose(self, selector: str, value: str) -> None:
        """An option of a select."""
        self.click(f"{selector} option[value={value}]")

    def role_and_name(self, selector: str) -> tuple[str, str]:
        """What assistive technology is told of an element."""
        element = self._element(selector)
        return self._send("GET", f"{element}/computedrole"), self._send("GET", f"{element}/computedlabel")

    def log(self) -> list[str]:
        """The messages of the console since the last call, errors of the network included."""
        return [entry["message"] for entry in self._send("POST", "/se/log", {"type": "browser"})]

    def screenshot(self) -> bytes:
        return base64.b64decode(self._send("GET", "/screenshot"))

    def pdf(self) -> bytes:
        return base64.b64decode(self._send("POST", "/print", {"orientation": "landscape"}))

    def close(self) -> None:
        self._send("DELETE", "")


def port_of(lines: Iterable[str]) -> str:
    """The port that the driver says it listens on."""
    for line in lines:
        found = re.search(r"successfully on port (\d+)", line)
        if found:
            return found[1]
    raise RuntimeError("chromedriver did not start")


@contextlib.contextmanager
def launch() -> Iterator[Browser]:
    """Run one with a profile of its own, which goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile,
        subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as driver,
    ):
        try:
            assert driver.stdout is not None
            browser = Browser(f"http://127.0.0.1:{port_of(driver.stdout)}", profile)
            yield browser
            browser.close()
        finally:
            driver.terminate()
