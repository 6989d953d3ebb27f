"""From a step of one version of a scenario to a step of another. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sodate.errors import Invalid
from sodate.leads.contact_state import Enrollment, Visit
from sodate.scenarios.program import Program
from sodate.scenarios.steps import END


@dataclass(frozen=True)
class Migration:
    """`mapping`: id of a step in an old version → id in the new one, or `end`; other steps keep their id."""

    new: Program
    mapping: Mapping[str, str]

    def __post_init__(self) -> None:
        """Raises: `Invalid` for a step that the new version does not have."""
        if self.new.is_sequence:
            raise Invalid(f"{self.new.id} is a sequence; its enrollments stay on their version", "scenario")
        for old, new in self.mapping.items():
            if new != END and self.new.index_of(new) is None:
                raise Invalid(f"--map {old}={new}: version {self.new.version} has no step `{new}`", "map")

    def step_in(self, old: Program, index: int) -> str:
        """The id of the step at which an enrollment is: of the wait, when it is part of an email's node."""
        wait = next((step for step, node in old.aliases if node == index), None)
        return wait or old.nodes[index].id

    def target_of(self, old: Program, index: int) -> int | None:
        """The index in the new version; None: its step is missing there, and nothing is mapped."""
        step, email = self.step_in(old, index), old.nodes[index].id
        for known in (step, email):
            name = self.mapping.get(known)
            if name is not None:
                return self.new.end if name == END else self.new.index_of(name)
        found = self.new.index_of(step)
        return found if found is not None else self.new.index_of(email)

    def moved(self, enrollment: Enrollment, target: int) -> Enrollment:
        """The visit keeps its number, since a higher one says that its email was claimed; it begins a second later, so
        that a due entry of the old version is recognised as another one.
        """
        visit = enrollment.visit or Visit(0, 0)
        return replace(
            enrollment,
            version=self.new.version,
            step=target,
            steps=self.new.end,
            visit=replace(visit, at=visit.at + 1),
        )
