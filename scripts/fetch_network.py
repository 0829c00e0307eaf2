"""Downloads the published column; installed as the command v1-fetch-network."""

import sys

from training.fetch_network import main

if __name__ == "__main__":
    sys.exit(main())
