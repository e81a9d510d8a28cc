"""The ledger and its seals. Rows are written by `audit.ledger` and `audit.seals`, and never change."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit.events import Event


def append_only() -> list[pgtrigger.Trigger]:
    """Return the triggers that let a table only grow."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            level=pgtrigger.Statement,
            func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;",
        ),
    ]


def events() -> list[tuple[str, Any]]:
    """Return the choices of `event`; named by function, so that a new event needs no migration of the ledger."""
    return Event.choices


def append_only_but_blanked_once(field: str) -> list[pgtrigger.Trigger]:
    """Return the triggers of a table that only grows, where `field` (JSON) may be blanked a single time.

    The one update they let through sets `erased_at`, and leaves of the field what was there before, or less, beside
    the mark `{"erased": true, "digest": "<salt>:<hash of what was there>"}`. Nothing else may differ.
    """
    grows, no_truncate = append_only()
    return [
        pgtrigger.Protect(name=grows.name, operation=pgtrigger.Delete),
        no_truncate,
        pgtrigger.Trigger(
            name="blanked_once",
            operation=pgtrigger.Update,
            when=pgtrigger.Before,
            func=f"""IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
                AND NEW.{field} -> 'erased' = 'true'::jsonb
                AND NEW.{field} ->> 'digest' ~ '^[0-9a-f]{{16}}:[0-9a-f]{{32}}$'
                AND NEW.{field} - 'erased' - 'digest' <@ OLD.{field}
                AND to_jsonb(NEW) - '{field}' - 'erased_at' = to_jsonb(OLD) - '{field}' - 'erased_at'
                THEN RETURN NEW; END IF;
                RAISE EXCEPTION '% only grows; its {field} may be blanked once', TG_TABLE_NAME;""",
        ),
    ]


class LedgerEntry(models.Model):
    """One event. Holds ids, codes and figures; what people typed lives elsewhere and is referred to by digest."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(help_text=_("When it happened, as the deciding function was told."))
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    event = models.CharField(max_length=60, choices=events)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    actor = models.CharField(max_length=60, help_text=_("user:<id> or system:<name>"))
    reason = models.CharField(
        max_length=80, blank=True, help_text=_("A code, or a salted digest of a written reason.")
    )
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        default_permissions = ()
        triggers = append_only()
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="ledger_subject"),
            models.Index(fields=["event", "at"], name="ledger_event"),
            models.Index(fields=["actor", "id"], name="ledger_actor"),
            models.Index(fields=["at"], name="ledger_at"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_type} {self.subject_id}"


class Seal(models.Model):
    """A link of the hash chain over the entries it covers; see `audit.seals`."""

    number = models.BigIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    entries = models.PositiveIntegerField()
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        default_permissions = ()
        ordering = ["number"]
        triggers = append_only()

    def __str__(self) -> str:
        return _("seal %(number)d over %(entries)d entries") % {
            "number": self.number,
            "entries": self.entries,
        }


class SealedEntry(models.Model):
    """Which seal covers which entry, and what the entry looked like.

    A table of its own, so that sealing changes no row of the ledger: that one only ever grows.
    """

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, primary_key=True, db_constraint=False)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="members")
    hash = models.BinaryField(max_length=32, help_text=_("SHA-256 of the entry's canonical form."))

    class Meta:
        default_permissions = ()
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.seal_id}"
