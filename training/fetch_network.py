"""Downloads the published V1 column (Billeh et al. 2020; 3.1 GB) and unpacks it.

An interrupted download is continued by running the same command again.
"""

import argparse
import logging
import pathlib
import sys

from training.progress import Progress
from v1model.network.archive import unpack_network
from v1model.network.download import download

# Shared by Chen, Scherr & Maass 2022.
URL = "https://cloud.tugraz.at/public.php/dav/files/JmDakasAHEqsA9J/GLIF_network.tar.gz"
# Room for what is unpacked, which is larger than the archive.
UNPACKED_BYTES = 6e9


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="GLIF_network", help="Folder to make.")
    parser.add_argument("--url", default=URL, help="Where the archive is.")
    parser.add_argument(
        "--archive", default=None, help="Where to keep the archive while it comes."
    )
    parser.add_argument(
        "--keep_archive", action="store_true", help="Do not delete the archive."
    )
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s")
    folder = pathlib.Path(options.out)
    archive = pathlib.Path(options.archive or f"{folder}.tar.gz")
    try:
        if folder.exists():
            raise FileExistsError(f"{folder} exists already.")
        print(f"Downloading {options.url}", file=sys.stderr)
        download(
            options.url,
            archive,
            progress=Progress("downloaded", "MB", 1e-6),
            reserve=UNPACKED_BYTES if options.url == URL else 0,
        )
        print(f"Unpacking {archive}", file=sys.stderr)
        unpack_network(archive, folder)
    except (OSError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if not options.keep_archive:
        archive.unlink()
    print(f"The network is in {folder}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
