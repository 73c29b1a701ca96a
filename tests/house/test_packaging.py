"""What is published: the metadata of each package, and the contents of its wheel and source distribution."""

import io
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import BytesParser
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.name for path in (ROOT / "packages").iterdir() if (path / "pyproject.toml").is_file())
SIBLINGS = [name for name in PACKAGES if name != "areion"]


def _project(package: str) -> dict[str, Any]:
    pyproject = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text(encoding="utf-8"))
    project: dict[str, Any] = pyproject["project"]
    return project


def _import_name(package: str) -> str:
    return package.replace("-", "_")


@pytest.fixture(scope="module", params=PACKAGES)
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Each package's wheel, as hatchling builds it."""
    builder = WheelBuilder(str(ROOT / "packages" / request.param))
    [artifact] = builder.build(directory=str(tmp_path_factory.mktemp("wheel")))
    return zipfile.ZipFile(io.BytesIO(Path(artifact).read_bytes()))


@pytest.fixture(scope="module", params=PACKAGES)
def sdist(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of each package's source distribution, by their path inside it."""
    builder = SdistBuilder(str(ROOT / "packages" / request.param))
    [artifact] = builder.build(directory=str(tmp_path_factory.mktemp("sdist")))
    with tarfile.open(artifact) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name.partition("/")[2]: file.read() for name, file in files.items() if file is not None}


def _metadata(wheel: zipfile.ZipFile) -> Message:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return BytesParser().parsebytes(wheel.read(name))


def test_the_six_packages_are_here() -> None:
    """One umbrella and five leaves."""
    assert PACKAGES == [
        "areion",
        "areion-engine",
        "areion-http",
        "areion-logger",
        "areion-orchestrator",
        "areion-router",
    ]


def test_wheel_is_typed_and_licensed(wheel: zipfile.ZipFile) -> None:
    """A wheel carries its package with the py.typed marker and, in its metadata, the licence."""
    name = _import_name(_metadata(wheel)["Name"])
    names = wheel.namelist()
    assert f"{name}/py.typed" in names
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in names)
    # A pytest plugin inside of areion would import all of areion in every run of pytest.
    plugin = {"areion_pytest"} if name == "areion" else set()
    assert {path.partition("/")[0] for path in names if ".dist-info/" not in path} == {name} | plugin


def test_wheel_carries_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """Templates, assets and other data are in the wheel, not modules alone."""
    package = _metadata(wheel)["Name"]
    source = ROOT / "packages" / package / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= set(wheel.namelist())


def test_wheel_metadata(wheel: zipfile.ZipFile) -> None:
    """The metadata is of version 2.4, which every upload tool takes, and complete."""
    metadata = _metadata(wheel)
    assert metadata["Metadata-Version"] == "2.4"
    # The umbrella also carries Swagger UI, for development mode.
    vendored = " AND Apache-2.0" if metadata["Name"] == "areion" else ""
    assert metadata["License-Expression"] == f"MIT{vendored}"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"]
    assert metadata["Keywords"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    labels = {url.partition(",")[0] for url in metadata.get_all("Project-URL", [])}
    assert labels >= {"Source", "Changelog", "Issues"}


def test_wheel_version_is_the_one_in_about(wheel: zipfile.ZipFile) -> None:
    """The version stands in one place: `__about__.py`."""
    metadata = _metadata(wheel)
    name = _import_name(metadata["Name"])
    about: dict[str, str] = {}
    exec(wheel.read(f"{name}/__about__.py"), about)
    assert about["__version__"] == metadata["Version"]


def test_sdist_is_whole(sdist: dict[str, bytes]) -> None:
    """A source distribution carries licence, readme, changelog and sources, and can be built again."""
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "PKG-INFO"} <= sdist.keys()
    assert any(path.startswith("src/") and path.endswith("/py.typed") for path in sdist)
    assert b"the Areion authors" in sdist["LICENSE"]


@pytest.mark.parametrize("package", SIBLINGS)
def test_leaf_requires_no_sibling(package: str) -> None:
    """Only the umbrella depends on packages of this house."""
    assert [dependency for dependency in _project(package)["dependencies"] if "areion" in dependency] == []


def test_umbrella_requires_siblings_by_range() -> None:
    """The umbrella takes any release of the siblings' major version, and pins none."""
    ranges = [
        dependency for dependency in _project("areion")["dependencies"] if dependency.startswith("areion-")
    ]
    assert ranges == [f"{sibling}>=2.0,<3" for sibling in SIBLINGS]


@pytest.mark.parametrize("package", PACKAGES)
def test_third_parties_have_lower_bounds_only(package: str) -> None:
    """A third party's upper bound would break on its next release; its lower bound is what was tested."""
    for dependency in _project(package)["dependencies"]:
        requirement = dependency.partition(";")[0].strip()
        if requirement.startswith("areion-"):
            continue
        assert "<" not in requirement, requirement
        assert "==" not in requirement, requirement
        assert ">=" in requirement or requirement == "tzdata", requirement


@pytest.mark.parametrize("package", SIBLINGS)
def test_default_is_registered(package: str) -> None:
    """Each leaf registers its class as `default` in its group, and the entry point loads."""
    [(group, names)] = [
        (group, names)
        for group, names in _project(package)["entry-points"].items()
        if group.startswith("areion.")
    ]
    assert names.keys() == {"default"}
    [entry_point] = [
        entry_point
        for entry_point in entry_points(group=group, name="default")
        if entry_point.value == names["default"]
    ]
    assert isinstance(entry_point.load(), type)


def test_changelog_opens_with_the_version() -> None:
    """Each changelog's newest heading is the version in `__about__.py`."""
    for package in PACKAGES:
        folder = ROOT / "packages" / package
        about: dict[str, str] = {}
        exec((folder / f"src/{_import_name(package)}/__about__.py").read_text(), about)
        headings = [
            line for line in (folder / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")
        ]
        assert headings[0].split()[1] == about["__version__"], package
