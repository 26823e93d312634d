"""Splitting a watch into lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kube.lines import LineSplitter


@settings(max_examples=100)
@given(
    st.lists(st.binary(min_size=1, max_size=20).map(lambda line: line.replace(b"\n", b"x"))),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_lines_come_out_as_they_went_in_however_they_were_cut(lines: list[bytes], sizes: list[int]) -> None:
    raw, splitter, found = b"".join(line + b"\n" for line in lines), LineSplitter(), []
    cuts = (sizes * (len(raw) + 1))[: len(raw) + 1]

    for size in cuts:
        found += splitter.feed(raw[:size])
        raw = raw[size:]

    assert found == lines


def test_empty_lines_and_an_unfinished_one_are_not_given() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"\n\na\n\nb") == [b"a"]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"c\n") == [b"bc"]
