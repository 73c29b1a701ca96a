"""Builds the release that a tag asks for, after checking that all agrees.

    hatch run package:release areion-router-v2.1.0

The tag's version must be the package's own and its changelog's newest, and the umbrella must admit every
package of the house as it stands, so that whoever installs areion after this release can. Then the source
distribution and the wheel are built into dist/. Uploading them is not done here.
"""

import pathlib
import re
import runpy
import subprocess
import sys
import tomllib

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

ROOT = pathlib.Path(__file__).resolve().parent.parent


class ReleaseError(Exception):
    """Something does not agree; the message says what, and where to change it."""


def version_of(package):
    """Return the version that a package's `__about__.py` says."""
    [about] = package.glob("src/*/__about__.py")
    return Version(runpy.run_path(str(about))["__version__"])


def parse_tag(tag):
    """Split `areion-router-v2.1.0` into the package's name and the version."""
    name, found, text = tag.rpartition("-v")
    try:
        version = Version(text)
    except InvalidVersion:
        found = ""
    if not (name and found):
        raise ReleaseError(f"the tag is to be PACKAGE-vVERSION, such as areion-router-v2.1.0, not {tag!r}")
    return name, version


def check_tag(root, tag):
    """Return the folder of the package that the tag names, if its version and changelog say the same."""
    name, wanted = parse_tag(tag)
    package = root / "packages" / name
    if not (package / "pyproject.toml").is_file():
        known = ", ".join(sorted(path.parent.name for path in root.glob("packages/*/pyproject.toml")))
        raise ReleaseError(f"no package {name!r}; there are {known}")
    actual = version_of(package)
    if actual != wanted:
        raise ReleaseError(f"the tag says {name} {wanted}, its __about__.py says {actual}")
    headings = re.findall(r"^## +(\S+)", (package / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if not headings or headings[0] != str(wanted):
        newest = headings[0] if headings else "nothing"
        raise ReleaseError(f"the changelog of {name} opens with {newest}, not with {wanted}")
    return package


def check_ranges(root):
    """Check that the umbrella's requirements admit every sibling as it stands."""
    umbrella = tomllib.loads((root / "packages/areion/pyproject.toml").read_text(encoding="utf-8"))
    requirements = {
        requirement.name: requirement.specifier
        for requirement in map(Requirement, umbrella["project"]["dependencies"])
    }
    for package in sorted(root.glob("packages/areion-*")):
        version = version_of(package)
        if package.name not in requirements:
            raise ReleaseError(f"areion does not require {package.name}")
        if not requirements[package.name].contains(version, prereleases=True):
            raise ReleaseError(
                f"areion requires {package.name}{requirements[package.name]}, and here it is {version}:"
                " widen the range in packages/areion/pyproject.toml"
            )


def main(root, tag):
    """Check, then build into dist/."""
    package = check_tag(root, tag)
    check_ranges(root)
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(root / "dist")]
    subprocess.run(build, cwd=package, check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(ROOT, sys.argv[1])
    except ReleaseError as error:
        sys.exit(f"not released: {error}")
