"""The operation that makes many tables at once makes them, and takes them back, as one operation for each would."""

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from config.tables import Tables

pytestmark = pytest.mark.django_db
SHELF_AND_BOOK = Tables(
    [
        CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
        CreateModel(
            "Book",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("shelf", models.ForeignKey("throwaway.shelf", on_delete=models.PROTECT)),
            ],
            {"constraints": [models.UniqueConstraint(fields=["shelf"], name="one_book_a_shelf")]},
        ),
    ]
)


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("throwaway_")}


def test_tables_are_made_with_what_belongs_to_them_and_taken_back():
    before, after = ProjectState(), ProjectState()
    SHELF_AND_BOOK.state_forwards("throwaway", after)

    with connection.schema_editor() as editor:
        SHELF_AND_BOOK.database_forwards("throwaway", editor, before, after)
    made = tables()
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "throwaway_book")
    with connection.schema_editor() as editor:
        SHELF_AND_BOOK.database_backwards("throwaway", editor, after, before)

    assert (made, tables()) == ({"throwaway_shelf", "throwaway_book"}, set())
    assert "one_book_a_shelf" in constraints
    assert [one["foreign_key"] for one in constraints.values() if one["foreign_key"]] == [
        ("throwaway_shelf", "id")
    ]


def test_models_that_were_made_before_are_made_anew():
    state = ProjectState()
    assert state.apps.get_models() == []

    SHELF_AND_BOOK.state_forwards("throwaway", state)

    assert [model.__name__ for model in state.apps.get_models()] == ["Shelf", "Book"]
