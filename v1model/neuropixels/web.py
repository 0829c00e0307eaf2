"""JSON answers of data servers."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from v1model.network.download import check_encrypted

TIMEOUT = 120  # s without an answer
_UNQUOTED = "!#$%&'()*+,/:;=?@[]~"


def read_json(url):
    """What a server answers, decoded.

    Raises:
        ValueError: The address is not encrypted.
        OSError: There is no answer, or none in JSON.
    """
    url = urllib.parse.quote(url, safe=_UNQUOTED)
    check_encrypted(url)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            check_encrypted(response.url)
            return json.loads(response.read())
    except (urllib.error.URLError, http.client.HTTPException) as error:
        raise OSError(f"{url} does not answer: {error}.") from error
    except json.JSONDecodeError as error:
        raise OSError(f"{url} did not answer in JSON: {error}.") from error
