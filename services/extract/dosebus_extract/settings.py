"""What extract needs to know beside what every service does."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from dosebus.settings import ServiceSettings
from dosebus_extract.people import Keeping, PeoplePolicy
from dosebus_extract.read import ReadOptions


class ExtractSettings(ServiceSettings):
    """Settings of extract. What a page configures (`config.setting`) wins over the people policy given here."""

    extract_role: Literal["all", "record", "skin"] = "all"
    """What this process does: all of it, all but skin dose maps, or skin dose maps alone."""
    skin_seconds: float = Field(default=60.0, gt=0)
    """The time for one study's skin dose map; events that come up later are left out and named."""
    pseudonym_key: SecretStr = SecretStr("")
    """Secret of the keyed pseudonyms; whoever has it can test guesses, whoever loses it loses the sums over time."""
    keep_patient_name: Keeping = "none"
    keep_patient_id: Keeping = "pseudonym"
    keep_accession_number: Keeping = "plain"
    keep_patient_birth_date: Keeping = "none"
    not_patient_id_patterns: tuple[str, ...] = ()
    not_patient_name_patterns: tuple[str, ...] = ()
    keep_pixel_data: bool = False
    """Whether images stay whole in the archive; otherwise their header is kept once they were read."""
    ignored_observer_uid_models: tuple[str, ...] = ReadOptions().ignored_observer_uid_models

    dose_screen_least_confidence: float = Field(
        default=ReadOptions().dose_screen_least_confidence, ge=0, le=1
    )
    """CT dose screens read with less confidence are kept for review instead of recorded; 1 records none."""
    ocr_program: str = ReadOptions().ocr_program
    """The program that reads dose screens; where it is not installed, they are ignored with that reason."""
    ocr_seconds: float = Field(default=ReadOptions().ocr_seconds, gt=0)

    @model_validator(mode="after")
    def _has_the_key_it_needs(self) -> Self:
        kept = (self.keep_patient_name, self.keep_patient_id, self.keep_accession_number)
        if "pseudonym" in kept and not self.pseudonym_key.get_secret_value():
            raise ValueError(
                "set DOSEBUS_PSEUDONYM_KEY or DOSEBUS_PSEUDONYM_KEY_FILE: pseudonyms need a secret key"
            )
        return self

    def people_policy(self) -> PeoplePolicy:
        """The policy that these settings make."""
        return PeoplePolicy(
            patient_name=self.keep_patient_name,
            patient_id=self.keep_patient_id,
            accession_number=self.keep_accession_number,
            patient_birth_date=self.keep_patient_birth_date,
            not_patient_id_patterns=self.not_patient_id_patterns,
            not_patient_name_patterns=self.not_patient_name_patterns,
        )

    def read_options(self) -> ReadOptions:
        """How objects are read."""
        return ReadOptions(
            ignored_observer_uid_models=self.ignored_observer_uid_models,
            dose_screen_least_confidence=self.dose_screen_least_confidence,
            ocr_program=self.ocr_program,
            ocr_seconds=self.ocr_seconds,
        )
