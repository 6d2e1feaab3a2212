from django.urls import path

from insights.views import dashboard, forecast, goals, summary

urlpatterns = [
    path("summary/", summary.pipeline_summary, name="pipeline_summary"),
    path("summary/playbooks/", summary.playbook_report, name="playbook_report"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/filter/<slug:name>/", dashboard.dashboard_filter, name="dashboard_filter"),
    path("dashboard/<slug:name>/", dashboard.dashboard_panel, name="dashboard_panel"),
    path("deals/forecast/", forecast.deal_forecast, name="deal_forecast"),
    path("deals/forecast/lanes/<slug:key>/", forecast.deal_forecast_lane, name="deal_forecast_lane"),
    path("deals/forecast/changes/", forecast.deal_forecast_changes, name="deal_forecast_changes"),
    path("deals/forecast/filter/<slug:name>/", forecast.deal_forecast_filter, name="deal_forecast_filter"),
    path("deals/forecast/undo/<int:pk>/", forecast.deal_month_undo, name="deal_month_undo"),
    path("deals/<int:pk>/month/", forecast.deal_month, name="deal_month"),
    path("goals/", goals.goal_list, name="goal_list"),
    path("goals/new/", goals.goal_new, name="goal_new"),
    path("goals/<int:pk>/delete/", goals.goal_delete, name="goal_delete"),
    path("goals/adjust/<slug:month>/", goals.forecast_adjust, name="forecast_adjust"),
]
