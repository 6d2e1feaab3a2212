"""Below settings/."""

from django.urls import path

from deals.views import settings

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
]
