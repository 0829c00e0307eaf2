"""Browser: a headless Chromium that tests look through.

It is spoken to over two pipes (`--remote-debugging-pipe`), so nothing listens on a port
and no driver is needed. Nothing that it asks of the network is answered.
"""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 120  # of one answer; a busy machine starts a browser slowly
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

# Text with too little contrast to what lies behind it (WCAG 2.2: 4.5 to 1).
PALE_TEXT = """(() => {
  const rgba = (text) => {
    const n = text.match(/[\\d.]+/g).map(Number);
    return n.length === 4 ? n : [...n, 1];
  };
  const light = (colour) => colour.slice(0, 3)
    .map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const pale = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const ink = light(rgba(isDrawn ? style.fill : style.color));
    const back = light(behind(element));
    const contrast = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
    if (contrast < 4.5) pale.push(element.textContent.slice(0, 40) + " " + contrast);
  }
  return pale;
})()"""


def chromium():
    """The program, or the test is skipped."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None or shutil.which("bash") is None:
        pytest.skip(f"no browser: none of {', '.join(PROGRAMS)} is installed")
    return found


class Browser:
    """One page of a headless Chromium.

    Attributes:
        problems: Errors, warnings and forbidden things that the page reported.
        requests: Addresses that the page asked for, in order.
    """

    def __init__(self, to_browser, from_browser):
        self._to, self._from = to_browser, from_browser
        self._read = b""
        self._numbers = itertools.count(1)
        self._session = None
        self._is_loaded = False
        self.problems, self.requests = [], []
        targets = self._ask("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        attach = {"targetId": page, "flatten": True}
        self._session = self._ask("Target.attachToTarget", **attach)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def open(self, path, width=1280, height=900, scheme="light", scripts=True):
        """Shows a file in a window of this size and colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._ask("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._ask("Emulation.setEmulatedMedia", features=[feature])
        self._ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.problems, self.requests, self._is_loaded = [], [], False
        self._ask("Page.navigate", url=path.resolve().as_uri())
        self._hear_until(lambda: self._is_loaded)

    def value(self, expression):
        """What a JavaScript expression is; a promise is waited for."""
        arguments = {"returnByValue": True, "awaitPromise": True}
        answer = self._ask("Runtime.evaluate", expression=expression, **arguments)
        if "exceptionDetails" in answer:
            raise ValueError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key):
        """Presses a key such as "Tab", "ArrowRight" or "Enter"."""
        number = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}[key]
        about = {"key": key, "code": key, "windowsVirtualKeyCode": number}
        text = {"text": "\r"} if key == "Enter" else {}
        self._ask("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def screenshot(self, path):
        """Writes a PNG of the whole page."""
        shot = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _ask(self, method, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answers = []
        self._hear_until(lambda: answers, number, answers)
        if "error" in answers[0]:
            raise ValueError(f"{method}: {answers[0]['error']}")
        return answers[0]["result"]

    def _hear_until(self, is_done, number=None, answers=None):
        """Listens until something is so, and keeps the answer to one question."""
        end = time.monotonic() + TIMEOUT_S
        while not is_done():
            message = self._hear(end - time.monotonic())
            if number is not None and message.get("id") == number:
                answers.append(message)
            elif "method" in message:
                self._note(message["method"], message["params"])

    def _hear(self, seconds):
        """The next message of the browser."""
        while b"\0" not in self._read:
            if not select.select([self._from], [], [], max(seconds, 0))[0]:
                raise TimeoutError(f"the browser was silent for {TIMEOUT_S} s")
            piece = os.read(self._from, 1 << 16)
            if not piece:
                raise EOFError("the browser has ended")
            self._read += piece
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def _note(self, event, about):
        if event == "Page.loadEventFired":
            self._is_loaded = True
        elif event == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.problems.append(str(about["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled":
            self.problems.append(str(about["args"]))
        elif event == "Log.entryAdded":
            self.problems.append(about["entry"]["text"])


def _started(to_browser, from_browser, program):
    try:
        return Browser(to_browser, from_browser)
    except (EOFError, BrokenPipeError):  # a stub, or a machine that it cannot run on
        pytest.skip(f"no browser: {program} does not start")


@contextlib.contextmanager
def opened():
    """A Browser that ends with the block; without one the test is skipped."""
    program = chromium()
    their_in, to_browser = os.pipe()
    from_browser, their_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = ["bash", "-c", f'exec "$@" 3<&{their_in} 4>&{their_out}', "bash"]
        command += [program, *FLAGS, f"--user-data-dir={profile}"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", "about:blank"]
        process = subprocess.Popen(
            command, pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
        )
        try:
            os.close(their_in)
            os.close(their_out)
            yield _started(to_browser, from_browser, program)
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_S)
            os.close(to_browser)
            os.close(from_browser)
