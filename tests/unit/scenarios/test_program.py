"""Programs: nodes in a stable order, waits that are part of a send, and every fault for which a graph is refused."""

from typing import Any

import pytest
from sodate.scenarios.graph import faults_of
from sodate.scenarios.program import Program, ScenarioInvalid, compile_scenario, compile_sequence
from sodate.scenarios.sequence import Sequence

from tests.unit.scenarios.samples import program, scenario, webinar

IN_A_DAY = {"days": 1, "at": "10:00"}
REGISTERED = {"activity": "seminar_registered"}
RENEWAL = {"date": "primary.renewal", "days": -30, "at": "10:00", "already_past": "skip", "missing": "end"}


def send(id_: str, **keys: Any) -> dict[str, Any]:
    return {"id": id_, "send": "t", **keys}


def wait(id_: str, wait_: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    return {"id": id_, "wait": wait_ or IN_A_DAY, **keys}


def wait_for(id_: str, on_timeout: str = "end", **keys: Any) -> dict[str, Any]:
    return {"id": id_, "wait_for": REGISTERED, "timeout": IN_A_DAY, "on_timeout": on_timeout, **keys}


def branch(id_: str, then: str, otherwise: str) -> dict[str, Any]:
    case = {"when": {"attribute": "primary.size", "equals": "big"}, "then": then}
    return {"id": id_, "branch": [case], "otherwise": otherwise}


def shape(compiled: Program) -> list[tuple[str, tuple[int, ...], int | None]]:
    return [(node.id, node.next, node.skip) for node in compiled.nodes]


def test_a_step_leads_to_the_one_below_it_or_to_the_one_that_it_names() -> None:
    compiled = program(send("a"), branch("b", "d", "c"), send("c", then="end"), send("d", then="c"))
    assert shape(compiled) == [("a", (1,), None), ("b", (3, 2), None), ("c", (4,), None), ("d", (2,), None)]


def test_a_wait_in_front_of_a_send_is_part_of_its_node() -> None:
    compiled = program(send("a"), wait("w"), send("b"))
    assert shape(compiled) == [("a", (1,), None), ("b", (2,), None)]
    assert compiled.nodes[1].wait is not None
    assert [compiled.index_of(name) for name in ("a", "w", "b", "x")] == [0, 1, 1, None]


def test_a_wait_at_the_start_is_part_of_the_send_below_it() -> None:
    assert shape(program(wait("w"), send("a"))) == [("a", (1,), None)]


@pytest.mark.parametrize(
    "steps",
    [
        (branch("b", "w", "s"), wait("w"), send("s")),  # a second way to the send, without the wait
        (wait("w"), {"id": "tag", "set": [{"add_tag": "x"}]}, send("s")),
        (wait("w", then="s"), send("a", then="end"), send("s", then="a")),  # the first node must stay the first one
        (send("a"), wait("w", then="end")),
        (send("a"), wait("w", then="a")),
    ],
)
def test_a_wait_with_other_neighbours_has_a_node_of_its_own(steps: tuple[dict[str, Any], ...]) -> None:
    compiled = program(*steps)
    assert not compiled.aliases
    assert [node.id for node in compiled.nodes] == [step["id"] for step in steps]


def test_a_wait_for_a_date_has_a_node_of_its_own_and_knows_what_it_skips() -> None:
    """The date is in the profile, which the email sender does not read before the claim."""
    assert shape(program(wait("w", RENEWAL), send("a"), send("b"))) == [
        ("w", (1,), 2), ("a", (2,), None), ("b", (3,), None)
    ]  # fmt: skip
    alone = program(wait("w", RENEWAL), {"id": "tag", "set": [{"add_tag": "x"}]}, send("b"))
    assert shape(alone) == [("w", (1,), 2), ("tag", (2,), None), ("b", (3,), None)]
    assert shape(program(send("a"), wait("w", RENEWAL))) == [("a", (1,), None), ("w", (2,), 2)]


def test_the_webinar_sample_compiles_to_its_graph() -> None:
    compiled = compile_scenario(webinar(), 3)
    by_id = {node.id: node for node in compiled.nodes}
    targets = {
        name: tuple(compiled.nodes[index].id if index < compiled.end else "end" for index in node.next)
        for name, node in by_id.items()
    }
    assert targets["registers"] == ("day-before", "second-invitation")
    assert targets["registers-late"] == ("day-before", "not-interested")
    assert targets["attends"] == ("attended", "missed")
    assert targets["attended"] == ("call", "thanks")
    assert by_id["day-before"].skip == compiled.index_of("attends")
    assert compiled.version == 3


def test_the_same_definition_compiles_to_the_same_program() -> None:
    assert compile_scenario(webinar(), 3) == compile_scenario(webinar(), 3)


def test_node_n_of_a_sequence_is_its_step_n() -> None:
    steps = [{"id": f"s{n}", "template": f"t{n}", "delay": {"days": n}, "valid_hours": n + 1} for n in range(4)]
    sequence = Sequence.model_validate({"id": "q", "topic": "news", "steps": steps})
    compiled = compile_sequence(sequence, 7)
    assert [(node.id, node.next) for node in compiled.nodes] == [(f"s{n}", (n + 1,)) for n in range(4)]
    assert [getattr(node.step, "send", None) for node in compiled.nodes] == ["t0", "t1", "t2", "t3"]
    assert [getattr(node.step, "valid_hours", None) for node in compiled.nodes] == [1, 2, 3, 4]


FAULTS: dict[str, tuple[tuple[dict[str, Any], ...], str, tuple[str | int, ...]]] = {
    "two steps with one id": ((send("a"), send("a")), "step-id", ("steps", 1, "id")),
    "a step with the id end": ((send("end"),), "step-id", ("steps", 0, "id")),
    "an unknown then": ((send("a", then="b"),), "step-exists", ("steps", 0, "then")),
    "an unknown timeout": ((wait_for("a", "b"),), "step-exists", ("steps", 0, "on_timeout")),
    "an unknown case": ((branch("a", "b", "end"),), "step-exists", ("steps", 0, "branch", 0, "then")),
    "an unknown otherwise": ((branch("a", "end", "b"),), "step-exists", ("steps", 0, "otherwise")),
    "an unreachable step": ((send("a", then="end"), send("b")), "step-unreachable", ("steps", 1, "id")),
    "a step below an end": (({"id": "a", "end": "x"}, send("b")), "step-unreachable", ("steps", 1, "id")),
    "a step to itself": ((send("a", then="a"),), "cycle", ("steps", 0, "id")),
    "a cycle of sends": ((send("a"), send("b", then="a")), "cycle", ("steps", 1, "id")),
    "a cycle over a branch": ((send("a"), branch("b", "a", "end")), "cycle", ("steps", 1, "id")),
    "a cycle over no time": ((wait("a", {"days": 0}), send("b", then="a")), "cycle", ("steps", 1, "id")),
    "a cycle over a date": (
        (wait("a", {**RENEWAL, "already_past": "continue"}), send("b", then="a")),
        "cycle",
        ("steps", 1, "id"),
    ),
    "a cycle over a time": ((wait("a", {"until": "10:00"}), send("b", then="a")), "cycle", ("steps", 1, "id")),
    "a cycle over a weekday": ((wait("a", {"weekday": "mon"}), send("b", then="a")), "cycle", ("steps", 1, "id")),
    "a cycle over a skip": (
        (wait("a", RENEWAL), wait("b", then="a")),
        "cycle",
        ("steps", 0, "id"),
    ),
    "a cycle over what happened before": ((wait_for("a"), send("b", then="a")), "cycle", ("steps", 1, "id")),
    "a cycle over a timeout": (
        (wait_for("a", "a", since="step", timeout={"days": 0}),),
        "cycle",
        ("steps", 0, "id"),
    ),
    "a wait of no time": ((wait("a", {"hours": 0}),), "wait-empty", ("steps", 0, "wait")),
    "a timeout of no time": ((wait_for("a", timeout={"minutes": 0}),), "wait-empty", ("steps", 0, "timeout")),
    "itself without a wait": ((send("a"), {"id": "b", "enroll": "s"}), "enroll-itself", ("steps", 1, "enroll")),
    "a skip over a branch": (
        (wait("w", RENEWAL), branch("b", "end", "end")),
        "skip-one-exit",
        ("steps", 0, "wait"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_graph_with_a_fault_is_refused_with_path_and_hint(name: str) -> None:
    steps, rule, path = FAULTS[name]
    faults = faults_of(scenario(*steps))
    assert [(fault.rule, fault.path) for fault in faults] == [(rule, path)]
    assert faults[0].hint
    with pytest.raises(ScenarioInvalid) as caught:
        program(*steps)
    assert caught.value.faults == faults


@pytest.mark.parametrize(
    "steps",
    [
        (send("a"), wait("w", then="a")),
        (send("a"), wait("w", {"until": "10:00"}), wait("v", {"hours": 1}, then="a")),
        (send("a"), wait_for("w", "a", since="step")),
        (wait("w"), {"id": "b", "enroll": "s"}),
        (send("a"), {"id": "b", "enroll": "other"}),
    ],
)
def test_a_cycle_with_a_wait_is_accepted(steps: tuple[dict[str, Any], ...]) -> None:
    assert not faults_of(scenario(*steps))


def test_every_fault_is_listed_not_only_the_first() -> None:
    faults = faults_of(scenario(send("a", then="x"), send("a", then="y")))
    assert [fault.rule for fault in faults] == ["step-id", "step-exists", "step-exists"]


def test_a_chain_of_200_steps_is_judged_without_recursion() -> None:
    assert not faults_of(scenario(*(send(f"s{n}") for n in range(200))))
