"""The linter of prose finds what it should, where readers read it, and nothing else."""

import re
import subprocess

import pytest

from tools import prose

PATHS, RULES = prose.rules()


def found(pieces) -> list[str]:
    return [words for _, text in pieces for words, _ in prose.turns(text, RULES)]


@pytest.mark.parametrize(
    "text",
    [
        "A tanh is no sigmoid.",
        "Whoever reads this.",
        "It is made anew.",
        "The gates move, too. Too few do.",
        "A list:\n\n- one\n- `x` stands in\n  the middle",
        "| a | b |\n|---|---|\n| c | mend it |",
        ":::{admonition} Whoever reads\n:class: tip\n\nText.\n:::",
        "````{grid}\n```{grid-item-card} Title\nIt is no good.\n```\n````",
        "```{question} Why?\n:label: q-a\n- [x] So. :: It hangs on z.\n```",
        "{try}`mend it <explorer: picture=cat>`",
    ],
)
def test_the_linter_finds(text: str):
    assert len(found(prose.markdown(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "There is no batch norm. It is no longer here. C stands for channels.",
        "```python\nx = mend(anew)  # whoever\n```",
        "`is no good`, $is no good$, [a link](mend.html)",
        "{glue:text}`behind`",
    ],
)
def test_the_linter_leaves_alone(text: str):
    assert found(prose.markdown(text)) == []


def test_it_names_the_line_and_reads_across_line_ends():
    text = "# Title\n\nOne.\n\nIt is\nno good.\n"
    assert [line for line, words in prose.markdown(text) if found([(line, words)])] == [5]


def test_it_reads_docstrings_messages_and_comments():
    code = 'def f():\n    """This is no good."""\n    raise ValueError(f"mend {f} first")  # look after it\n'
    assert len(found(prose.python(code))) == 3
    script = "// Whoever reads.\nconst x = h('p', {}, \"It is made anew.\"); // fine\n"
    assert len(found(prose.typescript(script))) == 2
    assert found(prose.python("mend = anew = 'whoever'\n")) == []  # names and keys are not prose


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.avoid.pattern)
def test_a_rule_says_what_to_write(rule: prose.Rule):
    assert rule.write
    assert not rule.avoid.search("")


def test_it_reads_other_files_line_by_line(monkeypatch, tmp_path):
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    (tmp_path / "seen.sh").write_text("true\n# This is no good.\n")
    (tmp_path / "look.css").write_text(".stands { color: red; } /* This is no good. */\n")
    assert [place for place, _, _ in prose.check(["*.*"], RULES)] == ["look.css:1", "seen.sh:2"]
    assert [place for place, _, _ in prose.check(["*.*", "!*.css"], RULES)] == ["seen.sh:2"]


def test_all_that_the_repository_holds_is_read():
    """Every file with comments or text, except this one and the rules, which both quote bad English."""
    listed = subprocess.run(["git", "-C", prose.ROOT, "ls-files"], capture_output=True, text=True, check=False).stdout.split()
    kinds = {".py", ".ipynb", ".md", ".yml", ".ts", ".js", ".mjs", ".cjs", ".css", ".sh", ".toml"}
    read = prose.files(PATHS)
    missed = {path for path in listed if (prose.ROOT / path).suffix in kinds and prose.ROOT / path not in read}
    assert missed <= {"tests/test_plain_english.py", "tools/prose_rules.yml"}
    assert listed or not (prose.ROOT / ".git").exists()


@pytest.mark.parametrize("pattern", PATHS)
def test_every_path_is_there(pattern: str):
    assert list(prose.ROOT.glob(pattern.removeprefix("!")))


def test_main_says_where_and_fails(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    (tmp_path / "a.md").write_text("Fine.\n\nThis is no good.\n")
    monkeypatch.setattr("sys.argv", ["prose", "*.md"])
    with pytest.raises(SystemExit, match="1 turn"):
        prose.main()
    assert re.search(r"^a\.md:3: .*This is no good.*: write is not a", capsys.readouterr().out)
