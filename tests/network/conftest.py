"""A web server on this machine that misbehaves on request."""

import http.server
import threading

import numpy as np
import pytest

CONTENT = np.random.default_rng(0).bytes(300_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT as its server's `behaviour` says; remembers the requests."""

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers["Range"])
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        if server.error:
            self.send_error(server.error)
            return
        start = self.begin()
        end = len(server.content)
        if server.break_at:
            end = min(end, server.break_at.pop(0))
        self.wfile.write(server.content[start:end])

    def begin(self):
        server, total = self.server, len(self.server.content)
        asked = self.headers["Range"]
        is_same = self.headers["If-Range"] in (None, server.tag)
        start = 0
        if asked and server.knows_ranges and is_same:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= total:
                self.send_error(416)
                return total
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            self.send_response(200)
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.tells_length:
            self.send_header("Content-Length", str(total - start))
        self.end_headers()
        return start

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content, server.tag, server.ranges = CONTENT, '"one"', []
        server.break_at, server.redirect, server.error = [], None, None
        server.knows_ranges = server.tells_length = True
        server.url = f"http://127.0.0.1:{server.server_port}/a.tar.gz"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
