"""services/Dockerfile makes one image for each service, and installs nothing that the lock files do not name."""

import pytest

from tests.contract.compose.dockerfile import Stage, line_of, stages
from tests.contract.compose.reading import ROOT, Service, services

STAGES = stages()
BUILT = {name: service for name, service in services().items() if service.target}
ROOMS = ("watcher", "reconciler", "rbac", "discovery", "webhook")


@pytest.mark.parametrize("service", BUILT.values(), ids=BUILT)
def test_every_target_of_the_compose_file_is_a_stage(service: Service) -> None:
    assert service.target in STAGES


@pytest.mark.parametrize("room", ROOMS)
def test_an_image_runs_its_service_as_the_compose_file_does(room: str) -> None:
    assert STAGES[room].command == list(BUILT[room].command)


@pytest.mark.parametrize("target", [*ROOMS, "dynamoctl"])
def test_what_runs_in_a_cluster_is_installed_from_the_lock_alone(target: str) -> None:
    assert STAGES[target].base == "service"
    assert STAGES["service"].values("COPY") == ["--from=installed /opt/dynamo /opt/dynamo"]
    assert STAGES["installed"].base == "dependencies"
    assert STAGES["installed"].values("COPY") == ["--from=project /wheels /wheels"]
    assert STAGES["dependencies"].values("COPY") == ["requirements.lock ./"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_packages_are_installed_with_hashes_or_without_an_index(stage: Stage) -> None:
    runs = [run for run in stage.values("RUN") if "pip install" in run]

    assert all("--require-hashes" in run or "--no-index --no-deps" in run for run in runs)


@pytest.mark.parametrize("target", [*ROOMS, "dynamoctl", "lab"])
def test_images_run_under_a_number_that_is_not_root(target: str) -> None:
    users = [user for stage in line_of(target) for user in stage.values("USER")]

    assert users == ["1000:1000"]


def test_everything_that_is_copied_exists_and_reaches_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    sources = {source for stage in STAGES.values() for source in stage.sources}

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {source.split("/")[0] for source in sources} == allowed


def test_every_stage_begins_from_a_stage_or_the_python_image() -> None:
    assert {stage.base for stage in STAGES.values()} - set(STAGES) == {"python:${PYTHON_VERSION}-slim"}
