"""Together: what its operations do one by one, with the models made once."""

from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from workspaces.operations import Together

KEY = ("id", models.BigAutoField(primary_key=True))
CHANGES = [
    migrations.RemoveIndex("deal", "by_name"),
    migrations.AddField("deal", "buyer", models.ForeignKey("shop.Person", models.CASCADE, null=True)),
    migrations.AddField("deal", "slips", models.IntegerField(db_default=0)),
    migrations.AddIndex("deal", models.Index(fields=["slips"], name="by_slips")),
    migrations.AlterField("line", "name", models.CharField(max_length=30)),
    migrations.AddConstraint(
        "deal", models.UniqueConstraint(fields=["name"], condition=models.Q(slips=0), name="once")
    ),
]


def shop() -> ProjectState:
    state = ProjectState()
    by_name = models.Index(fields=["name"], name="by_name")
    state.add_model(ModelState("shop", "Person", [KEY]))
    state.add_model(ModelState("shop", "Deal", [KEY, ("name", models.CharField(max_length=9))], {"indexes": [by_name]}))
    state.add_model(
        ModelState(
            "shop",
            "Line",
            [KEY, ("name", models.CharField(max_length=9)), ("deal", models.ForeignKey("shop.Deal", models.CASCADE))],
        )
    )
    return state


def changed(*operations) -> ProjectState:
    state = shop()
    assert state.apps
    for operation in operations:
        operation.state_forwards("shop", state)
    return state


def test_the_state_is_that_of_its_operations_one_by_one():
    one_by_one, together = changed(*CHANGES), changed(Together(*CHANGES))
    assert together == one_by_one
    deal = together.apps.get_model("shop", "deal")
    assert [field.name for field in deal._meta.local_fields] == ["id", "name", "buyer", "slips"]
    assert [index.name for index in deal._meta.indexes] == ["by_slips"]
    # The models around it are made anew as well: none is left that points at what was there before.
    assert together.apps.get_model("shop", "line")._meta.get_field("deal").related_model is deal
    assert deal._meta.get_field("buyer").related_model is together.apps.get_model("shop", "person")
    assert "deal" in {relation.name for relation in together.apps.get_model("shop", "person")._meta.related_objects}


def test_a_state_whose_models_are_not_made_yet_makes_none():
    state = shop()
    Together(*CHANGES).state_forwards("shop", state)
    assert "apps" not in state.__dict__


def statements(step, before: ProjectState, after: ProjectState) -> list[str]:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        step("shop", editor, before, after)
    return [line for line in editor.collected_sql if not line.startswith("--")]


def test_the_database_is_changed_there_and_back(db):
    together, before, after = Together(*CHANGES), changed(), changed(*CHANGES)
    there = statements(together.database_forwards, before, after)
    back = statements(together.database_backwards, after, before)
    assert together.reversible
    for part in (
        'DROP INDEX IF EXISTS "by_name"',
        'ADD COLUMN "buyer_id"',
        'CREATE INDEX "by_slips"',
        "varchar(30)",
        'INDEX "once"',
    ):
        assert [line for line in there if part in line], part
    for part in (
        'CREATE INDEX "by_name"',
        'DROP COLUMN "buyer_id"',
        'DROP INDEX IF EXISTS "by_slips"',
        "varchar(9)",
        '"once"',
    ):
        assert [line for line in back if part in line], part
