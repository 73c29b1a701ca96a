"""Update the vendored Swagger UI: `python3 .ci/vendor_swagger.py [VERSION]`, or check it: `--check`.

The package is fetched by its name through `npm pack`, so npm's own settings say from where. The files that
the documentation page needs are copied as they are, with their licences, and VENDORED.json records the
version and a SHA-256 of each. Run by a maintainer, never by an installation or a server.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "swagger-ui-dist"
TARGET = Path(__file__).parents[1] / "packages/areion/src/areion/dev/assets/swagger-ui"
RECORD = TARGET / "VENDORED.json"
FILES = (
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "favicon-32x32.png",
    "LICENSE",
    "NOTICE",
    "swagger-ui-bundle.js.LICENSE.txt",
)
# The largest file is under 2 MB; this only stops a package that is something else.
MAX_FILE_SIZE = 8 * 1024 * 1024


def pack(version: str, folder: Path) -> tuple[dict[str, str], Path]:
    """Download the package into a folder; npm checks its integrity against the registry's record."""
    command = [
        "npm",
        "pack",
        f"{PACKAGE}@{version}",
        "--json",
        "--ignore-scripts",
        "--pack-destination",
        str(folder),
    ]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    facts = json.loads(ran.stdout)[0]
    return facts, folder / facts["filename"]


def read_members(archive: Path) -> dict[str, bytes]:
    """The wanted files, by name; nothing else of the archive is written anywhere."""
    found = {}
    with tarfile.open(archive) as tar:
        for name in (*FILES, "package.json"):
            member = tar.getmember(f"package/{name}")
            if not member.isfile() or member.size > MAX_FILE_SIZE:
                raise SystemExit(
                    f"{name}: expected a file of at most {MAX_FILE_SIZE} bytes, got {member.size}"
                )
            content = tar.extractfile(member)
            assert content is not None
            found[name] = content.read()
    return found


def sha256(content: bytes) -> str:
    """The hash that is recorded for a file."""
    return hashlib.sha256(content).hexdigest()


def update(version: str) -> None:
    """Replace the vendored files by those of a version, and record them."""
    with tempfile.TemporaryDirectory() as folder:
        facts, archive = pack(version, Path(folder))
        contents = read_members(archive)
    licence = json.loads(contents.pop("package.json"))["license"]
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (TARGET / name).write_bytes(content)
    record = {
        "package": PACKAGE,
        "version": facts["version"],
        "license": licence,
        "integrity": facts["integrity"],
        "sha256": {name: sha256(content) for name, content in contents.items()},
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"{PACKAGE} {facts['version']} ({licence}): {len(contents)} files in {TARGET}")


def check() -> int:
    """Compare the files with the record; 1 if anything differs."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    wrong = [
        name for name, known in record["sha256"].items() if sha256((TARGET / name).read_bytes()) != known
    ]
    wrong += [path.name for path in TARGET.iterdir() if path != RECORD and path.name not in record["sha256"]]
    for name in wrong:
        print(f"{name}: not as recorded in {RECORD.name}; run {Path(__file__).name} again", file=sys.stderr)
    return bool(wrong)


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version", nargs="?", default="latest", help="a version or tag of the package")
    parser.add_argument("--check", action="store_true", help="only compare the files with the record")
    options = parser.parse_args()
    if options.check:
        return check()
    update(options.version)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
