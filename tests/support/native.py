"""Tests of compiled parts, and those that only plain Python allows."""

from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from deploy.native.build import READER
from deploy.native.compiling import CannotBuild, check_compiler, compile_into
from services.native import choose


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what replaces or extends parts of the rules, where those run compiled."""
    if "rules" in choose().parts:
        plain = [item for item in items if item.get_closest_marker("plain")]
        config.hook.pytest_deselected(items=plain)
        items[:] = [item for item in items if not item.get_closest_marker("plain")]


@pytest.fixture(scope="session")
def compiled_reader(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The module `events.compiled_reader` of these sources, whatever this process runs."""
    try:
        check_compiler()
    except CannotBuild as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("native")
    compile_into(folder, [READER], folder / "objects")
    [file] = (folder / "events").iterdir()
    loader = ExtensionFileLoader(READER.name, str(file))
    spec = spec_from_file_location(READER.name, file, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
