from django.urls import path

from insights import views

urlpatterns = [
    path("summary/", views.pipeline_summary, name="pipeline_summary"),
    path("summary/playbooks/", views.playbook_report, name="playbook_report"),
]
