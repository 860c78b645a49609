"""The promises of the house that can be counted; `python -m tests.structure` prints all figures."""

import ast

import pytest

from tests import structure

MODULES = structure.sources(structure.HERE)
TREES = {module: ast.parse(path.read_text()) for module, path in MODULES.items()}
GRAPH = {
    module: sorted(set(structure.imported(tree, MODULES)) - {module})
    for module, tree in TREES.items()
}


def test_no_import_leads_back():
    assert structure.circles(GRAPH) == []


def test_rooms_of_one_floor_stand_in_an_order():
    assert structure.circles(structure.rooms_graph(GRAPH, MODULES)) == []


def test_every_import_points_down():
    assert structure.against_floors(GRAPH) == []


def test_names_of_models_tasks_and_scripts_are_compared_in_their_tables_alone():
    found = {
        (name, line, *words)
        for module, tree in TREES.items()
        if (name := str(MODULES[module].relative_to(structure.HERE))) not in structure.TABLES
        for line, words in structure.compared(tree)
    }
    assert found == set()


SAYING_FLAGS = {
    "dlfun.benchmark.energy",  # of nvidia-smi
    "dlfun.benchmark.published",  # the command that is timed
    "dlfun.benchmark.study",  # lines of config.flags
    "dlfun.config.option_table",  # helps of flags, and names of lines
    "dlfun.config.protocol_table",  # helps of flags
    "dlfun.config.start_table",  # helps of flags
    "dlfun.errors",  # pip's
    "dlfun.records.flagfile",
    "dlfun.records.schema",  # the guide's tables
    "dlfun.records.environment",  # git's
    "dlfun.results.record",  # the first line of config.flags
    "dlfun.records.writer",  # the first line of config.flags
}


def test_below_the_command_line_no_message_speaks_of_flags():
    found = {
        module
        for module, tree in TREES.items()
        if structure.floor(module) < 7 or module == "dlfun.study"
        for _ in structure.flags_in_messages(tree)
    }
    assert found == SAYING_FLAGS


@pytest.mark.parametrize("text", ["a == 'cnn'", "task in ('regression', 'x')", "'sweep' != x"])
def test_a_comparison_with_a_name_is_seen(text):
    assert len(list(structure.compared(ast.parse(text)))) == 1
