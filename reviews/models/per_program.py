"""What is set for each program in rows that only grow: the latest one counts."""

from django.db import models


class PerProgramQuerySet(models.QuerySet):
    def in_force(self) -> "PerProgramQuerySet":
        """The row of each program that counts."""
        return self.order_by("program_id", "-pk").distinct("program_id").select_related("set_by")
