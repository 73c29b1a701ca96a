"""What every application serves, so that all of them do the same work; nothing of any framework.

The harness passes the port and the path of the file to download through the environment.
"""

import os
from pathlib import Path

HOST = "127.0.0.1"
PORT = int(os.environ["BENCH_PORT"])
FILE = Path(os.environ["BENCH_FILE"])

CHUNK = b"x" * 16_384
CHUNK_COUNT = 64
