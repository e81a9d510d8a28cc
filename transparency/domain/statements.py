"""Statements of reasons in the fields of the DSA Transparency Database (Regulation (EU) 2022/2065, Article 24(5)).

For whoever hands them in, never for a public page: one row a sanction would tell every count a report hides. Words that
people wrote are left out, because they may be about somebody; the grounds are told in standard wording.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from enforcement.models import Sanction
from enforcement.states import FlagSource, SanctionKind, SanctionReason, SanctionTarget
from policies.models import Category
from transparency.domain.quarters import Quarter

PREFIX = {
    "category": "STATEMENT_CATEGORY_",
    "other": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
}
PROVISION = {
    SanctionKind.LIMIT: "DECISION_PROVISION_PARTIAL_SUSPENSION",
    SanctionKind.SUSPEND: "DECISION_PROVISION_TOTAL_SUSPENSION",
    SanctionKind.TERMINATE: "DECISION_PROVISION_TOTAL_TERMINATION",
}
PARTS = {  # of the service, where not all of the access is touched
    SanctionKind.SUSPEND: "DECISION_PROVISION_PARTIAL_SUSPENSION",
    SanctionKind.TERMINATE: "DECISION_PROVISION_PARTIAL_TERMINATION",
}
ACCOUNT = {
    SanctionKind.SUSPEND: "DECISION_ACCOUNT_SUSPENDED",
    SanctionKind.TERMINATE: "DECISION_ACCOUNT_TERMINATED",
}
NOTIFIED = {
    FlagSource.PARTNER: "SOURCE_TRUSTED_FLAGGER",
    FlagSource.PUBLIC: "SOURCE_TYPE_OTHER_NOTIFICATION",
    FlagSource.HOLDER: "SOURCE_TYPE_OTHER_NOTIFICATION",
    FlagSource.INTEGRATOR: "SOURCE_TYPE_OTHER_NOTIFICATION",
    FlagSource.LEAK: "SOURCE_TYPE_OTHER_NOTIFICATION",
}
CHUNK = 500


@dataclass(frozen=True)
class Statement:
    """One row, named as the database's fields are; empty where a field does not apply."""

    puid: str
    decision_visibility: str
    decision_monetary: str
    decision_provision: str
    decision_account: str
    account_type: str
    decision_ground: str
    incompatible_content_ground: str
    incompatible_content_explanation: str
    incompatible_content_illegal: str
    category: str
    category_addition: str
    content_type: str
    content_type_other: str
    territorial_scope: str
    application_date: str
    end_date_service_restriction: str
    end_date_account_restriction: str
    decision_facts: str
    source_type: str
    automated_detection: str
    automated_decision: str


def of(quarter: Quarter) -> Iterator[Statement]:
    """Yield a statement for each restriction that took effect in the quarter, oldest first; a warning is none."""
    found = Sanction.objects.filter(active_at__gte=quarter.start, active_at__lt=quarter.until)
    found = found.exclude(kind=SanctionKind.WARN).order_by("active_at", "pk")
    found = found.select_related("owner", "guidelines").annotate(
        flagged_by=F("case__flags__source"), first_flag=F("case__flags__pk")
    )
    rows = found.order_by("active_at", "pk", "first_flag").distinct("active_at", "pk")
    names = {
        (version, code): (name, maps)
        for version, code, name, maps in Category.objects.values_list("guidelines", "code", "name", "maps")
    }
    for sanction in rows.iterator(chunk_size=CHUNK):
        name, maps = names.get((sanction.guidelines_id, sanction.category), (sanction.category, {}))
        source = NOTIFIED.get(sanction.flagged_by, "SOURCE_VOLUNTARY")
        with translation.override(settings.LANGUAGE_CODE):  # one file, whoever asks for it
            told = _one(sanction, name, maps.get("dsa", []), source)
        yield told


def _one(sanction: Sanction, category: str, dsa: list[str], source: str) -> Statement:
    kind, is_account = SanctionKind(sanction.kind), sanction.target == SanctionTarget.OWNER
    whole = PROVISION[kind] if sanction.target == SanctionTarget.GRANT else PARTS.get(kind, PROVISION[kind])
    ends = _day(sanction.ends_at)
    named = [f"{PREFIX['category']}{each}" for each in dsa] or [PREFIX["other"]]
    ground = str(SanctionReason(sanction.reason_code).label)
    return Statement(
        puid=hashlib.sha256(f"statement:{sanction.number}".encode()).hexdigest()[:32],
        decision_visibility="",
        decision_monetary="",
        decision_provision="" if is_account and kind in ACCOUNT else whole,
        decision_account=ACCOUNT.get(kind, "") if is_account else "",
        account_type=_account_type(sanction),
        decision_ground="DECISION_GROUND_INCOMPATIBLE_CONTENT",
        incompatible_content_ground=f"Usage guidelines {sanction.guidelines.version}: {category}",
        incompatible_content_explanation=ground,
        incompatible_content_illegal="",
        category=named[0],
        category_addition=";".join(named[1:]),
        content_type="CONTENT_TYPE_OTHER",
        content_type_other="Use of a programming interface",
        territorial_scope="",
        application_date=_day(sanction.active_at),
        end_date_service_restriction="" if is_account else ends,
        end_date_account_restriction=ends if is_account else "",
        decision_facts=_("%(ground)s; found under “%(category)s”. The facts were told to the recipient.")
        % {"ground": ground, "category": category},
        source_type=source,
        automated_detection=f"AUTOMATED_DETECTION_{'YES' if sanction.detected_automatically else 'NO'}",
        automated_decision=f"AUTOMATED_DECISION_{'FULLY' if sanction.is_automatic else 'NOT_AUTOMATED'}",
    )


def _account_type(sanction: Sanction) -> str:
    return f"ACCOUNT_TYPE_{'BUSINESS' if sanction.owner.organisation_id else 'PRIVATE'}"


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d") if at else ""
