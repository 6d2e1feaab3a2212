from decimal import Decimal

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from deals.forecast import month_of
from insights.actions import adjust_forecast, set_goal
from insights.models import Goal
from workspaces.commands import add_workspace, find_workspace
from workspaces.models import Membership, Team
from workspaces.tenancy import tenant

# Per month, from so many months ago on.
EVERYBODY = ((18, 70_000), (10, 90_000), (4, 110_000))
NOTE = "Two of the larger deals wait for their buyers' budgets of next year."


class Command(BaseCommand):
    help = (
        "Goals for the demo workspace: everybody's, each team's, each member's; and a forecast that a manager adjusted."
    )

    def add_arguments(self, parser):
        add_workspace(parser)

    def handle(self, *args, **options):
        workspace = find_workspace(options["workspace"])
        with tenant(workspace):
            if Goal.objects.exists():
                raise CommandError("There are goals already.")
            today = timezone.now().date()
            for ago, target in EVERYBODY:
                self.aim(workspace, today, ago, target)
            members = Membership.objects.active().exclude(team=None).select_related("user")
            teams = Team.objects.filter(pk__in=members.values("team"))
            for team in teams:
                self.aim(workspace, today, 10, 90_000 / len(teams), team=team)
            for member in members:
                self.aim(workspace, today, 10, 90_000 / len(members), member=member)
                goal = {"metric": Goal.Metric.ACTIVITIES, "period": Goal.Period.MONTH, "target": Decimal(40)}
                set_goal(workspace, by=None, first=month_of(today, -10), member=member, **goal)
            adjust_forecast(workspace, by=None, month=month_of(today, 1), amount=Decimal(60_000), note=NOTE)

    def aim(self, workspace, today, ago, target, **whom):
        goal = {"metric": Goal.Metric.REVENUE, "period": Goal.Period.MONTH, "target": Decimal(round(target, -3))}
        set_goal(workspace, by=None, first=month_of(today, -ago), **whom, **goal)
