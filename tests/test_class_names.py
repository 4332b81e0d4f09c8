"""ImageNet's names for pages, where a reader's own network has a thousand outputs."""

import json

from sebook.pages import class_names


def test_names_come_in_imagenets_order(tmp_path):
    call, _, said = class_names.build(tmp_path).read_text("utf8").partition(",")
    names = json.loads(said.removesuffix(");\n"))
    assert call == 'SENet.provide("class-names"'
    assert len(names) == len(set(names)) == 1000  # a class is chosen by its name
    assert (names[0], names[285], names[999]) == ("tench", "Egyptian cat", "toilet tissue")
