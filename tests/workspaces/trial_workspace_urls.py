from django.urls import path

from crm_project.workspace_urls import *  # noqa: F403
from crm_project.workspace_urls import urlpatterns
from tests.workspaces import trial_views

urlpatterns = [
    *urlpatterns,
    path("trial/<str:how>/", trial_views.ending),
    path("late/<str:how>/", trial_views.late),
]
