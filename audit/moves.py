"""Triggers that refuse, in the database, every change of state a transition table does not name."""

import pgtrigger


def only(
    transitions: dict[str, set[str]], *, first: tuple[str, ...], field: str = "state"
) -> list[pgtrigger.Trigger]:
    """Return the two triggers of a state field: new rows start in `first`, and only the table's steps are taken."""
    allowed = " OR ".join(
        f"(OLD.{field} = '{old}' AND NEW.{field} IN ({', '.join(repr(str(new)) for new in sorted(news))}))"
        for old, news in transitions.items()
        if news
    )
    starts = ", ".join(repr(str(state)) for state in first)
    return [
        pgtrigger.Trigger(
            name=f"{field}_moves_by_the_table",
            operation=pgtrigger.Update,
            when=pgtrigger.Before,
            condition=pgtrigger.Condition(f"OLD.{field} IS DISTINCT FROM NEW.{field}"),
            func=f"""IF NOT ({allowed}) THEN
                RAISE EXCEPTION '%: no step from {field} % to %', TG_TABLE_NAME, OLD.{field}, NEW.{field}
                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;""",
        ),
        pgtrigger.Trigger(
            name=f"{field}_starts_at_the_start",
            operation=pgtrigger.Insert,
            when=pgtrigger.Before,
            condition=pgtrigger.Condition(f"NEW.{field} NOT IN ({starts})"),
            func=f"""RAISE EXCEPTION '%: a new row cannot start in {field} %', TG_TABLE_NAME, NEW.{field}
                USING ERRCODE = 'check_violation';""",
        ),
    ]
