"""Model of a form file. `GET /forms/{id}` serves the public part (labels, types, limits); the rest is internal."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.messages import Message
from sodate.playbook.model import Definition, FormOrigin, HttpUrl, Language, Slug, unlike

FieldType = Literal[
    "email", "text", "long_text", "phone", "choice", "multiple_choice", "number", "nps", "date", "checkbox", "hidden"
]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
#: A name that another system gives the field; what begins with `_` is reserved.
Alias = Annotated[str, StringConstraints(pattern=r"^[^_\s\x00-\x1f][^\x00-\x1f]{0,99}$")]
ProfilePath = Annotated[str, StringConstraints(pattern=r"^(primary|secondary)\.[a-z][a-z0-9_]{0,39}$")]

DEFAULT_MAX_LENGTH = {"email": 254, "text": 200, "long_text": 4000, "phone": 40, "hidden": 500}


class Choice(Definition):
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class FormField(Definition):
    name: FieldName
    type: FieldType
    label: Annotated[str, StringConstraints(max_length=200)] = ""
    required: bool = False
    max_length: int | None = Field(default=None, ge=1, le=10_000, description="In characters, after trimming.")
    aliases: tuple[Alias, ...] = Field(
        default=(), max_length=10, description="Other names under which a post may send it, such as `your-email`."
    )
    choices: tuple[Choice, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    maps_to: ProfilePath | None = Field(
        default=None, description="`primary.name` (基礎情報) or `secondary.interest` (二次情報); empty: answer only."
    )

    @property
    def length_limit(self) -> int:
        return self.max_length or DEFAULT_MAX_LENGTH.get(self.type, 200)

    @model_validator(mode="after")
    def _choices_belong_to_choice_fields(self) -> Self:
        if self.type in ("choice", "multiple_choice") and not self.choices:
            raise ValueError(Message("`choices` is required for choice and multiple_choice fields"))
        if self.choices and self.type not in ("choice", "multiple_choice", "hidden"):
            raise ValueError(Message("`choices` belongs to fields of type choice, multiple_choice and hidden only"))
        return self


class FormConsent(Definition):
    """How this form requests consent (特定電子メール法 3条: prior opt-in with evidence)."""

    field: FieldName = Field(description="Name of the checkbox field that means yes.")
    topics: tuple[Slug, ...] = Field(min_length=1, max_length=10)
    wording: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="The exact words beside the checkbox; their hash is stored with every consent."
    )
    double_opt_in: bool = True
    template: Slug | None = Field(default=None, description="Transactional template with {{ opt_in_url }}.")

    @model_validator(mode="after")
    def _double_opt_in_needs_a_template(self) -> Self:
        if self.double_opt_in and self.template is None:
            raise ValueError(
                Message("`double_opt_in: true` needs `template`: the transactional email that carries {{ opt_in_url }}")
            )
        return self


class Survey(Definition):
    """The form is a survey: a post is also the activity `survey_answered`, with the answer of its field `nps`."""

    seminar: Slug | None = Field(default=None, description="The seminar that it is about.")
    product: Slug | None = Field(default=None, description="The product that it is about.")


class BotDefence(Definition):
    token_required: bool = Field(default=False, description="Quarantine posts without a fresh `_token`.")
    minimum_seconds: int = Field(default=2, ge=0, le=600)
    maximum_hours: int = Field(default=24, ge=1, le=168)
    opt_in_emails_per_hour: int = Field(
        default=300, ge=1, le=100_000, description="Opt-in emails of this form per hour (UTC); further ones wait."
    )
    tokenless_posts_per_hour: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="Posts without a `_token` per hour (UTC); further ones go to quarantine.",
    )
    captcha: Literal["none", "turnstile"] = "none"
    captcha_hostname: str | None = None


class Form(Definition):
    id: Slug
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    language: Language = "ja"
    status: Literal["open", "closed"] = "open"
    origins: tuple[FormOrigin, ...] = Field(
        default=(),
        max_length=20,
        description="Sites whose pages may post this form from a browser; `http://localhost:*`: any port.",
    )
    redirects: tuple[HttpUrl, ...] = Field(
        default=(), max_length=20, description="Where an HTML post may be sent afterwards; the first is the default."
    )
    fields: tuple[FormField, ...] = Field(min_length=1, max_length=60)
    unknown_fields: Literal["refuse", "ignore"] = Field(
        default="refuse",
        description="A post with a name that no field has is refused, or taken without it.",
    )
    consent: FormConsent | None = None
    survey: Survey | None = None
    bots: BotDefence = BotDefence()

    @property
    def email_field(self) -> FormField:
        return next(field for field in self.fields if field.type == "email")

    @property
    def nps_field(self) -> str | None:
        """Name of the field with the answer from 0 to 10."""
        return next((field.name for field in self.fields if field.type == "nps"), None)

    @model_validator(mode="after")
    def _one_address_and_known_consent_field(self) -> Self:
        names = [field.name for field in self.fields]
        unlike(names, ("fields",), "name")
        names += [alias for field in self.fields for alias in field.aliases]
        if len(set(names)) != len(names):
            raise ValueError(Message("one of the `aliases` is also the name or an alias of another field"))
        if [field.type for field in self.fields].count("email") != 1 or not self.email_field.required:
            raise ValueError(Message("exactly one field must have `type: email`, and it must be `required: true`"))
        if [field.type for field in self.fields].count("nps") > (1 if self.survey else 0):
            raise ValueError(Message("a field of `type: nps` goes with `survey`, and a survey has one at most"))
        if self.consent and not any(f.name == self.consent.field and f.type == "checkbox" for f in self.fields):
            raise ValueError(
                Message("`consent.field: {field}` must name a checkbox field of this form", field=self.consent.field)
            )
        return self
