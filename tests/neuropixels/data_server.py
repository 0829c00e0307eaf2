"""A web server on this machine that plays the warehouse and the DANDI archive."""

import contextlib
import csv
import hashlib
import http.server
import json
import threading
import urllib.parse

from tests.neuropixels.allen_files import SESSION_ID

FILE = "/api/v2/well_known_file_download/7"
SCENE = "/api/v2/well_known_file_download/scene"
ASSET = "/api/assets/one/"
SPECIMEN = 699733573


class DataServer(http.server.ThreadingHTTPServer):
    """Serves the tables and the session of a folder as write_warehouse fills it.

    Attributes:
        url: Of the warehouse.  archive: Of DANDI's interface.
        break_at: After how many bytes the next file's connections break.
        ranges: What was asked of files.
        checksum: Published one, or None for the right one.
        scenes: Contents of the files of pictures.
    """

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.archive = f"{self.url}/api"
        self.break_at, self.ranges, self.checksum = [], [], None
        self.tables = {}
        for name in ("sessions", "probes", "channels", "units"):
            with (folder / f"{name}.csv").open(newline="") as file:
                self.tables[name] = [_numbers(row) for row in csv.DictReader(file)]
        nwb = folder / f"session_{SESSION_ID}" / f"session_{SESSION_ID}.nwb"
        self.content = nwb.read_bytes()
        self.scenes = []

    def answer(self, path):
        """What is said to a path with a query, JSON-able; None is unknown."""
        if path.startswith("/api/v2/data/query.json?"):
            return self._rows(urllib.parse.unquote(path))
        if path.startswith("/api/dandisets/000021/versions/draft/assets/"):
            return self._assets(path)
        if path == ASSET:
            right = hashlib.sha256(self.content).hexdigest()
            return {"digest": {"dandi:sha2-256": self.checksum or right}}
        return None

    def _rows(self, query):
        """An answer of the warehouse, a page of three rows at most."""
        model = query.partition("model::")[2].partition(",")[0]
        model = model.partition("[")[0]
        table = {
            "EcephysSession": self._sessions,
            "EcephysProbe": lambda: self.tables["probes"],
            "EcephysChannel": lambda: self.tables["channels"],
            "EcephysUnit": lambda: self.tables["units"],
            "WellKnownFile": lambda: self._files(query),
        }[model]()
        start = int(query.partition("[start_row$eq")[2].partition("]")[0])
        page = table[start : start + 3]
        return {
            "success": True,
            "start_row": start,
            "num_rows": len(page),
            "total_rows": len(table),
            "msg": page,
        }

    def _files(self, query):
        if "'Stimulus'" in query:
            return [
                {"id": n, "path": f"/a/{n}.tiff", "download_link": f"{SCENE}{n}"}
                for n in range(len(self.scenes))
            ]
        is_known = f"[attachable_id$eq{SESSION_ID}]" in query
        return [{"id": 7, "download_link": FILE}] if is_known else []

    def _sessions(self):
        (row,) = self.tables["sessions"]
        donor = {
            "age": {"days": row["age_in_days"]},
            "sex": row["sex"],
            "full_genotype": row["genotype"],
        }
        return [
            {
                "id": row["id"],
                "date_of_acquisition": row["date_of_acquisition"],
                "published_at": row["published_at"],
                "specimen_id": row["specimen_id"],
                "stimulus_name": row["session_type"],
                "fail_eye_tracking": False,
                "specimen": {"donor": donor},
                "well_known_files": [
                    {"well_known_file_type": {"name": "EcephysNwb"}},
                ],
            }
        ]

    def _assets(self, path):
        """Two pages; the session and a file of its local field potentials."""
        folder = f"sub-{SPECIMEN}/sub-{SPECIMEN}_ses-{SESSION_ID}"
        if "page=2" not in path:
            name, place = f"{folder}_probe-1000_ecephys.nwb", "two"
            rest = f"{self.url}{path}&page=2"
        else:
            name, place, rest = f"{folder}.nwb", "one", None
        row = {"path": name, "asset_id": place, "size": len(self.content)}
        return {"next": rest, "results": [row]}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, path = self.server, self.path
        if path == f"{ASSET}download/":  # the archive keeps its files elsewhere
            self.send_response(302)
            self.send_header("Location", f"{server.url}{FILE}")
            self.end_headers()
            return
        if path == FILE:
            self.send_file()
            return
        if path.startswith(SCENE):
            body = server.scenes[int(path[len(SCENE) :])]
        else:
            answer = server.answer(path)
            if answer is None:
                self.send_error(404)
                return
            body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self):
        server, asked = self.server, self.headers["Range"]
        server.ranges.append(asked)
        total, start = len(server.content), 0
        if asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(total - start))
        self.end_headers()
        end = server.break_at.pop(0) if server.break_at else total
        self.wfile.write(server.content[start:end])

    def log_message(self, *args):
        pass


def _numbers(row):
    found = {}
    for name, value in row.items():
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found


@contextlib.contextmanager
def serving(folder):
    """A DataServer that runs."""
    with DataServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
