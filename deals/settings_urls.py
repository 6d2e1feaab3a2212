"""Below settings/."""

from django.urls import path

from deals.views import playbooks, settings

urlpatterns = [
    path("pipelines/", settings.pipeline_list, name="pipeline_list"),
    path("pipelines/new/", settings.pipeline_new, name="pipeline_new"),
    path("pipelines/order/", settings.pipeline_order, name="pipeline_order"),
    path("pipelines/<int:pk>/", settings.pipeline_edit, name="pipeline_edit"),
    path("pipelines/<int:pk>/rename/", settings.pipeline_rename, name="pipeline_rename"),
    path("pipelines/<int:pk>/rules/", settings.pipeline_rules, name="pipeline_rules"),
    path("pipelines/<int:pk>/default/", settings.pipeline_default, name="pipeline_default"),
    path("pipelines/<int:pk>/delete/", settings.pipeline_delete, name="pipeline_delete"),
    path("pipelines/<int:pk>/stages/new/", settings.stage_new, name="stage_new"),
    path("pipelines/<int:pk>/stages/order/", settings.stage_order, name="stage_order"),
    path("pipelines/stages/<int:pk>/", settings.stage_edit, name="stage_edit"),
    path("pipelines/stages/<int:pk>/delete/", settings.stage_delete, name="stage_delete"),
    path("pipelines/stages/<int:pk>/restore/", settings.stage_restore, name="stage_restore"),
    path("pipelines/stages/<int:pk>/playbook/new/", playbooks.playbook_task_new, name="playbook_task_new"),
    path("pipelines/stages/<int:pk>/playbook/order/", playbooks.playbook_order, name="playbook_order"),
    path("pipelines/playbook/<int:pk>/", playbooks.playbook_task_edit, name="playbook_task_edit"),
    path("pipelines/playbook/<int:pk>/delete/", playbooks.playbook_task_delete, name="playbook_task_delete"),
    path("pipelines/playbook/<int:pk>/restore/", playbooks.playbook_task_restore, name="playbook_task_restore"),
    path("reasons/", playbooks.reason_list, name="reason_list"),
    path("reasons/<slug:kind>/new/", playbooks.reason_new, name="reason_new"),
    path("reasons/<slug:kind>/order/", playbooks.reason_order, name="reason_order"),
    path("reasons/<int:pk>/", playbooks.reason_edit, name="reason_edit"),
    path("reasons/<int:pk>/archive/", playbooks.reason_archive, name="reason_archive"),
    path("reasons/<int:pk>/restore/", playbooks.reason_restore, name="reason_restore"),
]
