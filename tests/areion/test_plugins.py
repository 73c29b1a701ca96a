"""Finding parts: instances, classes, paths and the names of really installed distributions."""

import abc
import os
import subprocess
import sys
import sysconfig
import textwrap
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from areion import _plugins as plugins

GROUP = "areion.router"


class Base(abc.ABC):
    """A contract with two methods and a property."""

    @abc.abstractmethod
    def add(self) -> None: ...

    @abc.abstractmethod
    def find(self) -> str: ...

    @property
    @abc.abstractmethod
    def state(self) -> str: ...


class Whole(Base):
    def add(self) -> None: ...

    def find(self) -> str:
        return "whole"

    @property
    def state(self) -> str:
        return "made"


class Duck:
    """Has all that the base declares abstract, and inherits nothing."""

    def __init__(self) -> None:
        self.state = "duck"

    def add(self) -> None: ...

    def find(self) -> str:
        return "duck"


class Lame:
    state = "lame"

    def add(self) -> None: ...


class StillAbstract(Base):
    def add(self) -> None: ...


class Needs(Whole):
    def __init__(self, something: str) -> None: ...


def make_whole() -> Whole:
    return Whole()


def make_lame() -> Lame:
    return Lame()


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution: its metadata and one module, in a folder of its own on sys.path."""

    def make(name: str, version: str, entry_points: str, source: str = "", group: str = GROUP) -> Path:
        folder = tmp_path / name
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry_points}\n")
        module = name.replace("-", "_")
        (folder / f"{module}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return folder

    return make


DUCK_SOURCE = """
    class Router:
        state = "installed"
        def add(self): ...
        def find(self): return __name__
    router = Router()
    def make(): return Router()
