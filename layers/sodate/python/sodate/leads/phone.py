"""Phone numbers as they are typed, stored in E.164 (`+81312345678`), by forms and imports alike."""

from sodate.errors import Invalid
from sodate.leads.text import digits
from sodate.messages import Message

#: Where a number without a country code is, by the language of a form or file.
_REGION = {"ja": "JP", "en": "US"}

#: What is said of a number that can be none.
NO_PHONE = Message("not a phone number; write it as 03-1234-5678 or +81 3 1234 5678")


def region_of(language: str) -> str:
    return _REGION[language]


def to_e164(text: str, region: str) -> str:
    """`０３－１２３４－５６７８` → `+81312345678`. `region`: two letters (ISO 3166).

    Raises: `Invalid` (code `phone`) for what can be no number.
    """
    import phonenumbers  # here: half of the import time of a form post without a phone field

    try:
        number = phonenumbers.parse(digits(text), region)
    except phonenumbers.NumberParseException as error:
        raise Invalid(NO_PHONE, "phone") from error
    if not phonenumbers.is_possible_number(number):
        raise Invalid(NO_PHONE, "phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
