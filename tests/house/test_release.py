"""`.ci/release.py`: a release is built only when tag, version, changelog and the umbrella's ranges agree."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RELEASE: dict[str, Any] = runpy.run_path(str(ROOT / ".ci/release.py"), run_name="release")
ReleaseError: type[Exception] = RELEASE["ReleaseError"]
main: Callable[[Path, str], None] = RELEASE["main"]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house of two: areion-part 2.1.0, and the umbrella that takes 2.x of it."""
    _package(tmp_path, "areion-part", "2.1.0")
    _package(tmp_path, "areion", "2.3.0", '"areion-part>=2.0,<3"')
    return tmp_path


def _package(root: Path, name: str, version: str, dependencies: str = "") -> Path:
    package = root / "packages" / name
    source = package / "src" / name.replace("-", "_")
    source.mkdir(parents=True, exist_ok=True)
    (source / "__init__.py").write_text("")
    (source / "__about__.py").write_text(f'__version__ = "{version}"\n')
    (package / "CHANGELOG.md").write_text(f"# Changelog\n\n## {version} (2026-01-31)\n\n- New.\n\n## 2.0.0\n")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\ndynamic = ["version"]\nrequires-python = ">=3.11"\n'
        f"dependencies = [{dependencies}]\n"
        f'[tool.hatch.version]\npath = "src/{name.replace("-", "_")}/__about__.py"\n'
    )
    return package


@pytest.mark.parametrize("tag", ["areion-part-v2.1.0", "areion-v2.3.0"])
def test_release_is_built(house: Path, tag: str) -> None:
    """Where all agrees, the source distribution and the wheel of that package alone are in dist/."""
    main(house, tag)
    name, _, version = tag.rpartition("-v")
    stem = f"{name.replace('-', '_')}-{version}"
    built = {path.name for path in (house / "dist").iterdir()}
    assert built == {f"{stem}.tar.gz", f"{stem}-py3-none-any.whl"}


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("v2.1.0", "the tag is to be PACKAGE-vVERSION"),
        ("areion-part-2.1.0", "the tag is to be PACKAGE-vVERSION"),
        ("areion-part-vnext", "the tag is to be PACKAGE-vVERSION"),
        ("areion-prat-v2.1.0", "no package 'areion-prat'; there are areion, areion-part"),
        ("areion-part-v2.2.0", "the tag says areion-part 2.2.0, its __about__.py says 2.1.0"),
    ],
)
def test_wrong_tag_is_refused(house: Path, tag: str, reason: str) -> None:
    """A tag that names no package, or another version than the package's, builds nothing."""
    with pytest.raises(ReleaseError) as caught:
        main(house, tag)
    assert reason in str(caught.value)
    assert not (house / "dist").exists()


@pytest.mark.parametrize(
    ("changelog", "opens_with"), [("## 2.0.0\n", "2.0.0"), ("Nothing yet.\n", "nothing"), ("", "nothing")]
)
def test_changelog_must_open_with_the_version(house: Path, changelog: str, opens_with: str) -> None:
    """A release without its entry in the changelog builds nothing."""
    (house / "packages/areion-part/CHANGELOG.md").write_text(changelog)
    with pytest.raises(ReleaseError) as caught:
        main(house, "areion-part-v2.1.0")
    assert str(caught.value) == f"the changelog of areion-part opens with {opens_with}, not with 2.1.0"


def test_umbrella_must_admit_the_house(house: Path) -> None:
    """A part whose new version the umbrella refuses is not released."""
    _package(house, "areion-part", "3.0.0")
    with pytest.raises(ReleaseError) as caught:
        main(house, "areion-part-v3.0.0")
    assert "areion requires areion-part<3,>=2.0, and here it is 3.0.0" in str(caught.value)


def test_umbrella_must_know_every_part(house: Path) -> None:
    """A part that the umbrella does not require is not released."""
    _package(house, "areion-new", "1.0.0")
    with pytest.raises(ReleaseError, match="areion does not require areion-new"):
        main(house, "areion-new-v1.0.0")


def test_this_house_can_be_released() -> None:
    """The umbrella admits the packages of this repository, and each changelog has their versions."""
    RELEASE["check_ranges"](ROOT)
    for package in sorted(ROOT.glob("packages/*/pyproject.toml")):
        version = RELEASE["version_of"](package.parent)
        assert RELEASE["check_tag"](ROOT, f"{package.parent.name}-v{version}") == package.parent