"""


class TestGiven:
    def test_instance_of_base_passes_as_it_is(self) -> None:
        """An instance is used itself, not a copy."""
        whole = Whole()
        assert plugins.resolve(GROUP, whole, base=Base) is whole

    def test_class_is_instantiated(self) -> None:
        """A class is called without arguments."""
        assert isinstance(plugins.resolve(GROUP, Whole, base=Base), Whole)

    def test_factory_is_called(self) -> None:
        """A function that makes the part will do for a class."""
        assert isinstance(plugins.resolve(GROUP, make_whole, base=Base), Whole)

    @pytest.mark.parametrize("value", [Duck, Duck()], ids=["class", "instance"])
    def test_duck_typed_passes(self, value: object) -> None:
        """What has all abstract methods of the base satisfies it without inheriting."""
        assert plugins.resolve(GROUP, value, base=Base).find() == "duck"

    def test_callable_duck_is_not_taken_for_a_factory(self) -> None:
        """An object that satisfies the base and happens to be callable is not called."""

        class Called(Duck):
            def __call__(self) -> None:
                raise AssertionError("called")

        called = Called()
        assert plugins.resolve(GROUP, called, base=Base) is called

    @pytest.mark.parametrize(
        ("value", "named"),
        [
            (Lame(), "router of type {here}.Lame"),
            (Lame, "router {here}.Lame"),
            (make_lame, "router {here}.make_lame"),
        ],
        ids=["instance", "class", "factory"],
    )
    def test_lame_duck_is_told_what_it_lacks(self, value: object, named: str) -> None:
        """The message names the part, the base and each missing method."""
        with pytest.raises(plugins.ComponentContractError) as caught:
            plugins.resolve(GROUP, value, base=Base)
        contract = f"{__name__.partition('.')[0]}.Base"
        expected = f"{named.format(here=__name__)} does not satisfy {contract}: it lacks find"
        assert str(caught.value) == expected
        assert caught.value.missing == ("find",)

    def test_wrong_type_is_a_value_error(self) -> None:
        """A number is not a part, and ValueError says so."""
        with pytest.raises(
            ValueError, match=r"^router of type int does not satisfy .*: it lacks add, find, state$"
        ):
            plugins.resolve(GROUP, 42, base=Base)

    def test_attribute_that_is_no_method_does_not_count(self) -> None:
        """A method of the base must be callable in the part."""

        class Named(Duck):
            find = "a string"  # type: ignore[assignment]  # the mistake under test

        with pytest.raises(plugins.ComponentContractError, match="lacks find"):
            plugins.resolve(GROUP, Named(), base=Base)

    def test_property_is_not_read(self) -> None:
        """A property that is not ready yet does not disturb the check."""

        class Early(Duck):
            def __init__(self) -> None: ...

            @property
            def state(self) -> str:  # type: ignore[override]  # read-only here
                raise RuntimeError("not started")

        assert plugins.resolve(GROUP, Early(), base=Base).find() == "duck"

    def test_class_still_abstract_is_refused(self) -> None:
        """A subclass that leaves methods out is told which, before it is called."""
        with pytest.raises(plugins.ComponentContractError, match="lacks find, state"):
            plugins.resolve(GROUP, StillAbstract, base=Base)

    def test_class_that_needs_arguments(self) -> None:
        """A class that cannot be called without arguments says which it needs."""
        with pytest.raises(plugins.ComponentImportError, match=r"could not be made .* 'something'") as caught:
            plugins.resolve(GROUP, Needs, base=Base)
        assert isinstance(caught.value.__cause__, TypeError)

    def test_base_without_abstract_methods_asks_for_instances(self) -> None:
        """Where the base declares nothing abstract, any object would be a duck: only heirs pass."""

        class Plain: ...

        with pytest.raises(plugins.ComponentContractError, match="not an instance"):
            plugins.resolve(GROUP, Whole(), base=Plain)


class TestDefault:
    def test_none_calls_the_default(self) -> None:
        """None stands for the default that the caller names."""
        assert isinstance(plugins.resolve(GROUP, None, base=Base, default=Whole), Whole)

    def test_default_may_be_a_path(self, install: Install) -> None:
        """The default may be 'module:attribute', imported only then."""
        install("lazy-part", "1", "", DUCK_SOURCE)
        assert "lazy_part" not in sys.modules
        assert plugins.resolve(GROUP, None, base=Base, default="lazy_part:Router").find() == "lazy_part"

    @pytest.mark.parametrize("group", plugins.DEFAULTS)
    def test_our_defaults_are_the_registered_ones(self, group: str) -> None:
        """None gives the same class as the entry point named default of the sibling."""
        [default] = [component for component in plugins.installed(group) if component.is_default]
        module = plugins.DEFAULTS[group].partition(":")[0]
        assert default.name == "default"
        assert default.distribution == module.replace("_", "-")

    def test_metadata_is_read_for_names_only(self) -> None:
        """An instance, a class, a path and None never import importlib.metadata."""
        program = """
            import sys
            from areion import _plugins
            class Base: ...
            for value in (Base(), Base, "collections:Counter", None):
                base = Base if isinstance(value, Base) or value is Base else object
                _plugins.resolve("areion.router", value, base=base, default=Base)
            assert "importlib.metadata" not in sys.modules
        """
        subprocess.run([sys.executable, "-S", "-c", textwrap.dedent(program)], check=True, env=_path_env())


class TestPath:
    def test_class_by_path(self, install: Install) -> None:
        """'module:attribute' needs no entry point."""
        install("bypath", "1", "", DUCK_SOURCE)
        assert plugins.resolve(GROUP, "bypath:Router", base=Base).find() == "bypath"

    def test_instance_by_path(self, install: Install) -> None:
        """'module:attribute' may name an instance."""
        install("bypath", "1", "", DUCK_SOURCE)
        part = plugins.resolve(GROUP, "bypath:router", base=Base)
        assert part is sys.modules["bypath"].router

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("nowhere_at_all:X", "No module named 'nowhere_at_all'"),
            ("bypath:Missing", "module 'bypath' has no attribute 'Missing'"),
            ("bypath:", "expected 'module:attribute'"),
            (":Router", "expected 'module:attribute'"),
        ],
    )
    def test_bad_path(self, install: Install, path: str, reason: str) -> None:
        """A path that leads nowhere says where it ends."""
        install("bypath", "1", "", DUCK_SOURCE)
        with pytest.raises(plugins.ComponentImportError) as caught:
            plugins.resolve(GROUP, path, base=Base)
        assert str(caught.value) == f"router {path!r} could not be imported: {reason}"
        assert caught.value.__cause__ is not None


class TestName:
    @pytest.mark.parametrize("target", ["Router", "router", "make"])
    def test_name_finds_class_instance_or_factory(self, install: Install, target: str) -> None:
        """An entry point may name a class, an instance or a factory."""
        install("other", "1.0", f"trie = other:{target}", DUCK_SOURCE)
        assert plugins.resolve(GROUP, "trie", base=Base).find() == "other"

    def test_unknown_name_lists_what_is_installed(self, install: Install) -> None:
        """A misspelt name is told the near one, and all names with their distributions."""
        install("other", "1.0", "trie = other:Router", DUCK_SOURCE)
        with pytest.raises(plugins.UnknownComponentError) as caught:
            plugins.resolve(GROUP, "trei", base=Base)
        message = str(caught.value)
        assert message.startswith("no router named 'trei'; did you mean 'trie'? Installed: ")
        assert "default (areion-router 2." in message
        assert message.endswith("trie (other 1.0)")
        assert (caught.value.group, caught.value.value) == (GROUP, "trei")

    def test_unknown_name_in_an_empty_group(self) -> None:
        """Where nothing is installed, the message says so."""
        with pytest.raises(plugins.UnknownComponentError) as caught:
            plugins.resolve("areion.nothing_here", "x", base=Base)
        assert str(caught.value) == "no nothing here named 'x'. Installed: none"

    def test_two_distributions_with_one_name(self, install: Install) -> None:
        """A name that two provide is refused, and both ways to settle it are named."""
        install("other", "1.0", "trie = other:Router", DUCK_SOURCE)
        install("another", "1.0", "trie = another:Router", DUCK_SOURCE)
        with pytest.raises(plugins.AmbiguousComponentError) as caught:
            plugins.resolve(GROUP, "trie", base=Base)
        assert (
            str(caught.value)
            == "router 'trie' is provided more than once; say 'another/trie' or 'other/trie'"
        )

    @pytest.mark.parametrize("name", ["other-one/trie", "Other_One/trie", "other.one/trie"])
    def test_distribution_settles_a_clash(self, install: Install, name: str) -> None:
        """'distribution/name' picks one, in any spelling of the distribution's name."""
        install("other-one", "1.0", "trie = other_one:Router", DUCK_SOURCE)
        install("another", "1.0", "trie = another:Router", DUCK_SOURCE)
        assert plugins.resolve(GROUP, name, base=Base).find() == "other_one"

    def test_unknown_distribution(self, install: Install) -> None:
        """A distribution that does not provide the name is answered with full names."""
        install("other", "1.0", "trie = other:Router", DUCK_SOURCE)
        with pytest.raises(
            plugins.UnknownComponentError, match=r"did you mean 'other/trie'\? Installed: .*other/trie"
        ):
            plugins.resolve(GROUP, "othre/trie", base=Base)

    def test_one_distribution_with_one_name_twice(self, install: Install) -> None:
        """A distribution that declares a name twice is named with both values."""
        install("other", "1.0", "trie = other:Router\ntrie = other:make", DUCK_SOURCE)
        with pytest.raises(
            plugins.AmbiguousComponentError,
            match="more than once by other, as 'other:Router' and 'other:make'",
        ):
            plugins.resolve(GROUP, "trie", base=Base)

    def test_import_failure_names_everything(self, install: Install) -> None:
        """A plugin whose own import fails is named with its distribution, version, path and cause."""
        install("x", "1.0", "cloud = x:Logger", "import boto99", group="areion.logger")
        with pytest.raises(plugins.ComponentImportError) as caught:
            plugins.resolve("areion.logger", "cloud", base=Base)
        assert str(caught.value) == (
            "logger 'cloud' (from x 1.0) could not be imported from 'x:Logger': No module named 'boto99'"
        )
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)

    def test_import_that_crashes(self, install: Install) -> None:
        """Any exception while importing is reported with its type."""
        install("x", "1.0", "cloud = x:Logger", "1 / 0")
        with pytest.raises(plugins.ComponentImportError, match=r"ZeroDivisionError: division by zero$"):
            plugins.resolve(GROUP, "cloud", base=Base)

    def test_plugin_that_lacks_methods(self, install: Install) -> None:
        """A plugin that does not satisfy the base is named with its distribution."""
        install("other", "1.0", "trie = other:Router", "class Router: ...")
        with pytest.raises(
            plugins.ComponentContractError,
            match=r"^router 'trie' \(from other 1.0\) does not satisfy .*Base: it lacks add, find$",
        ):
            plugins.resolve(GROUP, "trie", base=Base)

    def test_nothing_is_imported_to_list(self, install: Install) -> None:
        """Listing reads metadata alone: a broken plugin is listed too."""
        install("x", "1.0", "cloud = x:Logger", "import boto99")
        [component] = [component for component in plugins.installed(GROUP) if component.name == "cloud"]
        assert component == plugins.Component("cloud", "x:Logger", "x", "1.0", is_default=False)
        assert component.qualified_name == "x/cloud"
        assert "x" not in sys.modules

    def test_only_our_default_is_the_default(self, install: Install) -> None:
        """A stranger's plugin named default is not what stands for None."""
        install("other", "1.0", "default = other:Router", DUCK_SOURCE)
        found = {component.distribution: component.is_default for component in plugins.installed(GROUP)}
        assert found == {"areion-router": True, "other": False}

    def test_wheel_installed_by_pip(self, tmp_path: Path) -> None:
        """A plugin in a wheel that pip installed is found by name, from another process."""
        wheel = tmp_path / "strange_router-3.1-py3-none-any.whl"
        info = "strange_router-3.1.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("strange_router.py", textwrap.dedent(DUCK_SOURCE))
            archive.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: strange-router\nVersion: 3.1\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/entry_points.txt", f"[{GROUP}]\nstrange = strange_router:Router\n")
            archive.writestr(f"{info}/RECORD", "")
        environment = tmp_path / "venv"
        venv.create(environment, with_pip=True)
        where = {"base": str(environment), "platbase": str(environment)}
        python = Path(sysconfig.get_path("scripts", "venv", vars=where)) / "python"
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--no-index", "--disable-pip-version-check", wheel],
            check=True,
        )
        program = (
            "import abc; from areion import _plugins\n"
            "class Base(abc.ABC):\n"
            "    find = abc.abstractmethod(lambda self: None)\n"
            f"print(_plugins.resolve({GROUP!r}, 'strange', base=Base).find())\n"
        )
        purelib = sysconfig.get_path("purelib", "venv", vars=where)
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env=_path_env(purelib),
        )
        assert done.stdout == "strange_router\n"


