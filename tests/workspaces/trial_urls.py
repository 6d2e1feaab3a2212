from django.urls import path

from crm_project.urls import *  # noqa: F403
from crm_project.urls import urlpatterns
from tests.workspaces import trial_views

urlpatterns = [*urlpatterns, path("trial/<str:how>/", trial_views.ending)]
