import pytest
from lpb_cli.toolchain.lean_header import read_header


@pytest.mark.parametrize(
    ("source", "imports"),
    [
        ("module\npublic import A\nimport B.C\n\ndef x := 1", ("A", "B.C")),
        ("import A import B\nimport all C public meta import D\n", ("A", "B", "C", "D")),
        (
            "-- import X\n/- import Y /- nested -/ -/ module /- z -/ prelude\nimport «A b».C",
            ("A b.C",),
        ),
        ("/-! doc -/\nimport A", ()),
        ("module\n/-- doc -/ import A", ()),
        ("import A\ndef import' := 1\nimport B", ("A",)),
        ("import\n  A\n  import\n  B", ("A", "B")),
        ("importA", ()),
        ("", ()),
        ("import", ()),
    ],
)
def test_imports_are_read_as_lean_reads_them(source: str, imports: tuple[str, ...]) -> None:
    assert read_header(source).imports == imports


def test_the_header_ends_where_the_first_command_begins() -> None:
    source = "module\npublic import A import all B\n\n/-! Title -/\ndef x := 1\n"
    header = read_header(source)
    assert header.commands == ("public import A", "import all B")
    assert source[header.end :] == "\n\n/-! Title -/\ndef x := 1\n"