class TestLocate:
    def test_class_is_not_called(self) -> None:
        """A class that needs arguments is returned for the caller to call."""
        assert plugins.locate(GROUP, Needs, base=Base) is Needs

    def test_factory_is_not_called(self) -> None:
        """A factory is returned as it is."""
        assert plugins.locate(GROUP, make_whole, base=Base) is make_whole

    def test_name_is_looked_up(self, install: Install) -> None:
        """A plugin's class is found by name."""
        install("other", "1.0", "trie = other:Router", DUCK_SOURCE)
        assert plugins.locate(GROUP, "trie", base=Base).__module__ == "other"

    def test_class_without_the_methods_is_refused(self) -> None:
        """A class that lacks methods is refused before anybody calls it."""
        with pytest.raises(plugins.ComponentContractError, match="lacks find"):
            plugins.locate(GROUP, Lame, base=Base)

    def test_instance_is_refused(self) -> None:
        """What is neither class nor callable cannot make a part."""
        with pytest.raises(plugins.ComponentContractError, match="is not a class and cannot be called"):
            plugins.locate(GROUP, Whole(), base=Base)


class TestCheck:
    def test_part_is_returned(self) -> None:
        """A part that satisfies the base comes back as it is."""
        duck = Duck()
        assert plugins.check(GROUP, duck, base=Base) is duck

    def test_origin_names_the_part(self) -> None:
        """The caller may say how the message calls the part."""
        with pytest.raises(plugins.ComponentContractError, match=r"^the router of main\.py does not"):
            plugins.check(GROUP, Lame(), base=Base, origin="the router of main.py")


def _path_env(*folders: str) -> dict[str, str]:
    """The environment of a child that imports what this process can, and the folders first."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, *filter(None, sys.path)])}
