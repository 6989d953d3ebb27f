"""From a step of one version of a scenario to a step of another. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sodate.errors import Invalid
from sodate.leads.contact_state import Enrollment, Visit
from sodate.messages import Message
from sodate.scenarios.program import Program
from sodate.scenarios.steps import END, STAY


@dataclass(frozen=True)
class Migration:
    """`mapping`: id of a step in an old version → id in the new one, `end`, or `stay`: leads at it finish the old
    version. It goes before `removed_steps` of the new version. Other steps keep their id.
    """

    new: Program
    mapping: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises: `Invalid` for a step that the new version does not have."""
        if self.new.is_sequence:
            raise Invalid(
                Message("{id} is a sequence; its enrollments stay on their version", id=self.new.id), "scenario"
            )
        for old, new in self.mapping.items():
            if new not in (END, STAY) and self.new.index_of(new) is None:
                raise Invalid(
                    Message(
                        "--map {old}={new}: version {version} has no step `{new}`",
                        old=old,
                        new=new,
                        version=self.new.version,
                    ),
                    "map",
                )

    def target_of(self, old: Program, index: int) -> int | None:
        """The index in the new version; None: it stays, or its step is missing there (`is_lost`)."""
        name = self._mapped(old, index)
        if name is not None:
            return self.new.end if name == END else self.new.index_of(name)
        found = self.new.index_of(old.step_at(index))
        return found if found is not None else self.new.index_of(old.nodes[index].id)

    def is_lost(self, old: Program, index: int) -> bool:
        """The step is missing in the new version, and nothing says what becomes of leads at it."""
        return self.target_of(old, index) is None and self._mapped(old, index) is None

    def _mapped(self, old: Program, index: int) -> str | None:
        known = {**self.new.removed_steps, **self.mapping}
        return known.get(old.step_at(index)) or known.get(old.nodes[index].id)

    def moved(self, enrollment: Enrollment, target: int) -> Enrollment:
        """The visit stays, since a higher number says that its email was claimed. A due entry of the old version does
        nothing: claims and moves ask for the version, too.
        """
        return replace(
            enrollment,
            version=self.new.version,
            step=target,
            steps=self.new.end,
            visit=enrollment.visit or Visit(0, 0),
        )
