"""Session table and files from the Allen Institute's warehouse, through AllenSDK.

AllenSDK knows where files are and how its cache is laid out; the downloads are ours,
because its own neither resume nor notice that a connection ended early, and because it
deletes a file that it fails to read. Nothing here reads sessions with AllenSDK. A
folder that is filled here is a cache that AllenSDK opens too, and the other way round.
"""

import logging
import pathlib
import warnings

from v1model.atomic import atomic_path
from v1model.network.download import download
from v1model.neuropixels.web import read_json

WAREHOUSE = "https://api.brain-map.org"
N_SCENES = 118

logger = logging.getLogger(__name__)


class Warehouse:
    """A folder in the layout of AllenSDK's cache, and the server that fills it.

    Args:
        folder: It is made if it is missing.
        url: Of the server.

    Raises:
        ImportError: AllenSDK is not installed; the message says how to.
    """

    def __init__(self, folder, url=WAREHOUSE):
        api, engine, cache = _allensdk()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._cache = cache(
            fetch_api=api(_address_engine(engine, url)),
            manifest=str(self.folder / "manifest.json"),
        )

    def fetch_tables(self):
        """Downloads sessions.csv, probes.csv, channels.csv and units.csv if missing.

        Raises:
            OSError: The server does not answer.
        """
        cache, api = self._cache, self._cache.fetch_api
        for key, fetch in (
            (cache.SESSIONS_KEY, api.get_sessions),
            (cache.PROBES_KEY, api.get_probes),
            (cache.CHANNELS_KEY, api.get_channels),
            (cache.UNITS_KEY, api.get_units),
        ):
            path = pathlib.Path(cache.get_cache_path(None, key))
            if path.exists():
                continue
            logger.info("fetching %s", path.name)
            table = fetch()
            with atomic_path(path) as partial:
                table.to_csv(partial)

    def session_path(self, session_id):
        """Where the cache keeps a session."""
        key = self._cache.SESSION_NWB_KEY
        return pathlib.Path(
            self._cache.get_cache_path(None, key, session_id, session_id)
        )

    def fetch_session(self, session_id, progress=None):
        """Downloads a session's file, and continues a download that broke off.

        Args:
            session_id: Such as 715093703.
            progress: As `v1model.network.download.download` takes it.

        Raises:
            ValueError: The server knows no such file.
            OSError: It does not answer, or the download broke off.
        """
        url = self._cache.fetch_api.get_session_data(session_id)
        download(url, self.session_path(session_id), progress=progress)

    def fetch_scenes(self, progress=None):
        """Downloads the pictures of natural scenes; the folder of them.

        Args:
            progress: Called as `progress(done, total)` with pictures.

        Raises:
            ValueError, OSError: As `fetch_session`.
        """
        for number in range(N_SCENES):
            key = self._cache.NATURAL_SCENE_KEY
            path = pathlib.Path(self._cache.get_cache_path(None, key, number))
            if not path.exists():
                url = self._cache.fetch_api.get_natural_scene_template(number)
                download(url, path)
            if progress is not None:
                progress(number + 1, N_SCENES)
        return path.parent


def _allensdk():
    """The classes of AllenSDK that are needed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own old dependencies
            from allensdk.brain_observatory.ecephys import (
                ecephys_project_cache as cache,
            )
            from allensdk.brain_observatory.ecephys.ecephys_project_api import (
                rma_engine,
            )
    except ImportError as error:
        raise ImportError(
            "the warehouse needs AllenSDK: pip install 'v1model[allen]', with Python "
            f"before 3.12 ({error})."
        ) from error
    return (
        cache.EcephysProjectWarehouseApi,
        rma_engine.RmaEngine,
        cache.EcephysProjectCache,
    )


def _address_engine(base, url):
    """An engine of AllenSDK that gives addresses of files instead of their content."""
    scheme, _, host = url.partition("://")

    class AddressEngine(base):
        def stream(self, route):
            return self._build_url(route.lstrip("/"))

        def get_rma(self, query):
            place = f"{url}/{self.rma_prefix}/{self.format_query_string}?{query}"
            start, total = 0, None
            while total is None or start < total:
                page = read_json(self.add_page_params(place, start))
                if not page["success"]:
                    raise OSError(f"{url} refused a query: {page['msg']}.")
                if not page["num_rows"] and page["total_rows"]:
                    raise OSError(f"{url} sent no rows from {start} on.")
                start, total = start + page["num_rows"], page["total_rows"]
                yield page["msg"]

    return AddressEngine(scheme, host)
