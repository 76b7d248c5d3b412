"""Whatever a stranger calls a picture or a class, the name we write is one safe part of a path."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sightloop.flows.naming import file_name, folder_name


def safe(name: str) -> bool:
    return (
        0 < len(name.encode()) <= 140
        and not set(name) & set('/\\:*?"<>|\0')
        and name not in (".", "..")
        and not name.startswith(".")
        and name.upper().partition(".")[0] not in ("CON", "NUL", "COM1", "LPT9")
    )


@given(st.text())
@example(".0.jpg")
def test_any_text_becomes_a_safe_file_name(text: str) -> None:
    assert safe(file_name(text))


@given(st.text())
@example(".0")
def test_any_text_becomes_a_safe_folder_name(text: str) -> None:
    assert safe(folder_name(text))


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_classes_never_share_a_folder(one: str, two: str) -> None:
    assert one == two or folder_name(one) != folder_name(two)


def test_ordinary_names_stay_as_they_are() -> None:
    assert folder_name("Barn owl") == "Barn owl"
    assert folder_name("Käfer") == "Käfer"
    assert file_name("IMG_0001.JPG") == "IMG_0001.JPG"
    assert file_name("a.b.c.tiff") == "a.b.c.tiff"


def test_a_name_that_is_a_path_keeps_only_its_last_part() -> None:
    assert file_name("../../etc/passwd") == "passwd"
    assert file_name("C:\\photos\\owl.jpg") == "owl.jpg"


def test_a_long_name_keeps_its_ending() -> None:
    assert file_name("ä" * 300 + ".jpeg").endswith("ä.jpeg")
