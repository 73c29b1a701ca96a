"""Send the demonstration what its own OpenAPI document allows, and what it forbids: no answer may be a 5xx.

``hatch run fuzz:demo`` starts the demonstration in development mode on a free port, lets schemathesis make requests
from ``/openapi.json``, and ends with schemathesis's exit status. Options are handed on to it.
"""

import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

from areion.demo import build_demo


def main(options: list[str]) -> int:
    """Run the demonstration and schemathesis; return the latter's exit status."""
    server = build_demo(port=0, development=True)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        if not server.wait_listening(30):
            sys.stderr.write("the demonstration does not listen\n")
            return 1
        command = Path(sysconfig.get_path("scripts")) / "schemathesis"
        arguments = ["run", f"{server.url}/openapi.json", "--checks", "all", "--seed", "1", *options]
        return subprocess.run([command, *arguments], check=False, timeout=600).returncode
    finally:
        server.stop()
        thread.join(30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
