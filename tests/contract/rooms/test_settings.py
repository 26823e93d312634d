"""The settings of every room: documented, safe by default, and never two of one name with two meanings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.runtime.settings import ServiceSettings, help_text, load
from tests.contract.rooms.inspection import ROOMS, settings_of


@pytest.mark.parametrize("room", ROOMS)
def test_every_setting_is_described_in_a_sentence(room: str) -> None:
    fields = settings_of(room).model_fields

    assert [name for name, field in fields.items() if not (field.description or "").endswith(".")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_starts_without_any_setting(room: str) -> None:
    assert load(settings_of(room), room, arguments=[], environment={})


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_never_changes_what_a_shared_setting_means(room: str) -> None:
    own = settings_of(room).model_fields

    changed = [name for name, field in ServiceSettings.model_fields.items() if own[name].annotation != field.annotation]
    assert changed == []


@pytest.mark.parametrize("room", ROOMS)
def test_durations_are_durations_and_secrets_are_secrets(room: str) -> None:
    fields = settings_of(room).model_fields
    times = ("timeout", "interval", "ttl", "delay", "age")
    suspects = {name: field.annotation for name, field in fields.items() if name.endswith(times)}

    assert {name for name, annotation in suspects.items() if annotation is not timedelta} == set()
    assert {name for name, field in fields.items() if "password" in name and field.annotation is not SecretStr} == set()


@pytest.mark.parametrize("room", ROOMS)
def test_the_help_of_a_room_can_be_written(room: str) -> None:
    assert f"python -m services.{room}" in help_text(settings_of(room), room)
