"""Settings: sources and their order, values as text, and what a mistake is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shared.runtime.settings import (
    ServiceSettings,
    SettingsError,
    default_text,
    duration,
    duration_text,
    help_text,
    load,
    load_or_exit,
)


class Ingress(BaseModel):
    """A nested part."""

    model_config = ConfigDict(extra="forbid")

    class_name: str = "nginx"
    hosts: tuple[str, ...] = ()


class RoomSettings(ServiceSettings):
    """A room with fields of its own."""

    max_in_flight: int = Field(16, ge=1, description="Passes that run at once.")
    ingress: Ingress = Field(default_factory=Ingress, description="How traffic comes in.")


def loaded(*arguments: str, **environment: str) -> RoomSettings:
    """Return the settings of a room called reconciler."""
    return load(RoomSettings, "reconciler", arguments=arguments, environment=environment)


def a_file(folder: Path, text: str) -> str:
    """Write a settings file and return its path."""
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_without_any_source_the_defaults_hold() -> None:
    assert loaded() == RoomSettings()


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, "schemaVersion: 1\ninstall: file\nmax_in_flight: 1\nlog_level: debug\n")

    found = loaded("--config", file, "--install=line", DYNAMO_INSTALL="shared", DYNAMO_RECONCILER_MAX_IN_FLIGHT="2")

    assert (found.install, found.max_in_flight, found.log_level) == ("line", 2, "debug")


def test_the_own_variable_wins_over_the_shared_one() -> None:
    found = loaded(DYNAMO_CLAIM_TTL="20s", DYNAMO_RECONCILER_CLAIM_TTL="30s")

    assert found.claim_ttl == timedelta(seconds=30)


def test_the_usual_variable_names_the_kubeconfig() -> None:
    assert loaded(KUBECONFIG="/somewhere/config").kubeconfig == Path("/somewhere/config")
    assert loaded(KUBECONFIG="/a", DYNAMO_KUBECONFIG="/b").kubeconfig == Path("/b")


def test_variables_of_other_programs_and_rooms_are_left_alone() -> None:
    assert loaded(DYNAMO_RBAC_ANYTHING="1", DYN_SYSTEM_PORT="1", PATH="/bin") == RoomSettings()


def test_lists_are_separated_by_commas_and_secrets_stay_hidden() -> None:
    found = loaded(DYNAMO_NATS_URL="nats://a:1, nats://b:2", DYNAMO_ETCD_PASSWORD="open sesame")

    assert found.nats_url == ("nats://a:1", "nats://b:2")
    assert found.etcd_password == SecretStr("open sesame")
    assert "sesame" not in repr(found)


def test_nested_settings_are_set_by_path_and_the_file_is_kept_beside_it(tmp_path: Path) -> None:
    file = a_file(tmp_path, "schemaVersion: 1\ningress:\n  hosts: [a.example.com]\n")

    found = loaded("--config", file, "--set", "ingress.class_name=haproxy", "--set", "reconciler.max_in_flight=3")

    assert found.ingress == Ingress(class_name="haproxy", hosts=("a.example.com",))
    assert found.max_in_flight == 3


def test_a_nested_setting_can_be_given_whole() -> None:
    assert loaded("--ingress", '{"class_name": "haproxy"}').ingress.class_name == "haproxy"


def test_one_file_serves_several_rooms_by_sections(tmp_path: Path) -> None:
    file = a_file(
        tmp_path, "schemaVersion: 1\ninstall: here\nreconciler:\n  max_in_flight: 4\nwatcher:\n  buffer_bytes: 1\n"
    )

    found = loaded("--config", file)

    assert (found.install, found.max_in_flight) == ("here", 4)


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        pytest.param(["--instal", "x"], {}, "option --instal is not known; did you mean --install?", id="option"),
        pytest.param(["--install"], {}, "option --install needs a value", id="option without a value"),
        pytest.param(["--set", "x"], {}, "--set 'x' is not PATH=VALUE", id="path without a value"),
        pytest.param(["--set", "maxinflight=1"], {}, "did you mean max_in_flight?", id="path"),
        pytest.param(
            [],
            {"DYNAMO_RECONCILER_MAX_IN_FLIHGT": "1"},
            "variable DYNAMO_RECONCILER_MAX_IN_FLIHGT is not known; did you mean DYNAMO_RECONCILER_MAX_IN_FLIGHT?",
            id="variable",
        ),
        pytest.param(["--max-in-flight", "0"], {}, "--max-in-flight: Input should be greater", id="value too small"),
        pytest.param(["--claim-ttl", "soon"], {}, "'soon' is no duration", id="no duration"),
        pytest.param(["--install", "Not A Name"], {}, "--install: String should match", id="no name"),
        pytest.param(["--replica", "a\nb"], {}, "--replica: String should match", id="no name of a replica"),
        pytest.param(
            ["--set", "ingress.klass_name=x"],
            {},
            "setting ingress.klass_name is not known; did you mean ingress.class_name?",
            id="nested name",
        ),
        pytest.param(["--set", "ingress.hosts.0.name=x"], {}, "--ingress.hosts: Input should be", id="path too long"),
        pytest.param(["--config", "/nowhere.yaml"], {}, "cannot read the settings file /nowhere.yaml", id="no file"),
    ],
)
def test_a_mistake_is_refused_with_what_to_write_instead(
    arguments: list[str], environment: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load(RoomSettings, "reconciler", arguments=arguments, environment=environment)

    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("schemaVersion: 1\nmax_in_fligt: 2\n", "did you mean max_in_flight?", id="key"),
        pytest.param("schemaVersion: 1\nreconciler: {instal: x}\n", "did you mean install?", id="key in the section"),
        pytest.param("schemaVersion: 1\nreconciler: 7\n", "must be a mapping of settings", id="section"),
        pytest.param("schemaVersion: 2\n", "begins with `schemaVersion: 1`", id="another version"),
        pytest.param("- 1\n", "must be a mapping", id="no mapping"),
        pytest.param("a: [\n", "cannot read the settings file", id="no YAML"),
    ],
)
def test_a_mistake_in_the_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        loaded("--config", a_file(tmp_path, text))

    assert told in str(raised.value)


def test_settings_never_change_and_take_no_unknown_name() -> None:
    with pytest.raises(ValidationError):
        RoomSettings().install = "other"  # type: ignore[misc]  # what the test is about
    with pytest.raises(ValidationError):
        RoomSettings.model_validate({"unknown": 1})


def test_a_settings_object_sees_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTALL", "elsewhere")

    assert RoomSettings().install == "dynamo"


def test_the_help_lists_every_setting_with_variable_and_default() -> None:
    text = help_text(RoomSettings, "reconciler")

    assert all(f"--{name.replace('_', '-')}  (" in text for name in RoomSettings.model_fields)
    assert "--claim-ttl  (DYNAMO_CLAIM_TTL, default: 10s)" in text
    assert "--max-in-flight  (DYNAMO_RECONCILER_MAX_IN_FLIGHT, default: 16)" in text
    assert default_text(RoomSettings, "nats_url") == "nats://127.0.0.1:4222"
    assert default_text(RoomSettings, "etcd_password") == "none"
    assert default_text(RoomSettings, "ingress") == "see the documentation"


def test_help_is_printed_and_ends_the_process_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        loaded("--help")

    assert ended.value.code == 0
    assert "--install" in capsys.readouterr().out


def test_unusable_settings_end_the_process_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reconciler", "--instal", "x"])

    with pytest.raises(SystemExit) as ended:
        load_or_exit(RoomSettings, "reconciler")

    assert ended.value.code == 2
    assert capsys.readouterr().err == "reconciler: option --instal is not known; did you mean --install?\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10.0), ("0.5", 0.5), ("500ms", 0.5), ("10s", 10.0), ("1h30m", 5400.0), ("1d", 86400.0)],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "s", "10 s", "10s5", "-1s", "1w"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


@settings(max_examples=50)
@given(st.integers(0, 10**10))
def test_a_duration_that_is_written_is_read_as_the_same(milliseconds: int) -> None:
    value = timedelta(milliseconds=milliseconds)

    assert duration(duration_text(value)) == value
